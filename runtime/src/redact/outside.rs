//! Parts of keys, and values that are secrets only by their place, in text that came from outside.
//!
//! The text is normalised before it is compared: blanks and invisible characters are left out, percent and backslash
//! escapes are decoded, upper and lower case and the two alphabets of Base64 count as the same. So a key that was broken by
//! a newline, cut or escaped is still found.
//!
//! Never here: our own words, which may hold a run of a key by chance; whole keys in any text (`redact`).

use std::{borrow::Cow, ops::Range};

use anygpt_providers::presets;
use zeroize::Zeroizing;

use super::{LONG, REDACTED, basic_forms};
use crate::{
    characters::is_invisible,
    settings::{Secret, is_random},
};

/// What precedes a key in a header; it does not reveal the key either.
const SCHEMES: [&str; 2] = ["Bearer ", "Basic "];

/// What many keys begin with, so that it reveals none of them.
fn known() -> impl Iterator<Item = &'static str> {
    presets::key_prefixes()
        .map(|prefix| prefix.text)
        .chain(SCHEMES)
}

/// Names that people put into keys that they make up, and that are common in providers' messages.
fn names() -> impl Iterator<Item = &'static str> {
    let presets = presets::PRESETS.iter().filter(|preset| !preset.is_local);
    presets.map(|preset| preset.id)
}

/// Only so many bytes of a key are searched for in parts, so that the set of runs stays small.
const SEARCHED: usize = 4096;

/// Finds runs of [`LONG`] characters of keys, and whole values.
#[derive(Clone, Debug)]
pub(super) struct Outside {
    /// Each run as a number, sorted. They are overwritten when they are dropped, since keys can be put together from them.
    runs: Zeroizing<Vec<u64>>,
    values: Vec<Zeroizing<Vec<u8>>>,
}

impl Outside {
    /// For runs of `keys`, and for `values` as a whole and runs of what is random in them.
    pub(super) fn new<'a>(
        keys: impl Iterator<Item = &'a Secret>,
        values: impl Iterator<Item = &'a Secret>,
    ) -> Self {
        let mut runs = Zeroizing::new(Vec::new());
        for key in keys {
            add_runs(key.expose(), &mut runs);
        }
        let values: Vec<&Secret> = values.collect();
        for value in &values {
            // Words of a value may stand anywhere.
            let parts = value.expose().split(|c: char| !c.is_ascii_alphanumeric());
            parts
                .filter(|part| is_random(part))
                .for_each(|part| add_runs(part, &mut runs));
        }
        runs.sort_unstable();
        runs.dedup();
        let mut outside = Outside {
            values: Vec::new(),
            runs,
        };
        for value in values {
            let plain: Zeroizing<Vec<u8>> = Zeroizing::new(bytes(value.expose()).collect());
            let encoded = basic_forms(value.expose()).into_iter();
            let encoded = encoded.map(|form| Zeroizing::new(bytes(&form).collect()));
            let all = [plain].into_iter().chain(encoded);
            outside.values.extend(all.filter(|it| it.len() >= LONG));
        }
        outside
    }

    /// The text with [`REDACTED`] in place of what is found.
    pub(super) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.len() < LONG || self.runs.is_empty() && self.values.is_empty() {
            return Cow::Borrowed(text);
        }
        let read: Vec<Read> = Reader::new(text).collect();
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(read.iter().map(|it| it.byte).collect());
        let mut found: Vec<Range<usize>> = Vec::new();
        for (start, window) in bytes.windows(LONG).enumerate() {
            let rest = &bytes[start..];
            let value = self.values.iter().filter(|value| rest.starts_with(value));
            let longest = value.map(|value| value.len()).max().unwrap_or_default();
            let length = match self.runs.binary_search(&run(window)) {
                Ok(_) => longest.max(LONG),
                Err(_) => longest,
            };
            let end = start + length;
            match found.last_mut() {
                _ if length == 0 => {}
                Some(last) if start <= last.end => last.end = end.max(last.end),
                _ => found.push(start..end),
            }
        }
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut from = 0;
        for places in found {
            let start = read[places.start].place.start;
            clean.push_str(&text[from..start]);
            clean.push_str(REDACTED);
            from = read[places.end - 1].place.end;
        }
        clean.push_str(&text[from..]);
        Cow::Owned(clean)
    }
}

