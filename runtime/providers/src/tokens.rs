//! Counting the tokens of a conversation before it is sent: what all formats share.
//!
//! Never here: estimates.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{self, Lenient};
use crate::{Class, Failure};

/// Those members of a body that say what is counted.
pub(super) fn only<'b>(
    body: &'b [u8],
    members: &[&str],
) -> Option<BTreeMap<&'b str, &'b RawValue>> {
    let mut all: BTreeMap<&str, &RawValue> = serde_json::from_slice(body).ok()?;
    all.retain(|name, _| members.contains(name));
    Some(all)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    #[serde(default, rename = "input_tokens")]
    input_tokens: Lenient<u64>,
    #[serde(default)]
    total_tokens: Lenient<u64>,
}

/// Reads a count, in whichever format.
///
/// # Errors
/// `Unavailable` if there is none.
pub fn read_count(body: &[u8]) -> Result<u64, Failure> {
    let counted: Counted = json::read(&String::from_utf8_lossy(body))?;
    let count = counted.input_tokens.0.or(counted.total_tokens.0);
    count.ok_or_else(|| {
        Failure::new(
            Class::Unavailable,
            "the provider's reply has no token count",
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::anthropic::Messages;
    use crate::google::GenerateContent;
    use crate::openai::Responses;
    use crate::openai::chat_completions::PLAIN;
    use crate::{ChatRequest, Codec, Message, Role};

    fn chat(model: &str) -> ChatRequest {
        ChatRequest {
            model: model.into(),
            messages: vec![
                Message::text(Role::System, "Be brief."),
                Message::text(Role::User, "Hello"),
            ]
            .into(),
            temperature: Some(0.5),
            max_tokens: Some(7),
            ..ChatRequest::default()
        }
    }

    fn counting(codec: &dyn Codec, model: &str) -> (String, Value) {
        let request = codec.count_tokens(&chat(model)).unwrap();
        (request.path, serde_json::from_slice(&request.body).unwrap())
    }

    #[test]
    fn what_is_counted_is_what_would_be_sent_less_what_steers_the_answer() {
        let (path, body) = counting(&Messages, "claude-x");
        assert_eq!(path, "/v1/messages/count_tokens");
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["messages", "model", "system"]);
        let request = Messages.count_tokens(&chat("claude-x")).unwrap();
        assert!(
            request
                .headers
                .iter()
                .any(|(name, _)| name == "anthropic-version")
        );

        let (path, body) = counting(&Responses, "gpt-x");
        assert_eq!(path, "/responses/input_tokens");
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["input", "model"]);

        let (path, body) = counting(&GenerateContent, "models/gemini-x/..");
        assert_eq!(path, "/v1beta/models/gemini-x%2F..:countTokens");
        assert_eq!(
            body,
            json!({"generateContentRequest": {"model": "models/gemini-x/..",
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}})
        );
        let none = PLAIN.count_tokens(&chat("x"));
        assert!(none.is_none());
    }

    #[test]
    fn counts_come_under_two_names() {
        assert_eq!(read_count(br#"{"input_tokens":3}"#), Ok(3));
        assert_eq!(read_count(br#"{"totalTokens":4,"x":1}"#), Ok(4));
        for body in ["", "{}", r#"{"input_tokens":-1}"#] {
            assert!(read_count(body.as_bytes()).is_err(), "{body}");
        }
    }
}
