use serde_json::json;

use super::*;
use crate::Capability::{Chat, Embeddings, Images, Json, Reasoning, Tools, Vision};
use crate::google::GenerateContent;
use crate::google::tests::MODELS;
use crate::testing::{known_abilities, named_model, newest};
use crate::*;

#[test]
fn model_lists() {
    assert_eq!(
        GenerateContent.models(None).path,
        "/v1beta/models?pageSize=1000"
    );
    let page = GenerateContent.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!(
        GenerateContent.models(page.next.as_deref()).path,
        "/v1beta/models?pageSize=1000&pageToken=a%20b%2Fc%3D"
    );
    assert_eq!(
        page.models[0],
        Model {
            id: "gemini-2.5-flash".to_owned(),
            display_name: Some("Gemini 2.5 Flash".to_owned()),
            input_token_limit: Some(1_048_576),
            output_token_limit: Some(65_536),
            chat: true,
            can: page.models[0].can,
            ..Model::default()
        }
    );
    assert_eq!(page.models.iter().filter(|model| !model.chat).count(), 1);
    assert_eq!(
        GenerateContent.models_page(b"{}").unwrap(),
        ModelPage::default()
    );
    assert_eq!(
        GenerateContent.models_page(b"<html>").unwrap_err().class,
        ErrorKind::Unavailable
    );
}

#[test]
fn newest_models() {
    let of = |ids: &[&str]| {
        let models: Vec<_> = ids
            .iter()
            .map(|id| json!({"name": id, "supportedGenerationMethods": ["generateContent"]}))
            .collect();
        newest(&GenerateContent, &json!({"models": models}).to_string()).unwrap_or_default()
    };
    assert_eq!(
        newest(&GenerateContent, MODELS).as_deref(),
        Some("gemini-3.5-flash")
    );
    assert_eq!(
        of(&["gemini-9.9-flash", "gemini-10.0-flash"]),
        "gemini-10.0-flash"
    );
    assert_eq!(
        of(&[
            "gemini-3-pro",
            "gemini-4-flash-preview",
            "gemini-4-flash-lite"
        ]),
        "gemini-3-pro"
    );
    assert_eq!(
        of(&[
            "gemini-4-flash-preview",
            "gemini-flash-latest",
            "gemma-3-27b-it"
        ]),
        "gemini-4-flash-preview"
    );
    assert_eq!(
        of(&["gemma-3-27b-it", "gemini-2.5-computer-use-preview"]),
        "gemma-3-27b-it"
    );
    assert_eq!(
        of(&["gemini-2.5-flash-preview-tts", "gemini-2.5-flash-image"]),
        ""
    );
}

#[test]
fn google_s_methods_tell() {
    let mut chat = named_model("gemini-9-flash", true);
    set_abilities(&mut chat, false, Some(true), true);
    assert_eq!(
        known_abilities(&chat),
        (
            vec![Chat, Vision, Tools, Reasoning, Json],
            vec![Embeddings, Images]
        )
    );
    let mut image = named_model("gemini-9-flash-image", true);
    set_abilities(&mut image, false, None, false);
    assert_eq!(
        known_abilities(&image),
        (vec![Chat, Images], vec![Embeddings])
    );
    let mut embedding = named_model("gemini-embedding-9", false);
    set_abilities(&mut embedding, true, None, false);
    assert_eq!(
        known_abilities(&embedding),
        (vec![Embeddings], vec![Chat, Images])
    );
}
