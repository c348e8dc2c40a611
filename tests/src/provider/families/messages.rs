//! Anthropic's Messages.

use serde_json::{Value, json};

use super::{
    Events, Format, INPUT_TOKENS, Refusal, Stream, member_beside, no_key, parameter,
    problem_of_most, user_turn,
};
use crate::provider::{Ending, Request, Served};

pub(super) const FORMAT: &dyn Format = &Messages;

struct Messages;

impl Format for Messages {
    fn id(&self) -> &'static str {
        "anthropic"
    }

    fn key(&self) -> &'static str {
        "mock-anthropic-key-52e8f6a3"
    }

    fn model(&self) -> &'static str {
        "claude-sonnet-5"
    }

    fn folder(&self) -> &'static str {
        "/anthropic"
    }

    fn variables(&self) -> [&'static str; 2] {
        ["ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"]
    }

    fn list_path(&self) -> &'static str {
        "/v1/models"
    }

    fn is_chat_path(&self, path: &str) -> bool {
        path == "/v1/messages"
    }

    fn request_id_header(&self) -> &'static str {
        "request-id"
    }

    fn check_head(&self, request: &Request) -> Result<(), Refusal> {
        let has_key = request.has("x-api-key");
        let (status, said) = match request.has_bearer() {
            true if has_key => (400, "send x-api-key or Authorization, not both"),
            false if !has_key => return Err(no_key("x-api-key")),
            _ if !request.has("anthropic-version") => {
                (400, "anthropic-version: header is required")
            }
            _ => return Ok(()),
        };
        Err((status, said.to_owned()))
    }

    fn problem(&self, body: &Value) -> Option<&'static str> {
        let usual = problem_of_most(body, "messages", "messages: Field required");
        usual.or_else(|| {
            if body["max_tokens"].as_u64().is_none_or(|tokens| tokens == 0) {
                return Some("max_tokens: Field required");
            }
            let is_user = body["messages"][0]["role"] == "user";
            (!is_user).then_some("messages: first message must use the user role")
        })
    }

    fn unknown_member(&self, body: &Value) -> Option<String> {
        member_beside(body, &MEMBERS)
    }

    fn request(&self, model: &str, text: &str) -> (String, &'static str, Value) {
        (
            "/v1/messages".to_owned(),
            "x-api-key: k-123\r\nanthropic-version: 2023-06-01\r\n",
            json!({"model": model, "stream": true, "max_tokens": 100, "messages": user_turn(text)}),
        )
    }

    fn answer(&self, deltas: &[String]) -> Stream {
        let usage = json!({"input_tokens": INPUT_TOKENS, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0, "output_tokens": 1});
        let opening = [
            json!({"type": "message_start", "message": {"id": "msg_mock", "type": "message", "role": "assistant",
                "model": "{{model}}", "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "ping"}),
        ];
        let delta = |delta: &String| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": delta}});
        let closing = [
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                "usage": {"output_tokens": deltas.len()}}),
            json!({"type": "message_stop"}),
        ];
        Stream {
            opening: opening.into(),
            deltas: deltas.iter().map(delta).collect(),
            closing: closing.into(),
        }
    }

    fn told(&self, reasoning: &str, text: &str, ending: Ending) -> Vec<Value> {
        let delta = |index: u8, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
        // A thinking block comes first, and is empty where thoughts are hidden.
        let mut events = Events(vec![
            json!({"type": "message_start", "message": {"id": "msg_mock", "model": "{{model}}",
                "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0,
                "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        ]);
        events.say(reasoning, |said| {
            delta(0, json!({"type": "thinking_delta", "thinking": said}))
        });
        events.0.extend([
            delta(0, json!({"type": "signature_delta", "signature": "EqQB"})),
            json!({"type": "content_block_stop", "index": 0}),
        ]);
        events.say(text, |said| {
            delta(1, json!({"type": "text_delta", "text": said}))
        });
        let reason = match ending {
            Ending::Stop => json!("end_turn"),
            Ending::Length => json!("max_tokens"),
            Ending::Refusal => json!("refusal"),
            Ending::Pause => json!("pause_turn"),
            Ending::Unsaid => Value::Null,
        };
        events.0.extend([
            json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage":
                {"output_tokens": 64, "output_tokens_details": {"thinking_tokens": reasoning.len()}}}),
            json!({"type": "message_stop"}),
        ]);
        events.0
    }

    fn text_place(&self) -> &'static str {
        "/delta/text"
    }

    fn whole(&self, text: &str) -> Value {
        json!({"id": "msg_mock", "type": "message", "role": "assistant", "model": "{{model}}",
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
            "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1}})
    }

    /// Two pages: the first, and the one after its last entry.
    fn list(&self, query: &str) -> Result<Value, Refusal> {
        let pages = [
            ["claude-opus-5", "claude-sonnet-5"],
            ["claude-sonnet-4-5", "claude-haiku-4-5"],
        ];
        let page = match parameter(query, "after_id") {
            None => 0,
            Some(id) if id == pages[0][1] => 1,
            Some(id) => return Err((400, format!("after_id: unknown model {id}"))),
        };
        let ids = pages[page];
        let data = ids.map(|id| {
            json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-05-01T00:00:00Z",
                "max_input_tokens": 200_000, "max_tokens": 64_000,
                "capabilities": {"image_input": {"supported": true}, "thinking": {"supported": true}}})
        });
        Ok(json!({"data": data, "has_more": page == 0, "first_id": ids[0], "last_id": ids[1]}))
    }

    fn served_list(&self, models: &[&Served]) -> Value {
        let entry = |model: &&Served| {
            json!({"type": "model", "id": model.id, "display_name": model.name, "created_at": format!("{}T00:00:00Z", model.day),
                "capabilities": {"image_input": {"supported": true}, "thinking": {"supported": true}}})
        };
        json!({"data": models.iter().map(entry).collect::<Vec<_>>(), "has_more": false,
            "first_id": models.first().map(|it| &it.id), "last_id": models.last().map(|it| &it.id)})
    }

    fn no_model(&self, id: &str) -> String {
        format!("model: {id}")
    }

    fn error(&self, status: u16, message: &str) -> Value {
        let kind = match status {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_mock"})
    }

    fn stream_error(&self, message: &str) -> Value {
        json!({"type": "error", "error": {"type": "overloaded_error", "message": message}})
    }

    fn quota(&self) -> (u16, Value) {
        let said = "Your credit balance is too low to access the API.";
        (400, self.error(400, said))
    }

    fn refusal(&self, name: &str) -> Value {
        self.error(400, &format!("{name}: Extra inputs are not permitted"))
    }

    /// It requires a token limit, so its models never refuse it.
    fn refusable(&self) -> [&'static str; 2] {
        ["stop", "stop_sequences"]
    }

    fn transient(&self) -> [&'static str; 2] {
        ["api_error", "overloaded_error"]
    }

    fn free(&self) -> Vec<String> {
        let ping = json!({"type": "ping"});
        let end = self.stream_error("m");
        vec![format!("data: {ping}\n\ndata: {end}\n\n")]
    }

    fn charged(&self) -> Vec<Value> {
        vec![
            json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 9,
                "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking",
                "thinking": "", "signature": ""}}),
        ]
    }

    fn charged_alone(&self) -> Vec<Value> {
        Vec::new()
    }

    fn weather(&self) -> (Vec<Value>, Option<usize>) {
        let events = vec![
            json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
                "model": "claude-sonnet-5", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "EqQB"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_start", "index": 1, "content_block":
                {"type": "tool_use", "id": "call_9", "name": "weather", "input": {}}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"city\":"}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "\"Oslo\"}"}}),
            json!({"type": "content_block_stop", "index": 1}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}}),
            json!({"type": "message_stop"}),
        ];
        (events, Some(6))
    }

    fn weather_sent_back(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("/messages/1/role", json!("assistant")),
            (
                "/messages/1/content/0",
                json!({"type": "thinking", "thinking": "", "signature": "EqQB"}),
            ),
            ("/messages/1/content/1/input", json!({"city": "Oslo"})),
            ("/messages/2/role", json!("user")),
            ("/messages/2/content/0/type", json!("tool_result")),
            ("/messages/2/content/0/tool_use_id", json!("call_9")),
            ("/tools/0/input_schema/type", json!("object")),
        ]
    }

    fn state_item(&self) -> Option<Value> {
        Some(json!({"type": "thinking", "signature": "SECRET-STATE", "thinking": ""}))
    }

    fn media(&self) -> (Value, bool) {
        let content = json!([
            {"type": "text", "text": "What is this?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
            {"type": "document", "title": "a.pdf",
             "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}]);
        (content, true)
    }

    fn schema_place(&self) -> &'static str {
        "/output_config/format/schema/required"
    }
}

/// Members of a request (<https://platform.claude.com/docs/en/api/messages/create>).
const MEMBERS: [&str; 19] = [
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_p",
];
