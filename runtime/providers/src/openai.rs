//! OpenAI's Responses API.
//!
//! Never here: Chat Completions (the dialect of the clones), retries, HTTP.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::conversation::Url;
use super::error_body::{ErrorBody, Table};
use super::json::{self, Lenient, Text, str_of};
use super::{
    Answer, ChatRequest, Class, Codec, Effort, Failure, Finish, Format, Media, Message, Model,
    ModelPage, Part, Request, Role, Source, Stage, State, ToolCall, ToolChoice, Usage, model,
    request, rules, sse,
};

/// The Responses format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Responses;

impl Codec for Responses {
    fn default_base_url(&self) -> &'static str {
        "https://api.openai.com/v1"
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        request::bearer(key)
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        &["x-request-id", "cf-ray"]
    }

    fn fit(&self, chat: &mut ChatRequest) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(rules) = rules::openai(&chat.model) {
            rules::apply(chat, rules.sampling, rules.efforts, &mut warnings);
            chat.include_reasoning &= !rules.efforts.is_empty();
        }
        // This format has neither.
        rules::without_stop(chat, &mut warnings);
        rules::without_seed(chat, &mut warnings);
        warnings
    }

    fn carries(&self, chat: &ChatRequest) -> Result<(), Failure> {
        request::only_text_of_assistant(&chat.messages)
    }

    fn chat(&self, chat: &ChatRequest) -> Request {
        let instructions_speak = request::only_instructions(chat.messages.iter());
        let reasons = rules::openai(&chat.model).map(|rules| !rules.efforts.is_empty());
        let mut input = Vec::with_capacity(chat.messages.len());
        for message in chat.messages.iter() {
            let kept = message.state.as_ref();
            let kept = kept.map_or(Vec::new(), |state| replayed(state, reasons != Some(false)));
            match kept.is_empty() {
                true => write_message(message, instructions_speak, &mut input),
                false => input.extend(kept.into_iter().map(InputItem::Kept)),
            }
        }
        let tools = chat.tools.iter().map(|tool| ToolBody {
            kind: "function",
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters: &tool.parameters,
            // What is not told is strict here, and makes members required that the caller left optional.
            strict: tool.strict.unwrap_or(false),
        });
        let has_tools = !chat.tools.is_empty();
        let body = ChatBody {
            model: &chat.model,
            input,
            temperature: chat.temperature,
            max_output_tokens: chat
                .max_tokens
                .map(|tokens| tokens.max(LEAST_OUTPUT_TOKENS)),
            top_p: chat.top_p,
            reasoning: (chat.effort.is_some() || chat.include_reasoning).then_some(Reasoning {
                effort: chat.effort.map(Effort::as_str),
                summary: chat.include_reasoning.then_some("auto"),
            }),
            text: chat.format.as_deref().map(|format| TextBody {
                format: FormatBody::of(format),
            }),
            tools: tools.collect(),
            tool_choice: (chat.tool_choice.as_ref().filter(|_| has_tools)).map(
                |choice| match choice {
                    ToolChoice::Auto => ChoiceBody::Word("auto"),
                    ToolChoice::None => ChoiceBody::Word("none"),
                    ToolChoice::Required => ChoiceBody::Word("required"),
                    ToolChoice::Tool(name) => ChoiceBody::Tool {
                        kind: "function",
                        name,
                    },
                },
            ),
            // Models that do not reason refuse the question.
            include: match has_tools && reasons == Some(true) {
                true => &["reasoning.encrypted_content"],
                false => &[],
            },
            store: false,
            stream: true,
            stream_options: StreamOptions {
                include_obfuscation: false,
            },
        };
        request::post("/responses".to_owned(), &body)
    }

    fn event(&self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let Some(payload) = event.payload() else {
            return Ok(());
        };
        if event.name == "error" {
            return Err(failure(None, payload));
        }
        // `output_index` is the place of the item in the output that this is a part of.
        let [kind, index, arguments, delta, item, response, error] = json::members(
            payload,
            &[
                "type",
                "output_index",
                "arguments",
                "delta",
                "item",
                "response",
                "error",
            ],
        )?;
        let index = json::number(index);
        let delta = || delta.map_or(Ok(Cow::default()), json::string);
        let kind = json::text(kind);
        let kind = if kind.is_empty() { event.name } else { &kind };
        match kind {
            "response.output_text.delta" => answer.text.push_str(&delta()?),
            "response.refusal.delta" => {
                answer.text.push_str(&delta()?);
                answer.finish = Some(Finish::ContentFilter);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                answer.reasoning.push_str(&delta()?);
            }
            "response.reasoning_summary_part.added" => begin_paragraph(&mut answer.reasoning),
            "response.output_item.added" | "response.output_item.done" => {
                if let Some(item) = item {
                    let fields: OutputItem<'_> = json::read(item)?;
                    take_call(&fields, index, answer)?;
                    if kind == "response.output_item.done" {
                        keep(&fields, item, answer);
                    }
                }
            }
            "response.function_call_arguments.delta" => {
                if let Some(call) = call_at(index, answer) {
                    call.arguments.push_str(&delta()?);
                }
            }
            "response.function_call_arguments.done" => {
                let arguments = self::arguments(arguments);
                if let Some(call) = call_at(index, answer)
                    && !arguments.is_empty()
                {
                    call.arguments = arguments;
                }
            }
            "error" => return Err(failure(None, payload)),
            _ => match (kind.strip_prefix("response."), response) {
                (Some(status), Some(response)) if STATUSES.contains(&status) => {
                    take_response(json::read(response)?, status, answer)?;
                }
                (None, _) if error.is_some() => return Err(failure(None, payload)),
                _ => {}
            },
        }
        Ok(())
    }

    fn is_opening(&self, event: &sse::Event<'_>) -> bool {
        let Some(payload) = event.payload() else {
            return true;
        };
        let kind = json::members(payload, &["type"]).ok();
        let kind = json::text(kind.and_then(|[kind]| kind));
        let kind = if kind.is_empty() { event.name } else { &kind };
        OPENING.contains(&kind)
    }

    fn whole(&self, body: &[u8], answer: &mut Answer) -> Result<(), Failure> {
        take_response(json::read(&String::from_utf8_lossy(body))?, "", answer)
    }

    fn models(&self, _page: Option<&str>) -> Request {
        request::get("/models".to_owned())
    }

    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        let body = String::from_utf8_lossy(body);
        let entries = if body.trim_start().starts_with('[') {
            json::read(&body)?
        } else {
            json::read::<ModelList<'_>>(&body)?.data
        };
        let mut models = Vec::new();
        for entry in json::entries(entries.raw()) {
            let entry: ModelEntry<'_> = json::read(entry)?;
            let Some(id) = entry.id.and_then(Text::non_empty) else {
                continue;
            };
            let mut model = Model {
                chat: is_chat(&id),
                id,
                created: entry.created.0,
                retires: entry.shutdown_date.0.and_then(Text::non_empty),
                ..Model::default()
            };
            let rules = rules::openai(&model.id);
            model::gpt(&mut model, rules.map(|rules| rules.efforts));
            models.push(model);
        }
        Ok(ModelPage { models, next: None })
    }

    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        let ordinary = || {
            let special = |word| matches!(word, "pro" | "codex");
            models.iter().filter(move |model| {
                model.chat && !model.id.contains(':') && !model.id.split('-').any(special)
            })
        };
        let with_alias: BTreeSet<&str> = ordinary()
            .filter(|model| !is_snapshot(&model.id))
            .map(|model| generation(&model.id))
            .collect();
        let standing = || {
            ordinary().filter(|model| {
                !is_snapshot(&model.id) || !with_alias.contains(generation(&model.id))
            })
        };
        let newest = standing().max_by_key(|&model| (model.created, Reverse(model.id.as_str())))?;
        // The sizes of one release carry dates that differ by hours to weeks.
        let since = newest
            .created
            .map(|created| created.saturating_sub(ONE_RELEASE));
        standing()
            .filter(|model| {
                generation(&model.id) == generation(&newest.id) && model.created >= since
            })
            .min_by_key(|&model| {
                (
                    size_rank(&model.id),
                    Reverse(model.created),
                    model.id.as_str(),
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
    store: bool,
    stream: bool,
    stream_options: StreamOptions,
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
enum InputItem<'a> {
    Message {
        role: &'static str,
        content: Content<'a>,
    },
    Call {
        #[serde(rename = "type")]
        kind: &'static str,
        call_id: &'a str,
        name: &'a str,
        arguments: &'a str,
    },
    Output {
        #[serde(rename = "type")]
        kind: &'static str,
        call_id: &'a str,
        output: Content<'a>,
    },
    /// A piece of an earlier answer.
    Kept(BTreeMap<&'a str, &'a Value>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<InputPart<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum InputPart<'a> {
    Text {
        #[serde(rename = "type")]
        kind: &'static str,
        text: &'a str,
    },
    Image {
        #[serde(rename = "type")]
        kind: &'static str,
        image_url: Url<'a>,
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
struct ToolBody<'a> {
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
enum ChoiceBody<'a> {
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

#[derive(Deserialize)]
struct ResponseObject<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    incomplete_details: Option<IncompleteDetails<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(default)]
    usage: Lenient<UsageObject>,
}

#[derive(Deserialize)]
struct IncompleteDetails<'a> {
    #[serde(borrow)]
    reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct OutputItem<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    summary: Option<&'a RawValue>,
    #[serde(borrow, default)]
    call_id: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    name: Lenient<Text<'a>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct OutputPart<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct UsageObject {
    input_tokens: Lenient<u64>,
    input_tokens_details: Lenient<InputDetails>,
    output_tokens: Lenient<u64>,
    output_tokens_details: Lenient<OutputDetails>,
    total_tokens: Lenient<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Lenient<u64>,
    cache_write_tokens: Lenient<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Lenient<u64>,
}

#[derive(Deserialize)]
struct ModelList<'a> {
    #[serde(borrow)]
    data: json::List<'a>,
}

#[derive(Deserialize)]
struct ModelEntry<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(default)]
    created: Lenient<i64>,
    #[serde(borrow, default)]
    shutdown_date: Lenient<Text<'a>>,
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

