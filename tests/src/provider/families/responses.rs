//! OpenAI's Responses.

use serde_json::{Value, json};

use super::{
    CREATED, Events, Format, INPUT_TOKENS, Refusal, Stream, member_beside, problem_of_most,
};
use crate::provider::{Ending, Served};

pub(super) const FORMAT: &dyn Format = &Responses;

struct Responses;

impl Format for Responses {
    fn id(&self) -> &'static str {
        "openai"
    }

    fn key(&self) -> &'static str {
        "mock-openai-key-7d41c09b"
    }

    fn model(&self) -> &'static str {
        "gpt-4.1"
    }

    fn reasoning_model(&self) -> &'static str {
        "gpt-5.6-terra"
    }

    fn folder(&self) -> &'static str {
        "/openai/v1"
    }

    fn variables(&self) -> [&'static str; 2] {
        ["OPENAI_BASE_URL", "OPENAI_API_KEY"]
    }

    fn list_path(&self) -> &'static str {
        "/models"
    }

    fn is_chat_path(&self, path: &str) -> bool {
        path == "/responses"
    }

    fn problem(&self, body: &Value) -> Option<&'static str> {
        problem_of_most(body, "input", "Missing required parameter: 'input'.")
    }

    fn turns(&self) -> [&'static str; 2] {
        ["input", "content"]
    }

    fn unknown_member(&self, body: &Value) -> Option<String> {
        member_beside(body, &MEMBERS)
    }

    fn request(&self, model: &str, text: &str) -> (String, &'static str, Value) {
        (
            "/responses".to_owned(),
            "authorization: Bearer k-123\r\n",
            json!({"model": model, "stream": true, "input": text}),
        )
    }

    fn answer(&self, deltas: &[String]) -> Stream {
        let response = |status: &str, output: Value, usage: Value| {
            json!({"id": "resp_mock", "object": "response", "created_at": CREATED, "status": status,
                "model": "{{model}}", "output": output, "incomplete_details": null, "error": null, "usage": usage})
        };
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
        let item = |status: &str, content: Value| json!({"type": "message", "id": "msg_mock", "role": "assistant", "status": status, "content": content});
        let mut sequence = 0;
        let mut numbered = |mut value: Value| {
            value["sequence_number"] = sequence.into();
            sequence += 1;
            value
        };

        let opening = [
            json!({"type": "response.created", "response": response("in_progress", json!([]), Value::Null)}),
            json!({"type": "response.in_progress", "response": response("in_progress", json!([]), Value::Null)}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": item("in_progress", json!([]))}),
            json!({"type": "response.content_part.added", "item_id": "msg_mock", "output_index": 0,
                "content_index": 0, "part": part("")}),
        ];
        let opening = opening.map(&mut numbered).into();
        let streamed = deltas.iter().map(|delta| {
            numbered(json!({"type": "response.output_text.delta", "item_id": "msg_mock", "output_index": 0,
                "content_index": 0, "delta": delta, "logprobs": []}))
        });
        let streamed = streamed.collect();
        let text = deltas.concat();
        let whole = item("completed", json!([part(&text)]));
        let usage = json!({"input_tokens": INPUT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": deltas.len(), "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": INPUT_TOKENS + deltas.len()});
        let closing = [
            json!({"type": "response.output_text.done", "item_id": "msg_mock", "output_index": 0,
                "content_index": 0, "text": text}),
            json!({"type": "response.content_part.done", "item_id": "msg_mock", "output_index": 0,
                "content_index": 0, "part": part(&text)}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": whole}),
            json!({"type": "response.completed", "response": response("completed", json!([whole]), usage)}),
        ];
        Stream {
            opening,
            deltas: streamed,
            closing: closing.map(&mut numbered).into(),
        }
    }

    fn told(&self, reasoning: &str, text: &str, ending: Ending) -> Vec<Value> {
        let mut events = Events::default();
        events.say(
            reasoning,
            |delta| json!({"type": "response.reasoning_summary_text.delta", "delta": delta}),
        );
        events.say(
            text,
            |delta| json!({"type": "response.output_text.delta", "delta": delta}),
        );
        let (status, details) = match ending {
            Ending::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
            Ending::Refusal => ("incomplete", json!({"reason": "content_filter"})),
            _ => ("completed", Value::Null),
        };
        let mut output = Vec::new();
        if !reasoning.is_empty() {
            output.push(json!({"type": "reasoning", "id": "rs_mock",
                "summary": [{"type": "summary_text", "text": reasoning}]}));
        }
        if !text.is_empty() {
            output.push(
                json!({"type": "message", "id": "msg_mock", "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}]}),
            );
        }
        events.0.push(json!({"type": format!("response.{status}"), "response": {"id": "resp_mock",
            "status": status, "model": "{{model}}", "output": output, "incomplete_details": details,
            "error": null, "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 64,
                "output_tokens_details": {"reasoning_tokens": reasoning.len()}, "total_tokens": 76}}}));
        events.0
    }

    fn text_place(&self) -> &'static str {
        "/delta"
    }

    fn whole(&self, text: &str) -> Value {
        json!({"id": "resp_mock", "object": "response", "status": "completed", "model": "{{model}}",
            "error": null, "output": [{"type": "message", "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}]}],
            "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1, "total_tokens": INPUT_TOKENS + 1}})
    }

    fn list(&self, _query: &str) -> Result<Value, Refusal> {
        Ok(models())
    }

    fn served_list(&self, models: &[&Served]) -> Value {
        served_list(models)
    }

    fn unknown_member_error(&self, name: &str) -> Value {
        let said = format!("Unknown parameter: '{name}'.");
        json!({"error": {"message": said, "type": "invalid_request_error", "param": name, "code": "unknown_parameter"}})
    }

    fn error(&self, status: u16, message: &str) -> Value {
        error(status, message)
    }

    fn stream_error(&self, message: &str) -> Value {
        json!({"type": "error", "code": "server_error", "message": message, "param": null, "sequence_number": 99})
    }

    fn quota(&self) -> (u16, Value) {
        quota()
    }

    fn refusal(&self, name: &str) -> Value {
        refusal(name)
    }

    fn refusable(&self) -> [&'static str; 2] {
        ["max_tokens", "max_output_tokens"]
    }

    fn transient(&self) -> [&'static str; 2] {
        ["server_error", "rate_limit_exceeded"]
    }

    fn free(&self) -> Vec<String> {
        let state = |kind: &str, status: &str| {
            json!({"type": kind,
            "response": {"id": "r", "status": status, "output": [], "usage": null}})
        };
        let failed = state("response.failed", "failed");
        let mut limited = failed.clone();
        limited["response"]["error"] = json!({"code": "rate_limit_exceeded", "message": "m"});
        let streams = [failed, limited].map(|end| {
            let events = [
                state("response.created", "queued"),
                state("response.queued", "queued"),
                json!({"type": "keepalive"}),
                state("response.in_progress", "in_progress"),
                end,
            ];
            let events = events.iter().map(|event| format!("data: {event}\n\n"));
            events.collect()
        });
        streams.into()
    }

    fn charged(&self) -> Vec<Value> {
        vec![
            json!({"type": "response.output_item.added", "output_index": 0,
                "item": {"type": "reasoning", "id": "rs"}}),
            json!({"type": "response.reasoning_summary_text.delta", "delta": "Hm"}),
        ]
    }

    fn charged_alone(&self) -> Vec<Value> {
        vec![
            json!({"type": "response.failed", "response": {"id": "r", "status": "failed",
                "error": {"code": "server_error", "message": "m"}, "output": [],
                "usage": {"input_tokens": 1, "output_tokens": 99, "total_tokens": 100}}}),
            json!({"type": "response.failed", "response": {"id": "r", "status": "failed",
                "error": {"code": "server_error", "message": "m"}, "output": [{"type": "reasoning"}]}}),
        ]
    }

    fn weather(&self) -> (Vec<Value>, Option<usize>) {
        let reasoning =
            json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"});
        let call = json!({"type": "function_call", "id": "fc_1", "call_id": "call_9", "name": "weather",
            "arguments": "{\"city\":\"Oslo\"}", "status": "completed"});
        let events = vec![
            json!({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": reasoning}),
            json!({"type": "response.output_item.added", "output_index": 1, "item":
                {"type": "function_call", "id": "fc_1", "call_id": "call_9", "name": "weather", "arguments": ""}}),
            json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": "{\"city\":"}),
            json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": "\"Oslo\"}"}),
            json!({"type": "response.output_item.done", "output_index": 1, "item": call}),
            json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "model": "gpt-4.1",
                "output": [reasoning, call], "usage": {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}}}),
        ];
        (events, Some(4))
    }

    fn weather_sent_back(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("/input/1/encrypted_content", json!("gAAA")),
            ("/input/2/type", json!("function_call")),
            ("/input/2/call_id", json!("call_9")),
            ("/input/2/arguments", json!("{\"city\":\"Oslo\"}")),
            (
                "/input/3",
                json!({"type": "function_call_output", "call_id": "call_9", "output": "4 C"}),
            ),
            ("/tools/0/name", json!("weather")),
        ]
    }

    fn state_item(&self) -> Option<Value> {
        None
    }

    fn media(&self) -> (Value, bool) {
        let content = json!([
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto"},
            {"type": "input_image", "image_url": "https://example.com/a.jpg", "detail": "auto"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}]);
        (content, true)
    }

    fn schema_place(&self) -> &'static str {
        "/text/format/schema/required"
    }
}

/// Members of a request (<https://platform.openai.com/docs/api-reference/responses/create>).
const MEMBERS: [&str; 27] = [
    "background",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
];

/// The list of a service that has these models.
pub(super) fn served_list(models: &[&Served]) -> Value {
    let entry = |model: &&Served| json!({"id": model.id, "object": "model", "created": model.created, "owned_by": "mock"});
    json!({"object": "list", "data": models.iter().map(entry).collect::<Vec<_>>()})
}

/// The list of OpenAI's models.
pub(super) fn models() -> Value {
    let ids = [
        "gpt-4.1",
        "gpt-5.6-terra",
        "gpt-5.6-luna",
        "text-embedding-3-small",
    ];
    let data =
        ids.map(|id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "mock"}));
    json!({"object": "list", "data": data})
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let (kind, code) = match status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", None),
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

pub(super) fn quota() -> (u16, Value) {
    let body = json!({"error": {"message": "You exceeded your current quota", "type": "insufficient_quota",
        "param": null, "code": "insufficient_quota"}});
    (429, body)
}

pub(super) fn refusal(name: &str) -> Value {
    json!({"error": {
        "message": format!("Unsupported parameter: '{name}' is not supported with this model."),
        "type": "invalid_request_error", "param": name, "code": "unsupported_parameter"}})
}
