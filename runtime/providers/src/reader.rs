//! Reading one answer: a stream event by event, or a whole reply.
//!
//! Never here: a format, or where the bytes come from.

use crate::{Answer, Failure, json, sse};

/// Reads one answer. What a format must remember between events is in its reader; what an event adds is in the answer,
/// which is valid after each event.
pub trait StreamReader: Send {
    /// Adds one event of the stream to the answer. Unknown events are ignored.
    ///
    /// # Errors
    /// The failure that the provider reported inside the stream, or `Unavailable` for an event that
    /// is not JSON.
    fn read_event(&mut self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure>;

    /// [`StreamReader::read_event`], also if numbers such as `NaN` keep the event from being JSON: they count as null.
    ///
    /// # Errors
    /// As [`StreamReader::read_event`].
    fn event(&mut self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let read = self.read_event(event, answer);
        if read.is_err()
            && let Some(data) = json::without_nan(event.data)
        {
            let (name, data) = (event.name, &*data);
            return self.read_event(&sse::Event { name, data }, answer);
        }
        read
    }

    /// Whether an event only confirms that the request was accepted or that the connection is alive, and carries nothing
    /// generated.
    fn is_opening(&self, event: &sse::Event<'_>) -> bool {
        event.payload().is_none()
    }

    /// To be called once after the last event: joins what arrived in pieces, and completes an answer without a closing event
    /// if it is known to be whole, which its finish reason says. Work proportional to the whole answer belongs here, not in `event`.
    fn end(&mut self, _answer: &mut Answer) {}

    /// Reads a reply that came as plain JSON although a stream was requested.
    ///
    /// # Errors
    /// As [`StreamReader::read_event`].
    fn read_whole(&mut self, body: &str, answer: &mut Answer) -> Result<(), Failure>;

    /// [`StreamReader::read_whole`], as [`StreamReader::event`] is of an event.
    ///
    /// # Errors
    /// As [`StreamReader::read_event`].
    fn whole(&mut self, body: &[u8], answer: &mut Answer) -> Result<(), Failure> {
        let body = json::lossy(body);
        let read = self.read_whole(&body, answer);
        match json::without_nan(&body).filter(|_| read.is_err()) {
            Some(body) => self.read_whole(&body, answer),
            None => read,
        }
    }

    /// Approximate bytes of the state so far, incomplete pieces included.
    fn state_length(&self) -> usize;
}
