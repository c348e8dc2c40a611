//! Google's Gemini API, `generateContent`.
//!
//! Never here: the Interactions API, Vertex AI, retries, HTTP.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::conversation::{Media, Part, Source};
use super::error_body::{ErrorBody, Table};
use super::json::{self, Lenient, Text, str_of};
use super::request::Turn;
use super::rules::{self, GeminiThinking};
use super::{
    Answer, ChatRequest, Class, Codec, Effort, Failure, Finish, Format, Message, Model, ModelPage,
    Request, Role, Stage, Tool, ToolCall, ToolChoice, Usage, model, request, sse,
};

/// The `generateContent` format.
#[derive(Clone, Copy, Debug, Default)]
pub struct GenerateContent;

impl Codec for GenerateContent {
    fn default_base_url(&self) -> &'static str {
        "https://generativelanguage.googleapis.com"
    }

    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)> {
        Some((
            HeaderName::from_static("x-goog-api-key"),
            request::secret(key)?,
        ))
    }

    fn request_id_headers(&self) -> &'static [&'static str] {
        // Google names its answers in the body; a proxy may do better.
        &["x-request-id", "cf-ray"]
    }

    fn fit(&self, chat: &mut ChatRequest) -> Vec<String> {
        let mut warnings = Vec::new();
        let thinks = rules::gemini(bare_id(&chat.model), Effort::High) != GeminiThinking::Never;
        if !thinks && chat.effort.take().is_some() {
            warnings.push(rules::left_out("reasoning_effort", &chat.model));
        }
        chat.include_reasoning &= thinks;
        if chat.tools.iter().any(|tool| tool.strict == Some(true)) {
            warnings.push(rules::left_out("strict", &chat.model));
        }
        warnings
    }

    fn think_within_limit(&self, chat: &mut ChatRequest, is_lowered: bool) -> Option<String> {
        // Gemini takes a budget above the limit, which may be what the caller wants.
        let limit = chat.max_tokens.filter(|_| is_lowered)?;
        let model = chat.model.clone();
        let tokens = |effort| match rules::gemini(bare_id(&model), effort) {
            GeminiThinking::Budget(tokens) => tokens,
            GeminiThinking::Never | GeminiThinking::Level(_) => 0,
        };
        rules::think_within(chat, limit, limit / 4, tokens)
    }

    fn chat(&self, chat: &ChatRequest) -> Request {
        let (system, turns) = request::turns(&chat.messages);
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
        // The method's name behind the id keeps `.` and `..` from being steps.
        let model = request::percent_encoded(bare_id(&chat.model));
        request::post(
            format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
            &body,
        )
    }

    fn event(&self, event: &sse::Event<'_>, answer: &mut Answer) -> Result<(), Failure> {
        match event.payload() {
            Some(payload) if event.name == "error" => Err(failure(None, payload)),
            Some(payload) => take_chunk(json::read(payload)?, answer),
            None => Ok(()),
        }
    }

    fn whole(&self, body: &[u8], answer: &mut Answer) -> Result<(), Failure> {
        let body = String::from_utf8_lossy(body);
        if body.trim_start().starts_with('[') {
            // A proxy that drops `alt=sse` turns the stream into an array.
            for chunk in json::read::<json::List<'_>>(&body)?.read() {
                take_chunk(chunk?, answer)?;
            }
            return Ok(());
        }
        take_chunk(json::read(&body)?, answer)
    }

    fn models(&self, page: Option<&str>) -> Request {
        let token = page.map(|page| format!("&pageToken={}", request::percent_encoded(page)));
        request::get(format!(
            "/v1beta/models?pageSize=1000{}",
            token.unwrap_or_default()
        ))
    }

    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        let body = String::from_utf8_lossy(body);
        let list: ModelList<'_> = json::read(&body)?;
        let mut models = Vec::new();
        for entry in json::entries(list.models.unwrap_or_default().raw()) {
            let entry: ModelEntry<'_> = json::read(entry)?;
            let Some(id) = entry.name.and_then(Text::non_empty) else {
                continue;
            };
            let methods = entry.supported_generation_methods.unwrap_or_default();
            let has = |name: &str| methods.iter().any(|method| method.0 == name);
            let mut model = Model {
                id: bare_id(&id).to_owned(),
                display_name: entry.display_name.and_then(Text::non_empty),
                input_token_limit: entry.input_token_limit.0,
                output_token_limit: entry.output_token_limit.0,
                chat: has("generateContent"),
                ..Model::default()
            };
            let is_ordinary = model.chat && !has_word(&model.id, OTHER_MEDIA);
            let embeds = has("embedContent") || has("batchEmbedContents");
            model::gemini(&mut model, embeds, entry.thinking.0, is_ordinary);
            models.push(model);
        }
        Ok(ModelPage {
            models,
            next: list.next_page_token.and_then(Text::non_empty),
        })
    }

    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        let has = |model: &Model, words: &[&str]| has_word(&model.id, words);
        models
            .iter()
            .filter(|model| model.chat && !has(model, OTHER_MEDIA))
            .max_by_key(|&model| {
                let version = version(&model.id);
                let stable = version.is_some() && !has(model, UNSETTLED);
                (
                    stable,
                    stable && has(model, &["flash"]),
                    version,
                    Reverse((model.id.len(), model.id.as_str())),
                )
            })
    }

    fn failure(&self, status: u16, body: &[u8]) -> Failure {
        failure(Some(status), &String::from_utf8_lossy(body))
    }
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
struct PartBody<'a> {
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

