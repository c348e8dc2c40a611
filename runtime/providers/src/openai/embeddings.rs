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
    // One more than expected, so that a surplus is noticed.
    let vectors = read.data.read().take(texts + 1);
    let mut vectors = vectors.collect::<Result<Vec<One>, _>>()?;
    // Services that send no index keep the order.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use crate::openai::Responses;
    use crate::openai::chat_completions::{ChatCompletions, PLAIN};
    use crate::testing::{sent, two_texts};
    use crate::{Codec, Embeddings, ErrorKind};

    #[test]
    fn all_texts_are_sent_at_once() {
        let request = Responses.embed(&two_texts(None)).unwrap();
        let plain = json!({"model": "models/m", "input": ["a", "b"], "encoding_format": "float"});
        assert_eq!(sent(&request), ("/embeddings", plain));
        let request = PLAIN.embed(&two_texts(Some(8))).unwrap();
        assert_eq!(sent(&request).1["dimensions"], 8);
        let azure = ChatCompletions {
            model_in_path: true,
            ..PLAIN
        };
        let request = azure.embed(&two_texts(None)).unwrap();
        assert_eq!(request.path, "/deployments/models%2Fm/embeddings");
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
        assert_eq!(read(text, 2), Ok(both));
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
            assert_eq!(failure.class, ErrorKind::Unavailable, "{text}");
        }
    }
}
