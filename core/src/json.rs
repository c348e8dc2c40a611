//! JSON that is only looked at: parts of a text, as they stand in it. What the protocol's messages are read with, for
//! those who read other JSON.
//!
//! Never here: what a member means.

use alloc::{borrow::Cow, vec::Vec};

use serde_json::value::RawValue;

use crate::jsonrpc;

/// Puts the values of the named members of an object into the slots; the last of several with one name wins. There are as
/// many slots as names. `None` if it is not an object, or not JSON.
// Where it is inlined, it is compiled as its caller is: for size.
#[inline(never)]
pub fn members<'a>(object: &'a str, names: &[&str], slots: &mut [Option<&'a str>]) -> Option<()> {
    jsonrpc::members_of(object, names, slots).ok()
}

/// The elements of an array. `None` if it is not an array, or not JSON.
#[inline(never)]
pub fn elements(array: &str) -> Option<impl Iterator<Item = &str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(array).ok()?;
    Some(elements.into_iter().map(RawValue::get))
}

/// The text of a string; `None` if `raw` is another kind of value or holds half a surrogate pair.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    jsonrpc::string(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(object: &'a str, names: &[&str]) -> Vec<Option<&'a str>> {
        let mut slots = alloc::vec![None; names.len()];
        members(object, names, &mut slots).map_or(Vec::new(), |()| slots)
    }

    #[test]
    fn parts_are_as_they_stand_in_the_text() {
        let text = "\n {\"b\" : {\"a\":\"]\\\"}\"} ,\r\"a\":[1 , [{}],\"x\\\\\"] ,\"d\\u0065\":-1.5e3\t,\"a\":\"2\"} ";
        assert_eq!(
            found(text, &["a", "b", "c", "de"]),
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
        for broken in ["", "{", "{}}", "{\"a\":}"] {
            assert!(found(broken, &["a"]).is_empty(), "{broken}");
        }
    }
}
