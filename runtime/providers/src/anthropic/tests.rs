//! Streams and lists that several tests of this format read, and noise in all of them.

use crate::anthropic::Messages;
use crate::testing::fuzz;
use crate::*;

pub(super) const STREAM: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5","content":[],"stop_reason":null,"usage":{"input_tokens":12,"cache_read_input_tokens":5,"cache_creation_input_tokens":3,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB…"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: ping
data: {"type":"ping"}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hé\n"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo 😀"}}

event: news
data: {"type":"news","delta":7,"message":[]}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":30,"output_tokens_details":{"thinking_tokens":21}}}

event: message_stop
data: {"type":"message_stop"}

"#;

pub(super) const WHOLE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5",
        "content":[{"type":"thinking","thinking":"Hm.","signature":"EqQB…"},{"type":"text","text":"Hé\nlo "},{"type":"text","text":"😀"}],
        "stop_reason":"end_turn","stop_sequence":null,"stop_details":null,
        "usage":{"input_tokens":12,"cache_creation_input_tokens":3,"cache_read_input_tokens":5,
                 "output_tokens":30,"output_tokens_details":{"thinking_tokens":21},"service_tier":"standard"}}"#;

pub(super) const OVERLOADED: &str = r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}

"#;

/// Thoughts that are not shown, text, and two calls that come at the same time: one of them in five
/// pieces, the other with nothing.
pub(super) const CALLS: &str = r#"data: {"type":"message_start","message":{"id":"msg_2","content":[]}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"+/=="}}

data: {"type":"content_block_stop","index":0}

data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"Em0B"}}

data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}

data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"I'll "}}

data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"look."}}

data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"city\""}}

data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}}}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":": \"Troms"}}

data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}

data: {"type":"content_block_stop","index":4}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"ø\""}}

data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"}"}}

data: {"type":"content_block_stop","index":3}

data: {"type":"message_delta","delta":{"stop_reason":"tool_use"}}

data: {"type":"message_stop"}

"#;

pub(super) const MODELS: &str = r#"{"data":[
        {"type":"model","id":"claude-opus-5","display_name":"Claude Opus 5","created_at":"2026-05-01T00:00:00Z","max_input_tokens":1000000,"max_tokens":128000},
        {"type":"model","id":"claude-sonnet-5","display_name":"Claude Sonnet 5","created_at":"2026-05-01T00:00:00Z"},
        {"type":"model","id":"claude-old","display_name":"Old (deprecated)","created_at":"2026-06-01T00:00:00Z"},
        {"type":"model","id":"claude-3-haiku-20240307","created_at":"2024-03-07T00:00:00Z"}],
        "has_more":true,"first_id":"claude-opus-5","last_id":"claude-3-haiku-20240307"}"#;

#[test]
fn noise_never_panics() {
    fuzz(&Messages, &[STREAM, CALLS, WHOLE, OVERLOADED, MODELS]);
}

#[test]
fn it_has_neither_embeddings_nor_pictures() {
    assert!(Messages.embed(&EmbedRequest::default()).is_none());
    assert!(
        Messages
            .generate_image(&GenerateImageRequest::default())
            .is_none()
    );
}
