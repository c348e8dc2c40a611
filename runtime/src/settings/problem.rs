//! A setting that cannot be used.
//!
//! Never here: which settings there are.

use std::fmt;

/// A setting that cannot be used: where it is, what is wrong, how to fix it. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    place: String,
    what: String,
    fix: String,
}

impl Problem {
    /// `place` is a variable or a path in the configuration file.
    pub(super) fn new(place: &str, what: impl fmt::Display, fix: impl fmt::Display) -> Self {
        Problem {
            place: place.to_owned(),
            what: what.to_string(),
            fix: fix.to_string(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.place, self.what, self.fix)
    }
}

impl std::error::Error for Problem {}
