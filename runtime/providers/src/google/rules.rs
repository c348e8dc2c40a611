//! How the reasoning effort is sent to a Gemini model. Source: <https://ai.google.dev/gemini-api/docs/thinking>.
//!
//! Never here: what is known of a model (`facts`), field names, or what a provider has refused (`parameter`).

use crate::facts::{Rules, Thinking};
use crate::{ChatRequest, ReasoningEffort};

/// What is sent to a model for an effort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GeminiThinking {
    Never,
    /// A number of tokens.
    Budget(u32),
    /// In capital letters.
    Level(&'static str),
}

/// What is known of the model of a request.
pub(super) fn of(chat: &ChatRequest) -> Rules {
    chat.rules_of("google")
}

/// What is sent for this effort, which the model knows.
pub(super) fn gemini(rules: Rules, effort: ReasoningEffort) -> GeminiThinking {
    match rules.thinking {
        Some(Thinking::Budget) => GeminiThinking::Budget(match effort {
            // Those that cannot be told not to think take this at least.
            ReasoningEffort::None if !rules.efforts.is_some_and(|all| all.has(effort)) => 128,
            ReasoningEffort::None => 0,
            ReasoningEffort::Minimal => 1_024,
            ReasoningEffort::Low => 2_048,
            ReasoningEffort::Medium => 8_192,
            // The most that all of them take.
            ReasoningEffort::High | ReasoningEffort::XHigh | ReasoningEffort::Max => 24_576,
        }),
        Some(Thinking::Level) => GeminiThinking::Level(match effort {
            ReasoningEffort::None | ReasoningEffort::Minimal => "MINIMAL",
            ReasoningEffort::Low => "LOW",
            ReasoningEffort::Medium => "MEDIUM",
            ReasoningEffort::High => "HIGH",
            ReasoningEffort::XHigh | ReasoningEffort::Max => "XHIGH",
        }),
        _ => GeminiThinking::Never,
    }
}
