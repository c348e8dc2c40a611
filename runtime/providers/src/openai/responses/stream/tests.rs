use serde_json::json;

use super::*;
use crate::openai::Responses;
use crate::testing::{Xorshift, assert_comes_back, call, deltas, native, state, usage, wire};
use crate::*;

#[test]
fn the_state_has_a_length_unless_it_is_discarded() {
    let state_of = |file: &str| state(&Responses, &wire(&format!("responses/tool-calls/{file}")));
    for file in [
        "in-turns",
        "no-deltas",
        "no-added",
        "no-items",
        "completed-only",
    ] {
        let (items, length) = state_of(file);
        assert_eq!((items.len(), length > 300), (4, true), "{file}");
    }
    assert_eq!(state_of("half-character"), (Vec::new(), 0));
}

#[test]
fn more_calls_than_anybody_makes_are_too_large() {
    let call = |n| {
        format!(
            "data: {{\"type\":\"response.output_item.done\",\"output_index\":{n},\"item\":{{\"type\":\"function_call\",\"call_id\":\"c{n}\",\"name\":\"a\"}}}}\n\n"
        )
    };
    let many: String = (0..200).map(call).collect();
    let (mut reader, mut answer) = (Reader::new(false), Answer::default());
    let result = many
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .try_for_each(|data| reader.event(&sse::Event { name: "", data }, &mut answer));
    assert_eq!(result.unwrap_err().class, ErrorKind::TooLarge);
    assert_eq!((answer.tool_calls.len(), reader.places.len()), (128, 128));
}

#[test]
fn a_piece_too_large_spoils_the_state() {
    let kept = |length: usize| {
        let content = "a".repeat(length);
        let body = json!({"status": "completed", "output": [
                {"type": "function_call", "call_id": "c", "name": "a", "arguments": "{}"},
                {"type": "reasoning", "encrypted_content": content}]});
        let mut answer = Answer::default();
        let mut reader = Responses.reader(true);
        reader
            .whole(body.to_string().as_bytes(), &mut answer)
            .unwrap();
        assert_eq!(answer.tool_calls, [call("c", "a", "{}")]);
        (answer.state.len(), reader.state_length() > 0)
    };
    assert_eq!(kept(1 << 19), (2, true));
    assert_eq!(kept(1 << 20), (0, false));
}

/// The events of an answer; corrects it in what the format cannot say.
fn written(random: &mut Xorshift, answer: &mut Answer) -> Vec<String> {
    let calls = answer.tool_calls.iter().enumerate();
    let begun = calls.map(|(at, call)| {
        format!(
            r#"{{"type":"response.output_item.added","output_index":{},"item":{{"type":"function_call","call_id":"{}","name":"{}","arguments":""}}}}"#,
            at + 2,
            call.id,
            call.name
        )
    });
    let mut events: Vec<String> = begun.collect();
    events.extend(deltas(random, answer, |kind, piece| {
        let word = match kind {
            0 => "reasoning_summary_text",
            1 => "output_text",
            _ => "function_call_arguments",
        };
        format!(r#"{{"type":"response.{word}.delta","output_index":{kind},"delta":{piece}}}"#)
    }));
    let [input, output, reasoned, cached, written, total] = usage(answer);
    let word = native(
        answer,
        [
            "completed",
            "max_output_tokens",
            "completed",
            "content_filter",
        ],
    );
    let status = match word {
        "completed" => word,
        _ => "incomplete",
    };
    events.push(format!(
        r#"{{"type":"response.{status}","response":{{"id":"r-1","model":"m-1","status":"{status}","incomplete_details":{{"reason":"{word}"}},"usage":{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":{cached},"cache_write_tokens":{written}}},"output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":{reasoned}}},"total_tokens":{total}}}}}}}"#
    ));
    events
}

#[test]
fn responses_come_back() {
    assert_comes_back(&Responses, written, true);
}
