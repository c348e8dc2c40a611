//! Chat requests of the Responses API.
//!
//! Never here: what a model accepts (`rules`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::stream::REPLAYED;
use crate::adapt;
use crate::conversation::Url;
use crate::http_request;
use crate::turns;
use crate::{
    ChatRequest, Encoding, Failure, Format, Media, Message, Part, ReasoningEffort, Request, Role,
    Source, State, ToolChoice,
};

pub(super) fn adapt(chat: &mut ChatRequest) -> Vec<String> {
    let mut warnings = Vec::new();
    let rules = chat.rules_of("openai");
    adapt::fit(chat, rules, &mut warnings);
    chat.include_reasoning &= rules.reasons() != Some(false);
    // This format has neither `stop` nor `seed`.
    adapt::without_stop(chat, &mut warnings);
    adapt::without_seed(chat, &mut warnings);
    warnings
}

pub(super) fn check_supported(chat: &ChatRequest) -> Result<(), Failure> {
    turns::only_text_of_assistant(&chat.messages)
}

pub(super) fn chat(chat: &ChatRequest, encoding: Encoding) -> Request {
    let reasons = chat.rules_of("openai").reasons();
    let has_tools = !chat.tools.is_empty();
    let stream = !encoding.without_stream;
    let body = ChatBody {
        model: &chat.model,
        input: input(chat, reasons != Some(false)),
        temperature: chat.temperature,
        max_output_tokens: max_output_tokens(chat.max_tokens),
        top_p: chat.top_p,
        reasoning: (chat.effort.is_some() || chat.include_reasoning).then_some(Reasoning {
            effort: chat.effort.map(ReasoningEffort::as_str),
            summary: chat.include_reasoning.then_some("auto"),
        }),
        text: chat.format.as_deref().map(|format| TextBody {
            format: FormatBody::of(format),
        }),
        tools: tools(chat),
        tool_choice: tool_choice(chat),
        // Models that do not reason refuse this value.
        include: match has_tools && reasons == Some(true) {
            true => &["reasoning.encrypted_content"],
            false => &[],
        },
        store: (!encoding.without_store).then_some(false),
        service_tier: chat.wants_standard_tier.then_some("default"),
        stream,
        stream_options: (stream && !encoding.without_stream_options).then_some(StreamOptions {
            include_obfuscation: false,
        }),
    };
    http_request::post("/responses".to_owned(), &body)
}

/// The conversation. `reasons` if reasoning may be a part of it.
pub(super) fn input(chat: &ChatRequest, reasons: bool) -> Vec<InputItem<'_>> {
    let instructions_speak = turns::only_instructions(chat.messages.iter());
    let mut input = Vec::with_capacity(chat.messages.len());
    for message in chat.messages.iter() {
        let kept = message.state.as_ref();
        let kept = kept.map_or(Vec::new(), |state| replayed(state, reasons));
        match kept.is_empty() {
            true => write_message(message, instructions_speak, &mut input),
            false => input.extend(kept.into_iter().map(InputItem::Kept)),
        }
    }
    input
}

pub(super) fn max_output_tokens(tokens: Option<u32>) -> Option<u32> {
    tokens.map(|tokens| tokens.max(LEAST_OUTPUT_TOKENS))
}

pub(super) fn tools(chat: &ChatRequest) -> Vec<ToolBody<'_>> {
    let tools = chat.tools.iter().map(|tool| ToolBody {
        kind: "function",
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters: &tool.parameters,
        // The default here is true, which would make members required that the caller left optional.
        strict: tool.strict.unwrap_or(false),
    });
    tools.collect()
}

pub(super) fn tool_choice(chat: &ChatRequest) -> Option<ChoiceBody<'_>> {
    let choice = chat.tool_choice.as_ref();
    let choice = choice.filter(|_| !chat.tools.is_empty())?;
    Some(match choice {
        ToolChoice::Auto => ChoiceBody::Word("auto"),
        ToolChoice::None => ChoiceBody::Word("none"),
        ToolChoice::Required => ChoiceBody::Word("required"),
        ToolChoice::Tool(name) => ChoiceBody::Tool {
            kind: "function",
            name,
        },
    })
}

#[derive(Serialize)]
struct ChatBody<'a> {
    model: &'a str,
    input: Vec<InputItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<TextBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ChoiceBody<'a>>,
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    include: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct Reasoning {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum InputItem<'a> {
    Message {
        /// Optional at OpenAI, and required by llama.cpp for the assistant's.
        #[serde(rename = "type")]
        kind: &'static str,
        role: &'static str,
        content: Content<'a>,
    },
    Call {
        #[serde(rename = "type")]
        kind: &'static str,
        call_id: Cow<'a, str>,
        name: &'a str,
        arguments: Cow<'a, str>,
    },
    Output {
        #[serde(rename = "type")]
        kind: &'static str,
        call_id: Cow<'a, str>,
        output: Content<'a>,
    },
    /// A piece of the state.
    Kept(BTreeMap<&'a str, &'a Value>),
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<InputPart<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum InputPart<'a> {
    Text {
        #[serde(rename = "type")]
        kind: &'static str,
        text: &'a str,
    },
    Image {
        #[serde(rename = "type")]
        kind: &'static str,
        image_url: Url<'a>,
        /// `auto`, the default: servers that check requests by OpenAI's own types require the member (vercel/ai#20300).
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'static str>,
    },
    File {
        #[serde(rename = "type")]
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_data: Option<Url<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_url: Option<Url<'a>>,
    },
}

