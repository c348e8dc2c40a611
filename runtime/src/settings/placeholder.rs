//! Values that mean "not set".
//!
//! Never here: examples of keys, which count as set where no key is needed (`key`).

use std::fmt;

/// Why a value means "not set". Its text is a sentence without a full stop, about "it".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotSet {
    Empty,
    Example,
    Template,
    Reference,
    /// The variable of this name, which it names, is not set.
    Variable(String),
    Other(&'static str),
}

impl fmt::Display for NotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotSet::Empty => "it is empty",
            NotSet::Example => "it is text copied from an example",
            NotSet::Template => "it is a template that was not filled in",
            NotSet::Reference => "it is a secret reference that was not resolved",
            NotSet::Variable(name) => return write!(f, "the variable {name} is not set"),
            NotSet::Other(why) => why,
        })
    }
}

/// Why a trimmed value means "not set", if it does. All of these have been seen in the wild: written
/// by a gateway for a secret it does not have, by a template that was not filled in, or copied from
/// an example.
pub(super) fn placeholder(value: &str) -> Option<NotSet> {
    // No copy in lower case: it may be a secret.
    let is = |part: Option<&str>, word: &str| part.is_some_and(|it| it.eq_ignore_ascii_case(word));
    let ends = |word: &str| {
        let start = value.len().checked_sub(word.len());
        is(start.and_then(|start| value.get(start..)), word)
    };
    template(value).or_else(|| {
        let is_copied = is(value.get(..5), "your_") || ends("_here") || is(Some(value), "changeme");
        is_copied.then_some(NotSet::Example)
    })
}

/// The same for what a program should have filled in: no value of anything.
pub(super) fn template(value: &str) -> Option<NotSet> {
    let begins = |word: &str| {
        let start = value.get(..word.len());
        start.is_some_and(|it| it.eq_ignore_ascii_case(word))
    };
    if value.is_empty() {
        Some(NotSet::Empty)
    } else if value.starts_with('<') && value.ends_with('>') {
        Some(NotSet::Other("it is a placeholder in angle brackets"))
    } else if begins("se://") {
        Some(NotSet::Reference)
    } else if value.starts_with("%!") {
        Some(NotSet::Other(
            "it is a formatting error of the program that set it",
        ))
    } else if (value.starts_with("{{") && value.ends_with("}}"))
        || (value.starts_with("${") && value.ends_with('}'))
    {
        Some(NotSet::Template)
    } else if ["null", "undefined"]
        .iter()
        .any(|it| value.eq_ignore_ascii_case(it))
    {
        Some(NotSet::Other("it is a word for nothing"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_the_wild_count_as_unset() {
        for value in [
            "",
            "<UNKNOWN>",
            "<OPENAI_API_KEY>",
            "se://docker/mcp/openai.api_key",
            "%!s(<nil>)",
            "{{anygpt.key}}",
            "${OPENAI_API_KEY}",
            "null",
            "Undefined",
            "changeme",
            "your_api_key",
            "YOUR_KEY",
            "sk_goes_here",
        ] {
            assert!(placeholder(value).is_some(), "{value}");
        }
        for value in [
            "test",
            "sk-...",
            "sk-proj-abc",
            "AIza123",
            "nullable",
            "a<b>",
        ] {
            assert_eq!(placeholder(value), None, "{value}");
        }
    }
}
