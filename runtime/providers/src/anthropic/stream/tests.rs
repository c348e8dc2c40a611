use serde_json::json;

use super::*;
use crate::anthropic::Messages;
use crate::testing::{
    Xorshift, assert_comes_back, body, called, deltas, native, read, request, result, state, usage,
    wire,
};
use crate::*;

#[test]
fn the_length_of_the_state_is_that_of_its_items() {
    let (items, length) = state(&Messages, &wire("anthropic/tool-calls/in-turns"));
    assert_eq!(items.len(), 5);
    assert_eq!(
        length,
        items.iter().map(conversation::length).sum::<usize>()
    );
}

#[test]
fn a_turn_of_which_nothing_is_left_is_left_out() {
    let silent = |items| Message {
        content: Vec::new(),
        state: Some(State {
            provider: "anthropic".to_owned(),
            model: String::new(),
            items,
        }),
        ..called("", &[])
    };
    for items in [vec![json!({"type": "image"})], vec![json!("odd")]] {
        let chat = ChatRequest {
            messages: vec![
                Message::text(Role::User, "Hi"),
                silent(items),
                result("toolu_1", "4 C"),
            ]
            .into(),
            ..request("claude-sonnet-5", &[])
        };
        let content = &body(&Messages, &chat)["messages"][1]["content"];
        assert_eq!(content[0]["type"], "tool_result");
    }
}

#[test]
fn more_calls_than_anybody_makes_are_too_large() {
    let many =
        r#"data: {"type":"content_block_start","content_block":{"type":"tool_use","name":"a"}}"#;
    let many = format!("{many}\n\n").repeat(129);
    let (answer, result) = read(&Messages, &[many.as_bytes()]);
    assert_eq!((answer.tool_calls.len(), answer.complete), (128, false));
    assert_eq!(result.unwrap_err().class, ErrorKind::TooLarge);
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
