//! Embeddings: what all formats share.
//!
//! Never here: chats, or the choice of a model.

use crate::{Embeddings, ErrorKind, Failure};

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
