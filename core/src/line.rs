//! Newline framing over a bounded buffer (R-01, R-02).
//!
//! Lines that lie whole in the input are handed out where they are; only a line that is cut by the
//! end of the input is copied. A line over the limit is skipped without being kept.
//!
//! Never here: what a line says.

use alloc::{sync::Arc, vec::Vec};

use wide::u8x16;

use crate::{
    budget::{Budget, Reservation},
    jsonrpc::valid_prefix,
    scan::{CHUNK, chunk_at},
};

/// What was read and not used. How much of its beginning is UTF-8 is found out for many lines together.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    /// The beginning of `bytes`.
    text: &'a str,
}

/// So much is checked together: not more, since it is for nothing if the rest is offered again.
const CHECKED: usize = 1024;

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Input { bytes, text: "" }
    }

    /// What is left.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn skip(&mut self, bytes: usize) {
        self.bytes = &self.bytes[bytes..];
        self.text = self.text.get(bytes..).unwrap_or_default();
    }

    /// The text of a line that begins it, if that is UTF-8.
    fn line(&mut self, length: usize) -> Option<&'a str> {
        if self.text.len() < length {
            let checked = length.max(CHECKED).min(self.bytes.len());
            self.text = valid_prefix(&self.bytes[..checked]);
        }
        self.text.get(..length)
    }
}

/// Where the first newline is.
fn newline(bytes: &[u8]) -> Option<usize> {
    // Most lines are short, and a call is long.
    for at in [0, CHUNK, 2 * CHUNK, 3 * CHUNK] {
        let newlines = |chunk: &[u8; CHUNK]| {
            let chunk = u8x16::new(*chunk);
            chunk.simd_eq(u8x16::splat(b'\n')).to_bitmask()
        };
        let found = chunk_at(bytes, at, newlines);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
    }
    memchr::memchr(b'\n', bytes)
}

/// What stands between two newlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A whole line, without its newline; and the same as text, if it is UTF-8.
    Whole(&'a [u8], Option<&'a str>),
    /// The beginning of a line that is longer than the limit, or than the memory there is for it.
    /// The rest is skipped. It comes as soon as the limit is passed.
    TooLong(&'a [u8]),
}

/// Cuts input into lines.
#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    /// The beginning of a line whose newline has not come yet.
    partial: Vec<u8>,
    reservation: Reservation,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `partial` holds the beginning of the next line.
    Keeping,
    /// `partial` was handed out; it is cleared before anything else.
    Delivered,
    /// As `Delivered`, and everything up to the next newline is thrown away.
    Skipping,
}

/// A buffer of this size is kept between lines, and is not counted against the budget.
const SMALL: usize = 64 * 1024;

/// A larger one is kept, and stays counted, as long as lines need it: the system takes its time to map a new one, page by page.
/// The next line that needs none gives it back, so this much may stay behind a last long line.
const KEPT: usize = 1024 * 1024;

impl Lines {
    /// Lines of at most `limit` bytes, less if `budget` runs out before.
    pub(crate) fn new(limit: usize, budget: &Arc<Budget>) -> Self {
        Lines {
            limit,
            partial: Vec::new(),
            reservation: budget.reservation(),
            state: State::Keeping,
        }
    }

