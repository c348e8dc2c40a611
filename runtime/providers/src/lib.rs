//! Wire formats of model providers: one codec per format, pure functions between bytes and the
//! provider-neutral types of this crate.
//!
//! Never here: sockets, clocks, settings, retries, the choice of a model for a name.

#![forbid(unsafe_code)]

use std::{collections::BTreeMap, sync::Arc};

use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;

pub mod anthropic;
pub mod base64;
pub mod chat_completions;
mod conversation;
mod embeddings;
mod error_body;
mod failure;
pub mod google;
mod images;
mod inline_reasoning;
mod json;
mod model;
pub mod openai;
mod parameter;
mod repeated;
mod request;
mod rules;
pub mod sse;
#[cfg(test)]
mod test_streams;
#[cfg(test)]
mod test_writer;
mod tokens;

pub use conversation::{
    Format, Media, Message, Part, Role, Source, State, Tool, ToolCall, ToolChoice,
};
pub use embeddings::{Embed, EmbedRequest, Embeddings};
pub use failure::{Class, Failure, Stage};
pub use images::{Draw, DrawRequest, Drawing, Picture, Pictures};
pub use model::{Capability, Model, Price};
pub use parameter::{Change, Parameter, Repair, repair};
pub use request::{api_key, bearer, secret as secret_header};
pub use tokens::{CountTokens, read_count};

/// A chat request in no provider's dialect. Absent options are not sent, so the provider's own
/// defaults hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// The provider's id for the model, passed through as it is.
    pub model: String,
    /// The conversation, oldest first; never empty. Shared by all attempts.
    pub messages: Arc<[Message]>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Most tokens the answer may have.
    pub max_tokens: Option<u32>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The seed of the chance.
    pub seed: Option<u32>,
    /// How much to think.
    pub effort: Option<Effort>,
    /// The caller wants to see the reasoning, where it is shown.
    pub include_reasoning: bool,
    /// Where a format has two names for the token limit: not the usual one.
    pub other_token_name: bool,
    /// What the model may want to be called. Shared by all attempts.
    pub tools: Arc<[Tool]>,
    /// Whether it may or must.
    pub tool_choice: Option<ToolChoice>,
    /// The form that the answer is to have, if not just text.
    pub format: Option<Arc<Format>>,
}

impl ChatRequest {
    /// Bytes of its body, about.
    pub fn length(&self) -> usize {
        // Names and brackets around a message, a part or a call.
        const FRAME: usize = 100;
        let message = |message: &Message| {
            let parts = message.content.iter().map(|part| part.length() + FRAME);
            let calls = message.tool_calls.iter();
            let calls = calls.map(|call| call.arguments.len() + 4 * FRAME);
            let state = message.state.iter().flat_map(|state| &state.items);
            let all = parts.chain(calls).chain(state.map(conversation::length));
            FRAME + all.sum::<usize>()
        };
        let tools = self.tools.iter().map(|tool| {
            let text = tool.description.as_ref().map_or(0, String::len);
            let members = tool.parameters.iter();
            let members = members.map(|(name, value)| name.len() + conversation::length(value));
            FRAME + text + members.sum::<usize>()
        });
        self.messages.iter().map(message).sum::<usize>() + tools.sum::<usize>()
    }
}

/// How much a model is to think; one scale for all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
#[allow(missing_docs)] // The names say it.
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    /// All, from the least to the most.
    pub const ALL: [Effort; 7] = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
        Effort::Max,
    ];

    /// The name and the effort of `name@effort`.
    pub fn split(name: &str) -> (&str, Option<Effort>) {
        let split = name
            .rsplit_once('@')
            .and_then(|(name, effort)| Some((name, Effort::from_name(effort)?)));
        match split {
            Some((name, effort)) => (name.trim(), Some(effort)),
            None => (name.trim(), None),
        }
    }

    /// The word for it in arguments and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Effort::None => "none",
            Effort::Minimal => "minimal",
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::XHigh => "xhigh",
            Effort::Max => "max",
        }
    }

    /// By that word, in whatever case it is written.
    pub fn from_name(name: &str) -> Option<Self> {
        Effort::ALL
            .into_iter()
            .find(|effort| effort.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

/// An HTTP request less its host and its credentials.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, appended to the endpoint's base URL; begins with `/`. Everything that came
    /// from a caller is percent-encoded into a single segment or query value.
    pub path: String,
    /// Headers beyond the credentials.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty for GET.
    pub body: Vec<u8>,
}

/// Why a model stopped, in our words (the provider's own word is kept beside it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was done, or met a stop sequence.
    Stop,
    /// It ran into a token limit.
    Length,
    /// It wants tools to be called.
    ToolCalls,
    /// It refused, or a filter stopped it.
    ContentFilter,
    /// The provider failed after it had begun.
    Error,
    /// It paused and wants the turn back to go on.
    Pause,
    /// Our own deadline came first.
    Timeout,
}

