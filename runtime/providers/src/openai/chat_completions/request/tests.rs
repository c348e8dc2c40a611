use serde_json::{Value, json};

use crate::openai::chat_completions::*;
use crate::testing::{body, call_and_result, conversation, media, request, weather};
use crate::*;

const FULL: ChatCompletions = ChatCompletions {
    api_key_header: true,
    model_in_path: true,
    max_completion_tokens: true,
    developer: true,
    ..PLAIN
};

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
        service.check_supported(&chat(messages)).unwrap();
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
        let failure = service.check_supported(chat).unwrap_err();
        assert_eq!(failure.class, ErrorKind::InvalidRequest);
        failure.message.clone()
    };
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
    PLAIN.check_supported(&at(1, &picture)).unwrap();
    let fetching = ChatCompletions {
        takes_addresses: true,
        ..PLAIN
    };
    fetching.check_supported(&at(1, &away)).unwrap();
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
        effort: Some(ReasoningEffort::High),
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
    let encoding = Encoding {
        other_name: true,
        ..Encoding::default()
    };
    let other_name = PLAIN.chat(&chat, encoding);
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
    for (effort, word) in [
        (ReasoningEffort::None, "disabled"),
        (ReasoningEffort::Low, "enabled"),
    ] {
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
    assert_eq!(FULL.adapt(&mut chat).len(), 2);
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
        assert_eq!(service.adapt(&mut chat).len(), 0, "{model}");
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
