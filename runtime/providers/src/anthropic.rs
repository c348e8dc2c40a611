//! Anthropic's Messages API.
//!
//! Never here: retries, HTTP, which generation thinks how (see `rules`).

use std::borrow::Cow;
use std::cmp::Reverse;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::conversation::{self, Media, Part, Source};
use super::error_body::{ErrorBody, Table};
use super::json::{self, Lenient, Text, str_of};
use super::request::Turn;
use super::rules::{Claude, Sampling, Thinking};
use super::{
    Answer, ChatRequest, Class, Codec, Effort, Failure, Finish, Format, Message, Model, ModelPage,
    Request, Role, Stage, Tool, ToolCall, ToolChoice, Usage, base64, model, request, rules, sse,
};

/// The Messages format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Messages;

impl Codec for Messages {
    fn default_base_url(&self) -> &'static str {
        "https://api.anthropic.com"
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        Some((HeaderName::from_static("x-api-key"), request::secret(key)?))
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        &["request-id", "x-request-id", "cf-ray"]
    }

    fn fit(&self, chat: &mut ChatRequest) -> Vec<String> {
        let mut warnings = Vec::new();
        let rules = rules::claude(&chat.model);
        if rules.thinking == Thinking::Budget && goes_on_without_thoughts(&chat.messages) {
            thinks_no_more(chat, &mut warnings);
        }
        rules::apply(chat, Sampling::Yes, rules.efforts, &mut warnings);
        let effort = chat.effort.filter(|effort| *effort != Effort::None);
        let sampling = match (rules.sampling, effort) {
            // What thinks takes no temperature.
            (Sampling::OneOfTwo, Some(_)) => Sampling::No,
            (sampling, _) => sampling,
        };
        rules::apply(chat, sampling, rules.efforts, &mut warnings);
        if chat
            .temperature
            .is_some_and(|temperature| temperature > 1.0)
        {
            chat.temperature = Some(1.0);
            warnings.push(format!("temperature is 1: {} allows no more", chat.model));
        }
        rules::without_seed(chat, &mut warnings);
        if let (Thinking::Budget, Some(effort)) = (rules.thinking, effort) {
            let budget = rules::claude_budget(effort);
            let asked = chat.max_tokens;
            let wanted = budget.saturating_add(asked.unwrap_or(AFTER_THINKING));
            let usual = default_max_tokens(&chat.model);
            chat.max_tokens = Some(asked.map_or(wanted.max(usual), |_| wanted));
            if asked.is_some() {
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

    fn think_within_limit(&self, chat: &mut ChatRequest, is_lowered: bool) -> Option<String> {
        if rules::claude(&chat.model).thinking != Thinking::Budget {
            return None;
        }
        let usual = default_max_tokens(&chat.model);
        let limit = chat.max_tokens.unwrap_or(usual);
        // The API refuses what leaves nothing.
        let answer = if is_lowered { limit / 4 } else { 1 };
        rules::think_within(chat, limit, answer.max(1), rules::claude_budget)
    }

    fn default_max_tokens(&self, model: &str) -> Option<u32> {
        Some(default_max_tokens(model))
    }

    fn carries(&self, chat: &ChatRequest) -> Result<(), Failure> {
        request::only_text_of_assistant(&chat.messages)?;
        let mut media = chat.messages.iter().flat_map(Message::media);
        match media.find(|media| media_block(media).is_none()) {
            Some(media) => Err(Failure::new(
                Class::InvalidRequest,
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

    fn chat(&self, chat: &ChatRequest) -> Request {
        let rules = rules::claude(&chat.model);
        let (mut system, turns) = request::turns(&chat.messages);
        system.extend(instruction(chat, rules).map(Cow::Owned));
        let messages = turns.iter().filter_map(|turn| {
            let role = if turn.assistant { "assistant" } else { "user" };
            let content = Content::of(blocks(turn, &chat.model))?;
            Some(TurnBody { role, content })
        });
        let max_tokens = chat
            .max_tokens
            .unwrap_or_else(|| default_max_tokens(&chat.model));
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
            stream: true,
        };
        versioned(request::post("/v1/messages".to_owned(), &body))
    }

    fn event(&self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let Some(payload) = event.payload() else {
            return Ok(());
        };
        if event.name == "error" {
            return Err(failure(None, payload));
        }
        let [kind, index, message, block, delta, usage, error] = json::members(
            payload,
            &[
                "type",
                "index",
                "message",
                "content_block",
                "delta",
                "usage",
                "error",
            ],
        )?;
        let index = json::number(index);
        let kind = json::text(kind);
        let kind = if kind.is_empty() { event.name } else { &kind };
        match (kind, message, block, delta) {
            ("message_start", Some(message), ..) => {
                take_message(json::read(message)?, answer);
            }
            ("content_block_start", _, Some(block), _) => {
                take_block(index, block, answer)?;
            }
            ("content_block_delta", _, _, Some(delta)) => {
                take_delta(index, &json::read(delta)?, answer);
            }
            ("message_delta", _, _, delta) => {
                if let Some(delta) = delta {
                    take_stop(json::read(delta)?, answer);
                }
                if let Some(usage) = usage.and_then(|usage| json::read(usage).ok()) {
                    take_usage(&usage, &mut answer.usage);
                }
            }
            ("message_stop", ..) => answer.complete = true,
            ("error", ..) => return Err(failure(None, payload)),
            _ if error.is_some() => return Err(failure(None, payload)),
            _ => {}
        }
        Ok(())
    }

    fn end(&self, answer: &mut Answer) {
        if answer.complete {
            put_together(answer);
        }
    }

    fn is_opening(&self, event: &sse::Event<'_>) -> bool {
        let kind = |payload| json::members(payload, &["type"]).ok();
        let Some(payload) = event.payload() else {
            return true;
        };
        let kind = json::text(kind(payload).and_then(|[kind]| kind));
        kind == "ping" || kind.is_empty() && event.name == "ping"
    }

    fn whole(&self, body: &[u8], answer: &mut Answer) -> Result<(), Failure> {
        let body = String::from_utf8_lossy(body);
        let read: WholeMessage<'_> = json::read(&body)?;
        if read.error.is_some() {
            // What comes along with an error is paid, too.
            if let Ok(message) = json::read(&body) {
                take_message(message, answer);
            }
            let failure = failure(None, &body);
            return Err(match read.content.is_some_and(|it| !it.is_empty()) {
                true => failure.at(Stage::Taken),
                false => failure,
            });
        }
        let Some(content) = read.content else {
            return Err(Failure::new(
                Class::Unavailable,
                "the provider's reply is JSON, but not a message",
            ));
        };
        for block in content.raw() {
            take_block(None, block, answer)?;
        }
        take_message(json::read(&body)?, answer);
        take_stop(json::read(&body)?, answer);
        answer.complete = true;
        put_together(answer);
        Ok(())
    }

    fn models(&self, page: Option<&str>) -> Request {
        let after = page.map(|page| format!("&after_id={}", request::percent_encoded(page)));
        versioned(request::get(format!(
            "/v1/models?limit=1000{}",
            after.unwrap_or_default()
        )))
    }

    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        let body = String::from_utf8_lossy(body);
        let list: ModelList<'_> = json::read(&body)?;
        let mut models = Vec::new();
        for entry in json::entries(list.data.raw()) {
            let entry: ModelEntry<'_> = json::read(entry)?;
            let Some(id) = entry.id.and_then(Text::non_empty) else {
                continue;
            };
            let mut model = Model {
                id,
                display_name: entry.display_name.and_then(Text::non_empty),
                created: entry
                    .created_at
                    .as_ref()
                    .and_then(|time| unix_seconds(&time.0)),
                input_token_limit: entry.max_input_tokens.0,
                output_token_limit: entry.max_tokens.0,
                chat: true,
                ..Model::default()
            };
            let told = entry.capabilities.and_then(|raw| json::tree(raw.get()));
            model::claude(&mut model, &told.unwrap_or_default());
            models.push(model);
        }
        let more = list.has_more.0 == Some(true);
        Ok(ModelPage {
            models,
            next: list.last_id.filter(|_| more).and_then(Text::non_empty),
        })
    }

    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        let retired = |model: &Model| {
            let name = model
                .display_name
                .as_deref()
                .unwrap_or_default()
                .to_lowercase();
            name.contains("retired") || name.contains("deprecated")
        };
        models
            .iter()
            .filter(|model| model.chat && !retired(model))
            .max_by_key(|&model| {
                (
                    model.created,
                    model.id.contains("sonnet"),
                    Reverse(model.id.as_str()),
                )
            })
    }

    fn failure(&self, status: u16, body: &[u8]) -> Failure {
        failure(Some(status), &String::from_utf8_lossy(body))
    }
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
            Some(Format::Schema { schema, .. }) if rules.knows_schemas => {
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
    /// One that the API has given.
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
    /// None of nothing. A single text needs no block around it.
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

/// What a turn says. The results of tools must come first.
fn blocks<'a>(turn: &Turn<'a>, model: &str) -> Vec<Block<'a>> {
    if turn.messages.is_empty() {
        let text = Cow::Borrowed(request::OPENING);
        return vec![Block::Text { text }];
    }
    let messages = || turn.messages.iter().copied();
    let results = messages().filter(|message| message.role == Role::Tool);
    let others = messages().filter(|message| message.role != Role::Tool);
    let messages = results.chain(others);
    messages.flat_map(|message| said(message, model)).collect()
}

fn said<'a>(message: &'a Message, model: &str) -> Vec<Block<'a>> {
    let kept = message.state.iter().flat_map(|state| &state.items);
    let kept: Vec<_> = kept
        .filter(|item| may_go_back(item))
        .map(Block::Kept)
        .collect();
    if !kept.is_empty() {
        return kept;
    }
    let mut blocks = parts(message);
    if message.role == Role::Tool {
        return vec![Block::ToolResult {
            tool_use_id: call_id(message.tool_call_id.as_deref().unwrap_or_default(), model),
            content: Content::of(blocks),
        }];
    }
    blocks.extend(message.tool_calls.iter().map(|call| Block::ToolUse {
        id: call_id(&call.id, model),
        name: &call.name,
        input: request::input(call),
    }));
    blocks
}

/// The parts of a message, without blank ones; of several texts alone, one.
fn parts(message: &Message) -> Vec<Block<'_>> {
    if message.media().next().is_none() {
        return text_block(message.all_text()).into_iter().collect();
    }
    let parts = message.content.iter().filter_map(|part| match part {
        Part::Text(text) => text_block(Cow::Borrowed(text)),
        Part::Media(media) => media_block(media),
    });
    parts.collect()
}

