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
    memchr::arch::all::is_equal(one.as_bytes(), other.as_bytes())
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
