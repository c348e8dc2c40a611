//! Texts as vectors, where a provider makes them: what all formats share.
//!
//! Never here: chats, or which model suits.

use crate::{Class, Failure};

/// Texts to be turned into vectors.
#[derive(Clone, Debug, Default)]
pub struct EmbedRequest {
    /// The provider's id for the model.
    pub model: String,
    /// The texts; never none.
    pub input: Vec<String>,
    /// How many numbers each vector is to have, if not the usual number.
    pub dimensions: Option<u32>,
}

/// A vector for each text, in their order, all of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// The vectors.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of all texts, if the provider says so.
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
            Class::Unavailable,
            "the provider's reply has not one vector for each text, all of one length",
        ));
    }
    Ok(Embeddings {
        vectors,
        input_tokens,
    })
}
