//! Whole HTTP requests: for a call with every option, written from the providers' API references.
//!
//! Never here: which option suits which model (`attempts.rs`, `chat_completions.rs`), or the turns of a conversation
//! (`tools/conversations.rs`).

use anygpt_tests::outcome::answer;
use anygpt_tests::provider::{Provider, Request};
use anygpt_tests::server::Server;
use serde_json::{Map, Value, json};

/// Makes a call with these arguments in addition to a conversation, and returns its request. `variables` are set in
/// addition, too.
#[track_caller]
fn recorded(model: &str, extra: &Value, variables: &[(&str, &str)]) -> Value {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .envs(provider.compatible_env())
        .envs(variables.iter().copied())
        .spawn();
    let mut arguments = json!({
        "model": model,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is this?"},
            {"role": "assistant", "content": "Un chat."},
            {"role": "user", "content": "In English, \"please\": größe 😀\n"},
        ],
        "max_tokens": 100,
    });
    let extra = extra.as_object().unwrap().clone();
    arguments.as_object_mut().unwrap().extend(extra);
    answer(&server.call_tool("anygpt_chat_completion", arguments));
    let requests = provider.requests();
    assert_eq!(requests.len(), 1, "{requests:#?}");
    written(&requests[0])
}

/// The request as JSON: the credential is replaced by `KEY`; parts that depend on the machine are checked and left out.
fn written(request: &Request) -> Value {
    let mut headers = Map::new();
    let key = request.credential();
    assert!(key.starts_with("mock-"), "{key}");
    for (name, value) in &request.headers {
        match name.as_str() {
            "host" => assert!(value.starts_with("127.0.0.1:"), "{value}"),
            "content-length" => assert_eq!(*value, request.body.len().to_string()),
            _ => {
                let twice = headers.insert(name.clone(), value.replace(key, "KEY").into());
                assert_eq!(twice, None, "{name} is sent twice");
            }
        }
    }
    json!({"method": request.method, "path": request.path, "headers": headers, "body": request.json()})
}

/// A POST with these headers in addition to those of every request.
#[allow(clippy::needless_pass_by_value)] // so that it can be written where it is used
fn posted(path: &str, headers: Value, body: Value) -> Value {
    let mut all = json!({
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": concat!("anygpt-mcp/", env!("CARGO_PKG_VERSION")),
    });
    let headers = headers.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(headers);
    json!({"method": "POST", "path": path, "headers": all, "body": body})
}

const LAST: &str = "In English, \"please\": größe 😀\n";

/// <https://platform.openai.com/docs/api-reference/responses/create>
#[test]
fn responses() {
    let input = json!([
        {"type": "message", "role": "system", "content": "Be brief."},
        {"type": "message", "role": "user", "content": "What is this?"},
        {"type": "message", "role": "assistant", "content": "Un chat."},
        {"type": "message", "role": "user", "content": LAST},
    ]);
    let headers = json!({"authorization": "Bearer KEY"});
    let thinking = json!({"reasoning_effort": "high", "include_reasoning": true});
    assert_eq!(
        recorded("openai/gpt-5.6-terra", &thinking, &[]),
        posted(
            "/openai/v1/responses",
            headers.clone(),
            json!({"model": "gpt-5.6-terra", "input": input, "max_output_tokens": 100,
                "reasoning": {"effort": "high", "summary": "auto"}, "store": false, "stream": true,
                "stream_options": {"include_obfuscation": false}}),
        )
    );
    assert_eq!(
        recorded(
            "openai/gpt-4.1",
            &json!({"temperature": 0.5, "top_p": 0.25}),
            &[]
        ),
        posted(
            "/openai/v1/responses",
            headers,
            json!({"model": "gpt-4.1", "input": input, "max_output_tokens": 100, "temperature": 0.5, "top_p": 0.25,
                "store": false, "stream": true, "stream_options": {"include_obfuscation": false}}),
        )
    );
    // The organisation and the project that are billed.
    let account = [("OPENAI_ORG_ID", "org-1"), ("OPENAI_PROJECT_ID", "proj-1")];
    let request = recorded("openai/gpt-4.1", &json!({}), &account);
    assert_eq!(
        (
            &request["headers"]["openai-organization"],
            &request["headers"]["openai-project"]
        ),
        (&json!("org-1"), &json!("proj-1"))
    );
}

/// <https://platform.openai.com/docs/api-reference/chat/create>
#[test]
fn chat_completions() {
    let extra = json!({"temperature": 0.5, "top_p": 0.25, "stop": ["END"], "seed": 7, "reasoning_effort": "high"});
    assert_eq!(
        recorded("compatible/some-model", &extra, &[]),
        posted(
            "/compatible/v1/chat/completions",
            json!({"authorization": "Bearer KEY"}),
            json!({"model": "some-model", "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "What is this?"},
                    {"role": "assistant", "content": "Un chat."},
                    {"role": "user", "content": LAST}],
                "max_tokens": 100, "temperature": 0.5, "top_p": 0.25, "stop": ["END"], "seed": 7,
                "reasoning_effort": "high", "stream": true, "stream_options": {"include_usage": true}}),
        )
    );
}

/// <https://docs.anthropic.com/en/api/messages>, and its page on effort.
#[test]
fn messages() {
    let turns = json!([
        {"role": "user", "content": "What is this?"},
        {"role": "assistant", "content": "Un chat."},
        {"role": "user", "content": LAST},
    ]);
    let headers = json!({"x-api-key": "KEY", "anthropic-version": "2023-06-01"});
    let extra = json!({"temperature": 0.5, "stop": ["END"]});
    assert_eq!(
        recorded("anthropic/claude-haiku-4-5", &extra, &[]),
        posted(
            "/anthropic/v1/messages",
            headers.clone(),
            json!({"model": "claude-haiku-4-5", "max_tokens": 100, "system": "Be brief.", "messages": turns,
                "temperature": 0.5, "stop_sequences": ["END"], "stream": true}),
        )
    );
    let thinking = json!({"reasoning_effort": "high", "include_reasoning": true});
    assert_eq!(
        recorded("anthropic/claude-opus-4-8", &thinking, &[]),
        posted(
            "/anthropic/v1/messages",
            headers,
            json!({"model": "claude-opus-4-8", "max_tokens": 100, "system": "Be brief.", "messages": turns,
                "thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"},
                "stream": true}),
        )
    );
}

/// <https://ai.google.dev/api/generate-content>, and its page on thinking levels.
#[test]
fn generate_content() {
    let extra = json!({"temperature": 0.5, "top_p": 0.25, "stop": ["END"], "seed": 7, "reasoning_effort": "high",
        "include_reasoning": true});
    assert_eq!(
        recorded("google/gemini-3.5-flash", &extra, &[]),
        posted(
            "/google/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse",
            json!({"x-goog-api-key": "KEY"}),
            json!({"systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": [
                    {"role": "user", "parts": [{"text": "What is this?"}]},
                    {"role": "model", "parts": [{"text": "Un chat."}]},
                    {"role": "user", "parts": [{"text": LAST}]}],
                "generationConfig": {"temperature": 0.5, "topP": 0.25, "maxOutputTokens": 100,
                    "stopSequences": ["END"], "seed": 7,
                    "thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": true}}}),
        )
    );
}
