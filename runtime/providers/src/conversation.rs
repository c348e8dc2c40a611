//! A provider-neutral conversation: messages and their parts, tools and tool calls, the format of the answer.
//!
//! Never here: a wire format, or the arguments of this program's tools.

use std::{borrow::Cow, sync::Arc};

use anygpt_core::json::{ENTRY, OBJECT, STRING};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::json;

/// The author of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions from the author of the application.
    System,
    /// The same as system, under OpenAI's newer name.
    Developer,
    /// The person, or the assistant that calls this program for them.
    User,
    /// The model's own earlier answer.
    Assistant,
    /// What a tool has returned.
    Tool,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub role: Role,
    /// Its parts, in order.
    pub content: Vec<Part>,
    /// Only in messages of the assistant.
    pub tool_calls: Vec<ToolCall>,
    /// The call that this is the result of; only in messages of a tool.
    pub tool_call_id: Option<String>,
    /// The answer in the provider's own format; sent instead of the rest.
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

    /// The text of all parts, joined without a separator.
    pub fn all_text(&self) -> Cow<'_, str> {
        match &self.content[..] {
            [Part::Text(text)] => Cow::Borrowed(text),
            parts => Cow::Owned(parts.iter().filter_map(Part::as_text).collect()),
        }
    }

    /// The same, moved out of the message.
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

    /// Whether it has no content: providers refuse empty blocks.
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
    Text(String),
    Media(Media),
}

impl Part {
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Part::Text(text) => Some(text),
            Part::Media(_) => None,
        }
    }

    /// Approximate bytes on the heap.
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
    pub source: Source,
    /// Its type; `image/…` is an image. Empty only for an address without a known type:
    /// then it is an image if `is_image` says so.
    pub mime_type: String,
    /// Sent as an image, not as a document.
    pub is_image: bool,
    /// The name of the file, if there is one.
    pub name: Option<String>,
}

/// Where the bytes of an image or a file are. This program never fetches a URL.
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

/// A URL that is serialized without copying the bytes.
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

/// A tool call of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The result refers to it. Generated if the provider has none.
    pub id: String,
    pub name: String,
    /// Should be a JSON object, but a model can write anything.
    pub arguments: String,
}

impl ToolCall {
    pub(super) fn generated_id(number: usize) -> String {
        format!("call_{number}")
    }

    /// Whether [`ToolCall::generated_id`] may have made this id.
    pub(super) fn is_generated(id: &str) -> bool {
        let number = id.strip_prefix("call_");
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The arguments, if they are an object of moderate size. No arguments, and null, are an empty object.
    pub fn object(&self) -> Option<Map<String, Value>> {
        match self.arguments.trim() {
            "" | "null" => Some(Map::new()),
            text => match json::tree(text) {
                Some(Value::Object(object)) => Some(object),
                _ => None,
            },
        }
    }
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Map<String, Value>,
    /// Whether the provider enforces the schema.
    pub strict: Option<bool>,
}

/// Whether the model may or must call tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    None,
    /// At least one.
    Required,
    /// The tool with this name.
    Tool(String),
}

/// The format of an answer other than plain text.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// Any JSON object.
    Json,
    /// JSON that matches a schema.
    Schema {
        /// Letters, digits, `_` and `-`, at most 64.
        name: String,
        /// A JSON Schema.
        schema: Map<String, Value>,
        /// Whether the provider enforces it.
        strict: Option<bool>,
    },
}

/// What only the provider that gave it understands: signatures, thinking, encrypted reasoning. Callers
/// send it back unchanged, and a loop of tool calls continues where it was.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The id of that provider; it is sent to no other.
    pub provider: String,
    /// The model that answered: reasoning is tied to it. Empty if unknown.
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
    let inside = match value {
        Value::String(text) => STRING + text.len(),
        Value::Array(items) => items.iter().map(length).sum(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(n, v)| ENTRY + STRING + n.len() + length(v));
            OBJECT + members.sum::<usize>()
        }
        _ => 0,
    };
    2 * size_of::<Value>() + inside
}