fn text_block(text: Cow<'_, str>) -> Option<Block<'_>> {
    (!text.trim().is_empty()).then_some(Block::Text { text })
}

/// An image or a document, if the API has a form for it: of files, PDF and whatever is text.
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

/// The text behind Base64, if it is text.
fn decoded(data: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(data.len() / 4 * 3);
    let is_whole = base64::decode(data, |piece| {
        bytes.extend_from_slice(piece);
        true
    });
    String::from_utf8(bytes).ok().filter(|_| is_whole)
}

/// The id of a call in the letters that a Claude takes. Others know more: who else speaks this format may
/// have given such an id itself.
fn call_id<'a>(id: &'a str, model: &str) -> Cow<'a, str> {
    let is_taken = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    match !model.contains("claude") || id.chars().all(is_taken) {
        true => Cow::Borrowed(id),
        false => Cow::Owned(id.replace(|c| !is_taken(c), "_")),
    }
}

/// The kinds of block that come from a model, and go back to it.
const KEPT: &[&str] = &["thinking", "redacted_thinking", "text", "tool_use"];

fn may_go_back(item: &Value) -> bool {
    let kind = item.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| KEPT.contains(&kind))
}

fn tool_body(tool: &Tool, rules: Claude) -> ToolBody<'_> {
    let mut schema = Cow::Borrowed(&tool.parameters);
    if !schema.contains_key("type") {
        // The API insists on it.
        schema.to_mut().insert("type".to_owned(), "object".into());
    }
    ToolBody {
        name: &tool.name,
        description: tool.description.as_deref(),
        input_schema: schema,
        strict: tool.strict.filter(|_| rules.knows_schemas),
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

/// The form of the answer in words, where the model cannot be held to it.
fn instruction(chat: &ChatRequest, rules: Claude) -> Option<String> {
    match chat.format.as_deref()? {
        Format::Json => Some("Answer with one JSON object and nothing else.".to_owned()),
        Format::Schema { .. } if rules.knows_schemas => None,
        Format::Schema { schema, .. } => {
            let schema = serde_json::to_string(schema).unwrap_or_default();
            Some(format!(
                "Answer with JSON only that keeps to this schema: {schema}"
            ))
        }
    }
}

/// Whether a model that thinks by a budget would be asked to go on with a loop of tools that it has
/// begun without thinking, or with thoughts that did not come back: the API refuses that.
fn goes_on_without_thoughts(messages: &[Message]) -> bool {
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

fn thinks_no_more(chat: &mut ChatRequest, warnings: &mut Vec<String>) {
    let effort = chat.effort.take();
    if effort.is_some_and(|effort| effort != Effort::None) {
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
            "tool_choice is auto: {} cannot be made to call a tool while it thinks",
            chat.model
        ));
    }
    if !rules.knows_schemas && chat.tools.iter().any(|tool| tool.strict == Some(true)) {
        warnings.push(rules::left_out("strict", &chat.model));
    }
}

