//! Chat requests of the Messages API.
//!
//! Never here: what a model accepts (`rules`).

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value};

use super::rules::{self, Claude, default_max_tokens};
use super::stream::KEPT;
use crate::adapt;
use crate::base64;
use crate::facts::{Sampling, Thinking};
use crate::http_request;
use crate::turns::{self, Turn};
use crate::{
    ChatRequest, Encoding, ErrorKind, Failure, Format, Media, Message, ReasoningEffort, Request,
    Role, Source, Tool, ToolChoice,
};

pub(super) fn adapt(chat: &mut ChatRequest) -> Vec<String> {
    let mut warnings = Vec::new();
    let rules = rules::claude(chat);
    if rules.thinking == Thinking::Budget && continues_without_thinking(&chat.messages) {
        leave_out_thinking(chat, &mut warnings);
    }
    adapt::fit_effort(chat, rules.efforts, &mut warnings);
    let effort = chat
        .effort
        .filter(|effort| *effort != ReasoningEffort::None);
    let sampling = match (rules.sampling, effort) {
        // With thinking, the API refuses a temperature.
        (Sampling::OneOfTwo, Some(_)) => Sampling::No,
        (sampling, _) => sampling,
    };
    adapt::fit_sampling(chat, sampling, &mut warnings);
    if chat
        .temperature
        .is_some_and(|temperature| temperature > 1.0)
    {
        chat.temperature = Some(1.0);
        warnings.push(format!("temperature is 1: {} allows no more", chat.model));
    }
    adapt::without_seed(chat, &mut warnings);
    if let (Thinking::Budget, Some(effort)) = (rules.thinking, effort) {
        let budget = rules::claude_budget(effort);
        let given = chat.max_tokens;
        let wanted = budget.saturating_add(given.unwrap_or(AFTER_THINKING));
        let usual = default_max_tokens(chat);
        chat.max_tokens = Some(given.map_or(wanted.max(usual), |_| wanted));
        if given.is_some() {
            warnings.push(format!(
                "max_tokens is {wanted}: {budget} of them are for reasoning"
            ));
        }
    }
    if rules.thinking == Thinking::Never {
        chat.include_reasoning = false;
    }
    let thinks_by_budget = rules.thinking == Thinking::Budget && effort.is_some();
    fit_tools(chat, rules, thinks_by_budget, &mut warnings);
    fit_format(chat, rules, &mut warnings);
    warnings
}

pub(super) fn think_within_limit(chat: &mut ChatRequest, is_lowered: bool) -> Option<String> {
    if rules::claude(chat).thinking != Thinking::Budget {
        return None;
    }
    let usual = default_max_tokens(chat);
    let limit = chat.max_tokens.unwrap_or(usual);
    // The API refuses a budget that leaves nothing for the answer.
    let answer = if is_lowered { limit / 4 } else { 1 };
    adapt::fit_effort_to_limit(chat, limit, answer.max(1), rules::claude_budget)
}

pub(super) fn check_supported(chat: &ChatRequest) -> Result<(), Failure> {
    turns::only_text_of_assistant(&chat.messages)?;
    let mut media = chat.messages.iter().flat_map(Message::media);
    match media.find(|media| media_block(media).is_none()) {
        Some(media) => Err(Failure::new(
            ErrorKind::InvalidRequest,
            format!(
                "a file of the type {} cannot be sent to this provider{}: it takes images, PDF and text, the \
                 last only as data",
                media.mime_type,
                match media.source {
                    Source::Url(_) => " from an address",
                    Source::Data(_) => "",
                }
            ),
        )),
        None => Ok(()),
    }
}

