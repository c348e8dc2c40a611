//! Server-sent events: bytes however they are cut, whole events out.
//!
//! Never here: what an event means, JSON, sockets, time.

use std::mem;

use memchr::memchr2;

use super::{Class, Failure, json};

/// One event, borrowed from the parser that put it together, or from the chunk that has it whole.
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

    /// The data, unless it is blank or `[DONE]` and so has nothing to say to a codec.
    pub(super) fn payload(&self) -> Option<&'a str> {
        // As nearly all are.
        if self.data.starts_with('{') {
            return Some(self.data);
        }
        (!self.is_done() && !self.data.trim().is_empty()).then_some(self.data)
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
/// Every byte is looked at once or twice, and only what belongs to an unfinished event is kept: at most as
/// many bytes as the limit says, though UTF-8 repair can treble bytes that are not UTF-8.
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
    /// The last line ended in CR, so a LF that follows belongs to it.
    after_cr: bool,
    /// The first line is over, so a BOM is no longer one.
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

    /// The next whole event, taking from the front of `chunk` what it needs. `None` means that the
    /// chunk is used up and the next one is wanted.
    ///
    /// # Errors
    /// `TooLarge` if an event exceeds the limit. The stream is of no use after that.
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
                    Class::TooLarge,
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

    /// The data of an event that is whole and of one line, as most are: it need not be put together.
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

    /// At the end of the body: the last event, if its closing blank line is missing. It can itself
    /// be cut short; if a codec cannot read it, the stream was truncated.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        self.forget_delivered();
        let line = mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line);
        }
        self.take_line(b"");
        self.ready.then(|| self.event())
    }

    /// Bytes that are kept of the unfinished event.
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
            // Comments, and fields that nobody here needs.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::test_streams::Xorshift;
    use super::super::test_writer::cut;
    use super::*;

    /// Each event as `name|data`.
    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = Parser::new(1 << 16);
        let mut seen = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while let Some(event) = parser.next_event(&mut rest).unwrap() {
                seen.push(format!("{}|{}", event.name, event.data));
            }
            assert!(rest.is_empty());
        }
        if let Some(event) = parser.finish() {
            seen.push(format!("{}|{}", event.name, event.data));
        }
        assert!(parser.finish().is_none());
        seen
    }

    fn assert_events(stream: &str, expected: &[&str]) {
        let bytes = stream.as_bytes();
        assert_eq!(events(&[bytes]), expected, "{stream:?} whole");
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(events(&[head, tail]), expected, "{stream:?} cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(events(&single), expected, "{stream:?} byte by byte");
    }

    #[test]
    fn line_ends_comments_and_fields() {
        for end in ["\n", "\r\n", "\r"] {
            let stream =
                ": hi\n\nevent: a\ndata: 1\ndata:2\ndata:  3\n\ndata\n\nid: 7\nretry: 1\nother\n\n\
                          event: lost\n\n: x\ndata: größe 😀\n: y\n\ndata: [DONE]\n\n"
                    .replace('\n', end);
            assert_events(&stream, &["a|1\n2\n 3", "|", "|größe 😀", "|[DONE]"]);
        }
        assert_events("data: a\r\n\r\n\r\n\rdata: b\r\r\n", &["|a", "|b"]);
    }

    #[test]
    fn start_and_end_of_body() {
        assert_events("", &[]);
        assert_events("\n\n", &[]);
        assert_events("\u{feff}data: 1\n\n\u{feff}data: 2\n\n", &["|1"]);
        assert_events("\u{feff}\ndata: 1", &["|1"]);
        assert_events("data: 1\n\nevent: e\ndata: 2", &["|1", "e|2"]);
        assert_events("data: 1\ndata: 2\n", &["|1\n2"]);
        assert_events("event: e\n", &[]);
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        assert_eq!(events(&[b"data: a\xff\xfeb\n\n"]), ["|a\u{fffd}\u{fffd}b"]);
    }

    #[test]
    fn done_and_blank_have_no_payload() {
        let payload = |data| Event { name: "", data }.payload();
        assert_eq!(payload("[DONE]"), None);
        assert_eq!(payload(" "), None);
        assert_eq!(payload("{}"), Some("{}"));
    }

    #[test]
    fn the_limit_holds_however_the_stream_is_cut() {
        let refused = |limit: usize, stream: &[u8], size: usize| {
            let mut parser = Parser::new(limit);
            stream.chunks(size).any(|mut chunk| {
                loop {
                    match parser.next_event(&mut chunk) {
                        Ok(Some(_)) => {}
                        Ok(None) => break false,
                        Err(failure) => break failure.class == Class::TooLarge,
                    }
                }
            })
        };
        let many = b"data: 12\n".repeat(5);
        let fits = b": comment\ndata: 12\n\n".repeat(50);
        for size in [1, 2, 7, 1000] {
            assert!(refused(10, b"data: 12345678901\n\n", size));
            assert!(refused(10, &b"x".repeat(11), size));
            assert!(refused(30, &many, size));
            assert!(!refused(40, &many, size));
            assert!(!refused(10, &fits, size));
        }
    }

    #[test]
    fn a_long_line_in_single_bytes_is_linear() {
        let mut parser = Parser::new(1 << 21);
        for byte in b"data: ".iter().chain(std::iter::repeat_n(&b'x', 1 << 20)) {
            assert!(
                parser
                    .next_event(&mut std::slice::from_ref(byte))
                    .unwrap()
                    .is_none()
            );
        }
        assert_eq!(parser.finish().unwrap().data.len(), 1 << 20);
    }

    /// The same by the book: decoded first, then split into lines, all at once. Other than in the book an end without
    /// a blank line closes the last event.
    fn by_the_book(stream: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(stream);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let (mut seen, mut name, mut data) = (Vec::new(), "", Vec::new());
        for line in text.split('\n').chain([""]) {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => data.push(value),
                "event" => name = value,
                _ if line.is_empty() => {
                    if !data.is_empty() {
                        seen.push(format!("{name}|{}", data.join("\n")));
                    }
                    (name, data) = ("", Vec::new());
                }
                _ => {}
            }
        }
        seen
    }

    #[test]
    fn arbitrary_bytes_in_arbitrary_cuts_are_read_by_the_book() {
        let alphabet: [&[u8]; 18] = [
            b"data",
            b"event",
            b"data: ",
            b"event:",
            b":",
            b" ",
            b"\n",
            b"\r",
            b"\r\n",
            b"\n\n",
            b"x",
            b"\0",
            b"\xef\xbb\xbf",
            b"\xef\xbb",
            b"\xf0\x9f\x98\x80",
            b"\xf0\x9f",
            b"\xff",
            b"[DONE]",
        ];
        let mut random = Xorshift::new(1);
        let mut count = 0;
        for _ in 0..3000 {
            let stream: Vec<u8> = (0..random.below(40))
                .flat_map(|_| *alphabet.get(random.below(alphabet.len())).unwrap())
                .copied()
                .collect();
            let expected = by_the_book(&stream);
            assert_eq!(events(&[&stream]), expected, "{stream:?}");
            let pieces = cut(&mut random, &stream);
            assert_eq!(events(&pieces), expected, "{pieces:?}");
            let single: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(events(&single), expected, "{stream:?}");
            count += expected.len();
        }
        assert!(count > 500, "{count} events: the alphabet is too poor");
    }
}
