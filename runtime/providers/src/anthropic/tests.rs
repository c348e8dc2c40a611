#![allow(clippy::unwrap_used)]

use serde_json::{Map, Value, json};

use super::models::unix_seconds;
use super::request::decoded;
use super::rules::default_max_tokens;
use super::stream::{Reader, take_usage};
use super::*;
use crate::test_streams::{
    answer, answer_with_state, assert_truncations, body, call, called, file, fuzz, newest, outcome,
    read, request, result, state_length, weather,
};
use crate::*;

const STREAM: &str = r#"event: message_start
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

const WHOLE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5",
        "content":[{"type":"thinking","thinking":"Hm.","signature":"EqQB…"},{"type":"text","text":"Hé\nlo "},{"type":"text","text":"😀"}],
        "stop_reason":"end_turn","stop_sequence":null,"stop_details":null,
        "usage":{"input_tokens":12,"cache_creation_input_tokens":3,"cache_read_input_tokens":5,
                 "output_tokens":30,"output_tokens_details":{"thinking_tokens":21},"service_tier":"standard"}}"#;

const OVERLOADED: &str = r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}

"#;

/// Thoughts that are not shown, text, and two calls that come at the same time: one of them in five
/// pieces, the other with nothing.
const CALLS: &str = r#"data: {"type":"message_start","message":{"id":"msg_2","content":[]}}

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

const MODELS: &str = r#"{"data":[
        {"type":"model","id":"claude-opus-5","display_name":"Claude Opus 5","created_at":"2026-05-01T00:00:00Z","max_input_tokens":1000000,"max_tokens":128000},
        {"type":"model","id":"claude-sonnet-5","display_name":"Claude Sonnet 5","created_at":"2026-05-01T00:00:00Z"},
        {"type":"model","id":"claude-old","display_name":"Old (deprecated)","created_at":"2026-06-01T00:00:00Z"},
        {"type":"model","id":"claude-3-haiku-20240307","created_at":"2024-03-07T00:00:00Z"}],
        "has_more":true,"first_id":"claude-opus-5","last_id":"claude-3-haiku-20240307"}"#;

fn complete() -> Answer {
    Answer {
        text: "Hé\nlo 😀".to_owned(),
        reasoning: "Hm.".to_owned(),
        model: Some("claude-sonnet-5".to_owned()),
        response_id: Some("msg_1".to_owned()),
        finish: Some(Finish::Stop),
        native_finish: Some("end_turn".to_owned()),
        usage: Usage {
            input_tokens: Some(20),
            output_tokens: Some(30),
            reasoning_tokens: Some(21),
            cached_input_tokens: Some(5),
            cache_write_tokens: Some(3),
            total_tokens: Some(50),
            ..Usage::default()
        },
        complete: true,
        ..Answer::default()
    }
}

fn stopped(delta: &str) -> Answer {
    answer(
        &Messages,
        &format!(
            "data: {{\"type\":\"message_delta\",\"delta\":{delta}}}\n\ndata: {{\"type\":\"message_stop\"}}\n\n"
        ),
    )
}

#[test]
fn requests() {
    let mut chat = request(
        "claude-sonnet-5",
        &[
            (Role::System, "Be brief."),
            (Role::User, "Hello"),
            (Role::User, "there"),
            (Role::Assistant, "Hi"),
            (Role::User, "And?"),
        ],
    );
    let http = Messages.chat(&chat, Encoding::default());
    assert_eq!(
        (http.method.as_str(), http.path.as_str()),
        ("POST", "/v1/messages")
    );
    assert!(
        http.headers
            .iter()
            .any(|(name, value)| name == "anthropic-version" && value == "2023-06-01")
    );
    let mut expected = json!({
        "model": "claude-sonnet-5", "max_tokens": 16384, "system": "Be brief.", "stream": true,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}]},
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "And?"},
        ],
    });
    assert_eq!(body(&Messages, &chat), expected);

    (chat.temperature, chat.max_tokens) = (Some(0.7), Some(64));
    (expected["temperature"], expected["max_tokens"]) = (json!(0.7), json!(64));
    assert_eq!(body(&Messages, &chat), expected);

    let instructions = body(
        &Messages,
        &request("m", &[(Role::System, "a"), (Role::Developer, "b")]),
    );
    assert_eq!(instructions.get("system"), None);
    assert_eq!(
        instructions["messages"],
        json!([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}])
    );
}

