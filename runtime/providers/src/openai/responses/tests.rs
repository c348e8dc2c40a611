//! Streams and lists that several tests of this format read, and noise in all of them.

use crate::openai::Responses;
use crate::testing::fuzz;

pub(super) const STREAM: &str = r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","model":"gpt-5.6-terra","output":[],"error":null}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","sequence_number":2,"delta":"Weigh"}

event: response.reasoning_summary_part.added
data: {"type":"response.reasoning_summary_part.added","summary_index":1,"part":{"type":"summary_text","text":""}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","sequence_number":3,"delta":"both."}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"Hé\n","logprobs":[]}

event: response.unknown.delta
data: {"type":"response.unknown.delta","delta":{"an":"object"},"item":7,"response":[],"error":"mine"}

event: response.output_text.delta
data: {"type":"response.output_text.delta","delta":"lo \ud83d\ude00"}

event: response.completed
data: {"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","status":"completed","model":"gpt-5.6-terra","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"Weigh"},{"type":"summary_text","text":"both."}]},{"type":"message","content":[{"type":"output_text","text":"Hé\nlo 😀","annotations":[]}]}],"incomplete_details":null,"error":null,"usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":3},"output_tokens":35,"output_tokens_details":{"reasoning_tokens":24},"total_tokens":55}}}

"#;

pub(super) const TOOL_CALL: &str = r#"data: {"type":"response.output_item.done","item":{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"{}"}}

data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[]}}

"#;

/// Reasoning, two calls in turns (one in five pieces, one that is not JSON), and one without arguments.
pub(super) const CALLS: &str = r#"data: {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

data: {"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}}

data: {"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"","status":"in_progress"}}

data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":1,"delta":"{\"ci"}

data: {"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc_2","call_id":"call_8","name":"time","arguments":"","status":"in_progress"}}

data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"ty\":"}

data: {"type":"response.function_call_arguments.delta","output_index":2,"delta":"no "}

data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":" \"Os"}

data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"lo\""}

data: {"type":"response.function_call_arguments.delta","output_index":2,"delta":"JSON"}

data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"}"}

data: {"type":"response.function_call_arguments.done","output_index":1,"arguments":"{\"city\": \"Oslo\"}"}

data: {"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"{\"city\": \"Oslo\"}","status":"completed"}}

data: {"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","id":"fc_2","call_id":"call_8","name":"time","arguments":"no JSON","status":"completed"}}

data: {"type":"response.output_item.done","output_index":3,"item":{"type":"function_call","id":"fc_3","call_id":"call_7","name":"ping","arguments":"","status":"completed"}}

data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"},{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"{\"city\": \"Oslo\"}","status":"completed"},{"type":"function_call","id":"fc_2","call_id":"call_8","name":"time","arguments":"no JSON","status":"completed"},{"type":"function_call","id":"fc_3","call_id":"call_7","name":"ping","arguments":"","status":"completed"}]}}

"#;

pub(super) const FAILED: &str = r#"event: response.output_text.delta
data: {"type":"response.output_text.delta","delta":"Hel"}

event: response.failed
data: {"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"rate_limit_exceeded","message":"Slow down"},"output":[]}}

"#;

pub(super) const MODELS: &str = r#"{"object":"list","data":[
        {"id":"gpt-4.1","object":"model","created":1744316542,"owned_by":"system","shutdown_date":null},
        {"id":"gpt-5.6-sol","created":1790000000},{"id":"gpt-5.6-terra","created":1790000000},
        {"id":"gpt-5.6-luna","created":1790000300},{"id":"gpt-5.6-terra-2026-08-31","created":1790000900},
        {"id":"gpt-5.6-pro","created":1790001000},{"id":"gpt-5.6-codex","created":1790001000},
        {"id":"gpt-image-2","created":1799999999},{"id":"o3-deep-research"},{"id":""},{"object":"odd"}]}"#;

#[test]
fn noise_never_panics() {
    fuzz(&Responses, &[STREAM, TOOL_CALL, CALLS, FAILED, MODELS]);
}