pub(super) fn chat(chat: &ChatRequest, encoding: Encoding) -> Request {
    let rules = rules::claude(chat);
    let (mut system, turns) = turns::turns(&chat.messages);
    system.extend(instruction(chat, rules).map(Cow::Owned));
    let messages = turns.iter().filter_map(|turn| {
        let role = if turn.assistant { "assistant" } else { "user" };
        let content = Content::of(blocks(turn, &chat.model))?;
        Some(TurnBody { role, content })
    });
    let max_tokens = chat.max_tokens.unwrap_or_else(|| default_max_tokens(chat));
    let (thinking, effort) = thinking(chat);
    let body = ChatBody {
        model: &chat.model,
        max_tokens,
        system: Content::of(
            system
                .into_iter()
                .map(|text| Block::Text { text })
                .collect(),
        ),
        messages: messages.collect(),
        temperature: chat.temperature,
        top_p: chat.top_p,
        stop_sequences: &chat.stop,
        thinking,
        output_config: OutputConfig::of(effort, chat, rules),
        tools: chat
            .tools
            .iter()
            .map(|tool| tool_body(tool, rules))
            .collect(),
        tool_choice: tool_choice(chat),
        stream: !encoding.without_stream,
    };
    versioned(http_request::post("/v1/messages".to_owned(), &body))
}

#[derive(Serialize)]
struct ChatBody<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Content<'a>>,
    messages: Vec<TurnBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<ThinkingBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoiceBody<'a>>,
    stream: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ThinkingBody {
    Enabled {
        budget_tokens: u32,
    },
    Adaptive {
        #[serde(skip_serializing_if = "Option::is_none")]
        display: Option<&'static str>,
    },
    Disabled,
    /// Thinking is off.
    #[serde(rename = "between_tools")]
    BetweenTools,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<FormatBody<'a>>,
}

impl<'a> OutputConfig<'a> {
    fn of(effort: Option<&'static str>, chat: &'a ChatRequest, rules: Claude) -> Option<Self> {
        let format = match chat.format.as_deref() {
            Some(Format::Schema { schema, .. }) if rules.supports_schemas => {
                Some(FormatBody { schema })
            }
            _ => None,
        };
        (effort.is_some() || format.is_some()).then_some(OutputConfig { effort, format })
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "json_schema")]
struct FormatBody<'a> {
    schema: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct ToolBody<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: Cow<'a, Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ToolChoiceBody<'a> {
    Auto,
    Any,
    Tool { name: &'a str },
    None,
}

#[derive(Serialize)]
struct TurnBody<'a> {
    role: &'static str,
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Blocks(Vec<Block<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Image {
        source: SourceBody<'a>,
    },
    Document {
        source: SourceBody<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: Map<String, Value>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content<'a>>,
    },
    /// One that was received from the API.
    #[serde(untagged)]
    Kept(&'a Value),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum SourceBody<'a> {
    Base64 {
        media_type: &'a str,
        data: &'a str,
    },
    Url {
        url: &'a str,
    },
    Text {
        media_type: &'static str,
        data: String,
    },
}

impl<'a> Content<'a> {
    /// None if there are no blocks. A single text is sent as a string.
    fn of(mut blocks: Vec<Block<'a>>) -> Option<Self> {
        match (blocks.len(), blocks.pop()?) {
            (1, Block::Text { text }) => Some(Content::Text(text)),
            (_, last) => {
                blocks.push(last);
                Some(Content::Blocks(blocks))
            }
        }
    }
}

/// The blocks of a turn. The results of tools must come first.
fn blocks<'a>(turn: &Turn<'a>, model: &str) -> Vec<Block<'a>> {
    if turn.messages.is_empty() {
        let text = Cow::Borrowed(turns::OPENING);
        return vec![Block::Text { text }];
    }
    let messages = || turn.messages.iter().copied();
    let results = messages().filter(|message| message.role == Role::Tool);
    let others = messages().filter(|message| message.role != Role::Tool);
    let messages = results.chain(others);
    messages
        .flat_map(|message| message_blocks(message, model))
        .collect()
}

fn message_blocks<'a>(message: &'a Message, model: &str) -> Vec<Block<'a>> {
    let kept = message.state.iter().flat_map(|state| &state.items);
    let kept: Vec<_> = kept
        .filter(|item| is_replayable(item))
        .map(Block::Kept)
        .collect();
    if !kept.is_empty() {
        return kept;
    }
    let mut blocks = turns::parts(message, |text| Block::Text { text }, media_block);
    if message.role == Role::Tool {
        return vec![Block::ToolResult {
            tool_use_id: call_id(message.tool_call_id.as_deref().unwrap_or_default(), model),
            content: Content::of(blocks),
        }];
    }
    blocks.extend(message.tool_calls.iter().map(|call| Block::ToolUse {
        id: call_id(&call.id, model),
        name: &call.name,
        input: turns::input(call),
    }));
    blocks
}

