//! `anygpt_chat_completion`: one answer of one model.
//!
//! Never here: which provider a model name leads to, or how it is reached.

use std::sync::Arc;

use anygpt_core::Annotations;
use anygpt_providers::Format;
use futures_util::future::BoxFuture;

use super::{
    answer,
    arguments::Arguments,
    common::{
        MAX_COST_USD, MAX_OUTPUT_CHARS, MAX_TOKENS, MODEL, PROVIDER, REASONING_EFFORT, TEMPERATURE,
        TIMEOUT, TOP_P, take_bounds,
    },
    conversation::{
        self, MESSAGES, PROMPT, SYSTEM,
        functions::{self, TOOL_CHOICE, TOOLS},
    },
    dry_run,
    input_schema::Detail,
    kind::{Flag, Integer, Names, Texts},
    parameter::Parameter,
    response_format::{self, RESPONSE_FORMAT},
    tool::{NetworkCall, Step, Tool},
};
use crate::{
    call::CallContext,
    error::Error,
    gateway::{
        Gateway, Observer, Plan, Reply, mock,
        resolve::{self, LeftOut},
        token_limit,
    },
    offload::offload,
    outcome::Outcome,
    settings::Settings,
};

pub(crate) static TOOL: Tool = Tool {
    name: "anygpt_chat_completion",
    is_default: true,
    title: "Ask a model",
    description: "Ask another AI model and get its answer. Give prompt (with optional system) or \
            messages. Without model, the default model answers.",
    instruction: "sends a prompt or a conversation to a model and returns its answer; name a model (\"gpt-…\", \
                  \"claude-…\", \"gemini-…\", provider/model, an alias or a tag), or none for the default.",
    annotations: Annotations {
        read_only: true,
        idempotent: false,
        open_world: true,
    },
    parameters: &[
        &PROMPT.described("The question, if there is no conversation"),
        &MESSAGES,
        &SYSTEM.described("Instructions for the model"),
        &MODEL.described("Model id, provider/model, alias or tag; @high sets the effort"),
        &PROVIDER.described("Provider id, if model alone is not enough"),
        &FALLBACKS,
        &TEMPERATURE.with(Detail::Limits),
        &TOP_P,
        &MAX_TOKENS.with(Detail::Minimum),
        &STOP,
        &SEED,
        &REASONING_EFFORT.with(Detail::Limits),
        &INCLUDE_REASONING,
        &RESPONSE_FORMAT,
        &TOOLS,
        &TOOL_CHOICE,
        &MAX_OUTPUT_CHARS.with(Detail::Minimum),
        &MAX_COST_USD,
        &TIMEOUT
            .with(Detail::Limits)
            .described("At this time the partial answer is returned"),
        &DRY_RUN,
    ],
    output_schema: concat!(
        r#"{"type":"object","properties":{"text":{"type":"string"},"model":{"type":"string"},"provider":{"type":"string"},"#,
        r#""finish_reason":{"type":"string"},"partial":{"type":"boolean"},"reasoning":{"type":"string"},"#,
        r#""json":{},"tool_calls":{"type":"array","items":{"type":"object"}},"provider_state":{"type":"object"},"usage":{"type":"object"},"#,
        r#""attempts":{"type":"array","items":{"type":"object"}},"warnings":{"type":"array","items":{"type":"string"}}},"#,
        r#""required":["text","model","provider"]}"#,
    ),
    begin,
};

/// More fallbacks than this would never be reached in time.
const FALLBACKS: Parameter<Names> = Parameter::new("fallbacks", Names { least: 0, most: 8 })
    .described("Models to ask if it fails, in order");

/// The lowest maximum of all providers.
const STOP: Parameter<Texts> = Parameter::new("stop", Texts { most: 4 });

/// Google's seeds are signed 32-bit integers.
const SEED: Parameter<Integer> = Parameter::new(
    "seed",
    Integer {
        min: 0,
        max: i32::MAX as u32,
    },
);

const INCLUDE_REASONING: Parameter<Flag> =
    Parameter::new("include_reasoning", Flag { if_absent: false });

const DRY_RUN: Parameter<Flag> =
    Parameter::new("dry_run", Flag { if_absent: false }).described("Only show what would be sent");

