//! Wire formats of model providers: one codec per format, pure functions between bytes and the
//! provider-neutral types of this crate.
//!
//! Never here: sockets, clocks, settings, retries, the choice of a model for a name.

#![forbid(unsafe_code)]

mod answer;
pub mod anthropic;
pub mod base64;
mod chat;
mod codec;
mod conversation;
mod embeddings;
mod error;
mod error_body;
mod fit;
pub mod google;
mod http_request;
mod images;
mod json;
mod model;
pub mod openai;
mod parameter;
mod prices;
mod reader;
pub mod sse;
mod state;
#[cfg(test)]
mod test_streams;
#[cfg(test)]
mod test_writer;
mod tokens;
mod turns;

pub use answer::{Answer, Finish, Usage};
pub use chat::{ChatRequest, Effort, Encoding};
pub use codec::Codec;
pub use conversation::{
    Format, Media, Message, Part, Role, Source, State, Tool, ToolCall, ToolChoice,
};
pub use embeddings::{EmbedRequest, Embeddings};
pub use error::{Class, Failure, Stage};
pub use http_request::{Request, api_key, bearer, percent_encoded, secret as secret_header};
pub use images::{DrawRequest, Drawing, Picture, Pictures};
pub use model::{Abilities, Capability, MOST_MODELS, Model, ModelPage, Price};
pub use parameter::{Change, Parameter, Repair, repair};
pub use prices::{LIST_PRICES, ListPrice, list_price};
pub use reader::StreamReader;
pub use state::LARGEST_STATE;
pub use tokens::read_count;
