//! Where the values of a JSON text begin and end: one pass, sixteen bytes of a string at a time, as strict as serde_json.
//! And the texts of strings.
//!
//! Never here: what a member means, numbers as numbers.

use alloc::{borrow::Cow, string::String, vec::Vec};

use wide::u8x16;

/// This is not JSON, or not the kind of value that was asked for.
#[derive(Debug)]
pub(crate) struct Broken;

/// What is known of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// Nothing.
    Unread,
    /// That it is JSON: it is a part of what was read. So the ends of strings are found by their quotes alone.
    Valid,
}

/// Gives the members of an object to `each`: names and values as they stand in the text, names without their quotes.
///
/// What [`is`](Json) known to be JSON is not checked again.
#[inline(always)]
pub(crate) fn each_member<'a>(
    object: &'a str,
    is: Json,
    mut each: impl FnMut(&'a str, &'a str) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let bytes = object.as_bytes();
    let (mut at, mut more) = open(bytes, b'{')?;
    while more {
        let (name, behind) = name_at(object, space(bytes, at), is)?;
        let start = space(bytes, colon(bytes, behind)?);
        at = value(bytes, start, is)?;
        each(name, &object[start..at])?;
        (at, more) = goes_on(bytes, at, b'}')?;
    }
    end(bytes, at)
}

/// Passes a name, and gives it as it is written between its quotes.
#[inline(always)]
fn name_at(text: &str, at: usize, is: Json) -> Result<(&str, usize), Broken> {
    let end = string_at(text.as_bytes(), at, is)?;
    Ok((&text[at + 1..end - 1], end))
}

/// Gives the members of an object to `take`, which tells whether it knows the name: one with escapes is tried without them, too.
#[inline(always)]
pub(crate) fn take_members<'a>(
    object: &'a str,
    is: Json,
    mut take: impl FnMut(&str, &'a str) -> bool,
) -> Result<(), Broken> {
    each_member(object, is, |name, value| {
        if !take(name, value) && name.contains('\\') {
            take(&unescaped(name).ok_or(Broken)?, value);
        }
        Ok(())
    })
}

/// The values of the named members of an object; of several members with one name the last wins.
#[inline(always)]
pub(crate) fn members<'a, const N: usize>(
    object: &'a str,
    is: Json,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], Broken> {
    let mut values = [None; N];
    take_members(object, is, |name, value| {
        let position = names.iter().position(|known| *known == name);
        if let Some(position) = position {
            values[position] = Some(value);
        }
        position.is_some()
    })?;
    Ok(values)
}

/// Gives the elements of an array to `each`, as they stand in its text, until that wants no more.
pub(crate) fn elements<'a>(
    array: &'a str,
    mut each: impl FnMut(&'a str) -> bool,
) -> Result<(), Broken> {
    let bytes = array.as_bytes();
    let (mut at, mut more) = open(bytes, b'[')?;
    while more {
        let start = space(bytes, at);
        at = value(bytes, start, Json::Unread)?;
        if !each(&array[start..at]) {
            return Ok(());
        }
        (at, more) = goes_on(bytes, at, b']')?;
    }
    end(bytes, at)
}

/// The elements of an array that is known to be JSON, one after the other: none is read before it is asked for.
pub(crate) struct Elements<'a> {
    array: &'a str,
    at: usize,
    more: bool,
}

impl<'a> Elements<'a> {
    pub(crate) fn of(array: &'a str) -> Result<Self, Broken> {
        let (at, more) = open(array.as_bytes(), b'[')?;
        Ok(Elements { array, at, more })
    }

    fn read(&mut self) -> Result<&'a str, Broken> {
        let bytes = self.array.as_bytes();
        let start = space(bytes, self.at);
        let end = value(bytes, start, Json::Valid)?;
        (self.at, self.more) = goes_on(bytes, end, b']')?;
        Ok(&self.array[start..end])
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    // Where it is inlined, it is compiled as its caller is: for size.
    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        if !self.more {
            return None;
        }
        self.more = false;
        self.read().ok()
    }
}

/// Bytes that a tree of this text takes at most while serde_json builds it, whether it is JSON or not.
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
    // A string with escapes is put together elsewhere first.
    size + 2 * longest
}

/// A value by itself.
const VALUE: usize = 32;

/// What a string takes beside its bytes.
const STRING: usize = 32;

