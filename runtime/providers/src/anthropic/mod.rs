//! Anthropic's Messages API (<https://docs.anthropic.com/en/api/messages>).
//!
//! Never here: retries, HTTP.

use http::{HeaderName, HeaderValue};

use crate::http_request;
use crate::{ChatRequest, Codec, Encoding, Failure, InRequests, ModelPage, Request, StreamReader};

pub(crate) mod errors;
mod models;
mod request;
mod rules;
mod stream;
mod tokens;
mod vendor;

pub(crate) use vendor::VENDOR;

/// The Messages format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Messages;

impl Codec for Messages {
    fn vendor(&self) -> Option<&'static str> {
        Some("anthropic")
    }

    fn default_base_url(&self) -> &'static str {
        "https://api.anthropic.com"
    }

    fn in_requests(&self) -> Option<InRequests> {
        Some(InRequests {
            ends: &["/models", "/v1"],
            ..InRequests::default()
        })
    }

    fn most_image_tokens(&self, size: Option<(usize, usize)>) -> u64 {
        // A token for 750 pixels of a picture that is scaled down to this many tokens
        // (https://platform.claude.com/docs/en/build-with-claude/vision).
        const MOST: u64 = 4_784;
        size.map_or(MOST, |(width, height)| {
            let pixels = width.saturating_mul(height);
            (pixels.div_ceil(750) as u64).min(MOST)
        })
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        Some((
            HeaderName::from_static("x-api-key"),
            http_request::secret(key)?,
        ))
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        &["request-id", "x-request-id", "cf-ray"]
    }

    fn adapt(&self, chat: &mut ChatRequest) -> Vec<String> {
        request::adapt(chat)
    }

    fn think_within_limit(&self, chat: &mut ChatRequest, is_lowered: bool) -> Option<String> {
        request::think_within_limit(chat, is_lowered)
    }

    fn default_max_tokens(&self, chat: &ChatRequest) -> Option<u32> {
        Some(rules::default_max_tokens(chat))
    }

    fn check_supported(&self, chat: &ChatRequest) -> Result<(), Failure> {
        request::check_supported(chat)
    }

    fn chat(&self, chat: &ChatRequest, encoding: Encoding) -> Request {
        request::chat(chat, encoding)
    }

    fn reader(&self, wants_state: bool) -> Box<dyn StreamReader + '_> {
        Box::new(stream::Reader::new(wants_state))
    }

    fn models(&self, page: Option<&str>) -> Request {
        models::request(page)
    }

    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        models::page(body)
    }

    fn failure(&self, status: u16, body: &[u8]) -> Failure {
        errors::failure(Some(status), &String::from_utf8_lossy(body))
    }

    fn count_tokens(&self, chat: &ChatRequest) -> Option<Request> {
        tokens::request(chat)
    }
}

#[cfg(test)]
mod tests;
