//! The built-in echo: a provider without a network, for a first run, demonstrations and benchmarks.
//!
//! Never here: anything that depends on time or chance.

use super::Reply;
use crate::{
    provider::{Answer, ChatRequest, Finish, Model, Role, Usage},
    settings::Settings,
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
pub fn reply(settings: &Settings, position: usize, request: &ChatRequest) -> Reply {
    let model = if request.model.is_empty() {
        MODEL
    } else {
        &request.model
    };
    Reply {
        answer: answer(request),
        provider: settings.providers[position].id.clone(),
        model: model.to_owned(),
        ..Reply::default()
    }
}

/// Its model list.
pub fn models() -> Vec<Model> {
    vec![Model {
        id: MODEL.into(),
        chat: true,
        ..Model::default()
    }]
}
