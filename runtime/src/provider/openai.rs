//! OpenAI's Responses API.
//!
//! Never here: Chat Completions (the dialect of the clones), retries, HTTP.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error_body::{ErrorBody, Table};
use super::json::{self, Lenient, Text, str_of};
use super::{
    Answer, ChatRequest, Class, Codec, Effort, Failure, Finish, Model, ModelPage, Request, Role,
    Usage, request, rules, sse,
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

    fn chat(&self, chat: &ChatRequest) -> Request {
        let instructions_speak = request::only_instructions(chat.messages.iter());
        let input = chat.messages.iter().map(|message| InputItem {
            role: match message.role {
                Role::System | Role::Developer if instructions_speak => "user",
                Role::System => "system",
                Role::Developer => "developer",
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::Tool => "user",
            },
            content: message.all_text(),
        });
        let body = ChatBody {
            model: &chat.model,
            input: input.collect(),
            temperature: chat.temperature,
            max_output_tokens: chat
                .max_tokens
                .map(|tokens| tokens.max(LEAST_OUTPUT_TOKENS)),
            top_p: chat.top_p,
            reasoning: (chat.effort.is_some() || chat.include_reasoning).then_some(Reasoning {
                effort: chat.effort.map(Effort::as_str),
                summary: chat.include_reasoning.then_some("auto"),
            }),
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
        let read: StreamEvent<'_> = json::read(payload)?;
        let delta = || match read.delta {
            Some(delta) => json::read::<Text<'_>>(delta.get()),
            None => Ok(Text::default()),
        };
        let kind = match str_of(&read.kind) {
            "" => event.name,
            kind => kind,
        };
        match kind {
            "response.output_text.delta" => answer.text.push_str(&delta()?.0),
            "response.refusal.delta" => {
                answer.text.push_str(&delta()?.0);
                answer.finish = Some(Finish::ContentFilter);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                answer.reasoning.push_str(&delta()?.0);
            }
            "response.reasoning_summary_part.added" => begin_paragraph(&mut answer.reasoning),
            "response.output_item.added" | "response.output_item.done" => {
                if let Some(item) = read.item {
                    note_tool_call(&json::read(item.get())?, answer);
                }
            }
            "error" => return Err(failure(None, payload)),
            _ => match (kind.strip_prefix("response."), read.response) {
                (Some(status), Some(response)) if STATUSES.contains(&status) => {
                    take_response(json::read(response.get())?, status, answer)?;
                }
                (None, _) if read.error.is_some() => return Err(failure(None, payload)),
                _ => {}
            },
        }
        Ok(())
    }

    fn whole(&self, body: &[u8], answer: &mut Answer) -> Result<(), Failure> {
        take_response(json::read(&String::from_utf8_lossy(body))?, "", answer)
    }

    fn models(&self, _page: Option<&str>) -> Request {
        request::get("/models".to_owned())
    }

    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        let body = String::from_utf8_lossy(body);
        let entries: Vec<ModelEntry<'_>> = if body.trim_start().starts_with('[') {
            json::read(&body)?
        } else {
            json::read::<ModelList<'_>>(&body)?.data
        };
        let models = entries.into_iter().filter_map(|entry| {
            let id = entry.id?.non_empty()?;
            Some(Model {
                chat: is_chat(&id),
                id,
                created: entry.created.0,
                ..Model::default()
            })
        });
        Ok(ModelPage {
            models: models.collect(),
            next: None,
        })
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
struct InputItem<'a> {
    role: &'static str,
    content: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_obfuscation: bool,
}

/// Any event: what differs between kinds stays raw until the kind is known.
#[derive(Deserialize)]
struct StreamEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
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
}

#[derive(Deserialize)]
struct Part<'a> {
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
    data: Vec<ModelEntry<'a>>,
}

#[derive(Deserialize)]
struct ModelEntry<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(default)]
    created: Lenient<i64>,
}

/// Reads a response object, which opens, closes or is the whole answer. `status` stands in where the
/// object does not say its own.
fn take_response(
    response: ResponseObject<'_>,
    status: &str,
    answer: &mut Answer,
) -> Result<(), Failure> {
    if let Some(error) = response.error {
        return Err(failure(None, error.get()));
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
            ));
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
    // Refusals and tool calls have set it before.
    answer.finish = finish.or(answer.finish).or(Some(Finish::Stop));
    answer.native_finish = Some(native.to_owned());
    answer.complete = true;
    Ok(())
}

/// The output that closes a stream repeats what the deltas said; it counts only where they said
/// nothing.
fn take_output(items: Vec<OutputItem<'_>>, answer: &mut Answer) -> Result<(), Failure> {
    let wants_text = answer.text.is_empty();
    let wants_reasoning = answer.reasoning.is_empty();
    for item in items {
        note_tool_call(&item, answer);
        match str_of(&item.kind) {
            "message" => {
                for part in parts(item.content)? {
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
                    begin_paragraph(&mut answer.reasoning);
                    answer.reasoning.push_str(str_of(&part.text));
                }
                for part in parts(item.content)? {
                    answer.reasoning.push_str(str_of(&part.text));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn parts(list: Option<&RawValue>) -> Result<Vec<Part<'_>>, Failure> {
    list.map_or(Ok(Vec::new()), |list| json::read(list.get()))
}

fn note_tool_call(item: &OutputItem<'_>, answer: &mut Answer) {
    if matches!(str_of(&item.kind), "function_call" | "custom_tool_call") {
        answer.finish = Some(Finish::ToolCalls);
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
        answer, assert_truncations, body, fuzz, newest, outcome, read, request,
    };
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
        fuzz(&Responses, &[STREAM, TOOL_CALL, FAILED, MODELS]);
    }
}