impl Finish {
    /// The word used in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::ToolCalls => "tool_calls",
            Finish::ContentFilter => "content_filter",
            Finish::Error => "error",
            Finish::Pause => "pause",
            Finish::Timeout => "timeout",
        }
    }
}

/// Token counts and cost. What the provider did not report stays absent; it is never made 0. Serialized as `usage` of a
/// result, where the cost is a member of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// All input, cached parts included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// All output, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// The part of the output that was reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// The part of the input that came from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    /// The part of the input that was written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Input and output together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<u64>,
    /// What the provider charges, in US dollars.
    #[serde(skip)]
    pub cost_usd: Option<f64>,
}

/// An answer as it grows while a stream is read. Whatever has arrived is valid at any moment, so a
/// deadline can hand it out as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The visible text so far.
    pub text: String,
    /// Reasoning the provider showed, if any.
    pub reasoning: String,
    /// The model that really answered, in the provider's words.
    pub model: Option<String>,
    /// The provider's id for this answer (`resp_…`, `msg_…`, Gemini's `responseId`).
    pub response_id: Option<String>,
    /// Why it ended, once known.
    pub finish: Option<Finish>,
    /// The provider's own word for that.
    pub native_finish: Option<String>,
    /// Token counts and cost, once known.
    pub usage: Usage,
    /// Addresses of the pages that a searching model names as its sources.
    pub citations: Vec<String>,
    /// The stream's closing event was seen. An end of body without it is a truncated stream.
    pub complete: bool,
    /// What the model wants to be called.
    pub tool_calls: Vec<ToolCall>,
    /// Where in `tool_calls` the provider's own number for a call leads, while it comes in pieces.
    pub(crate) places: BTreeMap<u64, usize>,
    /// The pieces of the answer in the provider's words (see [`State`]), if they are wanted.
    pub state: Vec<serde_json::Value>,
    /// They are.
    pub wants_state: bool,
    /// Bytes in them, and in the pieces that are still to become some, about.
    pub(crate) state_length: usize,
    /// Anthropic's content blocks as they grow.
    pub(crate) blocks: anthropic::Blocks,
    /// Reasoning between marks in front of the text.
    pub(crate) inline: inline_reasoning::InlineReasoning,
    /// What most events of the stream have in common.
    pub(crate) repeated: repeated::Repeated,
}

/// More tool calls in one answer are none that anybody would carry out.
const MOST_CALLS: usize = 128;

/// A longer piece of a state is none that could be handed back.
const LARGEST_PIECE: usize = 1 << 20;

/// Nor is a larger state, in bytes of memory.
pub const LARGEST_STATE: usize = 8 << 20;

/// More models than any provider has; the rest of a longer list is not read.
pub const MOST_MODELS: usize = 10_000;

impl Answer {
    /// Bytes of what the model has said, about.
    pub fn length(&self) -> usize {
        let calls = self.tool_calls.iter();
        let calls = calls.map(|call| call.id.len() + call.name.len() + call.arguments.len());
        self.text.len() + self.reasoning.len() + calls.sum::<usize>() + self.state_length
    }

    /// Bytes that it holds, about: the same, with what stands beside the answer.
    pub fn held(&self) -> usize {
        let words = [&self.model, &self.response_id, &self.native_finish];
        let words = words.into_iter().flatten().map(String::len);
        let sources = self.citations.iter();
        let sources = sources.map(|source| size_of::<String>() + 16 + source.len());
        self.length() + words.chain(sources).sum::<usize>()
    }

