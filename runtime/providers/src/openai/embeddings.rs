//! OpenAI's embeddings, which other services have copied.
//!
//! Never here: chats.

use serde::{Deserialize, Serialize};

use crate::embeddings::checked;
use crate::http_request;
use crate::json::{self, Lenient};
use crate::{EmbedRequest, Embeddings, Failure, Request};

pub(super) fn request(path: String, embed: &EmbedRequest) -> Request {
    let body = EmbedBody {
        model: &embed.model,
        input: &embed.input,
        dimensions: embed.dimensions,
        encoding_format: "float",
    };
    http_request::post(path, &body)
}

pub(super) fn read(body: &[u8], texts: usize) -> Result<Embeddings, Failure> {
    let body = String::from_utf8_lossy(body);
    let read: List<'_> = json::read(&body)?;
    // One too many shows.
    let vectors = read.data.read().take(texts + 1);
    let mut vectors = vectors.collect::<Result<Vec<One>, _>>()?;
    // Who leaves the index out keeps the order.
    vectors.sort_by_key(|one| one.index.0);
    let vectors = vectors.into_iter().map(|one| one.embedding).collect();
    let usage = read.usage;
    checked(
        vectors,
        texts,
        usage.prompt_tokens.0.or(usage.total_tokens.0),
    )
}

#[derive(Serialize)]
struct EmbedBody<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    encoding_format: &'a str,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: json::List<'a>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    index: Lenient<u64>,
    embedding: Vec<f32>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Usage {
    prompt_tokens: Lenient<u64>,
    total_tokens: Lenient<u64>,
}
