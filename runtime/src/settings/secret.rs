//! A key that cannot be printed by accident, and is overwritten when it is no longer needed.
//!
//! Never here: where a key comes from, or what may be shown of a text that may be one (`disclosure`).

use std::fmt;

use serde::Deserialize;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Of shorter ones two characters would be too many. Nor can they be distinguished from ordinary words.
pub(crate) const LONG: usize = 8;

/// What stands where a secret was.
pub(crate) const REDACTED: &str = "[redacted]";

/// Parts of names whose values are keys, in lower case.
const NAMES: [&str; 7] = [
    "auth",
    "key",
    "token",
    "secret",
    "cookie",
    "passw",
    "credential",
];

/// A key. `Debug` hides it, and there is no `Display`; only [`Secret::expose`] gives it out.
/// Its memory is zeroed when it is dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Secret(Zeroizing<String>);

impl ZeroizeOnDrop for Secret {}

impl From<String> for Secret {
    fn from(key: String) -> Self {
        Secret::new(key)
    }
}

impl Secret {
    /// Wraps a key.
    pub(crate) fn new(key: impl Into<String>) -> Self {
        Secret(Zeroizing::new(key.into()))
    }

    /// What may be shown of it: its length, and of long ones the last two characters.
    pub(crate) fn masked(&self) -> String {
        let length = self.0.chars().count();
        match self.0.char_indices().rev().nth(1) {
            Some((end, _)) if length >= LONG => {
                format!("{length} characters, the last two are {:?}", &self.0[end..])
            }
            _ => format!("{length} characters"),
        }
    }

    /// The key itself, for a request header or for the search that keeps it out of texts.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Secrets that are found by their place: in the query of a URL, in a header of the user's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PlacedSecrets {
    /// Their name says that they are keys.
    pub(super) keys: Vec<Secret>,
    /// They may be anything, so they are hidden in errors and logs only.
    pub(super) values: Vec<Secret>,
}

impl PlacedSecrets {
    /// Takes note of a value, by what it is named. Short ones are too likely to be ordinary words, but for keys.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let is_key = names_a_key(name);
        if !is_key && value.len() < LONG {
            return;
        }
        let list = match is_key {
            true => &mut self.keys,
            false => &mut self.values,
        };
        let secret = Secret::new(value);
        if !list.contains(&secret) {
            list.push(secret);
        }
    }
}

pub(super) fn names_a_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|part| name.contains(part))
}

/// Whether a part of a text is hardly an ordinary word: letters and digits in one.
pub(crate) fn is_random(part: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    part.len() >= LONG
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && part.bytes().any(is_digit)
        && !part.bytes().all(is_digit)
}

#[cfg(test)]
mod tests;