/// An image or a document, if the API has a block for it: of files, PDF and any text.
fn media_block(media: &Media) -> Option<Block<'_>> {
    let is_pdf = media.mime_type == "application/pdf";
    let source = match &media.source {
        Source::Url(url) if media.is_image || is_pdf || media.mime_type.is_empty() => {
            SourceBody::Url { url }
        }
        Source::Url(_) => return None,
        Source::Data(data) if media.is_image || is_pdf => SourceBody::Base64 {
            media_type: &media.mime_type,
            data,
        },
        Source::Data(data) => SourceBody::Text {
            media_type: "text/plain",
            data: decoded(data)?,
        },
    };
    Some(match media.is_image {
        true => Block::Image { source },
        false => Block::Document {
            source,
            title: media.name.as_deref(),
        },
    })
}

/// Decodes Base64 if the result is text.
pub(super) fn decoded(data: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(data.len() / 4 * 3);
    let is_whole = base64::decode(data, |piece| {
        bytes.extend_from_slice(piece);
        true
    });
    String::from_utf8(bytes).ok().filter(|_| is_whole)
}

/// The id of a call in the characters that Anthropic accepts. For other models it is unchanged: another service with this
/// format may have issued it.
fn call_id<'a>(id: &'a str, model: &str) -> Cow<'a, str> {
    match model.contains("claude") {
        true => turns::call_id(id, usize::MAX, |c| {
            c.is_ascii_alphanumeric() || "_-".contains(c)
        }),
        false => Cow::Borrowed(id),
    }
}

fn is_replayable(item: &Value) -> bool {
    let kind = item.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| KEPT.contains(&kind))
}

fn tool_body(tool: &Tool, rules: Claude) -> ToolBody<'_> {
    let mut schema = Cow::Borrowed(&tool.parameters);
    if !schema.contains_key("type") {
        // The API requires it.
        schema.to_mut().insert("type".to_owned(), "object".into());
    }
    ToolBody {
        name: &tool.name,
        description: tool.description.as_deref(),
        input_schema: schema,
        strict: tool.strict.filter(|_| rules.supports_schemas),
    }
}

fn tool_choice(chat: &ChatRequest) -> Option<ToolChoiceBody<'_>> {
    let choice = chat
        .tool_choice
        .as_ref()
        .filter(|_| !chat.tools.is_empty())?;
    Some(match choice {
        ToolChoice::Auto => ToolChoiceBody::Auto,
        ToolChoice::None => ToolChoiceBody::None,
        ToolChoice::Required => ToolChoiceBody::Any,
        ToolChoice::Tool(name) => ToolChoiceBody::Tool { name },
    })
}

/// The format of the answer as an instruction, for models that cannot enforce it.
fn instruction(chat: &ChatRequest, rules: Claude) -> Option<String> {
    match chat.format.as_deref()? {
        Format::Json => Some("Answer with one JSON object and nothing else.".to_owned()),
        Format::Schema { .. } if rules.supports_schemas => None,
        Format::Schema { schema, .. } => {
            let schema = serde_json::to_string(schema).unwrap_or_default();
            Some(format!(
                "Answer with JSON only that keeps to this schema: {schema}"
            ))
        }
    }
}

