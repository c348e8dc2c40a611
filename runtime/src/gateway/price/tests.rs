use super::*;
use crate::settings::Environment;

#[test]
fn a_model_and_its_snapshots_have_a_price_and_nothing_else_has() {
    let prices = |model: &str| listed(model).map(|price| (price.input, price.output));
    for (model, expected) in [
        ("gpt-4.1", Some((2.0, 8.0))),
        ("GPT-4.1-2025-04-14", Some((2.0, 8.0))),
        ("gpt-4o-2024-05-13", Some((5.0, 15.0))),
        ("gpt-4o-2024-08-06", Some((2.5, 10.0))),
        ("claude-sonnet-4-5-20250929", Some((3.0, 15.0))),
        ("claude-haiku-4-5-20251001", Some((1.0, 5.0))),
        ("models/gemini-2.5-pro", Some((1.25, 10.0))),
        ("gpt-4.1-turbo", None),
        ("gpt-4.10", None),
        ("gpt-4.1-2025", None),
        ("gpt-4.1-99990414", None),
        ("gpt-5.7", None),
        ("claude-sonnet-5-5", None),
        ("ft:gpt-4.1", None),
        ("20250929", None),
        ("-20250929", None),
        ("", None),
    ] {
        assert_eq!(prices(model), expected, "{model}");
    }
}

#[test]
fn rows_are_in_the_table_once_and_plausible() {
    for (position, row) in TABLE.iter().enumerate() {
        let &(id, input, cached, output, _) = row;
        assert!(input > 0.0 && cached < input && output > input, "{id}");
        assert!(TABLE[..position].iter().all(|other| other.0 != id), "{id}");
    }
}

#[test]
fn cached_written_and_long_input_have_prices_of_their_own() {
    let usage = |input, cached, written, output| Usage {
        input_tokens: input,
        cached_input_tokens: cached,
        cache_write_tokens: written,
        output_tokens: output,
        ..Usage::default()
    };
    let cost = |model, usage| of_usage(&listed(model).unwrap(), &usage);
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
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).into())
        };
        Settings::load(Environment::new(&lookup).with_secrets("/nowhere")).unwrap()
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
