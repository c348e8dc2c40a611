//! `anygpt_chat_completion`: one answer of one model.
//!
//! Never here: which provider a model name leads to, or how it is reached.

use std::{sync::Arc, time::Duration};

use anygpt_providers::{Class, Finish, Format, ToolCall, Usage};
use serde::Serialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use super::{
    Network, Outcome, Work,
    arguments::Arguments,
    common::{ask, take_bounds},
    conversation, dry_run, json_answer,
};
use crate::{
    aside::aside,
    error::Error,
    gateway::{
        Gateway, Observer, Plan, Reply, bound, mock,
        resolve::{self, LeftOut},
    },
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
            r#""properties":{"role":{"type":"string","enum":["system","developer","user","assistant","tool"]},"#,
            r#""content":{"description":"Text, or parts {type:text|image|file, text|url|data, mime_type}"},"#,
            r#""tool_calls":{"type":"array","items":{"type":"object"}},"tool_call_id":{"type":"string"},"provider_state":{"type":"object"}},"#,
            r#""required":["role"]}},"#,
            r#""system":{"type":"string","description":"Instructions for the model"},"#,
            r#""model":{"type":"string","description":"Model id, provider/model, alias or tag; @high sets the effort"},"#,
            r#""provider":{"type":"string","description":"Provider id, if model alone is not enough"},"#,
            r#""fallbacks":{"type":"array","items":{"type":"string"},"description":"Models to ask if it fails, in order"},"#,
            r#""temperature":{"type":"number","minimum":0,"maximum":2},"#,
            r#""top_p":{"type":"number"},"#,
            r#""max_tokens":{"type":"integer","minimum":1},"#,
            r#""stop":{"type":"array","items":{"type":"string"}},"#,
            r#""seed":{"type":"integer"},"#,
            r#""reasoning_effort":{"type":"string","enum":["none","minimal","low","medium","high","xhigh","max"]},"#,
            r#""include_reasoning":{"type":"boolean"},"#,
            r#""response_format":{"type":"object","description":"{type:json_object} or {type:json_schema,schema}"},"#,
            r#""tools":{"type":"array","items":{"type":"object"},"description":"{name,description,parameters}; the model's calls are returned"},"#,
            r#""tool_choice":{"type":"string","description":"auto, none, required or a tool's name"},"#,
            r#""max_output_chars":{"type":"integer","minimum":1},"#,
            r#""max_cost_usd":{"type":"number"},"#,
            r#""timeout_seconds":{"type":"integer","minimum":1,"maximum":3600,"description":"At this time the partial answer is returned"},"#,
            r#""dry_run":{"type":"boolean","description":"Only tell what would be sent"}}}"#,
        )
        .into(),
        output_schema: Some(
            concat!(
                r#"{"type":"object","properties":{"text":{"type":"string"},"model":{"type":"string"},"provider":{"type":"string"},"#,
                r#""finish_reason":{"type":"string"},"partial":{"type":"boolean"},"reasoning":{"type":"string"},"#,
                r#""json":{},"tool_calls":{"type":"array","items":{"type":"object"}},"provider_state":{"type":"object"},"usage":{"type":"object"},"#,
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
    format: Option<Arc<Format>>,
    warnings: Vec<String>,
}

/// More fallbacks would not get their turn.
const MOST_FALLBACKS: usize = 8;

/// No provider takes more in all its formats.
const MOST_STOPS: usize = 4;

/// Seeds beyond this are no seeds to Google.
const LARGEST_SEED: u32 = i32::MAX as u32;

/// All arguments.
pub(super) const NAMES: &[&str] = &[
    "prompt",
    "system",
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "model",
    "provider",
    "fallbacks",
    "temperature",
    "top_p",
    "max_tokens",
    "reasoning_effort",
    "max_output_chars",
    "timeout_seconds",
    "max_cost_usd",
    "stop",
    "seed",
    "include_reasoning",
    "dry_run",
];

pub(super) fn call(settings: &Settings, mut arguments: Arguments<'_>) -> Result<Work, Error> {
    let mut plan = Plan::new(settings);
    let request = &mut plan.request;
    request.messages = conversation::messages(&mut arguments)?;
    (request.tools, request.tool_choice) = conversation::tools(&mut arguments)?;
    let format = match arguments.value("response_format")? {
        Some(value) => {
            if let Value::String(text) = &value {
                // It may hold the JSON text of one.
                arguments.charge(anygpt_core::json::tree_size(text))?;
            }
            json_answer::format(value)?.map(Arc::new)
        }
        None => None,
    };
    request.format.clone_from(&format);
    let model = arguments.name("model")?;
    let provider = arguments.name("provider")?;
    let fallbacks = arguments.names("fallbacks", MOST_FALLBACKS)?;
    let mut lowered = Vec::new();
    take_bounds(&mut arguments, settings, &mut plan, &mut lowered)?;
    let request = &mut plan.request;
    request.stop = arguments.texts("stop", MOST_STOPS)?;
    request.seed = arguments.integer("seed", 0, LARGEST_SEED)?;
    request.include_reasoning = arguments.flag("include_reasoning")?;
    let is_dry_run = arguments.flag("dry_run")?;
    let mut warnings: Vec<String> = arguments.unknown().into_iter().collect();
    warnings.append(&mut lowered);

    let chain = resolve::chain(settings, provider.as_deref(), model.as_deref(), &fallbacks)?;
    warnings.extend(chain.left_out.iter().map(LeftOut::for_client));
    plan.targets = chain.targets;
    let wants_reasoning = plan.request.include_reasoning;
    if plan.purse.is_some() {
        warnings.extend(bound::affordable(settings, &mut plan)?);
    }
    if is_dry_run {
        return Ok(Work::Done(dry_run::outcome(settings, &plan, warnings)));
    }
    if mock::is_asked(settings, &plan) {
        let mut reply = Reply::default();
        mock::reply(settings, &mut plan, &mut reply);
        let outcome = outcome(reply, false, format.as_deref(), warnings);
        return Ok(Work::Done(outcome));
    }
    Ok(Work::Network(Network::Chat(Box::new(Chat {
        plan,
        wants_reasoning,
        format,
        warnings,
    }))))
}

impl Chat {
    /// Stays where it is: a future holds what it is given, and so does each one around it.
    pub(super) async fn run(
        self: Box<Self>,
        gateway: &Gateway,
        observer: &mut dyn Observer,
    ) -> Outcome {
        let reply = match ask(gateway, &self.plan, observer).await {
            Ok(reply) => reply,
            Err(problem) => return Outcome::error(problem),
        };
        let (wants_reasoning, format, warnings) =
            (self.wants_reasoning, self.format, self.warnings);
        // How long it takes to check an answer is up to its schema.
        let length = match format.as_deref() {
            Some(Format::Schema { .. }) => usize::MAX,
            _ => reply.answer.length() + reply.answer.state_length(),
        };
        let outcome = move || outcome(reply, wants_reasoning, format.as_deref(), warnings);
        aside(length, outcome).await
    }
}

/// `structuredContent` of an answer.
#[derive(Serialize)]
pub(super) struct Structured<'a> {
    /// Left out where the core adds it.
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
    tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_state: Option<ProviderState<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
    usage: &'a Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_source: Option<&'static str>,
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

fn is_false(flag: &bool) -> bool {
    !flag
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// One of `tool_calls`.
#[derive(Serialize)]
struct Called<'a> {
    id: &'a str,
    name: &'a str,
    /// An object, unless the model has written something else: then that, as it is.
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
            // There is a tree of one at a time.
            arguments: match call.object().map(|object| to_raw_value(&object)) {
                Some(Ok(object)) => Given::Object(object),
                _ => Given::Text(&call.arguments),
            },
        }
    }
}

