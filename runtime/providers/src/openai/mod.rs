//! OpenAI's two formats for chats, and what they share: embeddings, images, and errors.
//!
//! Never here: retries, HTTP.

use crate::pieces::Pieces;

pub mod chat_completions;
mod embeddings;
pub(crate) mod errors;
mod images;
mod responses;
mod vendor;

pub use responses::{Perplexity, Responses};
pub(crate) use vendor::VENDOR;

/// The most tokens of a picture: one for each square of 32 pixels, and a larger picture is refused
/// (<https://developers.openai.com/api/docs/guides/images-vision>).
fn most_image_tokens(size: Option<(usize, usize)>) -> u64 {
    const MOST: u64 = 30_000;
    size.map_or(MOST, |(width, height)| {
        let patches = width.div_ceil(32).saturating_mul(height.div_ceil(32));
        (patches as u64).min(MOST)
    })
}

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
