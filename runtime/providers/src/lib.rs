//! Wire formats of model providers: one codec per format, pure functions between bytes and the
//! provider-neutral types of this crate; and what is known of each provider, as data.
//!
//! A provider with a format of its own is a folder (request, stream, models, tokens, embeddings, images, rules, vendor), a row of the list below, and a row of [`presets`]. A service with a variant of Chat Completions is a row of
//! [`presets`] alone.
//!
//! Never here: sockets, clocks, settings, retries, the choice of a model for a name.

#![forbid(unsafe_code)]

mod adapt;
mod answer;
pub mod anthropic;
pub mod base64;
mod chat;
mod codec;
mod conversation;
mod dialect;
mod embeddings;
mod error;
mod error_body;
mod excerpt;
pub mod facts;
mod finish;
mod framing;
pub mod google;
mod http_request;
mod images;
mod inspect;
mod json;
mod model;
pub mod openai;
mod parameter;
mod pieces;
pub mod presets;
mod reader;
pub mod sse;
mod state;
#[cfg(test)]
mod testing;
mod tokens;
mod turns;
mod vendor;
pub mod vendors;
mod wait;

pub use answer::{Answer, Finish, Usage};
pub use chat::{ChatRequest, Encoding, ReasoningEffort};
pub use codec::*;
pub use conversation::{
    Format, Media, Message, Part, Role, Source, State, Tool, ToolCall, ToolChoice,
};
pub use error::{ErrorKind, Failure, FailureFacts, Stage};
pub use error_body::reported;
pub use facts::{Day, Facts, Rules, TokenPrice};
pub use framing::{Beginning, Framing};
pub use http_request::{Request, api_key, bearer, percent_encoded, secret as secret_header};
pub use model::{Abilities, Capability, MOST_MODELS, Model, ModelPage, Price};
pub use parameter::{Change, Changed, Parameter, Repair, repair};
pub use reader::StreamReader;
pub use state::LARGEST_STATE;
pub use tokens::read_count;

dialect::dialects! {
    /// OpenAI's Responses API.
    OpenAi = "openai", openai::Responses, openai::VENDOR;
    /// Anthropic's Messages API.
    Anthropic = "anthropic", anthropic::Messages, anthropic::VENDOR;
    /// Google's generateContent API.
    Google = "google", google::GenerateContent, google::VENDOR;
    /// Perplexity's Agent API, a variant of Responses.
    Perplexity = "perplexity", openai::Perplexity;
}
