//! `anygpt_chat_completion`: one answer of one model.
//!
//! Never here: which provider a model name leads to, or how it is reached.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::{
    Network, Outcome, Work,
    arguments::{Arguments, wrong, wrong_or_missing},
    common::{Bounds, ask},
    dry_run,
};
use crate::{
    gateway::{Gateway, Observer, Plan, Reply, bound, mock, resolve},
    provider::{ChatRequest, Class, Message, Role, Usage},
    settings::Settings,
};

pub(super) fn listed() -> anygpt_core::Tool {
    anygpt_core::Tool {
        name: "anygpt_chat_completion".into(),
        title: "Ask a model".into(),
        description: "Ask another AI model and get its answer. Give prompt (with optional system) or \
            messages. Without model, the default model answers."
            .into(),
        annotations: anygpt_core::Annotations {
            read_only: true,
            idempotent: false,
            open_world: true,
        },
        input_schema: concat!(
            r#"{"type":"object","properties":{"#,
            r#""prompt":{"type":"string","description":"The question, if there is no conversation"},"#,
            r#""messages":{"type":"array","description":"The conversation, oldest first","items":{"type":"object","#,
            r#""properties":{"role":{"type":"string","enum":["system","developer","user","assistant"]},"content":{"type":"string"}},"#,
            r#""required":["role","content"]}},"#,
            r#""system":{"type":"string","description":"Instructions for the model"},"#,
            r#""model":{"type":"string","description":"Model id, provider/model, or a tag; @high sets the effort"},"#,
            r#""provider":{"type":"string","description":"Provider id, if model alone is not enough"},"#,
            r#""fallbacks":{"type":"array","items":{"type":"string"},"description":"Models to ask if it fails, in order"},"#,
            r#""temperature":{"type":"number","minimum":0,"maximum":2},"#,
            r#""top_p":{"type":"number"},"#,
            r#""max_tokens":{"type":"integer","minimum":1},"#,
            r#""stop":{"type":"array","items":{"type":"string"}},"#,
            r#""seed":{"type":"integer"},"#,
            r#""reasoning_effort":{"type":"string","enum":["none","minimal","low","medium","high","xhigh","max"]},"#,
            r#""include_reasoning":{"type":"boolean"},"#,
            r#""max_output_chars":{"type":"integer","minimum":1},"#,
            r#""max_cost_usd":{"type":"number"},"#,
            r#""timeout_seconds":{"type":"integer","minimum":1,"maximum":3600,"description":"At this time the partial answer is returned"},"#,
            r#""dry_run":{"type":"boolean","description":"Only tell what would be sent"}}}"#,
        )
        .into(),
        output_schema: Some(
            concat!(
                r#"{"type":"object","properties":{"text":{"type":"string"},"model":{"type":"string"},"provider":{"type":"string"},"#,
                r#""finish_reason":{"type":"string"},"partial":{"type":"boolean"},"reasoning":{"type":"string"},"usage":{"type":"object"},"#,
                r#""attempts":{"type":"array","items":{"type":"object"}},"warnings":{"type":"array","items":{"type":"string"}}},"#,
                r#""required":["text","model","provider"]}"#,
            )
            .into(),
        ),
    }
}

/// A chat that is ready to be sent.
#[derive(Debug)]
pub(super) struct Chat {
    plan: Plan,
    wants_reasoning: bool,
    warnings: Vec<String>,
}

/// More fallbacks would not get their turn.
const MOST_FALLBACKS: usize = 8;

/// No provider takes more in all its formats.
const MOST_STOPS: usize = 4;

/// Seeds beyond this are no seeds to Google.
const LARGEST_SEED: u32 = i32::MAX as u32;

