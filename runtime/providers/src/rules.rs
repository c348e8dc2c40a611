//! What each family of models takes, as data (provider digest 4, 5, 8.3 and 8.4). An id that nobody
//! knows is judged like the newest of its vendor, or not at all.
//!
//! Never here: field names, or what a provider has refused (see `parameter`).

use super::{ChatRequest, Effort};
use Effort::{High, Low, Max, Medium, Minimal, XHigh};

/// Whether `temperature` and `top_p` may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    /// Both.
    Yes,
    /// One of them.
    OneOfTwo,
    /// Only while the model does not reason: effort none, or none given.
    Unreasoned,
    /// Only if effort `none` is asked for.
    EffortNone,
    /// Neither.
    No,
}

/// A family of OpenAI's models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenAi {
    pub(super) sampling: Sampling,
    /// None: it does not reason.
    pub(super) efforts: &'static [Effort],
}

/// From this version on, newest first. What is above the first row is judged like it.
const GPT: &[((u32, u32), OpenAi)] = &[
    (
        (6, 0),
        OpenAi {
            sampling: Sampling::No,
            efforts: &[Low, Medium, High, XHigh, Max],
        },
    ),
    (
        (5, 6),
        OpenAi {
            sampling: Sampling::EffortNone,
            efforts: &[Effort::None, Low, Medium, High, XHigh, Max],
        },
    ),
    (
        (5, 2),
        OpenAi {
            sampling: Sampling::Unreasoned,
            efforts: &[Effort::None, Low, Medium, High, XHigh],
        },
    ),
    (
        (5, 1),
        OpenAi {
            sampling: Sampling::Unreasoned,
            efforts: &[Effort::None, Low, Medium, High],
        },
    ),
    (
        (5, 0),
        OpenAi {
            sampling: Sampling::No,
            efforts: &[Minimal, Low, Medium, High],
        },
    ),
    ((0, 0), PLAIN),
];

const PLAIN: OpenAi = OpenAi {
    sampling: Sampling::Yes,
    efforts: &[],
};

const O_SERIES: OpenAi = OpenAi {
    sampling: Sampling::No,
    efforts: &[Low, Medium, High],
};

/// Those of the large variants, which think longer.
const PRO: &[Effort] = &[Medium, High, XHigh];

/// The rules for an id of OpenAI's; none for any other.
pub(super) fn openai(id: &str) -> Option<OpenAi> {
    let id = id.strip_prefix("ft:").unwrap_or(id);
    if id.starts_with("chatgpt-") || id.contains("chat-latest") {
        return Some(PLAIN);
    }
    let digit = |c: char| c.is_ascii_digit();
    if id
        .strip_prefix('o')
        .is_some_and(|rest| rest.starts_with(digit))
    {
        return Some(O_SERIES);
    }
    let version = version(id.strip_prefix("gpt-")?)?;
    let (_, rules) = GPT.iter().find(|(from, _)| version >= *from)?;
    let is_pro = !rules.efforts.is_empty() && id.split('-').any(|word| word == "pro");
    Some(OpenAi {
        efforts: if is_pro { PRO } else { rules.efforts },
        ..*rules
    })
}

/// How a Claude thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// Not at all.
    Never,
    /// As far as it is given tokens for it.
    Budget,
    /// When it is told to.
    OnDemand,
    /// Unless it is told not to.
    ByDefault,
    /// Always.
    Always,
}

/// A generation of Anthropic's models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claude {
    pub(super) thinking: Thinking,
    pub(super) sampling: Sampling,
    pub(super) efforts: &'static [Effort],
    /// It can be made to call a tool, at least while it does not think by a budget.
    pub(super) may_be_forced: bool,
    /// Its answers and the arguments of its calls can be held to a schema.
    pub(super) knows_schemas: bool,
}

const WITHOUT_XHIGH: &[Effort] = &[Effort::None, Low, Medium, High, Max];
const WITH_XHIGH: &[Effort] = &[Effort::None, Low, Medium, High, XHigh, Max];

const NEWEST_CLAUDE: Claude = Claude {
    thinking: Thinking::Always,
    sampling: Sampling::No,
    efforts: &[Low, Medium, High, XHigh, Max],
    may_be_forced: false,
    knows_schemas: true,
};

/// Those that think by a budget.
const BUDGET: Claude = Claude {
    thinking: Thinking::Budget,
    sampling: Sampling::OneOfTwo,
    efforts: &Effort::ALL,
    may_be_forced: true,
    knows_schemas: false,
};

/// The first row that has a part of the id counts.
const CLAUDES: &[(&[&str], Claude)] = &[
    (
        &[
            "claude-2",
            "claude-instant",
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
    (&["opus-5-5", "fable-5-1"], NEWEST_CLAUDE),
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
            knows_schemas: true,
            ..BUDGET
        },
    ),
    (
        &["opus-4-5", "sonnet-4-5", "haiku-4-5"],
        Claude {
            knows_schemas: true,
            ..BUDGET
        },
    ),
    (&["claude-3-7", "opus-4", "sonnet-4", "haiku-4"], BUDGET),
];

/// The rules for a Claude, an unknown one being judged like the newest; and for whoever else speaks this
/// format, which they learned in its older days.
pub(super) fn claude(id: &str) -> Claude {
    let row = CLAUDES
        .iter()
        .find(|(parts, _)| parts.iter().any(|part| id.contains(part)));
    match row {
        Some((_, rules)) => *rules,
        None if id.contains("claude") => NEWEST_CLAUDE,
        None => Claude {
            sampling: Sampling::Yes,
            ..BUDGET
        },
    }
}