/// Writes a message as the items that it comes to.
fn write_message<'a>(
    message: &'a Message,
    instructions_speak: bool,
    input: &mut Vec<InputItem<'a>>,
) {
    if let (Role::Tool, Some(call_id)) = (message.role, &message.tool_call_id) {
        return input.push(InputItem::Output {
            kind: "function_call_output",
            call_id,
            output: content(message),
        });
    }
    // The text before calls may be none.
    if message.tool_calls.is_empty() || !message.all_text().trim().is_empty() {
        input.push(InputItem::Message {
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
        call_id: &call.id,
        name: &call.name,
        arguments: request::arguments(call),
    }));
}

/// Text stays a string; others who speak this format may understand nothing else.
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
        };
    }
    let (filename, file_data, file_url) = match media.source {
        Source::Data(_) => (Some(request::file_name(media)), Some(media.url()), None),
        Source::Url(_) => (None, None, Some(media.url())),
    };
    InputPart::File {
        kind: "input_file",
        filename,
        file_data,
        file_url,
    }
}

/// The pieces of an earlier answer that can be sent again, although the provider has kept nothing: ids
/// would make it look for what it does not have, and reasoning is only of use if its encrypted content
/// is there, to models that reason, and in front of what it led to.
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

/// Reads a response object, which opens, closes or is the whole answer. `status` stands in where the
/// object does not say its own.
fn take_response(
    response: ResponseObject<'_>,
    status: &str,
    answer: &mut Answer,
) -> Result<(), Failure> {
    if let Some(usage) = response.usage.0 {
        let input = usage.input_tokens_details.0.unwrap_or_default();
        let output = usage.output_tokens_details.0.unwrap_or_default();
        answer.usage = Usage {
            input_tokens: usage.input_tokens.0,
            output_tokens: usage.output_tokens.0,
            reasoning_tokens: output.reasoning_tokens.0,
            cached_input_tokens: input.cached_tokens.0,
            cache_write_tokens: input.cache_write_tokens.0,
            total_tokens: usage.total_tokens.0,
            cost_usd: None,
        };
    }
    let has_output = response
        .output
        .is_some_and(|output| output.get().trim_start_matches(['[', ' ']) != "]");
    // An error that comes along with output, or after it, is not the first thing.
    let stage = match has_output {
        true => Stage::Taken,
        false => Stage::Declined,
    };
    if let Some(error) = response.error {
        return Err(failure(None, error.get()).at(stage));
    }
    answer.response_id = response
        .id
        .and_then(Text::non_empty)
        .or(answer.response_id.take());
    answer.model = response
        .model
        .and_then(Text::non_empty)
        .or(answer.model.take());
    let native = response.status.as_ref().map_or(status, |status| &status.0);
    let (finish, native) = match native {
        "completed" => (None, native),
        "incomplete" => match response
            .incomplete_details
            .as_ref()
            .map_or("", |details| str_of(&details.reason))
        {
            "" => (Some(Finish::Length), native),
            "content_filter" => (Some(Finish::ContentFilter), "content_filter"),
            reason => (Some(Finish::Length), reason),
        },
        "cancelled" => (Some(Finish::Error), native),
        "failed" => {
            return Err(Failure::new(
                Class::Unavailable,
                "the provider failed without an explanation",
            )
            .at(stage));
        }
        "" => {
            return Err(Failure::new(
                Class::Unavailable,
                "the provider's reply is JSON, but not a response object",
            ));
        }
        _ => return Ok(()),
    };
    if let Some(output) = response.output {
        take_output(json::read(output.get())?, answer)?;
    }
    // Refusals and tool calls have set it before.
    answer.finish = finish.or(answer.finish).or(Some(Finish::Stop));
    answer.native_finish = Some(native.to_owned());
    answer.complete = true;
    Ok(())
}