    /// Whether the provider has told of anything that it has generated or counts.
    pub fn has_begun(&self) -> bool {
        self.length() > 0
            || self.finish.is_some()
            || !self.tool_calls.is_empty()
            || self.usage != Usage::default()
    }

    /// A call begins, or is there as a whole. It gets an id if it has none.
    ///
    /// # Errors
    /// There are more than 128.
    pub(crate) fn call(&mut self, mut call: ToolCall) -> Result<(), Failure> {
        if self.tool_calls.len() >= MOST_CALLS {
            let problem = format!("the model wants more than {MOST_CALLS} tools to be called");
            return Err(Failure::new(Class::TooLarge, problem));
        }
        let mut number = self.tool_calls.len();
        while call.id.is_empty() {
            number += 1;
            let id = format!("call_{number}");
            if self.tool_calls.iter().all(|other| other.id != id) {
                call.id = id;
            }
        }
        self.tool_calls.push(call);
        Ok(())
    }

    /// Keeps a piece of the answer in the provider's words, if that is wanted. What is added to the piece
    /// later is to be counted in `state_length`.
    pub(crate) fn keep(&mut self, item: serde_json::Value) {
        if self.wants_state {
            self.state_length += conversation::length(&item);
            self.state.push(item);
            if self.state_length > LARGEST_STATE {
                self.spoil_state();
            }
        }
    }

    /// The same for a piece that is still JSON.
    pub(crate) fn keep_json(&mut self, json: &str) {
        if let Some(item) = self.piece(json) {
            self.keep(item);
        }
    }

    /// A piece of the state, read if that is wanted. One that cannot be kept spoils the others: without a
    /// state the conversation goes on from its text and its calls.
    fn piece(&mut self, json: &str) -> Option<serde_json::Value> {
        if !self.wants_state {
            return None;
        }
        let is_small = json.len() <= LARGEST_PIECE && self.has_room_for(json);
        let piece = Some(json).filter(|_| is_small).and_then(json::tree);
        if piece.is_none() {
            self.spoil_state();
        }
        piece
    }

    /// Whether a tree of this would still be a part of a state that could be handed back.
    fn has_room_for(&self, json: &str) -> bool {
        let size = anygpt_core::json::tree_size(json);
        self.state_length.saturating_add(size) <= LARGEST_STATE
    }

    fn spoil_state(&mut self) {
        self.wants_state = false;
        self.state.clear();
        self.blocks.forget_items();
        self.state_length = 0;
    }
}

/// One page of a model list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelPage {
    /// The entries of this page.
    pub models: Vec<Model>,
    /// What to hand to [`Codec::models`] for the next page, if there is one.
    pub next: Option<String>,
}

/// One wire format.
pub trait Codec: CountTokens + Embed + Draw + Send + Sync {
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
    /// (see [`ChatRequest::other_token_name`]).
    fn has_two_token_names(&self) -> bool {
        false
    }

    /// The token limit that is sent where nobody gives one, if the format insists on it.
    fn default_max_tokens(&self, _model: &str) -> Option<u32> {
        None
    }

    /// A streamed chat request. A message's state is one that this format has given.
    fn chat(&self, request: &ChatRequest) -> Request;

    /// What one event of the stream adds to the answer. Unknown events add nothing.
    ///
    /// # Errors
    /// The failure that the provider reported inside the stream, or `Unavailable` for an event that
    /// is not JSON.
    fn event(&self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure>;

    /// Whether an event says no more than that the request was taken, or that the connection lives: nothing is
    /// generated with it.
    fn is_opening(&self, event: &sse::Event<'_>) -> bool {
        event.payload().is_none()
    }

    /// At the proper end of the stream, after its last event: puts together what has come in pieces, and completes an
    /// answer that ends without a closing event, if it can be seen to be whole. What is in proportion to the whole answer
    /// is done here, and not with an event.
    fn end(&self, _answer: &mut Answer) {}

    /// The whole answer from a reply that came as plain JSON although a stream was asked for.
    ///
    /// # Errors
    /// As [`Codec::event`].
    fn whole(&self, body: &[u8], answer: &mut Answer) -> Result<(), Failure>;

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
}