    /// The next line of `input`, which is moved past it. `None` when the input is used up.
    pub(crate) fn next<'s, 'a: 's>(&'s mut self, input: &mut Input<'a>) -> Option<Line<'s>> {
        if self.state == State::Skipping {
            let end = newline(input.bytes);
            input.skip(end.map_or(input.bytes.len(), |end| end + 1));
            end?;
        }
        if self.state != State::Keeping {
            let is_needed = self.partial.len() > SMALL && self.partial.capacity() <= KEPT;
            self.partial.clear();
            self.state = State::Keeping;
            if !is_needed {
                self.give_back();
            }
        }
        if input.bytes.is_empty() {
            return None;
        }

        let end = newline(input.bytes);
        let piece = &input.bytes[..end.unwrap_or(input.bytes.len())];
        let room = self.limit - self.partial.len();
        if piece.len() > room {
            input.skip(room);
            return Some(self.too_long(&piece[..room]));
        }
        if end.is_some() && self.partial.is_empty() {
            if self.partial.capacity() > SMALL {
                self.give_back();
            }
            let text = input.line(piece.len());
            input.skip(piece.len() + 1);
            return Some(Line::Whole(piece, text));
        }
        input.skip(piece.len() + usize::from(end.is_some()));
        if !self.keep(piece) {
            // Not room for this piece: the part up to its newline, if it has one, is gone already.
            self.state = if end.is_some() {
                State::Delivered
            } else {
                State::Skipping
            };
            let kept = &self.partial[..];
            return Some(Line::TooLong(if kept.is_empty() { piece } else { kept }));
        }
        end?;
        self.state = State::Delivered;
        Some(self.whole())
    }

