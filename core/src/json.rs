//! JSON that is only looked at: parts of a text, as they stand in it. It is checked once, as a whole; then what is wanted of
//! it is found without looking at each part again.
//!
//! Never here: what a member means.

use alloc::borrow::Cow;

use serde_json::value::RawValue;

use crate::jsonrpc;

/// The value that a text is, without the blanks around it.
///
/// # Errors
/// It is not JSON.
#[inline(never)]
pub fn check(text: &str) -> serde_json::Result<&str> {
    serde_json::from_str(text).map(RawValue::get)
}

/// Puts the values of the named members of an object into the slots; the last of several with one name wins. There are as
/// many slots as names. `None` if it is not an object; nonsense if it is not JSON (see [`check`]).
// Where it is inlined, it is compiled as its caller is: for size.
#[inline(never)]
pub fn members<'a>(object: &'a str, names: &[&str], slots: &mut [Option<&'a str>]) -> Option<()> {
    let mut rest = object.strip_prefix('{')?;
    while let Some((name, behind)) = next(rest) {
        let (value, behind) = next(behind)?;
        // The name and its quotes; only a name with escapes is longer than it reads.
        let name = match name.get(1..name.len() - 1)? {
            plain if !plain.contains('\\') => Cow::Borrowed(plain),
            _ => string(name).unwrap_or_default(),
        };
        let known = names.iter().position(|known| *known == name);
        if let Some(slot) = known.and_then(|known| slots.get_mut(known)) {
            *slot = Some(value);
        }
        rest = behind;
    }
    Some(())
}

/// The elements of an array. `None` if it is not an array; nonsense if it is not JSON (see [`check`]).
pub fn elements(array: &str) -> Option<Elements<'_>> {
    array.strip_prefix('[').map(Elements)
}

/// See [`elements`].
#[derive(Clone, Debug, Default)]
pub struct Elements<'a>(&'a str);

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (value, rest) = next(self.0)?;
        self.0 = rest;
        Some(value)
    }
}

/// The text of a string; `None` if `raw` is another kind of value or holds half a surrogate pair.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    jsonrpc::string(raw)
}

/// The next value, and what is behind it.
fn next(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let start = bytes
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':'))?;
    let value = bytes.get(start..)?;
    let length = match value.first()? {
        b'"' => string_length(value)?,
        b'{' | b'[' => nested_length(value)?,
        b'}' | b']' => return None,
        _ => {
            let is_end =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
            value.iter().position(is_end).unwrap_or(value.len())
        }
    };
    text.get(start..)?.split_at_checked(length)
}

fn string_length(value: &[u8]) -> Option<usize> {
    let mut at = 1;
    // Most are too short for memchr.
    loop {
        at += match value.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => 2,
            _ => 1,
        };
    }
}

fn nested_length(value: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match value.get(at)? {
            b'"' => at += string_length(value.get(at..)?)? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn found<'a>(object: &'a str, names: &[&str]) -> Vec<Option<&'a str>> {
        let mut slots = alloc::vec![None; names.len()];
        members(object, names, &mut slots).map_or(Vec::new(), |()| slots)
    }

    #[test]
    fn parts_are_as_they_stand_in_the_text() {
        let text = "\n {\"b\" : {\"a\":\"]\\\"}\"} ,\r\"a\":[1 , [{}],\"x\\\\\"] ,\"d\\u0065\":-1.5e3\t,\"a\":\"2\"} ";
        let object = check(text).unwrap_or_default();
        assert_eq!(
            found(object, &["a", "b", "c", "de"]),
            [Some("\"2\""), Some(r#"{"a":"]\"}"}"#), None, Some("-1.5e3")]
        );
        let array: Vec<&str> = elements(r#"[1 , [{}],"x\\",null]"#)
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(array, ["1", "[{}]", r#""x\\""#, "null"]);
        assert_eq!(found("{ }", &["a"]), [None]);
        assert_eq!(elements("[ ]").into_iter().flatten().count(), 0);
        assert!(elements("{}").is_none() && found("[]", &["a"]).is_empty());
        assert_eq!(string(r#""a\n""#).as_deref(), Some("a\n"));
        assert_eq!(string("1"), None);
        for broken in ["", "{", "[1]]", "{\"a\":}"] {
            assert!(check(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn cut_json_ends_somewhere() {
        let text = r#"{"a":["x\"",{"b":[1,2]}],"c":"d"}"#;
        for end in 0..text.len() {
            let cut = &text[..end];
            let _whatever = found(cut, &["a", "c"]);
            let _whatever = found(&cut[end.min(5)..], &["b"]);
            let _whatever = elements(&cut[end.min(5)..]).map(Iterator::count);
        }
    }
}
