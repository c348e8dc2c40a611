use super::*;
use crate::settings::Environment;

#[test]
fn cached_written_and_long_input_have_prices_of_their_own() {
    let usage = |input, cached, written, output| Usage {
        input_tokens: input,
        cached_input_tokens: cached,
        cache_write_tokens: written,
        output_tokens: output,
        ..Usage::default()
    };
    let cost = |model, usage| of_usage(&list_price(model).unwrap(), &usage);
    for (model, usage, expected) in [
        (
            "gpt-4.1",
            usage(Some(1_000), None, None, Some(500)),
            Some(0.006),
        ),
        (
            "gpt-4.1",
            usage(Some(1_000), Some(1_000), None, Some(0)),
            Some(0.000_5),
        ),
        (
            "gpt-4o-2024-05-13",
            usage(Some(100), Some(100), None, Some(0)),
            Some(0.000_5),
        ),
        (
            "claude-sonnet-4-5",
            usage(Some(1_000), Some(200), Some(400), Some(0)),
            Some(0.002_76),
        ),
        (
            "gpt-5.2",
            usage(Some(1_000), None, Some(1_000), Some(0)),
            Some(0.001_75),
        ),
        // Above 200,000 tokens: 6 and 22.5 for a million.
        (
            "claude-sonnet-4-5",
            usage(Some(300_000), None, None, Some(1_000)),
            Some(1.822_5),
        ),
        ("gpt-4.1", usage(None, None, None, Some(500)), None),
        ("gpt-4.1", usage(Some(5), None, None, None), None),
    ] {
        assert_eq!(cost(model, usage), expected, "{model} {usage:?}");
    }
}

/// A proxy may charge what it wants, and what runs here costs nothing that anybody has published.
#[test]
fn published_prices_hold_for_the_providers_own_addresses_only() {
    let load = |variables: &[(&str, &str)]| {
        Settings::load(
            Environment::new(variables.iter().copied()).with_secrets("/nowhere"),
            &[],
        )
        .unwrap()
    };
    let has_price = |settings: &Settings, id: &str| {
        let provider = position(&settings.providers, id).unwrap();
        known(settings, provider, "gpt-4.1").is_some()
    };
    let own = load(&[("OPENAI_API_KEY", "a-1"), ("DEFAULT_PROVIDER", "mock")]);
    let states = ["openai", "openrouter", "ollama", "mock"].map(|id| has_price(&own, id));
    assert_eq!(states, [true, false, false, false]);
    let other = load(&[
        ("OPENAI_BASE_URL", "https://llm.example/v1"),
        ("OPENAI_API_KEY", "a-1"),
    ]);
    assert!(!has_price(&other, "openai"));
}
