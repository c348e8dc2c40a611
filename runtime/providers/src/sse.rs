//! Server-sent events: a body in any pieces in, whole events out
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! Never here: what an event means, JSON, sockets, time.

use std::{borrow::Cow, mem};

use memchr::memchr2;

use super::{ErrorKind, Failure, json};

/// One event, borrowed from the parser that joined it, or from the chunk if that has all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event:` field; empty if there was none.
    pub name: &'a str,
    /// The `data:` lines, joined by line feeds.
    pub data: &'a str,
}

impl<'a> Event<'a> {
    /// Whether this is the `[DONE]` that closes some streams.
    pub fn is_done(&self) -> bool {
        self.data.trim() == "[DONE]"
    }

    /// The data; none if it is blank, `null` or `[DONE]`.
    pub(super) fn payload(&self) -> Option<&'a str> {
        // The common case.
        if self.data.starts_with('{') {
            return Some(self.data);
        }
        (!["", "null", "[DONE]"].contains(&self.data.trim())).then_some(self.data)
    }

    /// The `type` of the payload (raw), else the event's name.
    pub(super) fn kind(&self, raw: Option<&'a str>) -> Cow<'a, str> {
        match json::text(raw) {
            kind if kind.is_empty() => Cow::Borrowed(self.name),
            kind => kind,
        }
    }
}

/// Puts events together from the chunks of a body.
///
/// ```text
/// let mut rest = chunk;
/// while let Some(event) = parser.next_event(&mut rest)? { … }
/// // and once, at the end of the body:
/// if let Some(event) = parser.finish() { … }
/// ```
///
/// Every byte is read once or twice. Only the unfinished event is kept: at most `limit` bytes, but bytes that are not UTF-8
/// take three times their size after repair.
#[derive(Debug)]
pub struct Parser {
    limit: usize,
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    name: String,
    data: String,
    /// Bytes, as received, of the lines that `name` and `data` came from.
    size: usize,
    has_data: bool,
    /// The event is whole; the next call starts a new one.
    ready: bool,
    /// The last line ended in CR, so an LF right after it is part of that line break.
    after_cr: bool,
    /// The first line has been read, so a BOM is no longer skipped.
    started: bool,
}

impl Parser {
    /// A parser that refuses events (and single lines) of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Parser {
            limit,
            line: Vec::new(),
            name: String::new(),
            data: String::new(),
            size: 0,
            has_data: false,
            ready: false,
            after_cr: false,
            started: false,
        }
    }

    /// The next whole event. Removes from the front of `chunk` what it used; `None` if the chunk is used up.
    ///
    /// # Errors
    /// `TooLarge` if an event exceeds the limit. The rest of the stream cannot be read after that.
    pub fn next_event<'e, 'c: 'e>(
        &'e mut self,
        chunk: &mut &'c [u8],
    ) -> Result<Option<Event<'e>>, Failure> {
        self.forget_delivered();
        if let Some(data) = self.whole(chunk) {
            return Ok(Some(Event { name: "", data }));
        }
        while !self.ready {
            if chunk.is_empty() {
                return Ok(None);
            }
            if mem::take(&mut self.after_cr)
                && let Some(rest) = chunk.strip_prefix(b"\n")
            {
                *chunk = rest;
                continue;
            }
            let end = memchr2(b'\n', b'\r', chunk).unwrap_or(chunk.len());
            let piece = &chunk[..end];
            let line = self.line.len().saturating_add(piece.len());
            if self.size.saturating_add(line) > self.limit {
                return Err(Failure::new(
                    ErrorKind::TooLarge,
                    format!(
                        "the provider sent a stream event of more than {} bytes",
                        self.limit
                    ),
                ));
            }
            let Some((end, rest)) = chunk.get(piece.len()..).and_then(<[u8]>::split_first) else {
                self.line.extend_from_slice(piece);
                *chunk = &[];
                return Ok(None);
            };
            *chunk = rest;
            self.after_cr = *end == b'\r';
            if self.line.is_empty() {
                self.take_line(piece);
            } else {
                let mut line = mem::take(&mut self.line);
                line.extend_from_slice(piece);
                self.take_line(&line);
                line.clear();
                self.line = line;
            }
        }
        Ok(Some(self.event()))
    }

    /// The data of an event that is complete in the chunk and has one line, as most have: nothing needs to be joined.
    fn whole<'c>(&mut self, chunk: &mut &'c [u8]) -> Option<&'c str> {
        if self.after_cr || self.size > 0 || !self.line.is_empty() {
            return None;
        }
        let line = chunk.strip_prefix(b"data: ")?;
        let end = memchr2(b'\n', b'\r', line)?;
        let rest = line.get(end..)?.strip_prefix(b"\n\n")?;
        if chunk.len() - rest.len() > self.limit {
            return None;
        }
        let data = str::from_utf8(line.get(..end)?).ok()?;
        self.started = true;
        *chunk = rest;
        Some(data)
    }

    /// To be called at the end of the body: the last event, if its closing blank line is missing. It may be cut short; if a
    /// codec cannot read it, the stream is truncated.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        self.forget_delivered();
        let line = mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line);
        }
        self.take_line(b"");
        self.ready.then(|| self.event())
    }

    /// Bytes of memory for the unfinished event.
    pub fn held(&self) -> usize {
        self.line.capacity() + self.name.capacity() + self.data.capacity()
    }

    fn event(&self) -> Event<'_> {
        Event {
            name: &self.name,
            data: &self.data,
        }
    }

    fn forget_delivered(&mut self) {
        if mem::take(&mut self.ready) {
            self.clear();
        }
    }

    fn clear(&mut self) {
        self.name.clear();
        self.data.clear();
        self.size = 0;
        self.has_data = false;
    }

    fn take_line(&mut self, mut line: &[u8]) {
        if !mem::replace(&mut self.started, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            self.ready = self.has_data;
            if !self.ready {
                self.clear();
            }
            return;
        }
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let field = halves.next().unwrap_or_default();
        let value = halves.next().unwrap_or_default();
        let value = json::lossy(value.strip_prefix(b" ").unwrap_or(value));
        match field {
            b"data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(&value);
                self.size = self.size.saturating_add(line.len());
            }
            b"event" => {
                self.name.clear();
                self.name.push_str(&value);
                self.size = self.size.saturating_add(line.len());
            }
            // Comments, and fields that no format uses.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
