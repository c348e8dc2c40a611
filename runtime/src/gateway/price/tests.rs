use anygpt_providers::{
    Codec, Facts, anthropic::Messages, google::GenerateContent, openai, sse::Event,
};

use super::*;
use crate::settings::Environment;

fn load(variables: &[(&str, &str)]) -> Settings {
    let variables = variables.iter().copied();
    Settings::load(Environment::new(variables).with_secrets("/nowhere"), &[]).unwrap()
}

/// The usage that a codec reads in a stream of these events.
fn usage(codec: &dyn Codec, events: &[&str]) -> Usage {
    let mut answer = Answer::default();
    let mut reader = codec.reader(false);
    for data in events {
        let event = Event { name: "", data };
        reader.event(&event, &mut answer).unwrap();
    }
    answer.usage
}

/// What a model costs by the table.
fn cost(provider: &str, model: &str, usage: &Usage) -> Option<f64> {
    let facts = Facts::default();
    let row = facts.row(provider, model).unwrap();
    of_usage(&row.price(facts.day()).unwrap(), usage)
}

#[test]
fn each_part_of_the_usage_has_its_price() {
    let responses = &openai::Responses;
    let chat = &openai::chat_completions::PLAIN;
    for (provider, model, codec, events, expected) in [
        // 1,000 fresh at 2, 2,000 cached at 0.1, 500 written at 2.5, 800 of output (700 of them reasoning) at 10.
        (
            "openai",
            "gpt-6.1-sol",
            responses as &dyn Codec,
            &[
                r#"{"type":"response.completed","response":{"status":"completed","service_tier":"default","output":[],"usage":{
                "input_tokens":3500,"input_tokens_details":{"cached_tokens":2000,"cache_write_tokens":500},"output_tokens":800,
                "output_tokens_details":{"reasoning_tokens":700},"total_tokens":4300}}}"#,
            ][..],
            Some(0.002 + 0.000_2 + 0.001_25 + 0.008),
        ),
        // Above 272,000 tokens: 8 and 30 for a million.
        (
            "openai",
            "gpt-5.6",
            responses,
            &[
                r#"{"type":"response.completed","response":{"status":"completed","output":[],"usage":{
                "input_tokens":300000,"output_tokens":1000,"total_tokens":301000}}}"#,
            ],
            Some(2.4 + 0.03),
        ),
        // Two searches at 10 for a thousand; one page was opened.
        (
            "openai",
            "gpt-6.1-sol",
            responses,
            &[
                r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"web_search_call","action":{"type":"search"}}}"#,
                r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"web_search_call","action":{"type":"open_page"}}}"#,
                r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"web_search_call"}}"#,
                r#"{"type":"response.completed","response":{"status":"completed","output":[],"usage":{"input_tokens":1000,"output_tokens":100}}}"#,
            ],
            Some(0.002 + 0.001 + 0.02),
        ),
        // A tier of which the row has no price.
        (
            "openai",
            "gpt-6.1-sol",
            responses,
            &[
                r#"{"type":"response.completed","response":{"status":"completed","service_tier":"warp","output":[],"usage":{"input_tokens":1000,"output_tokens":100}}}"#,
            ],
            None,
        ),
        // Priority is 1.75 times as much.
        (
            "openai",
            "gpt-4.1",
            chat,
            &[
                r#"{"choices":[],"service_tier":"priority","usage":{"prompt_tokens":1000,"completion_tokens":100,"prompt_tokens_details":{"cached_tokens":400}}}"#,
            ],
            Some(0.001_2 * 1.75 + 0.000_2 * 1.75 + 0.000_8 * 1.75),
        ),
        // 300 fresh at 2, 200 read at 0.1, 400 written at 2.5, 50 of output at 10, three searches at 10 for a thousand.
        (
            "anthropic",
            "claude-sonnet-5-5",
            &Messages,
            &[
                r#"{"type":"message_start","message":{"usage":{"input_tokens":300,"cache_read_input_tokens":200,"cache_creation_input_tokens":400,"output_tokens":1,"service_tier":"standard"}}}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":50,"server_tool_use":{"web_search_requests":3}}}"#,
            ],
            Some(0.000_6 + 0.000_02 + 0.001 + 0.000_5 + 0.03),
        ),
        (
            "anthropic",
            "claude-sonnet-5-5",
            &Messages,
            &[
                r#"{"type":"message_start","message":{"usage":{"input_tokens":300,"output_tokens":1,"service_tier":"priority"}}}"#,
            ],
            None,
        ),
        (
            "anthropic",
            "claude-sonnet-5-5",
            &Messages,
            &[
                r#"{"type":"message_start","message":{"usage":{"input_tokens":300,"output_tokens":1,"inference_geo":"us"}}}"#,
            ],
            None,
        ),
        // From 100,000 tokens on five times as much: 0.5 and 2.5.
        (
            "anthropic",
            "claude-haiku-5-5",
            &Messages,
            &[
                r#"{"type":"message_start","message":{"usage":{"input_tokens":100001,"output_tokens":1}}}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1000}}"#,
            ],
            Some(0.050_000_5 + 0.002_5),
        ),
        // Thoughts are output: 1,000 at 1.5, 100 + 400 at 7.5; two queries at 14 for a thousand.
        (
            "google",
            "gemini-4-hydrogen",
            &GenerateContent,
            &[
                r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["a","b"]}}],
                "usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":100,"thoughtsTokenCount":400,"totalTokenCount":1500}}"#,
            ],
            Some(0.001_5 + 0.003_75 + 0.028),
        ),
        (
            "openai",
            "gpt-4.1",
            chat,
            &[r#"{"choices":[],"usage":{"prompt_tokens":1000}}"#],
            None,
        ),
        (
            "openai",
            "gpt-4.1",
            chat,
            &[r#"{"choices":[],"usage":{"completion_tokens":1000}}"#],
            None,
        ),
    ] {
        let usage = usage(codec, events);
        let found = cost(provider, model, &usage);
        let is_near = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= expected * 1e-6,
            (found, expected) => found == expected,
        };
        assert!(is_near, "{model} {usage:?}: {found:?}, not {expected:?}");
    }
}

