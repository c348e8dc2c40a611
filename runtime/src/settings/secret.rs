//! A key that cannot be printed by accident, and is overwritten when it is no longer needed.
//!
//! Never here: where a key comes from.

use std::fmt;

use serde::Deserialize;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Of shorter ones two characters would be too many.
const LONG: usize = 8;

/// A key. `Debug` hides it, and there is no `Display`; only [`Secret::expose`] gives it out.
/// Its memory is zeroed when it is dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl ZeroizeOnDrop for Secret {}

impl From<String> for Secret {
    fn from(key: String) -> Self {
        Secret::new(key)
    }
}

impl Secret {
    /// Wraps a key.
    pub fn new(key: impl Into<String>) -> Self {
        Secret(Zeroizing::new(key.into()))
    }

    /// What may be shown of it: its length, and of long ones the last two characters.
    pub fn masked(&self) -> String {
        let length = self.0.chars().count();
        match self.0.char_indices().rev().nth(1) {
            Some((end, _)) if length >= LONG => {
                format!("{length} characters, the last two are {:?}", &self.0[end..])
            }
            _ => format!("{length} characters"),
        }
    }

    /// The key itself, for a request header or for the search that keeps it out of texts.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles only for what is zeroed.
    fn is_zeroed<T: ZeroizeOnDrop>(_: &T) {}

    #[test]
    fn a_key_is_zeroed_when_it_is_dropped() {
        let secret = Secret::new("key");
        is_zeroed(&secret);
        is_zeroed(&secret.0);
    }

    #[test]
    fn of_a_key_only_length_and_end_are_shown() {
        let masked = |key: &str| Secret::new(key).masked();
        assert_eq!(
            masked("sk-1234567"),
            "10 characters, the last two are \"67\""
        );
        assert_eq!(masked("1234567"), "7 characters");
        assert_eq!(masked("größe-ßß"), "8 characters, the last two are \"ßß\"");
    }
}
