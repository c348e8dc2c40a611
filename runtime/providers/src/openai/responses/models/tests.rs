use serde_json::json;

use super::*;
use crate::Capability::{Chat, Embeddings, Images, Json, Reasoning, Tools, Vision};
use crate::openai::Responses;
use crate::openai::responses::tests::MODELS;
use crate::testing::{known_abilities, named_model, newest};
use crate::*;

#[test]
fn model_lists() {
    assert_eq!(Responses.models(None).path, "/models");
    let page = Responses.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!((page.models.len(), page.next.as_deref()), (9, None));
    let first = &page.models[0];
    assert_eq!(
        (first.id.as_str(), first.created, first.chat),
        ("gpt-4.1", Some(1_744_316_542), true)
    );
    let bare = MODELS
        .split_once("\"data\":")
        .unwrap()
        .1
        .strip_suffix('}')
        .unwrap();
    assert_eq!(Responses.models_page(bare.as_bytes()).unwrap(), page);
    for body in ["", "{}", "<html>", "{\"data\":7}"] {
        assert_eq!(
            Responses.models_page(body.as_bytes()).unwrap_err().class,
            ErrorKind::Unavailable
        );
    }
}

#[test]
fn chat_models() {
    for id in [
        "gpt-4.1",
        "chatgpt-4o-latest",
        "o3",
        "o4-mini",
        "gpt-6-sol",
        "ft:gpt-4o:org",
    ] {
        assert!(is_chat(id), "{id}");
    }
    for id in [
        "omni-moderation-latest",
        "gpt-4o-audio-preview",
        "gpt-realtime",
        "gpt-image-2",
        "gpt-4o-mini-tts",
        "gpt-4o-transcribe",
        "text-embedding-3-small",
        "gpt-4o-search-preview",
        "gpt-3.5-turbo-instruct",
        "gpt-5-codex",
        "o3-deep-research",
        "computer-use-preview",
        "whisper-1",
        "dall-e-3",
        "sora-2",
        "",
    ] {
        assert!(!is_chat(id), "{id}");
    }
}

#[test]
fn newest_models() {
    let of = |entries: &[(&str, i64)]| {
        let data: Vec<_> = entries
            .iter()
            .map(|(id, created)| json!({"id": id, "created": created}))
            .collect();
        newest(&Responses, &json!({"data": data}).to_string()).unwrap_or_default()
    };
    assert_eq!(newest(&Responses, MODELS).unwrap(), "gpt-5.6-terra");
    assert_eq!(
        of(&[("gpt-6-astra", 5), ("gpt-6-sol", 5), ("gpt-6-luna", 5)]),
        "gpt-6-sol"
    );
    assert_eq!(
        of(&[
            ("gpt-5-nano", 9),
            ("gpt-5", 5),
            ("gpt-5-mini", 7),
            ("gpt-5-chat-latest", 8)
        ]),
        "gpt-5"
    );
    assert_eq!(
        of(&[("gpt-4", 1), ("gpt-4-turbo", 90_000_000)]),
        "gpt-4-turbo"
    );
    assert_eq!(of(&[("gpt-7-preview", 9), ("gpt-6", 5)]), "gpt-7-preview");
    assert_eq!(
        of(&[("gpt-6-2026-01-31", 9), ("gpt-5", 5)]),
        "gpt-6-2026-01-31"
    );
    assert_eq!(of(&[("gpt-6-preview", 9), ("gpt-6", 5)]), "gpt-6");
    assert_eq!(
        of(&[("gpt-image-2", 9), ("gpt-6-pro", 5), ("ft:gpt-6:org", 8)]),
        ""
    );
}

#[test]
fn openai_s_names_tell() {
    let of = |id, chat, efforts: Option<&[ReasoningEffort]>| {
        let mut model = named_model(id, chat);
        set_abilities(&mut model, efforts);
        known_abilities(&model)
    };
    let both = vec![Embeddings, Images];
    assert_eq!(
        of("gpt-5.6", true, Some(&[ReasoningEffort::Low])),
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
