//! `notifications/cancelled`: a call, or a subscription, is forgotten before anybody is told, so nothing more can be
//! sent for it.
//!
//! Never here: stopping the work itself.

use crate::{
    jsonrpc::{Id, members},
    server::{Action, Session},
};

/// Cancels what the notification names. Unknown, late and malformed ones are ignored
/// `initialize` and whatever else is answered at once can't be hit.
pub(super) fn cancelled(session: &mut Session, params: Option<&str>) {
    let mut slots = [None];
    if let Some(params) = params
        && members(params, &["requestId"], &mut slots).is_ok()
        && let Some(id) = slots[0].and_then(Id::from_json)
        && !session.subscriptions.cancel(id)
        && let Some((handle, call)) = session.pending.cancel(id)
    {
        session.close_in_batch(call.batch);
        session.actions.push_back(Action::CancelCall(handle));
    }
}