fn fit_format(chat: &ChatRequest, rules: Claude, warnings: &mut Vec<String>) {
    if instruction(chat, rules).is_some() {
        warnings.push(format!(
            "response_format is asked for in words: {} cannot be held to it",
            chat.model
        ));
    }
}

#[derive(Deserialize)]
struct MessageHead<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(default)]
    usage: Lenient<UsageObject>,
}

#[derive(Deserialize)]
struct WholeMessage<'a> {
    #[serde(borrow)]
    content: Option<json::List<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A content block, or a delta of one.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_json: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Stop<'a> {
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    #[serde(borrow)]
    stop_details: Option<StopDetails<'a>>,
}

#[derive(Deserialize)]
struct StopDetails<'a> {
    #[serde(borrow)]
    explanation: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct UsageObject {
    input_tokens: Lenient<u64>,
    cache_creation_input_tokens: Lenient<u64>,
    cache_read_input_tokens: Lenient<u64>,
    output_tokens: Lenient<u64>,
    output_tokens_details: Lenient<OutputDetails>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Lenient<u64>,
}

#[derive(Deserialize)]
struct ModelList<'a> {
    #[serde(borrow)]
    data: json::List<'a>,
    #[serde(default)]
    has_more: Lenient<bool>,
    #[serde(borrow)]
    last_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ModelEntry<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    display_name: Option<Text<'a>>,
    #[serde(borrow)]
    created_at: Option<Text<'a>>,
    #[serde(default)]
    max_input_tokens: Lenient<u64>,
    #[serde(default)]
    max_tokens: Lenient<u64>,
    #[serde(borrow)]
    capabilities: Option<&'a RawValue>,
}

