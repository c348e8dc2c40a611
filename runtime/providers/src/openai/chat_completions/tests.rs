//! Streams and lists that several tests of this format read, and noise in all of them.

use super::*;
use crate::testing::fuzz;
use crate::*;

pub(super) const STREAM: &str = r#"data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"reasoning_content":"Weigh "},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"both.","reasoning":null}}]}

data: {"choices":[{"index":0,"delta":{"content":"Hé\n"},"logprobs":null,"finish_reason":""}],"error":null}

data: {"choices":[{"index":1,"delta":{"content":"another choice"}},{"delta":{"content":"lo \ud83d\ude00","refusal":null,"tool_calls":[]}}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: {"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":5}}}

data: [DONE]

"#;

/// Two calls in turns, one in five pieces, the other not JSON; and one without arguments.
pub(super) const TOOL_CALLS: &str = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_9","type":"function","function":{"name":"weather","arguments":""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"ci"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_8","type":"function","function":{"name":"time","arguments":"no "}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ty\":"}},{"index":1,"function":{"arguments":"JSON"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":" \"Os"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"lo\""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":2,"id":"call_7","function":{"name":"ping","arguments":""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

"#;

/// Mistral's parts, a choice without an index, usage in the last chunk, and no `[DONE]`.
pub(super) const PARTS: &str = r#"data: {"id":"c2","model":"m-2","choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Weigh "},{"type":"text","text":"both."}]}]},"finish_reason":null}]}

data: {"id":"c2","choices":[{"delta":{"content":[{"type":"thinking","thinking":" More."},{"type":"text","text":"Hel"}]}}]}

data: {"id":"c2","choices":[{"delta":{"content":"lo"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}

"#;

pub(super) const FAILED: &str = r#"data: {"id":"gen-1","model":"openai/gpt-4o","provider":"OpenAI","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}

data: {"id":"gen-1","object":"chat.completion.chunk","model":"openai/gpt-4o","provider":"OpenAI","error":{"code":502,"message":"Provider disconnected","metadata":{"error_type":"provider_unavailable"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}

"#;

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
    fuzz(&PLAIN, &[STREAM, TOOL_CALLS, PARTS, FAILED, MODELS]);
}

#[test]
fn it_cannot_count_tokens() {
    assert!(PLAIN.count_tokens(&ChatRequest::default()).is_none());
}
