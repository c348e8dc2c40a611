//! A list that several tests of this format read, and noise in it and in all of the corpus.

use super::*;
use crate::testing::fuzz;
use crate::*;

pub(super) const MODELS: &str = r#"{"object":"list","data":[
        {"id":"vendor/large","object":"model","created":30,"name":"Vendor: Large","context_length":131072,
         "architecture":{"input_modalities":["text"],"output_modalities":["text"]},
         "pricing":{"prompt":"0.000001","completion":"0.000002"},"top_provider":{"max_completion_tokens":8192}},
        {"id":"vendor/large:free","created":60,"max_model_len":4096},
        {"id":"vendor/large-pro","created":50,"context_window":1000,"max_completion_tokens":100},
        {"id":"vendor/paint","created":90,"architecture":{"output_modalities":["image"]}},
        {"id":"vendor/sound","created":90,"type":"audio","display_name":"Sound"},
        {"id":"codestral-embed","created":90,"capabilities":{"completion_chat":false},"max_context_length":7},
        {"id":"text-embedding-3","created":90,"name":7},
        {"id":"whisper-large-v3","created":90},
        {"id":"small","name":"small","created":"soon"},
        {"name":"no id"}]}"#;

#[test]
fn noise_never_panics() {
    fuzz(&PLAIN, "chat", MODELS);
}

#[test]
fn it_cannot_count_tokens() {
    assert!(PLAIN.count_tokens(&ChatRequest::default()).is_none());
}
