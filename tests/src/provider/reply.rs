//! The behaviour of one reply: status, headers, pieces of body, their times, and how it ends.
//!
//! Never here: sockets (the parent module), or the bytes of a family (`wire`).

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Ending, Family, Request, wire};

/// A reply to one request. Constructors choose the content, the other methods what goes wrong on the way.
///
/// A streamed reply is a sequence of pieces, each written to the socket separately: one per delta (the first one starts
/// with the events that open the stream) and a last one with the events that end it. Any other reply is one piece.
///
/// In bodies and header values `{{credential}}` stands for the key of the request, `{{model}}` for its model,
/// `{{text}}` for the text of its last user turn (not in pieces of 64 KiB and more).
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) start: Start,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) pieces: Vec<Bytes>,
    pub(super) pause: Duration,
    pub(super) dribble: bool,
    /// After this many pieces it waits for [`Provider::open_gate`](super::Provider::open_gate).
    pub(super) gate: Option<usize>,
    /// Without a length in the headers.
    pub(super) streamed: bool,
    pub(super) end: End,
}

/// What happens before the status line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    After(Duration),
    Never,
    Cut,
    Reset,
}

/// What happens after the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Clean,
    Hang,
    Cut,
    Reset,
    /// The last piece is repeated.
    Again,
}

impl Reply {
    /// A complete streamed answer in up to four deltas.
    pub fn text(family: Family, text: &str) -> Self {
        Self::deltas(family, wire::split(text), Duration::ZERO)
    }

    /// A complete streamed answer in exactly these deltas, with a pause before each piece.
    pub fn deltas<T: AsRef<str>>(
        family: Family,
        deltas: impl IntoIterator<Item = T>,
        pause: Duration,
    ) -> Self {
        Self::raw_pieces(wire::answer(family, &texts(deltas))).pause(pause)
    }

    /// An answer that fails inside its 200 stream after these deltas, in the family's own way.
    pub fn stream_error<T: AsRef<str>>(
        family: Family,
        deltas: impl IntoIterator<Item = T>,
        message: &str,
    ) -> Self {
        let deltas = texts(deltas);
        let mut pieces = wire::answer(family, &deltas);
        pieces.truncate(deltas.len());
        pieces.push(wire::stream_error(family, message));
        Self::raw_pieces(pieces)
    }

    /// A streamed answer with this reasoning and this text (either may be empty) and this ending; one piece per event.
    pub fn told(family: Family, reasoning: &str, text: &str, ending: Ending) -> Self {
        Self::raw_pieces(wire::told(family, reasoning, text, ending))
    }

    /// The whole answer as JSON, as from a server that ignores `stream`.
    pub fn whole(family: Family, text: &str) -> Self {
        Self::json(200, &family.format().whole(text))
    }

    /// An error of this status with a body of one of the shapes that the program's `--help` lists; `None` for another
    /// name.
    pub fn shaped(shape: &str, status: u16, message: &str) -> Option<Self> {
        let (kind, body) = wire::shape(shape, status, message)?;
        Some(Self::body(status, kind, body))
    }

    /// The error of a family when the account has no credit.
    pub fn quota(family: Family) -> Self {
        let (status, body) = family.format().quota();
        Self::json(status, &body)
    }

    /// The error of a family for a wrong key, which it repeats.
    pub fn key_refused(family: Family) -> Self {
        let (status, body) = family.format().key_refused();
        Self::json(status, &body)
    }

    /// The error of a family for a parameter that the model does not support.
    pub fn refusal(family: Family, parameter: &str) -> Self {
        Self::json(400, &family.format().refusal(parameter))
    }

    /// An error of this status in the family's shape, with its usual type or code.
    pub fn error(family: Family, status: u16, message: &str) -> Self {
        Self::json(status, &family.format().error(status, message))
    }