/// An answer with what is known of it, and `warnings` before its own.
pub(super) fn structured<'a>(
    reply: &'a Reply,
    wants_reasoning: bool,
    format: Option<&Format>,
    warnings: &'a mut Vec<String>,
) -> Structured<'a> {
    let answer = &reply.answer;
    let json = match format {
        // A model that wants a tool first has not answered yet.
        Some(format) if answer.tool_calls.is_empty() => {
            let (json, problem) = json_answer::read(format, &answer.text);
            warnings.extend(problem);
            json
        }
        _ => None,
    };
    let tool_calls: Vec<Called<'_>> = answer.tool_calls.iter().map(Called::of).collect();
    let broken = tool_calls
        .iter()
        .filter(|call| matches!(call.arguments, Given::Text(_)));
    warnings.extend(broken.map(|call| {
        format!(
            "The arguments of the call of {} are not a JSON object",
            call.name
        )
    }));
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
        usage: &answer.usage,
        cost_usd: reply.cost.as_ref().map(|cost| cost.usd),
        cost_source: reply.cost.as_ref().map(|cost| cost.source),
        citations: &answer.citations,
        latency_ms: reply.latency.map(millis),
        first_token_ms: reply.first_token.map(millis),
        request_id: reply.request_id.as_deref(),
        attempts: match &reply.attempts[..] {
            // A single attempt is what the other members describe.
            [] | [_] => Vec::new(),
            attempts => attempts
                .iter()
                .map(|attempt| Tried {
                    provider: &attempt.provider,
                    model: &attempt.model,
                    outcome: attempt.failed.map_or("ok", Class::as_str),
                    status: attempt.status,
                    ms: millis(attempt.time),
                })
                .collect(),
        },
        warnings: warnings
            .iter()
            .chain(&reply.warnings)
            .map(String::as_str)
            .collect(),
    }
}

fn outcome(
    reply: Reply,
    wants_reasoning: bool,
    format: Option<&Format>,
    mut warnings: Vec<String>,
) -> Outcome {
    let mut structured = structured(&reply, wants_reasoning, format, &mut warnings);
    // Some clients show the model the text alone.
    let mut notes = Vec::new();
    if !structured.tool_calls.is_empty() {
        let calls = serde_json::to_string(&structured.tool_calls).unwrap_or_default();
        notes.push(format!("Tools to be called: {calls}"));
    }
    if !structured.warnings.is_empty() {
        notes.push(format!("Note: {}", structured.warnings.join(". ")));
    }
    // A note in place of the text is not what the model has said.
    let shares_text = !reply.answer.text.is_empty() || notes.is_empty();
    if shares_text {
        structured.text = None;
    }
    let structured = serde_json::to_string(&structured).ok();
    let text = match shares_text {
        true => reply.answer.text,
        false => notes.remove(0),
    };
    Outcome {
        text,
        note: (!notes.is_empty()).then(|| notes.join("\n")),
        pictures: Vec::new(),
        structured,
        shares_text,
        is_error: false,
        errors: Vec::new(),
        reservation: reply.reservation,
    }
}
