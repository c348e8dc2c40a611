//! Writing messages: strings, values, and the lines of results, errors and notifications.
//!
//! Never here: the members of a result.

use alloc::vec::Vec;

use serde::Serialize;

use super::{
    chunk::not_plain_from,
    jsonrpc::{Error, Id},
};

/// Appends a JSON value in compact form. It is built in a separate buffer first (serde_json without std has no other way), so
/// this is for what is written rarely; texts have [`write_string`].
pub(crate) fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    match serde_json::to_vec(value) {
        Ok(json) => out.extend_from_slice(&json),
        // Only for maps with keys that are not strings, and there are none.
        Err(_) => out.extend_from_slice(b"null"),
    }
}

/// Appends a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Most texts need few escapes: with this much room the buffer does not grow again (decision 012).
    out.reserve(text.len() + text.len() / 16 + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, after) = rest.split_at(not_plain_from(rest, 0));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = after.split_first() else {
            break;
        };
        write_escape(out, byte);
        rest = after;
    }
    out.push(b'"');
}

/// Appends a byte that must be escaped in a JSON string.
#[inline(always)]
fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends a line: the answer to `id`, whose result `body` writes.
pub(crate) fn write_result(out: &mut Vec<u8>, id: Id<'_>, body: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_json().as_bytes());
    out.extend_from_slice(br#","result":"#);
    body(out);
    out.extend_from_slice(b"}\n");
}

/// Appends a line: a notification; `params` writes the members of its params.
pub(crate) fn write_notification(
    out: &mut Vec<u8>,
    method: &str,
    params: impl FnOnce(&mut Vec<u8>),
) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","method":"#);
    write_string(out, method);
    out.extend_from_slice(br#","params":{"#);
    params(out);
    out.extend_from_slice(b"}}\n");
}

/// Appends a line: an error. Without a readable id the member is omitted: `null` violates the schemas of all revisions.
pub(crate) fn write_error(out: &mut Vec<u8>, id: Option<Id<'_>>, error: &Error<'_>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    if let Some(id) = id {
        out.extend_from_slice(br#""id":"#);
        out.extend_from_slice(id.as_json().as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(br#""error":{"code":"#);
    write_json(out, &error.code.0);
    out.extend_from_slice(br#","message":"#);
    write_string(out, &error.message);
    if let Some(data) = &error.data {
        out.extend_from_slice(br#","data":"#);
        out.extend_from_slice(data.as_bytes());
    }
    out.extend_from_slice(b"}}\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;

    #[test]
    fn strings_are_written_so_that_they_read_back_the_same() {
        let all: String = (0..0x250).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        write_string(&mut out, &all);
        assert!(!out.contains(&b'\n'));
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), all);
    }

    #[test]
    fn a_character_is_escaped_wherever_it_stands() {
        let around = [
            "",
            "a",
            "\u{7f}",
            "!#[]",
            "é",
            "abcdefgh",
            "\u{10ffff}ÿ 1234567",
        ];
        for character in (0..0x100).filter_map(char::from_u32) {
            for (before, after) in around.iter().flat_map(|a| around.map(|b| (a, b))) {
                let text = format!("{before}{character}{after}{character}");
                let mut out = Vec::new();
                write_string(&mut out, &text);
                assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
                let escaped = out.iter().filter(|&&byte| byte == b'\\').count();
                let must = matches!(character, '\0'..='\u{1f}' | '"');
                assert_eq!(
                    escaped,
                    2 * usize::from(must) + 4 * usize::from(character == '\\')
                );
            }
        }
    }
}