    /// An event stream of exactly these bytes.
    pub fn raw_stream(bytes: impl Into<Bytes>) -> Self {
        Self::raw_pieces([bytes])
    }

    /// An event stream of exactly these pieces.
    pub fn raw_pieces<T: Into<Bytes>>(pieces: impl IntoIterator<Item = T>) -> Self {
        let mut reply = Self::body(200, "text/event-stream", "");
        reply.streamed = true;
        reply.pieces = pieces.into_iter().map(Into::into).collect();
        reply
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::body(status, "application/json", body.to_string())
    }

    /// An HTML body, as a proxy in between would send.
    pub fn html(status: u16, body: &str) -> Self {
        Self::body(status, "text/html; charset=utf-8", body.to_owned())
    }

    pub fn plain(status: u16, body: &str) -> Self {
        Self::body(status, "text/plain; charset=utf-8", body.to_owned())
    }

    pub fn empty(status: u16) -> Self {
        let mut reply = Self::body(status, "", "");
        reply.headers.clear();
        reply
    }

    /// Any body with any content type.
    pub fn body(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self {
            start: Start::After(Duration::ZERO),
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            pieces: if body.is_empty() {
                Vec::new()
            } else {
                vec![body]
            },
            pause: Duration::ZERO,
            dribble: false,
            gate: None,
            streamed: false,
            end: End::Clean,
        }
    }

    /// A body of this many bytes: a JSON string without end.
    pub fn huge_body(status: u16, bytes: usize) -> Self {
        let mut reply = Self::body(status, "application/json", "");
        reply.pieces = vec![Bytes::from_static(b"{\"error\":{\"message\":\"")];
        reply.pieces.extend(filler(bytes));
        reply.pieces.push(Bytes::from_static(b"\"}}"));
        reply
    }

    /// A complete streamed answer whose text has about this many bytes, in deltas of 64 KiB.
    pub fn huge_text(family: Family, bytes: usize) -> Self {
        let delta =
            String::from_utf8_lossy(&filler(FILLER).next().unwrap_or_default()).into_owned();
        let mut pieces = wire::answer(family, &[delta.clone(), delta]);
        let repeated = pieces[1].clone();
        pieces.splice(
            1..2,
            std::iter::repeat_n(repeated, (bytes / FILLER).saturating_sub(1)),
        );
        Self::raw_pieces(pieces)
    }

    /// No reply: the request is read, and nothing is sent.
    pub fn hang() -> Self {
        Self {
            start: Start::Never,
            ..Self::empty(200)
        }
    }

    /// No reply: the connection is cut once the request has been read.
    pub fn cut() -> Self {
        Self {
            start: Start::Cut,
            ..Self::empty(200)
        }
    }

    /// No reply: the connection is reset once the request has been read.
    pub fn reset() -> Self {
        Self {
            start: Start::Reset,
            ..Self::empty(200)
        }
    }

    /// The credential of the request, in an error.
    pub fn credential_in_error(family: Family, status: u16) -> Self {
        Self::error(
            family,
            status,
            "Incorrect API key provided: {{credential}}.",
        )
    }

    /// The credential of the request, in an answer.
    pub fn credential_in_text(family: Family) -> Self {
        Self::text(family, "Your key is {{credential}} as you know.")
    }

    /// Its body, placeholders not replaced.
    pub fn bytes(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// Sets a header, replacing one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Waits this long before the status line.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.start = Start::After(delay);
        self
    }

    /// Waits this long before each piece.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Writes every byte separately.
    pub fn dribble(mut self) -> Self {
        self.dribble = true;
        self
    }

    /// After `count` pieces it waits until the gate is open; see
    /// [`Provider::open_gate`](super::Provider::open_gate).
    pub fn gate_after(mut self, count: usize) -> Self {
        self.gate = Some(count);
        self
    }

    /// After `count` pieces the connection breaks, without the end that HTTP requires.
    pub fn cut_after(self, count: usize) -> Self {
        self.only(count, End::Cut)
    }