#[test]
fn parts_calls_and_results() {
    let png = file("image/png", Source::Data("iVBORw0=".to_owned()), None);
    let jpg = Media {
        is_image: true,
        ..file(
            "",
            Source::Url("https://example.com/a.jpg".to_owned()),
            None,
        )
    };
    let pdf = file(
        "application/pdf",
        Source::Data("JVBERi0=".to_owned()),
        Some("a.pdf"),
    );
    let question = Message {
        content: vec![
            Part::Text("What is this?".to_owned()),
            Part::Text(" \n".to_owned()),
            Part::Media(png.clone()),
            Part::Media(jpg),
            Part::Media(pdf),
        ],
        ..Message::text(Role::User, "")
    };
    let chat = ChatRequest {
        messages: vec![
            Message::text(Role::System, "Be brief."),
            question,
            called("", &[call("toolu_1", "weather", r#"{"city": "Oslo"}"#)]),
            result("toolu_1", "4 C"),
        ]
        .into(),
        max_tokens: Some(4096),
        tools: vec![weather()].into(),
        tool_choice: Some(ToolChoice::Auto),
        ..request("claude-sonnet-5", &[])
    };
    let expected = json!({
        "model": "claude-sonnet-5", "max_tokens": 4096, "system": "Be brief.", "stream": true,
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0="}},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, "title": "a.pdf"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "4 C"}]}],
        "tools": [{"name": "weather", "description": "Look up weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}],
        "tool_choice": {"type": "auto"},
    });
    assert_eq!(body(&Messages, &chat), expected);
    assert_eq!(Messages.carries(&chat), Ok(()));

    // Results come first in their turn, in one turn, and can have images; ids and arguments of others
    // are brought into shape.
    let shown = Message {
        content: vec![Part::Text("So:".to_owned()), Part::Media(png)],
        ..result("functions.now:0", "")
    };
    let messages = [
        Message::text(Role::User, "Hi"),
        called(
            "Well.",
            &[
                call("functions.now:0", "now", " "),
                call("b", "now", "[1]"),
                call("c", "now", "{\"a\":"),
            ],
        ),
        Message::text(Role::User, "Go on."),
        shown,
        result("b", " "),
    ];
    let chat = ChatRequest {
        messages: messages.into(),
        tools: vec![Tool {
            parameters: Map::new(),
            strict: Some(true),
            description: None,
            ..weather()
        }]
        .into(),
        ..request("claude-sonnet-5", &[])
    };
    let sent = body(&Messages, &chat);
    assert_eq!(
        sent["messages"],
        json!([
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [
                    {"type": "text", "text": "Well."},
                    {"type": "tool_use", "id": "functions_now_0", "name": "now", "input": {}},
                    {"type": "tool_use", "id": "b", "name": "now", "input": {"arguments": "[1]"}},
                    {"type": "tool_use", "id": "c", "name": "now", "input": {"arguments": "{\"a\":"}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "functions_now_0", "content": [
                        {"type": "text", "text": "So:"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0="}}]},
                    {"type": "tool_result", "tool_use_id": "b"},
                    {"type": "text", "text": "Go on."}]}])
    );
    // What another server of this format calls its calls, it knows.
    let chat = ChatRequest {
        model: "kimi-k3".to_owned(),
        ..chat
    };
    let own = &body(&Messages, &chat)["messages"];
    assert_eq!(own[1]["content"][1]["id"], "functions.now:0");
    assert_eq!(own[2]["content"][0]["tool_use_id"], "functions.now:0");

    let tool = json!([{"name": "weather", "input_schema": {"type": "object"}, "strict": true}]);
    assert_eq!((&sent["tools"], sent.get("tool_choice")), (&tool, None));
}

#[test]
fn choices() {
    let of = |choice| {
        let chat = ChatRequest {
            tools: vec![weather()].into(),
            tool_choice: Some(choice),
            ..request("claude-sonnet-5", &[(Role::User, "Hi")])
        };
        let sent = body(&Messages, &chat);
        let without = body(
            &Messages,
            &ChatRequest {
                tools: Vec::new().into(),
                ..chat
            },
        );
        assert_eq!(
            (without.get("tools"), without.get("tool_choice")),
            (None, None)
        );
        sent["tool_choice"].clone()
    };
    assert_eq!(of(ToolChoice::None), json!({"type": "none"}));
    assert_eq!(of(ToolChoice::Required), json!({"type": "any"}));
    let weather = ToolChoice::Tool("weather".to_owned());
    assert_eq!(of(weather), json!({"type": "tool", "name": "weather"}));
}

#[test]
fn a_model_that_thinks_is_not_forced_where_it_refuses_that() {
    use ToolChoice::{Auto, Required};
    let fitted = |model: &str, effort, strict| {
        let mut chat = ChatRequest {
            effort,
            tools: vec![Tool {
                strict,
                ..weather()
            }]
            .into(),
            tool_choice: Some(Required),
            ..request(model, &[(Role::User, "Hi")])
        };
        let warnings = Messages.fit(&mut chat);
        let strict = body(&Messages, &chat)["tools"][0].get("strict").is_some();
        (chat.tool_choice.unwrap(), strict, warnings)
    };
    for (model, effort, choice, warning) in [
        ("claude-opus-5-5", None, Auto, "tool_choice is auto"),
        ("claude-next-6", None, Auto, "tool_choice is auto"),
        ("claude-opus-5", Some(Effort::High), Required, ""),
        ("claude-sonnet-4-6", Some(Effort::High), Required, ""),
        (
            "claude-haiku-4-5",
            Some(Effort::High),
            Auto,
            "tool_choice is auto",
        ),
        ("claude-haiku-4-5", Some(Effort::None), Required, ""),
        ("claude-haiku-4-5", None, Required, ""),
    ] {
        let (fitted, strict, warnings) = fitted(model, effort, Some(true));
        assert_eq!((fitted, strict), (choice, true), "{model}");
        assert!(
            warnings.join(". ").starts_with(warning),
            "{model} {warnings:?}"
        );
        assert_eq!(warnings.len(), usize::from(!warning.is_empty()), "{model}");
    }
    let (_, strict, warnings) = fitted("claude-sonnet-4-0", None, Some(true));
    assert_eq!((strict, warnings.len()), (false, 1));
    assert_eq!(
        fitted("kimi-k3", None, Some(false)),
        (Required, false, Vec::new())
    );
}

#[test]
fn formats() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
    let fitted = |model: &str, format| {
        let mut chat = ChatRequest {
            format: Some(std::sync::Arc::new(format)),
            effort: Some(Effort::High),
            ..request(model, &[(Role::System, "Be brief."), (Role::User, "Hi")])
        };
        let warnings = Messages.fit(&mut chat);
        let body = body(&Messages, &chat);
        (
            body["system"].clone(),
            body["output_config"].clone(),
            warnings.len(),
        )
    };
    let by_schema = || Format::Schema {
        name: "answer".to_owned(),
        schema: schema.as_object().unwrap().clone(),
        strict: Some(true),
    };
    let format = json!({"type": "json_schema", "schema": schema});
    let words = |words: &str| json!([{"type": "text", "text": "Be brief."}, {"type": "text", "text": words}]);
    let json_only = "Answer with one JSON object and nothing else.";
    let kept = format!("Answer with JSON only that keeps to this schema: {schema}");
    for (model, asked, system, config, warnings) in [
        (
            "claude-sonnet-5",
            by_schema(),
            json!("Be brief."),
            json!({"effort": "high", "format": format}),
            0,
        ),
        (
            "claude-haiku-4-5",
            by_schema(),
            json!("Be brief."),
            json!({"format": format}),
            0,
        ),
        (
            "claude-sonnet-4-20250514",
            by_schema(),
            words(&kept),
            Value::Null,
            1,
        ),
        (
            "claude-sonnet-5",
            Format::Json,
            words(json_only),
            json!({"effort": "high"}),
            1,
        ),
    ] {
        assert_eq!(fitted(model, asked), (system, config, warnings), "{model}");
    }
}

#[test]
fn files() {
    let sent = |media: Media, role| {
        let chat = ChatRequest {
            messages: vec![Message {
                content: vec![Part::Media(media)],
                ..Message::text(role, "")
            }]
            .into(),
            ..request("claude-sonnet-5", &[])
        };
        Messages.carries(&chat)?;
        Ok(body(&Messages, &chat)["messages"][0]["content"][0].clone())
    };
    let data = |text: &str| Source::Data(text.to_owned());
    let url = || Source::Url("https://example.com/a".to_owned());
    let text = json!({"type": "document", "title": "a.md", "source": {"type": "text", "media_type": "text/plain", "data": "# Größe\n"}});
    let file_sent = |media| sent(media, Role::User);
    assert_eq!(
        file_sent(file(
            "text/markdown",
            data("IyBHcsO2w59lCg=="),
            Some("a.md")
        )),
        Ok(text)
    );
    let at_address =
        json!({"type": "document", "source": {"type": "url", "url": "https://example.com/a"}});
    for mime_type in ["", "application/pdf"] {
        assert_eq!(
            file_sent(file(mime_type, url(), None)),
            Ok(at_address.clone())
        );
    }
    for (media, role, words) in [
        (
            file("application/zip", data("UEsDBP+="), None),
            Role::User,
            "of the type application/zip cannot",
        ),
        (
            file("text/plain", data("####"), None),
            Role::User,
            "of the type text/plain cannot",
        ),
        (
            file("text/csv", url(), None),
            Role::User,
            "text/csv cannot be sent to this provider from an address",
        ),
        (
            file("image/png", data("AAAA"), None),
            Role::Assistant,
            "assistant's own messages",
        ),
    ] {
        let failure: Failure = sent(media, role).unwrap_err();
        assert_eq!(failure.class, Class::InvalidRequest);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    for (encoded, text) in [
        ("", ""),
        ("YQ==", "a"),
        ("YWI", "ab"),
        ("YWJj", "abc"),
        ("Pz8/Pn4+", "???>~>"),
    ] {
        assert_eq!(decoded(encoded).as_deref(), Some(text));
    }
}

#[test]
fn calls() {
    let answer = answer_with_state(&Messages, CALLS);
    let lengths = answer.state.iter().map(conversation::length);
    assert_eq!(state_length(&Messages, CALLS), lengths.sum::<usize>());
    assert_eq!(
        answer.tool_calls,
        [
            call("toolu_1", "weather", "{\"city\": \"Tromsø\"}"),
            call("toolu_2", "now", "{}")
        ]
    );
    assert_eq!(
        (
            answer.text.as_str(),
            answer.reasoning.as_str(),
            answer.finish
        ),
        ("I'll look.", "", Some(Finish::ToolCalls))
    );
    let state = json!([
        {"type": "thinking", "thinking": "", "signature": "EqQB+/=="},
        {"type": "redacted_thinking", "data": "Em0B"},
        {"type": "text", "text": "I'll look."},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Tromsø"}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
    ]);
    assert_eq!(Value::Array(answer.state.clone()), state);
    assert_truncations(&Messages, CALLS);

    // The state goes back in place of everything else, less what nobody has given.
    let mut items = answer.state;
    items.push(json!({"type": "server_tool_use", "id": "x"}));
    items.push(json!("odd"));
    let message = |items| Message {
        state: Some(State {
            provider: "anthropic".to_owned(),
            model: String::new(),
            items,
        }),
        ..called("Other words.", &answer.tool_calls)
    };
    let messages = |assistant| {
        [
            Message::text(Role::User, "Hi"),
            assistant,
            result("toolu_1", "4 C"),
        ]
    };
    let sent = |messages: [Message; 3]| {
        let chat = ChatRequest {
            messages: messages.into(),
            ..request("claude-sonnet-5", &[])
        };
        body(&Messages, &chat)["messages"][1]["content"].clone()
    };
    assert_eq!(sent(messages(message(items))), state);
    let content = sent(messages(message(vec![json!({"type": "image"})])));
    assert_eq!(content[0]["text"], "Other words.");
    let silent = Message {
        tool_calls: Vec::new(),
        content: Vec::new(),
        ..message(vec![json!({"type": "image"})])
    };
    let content = sent(messages(silent));
    assert_eq!(content[0]["type"], "tool_result", "the turn is left out");

    // Models that think by a budget go on in a loop only with the thoughts it began with.
    let effort = |messages: [Message; 3]| {
        let mut chat = ChatRequest {
            messages: messages.into(),
            effort: Some(Effort::High),
            ..request("claude-haiku-4-5", &[])
        };
        let warnings = Messages.fit(&mut chat).len();
        (chat.effort, warnings)
    };
    let thought = |kind: &str| message(vec![json!({"type": kind})]);
    assert_eq!(effort(messages(thought("text"))), (None, 1));
    assert_eq!(effort(messages(called("", &answer.tool_calls))), (None, 1));
    for kind in ["thinking", "redacted_thinking"] {
        assert_eq!(effort(messages(thought(kind))), (Some(Effort::High), 0));
    }
    let [question, assistant, result] = messages(thought("text"));
    let over = [assistant, result, question];
    assert_eq!(effort(over), (Some(Effort::High), 0));
}

#[test]
fn calls_that_come_in_other_ways() {
    let stream = |blocks: &str| {
        let events = blocks.lines().map(|line| format!("data: {line}\n\n"));
        let end = r#"data: {"type":"message_stop"}"#;
        events.collect::<String>() + end + "\n\n"
    };
    // Whole at once, without an id or an index, and arguments that are no JSON.
    let odd = stream(
        r#"{"type":"content_block_start","content_block":{"type":"tool_use","name":"a","input":{"b": 1}}}
{"type":"content_block_start","content_block":{"type":"tool_use","id":"","name":"c"}}
{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"half"}}
{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"lost"}}
{"type":"content_block_start","content_block":{"type":"server_tool_use","name":"d","input":{}}}
{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
    );
    let answer = answer_with_state(&Messages, &odd);
    let calls = [
        call("call_1", "a", "{\"b\": 1}"),
        call("call_2", "c", "{\"half"),
    ];
    assert_eq!(answer.tool_calls, calls);
    assert_eq!(answer.finish, Some(Finish::ToolCalls));
    assert_eq!(
        answer.state,
        [
            json!({"type": "tool_use", "id": "call_1", "name": "a", "input": {"b": 1}}),
            json!({"type": "tool_use", "id": "call_2", "name": "c", "input": {"arguments": "{\"half"}}),
        ]
    );
    // The order is that of the indices; blocks without a beginning are blocks all the same.
    let mixed = stream(
        r#"{"type":"content_block_start","index":18446744073709551615,"content_block":{"type":"tool_use","id":"z","name":"z","input":{}}}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"b"}}
{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}
{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#,
    );
    let answer = answer_with_state(&Messages, &mixed);
    assert_eq!(
        answer.state,
        [
            json!({"type": "thinking", "thinking": "a", "signature": "s"}),
            json!({"type": "text", "text": "b"}),
            json!({"type": "tool_use", "id": "z", "name": "z", "input": {}}),
        ]
    );
    let many = r#"{"type":"content_block_start","content_block":{"type":"tool_use","name":"a"}}"#;
    let (answer, result) = read(
        &Messages,
        &[stream(&format!("{many}\n").repeat(129)).as_bytes()],
    );
    assert_eq!((answer.tool_calls.len(), answer.complete), (128, false));
    assert_eq!(result.unwrap_err().class, Class::TooLarge);

    let whole = |body: &str| {
        let mut answer = Answer::default();
        Messages
            .reader(true)
            .whole(body.as_bytes(), &mut answer)
            .unwrap();
        answer
    };
    let content = r#"[{"type":"thinking","thinking":"","signature":"EqQB"},{"type":"text","text":"So:"},{"type":"tool_use","id":"t","name":"n","input":{"a": {}}},{"type":"tool_use","id":"u","name":"n","input":{}}]"#;
    let answer = whole(&format!(
        r#"{{"content":{content},"stop_reason":"tool_use"}}"#
    ));
    assert_eq!(
        answer.tool_calls,
        [call("t", "n", r#"{"a": {}}"#), call("u", "n", "{}")]
    );
    assert_eq!(
        json!(answer.state),
        serde_json::from_str::<Value>(content).unwrap()
    );
    assert_eq!(
        (answer.finish, answer.complete),
        (Some(Finish::ToolCalls), true)
    );

    let pause = whole(r#"{"content":[{"type":"text","text":"So"}],"stop_reason":"pause_turn"}"#);
    assert_eq!(pause.finish, Some(Finish::Pause));
    assert_eq!(pause.state, [json!({"type": "text", "text": "So"})]);
}

/// Thousands of pieces cost no more than their bytes, with a state or without.
#[test]
fn pieces_are_cheap() {
    let mut answer = Answer::default();
    let mut reader = Reader::new(true);
    let mut add = |data: &str| {
        let event = sse::Event { name: "", data };
        reader.event(&event, &mut answer).unwrap();
    };
    for index in 0..64 {
        add(&format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"t","name":"a"}}}}"#
        ));
    }
    for n in 0..20_000 {
        let index = n % 64;
        add(&format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"input_json_delta","partial_json":" "}}}}"#
        ));
        add(
            r#"{"type":"content_block_delta","index":77,"delta":{"type":"text_delta","text":"ab"}}"#,
        );
    }
    assert!((40_000..40_000 + 65 * 2_000).contains(&reader.state_length()));
    assert_eq!(reader.blocks.0.len(), 65);
    assert_eq!(answer.length(), 60_000 + 64 * 2);

    // The last event is as cheap: nothing is put together before the end.
    let data = r#"{"type":"message_stop"}"#;
    let event = sse::Event { name: "", data };
    reader.event(&event, &mut answer).unwrap();
    assert!(answer.complete && answer.state.is_empty());
    reader.end(&mut answer);
    assert_eq!((answer.state.len(), answer.tool_calls.len()), (65, 64));
}

