//! What an id says: the maker's line, its class words, its version and its date.
//!
//! Never here: whose ids they are (`vendors`), or what a model can do.

use std::cmp::Reverse;

/// The parts of an id: of `claude-opus-4-5-20251101` the line `claude`, the class `opus`, the version 4.5 and the date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name<'i> {
    pub(crate) line: &'i str,
    /// Words that make it another product: `sonnet`, `flash`, `mini`, `pro`. In the order of the id.
    pub(crate) classes: Vec<&'i str>,
    pub(crate) version: Vec<u32>,
    /// Of a snapshot, as digits: 20251101, 613, 2411.
    pub(crate) date: u32,
    pub(crate) is_preview: bool,
}

impl<'i> Name<'i> {
    /// Of an id in lower case, without what stands in front of a slash or behind a colon.
    pub(crate) fn of(id: &'i str) -> Self {
        let mut name = Name::default();
        // A year was read, so that a month and a day may follow.
        let mut of_date = 0;
        for token in id.split(['-', '_', ' ']).filter(|token| !token.is_empty()) {
            let is_number = token.bytes().all(|byte| byte.is_ascii_digit());
            match token.len() {
                2 if is_number && of_date > 0 => {
                    name.date = name.date * 100 + number(token);
                    of_date -= 1;
                    continue;
                }
                // A revision: `-001`.
                3 if is_number => {}
                4.. if is_number => {
                    name.date = number(token);
                    let is_year = token.len() == 4 && token.starts_with("20");
                    of_date = if is_year { 2 } else { 0 };
                }
                _ if UNSETTLED.contains(&token) => name.is_preview = true,
                _ if token == "latest" => {}
                _ => name.word(token),
            }
        }
        name
    }

    /// `sonnet`, `5`, `5.6`, `4o`, `o3`, `k2.5` or `120b`.
    fn word(&mut self, token: &'i str) {
        let letters = token.find(|c: char| c.is_ascii_digit());
        let (front, rest) = token.split_at(letters.unwrap_or(token.len()));
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (version, back) = rest.split_at(digits.unwrap_or(rest.len()));
        // A size.
        if front.is_empty() && ["b", "k", "m"].contains(&back) {
            return self.classes.push(token);
        }
        let numbers = version.split('.').filter(|part| !part.is_empty());
        self.version.extend(numbers.map(number));
        // The letter of `v4` and `k3` says nothing more.
        let is_mark = self.line.is_empty() || front.len() > 1 || version.is_empty();
        for part in [front, back] {
            match part {
                "" => {}
                _ if self.line.is_empty() => self.line = part,
                _ if is_mark || part == back => self.classes.push(part),
                _ => {}
            }
        }
    }

    /// Whether both have the same line and class.
    pub(crate) fn is_sibling(&self, other: &Name<'_>) -> bool {
        self.line == other.line
            && self.classes.len() == other.classes.len()
            && self
                .classes
                .iter()
                .all(|class| other.classes.contains(class))
    }

    /// Greater for what is newer: by version, then by date; of equals a preview is the older one.
    pub(crate) fn age(&self) -> (&[u32], u32, Reverse<bool>) {
        (&self.version, self.date, Reverse(self.is_preview))
    }
}

/// Words in ids that change their meaning or are withdrawn early.
const UNSETTLED: &[&str] = &["preview", "exp", "experimental", "alpha", "beta"];

/// The largest number for what is larger.
fn number(digits: &str) -> u32 {
    digits.parse().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_ids() {
        for (id, line, classes, version, date) in [
            ("gpt-5.6-terra", "gpt", "terra", &[5, 6][..], 0),
            ("gpt-5", "gpt", "", &[5], 0),
            ("gpt-4o-mini-2024-07-18", "gpt", "o mini", &[4], 20_240_718),
            ("gpt-4-0613", "gpt", "", &[4], 613),
            ("o3-mini", "o", "mini", &[3], 0),
            (
                "claude-opus-4-5-20251101",
                "claude",
                "opus",
                &[4, 5],
                20_251_101,
            ),
            ("claude-3.5-sonnet", "claude", "sonnet", &[3, 5], 0),
            ("gemini-3.1-pro-preview", "gemini", "pro", &[3, 1], 0),
            (
                "gemini-2.5-flash-lite-001",
                "gemini",
                "flash lite",
                &[2, 5],
                0,
            ),
            ("gemini-flash-latest", "gemini", "flash", &[], 0),
            ("kimi-k2.5", "kimi", "", &[2, 5], 0),
            ("deepseek-v4-pro", "deepseek", "pro", &[4], 0),
            ("mistral-large-2411", "mistral", "large", &[], 2411),
            ("grok-4-fast-reasoning", "grok", "fast reasoning", &[4], 0),
            ("gpt-oss-120b", "gpt", "oss 120b", &[], 0),
            ("", "", "", &[], 0),
            ("---", "", "", &[], 0),
            ("99999999999", "", "", &[], u32::MAX),
        ] {
            let name = Name::of(id);
            let found = (
                name.line,
                name.classes.join(" "),
                &name.version[..],
                name.date,
            );
            assert_eq!(found, (line, classes.to_owned(), version, date), "{id}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers_then_dates_and_previews_last() {
        let ascending = [
            "gemini-3.9-pro",
            "gemini-3.10-pro-preview",
            "gemini-3.10-pro",
            "gemini-3.10-pro-20260101",
            "gemini-4-pro",
            "gemini-4.1-pro",
        ];
        for pair in ascending.windows(2) {
            assert!(
                Name::of(pair[0]).age() < Name::of(pair[1]).age(),
                "{pair:?}"
            );
        }
        let sibling = |one, other| Name::of(one).is_sibling(&Name::of(other));
        assert!(sibling("claude-sonnet-5-5", "claude-4.5-sonnet-latest"));
        assert!(!sibling("gpt-5", "gpt-5-mini") && !sibling("gpt-5-pro", "gpt-5-mini"));
    }
}
