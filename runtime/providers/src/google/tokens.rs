//! Counting tokens with the Gemini API.
//!
//! Never here: estimates.

use std::collections::BTreeMap;

use super::bare_id;
use crate::http_request;
use crate::tokens;
use crate::{ChatRequest, Request};

pub(super) fn request(chat: &ChatRequest) -> Option<Request> {
    let model = format!("models/{}", bare_id(&chat.model));
    let chat = super::request::chat(chat);
    let members = ["contents", "systemInstruction", "tools", "toolConfig"];
    let mut whole = tokens::only(&chat.body, &members)?;
    let model = serde_json::value::to_raw_value(&model).ok()?;
    whole.insert("model", &model);
    let body = BTreeMap::from([("generateContentRequest", whole)]);
    let (path, _) = chat.path.rsplit_once(':')?;
    Some(http_request::post(format!("{path}:countTokens"), &body))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use crate::Codec;
    use crate::google::GenerateContent;
    use crate::testing::{counted_chat, sent};

    #[test]
    fn what_is_counted_is_what_would_be_sent_less_what_steers_the_answer() {
        let chat = counted_chat("models/gemini-x/..");
        let request = GenerateContent.count_tokens(&chat).unwrap();
        let (path, body) = sent(&request);
        assert_eq!(path, "/v1beta/models/gemini-x%2F..:countTokens");
        assert_eq!(
            body,
            json!({"generateContentRequest": {"model": "models/gemini-x/..",
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}})
        );
    }
}
