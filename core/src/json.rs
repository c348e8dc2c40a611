//! JSON that is only looked at: parts of a text, as they stand in it. What the protocol's messages are read with, for
//! those who read other JSON.
//!
//! Never here: what a member means.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

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

/// The members of an object, sorted by name; the last of several with one name wins.
///
/// # Errors
/// It is not an object, or not JSON.
#[inline(never)]
pub fn object(text: &str) -> serde_json::Result<Vec<(String, Value)>> {
    struct Members(Vec<(String, Value)>);

    impl<'de> Deserialize<'de> for Members {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Members(Vec::new()))
        }
    }

    impl<'de> Visitor<'de> for Members {
        type Value = Members;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Members, A::Error> {
            while let Some(member) = members.next_entry()? {
                self.0.push(member);
            }
            Ok(self)
        }
    }

    let Members(mut members) = serde_json::from_str(text)?;
    // Stable: the last of those with one name comes first.
    members.reverse();
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    members.dedup_by(|(one, _), (other, _)| one == other);
    Ok(members)
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
    fn members_are_sorted_and_the_last_of_one_name_wins() {
        let members = object(r#" {"b":[1],"a":1,"c":"é\n","a":null,"":{},"a":2} "#);
        let members: Vec<(String, String)> = members
            .into_iter()
            .flatten()
            .map(|(name, value)| (name, alloc::format!("{value}")))
            .collect();
        let expected = [("", "{}"), ("a", "2"), ("b", "[1]"), ("c", r#""é\n""#)];
        let expected = expected.map(|(name, value)| (name.into(), value.into()));
        assert_eq!(members, expected);
        assert_eq!(object("{}").map(|members| members.len()).ok(), Some(0));
        for broken in ["[]", "{", "{\"a\":1} x", "{\"a\":\"\\ud800\"}"] {
            assert!(object(broken).is_err(), "{broken}");
        }
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
