//! Requests, messages and tools that the tests of several formats send.

use serde_json::Value;

use crate::*;

pub(crate) fn request(model: &str, messages: &[(Role, &str)]) -> ChatRequest {
    ChatRequest {
        model: model.to_owned(),
        messages: conversation(messages).into(),
        ..ChatRequest::default()
    }
}

pub(crate) fn conversation(messages: &[(Role, &str)]) -> Vec<Message> {
    messages
        .iter()
        .map(|(role, text)| Message::text(*role, *text))
        .collect()
}

/// A call of a tool.
pub(crate) fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    }
}

/// The assistant wants tools to be called.
pub(crate) fn called(text: &str, calls: &[ToolCall]) -> Message {
    Message {
        tool_calls: calls.to_vec(),
        ..Message::text(Role::Assistant, text)
    }
}

/// What a tool has returned.
pub(crate) fn result(id: &str, text: &str) -> Message {
    Message {
        tool_call_id: Some(id.to_owned()),
        ..Message::text(Role::Tool, text)
    }
}

/// The assistant's call of a tool, and what came back.
pub(crate) fn call_and_result(arguments: &str, result: &str) -> [Message; 2] {
    let call = call("call_1", "weather", arguments);
    [called("", &[call]), self::result("call_1", result)]
}

/// An image or a file.
pub(crate) fn file(mime_type: &str, source: Source, name: Option<&str>) -> Media {
    Media {
        source,
        mime_type: mime_type.to_owned(),
        is_image: mime_type.starts_with("image/"),
        name: name.map(str::to_owned),
    }
}

/// A picture, a file at hand and one at an address.
pub(crate) fn media() -> [Media; 3] {
    let data = |mime_type, data: &str| file(mime_type, Source::Data(data.to_owned()), None);
    [
        data("image/png", "iVBORw0="),
        Media {
            name: Some("a.pdf".to_owned()),
            ..data("application/pdf", "JVBERi0=")
        },
        Media {
            source: Source::Url("https://example.com/a.pdf".to_owned()),
            ..data("application/pdf", "")
        },
    ]
}

/// A tool as callers describe it.
pub(crate) fn weather() -> Tool {
    let parameters =
        serde_json::json!({"type": "object", "properties": {"city": {"type": "string"}}});
    Tool {
        name: "weather".to_owned(),
        description: Some("Look up weather".to_owned()),
        parameters: parameters.as_object().unwrap().clone(),
        strict: None,
    }
}

/// The body that a codec sends for a chat.
pub(crate) fn body(codec: &dyn Codec, request: &ChatRequest) -> Value {
    serde_json::from_slice(&codec.chat(request, Encoding::default()).body).unwrap()
}

/// Two pictures of a cat.
pub(crate) fn cats(model: &str) -> GenerateImageRequest {
    GenerateImageRequest {
        model: model.into(),
        prompt: "a cat".into(),
        count: 2,
        ..GenerateImageRequest::default()
    }
}

/// A POST's path and body.
pub(crate) fn sent(request: &Request) -> (&str, Value) {
    (
        &request.path,
        serde_json::from_slice(&request.body).unwrap(),
    )
}

/// Two texts for embeddings, which may be of so many numbers.
pub(crate) fn two_texts(dimensions: Option<u32>) -> EmbedRequest {
    EmbedRequest {
        model: "models/m".into(),
        input: vec!["a".into(), "b".into()],
        dimensions,
    }
}

/// A chat with options that say nothing about its length in tokens.
pub(crate) fn counted_chat(model: &str) -> ChatRequest {
    ChatRequest {
        temperature: Some(0.5),
        max_tokens: Some(7),
        ..request(model, &[(Role::System, "Be brief."), (Role::User, "Hello")])
    }
}
