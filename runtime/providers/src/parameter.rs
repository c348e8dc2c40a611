//! What a provider's status 400 or 422 says about one parameter, and the one change of the request that fixes it. Models,
//! messages, tools and schemas are never changed.
//!
//! Never here: how often that is tried, or where it is remembered.

use std::mem::swap;

use super::{ChatRequest, Encoding, ErrorKind, Failure, ReasoningEffort, adapt};

/// An optional argument of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    Temperature,
    TopP,
    MaxTokens,
    Stop,
    Seed,
    /// `reasoning_effort`
    ReasoningEffort,
    /// `include_reasoning`
    Reasoning,
}

/// One change of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Drop(Parameter),
    /// Lowers `max_tokens` to this.
    AtMost(u32),
    /// Sets `max_tokens` where the format requires a number and the caller gave none.
    Otherwise(u32),
    /// Sends the token limit under the format's other name for it.
    OtherTokenName,
    /// Replaces the first effort by the second.
    ReasoningEffort(ReasoningEffort, ReasoningEffort),
}

/// A change that fixes a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    pub change: Change,
    /// It applies to all requests to the model, not only to this value.
    pub is_lasting: bool,
}

/// Words of a refusal of the parameter itself, not of its value.
const UNSUPPORTED: &[&str] = &[
    "unsupported",
    "not supported",
    "does not support",
    "doesn't support",
    "not permitted",
    "not allowed",
    "unknown",
    "unrecognized",
    "unexpected",
    "deprecated",
    "only the default",
];

/// Members that are never changed; a schema can contain any names.
const CONTENT: &[&str] = &[
    "tools",
    "messages",
    "input",
    "contents",
    "text",
    "response_format",
];

/// A smaller number in a message is not a model's token limit.
const LEAST_LIMIT: u32 = 16;

impl Parameter {
    /// All of them.
    pub const ALL: [Parameter; 7] = [
        Parameter::Temperature,
        Parameter::TopP,
        Parameter::MaxTokens,
        Parameter::Stop,
        Parameter::Seed,
        Parameter::ReasoningEffort,
        Parameter::Reasoning,
    ];

    /// The argument's name in this program's tools.
    pub fn as_str(self) -> &'static str {
        match self {
            Parameter::Temperature => "temperature",
            Parameter::TopP => "top_p",
            Parameter::MaxTokens => "max_tokens",
            Parameter::Stop => "stop",
            Parameter::Seed => "seed",
            Parameter::ReasoningEffort => "reasoning_effort",
            Parameter::Reasoning => "include_reasoning",
        }
    }

    /// By any provider's name for it, which may be a path: the innermost known name counts, except inside [`CONTENT`].
    fn named(path: &str) -> Option<Self> {
        let outermost = path.split(['.', '[', '/']).next().unwrap_or_default();
        if CONTENT.contains(&outermost) || path.starts_with("output_config.format") {
            return None;
        }
        let names = path.split(['.', '[', ']', '/']);
        names.rev().find_map(|name| {
            let plain: String = name
                .chars()
                .filter(|c| *c != '_')
                .map(|c| c.to_ascii_lowercase())
                .collect();
            Some(match plain.as_str() {
                "temperature" => Parameter::Temperature,
                "topp" => Parameter::TopP,
                "maxtokens" | "maxoutputtokens" | "maxcompletiontokens" => Parameter::MaxTokens,
                "stop" | "stopsequences" => Parameter::Stop,
                "seed" | "randomseed" => Parameter::Seed,
                "summary" | "includethoughts" | "display" => Parameter::Reasoning,
                "reasoning" | "reasoningeffort" | "effort" | "outputconfig" | "thinking"
                | "thinkingconfig" | "thinkinglevel" | "thinkingbudget" | "budgettokens" => {
                    Parameter::ReasoningEffort
                }
                _ => return None,
            })
        })
    }

    /// The first one that a message names: as `name: …`, else in quotes, else as a word of a message that refuses something.
    fn in_message(message: &str) -> Option<Self> {
        let place = message.split(':').next().unwrap_or_default();
        if !place.contains(' ')
            && let Some(parameter) = Parameter::named(place)
        {
            return Some(parameter);
        }
        if let Some(parameter) = quoted(message).find_map(Parameter::named) {
            return Some(parameter);
        }
        let lower = message.to_lowercase();
        if !UNSUPPORTED.iter().any(|words| lower.contains(words)) {
            return None;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
        message
            .split(|c: char| !is_part(c))
            .filter(|word| !["reasoning", "thinking", "display", "summary", "stop"].contains(word))
            .find_map(Parameter::named)
    }

    pub fn is_in(self, chat: &ChatRequest) -> bool {
        match self {
            Parameter::Temperature => chat.temperature.is_some(),
            Parameter::TopP => chat.top_p.is_some(),
            Parameter::MaxTokens => chat.max_tokens.is_some(),
            Parameter::Stop => !chat.stop.is_empty(),
            Parameter::Seed => chat.seed.is_some(),
            Parameter::ReasoningEffort => chat.effort.is_some(),
            Parameter::Reasoning => chat.include_reasoning,
        }
    }

    pub fn leave_out(self, chat: &mut ChatRequest) {
        self.swap(chat, &mut ChatRequest::default());
    }

    pub fn swap(self, one: &mut ChatRequest, other: &mut ChatRequest) {
        match self {
            Parameter::Temperature => swap(&mut one.temperature, &mut other.temperature),
            Parameter::TopP => swap(&mut one.top_p, &mut other.top_p),
            Parameter::MaxTokens => swap(&mut one.max_tokens, &mut other.max_tokens),
            Parameter::Stop => swap(&mut one.stop, &mut other.stop),
            Parameter::Seed => swap(&mut one.seed, &mut other.seed),
            Parameter::ReasoningEffort => swap(&mut one.effort, &mut other.effort),
            Parameter::Reasoning => {
                swap(&mut one.include_reasoning, &mut other.include_reasoning);
            }
        }
    }
}