#[test]
fn each_generation_thinks_in_its_own_words() {
    let fitted = |model: &str, effort, shown| {
        let mut chat = ChatRequest {
            temperature: Some(1.5),
            top_p: Some(0.9),
            effort,
            include_reasoning: shown,
            ..request(model, &[(Role::User, "Hi")])
        };
        let warnings = Messages.fit(&mut chat);
        let mut body = body(&Messages, &chat);
        for name in ["model", "messages", "stream"] {
            body.as_object_mut().unwrap().remove(name);
        }
        (body, warnings.len())
    };
    let adaptive = json!({"type": "adaptive"});
    let shown = json!({"type": "adaptive", "display": "summarized"});
    for (model, effort, show, expected, warnings) in [
        (
            "claude-3-5-haiku-latest",
            Some(Effort::High),
            true,
            json!({"max_tokens": 8192, "temperature": 1.0, "top_p": 0.9}),
            2,
        ),
        (
            "claude-sonnet-4-5",
            None,
            true,
            json!({"max_tokens": 16384, "temperature": 1.0}),
            2,
        ),
        (
            "claude-sonnet-4-5",
            Some(Effort::None),
            false,
            json!({"max_tokens": 16384, "temperature": 1.0}),
            2,
        ),
        (
            "claude-sonnet-4-5",
            Some(Effort::Max),
            true,
            json!({"max_tokens": 36096, "thinking": {"type": "enabled", "budget_tokens": 32000}}),
            2,
        ),
        (
            "claude-opus-4-6",
            Some(Effort::XHigh),
            false,
            json!({"max_tokens": 16384, "thinking": adaptive, "output_config": {"effort": "high"}}),
            3,
        ),
        (
            "claude-opus-4-8",
            Some(Effort::None),
            true,
            json!({"max_tokens": 16384, "thinking": {"type": "disabled"}}),
            2,
        ),
        (
            "claude-opus-4-8",
            None,
            true,
            json!({"max_tokens": 16384}),
            2,
        ),
        (
            "claude-sonnet-5",
            Some(Effort::Minimal),
            false,
            json!({"max_tokens": 16384, "output_config": {"effort": "low"}}),
            3,
        ),
        (
            "claude-sonnet-5",
            None,
            true,
            json!({"max_tokens": 16384, "thinking": shown}),
            2,
        ),
        (
            "claude-opus-5-5",
            Some(Effort::None),
            true,
            json!({"max_tokens": 16384, "thinking": shown, "output_config": {"effort": "low"}}),
            3,
        ),
    ] {
        assert_eq!(
            fitted(model, effort, show),
            (expected, warnings),
            "{model} {effort:?}"
        );
    }
}

