#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::models::is_chat;
use super::stream::Reader;
use super::*;
use crate::test_streams::{
    answer, answer_with_state, assert_truncations, body, call_and_result, calls, conversation,
    fuzz, media, newest, outcome, read, request, state_length, weather,
};
use crate::*;

const STREAM: &str = r#"event: response.created
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

const TOOL_CALL: &str = r#"data: {"type":"response.output_item.done","item":{"type":"function_call","id":"fc_1","call_id":"call_9","name":"weather","arguments":"{}"}}

data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[]}}

"#;

/// Reasoning, two calls in turns (one in five pieces, one that is not JSON), and one without arguments.
const CALLS: &str = r#"data: {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

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

const FAILED: &str = r#"event: response.output_text.delta
data: {"type":"response.output_text.delta","delta":"Hel"}

event: response.failed
data: {"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"rate_limit_exceeded","message":"Slow down"},"output":[]}}

"#;

const MODELS: &str = r#"{"object":"list","data":[
        {"id":"gpt-4.1","object":"model","created":1744316542,"owned_by":"system","shutdown_date":null},
        {"id":"gpt-5.6-sol","created":1790000000},{"id":"gpt-5.6-terra","created":1790000000},
        {"id":"gpt-5.6-luna","created":1790000300},{"id":"gpt-5.6-terra-2026-08-31","created":1790000900},
        {"id":"gpt-5.6-pro","created":1790001000},{"id":"gpt-5.6-codex","created":1790001000},
        {"id":"gpt-image-2","created":1799999999},{"id":"o3-deep-research"},{"id":""},{"object":"odd"}]}"#;

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
fn requests() {
    let mut chat = request(
        "gpt-5.6-terra",
        &[
            (Role::System, "Be brief."),
            (Role::Developer, "Answer in French."),
            (Role::User, "Hello"),
            (Role::Assistant, "Oui."),
            (Role::User, "And?"),
        ],
    );
    let http = Responses.chat(&chat, Encoding::default());
    assert_eq!(
        (http.method.as_str(), http.path.as_str()),
        ("POST", "/responses")
    );
    let input = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Answer in French."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Oui."},
        {"role": "user", "content": "And?"},
    ]);
    let mut expected = json!({
        "model": "gpt-5.6-terra", "input": input, "store": false,
        "stream": true, "stream_options": {"include_obfuscation": false},
    });
    assert_eq!(body(&Responses, &chat), expected);

    (chat.temperature, chat.max_tokens) = (Some(0.7), Some(3));
    (expected["temperature"], expected["max_output_tokens"]) = (json!(0.7), json!(16));
    assert_eq!(body(&Responses, &chat), expected);
    assert!(
        String::from_utf8(Responses.chat(&chat, Encoding::default()).body)
            .unwrap()
            .contains("\"temperature\":0.7,")
    );

    let instructions = request("m", &[(Role::System, "a"), (Role::Developer, "b")]);
    assert_eq!(
        body(&Responses, &instructions)["input"],
        json!([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}])
    );
}

