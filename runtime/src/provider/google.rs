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
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::super::test_streams::{
        answer, answer_with_state, assert_truncations, body, call, called, file, fuzz, newest,
        outcome, read, request, result, weather, with_state,
    };
    use super::super::{State, conversation};
    use super::*;

    const STREAM: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true}]},"index":0}],"modelVersion":"gemini-3.5-flash","responseId":"r1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hé\n"}]},"index":0}],"promptFeedback":null,"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"gemini-3.5-flash","responseId":"r1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"lo "},{"text":"😀","thoughtSignature":"CiQB…"}]},"finishReason":"STOP","index":0,"safetyRatings":[]}],"usageMetadata":{"promptTokenCount":9,"toolUsePromptTokenCount":1,"candidatesTokenCount":2,"thoughtsTokenCount":40,"totalTokenCount":52}}

"#;

    /// Thoughts, text in pieces, and calls: signed, unsigned and without an id; a signature alone at the end.
    const CALLS: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true}]}}],"responseId":"r2"}

data: {"candidates":[{"content":{"parts":[{"text":"I'll "}]}}]}

data: {"candidates":[{"content":{"parts":[{"text":"look"},{"text":"."}]}}]}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"id":"f1","name":"weather","args":{"city": "Tromsø", "a": [1, 2.5]}},"thoughtSignature":"CiQB+/=="},{"functionCall":{"name":"now"}}]}}]}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"now","args":{}}},{"text":"","thoughtSignature":"CiQC"}]},"finishReason":"STOP"}]}

"#;

    const BLOCKED: &str = r#"data: {"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"Unsafe."},"usageMetadata":{"promptTokenCount":9}}

