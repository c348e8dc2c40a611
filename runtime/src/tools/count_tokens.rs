//! `anygpt_count_tokens`: how long a conversation is for a model, counted by its provider or estimated.
//!
//! Never here: what the tokens cost.

use std::sync::Arc;

use anygpt_providers::{ChatRequest, Message, Role, State, read_count};
use serde::Serialize;

use super::{Network, Outcome, Work, arguments::Arguments, conversation};
use crate::{
    error::{Error, ErrorKind},
    gateway::{
        Bounds, Gateway,
        resolve::{self, Target},
    },
    settings::Settings,
};

pub(super) fn listed() -> anygpt_core::Tool {
    anygpt_core::Tool {
        name: "anygpt_count_tokens".into(),
        title: "Count tokens".into(),
        description: "Count the input tokens of a text or a conversation for a model. OpenAI, Anthropic and \
            Google count; for others it is an estimate, marked so."
            .into(),
        annotations: anygpt_core::Annotations {
            read_only: true,
            idempotent: true,
            open_world: true,
        },
        input_schema: concat!(
            r#"{"type":"object","properties":{"text":{"type":"string"},"#,
            r#""messages":{"type":"array","items":{"type":"object"},"description":"As in anygpt_chat_completion"},"#,
            r#""model":{"type":"string"},"provider":{"type":"string"}}}"#,
        )
        .into(),
        output_schema: Some(
            concat!(
                r#"{"type":"object","properties":{"input_tokens":{"type":"integer"},"estimated":{"type":"boolean"},"#,
                r#""model":{"type":"string"},"provider":{"type":"string"}},"required":["input_tokens","estimated"]}"#,
            )
            .into(),
        ),
    }
}

/// A conversation whose provider counts.
#[derive(Debug)]
pub(super) struct Count {
    target: Target,
    request: ChatRequest,
    bounds: Bounds,
    warnings: Vec<String>,
}

/// What most texts have for a token.
const BYTES_PER_TOKEN: usize = 4;

/// All arguments.
pub(super) const NAMES: &[&str] = &["text", "prompt", "system", "messages", "model", "provider"];

pub(super) fn call(settings: &Settings, mut arguments: Arguments<'_>) -> Result<Work, Error> {
    let messages: Arc<[Message]> = match arguments.string("text")? {
        Some(text) => Arc::new([Message::text(Role::User, text)]),
        None => conversation::messages(&mut arguments)?,
    };
    let model = arguments.name("model")?;
    let provider = arguments.name("provider")?;
    let mut warnings: Vec<String> = arguments.unknown().into_iter().collect();
    let mut chain = resolve::chain(settings, provider.as_deref(), model.as_deref(), &[])?;
    let target = chain.targets.swap_remove(0);
    let provider = &settings.providers[target.provider];
    let model = target.model.clone().unwrap_or_default();
    let request = ChatRequest {
        messages: State::only_of(&provider.id, &model, &messages),
        model,
        ..ChatRequest::default()
    };
    let counts = |codec: &dyn anygpt_providers::Codec| codec.count_tokens(&ChatRequest::default());
    if provider.kind.codec().and_then(counts).is_some() {
        return Ok(Work::Network(Network::CountTokens(Count {
            target,
            request,
            bounds: Bounds::of(settings, None),
            warnings,
        })));
    }
    let texts = request.messages.iter().map(|message| {
        let calls = message.tool_calls.iter().map(|call| call.arguments.len());
        message.all_text().len() + calls.sum::<usize>()
    });
    let bytes: usize = texts.sum();
    warnings.push(format!(
        "{} does not count tokens: this is its number of bytes by {BYTES_PER_TOKEN}, without images and files",
        provider.id
    ));
    Ok(Work::Done(outcome(
        bytes.div_ceil(BYTES_PER_TOKEN) as u64,
        true,
        &request.model,
        &provider.id,
        &warnings,
    )))
}

impl Count {
    pub(super) async fn run(mut self, gateway: &Gateway) -> Outcome {
        match self.count(gateway).await {
            Ok(tokens) => {
                let provider = &gateway.settings().providers[self.target.provider].id;
                outcome(tokens, false, &self.request.model, provider, &self.warnings)
            }
            Err(problem) => Outcome::error(problem),
        }
    }

    async fn count(&mut self, gateway: &Gateway) -> Result<u64, Error> {
        self.request.model = gateway.model_for(&self.target, self.bounds).await?;
        self.target.model = Some(self.request.model.clone());
        let provider = &gateway.settings().providers[self.target.provider];
        let codec = provider.kind.codec();
        let request = codec.and_then(|codec| codec.count_tokens(&self.request));
        let request = request
            .ok_or_else(|| Error::new(ErrorKind::Config, "this provider does not count tokens"))?;
        let read = |_: &dyn anygpt_providers::Codec, body: &[u8]| read_count(body);
        let counted = gateway.ask_for(&self.target, &request, self.bounds, "token count", read);
        Ok(counted.await?.told)
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
