//! Reading JSON without parsing it: parts of a text as slices. The scanner of the protocol's messages, for other crates.
//!
//! Never here: the meaning of a member.

use alloc::borrow::Cow;

use crate::wire::{
    scan::{self, Broken, Trust},
    string,
};

/// Bytes of the parts of a `serde_json::Value` that [`tree_size`] adds up: they follow from the layout of its `BTreeMap` and of a
/// `String`.
pub use crate::wire::scan::{ENTRY, OBJECT, STRING};

/// The values of the named members of an object; of several with one name the last wins. `None` if it is not an object, or
/// not JSON.
pub fn members<'a, const N: usize>(
    object: &'a str,
    names: [&str; N],
) -> Option<[Option<&'a str>; N]> {
    scan::members(object, Trust::Untrusted, names).ok()
}

/// Calls `take` for each member of an object, with its name and its raw value; it returns whether it knows the name. `None` if
/// it is not an object, or not JSON.
pub fn take_members<'a>(
    object: &'a str,
    take: &mut dyn FnMut(&str, &'a str) -> bool,
) -> Option<()> {
    let at = scan::take_members_at(object, 0, Trust::Untrusted, take).ok()?;
    scan::end(object.as_bytes(), at).ok()
}

/// Calls `take` for each member of an object that is known to be JSON, in order, with its name and its raw value. `None` if a
/// name contains half a surrogate pair, or if `take` returns it.
// Not generic, so that it is compiled at this crate's optimisation level.
pub fn each_member<'a>(
    object: &'a str,
    take: &mut dyn FnMut(Cow<'a, str>, &'a str) -> Option<()>,
) -> Option<()> {
    let each = |name, value| take(string::text(name).ok_or(Broken)?, value).ok_or(Broken);
    scan::each_member(object, Trust::Validated, each).ok()
}

/// The elements of an array that is known to be JSON, read lazily. `None` if it is not an array.
pub fn elements(array: &str) -> Option<Elements<'_>> {
    scan::Elements::of(array).ok().map(Elements)
}

/// Elements as raw JSON.
#[derive(Debug)]
pub struct Elements<'a>(scan::Elements<'a>);

impl<'a> Elements<'a> {
    /// [`take_members`] of the next element, which is read only once. Whether it is an object; `None` at the end.
    pub fn take_next(&mut self, take: &mut dyn FnMut(&str, &'a str) -> bool) -> Option<bool> {
        self.0.take_next(take)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.0.next()
    }
}

/// Upper bound on the memory for this text as a `serde_json::Value`, in bytes: up to ninety times the length of the text.
/// Check it before parsing text from outside.
pub fn tree_size(json: &str) -> usize {
    scan::tree_size(json)
}

/// Upper bound on the bytes of a text inside a JSON string.
pub fn encoded_length(text: &str) -> usize {
    string::encoded_length(text)
}

/// The text of a string; `None` if `raw` is another kind of value or contains half a surrogate pair.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    string::string(raw)
}

#[cfg(test)]
mod tests {
    use alloc::{borrow::ToOwned, vec::Vec};

    use super::*;

    #[test]
    fn the_length_of_a_string_is_known_before_it_is_written() {
        for (text, length) in [("", 0), ("größe", 7), ("a\"b\\", 6), ("\n\u{0}x", 13)] {
            assert_eq!(encoded_length(text), length, "{text:?}");
        }
        assert_eq!(encoded_length(&"\u{1}".repeat(1000)), 6000);
    }

    #[test]
    fn parts_are_as_they_stand_in_the_text() {
        let text = "\n {\"b\" : {\"a\":\"]\\\"}\"} ,\r\"a\":[1 , [{}],\"x\\\\\"] ,\"d\\u0065\":-1.5e3\t,\"a\":\"2\"} ";
        assert_eq!(
            members(text, ["a", "b", "c", "de"]),
            Some([Some("\"2\""), Some(r#"{"a":"]\"}"}"#), None, Some("-1.5e3")])
        );
        let array: Vec<&str> = elements(r#"[1 , [{}],"x\\",null]"#)
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(array, ["1", "[{}]", r#""x\\""#, "null"]);
        assert_eq!(members("{ }", ["a"]), Some([None]));
        assert_eq!(elements("[ ]").into_iter().flatten().count(), 0);
        assert!(elements("{}").is_none() && members("[]", ["a"]).is_none());
        assert_eq!(string(r#""a\n""#).as_deref(), Some("a\n"));
        assert_eq!(string("1"), None);
        let mut all = Vec::new();
        let mut take = |name, value| {
            all.push((name, value));
            (value != "0").then_some(())
        };
        let object = r#"{"a\n":[1], "b":"\"}"}"#;
        assert_eq!(each_member(object, &mut take), Some(()));
        assert_eq!(each_member(r#"{"\ud800":1}"#, &mut take), None);
        assert_eq!(each_member(r#"{"c":0,"d":1}"#, &mut take), None);
        let expected = [("a\n", "[1]"), ("b", r#""\"}""#), ("c", "0")];
        assert_eq!(all, expected.map(|(name, value)| (name.into(), value)));
        for broken in ["", "{", "{}}", "{\"a\":}"] {
            assert!(members(broken, ["a"]).is_none(), "{broken}");
            assert!(take_members(broken, &mut |_, _| true).is_none(), "{broken}");
        }
    }

    #[test]
    fn objects_of_an_array_are_read_in_place() {
        let mut all = Vec::new();
        let mut take = |name: &str, value| {
            all.push((name.to_owned(), value));
            name == "a"
        };
        let mut array = elements(r#" [ {"a":1 , "\u0061":[]} , "a",{ } ,{"b":{"a":2}}] "#);
        let mut next = || array.as_mut()?.take_next(&mut take);
        assert_eq!(next(), Some(true));
        assert_eq!(next(), Some(false));
        assert_eq!(next(), Some(true));
        assert_eq!(next(), Some(true));
        assert_eq!(next(), None);
        let expected = [
            ("a", "1"),
            ("\\u0061", "[]"),
            ("a", "[]"),
            ("b", r#"{"a":2}"#),
        ];
        assert_eq!(all, expected.map(|(name, value)| (name.to_owned(), value)));
    }
}
