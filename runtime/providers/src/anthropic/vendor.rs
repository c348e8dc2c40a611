//! Which model ids are Anthropic's, and where its API is.
//!
//! Never here: what a model accepts (`rules`).

use crate::vendor::{NONE, Vendor};

pub(crate) static VENDOR: Vendor = Vendor {
    id: "anthropic",
    name: "Anthropic",
    words: &["claude"],
    closed: &["claude", "sonnet", "opus", "haiku"],
    domains: &["anthropic.com"],
    ..NONE
};