pub(super) fn call(settings: &Settings, json: &str) -> Result<Work, String> {
    let mut arguments = Arguments::parse(json)?;
    let messages = messages(&mut arguments)?;
    let model = arguments.name("model")?;
    let provider = arguments.name("provider")?;
    let fallbacks = arguments.names("fallbacks", MOST_FALLBACKS)?;
    let bounds = Bounds::take(&mut arguments, settings)?;
    let request = ChatRequest {
        stop: arguments.texts("stop", MOST_STOPS)?,
        seed: arguments.integer("seed", 0, LARGEST_SEED)?,
        include_reasoning: arguments.flag("include_reasoning")?,
        messages: messages.into(),
        ..bounds.request
    };
    let is_dry_run = arguments.flag("dry_run")?;
    let mut warnings: Vec<String> = arguments.unknown().into_iter().collect();
    warnings.extend(bounds.warnings);

    let chain = resolve::chain(settings, provider.as_deref(), model.as_deref(), &fallbacks)?;
    warnings.extend(chain.warnings);
    let wants_reasoning = request.include_reasoning;
    let mut plan = Plan {
        targets: chain.targets,
        request,
        received: Instant::now(),
        timeout: bounds.timeout,
        max_output_chars: bounds.max_output_chars,
        ceiling: bounds.ceiling,
    };
    if plan.ceiling.is_some() {
        warnings.extend(bound::affordable(settings, &mut plan)?);
    }
    if let Some(reply) = mock::at_once(settings, &plan).filter(|_| !is_dry_run) {
        return Ok(Work::Done(outcome(reply, false, &warnings)));
    }
    if is_dry_run {
        return Ok(Work::Done(dry_run::outcome(settings, &plan, warnings)));
    }
    Ok(Work::Network(Network::Chat(Chat {
        plan,
        wants_reasoning,
        warnings,
    })))
}

impl Chat {
    pub(super) async fn run(self, gateway: &Gateway, observer: &mut dyn Observer) -> Outcome {
        match ask(gateway, self.plan, observer).await {
            Ok(reply) => outcome(reply, self.wants_reasoning, &self.warnings),
            Err(problem) => Outcome::error(problem),
        }
    }
}

/// The conversation, from `prompt`, `system` and `messages`.
pub(super) fn messages(arguments: &mut Arguments) -> Result<Vec<Message>, String> {
    let prompt = arguments.string("prompt")?;
    let system = arguments.string("system")?;
    let given = arguments.array("messages")?.unwrap_or_default();
    if prompt.is_some() && !given.is_empty() {
        return Err(
            "invalid_request: both prompt and messages are given. Give one of them.".into(),
        );
    }
    if prompt.is_none() && given.is_empty() {
        return Err(
            "invalid_request: there is nothing to ask. Give prompt (a string) or messages (an array \
             of {role, content})."
                .into(),
        );
    }
    let mut messages = Vec::with_capacity(given.len() + 2);
    if let Some(text) = system {
        messages.push(Message {
            role: Role::System,
            text,
        });
    }
    for (position, value) in given.into_iter().enumerate() {
        let path = format!("messages[{position}]");
        messages.push(message(arguments, &path, value)?);
    }
    if let Some(text) = prompt {
        messages.push(Message {
            role: Role::User,
            text,
        });
    }
    Ok(messages)
}

fn message(arguments: &mut Arguments, path: &str, value: Value) -> Result<Message, String> {
    let Value::Object(mut object) = value else {
        return Err(wrong(path, &value, "an object with role and content"));
    };
    let role = object.remove("role");
    let role = match role.as_ref().and_then(Value::as_str) {
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => {
            let allowed = "system, developer, user or assistant";
            let path = format!("{path}.role");
            return Err(wrong_or_missing(&path, role.as_ref(), allowed));
        }
    };
    let content = object.remove("content");
    arguments.ignore(path, &object);
    let path = format!("{path}.content");
    let text = match content {
        Some(Value::String(text)) => text,
        Some(Value::Array(parts)) => parts_text(arguments, &path, parts)?,
        other => {
            let allowed = "a string, or an array of {\"type\":\"text\",\"text\":\"…\"}";
            return Err(wrong_or_missing(&path, other.as_ref(), allowed));
        }
    };
    Ok(Message { role, text })
}

/// The text of a content that is given as parts.
fn parts_text(arguments: &mut Arguments, path: &str, parts: Vec<Value>) -> Result<String, String> {
    let mut text = String::new();
    for (position, part) in parts.into_iter().enumerate() {
        let path = format!("{path}[{position}]");
        match part {
            Value::String(words) => text.push_str(&words),
            Value::Object(mut part) => {
                let (kind, words) = (part.remove("type"), part.remove("text"));
                if kind.as_ref().is_none_or(|kind| kind != "text") {
                    let path = format!("{path}.type");
                    return Err(wrong_or_missing(&path, kind.as_ref(), "\"text\""));
                }
                let Some(Value::String(words)) = words else {
                    let path = format!("{path}.text");
                    return Err(wrong_or_missing(&path, words.as_ref(), "a string"));
                };
                text.push_str(&words);
                arguments.ignore(&path, &part);
            }
            other => {
                let allowed = "{\"type\":\"text\",\"text\":\"…\"}";
                return Err(wrong(&path, &other, allowed));
            }
        }
    }
    Ok(text)
}

