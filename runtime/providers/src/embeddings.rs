//! Texts as vectors, where a provider makes them.
//!
//! Never here: chats, or which model suits.

use serde::{Deserialize, Serialize};

use super::anthropic::Messages;
use super::chat_completions::ChatCompletions;
use super::google::{self, GenerateContent};
use super::json::{self, Lenient};
use super::openai::Responses;
use super::{Class, Failure, Request, request};

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

/// A format that may have embeddings.
pub trait Embed {
    /// The request, if the format has them.
    fn embed(&self, _request: &EmbedRequest) -> Option<Request> {
        None
    }

    /// Reads the reply for so many texts.
    ///
    /// # Errors
    /// `Unavailable` if it has not one vector for each, all of one length.
    fn embeddings(&self, body: &[u8], texts: usize) -> Result<Embeddings, Failure> {
        openai_embeddings(body, texts)
    }
}

impl Embed for Messages {}

impl Embed for Responses {
    fn embed(&self, embed: &EmbedRequest) -> Option<Request> {
        Some(openai_embed("/embeddings".into(), embed))
    }
}

impl Embed for ChatCompletions {
    fn embed(&self, embed: &EmbedRequest) -> Option<Request> {
        let path = self.path_for(&embed.model, "/embeddings");
        Some(openai_embed(path, embed))
    }
}

impl Embed for GenerateContent {
    fn embed(&self, embed: &EmbedRequest) -> Option<Request> {
        let id = google::bare_id(&embed.model);
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
        let id = request::percent_encoded(id);
        Some(request::post(
            format!("/v1beta/models/{id}:batchEmbedContents"),
            &body,
        ))
    }

    fn embeddings(&self, body: &[u8], texts: usize) -> Result<Embeddings, Failure> {
        let body = String::from_utf8_lossy(body);
        let read: Batch<'_> = json::read(&body)?;
        // One too many shows.
        let vectors = read.embeddings.read().take(texts + 1);
        let vectors = vectors.map(|one| one.map(|one: Values| one.values));
        checked(
            vectors.collect::<Result<_, _>>()?,
            texts,
            read.usage_metadata.prompt_token_count.0,
        )
    }
}

fn openai_embed(path: String, embed: &EmbedRequest) -> Request {
    let body = EmbedBody {
        model: &embed.model,
        input: &embed.input,
        dimensions: embed.dimensions,
        encoding_format: "float",
    };
    request::post(path, &body)
}

fn openai_embeddings(body: &[u8], texts: usize) -> Result<Embeddings, Failure> {
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

fn checked(
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

#[derive(Serialize)]
struct EmbedBody<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    encoding_format: &'a str,
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
    use serde_json::{Value, json};

    use super::super::chat_completions::PLAIN;
    use super::*;

    fn sent(codec: &dyn Embed, dimensions: Option<u32>) -> (String, Value) {
        let embed = EmbedRequest {
            model: "models/m".into(),
            input: vec!["a".into(), "b".into()],
            dimensions,
        };
        let request = codec.embed(&embed).unwrap();
        (request.path, serde_json::from_slice(&request.body).unwrap())
    }

    #[test]
    fn each_format_asks_for_all_texts_at_once() {
        let plain = json!({"model": "models/m", "input": ["a", "b"], "encoding_format": "float"});
        assert_eq!(sent(&Responses, None), ("/embeddings".into(), plain));
        assert_eq!(sent(&PLAIN, Some(8)).1["dimensions"], 8);
        let azure = ChatCompletions {
            model_in_path: true,
            ..PLAIN
        };
        assert_eq!(sent(&azure, None).0, "/deployments/models%2Fm/embeddings");
        let (path, body) = sent(&GenerateContent, Some(8));
        assert_eq!(path, "/v1beta/models/m:batchEmbedContents");
        let one = |text| json!({"model": "models/m", "content": {"parts": [{"text": text}]}, "outputDimensionality": 8});
        assert_eq!(body, json!({"requests": [one("a"), one("b")]}));
        assert!(Messages.embed(&EmbedRequest::default()).is_none());
    }

    #[test]
    fn vectors_come_in_the_order_of_the_texts_or_not_at_all() {
        let read = |text: &str, texts| PLAIN.embeddings(text.as_bytes(), texts);
        let both = Embeddings {
            vectors: vec![vec![0.5, 1.0], vec![-2.0, 3e-8]],
            input_tokens: Some(4),
        };
        let text = r#"{"data":[{"index":1,"embedding":[-2,3e-8]},{"index":0,"embedding":[0.5,1]}],
            "usage":{"prompt_tokens":4,"total_tokens":5}}"#;
        assert_eq!(read(text, 2), Ok(both.clone()));
        let google = br#"{"embeddings":[{"values":[0.5,1]},{"values":[-2,3e-8]}],"usageMetadata":{"promptTokenCount":4}}"#;
        assert_eq!(GenerateContent.embeddings(google, 2), Ok(both));
        for (text, texts) in [
            (text, 1),
            (text, 3),
            (r#"{"data":[{"embedding":[]}]}"#, 1),
            (r#"{"data":[{"embedding":[1]},{"embedding":[1,2]}]}"#, 2),
            (r#"{"data":[{"embedding":[1e99]}]}"#, 1),
            (r#"{"data":[{"embedding":"AAAA"}]}"#, 1),
            ("{}", 1),
            ("<html>", 1),
        ] {
            let failure = read(text, texts).unwrap_err();
            assert_eq!(failure.class, Class::Unavailable, "{text}");
        }
    }
}
