//! What each family of Google's models accepts, as data. An unknown id is treated like the newest of its vendor, or has
//! no rules. Source: <https://ai.google.dev/gemini-api/docs/thinking>.
//!
//! Never here: field names, or what a provider has refused (`parameter`).

use crate::ReasoningEffort::{self, High, Low, Max, Medium, Minimal, XHigh};
use crate::adapt::version;

/// How the reasoning effort is sent to a Gemini model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GeminiThinking {
    Never,
    /// By a number of tokens.
    Budget(u32),
    Level(&'static str),
}

/// What is sent to a model for this effort.
pub(super) fn gemini(id: &str, effort: ReasoningEffort) -> GeminiThinking {
    let Some(rest) = id.strip_prefix("gemini-") else {
        return GeminiThinking::Never;
    };
    let is = |word: &str| rest.split('-').any(|part| part == word);
    match version(rest) {
        Some(version) if version < (2, 5) => GeminiThinking::Never,
        Some((2, _)) => GeminiThinking::Budget(match effort {
            ReasoningEffort::None if is("pro") => 128,
            ReasoningEffort::None => 0,
            Minimal => 1_024,
            Low => 2_048,
            Medium => 8_192,
            XHigh | Max if is("pro") => 32_768,
            High | XHigh | Max => 24_576,
        }),
        version => GeminiThinking::Level(match effort {
            ReasoningEffort::None | Minimal if is("pro") => "LOW",
            ReasoningEffort::None | Minimal => "MINIMAL",
            Low => "LOW",
            // The first preview of 3 Pro knows only two levels.
            Medium if is("pro") && version == Some((3, 0)) => "HIGH",
            Medium => "MEDIUM",
            High | XHigh | Max => "HIGH",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gemini_words_and_budgets() {
        use GeminiThinking::{Budget, Level};
        for (id, effort, expected) in [
            ("gemini-2.0-flash", High, GeminiThinking::Never),
            ("gemma-4", High, GeminiThinking::Never),
            ("gemini-2.5-flash", ReasoningEffort::None, Budget(0)),
            ("gemini-2.5-pro", ReasoningEffort::None, Budget(128)),
            ("gemini-2.5-flash", Max, Budget(24_576)),
            ("gemini-2.5-pro", Max, Budget(32_768)),
            ("gemini-3.5-flash", ReasoningEffort::None, Level("MINIMAL")),
            ("gemini-3.5-pro", Minimal, Level("LOW")),
            ("gemini-3-pro-preview", Medium, Level("HIGH")),
            ("gemini-3.1-pro", Medium, Level("MEDIUM")),
            ("gemini-flash-latest", Max, Level("HIGH")),
        ] {
            assert_eq!(gemini(id, effort), expected, "{id} {effort:?}");
        }
    }
}
