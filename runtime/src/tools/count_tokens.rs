//! `anygpt_count_tokens`: how long a conversation is for a model, counted by its provider or estimated.
//!
//! Never here: what the tokens cost.

use std::sync::Arc;

use anygpt_core::Annotations;
use anygpt_providers::{ChatRequest, Codec, Feature, Message, Role, State, read_count};
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{
    arguments::Arguments,
    common::{MODEL, PROVIDER},
    conversation::{self, MESSAGES_AS_IN_CHAT, PROMPT, SYSTEM},
    input_schema::Detail,
    kind::Text,
    parameter::Parameter,
    tool::{NetworkCall, Step, Tool},
};
use crate::{
    call::CallContext,
    error::{Error, ErrorKind},
    gateway::{
        CallLimits, Gateway, Observer,
        resolve::{self, Target},
        token_limit::CHARACTERS_PER_TOKEN,
    },
    outcome::Outcome,
    settings::Settings,
};

pub(super) static TOOL: Tool = Tool {
    name: "anygpt_count_tokens",
    is_default: false,
    title: "Count tokens",
    description: "Count the input tokens of a text or a conversation for a model. OpenAI, Anthropic and \
            Google count; for others it is an estimate, marked so.",
    instruction: "",
    annotations: Annotations {
        read_only: true,
        idempotent: true,
        open_world: true,
    },
    parameters: &[
        &TEXT,
        &MESSAGES_AS_IN_CHAT,
        &MODEL,
        &PROVIDER,
        &PROMPT.with(Detail::Hidden),
        &SYSTEM.with(Detail::Hidden),
    ],
    output_schema: concat!(
        r#"{"type":"object","properties":{"input_tokens":{"type":"integer"},"estimated":{"type":"boolean"},"#,
        r#""model":{"type":"string"},"provider":{"type":"string"}},"required":["input_tokens","estimated"]}"#,
    ),
    begin,
};

const TEXT: Parameter<Text> = Parameter::new("text", Text);

/// A conversation whose provider counts.
#[derive(Debug)]
pub(super) struct Count {
    target: Target,
    request: ChatRequest,
    limits: CallLimits,
    warnings: Vec<String>,
}

fn begin(
    _: &CallContext,
    settings: &Settings,
    mut arguments: Arguments<'_>,
) -> Result<Step, Error> {
    let messages: Arc<[Message]> = match arguments.take(&TEXT)? {
        Some(text) => Arc::new([Message::text(Role::User, text)]),
        None => conversation::messages(&mut arguments)?,
    };
    let model = arguments.take(&MODEL)?;
    let provider = arguments.take(&PROVIDER)?;
    let warnings = arguments.warnings();
    let mut chain = resolve::chain(settings, provider.as_deref(), model.as_deref(), &[])?;
    let target = chain.targets.swap_remove(0);
    let provider = &settings.providers[target.provider];
    let model = target.model.clone().unwrap_or_default();
    let request = ChatRequest {
        messages: State::only_of(&provider.id, &model, &messages),
        model,
        ..ChatRequest::default()
    };
    let codec = provider.dialect.codec();
    if codec.is_some_and(|codec| codec.supports(Feature::CountTokens)) {
        return Ok(Step::Network(Box::new(Count {
            target,
            request,
            limits: CallLimits::of(settings, None),
            warnings,
        })));
    }
    Ok(Step::Done(estimate(&request, &provider.id, warnings)))
}

/// The number of tokens by that of bytes.
fn estimate(request: &ChatRequest, provider: &str, mut warnings: Vec<String>) -> Outcome {
    let texts = request.messages.iter().map(|message| {
        let calls = message.tool_calls.iter().map(|call| call.arguments.len());
        message.all_text().len() + calls.sum::<usize>()
    });
    let bytes = texts.sum::<usize>() as u64;
    warnings.push(format!(
        "{provider} does not count tokens: this is its number of bytes by {CHARACTERS_PER_TOKEN}, without images and files"
    ));
    let tokens = bytes.div_ceil(CHARACTERS_PER_TOKEN);
    outcome(tokens, true, &request.model, provider, &warnings)
}

impl NetworkCall for Count {
    fn run<'a>(
        self: Box<Self>,
        context: &'a CallContext,
        gateway: &'a Gateway,
        _: &'a mut dyn Observer,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.outcome(context, gateway))
    }
}

impl Count {
    async fn outcome(mut self: Box<Self>, context: &CallContext, gateway: &Gateway) -> Outcome {
        match self.count(context, gateway).await {
            Ok(tokens) => {
                let provider = &gateway.settings().providers[self.target.provider].id;
                outcome(tokens, false, &self.request.model, provider, &self.warnings)
            }
            // Many servers have a format without its way to count.
            Err(problem) if problem.lacks_path() => {
                let provider = &gateway.settings().providers[self.target.provider].id;
                estimate(&self.request, provider, self.warnings)
            }
            Err(problem) => Outcome::error(problem),
        }
    }

    async fn count(&mut self, context: &CallContext, gateway: &Gateway) -> Result<u64, Error> {
        self.request.model = gateway
            .model_for(context, &self.target, self.limits)
            .await?;
        self.target.model = Some(self.request.model.clone());
        let provider = &gateway.settings().providers[self.target.provider];
        let codec = provider.dialect.codec();
        let request = codec.and_then(|codec| codec.count_tokens(&self.request));
        let request = request
            .ok_or_else(|| Error::new(ErrorKind::Config, "this provider does not count tokens"))?;
        let read = |_: &dyn Codec, body: &[u8]| read_count(body);
        let counted = gateway.fetch(
            context,
            &self.target,
            &request,
            self.limits,
            "token count",
            read,
        );
        Ok(counted.await?.value)
    }
}

#[derive(Serialize)]
struct Structured<'a> {
    input_tokens: u64,
    estimated: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    model: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

fn outcome(
    input_tokens: u64,
    estimated: bool,
    model: &str,
    provider: &str,
    warnings: &[String],
) -> Outcome {
    let about = if estimated { "About " } else { "" };
    let who = match model {
        "" => provider.to_owned(),
        model => format!("{provider}/{model}"),
    };
    let mut lines = vec![format!("{about}{input_tokens} tokens for {who}")];
    lines.extend_from_slice(warnings);
    let structured = Structured {
        input_tokens,
        estimated,
        model,
        provider,
        warnings,
    };
    Outcome::structured(lines.join("\n"), &structured)
}