#[derive(Serialize)]
pub(super) struct ToolBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: &'a Map<String, Value>,
    strict: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ChoiceBody<'a> {
    Word(&'static str),
    Tool {
        #[serde(rename = "type")]
        kind: &'static str,
        name: &'a str,
    },
}

#[derive(Serialize)]
struct TextBody<'a> {
    format: FormatBody<'a>,
}

#[derive(Serialize)]
struct FormatBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_obfuscation: bool,
}

impl<'a> FormatBody<'a> {
    fn of(format: &'a Format) -> Self {
        match format {
            Format::Json => FormatBody {
                kind: "json_object",
                name: None,
                schema: None,
                strict: None,
            },
            Format::Schema {
                name,
                schema,
                strict,
            } => FormatBody {
                kind: "json_schema",
                name: Some(name),
                schema: Some(schema),
                strict: *strict,
            },
        }
    }
}

/// Appends the items that a message becomes.
fn write_message<'a>(
    message: &'a Message,
    instructions_speak: bool,
    input: &mut Vec<InputItem<'a>>,
) {
    if let (Role::Tool, Some(call_id)) = (message.role, &message.tool_call_id) {
        return input.push(InputItem::Output {
            kind: "function_call_output",
            call_id: self::call_id(call_id),
            output: content(message),
        });
    }
    // There may be no text before calls.
    if message.tool_calls.is_empty() || !message.all_text().trim().is_empty() {
        input.push(InputItem::Message {
            kind: "message",
            role: match message.role {
                Role::System | Role::Developer if instructions_speak => "user",
                Role::System => "system",
                Role::Developer => "developer",
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::Tool => "user",
            },
            content: content(message),
        });
    }
    input.extend(message.tool_calls.iter().map(|call| InputItem::Call {
        kind: "function_call",
        call_id: call_id(&call.id),
        name: &call.name,
        arguments: turns::arguments(call),
    }));
}

/// The id of a call; OpenAI accepts no longer one ("Expected a string with maximum length 64").
fn call_id(id: &str) -> Cow<'_, str> {
    turns::call_id(id, 64, |_| true)
}

/// Text alone is sent as a string: other services with this format may understand nothing else.
fn content(message: &Message) -> Content<'_> {
    if message.media().next().is_none() {
        return Content::Text(message.all_text());
    }
    let parts = message.content.iter().filter_map(|part| match part {
        Part::Text(text) if text.trim().is_empty() => None,
        Part::Text(text) => Some(InputPart::Text {
            kind: "input_text",
            text,
        }),
        Part::Media(media) => Some(media_part(media)),
    });
    Content::Parts(parts.collect())
}

fn media_part(media: &Media) -> InputPart<'_> {
    if media.is_image {
        return InputPart::Image {
            kind: "input_image",
            image_url: media.url(),
            detail: Some("auto"),
        };
    }
    let (filename, file_data, file_url) = match media.source {
        Source::Data(_) => (Some(turns::file_name(media)), Some(media.url()), None),
        Source::Url(_) => (None, None, Some(media.url())),
    };
    InputPart::File {
        kind: "input_file",
        filename,
        file_data,
        file_url,
    }
}

/// The pieces of an earlier answer that can be sent again to a provider that stores nothing: without ids, which it would
/// look up; reasoning only with its encrypted content, only to models that reason, and only before the item it led to.
fn replayed(state: &State, reasons: bool) -> Vec<BTreeMap<&str, &Value>> {
    let items = state.items.iter().filter_map(|item| {
        let item = item.as_object()?;
        let kind = item.get("type")?.as_str()?;
        let is_reasoning = kind == "reasoning";
        let is_whole = !is_reasoning || reasons && item.get("encrypted_content")?.is_string();
        if !REPLAYED.contains(&kind) || !is_whole {
            return None;
        }
        let is_sent = |name: &str, value: &Value| {
            !value.is_null() && (is_reasoning || name != "id" && name != "status")
        };
        let members = item.iter().filter(|(name, value)| is_sent(name, value));
        Some(
            members
                .map(|(name, value)| (name.as_str(), value))
                .collect(),
        )
    });
    let mut items: Vec<BTreeMap<&str, &Value>> = items.collect();
    let is_reasoning =
        |item: &BTreeMap<&str, &Value>| item.get("type").is_some_and(|kind| *kind == "reasoning");
    while items.last().is_some_and(is_reasoning) {
        items.pop();
    }
    items
}

const LEAST_OUTPUT_TOKENS: u32 = 16;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
