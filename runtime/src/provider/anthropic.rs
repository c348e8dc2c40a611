//! Anthropic's Messages API.
//!
//! Never here: retries, HTTP, which generation thinks how (see `rules`).

use std::borrow::Cow;
use std::cmp::Reverse;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error_body::{ErrorBody, Table};
use super::json::{self, Lenient, Text, str_of};
use super::rules::{Sampling, Thinking};
use super::{
    Answer, ChatRequest, Class, Codec, Effort, Failure, Finish, Model, ModelPage, Request, Usage,
    request, rules, sse,
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
        warnings
    }

    fn chat(&self, chat: &ChatRequest) -> Request {
        let (system, turns) = request::turns(&chat.messages);
        let messages = turns.into_iter().map(|turn| TurnBody {
            role: if turn.assistant { "assistant" } else { "user" },
            content: Content::of(request::texts(&turn)),
        });
        let max_tokens = chat
            .max_tokens
            .unwrap_or_else(|| default_max_tokens(&chat.model));
        let (thinking, effort) = thinking(chat, max_tokens);
        let body = ChatBody {
            model: &chat.model,
            max_tokens,
            system: (!system.is_empty()).then(|| Content::of(system)),
            messages: messages.collect(),
            temperature: chat.temperature,
            top_p: chat.top_p,
            stop_sequences: &chat.stop,
            thinking,
            output_config: effort.map(|effort| OutputConfig { effort }),
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
        let read: StreamEvent<'_> = json::read(payload)?;
        let kind = match str_of(&read.kind) {
            "" => event.name,
            kind => kind,
        };
        match (kind, read.message, read.content_block, read.delta) {
            ("message_start", Some(message), ..) => {
                take_message(json::read(message.get())?, answer);
            }
            ("content_block_start", _, Some(block), _)
            | ("content_block_delta", _, _, Some(block)) => {
                take_block(&json::read(block.get())?, answer);
            }
            ("message_delta", _, _, delta) => {
                if let Some(delta) = delta {
                    take_stop(json::read(delta.get())?, answer);
                }
                if let Some(usage) = read.usage.0 {
                    take_usage(&usage, &mut answer.usage);
                }
            }
            ("message_stop", ..) => answer.complete = true,
            ("error", ..) => return Err(failure(None, payload)),
            _ if read.error.is_some() => return Err(failure(None, payload)),
            _ => {}
        }
        Ok(())
    }

    fn whole(&self, body: &[u8], answer: &mut Answer) -> Result<(), Failure> {
        let body = String::from_utf8_lossy(body);
        let read: WholeMessage<'_> = json::read(&body)?;
        if read.error.is_some() {
            return Err(failure(None, &body));
        }
        let Some(content) = read.content else {
            return Err(Failure::new(
                Class::Unavailable,
                "the provider's reply is JSON, but not a message",
            ));
        };
        for block in &content {
            take_block(block, answer);
        }
        take_message(json::read(&body)?, answer);
        take_stop(json::read(&body)?, answer);
        answer.complete = true;
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
        let models = list.data.into_iter().filter_map(|entry| {
            Some(Model {
                id: entry.id?.non_empty()?,
                display_name: entry.display_name.and_then(Text::non_empty),
                created: entry
                    .created_at
                    .as_ref()
                    .and_then(|time| unix_seconds(&time.0)),
                input_token_limit: entry.max_input_tokens.0,
                output_token_limit: entry.max_tokens.0,
                chat: true,
            })
        });
        let more = list.has_more.0 == Some(true);
        Ok(ModelPage {
            models: models.collect(),
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
    output_config: Option<OutputConfig>,
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
struct OutputConfig {
    effort: &'static str,
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
    Blocks(Vec<TextBlock<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "text")]
struct TextBlock<'a> {
    text: Cow<'a, str>,
}

impl<'a> Content<'a> {
    fn of(mut texts: Vec<Cow<'a, str>>) -> Self {
        match (texts.len(), texts.pop()) {
            (1, Some(text)) => Content::Text(text),
            (_, last) => Content::Blocks(
                texts
                    .into_iter()
                    .chain(last)
                    .map(|text| TextBlock { text })
                    .collect(),
            ),
        }
    }
}

/// Any event: what differs between kinds stays raw until the kind is known.
#[derive(Deserialize)]
struct StreamEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(default)]
    usage: Lenient<UsageObject>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
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
    content: Option<Vec<Block<'a>>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A content block, or a delta of one.
#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
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
    data: Vec<ModelEntry<'a>>,
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
}

/// How much to think, in the words of the model's generation, and the effort beside it.
fn thinking(chat: &ChatRequest, max_tokens: u32) -> (Option<ThinkingBody>, Option<&'static str>) {
    let rules = rules::claude(&chat.model);
    let adaptive = || ThinkingBody::Adaptive {
        display: chat.include_reasoning.then_some("summarized"),
    };
    match (rules.thinking, chat.effort) {
        (Thinking::Never, _) => (None, None),
        (Thinking::Budget, None | Some(Effort::None)) => (None, None),
        (Thinking::Budget, Some(effort)) => {
            let most = max_tokens.saturating_sub(1);
            let budget_tokens = rules::claude_budget(effort).min(most).max(LEAST_BUDGET);
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

/// The least budget for thinking that the API takes.
const LEAST_BUDGET: u32 = 1_024;

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

fn take_message(message: Message<'_>, answer: &mut Answer) {
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

fn take_block(block: &Block<'_>, answer: &mut Answer) {
    match str_of(&block.kind) {
        "text" | "text_delta" => answer.text.push_str(str_of(&block.text)),
        "thinking" | "thinking_delta" => answer.reasoning.push_str(str_of(&block.thinking)),
        _ => {}
    }
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

    use super::super::Role;
    use super::super::test_streams::{
        answer, assert_truncations, body, fuzz, newest, outcome, read, request,
    };
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
        // A limit that leaves no room for thinking is the caller's business; the API's least is kept.
        let tight = ChatRequest {
            effort: Some(Effort::High),
            max_tokens: Some(2_000),
            ..request("claude-haiku-4-5", &[(Role::User, "Hi")])
        };
        assert_eq!(body(&Messages, &tight)["thinking"]["budget_tokens"], 1_999);
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
                    code: Some(kind.to_owned()),
                    request_id: Some("req_1".to_owned()),
                    ..Failure::new(class, message)
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
        fuzz(&Messages, &[STREAM, WHOLE, OVERLOADED, MODELS]);
    }
}
