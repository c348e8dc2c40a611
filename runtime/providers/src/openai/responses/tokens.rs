//! Counting tokens with the Responses API.
//!
//! Never here: estimates.

use crate::http_request;
use crate::tokens;
use crate::{ChatRequest, Encoding, Request};

pub(super) fn request(chat: &ChatRequest) -> Option<Request> {
    let chat = super::request::chat(chat, Encoding::default());
    let members = ["model", "input", "instructions", "tools", "tool_choice"];
    let body = tokens::only(&chat.body, &members)?;
    Some(http_request::post("/responses/input_tokens".into(), &body))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::Codec;
    use crate::openai::Responses;
    use crate::testing::{counted_chat, sent};

    #[test]
    fn what_is_counted_is_what_would_be_sent_less_what_steers_the_answer() {
        let request = Responses.count_tokens(&counted_chat("gpt-x")).unwrap();
        let (path, body) = sent(&request);
        assert_eq!(path, "/responses/input_tokens");
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["input", "model"]);
    }
}
