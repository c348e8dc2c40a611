use serde_json::{Value, json};

use super::*;
use crate::openai::Responses;
use crate::openai::responses::tests::{CALLS, FAILED, STREAM, TOOL_CALL};
use crate::testing::{
    Xorshift, answer, answer_with_state, assert_comes_back, assert_truncations, calls, deltas,
    native, outcome, read, state_length, usage,
};
use crate::*;

fn completed() -> Answer {
    Answer {
        text: "Hé\nlo 😀".to_owned(),
        reasoning: "Weigh\n\nboth.".to_owned(),
        model: Some("gpt-5.6-terra".to_owned()),
        response_id: Some("resp_1".to_owned()),
        finish: Some(Finish::Stop),
        native_finish: Some("completed".to_owned()),
        usage: Usage {
            input_tokens: Some(20),
            output_tokens: Some(35),
            reasoning_tokens: Some(24),
            cached_input_tokens: Some(0),
            cache_write_tokens: Some(3),
            total_tokens: Some(55),
            ..Usage::default()
        },
        complete: true,
        ..Answer::default()
    }
}

#[test]
fn streams() {
    assert_eq!(answer(&Responses, STREAM), completed());
    assert_truncations(&Responses, STREAM);
    assert!(answer(&Responses, STREAM).state.is_empty());
}

#[test]
fn calls_arrive_in_pieces_whole_or_at_the_end() {
    let expected = [
        ("call_9", "weather", "{\"city\": \"Oslo\"}"),
        ("call_8", "time", "no JSON"),
        ("call_7", "ping", ""),
    ];
    let events: Vec<&str> = CALLS.split_inclusive("\n\n").collect();
    let without = |word: &str| -> String {
        let events = events.iter().filter(|event| !event.contains(word));
        events.copied().collect()
    };
    let closing = events.last().unwrap();
    let output = closing.split_once("\"output\":").unwrap().1;
    let output: Value =
        serde_json::from_str(output.trim_end().trim_end_matches('}').trim()).unwrap();
    for stream in [
        CALLS.to_owned(),
        without(".delta"),
        without(".added"),
        without("_item."),
        (*closing).to_owned(),
    ] {
        let answer = answer_with_state(&Responses, &stream);
        assert_eq!(calls(&answer), expected, "{stream}");
        assert_eq!(answer.finish, Some(Finish::ToolCalls));
        assert!(answer.complete);
        // Each piece once.
        assert_eq!(Value::Array(answer.state), output, "{stream}");
        assert!(state_length(&Responses, &stream) > 300);
    }
    // The pieces are enough.
    let pieces = without(".done").replace(closing, "");
    let end = r#"data: {"type":"response.completed","response":{"status":"completed"}}"#;
    let pieces = answer(&Responses, &format!("{pieces}{end}\n\n"));
    assert_eq!(calls(&pieces), expected[..2]);
    assert_truncations(&Responses, CALLS);
}

#[test]
fn sloppy_calls() {
    let of = |events: &[&str]| {
        let events = events.iter().map(|event| format!("data: {event}\n\n"));
        let stream: String = events.collect();
        let end = r#"data: {"type":"response.completed","response":{"status":"completed"}}"#;
        answer(&Responses, &format!("{stream}{end}\n\n"))
    };
    // Neither id nor place, the arguments not wrapped up.
    let answer = of(&[
        r#"{"type":"response.output_item.added","item":{"type":"function_call","name":"a"}}"#,
        r#"{"type":"response.function_call_arguments.delta","delta":"{}"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","name":"b","arguments":{"x": 1}}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","name":7}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":18446744073709551615,"delta":"x"}"#,
    ]);
    let expected = [("call_1", "a", "{}"), ("call_2", "b", "{\"x\": 1}")];
    assert_eq!(calls(&answer), expected);

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
        assert_eq!(calls(&answer), [("c", "a", "{}")]);
        (answer.state.len(), reader.state_length() > 0)
    };
    assert_eq!(kept(1 << 19), (2, true));
    assert_eq!(kept(1 << 20), (0, false));
    let half = CALLS.replacen("gAAA", r"\ud83d", 1);
    let answer = answer_with_state(&Responses, &half);
    assert_eq!(
        (answer.state.len(), state_length(&Responses, &half)),
        (0, 0)
    );
    assert_eq!((answer.tool_calls.len(), answer.complete), (3, true));
}

