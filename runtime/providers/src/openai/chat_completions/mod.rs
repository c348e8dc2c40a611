//! OpenAI's Chat Completions (<https://platform.openai.com/docs/api-reference/chat>): the format that most other services
//! and local servers have copied, each with differences (`accents`).
//!
//! Never here: the services (`presets`), retries, HTTP.

use http::{HeaderName, HeaderValue};

use crate::http_request;
use crate::openai::{embeddings, errors, images};
use crate::{
    ChatRequest, Codec, EmbedRequest, Embeddings, Encoding, Failure, GenerateImagePlan,
    GenerateImageRequest, GeneratedImages, Model, ModelPage, Request, StreamReader,
};

mod accents;
mod inline_reasoning;
mod models;
mod request;
mod stream;

pub use accents::{ChatCompletions, EffortField, Newest, PLAIN, Seed};
pub(super) use request::FormatBody;

impl Codec for ChatCompletions {
    fn vendor(&self) -> Option<&'static str> {
        // Others may have any models.
        self.developer.then_some("openai")
    }

    fn default_base_url(&self) -> &'static str {
        self.base_url
    }

    fn most_image_tokens(&self, size: Option<(usize, usize)>) -> u64 {
        // Gateways may have OpenAI's models behind them.
        crate::openai::most_image_tokens(size)
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        if self.api_key_header {
            return http_request::api_key(key);
        }
        http_request::bearer(key)
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        match self.id_in_body {
            true => &["x-request-id"],
            false => &["x-request-id", "request-id", "apim-request-id", "cf-ray"],
        }
    }

    fn has_two_token_names(&self) -> bool {
        true
    }

    fn adapt(&self, chat: &mut ChatRequest) -> Vec<String> {
        self.adapt_request(chat)
    }

    fn check_supported(&self, chat: &ChatRequest) -> Result<(), Failure> {
        self.check(chat)
    }

    fn chat(&self, chat: &ChatRequest, encoding: Encoding) -> Request {
        self.encode(chat, encoding)
    }

    fn reader(&self, wants_state: bool) -> Box<dyn StreamReader + '_> {
        Box::new(stream::Reader::new(self, wants_state))
    }

    fn models(&self, _page: Option<&str>) -> Request {
        http_request::get("/models".to_owned())
    }

    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        self.read_models(body)
    }

    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        self.newest(models)
    }

    fn failure(&self, status: u16, body: &[u8]) -> Failure {
        errors::failure(Some(status), &String::from_utf8_lossy(body))
    }

    fn embed(&self, embed: &EmbedRequest) -> Option<Request> {
        let path = self.path_for(&embed.model, "/embeddings");
        Some(embeddings::request(path, embed))
    }

    fn embeddings(&self, body: &[u8], texts: usize) -> Result<Embeddings, Failure> {
        embeddings::read(body, texts)
    }

    fn generate_image(&self, draw: &GenerateImageRequest) -> Option<GenerateImagePlan> {
        let path = self.path_for(&draw.model, "/images/generations");
        // Azure's models are OpenAI's.
        let is_openai = self.newest == Newest::OpenAi || self.api_key_header;
        Some(images::request(path, draw, is_openai))
    }

    fn generated_images(&self, body: &[u8]) -> Result<GeneratedImages, Failure> {
        images::read(body)
    }
}

#[cfg(test)]
mod tests;
