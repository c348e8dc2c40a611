//! What each family of Anthropic's models accepts, as data. An unknown Claude is treated like the newest, another vendor's
//! model like an older one.
//!
//! Sources: <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking> and
//! <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>.
//!
//! Never here: field names, or what a provider has refused (`parameter`).

use std::borrow::Cow;

use crate::ReasoningEffort::{self, High, Low, Max, Medium, Minimal, XHigh};
use crate::adapt::Sampling;

/// When a model thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    Never,
    /// If the request gives it a number of tokens for it.
    Budget,
    /// If the request asks for it.
    OnDemand,
    /// Unless the request turns it off.
    ByDefault,
    Always,
}

/// A generation of Anthropic's models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claude {
    pub(super) thinking: Thinking,
    pub(super) sampling: Sampling,
    pub(super) efforts: &'static [ReasoningEffort],
    /// It can be forced to call a tool, at least without a thinking budget.
    pub(super) may_be_forced: bool,
    /// The API can enforce a schema on its answers and on the arguments of its calls.
    pub(super) supports_schemas: bool,
}

const WITHOUT_XHIGH: &[ReasoningEffort] = &[ReasoningEffort::None, Low, Medium, High, Max];

const WITH_XHIGH: &[ReasoningEffort] = &[ReasoningEffort::None, Low, Medium, High, XHigh, Max];

const NEWEST_CLAUDE: Claude = Claude {
    thinking: Thinking::Always,
    sampling: Sampling::No,
    efforts: &[Low, Medium, High, XHigh, Max],
    may_be_forced: false,
    supports_schemas: true,
};

/// Models that think by a budget.
const BUDGET: Claude = Claude {
    thinking: Thinking::Budget,
    sampling: Sampling::OneOfTwo,
    efforts: &ReasoningEffort::ALL,
    may_be_forced: true,
    supports_schemas: false,
};

/// A row counts for an id with one of its words, unless a further number follows there: `opus-4` is not `opus-4-9`. Newer
/// numbers than these are unknown.
const CLAUDES: &[(&[&str], Claude)] = &[
    (
        &[
            "claude-2",
            "claude-2-0",
            "claude-2-1",
            "claude-instant",
            "claude-instant-1",
            "claude-instant-1-2",
            "claude-3-5",
            "claude-3-haiku",
            "claude-3-opus",
            "claude-3-sonnet",
        ],
        Claude {
            thinking: Thinking::Never,
            sampling: Sampling::Yes,
            efforts: &[],
            ..BUDGET
        },
    ),
    (
        &[
            "opus-5-5",
            "fable-5-1",
            "fable-5-2",
            "mythos-5-1",
            "mythos-5-2",
        ],
        NEWEST_CLAUDE,
    ),
    (
        &["fable-5", "mythos-5"],
        Claude {
            may_be_forced: true,
            ..NEWEST_CLAUDE
        },
    ),
    (
        &["sonnet-5", "opus-5"],
        Claude {
            thinking: Thinking::ByDefault,
            efforts: WITH_XHIGH,
            may_be_forced: true,
            ..NEWEST_CLAUDE
        },
    ),
    (
        &["opus-4-7", "opus-4-8"],
        Claude {
            thinking: Thinking::OnDemand,
            efforts: WITH_XHIGH,
            may_be_forced: true,
            ..NEWEST_CLAUDE
        },
    ),
    (
        &["opus-4-6", "sonnet-4-6"],
        Claude {
            thinking: Thinking::OnDemand,
            efforts: WITHOUT_XHIGH,
            supports_schemas: true,
            ..BUDGET
        },
    ),
    (
        &["opus-4-5", "sonnet-4-5", "haiku-4-5"],
        Claude {
            supports_schemas: true,
            ..BUDGET
        },
    ),
    (
        &[
            "claude-3-7",
            "opus-4",
            "opus-4-0",
            "opus-4-1",
            "sonnet-4",
            "sonnet-4-0",
        ],
        BUDGET,
    ),
];

/// The rules for a model. An unknown Claude is treated like the newest; models of other vendors like older ones, whose format
/// their services have copied.
pub(super) fn claude(id: &str) -> Claude {
    // Routers write the number with a point.
    let id = match id.contains('.') {
        true => Cow::Owned(id.replace('.', "-")),
        false => Cow::Borrowed(id),
    };
    let row = CLAUDES
        .iter()
        .find(|(words, _)| words.iter().any(|word| has_number(&id, word)));
    match row {
        Some((_, rules)) => *rules,
        None if id.contains("claude") => NEWEST_CLAUDE,
        None => Claude {
            sampling: Sampling::Yes,
            ..BUDGET
        },
    }
}

/// Whether an id has this word and no further number behind it. A date or a revision (`-20250514`, `-v1:0`) is none.
fn has_number(id: &str, word: &str) -> bool {
    let Some(at) = id.find(word) else {
        return false;
    };
    let rest = &id[at + word.len()..];
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let further = rest.strip_prefix('-').map_or(0, digits);
    digits(rest) == 0 && !(1..=2).contains(&further)
}

/// The thinking budget for an effort, in tokens.
pub(super) fn claude_budget(effort: ReasoningEffort) -> u32 {
    match effort {
        ReasoningEffort::None => 0,
        Minimal => 1_024,
        Low => 2_048,
        Medium => 8_192,
        High => 16_384,
        XHigh => 24_576,
        Max => 32_000,
    }
}

/// `max_tokens` if the caller sets none, since the API requires a number; old models have lower limits.
pub(super) fn default_max_tokens(model: &str) -> u32 {
    let named = |part| model.contains(part);
    if named("claude-3-5") {
        8_192
    } else if (named("claude-3-") && !named("claude-3-7"))
        || named("claude-2")
        || named("claude-instant")
    {
        4_096
    } else {
        16_384
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
