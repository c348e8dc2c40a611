use serde_json::{Value, json};

use super::*;
use crate::anthropic::Messages;
use crate::anthropic::tests::{CALLS, OVERLOADED, STREAM, WHOLE};
use crate::testing::{
    Xorshift, answer, answer_with_state, assert_comes_back, assert_truncations, body, call, called,
    deltas, native, outcome, read, request, result, state_length, usage,
};
use crate::*;

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
            effort: Some(ReasoningEffort::High),
            ..request("claude-haiku-4-5", &[])
        };
        let warnings = Messages.adapt(&mut chat).len();
        (chat.effort, warnings)
    };
    let thought = |kind: &str| message(vec![json!({"type": kind})]);
    assert_eq!(effort(messages(thought("text"))), (None, 1));
    assert_eq!(effort(messages(called("", &answer.tool_calls))), (None, 1));
    for kind in ["thinking", "redacted_thinking"] {
        assert_eq!(
            effort(messages(thought(kind))),
            (Some(ReasoningEffort::High), 0)
        );
    }
    let [question, assistant, result] = messages(thought("text"));
    let over = [assistant, result, question];
    assert_eq!(effort(over), (Some(ReasoningEffort::High), 0));
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
    assert_eq!(result.unwrap_err().class, ErrorKind::TooLarge);

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
        ErrorKind::Unavailable
    );
    assert_eq!(
        class(r#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#),
        ErrorKind::RateLimit
    );
    assert_eq!(class("{}"), ErrorKind::Unavailable);
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
    let message = refusal.finish_message.as_deref();
    assert_eq!((refusal.text.as_str(), message), ("", Some("No.")));
    let unknown = stopped(r#"{"stop_reason":"new"}"#);
    assert_eq!(unknown.finish, None);
    assert_eq!(unknown.native_finish.as_deref(), Some("new"));
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
        (ErrorKind::Unavailable, Some("overloaded_error"))
    );
    assert_eq!(
        (failure.message.as_str(), failure.request_id.as_deref()),
        ("Overloaded", Some("req_1"))
    );
    let class = |stream: &str| read(&Messages, &[stream.as_bytes()]).1.unwrap_err().class;
    assert_eq!(
        class("data: {\"error\":{\"type\":\"rate_limit_error\"}}\n\n"),
        ErrorKind::RateLimit
    );
    assert_eq!(class("data: nonsense\n\n"), ErrorKind::Unavailable);
}

/// The events of an answer; corrects it in what the format cannot say.
fn written(random: &mut Xorshift, answer: &mut Answer) -> Vec<String> {
    let [input, output, reasoned, cached, written, _] = usage(answer);
    answer.usage.total_tokens = Some(input + output);
    let fresh = input - cached - written;
    let mut events = vec![
        format!(
            r#"{{"type":"message_start","message":{{"id":"r-1","model":"m-1","usage":{{"input_tokens":{fresh},"cache_read_input_tokens":{cached},"cache_creation_input_tokens":{written},"output_tokens":1}}}}}}"#
        ),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#.to_owned(),
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#.to_owned(),
    ];
    for (at, call) in answer.tool_calls.iter().enumerate() {
        events.push(format!(
            r#"{{"type":"content_block_start","index":{},"content_block":{{"type":"tool_use","id":"{}","name":"{}","input":{{}}}}}}"#,
            at + 2,
            call.id,
            call.name
        ));
    }
    events.extend(deltas(random, answer, |kind, piece| {
        let (word, member) = match kind {
            0 => ("thinking_delta", "thinking"),
            1 => ("text_delta", "text"),
            _ => ("input_json_delta", "partial_json"),
        };
        format!(
            r#"{{"type":"content_block_delta","index":{kind},"delta":{{"type":"{word}","{member}":{piece}}}}}"#
        )
    }));
    let word = native(answer, ["end_turn", "max_tokens", "tool_use", "refusal"]);
    events.push(format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":"{word}"}},"usage":{{"output_tokens":{output},"output_tokens_details":{{"thinking_tokens":{reasoned}}}}}}}"#
    ));
    events.push(r#"{"type":"message_stop"}"#.to_owned());
    events
}

#[test]
fn messages_come_back() {
    assert_comes_back(&Messages, written, true);
}