/// How much to think, in the words of the model's generation; both at once are refused.
fn thinking_config(chat: &ChatRequest) -> Option<ThinkingConfig> {
    let mut config = ThinkingConfig {
        include_thoughts: chat.include_reasoning,
        ..ThinkingConfig::default()
    };
    if let Some(effort) = chat.effort {
        match rules::gemini(bare_id(&chat.model), effort) {
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

    fn media(media: &'a Media) -> Self {
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
        body.insert("args".to_owned(), request::input(call).into());
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
                name: request::called(messages, result),
                response: response.unwrap_or_else(|_| wrapped()),
            }),
            ..PartBody::default()
        }
    }

    /// A part that the API has given, as far as it may go back.
    fn kept(item: &'a Value) -> Option<Self> {
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

/// The id of a call, if it is not one that we have made up: the API, which had none, finds the call of a
/// result by its name.
fn sent_id(id: &str) -> Option<&str> {
    let number = id.strip_prefix("call_");
    let is_made_up = number.is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()));
    (!is_made_up).then_some(id)
}

/// The type of what is at an address, by its ending.
fn guessed(url: &str) -> Option<&'static str> {
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

/// What a turn says. The results of tools come first, without what belongs to them but is no text.
fn parts<'a>(turn: &Turn<'a>, chat: &'a ChatRequest) -> Vec<PartBody<'a>> {
    if turn.messages.is_empty() {
        return vec![PartBody::text(request::OPENING)];
    }
    let messages = || turn.messages.iter().copied();
    let results = messages().filter(|message| message.role == Role::Tool);
    let results = results.map(|result| PartBody::result(result, &chat.messages));
    let mut parts: Vec<_> = results.collect();
    for message in messages() {
        match message.role {
            Role::Tool => parts.extend(message.media().map(PartBody::media)),
            Role::Assistant => parts.extend(answered(message, &chat.model)),
            _ => parts.extend(said(message)),
        }
    }
    parts
}

/// The parts of a message, without blank ones; of several texts alone, one.
fn said(message: &Message) -> Vec<PartBody<'_>> {
    let text = |text: &str| !text.trim().is_empty();
    if message.media().next().is_none() {
        let all = Some(message.all_text()).filter(|all| text(all));
        return all.into_iter().map(PartBody::text).collect();
    }
    let parts = message.content.iter().filter_map(|part| match part {
        Part::Text(words) => text(words).then(|| PartBody::text(words.as_str())),
        Part::Media(media) => Some(PartBody::media(media)),
    });
    parts.collect()
}

/// What a model has answered: as it was given, or put together from what it said and called.
fn answered<'a>(message: &'a Message, model: &str) -> Vec<PartBody<'a>> {
    let kept = message.state.iter().flat_map(|state| &state.items);
    let mut parts: Vec<_> = kept.filter_map(PartBody::kept).collect();
    if parts.is_empty() {
        parts = said(message);
        parts.extend(message.tool_calls.iter().map(PartBody::call));
    }
    // The generations that think by level refuse a first call without the thoughts behind it.
    let wants_signature = matches!(
        rules::gemini(bare_id(model), Effort::High),
        GeminiThinking::Level(_)
    );
    let is_signed = parts.iter().any(|part| part.thought_signature.is_some());
    if wants_signature
        && !is_signed
        && let Some(first) = parts.iter_mut().find(|part| part.function_call.is_some())
    {
        first.thought_signature = Some(UNSIGNED);
    }
    parts
}

/// What Google documents for calls that another model has made.
const UNSIGNED: &str = "skip_thought_signature_validator";

