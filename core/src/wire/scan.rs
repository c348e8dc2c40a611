//! Finds where the values of a JSON text begin and end: in one pass, sixteen bytes of a string at a time, as strict as
//! serde_json (decision 002).
//!
//! Never here: the meaning of a member, or parsing numbers.

use alloc::vec::Vec;

use super::{
    chunk::{CHUNK, chunk_at, not_plain, not_plain_from},
    string::unescaped,
};

/// The text is not JSON, or not the expected kind of value.
#[derive(Debug)]
pub(crate) struct Broken;

/// Whether a text still has to be validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    Untrusted,
    /// It is part of a text that was validated, so only the quotes of strings have to be found.
    Validated,
}

/// Calls `each` for each member of an object, with its raw name without quotes, and its raw value.
#[inline(always)]
pub(crate) fn each_member<'a>(
    object: &'a str,
    trust: Trust,
    each: impl FnMut(&'a str, &'a str) -> Result<(), Broken>,
) -> Result<(), Broken> {
    end(object.as_bytes(), object_at(object, 0, trust, each)?)
}

/// The same for an object at this offset. Returns the offset just past it.
#[inline(always)]
fn object_at<'a>(
    text: &'a str,
    at: usize,
    trust: Trust,
    mut each: impl FnMut(&'a str, &'a str) -> Result<(), Broken>,
) -> Result<usize, Broken> {
    let bytes = text.as_bytes();
    let (mut at, mut more) = open(bytes, at, b'{')?;
    while more {
        let (name, after) = name_at(text, space(bytes, at), trust)?;
        let start = space(bytes, colon(bytes, after)?);
        at = value(bytes, start, trust)?;
        each(name, &text[start..at])?;
        (at, more) = comma_or_end(bytes, at, b'}')?;
    }
    Ok(at)
}

/// A name, as it is written between its quotes.
#[inline(always)]
fn name_at(text: &str, at: usize, trust: Trust) -> Result<(&str, usize), Broken> {
    let end = string_at(text.as_bytes(), at, trust)?;
    Ok((&text[at + 1..end - 1], end))
}

/// Calls `take` for each member of an object; it returns whether it knows the name. An unknown name with escapes is tried again
/// without them.
#[inline(always)]
pub(crate) fn take_members<'a>(
    object: &'a str,
    trust: Trust,
    mut take: impl FnMut(&str, &'a str) -> bool,
) -> Result<(), Broken> {
    each_member(object, trust, |name, value| {
        take_one(name, value, &mut take)
    })
}

#[inline(always)]
fn take_one<'a>(
    name: &str,
    value: &'a str,
    take: &mut (impl FnMut(&str, &'a str) -> bool + ?Sized),
) -> Result<(), Broken> {
    if !take(name, value) && name.contains('\\') {
        take(&unescaped(name).ok_or(Broken)?, value);
    }
    Ok(())
}

/// Takes a member by its name, if it is known.
pub(crate) type Take<'t, 'a> = dyn FnMut(&str, &'a str) -> bool + 't;

/// [`take_members`] of an object at this offset. Returns the offset just past it. Not generic and never inlined, so that it
/// exists once and is compiled at this crate's optimisation level.
#[inline(never)]
pub(crate) fn take_members_at<'a>(
    text: &'a str,
    at: usize,
    trust: Trust,
    take: &mut Take<'_, 'a>,
) -> Result<usize, Broken> {
    object_at(text, at, trust, |name, value| take_one(name, value, take))
}

/// The values of the named members of an object; of several members with one name the last wins.
#[inline(always)]
pub(crate) fn members<'a, const N: usize>(
    object: &'a str,
    trust: Trust,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], Broken> {
    let mut values = [None; N];
    read_members(object, trust, &names, &mut values)?;
    Ok(values)
}

/// The same for any number of names. Not generic and never inlined, so that it exists once and is compiled at this crate's
/// optimisation level.
#[inline(never)]
fn read_members<'a>(
    object: &'a str,
    trust: Trust,
    names: &[&str],
    values: &mut [Option<&'a str>],
) -> Result<(), Broken> {
    take_members(object, trust, |name, value| {
        let position = names.iter().position(|known| *known == name);
        if let Some(position) = position {
            values[position] = Some(value);
        }
        position.is_some()
    })
}

