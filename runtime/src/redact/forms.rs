//! Whole keys, in each form in which they may appear, replaced in one pass over a text.
//!
//! Never here: which forms a key has, or parts of keys (`outside`).

use std::{borrow::Cow, fmt, sync::OnceLock};

use aho_corasick::{Input, MatchKind, automaton::Automaton as _, nfa::contiguous::NFA};

use super::{LONG, REDACTED};
use crate::settings::Secret;

/// The forms of all keys. Where several begin at the same place, the longest is replaced: a key may be the beginning of
/// another one.
#[derive(Default)]
pub(super) struct Forms {
    texts: Vec<Secret>,
    /// Built for the first text, so that it does not slow down the start. It cannot be overwritten when it is dropped, but
    /// a redactor lives as long as the process.
    search: OnceLock<NFA>,
}

impl Forms {
    pub(super) fn new(texts: Vec<Secret>) -> Self {
        Forms {
            texts,
            search: OnceLock::new(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(Secret::expose)
    }

    /// The text with [`REDACTED`] in place of each form.
    pub(super) fn replace<'t>(&self, text: &'t str) -> Cow<'t, str> {
        // No form is shorter.
        if self.texts.is_empty() || text.len() < LONG {
            return Cow::Borrowed(text);
        }
        let search = self
            .search
            .get_or_init(|| automaton(MatchKind::LeftmostLongest, self.iter()));
        let mut clean = String::new();
        let mut from = 0;
        let all = search.try_find_iter(Input::new(text));
        // Only an anchored search can fail.
        for found in all.into_iter().flatten() {
            clean.push_str(&text[from..found.start()]);
            clean.push_str(REDACTED);
            from = found.end();
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(&text[from..]);
        Cow::Owned(clean)
    }
}

impl fmt::Debug for Forms {
    /// An automaton would print what it searches for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.texts).finish()
    }
}

/// A search for these texts. The contiguous form takes a tenth of the memory of the table that is built by default, whose code
/// is not even linked.
#[expect(
    clippy::expect_used,
    reason = "it fails for more than 2^31 states, which no settings have room for"
)]
pub(super) fn automaton<'a>(kind: MatchKind, texts: impl Iterator<Item = &'a str>) -> NFA {
    NFA::builder()
        .match_kind(kind)
        .build(texts)
        .expect("fewer states than an automaton can have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_std_finds() {
        let keys = [
            "sk-abcdefgh-ijklmnop",
            "abababab",
            "geheim\u{e9}\u{e9}",
            &"x".repeat(300),
        ];
        let all: Vec<Secret> = keys.iter().map(|key| Secret::new(*key)).collect();
        let pieces = [
            "a",
            "b",
            "ab",
            "sk-",
            "sk-abcdefgh",
            "-ijklmnop",
            "é",
            "geheim",
            " ",
            "xxx",
        ];
        for count in 1..=keys.len() {
            let keys = &all[..count];
            let forms = Forms::new(keys.to_vec());
            let mut random = fastrand::Rng::with_seed(7);
            for _ in 0..20_000 {
                let mut text = String::new();
                for _ in 0..random.usize(0..12) {
                    match random.usize(0..20) {
                        0 => text.push_str(random.choice(keys).map_or("", Secret::expose)),
                        _ => text.push_str(random.choice(pieces).unwrap_or_default()),
                    }
                }
                // No key here overlaps another one, so that the order makes no difference.
                let mut expected = text.clone();
                for key in keys {
                    expected = expected.replace(key.expose(), REDACTED);
                }
                assert_eq!(forms.replace(&text), expected, "{text}");
            }
        }
        assert_eq!(Forms::new(Vec::new()).replace("any text"), "any text");
    }
}
