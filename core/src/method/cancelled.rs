//! `notifications/cancelled`: a call or a subscription is removed before the runtime stops it, so nothing more can be sent for
//! it.
//!
//! Never here: stopping the work itself.

use crate::{
    call::Action,
    session::Session,
    wire::jsonrpc::{Id, members},
};

/// Cancels the request that the notification names. Unknown, late and malformed ones are ignored; `initialize` and other
/// requests that are answered at once cannot be cancelled.
pub(super) fn cancelled(session: &mut Session, params: Option<&str>) {
    if let Some(params) = params
        && let Ok([Some(id)]) = members(params, ["requestId"])
        && let Some(id) = Id::from_json(id)
        && !session.subscriptions.cancel(id)
        && let Some((handle, call)) = session.pending.cancel(id)
    {
        session.close_in_batch(call.batch);
        session.actions.push_back(Action::CancelCall(handle));
    }
}
