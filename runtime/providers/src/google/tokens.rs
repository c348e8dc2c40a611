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
