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
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::super::test_streams::{
        answer, answer_with_state, assert_truncations, body, call_and_result, calls, conversation,
        fuzz, media, newest, outcome, read, request, weather,
    };
    use super::super::{Part, Tool};
    use super::*;

    const STREAM: &str = r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","model":"gpt-5.6-terra","output":[],"error":null}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","sequence_number":2,"delta":"Weigh"}

event: response.reasoning_summary_part.added
data: {"type":"response.reasoning_summary_part.added","summary_index":1,"part":{"type":"summary_text","text":""}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","sequence_number":3,"delta":"both."}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"Hé\n","logprobs":[]}

event: response.unknown.delta
data: {"type":"response.unknown.delta","delta":{"an":"object"},"item":7,"response":[],"error":"mine"}

event: response.output_text.delta
data: {"type":"response.output_text.delta","delta":"lo \ud83d\ude00"}

event: response.completed
data: {"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","status":"completed","model":"gpt-5.6-terra","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"Weigh"},{"type":"summary_text","text":"both."}]},{"type":"message","content":[{"type":"output_text","text":"Hé\nlo 😀","annotations":[]}]}],"incomplete_details":null,"error":null,"usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":3},"output_tokens":35,"output_tokens_details":{"reasoning_tokens":24},"total_tokens":55}}}

"#;

    const TOOL_CALL: &str = r#"data: {"type":"response.output_item.done","item":{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"{}"}}

data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[]}}

"#;

    /// Reasoning, two calls in turns (one in five pieces, one that is not JSON), and one without arguments.
    const CALLS: &str = r#"data: {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

data: {"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}}

data: {"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"","status":"in_progress"}}

data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":1,"delta":"{\"ci"}

data: {"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc_2","call_id":"call_8","name":"time","arguments":"","status":"in_progress"}}

data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"ty\":"}

data: {"type":"response.function_call_arguments.delta","output_index":2,"delta":"no "}

data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":" \"Os"}

data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"lo\""}

data: {"type":"response.function_call_arguments.delta","output_index":2,"delta":"JSON"}

data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"}"}

data: {"type":"response.function_call_arguments.done","output_index":1,"arguments":"{\"city\": \"Oslo\"}"}

data: {"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"{\"city\": \"Oslo\"}","status":"completed"}}

data: {"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","id":"fc_2","call_id":"call_8","name":"time","arguments":"no JSON","status":"completed"}}

data: {"type":"response.output_item.done","output_index":3,"item":{"type":"function_call","id":"fc_3","call_id":"call_7","name":"ping","arguments":"","status":"completed"}}

data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"},{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"{\"city\": \"Oslo\"}","status":"completed"},{"type":"function_call","id":"fc_2","call_id":"call_8","name":"time","arguments":"no JSON","status":"completed"},{"type":"function_call","id":"fc_3","call_id":"call_7","name":"ping","arguments":"","status":"completed"}]}}

"#;

    const FAILED: &str = r#"event: response.output_text.delta
data: {"type":"response.output_text.delta","delta":"Hel"}

