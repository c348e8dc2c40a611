//! Counting the tokens of a conversation before it is sent: what all formats share.
//!
//! Never here: estimates.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{self, Lenient};
use crate::{ErrorKind, Failure};

/// These members of a body: what is counted, without options such as the temperature.
pub(super) fn only<'b>(
    body: &'b [u8],
    members: &[&str],
) -> Option<BTreeMap<&'b str, &'b RawValue>> {
    let mut all: BTreeMap<&str, &RawValue> = serde_json::from_slice(body).ok()?;
    all.retain(|name, _| members.contains(name));
    Some(all)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    #[serde(default, rename = "input_tokens")]
    input_tokens: Lenient<u64>,
    #[serde(default)]
    total_tokens: Lenient<u64>,
}

/// Reads a token count, in any format.
///
/// # Errors
/// `Unavailable` if there is none.
pub fn read_count(body: &[u8]) -> Result<u64, Failure> {
    let counted: Counted = json::read(&String::from_utf8_lossy(body))?;
    let count = counted.input_tokens.0.or(counted.total_tokens.0);
    count.ok_or_else(|| {
        Failure::new(
            ErrorKind::Unavailable,
            "the provider's reply has no token count",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_under_two_names() {
        assert_eq!(read_count(br#"{"input_tokens":3}"#), Ok(3));
        assert_eq!(read_count(br#"{"totalTokens":4,"x":1}"#), Ok(4));
        for body in ["", "{}", r#"{"input_tokens":-1}"#] {
            assert!(read_count(body.as_bytes()).is_err(), "{body}");
        }
    }
}
