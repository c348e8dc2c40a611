//! How what is known of a model decides a request of the Messages API. Models of which nothing is known are of other vendors,
//! whose services have copied the format as it was when Claude thought by a budget.
//!
//! Sources: <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking> and
//! <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>.
//!
//! Never here: what is known (`facts`), field names, or what a provider has refused (`parameter`).

use crate::facts::{Efforts, Sampling, Thinking};
use crate::{ChatRequest, ReasoningEffort};

/// What a request to a model may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claude {
    pub(super) thinking: Thinking,
    pub(super) sampling: Sampling,
    pub(super) efforts: Efforts,
    /// It can be forced to call a tool, at least without a thinking budget.
    pub(super) may_be_forced: bool,
    /// The API can enforce a schema on its answers and on the arguments of its calls.
    pub(super) supports_schemas: bool,
}

/// The rules for the model of a request.
pub(super) fn claude(chat: &ChatRequest) -> Claude {
    let rules = chat.rules_of("anthropic");
    Claude {
        thinking: rules.thinking.unwrap_or(Thinking::Budget),
        sampling: rules.sampling.unwrap_or(Sampling::Yes),
        efforts: rules.efforts.unwrap_or(Efforts::ALL),
        may_be_forced: rules.forced_tools.unwrap_or(true),
        supports_schemas: rules.schemas.unwrap_or(false),
    }
}

/// The thinking budget for an effort, in tokens.
pub(super) fn claude_budget(effort: ReasoningEffort) -> u32 {
    match effort {
        ReasoningEffort::None => 0,
        ReasoningEffort::Minimal => 1_024,
        ReasoningEffort::Low => 2_048,
        ReasoningEffort::Medium => 8_192,
        ReasoningEffort::High => 16_384,
        ReasoningEffort::XHigh => 24_576,
        ReasoningEffort::Max => 32_000,
    }
}

/// `max_tokens` if the caller sets none, since the API requires a number.
pub(super) fn default_max_tokens(chat: &ChatRequest) -> u32 {
    const USUAL: u32 = 16_384;
    let most = chat.rules_of("anthropic").max_output;
    most.map_or(USUAL, |most| most.min(USUAL))
}
