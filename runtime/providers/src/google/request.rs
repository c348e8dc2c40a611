//! Chat requests of `generateContent`.
//!
//! Never here: what a model accepts (`rules`).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::bare_id;
use super::rules::{self, GeminiThinking};
use crate::adapt;
use crate::facts::{Rules, Thinking};
use crate::http_request;
use crate::turns::{self, Turn};
use crate::{
    ChatRequest, Format, Media, Message, ReasoningEffort, Request, Role, Source, Tool, ToolCall,
    ToolChoice,
};

pub(super) fn adapt(chat: &mut ChatRequest) -> Vec<String> {
    let mut warnings = Vec::new();
    let rules = rules::of(chat);
    let thinks = rules::gemini(rules, ReasoningEffort::High) != GeminiThinking::Never;
    if !thinks && chat.effort.take().is_some() {
        warnings.push(adapt::left_out("reasoning_effort", &chat.model));
    }
    // Any effort is a number of tokens for models with a budget.
    let efforts = match rules.thinking {
        Some(Thinking::Budget) => None,
        _ => rules.efforts,
    };
    adapt::fit(chat, Rules { efforts, ..rules }, &mut warnings);
    chat.include_reasoning &= thinks;
    if chat.tools.iter().any(|tool| tool.strict == Some(true)) {
        warnings.push(adapt::left_out("strict", &chat.model));
    }
    warnings
}

pub(super) fn think_within_limit(chat: &mut ChatRequest, is_lowered: bool) -> Option<String> {
    // Gemini accepts a budget above the limit, which may be what the caller wants.
    let limit = chat.max_tokens.filter(|_| is_lowered)?;
    let rules = rules::of(chat);
    let tokens = |effort| match rules::gemini(rules, effort) {
        GeminiThinking::Budget(tokens) => tokens,
        GeminiThinking::Never | GeminiThinking::Level(_) => 0,
    };
    adapt::fit_effort_to_limit(chat, limit, limit / 4, tokens)
}

pub(super) fn chat(chat: &ChatRequest) -> Request {
    let (system, turns) = turns::turns(&chat.messages);
    let contents = turns.iter().map(|turn| ContentBody {
        role: Some(if turn.assistant { "model" } else { "user" }),
        parts: parts(turn, chat),
    });
    let (response_mime_type, response_json_schema) = match chat.format.as_deref() {
        None => (None, None),
        Some(Format::Json) => (Some("application/json"), None),
        Some(Format::Schema { schema, .. }) => (Some("application/json"), Some(schema)),
    };
    let config = GenerationConfig {
        temperature: chat.temperature,
        top_p: chat.top_p,
        max_output_tokens: chat.max_tokens,
        stop_sequences: &chat.stop,
        seed: chat.seed,
        response_mime_type,
        response_json_schema,
        thinking_config: thinking_config(chat),
    };
    let body = ChatBody {
        system_instruction: (!system.is_empty()).then(|| ContentBody {
            role: None,
            parts: system.into_iter().map(PartBody::text).collect(),
        }),
        contents: contents
            .filter(|content| !content.parts.is_empty())
            .collect(),
        tools: ToolsBody::of(&chat.tools),
        tool_config: tool_config(chat),
        generation_config: (config != GenerationConfig::default()).then_some(config),
    };
    // The method's name follows, so an id `.` or `..` is not a dot segment.
    let model = http_request::percent_encoded(bare_id(&chat.model));
    http_request::post(
        format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
        &body,
    )
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<ContentBody<'a>>,
    contents: Vec<ContentBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[ToolsBody<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<GenerationConfig<'a>>,
}

#[derive(Serialize)]
struct ContentBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<PartBody<'a>>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<InlineData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<FileData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Cow<'a, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InlineData<'a> {
    mime_type: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    file_uri: &'a str,
}

#[derive(Serialize)]
struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    name: &'a str,
    response: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolsBody<'a> {
    function_declarations: Vec<FunctionDeclaration<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionDeclaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    parameters_json_schema: &'a Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    function_calling_config: FunctionCallingConfig<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCallingConfig<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a str; 1]>,
}

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
}

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    include_thoughts: bool,
}

/// A level or a budget, as the model's generation has it; the API refuses both at once.
fn thinking_config(chat: &ChatRequest) -> Option<ThinkingConfig> {
    let mut config = ThinkingConfig {
        include_thoughts: chat.include_reasoning,
        ..ThinkingConfig::default()
    };
    if let Some(effort) = chat.effort {
        match rules::gemini(rules::of(chat), effort) {
            GeminiThinking::Never => {}
            GeminiThinking::Budget(tokens) => config.thinking_budget = Some(tokens),
            GeminiThinking::Level(word) => config.thinking_level = Some(word),
        }
    }
    (config != ThinkingConfig::default()).then_some(config)
}

impl<'a> ToolsBody<'a> {
    fn of(tools: &'a [Tool]) -> Option<[Self; 1]> {
        let declarations = tools.iter().map(|tool| FunctionDeclaration {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters_json_schema: &tool.parameters,
        });
        let function_declarations = declarations.collect();
        (!tools.is_empty()).then_some([ToolsBody {
            function_declarations,
        }])
    }
}

