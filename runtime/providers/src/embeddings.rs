//! Embeddings: what all formats share.
//!
//! Never here: chats, or the choice of a model.

use crate::{ErrorKind, Failure};

/// Texts to embed.
#[derive(Clone, Debug, Default)]
pub struct EmbedRequest {
    /// The provider's id for the model.
    pub model: String,
    /// At least one text.
    pub input: Vec<String>,
    /// The length of each vector; the model's default if none.
    pub dimensions: Option<u32>,
}

/// One vector for each text, in the same order, all of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of all texts together, if the provider reports them.
    pub input_tokens: Option<u64>,
}

pub(super) fn checked(
    vectors: Vec<Vec<f32>>,
    texts: usize,
    input_tokens: Option<u64>,
) -> Result<Embeddings, Failure> {
    let length = vectors.first().map_or(0, Vec::len);
    let is_whole =
        |vector: &Vec<f32>| vector.len() == length && vector.iter().all(|it| it.is_finite());
    if vectors.len() != texts || length == 0 || !vectors.iter().all(is_whole) {
        return Err(Failure::new(
            ErrorKind::Unavailable,
            "the provider's reply has not one vector for each text, all of one length",
        ));
    }
    Ok(Embeddings {
        vectors,
        input_tokens,
    })
}
