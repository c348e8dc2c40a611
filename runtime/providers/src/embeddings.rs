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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Codec;
    use crate::anthropic::Messages;
    use crate::google::GenerateContent;
    use crate::openai::Responses;
    use crate::openai::chat_completions::{ChatCompletions, PLAIN};

    fn sent(codec: &dyn Codec, dimensions: Option<u32>) -> (String, Value) {
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