fn tool_config(chat: &ChatRequest) -> Option<ToolConfig<'_>> {
    let choice = chat.tool_choice.as_ref();
    let (mode, only) = match choice.filter(|_| !chat.tools.is_empty())? {
        ToolChoice::Auto => ("AUTO", None),
        ToolChoice::None => ("NONE", None),
        ToolChoice::Required => ("ANY", None),
        ToolChoice::Tool(name) => ("ANY", Some([name.as_str()])),
    };
    Some(ToolConfig {
        function_calling_config: FunctionCallingConfig {
            mode,
            allowed_function_names: only,
        },
    })
}

impl<'a> PartBody<'a> {
    fn text(text: impl Into<Cow<'a, str>>) -> Self {
        PartBody {
            text: Some(text.into()),
            ..PartBody::default()
        }
    }

    pub(super) fn media(media: &'a Media) -> Self {
        let mime_type = match &media.mime_type[..] {
            "" => None,
            given => Some(given),
        };
        match &media.source {
            Source::Data(data) => PartBody {
                inline_data: Some(InlineData {
                    mime_type: &media.mime_type,
                    data,
                }),
                ..PartBody::default()
            },
            Source::Url(url) => PartBody {
                file_data: Some(FileData {
                    mime_type: mime_type.or_else(|| guessed(url)),
                    file_uri: url,
                }),
                ..PartBody::default()
            },
        }
    }

    fn call(call: &ToolCall) -> Self {
        let mut body = Map::new();
        if let Some(id) = sent_id(&call.id) {
            body.insert("id".to_owned(), id.into());
        }
        body.insert("name".to_owned(), call.name.as_str().into());
        body.insert("args".to_owned(), turns::input(call).into());
        PartBody {
            function_call: Some(Cow::Owned(body.into())),
            ..PartBody::default()
        }
    }

    fn result(result: &'a Message, messages: &'a [Message]) -> Self {
        let text = result.all_text();
        let response = serde_json::from_str(&text);
        let wrapped = || Map::from_iter([("result".to_owned(), text.as_ref().into())]);
        PartBody {
            function_response: Some(FunctionResponse {
                id: result.tool_call_id.as_deref().and_then(sent_id),
                name: turns::called(messages, result),
                response: response.unwrap_or_else(|_| wrapped()),
            }),
            ..PartBody::default()
        }
    }

    /// A part that was received from the API, without members that it refuses.
    pub(super) fn kept(item: &'a Value) -> Option<Self> {
        let part = PartBody {
            text: item.get("text").and_then(Value::as_str).map(Cow::Borrowed),
            function_call: item.get("functionCall").map(Cow::Borrowed),
            thought: item.get("thought") == Some(&Value::Bool(true)),
            thought_signature: item.get("thoughtSignature").and_then(Value::as_str),
            ..PartBody::default()
        };
        let says = part.text.is_some() || part.function_call.is_some();
        (says || part.thought_signature.is_some()).then_some(part)
    }
}

/// The id of a call, unless we generated it: without an id, the API matches a result with its call by name.
fn sent_id(id: &str) -> Option<&str> {
    (!ToolCall::is_generated(id)).then_some(id)
}

/// The media type of a URL, by its extension.
pub(super) fn guessed(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "pdf" => "application/pdf",
        "txt" | "md" => "text/plain",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        "json" => "application/json",
        _ => return None,
    })
}

/// The parts of a turn. The results of tools come first; their images and files follow.
fn parts<'a>(turn: &Turn<'a>, chat: &'a ChatRequest) -> Vec<PartBody<'a>> {
    if turn.messages.is_empty() {
        return vec![PartBody::text(turns::OPENING)];
    }
    let messages = || turn.messages.iter().copied();
    let results = messages().filter(|message| message.role == Role::Tool);
    let results = results.map(|result| PartBody::result(result, &chat.messages));
    let mut parts: Vec<_> = results.collect();
    for message in messages() {
        match message.role {
            Role::Tool => parts.extend(message.media().map(PartBody::media)),
            Role::Assistant => parts.extend(answered(message, chat)),
            _ => parts.extend(message_parts(message)),
        }
    }
    parts
}

fn message_parts(message: &Message) -> Vec<PartBody<'_>> {
    turns::parts(message, PartBody::text, |media| {
        Some(PartBody::media(media))
    })
}

/// An answer of the model: its original parts if they were kept, else made from its text and calls.
fn answered<'a>(message: &'a Message, chat: &ChatRequest) -> Vec<PartBody<'a>> {
    let kept = message.state.iter().flat_map(|state| &state.items);
    let mut parts: Vec<_> = kept.filter_map(PartBody::kept).collect();
    if parts.is_empty() {
        parts = message_parts(message);
        parts.extend(message.tool_calls.iter().map(PartBody::call));
    }
    // Generations that think by level refuse a first call without a thought signature.
    let wants_signature = rules::of(chat).thinking == Some(Thinking::Level);
    let is_signed = parts.iter().any(|part| part.thought_signature.is_some());
    if wants_signature
        && !is_signed
        && let Some(first) = parts.iter_mut().find(|part| part.function_call.is_some())
    {
        first.thought_signature = Some(UNSIGNED);
    }
    parts
}

/// The signature that Google documents for calls of another model (<https://ai.google.dev/gemini-api/docs/thought-signatures>).
const UNSIGNED: &str = "skip_thought_signature_validator";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
