//! The tools: a file each for its schema, its arguments and its result.
//!
//! Never here: how a provider is reached.

use std::sync::Arc;

use anygpt_core::{CallHandle, Reservation, ToolCall};

use crate::{
    gateway::{Gateway, Observer},
    settings::Settings,
};

mod arguments;
mod chat_completion;
mod conversation;
mod dry_run;
mod json_answer;
mod list_models;
mod list_providers;
mod list_tags;

/// Position of each tool in the catalogue; the order is the order clients see.
const TOOLS: [Entry; 4] = [
    Entry {
        listed: chat_completion::listed,
        call: chat_completion::call,
    },
    Entry {
        listed: list_models::listed,
        call: list_models::call,
    },
    Entry {
        listed: list_providers::listed,
        call: list_providers::call,
    },
    Entry {
        listed: list_tags::listed,
        call: list_tags::call,
    },
];

struct Entry {
    listed: fn() -> anygpt_core::Tool,
    /// Runs on the stdio thread: must not wait for anything. An error is what the caller did wrong.
    call: fn(&Settings, &str) -> Result<Work, String>,
}

/// What becomes of a call on the stdio thread.
#[derive(Debug)]
enum Work {
    /// It is answered.
    Done(Outcome),
    /// It needs the network.
    Network(Network),
}

/// What is left to do on the async thread.
#[derive(Debug)]
enum Network {
    Chat(Box<chat_completion::Chat>),
    ListModels(list_models::Query),
}

/// What became of a call on the stdio thread.
#[derive(Debug)]
pub enum Called {
    /// It is answered.
    Done(Outcome),
    /// It goes on on the async thread.
    Job(Job),
}

/// A call that needs the network.
#[derive(Debug)]
pub struct Job {
    /// The call to complete.
    pub handle: CallHandle,
    /// Whether its client wants to hear of progress.
    pub wants_progress: bool,
    work: Network,
    /// Covers long arguments until the call is done.
    _reservation: Option<Reservation>,
}

impl Job {
    /// Does the work.
    pub async fn run(self, gateway: &Gateway, observer: &mut dyn Observer) -> Outcome {
        match self.work {
            Network::Chat(chat) => chat.run(gateway, observer).await,
            Network::ListModels(query) => query.run(gateway).await,
        }
    }
}

/// What a tool answers.
#[derive(Debug)]
pub struct Outcome {
    /// For the model to read.
    pub text: String,
    /// What it should know beside that; a block of its own, so that the text stays the answer alone.
    pub note: Option<String>,
    /// JSON text of an object, on one line.
    pub structured: Option<String>,
    /// `text` is to be a member of `structured`, too; it is put in where both are written.
    pub shares_text: bool,
    /// The tool failed, and `text` says why.
    pub is_error: bool,
    /// Covers long texts until they are handed over.
    pub reservation: Option<Reservation>,
}

impl Outcome {
    /// A failure. The text must tell all: several clients show nothing else.
    pub fn error(text: impl Into<String>) -> Self {
        Outcome {
            text: text.into(),
            note: None,
            structured: None,
            shares_text: false,
            is_error: true,
            reservation: None,
        }
    }

    fn structured(text: String, structured: &impl serde::Serialize) -> Self {
        Outcome {
            text,
            note: None,
            structured: serde_json::to_string(structured).ok(),
            shares_text: false,
            is_error: false,
            reservation: None,
        }
    }
}

/// All tools, with the settings they need.
#[derive(Debug)]
pub struct Tools {
    settings: Arc<Settings>,
}

impl Tools {
    /// Tools that follow these settings.
    pub fn new(settings: Arc<Settings>) -> Self {
        Tools { settings }
    }

    /// Runs a call as far as it goes without the network.
    pub fn call(&self, call: ToolCall) -> Called {
        let Some(tool) = TOOLS.get(call.tool) else {
            return Called::Done(Outcome::error("config: there is no such tool"));
        };
        match (tool.call)(&self.settings, &call.arguments) {
            Ok(Work::Done(outcome)) => Called::Done(outcome),
            Ok(Work::Network(work)) => Called::Job(Job {
                handle: call.handle,
                wants_progress: call.wants_progress,
                work,
                _reservation: call.reservation,
            }),
            Err(problem) => Called::Done(Outcome::error(problem)),
        }
    }
}

/// All tools, as the catalogue has them.
pub(crate) fn listed() -> Vec<anygpt_core::Tool> {
    TOOLS.iter().map(|tool| (tool.listed)()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_list_stays_small_and_every_schema_is_a_plain_object() {
        let mut bytes = 0;
        for tool in listed() {
            bytes += tool.name.len() + tool.title.len() + tool.description.len();
            for schema in [Some(tool.input_schema), tool.output_schema]
                .into_iter()
                .flatten()
            {
                let json: serde_json::Value = serde_json::from_str(&schema).unwrap();
                assert_eq!(json["type"], "object", "{}", tool.name);
                assert!(!schema.contains('\n'), "{}", tool.name);
                bytes += schema.len();
            }
        }
        // All nine tools must fit into 6,000 bytes.
        assert!(bytes < 3_500, "{bytes}");
    }
}
