use serde_json::{Value, json};

use crate::openai::Responses;
use crate::testing::{body, call_and_result, conversation, media, request, weather};
use crate::*;

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
        {"type": "message", "role": "system", "content": "Be brief."},
        {"type": "message", "role": "developer", "content": "Answer in French."},
        {"type": "message", "role": "user", "content": "Hello"},
        {"type": "message", "role": "assistant", "content": "Oui."},
        {"type": "message", "role": "user", "content": "And?"},
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
        json!([{"type": "message", "role": "user", "content": "a"}, {"type": "message", "role": "user", "content": "b"}])
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
        Responses.check_supported(&chat).unwrap();
        body(&Responses, &chat)["input"].take()
    };
    let mut expected = json!([
        {"type": "message", "role": "developer", "content": "Answer in French."},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0="},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            {"type": "input_file", "file_url": "https://example.com/a.pdf"}]},
        {"type": "message", "role": "assistant", "content": "Un chat."},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{\"city\":\"Oslo\"}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "{\"c\":4}"}
    ]);
    assert_eq!(input(&messages), expected);

    // Words before a call, a call without arguments, and a result to look at.
    messages[3].content = vec![Part::Text("Voyons.".into())];
    messages[3].tool_calls[0].arguments = " ".into();
    messages[4].content.push(Part::Media(image.clone()));
    let said = json!({"type": "message", "role": "assistant", "content": "Voyons."});
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
    let failure = Responses.check_supported(&chat).unwrap_err();
    assert_eq!(failure.class, ErrorKind::InvalidRequest);
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
        let warnings = Responses.adapt(&mut chat);
        let mut body = body(&Responses, &chat);
        for name in ["model", "input", "store", "stream", "stream_options"] {
            body.as_object_mut().unwrap().remove(name);
        }
        (body, warnings.len())
    };
    let summary = json!({"summary": "auto"});
    assert_eq!(
        fitted("gpt-4.1", Some(ReasoningEffort::Low)),
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
        fitted("gpt-5.6-sol", Some(ReasoningEffort::None)).0,
        json!({"temperature": 0.5, "top_p": 0.9, "reasoning": {"effort": "none", "summary": "auto"}})
    );
    assert_eq!(
        fitted("gpt-6", Some(ReasoningEffort::None)),
        (
            json!({"reasoning": {"effort": "low", "summary": "auto"}}),
            5
        )
    );
    // Nobody knows it: what the format has is sent.
    assert_eq!(
        fitted("local-model", Some(ReasoningEffort::Minimal)),
        (
            json!({"temperature": 0.5, "top_p": 0.9, "reasoning": {"effort": "minimal", "summary": "auto"}}),
            2
        )
    );
}