/// A whole answer or a piece of one; both have the same shape.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow)]
    candidates: Option<json::List<'a>>,
    #[serde(borrow)]
    prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(borrow)]
    model_version: Option<Text<'a>>,
    #[serde(borrow)]
    response_id: Option<Text<'a>>,
    #[serde(default)]
    usage_metadata: Lenient<UsageMetadata>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default)]
    index: Lenient<u64>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    finish_message: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<json::List<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(default)]
    thought: Lenient<bool>,
    #[serde(borrow)]
    function_call: Option<&'a RawValue>,
    #[serde(borrow)]
    thought_signature: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct FunctionCall<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Text<'a>>,
    #[serde(borrow)]
    block_reason_message: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct UsageMetadata {
    prompt_token_count: Lenient<u64>,
    tool_use_prompt_token_count: Lenient<u64>,
    cached_content_token_count: Lenient<u64>,
    candidates_token_count: Lenient<u64>,
    thoughts_token_count: Lenient<u64>,
    total_token_count: Lenient<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelList<'a> {
    #[serde(borrow)]
    models: Option<json::List<'a>>,
    #[serde(borrow)]
    next_page_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelEntry<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    display_name: Option<Text<'a>>,
    #[serde(default)]
    input_token_limit: Lenient<u64>,
    #[serde(default)]
    output_token_limit: Lenient<u64>,
    #[serde(borrow)]
    supported_generation_methods: Option<Vec<Text<'a>>>,
    #[serde(default)]
    thinking: Lenient<bool>,
}

/// Whether an id has one of these words between its hyphens.
fn has_word(id: &str, words: &[&str]) -> bool {
    id.split('-').any(|word| words.contains(&word))
}

pub(super) fn bare_id(id: &str) -> &str {
    id.strip_prefix("models/").unwrap_or(id)
}

fn take_chunk(chunk: Chunk<'_>, answer: &mut Answer) -> Result<(), Failure> {
    if let Some(counts) = chunk.usage_metadata.0 {
        take_usage(&counts, &mut answer.usage);
    }
    if let Some(error) = chunk.error {
        // What comes along with an error is paid, too.
        let has_output = chunk.candidates.is_some_and(|it| !it.is_empty());
        let failure = failure(None, error.get());
        return Err(match has_output {
            true => failure.at(Stage::Taken),
            false => failure,
        });
    }
    answer.response_id = chunk
        .response_id
        .and_then(Text::non_empty)
        .or(answer.response_id.take());
    answer.model = chunk
        .model_version
        .and_then(Text::non_empty)
        .or(answer.model.take());
    for candidate in chunk.candidates.unwrap_or_default().read() {
        let candidate: Candidate<'_> = candidate?;
        if candidate.index.0.unwrap_or_default() == 0 {
            take_candidate(candidate, answer)?;
            break;
        }
    }
    if let Some(feedback) = chunk.prompt_feedback {
        end(
            feedback.block_reason,
            |_| Finish::ContentFilter,
            feedback.block_reason_message,
            answer,
        );
    }
    Ok(())
}

fn take_candidate(candidate: Candidate<'_>, answer: &mut Answer) -> Result<(), Failure> {
    let parts = candidate.content.and_then(|content| content.parts);
    for part in parts.unwrap_or_default().read() {
        let part: Piece<'_> = part?;
        if let Some(call) = part.function_call {
            let call: FunctionCall<'_> = json::read(call.get())?;
            answer.call(ToolCall {
                id: str_of(&call.id).to_owned(),
                name: str_of(&call.name).to_owned(),
                arguments: call.args.map_or("{}", RawValue::get).to_owned(),
            })?;
        }
        let side = if part.thought.0 == Some(true) {
            &mut answer.reasoning
        } else {
            &mut answer.text
        };
        side.push_str(str_of(&part.text));
        keep(&part, answer);
    }
    let called = !answer.tool_calls.is_empty();
    let finish = |native: &str| match native {
        // Google says STOP also when it has called a function.
        "STOP" if called => Finish::ToolCalls,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" => {
            Finish::ContentFilter
        }
        image if image.starts_with("IMAGE_") => Finish::ContentFilter,
        _ => Finish::Error,
    };
    end(
        candidate.finish_reason,
        finish,
        candidate.finish_message,
        answer,
    );
    Ok(())
}

