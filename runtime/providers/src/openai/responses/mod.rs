//! OpenAI's Responses API (<https://platform.openai.com/docs/api-reference/responses>).
//!
//! Never here: Chat Completions, retries, HTTP.

use http::{HeaderName, HeaderValue};

use crate::http_request;
use crate::openai::{chat_completions::PLAIN, embeddings, errors, images};
use crate::{
    ChatRequest, Codec, EmbedRequest, Embeddings, Encoding, Failure, GenerateImagePlan,
    GenerateImageRequest, GeneratedImages, ModelPage, Request, StreamReader,
};

mod models;
mod perplexity;
mod request;
mod stream;
mod tokens;

pub use perplexity::Perplexity;

/// The Responses format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Responses;

impl Codec for Responses {
    fn vendor(&self) -> Option<&'static str> {
        Some("openai")
    }

    fn default_base_url(&self) -> &'static str {
        "https://api.openai.com/v1"
    }

    fn most_image_tokens(&self, size: Option<(usize, usize)>) -> u64 {
        crate::openai::most_image_tokens(size)
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        http_request::bearer(key)
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        &["x-request-id", "cf-ray"]
    }

    fn adapt(&self, chat: &mut ChatRequest) -> Vec<String> {
        request::adapt(chat)
    }

    fn check_supported(&self, chat: &ChatRequest) -> Result<(), Failure> {
        request::check_supported(chat)
    }

    fn substitute(&self) -> Option<&'static dyn Codec> {
        Some(&PLAIN)
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

    fn embed(&self, embed: &EmbedRequest) -> Option<Request> {
        Some(embeddings::request("/embeddings".to_owned(), embed))
    }

    fn embeddings(&self, body: &[u8], texts: usize) -> Result<Embeddings, Failure> {
        embeddings::read(body, texts)
    }

    fn generate_image(&self, draw: &GenerateImageRequest) -> Option<GenerateImagePlan> {
        let path = "/images/generations".to_owned();
        Some(images::request(path, draw, true))
    }

    fn generated_images(&self, body: &[u8]) -> Result<GeneratedImages, Failure> {
        images::read(body)
    }
}

#[cfg(test)]
mod tests;
