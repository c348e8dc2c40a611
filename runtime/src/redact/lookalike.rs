//! Text that looks like a key, whether it is configured or not.
//!
//! Never here: configured keys.

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::{Input, MatchKind, automaton::Automaton as _, nfa::contiguous::NFA};
use anygpt_providers::presets;

use super::{REDACTED, forms::automaton};
use crate::settings::has_shape_of_key;

/// What a key begins with, whoever's it is, and what stands in front of one in a header.
pub(super) fn prefixes() -> impl Iterator<Item = &'static str> {
    let keys = presets::key_prefixes().map(|prefix| prefix.text);
    keys.chain(["Bearer ", "bearer "])
}

/// Bytes of a look-alike after its prefix, at least.
pub(super) const TAIL: usize = 8;

/// Bytes of the shortest look-alike. Names in the log are mostly shorter.
pub(super) const SHORTEST: usize = 3 + TAIL;

/// A text that repeats an argument or an option of the caller, without anything that looks like a key or has the shape of
/// one: a key may have been put into the wrong place. Not for providers' messages, whose request ids have such a shape.
pub(crate) fn redact_caller_text(text: &str) -> Cow<'_, str> {
    match without_lookalikes(text) {
        Cow::Borrowed(text) => without_shapes(text),
        Cow::Owned(text) => Cow::Owned(without_shapes(&text).into_owned()),
    }
}

/// A text without what has the prefix of a key, and enough after it.
pub(super) fn without_lookalikes(text: &str) -> Cow<'_, str> {
    if text.len() < SHORTEST {
        return Cow::Borrowed(text);
    }
    let is_key =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=');
    let mut clean = String::new();
    let mut from = 0;
    while let Some((start, end)) = next_prefix(text, from) {
        let inside_word = text[from..start].ends_with(|c: char| c.is_ascii_alphanumeric());
        let tail = if inside_word {
            0
        } else {
            let rest = &text[end..];
            rest.find(|c| !is_key(c) && c != '*').unwrap_or(rest.len())
        };
        clean.push_str(&text[from..start]);
        from = end + tail;
        clean.push_str(match tail >= TAIL {
            true => REDACTED,
            false => &text[start..from],
        });
    }
    if clean.is_empty() {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[from..]);
    Cow::Owned(clean)
}

fn without_shapes(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut from = 0;
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if has_shape_of_key(part) {
            let start = part.as_ptr() as usize - text.as_ptr() as usize;
            clean.push_str(&text[from..start]);
            clean.push_str(REDACTED);
            from = start + part.len();
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[from..]);
    Cow::Owned(clean)
}

/// Where the next of [`prefixes`] begins and ends, from a place on: the one that ends first, and of several that end there
/// the longest.
fn next_prefix(text: &str, from: usize) -> Option<(usize, usize)> {
    static SEARCH: LazyLock<NFA> = LazyLock::new(|| automaton(MatchKind::Standard, prefixes()));
    // Only an anchored search can fail.
    let found = SEARCH.try_find(&Input::new(text).range(from..)).ok()??;
    Some((found.start(), found.end()))
}
