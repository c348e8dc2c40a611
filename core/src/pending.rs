//! Tool calls without a result yet.
//!
//! A call is identified by a counter, not by the client's id: a client may reuse an id after a cancel, and a late result for
//! the old handle must have no effect.
//!
//! Never here: what a call does, or writing its answer.

use alloc::{boxed::Box, collections::BTreeMap};

use crate::{batch::BatchHandle, budget::Reservation, revision::Revision, wire::jsonrpc::Id};

/// Identifies one tool call. Never reused while the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallHandle(u64);

/// What is stored about a call until it is answered.
#[derive(Debug)]
pub(crate) struct Call {
    /// JSON text of the client's id.
    id: Box<str>,
    pub(crate) revision: Revision,
    /// Whether the client receives structured results.
    pub(crate) structured: bool,
    pub(crate) batch: Option<BatchHandle>,
    /// JSON text of the progress token, if the client sent one.
    pub(crate) progress_token: Option<Box<str>>,
    /// The last value that was sent; the next one must be greater (R-70).
    pub(crate) progress: u64,
    /// Covers long ids and tokens.
    pub(crate) _reservation: Option<Reservation>,
}

impl Call {
    pub(crate) fn new(
        id: Id<'_>,
        revision: Revision,
        structured: bool,
        batch: Option<BatchHandle>,
        progress_token: Option<&str>,
        reservation: Option<Reservation>,
    ) -> Self {
        Call {
            id: id.as_json().into(),
            revision,
            structured,
            batch,
            progress_token: progress_token.map(Into::into),
            progress: 0,
            _reservation: reservation,
        }
    }

    pub(crate) fn id(&self) -> Option<Id<'_>> {
        Id::from_json(&self.id)
    }

    pub(crate) fn id_json(&self) -> &str {
        &self.id
    }
}

#[derive(Debug, Default)]
pub(crate) struct Pending {
    calls: BTreeMap<CallHandle, Call>,
    /// By [`Id::key`].
    handles: BTreeMap<Box<str>, CallHandle>,
    last: u64,
}

impl Pending {
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(crate) fn contains(&self, id: Id<'_>) -> bool {
        !self.calls.is_empty() && self.handles.contains_key(&*id.key())
    }

    pub(crate) fn insert(&mut self, id: Id<'_>, call: Call) -> CallHandle {
        self.last += 1;
        let handle = CallHandle(self.last);
        self.handles.insert(id.key().into(), handle);
        self.calls.insert(handle, call);
        handle
    }

    pub(crate) fn call(&self, handle: CallHandle) -> Option<&Call> {
        self.calls.get(&handle)
    }

    pub(crate) fn call_mut(&mut self, handle: CallHandle) -> Option<&mut Call> {
        self.calls.get_mut(&handle)
    }

    /// Removes a call that is answered.
    pub(crate) fn complete(&mut self, handle: CallHandle) -> Option<Call> {
        let call = self.calls.remove(&handle)?;
        if let Some(id) = call.id() {
            self.handles.remove(&*id.key());
        }
        Some(call)
    }

    /// Removes a call that is cancelled, so that it can no longer be answered (R-72).
    pub(crate) fn cancel(&mut self, id: Id<'_>) -> Option<(CallHandle, Call)> {
        let handle = self.handles.remove(&*id.key())?;
        Some((handle, self.calls.remove(&handle)?))
    }

    /// Oldest first.
    pub(crate) fn handles(&self) -> impl Iterator<Item = CallHandle> + '_ {
        self.calls.keys().copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_id_can_be_used_again_after_a_cancel_and_the_old_handle_is_dead() {
        let mut pending = Pending::default();
        let id = Id::from_json(r#""a""#).unwrap();
        let call = || Call::new(id, Revision::NEWEST_LEGACY, true, None, None, None);
        let first = pending.insert(id, call());
        assert!(pending.contains(Id::from_json(r#""\u0061""#).unwrap()));
        assert!(
            pending
                .cancel(id)
                .is_some_and(|(handle, _)| handle == first)
        );
        assert!(pending.cancel(id).is_none());
        let second = pending.insert(id, call());
        assert!(pending.complete(first).is_none());
        assert!(pending.contains(id));
        assert!(pending.complete(second).is_some());
        assert_eq!(pending.len(), 0);
        assert!(!pending.contains(id));
    }

    #[test]
    fn calls_are_found_whatever_their_ids_and_their_order() {
        let ids = [
            "1",
            "-1",
            r#""1""#,
            "18446744073709551615",
            "18446744073709551616",
            r#""a\n""#,
            "-0",
            "0",
        ];
        let id = |raw| Id::from_json(raw).unwrap();
        // In three orders.
        for step in [1, 3, 5] {
            let mut pending = Pending::default();
            let handles = ids.map(|raw| {
                assert!(!pending.contains(id(raw)), "{raw}");
                let call = Call::new(id(raw), Revision::NEWEST_LEGACY, true, None, None, None);
                pending.insert(id(raw), call)
            });
            assert!(pending.handles().eq(handles));
            for turn in 0..ids.len() {
                let place = turn * step % ids.len();
                assert!(pending.contains(id(ids[place])));
                assert!(pending.call_mut(handles[place]).is_some());
                let call = match turn % 2 {
                    0 => pending.complete(handles[place]),
                    _ => pending.cancel(id(ids[place])).map(|(_, call)| call),
                };
                assert_eq!(
                    call.unwrap().id().map(Id::as_json),
                    Some(ids[place]),
                    "{step}"
                );
                assert!(pending.call_mut(handles[place]).is_none());
                assert!(!pending.contains(id(ids[place])));
            }
            assert_eq!(pending.len(), 0);
        }
    }
}
