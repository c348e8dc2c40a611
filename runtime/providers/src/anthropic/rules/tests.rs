use super::*;

#[test]
fn default_limits() {
    for (model, limit) in [
        ("claude-opus-5-5", 16_384),
        ("claude-3-7-sonnet-20250219", 16_384),
        ("claude-3-5-haiku-latest", 8_192),
        ("claude-3-haiku-20240307", 4_096),
        ("claude-haiku-4-5", 16_384),
    ] {
        assert_eq!(default_max_tokens(model), limit, "{model}");
    }
}

#[test]
fn claude_generations() {
    use Thinking::{Always, Budget, ByDefault, Never, OnDemand};
    for (id, thinking, sampling, may_be_forced, supports_schemas) in [
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
        ("claude-fable-5-2", Always, Sampling::No, false, true),
        ("claude-mythos-5", Always, Sampling::No, true, true),
        ("claude-mythos-5-1", Always, Sampling::No, false, true),
        (
            "claude-mythos-5-2-20261101",
            Always,
            Sampling::No,
            false,
            true,
        ),
        (
            "claude-opus-5-20260901",
            ByDefault,
            Sampling::No,
            true,
            true,
        ),
        (
            "anthropic.claude-opus-4-1-20250805-v1:0",
            Budget,
            Sampling::OneOfTwo,
            true,
            false,
        ),
        (
            "anthropic/claude-sonnet-4.6",
            OnDemand,
            Sampling::OneOfTwo,
            true,
            true,
        ),
        (
            "claude-sonnet-4@20250514",
            Budget,
            Sampling::OneOfTwo,
            true,
            false,
        ),
        (
            "claude-3-5-sonnet-20241022",
            Never,
            Sampling::Yes,
            true,
            false,
        ),
        // Unknown numbers.
        ("claude-opus-4-9", Always, Sampling::No, false, true),
        ("claude-sonnet-5-7", Always, Sampling::No, false, true),
        ("claude-opus-55", Always, Sampling::No, false, true),
        ("claude-next-6", Always, Sampling::No, false, true),
        ("kimi-k3", Budget, Sampling::Yes, true, false),
    ] {
        let rules = claude(id);
        assert_eq!(
            (rules.thinking, rules.sampling),
            (thinking, sampling),
            "{id}"
        );
        let known = (rules.may_be_forced, rules.supports_schemas);
        assert_eq!(known, (may_be_forced, supports_schemas), "{id}");
    }
}
