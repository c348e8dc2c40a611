#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::stream::Reader;
use super::*;
use crate::test_streams::{
    answer, answer_with_state, assert_truncations, body, call_and_result, calls, conversation,
    fuzz, media, newest, outcome, read, request, state_length, weather,
};
use crate::*;

const FULL: ChatCompletions = ChatCompletions {
    api_key_header: true,
    model_in_path: true,
    max_completion_tokens: true,
    developer: true,
    ..PLAIN
};

const STREAM: &str = r#"data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"reasoning_content":"Weigh "},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"both.","reasoning":null}}]}

data: {"choices":[{"index":0,"delta":{"content":"Hé\n"},"logprobs":null,"finish_reason":""}],"error":null}

data: {"choices":[{"index":1,"delta":{"content":"another choice"}},{"delta":{"content":"lo \ud83d\ude00","refusal":null,"tool_calls":[]}}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: {"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":5}}}

data: [DONE]

"#;

/// Two calls in turns, one in five pieces, the other not JSON; and one without arguments.
const TOOL_CALLS: &str = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_9","type":"function","function":{"name":"weather","arguments":""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"ci"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_8","type":"function","function":{"name":"time","arguments":"no "}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ty\":"}},{"index":1,"function":{"arguments":"JSON"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":" \"Os"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"lo\""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":2,"id":"call_7","function":{"name":"ping","arguments":""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

"#;

/// Mistral's parts, a choice without an index, usage in the last chunk, and no `[DONE]`.
const PARTS: &str = r#"data: {"id":"c2","model":"m-2","choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Weigh "},{"type":"text","text":"both."}]}]},"finish_reason":null}]}

data: {"id":"c2","choices":[{"delta":{"content":[{"type":"thinking","thinking":" More."},{"type":"text","text":"Hel"}]}}]}

data: {"id":"c2","choices":[{"delta":{"content":"lo"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}

"#;

const FAILED: &str = r#"data: {"id":"gen-1","model":"openai/gpt-4o","provider":"OpenAI","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}

data: {"id":"gen-1","object":"chat.completion.chunk","model":"openai/gpt-4o","provider":"OpenAI","error":{"code":502,"message":"Provider disconnected","metadata":{"error_type":"provider_unavailable"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}

"#;

const MODELS: &str = r#"{"object":"list","data":[
        {"id":"vendor/large","object":"model","created":30,"name":"Vendor: Large","context_length":131072,
         "architecture":{"input_modalities":["text"],"output_modalities":["text"]},
         "pricing":{"prompt":"0.000001","completion":"0.000002"},"top_provider":{"max_completion_tokens":8192}},
        {"id":"vendor/large:free","created":60,"max_model_len":4096},
        {"id":"vendor/large-pro","created":50,"context_window":1000,"max_completion_tokens":100},
        {"id":"vendor/paint","created":90,"architecture":{"output_modalities":["image"]}},
        {"id":"vendor/sound","created":90,"type":"audio","display_name":"Sound"},
        {"id":"codestral-embed","created":90,"capabilities":{"completion_chat":false},"max_context_length":7},
        {"id":"text-embedding-3","created":90,"name":7},
        {"id":"whisper-large-v3","created":90},
        {"id":"small","name":"small","created":"soon"},
        {"name":"no id"}]}"#;

fn said() -> Answer {
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
fn requests() {
    let mut chat = request(
        "m/1",
        &[
            (Role::System, "s"),
            (Role::User, "u"),
            (Role::Developer, "d"),
            (Role::Assistant, "a"),
            (Role::User, "v"),
        ],
    );
    let of = |messages: Value| json!({"model": "m/1", "messages": messages, "stream": true});
    let messages = json!([{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
            {"role": "system", "content": "d"}, {"role": "assistant", "content": "a"},
            {"role": "user", "content": "v"}]);
    let mut expected = of(messages.clone());
    expected["stream_options"] = json!({"include_usage": true});
    assert_eq!(body(&PLAIN, &chat), expected);
    assert_eq!(
        PLAIN.chat(&chat, Encoding::default()).path,
        "/chat/completions"
    );

    chat.temperature = Some(0.5);
    chat.max_tokens = Some(7);
    expected["temperature"] = 0.5.into();
    let mut newer = expected.clone();
    expected["max_tokens"] = 7.into();
    assert_eq!(body(&PLAIN, &chat), expected);
    newer["max_completion_tokens"] = 7.into();
    newer["messages"][2]["role"] = "developer".into();
    assert_eq!(body(&FULL, &chat), newer);
    assert_eq!(
        FULL.chat(&chat, Encoding::default()).path,
        "/deployments/m%2F1/chat/completions"
    );
    chat.model = "..".into();
    assert_eq!(
        FULL.chat(&chat, Encoding::default()).path,
        "/deployments/__/chat/completions"
    );

    let in_turns = ChatCompletions {
        in_turns: true,
        asks_for_usage: false,
        ..PLAIN
    };
    let chat = request(
        "m/1",
        &[
            (Role::Assistant, "a"),
            (Role::System, "s"),
            (Role::User, "u"),
            (Role::User, "v"),
            (Role::Developer, "d"),
        ],
    );
    let turns = json!([{"role": "system", "content": "s\n\nd"},
            {"role": "user", "content": "(The conversation begins with your message.)"},
            {"role": "assistant", "content": "a"}, {"role": "user", "content": "u\n\nv"}]);
    assert_eq!(body(&in_turns, &chat), of(turns));

    // Nobody answers instructions alone.
    let alone = body(&PLAIN, &request("m", &[(Role::System, "s")]));
    assert_eq!(alone["messages"][0]["role"], "user");
}

#[test]
fn conversations_with_images_files_and_tools() {
    let [image, file, away] = media();
    let sound = Media {
        mime_type: "audio/wav".into(),
        ..file.clone()
    };
    let [call, result] = call_and_result("{\"city\":\"Oslo\"}", "{\"c\":4}");
    let mut messages = conversation(&[(Role::System, "Be brief."), (Role::User, "What is this?")]);
    messages[1].content.extend([
        Part::Media(image.clone()),
        Part::Text("\n".into()),
        Part::Media(sound),
        Part::Media(file),
    ]);
    messages.extend([call, result]);
    let chat = |messages: &[Message]| ChatRequest {
        messages: messages.into(),
        ..request("m", &[])
    };
    let sent = |service: &ChatCompletions, messages: &[Message]| {
        service.carries(&chat(messages)).unwrap();
        body(service, &chat(messages))["messages"].take()
    };
    let shown = json!([{"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}},
            {"type": "input_audio", "input_audio": {"data": "JVBERi0=", "format": "wav"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}]);
    let mut expected = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": shown},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "{\"c\":4}"}
    ]);
    assert_eq!(sent(&PLAIN, &messages), expected);

    let in_turns = ChatCompletions {
        in_turns: true,
        ..PLAIN
    };
    assert_eq!(sent(&in_turns, &messages[..2])[1]["content"], shown);

    // Words before a call without arguments, and reasoning from before; nothing else of it goes back.
    messages[2].content = vec![Part::Text("Let me see.".into())];
    messages[2].tool_calls[0].arguments.clear();
    messages[2].state = Some(State {
        provider: "deepseek".into(),
        model: String::new(),
        items: vec![
            json!(7),
            json!({"reasoning_content": "Weigh.", "role": "system", "reasoning_details": [1]}),
        ],
    });
    expected[2]["content"] = "Let me see.".into();
    expected[2]["tool_calls"][0]["function"]["arguments"] = "{}".into();
    expected[2]["reasoning_content"] = "Weigh.".into();
    expected[2]["reasoning_details"] = json!([1]);
    assert_eq!(sent(&PLAIN, &messages), expected);

    let mistral = ChatCompletions {
        nine_letter_ids: true,
        ..PLAIN
    };
    let other = sent(&mistral, &messages);
    let id = other[2]["tool_calls"][0]["id"].as_str().unwrap();
    assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(other[3]["tool_call_id"], id);
    assert_eq!(mistral.call_id("aB3xK9mP2"), "aB3xK9mP2");
    assert_ne!(mistral.call_id("call_2"), id);

    // What cannot be sent is not left out in silence.
    let fails = |service: &ChatCompletions, chat: &ChatRequest| {
        let failure = service.carries(chat).unwrap_err();
        assert_eq!(failure.class, Class::InvalidRequest);
        failure.message
    };
    assert!(fails(&in_turns, &chat(&messages)).contains("has no tools"));
    let mut with_tool = chat(&messages[..2]);
    with_tool.tools = vec![weather()].into();
    assert!(fails(&in_turns, &with_tool).contains("has no tools"));
    let mut at = |place: usize, media: &Media| {
        messages[place].content.push(Part::Media(media.clone()));
        let chat = chat(&messages);
        messages[place].content.pop();
        chat
    };
    assert!(fails(&PLAIN, &at(2, &image)).contains("assistant"));
    assert!(fails(&PLAIN, &at(3, &image)).contains("tool's result"));
    assert!(fails(&PLAIN, &at(1, &away)).contains("address"));
    let picture = Media {
        is_image: true,
        ..away.clone()
    };
    PLAIN.carries(&at(1, &picture)).unwrap();
    let fetching = ChatCompletions {
        takes_addresses: true,
        ..PLAIN
    };
    fetching.carries(&at(1, &away)).unwrap();
    let body = body(&fetching, &at(1, &away));
    assert_eq!(
        body["messages"][1]["content"][4]["file"]["file_data"],
        "https://example.com/a.pdf"
    );
}

#[test]
fn tools_choices_and_formats() {
    let sent = |service: &ChatCompletions, strict, tool_choice, format: Format| {
        let tool = Tool {
            strict,
            ..weather()
        };
        let chat = ChatRequest {
            tools: vec![tool].into(),
            tool_choice,
            format: Some(format.into()),
            ..request("m", &[(Role::User, "u")])
        };
        let mut body = body(service, &chat);
        for name in ["model", "messages", "stream", "stream_options"] {
            body.as_object_mut().unwrap().remove(name);
        }
        body
    };
    let mut function = json!({"name": "weather", "description": "Look up weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}});
    let schema = |strict| Format::Schema {
        name: "answer".into(),
        schema: weather().parameters,
        strict,
    };
    let expected = json!({"tools": [{"type": "function", "function": function}], "tool_choice": "none",
            "response_format": {"type": "json_object"}});
    let none = Some(ToolChoice::None);
    assert_eq!(sent(&PLAIN, None, none, Format::Json), expected);
    function["strict"] = false.into();
    let format = json!({"name": "answer", "schema": function["parameters"], "strict": true});
    let expected = json!({"tools": [{"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
            "response_format": {"type": "json_schema", "json_schema": format}});
    let named = Some(ToolChoice::Tool("weather".into()));
    assert_eq!(
        sent(&PLAIN, Some(false), named, schema(Some(true))),
        expected
    );
    let any = ChatCompletions {
        required: "any",
        ..PLAIN
    };
    for (service, choice, word) in [
        (&PLAIN, ToolChoice::Auto, "auto"),
        (&PLAIN, ToolChoice::Required, "required"),
        (&any, ToolChoice::Required, "any"),
    ] {
        let body = sent(service, None, Some(choice), schema(None));
        assert_eq!(body["tool_choice"], word);
        let format = &body["response_format"]["json_schema"];
        assert_eq!(format.get("strict"), None);
    }
    let nothing = ChatRequest {
        tool_choice: Some(ToolChoice::None),
        ..request("m", &[(Role::User, "u")])
    };
    assert_eq!(body(&PLAIN, &nothing).get("tool_choice"), None);
}

#[test]
fn options_have_the_names_of_each_service() {
    let mut chat = ChatRequest {
        top_p: Some(0.9),
        stop: vec!["END".into()],
        seed: Some(7),
        effort: Some(Effort::High),
        max_tokens: Some(9),
        ..request("m", &[(Role::User, "u")])
    };
    let sent = |service: &ChatCompletions, chat: &ChatRequest| {
        let mut body = body(service, chat);
        for name in ["model", "messages", "stream", "stream_options"] {
            body.as_object_mut().unwrap().remove(name);
        }
        body
    };
    let mut expected = json!({"top_p": 0.9, "stop": ["END"], "seed": 7, "reasoning_effort": "high",
            "max_tokens": 9});
    assert_eq!(sent(&PLAIN, &chat), expected);
    let other_name = PLAIN.chat(&chat, Encoding { other_name: true });
    let other_name: Value = serde_json::from_slice(&other_name.body).unwrap();
    expected.as_object_mut().unwrap().remove("max_tokens");
    expected["max_completion_tokens"] = 9.into();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&other_name[name], value);
    }
    assert!(other_name.get("max_tokens").is_none());
    let other = ChatCompletions {
        seed: Seed::Random,
        effort: EffortField::Reasoning,
        ..PLAIN
    };
    chat.max_tokens = None;
    assert_eq!(
        sent(&other, &chat),
        json!({"top_p": 0.9, "stop": ["END"], "random_seed": 7, "reasoning": {"effort": "high"}})
    );
    let thinking = ChatCompletions {
        effort: EffortField::Thinking,
        ..PLAIN
    };
    for (effort, word) in [(Effort::None, "disabled"), (Effort::Low, "enabled")] {
        chat.effort = Some(effort);
        assert_eq!(sent(&thinking, &chat)["thinking"], json!({"type": word}));
    }
}

#[test]
fn what_a_model_of_openai_does_not_take_is_left_out() {
    let asked = |model: &str| ChatRequest {
        temperature: Some(0.5),
        stop: vec!["END".into()],
        seed: Some(7),
        ..request(model, &[(Role::User, "u")])
    };
    let mut chat = asked("gpt-5");
    assert_eq!(FULL.fit(&mut chat).len(), 2);
    assert_eq!(
        (chat.temperature, chat.stop.len(), chat.seed),
        (None, 0, Some(7))
    );
    for (service, model) in [
        (&FULL, "gpt-4.1"),
        (&FULL, "my-deployment"),
        (&PLAIN, "gpt-5"),
    ] {
        let mut chat = asked(model);
        assert_eq!(service.fit(&mut chat).len(), 0, "{model}");
        assert_eq!(chat, asked(model));
    }
}

#[test]
fn credentials() {
    let shown = |service: &ChatCompletions| {
        let (name, value) = service.credentials("k").unwrap();
        assert!(value.is_sensitive());
        format!("{name}: {}", value.to_str().unwrap())
    };
    assert_eq!(shown(&PLAIN), "authorization: Bearer k");
    assert_eq!(shown(&FULL), "api-key: k");
    assert!(PLAIN.credentials("a\nb").is_none());
}

#[test]
fn streams() {
    assert_eq!(answer(&PLAIN, STREAM), said());
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
    let said = |deltas: &[&str]| {
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
        assert_eq!(said(deltas), expected);
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
    assert_eq!(result.unwrap_err().class, Class::TooLarge);
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
    assert_eq!(whole(body).unwrap(), said());
    let refused = whole(
        r#"{"choices":[{"message":{"content":null,"refusal":"I can't."},"finish_reason":"stop"}]}"#,
    );
    let refused = refused.unwrap();
    assert_eq!(
        (refused.finish, &*refused.text),
        (Some(Finish::ContentFilter), "I can't.")
    );
    for (body, class) in [
        (r#"{"error":{"message":"m","code":402}}"#, Class::Quota),
        (r#"{"error":"text"}"#, Class::Unavailable),
        (
            r#"{"object":"error","message":"m","type":"invalid_model"}"#,
            Class::ModelNotFound,
        ),
        (r#"{"detail":"m"}"#, Class::Unavailable),
        (
            r#"{"choices":[{"error":{"code":429,"message":"m"}}]}"#,
            Class::RateLimit,
        ),
        ("{}", Class::Unavailable),
        ("<html>", Class::Unavailable),
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
        (failure.class, failure.message, answer.text)
    };
    let text = str::to_owned;
    assert_eq!(
        failed(FAILED),
        (
            Class::Unavailable,
            text("Provider disconnected"),
            text("Hel")
        )
    );
    for (data, class) in [
        (r#"{"error":{"code":429,"message":"m"}}"#, Class::RateLimit),
        (
            r#"{"error":{"code":400,"message":"m","metadata":{"error_type":"context_length_exceeded"}}}"#,
            Class::ContextLength,
        ),
        (
            r#"{"error":{"message":"m","type":"insufficient_quota","code":null}}"#,
            Class::Quota,
        ),
        (r#"{"error":"m"}"#, Class::Unavailable),
        (
            r#"{"object":"error","message":"m","code":401}"#,
            Class::Auth,
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
        assert_eq!(class, Class::Unavailable);
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(
        read(&PLAIN, &[b"data: <html>\n\n"]).1.unwrap_err().class,
        Class::Unavailable
    );
}

#[test]
fn error_table() {
    for (status, body, class) in [
        (
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#,
            Class::InvalidRequest,
        ),
        (
            400,
            r#"{"error":{"message":"The prompt has 9 tokens, too large for model with 8 maximum context length"}}"#,
            Class::ContextLength,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
            Class::ContextLength,
        ),
        (
            400,
            r#"{"error":{"code":"content_filter","message":"m","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            Class::ContentFilter,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"x is not a valid model ID"}}"#,
            Class::ModelNotFound,
        ),
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: ab***yz."}"#,
            Class::Auth,
        ),
        (
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"x"}}"#,
            Class::InvalidRequest,
        ),
        (401, r#"{"error":{"message":"m","code":401}}"#, Class::Auth),
        (401, r#"{"detail":"Unauthorized"}"#, Class::Auth),
        (
            402,
            r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
            Class::Quota,
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"m","metadata":{"reasons":[]}}}"#,
            Class::Permission,
        ),
        (
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"m"}}"#,
            Class::ModelNotFound,
        ),
        (
            404,
            r#"{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error"}}"#,
            Class::ModelNotFound,
        ),
        (
            413,
            r#"{"error":{"message":"Request too large","type":"tokens","code":"rate_limit_exceeded"}}"#,
            Class::TooLarge,
        ),
        (
            422,
            r#"{"detail":[{"loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted","type":"extra_forbidden"}]}"#,
            Class::InvalidRequest,
        ),
        (
            429,
            r#"{"object":"error","message":"m","type":"rate_limited","code":"1300"}"#,
            Class::RateLimit,
        ),
        (
            429,
            r#"{"error":{"message":"m","code":"429","type":"None"}}"#,
            Class::RateLimit,
        ),
        (
            502,
            r#"{"error":{"code":502,"message":"m"}}"#,
            Class::Unavailable,
        ),
        (
            503,
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            Class::Unavailable,
        ),
    ] {
        let failure = PLAIN.failure(status, body.as_bytes());
        assert_eq!(
            (failure.class, failure.status),
            (class, Some(status)),
            "{body}"
        );
    }
}

#[test]
fn model_lists() {
    assert_eq!(PLAIN.models(None).path, "/models");
    let page = PLAIN.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!((page.models.len(), page.next.as_deref()), (9, None));
    assert_eq!(
        page.models[0],
        Model {
            id: "vendor/large".into(),
            display_name: Some("Vendor: Large".into()),
            created: Some(30),
            input_token_limit: Some(131_072),
            output_token_limit: Some(8192),
            chat: true,
            can: page.models[0].can,
            input_modalities: vec!["text".into()],
            output_modalities: vec!["text".into()],
            price: Some(Price {
                input: "0.000001".into(),
                output: "0.000002".into(),
            }),
            ..Model::default()
        }
    );
    let limits = |at: usize| {
        let model = &page.models[at];
        (model.input_token_limit, model.output_token_limit)
    };
    assert_eq!(limits(1), (Some(4096), None));
    assert_eq!(limits(2), (Some(1000), Some(100)));
    assert_eq!(limits(5), (Some(7), None));
    let chat: Vec<&str> = page
        .models
        .iter()
        .filter(|model| model.chat)
        .map(|model| &*model.id)
        .collect();
    assert_eq!(
        chat,
        [
            "vendor/large",
            "vendor/large:free",
            "vendor/large-pro",
            "small"
        ]
    );
    let small = page.models.last().unwrap();
    assert_eq!((small.created, &small.display_name), (None, &None));

    let bare = MODELS.split_once("\"data\":").unwrap().1;
    let bare = bare.strip_suffix('}').unwrap();
    assert_eq!(PLAIN.models_page(bare.as_bytes()).unwrap(), page);
    assert_eq!(
        PLAIN
            .models_page(br#"{"object":"list","data":null}"#)
            .unwrap(),
        ModelPage::default()
    );
    for body in ["", "<html>", "{\"data\":7}"] {
        let failure = PLAIN.models_page(body.as_bytes()).unwrap_err();
        assert_eq!(failure.class, Class::Unavailable, "{body}");
    }
}

#[test]
fn newest_models() {
    let of = |service: &ChatCompletions, entries: &[(&str, Option<i64>)]| {
        let data: Vec<_> = entries
            .iter()
            .map(|(id, created)| json!({"id": id, "created": created}))
            .collect();
        newest(service, &json!({"data": data}).to_string()).unwrap_or_default()
    };
    assert_eq!(newest(&PLAIN, MODELS).unwrap(), "vendor/large");
    assert_eq!(of(&PLAIN, &[]), "");
    assert_eq!(of(&PLAIN, &[("nomic-embed-text:latest", Some(9))]), "");
    assert_eq!(
        of(
            &PLAIN,
            &[("ai/smollm2:latest", Some(1)), ("ai/qwen3:8b", Some(2))]
        ),
        "ai/qwen3:8b"
    );
    // Without dates the order of the list counts, and something is better than nothing.
    assert_eq!(of(&PLAIN, &[("a", None), ("b", None)]), "a");
    assert_eq!(
        of(&PLAIN, &[("a-pro", Some(1)), ("b-preview", Some(2))]),
        "b-preview"
    );
    let usual = ChatCompletions {
        newest: Newest::ByDate("a/auto"),
        ..PLAIN
    };
    assert_eq!(
        of(&usual, &[("b/x", Some(2)), ("a/auto", Some(1))]),
        "a/auto"
    );
    assert_eq!(of(&usual, &[("b/x", Some(2))]), "b/x");
    let openai = ChatCompletions {
        newest: Newest::OpenAi,
        ..PLAIN
    };
    let gpt = [
        ("gpt-5-nano", Some(9)),
        ("gpt-5", Some(5)),
        ("other", Some(99)),
    ];
    assert_eq!(of(&openai, &gpt), "gpt-5");
    let unknown = ChatCompletions {
        newest: Newest::Unknown,
        ..PLAIN
    };
    assert_eq!(of(&unknown, &gpt), "");
}

#[test]
fn noise_never_panics() {
    fuzz(&PLAIN, &[STREAM, TOOL_CALLS, PARTS, FAILED, MODELS]);
}