/// The API takes no budget below 1,024 tokens, and none that leaves nothing of the limit.
#[test]
fn a_budget_for_thinking_fits_into_the_limit_or_there_is_none() {
    for (limit, is_lowered, wanted, budget) in [
        (20_000, true, Effort::High, Some(8_192)),
        (16_385, false, Effort::High, Some(16_384)),
        (16_384, false, Effort::High, Some(8_192)),
        (10_923, true, Effort::Max, Some(8_192)),
        (8_193, true, Effort::High, Some(2_048)),
        (2_000, true, Effort::High, Some(1_024)),
        (1_365, true, Effort::Low, Some(1_024)),
        (1_364, true, Effort::Low, None),
        (1_025, false, Effort::Minimal, Some(1_024)),
        (1_024, false, Effort::Minimal, None),
        (1, true, Effort::Max, None),
    ] {
        let mut chat = ChatRequest {
            effort: Some(wanted),
            max_tokens: Some(limit),
            ..request("claude-haiku-4-5", &[(Role::User, "Hi")])
        };
        let said = Messages.think_within_limit(&mut chat, is_lowered);
        let sent = &body(&Messages, &chat)["thinking"]["budget_tokens"];
        assert_eq!(sent.as_u64(), budget, "{limit}");
        let is_less = budget != Some(rules::claude_budget(wanted).into());
        assert_eq!(said.is_some(), is_less, "{limit}: {said:?}");
        assert_eq!(Messages.think_within_limit(&mut chat, false), None);
    }
    // Those that think in words of their own are left alone.
    let mut chat = ChatRequest {
        effort: Some(Effort::Max),
        max_tokens: Some(16),
        ..request("claude-sonnet-5", &[(Role::User, "Hi")])
    };
    assert_eq!(Messages.think_within_limit(&mut chat, true), None);
    assert_eq!(chat.effort, Some(Effort::Max));
}

