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

#[test]
fn claude_generations() {
    use Thinking::{Always, Budget, ByDefault, Never, OnDemand};
    for (id, thinking, sampling, may_be_forced, knows_schemas) in [
        ("claude-3-5-haiku-latest", Never, Sampling::Yes, true, false),
        (
            "claude-3-7-sonnet-20250219",
            Budget,
            Sampling::OneOfTwo,
            true,
            false,
        ),
        (
            "claude-sonnet-4-20250514",
            Budget,
            Sampling::OneOfTwo,
            true,
            false,
        ),
        ("claude-haiku-4-5", Budget, Sampling::OneOfTwo, true, true),
        ("claude-opus-4-5", Budget, Sampling::OneOfTwo, true, true),
        (
            "claude-sonnet-4-6",
            OnDemand,
            Sampling::OneOfTwo,
            true,
            true,
        ),
        ("claude-opus-4-8", OnDemand, Sampling::No, true, true),
        ("claude-sonnet-5", ByDefault, Sampling::No, true, true),
        ("claude-opus-5", ByDefault, Sampling::No, true, true),
        ("claude-opus-5-5", Always, Sampling::No, false, true),
        ("claude-fable-5", Always, Sampling::No, true, true),
        ("claude-fable-5-1", Always, Sampling::No, false, true),
        ("claude-next-6", Always, Sampling::No, false, true),
        ("kimi-k3", Budget, Sampling::Yes, true, false),
    ] {
        let rules = claude(id);
        assert_eq!(
            (rules.thinking, rules.sampling),
            (thinking, sampling),
            "{id}"
        );
        let known = (rules.may_be_forced, rules.knows_schemas);
        assert_eq!(known, (may_be_forced, knows_schemas), "{id}");
    }
}

#[test]
fn gemini_words_and_budgets() {
    use GeminiThinking::{Budget, Level};
    for (id, effort, expected) in [
        ("gemini-2.0-flash", High, GeminiThinking::Never),
        ("gemma-4", High, GeminiThinking::Never),
        ("gemini-2.5-flash", Effort::None, Budget(0)),
        ("gemini-2.5-pro", Effort::None, Budget(128)),
        ("gemini-2.5-flash", Max, Budget(24_576)),
        ("gemini-2.5-pro", Max, Budget(32_768)),
        ("gemini-3.5-flash", Effort::None, Level("MINIMAL")),
        ("gemini-3.5-pro", Minimal, Level("LOW")),
        ("gemini-3-pro-preview", Medium, Level("HIGH")),
        ("gemini-3.1-pro", Medium, Level("MEDIUM")),
        ("gemini-flash-latest", Max, Level("HIGH")),
    ] {
        assert_eq!(gemini(id, effort), expected, "{id} {effort:?}");
    }
}

#[test]
fn the_nearest_effort() {
    for (wanted, allowed, expected) in [
        (Effort::None, &[Minimal, Low][..], Some(Minimal)),
        (Effort::None, &[Low, Medium], Some(Low)),
        (Minimal, &[Effort::None, Low, Medium], Some(Low)),
        (Medium, &[Low, High], Some(High)),
        (XHigh, &[Low, High, Max], Some(High)),
        (Max, &[Low, Medium, High], Some(High)),
        (Max, &[High, XHigh], Some(XHigh)),
        (High, &[], None),
    ] {
        assert_eq!(nearest(wanted, allowed), expected, "{wanted:?} {allowed:?}");
    }
}