/// The one change that a refusal suggests, if it names a parameter that the request has.
pub fn repair(chat: &ChatRequest, failure: &Failure, has_two_token_names: bool) -> Option<Repair> {
    if failure.class != ErrorKind::InvalidRequest || !matches!(failure.status, Some(400 | 422)) {
        return None;
    }
    let message = &failure.message;
    let named = failure.param.as_deref().and_then(Parameter::named);
    let parameter = named.or_else(|| Parameter::in_message(message))?;
    let lower = message.to_lowercase();
    let is_unsupported = UNSUPPORTED.iter().any(|words| lower.contains(words));
    let change = match parameter {
        Parameter::MaxTokens => {
            let given = chat.max_tokens.unwrap_or(u32::MAX);
            let lower = numbers(message).filter(|n| (LEAST_LIMIT..given).contains(n));
            match chat.max_tokens {
                Some(_) if has_two_token_names && is_unsupported => Change::OtherTokenName,
                Some(_) => lower.max().map_or(Change::Drop(parameter), Change::AtMost),
                None => Change::Otherwise(lower.min()?),
            }
        }
        Parameter::ReasoningEffort => {
            let given = chat.effort?;
            let listed: Vec<ReasoningEffort> = quoted(message)
                .filter_map(ReasoningEffort::from_name)
                .filter(|effort| *effort != given)
                .collect();
            match adapt::nearest(given, &listed) {
                Some(other) => Change::ReasoningEffort(given, other),
                None => Change::Drop(parameter),
            }
        }
        parameter if parameter.is_in(chat) => Change::Drop(parameter),
        _ => return None,
    };
    Some(Repair {
        change,
        // The model may accept another value of a parameter that it knows.
        is_lasting: is_unsupported || !matches!(change, Change::Drop(_)),
    })
}

/// Whether a change was made.
#[derive(Debug, PartialEq, Eq)]
pub enum Changed {
    No,
    /// Only in how the request is written, which nobody needs to know.
    Silently,
    /// With a sentence about it.
    Warn(String),
}

impl Change {
    /// Changes a request, or how it is written.
    pub fn apply(self, chat: &mut ChatRequest, encoding: &mut Encoding) -> Changed {
        let model = &chat.model;
        match self {
            Change::Drop(parameter) if parameter.is_in(chat) => {
                let warning = adapt::left_out(parameter.as_str(), model);
                parameter.leave_out(chat);
                Changed::Warn(warning)
            }
            Change::AtMost(limit) if chat.max_tokens.is_some_and(|given| given > limit) => {
                Changed::Warn(limit_tokens(chat, limit))
            }
            Change::Otherwise(limit) if chat.max_tokens.is_none() => {
                Changed::Warn(limit_tokens(chat, limit))
            }
            Change::ReasoningEffort(from, to) if chat.effort == Some(from) => {
                let warning = adapt::other_effort(to, model, from);
                chat.effort = Some(to);
                Changed::Warn(warning)
            }
            Change::OtherTokenName => {
                encoding.other_name = !encoding.other_name;
                Changed::Silently
            }
            _ => Changed::No,
        }
    }
}

fn limit_tokens(chat: &mut ChatRequest, limit: u32) -> String {
    chat.max_tokens = Some(limit);
    format!("max_tokens is {limit}: {} allows no more", chat.model)
}

/// The texts between quotation marks or backticks.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let start = rest.find(['\'', '"', '`'])?;
        let mark = rest.get(start..start + 1)?;
        let inner = rest.get(start + 1..)?;
        let Some(end) = inner.find(mark) else {
            rest = "";
            return None;
        };
        let found = inner.get(..end)?;
        // Several words: the mark was an apostrophe.
        if found.contains(' ') {
            rest = inner;
            return Some("");
        }
        rest = inner.get(end + 1..)?;
        Some(found)
    })
}

/// The whole numbers in a text.
fn numbers(text: &str) -> impl Iterator<Item = u32> {
    text.split(|c: char| !c.is_ascii_digit() && c != ',')
        .filter_map(|digits| digits.replace(',', "").parse().ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