/// How much to think, in the words of the model's generation, and the effort beside it.
fn thinking(chat: &ChatRequest) -> (Option<ThinkingBody>, Option<&'static str>) {
    let rules = rules::claude(&chat.model);
    let adaptive = || ThinkingBody::Adaptive {
        display: chat.include_reasoning.then_some("summarized"),
    };
    match (rules.thinking, chat.effort) {
        (Thinking::Never, _) => (None, None),
        (Thinking::Budget, None | Some(Effort::None)) => (None, None),
        (Thinking::Budget, Some(effort)) => {
            let budget_tokens = rules::claude_budget(effort);
            (Some(ThinkingBody::Enabled { budget_tokens }), None)
        }
        (Thinking::OnDemand | Thinking::ByDefault, Some(Effort::None)) => {
            (Some(ThinkingBody::Disabled), None)
        }
        (Thinking::OnDemand, Some(effort)) => (Some(adaptive()), Some(effort.as_str())),
        (Thinking::OnDemand, None) => (None, None),
        (Thinking::ByDefault | Thinking::Always, effort) => (
            chat.include_reasoning.then(adaptive),
            effort.map(Effort::as_str),
        ),
    }
}

/// Room for the answer behind a budget for thinking, where nobody says how much.
const AFTER_THINKING: u32 = 4_096;