/// An object: the first node of a B-tree has room for eleven names and values.
const OBJECT: usize = 656;

/// An array: room for its first four values.
const ARRAY: usize = 144;

/// What follows a comma: a share of a node that is half full, which is more than a value in an array that is just being moved.
const ENTRY: usize = 160;

/// The first byte of a value, if the text is one value.
pub(crate) fn first_byte(json: &str) -> Result<u8, Broken> {
    let bytes = json.as_bytes();
    let start = space(bytes, 0);
    end(bytes, value(bytes, start, Json::Unread)?)?;
    Ok(bytes[start])
}

/// What is valid UTF-8 at the beginning.
pub(crate) fn valid_prefix(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(valid) => valid,
        Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// The text of a string; `None` if `raw` is another kind of value or holds half a surrogate pair.
pub(crate) fn string(raw: &str) -> Option<Cow<'_, str>> {
    text(raw.strip_prefix('"')?.strip_suffix('"')?)
}

/// The text of what stands between the quotes of a string.
pub(crate) fn text(inner: &str) -> Option<Cow<'_, str>> {
    match inner.as_bytes().contains(&b'\\') {
        false => Some(Cow::Borrowed(inner)),
        true => unescaped(inner).map(Cow::Owned),
    }
}

/// What stands between the quotes of a string, without its escapes.
fn unescaped(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    loop {
        let (plain, escape) = rest.split_at(first(rest.as_bytes(), 0, backslashes));
        text.push_str(plain);
        let Some(escape) = escape.get(1..) else {
            return Some(text);
        };
        let plain = match escape.as_bytes().first()? {
            &plain @ (b'"' | b'\\' | b'/') => plain,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut digits = escape[1..].chars();
                text.push(utf16(&mut digits)?);
                rest = digits.as_str();
                continue;
            }
            _ => return None,
        };
        text.push(char::from(plain));
        rest = &escape[1..];
    }
}

/// The character behind `\u`: one unit, or two with `\u` between them.
fn utf16(digits: &mut core::str::Chars<'_>) -> Option<char> {
    let first = unit(digits)?;
    let mut pair = [first, 0];
    let is_leading = (0xd800..0xdc00).contains(&first);
    if is_leading {
        *digits = digits.as_str().strip_prefix("\\u")?.chars();
        pair[1] = unit(digits)?;
    }
    let units = &pair[..1 + usize::from(is_leading)];
    char::decode_utf16(units.iter().copied()).next()?.ok()
}

