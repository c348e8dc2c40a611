//! Google's Gemini API, `generateContent` (<https://ai.google.dev/api/generate-content>), in its version `v1beta`. Google's
//! package `google-genai` has `v1` as its default since 3.0, and says of it that the aliases `gemini-flash-latest`,
//! `gemini-flash-lite-latest` and `gemini-pro-latest` are only in `v1beta`.
//!
//! Never here: the Interactions API, Vertex AI, retries, HTTP.

use http::{HeaderName, HeaderValue};

use crate::http_request;
use crate::{
    ChatRequest, Codec, EmbedRequest, Embeddings, Encoding, Failure, GenerateImagePlan,
    GenerateImageRequest, GeneratedImages, InRequests, ModelPage, Request, StreamReader,
};

mod embeddings;
pub(crate) mod errors;
mod images;
mod models;
mod request;
mod rules;
mod stream;
mod tokens;
mod vendor;

pub(crate) use vendor::VENDOR;

/// The `generateContent` format.
#[derive(Clone, Copy, Debug, Default)]
pub struct GenerateContent;

impl Codec for GenerateContent {
    fn vendor(&self) -> Option<&'static str> {
        Some("google")
    }

    fn default_base_url(&self) -> &'static str {
        "https://generativelanguage.googleapis.com"
    }

    fn in_requests(&self) -> Option<InRequests> {
        Some(InRequests {
            after_version: Some(&["models", "openai"]),
            parameter: Some("alt"),
            ..InRequests::default()
        })
    }

    fn most_image_tokens(&self, _size: Option<(usize, usize)>) -> u64 {
        // At the highest resolution of a picture (https://ai.google.dev/gemini-api/docs/media-resolution).
        2_240
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        Some((
            HeaderName::from_static("x-goog-api-key"),
            http_request::secret(key)?,
        ))
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        // Google sends an id only in the body; these are headers of proxies.
        &["x-request-id", "cf-ray"]
    }

    fn adapt(&self, chat: &mut ChatRequest) -> Vec<String> {
        request::adapt(chat)
    }

    fn guesses_media_types(&self) -> bool {
        true
    }

    fn think_within_limit(&self, chat: &mut ChatRequest, is_lowered: bool) -> Option<String> {
        request::think_within_limit(chat, is_lowered)
    }

    fn chat(&self, chat: &ChatRequest, _encoding: Encoding) -> Request {
        request::chat(chat)
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

    fn embed(&self, embed: &EmbedRequest) -> Option<Request> {
        embeddings::request(embed)
    }

    fn embeddings(&self, body: &[u8], texts: usize) -> Result<Embeddings, Failure> {
        embeddings::read(body, texts)
    }

    fn generate_image(&self, draw: &GenerateImageRequest) -> Option<GenerateImagePlan> {
        images::request(draw)
    }

    fn generated_images(&self, body: &[u8]) -> Result<GeneratedImages, Failure> {
        images::read(body)
    }
}

pub(super) fn bare_id(id: &str) -> &str {
    id.strip_prefix("models/").unwrap_or(id)
}

#[cfg(test)]
mod tests;
