//! Google's Gemini API, `generateContent`.
//!
//! Never here: the Interactions API, Vertex AI, retries, HTTP.

use std::cmp::Reverse;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error_body::{ErrorBody, Table};
use super::json::{self, Lenient, Text, str_of};
use super::rules::{self, GeminiThinking};
use super::{
    Answer, ChatRequest, Class, Codec, Effort, Failure, Finish, Model, ModelPage, Request, Usage,
    request, sse,
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
        warnings
    }

    fn chat(&self, chat: &ChatRequest) -> Request {
        let (system, turns) = request::turns(&chat.messages);
        let contents = turns.into_iter().map(|turn| ContentBody {
            role: Some(if turn.assistant { "model" } else { "user" }),
            parts: parts(request::texts(&turn)),
        });
        let config = GenerationConfig {
            temperature: chat.temperature,
            top_p: chat.top_p,
            max_output_tokens: chat.max_tokens,
            stop_sequences: &chat.stop,
            seed: chat.seed,
            thinking_config: thinking_config(chat),
        };
        let body = ChatBody {
            system_instruction: (!system.is_empty()).then(|| ContentBody {
                role: None,
                parts: parts(system),
            }),
            contents: contents.collect(),
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
            for chunk in json::read::<Vec<Chunk<'_>>>(&body)? {
                take_chunk(chunk, answer)?;
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
        let models = list
            .models
            .unwrap_or_default()
            .into_iter()
            .filter_map(|entry| {
                let methods = entry.supported_generation_methods.unwrap_or_default();
                Some(Model {
                    id: bare_id(&entry.name?.non_empty()?).to_owned(),
                    display_name: entry.display_name.and_then(Text::non_empty),
                    created: None,
                    input_token_limit: entry.input_token_limit.0,
                    output_token_limit: entry.output_token_limit.0,
                    chat: methods.iter().any(|method| method.0 == "generateContent"),
                })
            });
        Ok(ModelPage {
            models: models.collect(),
            next: list.next_page_token.and_then(Text::non_empty),
        })
    }

    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        let has =
            |model: &Model, words: &[&str]| model.id.split('-').any(|word| words.contains(&word));
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
    generation_config: Option<GenerationConfig<'a>>,
}

#[derive(Serialize)]
struct ContentBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<PartBody<'a>>,
}

#[derive(Serialize)]
struct PartBody<'a> {
    text: std::borrow::Cow<'a, str>,
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

/// A whole answer or a piece of one; both have the same shape.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
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
    parts: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(default)]
    thought: Lenient<bool>,
    function_call: Option<IgnoredAny>,
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
    models: Option<Vec<ModelEntry<'a>>>,
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
}

fn parts(texts: Vec<std::borrow::Cow<'_, str>>) -> Vec<PartBody<'_>> {
    texts.into_iter().map(|text| PartBody { text }).collect()
}

fn bare_id(id: &str) -> &str {
    id.strip_prefix("models/").unwrap_or(id)
}

fn take_chunk(chunk: Chunk<'_>, answer: &mut Answer) -> Result<(), Failure> {
    if let Some(error) = chunk.error {
        return Err(failure(None, error.get()));
    }
    answer.response_id = chunk
        .response_id
        .and_then(Text::non_empty)
        .or(answer.response_id.take());
    answer.model = chunk
        .model_version
        .and_then(Text::non_empty)
        .or(answer.model.take());
    if let Some(counts) = chunk.usage_metadata.0 {
        take_usage(&counts, &mut answer.usage);
    }
    let first = |candidate: &Candidate<'_>| candidate.index.0.unwrap_or_default() == 0;
    if let Some(candidate) = chunk.candidates.unwrap_or_default().into_iter().find(first) {
        take_candidate(candidate, answer);
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

fn take_candidate(candidate: Candidate<'_>, answer: &mut Answer) {
    for part in candidate
        .content
        .and_then(|content| content.parts)
        .unwrap_or_default()
    {
        if part.function_call.is_some() {
            answer.finish = Some(Finish::ToolCalls);
        }
        let side = if part.thought.0 == Some(true) {
            &mut answer.reasoning
        } else {
            &mut answer.text
        };
        side.push_str(str_of(&part.text));
    }
    let called = answer.finish == Some(Finish::ToolCalls);
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

    use super::super::Role;
    use super::super::test_streams::{
        answer, assert_truncations, body, fuzz, newest, outcome, read, request,
    };
    use super::*;

    const STREAM: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true}]},"index":0}],"modelVersion":"gemini-3.5-flash","responseId":"r1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hé\n"}]},"index":0}],"promptFeedback":null,"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"gemini-3.5-flash","responseId":"r1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"lo "},{"text":"😀","thoughtSignature":"CiQB…"}]},"finishReason":"STOP","index":0,"safetyRatings":[]}],"usageMetadata":{"promptTokenCount":9,"toolUsePromptTokenCount":1,"candidatesTokenCount":2,"thoughtsTokenCount":40,"totalTokenCount":52}}

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
                created: None,
                input_token_limit: Some(1_048_576),
                output_token_limit: Some(65_536),
                chat: true,
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
        fuzz(&GenerateContent, &[STREAM, BLOCKED, EXHAUSTED, MODELS]);
    }
}
