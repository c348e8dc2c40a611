//! Decoding Base64 in pieces of bounded size.
//!
//! Never here: which files a provider accepts.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Padding is optional. The bits after the last byte may be any.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Digits decoded at a time; a multiple of four.
const STEP: usize = 4_096;

/// Decodes a file piece by piece as long as `take` returns true: there may be no memory for all of it. False if `take`
/// stopped it, or at the first text that is not Base64.
pub fn decode(data: &str, mut take: impl FnMut(&[u8]) -> bool) -> bool {
    let mut piece = [0; STEP];
    data.as_bytes().chunks(STEP).all(|digits| {
        let length = ENGINE.decode_slice(digits, &mut piece);
        length.is_ok_and(|length| take(&piece[..length]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(data: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let is_whole = decode(data, |piece| {
            bytes.extend_from_slice(piece);
            true
        });
        is_whole.then_some(bytes)
    }

    #[test]
    fn bytes_come_back_in_pieces_with_and_without_padding() {
        for (data, bytes) in [
            ("", Some(&b""[..])),
            ("aA==", Some(b"h")),
            ("aA", Some(b"h")),
            ("aGk=", Some(b"hi")),
            ("aGkh", Some(b"hi!")),
            ("+/+/", Some(&[0xfb, 0xff, 0xbf])),
            // The last digit has bits beyond the last byte.
            ("aB==", Some(b"h")),
            ("a", None),
            ("aG k", None),
            ("-_-_", None),
            ("aA==aGk=", None),
        ] {
            assert_eq!(decoded(data).as_deref(), bytes, "{data}");
        }
        assert!(!decode("aGkh", |_| false));
        let long: Vec<u8> = (0..=255).cycle().take(3 * STEP + 1).collect();
        assert_eq!(decoded(&ENGINE.encode(&long)), Some(long));
    }
}
