//! How services with Chat Completions differ from each other.
//!
//! Never here: the services (`presets`).

use crate::http_request;

/// The Chat Completions format of one service.
#[derive(Debug, PartialEq, Eq)]
pub struct ChatCompletions {
    /// The service's usual address; empty if it must be configured.
    pub base_url: &'static str,
    /// Headers that identify this program to the service; names in lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// The key is sent as `api-key` instead of `Authorization`.
    pub api_key_header: bool,
    /// The model is a part of the path (Azure before its v1 API).
    pub model_in_path: bool,
    /// The token limit is `max_completion_tokens`; most services know only the older `max_tokens`.
    pub max_completion_tokens: bool,
    /// The role `developer` is known; most services know only `system`.
    pub developer: bool,
    /// Its value of `tool_choice` for "at least one tool".
    pub required: &'static str,
    /// Call ids must have nine letters and digits (Mistral), so other providers' ids are replaced.
    pub nine_letter_ids: bool,
    /// Accepts the URL of a file.
    pub takes_addresses: bool,
    /// Sends usage only with `stream_options`. Services that always send it may refuse that member.
    pub asks_for_usage: bool,
    /// `completion_tokens` does not include the reasoning.
    pub reasoning_apart: bool,
    /// The id in the body is more useful than the `cf-ray` header of the network in front of the service.
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
    /// By its date, unless the list has this id.
    ByDate(&'static str),
    /// As OpenAI names its models.
    OpenAi,
    /// It cannot be found: the list does not say which models can be used.
    Unknown,
}

/// A service without peculiarities.
pub const PLAIN: ChatCompletions = ChatCompletions {
    base_url: "",
    headers: &[],
    api_key_header: false,
    model_in_path: false,
    max_completion_tokens: false,
    developer: false,
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
