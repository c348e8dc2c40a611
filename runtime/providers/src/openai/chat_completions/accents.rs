//! How services that have copied Chat Completions differ from each other.
//!
//! Never here: which services there are.

use crate::http_request;

/// The Chat Completions format as one service speaks it.
#[derive(Debug, PartialEq, Eq)]
pub struct ChatCompletions {
    /// Where the service is; empty if that must be configured.
    pub base_url: &'static str,
    /// What it wants to know of the program that asks; names in lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// The key travels in `api-key` instead of `Authorization`.
    pub api_key_header: bool,
    /// The model is a part of the path (Azure before its v1 API).
    pub model_in_path: bool,
    /// The limit is `max_completion_tokens`; most clones know only the older `max_tokens`.
    pub max_completion_tokens: bool,
    /// The role `developer` is known; most clones know only `system`.
    pub developer: bool,
    /// Instructions first, then user and assistant in turns, and no tools.
    pub in_turns: bool,
    /// Its word for a choice that must be made of the tools.
    pub required: &'static str,
    /// Ids of calls have nine letters and digits (Mistral), so those of others are changed.
    pub nine_letter_ids: bool,
    /// A file may be named by its address.
    pub takes_addresses: bool,
    /// Usage comes only if it is asked for. Services that always send it may refuse the question.
    pub asks_for_usage: bool,
    /// `completion_tokens` leaves out the reasoning.
    pub reasoning_apart: bool,
    /// The service's own id of an answer is worth more than that of the network in front of it.
    pub id_in_body: bool,
    /// Its name for the seed.
    pub seed: Seed,
    /// How the reasoning effort is sent.
    pub effort: EffortField,
    /// How the newest model is found.
    pub newest: Newest,
}

/// A service's name for the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// `seed`
    Plain,
    /// `random_seed`
    Random,
}

/// How the reasoning effort is sent to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffortField {
    /// `reasoning_effort`
    Plain,
    /// `reasoning`, with `effort` in it.
    Reasoning,
    /// `thinking`, which is on or off.
    Thinking,
}

/// How the newest model is found in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newest {
    /// By its date, unless the list has this one.
    ByDate(&'static str),
    /// As OpenAI names its models.
    OpenAi,
    /// Not at all: the list does not tell what can be asked.
    Unknown,
}

/// A service without an accent.
pub const PLAIN: ChatCompletions = ChatCompletions {
    base_url: "",
    headers: &[],
    api_key_header: false,
    model_in_path: false,
    max_completion_tokens: false,
    developer: false,
    in_turns: false,
    required: "required",
    nine_letter_ids: false,
    takes_addresses: false,
    asks_for_usage: true,
    reasoning_apart: false,
    id_in_body: false,
    seed: Seed::Plain,
    effort: EffortField::Plain,
    newest: Newest::ByDate(""),
};

impl ChatCompletions {
    /// The path of a method for a model.
    pub(super) fn path_for(&self, model: &str, method: &str) -> String {
        match self.model_in_path {
            true => format!("/deployments/{}{method}", http_request::segment(model)),
            false => method.to_owned(),
        }
    }
}
