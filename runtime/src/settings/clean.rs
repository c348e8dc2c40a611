//! What stands around a value and does not belong to it: blanks, a byte order mark, a pair of quotes, a comment.
//! `docker run --env-file` keeps all of them, and people copy them.
//!
//! Never here: what a value means.

use crate::characters::is_invisible;

/// What may stand in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Words, numbers, names, URLs and lists of them: nothing that has a `#` after a blank.
    Words,
    /// Anything, as in the value of a header.
    Text,
}

/// A value without what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cleaned<'v> {
    pub(super) value: &'v str,
    /// What was taken off, for people; line ends are not worth a word.
    pub(super) removed: Vec<&'static str>,
}

pub(super) const BLANKS: &str = "blanks";

const QUOTES: [(char, char); 5] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’')];

/// Takes off what cannot belong to the value. Nothing is copied: it may be a secret.
pub(super) fn cleaned(text: &str, form: Form) -> Cleaned<'_> {
    let mut removed = Vec::new();
    let mut value = trimmed(text, &mut removed);
    match quoted(value) {
        Some((inside, rest)) if is_ignorable(rest, form) => {
            removed.push("a pair of quotes");
            if !rest.is_empty() {
                removed.push("a comment");
            }
            value = trimmed(inside, &mut removed);
        }
        _ => {
            if let Some(start) = comment(value).filter(|_| form == Form::Words) {
                removed.push("a comment");
                value = value[..start].trim_end();
            }
        }
    }
    removed.dedup();
    Cleaned { value, removed }
}

/// Without blanks and marks at both ends.
fn trimmed<'v>(text: &'v str, removed: &mut Vec<&'static str>) -> &'v str {
    let is_nothing = |c: char| c.is_whitespace() || is_invisible(c);
    let from_start = text.trim_start_matches(is_nothing);
    let value = from_start.trim_end_matches(is_nothing);
    if value.is_empty() {
        return value;
    }
    let before = &text[..text.len() - from_start.len()];
    let after = &from_start[value.len()..];
    let has = |wanted: &dyn Fn(char) -> bool| before.contains(wanted) || after.contains(wanted);
    if has(&is_invisible) {
        removed.push("a byte order mark");
    } else if has(&|c| !matches!(c, '\r' | '\n')) {
        removed.push(BLANKS);
    }
    value
}

/// What stands inside of quotes at the beginning, and what follows them.
fn quoted(value: &str) -> Option<(&str, &str)> {
    let (open, close) = QUOTES.iter().find(|(open, _)| value.starts_with(*open))?;
    let (inside, rest) = value[open.len_utf8()..].split_once(*close)?;
    Some((inside, rest.trim_start()))
}

/// Whether what follows a pair of quotes is nothing, a comment, or what JSON and shells have there.
fn is_ignorable(rest: &str, form: Form) -> bool {
    rest.is_empty() || form == Form::Words && (rest.starts_with('#') || [",", ";"].contains(&rest))
}

/// Where a comment begins: a `#` at the beginning or after a blank.
fn comment(value: &str) -> Option<usize> {
    let mut places = value.match_indices('#').map(|(place, _)| place);
    places.find(|&place| place == 0 || value[..place].ends_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_value_is_taken_off() {
        for (text, value, removed) in [
            ("info", "info", &[][..]),
            ("info\r\n", "info", &[]),
            (" info\t", "info", &["blanks"]),
            ("\u{feff}info\r\n", "info", &["a byte order mark"]),
            ("\"info\"", "info", &["a pair of quotes"]),
            ("'info'\n", "info", &["a pair of quotes"]),
            ("`info`", "info", &["a pair of quotes"]),
            ("“info”", "info", &["a pair of quotes"]),
            ("‘info’", "info", &["a pair of quotes"]),
            ("\" info \"", "info", &["a pair of quotes", "blanks"]),
            ("info # mine", "info", &["a comment"]),
            ("info\t#mine", "info", &["a comment"]),
            (
                "\"info\" # \"mine\"",
                "info",
                &["a pair of quotes", "a comment"],
            ),
            ("'info'#mine", "info", &["a pair of quotes", "a comment"]),
            ("\"a # b\"", "a # b", &["a pair of quotes"]),
            ("# mine", "", &["a comment"]),
            ("\"\"", "", &["a pair of quotes"]),
            ("", "", &[]),
            (" \u{feff} ", "", &[]),
            // What is no pair, and what is no comment, stays.
            ("\"info", "\"info", &[]),
            ("info\"", "info\"", &[]),
            ("\"info'", "\"info'", &[]),
            ("\"a\", \"b\"", "\"a\", \"b\"", &[]),
            ("http://a/b#c", "http://a/b#c", &[]),
            ("#a", "", &["a comment"]),
        ] {
            let cleaned = cleaned(text, Form::Words);
            assert_eq!(
                (cleaned.value, &*cleaned.removed),
                (value, removed),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_text_may_hold_what_looks_like_a_comment() {
        for (text, value) in [
            ("X-Team: a #1", "X-Team: a #1"),
            ("# a", "# a"),
            ("\"X-Team: a #1\"\n", "X-Team: a #1"),
            ("\"a\" # b", "\"a\" # b"),
        ] {
            assert_eq!(cleaned(text, Form::Text).value, value, "{text:?}");
        }
    }
}
