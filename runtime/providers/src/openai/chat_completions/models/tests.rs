use serde_json::{Value, json};

use super::*;
use crate::Capability::{Chat, Embeddings, Images, Json, Reasoning, Tools, Vision};
use crate::openai::chat_completions::tests::MODELS;
use crate::openai::chat_completions::*;
use crate::testing::{known_abilities, named_model, newest};
use crate::*;

#[test]
fn lists_of_texts_and_lists_under_models_are_read() {
    for body in [
        r#"{"data":["a","b"]}"#,
        r#"{"models":["a","b"]}"#,
        r#"["a","b"]"#,
        r#"{"models":[{"name":"x","model":"a"},{"name":"y","model":"b"}]}"#,
        r#"{"models":[{"name":"x"}],"data":[{"id":"a"},{"id":"b"}]}"#,
    ] {
        let page = PLAIN.models_page(body.as_bytes()).unwrap();
        let ids: Vec<&str> = page.models.iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"], "{body}");
    }
}

#[test]
fn model_lists() {
    assert_eq!(PLAIN.models(None).path, "/models");
    let page = PLAIN.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!((page.models.len(), page.next.as_deref()), (9, None));
    assert_eq!(
        page.models[0],
        Model {
            id: "vendor/large".into(),
            display_name: Some("Vendor: Large".into()),
            created: Some(30),
            input_token_limit: Some(131_072),
            output_token_limit: Some(8192),
            can: page.models[0].can,
            input_modalities: vec!["text".into()],
            output_modalities: vec!["text".into()],
            price: Some(Price {
                input: "0.000001".into(),
                output: "0.000002".into(),
                ..Price::default()
            }),
            ..Model::default()
        }
    );
    let limits = |at: usize| {
        let model = &page.models[at];
        (model.input_token_limit, model.output_token_limit)
    };
    assert_eq!(limits(1), (Some(4096), None));
    assert_eq!(limits(2), (Some(1000), Some(100)));
    assert_eq!(limits(5), (Some(7), None));
    let chat: Vec<&str> = page
        .models
        .iter()
        .filter(|model| model.may_chat())
        .map(|model| &*model.id)
        .collect();
    assert_eq!(
        chat,
        [
            "vendor/large",
            "vendor/large:free",
            "vendor/large-pro",
            "small"
        ]
    );
    let small = page.models.last().unwrap();
    assert_eq!((small.created, &small.display_name), (None, &None));

    let bare = MODELS.split_once("\"data\":").unwrap().1;
    let bare = bare.strip_suffix('}').unwrap();
    assert_eq!(PLAIN.models_page(bare.as_bytes()).unwrap(), page);
    assert_eq!(
        PLAIN
            .models_page(br#"{"object":"list","data":null}"#)
            .unwrap(),
        ModelPage::default()
    );
    for body in ["", "<html>", "{\"data\":7}"] {
        let failure = PLAIN.models_page(body.as_bytes()).unwrap_err();
        assert_eq!(failure.class, ErrorKind::Unavailable, "{body}");
    }
}

#[test]
fn newest_models() {
    let of = |service: &ChatCompletions, entries: &[(&str, Option<i64>)]| {
        let data: Vec<_> = entries
            .iter()
            .map(|(id, created)| json!({"id": id, "created": created}))
            .collect();
        newest(service, &json!({"data": data}).to_string()).unwrap_or_default()
    };
    assert_eq!(newest(&PLAIN, MODELS).unwrap(), "vendor/large");
    assert_eq!(of(&PLAIN, &[]), "");
    assert_eq!(of(&PLAIN, &[("nomic-embed-text:latest", Some(9))]), "");
    assert_eq!(
        of(
            &PLAIN,
            &[("ai/smollm2:latest", Some(1)), ("ai/qwen3:8b", Some(2))]
        ),
        "ai/qwen3:8b"
    );
    // Without dates the order of the list counts, and something is better than nothing.
    assert_eq!(of(&PLAIN, &[("a", None), ("b", None)]), "a");
    assert_eq!(
        of(&PLAIN, &[("a-pro", Some(1)), ("b-preview", Some(2))]),
        "b-preview"
    );
    let usual = ChatCompletions {
        newest: Newest::ByDate("a/auto"),
        ..PLAIN
    };
    assert_eq!(
        of(&usual, &[("b/x", Some(2)), ("a/auto", Some(1))]),
        "a/auto"
    );
    assert_eq!(of(&usual, &[("b/x", Some(2))]), "b/x");
    let gpt = [("gpt-5", Some(5)), ("other", Some(99))];
    let unknown = ChatCompletions {
        newest: Newest::Unknown,
        ..PLAIN
    };
    assert_eq!(of(&unknown, &gpt), "");
}

#[test]
fn other_lists_say_it_each_in_its_own_way() {
    let of = |entry: Value| {
        let mut model = named_model(entry["id"].as_str().unwrap_or_default(), true);
        set_abilities(&mut model, &entry);
        model
    };
    let openrouter = of(json!({"id": "a/b",
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "supported_parameters": ["tools", "reasoning", "seed"],
        "reasoning": {"supported_efforts": ["high", "low", "odd"]},
        "pricing": {"prompt": "0.000001", "completion": "0.000002"}, "expiration_date": "2027-01-01"}));
    assert_eq!(
        known_abilities(&openrouter),
        (
            vec![Chat, Vision, Tools, Reasoning],
            vec![Embeddings, Images, Json]
        )
    );
    assert_eq!(
        openrouter.efforts,
        [ReasoningEffort::Low, ReasoningEffort::High]
    );
    assert_eq!(
        openrouter.price,
        Some(Price {
            input: "0.000001".into(),
            output: "0.000002".into(),
            ..Price::default()
        })
    );
    assert_eq!(openrouter.retires.as_deref(), Some("2027-01-01"));
    let mistral = of(
        json!({"id": "m", "capabilities": {"function_calling": true, "vision": false},
        "deprecation": null, "pricing": {"prompt": 1, "completion": 2}}),
    );
    assert_eq!(known_abilities(&mistral), (vec![Chat, Tools], vec![Vision]));
    assert_eq!((mistral.price, mistral.retires), (None, None));
    let together = of(json!({"id": "x", "type": "embedding"}));
    assert_eq!(
        known_abilities(&together),
        (vec![Chat, Embeddings], vec![Images])
    );
    let fireworks = of(json!({"id": "f", "supports_tools": true, "supports_image_input": false}));
    assert_eq!(
        known_abilities(&fireworks),
        (vec![Chat, Tools], vec![Vision])
    );
    assert_eq!(
        known_abilities(&of(json!({"id": "plain"}))),
        (vec![Chat], vec![])
    );
    assert_eq!(
        known_abilities(&of(json!({"id": "nomic-embed-text"}))),
        (vec![Chat, Embeddings], vec![])
    );
}