/// Calls `each` for each element of an array, as raw JSON, until it returns false.
pub(crate) fn elements<'a>(
    array: &'a str,
    mut each: impl FnMut(&'a str) -> bool,
) -> Result<(), Broken> {
    let bytes = array.as_bytes();
    let (mut at, mut more) = open(bytes, 0, b'[')?;
    while more {
        let start = space(bytes, at);
        at = value(bytes, start, Trust::Untrusted)?;
        if !each(&array[start..at]) {
            return Ok(());
        }
        (at, more) = comma_or_end(bytes, at, b']')?;
    }
    end(bytes, at)
}

/// The elements of an array that is known to be JSON, read lazily.
#[derive(Debug)]
pub(crate) struct Elements<'a> {
    array: &'a str,
    at: usize,
    more: bool,
}

impl<'a> Elements<'a> {
    pub(crate) fn of(array: &'a str) -> Result<Self, Broken> {
        let (at, more) = open(array.as_bytes(), 0, b'[')?;
        Ok(Elements { array, at, more })
    }

    fn read(&mut self) -> Result<&'a str, Broken> {
        let bytes = self.array.as_bytes();
        let start = space(bytes, self.at);
        let end = value(bytes, start, Trust::Validated)?;
        (self.at, self.more) = comma_or_end(bytes, end, b']')?;
        Ok(&self.array[start..end])
    }

    /// [`take_members`] of the next element, which is scanned only once. Whether it is an object; `None` at the end.
    pub(crate) fn take_next(&mut self, take: &mut Take<'_, 'a>) -> Option<bool> {
        if !self.more {
            return None;
        }
        let Ok(end) = take_members_at(self.array, self.at, Trust::Validated, take) else {
            return self.next().map(|_| false);
        };
        let after = comma_or_end(self.array.as_bytes(), end, b']');
        (self.at, self.more) = after.unwrap_or((end, false));
        Some(true)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    // Inlined, it would be compiled at the caller's optimisation level.
    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        if !self.more {
            return None;
        }
        self.more = false;
        self.read().ok()
    }
}

/// Upper bound on the memory for a tree of this text while serde_json builds it, whether it is JSON or not.
pub(crate) fn tree_size(json: &str) -> usize {
    let bytes = json.as_bytes();
    let (mut size, mut longest, mut at) = (VALUE, 0, 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        size += match byte {
            b'"' => {
                let end = closing_quote(bytes, at).unwrap_or(bytes.len());
                let length = end - at;
                at = end;
                longest = longest.max(length);
                STRING + length
            }
            b'{' => OBJECT,
            b'[' => ARRAY,
            b',' => ENTRY,
            _ => 0,
        };
    }
    // A string with escapes is assembled in a second buffer first.
    size + 2 * longest
}

/// A value itself.
const VALUE: usize = 32;

/// A string without its bytes.
pub const STRING: usize = 32;

/// An object: the first node of a B-tree has room for eleven names and values.
pub const OBJECT: usize = 656;

/// An array: room for its first four values.
const ARRAY: usize = 144;

/// An entry after a comma: its share of a half-full node, which is more than a value in an array that is being moved.
pub const ENTRY: usize = 160;

/// The first byte of a value, if the text is one value.
pub(crate) fn first_byte(json: &str) -> Result<u8, Broken> {
    let bytes = json.as_bytes();
    let start = space(bytes, 0);
    end(bytes, value(bytes, start, Trust::Untrusted)?)?;
    Ok(bytes[start])
}

