use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::google::GenerateContent;
use crate::google::request::PartBody;
use crate::google::tests::{BLOCKED, CALLS, EXHAUSTED, STREAM};
use crate::testing::{
    Xorshift, answer, answer_with_state, assert_comes_back, assert_truncations, body, call, called,
    mixed, native, outcome, pieces, read, request, state_length, usage,
};
use crate::*;

fn complete() -> Answer {
    Answer {
        text: "Hé\nlo 😀".to_owned(),
        reasoning: "Hm.".to_owned(),
        model: Some("gemini-3.5-flash".to_owned()),
        response_id: Some("r1".to_owned()),
        finish: Some(Finish::Stop),
        native_finish: Some("STOP".to_owned()),
        usage: Usage {
            input_tokens: Some(10),
            output_tokens: Some(42),
            reasoning_tokens: Some(40),
            cached_input_tokens: None,
            cache_write_tokens: None,
            total_tokens: Some(52),
            ..Usage::default()
        },
        complete: true,
        ..Answer::default()
    }
}

#[test]
fn calls() {
    let answer = answer_with_state(&GenerateContent, CALLS);
    let lengths = answer.state.iter().map(conversation::length);
    assert_eq!(
        state_length(&GenerateContent, CALLS),
        lengths.sum::<usize>()
    );
    assert_eq!(
        answer.tool_calls,
        [
            call("f1", "weather", r#"{"city": "Tromsø", "a": [1, 2.5]}"#),
            call("call_2", "now", "{}"),
            call("call_3", "now", "{}")
        ]
    );
    assert_eq!(
        (
            answer.text.as_str(),
            answer.reasoning.as_str(),
            answer.finish
        ),
        ("I'll look.", "Hm.", Some(Finish::ToolCalls))
    );
    let state = json!([
        {"text": "I'll look."},
        {"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Tromsø", "a": [1, 2.5]}}, "thoughtSignature": "CiQB+/=="},
        {"functionCall": {"name": "now"}},
        {"functionCall": {"name": "now", "args": {}}},
        {"text": "", "thoughtSignature": "CiQC"},
    ]);
    assert_eq!(Value::Array(answer.state.clone()), state);
    assert_truncations(&GenerateContent, CALLS);

    let chat = ChatRequest {
        messages: vec![
            Message::text(Role::User, "Hi"),
            Message {
                state: Some(State {
                    provider: "google".to_owned(),
                    model: String::new(),
                    items: answer.state,
                }),
                ..called("", &answer.tool_calls)
            },
        ]
        .into(),
        ..request("gemini-3.5-flash", &[])
    };
    let sent = &body(&GenerateContent, &chat)["contents"][1]["parts"];
    assert_eq!(sent, &state);
}

#[test]
fn what_is_kept_of_an_answer() {
    let kept = |parts: &str| {
        let mut answer = Answer::default();
        let mut reader = Reader::new(true);
        let body = format!(
            "{{\"candidates\":[{{\"content\":{{\"parts\":[{parts}]}},\"finishReason\":\"STOP\"}}]}}"
        );
        reader.whole(body.as_bytes(), &mut answer).unwrap();
        (json!(answer.state), reader.state.is_wanted())
    };
    // Signed parts are never put together with others; signed thoughts are kept.
    let signed = r#"{"text":"a"},{"text":"b","thoughtSignature":"s"},{"text":"c"},{"text":"x","thought":true},{"text":"d"},{"text":"e","thought":true,"thoughtSignature":"t"}"#;
    let expected = json!([
            {"text": "a"}, {"text": "b", "thoughtSignature": "s"}, {"text": "cd"},
            {"text": "e", "thought": true, "thoughtSignature": "t"}]);
    assert_eq!(kept(signed), (expected, true));
    assert_eq!(
        kept(r#"{"text":""},{"inlineData":{"data":"AAAA"}}"#),
        (json!([]), true)
    );
    // A state that is not whole is none.
    let half = r#"{"text":"a"},{"functionCall":{"name":"b","args":{"c":"\ud83d"}}}"#;
    assert_eq!(kept(half), (json!([]), false));
    let thought = json!({"text": "e", "thought": true, "thoughtSignature": "t"});
    let part = serde_json::to_value(PartBody::kept(&thought).unwrap()).unwrap();
    assert_eq!(part, thought);
}

#[test]
fn calls_and_ends() {
    let of = |call: &str, finish: &str| {
        let stream = format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"functionCall\":{call}}}]}},\"finishReason\":\"{finish}\"}}]}}\n\n"
        );
        let (answer, result) = outcome(&GenerateContent, &stream);
        (answer.finish, answer.tool_calls, result.is_ok())
    };
    let calls = |arguments| vec![call("call_1", "a", arguments)];
    assert_eq!(
        of(r#"{"name":"a","args":null}"#, "STOP"),
        (Some(Finish::ToolCalls), calls("{}"), true)
    );
    assert_eq!(
        of(r#"{"name":"a","args":"x"}"#, "MAX_TOKENS"),
        (Some(Finish::Length), calls("\"x\""), true)
    );
    assert_eq!(of("null", "STOP"), (Some(Finish::Stop), Vec::new(), true));
    assert_eq!(of("7", "STOP"), (None, Vec::new(), false));
    let many = vec!["{\"functionCall\":{\"name\":\"a\"}}"; 129].join(",");
    let body = format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{many}]}}}}]}}");
    let failure = GenerateContent
        .reader(false)
        .whole(body.as_bytes(), &mut Answer::default());
    assert_eq!(failure.unwrap_err().class, ErrorKind::TooLarge);
}

#[test]
fn streams() {
    assert_eq!(answer(&GenerateContent, STREAM), complete());
    assert_truncations(&GenerateContent, STREAM);
}