    /// The last line, if the input ended without a newline. It is kept until [`clear`](Lines::clear).
    pub(crate) fn finish(&mut self) -> Option<Line<'_>> {
        let rest = self.state == State::Keeping && !self.partial.is_empty();
        self.state = State::Delivered;
        rest.then(|| self.whole())
    }

    fn whole(&self) -> Line<'_> {
        Line::Whole(&self.partial, core::str::from_utf8(&self.partial).ok())
    }

    fn too_long<'a>(&'a mut self, piece: &'a [u8]) -> Line<'a> {
        self.state = State::Skipping;
        if self.partial.is_empty() {
            return Line::TooLong(piece);
        }
        // Without memory for the last piece, what was kept before it must do.
        let _kept = self.keep(piece);
        Line::TooLong(&self.partial)
    }

    /// Appends to the partial line. `false`, with nothing changed, if there is no memory for it.
    fn keep(&mut self, piece: &[u8]) -> bool {
        let wanted = self.partial.len() + piece.len();
        if wanted > self.partial.capacity() {
            let capacity = wanted
                .max(self.partial.capacity() * 2)
                .min(self.limit)
                .max(SMALL.min(self.limit));
            if capacity > SMALL && !self.reservation.resize(capacity) {
                return false;
            }
            if self
                .partial
                .try_reserve_exact(capacity - self.partial.len())
                .is_err()
            {
                return false;
            }
        }
        self.partial.extend_from_slice(piece);
        true
    }

    /// Forgets what is kept.
    pub(crate) fn clear(&mut self) {
        self.partial.clear();
        self.state = State::Keeping;
        self.give_back();
    }

    /// Makes the empty buffer a small one.
    fn give_back(&mut self) {
        if self.partial.capacity() > SMALL {
            self.partial.shrink_to(SMALL);
        }
        self.reservation.release();
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec};

    use super::*;

    /// Feeds the pieces one after another and tells what came out, `!` before over-long lines.
    fn cut(limit: usize, budget: usize, pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(limit, &Budget::new(budget));
        let mut seen = Vec::new();
        let mut show = |line: Line<'_>| {
            let (mark, bytes) = match line {
                Line::Whole(bytes, _) => ("", bytes),
                Line::TooLong(bytes) => ("!", bytes),
            };
            seen.push(String::from(mark) + &String::from_utf8_lossy(bytes));
        };
        for piece in pieces {
            let mut input = Input::new(piece);
            while let Some(line) = lines.next(&mut input) {
                show(line);
            }
            assert!(input.bytes.is_empty());
        }
        if let Some(line) = lines.finish() {
            show(line);
        }
        seen
    }

    #[test]
    fn every_way_to_cut_the_input_gives_the_same_lines() {
        let input: &[u8] = b"one\n\ntwo and more\r\nthree";
        let whole = vec!["one", "", "two and more\r", "three"];
        for first in 0..=input.len() {
            for second in first..=input.len() {
                let pieces = [&input[..first], &input[first..second], &input[second..]];
                assert_eq!(cut(100, 1000, &pieces), whole);
            }
        }
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(cut(100, 1000, &bytes), whole);
    }

    #[test]
    fn a_line_is_text_if_it_is_valid_whatever_stands_around_it() {
        let mut input = Vec::new();
        for length in [
            0,
            1,
            15,
            16,
            47,
            64,
            65,
            500,
            CHECKED - 1,
            CHECKED,
            3 * CHECKED,
        ] {
            for end in ["", "é", "\u{20ac}", "\u{1f600}"] {
                input.extend(core::iter::repeat_n(b'x', length));
                input.extend_from_slice(end.as_bytes());
                // The last character is whole, cut, or there is none.
                input.truncate(input.len() - usize::from(length % 2 == 1 && !end.is_empty()));
                input.push(b'\n');
            }
        }
        for size in [1, 7, CHECKED, input.len()] {
            let mut lines = Lines::new(1 << 20, &Budget::new(1 << 20));
            let mut expected = input.split(|&byte| byte == b'\n');
            for piece in input.chunks(size) {
                let mut piece = Input::new(piece);
                while let Some(line) = lines.next(&mut piece) {
                    let bytes = expected.next().unwrap_or_default();
                    let text = core::str::from_utf8(bytes).ok();
                    assert_eq!(line, Line::Whole(bytes, text), "pieces of {size}");
                }
            }
            assert_eq!(expected.next(), Some(&b""[..]));
            assert_eq!(expected.next(), None);
        }
    }

    #[test]
    fn a_line_over_the_limit_is_told_once_and_the_next_one_works() {
        let input: &[u8] = b"0123456789abcdef\nok\n01234567\n012345678\nend\n";
        for size in 1..=input.len() {
            let pieces: Vec<&[u8]> = input.chunks(size).collect();
            let seen = cut(8, 1000, &pieces);
            assert_eq!(
                seen,
                ["!01234567", "ok", "01234567", "!01234567", "end"],
                "pieces of {size}"
            );
        }
    }

    #[test]
    fn a_line_over_the_budget_is_told_and_the_memory_given_back() {
        let long = vec![b'x'; 3 * SMALL];
        let budget = Budget::new(SMALL);
        let mut lines = Lines::new(100 * SMALL, &budget);
        let mut told = 0;
        for _ in 0..20 {
            let mut input = Input::new(&long);
            while let Some(line) = lines.next(&mut input) {
                assert!(matches!(line, Line::TooLong(_)));
                told += 1;
            }
        }
        assert_eq!(told, 1);
        let mut input = Input::new(b"\nok\n");
        assert_eq!(lines.next(&mut input), Some(Line::Whole(b"ok", Some("ok"))));
        assert_eq!(lines.next(&mut input), None);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn memory_is_given_back_after_a_long_line() {
        // Behind a very long one at once; else by the next one that is short, whole or in two pieces.
        for (length, next) in [
            (KEPT + 1, &[][..]),
            (300_000, &[&b"x\n"[..]]),
            (300_000, &[b"x", b"x\n", b"x\n"]),
        ] {
            let budget = Budget::new(1 << 30);
            let mut lines = Lines::new(1 << 30, &budget);
            let long = vec![b'x'; length];
            for _ in 0..2 {
                assert_eq!(lines.next(&mut Input::new(&long)), None);
                assert!(budget.used() >= length);
                let mut input = Input::new(b"\n");
                let line = lines.next(&mut input);
                assert!(matches!(line, Some(Line::Whole(line, _)) if line.len() == length));
                assert_eq!(lines.next(&mut input), None);
                assert_eq!(budget.used(), lines.reservation.bytes());
                assert_eq!(budget.used() > 0, length <= KEPT);
            }
            for mut input in next.iter().map(|piece| Input::new(piece)) {
                while lines.next(&mut input).is_some() {}
            }
            assert_eq!(budget.used(), 0, "{next:?}");
            assert!(lines.partial.capacity() <= SMALL);
        }
    }
}
