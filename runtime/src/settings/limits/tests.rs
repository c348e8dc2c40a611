use super::*;

fn list(items: &[&str], place: &str) -> List {
    let items = items.iter().map(|item| (*item).to_owned()).collect();
    let place = place.to_owned();
    List { items, place }
}

#[test]
fn models_are_named_with_or_without_their_provider_and_deny_beats_allow() {
    let limits = Limits {
        allow_models: Some(Patterns::allowed(list(&["GPT-*", "gemini/*"], "A"))),
        deny_models: Some(Patterns::denied(list(&["*-pro", "openai/gpt-4o"], "D"))),
        ..Limits::default()
    };
    for (provider, model, refusal) in [
        ("openai", "gpt-5", None),
        ("openai", "Gpt-4O ", Some("denied by D")),
        ("azure", "gpt-4o", None),
        ("openai", "gpt-5-pro", Some("denied by D")),
        ("google", "gemini-x", None),
        ("google", "models/gemini-x-PRO", Some("denied by D")),
        ("anthropic", "claude", Some("not allowed by A")),
        // What a gateway of gateways calls Google's model is no less one.
        ("openrouter", "google/x", None),
    ] {
        let found = limits.refusal(provider, model);
        assert_eq!(found.as_deref(), refusal, "{provider} {model}");
    }
    assert_eq!(Limits::default().refusal("a", "b"), None);
}

#[test]
fn a_denied_model_is_denied_by_every_spelling_and_an_allowed_one_by_none_but_its_own() {
    let denied = |pattern: &str, provider: &str, model: &str| {
        let limits = Limits {
            deny_models: Some(Patterns::denied(list(&[pattern], "D"))),
            ..Limits::default()
        };
        limits.refusal(provider, model).is_some()
    };
    for (pattern, provider, model, expected) in [
        ("gpt-5-pro", "openai", "gpt-5-pro", true),
        ("gpt-5-pro", "openai", "models/GPT-5-Pro", true),
        ("gpt-5-pro", "openai", "openai/gpt-5-pro", true),
        ("gpt-5-pro", "openai", "gpt-5-pro-2025-10-06", true),
        ("gpt-5-pro", "openrouter", "openai/gpt-5-pro:nitro", true),
        ("gpt-5-pro-2025-10-06", "openai", "gpt-5-pro", true),
        (
            "openai/gpt-5-pro",
            "openrouter",
            "openai/gpt-5-pro-2025-10-06:free",
            true,
        ),
        ("openai/gpt-5-pro", "azure", "gpt-5-pro", false),
        ("gpt-5", "openai", "gpt-5-mini", false),
        ("gpt-5", "openai", "gpt-5-nano-2025-08-07", false),
        ("gpt-5", "openai", "gpt-5-pro", false),
        ("gpt-5", "openai", "gpt-5.2", false),
        ("gpt-5-mini", "openai", "gpt-5", false),
        ("gpt-*-pro", "openrouter", "openai/gpt-5.2-pro:free", true),
        ("gpt-*-pro", "openrouter", "openai/gpt-5.2-pro-x", false),
        ("*-latest", "mistral", "mistral-large-latest", true),
        ("*-latest", "mistral", "mistral-large", false),
        ("*:free", "openrouter", "deepseek/x:free", true),
        // Perplexity chooses the model of a preset.
        ("gpt-5", "perplexity", "fast", true),
        ("gpt-5", "perplexity", "openai/gpt-5", true),
        ("gpt-5", "perplexity", "openai/gpt-5-mini", false),
        ("gpt-5", "perplexity", "sonar", false),
        ("perplexity/sonar", "perplexity", "sonar", true),
        ("perplexity/sonar", "perplexity", "perplexity/sonar", true),
        ("*:free", "openrouter", "deepseek/x", false),
        (
            "claude-sonnet-4-5",
            "team",
            "anthropic/claude-sonnet-4.5",
            true,
        ),
        (
            "claude-sonnet-4-5",
            "team",
            "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            true,
        ),
        (
            "claude-sonnet-4-5",
            "vertex",
            "claude-sonnet-4-5@20250929",
            true,
        ),
        ("claude-sonnet-4-5", "team", "claude-sonnet-4", false),
        ("claude-*", "openrouter", "anthropic/claude-x", true),
        ("anthropic/*", "anthropic", "claude-x", true),
        ("anthropic/*", "openrouter", "anthropic/claude-x", true),
        ("anthropic/*", "team", "us.anthropic.claude-x-v1:0", true),
        ("anthropic/*", "openrouter", "openai/gpt-5", false),
        ("grok/*", "openrouter", "x-ai/grok-4", true),
        (
            "openrouter/anthropic/*",
            "openrouter",
            "anthropic/claude-x",
            true,
        ),
        ("openrouter/anthropic/*", "anthropic", "claude-x", false),
        (
            "openrouter/*/gpt-5-pro",
            "openrouter",
            "openai/gpt-5-pro:nitro",
            true,
        ),
        (
            "gemini-2.5-pro",
            "google",
            "models/gemini-2.5-pro-preview-05-06",
            true,
        ),
        ("gemini-2.0-flash", "google", "gemini-2.0-flash-001", true),
        ("gemini-2.5-pro", "google", "gemini-2.5-flash", false),
        ("qwen3", "ollama", "qwen3:8b", true),
        ("qwen3:8b", "ollama", "qwen3:8b", true),
        ("qwen3:8b", "ollama", "qwen3:70b", false),
        ("qwen3:8b", "ollama", "qwen3", false),
        ("kimi-k2", "moonshot", "kimi-k2-0905-preview", true),
    ] {
        assert_eq!(
            denied(pattern, provider, model),
            expected,
            "{pattern} {provider} {model}"
        );
    }
    let limits = Limits {
        allow_models: Some(Patterns::allowed(list(&["gpt-5-pro"], "A"))),
        ..Limits::default()
    };
    assert_eq!(limits.refusal("openai", "gpt-5-pro"), None);
    for model in [
        "gpt-5-pro-2025-10-06",
        "openai/gpt-5-pro",
        "gpt-5-pro:nitro",
    ] {
        assert!(limits.refusal("openai", model).is_some(), "{model}");
    }
}
