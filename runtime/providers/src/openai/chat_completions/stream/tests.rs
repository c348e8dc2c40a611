use serde_json::{Value, json};

use super::*;
use crate::openai::chat_completions::tests::{FAILED, PARTS, STREAM, TOOL_CALLS};
use crate::openai::chat_completions::*;
use crate::testing::{
    Xorshift, answer, answer_with_state, assert_comes_back, assert_truncations, calls, deltas,
    native, outcome, read, state_length, usage,
};
use crate::*;

fn expected_answer() -> Answer {
    Answer {
        text: "Hé\nlo 😀".to_owned(),
        reasoning: "Weigh both.".to_owned(),
        model: Some("m-1".to_owned()),
        response_id: Some("c1".to_owned()),
        finish: Some(Finish::Stop),
        native_finish: Some("stop".to_owned()),
        usage: Usage {
            input_tokens: Some(9),
            output_tokens: Some(7),
            reasoning_tokens: Some(5),
            cached_input_tokens: Some(0),
            cache_write_tokens: Some(3),
            total_tokens: Some(16),
            ..Usage::default()
        },
        complete: true,
        ..Answer::default()
    }
}

#[test]
fn streams() {
    assert_eq!(answer(&PLAIN, STREAM), expected_answer());
    assert_truncations(&PLAIN, STREAM);
    let tools = answer(&PLAIN, TOOL_CALLS);
    assert_eq!(
        (tools.finish, &*tools.text, tools.complete),
        (Some(Finish::ToolCalls), "", true)
    );
    let expected = [
        ("call_9", "weather", "{\"city\": \"Oslo\"}"),
        ("call_8", "time", "no JSON"),
        ("call_7", "ping", ""),
    ];
    assert_eq!(calls(&tools), expected);
    assert_truncations(&PLAIN, TOOL_CALLS);
}