/// Whether the conversation continues a loop of tool calls that began without thinking, or whose thinking blocks are missing.
/// The API refuses that for models that think by a budget.
fn continues_without_thinking(messages: &[Message]) -> bool {
    let in_loop = messages.iter().rev().take_while(|m| m.role != Role::User);
    let begun = in_loop
        .filter(|message| !message.tool_calls.is_empty())
        .last();
    let is_thought = |item: &Value| {
        let kind = item.get("type").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.ends_with("thinking"))
    };
    begun.is_some_and(|message| {
        let mut items = message.state.iter().flat_map(|state| &state.items);
        !items.any(is_thought)
    })
}

fn leave_out_thinking(chat: &mut ChatRequest, warnings: &mut Vec<String>) {
    let effort = chat.effort.take();
    if effort.is_some_and(|effort| effort != ReasoningEffort::None) {
        warnings.push(format!(
            "reasoning_effort was left out: {} goes on with a loop of tools only with the provider_state of its \
             earlier answer",
            chat.model
        ));
    }
}

fn fit_tools(
    chat: &mut ChatRequest,
    rules: Claude,
    thinks_by_budget: bool,
    warnings: &mut Vec<String>,
) {
    let is_forced = matches!(
        chat.tool_choice,
        Some(ToolChoice::Required | ToolChoice::Tool(_))
    );
    if is_forced && (thinks_by_budget || !rules.may_be_forced) {
        chat.tool_choice = Some(ToolChoice::Auto);
        warnings.push(format!(
            "tool_choice is auto: {} does not support a forced tool call with reasoning",
            chat.model
        ));
    }
    if !rules.supports_schemas && chat.tools.iter().any(|tool| tool.strict == Some(true)) {
        warnings.push(adapt::left_out("strict", &chat.model));
    }
}

fn fit_format(chat: &ChatRequest, rules: Claude, warnings: &mut Vec<String>) {
    if instruction(chat, rules).is_some() {
        warnings.push(format!(
            "response_format is sent as an instruction: {} does not support it",
            chat.model
        ));
    }
}

/// The `thinking` member for the model's generation, and the effort.
fn thinking(chat: &ChatRequest) -> (Option<ThinkingBody>, Option<&'static str>) {
    let rules = rules::claude(chat);
    let adaptive = || ThinkingBody::Adaptive {
        display: chat.include_reasoning.then_some("summarized"),
    };
    match (rules.thinking, chat.effort) {
        (Thinking::Never, _) => (None, None),
        (Thinking::Budget, None | Some(ReasoningEffort::None)) => (None, None),
        (Thinking::Budget, Some(effort)) => {
            let budget_tokens = rules::claude_budget(effort);
            (Some(ThinkingBody::Enabled { budget_tokens }), None)
        }
        (Thinking::OnDemand | Thinking::ByDefault, Some(ReasoningEffort::None)) => {
            (Some(ThinkingBody::Disabled), None)
        }
        (Thinking::BetweenTools, Some(ReasoningEffort::None)) => {
            (Some(ThinkingBody::BetweenTools), None)
        }
        (Thinking::OnDemand, Some(effort)) => (Some(adaptive()), Some(effort.as_str())),
        (Thinking::OnDemand, None) => (None, None),
        (_, effort) => (
            chat.include_reasoning.then(adaptive),
            effort.map(ReasoningEffort::as_str),
        ),
    }
}

/// Tokens for the answer on top of a thinking budget, if the caller sets no limit.
const AFTER_THINKING: u32 = 4_096;

/// Not the newest version: with `2026-10-21` a request that has `temperature`, `top_p` or `top_k` is refused, whatever the
/// model, and this one is still served (<https://platform.claude.com/docs/en/api/versioning>).
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

pub(super) fn versioned(mut request: Request) -> Request {
    let version = (HeaderName::from_static("anthropic-version"), VERSION);
    request.headers.push(version);
    request
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
