//! A list that several tests of this format read, and noise in it and in all of the corpus.

use crate::anthropic::Messages;
use crate::testing::fuzz;
use crate::*;

pub(super) const MODELS: &str = r#"{"data":[
        {"type":"model","id":"claude-opus-5","display_name":"Claude Opus 5","created_at":"2026-05-01T00:00:00Z","max_input_tokens":1000000,"max_tokens":128000},
        {"type":"model","id":"claude-sonnet-5","display_name":"Claude Sonnet 5","created_at":"2026-05-01T00:00:00Z"},
        {"type":"model","id":"claude-old","display_name":"Old (deprecated)","created_at":"2026-06-01T00:00:00Z"},
        {"type":"model","id":"claude-3-haiku-20240307","created_at":"2024-03-07T00:00:00Z"}],
        "has_more":true,"first_id":"claude-opus-5","last_id":"claude-3-haiku-20240307"}"#;

#[test]
fn noise_never_panics() {
    fuzz(&Messages, "anthropic", MODELS);
}

#[test]
fn it_has_neither_embeddings_nor_pictures() {
    assert!(Messages.embed(&EmbedRequest::default()).is_none());
    assert!(
        Messages
            .generate_image(&GenerateImageRequest::default())
            .is_none()
    );
}