#[test]
fn calls_come_in_every_accent() {
    let expected_answer = |deltas: &[&str]| {
        let chunk = |delta: &&str| format!("data: {{\"choices\":[{{\"delta\":{delta}}}]}}\n\n");
        let chunks: String = deltas.iter().map(chunk).collect();
        let answer = answer(&PLAIN, &format!("{chunks}data: [DONE]\n\n"));
        assert_eq!(answer.finish, Some(Finish::ToolCalls), "{deltas:?}");
        let calls = calls(&answer).into_iter();
        let calls = calls.map(|(id, name, arguments)| format!("{id} {name} {arguments}"));
        calls.collect::<Vec<_>>().join(", ")
    };
    for (deltas, expected) in [
        // No index: an id or a name begins a call, and what has neither goes on with the last.
        (
            &[
                r#"{"tool_calls":[{"id":"x","function":{"name":"a","arguments":"{\"b\""}}]}"#,
                r#"{"tool_calls":[{"function":{"arguments":":1}"}}]}"#,
                r#"{"tool_calls":[{"id":"y","function":{"name":"a","arguments":"{}"}}]}"#,
            ][..],
            r#"x a {"b":1}, y a {}"#,
        ),
        // The id, and the name with it, again and again.
        (
            &[
                r#"{"tool_calls":[{"id":"x","function":{"name":"a","arguments":"{"}},{"id":"y","function":{"name":"a"}}]}"#,
                r#"{"tool_calls":[{"id":"x","function":{"name":"a","arguments":"}"}}]}"#,
                r#"{"tool_calls":[{"id":"y","function":{"arguments":"{}"}}]}"#,
            ],
            "x a {}, y a {}",
        ),
        (
            &[
                r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"{"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"}"}}]}"#,
            ],
            "x a {}",
        ),
        // Whole, several in one piece, without ids, the arguments not wrapped up.
        (
            &[
                r#"{"tool_calls":[{"function":{"name":"a","arguments":{"b": [1]}}},{"id":"call_3","function":{"name":"a","arguments":null}},{"id":null,"function":{"name":"c"}}]}"#,
            ],
            r#"call_1 a {"b": [1]}, call_3 a , call_4 c "#,
        ),
        // All of them counted as the first.
        (
            &[
                r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"{}"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"y","function":{"name":"a","arguments":"{}"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"name":"b","arguments":"{"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#,
            ],
            "x a {}, y a {}, call_3 b {}",
        ),
        // The older form; beside the newer one it says the same.
        (
            &[
                r#"{"function_call":{"name":"a","arguments":"{"}}"#,
                r#"{"function_call":{"name":"a","arguments":"}"},"tool_calls":null}"#,
            ],
            "call_1 a {}",
        ),
        (
            &[
                r#"{"function_call":{"name":"a"},"tool_calls":[{"id":"x","function":{"name":"a"}}]}"#,
            ],
            "x a ",
        ),
        // Nonsense beside a call.
        (
            &[
                r#"{"tool_calls":[{"index":18446744073709551615,"id":"x","function":{"name":"a","arguments":"{}"}}]}"#,
                r#"{"tool_calls":[{"index":9,"function":{"arguments":"lost"}},{"index":"7","function":7},{}]}"#,
            ],
            "x a {}",
        ),
    ] {
        assert_eq!(expected_answer(deltas), expected);
    }
    let whole = r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"x","type":"function","function":{"name":"a","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    let mut answer = Answer::default();
    PLAIN
        .reader(false)
        .whole(whole.as_bytes(), &mut answer)
        .unwrap();
    assert_eq!(calls(&answer), [("x", "a", "{}")]);

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
fn reasoning_is_kept_for_the_next_turn_as_it_came() {
    let state = |deltas: &[&str]| {
        let chunk = |delta: &&str| format!("data: {{\"choices\":[{{\"delta\":{delta}}}]}}\n\n");
        let chunks: String = deltas.iter().map(chunk).collect();
        let stream = format!("{chunks}data: [DONE]\n\n");
        assert!(answer(&PLAIN, &stream).state.is_empty());
        let answer = answer_with_state(&PLAIN, &stream);
        let length: usize = answer.state.iter().map(conversation::length).sum();
        assert!(
            state_length(&PLAIN, &stream).abs_diff(length) < 1_000,
            "{length}"
        );
        Value::Array(answer.state)
    };
    let content = [
        r#"{"reasoning_content":"Weigh "}"#,
        r#"{"reasoning_content":"both.","content":""}"#,
        r#"{"reasoning_content":"","content":"Hi"}"#,
    ];
    assert_eq!(
        state(&content),
        json!([{"reasoning_content": "Weigh both."}])
    );
    let details = [
        r#"{"reasoning":"We","reasoning_details":[{"type":"reasoning.text","text":"We","signature":null,"index":0}]}"#,
        r#"{"reasoning":"igh","reasoning_details":[{"type":"reasoning.text","text":"igh","index":0}]}"#,
        r#"{"reasoning_details":[{"type":"reasoning.text","text":"","signature":"sig","index":0}]}"#,
        r#"{"reasoning_details":[{"type":"reasoning.text","text":"More","index":1},{"type":"reasoning.summary","summary":"In ","index":1},{"type":"reasoning.summary","summary":"short","index":1}]}"#,
        r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"a","id":"x","index":2},{"type":"reasoning.encrypted","data":"b","id":"y","index":2},7]}"#,
        r#"{"reasoning_details":[],"content":"Hi"}"#,
    ];
    let expected = json!([{"reasoning": "Weigh", "reasoning_details": [
            {"type": "reasoning.text", "text": "Weigh", "signature": "sig", "index": 0},
            {"type": "reasoning.text", "text": "More", "index": 1},
            {"type": "reasoning.summary", "summary": "In short", "index": 1},
            {"type": "reasoning.encrypted", "data": "a", "id": "x", "index": 2},
            {"type": "reasoning.encrypted", "data": "b", "id": "y", "index": 2}, 7]}]);
    assert_eq!(state(&details), expected);
    for nothing in [
        r#"{"content":"Hi"}"#,
        r#"{"reasoning":"","reasoning_content":null,"reasoning_details":[]}"#,
        // What cannot be kept spoils the rest.
        r#"{"reasoning":"a","reasoning_details":["\ud83d"]}"#,
    ] {
        assert_eq!(state(&[nothing]), json!([]), "{nothing}");
    }
}