/// Adds the runs of a key, and of its forms that the reader does not decode: Base64 and hexadecimal.
fn add_runs(key: &str, runs: &mut Vec<u64>) {
    let key = &key[..boundary(key, SEARCHED)];
    let known = known().filter(|known| key.starts_with(known));
    let known = known.map(|known| known.len()).max().unwrap_or_default();
    // A short rest is searched for together with some of what precedes it.
    let rest = &key[boundary(key, known.min(key.len().saturating_sub(LONG)))..];
    let mut add = |form: &str| {
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(bytes(form).collect());
        let is_name = |window: &[u8]| {
            names().any(|name| name.as_bytes().windows(LONG).any(|it| it == window))
        };
        runs.extend(bytes.windows(LONG).filter(|it| !is_name(it)).map(run));
    };
    add(rest);
    for form in basic_forms(rest) {
        add(&Zeroizing::new(form));
    }
    let mut hexadecimal = Zeroizing::new(String::with_capacity(2 * rest.len()));
    for byte in rest.bytes() {
        for digit in [byte >> 4, byte & 15] {
            hexadecimal.extend(char::from_digit(digit.into(), 16));
        }
    }
    add(&hexadecimal);
}

/// The last place up to this one where a character begins or the text ends.
fn boundary(text: &str, place: usize) -> usize {
    let mut places = (0..=place.min(text.len())).rev();
    places
        .find(|&place| text.is_char_boundary(place))
        .unwrap_or_default()
}

/// Eight bytes as a number.
fn run(bytes: &[u8]) -> u64 {
    let first = bytes.iter().take(LONG);
    first.fold(0, |run, &byte| run << 8 | u64::from(byte))
}

fn bytes(text: &str) -> impl Iterator<Item = u8> {
    Reader::new(text).map(|read| read.byte)
}

/// One character as it is compared, and where it stands.
struct Read {
    byte: u8,
    place: Range<usize>,
}

/// Reads a text as it is compared.
struct Reader<'t> {
    text: &'t str,
    next: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Reader { text, next: 0 }
    }

    /// The character at the next place, an escape read, and its length.
    fn read(&self) -> Option<(char, usize)> {
        let rest = &self.text[self.next..];
        let first = rest.chars().next()?;
        let code = |range: Range<usize>| {
            let digits = rest.get(range)?;
            let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u32::from_str_radix(digits, 16).ok().filter(|_| all)
        };
        let escaped = match (first, rest.as_bytes().get(1)) {
            // More bytes of one character are no part of a key.
            ('%', _) => code(1..3).and_then(char::from_u32).map(|c| (c, 3)),
            ('\\', Some(b'n' | b'r' | b't')) => Some((' ', 2)),
            ('\\', Some(b'u')) => code(2..6).and_then(char::from_u32).map(|c| (c, 6)),
            ('\\', Some(&byte @ (b'"' | b'\\' | b'/'))) => Some((char::from(byte), 2)),
            _ => None,
        };
        Some(escaped.unwrap_or((first, first.len_utf8())))
    }
}

impl Iterator for Reader<'_> {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        loop {
            let (c, length) = self.read()?;
            let place = self.next..self.next + length;
            self.next = place.end;
            let byte = match u8::try_from(c).map(|byte| (byte, FOLDED[usize::from(byte)])) {
                Ok((_, LEFT_OUT)) => continue,
                Ok((byte @ (b'%' | b'\\'), OTHER)) => byte,
                Ok((_, OTHER)) | Err(_) if is_left_out(c) => continue,
                Ok((_, OTHER)) | Err(_) => u8::MAX,
                Ok((_, folded)) => folded,
            };
            return Some(Read { byte, place });
        }
    }
}

/// How a byte of ASCII is compared.
const FOLDED: [u8; 256] = {
    let mut folded = [OTHER; 256];
    let mut byte = 0;
    while byte < 0x80_u8 {
        folded[byte as usize] = match byte {
            0..=b' ' | 0x7f => LEFT_OUT,
            b'%' | b'\\' => OTHER,
            b'-' => b'+',
            b'_' => b'/',
            _ => byte.to_ascii_lowercase(),
        };
        byte += 1;
    }
    folded
};

const LEFT_OUT: u8 = 0;

/// It begins an escape, or is a part of another character.
const OTHER: u8 = 1;

/// What a layout or a copy puts into a key, beyond ASCII.
fn is_left_out(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2065}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