/// `structuredContent` of an answer.
#[derive(Serialize)]
pub(super) struct Structured<'a> {
    pub(super) text: &'a str,
    model: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    native_finish_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
    usage: Tokens,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_source: Option<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    citations: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<Tried<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<&'a str>,
}

impl Structured<'_> {
    /// Who has answered.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}

/// One of `attempts`.
#[derive(Serialize)]
struct Tried<'a> {
    provider: &'a str,
    model: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    ms: u64,
}

/// `usage`: what is not known is left out.
#[derive(Serialize)]
struct Tokens {
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tokens: Option<u64>,
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Tokens {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            total_tokens: usage.total_tokens,
        }
    }
}

/// An answer with what is known of it, and `warnings` before its own.
pub(super) fn structured<'a>(
    reply: &'a Reply,
    wants_reasoning: bool,
    warnings: &'a [String],
) -> Structured<'a> {
    let answer = &reply.answer;
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let attempts = reply.attempts.iter().map(|attempt| Tried {
        provider: &attempt.provider,
        model: &attempt.model,
        outcome: attempt.failed.map_or("ok", Class::as_str),
        status: attempt.status,
        ms: millis(attempt.time),
    });
    Structured {
        text: &answer.text,
        model: answer.model.as_deref().unwrap_or(&reply.model),
        provider: &reply.provider,
        finish_reason: answer.finish.map(crate::provider::Finish::as_str),
        native_finish_reason: answer.native_finish.as_deref(),
        partial: reply.partial,
        truncated: reply.truncated,
        reasoning: (wants_reasoning && !answer.reasoning.is_empty()).then_some(&answer.reasoning),
        usage: answer.usage.into(),
        cost_usd: reply.cost.map(|cost| cost.usd),
        cost_source: reply.cost.map(|cost| cost.source),
        citations: &answer.citations,
        latency_ms: reply.latency.map(millis),
        first_token_ms: reply.first_token.map(millis),
        request_id: reply.request_id.as_deref(),
        // A single one says nothing new.
        attempts: match reply.attempts[..] {
            [_] => Vec::new(),
            _ => attempts.collect(),
        },
        warnings: warnings
            .iter()
            .chain(&reply.warnings)
            .map(String::as_str)
            .collect(),
    }
}

fn outcome(reply: Reply, wants_reasoning: bool, warnings: &[String]) -> Outcome {
    let structured = structured(&reply, wants_reasoning, warnings);
    // Some clients show the model the text alone.
    let warnings = &structured.warnings;
    let note = (!warnings.is_empty()).then(|| format!("Note: {}", warnings.join(". ")));
    let structured = serde_json::to_string(&structured).ok();
    Outcome {
        text: reply.answer.text,
        note,
        structured,
        is_error: false,
        reservation: reply.reservation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<(Role, String)>, String> {
        let messages = messages(&mut Arguments::parse(json)?)?;
        Ok(messages.into_iter().map(|m| (m.role, m.text)).collect())
    }

    #[test]
    fn conversations_come_in_several_forms() {
        let hello = |role| (role, "hello".to_owned());
        for (json, expected) in [
            (r#"{"prompt":"hello"}"#, vec![hello(Role::User)]),
            (
                r#"{"prompt":"hello","system":"hello"}"#,
                vec![hello(Role::System), hello(Role::User)],
            ),
            (
                r#"{"messages":[{"role":"developer","content":"hello"},{"role":"user","content":[{"type":"text","text":"hel"},"lo"]}]}"#,
                vec![hello(Role::Developer), hello(Role::User)],
            ),
            (
                r#"{"messages":"[{\"role\":\"user\",\"content\":\"hello\"}]"}"#,
                vec![hello(Role::User)],
            ),
        ] {
            assert_eq!(read(json), Ok(expected), "{json}");
        }
    }

    #[test]
    fn errors_name_the_place() {
        for (json, part) in [
            ("{}", "nothing to ask"),
            (r#"{"messages":[]}"#, "nothing to ask"),
            (r#"{"prompt":"a","messages":[{}]}"#, "both"),
            (r#"{"messages":[1]}"#, "messages[0] is 1"),
            (
                r#"{"messages":[{"role":"bot","content":""}]}"#,
                "messages[0].role is \"bot\"",
            ),
            (
                r#"{"messages":[{"role":"user"}]}"#,
                "messages[0].content is missing",
            ),
            (
                r#"{"messages":[{"role":"user","content":[{"type":"audio"}]}]}"#,
                "messages[0].content[0].type is \"audio\"",
            ),
        ] {
            assert!(
                read(json).is_err_and(|error| error.contains(part)),
                "{json}"
            );
        }
    }
}
