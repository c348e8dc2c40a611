//! The open subscriptions. Nothing they could report ever changes, so only their beginning and their end are sent
//! (R-43, R-44).
//!
//! Never here: tool calls in flight.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    budget::Reservation,
    identity::Identity,
    wire::{
        jsonrpc::Id,
        write::{write_result, write_string},
    },
};

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// Upper bound on open subscriptions.
const MAX_OPEN: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    open: Vec<Subscription>,
    /// The server is ending: new ones are closed at once.
    is_closed: bool,
}

#[derive(Debug)]
struct Subscription {
    /// JSON text of the client's id.
    id: Box<str>,
    /// The id in the form that is compared.
    key: Box<str>,
    /// Covers a long id.
    _reservation: Option<Reservation>,
}

impl Subscriptions {
    pub(crate) fn contains(&self, id: Id<'_>) -> bool {
        !self.open.is_empty() && self.find(id).is_some()
    }

    /// Removes a subscription, so that nothing more is sent for it. `false` if there is none with this id.
    pub(crate) fn cancel(&mut self, id: Id<'_>) -> bool {
        let found = self.find(id);
        found.map(|position| self.open.remove(position)).is_some()
    }

    /// Ends all of them, each with its response.
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

    pub(crate) fn has_room(&self) -> bool {
        self.open.len() < MAX_OPEN
    }

    /// Opens a subscription, or ends it at once if the server is ending.
    pub(crate) fn open(
        &mut self,
        out: &mut Vec<u8>,
        identity: &Identity,
        id: Id<'_>,
        reservation: Option<Reservation>,
    ) {
        if self.is_closed {
            return write_end(out, identity, id);
        }
        self.open.push(Subscription {
            id: id.as_json().into(),
            key: id.key().into(),
            _reservation: reservation,
        });
    }
}

/// Appends the response that ends a subscription.
fn write_end(out: &mut Vec<u8>, identity: &Identity, id: Id<'_>) {
    write_result(out, id, |out| {
        out.extend_from_slice(br#"{"resultType":"complete","_meta":{"#);
        write_subscription_id(out, id);
        out.push(b',');
        identity.write(out);
        out.extend_from_slice(b"}}");
    });
}

pub(crate) fn write_subscription_id(out: &mut Vec<u8>, id: Id<'_>) {
    write_string(out, SUBSCRIPTION_ID);
    out.push(b':');
    out.extend_from_slice(id.as_json().as_bytes());
}
