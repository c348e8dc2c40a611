//! Chat Completions, as most services and local servers have them.

use serde_json::{Value, json};

use super::responses::{error, models, quota, refusal, served_list};
use super::{CREATED, Events, Format, INPUT_TOKENS, Refusal, Stream, problem_of_most, user_turn};
use crate::provider::{Ending, Request, Served};

pub(super) const FORMAT: &dyn Format = &ChatCompletions;

struct ChatCompletions;

impl Format for ChatCompletions {
    fn id(&self) -> &'static str {
        "compatible"
    }

    fn key(&self) -> &'static str {
        "mock-compatible-key-1c6a85d2"
    }

    fn model(&self) -> &'static str {
        "gpt-4.1"
    }

    fn folder(&self) -> &'static str {
        "/compatible/v1"
    }

    fn variables(&self) -> [&'static str; 2] {
        [
            "ANYGPT_PROVIDER_COMPATIBLE_BASE_URL",
            "ANYGPT_PROVIDER_COMPATIBLE_API_KEY",
        ]
    }

    fn list_path(&self) -> &'static str {
        "/models"
    }

    fn is_chat_path(&self, path: &str) -> bool {
        path.ends_with("/chat/completions")
    }

    fn check_head(&self, _request: &Request) -> Result<(), Refusal> {
        Ok(())
    }

    fn problem(&self, body: &Value) -> Option<&'static str> {
        let usual = problem_of_most(body, "messages", "messages: Field required");
        let other = body.get("max_output_tokens");
        usual.or(other.map(|_| "Unrecognized request argument supplied: max_output_tokens"))
    }

    fn request(&self, model: &str, text: &str) -> (String, &'static str, Value) {
        (
            "/chat/completions".to_owned(),
            "authorization: Bearer k-123\r\n",
            json!({"model": model, "stream": true, "messages": user_turn(text)}),
        )
    }

    fn answer(&self, deltas: &[String]) -> Stream {
        let chunk = |choices: Value, usage: Value| {
            json!({"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": CREATED,
                "model": "{{model}}", "choices": choices, "usage": usage})
        };
        let choice = |delta: Value, finish: Option<&str>| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
        let usage = json!({"prompt_tokens": INPUT_TOKENS, "completion_tokens": deltas.len(),
            "total_tokens": INPUT_TOKENS + deltas.len()});
        let content = |delta: &String| chunk(choice(json!({"content": delta}), None), Value::Null);
        let role = json!({"role": "assistant", "content": ""});
        Stream {
            opening: vec![chunk(choice(role, None), Value::Null)],
            deltas: deltas.iter().map(content).collect(),
            closing: vec![
                chunk(choice(json!({}), Some("stop")), Value::Null),
                chunk(json!([]), usage),
            ],
        }
    }

    fn told(&self, reasoning: &str, text: &str, ending: Ending) -> Vec<Value> {
        let chunk = |delta: Value, reason: Value| {
            json!({"id": "chatcmpl-mock", "model": "{{model}}",
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
        };
        let mut events = Events::default();
        events.say(reasoning, |delta| {
            chunk(json!({"reasoning_content": delta}), Value::Null)
        });
        events.say(text, |delta| chunk(json!({"content": delta}), Value::Null));
        let reason = match ending {
            Ending::Length => json!("length"),
            Ending::Refusal => json!("content_filter"),
            Ending::Unsaid => Value::Null,
            Ending::Stop | Ending::Pause => json!("stop"),
        };
        events.0.push(chunk(json!({}), reason));
        events.0.push(json!({"choices": [], "usage": {"prompt_tokens": INPUT_TOKENS, "completion_tokens": 64,
            "total_tokens": 76, "completion_tokens_details": {"reasoning_tokens": reasoning.len()}}}));
        events.0
    }

    fn mark_of_end(&self) -> &'static str {
        "data: [DONE]\n\n"
    }

    fn text_place(&self) -> &'static str {
        "/choices/0/delta/content"
    }

    fn whole(&self, text: &str) -> Value {
        json!({"id": "chatcmpl-mock", "object": "chat.completion", "model": "{{model}}",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": INPUT_TOKENS, "completion_tokens": 1, "total_tokens": INPUT_TOKENS + 1}})
    }

    fn list(&self, _query: &str) -> Result<Value, Refusal> {
        Ok(models())
    }

    fn served_list(&self, models: &[&Served]) -> Value {
        served_list(models)
    }

    fn error(&self, status: u16, message: &str) -> Value {
        error(status, message)
    }

    fn stream_error(&self, message: &str) -> Value {
        error(502, message)
    }

    fn quota(&self) -> (u16, Value) {
        quota()
    }

    fn refusal(&self, name: &str) -> Value {
        refusal(name)
    }

    fn transient(&self) -> [&'static str; 2] {
        ["server_error", "provider_overloaded"]
    }

    fn free(&self) -> Vec<String> {
        let words = json!({"error": {"code": 503, "message": "m"}});
        vec![format!(": alive\n\ndata: {words}\n\n")]
    }

    fn charged(&self) -> Vec<Value> {
        vec![
            json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}),
            json!({"choices": [{"index": 0, "delta": {"reasoning_content": "Hm"}}]}),
            json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 0}}),
        ]
    }

    fn charged_alone(&self) -> Vec<Value> {
        vec![
            json!({"error": {"code": 502, "message": "m"}, "usage": {"prompt_tokens": 9}}),
            json!({"error": {"code": 502, "message": "m"}, "choices": [{"index": 0,
                "delta": {"content": "few"}, "finish_reason": "error"}]}),
        ]
    }

    fn weather(&self) -> (Vec<Value>, Option<usize>) {
        let chunk = |delta: Value, finish: Option<&str>| {
            json!({"id": "c1", "object": "chat.completion.chunk", "model": "gpt-4.1",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        };
        let piece = |text: &str| {
            let call = json!({"index": 0, "function": {"arguments": text}});
            chunk(json!({"tool_calls": [call]}), None)
        };
        let reasoning =
            json!({"role": "assistant", "content": null, "reasoning_content": "Let me see."});
        let call = json!({"tool_calls": [{"index": 0, "id": "call_9", "type": "function",
            "function": {"name": "weather", "arguments": ""}}]});
        let events = vec![
            chunk(reasoning, None),
            chunk(call, None),
            piece("{\"city\":"),
            piece("\"Oslo\"}"),
            chunk(json!({}), Some("tool_calls")),
        ];
        (events, Some(3))
    }

    fn weather_sent_back(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("/messages/1/reasoning_content", json!("Let me see.")),
            (
                "/messages/1/tool_calls/0/function/arguments",
                json!("{\"city\":\"Oslo\"}"),
            ),
            (
                "/messages/2",
                json!({"role": "tool", "tool_call_id": "call_9", "content": "4 C"}),
            ),
            ("/tools/0/function/name", json!("weather")),
        ]
    }

    fn state_item(&self) -> Option<Value> {
        Some(json!({"reasoning_content": "SECRET-STATE"}))
    }

    fn media(&self) -> (Value, bool) {
        let content = json!([
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.jpg"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}]);
        (content, true)
    }

    fn schema_place(&self) -> &'static str {
        "/response_format/json_schema/schema/required"
    }
}
