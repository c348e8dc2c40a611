//! `subscriptions/listen`: a request that stays open until its client cancels it or the server ends.
//! Nothing here ever changes while the server runs, so nothing is ever sent on it but its beginning and
//! its end (R-43, R-44).
//!
//! Never here: tool calls in flight.

use alloc::{boxed::Box, vec::Vec};

use super::{Identity, Request};
use crate::{
    budget::Reservation,
    jsonrpc::{self, Code, Error, Id, members, write_string},
    server::Session,
};

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// Most subscriptions that are open at once.
const MOST: usize = 64;

/// The subscriptions that are open.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    open: Vec<Subscription>,
    /// The server ends: new ones are closed at once.
    is_closed: bool,
}

#[derive(Debug)]
struct Subscription {
    /// JSON text of the client's id.
    id: Box<str>,
    /// The id as it is compared.
    key: Box<str>,
    /// Covers a long id.
    _reservation: Option<Reservation>,
}

impl Subscriptions {
    pub(crate) fn contains(&self, id: Id<'_>) -> bool {
        !self.open.is_empty() && self.find(id).is_some()
    }

    /// Forgets one, so that nothing more is sent for it. `false` if there is none with this id.
    pub(crate) fn cancel(&mut self, id: Id<'_>) -> bool {
        let found = self.find(id);
        found.map(|position| self.open.remove(position)).is_some()
    }

    /// Ends all of them, each with its late response.
    pub(crate) fn close(&mut self, out: &mut Vec<u8>, identity: &Identity) {
        self.is_closed = true;
        for subscription in self.open.drain(..) {
            if let Some(id) = Id::from_json(&subscription.id) {
                write_end(out, identity, id);
            }
        }
    }

    fn find(&self, id: Id<'_>) -> Option<usize> {
        let key = id.key();
        self.open
            .iter()
            .position(|subscription| *subscription.key == *key)
    }
}

/// Opens a subscription. What is acknowledged is what will be delivered: nothing.
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
    if session.subscriptions.open.len() >= MOST {
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
    jsonrpc::write_notification(
        &mut session.out,
        "notifications/subscriptions/acknowledged",
        |out| {
            out.extend_from_slice(br#""_meta":{"#);
            write_subscription_id(out, id);
            out.extend_from_slice(br#"},"notifications":{}"#);
        },
    );
    if session.subscriptions.is_closed {
        write_end(&mut session.out, &session.identity, id);
        return Ok(());
    }
    session.subscriptions.open.push(Subscription {
        id: id.as_json().into(),
        key: id.key().into(),
        _reservation: reservation,
    });
    Ok(())
}

/// What a client wants to hear of must have the right form, although it is all the same.
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
    let mut slots = [None; 4];
    let json = json.ok_or_else(wrong)?;
    members(json, &names, &mut slots).map_err(|_| wrong())?;
    let [flags @ .., uris] = slots;
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

/// Appends the response that ends a subscription.
fn write_end(out: &mut Vec<u8>, identity: &Identity, id: Id<'_>) {
    jsonrpc::write_result(out, id, |out| {
        out.extend_from_slice(br#"{"resultType":"complete","_meta":{"#);
        write_subscription_id(out, id);
        out.push(b',');
        identity.write(out);
        out.extend_from_slice(b"}}");
    });
}

fn write_subscription_id(out: &mut Vec<u8>, id: Id<'_>) {
    write_string(out, SUBSCRIPTION_ID);
    out.push(b':');
    out.extend_from_slice(id.as_json().as_bytes());
}
