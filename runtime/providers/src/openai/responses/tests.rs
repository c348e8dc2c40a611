//! A list that several tests of this format read, and noise in it and in all of the corpus.

use crate::openai::Responses;
use crate::testing::fuzz;

pub(super) const MODELS: &str = r#"{"object":"list","data":[
        {"id":"gpt-4.1","object":"model","created":1744316542,"owned_by":"system","shutdown_date":null},
        {"id":"gpt-5.6-sol","created":1790000000},{"id":"gpt-5.6-terra","created":1790000000},
        {"id":"gpt-5.6-luna","created":1790000300},{"id":"gpt-5.6-terra-2026-08-31","created":1790000900},
        {"id":"gpt-5.6-pro","created":1790001000},{"id":"gpt-5.6-codex","created":1790001000},
        {"id":"gpt-image-2","created":1799999999},{"id":"o3-deep-research"},{"id":""},{"object":"odd"}]}"#;

#[test]
fn noise_never_panics() {
    fuzz(&Responses, "responses", MODELS);
}
