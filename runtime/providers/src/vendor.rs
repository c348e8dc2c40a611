//! What is known of a vendor of models, and how an id is compared with its families.
//!
//! Never here: the vendors themselves (each folder has its own, `vendors` the rest).

/// A company or project that makes models.
#[derive(Debug)]
pub struct Vendor {
    /// The id of the provider that is its own API; of the others, a word.
    pub id: &'static str,
    /// Its name in messages.
    pub name: &'static str,
    /// Other words for it in front of a model's name (`word/model`).
    pub(crate) words: &'static [&'static str],
    /// Beginnings of the ids of models that only its own API or a gateway has.
    pub(crate) closed: &'static [&'static str],
    /// The same for models that its own API has and others may have.
    pub(crate) open: &'static [&'static str],
    /// The same for models that only others run: it published their weights.
    pub(crate) apart: &'static [&'static str],
    /// Its own API is at one of these hosts, or below.
    pub(crate) domains: &'static [&'static str],
}

/// Where models of a family are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// At the vendor.
    Closed,
    /// At the vendor, and wherever else they run.
    Open,
    /// Wherever they run, and not at the vendor.
    Apart,
}

pub(crate) const NONE: Vendor = Vendor {
    id: "",
    name: "",
    words: &[],
    closed: &[],
    open: &[],
    apart: &[],
    domains: &[],
};

impl Vendor {
    /// The beginnings of its ids, by where such models are found.
    pub(crate) fn families(&self) -> [(&'static [&'static str], Weights); 3] {
        [
            (self.closed, Weights::Closed),
            (self.open, Weights::Open),
            (self.apart, Weights::Apart),
        ]
    }

    /// A model of its own of which nothing more is known.
    pub(crate) fn unknown_model(&'static self) -> (&'static Vendor, Weights) {
        let weights = match (self.closed, self.open) {
            ([_, ..], _) => Weights::Closed,
            ([], [_, ..]) => Weights::Open,
            ([], []) => Weights::Apart,
        };
        (self, weights)
    }
}

/// Whether an id in lower case begins so. A letter after a beginning that ends in a letter belongs to another word; `#` at
/// the end of a beginning stands for a digit from 1 to 9.
pub(crate) fn begins(id: &str, beginning: &str) -> bool {
    let (word, needs_digit) = match beginning.strip_suffix('#') {
        Some(word) => (word, true),
        None => (beginning, false),
    };
    // Most ids differ here.
    let Some(rest) = id.strip_prefix(word) else {
        return false;
    };
    match needs_digit {
        true => rest.starts_with(|c| matches!(c, '1'..='9')),
        false => !word.ends_with(char::is_alphabetic) || !rest.starts_with(char::is_alphabetic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_ends_where_a_word_ends() {
        for (id, beginning, expected) in [
            ("gpt-5", "gpt", true),
            ("gpt5", "gpt", true),
            ("gpt", "gpt", true),
            ("gpts", "gpt", false),
            ("gemma-x", "gemma-", true),
            ("o3-mini", "o#", true),
            ("o3", "o#", true),
            ("o0", "o#", false),
            ("omega", "o#", false),
            ("o", "o#", false),
        ] {
            assert_eq!(begins(id, beginning), expected, "{id} {beginning}");
        }
    }
}