    /// After `count` pieces nothing more is sent.
    pub fn hang_after(self, count: usize) -> Self {
        self.only(count, End::Hang)
    }

    /// After `count` pieces the body ends properly, without the event that should end it.
    pub fn end_after(self, count: usize) -> Self {
        self.only(count, End::Clean)
    }

    /// After `count` pieces the connection is reset.
    pub fn reset_after(self, count: usize) -> Self {
        self.only(count, End::Reset)
    }

    /// After `count` pieces the last of them is repeated, as fast as it is read.
    pub fn again_after(self, count: usize) -> Self {
        self.only(count, End::Again)
    }

    /// The connection breaks after `bytes` bytes of the body.
    pub fn cut_at(self, bytes: usize) -> Self {
        self.beginning(bytes).cut_after(usize::MAX)
    }

    /// The body ends properly after `bytes` bytes.
    pub fn end_at(self, bytes: usize) -> Self {
        self.beginning(bytes)
    }

    fn beginning(mut self, mut bytes: usize) -> Self {
        for piece in &mut self.pieces {
            piece.truncate(bytes);
            bytes -= piece.len();
        }
        self.pieces.retain(|piece| !piece.is_empty());
        self
    }

    /// The body is compressed with gzip, which the client did not ask for.
    pub fn gzip(mut self) -> Self {
        let plain: Vec<u8> = self.pieces.concat();
        self.pieces = vec![gzip(&plain).into()];
        self.header("content-encoding", "gzip")
    }

    fn only(mut self, count: usize, end: End) -> Self {
        self.pieces.truncate(count);
        self.end = end;
        self
    }

    /// The piece with its placeholders filled in.
    pub(super) fn fill_in(&self, piece: &Bytes, request: &Request) -> Bytes {
        if piece.len() >= FILLER || !piece.windows(2).any(|pair| pair == b"{{") {
            return piece.clone();
        }
        let mut filled = piece.to_vec();
        replace(&mut filled, b"{{credential}}", request.credential());
        replace(
            &mut filled,
            b"{{model}}",
            &request.model().unwrap_or_default(),
        );
        if let Some(family) = request.family() {
            let text = wire::last_user_text(family, &request.json());
            replace(&mut filled, b"{{text}}", &text.unwrap_or_default());
        }
        filled.into()
    }
}

/// gzip without compression: stored blocks (RFC 1951 and 1952).
fn gzip(plain: &[u8]) -> Vec<u8> {
    let crc = plain.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (0_u32.wrapping_sub(crc & 1)))
        })
    });
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for block in plain.chunks(0x8000) {
        let length = u16::try_from(block.len()).unwrap_or_default();
        packed.push(0);
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    packed.extend([1, 0, 0, 0xff, 0xff]);
    packed.extend((!crc).to_le_bytes());
    packed.extend(u32::try_from(plain.len()).unwrap_or_default().to_le_bytes());
    packed
}

const FILLER: usize = 64 * 1024;

fn filler(bytes: usize) -> impl Iterator<Item = Bytes> {
    let whole = Bytes::from("0123456789abcde ".repeat(FILLER / 16));
    (0..bytes)
        .step_by(FILLER)
        .map(move |from| whole.slice(..FILLER.min(bytes - from)))
}

fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts
        .into_iter()
        .map(|text| text.as_ref().to_owned())
        .collect()
}

/// Replaces every `from`; `to` is written as the inside of a JSON string.
fn replace(bytes: &mut Vec<u8>, from: &[u8], to: &str) {
    let to = Value::from(to).to_string();
    let to = &to.as_bytes()[1..to.len() - 1];
    let mut at = 0;
    while let Some(found) = bytes[at..]
        .windows(from.len())
        .position(|window| window == from)
    {
        bytes.splice(at + found..at + found + from.len(), to.iter().copied());
        at += found + to.len();
    }
}