#[test]
fn default_limits() {
    for (model, limit) in [
        ("claude-opus-5-5", 16_384),
        ("claude-3-7-sonnet-20250219", 16_384),
        ("claude-3-5-haiku-latest", 8_192),
        ("claude-3-haiku-20240307", 4_096),
        ("claude-haiku-4-5", 16_384),
    ] {
        assert_eq!(default_max_tokens(model), limit, "{model}");
    }
}

#[test]
fn streams() {
    assert_eq!(answer(&Messages, STREAM), complete());
    assert_truncations(&Messages, STREAM);
}

#[test]
fn whole_bodies() {
    let mut whole = Answer::default();
    Messages
        .reader(false)
        .whole(WHOLE.as_bytes(), &mut whole)
        .unwrap();
    assert_eq!(whole, complete());
    let class = |body: &str| {
        Messages
            .reader(false)
            .whole(body.as_bytes(), &mut Answer::default())
            .unwrap_err()
            .class
    };
    assert_eq!(
        class(r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#),
        Class::Unavailable
    );
    assert_eq!(
        class(r#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#),
        Class::RateLimit
    );
    assert_eq!(class("{}"), Class::Unavailable);
}

#[test]
fn finishes() {
    for (native, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("tool_use", Finish::ToolCalls),
        ("pause_turn", Finish::Pause),
        ("refusal", Finish::ContentFilter),
    ] {
        let answer = stopped(&format!(
            "{{\"stop_reason\":\"{native}\",\"stop_details\":null}}"
        ));
        assert_eq!(
            (answer.finish, answer.native_finish.as_deref()),
            (Some(finish), Some(native))
        );
        assert_eq!(answer.usage, Usage::default());
    }
    assert_eq!(stopped(r#"{"stop_reason":null}"#).finish, None);
    let refusal = stopped(
        r#"{"stop_reason":"refusal","stop_details":{"type":"refusal","category":null,"explanation":"No."}}"#,
    );
    assert_eq!(
        (refusal.text.as_str(), refusal.finish),
        ("No.", Some(Finish::ContentFilter))
    );
}

#[test]
fn huge_counts_saturate() {
    let max = u64::MAX;
    let counts = format!(
        "{{\"input_tokens\":{max},\"cache_read_input_tokens\":{max},\"output_tokens\":{max}}}"
    );
    let mut usage = Usage::default();
    take_usage(&json::read(&counts).unwrap(), &mut usage);
    take_usage(
        &json::read("{\"cache_creation_input_tokens\":1}").unwrap(),
        &mut usage,
    );
    assert_eq!(
        (usage.input_tokens, usage.total_tokens),
        (Some(max), Some(max))
    );
}

#[test]
fn errors_in_streams() {
    let (partial, result) = outcome(&Messages, OVERLOADED);
    let failure = result.unwrap_err();
    assert_eq!((partial.text.as_str(), partial.complete), ("Hel", false));
    assert_eq!(
        (failure.class, failure.code.as_deref()),
        (Class::Unavailable, Some("overloaded_error"))
    );
    assert_eq!(
        (failure.message.as_str(), failure.request_id.as_deref()),
        ("Overloaded", Some("req_1"))
    );
    let class = |stream: &str| read(&Messages, &[stream.as_bytes()]).1.unwrap_err().class;
    assert_eq!(
        class("data: {\"error\":{\"type\":\"rate_limit_error\"}}\n\n"),
        Class::RateLimit
    );
    assert_eq!(class("data: nonsense\n\n"), Class::Unavailable);
}

#[test]
fn error_table() {
    for (status, kind, message, class) in [
        (
            400,
            "invalid_request_error",
            "max_tokens: required",
            Class::InvalidRequest,
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            Class::ContextLength,
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            Class::Quota,
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            Class::ContentFilter,
        ),
        (
            401,
            "authentication_error",
            "invalid x-api-key",
            Class::Auth,
        ),
        (402, "billing_error", "m", Class::Quota),
        (403, "permission_error", "m", Class::Permission),
        (404, "not_found_error", "model: x", Class::ModelNotFound),
        (413, "request_too_large", "m", Class::TooLarge),
        (429, "rate_limit_error", "m", Class::RateLimit),
        (500, "api_error", "m", Class::Unavailable),
        (504, "timeout_error", "m", Class::Unavailable),
        (529, "overloaded_error", "m", Class::Unavailable),
    ] {
        let body = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"});
        let failure = Messages.failure(status, body.to_string().as_bytes());
        assert_eq!(
            failure,
            Failure {
                status: Some(status),
                code: Some(kind.into()),
                request_id: Some("req_1".to_owned()),
                stage: Stage::Declined,
                ..Failure::quoting(class, "", message, "")
            }
        );
    }
}

#[test]
fn model_lists() {
    assert_eq!(Messages.models(None).path, "/v1/models?limit=1000");
    assert_eq!(
        Messages.models(Some("a&b=c")).path,
        "/v1/models?limit=1000&after_id=a%26b%3Dc"
    );
    let page = Messages.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!(page.next.as_deref(), Some("claude-3-haiku-20240307"));
    assert_eq!(
        page.models[0],
        Model {
            id: "claude-opus-5".to_owned(),
            display_name: Some("Claude Opus 5".to_owned()),
            created: Some(1_777_593_600),
            input_token_limit: Some(1_000_000),
            output_token_limit: Some(128_000),
            chat: true,
            can: page.models[0].can,
            ..Model::default()
        }
    );
    assert_eq!(
        Messages
            .models_page(br#"{"data":[],"has_more":false,"last_id":null}"#)
            .unwrap(),
        ModelPage::default()
    );
    assert_eq!(
        Messages.models_page(b"{}").unwrap_err().class,
        Class::Unavailable
    );
    assert_eq!(
        newest(&Messages, MODELS).as_deref(),
        Some("claude-sonnet-5")
    );
    assert_eq!(newest(&Messages, r#"{"data":[]}"#), None);
}

#[test]
fn times() {
    for (time, seconds) in [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("2000-02-29T23:59:59.123456z", Some(951_868_799)),
        ("2025-02-19T00:00:00Z", Some(1_739_923_200)),
        ("2025-02-19T01:30:00+01:30", Some(1_739_923_200)),
        ("2025-02-18T19:00:00-05:00", Some(1_739_923_200)),
        ("1969-12-31T23:59:59Z", None),
        ("2025-13-01T00:00:00Z", None),
        ("2025-01-01T00:00:00", None),
        ("2025-01-01", None),
        ("", None),
        ("99999-01-01T00:00:00Z", None),
        ("2025-01-01Tüüüüüüü", None),
    ] {
        assert_eq!(unix_seconds(time), seconds, "{time}");
    }
}

#[test]
fn noise_never_panics() {
    fuzz(&Messages, &[STREAM, CALLS, WHOLE, OVERLOADED, MODELS]);
}
