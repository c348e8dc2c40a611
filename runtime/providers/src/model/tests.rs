use serde_json::json;

use super::*;
use Capability::{Chat, Embeddings, Images, Json, Reasoning, Tools, Vision};

fn named(id: &str, chat: bool) -> Model {
    Model {
        id: id.into(),
        chat,
        ..Model::default()
    }
}

/// Those that are known to be there, and those that are known not to be.
fn known(model: &Model) -> (Vec<Capability>, Vec<Capability>) {
    let of = |wanted| {
        let all = Capability::ALL.into_iter();
        all.filter(|&it| model.has(it) == Some(wanted)).collect()
    };
    (of(true), of(false))
}

#[test]
fn capabilities_go_by_their_words() {
    for capability in Capability::ALL {
        let word = format!(" {} ", capability.as_str().to_uppercase());
        assert_eq!(Capability::from_name(&word), Some(capability));
    }
    assert_eq!(Capability::from_name("video"), None);
}

#[test]
fn anthropic_says_what_is_supported() {
    let mut model = named("claude-x", true);
    let told = json!({"image_input": {"supported": true}, "thinking": {"supported": false},
            "effort": {"supported": true, "low": {"supported": true}, "max": {"supported": true}, "high": {"supported": false}}});
    claude(&mut model, &told);
    assert_eq!(
        known(&model),
        (
            vec![Chat, Vision, Tools],
            vec![Reasoning, Embeddings, Images]
        )
    );
    assert_eq!(model.efforts, [Effort::Low, Effort::Max]);
    // A proxy may have others, and lists that say nothing.
    let mut model = named("other", true);
    claude(&mut model, &Value::Null);
    assert_eq!(known(&model), (vec![Chat], vec![Embeddings, Images]));
}

#[test]
fn google_s_methods_tell() {
    let mut chat = named("gemini-9-flash", true);
    gemini(&mut chat, false, Some(true), true);
    assert_eq!(
        known(&chat),
        (
            vec![Chat, Vision, Tools, Reasoning, Json],
            vec![Embeddings, Images]
        )
    );
    let mut image = named("gemini-9-flash-image", true);
    gemini(&mut image, false, None, false);
    assert_eq!(known(&image), (vec![Chat, Images], vec![Embeddings]));
    let mut embedding = named("gemini-embedding-9", false);
    gemini(&mut embedding, true, None, false);
    assert_eq!(known(&embedding), (vec![Embeddings], vec![Chat, Images]));
}

#[test]
fn openai_s_names_tell() {
    let of = |id, chat, efforts: Option<&[Effort]>| {
        let mut model = named(id, chat);
        gpt(&mut model, efforts);
        known(&model)
    };
    let both = vec![Embeddings, Images];
    assert_eq!(
        of("gpt-5.6", true, Some(&[Effort::Low])),
        (vec![Chat, Vision, Tools, Reasoning, Json], both.clone())
    );
    assert_eq!(
        of("gpt-3.5-turbo", true, Some(&[])),
        (vec![Chat], vec![Reasoning, Embeddings, Images])
    );
    assert_eq!(
        of("text-embedding-3-small", false, None),
        (vec![Embeddings], vec![Chat, Images])
    );
    assert_eq!(
        of("gpt-image-2", false, Some(&[])),
        (vec![Images], vec![Chat, Embeddings])
    );
    assert_eq!(of("o3-mini", true, None), (vec![Chat], both));
}

#[test]
fn other_lists_say_it_each_in_its_own_way() {
    let of = |entry: Value| {
        let mut model = named(entry["id"].as_str().unwrap_or_default(), true);
        compatible(&mut model, &entry);
        model
    };
    let openrouter = of(json!({"id": "a/b",
            "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
            "supported_parameters": ["tools", "reasoning", "seed"],
            "reasoning": {"supported_efforts": ["high", "low", "odd"]},
            "pricing": {"prompt": "0.000001", "completion": "0.000002"}, "expiration_date": "2027-01-01"}));
    assert_eq!(
        known(&openrouter),
        (
            vec![Chat, Vision, Tools, Reasoning],
            vec![Embeddings, Images, Json]
        )
    );
    assert_eq!(openrouter.efforts, [Effort::Low, Effort::High]);
    assert_eq!(
        openrouter.price,
        Some(Price {
            input: "0.000001".into(),
            output: "0.000002".into()
        })
    );
    assert_eq!(openrouter.retires.as_deref(), Some("2027-01-01"));
    let mistral = of(
        json!({"id": "m", "capabilities": {"function_calling": true, "vision": false},
            "deprecation": null, "pricing": {"prompt": 1, "completion": 2}}),
    );
    assert_eq!(known(&mistral), (vec![Chat, Tools], vec![Vision]));
    assert_eq!((mistral.price, mistral.retires), (None, None));
    let together = of(json!({"id": "x", "type": "embedding"}));
    assert_eq!(known(&together), (vec![Chat, Embeddings], vec![Images]));
    let fireworks = of(json!({"id": "f", "supports_tools": true, "supports_image_input": false}));
    assert_eq!(known(&fireworks), (vec![Chat, Tools], vec![Vision]));
    assert_eq!(known(&of(json!({"id": "plain"}))), (vec![Chat], vec![]));
    assert_eq!(
        known(&of(json!({"id": "nomic-embed-text"}))),
        (vec![Chat, Embeddings], vec![])
    );
}