#[test]
fn pictures_and_sound_have_prices_of_their_own() {
    // https://developers.openai.com/api/docs/pricing: 5 of text in, 8 and 32 of pictures; here 40 come out as text.
    let image = Usage {
        input_tokens: Some(1_100),
        image_input_tokens: Some(1_000),
        output_tokens: Some(5_040),
        image_output_tokens: Some(5_000),
        ..Usage::default()
    };
    assert_eq!(
        cost("openai", "chatgpt-image-latest", &image),
        Some(0.168_9)
    );
    let sound = Usage {
        input_tokens: Some(1_000),
        audio_input_tokens: Some(400),
        output_tokens: Some(0),
        ..Usage::default()
    };
    let price = TokenPrice {
        audio_input: Some(10.0),
        ..TokenPrice::new(Rates {
            input: 1.0,
            ..Rates::default()
        })
    };
    assert_eq!(of_usage(&price, &sound), Some(0.004_6));
    assert_eq!(dearest_input(&price, &price.rates, false), 10.0);
}

/// A proxy may charge what it wants; what runs here costs nothing.
#[test]
fn published_prices_hold_for_the_providers_own_addresses_only() {
    let source = |settings: &Settings, id: &str| {
        let provider = position(&settings.providers, id).unwrap();
        facts::price(settings, provider, "gpt-4.1", None).map(|(_, source)| source)
    };
    let own = load(&[("OPENAI_API_KEY", "a-1"), ("DEFAULT_PROVIDER", "mock")]);
    let table = Some(Source::Table(Facts::default().day()));
    let found = ["openai", "openrouter", "ollama", "mock"].map(|id| source(&own, id));
    assert_eq!(found, [table, None, Some(Source::Local), None]);
    let other = load(&[
        ("OPENAI_BASE_URL", "https://llm.example/v1"),
        ("OPENAI_API_KEY", "a-1"),
    ]);
    assert_eq!(source(&other, "openai"), None);
    let same = load(&[
        ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        ("OPENAI_API_KEY", "a-1"),
    ]);
    assert_eq!(source(&same, "openai"), table);
}

#[test]
fn the_model_that_has_answered_is_paid() {
    let settings = load(&[("GOOGLE_API_KEY", "a-1")]);
    let provider = position(&settings.providers, "google");
    let cost = |model: Option<&str>| {
        let answer = Answer {
            model: model.map(str::to_owned),
            usage: Usage {
                input_tokens: Some(1_000_000),
                output_tokens: Some(0),
                ..Usage::default()
            },
            ..Answer::default()
        };
        of_answer(&settings, provider, "gemini-4-hydrogen", &answer, 1, None)
            .unwrap()
            .usd
    };
    assert_eq!(
        [None, Some("nobody"), Some("gemini-3.8-flash")].map(cost),
        [1.5, 1.5, 0.75]
    );
}

/// What the provider says counts before all arithmetic (<https://openrouter.ai/docs/use-cases/usage-accounting>).
#[test]
fn the_provider_s_own_figure_wins() {
    let settings = load(&[("OPENROUTER_API_KEY", "a-1")]);
    let provider = position(&settings.providers, "openrouter");
    let usage = usage(
        &openai::chat_completions::PLAIN,
        &[
            r#"{"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"cost":0.00321}}"#,
        ],
    );
    let answer = Answer {
        usage,
        ..Answer::default()
    };
    let cost = of_answer(&settings, provider, "a/b", &answer, 1, None).unwrap();
    assert_eq!((cost.usd, cost.source), (0.003_21, Source::Provider));
}