#[test]
fn oddities_cost_nothing() {
    let stream = r#"event: response.output_text.delta
data: {"delta":"half \ude00"}

event: response.completed
data: {"response":{"output":null,"usage":{"input_tokens":1.5,"output_tokens":-1,"input_tokens_details":7,"total_tokens":3}}}

"#;
    let answer = answer(&Responses, stream);
    assert!(answer.text.starts_with("half \u{fffd}") && answer.complete);
    assert_eq!(answer.finish, Some(Finish::Stop));
    assert_eq!(
        answer.usage,
        Usage {
            total_tokens: Some(3),
            ..Usage::default()
        }
    );
}

#[test]
fn the_closing_event_alone_is_enough() {
    let last = STREAM.trim_end().rsplit_once("\n\n").unwrap().1;
    assert_eq!(answer(&Responses, &format!("{last}\n\n")), completed());
    let response = last
        .split_once("\"response\":")
        .unwrap()
        .1
        .strip_suffix('}')
        .unwrap();
    let mut whole = Answer::default();
    Responses
        .reader(false)
        .whole(response.as_bytes(), &mut whole)
        .unwrap();
    assert_eq!(whole, completed());
}

#[test]
fn finishes() {
    let finish = |stream: &str| {
        let answer = answer(&Responses, stream);
        (
            answer.finish,
            answer.native_finish.unwrap_or_default(),
            answer.text,
            answer.complete,
        )
    };
    let ended =
        |finish, native: &str, text: &str| (Some(finish), native.to_owned(), text.to_owned(), true);
    assert_eq!(finish(TOOL_CALL), ended(Finish::ToolCalls, "completed", ""));
    let incomplete = |reason| {
        format!(
            "data: {{\"type\":\"response.incomplete\",\"response\":{{\"status\":\"incomplete\",\"incomplete_details\":{{\"reason\":\"{reason}\"}},\"output\":[{{\"type\":\"reasoning\",\"summary\":[]}}]}}}}\n\n"
        )
    };
    assert_eq!(
        finish(&incomplete("max_output_tokens")),
        ended(Finish::Length, "max_output_tokens", "")
    );
    assert_eq!(
        finish(&incomplete("content_filter")),
        ended(Finish::ContentFilter, "content_filter", "")
    );
    let refusal = r#"data: {"type":"response.refusal.delta","delta":"I can't."}

data: {"type":"response.completed","response":{"output":[{"type":"message","content":[{"type":"refusal","refusal":"I can't."}]}]}}

"#;
    assert_eq!(
        finish(refusal),
        ended(Finish::ContentFilter, "completed", "I can't.")
    );
    let closing = refusal.split_once("\n\n").unwrap().1;
    assert_eq!(
        finish(closing),
        ended(Finish::ContentFilter, "completed", "I can't.")
    );
}

#[test]
fn errors_in_streams() {
    let failed = |stream: &str| {
        let (answer, result) = outcome(&Responses, stream);
        let failure = result.unwrap_err();
        assert!(!answer.complete);
        (
            failure.class,
            failure.status,
            failure.message.clone(),
            answer.text,
        )
    };
    let text = str::to_owned;
    assert_eq!(
        failed(FAILED),
        (ErrorKind::RateLimit, None, text("Slow down"), text("Hel"))
    );
    for (data, class) in [
        (
            r#"{"type":"error","code":"server_error","message":"m","param":null,"sequence_number":3}"#,
            ErrorKind::Unavailable,
        ),
        (
            r#"{"type":"error","error":{"type":"insufficient_quota","message":"m"}}"#,
            ErrorKind::Quota,
        ),
        (
            r#"{"error":{"code":"context_length_exceeded","message":"m"}}"#,
            ErrorKind::ContextLength,
        ),
    ] {
        assert_eq!(
            failed(&format!("data: {data}\n\n")),
            (class, None, text("m"), text("")),
            "{data}"
        );
    }
    assert_eq!(
        failed("event: error\ndata: gone\n\n").0,
        ErrorKind::Unavailable
    );
    assert_eq!(
        failed("data: {\"type\":\"response.failed\",\"response\":{}}\n\n").0,
        ErrorKind::Unavailable
    );
    assert_eq!(
        read(&Responses, &[b"data: <html>\n\n"])
            .1
            .unwrap_err()
            .class,
        ErrorKind::Unavailable
    );
}

#[test]
fn whole_bodies_that_are_none() {
    let class = |body: &str| {
        Responses
            .reader(false)
            .whole(body.as_bytes(), &mut Answer::default())
            .unwrap_err()
            .class
    };
    assert_eq!(
        class(r#"{"error":{"message":"m","code":"invalid_api_key"}}"#),
        ErrorKind::Auth
    );
    assert_eq!(class("{}"), ErrorKind::Unavailable);
    assert_eq!(class("<html>"), ErrorKind::Unavailable);
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
