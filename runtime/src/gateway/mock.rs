//! The built-in echo: a provider without a network, for a first run, demonstrations and benchmarks.
//!
//! Never here: anything that depends on time or chance.

use super::{Plan, Reply, price, resolve::Target};
use crate::{
    call,
    provider::{Answer, ChatRequest, Finish, Model, Role, Usage},
    settings::{Kind, Settings},
};

/// The only model it lists; it answers to any name.
const MODEL: &str = "mock-echo";

/// Its answer to a request: the last user text. It counts words as tokens.
pub fn answer(request: &ChatRequest) -> Answer {
    let words = |text: &str| text.split_ascii_whitespace().count() as u64;
    let input: u64 = request.messages.iter().map(|m| words(&m.all_text())).sum();
    let text = request
        .messages
        .iter()
        .rfind(|message| message.role == Role::User)
        .map(|message| message.all_text().into_owned())
        .unwrap_or_default();
    let output = words(&text);
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

/// The same as a reply of the provider at `position`.
fn reply(settings: &Settings, position: usize, request: &ChatRequest) -> Reply {
    let model = if request.model.is_empty() {
        MODEL
    } else {
        &request.model
    };
    let mut reply = Reply {
        answer: answer(request),
        provider: settings.providers[position].id.clone(),
        model: model.to_owned(),
        ..Reply::default()
    };
    price::charge(settings, &mut reply);
    call::note(reply.asked());
    reply
}

/// Whether the first target of a plan is an echo: nobody has to wait for that.
pub fn is_asked(settings: &Settings, plan: &Plan) -> bool {
    let kind = |target: &Target| settings.providers[target.provider].kind;
    plan.targets.first().map(kind) == Some(Kind::Mock)
}

/// The answer to such a plan.
pub fn at_once(settings: &Settings, plan: &Plan) -> Option<Reply> {
    let first = plan.targets.first().filter(|_| is_asked(settings, plan))?;
    let request = ChatRequest {
        model: first.model.clone().unwrap_or_default(),
        ..plan.request.clone()
    };
    let mut reply = reply(settings, first.provider, &request);
    if let Some(most) = plan.max_output_chars {
        reply.shorten(most);
    }
    Some(reply)
}

/// Its model list.
pub fn models() -> Vec<Model> {
    vec![Model {
        id: MODEL.into(),
        chat: true,
        ..Model::default()
    }]
}
