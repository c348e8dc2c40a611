//! Counting tokens with the Responses API.
//!
//! Never here: estimates.

use crate::http_request;
use crate::tokens;
use crate::{ChatRequest, Request};

pub(super) fn request(chat: &ChatRequest) -> Option<Request> {
    let chat = super::request::chat(chat);
    let members = ["model", "input", "instructions", "tools", "tool_choice"];
    let body = tokens::only(&chat.body, &members)?;
    Some(http_request::post("/responses/input_tokens".into(), &body))
}