#[test]
fn the_reason_to_finish_ends_an_answer_where_nothing_else_does() {
    let cut = |stream: &[u8]| {
        let mut answer = Answer::default();
        let mut reader = PLAIN.reader(false);
        let mut parser = sse::Parser::new(1 << 20);
        let mut rest = stream;
        while let Ok(Some(event)) = parser.next_event(&mut rest) {
            reader.event(&event, &mut answer).unwrap();
        }
        if let Some(event) = parser.finish() {
            let _cut = reader.event(&event, &mut answer);
        }
        assert!(!answer.complete);
        reader.end(&mut answer);
        answer
    };
    assert_eq!(
        cut(PARTS.as_bytes()),
        Answer {
            text: "Hello".to_owned(),
            reasoning: "Weigh both. More.".to_owned(),
            model: Some("m-2".to_owned()),
            response_id: Some("c2".to_owned()),
            finish: Some(Finish::Length),
            native_finish: Some("length".to_owned()),
            usage: Usage {
                input_tokens: Some(1),
                output_tokens: Some(2),
                total_tokens: Some(3),
                ..Usage::default()
            },
            complete: true,
            ..Answer::default()
        }
    );
    // Up to there it is cut, wherever that is.
    let end = PARTS.rfind("data:").unwrap();
    for at in 0..end {
        assert!(!cut(&PARTS.as_bytes()[..at]).complete, "cut at {at}");
    }
    // `[DONE]` without a reason is an end, too.
    let done = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\ndata: [DONE]\n\n";
    let answer = answer(&PLAIN, done);
    assert_eq!(
        (&*answer.text, answer.finish, answer.complete),
        ("Hi", None, true)
    );
}

#[test]
fn inline_reasoning_is_told_from_the_text() {
    let stream = |pieces: &[&str]| {
        let chunk = |piece: &&str| {
            let chunk = json!({"choices": [{"delta": {"content": piece}}]});
            format!("data: {chunk}\n\n")
        };
        let pieces: String = pieces.iter().map(chunk).collect();
        let answer = answer(
            &PLAIN,
            &format!(
                "{pieces}data: {{\"choices\":[{{\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
            ),
        );
        (answer.text, answer.reasoning)
    };
    let pair = |text: &str, reasoning: &str| (text.to_owned(), reasoning.to_owned());
    assert_eq!(
        stream(&["<th", "ink>\na", "b</thi", "nk>\n\n", "c"]),
        pair("c", "ab")
    );
    assert_eq!(stream(&["<think>a", "b"]), pair("", "ab"));
    assert_eq!(stream(&["<t"]), pair("<t", ""));
}