#[test]
fn whole_bodies() {
    let chunks: Vec<&str> = STREAM
        .split("data: ")
        .filter(|chunk| !chunk.is_empty())
        .collect();
    let mut whole = Answer::default();
    GenerateContent
        .reader(false)
        .whole(format!("[{}]", chunks.join(",")).as_bytes(), &mut whole)
        .unwrap();
    assert_eq!(whole, complete());
    let mut whole = Answer::default();
    GenerateContent
        .reader(false)
        .whole(chunks.last().unwrap().as_bytes(), &mut whole)
        .unwrap();
    assert_eq!((whole.text.as_str(), whole.complete), ("lo 😀", true));
    for body in [EXHAUSTED.to_owned(), format!("[{EXHAUSTED}]")] {
        let failure = GenerateContent
            .reader(false)
            .whole(body.as_bytes(), &mut Answer::default())
            .unwrap_err();
        assert_eq!(failure.class, ErrorKind::RateLimit);
    }
}

#[test]
fn finishes() {
    let finish = |candidate: &str| {
        let answer = answer(
            &GenerateContent,
            &format!("data: {{\"candidates\":[{candidate}]}}\n\n"),
        );
        assert!(answer.complete);
        answer.finish
    };
    for (native, expected) in [
        ("STOP", Finish::Stop),
        ("MAX_TOKENS", Finish::Length),
        ("SAFETY", Finish::ContentFilter),
        ("IMAGE_PROHIBITED_CONTENT", Finish::ContentFilter),
        ("LANGUAGE", Finish::Error),
        ("MODEL_ARMOR", Finish::ContentFilter),
    ] {
        assert_eq!(
            finish(&format!("{{\"finishReason\":\"{native}\"}}")),
            Some(expected),
            "{native}"
        );
    }
    assert_eq!(finish(r#"{"finishReason":"NEWS"}"#), None);
    let call = r#"{"content":{"parts":[{"functionCall":{"name":"weather","args":{}}}]},"finishReason":"STOP"}"#;
    assert_eq!(finish(call), Some(Finish::ToolCalls));
    let call = call.replace("STOP", "FUNCTION_CALL");
    assert_eq!(finish(&call), Some(Finish::ToolCalls));

    let blocked = answer(&GenerateContent, BLOCKED);
    assert_eq!(
        (blocked.text.as_str(), blocked.finish, blocked.complete),
        ("", Some(Finish::ContentFilter), true)
    );
    assert_eq!(blocked.finish_message.as_deref(), Some("Unsafe."));
    assert_eq!(blocked.native_finish.as_deref(), Some("SAFETY"));
    assert_eq!(
        (blocked.usage.input_tokens, blocked.usage.output_tokens),
        (Some(9), None)
    );
}

#[test]
fn errors_in_streams() {
    let one_line = EXHAUSTED.replace('\n', "");
    let (partial, result) = outcome(
        &GenerateContent,
        &format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"Hel\"}}]}}}}]}}\n\ndata: {one_line}\n\n"
        ),
    );
    let failure = result.unwrap_err();
    assert_eq!((partial.text.as_str(), partial.complete), ("Hel", false));
    assert_eq!(
        (failure.class, failure.retry_after),
        (ErrorKind::RateLimit, Some(Duration::from_secs(17)))
    );
    let class = |stream: &str| {
        read(&GenerateContent, &[stream.as_bytes()])
            .1
            .unwrap_err()
            .class
    };
    assert_eq!(
        class("data: {\"error\":{\"code\":503}}\n\n"),
        ErrorKind::Unavailable
    );
    assert_eq!(class("data: [1]\n\n"), ErrorKind::Unavailable);
}

/// The events of an answer; corrects it in what the format cannot say.
fn written(random: &mut Xorshift, answer: &mut Answer) -> Vec<String> {
    answer.usage.cache_write_tokens = Some(0);
    let [input, output, reasoned, cached, _, total] = usage(answer);
    answer.usage.cache_write_tokens = None;
    let thoughts = pieces(random, &answer.reasoning);
    let thoughts = thoughts
        .iter()
        .map(|piece| format!(r#"{{"text":{piece},"thought":true}}"#));
    let texts = pieces(random, &answer.text);
    let texts = texts.iter().map(|piece| format!(r#"{{"text":{piece}}}"#));
    let calls = answer.tool_calls.iter().map(|call| {
        let (id, name, arguments) = (&call.id, &call.name, &call.arguments);
        format!(r#"{{"functionCall":{{"id":"{id}","name":"{name}","args":{arguments}}}}}"#)
    });
    let lists = vec![thoughts.collect(), texts.collect(), calls.collect()];
    let parts = mixed(random, lists);
    let chunks = parts.chunks(1 + random.below(3)).map(|parts| {
        let parts = parts.join(",");
        format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}}}}],"responseId":"r-1"}}"#)
    });
    let mut events: Vec<String> = chunks.collect();
    let visible = output - reasoned;
    let word = native(answer, ["STOP", "MAX_TOKENS", "STOP", "SAFETY"]);
    events.push(format!(
        r#"{{"candidates":[{{"content":{{"parts":[]}},"finishReason":"{word}"}}],"modelVersion":"m-1","usageMetadata":{{"promptTokenCount":{input},"candidatesTokenCount":{visible},"thoughtsTokenCount":{reasoned},"cachedContentTokenCount":{cached},"totalTokenCount":{total}}}}}"#
    ));
    events
}

/// Its arguments are JSON in JSON, so there are none that are not.
#[test]
fn generated_content_comes_back() {
    assert_comes_back(&GenerateContent, written, false);
}