fn versioned(mut request: Request) -> Request {
    let version = (
        HeaderName::from_static("anthropic-version"),
        HeaderValue::from_static("2023-06-01"),
    );
    request.headers.push(version);
    request
}

/// Room for thinking and text where the API insists on a number; old models have smaller caps.
fn default_max_tokens(model: &str) -> u32 {
    let named = |part| model.contains(part);
    if named("claude-3-5") {
        8_192
    } else if (named("claude-3-") && !named("claude-3-7"))
        || named("claude-2")
        || named("claude-instant")
    {
        4_096
    } else {
        16_384
    }
}

fn take_message(message: MessageHead<'_>, answer: &mut Answer) {
    answer.response_id = message
        .id
        .and_then(Text::non_empty)
        .or(answer.response_id.take());
    answer.model = message
        .model
        .and_then(Text::non_empty)
        .or(answer.model.take());
    if let Some(usage) = message.usage.0 {
        take_usage(&usage, &mut answer.usage);
    }
}

/// The blocks of an answer that is under way, in the order of their arrival: of its calls, and if the
/// state is wanted, all that go back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Blocks(Vec<OpenBlock>);

#[derive(Clone, Debug, PartialEq)]
struct OpenBlock {
    index: u64,
    /// Its place among the tool calls.
    call: Option<usize>,
    /// What there is of it, if the state is wanted.
    item: Map<String, Value>,
}

/// Blocks come one after the other, or a few at a time. So far back is looked for one of an index.
const MOST_OPEN: usize = 128;

impl Blocks {
    /// The one with this index; the latest where a piece has none.
    fn find(&mut self, index: Option<u64>) -> Option<&mut OpenBlock> {
        let mut latest = self.0.iter_mut().rev().take(MOST_OPEN);
        latest.find(|block| index.is_none_or(|index| block.index == index))
    }

    /// The state is not wanted any more.
    pub(super) fn forget_items(&mut self) {
        for block in &mut self.0 {
            block.item = Map::new();
        }
    }

    fn next_index(&self) -> u64 {
        self.0
            .last()
            .map_or(0, |block| block.index.saturating_add(1))
    }
}

/// A block begins, or is there as a whole.
fn take_block(index: Option<u64>, block: &str, answer: &mut Answer) -> Result<(), Failure> {
    let piece: Piece<'_> = json::read(block)?;
    let kind = str_of(&piece.kind);
    let index = index.unwrap_or_else(|| answer.blocks.next_index());
    let mut call = None;
    match kind {
        "text" => answer.text.push_str(str_of(&piece.text)),
        "thinking" => answer.reasoning.push_str(str_of(&piece.thinking)),
        "tool_use" => {
            call = Some(answer.tool_calls.len());
            take_call(&piece, answer)?;
        }
        _ => {}
    }
    let mut item = Map::new();
    if KEPT.contains(&kind)
        && let Some(Value::Object(whole)) = answer.piece(block)
    {
        item = whole;
    }
    open(OpenBlock { index, call, item }, answer);
    Ok(())
}

