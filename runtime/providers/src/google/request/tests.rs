use serde_json::{Map, json};

use super::*;
use crate::google::GenerateContent;
use crate::testing::{body, call, called, file, request, result, weather};
use crate::*;

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
        effort: Some(ReasoningEffort::Low),
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
    for model in ["gemini-2.5-flash", "medgemma"] {
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
        assert_eq!(GenerateContent.adapt(&mut chat).len(), 1);
        let sent = body(&GenerateContent, &chat);
        let declared = json!([{"functionDeclarations": [{"name": "weather"}]}]);
        assert_eq!(sent["tools"], declared);
        chat.tools = Vec::new().into();
        assert_eq!(GenerateContent.adapt(&mut chat), Vec::<String>::new());
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