event: response.failed
data: {"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"rate_limit_exceeded","message":"Slow down"},"output":[]}}

"#;

    const MODELS: &str = r#"{"object":"list","data":[
        {"id":"gpt-4.1","object":"model","created":1744316542,"owned_by":"system","shutdown_date":null},
        {"id":"gpt-5.6-sol","created":1790000000},{"id":"gpt-5.6-terra","created":1790000000},
        {"id":"gpt-5.6-luna","created":1790000300},{"id":"gpt-5.6-terra-2026-08-31","created":1790000900},
        {"id":"gpt-5.6-pro","created":1790001000},{"id":"gpt-5.6-codex","created":1790001000},
        {"id":"gpt-image-2","created":1799999999},{"id":"o3-deep-research"},{"id":""},{"object":"odd"}]}"#;

    fn completed() -> Answer {
        Answer {
            text: "Hé\nlo 😀".to_owned(),
            reasoning: "Weigh\n\nboth.".to_owned(),
            model: Some("gpt-5.6-terra".to_owned()),
            response_id: Some("resp_1".to_owned()),
            finish: Some(Finish::Stop),
            native_finish: Some("completed".to_owned()),
            usage: Usage {
                input_tokens: Some(20),
                output_tokens: Some(35),
                reasoning_tokens: Some(24),
                cached_input_tokens: Some(0),
                cache_write_tokens: Some(3),
                total_tokens: Some(55),
                ..Usage::default()
            },
            complete: true,
            ..Answer::default()
        }
    }

    #[test]
    fn requests() {
        let mut chat = request(
            "gpt-5.6-terra",
            &[
                (Role::System, "Be brief."),
                (Role::Developer, "Answer in French."),
                (Role::User, "Hello"),
                (Role::Assistant, "Oui."),
                (Role::User, "And?"),
            ],
        );
        let http = Responses.chat(&chat);
        assert_eq!(
            (http.method.as_str(), http.path.as_str()),
            ("POST", "/responses")
        );
        let input = json!([
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": "Answer in French."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Oui."},
            {"role": "user", "content": "And?"},
        ]);
        let mut expected = json!({
            "model": "gpt-5.6-terra", "input": input, "store": false,
            "stream": true, "stream_options": {"include_obfuscation": false},
        });
        assert_eq!(body(&Responses, &chat), expected);

        (chat.temperature, chat.max_tokens) = (Some(0.7), Some(3));
        (expected["temperature"], expected["max_output_tokens"]) = (json!(0.7), json!(16));
        assert_eq!(body(&Responses, &chat), expected);
        assert!(
            String::from_utf8(Responses.chat(&chat).body)
                .unwrap()
                .contains("\"temperature\":0.7,")
        );

        let instructions = request("m", &[(Role::System, "a"), (Role::Developer, "b")]);
        assert_eq!(
            body(&Responses, &instructions)["input"],
            json!([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}])
        );
    }

    #[test]
    fn conversations_with_images_files_and_tools() {
        let [image, file, away] = media();
        let [call, result] = call_and_result("{\"city\":\"Oslo\"}", "{\"c\":4}");
        let mut messages = conversation(&[
            (Role::Developer, "Answer in French."),
            (Role::User, "What is this?"),
            (Role::Assistant, "Un chat."),
        ]);
        messages[1].content.extend([
            Part::Media(image.clone()),
            Part::Text(" ".into()),
            Part::Media(file),
            Part::Media(away),
        ]);
        messages.extend([call, result]);
        let input = |messages: &[Message]| {
            let chat = ChatRequest {
                messages: messages.into(),
                ..request("gpt-5.6-terra", &[])
            };
            Responses.carries(&chat).unwrap();
            body(&Responses, &chat)["input"].take()
        };
        let mut expected = json!([
            {"role": "developer", "content": "Answer in French."},
            {"role": "user", "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
                {"type": "input_file", "file_url": "https://example.com/a.pdf"}]},
            {"role": "assistant", "content": "Un chat."},
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{\"city\":\"Oslo\"}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "{\"c\":4}"}
        ]);
        assert_eq!(input(&messages), expected);

        // Words before a call, a call without arguments, and a result to look at.
        messages[3].content = vec![Part::Text("Voyons.".into())];
        messages[3].tool_calls[0].arguments = " ".into();
        messages[4].content.push(Part::Media(image.clone()));
        let said = json!({"role": "assistant", "content": "Voyons."});
        expected.as_array_mut().unwrap().insert(3, said);
        expected[4]["arguments"] = "{}".into();
        expected[5]["output"] = json!([{"type": "input_text", "text": "{\"c\":4}"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="}]);
        assert_eq!(input(&messages), expected);

        messages[2].content.push(Part::Media(image));
        let chat = ChatRequest {
            messages: messages.into(),
            ..request("m", &[])
        };
        let failure = Responses.carries(&chat).unwrap_err();
        assert_eq!(failure.class, Class::InvalidRequest);
    }

    #[test]
    fn tools_choices_and_formats() {
        let sent = |model: &str, strict, tool_choice, format: Option<Format>| {
            let tool = Tool {
                strict,
                ..weather()
            };
            let chat = ChatRequest {
                tools: vec![tool].into(),
                tool_choice,
                format: format.map(Into::into),
                ..request(model, &[(Role::User, "u")])
            };
            let mut body = body(&Responses, &chat);
            for name in ["model", "input", "store", "stream", "stream_options"] {
                body.as_object_mut().unwrap().remove(name);
            }
            body
        };
        let mut tool = json!({"type": "function", "name": "weather", "description": "Look up weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}, "strict": false});
        let expected = json!({"tools": [tool], "tool_choice": "auto", "text": {"format": {"type": "json_object"}}});
        let json = Some(Format::Json);
        assert_eq!(
            sent("gpt-4.1", None, Some(ToolChoice::Auto), json),
            expected
        );
        tool["strict"] = true.into();
        let named = json!({"type": "function", "name": "weather"});
        let schema = Format::Schema {
            name: "answer".into(),
            schema: weather().parameters,
            strict: Some(true),
        };
        let format = json!({"type": "json_schema", "name": "answer", "schema": tool["parameters"], "strict": true});
        let expected = json!({"tools": [tool], "tool_choice": named, "text": {"format": format},
            "include": ["reasoning.encrypted_content"]});
        let choice = Some(ToolChoice::Tool("weather".into()));
        assert_eq!(sent("gpt-5", Some(true), choice, Some(schema)), expected);
        for (choice, word) in [
            (ToolChoice::None, "none"),
            (ToolChoice::Required, "required"),
        ] {
            let body = sent("deployment", None, Some(choice), None);
            assert_eq!(
                (&body["tool_choice"], body.get("include")),
                (&json!(word), None)
            );
        }
        // A choice of nothing is refused.
        let nothing = ChatRequest {
            tool_choice: Some(ToolChoice::None),
            ..request("gpt-5", &[(Role::User, "u")])
        };
        let body = body(&Responses, &nothing);
        assert_eq!((body.get("tool_choice"), body.get("include")), (None, None));
    }

    #[test]
    fn earlier_answers_go_back_as_far_as_they_can() {
        let input = |model: &str, items: Value| {
            let [call, _] = call_and_result("", "");
            let items = items.as_array().unwrap().clone();
            let state = Some(State {
                provider: "openai".into(),
                model: String::new(),
                items,
            });
            let chat = ChatRequest {
                messages: [Message { state, ..call }].into(),
                ..request(model, &[])
            };
            body(&Responses, &chat)["input"].take()
        };
        let reasoning =
            json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"});
        let mut given = json!([
            reasoning,
            {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "phase": "commentary",
             "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]},
            {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": null},
            {"type": "item_reference", "id": "msg_9"},
            {"type": "function_call", "id": "fc_1", "status": null, "call_id": "call_9", "name": "weather", "arguments": "{}"},
            reasoning,
            "reasoning", {}
        ]);
        let message = json!({"type": "message", "role": "assistant", "phase": "commentary",
            "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]});
        let call = json!({"type": "function_call", "call_id": "call_9", "name": "weather", "arguments": "{}"});
        given[0]["status"] = Value::Null;
        let all = json!([reasoning, message, call]);
        assert_eq!(input("gpt-5", given.clone()), all);
        assert_eq!(input("deployment", given.clone()), all);
        // A model that does not reason refuses reasoning.
        assert_eq!(input("gpt-4.1", given), json!([message, call]));
        // Where nothing can go back, the message itself does.
        let plain = json!([{"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}]);
        for state in [
            json!([]),
            json!([reasoning]),
            json!([{"reasoning_content": "x"}]),
        ] {
            assert_eq!(input("gpt-5", state), plain);
        }
    }

    #[test]
    fn credentials_are_sensitive() {
        let (name, value) = Responses.credentials("sk-1").unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("authorization", "Bearer sk-1")
        );
        assert!(value.is_sensitive());
        assert!(Responses.credentials("a\nb").is_none());
    }

    #[test]
    fn what_a_model_does_not_take_is_left_out() {
        let fitted = |model: &str, effort| {
            let mut chat = ChatRequest {
                temperature: Some(0.5),
                top_p: Some(0.9),
                stop: vec!["END".into()],
                seed: Some(7),
                effort,
                include_reasoning: true,
                ..request(model, &[(Role::User, "Hi")])
            };
            let warnings = Responses.fit(&mut chat);
            let mut body = body(&Responses, &chat);
            for name in ["model", "input", "store", "stream", "stream_options"] {
                body.as_object_mut().unwrap().remove(name);
            }
            (body, warnings.len())
        };
        let summary = json!({"summary": "auto"});
        assert_eq!(
            fitted("gpt-4.1", Some(Effort::Low)),
            (json!({"temperature": 0.5, "top_p": 0.9}), 3)
        );
        assert_eq!(
            fitted("gpt-5.2", None),
            (
                json!({"temperature": 0.5, "top_p": 0.9, "reasoning": summary}),
                2
            )
        );
        assert_eq!(
            fitted("gpt-5.6-sol", Some(Effort::None)).0,
            json!({"temperature": 0.5, "top_p": 0.9, "reasoning": {"effort": "none", "summary": "auto"}})
        );
        assert_eq!(
            fitted("gpt-6", Some(Effort::None)),
            (
                json!({"reasoning": {"effort": "low", "summary": "auto"}}),
                5
            )
        );
        // Nobody knows it: what the format has is sent.
        assert_eq!(
            fitted("local-model", Some(Effort::Minimal)),
            (
                json!({"temperature": 0.5, "top_p": 0.9, "reasoning": {"effort": "minimal", "summary": "auto"}}),
                2
            )
        );
    }

    #[test]
    fn streams() {
        assert_eq!(answer(&Responses, STREAM), completed());
        assert_truncations(&Responses, STREAM);
        assert!(answer(&Responses, STREAM).state.is_empty());
    }

    #[test]
    fn calls_arrive_in_pieces_whole_or_at_the_end() {
        let expected = [
            ("call_9", "weather", "{\"city\": \"Oslo\"}"),
            ("call_8", "time", "no JSON"),
            ("call_7", "ping", ""),
        ];
        let events: Vec<&str> = CALLS.split_inclusive("\n\n").collect();
        let without = |word: &str| -> String {
            let events = events.iter().filter(|event| !event.contains(word));
            events.copied().collect()
        };
        let closing = events.last().unwrap();
        let output = closing.split_once("\"output\":").unwrap().1;
        let output: Value =
            serde_json::from_str(output.trim_end().trim_end_matches('}').trim()).unwrap();
        for stream in [
            CALLS.to_owned(),
            without(".delta"),
            without(".added"),
            without("_item."),
            (*closing).to_owned(),
        ] {
            let answer = answer_with_state(&Responses, &stream);
            assert_eq!(calls(&answer), expected, "{stream}");
            assert_eq!(answer.finish, Some(Finish::ToolCalls));
            assert!(answer.complete);
            // Each piece once.
            assert_eq!(Value::Array(answer.state), output, "{stream}");
            assert!(answer.state_length > 300);
        }
        // The pieces are enough.
        let pieces = without(".done").replace(closing, "");
        let end = r#"data: {"type":"response.completed","response":{"status":"completed"}}"#;
        let pieces = answer(&Responses, &format!("{pieces}{end}\n\n"));
        assert_eq!(calls(&pieces), expected[..2]);
        assert_truncations(&Responses, CALLS);
    }

    #[test]
    fn sloppy_calls() {
        let of = |events: &[&str]| {
            let events = events.iter().map(|event| format!("data: {event}\n\n"));
            let stream: String = events.collect();
            let end = r#"data: {"type":"response.completed","response":{"status":"completed"}}"#;
            answer(&Responses, &format!("{stream}{end}\n\n"))
        };
        // Neither id nor place, the arguments not wrapped up.
        let answer = of(&[
            r#"{"type":"response.output_item.added","item":{"type":"function_call","name":"a"}}"#,
            r#"{"type":"response.function_call_arguments.delta","delta":"{}"}"#,
            r#"{"type":"response.output_item.done","item":{"type":"function_call","name":"b","arguments":{"x": 1}}}"#,
            r#"{"type":"response.output_item.done","item":{"type":"function_call","name":7}}"#,
            r#"{"type":"response.function_call_arguments.delta","output_index":18446744073709551615,"delta":"x"}"#,
        ]);
        let expected = [("call_1", "a", "{}"), ("call_2", "b", "{\"x\": 1}")];
        assert_eq!(calls(&answer), expected);

        let call = |n| {
            format!(
                "data: {{\"type\":\"response.output_item.done\",\"output_index\":{n},\"item\":{{\"type\":\"function_call\",\"call_id\":\"c{n}\",\"name\":\"a\"}}}}\n\n"
            )
        };
        let many: String = (0..200).map(call).collect();
        let (answer, result) = read(&Responses, &[many.as_bytes()]);
        assert_eq!(result.unwrap_err().class, Class::TooLarge);
        assert_eq!((answer.tool_calls.len(), answer.places.len()), (128, 128));
    }

    #[test]
    fn a_piece_too_large_spoils_the_state() {
        let kept = |length: usize| {
            let content = "a".repeat(length);
            let body = json!({"status": "completed", "output": [
                {"type": "function_call", "call_id": "c", "name": "a", "arguments": "{}"},
                {"type": "reasoning", "encrypted_content": content}]});
            let mut answer = Answer {
                wants_state: true,
                ..Answer::default()
            };
            Responses
                .whole(body.to_string().as_bytes(), &mut answer)
                .unwrap();
            assert_eq!(calls(&answer), [("c", "a", "{}")]);
            (answer.state.len(), answer.state_length > 0)
        };
        assert_eq!(kept(1 << 19), (2, true));
        assert_eq!(kept(1 << 20), (0, false));
        let half = CALLS.replacen("gAAA", r"\ud83d", 1);
        let answer = answer_with_state(&Responses, &half);
        assert_eq!((answer.state.len(), answer.state_length), (0, 0));
        assert_eq!((answer.tool_calls.len(), answer.complete), (3, true));
    }

    #[test]
    fn oddities_cost_nothing() {
        let stream = r#"event: response.output_text.delta
data: {"delta":"half \ud83d"}

event: response.completed
data: {"response":{"output":null,"usage":{"input_tokens":1.5,"output_tokens":-1,"input_tokens_details":7,"total_tokens":3}}}

"#;
        let answer = answer(&Responses, stream);
        assert!(answer.text.starts_with("half \u{fffd}") && answer.complete);
        assert_eq!(answer.finish, Some(Finish::Stop));
        assert_eq!(
            answer.usage,
            Usage {
                total_tokens: Some(3),
                ..Usage::default()
            }
        );
    }

    #[test]
    fn the_closing_event_alone_is_enough() {
        let last = STREAM.trim_end().rsplit_once("\n\n").unwrap().1;
        assert_eq!(answer(&Responses, &format!("{last}\n\n")), completed());
        let response = last
            .split_once("\"response\":")
            .unwrap()
            .1
            .strip_suffix('}')
            .unwrap();
        let mut whole = Answer::default();
        Responses.whole(response.as_bytes(), &mut whole).unwrap();
        assert_eq!(whole, completed());
    }

    #[test]
    fn finishes() {
        let finish = |stream: &str| {
            let answer = answer(&Responses, stream);
            (
                answer.finish,
                answer.native_finish.unwrap_or_default(),
                answer.text,
                answer.complete,
            )
        };
        let ended = |finish, native: &str, text: &str| {
            (Some(finish), native.to_owned(), text.to_owned(), true)
        };
        assert_eq!(finish(TOOL_CALL), ended(Finish::ToolCalls, "completed", ""));
        let incomplete = |reason| {
            format!(
                "data: {{\"type\":\"response.incomplete\",\"response\":{{\"status\":\"incomplete\",\"incomplete_details\":{{\"reason\":\"{reason}\"}},\"output\":[{{\"type\":\"reasoning\",\"summary\":[]}}]}}}}\n\n"
            )
        };
        assert_eq!(
            finish(&incomplete("max_output_tokens")),
            ended(Finish::Length, "max_output_tokens", "")
        );
        assert_eq!(
            finish(&incomplete("content_filter")),
            ended(Finish::ContentFilter, "content_filter", "")
        );
        let refusal = r#"data: {"type":"response.refusal.delta","delta":"I can't."}

data: {"type":"response.completed","response":{"output":[{"type":"message","content":[{"type":"refusal","refusal":"I can't."}]}]}}

"#;
        assert_eq!(
            finish(refusal),
            ended(Finish::ContentFilter, "completed", "I can't.")
        );
        let closing = refusal.split_once("\n\n").unwrap().1;
        assert_eq!(
            finish(closing),
            ended(Finish::ContentFilter, "completed", "I can't.")
        );
    }

    #[test]
    fn errors_in_streams() {
        let failed = |stream: &str| {
            let (answer, result) = outcome(&Responses, stream);
            let failure = result.unwrap_err();
            assert!(!answer.complete);
            (failure.class, failure.status, failure.message, answer.text)
        };
        let text = str::to_owned;
        assert_eq!(
            failed(FAILED),
            (Class::RateLimit, None, text("Slow down"), text("Hel"))
        );
        for (data, class) in [
            (
                r#"{"type":"error","code":"server_error","message":"m","param":null,"sequence_number":3}"#,
                Class::Unavailable,
            ),
            (
                r#"{"type":"error","error":{"type":"insufficient_quota","message":"m"}}"#,
                Class::Quota,
            ),
            (
                r#"{"error":{"code":"context_length_exceeded","message":"m"}}"#,
                Class::ContextLength,
            ),
        ] {
            assert_eq!(
                failed(&format!("data: {data}\n\n")),
                (class, None, text("m"), text("")),
                "{data}"
            );
        }
        assert_eq!(failed("event: error\ndata: gone\n\n").0, Class::Unavailable);
        assert_eq!(
            failed("data: {\"type\":\"response.failed\",\"response\":{}}\n\n").0,
            Class::Unavailable
        );
        assert_eq!(
            read(&Responses, &[b"data: <html>\n\n"])
                .1
                .unwrap_err()
                .class,
            Class::Unavailable
        );
    }

    #[test]
    fn whole_bodies_that_are_none() {
        let class = |body: &str| {
            Responses
                .whole(body.as_bytes(), &mut Answer::default())
                .unwrap_err()
                .class
        };
        assert_eq!(
            class(r#"{"error":{"message":"m","code":"invalid_api_key"}}"#),
            Class::Auth
        );
        assert_eq!(class("{}"), Class::Unavailable);
        assert_eq!(class("<html>"), Class::Unavailable);
    }

    #[test]
    fn error_table() {
        for (status, error, class) in [
            (
                400,
                r#"{"type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter","message":"m"}"#,
                Class::InvalidRequest,
            ),
            (
                400,
                r#"{"type":"invalid_request_error","code":"context_length_exceeded"}"#,
                Class::ContextLength,
            ),
            (
                400,
                r#"{"message":"This model's maximum context length is 8192 tokens."}"#,
                Class::ContextLength,
            ),
            (
                400,
                r#"{"code":"invalid_prompt","message":"flagged as potentially violating our usage policy"}"#,
                Class::ContentFilter,
            ),
            (
                401,
                r#"{"type":"invalid_request_error","code":null}"#,
                Class::Auth,
            ),
            (
                401,
                r#"{"type":"invalid_request_error","code":"invalid_api_key"}"#,
                Class::Auth,
            ),
            (
                403,
                r#"{"code":"unsupported_country_region_territory"}"#,
                Class::Permission,
            ),
            (
                404,
                r#"{"type":"invalid_request_error","code":"model_not_found"}"#,
                Class::ModelNotFound,
            ),
            (409, "{}", Class::Unavailable),
            (422, "{}", Class::InvalidRequest),
            (
                429,
                r#"{"type":"tokens","code":"rate_limit_exceeded"}"#,
                Class::RateLimit,
            ),
            (
                429,
                r#"{"type":"insufficient_quota","code":null}"#,
                Class::Quota,
            ),
            (
                429,
                r#"{"code":"billing_hard_limit_reached"}"#,
                Class::Quota,
            ),
            (503, r#"{"type":"server_error"}"#, Class::Unavailable),
        ] {
            let failure = Responses.failure(status, format!("{{\"error\":{error}}}").as_bytes());
            assert_eq!(
                (failure.class, failure.status),
                (class, Some(status)),
                "{status} {error}"
            );
        }
    }

    #[test]
    fn model_lists() {
        assert_eq!(Responses.models(None).path, "/models");
        let page = Responses.models_page(MODELS.as_bytes()).unwrap();
        assert_eq!((page.models.len(), page.next.as_deref()), (9, None));
        let first = &page.models[0];
        assert_eq!(
            (first.id.as_str(), first.created, first.chat),
            ("gpt-4.1", Some(1_744_316_542), true)
        );
        let bare = MODELS
            .split_once("\"data\":")
            .unwrap()
            .1
            .strip_suffix('}')
            .unwrap();
        assert_eq!(Responses.models_page(bare.as_bytes()).unwrap(), page);
        for body in ["", "{}", "<html>", "{\"data\":7}"] {
            assert_eq!(
                Responses.models_page(body.as_bytes()).unwrap_err().class,
                Class::Unavailable
            );
        }
    }

    #[test]
    fn chat_models() {
        for id in [
            "gpt-4.1",
            "chatgpt-4o-latest",
            "o3",
            "o4-mini",
            "gpt-6-sol",
            "ft:gpt-4o:org",
        ] {
            assert!(is_chat(id), "{id}");
        }
        for id in [
            "omni-moderation-latest",
            "gpt-4o-audio-preview",
            "gpt-realtime",
            "gpt-image-2",
            "gpt-4o-mini-tts",
            "gpt-4o-transcribe",
            "text-embedding-3-small",
            "gpt-4o-search-preview",
            "gpt-3.5-turbo-instruct",
            "gpt-5-codex",
            "o3-deep-research",
            "computer-use-preview",
            "whisper-1",
            "dall-e-3",
            "sora-2",
            "",
        ] {
            assert!(!is_chat(id), "{id}");
        }
    }

    #[test]
    fn newest_models() {
        let of = |entries: &[(&str, i64)]| {
            let data: Vec<_> = entries
                .iter()
                .map(|(id, created)| json!({"id": id, "created": created}))
                .collect();
            newest(&Responses, &json!({"data": data}).to_string()).unwrap_or_default()
        };
        assert_eq!(newest(&Responses, MODELS).unwrap(), "gpt-5.6-terra");
        assert_eq!(
            of(&[("gpt-6-astra", 5), ("gpt-6-sol", 5), ("gpt-6-luna", 5)]),
            "gpt-6-sol"
        );
        assert_eq!(
            of(&[
                ("gpt-5-nano", 9),
                ("gpt-5", 5),
                ("gpt-5-mini", 7),
                ("gpt-5-chat-latest", 8)
            ]),
            "gpt-5"
        );
        assert_eq!(
            of(&[("gpt-4", 1), ("gpt-4-turbo", 90_000_000)]),
            "gpt-4-turbo"
        );
        assert_eq!(of(&[("gpt-7-preview", 9), ("gpt-6", 5)]), "gpt-7-preview");
        assert_eq!(
            of(&[("gpt-6-2026-01-31", 9), ("gpt-5", 5)]),
            "gpt-6-2026-01-31"
        );
        assert_eq!(of(&[("gpt-6-preview", 9), ("gpt-6", 5)]), "gpt-6");
        assert_eq!(
            of(&[("gpt-image-2", 9), ("gpt-6-pro", 5), ("ft:gpt-6:org", 8)]),
            ""
        );
    }

    #[test]
    fn noise_never_panics() {
        fuzz(&Responses, &[STREAM, TOOL_CALL, CALLS, FAILED, MODELS]);
    }
}