/// The longest prefix that is valid UTF-8.
pub(crate) fn valid_prefix(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(valid) => valid,
        Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

// Each function below takes a start offset and returns the offset just past what it matched.

/// White space, if there is any.
#[inline(always)]
fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The beginning of an object or array, and its end if it is empty. Also returns whether it has content.
#[inline(always)]
fn open(bytes: &[u8], at: usize, open: u8) -> Result<(usize, bool), Broken> {
    let at = space(bytes, at);
    if bytes.get(at) != Some(&open) {
        return Err(Broken);
    }
    let at = space(bytes, at + 1);
    let more = bytes.get(at) != Some(&closing(open));
    Ok((at + usize::from(!more), more))
}

/// The closing bracket for an opening one.
#[inline(always)]
fn closing(open: u8) -> u8 {
    open + 2
}

/// A comma or the end after a member or an element. Also returns whether it is a comma.
#[inline(always)]
fn comma_or_end(bytes: &[u8], at: usize, close: u8) -> Result<(usize, bool), Broken> {
    let at = space(bytes, at);
    match bytes.get(at) {
        Some(b',') => Ok((at + 1, true)),
        Some(byte) if *byte == close => Ok((at + 1, false)),
        _ => Err(Broken),
    }
}

/// Checks that only white space follows.
#[inline(always)]
pub(crate) fn end(bytes: &[u8], at: usize) -> Result<(), Broken> {
    match space(bytes, at) == bytes.len() {
        true => Ok(()),
        false => Err(Broken),
    }
}

/// The colon after a name.
#[inline(always)]
fn colon(bytes: &[u8], at: usize) -> Result<usize, Broken> {
    let at = space(bytes, at);
    match bytes.get(at) {
        Some(b':') => Ok(at + 1),
        _ => Err(Broken),
    }
}

#[inline(always)]
fn value(bytes: &[u8], at: usize, trust: Trust) -> Result<usize, Broken> {
    match bytes.get(at) {
        Some(b'"') => string_at(bytes, at, trust),
        Some(b'{' | b'[') => nested(bytes, at, trust),
        _ => scalar(bytes, at),
    }
}

/// An object or array of any depth: not recursive, so its depth is not bounded by the stack.
#[inline(never)]
fn nested(bytes: &[u8], mut at: usize, trust: Trust) -> Result<usize, Broken> {
    let mut open = Open::default();
    loop {
        at = space(bytes, at);
        match bytes.get(at) {
            Some(&bracket @ (b'{' | b'[')) => {
                open.push(bracket);
                at = space(bytes, at + 1);
                if bytes.get(at) != Some(&closing(bracket)) {
                    if bracket == b'{' {
                        at = colon(bytes, string_at(bytes, at, trust)?)?;
                    }
                    continue;
                }
            }
            Some(b'"') => at = string_at(bytes, at, trust)?,
            _ => at = scalar(bytes, at)?,
        }
        while let Some(bracket) = open.innermost() {
            let more;
            (at, more) = comma_or_end(bytes, at, closing(bracket))?;
            if more {
                if bracket == b'{' {
                    at = colon(bytes, string_at(bytes, space(bytes, at), trust)?)?;
                }
                break;
            }
            open.pop();
        }
        if open.depth == 0 {
            return Ok(at);
        }
    }
}

#[inline(always)]
fn string_at(bytes: &[u8], at: usize, trust: Trust) -> Result<usize, Broken> {
    if bytes.get(at) != Some(&b'"') {
        return Err(Broken);
    }
    // Most strings are short.
    let found = chunk_at(bytes, at + 1, not_plain);
    let quote = at + 1 + found.trailing_zeros() as usize;
    if found != 0 && bytes.get(quote) == Some(&b'"') {
        return Ok(quote + 1);
    }
    rest_of_string(bytes, at + 1, trust)
}

#[inline(never)]
fn rest_of_string(bytes: &[u8], mut at: usize, trust: Trust) -> Result<usize, Broken> {
    if trust == Trust::Validated {
        return closing_quote(bytes, at).ok_or(Broken);
    }
    // The next position does not depend on what was found, so the processor can run ahead.
    let (chunks, _) = bytes[at..].as_chunks();
    let mut next = at;
    for chunk in chunks {
        let mut found = not_plain(chunk);
        while found != 0 {
            let place = at + found.trailing_zeros() as usize;
            found &= found - 1;
            if place < next {
                // Escaped.
                continue;
            }
            if bytes[place] == b'"' {
                return Ok(place + 1);
            }
            next = escape(bytes, place)?;
        }
        at += CHUNK;
    }
    // Less than a chunk is left.
    at = at.max(next);
    loop {
        at = not_plain_from(bytes, at);
        if bytes.get(at) == Some(&b'"') {
            return Ok(at + 1);
        }
        at = escape(bytes, at)?;
    }
}

#[inline(always)]
fn escape(bytes: &[u8], at: usize) -> Result<usize, Broken> {
    match bytes[at..] {
        [
            b'\\',
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            ..,
        ] => Ok(at + 2),
        [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(u8::is_ascii_hexdigit) => {
            Ok(at + 6)
        }
        _ => Err(Broken),
    }
}

/// The rest of a valid string: up to the first quote that is not escaped.
fn closing_quote(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr(b'"', bytes.get(at..)?)?;
        let before = bytes[start..at].iter().rev();
        let backslashes = before.take_while(|&&byte| byte == b'\\').count();
        at += 1;
        if backslashes.is_multiple_of(2) {
            return Some(at);
        }
    }
}

/// A number, `true`, `false` or `null`.
#[inline(never)]
fn scalar(bytes: &[u8], at: usize) -> Result<usize, Broken> {
    match bytes[at..] {
        [b'-' | b'0'..=b'9', ..] => number(bytes, at),
        [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => Ok(at + 4),
        [b'f', b'a', b'l', b's', b'e', ..] => Ok(at + 5),
        _ => Err(Broken),
    }
}

#[inline(always)]
fn number(bytes: &[u8], start: usize) -> Result<usize, Broken> {
    let first = start + usize::from(bytes.get(start) == Some(&b'-'));
    let at = digits(bytes, first)?;
    match bytes.get(at) {
        // No leading zeros.
        _ if bytes[first] == b'0' && at > first + 1 => Err(Broken),
        Some(b'.' | b'e' | b'E') => rest_of_number(bytes, at),
        _ => Ok(at),
    }
}

/// A fraction and an exponent.
#[inline(never)]
fn rest_of_number(bytes: &[u8], mut at: usize) -> Result<usize, Broken> {
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = digits(bytes, at)?;
    }
    Ok(at)
}

/// One or more digits.
#[inline(always)]
fn digits(bytes: &[u8], start: usize) -> Result<usize, Broken> {
    let mut at = start;
    // Eight at once, as long as there are eight bytes.
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let others = not_digits(u64::from_le_bytes(*word));
        at += (others.trailing_zeros() / u8::BITS) as usize;
        if others != 0 {
            break;
        }
    }
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    match at > start {
        true => Ok(at),
        false => Err(Broken),
    }
}