/// A chat that is ready to be sent.
#[derive(Debug)]
pub(super) struct Chat {
    plan: Plan,
    wants_reasoning: bool,
    format: Option<Arc<Format>>,
    warnings: Vec<String>,
}

fn begin(
    context: &CallContext,
    settings: &Settings,
    mut arguments: Arguments<'_>,
) -> Result<Step, Error> {
    let mut plan = Plan::new(settings);
    let request = &mut plan.request;
    request.messages = conversation::messages(&mut arguments)?;
    (request.tools, request.tool_choice) = functions::tools(&mut arguments)?;
    let format = response_format::format(&mut arguments)?.map(Arc::new);
    request.format.clone_from(&format);
    let model = arguments.take(&MODEL)?;
    let provider = arguments.take(&PROVIDER)?;
    let fallbacks = arguments.take(&FALLBACKS)?;
    let mut lowered = Vec::new();
    take_bounds(&mut arguments, settings, &mut plan, &mut lowered)?;
    let request = &mut plan.request;
    request.stop = arguments.take(&STOP)?;
    request.seed = arguments.take(&SEED)?;
    request.include_reasoning = arguments.take(&INCLUDE_REASONING)?;
    let is_dry_run = arguments.take(&DRY_RUN)?;
    let mut warnings = arguments.warnings();
    warnings.append(&mut lowered);

    let chain = resolve::chain(settings, provider.as_deref(), model.as_deref(), &fallbacks)?;
    warnings.extend(chain.left_out.iter().map(LeftOut::for_client));
    plan.targets = chain.targets;
    let wants_reasoning = plan.request.include_reasoning;
    if plan.purse.is_some() {
        warnings.extend(token_limit::affordable(settings, &mut plan)?);
    }
    if is_dry_run {
        return Ok(Step::Done(dry_run::outcome(settings, &plan, warnings)));
    }
    if mock::is_first_target(settings, &plan) {
        let reply = mock::reply(context, settings, &mut plan);
        let outcome = outcome(reply, false, format.as_deref(), warnings);
        return Ok(Step::Done(outcome));
    }
    Ok(Step::Network(Box::new(Chat {
        plan,
        wants_reasoning,
        format,
        warnings,
    })))
}

impl NetworkCall for Chat {
    fn run<'a>(
        self: Box<Self>,
        context: &'a CallContext,
        gateway: &'a Gateway,
        observer: &'a mut dyn Observer,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.chat(context, gateway, observer))
    }
}

impl Chat {
    /// Takes a box so that the future holds a pointer, not the plan.
    async fn chat(
        self: Box<Self>,
        context: &CallContext,
        gateway: &Gateway,
        observer: &mut dyn Observer,
    ) -> Outcome {
        let reply = match gateway.chat(context, &self.plan, observer).await {
            Ok(reply) => reply,
            Err(problem) => return Outcome::error(problem),
        };
        let (wants_reasoning, format, warnings) =
            (self.wants_reasoning, self.format, self.warnings);
        // With a schema the time for the check is not proportional to the length.
        let length = match format.as_deref() {
            Some(Format::Schema { .. }) => usize::MAX,
            _ => reply.answer.length() + reply.answer.state_length(),
        };
        let outcome = move || outcome(reply, wants_reasoning, format.as_deref(), warnings);
        offload(length, outcome).await
    }
}

fn outcome(
    reply: Box<Reply>,
    wants_reasoning: bool,
    format: Option<&Format>,
    mut warnings: Vec<String>,
) -> Outcome {
    let mut structured = answer::structured(&reply, wants_reasoning, format, &mut warnings);
    // Some clients show the model only the text.
    let mut notes = Vec::new();
    if !structured.tool_calls.is_empty() {
        let calls = serde_json::to_string(&structured.tool_calls).unwrap_or_default();
        notes.push(format!("Tool calls: {calls}"));
    }
    if !structured.warnings.is_empty() {
        notes.push(format!("Note: {}", structured.warnings.join(". ")));
    }
    // A note in place of the text is not the model's answer.
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
        structured,
        shares_text,
        reservation: reply.reservation,
        ..Outcome::default()
    }
}
