#![allow(clippy::unwrap_used)]

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::errors::seconds;
use super::request::{PartBody, guessed};
use super::stream::Reader;
use super::*;
use crate::test_streams::{
    answer, answer_with_state, assert_truncations, body, call, called, file, fuzz, newest, outcome,
    read, request, result, state_length, weather,
};
use crate::*;

const STREAM: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true}]},"index":0}],"modelVersion":"gemini-3.5-flash","responseId":"r1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hé\n"}]},"index":0}],"promptFeedback":null,"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"gemini-3.5-flash","responseId":"r1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"lo "},{"text":"😀","thoughtSignature":"CiQB…"}]},"finishReason":"STOP","index":0,"safetyRatings":[]}],"usageMetadata":{"promptTokenCount":9,"toolUsePromptTokenCount":1,"candidatesTokenCount":2,"thoughtsTokenCount":40,"totalTokenCount":52}}

"#;

/// Thoughts, text in pieces, and calls: signed, unsigned and without an id; a signature alone at the end.
const CALLS: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true}]}}],"responseId":"r2"}

data: {"candidates":[{"content":{"parts":[{"text":"I'll "}]}}]}

data: {"candidates":[{"content":{"parts":[{"text":"look"},{"text":"."}]}}]}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"id":"f1","name":"weather","args":{"city": "Tromsø", "a": [1, 2.5]}},"thoughtSignature":"CiQB+/=="},{"functionCall":{"name":"now"}}]}}]}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"now","args":{}}},{"text":"","thoughtSignature":"CiQC"}]},"finishReason":"STOP"}]}

"#;

const BLOCKED: &str = r#"data: {"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"Unsafe."},"usageMetadata":{"promptTokenCount":9}}

"#;

const EXHAUSTED: &str = r#"{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"}]}}"#;

const MODELS: &str = r#"{"models":[
        {"name":"models/gemini-2.5-flash","displayName":"Gemini 2.5 Flash","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","countTokens"],"temperature":1},
        {"name":"models/gemini-3.5-flash","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-3.5-flash-001","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-3.5-flash-lite","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-4-pro","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-4-flash-preview","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-flash-latest","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-5-flash-image","supportedGenerationMethods":["generateContent"]},
        {"name":"models/gemini-embedding-001","supportedGenerationMethods":["embedContent"]},{}],
        "nextPageToken":"a b/c="}"#;

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
fn requests() {
    let mut chat = request(
        "models/gemini-3.5-flash",
        &[
            (Role::System, "Be brief."),
            (Role::User, "Hello"),
            (Role::Assistant, "Hi"),
            (Role::User, "And?"),
        ],
    );
    let http = GenerateContent.chat(&chat, Encoding::default());
    assert_eq!(http.method.as_str(), "POST");
    assert_eq!(
        http.path,
        "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse"
    );
    let mut expected = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Hello"}]},
            {"role": "model", "parts": [{"text": "Hi"}]},
            {"role": "user", "parts": [{"text": "And?"}]},
        ],
    });
    assert_eq!(body(&GenerateContent, &chat), expected);

    (chat.temperature, chat.max_tokens) = (Some(0.7), Some(64));
    expected["generationConfig"] = json!({"temperature": 0.7, "maxOutputTokens": 64});
    assert_eq!(body(&GenerateContent, &chat), expected);

    let instructions = body(
        &GenerateContent,
        &request("m", &[(Role::System, "a"), (Role::Developer, "b")]),
    );
    assert_eq!(
        instructions,
        json!({"contents": [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]})
    );
}

