//! Newline framing over a bounded buffer.
//!
//! A line that is complete in the input is returned as a slice of it; only a line that is cut by the end of the input is copied.
//! A line over the limit is skipped without being stored.
//!
//! Never here: the content of a line.

use alloc::{sync::Arc, vec::Vec};

use wide::u8x16;

use super::{
    chunk::{CHUNK, chunk_at},
    scan::valid_prefix,
};
use crate::budget::{Budget, Reservation};

/// The unused input. UTF-8 is validated for many lines at once.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    /// The part of `bytes` that is known to be UTF-8.
    text: &'a str,
}

/// Bytes that are validated at once. Not more, since it is wasted if the rest of the input is passed again later.
const CHECKED: usize = 1024;

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Input { bytes, text: "" }
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn skip(&mut self, bytes: usize) {
        self.bytes = &self.bytes[bytes..];
        self.text = self.text.get(bytes..).unwrap_or_default();
    }

    /// The first `length` bytes, if they are UTF-8.
    fn line(&mut self, length: usize) -> Option<&'a str> {
        if self.text.len() < length {
            let checked = length.max(CHECKED).min(self.bytes.len());
            self.text = valid_prefix(&self.bytes[..checked]);
        }
        self.text.get(..length)
    }
}

/// The position of the first newline.
fn newline(bytes: &[u8]) -> Option<usize> {
    // Most lines are short, and calling memchr takes long.
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

/// A line, or as much of it as can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A complete line without its newline, and the same as text if it is UTF-8.
    Whole(&'a [u8], Option<&'a str>),
    /// The beginning of a line that exceeds the limit or the available memory. Returned as soon as the limit is exceeded; the
    /// rest of the line is skipped.
    TooLong(&'a [u8]),
}

/// Splits input into lines.
#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    /// The beginning of a line whose newline has not arrived yet.
    partial: Vec<u8>,
    reservation: Reservation,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `partial` is the beginning of the next line.
    Keeping,
    /// `partial` was returned; it is cleared before anything else.
    Delivered,
    /// As `Delivered`, and everything up to the next newline is skipped.
    Skipping,
}

/// A buffer of this size is kept between lines, and is not counted against the budget.
const SMALL: usize = 64 * 1024;

/// A larger buffer is kept, and counted, as long as lines need it, because mapping a new one page by page is slow. The next line
/// that does not need it frees it, so this much may be in use after a last long line.
const KEPT: usize = 1024 * 1024;

impl Lines {
    /// Lines of at most `limit` bytes, or less if `budget` is used up before.
    pub(crate) fn new(limit: usize, budget: &Arc<Budget>) -> Self {
        Lines {
            limit,
            partial: Vec::new(),
            reservation: budget.reservation(),
            state: State::Keeping,
        }
    }

    /// Removes the next line from `input`. `None` when the input is used up.
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
            // No room for this piece. It has been removed from the input up to its newline, if it has one.
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

    /// The last line, if the input ended without a newline. Stored until [`clear`](Lines::clear).
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
        // Without memory for the last piece, only what was stored before is returned.
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

    pub(crate) fn clear(&mut self) {
        self.partial.clear();
        self.state = State::Keeping;
        self.give_back();
    }

    /// Replaces the empty buffer by a small one.
    fn give_back(&mut self) {
        if self.partial.capacity() > SMALL {
            self.partial.shrink_to(SMALL);
        }
        self.reservation.release();
    }
}

#[cfg(test)]
mod tests;