/// Whether there are only digits, and at least one.
pub(crate) fn is_digits(bytes: &[u8]) -> bool {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) if bytes.len() <= 8 => {
            let first = u64::from(u32::from_le_bytes(*first));
            not_digits(first << 32 | u64::from(u32::from_le_bytes(*last))) == 0
        }
        _ => !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit),
    }
}

/// Zero for eight digits; else the lowest bit that is set is in the first byte that is no digit.
#[inline(always)]
fn not_digits(word: u64) -> u64 {
    const ALL: u64 = u64::MAX / 255;
    // Digits are 0x30 to 0x39, and stay 0x3x when 6 is added. Before the first byte that is no digit, nothing carries.
    let high = 0xf0 * ALL;
    ((word & high) ^ (0x30 * ALL)) | ((word.wrapping_add(6 * ALL) & high) ^ (0x30 * ALL))
}

/// The objects and arrays around an offset: a bit for each, and allocated memory only above a depth of 64.
#[derive(Default)]
struct Open {
    depth: usize,
    /// The innermost 64, the last one in the lowest bit; set for an object.
    bits: u64,
    outer: Vec<u64>,
}

impl Open {
    fn push(&mut self, bracket: u8) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(bracket == b'{');
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.bits >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(64)
            && let Some(bits) = self.outer.pop()
        {
            self.bits = bits;
        }
    }

    /// The bracket that opened the innermost one; `None` at the top level.
    fn innermost(&self) -> Option<u8> {
        match self.bits & 1 {
            _ if self.depth == 0 => None,
            0 => Some(b'['),
            _ => Some(b'{'),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
