//! A conversation in no provider's dialect: messages and their parts, tools and calls of them, the form
//! that an answer is to have.
//!
//! Never here: how a provider writes any of it, or how a caller does.

use std::{borrow::Cow, sync::Arc};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::json;

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions from whoever wrote the application.
    System,
    /// The same as system, under OpenAI's newer name.
    Developer,
    /// The person, or the assistant that asks on its behalf.
    User,
    /// The model's own earlier answer.
    Assistant,
    /// What a tool has returned.
    Tool,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// Its parts, in order.
    pub content: Vec<Part>,
    /// What the model wanted to be called; only the assistant has any.
    pub tool_calls: Vec<ToolCall>,
    /// The call that this is the result of; only a tool's message has one.
    pub tool_call_id: Option<String>,
    /// The answer as the provider had given it; goes back in place of the rest.
    pub state: Option<State>,
}

impl Message {
    /// A message of text alone.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Message {
            role,
            content: vec![Part::Text(text.into())],
            tool_calls: Vec::new(),
            tool_call_id: None,
            state: None,
        }
    }

    /// All its text, without a break between the parts.
    pub fn all_text(&self) -> Cow<'_, str> {
        match &self.content[..] {
            [Part::Text(text)] => Cow::Borrowed(text),
            parts => Cow::Owned(parts.iter().filter_map(Part::as_text).collect()),
        }
    }

    /// The same, taken out of it.
    pub fn take_text(&mut self) -> String {
        match &mut self.content[..] {
            [Part::Text(text)] => std::mem::take(text),
            _ => self.all_text().into_owned(),
        }
    }

    /// The images and files in it.
    pub fn media(&self) -> impl Iterator<Item = &Media> {
        self.content.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Media(media) => Some(media),
        })
    }

    /// Whether it says nothing at all: providers refuse empty blocks.
    pub fn is_blank(&self) -> bool {
        let is_blank = |part: &Part| part.as_text().is_some_and(|text| text.trim().is_empty());
        self.role != Role::Tool
            && self.tool_calls.is_empty()
            && self.state.is_none()
            && self.content.iter().all(is_blank)
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Text(String),
    /// An image or a file.
    Media(Media),
}

impl Part {
    /// The words, if it has any.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Part::Text(text) => Some(text),
            Part::Media(_) => None,
        }
    }

    /// Bytes that it holds beside itself, about.
    pub fn length(&self) -> usize {
        match self {
            Part::Text(text) => text.len(),
            Part::Media(media) => {
                let (Source::Url(source) | Source::Data(source)) = &media.source;
                source.len() + media.mime_type.len() + media.name.as_ref().map_or(0, String::len)
            }
        }
    }
}

/// An image or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Where it is, or what.
    pub source: Source,
    /// Its type; `image/…` is an image. Empty only for an address without a known type:
    /// then it is an image if `is_image` says so.
    pub mime_type: String,
    /// It is to be looked at, not to be read.
    pub is_image: bool,
    /// The name of the file, if there is one.
    pub name: Option<String>,
}

/// Where the bytes of an image or a file come from. Nothing is ever fetched or read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An `https` or `http` address that the provider fetches.
    Url(String),
    /// The bytes in Base64 with the usual alphabet, padded, without breaks.
    Data(String),
}

impl Media {
    /// The bytes as a `data:` URL, or the address.
    pub(super) fn url(&self) -> Url<'_> {
        Url(self)
    }
}

/// Written without a copy of the bytes.
#[derive(Debug)]
pub(super) struct Url<'a>(&'a Media);

impl Serialize for Url<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = &self.0.mime_type;
        match &self.0.source {
            Source::Url(url) => serializer.serialize_str(url),
            Source::Data(data) => {
                serializer.collect_str(&format_args!("data:{kind};base64,{data}"))
            }
        }
    }
}

/// What a model wants to be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// Names the call; the result refers to it. Made up where the provider has none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// JSON text of an object, if the model has kept to it.
    pub arguments: String,
}

impl ToolCall {
    /// The arguments, if they are an object, and not a very large one; none at all are an empty one.
    pub fn object(&self) -> Option<Map<String, Value>> {
        match self.arguments.trim() {
            "" => Some(Map::new()),
            text => match json::tree(text) {
                Some(Value::Object(object)) => Some(object),
                _ => None,
            },
        }
    }
}

/// A tool that the model may want to be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it is good for.
    pub description: Option<String>,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Map<String, Value>,
    /// The arguments must keep to the schema exactly.
    pub strict: Option<bool>,
}

/// Whether tools may or must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// The one of this name.
    Tool(String),
}

/// The form that an answer is to have.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// Any JSON object.
    Json,
    /// JSON that keeps to a schema.
    Schema {
        /// Letters, digits, `_` and `-`, at most 64.
        name: String,
        /// A JSON Schema.
        schema: Map<String, Value>,
        /// The provider makes sure of it.
        strict: Option<bool>,
    },
}

/// What only the provider that gave it understands: signatures, thinking, encrypted reasoning. Callers
/// send it back unchanged, and a loop of tool calls continues where it was.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The id of that provider; it is sent to no other.
    pub provider: String,
    /// The model that was asked: reasoning is tied to it. Empty if unknown.
    pub model: String,
    /// The pieces of the answer, in the provider's words.
    pub items: Vec<Value>,
}

impl State {
    /// The conversation as this model may have it: without the states that others gave. An empty model is
    /// not known yet.
    pub fn only_of(provider: &str, model: &str, messages: &Arc<[Message]>) -> Arc<[Message]> {
        let is_own = |state: &State| {
            let is_model = [state.model.as_str(), model].contains(&"") || state.model == model;
            state.provider == provider && is_model
        };
        if messages.iter().filter_map(|m| m.state.as_ref()).all(is_own) {
            return messages.clone();
        }
        let messages = messages.iter().cloned().map(|message| Message {
            state: message.state.filter(is_own),
            ..message
        });
        messages.collect()
    }
}

/// Bytes that a value holds, in an array; as [`anygpt_core::json::tree_size`] has it for its text.
pub(super) fn length(value: &Value) -> usize {
    const NAME: usize = 160 + STRING;
    const STRING: usize = 32;
    let inside = match value {
        Value::String(text) => STRING + text.len(),
        Value::Array(items) => items.iter().map(length).sum(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(n, v)| NAME + n.len() + length(v))
                .sum::<usize>()
                + 656
        }
        _ => 0,
    };
    2 * size_of::<Value>() + inside
}
