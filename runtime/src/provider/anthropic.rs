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
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::super::test_streams::{
        answer, answer_with_state, assert_truncations, body, call, called, file, fuzz, newest,
        outcome, read, request, result, weather, with_state,
    };
    use super::super::{Message, State};
    use super::*;

    const STREAM: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5","content":[],"stop_reason":null,"usage":{"input_tokens":12,"cache_read_input_tokens":5,"cache_creation_input_tokens":3,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB…"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: ping
data: {"type":"ping"}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hé\n"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo 😀"}}

event: news
data: {"type":"news","delta":7,"message":[]}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":30,"output_tokens_details":{"thinking_tokens":21}}}

event: message_stop
data: {"type":"message_stop"}

"#;

    const WHOLE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5",
        "content":[{"type":"thinking","thinking":"Hm.","signature":"EqQB…"},{"type":"text","text":"Hé\nlo "},{"type":"text","text":"😀"}],
        "stop_reason":"end_turn","stop_sequence":null,"stop_details":null,
        "usage":{"input_tokens":12,"cache_creation_input_tokens":3,"cache_read_input_tokens":5,
                 "output_tokens":30,"output_tokens_details":{"thinking_tokens":21},"service_tier":"standard"}}"#;

    const OVERLOADED: &str = r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}

"#;

    /// Thoughts that are not shown, text, and two calls that come at the same time: one of them in five
    /// pieces, the other with nothing.
    const CALLS: &str = r#"data: {"type":"message_start","message":{"id":"msg_2","content":[]}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"+/=="}}

data: {"type":"content_block_stop","index":0}

data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"Em0B"}}

data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}

data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"I'll "}}

data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"look."}}

data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"city\""}}

data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}}}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":": \"Troms"}}

data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}

data: {"type":"content_block_stop","index":4}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"ø\""}}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"}"}}

data: {"type":"content_block_stop","index":3}

data: {"type":"message_delta","delta":{"stop_reason":"tool_use"}}

data: {"type":"message_stop"}