/// The output that closes a stream repeats what the events said; it counts only where they said
/// nothing.
fn take_output(items: json::List<'_>, answer: &mut Answer) -> Result<(), Failure> {
    let wants_text = answer.text.is_empty();
    let wants_reasoning = answer.reasoning.is_empty();
    let wants_pieces = answer.state.is_empty();
    for (place, json) in (0..).zip(items.raw()) {
        let item: OutputItem<'_> = json::read(json)?;
        take_call(&item, Some(place), answer)?;
        if wants_pieces {
            keep(&item, json, answer);
        }
        match str_of(&item.kind) {
            "message" => {
                for part in parts(item.content)? {
                    let part = part?;
                    if str_of(&part.kind) == "refusal" {
                        answer.finish = Some(Finish::ContentFilter);
                    }
                    if wants_text {
                        answer.text.push_str(str_of(&part.text));
                        answer.text.push_str(str_of(&part.refusal));
                    }
                }
            }
            "reasoning" if wants_reasoning => {
                for part in parts(item.summary)? {
                    let part = part?;
                    begin_paragraph(&mut answer.reasoning);
                    answer.reasoning.push_str(str_of(&part.text));
                }
                for part in parts(item.content)? {
                    let part = part?;
                    answer.reasoning.push_str(str_of(&part.text));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn parts(
    list: Option<&RawValue>,
) -> Result<impl Iterator<Item = Result<OutputPart<'_>, Failure>>, Failure> {
    let list = list.map(|list| json::read::<json::List<'_>>(list.get()));
    Ok(list.transpose()?.unwrap_or_default().read())
}

/// Reads an item of the output if it is a call. Each may come three times: as it begins, when it is whole,
/// and in the output that closes the stream.
fn take_call(
    item: &OutputItem<'_>,
    place: Option<u64>,
    answer: &mut Answer,
) -> Result<(), Failure> {
    let name = str_of(&item.name.0);
    if str_of(&item.kind) != "function_call" || name.is_empty() {
        return Ok(());
    }
    let call = ToolCall {
        id: str_of(&item.call_id.0).to_owned(),
        name: name.to_owned(),
        arguments: arguments(item.arguments.map(RawValue::get)),
    };
    answer.finish = Some(Finish::ToolCalls);
    let same_id = |known: &ToolCall| !call.id.is_empty() && known.id == call.id;
    let known = answer.tool_calls.iter().position(same_id);
    let known = known.or_else(|| answer.places.get(&place?).copied());
    match known.and_then(|at| answer.tool_calls.get_mut(at)) {
        Some(known) => {
            known.name = call.name;
            if !call.id.is_empty() {
                known.id = call.id;
            }
            if !call.arguments.is_empty() {
                known.arguments = call.arguments;
            }
        }
        None => {
            let at = answer.tool_calls.len();
            answer.call(call)?;
            answer.places.extend(place.map(|place| (place, at)));
        }
    }
    Ok(())
}

/// The call that a piece of arguments belongs to; the newest, if it does not say.
fn call_at(place: Option<u64>, answer: &mut Answer) -> Option<&mut ToolCall> {
    match place {
        Some(place) => answer.tool_calls.get_mut(*answer.places.get(&place)?),
        None => answer.tool_calls.last_mut(),
    }
}

/// Arguments are a string, but some do not wrap them up.
pub(super) fn arguments(raw: Option<&str>) -> String {
    let Some(raw) = raw else {
        return String::new();
    };
    match json::string(raw) {
        Ok(text) => text.into_owned(),
        Err(_) => raw.to_owned(),
    }
}

/// Keeps an item of the output if it is one that can be sent again.
fn keep(item: &OutputItem<'_>, json: &str, answer: &mut Answer) {
    if REPLAYED.contains(&str_of(&item.kind)) {
        answer.keep_json(json);
    }
}

fn begin_paragraph(text: &mut String) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
}

fn failure(status: Option<u16>, body: &str) -> Failure {
    ErrorBody::read(body).failure(status, WORDS, PHRASES)
}

fn is_chat(id: &str) -> bool {
    let base = id.strip_prefix("ft:").unwrap_or(id);
    let reasoning = base
        .strip_prefix('o')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (reasoning || base.starts_with("gpt-") || base.starts_with("chatgpt-"))
        && !NOT_CHAT.iter().any(|word| base.contains(word))
}

/// `gpt-5.6` of `gpt-5.6-terra`, `o3` of `o3-mini`.
fn generation(id: &str) -> &str {
    let hyphens_inside = if id.starts_with('o') { 0 } else { 1 };
    let end = id
        .match_indices('-')
        .nth(hyphens_inside)
        .map_or(id.len(), |(at, _)| at);
    id.get(..end).unwrap_or(id)
}

/// What follows the generation.
fn variant(id: &str) -> impl Iterator<Item = &str> {
    let rest = id.get(generation(id).len()..).unwrap_or_default();
    rest.split('-').filter(|word| !word.is_empty())
}

/// Whether an id names a state of a model that will not move, or a preview.
fn is_snapshot(id: &str) -> bool {
    variant(id).any(|word| word == "preview" || is_date(word))
}

/// `2026`, `01` and `31` of `-2026-01-31`; `0613`.
fn is_date(word: &str) -> bool {
    word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The plain model first, then the middle of a range of sizes.
fn size_rank(id: &str) -> usize {
    let rank = |word| match word {
        "terra" => 1,
        "sol" => 2,
        "mini" => 4,
        "luna" => 5,
        "nano" => 6,
        "chat" | "latest" => 7,
        _ => 3,
    };
    variant(id)
        .filter(|word| !is_date(word))
        .map(rank)
        .max()
        .unwrap_or_default()
}

const LEAST_OUTPUT_TOKENS: u32 = 16;

/// The kinds of items that are sent again.
const REPLAYED: &[&str] = &["reasoning", "message", "function_call"];

/// Events before the first one that anything is generated for.
const OPENING: &[&str] = &[
    "response.created",
    "response.queued",
    "response.in_progress",
    "keepalive",
];

/// What a response can be; the events that carry one are named after it.
const STATUSES: &[&str] = &[
    "created",
    "queued",
    "in_progress",
    "completed",
    "incomplete",
    "failed",
    "cancelled",
];

/// Thirty days in seconds.
const ONE_RELEASE: i64 = 30 * 86_400;

/// Parts of ids whose models do something else, or need other requests.
const NOT_CHAT: &[&str] = &[
    "audio",
    "realtime",
    "image",
    "tts",
    "transcribe",
    "embedding",
    "moderation",
    "search",
    "instruct",
    "codex",
    "deep-research",
    "computer-use",
];

const WORDS: &Table = &[
    ("insufficient_quota", Class::Quota),
    ("billing_hard_limit_reached", Class::Quota),
    ("billing_not_active", Class::Quota),
    ("invalid_api_key", Class::Auth),
    ("authentication_error", Class::Auth),
    ("permission_error", Class::Permission),
    ("unsupported_country_region_territory", Class::Permission),
    ("model_not_found", Class::ModelNotFound),
    ("context_length_exceeded", Class::ContextLength),
    ("content_filter", Class::ContentFilter),
    ("content_policy_violation", Class::ContentFilter),
    ("rate_limit_exceeded", Class::RateLimit),
    ("rate_limit_error", Class::RateLimit),
    ("server_error", Class::Unavailable),
];

const PHRASES: &Table = &[
    ("maximum context length", Class::ContextLength),
    ("context window", Class::ContextLength),
    ("usage policy", Class::ContentFilter),
];

#[cfg(test)]
mod tests;
