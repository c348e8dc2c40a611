//! The trait of all wire formats.
//!
//! Never here: a format.

use http::{HeaderName, HeaderValue};

use crate::{
    ChatRequest, Class, DrawRequest, Drawing, EmbedRequest, Embeddings, Encoding, Failure, Model,
    ModelPage, Pictures, Request, StreamReader,
};

/// One wire format.
pub trait Codec: Send + Sync {
    /// Base URL used when none is configured, without a trailing slash.
    fn default_base_url(&self) -> &'static str;

    /// The header that carries the key. The value is marked sensitive. `None` if the key has bytes
    /// that no header can carry.
    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)>;

    /// Headers in which this provider names the request, most specific first.
    fn request_id_headers(&self) -> &'static [&'static str];

    /// Takes out of a request, or changes in it, what is known not to suit its model, and tells what it
    /// has done.
    fn fit(&self, _request: &mut ChatRequest) -> Vec<String> {
        Vec::new()
    }

    /// Makes a reasoning effort that stands for a number of tokens smaller where these do not fit into the token limit,
    /// and tells what it has done. With `is_lowered` the limit is less than was wanted, and a quarter of it is for the
    /// answer.
    fn think_within_limit(&self, _request: &mut ChatRequest, _is_lowered: bool) -> Option<String> {
        None
    }

    /// Whether the format can carry this conversation.
    ///
    /// # Errors
    /// `InvalidRequest`: what it cannot carry, and what to do instead.
    fn carries(&self, _request: &ChatRequest) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether the format has two names for the token limit, so that a refusal of one may mean the other
    /// (see [`Encoding`]).
    fn has_two_token_names(&self) -> bool {
        false
    }

    /// The token limit that is sent where the caller sets none, if the format requires one.
    fn default_max_tokens(&self, _model: &str) -> Option<u32> {
        None
    }

    /// A streamed chat request. A message's state is one that this format has given.
    fn chat(&self, request: &ChatRequest, encoding: Encoding) -> Request;

    /// A reader for one answer. With `wants_state` it also collects [`Answer::state`](crate::Answer::state).
    fn reader(&self, wants_state: bool) -> Box<dyn StreamReader + '_>;

    /// The request for a page of the model list: the first one, or the one that `page` names.
    fn models(&self, page: Option<&str>) -> Request;

    /// Reads a page of the model list.
    ///
    /// # Errors
    /// `Unavailable` if the body is not such a list.
    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure>;

    /// The newest model that suits an ordinary chat, out of a whole list.
    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model>;

    /// What a reply with an error status means.
    fn failure(&self, status: u16, body: &[u8]) -> Failure;

    /// The request that counts the tokens of a chat, if the format has one.
    fn count_tokens(&self, _chat: &ChatRequest) -> Option<Request> {
        None
    }

    /// The request for embeddings, if the format has them.
    fn embed(&self, _request: &EmbedRequest) -> Option<Request> {
        None
    }

    /// Reads the reply for so many texts.
    ///
    /// # Errors
    /// `Unavailable` if it has not one vector for each, all of one length.
    fn embeddings(&self, _body: &[u8], _texts: usize) -> Result<Embeddings, Failure> {
        Err(Failure::new(
            Class::Unavailable,
            "this format has no embeddings",
        ))
    }

    /// How to ask for a picture, if the format has them.
    fn draw(&self, _request: &DrawRequest) -> Option<Drawing> {
        None
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `ContentFilter` if nothing was drawn for that reason, `Unavailable` if it is no such reply.
    fn pictures(&self, _body: &[u8]) -> Result<Pictures, Failure> {
        Err(Failure::new(
            Class::Unavailable,
            "this format has no pictures",
        ))
    }
}
