//! Counting tokens with the Messages API.
//!
//! Never here: estimates.

use crate::tokens;
use crate::{ChatRequest, Encoding, Request};

pub(super) fn request(chat: &ChatRequest) -> Option<Request> {
    let mut chat = super::request::chat(chat, Encoding::default());
    let members = ["model", "messages", "system", "tools", "tool_choice"];
    let body = tokens::only(&chat.body, &members)?;
    let body = serde_json::to_vec(&body).ok()?;
    chat.path.push_str("/count_tokens");
    Some(Request { body, ..chat })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::Codec;
    use crate::anthropic::Messages;
    use crate::testing::{counted_chat, sent};

    #[test]
    fn what_is_counted_is_what_would_be_sent_less_what_steers_the_answer() {
        let request = Messages.count_tokens(&counted_chat("claude-x")).unwrap();
        let (path, body) = sent(&request);
        assert_eq!(path, "/v1/messages/count_tokens");
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["messages", "model", "system"]);
        let mut headers = request.headers.iter();
        assert!(headers.any(|(name, _)| name == "anthropic-version"));
    }
}
