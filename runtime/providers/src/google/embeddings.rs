//! Embeddings of the Gemini API.
//!
//! Never here: chats.

use serde::{Deserialize, Serialize};

use super::bare_id;
use crate::embeddings::checked;
use crate::http_request;
use crate::json::{self, Lenient};
use crate::{EmbedRequest, Embeddings, Failure, Request};

pub(super) fn request(embed: &EmbedRequest) -> Option<Request> {
    let id = bare_id(&embed.model);
    let model = format!("models/{id}");
    let requests = embed.input.iter().map(|text| OneBody {
        model: &model,
        content: ContentBody {
            parts: [PartBody { text }],
        },
        output_dimensionality: embed.dimensions,
    });
    let body = BatchBody {
        requests: requests.collect(),
    };
    let id = http_request::percent_encoded(id);
    Some(http_request::post(
        format!("/v1beta/models/{id}:batchEmbedContents"),
        &body,
    ))
}

pub(super) fn read(body: &[u8], texts: usize) -> Result<Embeddings, Failure> {
    let body = String::from_utf8_lossy(body);
    let read: Batch<'_> = json::read(&body)?;
    // One more than expected, so that a surplus is noticed.
    let vectors = read.embeddings.read().take(texts + 1);
    let vectors = vectors.map(|one| one.map(|one: Values| one.values));
    checked(
        vectors.collect::<Result<_, _>>()?,
        texts,
        read.usage_metadata.prompt_token_count.0,
    )
}

#[derive(Serialize)]
struct BatchBody<'a> {
    requests: Vec<OneBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneBody<'a> {
    model: &'a str,
    content: ContentBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u32>,
}

#[derive(Serialize)]
struct ContentBody<'a> {
    parts: [PartBody<'a>; 1],
}

#[derive(Serialize)]
struct PartBody<'a> {
    text: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch<'a> {
    #[serde(borrow)]
    embeddings: json::List<'a>,
    #[serde(default)]
    usage_metadata: UsageMetadata,
}

#[derive(Deserialize)]
struct Values {
    values: Vec<f32>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct UsageMetadata {
    prompt_token_count: Lenient<u64>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use crate::google::GenerateContent;
    use crate::testing::{sent, two_texts};
    use crate::{Codec, Embeddings};

    #[test]
    fn all_texts_are_sent_at_once() {
        let request = GenerateContent.embed(&two_texts(Some(8))).unwrap();
        let (path, body) = sent(&request);
        assert_eq!(path, "/v1beta/models/m:batchEmbedContents");
        let one = |text| json!({"model": "models/m", "content": {"parts": [{"text": text}]}, "outputDimensionality": 8});
        assert_eq!(body, json!({"requests": [one("a"), one("b")]}));
    }

    #[test]
    fn vectors_come_in_the_order_of_the_texts() {
        let reply = br#"{"embeddings":[{"values":[0.5,1]},{"values":[-2,3e-8]}],"usageMetadata":{"promptTokenCount":4}}"#;
        let both = Embeddings {
            vectors: vec![vec![0.5, 1.0], vec![-2.0, 3e-8]],
            input_tokens: Some(4),
        };
        assert_eq!(GenerateContent.embeddings(reply, 2), Ok(both));
    }
}
