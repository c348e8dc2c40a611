//! Text that arrives in pieces, each a JSON string: an escaped emoji that was cut in two is put together again.
//!
//! Never here: which pieces belong together.

use std::borrow::Cow;

use crate::Failure;
use crate::json::{self, Bytes};

/// The pieces of one text. Half a surrogate pair at the end of a piece is held until the next one begins; a half that
/// nothing follows is dropped.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    /// The first half as bytes (WTF-8, which is what `serde_json` makes of it).
    half: Option<[u8; 3]>,
}

impl Pieces {
    /// The text of the next piece.
    ///
    /// # Errors
    /// As [`json::read`].
    pub(super) fn next<'a>(&mut self, raw: &'a str) -> Result<Cow<'a, str>, Failure> {
        match self.half {
            // The common case.
            None if let Some(text) = anygpt_core::json::string(raw) => Ok(text),
            _ => self.join(raw),
        }
    }

    /// The same, empty if it is no string.
    pub(super) fn text<'a>(&mut self, raw: Option<&'a str>) -> Cow<'a, str> {
        let text = raw.map(|raw| self.next(raw).unwrap_or_default());
        text.unwrap_or_default()
    }

    fn join<'a>(&mut self, raw: &'a str) -> Result<Cow<'a, str>, Failure> {
        let Bytes(piece) = json::read(raw)?;
        if piece.is_empty() {
            return Ok(Cow::Borrowed(""));
        }
        let mut bytes = match (self.half.take(), &piece[..]) {
            (None, _) => Vec::new(),
            (Some(high), [0xed, middle @ 0xb0..=0xbf, last, ..]) => {
                let low = u32::from(middle & 0x0f) << 6 | u32::from(last & 0x3f);
                let high = u32::from(high[1] & 0x0f) << 6 | u32::from(high[2] & 0x3f);
                let joined = char::from_u32(0x1_0000 + (high << 10 | low)).unwrap_or_default();
                let mut joined = joined.to_string().into_bytes();
                joined.extend_from_slice(&piece[3..]);
                return Ok(self.hold(joined));
            }
            (Some(half), _) => half.to_vec(),
        };
        bytes.extend_from_slice(&piece);
        Ok(self.hold(bytes))
    }

    /// The text of these bytes without a first half at their end.
    fn hold<'a>(&mut self, mut bytes: Vec<u8>) -> Cow<'a, str> {
        if let [.., 0xed, middle @ 0xa0..=0xaf, last] = bytes[..] {
            self.half = Some([0xed, middle, last]);
            bytes.truncate(bytes.len() - 3);
        }
        Cow::Owned(json::repaired(&bytes).into_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn joined(pieces: &[&str]) -> String {
        let mut all = Pieces::default();
        let texts = pieces.iter().map(|raw| all.next(raw).unwrap());
        texts.collect()
    }

    #[test]
    fn halves_of_a_pair_are_joined() {
        let smile = [r#""a \ud83d""#, r#""\ude00 b""#];
        assert_eq!(joined(&smile), "a 😀 b");
        assert_eq!(joined(&[smile[0], r#""""#, smile[1]]), "a 😀 b");
        assert_eq!(
            joined(&[r#""\ud83d""#, r#""\ude00\ud83d""#, r#""\ude01""#]),
            "😀😁"
        );
        assert_eq!(joined(&[r#""\udbff""#, r#""\udfff""#]), "\u{10ffff}");
        // A half without the other one.
        assert_eq!(joined(&[r#""a\ud83d""#, r#""b""#]), "a\u{fffd}b");
        assert_eq!(
            joined(&[r#""\ud83d""#, r#""\ud83d""#, r#""\ude00""#]),
            "\u{fffd}😀"
        );
        assert_eq!(joined(&[r#""\ude00 \ud83d x""#]), "\u{fffd} \u{fffd} x");
        assert_eq!(joined(&[r#""a\ud83d""#]), "a");
        assert!(Pieces::default().next("1").is_err());
        assert_eq!(Pieces::default().text(Some("1")), "");
    }
}
