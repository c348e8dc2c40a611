//! OpenAI's two formats for chats, and what they share: embeddings, images, errors, rules and prices.
//!
//! Never here: retries, HTTP.

use crate::pieces::Pieces;

pub mod chat_completions;
mod embeddings;
pub(crate) mod errors;
mod images;
mod prices;
mod responses;
mod rules;
mod vendor;

pub use responses::{Perplexity, Responses};
pub(crate) use vendor::VENDOR;

/// The arguments of a call, or a piece of them. They should be a JSON string, but some services send the object itself.
pub(super) fn arguments(raw: Option<&str>, pieces: &mut Pieces) -> String {
    let Some(raw) = raw else {
        return String::new();
    };
    match pieces.next(raw) {
        Ok(text) => text.into_owned(),
        Err(_) => raw.to_owned(),
    }
}
