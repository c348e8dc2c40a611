//! JSON that is only looked at: parts of a text, as they stand in it. For those who read other JSON than the protocol's, with
//! the same scanner.
//!
//! Never here: what a member means.

use alloc::{borrow::Cow, vec::Vec};

use serde_json::value::RawValue;

use crate::jsonrpc;

/// The values of the named members of an object; the last of several with one name wins. There are as many slots as names.
///
/// # Errors
/// It is not an object, or not JSON. The slots then hold what was read before that.
pub fn members<'a>(
    object: &'a str,
    names: &[&str],
    slots: &mut [Option<&'a str>],
) -> serde_json::Result<()> {
    jsonrpc::members_of(object, names, slots)
}

/// The elements of an array.
///
/// # Errors
/// It is not an array, or not JSON.
pub fn elements(array: &str) -> serde_json::Result<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(array)?;
    Ok(elements.into_iter().map(RawValue::get).collect())
}

/// The text of a string; `None` if `raw` is another kind of value or holds half a surrogate pair.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    jsonrpc::string(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_they_stand_in_the_text() {
        let mut slots = [None; 3];
        let object = r#"{"b":{"a":1},"a": [1, "x"] ,"a":"2"}"#;
        assert!(members(object, &["a", "b", "c"], &mut slots).is_ok());
        assert_eq!(slots, [Some("\"2\""), Some(r#"{"a":1}"#), None]);
        assert_eq!(
            elements(r#"[1, "x\n",{} ]"#).ok(),
            Some(alloc::vec!["1", r#""x\n""#, "{}"])
        );
        for broken in ["{}", "[1", "[1]]", ""] {
            assert!(elements(broken).is_err(), "{broken}");
            assert!(
                broken == "{}" || members(broken, &[], &mut []).is_err(),
                "{broken}"
            );
        }
        assert_eq!(string(r#""a\n""#).as_deref(), Some("a\n"));
        assert_eq!(string("1"), None);
    }
}
