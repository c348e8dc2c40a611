//! An answer as `structuredContent`, with everything that is known of it.
//!
//! Never here: its text form, or how a model is asked.

use anygpt_providers::{Answer, ErrorKind, Finish, Format, ToolCall, Usage};
use serde::Serialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use super::response_format;
use crate::{
    call::millis,
    gateway::{Attempt, Reply},
};

/// `structuredContent` of the tools that ask models.
#[derive(Serialize)]
pub(super) struct Structured<'a> {
    /// Absent where the core adds it (see `Outcome::shares_text`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    model: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    native_finish_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    partial: bool,
    #[serde(skip_serializing_if = "is_false")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_state: Option<ProviderState<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_source: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
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
    /// `provider/model` of the model that answered.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}

/// What a client sends back to continue the conversation.
#[derive(Serialize)]
struct ProviderState<'a> {
    provider: &'a str,
    model: &'a str,
    items: &'a [Value],
}

/// One of `attempts`.
#[derive(Serialize)]
struct Tried<'a> {
    provider: &'a str,
    model: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    ms: u64,
}

impl<'a> Tried<'a> {
    fn of(attempt: &'a Attempt) -> Self {
        Tried {
            provider: &attempt.provider,
            model: &attempt.model,
            outcome: attempt.failed.map_or("ok", ErrorKind::as_str),
            status: attempt.status,
            ms: millis(attempt.time),
        }
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Serialize)]
pub(super) struct Called<'a> {
    id: &'a str,
    name: &'a str,
    /// An object, or what the model wrote instead of one.
    arguments: Given<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Given<'a> {
    /// On one line.
    Object(Box<RawValue>),
    Text(&'a str),
}

impl<'a> Called<'a> {
    fn of(call: &'a ToolCall) -> Self {
        Called {
            id: &call.id,
            name: &call.name,
            // Only one of them is in memory as a tree at any time.
            arguments: match call.object().map(|object| to_raw_value(&object)) {
                Some(Ok(object)) => Given::Object(object),
                _ => Given::Text(&call.arguments),
            },
        }
    }

    fn problem(&self) -> Option<String> {
        matches!(self.arguments, Given::Text(_)).then(|| {
            format!(
                "The arguments of the call of {} are not a JSON object",
                self.name
            )
        })
    }
}

/// The structured form of an answer. `warnings` come before those of the reply.
pub(super) fn structured<'a>(
    reply: &'a Reply,
    wants_reasoning: bool,
    format: Option<&Format>,
    warnings: &'a mut Vec<String>,
) -> Structured<'a> {
    let answer = &reply.answer;
    let json = json(answer, format, warnings);
    let tool_calls: Vec<Called<'_>> = answer.tool_calls.iter().map(Called::of).collect();
    warnings.extend(tool_calls.iter().filter_map(Called::problem));
    // Without a call the text is the whole answer.
    let goes_on = !answer.tool_calls.is_empty() || answer.finish == Some(Finish::Pause);
    Structured {
        text: Some(&answer.text),
        model: answer.model.as_deref().unwrap_or(&reply.model),
        provider: &reply.provider,
        finish_reason: answer.finish.map(Finish::as_str),
        native_finish_reason: answer.native_finish.as_deref(),
        partial: reply.partial,
        truncated: reply.truncated,
        json,
        tool_calls,
        provider_state: (goes_on && !answer.state.is_empty()).then(|| ProviderState {
            provider: &reply.provider,
            model: &reply.model,
            items: &answer.state,
        }),
        reasoning: Some(answer.reasoning.as_str()).filter(|it| wants_reasoning && !it.is_empty()),
        usage: Some(&answer.usage).filter(|usage| **usage != Usage::default()),
        cost_usd: reply.cost.as_ref().map(|cost| cost.usd),
        cost_source: reply.cost.as_ref().map(|cost| cost.source.to_string()),
        citations: &answer.citations,
        latency_ms: reply.latency.map(millis),
        first_token_ms: reply.first_token.map(millis),
        request_id: reply.request_id.as_deref(),
        attempts: match &reply.attempts[..] {
            // The other members describe a single attempt.
            [] | [_] => Vec::new(),
            attempts => attempts.iter().map(Tried::of).collect(),
        },
        warnings: warnings
            .iter()
            .chain(&reply.warnings)
            .map(String::as_str)
            .collect(),
    }
}

/// The JSON in the text, if the caller asked for JSON.
fn json(answer: &Answer, format: Option<&Format>, warnings: &mut Vec<String>) -> Option<Value> {
    // A model that wants a tool first has not answered yet.
    let format = format.filter(|_| answer.tool_calls.is_empty())?;
    let (json, problem) = response_format::read(format, &answer.text);
    warnings.extend(problem);
    json
}
