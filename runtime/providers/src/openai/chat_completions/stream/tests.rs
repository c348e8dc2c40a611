use super::*;
use crate::openai::chat_completions::*;
use crate::testing::{Xorshift, assert_comes_back, deltas, native, read, state, usage, wire};
use crate::*;

#[test]
fn more_calls_than_anybody_makes_are_too_large() {
    let call = |n| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":{n},\"function\":{{\"name\":\"a\"}}}}]}}}}]}}\n\n"
        )
    };
    let many: String = (0..200).map(call).collect();
    let (mut reader, mut answer) = (Reader::new(&PLAIN, false), Answer::default());
    let result = many
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .try_for_each(|data| reader.event(&sse::Event { name: "", data }, &mut answer));
    assert_eq!(result.unwrap_err().class, ErrorKind::TooLarge);
    assert_eq!((answer.tool_calls.len(), reader.places.len()), (128, 128));
}

#[test]
fn the_length_of_the_state_is_about_that_of_its_items() {
    for (file, items) in [
        ("chat/reasoning/kept", 1),
        ("chat/reasoning/kept-details", 1),
        ("chat/reasoning/kept-nothing", 0),
        ("chat/reasoning/kept-half", 0),
    ] {
        let (state, counted) = state(&PLAIN, &wire(file));
        let length: usize = state.iter().map(conversation::length).sum();
        assert_eq!(state.len(), items, "{file}");
        assert!(counted.abs_diff(length) < 1_000, "{file}: {length}");
    }
}

#[test]
fn xai_counts_reasoning_apart_from_the_output() {
    let xai = ChatCompletions {
        reasoning_apart: true,
        ..PLAIN
    };
    let chunk = r#"data: {"choices":[],"usage":{"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":5}}}"#;
    for (service, tokens) in [(&xai, 12), (&PLAIN, 7)] {
        let (answer, _) = read(service, &[chunk.as_bytes()]);
        assert_eq!(answer.usage.output_tokens, Some(tokens));
    }
}

/// The events of an answer; corrects it in what the format cannot say.
fn written(random: &mut Xorshift, expected_answer: &mut Answer) -> Vec<String> {
    let chunk = |delta: &str| {
        format!(r#"{{"id":"r-1","model":"m-1","choices":[{{"index":0,"delta":{{{delta}}}}}]}}"#)
    };
    let calls = expected_answer.tool_calls.iter().enumerate();
    let begun = calls.map(|(at, call)| {
        chunk(&format!(
            r#""tool_calls":[{{"index":{at},"id":"{}","function":{{"name":"{}","arguments":""}}}}]"#,
            call.id, call.name
        ))
    });
    let mut events: Vec<String> = begun.collect();
    events.extend(deltas(random, expected_answer, |kind, piece| {
        match kind.checked_sub(2) {
            None if kind == 0 => chunk(&format!(r#""reasoning_content":{piece}"#)),
            None => chunk(&format!(r#""content":{piece}"#)),
            Some(at) => chunk(&format!(
                r#""tool_calls":[{{"index":{at},"function":{{"arguments":{piece}}}}}]"#
            )),
        }
    }));
    expected_answer.usage.cost_usd = Some(0.125);
    let [input, output, reasoned, cached, written, total] = usage(expected_answer);
    let word = native(
        expected_answer,
        ["stop", "length", "tool_calls", "content_filter"],
    );
    events.push(format!(
        r#"{{"choices":[{{"delta":{{}},"finish_reason":"{word}"}}]}}"#
    ));
    events.push(format!(
        r#"{{"choices":[],"usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{total},"cost":0.125,"prompt_tokens_details":{{"cached_tokens":{cached},"cache_write_tokens":{written}}},"completion_tokens_details":{{"reasoning_tokens":{reasoned}}}}}}}"#
    ));
    events.push("[DONE]".to_owned());
    events
}

#[test]
fn chat_completions_come_back() {
    assert_comes_back(&PLAIN, written, true);
}