/// Four hexadecimal digits.
fn unit(digits: &mut core::str::Chars<'_>) -> Option<u16> {
    (0..4).try_fold(0, |unit, _| {
        let digit = digits.next()?.to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

// What follows passes parts of a text: each takes the place where its part begins and gives the one behind it.

/// Passes spaces, if there are any.
#[inline(always)]
fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Passes the beginning of an object or array, and its end if nothing is in it. Tells whether anything is.
#[inline(always)]
fn open(bytes: &[u8], open: u8) -> Result<(usize, bool), Broken> {
    let at = space(bytes, 0);
    if bytes.get(at) != Some(&open) {
        return Err(Broken);
    }
    let at = space(bytes, at + 1);
    let more = bytes.get(at) != Some(&closing(open));
    Ok((at + usize::from(!more), more))
}

/// What closes what this bracket opens.
#[inline(always)]
fn closing(open: u8) -> u8 {
    open + 2
}

/// Passes what follows a member or an element. Tells whether it is a comma, not the end.
#[inline(always)]
fn goes_on(bytes: &[u8], at: usize, close: u8) -> Result<(usize, bool), Broken> {
    let at = space(bytes, at);
    match bytes.get(at) {
        Some(b',') => Ok((at + 1, true)),
        Some(byte) if *byte == close => Ok((at + 1, false)),
        _ => Err(Broken),
    }
}

/// Nothing follows.
#[inline(always)]
fn end(bytes: &[u8], at: usize) -> Result<(), Broken> {
    match space(bytes, at) == bytes.len() {
        true => Ok(()),
        false => Err(Broken),
    }
}

/// Passes the colon behind a name.
#[inline(always)]
fn colon(bytes: &[u8], at: usize) -> Result<usize, Broken> {
    let at = space(bytes, at);
    match bytes.get(at) {
        Some(b':') => Ok(at + 1),
        _ => Err(Broken),
    }
}

/// Passes a value.
#[inline(always)]
fn value(bytes: &[u8], at: usize, is: Json) -> Result<usize, Broken> {
    match bytes.get(at) {
        Some(b'"') => string_at(bytes, at, is),
        Some(b'{' | b'[') => nested(bytes, at, is),
        _ => scalar(bytes, at),
    }
}

/// Passes an object or array, however deep: its depth is bounded by the line, not by the stack.
#[inline(never)]
fn nested(bytes: &[u8], mut at: usize, is: Json) -> Result<usize, Broken> {
    let mut open = Open::default();
    loop {
        at = space(bytes, at);
        match bytes.get(at) {
            Some(&bracket @ (b'{' | b'[')) => {
                open.push(bracket);
                at = space(bytes, at + 1);
                if bytes.get(at) != Some(&closing(bracket)) {
                    if bracket == b'{' {
                        at = colon(bytes, string_at(bytes, at, is)?)?;
                    }
                    continue;
                }
            }
            Some(b'"') => at = string_at(bytes, at, is)?,
            _ => at = scalar(bytes, at)?,
        }
        while let Some(bracket) = open.innermost() {
            let more;
            (at, more) = goes_on(bytes, at, closing(bracket))?;
            if more {
                if bracket == b'{' {
                    at = colon(bytes, string_at(bytes, space(bytes, at), is)?)?;
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

/// Passes a string.
#[inline(always)]
fn string_at(bytes: &[u8], at: usize, is: Json) -> Result<usize, Broken> {
    if bytes.get(at) != Some(&b'"') {
        return Err(Broken);
    }
    // Most are short.
    let found = chunk_at(bytes, at + 1, not_plain);
    let quote = at + 1 + found.trailing_zeros() as usize;
    if found != 0 && bytes.get(quote) == Some(&b'"') {
        return Ok(quote + 1);
    }
    rest_of_string(bytes, at + 1, is)
}

/// Passes the rest of a string.
#[inline(never)]
fn rest_of_string(bytes: &[u8], mut at: usize, is: Json) -> Result<usize, Broken> {
    if is == Json::Valid {
        return closing_quote(bytes, at).ok_or(Broken);
    }
    // Where it looks next does not depend on what was found, so the processor can look ahead.
    let (chunks, _) = bytes[at..].as_chunks();
    let mut behind = at;
    for chunk in chunks {
        let mut found = not_plain(chunk);
        while found != 0 {
            let place = at + found.trailing_zeros() as usize;
            found &= found - 1;
            if place < behind {
                // Escaped.
                continue;
            }
            if bytes[place] == b'"' {
                return Ok(place + 1);
            }
            behind = escape(bytes, place)?;
        }
        at += CHUNK;
    }
    // Less than a chunk is left.
    at = at.max(behind);
    loop {
        at = not_plain_from(bytes, at);
        if bytes.get(at) == Some(&b'"') {
            return Ok(at + 1);
        }
        at = escape(bytes, at)?;
    }
}

/// Passes an escape.
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

/// Passes the rest of a string that is valid: up to the first quote that is not escaped.
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

/// Passes a number, `true`, `false` or `null`.
#[inline(never)]
fn scalar(bytes: &[u8], at: usize) -> Result<usize, Broken> {
    match bytes[at..] {
        [b'-' | b'0'..=b'9', ..] => number(bytes, at),
        [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => Ok(at + 4),
        [b'f', b'a', b'l', b's', b'e', ..] => Ok(at + 5),
        _ => Err(Broken),
    }
}

/// Passes a number.
#[inline(always)]
fn number(bytes: &[u8], start: usize) -> Result<usize, Broken> {
    let first = start + usize::from(bytes.get(start) == Some(&b'-'));
    let at = digits(bytes, first)?;
    match bytes.get(at) {
        // Nor is it one number and then another.
        _ if bytes[first] == b'0' && at > first + 1 => Err(Broken),
        Some(b'.' | b'e' | b'E') => rest_of_number(bytes, at),
        _ => Ok(at),
    }
}

/// Passes a fraction and an exponent.
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

/// Passes one digit or more.
#[inline(always)]
fn digits(bytes: &[u8], start: usize) -> Result<usize, Broken> {
    let mut at = start;
    // Eight together, as far as there are so many bytes.
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

/// Whether there is nothing but digits, and one at least.
pub(crate) fn is_digits(bytes: &[u8]) -> bool {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) if bytes.len() <= 8 => {
            let first = u64::from(u32::from_le_bytes(*first));
            not_digits(first << 32 | u64::from(u32::from_le_bytes(*last))) == 0
        }
        _ => !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit),
    }
}

/// Zero for eight digits; else the lowest bit that is set lies in the first byte that is none.
#[inline(always)]
fn not_digits(word: u64) -> u64 {
    const ALL: u64 = u64::MAX / 255;
    // Digits are 0x30 to 0x39, and stay 0x3x when 6 is added. No carry can come from before the first byte that is none.
    let high = 0xf0 * ALL;
    ((word & high) ^ (0x30 * ALL)) | ((word.wrapping_add(6 * ALL) & high) ^ (0x30 * ALL))
}

/// The objects and arrays around a place: a bit for each, and memory only where they are more than 64.
#[derive(Default)]
struct Open {
    depth: usize,
    /// The innermost ones, the last in the lowest bit; set for an object.
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

    /// The bracket that opened the innermost one; `None` outside of all.
    fn innermost(&self) -> Option<u8> {
        match self.bits & 1 {
            _ if self.depth == 0 => None,
            0 => Some(b'['),
            _ => Some(b'{'),
        }
    }
}

/// Where the first byte is, from this place on, that must not stand in a JSON string as it is; the end if there is none.
#[inline(always)]
pub(crate) fn not_plain_from(bytes: &[u8], at: usize) -> usize {
    first(bytes, at, not_plain)
}

/// Where the first byte is, from this place on, for which `bits` sets a bit; the end if there is none.
#[inline(always)]
fn first(bytes: &[u8], mut at: usize, bits: impl Fn(&[u8; CHUNK]) -> u32) -> usize {
    let (chunks, rest) = bytes[at..].as_chunks();
    for chunk in chunks {
        let found = bits(chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += CHUNK;
    }
    let found = match bytes.last_chunk() {
        // What is left is the end of it.
        Some(chunk) => bits(chunk) >> (CHUNK - rest.len()),
        None => {
            let mut short = [0; CHUNK];
            short[..rest.len()].copy_from_slice(rest);
            bits(&short)
        }
    };
    at + rest.len().min(found.trailing_zeros() as usize)
}

/// So many bytes are looked at together.
pub(crate) const CHUNK: usize = 16;

/// The bits of the chunk that begins at this place, as far as there is one: none in a text that is shorter than a chunk.
#[inline(always)]
pub(crate) fn chunk_at(bytes: &[u8], at: usize, bits: impl Fn(&[u8; CHUNK]) -> u32) -> u32 {
    let Some(last) = bytes.len().checked_sub(CHUNK) else {
        return 0;
    };
    let from = at.min(last);
    let bits = bytes[from..].first_chunk().map_or(0, bits);
    // There are no more than CHUNK.
    bits >> (at - from).min(CHUNK)
}

/// Bytes of a text within a JSON string, at most.
pub(crate) fn encoded_length(text: &str) -> usize {
    let (chunks, rest) = text.as_bytes().as_chunks::<CHUNK>();
    let mut length = text.len() + escapes(rest);
    for chunk in chunks {
        // Most chunks of most texts have none.
        if not_plain(chunk) != 0 {
            length += escapes(chunk);
        }
    }
    length
}

/// Bytes that are added to these: a backslash, or `u00` and two digits as well.
fn escapes(bytes: &[u8]) -> usize {
    let escapes = bytes.iter().map(|byte| match byte {
        b'"' | b'\\' => 1,
        0..=0x1f => 5,
        _ => 0,
    });
    escapes.sum()
}

/// A bit for each byte that must not stand in a JSON string as it is, the first in the lowest.
#[inline(always)]
fn not_plain(chunk: &[u8; CHUNK]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    let quote = bytes.simd_eq(u8x16::splat(b'"'));
    let backslash = bytes.simd_eq(u8x16::splat(b'\\'));
    (control | quote | backslash).to_bitmask()
}

/// The same for backslashes.
#[inline(always)]
fn backslashes(chunk: &[u8; CHUNK]) -> u32 {
    let bytes = u8x16::new(*chunk);
    bytes.simd_eq(u8x16::splat(b'\\')).to_bitmask()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
