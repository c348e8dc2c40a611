use serde_json::json;

use crate::Capability::{Chat, Embeddings, Reasoning};
use crate::google::GenerateContent;
use crate::google::tests::MODELS;
use crate::testing::known_abilities;
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
            can: page.models[0].can,
            ..Model::default()
        }
    );
    assert_eq!(
        page.models
            .iter()
            .filter(|model| model.chat == Some(false))
            .count(),
        1
    );
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
fn google_s_methods_tell() {
    let list = json!({"models": [
        {"name": "models/gemini-9-flash", "supportedGenerationMethods": ["generateContent"], "thinking": true},
        {"name": "models/gemini-embedding-9", "supportedGenerationMethods": ["embedContent"]}]});
    let page = GenerateContent
        .models_page(list.to_string().as_bytes())
        .unwrap();
    let known: Vec<_> = page.models.iter().map(known_abilities).collect();
    assert_eq!(
        known,
        [
            (vec![Chat, Reasoning], vec![Embeddings]),
            (vec![Embeddings], vec![Chat])
        ]
    );
}
