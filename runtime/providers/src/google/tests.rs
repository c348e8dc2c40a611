//! A list that several tests of this format read, and noise in it and in all of the corpus.

use crate::google::GenerateContent;
use crate::testing::fuzz;

pub(super) const MODELS: &str = r#"{"models":[
        {"name":"models/gemini-2.5-flash","displayName":"Gemini 2.5 Flash","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","countTokens"],"temperature":1},
        {"name":"models/gemini-3.5-flash","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-3.5-flash-001","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-3.5-flash-lite","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-4-pro","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-4-flash-preview","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-flash-latest","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-5-flash-image","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-embedding-001","supportedGenerationMethods":["embedContent"]},{}],
        "nextPageToken":"a b/c="}"#;

#[test]
fn noise_never_panics() {
    fuzz(&GenerateContent, "google", MODELS);
}
