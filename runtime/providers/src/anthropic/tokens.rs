//! Counting tokens with the Messages API.
//!
//! Never here: estimates.

use crate::tokens;
use crate::{ChatRequest, Request};

pub(super) fn request(chat: &ChatRequest) -> Option<Request> {
    let mut chat = super::request::chat(chat);
    let members = ["model", "messages", "system", "tools", "tool_choice"];
    let body = tokens::only(&chat.body, &members)?;
    let body = serde_json::to_vec(&body).ok()?;
    chat.path.push_str("/count_tokens");
    Some(Request { body, ..chat })
}