#[test]
fn parts_calls_and_results() {
    let pdf = || Source::Url("https://example.com/a.PDF?b=c.png".to_owned());
    let question = Message {
        content: vec![
            Part::Text("What is this?".to_owned()),
            Part::Text(" ".to_owned()),
            Part::Media(file("image/png", Source::Data("iVBORw0=".to_owned()), None)),
            Part::Media(file("", pdf(), Some("a.pdf"))),
        ],
        ..Message::text(Role::User, "")
    };
    let state = State {
        provider: "google".to_owned(),
        model: String::new(),
        items: vec![
            json!({"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "CiQB"}),
            json!({"executableCode": {"code": "1"}}),
            json!(7),
        ],
    };
    let answered = Message {
        state: Some(state),
        ..called("Other words.", &[call("f1", "weather", "{}")])
    };
    let schema = json!({"type": "object"});
    let chat = ChatRequest {
        messages: vec![
            Message::text(Role::System, "Be brief."),
            question,
            answered,
            result("f1", "4 C"),
        ]
        .into(),
        tools: vec![weather()].into(),
        tool_choice: Some(ToolChoice::Auto),
        temperature: Some(1.0),
        top_p: Some(0.95),
        max_tokens: Some(8192),
        stop: vec!["END".to_owned()],
        seed: Some(7),
        effort: Some(Effort::Low),
        format: Some(std::sync::Arc::new(Format::Schema {
            name: "answer".to_owned(),
            schema: schema.as_object().unwrap().clone(),
            strict: None,
        })),
        ..request("gemini-3.5-flash", &[])
    };
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "What is this?"},
                {"inlineData": {"mimeType": "image/png", "data": "iVBORw0="}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://example.com/a.PDF?b=c.png"}}]},
            {"role": "model", "parts": [{"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "CiQB"}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "f1", "name": "weather", "response": {"result": "4 C"}}}]}],
        "tools": [{"functionDeclarations": [{"name": "weather", "description": "Look up weather", "parametersJsonSchema": {"type": "object", "properties": {"city": {"type": "string"}}}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {"temperature": 1.0, "topP": 0.95, "maxOutputTokens": 8192, "stopSequences": ["END"], "seed": 7,
            "responseMimeType": "application/json", "responseJsonSchema": schema, "thinkingConfig": {"thinkingLevel": "LOW"}},
    });
    assert_eq!(body(&GenerateContent, &chat), expected);
    let json_only = ChatRequest {
        format: Some(std::sync::Arc::new(Format::Json)),
        ..request("gemini-2.5-flash", &[(Role::User, "Hi")])
    };
    let config = json!({"responseMimeType": "application/json"});
    assert_eq!(
        body(&GenerateContent, &json_only)["generationConfig"],
        config
    );
}

/// Made-up ids come again in the next answer, and are not sent; results stand in one turn, before what
/// is said and shown there.
#[test]
fn calls_that_have_no_state() {
    let png = file("image/png", Source::Data("AAAA".to_owned()), None);
    let shown = Message {
        content: vec![Part::Text("[1]".to_owned()), Part::Media(png)],
        ..result("f2", "")
    };
    let chat = |model| ChatRequest {
        messages: vec![
            Message::text(Role::User, "Hi"),
            called("", &[call("call_1", "weather", "")]),
            result("call_1", r#"{"c": 4}"#),
            called(
                "So.",
                &[call("call_1", "now", "[1"), call("f2", "map", r#"{"a":1}"#)],
            ),
            Message::text(Role::User, "Go on."),
            result("call_1", "noon"),
            shown.clone(),
            result("x", ""),
        ]
        .into(),
        ..request(model, &[])
    };
    let dummy = "skip_thought_signature_validator";
    let mut expected = json!([
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {}}, "thoughtSignature": dummy}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"c": 4}}}]},
        {"role": "model", "parts": [
            {"text": "So."},
            {"functionCall": {"name": "now", "args": {"arguments": "[1"}}, "thoughtSignature": dummy},
            {"functionCall": {"id": "f2", "name": "map", "args": {"a": 1}}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "now", "response": {"result": "noon"}}},
            {"functionResponse": {"id": "f2", "name": "map", "response": {"result": "[1]"}}},
            {"functionResponse": {"id": "x", "name": "", "response": {"result": ""}}},
            {"text": "Go on."},
            {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
    ]);
    for model in ["gemini-3-pro-preview", "gemini-flash-latest"] {
        assert_eq!(body(&GenerateContent, &chat(model))["contents"], expected);
    }
    for (content, part) in [(1, 0), (3, 1)] {
        let part = expected[content]["parts"][part].as_object_mut();
        part.unwrap().remove("thoughtSignature").unwrap();
    }
    for model in ["gemini-2.5-flash", "gemma-4"] {
        assert_eq!(body(&GenerateContent, &chat(model))["contents"], expected);
    }
}

#[test]
fn a_state_that_says_nothing_is_left_out() {
    let silent = Message {
        state: Some(State {
            provider: "google".to_owned(),
            model: String::new(),
            items: vec![json!({"thought": true})],
        }),
        ..Message::text(Role::Assistant, " ")
    };
    let messages = vec![Message::text(Role::User, "Hi"), silent];
    let chat = ChatRequest {
        messages: messages.into(),
        ..request("gemini-3.5-flash", &[])
    };
    let expected = json!([{"role": "user", "parts": [{"text": "Hi"}]}]);
    assert_eq!(body(&GenerateContent, &chat)["contents"], expected);
}

#[test]
fn choices_and_declarations() {
    let of = |choice| {
        let mut chat = ChatRequest {
            tools: vec![Tool {
                description: None,
                parameters: Map::new(),
                strict: Some(true),
                ..weather()
            }]
            .into(),
            tool_choice: Some(choice),
            ..request("gemini-3.5-flash", &[(Role::User, "Hi")])
        };
        assert_eq!(GenerateContent.fit(&mut chat).len(), 1);
        let sent = body(&GenerateContent, &chat);
        let declared = json!([{"functionDeclarations": [{"name": "weather"}]}]);
        assert_eq!(sent["tools"], declared);
        chat.tools = Vec::new().into();
        assert_eq!(GenerateContent.fit(&mut chat), Vec::<String>::new());
        let without = body(&GenerateContent, &chat);
        assert_eq!(
            (without.get("tools"), without.get("toolConfig")),
            (None, None)
        );
        sent["toolConfig"]["functionCallingConfig"].clone()
    };
    assert_eq!(of(ToolChoice::None), json!({"mode": "NONE"}));
    assert_eq!(of(ToolChoice::Required), json!({"mode": "ANY"}));
    let only = json!({"mode": "ANY", "allowedFunctionNames": ["weather"]});
    assert_eq!(of(ToolChoice::Tool("weather".to_owned())), only);
}

#[test]
fn types_of_addresses() {
    for (url, mime_type) in [
        ("https://example.com/a.JPG", Some("image/jpeg")),
        (
            "https://example.com/a.pdf?x=1.png#b.gif",
            Some("application/pdf"),
        ),
        ("https://example.com/a", None),
        ("https://www.youtube.com/watch?v=a.png", None),
        ("", None),
    ] {
        assert_eq!(guessed(url), mime_type, "{url}");
    }
    let given = file(
        "text/css",
        Source::Url("https://example.com/a.txt".to_owned()),
        None,
    );
    let given = serde_json::to_value(PartBody::media(&given)).unwrap();
    assert_eq!(given["fileData"]["mimeType"], "text/css");
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
    assert_eq!(failure.unwrap_err().class, Class::TooLarge);
}

#[test]
fn a_model_is_one_segment() {
    for (model, segment) in [
        ("..", "..:streamGenerateContent"),
        (
            "models/../../x?key=1#y",
            "..%2F..%2Fx%3Fkey%3D1%23y:streamGenerateContent",
        ),
        ("%2e%2e/", "%252e%252e%2F:streamGenerateContent"),
    ] {
        let path = GenerateContent
            .chat(&request(model, &[(Role::User, "x")]), Encoding::default())
            .path;
        assert_eq!(path, format!("/v1beta/models/{segment}?alt=sse"));
    }
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
        assert_eq!(failure.class, Class::RateLimit);
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
        answer.finish.unwrap()
    };
    for (native, expected) in [
        ("STOP", Finish::Stop),
        ("MAX_TOKENS", Finish::Length),
        ("SAFETY", Finish::ContentFilter),
        ("IMAGE_PROHIBITED_CONTENT", Finish::ContentFilter),
        ("MALFORMED_FUNCTION_CALL", Finish::Error),
        ("LANGUAGE", Finish::Error),
        ("NEWS", Finish::Error),
    ] {
        assert_eq!(
            finish(&format!("{{\"finishReason\":\"{native}\"}}")),
            expected,
            "{native}"
        );
    }
    let call = r#"{"content":{"parts":[{"functionCall":{"name":"weather","args":{}}}]},"finishReason":"STOP"}"#;
    assert_eq!(finish(call), Finish::ToolCalls);

    let blocked = answer(&GenerateContent, BLOCKED);
    assert_eq!(
        (blocked.text.as_str(), blocked.finish, blocked.complete),
        ("Unsafe.", Some(Finish::ContentFilter), true)
    );
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
        (Class::RateLimit, Some(Duration::from_secs(17)))
    );
    let class = |stream: &str| {
        read(&GenerateContent, &[stream.as_bytes()])
            .1
            .unwrap_err()
            .class
    };
    assert_eq!(
        class("data: {\"error\":{\"code\":503}}\n\n"),
        Class::Unavailable
    );
    assert_eq!(class("data: [1]\n\n"), Class::Unavailable);
}

#[test]
fn error_table() {
    let reason = |reason| {
        format!(
            ",\"details\":[{{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"{reason}\"}}]"
        )
    };
    for (code, status, message, details, class) in [
        (
            400,
            "INVALID_ARGUMENT",
            "m",
            reason("API_KEY_INVALID"),
            Class::Auth,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "m",
            reason("API_KEY_EXPIRED"),
            Class::Auth,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid.",
            String::new(),
            Class::Auth,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (9) exceeds the maximum",
            String::new(),
            Class::ContextLength,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "m",
            String::new(),
            Class::InvalidRequest,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "m",
            String::new(),
            Class::Permission,
        ),
        (
            403,
            "PERMISSION_DENIED",
            "m",
            reason("SERVICE_DISABLED"),
            Class::Permission,
        ),
        (404, "NOT_FOUND", "m", String::new(), Class::ModelNotFound),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "m",
            String::new(),
            Class::RateLimit,
        ),
        (500, "INTERNAL", "m", String::new(), Class::Unavailable),
        (503, "UNAVAILABLE", "m", String::new(), Class::Unavailable),
        (
            504,
            "DEADLINE_EXCEEDED",
            "m",
            String::new(),
            Class::Unavailable,
        ),
    ] {
        let body = format!(
            "{{\"error\":{{\"code\":{code},\"message\":\"{message}\",\"status\":\"{status}\"{details}}}}}"
        );
        assert_eq!(
            GenerateContent.failure(code, body.as_bytes()).class,
            class,
            "{body}"
        );
        assert_eq!(
            GenerateContent
                .failure(code, format!("[{body}]").as_bytes())
                .class,
            class,
            "{body}"
        );
    }
    let daily = EXHAUSTED.replace("PerMinute", "PerDay");
    assert_eq!(
        GenerateContent.failure(429, daily.as_bytes()).class,
        Class::Quota
    );
    let failure = GenerateContent.failure(429, EXHAUSTED.as_bytes());
    assert_eq!(
        (failure.class, failure.retry_after),
        (Class::RateLimit, Some(Duration::from_secs(17)))
    );
    assert_eq!(
        (failure.code.as_deref(), failure.message.as_str()),
        (Some("RESOURCE_EXHAUSTED"), "Quota exceeded")
    );
}

#[test]
fn durations() {
    assert_eq!(seconds("0.25s"), Some(Duration::from_millis(250)));
    for odd in ["17", "-1s", "NaNs", "1e99s", "s", ""] {
        assert_eq!(seconds(odd), None, "{odd}");
    }
}

#[test]
fn model_lists() {
    assert_eq!(
        GenerateContent.models(None).path,
        "/v1beta/models?pageSize=1000"
    );
    let page = GenerateContent.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!(
        GenerateContent.models(page.next.as_deref()).path,
        "/v1beta/models?pageSize=1000&pageToken=a%20b%2Fc%3D"
    );
    assert_eq!(
        page.models[0],
        Model {
            id: "gemini-2.5-flash".to_owned(),
            display_name: Some("Gemini 2.5 Flash".to_owned()),
            input_token_limit: Some(1_048_576),
            output_token_limit: Some(65_536),
            chat: true,
            can: page.models[0].can,
            ..Model::default()
        }
    );
    assert_eq!(page.models.iter().filter(|model| !model.chat).count(), 1);
    assert_eq!(
        GenerateContent.models_page(b"{}").unwrap(),
        ModelPage::default()
    );
    assert_eq!(
        GenerateContent.models_page(b"<html>").unwrap_err().class,
        Class::Unavailable
    );
}

#[test]
fn newest_models() {
    let of = |ids: &[&str]| {
        let models: Vec<_> = ids
            .iter()
            .map(|id| json!({"name": id, "supportedGenerationMethods": ["generateContent"]}))
            .collect();
        newest(&GenerateContent, &json!({"models": models}).to_string()).unwrap_or_default()
    };
    assert_eq!(
        newest(&GenerateContent, MODELS).as_deref(),
        Some("gemini-3.5-flash")
    );
    assert_eq!(
        of(&["gemini-9.9-flash", "gemini-10.0-flash"]),
        "gemini-10.0-flash"
    );
    assert_eq!(
        of(&[
            "gemini-3-pro",
            "gemini-4-flash-preview",
            "gemini-4-flash-lite"
        ]),
        "gemini-3-pro"
    );
    assert_eq!(
        of(&[
            "gemini-4-flash-preview",
            "gemini-flash-latest",
            "gemma-3-27b-it"
        ]),
        "gemini-4-flash-preview"
    );
    assert_eq!(
        of(&["gemma-3-27b-it", "gemini-2.5-computer-use-preview"]),
        "gemma-3-27b-it"
    );
    assert_eq!(
        of(&["gemini-2.5-flash-preview-tts", "gemini-2.5-flash-image"]),
        ""
    );
}

#[test]
fn noise_never_panics() {
    fuzz(
        &GenerateContent,
        &[STREAM, CALLS, BLOCKED, EXHAUSTED, MODELS],
    );
}
