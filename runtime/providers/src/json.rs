//! Reading providers' JSON: borrowed where possible, lenient where providers differ.
//!
//! Never here: the fields of any provider.

use std::borrow::Cow;
use std::{fmt, iter};

use anygpt_core::json;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, Visitor};
use serde_json::{Value, value::RawValue};

use crate::excerpt::{page, shortened};
use crate::{ErrorKind, Failure};

/// Reads a reply or an event.
///
/// # Errors
/// `Unavailable` if it is not JSON or has another shape.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Failure> {
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| unreadable(text, &error))
}

fn unreadable(text: &str, error: &dyn fmt::Display) -> Failure {
    let text = text.trim_start();
    let (before, message) = match page(text) {
        Some(page) => ("", page),
        // A sentence says more than where it is not JSON.
        None if text.starts_with(|first: char| first.is_alphabetic()) => {
            ("the provider sent text instead of JSON: ", text.to_owned())
        }
        None => (
            "the provider sent something that cannot be read as its usual JSON: ",
            error.to_string(),
        ),
    };
    Failure::quoting(ErrorKind::Unavailable, before, &shortened(&message), "")
}

/// The raw JSON of an object's members with these names; null counts as absent.
///
/// # Errors
/// `Unavailable` if it has another shape.
pub(super) fn members<'a, const N: usize>(
    object: &'a str,
    names: &[&str; N],
) -> Result<[Option<&'a str>; N], Failure> {
    match json::members(object.trim_start_matches('\u{feff}'), *names) {
        Some(values) => Ok(values.map(|value| value.filter(|raw| *raw != "null"))),
        None => Err(no_object(object)),
    }
}

/// Why a text is no object.
fn no_object(text: &str) -> Failure {
    // serde_json's error has the position.
    match read::<IgnoredAny>(text) {
        Ok(_) => unreadable(text, &"not an object"),
        Err(failure) => failure,
    }
}

/// The members of an object that a reader uses, as raw JSON; null counts as absent. For objects in every event of a stream:
/// [`object!`] compares names with constants, in a fifth of the instructions of [`members`].
pub(super) trait Object<'a>: Default {
    /// Keeps the value, if the name is a member's.
    fn take(&mut self, name: &str, value: Option<&'a str>) -> bool;

    /// # Errors
    /// `Unavailable` if it has another shape.
    fn read(object: &'a str) -> Result<Self, Failure> {
        let mut read = Self::default();
        if json::take_members(object, &mut |name, raw| read.take(name, not_null(raw))).is_some() {
            return Ok(read);
        }
        match object.trim_start_matches('\u{feff}') {
            rest if rest.len() < object.len() => Self::read(rest),
            _ => Err(no_object(object)),
        }
    }

    /// Of each object of an array.
    ///
    /// # Errors
    /// `Unavailable` if it has another shape.
    fn read_all(array: &'a str) -> Result<impl Iterator<Item = Result<Self, Failure>>, Failure> {
        let mut elements = elements(array)?;
        Ok(iter::from_fn(move || {
            let mut read = Self::default();
            match elements.take_next(&mut |name, raw| read.take(name, not_null(raw)))? {
                true => Some(Ok(read)),
                false => Some(Err(unreadable(array, &"not an object"))),
            }
        }))
    }
}

fn not_null(raw: &str) -> Option<&str> {
    (raw != "null").then_some(raw)
}

/// Makes a structure an [`Object`].
macro_rules! object {
    ($(#[$about:meta])* struct $Name:ident { $($member:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Default)]
        struct $Name<'a> {
            $($member: Option<&'a str>),+
        }

        impl<'a> $crate::json::Object<'a> for $Name<'a> {
            fn take(&mut self, name: &str, value: Option<&'a str>) -> bool {
                $(if name == stringify!($member) {
                    self.$member = value;
                    return true;
                })+
                false
            }
        }
    };
}
pub(super) use object;

/// Parses a provider's JSON, unless the result would be large: this much memory may be in use beyond what is counted.
pub(super) fn tree(json: &str) -> Option<Value> {
    match json::tree_size(json) <= LARGEST_TREE {
        true => serde_json::from_str(json).ok(),
        false => None,
    }
}

/// Upper bound on [`tree`], in bytes of memory.
pub(crate) const LARGEST_TREE: usize = 4 << 20;

/// An array whose elements are read one by one, because there may be any number of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a>(&'a str);

impl<'a> List<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.raw().next().is_none()
    }

    /// The elements as raw JSON.
    pub(super) fn raw(self) -> impl Iterator<Item = &'a str> {
        json::elements(self.0).into_iter().flatten()
    }

    pub(super) fn read<T: Deserialize<'a>>(self) -> impl Iterator<Item = Result<T, Failure>> {
        self.raw().map(read)
    }
}

impl Default for List<'_> {
    fn default() -> Self {
        List("[]")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        match raw.starts_with('[') {
            true => Ok(List(raw)),
            false => Err(D::Error::custom(
                "it has something else where a list belongs",
            )),
        }
    }
}

/// The elements of an array as raw JSON.
///
/// # Errors
/// `Unavailable` if it has another shape.
pub(super) fn elements(array: &str) -> Result<json::Elements<'_>, Failure> {
    json::elements(array).ok_or_else(|| unreadable(array, &"not an array"))
}

/// The text of a string (see [`Text`]).
///
/// # Errors
/// As [`read`].
pub(super) fn string(raw: &str) -> Result<Cow<'_, str>, Failure> {
    match json::string(raw) {
        Some(text) => Ok(text),
        None => Ok(read::<Text<'_>>(raw)?.0),
    }
}

