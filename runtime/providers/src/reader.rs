//! Reading one answer: its stream event by event, or all of it at once.
//!
//! Never here: a format, or where the bytes come from.

use crate::{Answer, Failure, sse};

/// Reads one answer. What a format has to remember between events belongs to its reader; what an event adds goes into the
/// answer, which is valid at any moment.
pub trait StreamReader: Send {
    /// What one event of the stream adds to the answer. Unknown events add nothing.
    ///
    /// # Errors
    /// The failure that the provider reported inside the stream, or `Unavailable` for an event that
    /// is not JSON.
    fn event(&mut self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure>;

    /// Whether an event says no more than that the request was accepted, or that the connection is alive: nothing is
    /// generated with it.
    fn is_opening(&self, event: &sse::Event<'_>) -> bool {
        event.payload().is_none()
    }

    /// At the proper end of the stream, after its last event: puts together what arrived in pieces, and completes an
    /// answer that ends without a closing event, if it can be seen to be whole. Work in proportion to the whole answer
    /// is done here, and not with an event.
    fn end(&mut self, _answer: &mut Answer) {}

    /// The whole answer from a reply that came as plain JSON although a stream was asked for.
    ///
    /// # Errors
    /// As [`StreamReader::event`].
    fn whole(&mut self, body: &[u8], answer: &mut Answer) -> Result<(), Failure>;

    /// Bytes of the answer's state so far, and of the pieces that are still to become a part of it, about.
    fn state_length(&self) -> usize;
}