/// What a block takes beside its members.
const BLOCK: usize = 2 * size_of::<OpenBlock>() + 656;

fn open(block: OpenBlock, answer: &mut Answer) {
    if block.call.is_some() || !block.item.is_empty() {
        let lengths = block.item.iter();
        let lengths = lengths.map(|(name, value)| name.len() + conversation::length(value));
        answer.state_length += lengths.sum::<usize>() + BLOCK;
        answer.blocks.0.push(block);
    }
}

fn take_call(piece: &Piece<'_>, answer: &mut Answer) -> Result<(), Failure> {
    // An empty object stands here until the real one has come in pieces.
    let input = piece.input.map_or("", RawValue::get);
    let members = input.strip_prefix('{').map(str::trim_start);
    let is_there = members.is_some_and(|members| !members.starts_with('}'));
    answer.call(ToolCall {
        id: str_of(&piece.id).to_owned(),
        name: str_of(&piece.name).to_owned(),
        arguments: if is_there { input } else { "" }.to_owned(),
    })
}

fn take_delta(index: Option<u64>, piece: &Piece<'_>, answer: &mut Answer) {
    let (kind, member, more) = match str_of(&piece.kind) {
        "text" | "text_delta" => ("text", "text", &piece.text),
        "thinking" | "thinking_delta" => ("thinking", "thinking", &piece.thinking),
        "signature_delta" => ("thinking", "signature", &piece.signature),
        "input_json_delta" => {
            let call = answer.blocks.find(index).and_then(|block| block.call);
            if let Some(call) = call.and_then(|call| answer.tool_calls.get_mut(call)) {
                call.arguments.push_str(str_of(&piece.partial_json));
            }
            return;
        }
        _ => return,
    };
    let more = str_of(more);
    match member {
        "text" => answer.text.push_str(more),
        "thinking" => answer.reasoning.push_str(more),
        _ => {}
    }
    if !answer.wants_state {
        return;
    }
    if answer.blocks.find(index).is_none() {
        let index = index.unwrap_or_default();
        let item = Map::from_iter([("type".to_owned(), kind.into())]);
        let call = None;
        open(OpenBlock { index, call, item }, answer);
    }
    if let Some(block) = answer.blocks.find(index) {
        match block.item.get_mut(member) {
            Some(Value::String(text)) => text.push_str(more),
            _ => drop(block.item.insert(member.to_owned(), more.into())),
        }
        answer.state_length += more.len();
    }
}

/// The answer has ended as it should: the calls are whole, and the blocks are the state.
fn put_together(answer: &mut Answer) {
    answer.state_length = 0;
    let mut blocks = std::mem::take(&mut answer.blocks).0;
    blocks.sort_by_key(|block| block.index);
    let mut calls = std::mem::take(&mut answer.tool_calls);
    for mut block in blocks {
        if let Some(call) = block.call.and_then(|call| calls.get_mut(call)) {
            if call.arguments.trim().is_empty() {
                call.arguments = "{}".to_owned();
            }
            if answer.wants_state && !answer.has_room_for(&call.arguments) {
                answer.spoil_state();
            }
            if answer.wants_state {
                // One that was made up is the only one by which the result can be told.
                block.item.insert("id".to_owned(), call.id.as_str().into());
                let input = request::input(call).into();
                block.item.insert("input".to_owned(), input);
            }
        }
        answer.keep(Value::Object(block.item));
    }
    answer.tool_calls = calls;
}