/// The text of a member; empty if it is not a string.
pub(super) fn text(raw: Option<&str>) -> Cow<'_, str> {
    let text = raw.map(|raw| string(raw).unwrap_or_default());
    text.unwrap_or_default()
}

/// Whether a member is this text.
pub(super) fn is(raw: &str, text: &str) -> bool {
    // Most others begin with another letter.
    let may_be = match raw.as_bytes() {
        [b'"', first, ..] => *first == b'\\' || text.as_bytes().first() == Some(first),
        _ => false,
    };
    may_be && self::text(Some(raw)) == text
}

/// Sets the text of a member, if there is one. Chunks repeat the same text, which is then not copied again.
pub(super) fn keep(known: &mut Option<String>, raw: Option<&str>) {
    let inner = raw.and_then(|raw| raw.strip_prefix('"')?.strip_suffix('"'));
    if inner == known.as_deref() {
        return;
    }
    let text = text(raw);
    if !text.is_empty() {
        *known = Some(text.into_owned());
    }
}

/// The number of a member, if it is a non-negative integer.
pub(super) fn number(raw: Option<&str>) -> Option<u64> {
    raw?.parse().ok()
}

/// A string, borrowed if it has no escapes. Half a surrogate pair, which some providers produce by cutting an escaped emoji in
/// two, becomes a replacement character; the rest of the string is kept (see [`Pieces`](crate::pieces::Pieces)).
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Text(repaired(bytes)))
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(repaired(bytes).into_owned())))
            }
        }

        // As bytes, because serde_json refuses lone surrogates in a str.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

impl Text<'_> {
    /// The string, or nothing if it is empty.
    pub(super) fn non_empty(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.into_owned())
    }
}

/// The bytes of a string, in which half a surrogate pair may be three bytes as if it were a character.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl Visitor<'_> for BytesVisitor {
            type Value = Bytes;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(BytesVisitor)
    }
}

/// As [`lossy`], but with one replacement character for half a surrogate pair.
pub(super) fn repaired(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(2) {
        // No other character has these bytes.
        if bytes[at] == 0xed && bytes[at + 1] >= 0xa0 {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    Cow::Owned(lossy(&bytes).into_owned())
}

/// A text in which `NaN` and infinite numbers, as Python writes them, are null; `None` if it has none.
pub(super) fn without_nan(json: &str) -> Option<String> {
    let mut without = String::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(byte) = json.as_bytes().get(at) {
        let rest = json.get(at..).unwrap_or_default();
        at += match byte {
            b'"' => string_length(rest),
            b'N' | b'I' | b'-' => match NOT_FINITE.iter().find(|word| rest.starts_with(**word)) {
                Some(word) => {
                    without.push_str(&json[copied..at]);
                    without.push_str("null");
                    copied = at + word.len();
                    word.len()
                }
                None => 1,
            },
            _ => 1,
        };
    }
    without.push_str(json.get(copied..)?);
    (copied > 0).then_some(without)
}

/// What `json.dumps` writes (<https://docs.python.org/3/library/json.html#infinite-and-nan-number-values>).
const NOT_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Bytes of the string at the beginning of a text.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

/// As [`String::from_utf8_lossy`], which looks at each byte alone: valid text, as nearly all is, needs a third of the
/// instructions this way.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// The string of an optional field; empty if there is none.
pub(super) fn str_of<'a>(text: &'a Option<Text<'_>>) -> &'a str {
    text.as_ref().map_or("", |text| &text.0)
}

/// A value that is absent if it has another type, so that an oddity in a side field does not make the answer fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lenient<T>(pub(super) Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Lenient(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Lenient(serde_json::from_str(raw.get()).ok()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn strings_are_borrowed_if_they_can_be() {
        assert!(matches!(
            read::<Text<'_>>("\"größe\"").unwrap().0,
            Cow::Borrowed("größe")
        ));
        assert_eq!(read::<Text<'_>>(r#""a\n\ud83d\ude00""#).unwrap().0, "a\n😀");
        assert!(
            read::<Text<'_>>(r#""half \ud83d""#)
                .unwrap()
                .0
                .starts_with("half \u{fffd}")
        );
        assert_eq!(
            read::<Text<'_>>("[1]").unwrap_err().class,
            ErrorKind::Unavailable
        );
    }

    #[test]
    fn a_portal_page_is_named() {
        let failure = read::<Text<'_>>(" <html><title>Portal</title>").unwrap_err();
        assert!(failure.message.contains("HTML or XML page (Portal)"));
        assert_eq!(read::<Text<'_>>("\u{feff}\"x\"").unwrap().0, "x");
    }

    #[test]
    fn numbers_that_are_not_finite_become_null() {
        for (json, expected) in [
            (
                r#"{"a":NaN,"b":[-Infinity,Infinity]}"#,
                Some(r#"{"a":null,"b":[null,null]}"#),
            ),
            (r#"{"a\"NaN\\":NaN}"#, Some(r#"{"a\"NaN\\":null}"#)),
            (r#"{"NaN":"Infinity ü","b":-1}"#, None),
            (r#"{"NaN"#, None),
            ("", None),
        ] {
            assert_eq!(without_nan(json).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn odd_values_are_absent() {
        assert_eq!(read::<Lenient<u64>>("12").unwrap().0, Some(12));
        for odd in ["-1", "1.5", "null", "\"12\"", "{}", "99999999999999999999"] {
            assert_eq!(read::<Lenient<u64>>(odd).unwrap().0, None, "{odd}");
        }
    }
}