/// Tokens for thinking where a number is wanted.
pub(super) fn claude_budget(effort: Effort) -> u32 {
    match effort {
        Effort::None => 0,
        Minimal => 1_024,
        Low => 2_048,
        Medium => 8_192,
        High => 16_384,
        XHigh => 24_576,
        Max => 32_000,
    }
}

/// Takes the largest effort whose tokens leave `answer` of so many tokens for the answer, and says so if it is less
/// than was wanted; the least one if none does.
pub(super) fn think_within(
    chat: &mut ChatRequest,
    limit: u32,
    answer: u32,
    tokens: impl Fn(Effort) -> u32,
) -> Option<String> {
    let wanted = chat.effort?;
    let most = limit.saturating_sub(answer);
    let fits = |effort: &Effort| *effort <= wanted && tokens(*effort) <= most;
    let fitting = Effort::ALL.into_iter().rev().find(fits);
    let effort = fitting.unwrap_or(Effort::None);
    chat.effort = Some(effort);
    (effort != wanted).then(|| {
        format!(
            "reasoning_effort is {}, not {}: of max_tokens {limit}, {} would be for reasoning",
            effort.as_str(),
            wanted.as_str(),
            tokens(wanted)
        )
    })
}

/// How a Gemini is told how much to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GeminiThinking {
    /// It does not think.
    Never,
    /// By a number of tokens.
    Budget(u32),
    /// By a word.
    Level(&'static str),
}

/// What to send to a Gemini for this effort.
pub(super) fn gemini(id: &str, effort: Effort) -> GeminiThinking {
    let Some(rest) = id.strip_prefix("gemini-") else {
        return GeminiThinking::Never;
    };
    let is = |word: &str| rest.split('-').any(|part| part == word);
    match version(rest) {
        Some(version) if version < (2, 5) => GeminiThinking::Never,
        Some((2, _)) => GeminiThinking::Budget(match effort {
            Effort::None if is("pro") => 128,
            Effort::None => 0,
            Minimal => 1_024,
            Low => 2_048,
            Medium => 8_192,
            XHigh | Max if is("pro") => 32_768,
            High | XHigh | Max => 24_576,
        }),
        version => GeminiThinking::Level(match effort {
            Effort::None | Minimal if is("pro") => "LOW",
            Effort::None | Minimal => "MINIMAL",
            Low => "LOW",
            // The first preview of 3 Pro knows two levels only.
            Medium if is("pro") && version == Some((3, 0)) => "HIGH",
            Medium => "MEDIUM",
            High | XHigh | Max => "HIGH",
        }),
    }
}

/// `(5, 6)` of `5.6-terra`, `(4, 0)` of `4o`.
fn version(text: &str) -> Option<(u32, u32)> {
    let number = |text: &str| -> Option<u32> {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text.get(..end)?.parse().ok()
    };
    let major = number(text)?;
    let minor = text.split('-').next()?.split_once('.');
    Some((
        major,
        minor.and_then(|(_, minor)| number(minor)).unwrap_or(0),
    ))
}

/// The nearest of the allowed efforts. Between two of them: the larger one, above `high` the smaller
/// one.
pub(super) fn nearest(wanted: Effort, allowed: &[Effort]) -> Option<Effort> {
    allowed.iter().copied().min_by_key(|&effort| {
        let (wanted, effort) = (wanted as i8, effort as i8);
        let is_preferred = if wanted > High as i8 {
            effort <= wanted
        } else {
            effort >= wanted
        };
        ((effort - wanted).abs(), !is_preferred)
    })
}

/// Takes out of a request what these rules do not allow, and says so.
pub(super) fn apply(
    chat: &mut ChatRequest,
    sampling: Sampling,
    efforts: &[Effort],
    warnings: &mut Vec<String>,
) {
    if let Some(wanted) = chat.effort {
        chat.effort = nearest(wanted, efforts);
        match chat.effort {
            None => warnings.push(left_out("reasoning_effort", &chat.model)),
            Some(effort) if effort != wanted => warnings.push(format!(
                "reasoning_effort is {}: {} does not know {}",
                effort.as_str(),
                chat.model,
                wanted.as_str()
            )),
            Some(_) => {}
        }
    }
    let may_sample = match sampling {
        Sampling::Yes | Sampling::OneOfTwo => true,
        Sampling::Unreasoned => chat.effort.is_none_or(|effort| effort == Effort::None),
        Sampling::EffortNone => chat.effort == Some(Effort::None),
        Sampling::No => false,
    };
    if !may_sample && chat.temperature.take().is_some() {
        warnings.push(left_out("temperature", &chat.model));
    }
    if !may_sample && chat.top_p.take().is_some() {
        warnings.push(left_out("top_p", &chat.model));
    }
    if sampling == Sampling::OneOfTwo && chat.temperature.is_some() && chat.top_p.take().is_some() {
        warnings.push(format!(
            "top_p was left out: {} takes temperature or top_p, not both",
            chat.model
        ));
    }
}

/// Takes `seed` out of a request.
pub(super) fn without_seed(chat: &mut ChatRequest, warnings: &mut Vec<String>) {
    if chat.seed.take().is_some() {
        warnings.push(left_out("seed", &chat.model));
    }
}

/// Takes `stop` out of a request.
pub(super) fn without_stop(chat: &mut ChatRequest, warnings: &mut Vec<String>) {
    if !chat.stop.is_empty() {
        chat.stop.clear();
        warnings.push(left_out("stop", &chat.model));
    }
}

/// What to say of an argument that a model does not take.
pub(super) fn left_out(argument: &str, model: &str) -> String {
    format!("{argument} was left out: {model} does not take it")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