/// Keeps a part, if the state is wanted. Plain texts become one; with signatures that must not be done.
/// Thoughts are for people, and need not go back.
fn keep(part: &Piece<'_>, answer: &mut Answer) {
    let (text, signature) = (str_of(&part.text), str_of(&part.thought_signature));
    let is_thought = part.thought.0 == Some(true);
    let is_plain = signature.is_empty() && part.function_call.is_none();
    if !answer.wants_state || is_plain && (is_thought || text.is_empty()) {
        return;
    }
    if is_plain
        && let Some(Value::Object(last)) = answer.state.last_mut()
        && last.len() == 1
        && let Some(Value::String(earlier)) = last.get_mut("text")
    {
        earlier.push_str(text);
        answer.state_length += text.len();
        return;
    }
    let mut item = Map::new();
    let mut set = |name: &str, value: Value| drop(item.insert(name.to_owned(), value));
    match part.function_call.map(|call| answer.piece(call.get())) {
        Some(Some(call)) => set("functionCall", call),
        Some(None) => return,
        None => set("text", text.into()),
    }
    if is_thought {
        set("thought", true.into());
    }
    if !signature.is_empty() {
        set("thoughtSignature", signature.into());
    }
    answer.keep(item.into());
}

/// Notes the end if there is a reason for it, and says why where something was filtered.
fn end(
    reason: Option<Text<'_>>,
    finish: impl Fn(&str) -> Finish,
    why: Option<Text<'_>>,
    answer: &mut Answer,
) {
    let Some(reason) = reason.and_then(Text::non_empty) else {
        return;
    };
    let finish = finish(&reason);
    if let (Finish::ContentFilter, Some(why)) = (finish, why.and_then(Text::non_empty)) {
        if !answer.text.is_empty() {
            answer.text.push_str("\n\n");
        }
        answer.text.push_str(&why);
    }
    answer.finish = Some(finish);
    answer.native_finish = Some(reason);
    answer.complete = true;
}

/// Each chunk's counts replace the earlier ones.
fn take_usage(counts: &UsageMetadata, usage: &mut Usage) {
    let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    };
    let input = sum(
        counts.prompt_token_count.0,
        counts.tool_use_prompt_token_count.0,
    );
    let output = sum(
        counts.candidates_token_count.0,
        counts.thoughts_token_count.0,
    );
    usage.input_tokens = input.or(usage.input_tokens);
    usage.output_tokens = output.or(usage.output_tokens);
    usage.reasoning_tokens = counts.thoughts_token_count.0.or(usage.reasoning_tokens);
    usage.cached_input_tokens = counts
        .cached_content_token_count
        .0
        .or(usage.cached_input_tokens);
    usage.total_tokens = counts.total_token_count.0.or(usage.total_tokens);
}

fn failure(status: Option<u16>, body: &str) -> Failure {
    let error = ErrorBody::read(body);
    let mut failure = error.failure(status, WORDS, PHRASES);
    failure.retry_after = error
        .details("retryDelay")
        .find_map(|delay| seconds(delay.as_str()?));
    let mut violations = error
        .details("violations")
        .filter_map(Value::as_array)
        .flatten();
    let per_day = |violation: &Value| {
        let quota = violation.get("quotaId").and_then(Value::as_str);
        quota.is_some_and(|quota| quota.contains("PerDay"))
    };
    if failure.class == Class::RateLimit && violations.any(per_day) {
        failure.class = Class::Quota;
    }
    failure
}

/// A protobuf duration such as `17s` or `0.25s`.
fn seconds(duration: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(duration.strip_suffix('s')?.parse().ok()?).ok()
}

/// `(3, 5)` of `gemini-3.5-flash`.
fn version(id: &str) -> Option<(u32, u32)> {
    let number = id.strip_prefix("gemini-")?.split('-').next()?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Words in ids of models that do not simply chat, although they have the method.
const OTHER_MEDIA: &[&str] = &[
    "image",
    "tts",
    "audio",
    "live",
    "embedding",
    "robotics",
    "computer",
];

/// Words in ids that move, vanish or are less than the real thing.
const UNSETTLED: &[&str] = &["preview", "exp", "experimental", "latest", "lite"];

const WORDS: &Table = &[
    ("API_KEY_INVALID", Class::Auth),
    ("API_KEY_EXPIRED", Class::Auth),
    ("UNAUTHENTICATED", Class::Auth),
    ("FAILED_PRECONDITION", Class::Permission),
    ("PERMISSION_DENIED", Class::Permission),
    ("NOT_FOUND", Class::ModelNotFound),
    ("RESOURCE_EXHAUSTED", Class::RateLimit),
    ("INVALID_ARGUMENT", Class::InvalidRequest),
    ("INTERNAL", Class::Unavailable),
    ("UNAVAILABLE", Class::Unavailable),
    ("DEADLINE_EXCEEDED", Class::Unavailable),
];

const PHRASES: &Table = &[
    ("api key not valid", Class::Auth),
    ("api key expired", Class::Auth),
    ("input token count", Class::ContextLength),
];

#[cfg(test)]
mod tests;
