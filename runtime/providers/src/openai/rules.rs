//! What each family of OpenAI's models accepts, as data. An unknown id is treated like the newest of its vendor, or has
//! no rules. Source: <https://platform.openai.com/docs/guides/reasoning>.
//!
//! Never here: field names, or what a provider has refused (`parameter`).

use crate::ReasoningEffort::{self, High, Low, Max, Medium, Minimal, XHigh};
use crate::adapt::{Sampling, version};
use crate::vendor::begins;

/// A family of OpenAI's models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenAi {
    pub(super) sampling: Sampling,
    /// Empty if it does not reason.
    pub(super) efforts: &'static [ReasoningEffort],
}

/// Each row holds from its version on, newest first; the first row also for all newer versions.
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
            efforts: &[ReasoningEffort::None, Low, Medium, High, XHigh, Max],
        },
    ),
    (
        (5, 2),
        OpenAi {
            sampling: Sampling::Unreasoned,
            efforts: &[ReasoningEffort::None, Low, Medium, High, XHigh],
        },
    ),
    (
        (5, 1),
        OpenAi {
            sampling: Sampling::Unreasoned,
            efforts: &[ReasoningEffort::None, Low, Medium, High],
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

const REASONING: OpenAi = OpenAi {
    sampling: Sampling::No,
    efforts: &[Low, Medium, High],
};

/// Efforts of the `pro` variants.
const PRO: &[ReasoningEffort] = &[Medium, High, XHigh];

/// The rules for one of OpenAI's ids; none for other ids.
pub(super) fn openai(id: &str) -> Option<OpenAi> {
    let id = id.strip_prefix("ft:").unwrap_or(id);
    if id.starts_with("chatgpt-") || id.contains("chat-latest") {
        return Some(PLAIN);
    }
    if is_o_series(id) {
        return Some(REASONING);
    }
    let version = version(id.strip_prefix("gpt-")?)?;
    let (_, rules) = GPT.iter().find(|(from, _)| version >= *from)?;
    let is_pro = !rules.efforts.is_empty() && id.split('-').any(|word| word == "pro");
    Some(OpenAi {
        efforts: if is_pro { PRO } else { rules.efforts },
        ..*rules
    })
}

/// How ids such as `o3` and `o4-mini` begin (see [`begins`]).
pub(super) const O_SERIES: &str = "o#";

pub(super) fn is_o_series(id: &str) -> bool {
    begins(id, O_SERIES)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn openai_families() {
        use Sampling::{EffortNone, No, Unreasoned, Yes};
        for (id, sampling, efforts) in [
            ("gpt-4.1", Yes, ""),
            ("gpt-4o-mini", Yes, ""),
            ("gpt-3.5-turbo", Yes, ""),
            ("chatgpt-4o-latest", Yes, ""),
            ("gpt-5-chat-latest", Yes, ""),
            ("ft:gpt-4o:me", Yes, ""),
            ("o1", No, "low medium high"),
            ("o4-mini", No, "low medium high"),
            ("gpt-5", No, "minimal low medium high"),
            ("gpt-5-nano-2025-08-07", No, "minimal low medium high"),
            ("gpt-5.1", Unreasoned, "none low medium high"),
            ("gpt-5.4-mini", Unreasoned, "none low medium high xhigh"),
            ("gpt-5.4-pro", Unreasoned, "medium high xhigh"),
            (
                "gpt-5.6-terra",
                EffortNone,
                "none low medium high xhigh max",
            ),
            ("gpt-5.9", EffortNone, "none low medium high xhigh max"),
            ("gpt-6-sol", No, "low medium high xhigh max"),
            ("gpt-7.2", No, "low medium high xhigh max"),
        ] {
            let rules = openai(id).unwrap();
            let words: Vec<&str> = rules.efforts.iter().map(|e| e.as_str()).collect();
            assert_eq!(
                (rules.sampling, words.join(" ").as_str()),
                (sampling, efforts),
                "{id}"
            );
        }
        for id in ["llama-4", "ollama", "gpt-oss:20b", "", "gpt-"] {
            assert_eq!(openai(id), None, "{id}");
        }
    }

    /// The ids are those of `ChatModel` in version 3.57.0 of the package `openai`, without their dated snapshots.
    #[test]
    fn a_row_holds_from_its_number_up_to_the_next() {
        for (ids, from) in [
            (
                "gpt-6-astra gpt-6.2-astra gpt-6.1-sol gpt-6.2-sol gpt-6.1-terra",
                (6, 0),
            ),
            ("gpt-6-sol gpt-6-luna gpt-6.10-x", (6, 0)),
            ("gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna gpt-5.10", (5, 6)),
            (
                "gpt-5.5 gpt-5.5-2026-04-23 gpt-5.4 gpt-5.4-mini gpt-5.4-nano gpt-5.2",
                (5, 2),
            ),
            (
                "gpt-5.1 gpt-5.1-2025-11-13 gpt-5.1-codex gpt-5.1-mini",
                (5, 1),
            ),
            ("gpt-5 gpt-5-mini gpt-5-nano gpt-5-2025-08-07", (5, 0)),
            (
                "gpt-4.1 gpt-4.1-mini gpt-4.1-nano gpt-4o gpt-4o-2024-05-13 gpt-4o-audio-preview",
                (0, 0),
            ),
            (
                "gpt-4o-mini-search-preview gpt-4o-mini gpt-4-turbo gpt-4-0125-preview gpt-4",
                (0, 0),
            ),
            (
                "gpt-4-0613 gpt-4-32k-0314 gpt-3.5-turbo gpt-3.5-turbo-16k-0613",
                (0, 0),
            ),
        ] {
            let (_, rules) = GPT.iter().find(|(version, _)| *version == from).unwrap();
            for id in ids.split(' ') {
                assert_eq!(openai(id), Some(*rules), "{id}");
            }
        }
        for id in [
            "gpt-5.3-chat-latest",
            "gpt-5.2-chat-latest",
            "chatgpt-4o-latest",
        ] {
            assert_eq!(openai(id), Some(PLAIN), "{id}");
        }
        for id in [
            "o4-mini",
            "o3",
            "o3-mini",
            "o1",
            "o1-2024-12-17",
            "o1-preview",
            "o1-mini",
        ] {
            assert_eq!(openai(id), Some(REASONING), "{id}");
        }
        for id in ["gpt-audio-mini", "codex-mini-latest"] {
            assert_eq!(openai(id), None, "{id}");
        }
        let pro = OpenAi {
            efforts: PRO,
            ..openai("gpt-5.2").unwrap()
        };
        assert_eq!(openai("gpt-5.2-pro-2025-12-11"), Some(pro));
    }
}