"#;

    const EXHAUSTED: &str = r#"{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"}]}}"#;

    const MODELS: &str = r#"{"models":[
        {"name":"models/gemini-2.5-flash","displayName":"Gemini 2.5 Flash","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","countTokens"],"temperature":1},
        {"name":"models/gemini-3.5-flash","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-3.5-flash-001","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-3.5-flash-lite","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-4-pro","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-4-flash-preview","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-flash-latest","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-5-flash-image","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-embedding-001","supportedGenerationMethods":["embedContent"]},{}],
        "nextPageToken":"a b/c="}"#;

    fn complete() -> Answer {
        Answer {
            text: "Hé\nlo 😀".to_owned(),
            reasoning: "Hm.".to_owned(),
            model: Some("gemini-3.5-flash".to_owned()),
            response_id: Some("r1".to_owned()),
            finish: Some(Finish::Stop),
            native_finish: Some("STOP".to_owned()),
            usage: Usage {
                input_tokens: Some(10),
                output_tokens: Some(42),
                reasoning_tokens: Some(40),
                cached_input_tokens: None,
                cache_write_tokens: None,
                total_tokens: Some(52),
                ..Usage::default()
            },
            complete: true,
            ..Answer::default()
        }
    }

    #[test]
    fn requests() {
        let mut chat = request(
            "models/gemini-3.5-flash",
            &[
                (Role::System, "Be brief."),
                (Role::User, "Hello"),
                (Role::Assistant, "Hi"),
                (Role::User, "And?"),
            ],
        );
        let http = GenerateContent.chat(&chat);
        assert_eq!(http.method.as_str(), "POST");
        assert_eq!(
            http.path,
            "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse"
        );
        let mut expected = json!({
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Hello"}]},
                {"role": "model", "parts": [{"text": "Hi"}]},
                {"role": "user", "parts": [{"text": "And?"}]},
            ],
        });
        assert_eq!(body(&GenerateContent, &chat), expected);

        (chat.temperature, chat.max_tokens) = (Some(0.7), Some(64));
        expected["generationConfig"] = json!({"temperature": 0.7, "maxOutputTokens": 64});
        assert_eq!(body(&GenerateContent, &chat), expected);

        let instructions = body(
            &GenerateContent,
            &request("m", &[(Role::System, "a"), (Role::Developer, "b")]),
        );
        assert_eq!(
            instructions,
            json!({"contents": [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]})
        );
    }

    #[test]
    fn parts_calls_and_results() {
        let pdf = || Source::Url("https://example.com/a.PDF?b=c.png".to_owned());
        let question = Message {
            content: vec![
                Part::Text("What is this?".to_owned()),
                Part::Text(" ".to_owned()),
                Part::Media(file("image/png", Source::Data("iVBORw0=".to_owned()), None)),
                Part::Media(file("", pdf(), Some("a.pdf"))),
            ],
            ..Message::text(Role::User, "")
        };
        let state = State {
            provider: "google".to_owned(),
            model: String::new(),
            items: vec![
                json!({"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "CiQB"}),
                json!({"executableCode": {"code": "1"}}),
                json!(7),
            ],
        };
        let answered = Message {
            state: Some(state),
            ..called("Other words.", &[call("f1", "weather", "{}")])
        };
        let schema = json!({"type": "object"});
        let chat = ChatRequest {
            messages: vec![
                Message::text(Role::System, "Be brief."),
                question,
                answered,
                result("f1", "4 C"),
            ]
            .into(),
            tools: vec![weather()].into(),
            tool_choice: Some(ToolChoice::Auto),
            temperature: Some(1.0),
            top_p: Some(0.95),
            max_tokens: Some(8192),
            stop: vec!["END".to_owned()],
            seed: Some(7),
            effort: Some(Effort::Low),
            format: Some(std::sync::Arc::new(Format::Schema {
                name: "answer".to_owned(),
                schema: schema.as_object().unwrap().clone(),
                strict: None,
            })),
            ..request("gemini-3.5-flash", &[])
        };
        let expected = json!({
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "What is this?"},
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw0="}},
                    {"fileData": {"mimeType": "application/pdf", "fileUri": "https://example.com/a.PDF?b=c.png"}}]},
                {"role": "model", "parts": [{"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "CiQB"}]},
                {"role": "user", "parts": [{"functionResponse": {"id": "f1", "name": "weather", "response": {"result": "4 C"}}}]}],
            "tools": [{"functionDeclarations": [{"name": "weather", "description": "Look up weather", "parametersJsonSchema": {"type": "object", "properties": {"city": {"type": "string"}}}}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
            "generationConfig": {"temperature": 1.0, "topP": 0.95, "maxOutputTokens": 8192, "stopSequences": ["END"], "seed": 7,
                "responseMimeType": "application/json", "responseJsonSchema": schema, "thinkingConfig": {"thinkingLevel": "LOW"}},
        });
        assert_eq!(body(&GenerateContent, &chat), expected);
        let json_only = ChatRequest {
            format: Some(std::sync::Arc::new(Format::Json)),
            ..request("gemini-2.5-flash", &[(Role::User, "Hi")])
        };
        let config = json!({"responseMimeType": "application/json"});
        assert_eq!(
            body(&GenerateContent, &json_only)["generationConfig"],
            config
        );
    }

    /// Made-up ids come again in the next answer, and are not sent; results stand in one turn, before what
    /// is said and shown there.
    #[test]
    fn calls_that_have_no_state() {
        let png = file("image/png", Source::Data("AAAA".to_owned()), None);
        let shown = Message {
            content: vec![Part::Text("[1]".to_owned()), Part::Media(png)],
            ..result("f2", "")
        };
        let chat = |model| ChatRequest {
            messages: vec![
                Message::text(Role::User, "Hi"),
                called("", &[call("call_1", "weather", "")]),
                result("call_1", r#"{"c": 4}"#),
                called(
                    "So.",
                    &[call("call_1", "now", "[1"), call("f2", "map", r#"{"a":1}"#)],
                ),
                Message::text(Role::User, "Go on."),
                result("call_1", "noon"),
                shown.clone(),
                result("x", ""),
            ]
            .into(),
            ..request(model, &[])
        };
        let dummy = "skip_thought_signature_validator";
        let mut expected = json!([
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {}}, "thoughtSignature": dummy}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"c": 4}}}]},
            {"role": "model", "parts": [
                {"text": "So."},
                {"functionCall": {"name": "now", "args": {"arguments": "[1"}}, "thoughtSignature": dummy},
                {"functionCall": {"id": "f2", "name": "map", "args": {"a": 1}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "now", "response": {"result": "noon"}}},
                {"functionResponse": {"id": "f2", "name": "map", "response": {"result": "[1]"}}},
                {"functionResponse": {"id": "x", "name": "", "response": {"result": ""}}},
                {"text": "Go on."},
                {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
        ]);
        for model in ["gemini-3-pro-preview", "gemini-flash-latest"] {
            assert_eq!(body(&GenerateContent, &chat(model))["contents"], expected);
        }
        for (content, part) in [(1, 0), (3, 1)] {
            let part = expected[content]["parts"][part].as_object_mut();
            part.unwrap().remove("thoughtSignature").unwrap();
        }
        for model in ["gemini-2.5-flash", "gemma-4"] {
            assert_eq!(body(&GenerateContent, &chat(model))["contents"], expected);
        }
    }

    #[test]
    fn a_state_that_says_nothing_is_left_out() {
        let silent = Message {
            state: Some(State {
                provider: "google".to_owned(),
                model: String::new(),
                items: vec![json!({"thought": true})],
            }),
            ..Message::text(Role::Assistant, " ")
        };
        let messages = vec![Message::text(Role::User, "Hi"), silent];
        let chat = ChatRequest {
            messages: messages.into(),
            ..request("gemini-3.5-flash", &[])
        };
        let expected = json!([{"role": "user", "parts": [{"text": "Hi"}]}]);
        assert_eq!(body(&GenerateContent, &chat)["contents"], expected);
    }

    #[test]
    fn choices_and_declarations() {
        let of = |choice| {
            let mut chat = ChatRequest {
                tools: vec![Tool {
                    description: None,
                    parameters: Map::new(),
                    strict: Some(true),
                    ..weather()
                }]
                .into(),
                tool_choice: Some(choice),
                ..request("gemini-3.5-flash", &[(Role::User, "Hi")])
            };
            assert_eq!(GenerateContent.fit(&mut chat).len(), 1);
            let sent = body(&GenerateContent, &chat);
            let declared = json!([{"functionDeclarations": [{"name": "weather"}]}]);
            assert_eq!(sent["tools"], declared);
            chat.tools = Vec::new().into();
            assert_eq!(GenerateContent.fit(&mut chat), Vec::<String>::new());
            let without = body(&GenerateContent, &chat);
            assert_eq!(
                (without.get("tools"), without.get("toolConfig")),
                (None, None)
            );
            sent["toolConfig"]["functionCallingConfig"].clone()
        };
        assert_eq!(of(ToolChoice::None), json!({"mode": "NONE"}));
        assert_eq!(of(ToolChoice::Required), json!({"mode": "ANY"}));
        let only = json!({"mode": "ANY", "allowedFunctionNames": ["weather"]});
        assert_eq!(of(ToolChoice::Tool("weather".to_owned())), only);
    }

    #[test]
    fn types_of_addresses() {
        for (url, mime_type) in [
            ("https://example.com/a.JPG", Some("image/jpeg")),
            (
                "https://example.com/a.pdf?x=1.png#b.gif",
                Some("application/pdf"),
            ),
            ("https://example.com/a", None),
            ("https://www.youtube.com/watch?v=a.png", None),
            ("", None),
        ] {
            assert_eq!(guessed(url), mime_type, "{url}");
        }
        let given = file(
            "text/css",
            Source::Url("https://example.com/a.txt".to_owned()),
            None,
        );
        let given = serde_json::to_value(PartBody::media(&given)).unwrap();
        assert_eq!(given["fileData"]["mimeType"], "text/css");
    }

    #[test]
    fn calls() {
        let answer = answer_with_state(&GenerateContent, CALLS);
        let lengths = answer.state.iter().map(conversation::length);
        assert_eq!(answer.state_length, lengths.sum::<usize>());
        assert_eq!(
            answer.tool_calls,
            [
                call("f1", "weather", r#"{"city": "Tromsø", "a": [1, 2.5]}"#),
                call("call_2", "now", "{}"),
                call("call_3", "now", "{}")
            ]
        );
        assert_eq!(
            (
                answer.text.as_str(),
                answer.reasoning.as_str(),
                answer.finish
            ),
            ("I'll look.", "Hm.", Some(Finish::ToolCalls))
        );
        let state = json!([
            {"text": "I'll look."},
            {"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Tromsø", "a": [1, 2.5]}}, "thoughtSignature": "CiQB+/=="},
            {"functionCall": {"name": "now"}},
            {"functionCall": {"name": "now", "args": {}}},
            {"text": "", "thoughtSignature": "CiQC"},
        ]);
        assert_eq!(Value::Array(answer.state.clone()), state);
        assert_truncations(&GenerateContent, CALLS);

        let chat = ChatRequest {
            messages: vec![
                Message::text(Role::User, "Hi"),
                Message {
                    state: Some(State {
                        provider: "google".to_owned(),
                        model: String::new(),
                        items: answer.state,
                    }),
                    ..called("", &answer.tool_calls)
                },
            ]
            .into(),
            ..request("gemini-3.5-flash", &[])
        };
        let sent = &body(&GenerateContent, &chat)["contents"][1]["parts"];
        assert_eq!(sent, &state);
    }

    #[test]
    fn what_is_kept_of_an_answer() {
        let kept = |parts: &str| {
            let mut answer = with_state();
            let body = format!(
                "{{\"candidates\":[{{\"content\":{{\"parts\":[{parts}]}},\"finishReason\":\"STOP\"}}]}}"
            );
            GenerateContent.whole(body.as_bytes(), &mut answer).unwrap();
            (json!(answer.state), answer.wants_state)
        };
        // Signed parts are never put together with others; signed thoughts are kept.
        let signed = r#"{"text":"a"},{"text":"b","thoughtSignature":"s"},{"text":"c"},{"text":"x","thought":true},{"text":"d"},{"text":"e","thought":true,"thoughtSignature":"t"}"#;
        let expected = json!([
            {"text": "a"}, {"text": "b", "thoughtSignature": "s"}, {"text": "cd"},
            {"text": "e", "thought": true, "thoughtSignature": "t"}]);
        assert_eq!(kept(signed), (expected, true));
        assert_eq!(
            kept(r#"{"text":""},{"inlineData":{"data":"AAAA"}}"#),
            (json!([]), true)
        );
        // A state that is not whole is none.
        let half = r#"{"text":"a"},{"functionCall":{"name":"b","args":{"c":"\ud83d"}}}"#;
        assert_eq!(kept(half), (json!([]), false));
        let thought = json!({"text": "e", "thought": true, "thoughtSignature": "t"});
        let part = serde_json::to_value(PartBody::kept(&thought).unwrap()).unwrap();
        assert_eq!(part, thought);
    }

    #[test]
    fn calls_and_ends() {
        let of = |call: &str, finish: &str| {
            let stream = format!(
                "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"functionCall\":{call}}}]}},\"finishReason\":\"{finish}\"}}]}}\n\n"
            );
            let (answer, result) = outcome(&GenerateContent, &stream);
            (answer.finish, answer.tool_calls, result.is_ok())
        };
        let calls = |arguments| vec![call("call_1", "a", arguments)];
        assert_eq!(
            of(r#"{"name":"a","args":null}"#, "STOP"),
            (Some(Finish::ToolCalls), calls("{}"), true)
        );
        assert_eq!(
            of(r#"{"name":"a","args":"x"}"#, "MAX_TOKENS"),
            (Some(Finish::Length), calls("\"x\""), true)
        );
        assert_eq!(of("null", "STOP"), (Some(Finish::Stop), Vec::new(), true));
        assert_eq!(of("7", "STOP"), (None, Vec::new(), false));
        let many = vec!["{\"functionCall\":{\"name\":\"a\"}}"; 129].join(",");
        let body = format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{many}]}}}}]}}");
        let failure = GenerateContent.whole(body.as_bytes(), &mut Answer::default());
        assert_eq!(failure.unwrap_err().class, Class::TooLarge);
    }

    #[test]
    fn a_model_is_one_segment() {
        for (model, segment) in [
            ("..", "..:streamGenerateContent"),
            (
                "models/../../x?key=1#y",
                "..%2F..%2Fx%3Fkey%3D1%23y:streamGenerateContent",
            ),
            ("%2e%2e/", "%252e%252e%2F:streamGenerateContent"),
        ] {
            let path = GenerateContent
                .chat(&request(model, &[(Role::User, "x")]))
                .path;
            assert_eq!(path, format!("/v1beta/models/{segment}?alt=sse"));
        }
    }

    #[test]
    fn streams() {
        assert_eq!(answer(&GenerateContent, STREAM), complete());
        assert_truncations(&GenerateContent, STREAM);
    }

    #[test]
    fn whole_bodies() {
        let chunks: Vec<&str> = STREAM
            .split("data: ")
            .filter(|chunk| !chunk.is_empty())
            .collect();
        let mut whole = Answer::default();
        GenerateContent
            .whole(format!("[{}]", chunks.join(",")).as_bytes(), &mut whole)
            .unwrap();
        assert_eq!(whole, complete());
        let mut whole = Answer::default();
        GenerateContent
            .whole(chunks.last().unwrap().as_bytes(), &mut whole)
            .unwrap();
        assert_eq!((whole.text.as_str(), whole.complete), ("lo 😀", true));
        for body in [EXHAUSTED.to_owned(), format!("[{EXHAUSTED}]")] {
            let failure = GenerateContent
                .whole(body.as_bytes(), &mut Answer::default())
                .unwrap_err();
            assert_eq!(failure.class, Class::RateLimit);
        }
    }

    #[test]
    fn finishes() {
        let finish = |candidate: &str| {
            let answer = answer(
                &GenerateContent,
                &format!("data: {{\"candidates\":[{candidate}]}}\n\n"),
            );
            assert!(answer.complete);
            answer.finish.unwrap()
        };
        for (native, expected) in [
            ("STOP", Finish::Stop),
            ("MAX_TOKENS", Finish::Length),
            ("SAFETY", Finish::ContentFilter),
            ("IMAGE_PROHIBITED_CONTENT", Finish::ContentFilter),
            ("MALFORMED_FUNCTION_CALL", Finish::Error),
            ("LANGUAGE", Finish::Error),
            ("NEWS", Finish::Error),
        ] {
            assert_eq!(
                finish(&format!("{{\"finishReason\":\"{native}\"}}")),
                expected,
                "{native}"
            );
        }
        let call = r#"{"content":{"parts":[{"functionCall":{"name":"weather","args":{}}}]},"finishReason":"STOP"}"#;
        assert_eq!(finish(call), Finish::ToolCalls);

        let blocked = answer(&GenerateContent, BLOCKED);
        assert_eq!(
            (blocked.text.as_str(), blocked.finish, blocked.complete),
            ("Unsafe.", Some(Finish::ContentFilter), true)
        );
        assert_eq!(blocked.native_finish.as_deref(), Some("SAFETY"));
        assert_eq!(
            (blocked.usage.input_tokens, blocked.usage.output_tokens),
            (Some(9), None)
        );
    }

    #[test]
    fn errors_in_streams() {
        let one_line = EXHAUSTED.replace('\n', "");
        let (partial, result) = outcome(
            &GenerateContent,
            &format!(
                "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"Hel\"}}]}}}}]}}\n\ndata: {one_line}\n\n"
            ),
        );
        let failure = result.unwrap_err();
        assert_eq!((partial.text.as_str(), partial.complete), ("Hel", false));
        assert_eq!(
            (failure.class, failure.retry_after),
            (Class::RateLimit, Some(Duration::from_secs(17)))
        );
        let class = |stream: &str| {
            read(&GenerateContent, &[stream.as_bytes()])
                .1
                .unwrap_err()
                .class
        };
        assert_eq!(
            class("data: {\"error\":{\"code\":503}}\n\n"),
            Class::Unavailable
        );
        assert_eq!(class("data: [1]\n\n"), Class::Unavailable);
    }

    #[test]
    fn error_table() {
        let reason = |reason| {
            format!(
                ",\"details\":[{{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"{reason}\"}}]"
            )
        };
        for (code, status, message, details, class) in [
            (
                400,
                "INVALID_ARGUMENT",
                "m",
                reason("API_KEY_INVALID"),
                Class::Auth,
            ),
            (
                400,
                "INVALID_ARGUMENT",
                "m",
                reason("API_KEY_EXPIRED"),
                Class::Auth,
            ),
            (
                400,
                "INVALID_ARGUMENT",
                "API key not valid.",
                String::new(),
                Class::Auth,
            ),
            (
                400,
                "INVALID_ARGUMENT",
                "The input token count (9) exceeds the maximum",
                String::new(),
                Class::ContextLength,
            ),
            (
                400,
                "INVALID_ARGUMENT",
                "m",
                String::new(),
                Class::InvalidRequest,
            ),
            (
                400,
                "FAILED_PRECONDITION",
                "m",
                String::new(),
                Class::Permission,
            ),
            (
                403,
                "PERMISSION_DENIED",
                "m",
                reason("SERVICE_DISABLED"),
                Class::Permission,
            ),
            (404, "NOT_FOUND", "m", String::new(), Class::ModelNotFound),
            (
                429,
                "RESOURCE_EXHAUSTED",
                "m",
                String::new(),
                Class::RateLimit,
            ),
            (500, "INTERNAL", "m", String::new(), Class::Unavailable),
            (503, "UNAVAILABLE", "m", String::new(), Class::Unavailable),
            (
                504,
                "DEADLINE_EXCEEDED",
                "m",
                String::new(),
                Class::Unavailable,
            ),
        ] {
            let body = format!(
                "{{\"error\":{{\"code\":{code},\"message\":\"{message}\",\"status\":\"{status}\"{details}}}}}"
            );
            assert_eq!(
                GenerateContent.failure(code, body.as_bytes()).class,
                class,
                "{body}"
            );
            assert_eq!(
                GenerateContent
                    .failure(code, format!("[{body}]").as_bytes())
                    .class,
                class,
                "{body}"
            );
        }
        let daily = EXHAUSTED.replace("PerMinute", "PerDay");
        assert_eq!(
            GenerateContent.failure(429, daily.as_bytes()).class,
            Class::Quota
        );
        let failure = GenerateContent.failure(429, EXHAUSTED.as_bytes());
        assert_eq!(
            (failure.class, failure.retry_after),
            (Class::RateLimit, Some(Duration::from_secs(17)))
        );
        assert_eq!(
            (failure.code.as_deref(), failure.message.as_str()),
            (Some("RESOURCE_EXHAUSTED"), "Quota exceeded")
        );
    }

    #[test]
    fn durations() {
        assert_eq!(seconds("0.25s"), Some(Duration::from_millis(250)));
        for odd in ["17", "-1s", "NaNs", "1e99s", "s", ""] {
            assert_eq!(seconds(odd), None, "{odd}");
        }
    }

    #[test]
    fn model_lists() {
        assert_eq!(
            GenerateContent.models(None).path,
            "/v1beta/models?pageSize=1000"
        );
        let page = GenerateContent.models_page(MODELS.as_bytes()).unwrap();
        assert_eq!(
            GenerateContent.models(page.next.as_deref()).path,
            "/v1beta/models?pageSize=1000&pageToken=a%20b%2Fc%3D"
        );
        assert_eq!(
            page.models[0],
            Model {
                id: "gemini-2.5-flash".to_owned(),
                display_name: Some("Gemini 2.5 Flash".to_owned()),
                input_token_limit: Some(1_048_576),
                output_token_limit: Some(65_536),
                chat: true,
                can: page.models[0].can,
                ..Model::default()
            }
        );
        assert_eq!(page.models.iter().filter(|model| !model.chat).count(), 1);
        assert_eq!(
            GenerateContent.models_page(b"{}").unwrap(),
            ModelPage::default()
        );
        assert_eq!(
            GenerateContent.models_page(b"<html>").unwrap_err().class,
            Class::Unavailable
        );
    }

    #[test]
    fn newest_models() {
        let of = |ids: &[&str]| {
            let models: Vec<_> = ids
                .iter()
                .map(|id| json!({"name": id, "supportedGenerationMethods": ["generateContent"]}))
                .collect();
            newest(&GenerateContent, &json!({"models": models}).to_string()).unwrap_or_default()
        };
        assert_eq!(
            newest(&GenerateContent, MODELS).as_deref(),
            Some("gemini-3.5-flash")
        );
        assert_eq!(
            of(&["gemini-9.9-flash", "gemini-10.0-flash"]),
            "gemini-10.0-flash"
        );
        assert_eq!(
            of(&[
                "gemini-3-pro",
                "gemini-4-flash-preview",
                "gemini-4-flash-lite"
            ]),
            "gemini-3-pro"
        );
        assert_eq!(
            of(&[
                "gemini-4-flash-preview",
                "gemini-flash-latest",
                "gemma-3-27b-it"
            ]),
            "gemini-4-flash-preview"
        );
        assert_eq!(
            of(&["gemma-3-27b-it", "gemini-2.5-computer-use-preview"]),
            "gemma-3-27b-it"
        );
        assert_eq!(
            of(&["gemini-2.5-flash-preview-tts", "gemini-2.5-flash-image"]),
            ""
        );
    }

    #[test]
    fn noise_never_panics() {
        fuzz(
            &GenerateContent,
            &[STREAM, CALLS, BLOCKED, EXHAUSTED, MODELS],
        );
    }
}