fn take_stop(stop: Stop<'_>, answer: &mut Answer) {
    let Some(native) = stop.stop_reason.and_then(Text::non_empty) else {
        return;
    };
    let finish = match native.as_str() {
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::ContentFilter,
        "pause_turn" => Finish::Pause,
        _ if !answer.tool_calls.is_empty() => Finish::ToolCalls,
        _ => Finish::Stop,
    };
    let explanation = stop
        .stop_details
        .and_then(|details| details.explanation?.non_empty());
    if let (Finish::ContentFilter, Some(explanation)) = (finish, explanation) {
        if !answer.text.is_empty() {
            answer.text.push_str("\n\n");
        }
        answer.text.push_str(&explanation);
    }
    answer.finish = Some(finish);
    answer.native_finish = Some(native);
}

/// Later counts replace earlier ones; ours for the input is the sum of their three.
fn take_usage(counts: &UsageObject, usage: &mut Usage) {
    let cached = |usage: &Usage| {
        let written = usage.cache_write_tokens.unwrap_or_default();
        written.saturating_add(usage.cached_input_tokens.unwrap_or_default())
    };
    let earlier = usage
        .input_tokens
        .map(|sum| sum.saturating_sub(cached(usage)));
    usage.cache_write_tokens = counts
        .cache_creation_input_tokens
        .0
        .or(usage.cache_write_tokens);
    usage.cached_input_tokens = counts
        .cache_read_input_tokens
        .0
        .or(usage.cached_input_tokens);
    let fresh = counts.input_tokens.0.or(earlier);
    usage.input_tokens = fresh.map(|fresh| fresh.saturating_add(cached(usage)));
    usage.output_tokens = counts.output_tokens.0.or(usage.output_tokens);
    let details = counts.output_tokens_details.0.as_ref();
    usage.reasoning_tokens = details
        .and_then(|details| details.thinking_tokens.0)
        .or(usage.reasoning_tokens);
    usage.total_tokens = usage
        .input_tokens
        .zip(usage.output_tokens)
        .map(|(input, output)| input.saturating_add(output));
}

fn failure(status: Option<u16>, body: &str) -> Failure {
    ErrorBody::read(body).failure(status, WORDS, PHRASES)
}

/// RFC 3339 to seconds since 1970.
fn unix_seconds(time: &str) -> Option<i64> {
    let numbers = |text: &str, separator| -> Option<[i64; 3]> {
        let numbers: Option<Vec<i64>> = text
            .split(separator)
            .map(|part| part.parse::<u16>().ok().map(i64::from))
            .collect();
        numbers?.try_into().ok()
    };
    let (date, time) = time.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.get(..8)?, ':')?;
    let zone = time
        .get(8..)?
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match (zone, zone.get(1..)) {
        ("Z" | "z", _) => 0,
        (_, Some(clock)) => {
            let [hours, minutes, _] = numbers(&format!("{clock}:0"), ':')?;
            let seconds = hours * 3_600 + minutes * 60;
            if zone.starts_with('-') {
                -seconds
            } else {
                seconds
            }
        }
        _ => return None,
    };
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

const WORDS: &Table = &[
    ("invalid_request_error", Class::InvalidRequest),
    ("authentication_error", Class::Auth),
    ("billing_error", Class::Quota),
    ("permission_error", Class::Permission),
    ("not_found_error", Class::ModelNotFound),
    ("request_too_large", Class::TooLarge),
    ("rate_limit_error", Class::RateLimit),
    ("api_error", Class::Unavailable),
    ("timeout_error", Class::Unavailable),
    ("overloaded_error", Class::Unavailable),
];

const PHRASES: &Table = &[
    ("prompt is too long", Class::ContextLength),
    ("exceed context limit", Class::ContextLength),
    ("credit balance is too low", Class::Quota),
    ("usage limits", Class::Quota),
    ("content filtering policy", Class::ContentFilter),
];

#[cfg(test)]
mod tests;
