//! `anygpt_chat_completion`: one answer of one model.
//!
//! Never here: which provider a model name leads to, or how it is reached.

use std::{sync::Arc, time::Duration};

use anygpt_core::Object;
use serde::Serialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use super::{
    Network, Outcome, Work,
    arguments::Arguments,
    common::{ask, take_bounds, write_usage},
    conversation, dry_run, json_answer,
};
use crate::{
    aside::aside,
    gateway::{Gateway, Observer, Plan, Reply, bound, mock, resolve},
    provider::{Class, Finish, Format, ToolCall},
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

pub(super) fn call(settings: &Settings, mut arguments: Arguments<'_>) -> Result<Work, String> {
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
    warnings.extend(chain.warnings);
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
            _ => reply.answer.length(),
        };
        let outcome = move || outcome(reply, wants_reasoning, format.as_deref(), warnings);
        aside(length, outcome).await
    }
}

/// `structuredContent` of an answer.
pub(super) struct Structured<'a> {
    /// Left out where the core puts it in.
    pub(super) text: Option<&'a str>,
    model: &'a str,
    reply: &'a Reply,
    wants_reasoning: bool,
    json: Option<Value>,
    tool_calls: Vec<Called<'a>>,
    pub(super) warnings: Vec<&'a str>,
}

impl Structured<'_> {
    /// Who has answered.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.reply.provider, self.model)
    }

    /// Writes it.
    pub(super) fn write(&self, object: &mut Object) {
        let Structured { reply, .. } = self;
        let answer = &reply.answer;
        object.text("text", self.text);
        object.text("model", Some(self.model));
        object.text("provider", Some(&reply.provider));
        object.text("finish_reason", answer.finish.map(Finish::as_str));
        object.text("native_finish_reason", answer.native_finish.as_deref());
        object.flag("partial", reply.partial);
        object.flag("truncated", reply.truncated);
        if let Some(json) = &self.json {
            object.value("json", json);
        }
        if !self.tool_calls.is_empty() {
            object.value("tool_calls", &self.tool_calls);
        }
        // Where nothing was called, the text says it all.
        let goes_on = !answer.tool_calls.is_empty() || answer.finish == Some(Finish::Pause);
        if goes_on && !answer.state.is_empty() {
            object.object("provider_state", |state| {
                state.text("provider", Some(&reply.provider));
                state.text("model", Some(&reply.model));
                state.value("items", &answer.state);
            });
        }
        if self.wants_reasoning && !answer.reasoning.is_empty() {
            object.text("reasoning", Some(&answer.reasoning));
        }
        write_usage(object, &answer.usage);
        if let Some(cost) = reply.cost {
            object.value("cost_usd", &cost.usd);
            object.text("cost_source", Some(cost.source));
        }
        if !answer.citations.is_empty() {
            object.value("citations", &answer.citations);
        }
        object.number("latency_ms", reply.latency.map(millis));
        object.number("first_token_ms", reply.first_token.map(millis));
        object.text("request_id", reply.request_id.as_deref());
        // A single one says nothing new.
        if reply.attempts.len() > 1 {
            object.objects("attempts", &reply.attempts, |tried, attempt| {
                tried.text("provider", Some(&attempt.provider));
                tried.text("model", Some(&attempt.model));
                tried.text("outcome", Some(attempt.failed.map_or("ok", Class::as_str)));
                tried.number("status", attempt.status.map(u64::from));
                tried.number("ms", Some(millis(attempt.time)));
            });
        }
        if !self.warnings.is_empty() {
            object.value("warnings", &self.warnings);
        }
    }
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
    Structured {
        text: Some(&answer.text),
        model: answer.model.as_deref().unwrap_or(&reply.model),
        reply,
        wants_reasoning,
        json,
        tool_calls,
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
    let mut object = Object::new();
    structured.write(&mut object);
    let structured = Some(object.end());
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
        reservation: reply.reservation,
    }
}
