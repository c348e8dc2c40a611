//! `subscriptions/listen`: a request that stays open until its client cancels it or the server ends.
//!
//! Never here: which subscriptions are open.

use super::request::Request;
use crate::{
    session::Session,
    subscriptions::write_subscription_id,
    wire::{
        jsonrpc::{self, Code, Error, members},
        write::write_notification,
    },
};

/// Opens a subscription. The acknowledgement lists what will be delivered, which is nothing.
pub(super) fn listen(session: &mut Session, request: &Request<'_>) -> Result<(), Error<'static>> {
    check_filter(request.params.notifications)?;
    if session.batch.is_some() {
        return Err(Error::new(
            Code::INVALID_REQUEST,
            "subscriptions/listen must not be part of a batch",
        ));
    }
    let id = request.id;
    session.check_unused(id)?;
    if !session.subscriptions.has_room() {
        return Err(Error::new(
            Code::INTERNAL_ERROR,
            "Too many subscriptions are open: cancel one first",
        ));
    }
    let Ok(reservation) = session.reserve(2 * id.as_json().len()) else {
        return Err(Error::new(
            Code::INTERNAL_ERROR,
            "There is not enough memory left for an id of this length",
        ));
    };
    write_notification(
        &mut session.out,
        "notifications/subscriptions/acknowledged",
        |out| {
            out.extend_from_slice(br#""_meta":{"#);
            write_subscription_id(out, id);
            out.extend_from_slice(br#"},"notifications":{}"#);
        },
    );
    session
        .subscriptions
        .open(&mut session.out, &session.identity, id, reservation);
    Ok(())
}

/// Checks the form of a filter, although nothing is ever delivered.
fn check_filter(json: Option<&str>) -> Result<(), Error<'static>> {
    let wrong = || {
        Error::invalid_params(
            "params.notifications must be an object: toolsListChanged, promptsListChanged and \
             resourcesListChanged are booleans, resourceSubscriptions is an array of URIs",
        )
    };
    let names = [
        "toolsListChanged",
        "promptsListChanged",
        "resourcesListChanged",
        "resourceSubscriptions",
    ];
    let json = json.ok_or_else(wrong)?;
    let [flags @ .., uris] = members(json, names).map_err(|_| wrong())?;
    let flags_fit = flags
        .into_iter()
        .flatten()
        .all(|flag| matches!(flag, "true" | "false"));
    let uris_fit = uris.is_none_or(jsonrpc::is_array_of_strings);
    if flags_fit && uris_fit {
        Ok(())
    } else {
        Err(wrong())
    }
}
