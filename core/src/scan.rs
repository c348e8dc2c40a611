//! Passing over JSON text without building anything of it: where each value ends, and whether it is JSON at all.
//!
//! It accepts exactly what serde_json does for a `RawValue`, at a third of the price for a short message.
//!
//! Never here: what a value says.

use alloc::{borrow::Cow, vec::Vec};

use crate::jsonrpc;

/// A place in JSON text. What returns an `Option` gives `None` where the text is no JSON, or ends too early.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Scanner { text, at: 0 }
    }

    /// Nothing but white space is left.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Passes this byte, and white space before it.
    pub(crate) fn pass(&mut self, byte: u8) -> Option<()> {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found.then_some(())
    }

    /// The next byte that is no white space; it is not passed.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Passes the name of a member and the colon behind it. The name is `None` if it holds half of a surrogate pair.
    pub(crate) fn name(&mut self) -> Option<Option<Cow<'a, str>>> {
        self.peek()?;
        let start = self.at;
        let is_plain = self.string()?;
        let text = self.text.get(start..self.at)?;
        self.pass(b':')?;
        Some(match is_plain {
            true => text.get(1..text.len() - 1).map(Cow::Borrowed),
            false => jsonrpc::string(text),
        })
    }

    /// Passes a string. Tells whether nothing in it is escaped.
    fn string(&mut self) -> Option<bool> {
        self.pass(b'"')?;
        let bytes = self.text.as_bytes();
        let mut is_plain = true;
        loop {
            self.at += plain_prefix(&bytes[self.at..]);
            let length = match bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(is_plain);
                }
                b'\\' => match bytes.get(self.at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                    b'u' => {
                        let digits = bytes.get(self.at + 2..self.at + 6)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        6
                    }
                    _ => return None,
                },
                // A control character.
                _ => return None,
            };
            is_plain = false;
            self.at += length;
        }
    }

    /// Passes a value of any kind, and gives its JSON text. Nesting is bounded by the text and not by the stack.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        let mut open = Nesting::default();
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    let is_object = bracket == b'{';
                    if self.peek()? == closing(is_object) {
                        self.at += 1;
                    } else {
                        open.push(is_object);
                        self.name_in(is_object)?;
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => return None,
            }
            while let Some(is_object) = open.last() {
                if self.pass(b',').is_some() {
                    self.name_in(is_object)?;
                    break;
                }
                self.pass(closing(is_object))?;
                open.pop();
            }
            if open.depth == 0 {
                return self.text.get(start..self.at);
            }
        }
    }

    fn name_in(&mut self, is_object: bool) -> Option<()> {
        if is_object {
            self.string()?;
            self.pass(b':')?;
        }
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        if bytes[self.at] == b'-' {
            self.at += 1;
        }
        if bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
            if bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                return None;
            }
        } else {
            self.digits()?;
        }
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        (digits > 0).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let found = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        found.then_some(())
    }
}

fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}

/// Which brackets are open: a bit for each, so that what is nested as usual needs no memory.
#[derive(Default)]
struct Nesting {
    depth: usize,
    /// The innermost ones.
    bits: u64,
    /// Those around them, 64 in each.
    outer: Vec<u64>,
}

impl Nesting {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn last(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }

    fn pop(&mut self) {
        self.bits >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }
}

/// How many bytes at the beginning stand for themselves in a JSON string. Eight are looked at together, and 32 (which
/// compilers make vector instructions of) once a text turns out to be long.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut plain = 0;
    while let Some(word) = bytes[plain..].first_chunk() {
        let word = u64::from_le_bytes(*word);
        // The highest bit of a byte is set if it is less than a space, a quote or a backslash; above the first such
        // byte also by borrowing, which does no harm. Bytes beyond ASCII are plain.
        let control = word.wrapping_sub(ONES * 0x20);
        let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
        let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
        let found = (control | quote | backslash) & !word & HIGHS;
        if found != 0 {
            return plain + found.trailing_zeros() as usize / 8;
        }
        plain += 8;
        while plain.is_multiple_of(32)
            && let Some(block) = bytes[plain..].first_chunk::<32>()
            && is_plain(block)
        {
            plain += 32;
        }
    }
    let rest = &bytes[plain..];
    plain
        + rest
            .iter()
            .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
            .unwrap_or(rest.len())
}

fn is_plain(block: &[u8; 32]) -> bool {
    // No early return, so that all are compared at once.
    let found = block.iter().fold(false, |found, &byte| {
        found | (byte < 0x20) | (byte == b'"') | (byte == b'\\')
    });
    !found
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String};

    use serde_json::value::RawValue;

    use super::*;

    /// All texts of these pieces, up to so many of them.
    fn texts(pieces: &[&str], most: usize, check: &mut impl FnMut(&str)) {
        fn grow(text: &str, pieces: &[&str], left: usize, check: &mut impl FnMut(&str)) {
            check(text);
            if left > 0 {
                for piece in pieces {
                    grow(&format!("{text}{piece}"), pieces, left - 1, check);
                }
            }
        }
        grow("", pieces, most, check);
    }

    fn compare(text: &str) {
        let mut scanner = Scanner::new(text);
        let ours = scanner.value().filter(|_| scanner.is_at_end());
        let theirs = serde_json::from_str::<&RawValue>(text).ok();
        assert_eq!(ours, theirs.map(RawValue::get), "{text:?}");
    }

    #[test]
    fn it_takes_what_serde_json_takes() {
        let pieces = ["{", "}", "[", "]", ",", ":", "\"\"", "\"a\"", "1", " "];
        texts(&pieces, 6, &mut compare);
        let pieces = ["-", "0", "1", ".", "e", "E", "+", "n", "[", "]"];
        texts(&pieces, 5, &mut compare);
        let pieces = [
            "\"", "\\", "u", "d800", "00g0", "n", "/", "\n", "\u{7f}é", "12345678",
        ];
        texts(&pieces, 5, &mut compare);
        for word in ["true", "false", "null"] {
            for end in 0..=word.len() {
                compare(&word[..end]);
                compare(&format!("[{}]", &word[..end]));
                compare(&format!("{word}{}", &word[..end]));
            }
        }
    }

    #[test]
    fn brackets_close_as_they_were_opened_at_any_depth() {
        for depth in [1, 2, 63, 64, 65, 127, 128, 129, 1_000] {
            let kinds = || (0..depth).map(|level| level % 3 == 0 || level % 7 == 1);
            let mut text = String::new();
            kinds().for_each(|is_object| text.push_str(if is_object { "{\"a\":" } else { "[" }));
            text.push('1');
            kinds()
                .rev()
                .for_each(|is_object| text.push(char::from(closing(is_object))));
            let value = Scanner::new(&text).value();
            assert_eq!(value, Some(&*text));
            for place in text.len() - depth..text.len() {
                let mut wrong = String::from(&text[..place]);
                wrong.push(if text.as_bytes()[place] == b'}' {
                    ']'
                } else {
                    '}'
                });
                wrong.push_str(&text[place + 1..]);
                assert_eq!(Scanner::new(&wrong).value(), None, "{place}");
            }
        }
    }
}
