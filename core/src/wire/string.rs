//! The texts of JSON strings: without their escapes, and their length with escapes.
//!
//! Never here: where a string begins and ends (`scan`), or writing one (`write`).

use alloc::{borrow::Cow, string::String};

use super::chunk::{CHUNK, backslashes, first, not_plain};

/// The text of a string; `None` if `raw` is another kind of value or contains half a surrogate pair.
pub(crate) fn string(raw: &str) -> Option<Cow<'_, str>> {
    text(raw.strip_prefix('"')?.strip_suffix('"')?)
}

/// The text of a string, from what is between its quotes.
pub(crate) fn text(inner: &str) -> Option<Cow<'_, str>> {
    match inner.as_bytes().contains(&b'\\') {
        false => Some(Cow::Borrowed(inner)),
        true => unescaped(inner).map(Cow::Owned),
    }
}

/// The same, with its escapes replaced.
pub(super) fn unescaped(inner: &str) -> Option<String> {
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

/// The character after `\u`: one unit, or two with `\u` between them.
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

/// Upper bound on the bytes of a text inside a JSON string.
pub(crate) fn encoded_length(text: &str) -> usize {
    let (chunks, rest) = text.as_bytes().as_chunks::<CHUNK>();
    let mut length = text.len() + escapes(rest);
    for chunk in chunks {
        // Most chunks need no escapes.
        if not_plain(chunk) != 0 {
            length += escapes(chunk);
        }
    }
    length
}

/// Bytes that escapes add: a backslash, or also `u00` and two digits.
fn escapes(bytes: &[u8]) -> usize {
    let escapes = bytes.iter().map(|byte| match byte {
        b'"' | b'\\' => 1,
        0..=0x1f => 5,
        _ => 0,
    });
    escapes.sum()
}