#[test]
fn whole_answers() {
    let whole = |body: &str| {
        let mut answer = Answer::default();
        PLAIN
            .reader(false)
            .whole(body.as_bytes(), &mut answer)
            .map(|()| answer)
    };
    let body = r#"{"id":"c1","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":0,"finish_reason":"stop",
            "message":{"role":"assistant","content":"Hé\nlo 😀","refusal":null,"reasoning":"Weigh both.","reasoning_content":"Weigh both."}}],
            "usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,
            "prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":5}}}"#;
    assert_eq!(whole(body).unwrap(), expected_answer());
    let refused = whole(
        r#"{"choices":[{"message":{"content":null,"refusal":"I can't."},"finish_reason":"stop"}]}"#,
    );
    let refused = refused.unwrap();
    assert_eq!(
        (refused.finish, &*refused.text),
        (Some(Finish::ContentFilter), "I can't.")
    );
    for (body, class) in [
        (r#"{"error":{"message":"m","code":402}}"#, ErrorKind::Quota),
        (r#"{"error":"text"}"#, ErrorKind::Unavailable),
        (
            r#"{"object":"error","message":"m","type":"invalid_model"}"#,
            ErrorKind::ModelNotFound,
        ),
        (r#"{"detail":"m"}"#, ErrorKind::Unavailable),
        (
            r#"{"choices":[{"error":{"code":429,"message":"m"}}]}"#,
            ErrorKind::RateLimit,
        ),
        ("{}", ErrorKind::Unavailable),
        ("<html>", ErrorKind::Unavailable),
    ] {
        assert_eq!(whole(body).unwrap_err().class, class, "{body}");
    }
    // What comes along with the error was generated.
    let mut answer = Answer::default();
    let body = r#"{"choices":[{"error":{"code":502,"message":"m"},"finish_reason":"error","message":{"content":"abc"}}]}"#;
    assert!(
        PLAIN
            .reader(false)
            .whole(body.as_bytes(), &mut answer)
            .is_err()
    );
    assert_eq!((&*answer.text, answer.has_begun()), ("abc", true));
}

#[test]
fn accents() {
    let xai = ChatCompletions {
        reasoning_apart: true,
        ..PLAIN
    };
    let usage = |service: &ChatCompletions, chunk: &str| {
        answer(service, &format!("data: {chunk}\n\ndata: [DONE]\n\n")).usage
    };
    let chunk = r#"{"choices":[],"usage":{"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":5}}}"#;
    assert_eq!(usage(&xai, chunk).output_tokens, Some(12));
    assert_eq!(usage(&PLAIN, chunk).output_tokens, Some(7));
    let groq = r#"{"choices":[],"x_groq":{"id":"r","usage":{"prompt_tokens":4}}}"#;
    assert_eq!(usage(&PLAIN, groq).input_tokens, Some(4));
    let cost =
        r#"{"choices":[],"usage":{"cost":0.00014,"cost_details":{"upstream_inference_cost":1}}}"#;
    assert_eq!(usage(&PLAIN, cost).cost_usd, Some(0.00014));
    let odd = r#"{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":"2","cost":"x","prompt_tokens_details":7}}"#;
    assert_eq!(usage(&PLAIN, odd), Usage::default());

    let sources = r#"data: {"choices":[{"delta":{"content":"a"}}],"citations":["https://a.example"]}

data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop","native_finish_reason":"STOP"}],"citations":["https://a.example","https://b.example",7],"search_results":[{"url":"https://c.example"}]}

data: [DONE]

"#;
    let answer_of = answer(&PLAIN, sources);
    assert_eq!(
        answer_of.citations,
        ["https://a.example", "https://b.example"]
    );
    assert_eq!(answer_of.native_finish.as_deref(), Some("STOP"));
    let results = r#"data: {"choices":[],"search_results":[{"title":"t","url":"https://c.example"},{}]}

data: [DONE]

"#;
    assert_eq!(answer(&PLAIN, results).citations, ["https://c.example"]);
}

#[test]
fn finishes() {
    let finish = |word: &str, delta: &str| {
        let stream = format!(
            "data: {{\"choices\":[{{\"delta\":{delta},\"finish_reason\":\"{word}\"}}]}}\n\ndata: [DONE]\n\n"
        );
        let answer = answer(&PLAIN, &stream);
        assert_eq!(answer.native_finish.as_deref(), Some(word));
        answer.finish
    };
    for (word, expected) in [
        ("stop", Some(Finish::Stop)),
        ("eos", Some(Finish::Stop)),
        ("length", Some(Finish::Length)),
        ("model_length", Some(Finish::Length)),
        ("tool_calls", Some(Finish::ToolCalls)),
        ("function_call", Some(Finish::ToolCalls)),
        ("content_filter", Some(Finish::ContentFilter)),
        ("abort", None),
    ] {
        assert_eq!(finish(word, "{}"), expected, "{word}");
    }
    let call = r#"{"tool_calls":[{"id":"c","function":{"name":"f","arguments":""}}]}"#;
    assert_eq!(finish("stop", call), Some(Finish::ToolCalls));
    let old = r#"{"function_call":{"name":"f","arguments":""}}"#;
    assert_eq!(finish("stop", old), Some(Finish::ToolCalls));
    let refusal = r#"{"refusal":"No."}"#;
    assert_eq!(finish("stop", refusal), Some(Finish::ContentFilter));
}

#[test]
fn errors_in_streams() {
    let failed = |stream: &str| {
        let (answer, result) = outcome(&PLAIN, stream);
        let failure = result.unwrap_err();
        assert!(!answer.complete);
        (failure.class, failure.message.clone(), answer.text)
    };
    let text = str::to_owned;
    assert_eq!(
        failed(FAILED),
        (
            ErrorKind::Unavailable,
            text("Provider disconnected"),
            text("Hel")
        )
    );
    for (data, class) in [
        (
            r#"{"error":{"code":429,"message":"m"}}"#,
            ErrorKind::RateLimit,
        ),
        (
            r#"{"error":{"code":400,"message":"m","metadata":{"error_type":"context_length_exceeded"}}}"#,
            ErrorKind::ContextLength,
        ),
        (
            r#"{"error":{"message":"m","type":"insufficient_quota","code":null}}"#,
            ErrorKind::Quota,
        ),
        (r#"{"error":"m"}"#, ErrorKind::Unavailable),
        (
            r#"{"object":"error","message":"m","code":401}"#,
            ErrorKind::Auth,
        ),
    ] {
        assert_eq!(
            failed(&format!("data: {data}\n\n")),
            (class, text("m"), text("")),
            "{data}"
        );
        assert_eq!(failed(&format!("event: error\ndata: {data}\n\n")).0, class);
    }
    for word in ["error", "insufficient_system_resource"] {
        let (class, message, _) = failed(&format!(
            "data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{word}\"}}]}}\n\n"
        ));
        assert_eq!(class, ErrorKind::Unavailable);
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(
        read(&PLAIN, &[b"data: <html>\n\n"]).1.unwrap_err().class,
        ErrorKind::Unavailable
    );
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