"#;

    const MODELS: &str = r#"{"data":[
        {"type":"model","id":"claude-opus-5","display_name":"Claude Opus 5","created_at":"2026-05-01T00:00:00Z","max_input_tokens":1000000,"max_tokens":128000},
        {"type":"model","id":"claude-sonnet-5","display_name":"Claude Sonnet 5","created_at":"2026-05-01T00:00:00Z"},
        {"type":"model","id":"claude-old","display_name":"Old (deprecated)","created_at":"2026-06-01T00:00:00Z"},
        {"type":"model","id":"claude-3-haiku-20240307","created_at":"2024-03-07T00:00:00Z"}],
        "has_more":true,"first_id":"claude-opus-5","last_id":"claude-3-haiku-20240307"}"#;

    fn complete() -> Answer {
        Answer {
            text: "Hé\nlo 😀".to_owned(),
            reasoning: "Hm.".to_owned(),
            model: Some("claude-sonnet-5".to_owned()),
            response_id: Some("msg_1".to_owned()),
            finish: Some(Finish::Stop),
            native_finish: Some("end_turn".to_owned()),
            usage: Usage {
                input_tokens: Some(20),
                output_tokens: Some(30),
                reasoning_tokens: Some(21),
                cached_input_tokens: Some(5),
                cache_write_tokens: Some(3),
                total_tokens: Some(50),
                ..Usage::default()
            },
            complete: true,
            ..Answer::default()
        }
    }

    fn stopped(delta: &str) -> Answer {
        answer(
            &Messages,
            &format!(
                "data: {{\"type\":\"message_delta\",\"delta\":{delta}}}\n\ndata: {{\"type\":\"message_stop\"}}\n\n"
            ),
        )
    }

    #[test]
    fn requests() {
        let mut chat = request(
            "claude-sonnet-5",
            &[
                (Role::System, "Be brief."),
                (Role::User, "Hello"),
                (Role::User, "there"),
                (Role::Assistant, "Hi"),
                (Role::User, "And?"),
            ],
        );
        let http = Messages.chat(&chat);
        assert_eq!(
            (http.method.as_str(), http.path.as_str()),
            ("POST", "/v1/messages")
        );
        assert!(
            http.headers
                .iter()
                .any(|(name, value)| name == "anthropic-version" && value == "2023-06-01")
        );
        let mut expected = json!({
            "model": "claude-sonnet-5", "max_tokens": 16384, "system": "Be brief.", "stream": true,
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}]},
                {"role": "assistant", "content": "Hi"},
                {"role": "user", "content": "And?"},
            ],
        });
        assert_eq!(body(&Messages, &chat), expected);

        (chat.temperature, chat.max_tokens) = (Some(0.7), Some(64));
        (expected["temperature"], expected["max_tokens"]) = (json!(0.7), json!(64));
        assert_eq!(body(&Messages, &chat), expected);

        let instructions = body(
            &Messages,
            &request("m", &[(Role::System, "a"), (Role::Developer, "b")]),
        );
        assert_eq!(instructions.get("system"), None);
        assert_eq!(
            instructions["messages"],
            json!([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}])
        );
    }

    #[test]
    fn parts_calls_and_results() {
        let png = file("image/png", Source::Data("iVBORw0=".to_owned()), None);
        let jpg = Media {
            is_image: true,
            ..file(
                "",
                Source::Url("https://example.com/a.jpg".to_owned()),
                None,
            )
        };
        let pdf = file(
            "application/pdf",
            Source::Data("JVBERi0=".to_owned()),
            Some("a.pdf"),
        );
        let question = Message {
            content: vec![
                Part::Text("What is this?".to_owned()),
                Part::Text(" \n".to_owned()),
                Part::Media(png.clone()),
                Part::Media(jpg),
                Part::Media(pdf),
            ],
            ..Message::text(Role::User, "")
        };
        let chat = ChatRequest {
            messages: vec![
                Message::text(Role::System, "Be brief."),
                question,
                called("", &[call("toolu_1", "weather", r#"{"city": "Oslo"}"#)]),
                result("toolu_1", "4 C"),
            ]
            .into(),
            max_tokens: Some(4096),
            tools: vec![weather()].into(),
            tool_choice: Some(ToolChoice::Auto),
            ..request("claude-sonnet-5", &[])
        };
        let expected = json!({
            "model": "claude-sonnet-5", "max_tokens": 4096, "system": "Be brief.", "stream": true,
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0="}},
                    {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
                    {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, "title": "a.pdf"}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "4 C"}]}],
            "tools": [{"name": "weather", "description": "Look up weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}],
            "tool_choice": {"type": "auto"},
        });
        assert_eq!(body(&Messages, &chat), expected);
        assert_eq!(Messages.carries(&chat), Ok(()));

        // Results come first in their turn, in one turn, and can have images; ids and arguments of others
        // are brought into shape.
        let shown = Message {
            content: vec![Part::Text("So:".to_owned()), Part::Media(png)],
            ..result("functions.now:0", "")
        };
        let messages = [
            Message::text(Role::User, "Hi"),
            called(
                "Well.",
                &[
                    call("functions.now:0", "now", " "),
                    call("b", "now", "[1]"),
                    call("c", "now", "{\"a\":"),
                ],
            ),
            Message::text(Role::User, "Go on."),
            shown,
            result("b", " "),
        ];
        let chat = ChatRequest {
            messages: messages.into(),
            tools: vec![Tool {
                parameters: Map::new(),
                strict: Some(true),
                description: None,
                ..weather()
            }]
            .into(),
            ..request("claude-sonnet-5", &[])
        };
        let sent = body(&Messages, &chat);
        assert_eq!(
            sent["messages"],
            json!([
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [
                    {"type": "text", "text": "Well."},
                    {"type": "tool_use", "id": "functions_now_0", "name": "now", "input": {}},
                    {"type": "tool_use", "id": "b", "name": "now", "input": {"arguments": "[1]"}},
                    {"type": "tool_use", "id": "c", "name": "now", "input": {"arguments": "{\"a\":"}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "functions_now_0", "content": [
                        {"type": "text", "text": "So:"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0="}}]},
                    {"type": "tool_result", "tool_use_id": "b"},
                    {"type": "text", "text": "Go on."}]}])
        );
        // What another server of this format calls its calls, it knows.
        let chat = ChatRequest {
            model: "kimi-k3".to_owned(),
            ..chat
        };
        let own = &body(&Messages, &chat)["messages"];
        assert_eq!(own[1]["content"][1]["id"], "functions.now:0");
        assert_eq!(own[2]["content"][0]["tool_use_id"], "functions.now:0");

        let tool = json!([{"name": "weather", "input_schema": {"type": "object"}, "strict": true}]);
        assert_eq!((&sent["tools"], sent.get("tool_choice")), (&tool, None));
    }

    #[test]
    fn choices() {
        let of = |choice| {
            let chat = ChatRequest {
                tools: vec![weather()].into(),
                tool_choice: Some(choice),
                ..request("claude-sonnet-5", &[(Role::User, "Hi")])
            };
            let sent = body(&Messages, &chat);
            let without = body(
                &Messages,
                &ChatRequest {
                    tools: Vec::new().into(),
                    ..chat
                },
            );
            assert_eq!(
                (without.get("tools"), without.get("tool_choice")),
                (None, None)
            );
            sent["tool_choice"].clone()
        };
        assert_eq!(of(ToolChoice::None), json!({"type": "none"}));
        assert_eq!(of(ToolChoice::Required), json!({"type": "any"}));
        let weather = ToolChoice::Tool("weather".to_owned());
        assert_eq!(of(weather), json!({"type": "tool", "name": "weather"}));
    }

    #[test]
    fn a_model_that_thinks_is_not_forced_where_it_refuses_that() {
        use ToolChoice::{Auto, Required};
        let fitted = |model: &str, effort, strict| {
            let mut chat = ChatRequest {
                effort,
                tools: vec![Tool {
                    strict,
                    ..weather()
                }]
                .into(),
                tool_choice: Some(Required),
                ..request(model, &[(Role::User, "Hi")])
            };
            let warnings = Messages.fit(&mut chat);
            let strict = body(&Messages, &chat)["tools"][0].get("strict").is_some();
            (chat.tool_choice.unwrap(), strict, warnings)
        };
        for (model, effort, choice, warning) in [
            ("claude-opus-5-5", None, Auto, "tool_choice is auto"),
            ("claude-next-6", None, Auto, "tool_choice is auto"),
            ("claude-opus-5", Some(Effort::High), Required, ""),
            ("claude-sonnet-4-6", Some(Effort::High), Required, ""),
            (
                "claude-haiku-4-5",
                Some(Effort::High),
                Auto,
                "tool_choice is auto",
            ),
            ("claude-haiku-4-5", Some(Effort::None), Required, ""),
            ("claude-haiku-4-5", None, Required, ""),
        ] {
            let (fitted, strict, warnings) = fitted(model, effort, Some(true));
            assert_eq!((fitted, strict), (choice, true), "{model}");
            assert!(
                warnings.join(". ").starts_with(warning),
                "{model} {warnings:?}"
            );
            assert_eq!(warnings.len(), usize::from(!warning.is_empty()), "{model}");
        }
        let (_, strict, warnings) = fitted("claude-sonnet-4-0", None, Some(true));
        assert_eq!((strict, warnings.len()), (false, 1));
        assert_eq!(
            fitted("kimi-k3", None, Some(false)),
            (Required, false, Vec::new())
        );
    }

    #[test]
    fn formats() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
        let fitted = |model: &str, format| {
            let mut chat = ChatRequest {
                format: Some(std::sync::Arc::new(format)),
                effort: Some(Effort::High),
                ..request(model, &[(Role::System, "Be brief."), (Role::User, "Hi")])
            };
            let warnings = Messages.fit(&mut chat);
            let body = body(&Messages, &chat);
            (
                body["system"].clone(),
                body["output_config"].clone(),
                warnings.len(),
            )
        };
        let by_schema = || Format::Schema {
            name: "answer".to_owned(),
            schema: schema.as_object().unwrap().clone(),
            strict: Some(true),
        };
        let format = json!({"type": "json_schema", "schema": schema});
        let words = |words: &str| json!([{"type": "text", "text": "Be brief."}, {"type": "text", "text": words}]);
        let json_only = "Answer with one JSON object and nothing else.";
        let kept = format!("Answer with JSON only that keeps to this schema: {schema}");
        for (model, asked, system, config, warnings) in [
            (
                "claude-sonnet-5",
                by_schema(),
                json!("Be brief."),
                json!({"effort": "high", "format": format}),
                0,
            ),
            (
                "claude-haiku-4-5",
                by_schema(),
                json!("Be brief."),
                json!({"format": format}),
                0,
            ),
            (
                "claude-sonnet-4-20250514",
                by_schema(),
                words(&kept),
                Value::Null,
                1,
            ),
            (
                "claude-sonnet-5",
                Format::Json,
                words(json_only),
                json!({"effort": "high"}),
                1,
            ),
        ] {
            assert_eq!(fitted(model, asked), (system, config, warnings), "{model}");
        }
    }

    #[test]
    fn files() {
        let sent = |media: Media, role| {
            let chat = ChatRequest {
                messages: vec![Message {
                    content: vec![Part::Media(media)],
                    ..Message::text(role, "")
                }]
                .into(),
                ..request("claude-sonnet-5", &[])
            };
            Messages.carries(&chat)?;
            Ok(body(&Messages, &chat)["messages"][0]["content"][0].clone())
        };
        let data = |text: &str| Source::Data(text.to_owned());
        let url = || Source::Url("https://example.com/a".to_owned());
        let text = json!({"type": "document", "title": "a.md", "source": {"type": "text", "media_type": "text/plain", "data": "# Größe\n"}});
        let file_sent = |media| sent(media, Role::User);
        assert_eq!(
            file_sent(file(
                "text/markdown",
                data("IyBHcsO2w59lCg=="),
                Some("a.md")
            )),
            Ok(text)
        );
        let at_address =
            json!({"type": "document", "source": {"type": "url", "url": "https://example.com/a"}});
        for mime_type in ["", "application/pdf"] {
            assert_eq!(
                file_sent(file(mime_type, url(), None)),
                Ok(at_address.clone())
            );
        }
        for (media, role, words) in [
            (
                file("application/zip", data("UEsDBP+="), None),
                Role::User,
                "of the type application/zip cannot",
            ),
            (
                file("text/plain", data("####"), None),
                Role::User,
                "of the type text/plain cannot",
            ),
            (
                file("text/csv", url(), None),
                Role::User,
                "text/csv cannot be sent to this provider from an address",
            ),
            (
                file("image/png", data("AAAA"), None),
                Role::Assistant,
                "assistant's own messages",
            ),
        ] {
            let failure: Failure = sent(media, role).unwrap_err();
            assert_eq!(failure.class, Class::InvalidRequest);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        for (encoded, text) in [
            ("", ""),
            ("YQ==", "a"),
            ("YWI", "ab"),
            ("YWJj", "abc"),
            ("Pz8/Pn4+", "???>~>"),
        ] {
            assert_eq!(decoded(encoded).as_deref(), Some(text));
        }
    }

    #[test]
    fn calls() {
        let answer = answer_with_state(&Messages, CALLS);
        let lengths = answer.state.iter().map(conversation::length);
        assert_eq!(answer.state_length, lengths.sum::<usize>());
        assert_eq!(
            answer.tool_calls,
            [
                call("toolu_1", "weather", "{\"city\": \"Tromsø\"}"),
                call("toolu_2", "now", "{}")
            ]
        );
        assert_eq!(
            (
                answer.text.as_str(),
                answer.reasoning.as_str(),
                answer.finish
            ),
            ("I'll look.", "", Some(Finish::ToolCalls))
        );
        let state = json!([
            {"type": "thinking", "thinking": "", "signature": "EqQB+/=="},
            {"type": "redacted_thinking", "data": "Em0B"},
            {"type": "text", "text": "I'll look."},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Tromsø"}},
            {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
        ]);
        assert_eq!(Value::Array(answer.state.clone()), state);
        assert_truncations(&Messages, CALLS);

        // The state goes back in place of everything else, less what nobody has given.
        let mut items = answer.state;
        items.push(json!({"type": "server_tool_use", "id": "x"}));
        items.push(json!("odd"));
        let message = |items| Message {
            state: Some(State {
                provider: "anthropic".to_owned(),
                model: String::new(),
                items,
            }),
            ..called("Other words.", &answer.tool_calls)
        };
        let messages = |assistant| {
            [
                Message::text(Role::User, "Hi"),
                assistant,
                result("toolu_1", "4 C"),
            ]
        };
        let sent = |messages: [Message; 3]| {
            let chat = ChatRequest {
                messages: messages.into(),
                ..request("claude-sonnet-5", &[])
            };
            body(&Messages, &chat)["messages"][1]["content"].clone()
        };
        assert_eq!(sent(messages(message(items))), state);
        let content = sent(messages(message(vec![json!({"type": "image"})])));
        assert_eq!(content[0]["text"], "Other words.");
        let silent = Message {
            tool_calls: Vec::new(),
            content: Vec::new(),
            ..message(vec![json!({"type": "image"})])
        };
        let content = sent(messages(silent));
        assert_eq!(content[0]["type"], "tool_result", "the turn is left out");

        // Models that think by a budget go on in a loop only with the thoughts it began with.
        let effort = |messages: [Message; 3]| {
            let mut chat = ChatRequest {
                messages: messages.into(),
                effort: Some(Effort::High),
                ..request("claude-haiku-4-5", &[])
            };
            let warnings = Messages.fit(&mut chat).len();
            (chat.effort, warnings)
        };
        let thought = |kind: &str| message(vec![json!({"type": kind})]);
        assert_eq!(effort(messages(thought("text"))), (None, 1));
        assert_eq!(effort(messages(called("", &answer.tool_calls))), (None, 1));
        for kind in ["thinking", "redacted_thinking"] {
            assert_eq!(effort(messages(thought(kind))), (Some(Effort::High), 0));
        }
        let [question, assistant, result] = messages(thought("text"));
        let over = [assistant, result, question];
        assert_eq!(effort(over), (Some(Effort::High), 0));
    }

    #[test]
    fn calls_that_come_in_other_ways() {
        let stream = |blocks: &str| {
            let events = blocks.lines().map(|line| format!("data: {line}\n\n"));
            let end = r#"data: {"type":"message_stop"}"#;
            events.collect::<String>() + end + "\n\n"
        };
        // Whole at once, without an id or an index, and arguments that are no JSON.
        let odd = stream(
            r#"{"type":"content_block_start","content_block":{"type":"tool_use","name":"a","input":{"b": 1}}}
{"type":"content_block_start","content_block":{"type":"tool_use","id":"","name":"c"}}
{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"half"}}
{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"lost"}}
{"type":"content_block_start","content_block":{"type":"server_tool_use","name":"d","input":{}}}
{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
        );
        let answer = answer_with_state(&Messages, &odd);
        let calls = [
            call("call_1", "a", "{\"b\": 1}"),
            call("call_2", "c", "{\"half"),
        ];
        assert_eq!(answer.tool_calls, calls);
        assert_eq!(answer.finish, Some(Finish::ToolCalls));
        assert_eq!(
            answer.state,
            [
                json!({"type": "tool_use", "id": "call_1", "name": "a", "input": {"b": 1}}),
                json!({"type": "tool_use", "id": "call_2", "name": "c", "input": {"arguments": "{\"half"}}),
            ]
        );
        // The order is that of the indices; blocks without a beginning are blocks all the same.
        let mixed = stream(
            r#"{"type":"content_block_start","index":18446744073709551615,"content_block":{"type":"tool_use","id":"z","name":"z","input":{}}}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"b"}}
{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}
{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#,
        );
        let answer = answer_with_state(&Messages, &mixed);
        assert_eq!(
            answer.state,
            [
                json!({"type": "thinking", "thinking": "a", "signature": "s"}),
                json!({"type": "text", "text": "b"}),
                json!({"type": "tool_use", "id": "z", "name": "z", "input": {}}),
            ]
        );
        let many =
            r#"{"type":"content_block_start","content_block":{"type":"tool_use","name":"a"}}"#;
        let (answer, result) = read(
            &Messages,
            &[stream(&format!("{many}\n").repeat(129)).as_bytes()],
        );
        assert_eq!((answer.tool_calls.len(), answer.complete), (128, false));
        assert_eq!(result.unwrap_err().class, Class::TooLarge);

        let whole = |body: &str| {
            let mut answer = with_state();
            Messages.whole(body.as_bytes(), &mut answer).unwrap();
            answer
        };
        let content = r#"[{"type":"thinking","thinking":"","signature":"EqQB"},{"type":"text","text":"So:"},{"type":"tool_use","id":"t","name":"n","input":{"a": {}}},{"type":"tool_use","id":"u","name":"n","input":{}}]"#;
        let answer = whole(&format!(
            r#"{{"content":{content},"stop_reason":"tool_use"}}"#
        ));
        assert_eq!(
            answer.tool_calls,
            [call("t", "n", r#"{"a": {}}"#), call("u", "n", "{}")]
        );
        assert_eq!(
            json!(answer.state),
            serde_json::from_str::<Value>(content).unwrap()
        );
        assert_eq!(
            (answer.finish, answer.complete),
            (Some(Finish::ToolCalls), true)
        );

        let pause =
            whole(r#"{"content":[{"type":"text","text":"So"}],"stop_reason":"pause_turn"}"#);
        assert_eq!(pause.finish, Some(Finish::Pause));
        assert_eq!(pause.state, [json!({"type": "text", "text": "So"})]);
    }

    /// Thousands of pieces cost no more than their bytes, with a state or without.
    #[test]
    fn pieces_are_cheap() {
        let mut answer = with_state();
        let mut add = |data: &str| {
            let event = sse::Event { name: "", data };
            Messages.event(&event, &mut answer).unwrap();
        };
        for index in 0..64 {
            add(&format!(
                r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"t","name":"a"}}}}"#
            ));
        }
        for n in 0..20_000 {
            let index = n % 64;
            add(&format!(
                r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"input_json_delta","partial_json":" "}}}}"#
            ));
            add(
                r#"{"type":"content_block_delta","index":77,"delta":{"type":"text_delta","text":"ab"}}"#,
            );
        }
        assert!((40_000..40_000 + 65 * 2_000).contains(&answer.state_length));
        assert_eq!(answer.blocks.0.len(), 65);
        assert_eq!(answer.length() - answer.state_length, 60_000 + 64 * 2);

        // The last event is as cheap: nothing is put together before the end.
        let data = r#"{"type":"message_stop"}"#;
        let event = sse::Event { name: "", data };
        Messages.event(&event, &mut answer).unwrap();
        assert!(answer.complete && answer.state.is_empty());
        Messages.end(&mut answer);
        assert_eq!((answer.state.len(), answer.tool_calls.len()), (65, 64));
    }

    #[test]
    fn each_generation_thinks_in_its_own_words() {
        let fitted = |model: &str, effort, shown| {
            let mut chat = ChatRequest {
                temperature: Some(1.5),
                top_p: Some(0.9),
                effort,
                include_reasoning: shown,
                ..request(model, &[(Role::User, "Hi")])
            };
            let warnings = Messages.fit(&mut chat);
            let mut body = body(&Messages, &chat);
            for name in ["model", "messages", "stream"] {
                body.as_object_mut().unwrap().remove(name);
            }
            (body, warnings.len())
        };
        let adaptive = json!({"type": "adaptive"});
        let shown = json!({"type": "adaptive", "display": "summarized"});
        for (model, effort, show, expected, warnings) in [
            (
                "claude-3-5-haiku-latest",
                Some(Effort::High),
                true,
                json!({"max_tokens": 8192, "temperature": 1.0, "top_p": 0.9}),
                2,
            ),
            (
                "claude-sonnet-4-5",
                None,
                true,
                json!({"max_tokens": 16384, "temperature": 1.0}),
                2,
            ),
            (
                "claude-sonnet-4-5",
                Some(Effort::None),
                false,
                json!({"max_tokens": 16384, "temperature": 1.0}),
                2,
            ),
            (
                "claude-sonnet-4-5",
                Some(Effort::Max),
                true,
                json!({"max_tokens": 36096, "thinking": {"type": "enabled", "budget_tokens": 32000}}),
                2,
            ),
            (
                "claude-opus-4-6",
                Some(Effort::XHigh),
                false,
                json!({"max_tokens": 16384, "thinking": adaptive, "output_config": {"effort": "high"}}),
                3,
            ),
            (
                "claude-opus-4-8",
                Some(Effort::None),
                true,
                json!({"max_tokens": 16384, "thinking": {"type": "disabled"}}),
                2,
            ),
            (
                "claude-opus-4-8",
                None,
                true,
                json!({"max_tokens": 16384}),
                2,
            ),
            (
                "claude-sonnet-5",
                Some(Effort::Minimal),
                false,
                json!({"max_tokens": 16384, "output_config": {"effort": "low"}}),
                3,
            ),
            (
                "claude-sonnet-5",
                None,
                true,
                json!({"max_tokens": 16384, "thinking": shown}),
                2,
            ),
            (
                "claude-opus-5-5",
                Some(Effort::None),
                true,
                json!({"max_tokens": 16384, "thinking": shown, "output_config": {"effort": "low"}}),
                3,
            ),
        ] {
            assert_eq!(
                fitted(model, effort, show),
                (expected, warnings),
                "{model} {effort:?}"
            );
        }
    }

    /// The API takes no budget below 1,024 tokens, and none that leaves nothing of the limit.
    #[test]
    fn a_budget_for_thinking_fits_into_the_limit_or_there_is_none() {
        for (limit, is_lowered, wanted, budget) in [
            (20_000, true, Effort::High, Some(8_192)),
            (16_385, false, Effort::High, Some(16_384)),
            (16_384, false, Effort::High, Some(8_192)),
            (10_923, true, Effort::Max, Some(8_192)),
            (8_193, true, Effort::High, Some(2_048)),
            (2_000, true, Effort::High, Some(1_024)),
            (1_365, true, Effort::Low, Some(1_024)),
            (1_364, true, Effort::Low, None),
            (1_025, false, Effort::Minimal, Some(1_024)),
            (1_024, false, Effort::Minimal, None),
            (1, true, Effort::Max, None),
        ] {
            let mut chat = ChatRequest {
                effort: Some(wanted),
                max_tokens: Some(limit),
                ..request("claude-haiku-4-5", &[(Role::User, "Hi")])
            };
            let said = Messages.think_within_limit(&mut chat, is_lowered);
            let sent = &body(&Messages, &chat)["thinking"]["budget_tokens"];
            assert_eq!(sent.as_u64(), budget, "{limit}");
            let is_less = budget != Some(rules::claude_budget(wanted).into());
            assert_eq!(said.is_some(), is_less, "{limit}: {said:?}");
            assert_eq!(Messages.think_within_limit(&mut chat, false), None);
        }
        // Those that think in words of their own are left alone.
        let mut chat = ChatRequest {
            effort: Some(Effort::Max),
            max_tokens: Some(16),
            ..request("claude-sonnet-5", &[(Role::User, "Hi")])
        };
        assert_eq!(Messages.think_within_limit(&mut chat, true), None);
        assert_eq!(chat.effort, Some(Effort::Max));
    }

    #[test]
    fn default_limits() {
        for (model, limit) in [
            ("claude-opus-5-5", 16_384),
            ("claude-3-7-sonnet-20250219", 16_384),
            ("claude-3-5-haiku-latest", 8_192),
            ("claude-3-haiku-20240307", 4_096),
            ("claude-haiku-4-5", 16_384),
        ] {
            assert_eq!(default_max_tokens(model), limit, "{model}");
        }
    }

    #[test]
    fn streams() {
        assert_eq!(answer(&Messages, STREAM), complete());
        assert_truncations(&Messages, STREAM);
    }

    #[test]
    fn whole_bodies() {
        let mut whole = Answer::default();
        Messages.whole(WHOLE.as_bytes(), &mut whole).unwrap();
        assert_eq!(whole, complete());
        let class = |body: &str| {
            Messages
                .whole(body.as_bytes(), &mut Answer::default())
                .unwrap_err()
                .class
        };
        assert_eq!(
            class(r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#),
            Class::Unavailable
        );
        assert_eq!(
            class(r#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#),
            Class::RateLimit
        );
        assert_eq!(class("{}"), Class::Unavailable);
    }

    #[test]
    fn finishes() {
        for (native, finish) in [
            ("end_turn", Finish::Stop),
            ("stop_sequence", Finish::Stop),
            ("max_tokens", Finish::Length),
            ("model_context_window_exceeded", Finish::Length),
            ("tool_use", Finish::ToolCalls),
            ("pause_turn", Finish::Pause),
            ("refusal", Finish::ContentFilter),
        ] {
            let answer = stopped(&format!(
                "{{\"stop_reason\":\"{native}\",\"stop_details\":null}}"
            ));
            assert_eq!(
                (answer.finish, answer.native_finish.as_deref()),
                (Some(finish), Some(native))
            );
            assert_eq!(answer.usage, Usage::default());
        }
        assert_eq!(stopped(r#"{"stop_reason":null}"#).finish, None);
        let refusal = stopped(
            r#"{"stop_reason":"refusal","stop_details":{"type":"refusal","category":null,"explanation":"No."}}"#,
        );
        assert_eq!(
            (refusal.text.as_str(), refusal.finish),
            ("No.", Some(Finish::ContentFilter))
        );
    }

    #[test]
    fn huge_counts_saturate() {
        let max = u64::MAX;
        let counts = format!(
            "{{\"input_tokens\":{max},\"cache_read_input_tokens\":{max},\"output_tokens\":{max}}}"
        );
        let mut usage = Usage::default();
        take_usage(&json::read(&counts).unwrap(), &mut usage);
        take_usage(
            &json::read("{\"cache_creation_input_tokens\":1}").unwrap(),
            &mut usage,
        );
        assert_eq!(
            (usage.input_tokens, usage.total_tokens),
            (Some(max), Some(max))
        );
    }

    #[test]
    fn errors_in_streams() {
        let (partial, result) = outcome(&Messages, OVERLOADED);
        let failure = result.unwrap_err();
        assert_eq!((partial.text.as_str(), partial.complete), ("Hel", false));
        assert_eq!(
            (failure.class, failure.code.as_deref()),
            (Class::Unavailable, Some("overloaded_error"))
        );
        assert_eq!(
            (failure.message.as_str(), failure.request_id.as_deref()),
            ("Overloaded", Some("req_1"))
        );
        let class = |stream: &str| read(&Messages, &[stream.as_bytes()]).1.unwrap_err().class;
        assert_eq!(
            class("data: {\"error\":{\"type\":\"rate_limit_error\"}}\n\n"),
            Class::RateLimit
        );
        assert_eq!(class("data: nonsense\n\n"), Class::Unavailable);
    }

    #[test]
    fn error_table() {
        for (status, kind, message, class) in [
            (
                400,
                "invalid_request_error",
                "max_tokens: required",
                Class::InvalidRequest,
            ),
            (
                400,
                "invalid_request_error",
                "prompt is too long: 210000 tokens > 200000 maximum",
                Class::ContextLength,
            ),
            (
                400,
                "invalid_request_error",
                "Your credit balance is too low to access the Anthropic API.",
                Class::Quota,
            ),
            (
                400,
                "invalid_request_error",
                "Output blocked by content filtering policy",
                Class::ContentFilter,
            ),
            (
                401,
                "authentication_error",
                "invalid x-api-key",
                Class::Auth,
            ),
            (402, "billing_error", "m", Class::Quota),
            (403, "permission_error", "m", Class::Permission),
            (404, "not_found_error", "model: x", Class::ModelNotFound),
            (413, "request_too_large", "m", Class::TooLarge),
            (429, "rate_limit_error", "m", Class::RateLimit),
            (500, "api_error", "m", Class::Unavailable),
            (504, "timeout_error", "m", Class::Unavailable),
            (529, "overloaded_error", "m", Class::Unavailable),
        ] {
            let body = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"});
            let failure = Messages.failure(status, body.to_string().as_bytes());
            assert_eq!(
                failure,
                Failure {
                    status: Some(status),
                    code: Some(kind.into()),
                    request_id: Some("req_1".to_owned()),
                    stage: Stage::Declined,
                    ..Failure::quoting(class, "", message, "")
                }
            );
        }
    }

    #[test]
    fn model_lists() {
        assert_eq!(Messages.models(None).path, "/v1/models?limit=1000");
        assert_eq!(
            Messages.models(Some("a&b=c")).path,
            "/v1/models?limit=1000&after_id=a%26b%3Dc"
        );
        let page = Messages.models_page(MODELS.as_bytes()).unwrap();
        assert_eq!(page.next.as_deref(), Some("claude-3-haiku-20240307"));
        assert_eq!(
            page.models[0],
            Model {
                id: "claude-opus-5".to_owned(),
                display_name: Some("Claude Opus 5".to_owned()),
                created: Some(1_777_593_600),
                input_token_limit: Some(1_000_000),
                output_token_limit: Some(128_000),
                chat: true,
                can: page.models[0].can,
                ..Model::default()
            }
        );
        assert_eq!(
            Messages
                .models_page(br#"{"data":[],"has_more":false,"last_id":null}"#)
                .unwrap(),
            ModelPage::default()
        );
        assert_eq!(
            Messages.models_page(b"{}").unwrap_err().class,
            Class::Unavailable
        );
        assert_eq!(
            newest(&Messages, MODELS).as_deref(),
            Some("claude-sonnet-5")
        );
        assert_eq!(newest(&Messages, r#"{"data":[]}"#), None);
    }

    #[test]
    fn times() {
        for (time, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T23:59:59.123456z", Some(951_868_799)),
            ("2025-02-19T00:00:00Z", Some(1_739_923_200)),
            ("2025-02-19T01:30:00+01:30", Some(1_739_923_200)),
            ("2025-02-18T19:00:00-05:00", Some(1_739_923_200)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("2025-13-01T00:00:00Z", None),
            ("2025-01-01T00:00:00", None),
            ("2025-01-01", None),
            ("", None),
            ("99999-01-01T00:00:00Z", None),
            ("2025-01-01Tüüüüüüü", None),
        ] {
            assert_eq!(unix_seconds(time), seconds, "{time}");
        }
    }

    #[test]
    fn noise_never_panics() {
        fuzz(&Messages, &[STREAM, CALLS, WHOLE, OVERLOADED, MODELS]);
    }
}