#[test]
fn conversations_with_images_files_and_tools() {
    let [image, file, away] = media();
    let [call, result] = call_and_result("{\"city\":\"Oslo\"}", "{\"c\":4}");
    let mut messages = conversation(&[
        (Role::Developer, "Answer in French."),
        (Role::User, "What is this?"),
        (Role::Assistant, "Un chat."),
    ]);
    messages[1].content.extend([
        Part::Media(image.clone()),
        Part::Text(" ".into()),
        Part::Media(file),
        Part::Media(away),
    ]);
    messages.extend([call, result]);
    let input = |messages: &[Message]| {
        let chat = ChatRequest {
            messages: messages.into(),
            ..request("gpt-5.6-terra", &[])
        };
        Responses.carries(&chat).unwrap();
        body(&Responses, &chat)["input"].take()
    };
    let mut expected = json!([
        {"role": "developer", "content": "Answer in French."},
        {"role": "user", "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            {"type": "input_file", "file_url": "https://example.com/a.pdf"}]},
        {"role": "assistant", "content": "Un chat."},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{\"city\":\"Oslo\"}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "{\"c\":4}"}
    ]);
    assert_eq!(input(&messages), expected);

    // Words before a call, a call without arguments, and a result to look at.
    messages[3].content = vec![Part::Text("Voyons.".into())];
    messages[3].tool_calls[0].arguments = " ".into();
    messages[4].content.push(Part::Media(image.clone()));
    let said = json!({"role": "assistant", "content": "Voyons."});
    expected.as_array_mut().unwrap().insert(3, said);
    expected[4]["arguments"] = "{}".into();
    expected[5]["output"] = json!([{"type": "input_text", "text": "{\"c\":4}"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="}]);
    assert_eq!(input(&messages), expected);

    messages[2].content.push(Part::Media(image));
    let chat = ChatRequest {
        messages: messages.into(),
        ..request("m", &[])
    };
    let failure = Responses.carries(&chat).unwrap_err();
    assert_eq!(failure.class, Class::InvalidRequest);
}

#[test]
fn tools_choices_and_formats() {
    let sent = |model: &str, strict, tool_choice, format: Option<Format>| {
        let tool = Tool {
            strict,
            ..weather()
        };
        let chat = ChatRequest {
            tools: vec![tool].into(),
            tool_choice,
            format: format.map(Into::into),
            ..request(model, &[(Role::User, "u")])
        };
        let mut body = body(&Responses, &chat);
        for name in ["model", "input", "store", "stream", "stream_options"] {
            body.as_object_mut().unwrap().remove(name);
        }
        body
    };
    let mut tool = json!({"type": "function", "name": "weather", "description": "Look up weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}, "strict": false});
    let expected = json!({"tools": [tool], "tool_choice": "auto", "text": {"format": {"type": "json_object"}}});
    let json = Some(Format::Json);
    assert_eq!(
        sent("gpt-4.1", None, Some(ToolChoice::Auto), json),
        expected
    );
    tool["strict"] = true.into();
    let named = json!({"type": "function", "name": "weather"});
    let schema = Format::Schema {
        name: "answer".into(),
        schema: weather().parameters,
        strict: Some(true),
    };
    let format = json!({"type": "json_schema", "name": "answer", "schema": tool["parameters"], "strict": true});
    let expected = json!({"tools": [tool], "tool_choice": named, "text": {"format": format},
            "include": ["reasoning.encrypted_content"]});
    let choice = Some(ToolChoice::Tool("weather".into()));
    assert_eq!(sent("gpt-5", Some(true), choice, Some(schema)), expected);
    for (choice, word) in [
        (ToolChoice::None, "none"),
        (ToolChoice::Required, "required"),
    ] {
        let body = sent("deployment", None, Some(choice), None);
        assert_eq!(
            (&body["tool_choice"], body.get("include")),
            (&json!(word), None)
        );
    }
    // A choice of nothing is refused.
    let nothing = ChatRequest {
        tool_choice: Some(ToolChoice::None),
        ..request("gpt-5", &[(Role::User, "u")])
    };
    let body = body(&Responses, &nothing);
    assert_eq!((body.get("tool_choice"), body.get("include")), (None, None));
}

#[test]
fn earlier_answers_go_back_as_far_as_they_can() {
    let input = |model: &str, items: Value| {
        let [call, _] = call_and_result("", "");
        let items = items.as_array().unwrap().clone();
        let state = Some(State {
            provider: "openai".into(),
            model: String::new(),
            items,
        });
        let chat = ChatRequest {
            messages: [Message { state, ..call }].into(),
            ..request(model, &[])
        };
        body(&Responses, &chat)["input"].take()
    };
    let reasoning =
        json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"});
    let mut given = json!([
        reasoning,
        {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "phase": "commentary",
         "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]},
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": null},
        {"type": "item_reference", "id": "msg_9"},
        {"type": "function_call", "id": "fc_1", "status": null, "call_id": "call_9", "name": "weather", "arguments": "{}"},
        reasoning,
        "reasoning", {}
    ]);
    let message = json!({"type": "message", "role": "assistant", "phase": "commentary",
            "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]});
    let call =
        json!({"type": "function_call", "call_id": "call_9", "name": "weather", "arguments": "{}"});
    given[0]["status"] = Value::Null;
    let all = json!([reasoning, message, call]);
    assert_eq!(input("gpt-5", given.clone()), all);
    assert_eq!(input("deployment", given.clone()), all);
    // A model that does not reason refuses reasoning.
    assert_eq!(input("gpt-4.1", given), json!([message, call]));
    // Where nothing can go back, the message itself does.
    let plain = json!([{"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}]);
    for state in [
        json!([]),
        json!([reasoning]),
        json!([{"reasoning_content": "x"}]),
    ] {
        assert_eq!(input("gpt-5", state), plain);
    }
}

#[test]
fn credentials_are_sensitive() {
    let (name, value) = Responses.credentials("sk-1").unwrap();
    assert_eq!(
        (name.as_str(), value.to_str().unwrap()),
        ("authorization", "Bearer sk-1")
    );
    assert!(value.is_sensitive());
    assert!(Responses.credentials("a\nb").is_none());
}

#[test]
fn what_a_model_does_not_take_is_left_out() {
    let fitted = |model: &str, effort| {
        let mut chat = ChatRequest {
            temperature: Some(0.5),
            top_p: Some(0.9),
            stop: vec!["END".into()],
            seed: Some(7),
            effort,
            include_reasoning: true,
            ..request(model, &[(Role::User, "Hi")])
        };
        let warnings = Responses.fit(&mut chat);
        let mut body = body(&Responses, &chat);
        for name in ["model", "input", "store", "stream", "stream_options"] {
            body.as_object_mut().unwrap().remove(name);
        }
        (body, warnings.len())
    };
    let summary = json!({"summary": "auto"});
    assert_eq!(
        fitted("gpt-4.1", Some(Effort::Low)),
        (json!({"temperature": 0.5, "top_p": 0.9}), 3)
    );
    assert_eq!(
        fitted("gpt-5.2", None),
        (
            json!({"temperature": 0.5, "top_p": 0.9, "reasoning": summary}),
            2
        )
    );
    assert_eq!(
        fitted("gpt-5.6-sol", Some(Effort::None)).0,
        json!({"temperature": 0.5, "top_p": 0.9, "reasoning": {"effort": "none", "summary": "auto"}})
    );
    assert_eq!(
        fitted("gpt-6", Some(Effort::None)),
        (
            json!({"reasoning": {"effort": "low", "summary": "auto"}}),
            5
        )
    );
    // Nobody knows it: what the format has is sent.
    assert_eq!(
        fitted("local-model", Some(Effort::Minimal)),
        (
            json!({"temperature": 0.5, "top_p": 0.9, "reasoning": {"effort": "minimal", "summary": "auto"}}),
            2
        )
    );
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
    assert_eq!(result.unwrap_err().class, Class::TooLarge);
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
data: {"delta":"half \ud83d"}

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
        (failure.class, failure.status, failure.message, answer.text)
    };
    let text = str::to_owned;
    assert_eq!(
        failed(FAILED),
        (Class::RateLimit, None, text("Slow down"), text("Hel"))
    );
    for (data, class) in [
        (
            r#"{"type":"error","code":"server_error","message":"m","param":null,"sequence_number":3}"#,
            Class::Unavailable,
        ),
        (
            r#"{"type":"error","error":{"type":"insufficient_quota","message":"m"}}"#,
            Class::Quota,
        ),
        (
            r#"{"error":{"code":"context_length_exceeded","message":"m"}}"#,
            Class::ContextLength,
        ),
    ] {
        assert_eq!(
            failed(&format!("data: {data}\n\n")),
            (class, None, text("m"), text("")),
            "{data}"
        );
    }
    assert_eq!(failed("event: error\ndata: gone\n\n").0, Class::Unavailable);
    assert_eq!(
        failed("data: {\"type\":\"response.failed\",\"response\":{}}\n\n").0,
        Class::Unavailable
    );
    assert_eq!(
        read(&Responses, &[b"data: <html>\n\n"])
            .1
            .unwrap_err()
            .class,
        Class::Unavailable
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
        Class::Auth
    );
    assert_eq!(class("{}"), Class::Unavailable);
    assert_eq!(class("<html>"), Class::Unavailable);
}

#[test]
fn error_table() {
    for (status, error, class) in [
        (
            400,
            r#"{"type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter","message":"m"}"#,
            Class::InvalidRequest,
        ),
        (
            400,
            r#"{"type":"invalid_request_error","code":"context_length_exceeded"}"#,
            Class::ContextLength,
        ),
        (
            400,
            r#"{"message":"This model's maximum context length is 8192 tokens."}"#,
            Class::ContextLength,
        ),
        (
            400,
            r#"{"code":"invalid_prompt","message":"flagged as potentially violating our usage policy"}"#,
            Class::ContentFilter,
        ),
        (
            401,
            r#"{"type":"invalid_request_error","code":null}"#,
            Class::Auth,
        ),
        (
            401,
            r#"{"type":"invalid_request_error","code":"invalid_api_key"}"#,
            Class::Auth,
        ),
        (
            403,
            r#"{"code":"unsupported_country_region_territory"}"#,
            Class::Permission,
        ),
        (
            404,
            r#"{"type":"invalid_request_error","code":"model_not_found"}"#,
            Class::ModelNotFound,
        ),
        (409, "{}", Class::Unavailable),
        (422, "{}", Class::InvalidRequest),
        (
            429,
            r#"{"type":"tokens","code":"rate_limit_exceeded"}"#,
            Class::RateLimit,
        ),
        (
            429,
            r#"{"type":"insufficient_quota","code":null}"#,
            Class::Quota,
        ),
        (
            429,
            r#"{"code":"billing_hard_limit_reached"}"#,
            Class::Quota,
        ),
        (503, r#"{"type":"server_error"}"#, Class::Unavailable),
    ] {
        let failure = Responses.failure(status, format!("{{\"error\":{error}}}").as_bytes());
        assert_eq!(
            (failure.class, failure.status),
            (class, Some(status)),
            "{status} {error}"
        );
    }
}

#[test]
fn model_lists() {
    assert_eq!(Responses.models(None).path, "/models");
    let page = Responses.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!((page.models.len(), page.next.as_deref()), (9, None));
    let first = &page.models[0];
    assert_eq!(
        (first.id.as_str(), first.created, first.chat),
        ("gpt-4.1", Some(1_744_316_542), true)
    );
    let bare = MODELS
        .split_once("\"data\":")
        .unwrap()
        .1
        .strip_suffix('}')
        .unwrap();
    assert_eq!(Responses.models_page(bare.as_bytes()).unwrap(), page);
    for body in ["", "{}", "<html>", "{\"data\":7}"] {
        assert_eq!(
            Responses.models_page(body.as_bytes()).unwrap_err().class,
            Class::Unavailable
        );
    }
}

#[test]
fn chat_models() {
    for id in [
        "gpt-4.1",
        "chatgpt-4o-latest",
        "o3",
        "o4-mini",
        "gpt-6-sol",
        "ft:gpt-4o:org",
    ] {
        assert!(is_chat(id), "{id}");
    }
    for id in [
        "omni-moderation-latest",
        "gpt-4o-audio-preview",
        "gpt-realtime",
        "gpt-image-2",
        "gpt-4o-mini-tts",
        "gpt-4o-transcribe",
        "text-embedding-3-small",
        "gpt-4o-search-preview",
        "gpt-3.5-turbo-instruct",
        "gpt-5-codex",
        "o3-deep-research",
        "computer-use-preview",
        "whisper-1",
        "dall-e-3",
        "sora-2",
        "",
    ] {
        assert!(!is_chat(id), "{id}");
    }
}

#[test]
fn newest_models() {
    let of = |entries: &[(&str, i64)]| {
        let data: Vec<_> = entries
            .iter()
            .map(|(id, created)| json!({"id": id, "created": created}))
            .collect();
        newest(&Responses, &json!({"data": data}).to_string()).unwrap_or_default()
    };
    assert_eq!(newest(&Responses, MODELS).unwrap(), "gpt-5.6-terra");
    assert_eq!(
        of(&[("gpt-6-astra", 5), ("gpt-6-sol", 5), ("gpt-6-luna", 5)]),
        "gpt-6-sol"
    );
    assert_eq!(
        of(&[
            ("gpt-5-nano", 9),
            ("gpt-5", 5),
            ("gpt-5-mini", 7),
            ("gpt-5-chat-latest", 8)
        ]),
        "gpt-5"
    );
    assert_eq!(
        of(&[("gpt-4", 1), ("gpt-4-turbo", 90_000_000)]),
        "gpt-4-turbo"
    );
    assert_eq!(of(&[("gpt-7-preview", 9), ("gpt-6", 5)]), "gpt-7-preview");
    assert_eq!(
        of(&[("gpt-6-2026-01-31", 9), ("gpt-5", 5)]),
        "gpt-6-2026-01-31"
    );
    assert_eq!(of(&[("gpt-6-preview", 9), ("gpt-6", 5)]), "gpt-6");
    assert_eq!(
        of(&[("gpt-image-2", 9), ("gpt-6-pro", 5), ("ft:gpt-6:org", 8)]),
        ""
    );
}

#[test]
fn noise_never_panics() {
    fuzz(&Responses, &[STREAM, TOOL_CALL, CALLS, FAILED, MODELS]);
}
