//! Events of a stream that differ from the one before in nothing but a piece of text, as most do: they need not be read.
//!
//! Never here: what an event means.

/// The last event whose only news was a piece of text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeated {
    /// What stands in front of the text, its quote included.
    before: String,
    behind: String,
}

/// Longer events are few.
const LONGEST: usize = 1 << 10;

impl Repeated {
    /// Remembers an event. `text` is the part of it that its news is in, a JSON string; what else it says it may say again
    /// without effect.
    pub(super) fn remember(&mut self, event: &str, text: &str) {
        let start = text.as_ptr().addr().wrapping_sub(event.as_ptr().addr());
        let end = start.wrapping_add(text.len());
        let parts = (event.get(..=start), event.get(end.wrapping_sub(1)..));
        if let (Some(before), Some(behind)) = parts
            && event.len() <= LONGEST
        {
            self.before.clear();
            self.before.push_str(before);
            self.behind.clear();
            self.behind.push_str(behind);
        }
    }

    /// The piece of text, if that is all that is new in an event.
    pub(super) fn news<'e>(&self, event: &'e str) -> Option<&'e str> {
        if self.before.is_empty() {
            return None;
        }
        let end = event.len().checked_sub(self.behind.len())?;
        // Cut first, since both parts may not overlap.
        let text = event.get(self.before.len()..end)?;
        let is_same = event
            .get(..self.before.len())
            .is_some_and(|part| is_equal(part, &self.before))
            && event
                .get(end..)
                .is_some_and(|part| is_equal(part, &self.behind));
        if !is_same {
            return None;
        }
        // One with escapes has to be read, and where there is a quote, it may be something else.
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        text.bytes().all(is_plain).then_some(text)
    }
}

/// As `==`, which is a loop over bytes in musl.
fn is_equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let (Some(end), Some(other_end)) = (one.last_chunk(), other.last_chunk()) else {
        return one == other;
    };
    // The last words overlap the ones before.
    let words = one.as_chunks().0.iter().zip(other.as_chunks().0);
    let mut words = words.chain([(end, other_end)]);
    words.all(|(one, other)| u128::from_ne_bytes(*one) == u128::from_ne_bytes(*other))
}

/// A cache is no part of a value.
impl PartialEq for Repeated {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_means_each_byte() {
        for length in [0, 1, 15, 16, 17, 31, 32, 33, 50] {
            let one = "x".repeat(length);
            assert!(is_equal(&one, &"x".repeat(length)));
            assert!(!is_equal(&one, &"x".repeat(length + 1)));
            for place in 0..length {
                let mut other = one.clone();
                other.replace_range(place..=place, "y");
                assert!(!is_equal(&one, &other), "{length} {place}");
            }
        }
    }

    #[test]
    fn only_a_plain_text_in_the_same_place_is_news() {
        let event = r#"{"a":"","b":{"c":"\n"},"d":1}"#;
        let mut repeated = Repeated::default();
        assert_eq!(repeated.news(event), None);
        repeated.remember(event, &event[17..21]);
        for (text, news) in [
            ("größe", Some("größe")),
            ("", Some("")),
            (r"\n", None),
            (r#"","d":""#, None),
            ("\n", None),
        ] {
            let event = format!(r#"{{"a":"","b":{{"c":"{text}"}},"d":1}}"#);
            assert_eq!(repeated.news(&event), news, "{event}");
        }
        for other in [
            r#"{"a":"","b":{"c":"x"},"d":2}"#,
            r#"{"a":"1","b":{"c":"x"},"d":1}"#,
            r#"{"a":"","b":{"c":"},"d":1}"#,
            "",
        ] {
            assert_eq!(repeated.news(other), None, "{other}");
        }
        let long = format!("\"{}\"", "x".repeat(LONGEST));
        let mut repeated = Repeated::default();
        repeated.remember(&long, &long);
        assert_eq!(repeated.news("\"x\""), None);
    }
}
