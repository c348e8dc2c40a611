//! Streams and lists that several tests of this format read, and noise in all of them.

use crate::google::GenerateContent;
use crate::testing::fuzz;

pub(super) const STREAM: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true}]},"index":0}],"modelVersion":"gemini-3.5-flash","responseId":"r1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hé\n"}]},"index":0}],"promptFeedback":null,"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"gemini-3.5-flash","responseId":"r1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"lo "},{"text":"😀","thoughtSignature":"CiQB…"}]},"finishReason":"STOP","index":0,"safetyRatings":[]}],"usageMetadata":{"promptTokenCount":9,"toolUsePromptTokenCount":1,"candidatesTokenCount":2,"thoughtsTokenCount":40,"totalTokenCount":52}}

"#;

/// Thoughts, text in pieces, and calls: signed, unsigned and without an id; a signature alone at the end.
pub(super) const CALLS: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true}]}}],"responseId":"r2"}

data: {"candidates":[{"content":{"parts":[{"text":"I'll "}]}}]}

data: {"candidates":[{"content":{"parts":[{"text":"look"},{"text":"."}]}}]}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"id":"f1","name":"weather","args":{"city": "Tromsø", "a": [1, 2.5]}},"thoughtSignature":"CiQB+/=="},{"functionCall":{"name":"now"}}]}}]}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"now","args":{}}},{"text":"","thoughtSignature":"CiQC"}]},"finishReason":"STOP"}]}

"#;

pub(super) const BLOCKED: &str = r#"data: {"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"Unsafe."},"usageMetadata":{"promptTokenCount":9}}

"#;

pub(super) const EXHAUSTED: &str = r#"{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"}]}}"#;

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
    fuzz(
        &GenerateContent,
        &[STREAM, CALLS, BLOCKED, EXHAUSTED, MODELS],
    );
}
