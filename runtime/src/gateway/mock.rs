//! The built-in echo: a provider without a network, for a first run, demonstrations and benchmarks.
//!
//! Never here: anything that depends on time or chance.

use std::sync::Arc;

use anygpt_providers::{Answer, ChatRequest, Finish, Model, Role, Usage};

use super::{Plan, Reply, plan::model_of, price, resolve::Target};
use crate::{
    call::CallContext,
    settings::{Dialect, Settings},
};

/// The only model it lists; it answers to any name.
pub(crate) const MODEL: &str = "mock-echo";

/// Answers a request with the last user text, which is moved out of the request where possible: it may be long. Words count
/// as tokens.
pub(super) fn answer(request: &mut ChatRequest) -> Answer {
    let input: u64 = request.messages.iter().map(|m| words(&m.all_text())).sum();
    let mut messages = request.messages.iter();
    let last = messages.rposition(|message| message.role == Role::User);
    let text = last.map(|last| match Arc::get_mut(&mut request.messages) {
        Some(messages) => messages[last].take_text(),
        // Other plans share it.
        None => request.messages[last].all_text().into_owned(),
    });
    let text = text.unwrap_or_default();
    let output = match &request.messages[..] {
        // It was counted already.
        [only] if only.role == Role::User => input,
        _ => words(&text),
    };
    Answer {
        text,
        finish: Some(Finish::Stop),
        usage: Usage {
            input_tokens: Some(input),
            output_tokens: Some(output),
            total_tokens: Some(input + output),
            ..Usage::default()
        },
        complete: true,
        ..Answer::default()
    }
}

/// Whether the first target of a plan is the echo, which needs no waiting.
pub(crate) fn is_first_target(settings: &Settings, plan: &Plan) -> bool {
    let kind = |target: &Target| settings.providers[target.provider].dialect;
    plan.targets.first().map(kind) == Some(Dialect::Mock)
}

/// The reply to such a plan, which is used up.
pub(crate) fn reply(context: &CallContext, settings: &Settings, plan: &mut Plan) -> Box<Reply> {
    let mut reply = Box::new(Reply {
        answer: answer(&mut plan.request),
        ..Reply::default()
    });
    if let Some(first) = plan.targets.first() {
        reply
            .provider
            .clone_from(&settings.providers[first.provider].id);
        reply.model.push_str(match model_of(first) {
            "" => MODEL,
            named => named,
        });
    }
    price::charge(settings, &mut reply);
    context.spend(reply.cost.map(|cost| cost.usd));
    context.record(reply.record());
    if let Some(most) = plan.max_output_chars {
        reply.shorten(most);
    }
    reply
}

/// Its model list.
pub(crate) fn models() -> Vec<Model> {
    vec![Model {
        id: MODEL.into(),
        chat: Some(true),
        ..Model::default()
    }]
}

/// Words, which count as tokens.
fn words(text: &str) -> u64 {
    text.split_ascii_whitespace().count() as u64
}
