use serde_json::{Map, Value, json};

use super::*;
use crate::anthropic::Messages;
use crate::testing::{body, call, called, file, request, result, weather};
use crate::*;

#[test]
fn requests() {
    let mut chat = request(
        "claude-sonnet-5",
        &[
            (Role::System, "Be brief."),
            (Role::User, "Hello"),
            (Role::User, "there"),
            (Role::Assistant, "Hi"),
            (Role::User, "And?"),
        ],
    );
    let http = Messages.chat(&chat, Encoding::default());
    assert_eq!(
        (http.method.as_str(), http.path.as_str()),
        ("POST", "/v1/messages")
    );
    assert!(
        http.headers
            .iter()
            .any(|(name, value)| name == "anthropic-version" && value == "2023-06-01")
    );
    let mut expected = json!({
        "model": "claude-sonnet-5", "max_tokens": 16384, "system": "Be brief.", "stream": true,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}]},
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "And?"},
        ],
    });
    assert_eq!(body(&Messages, &chat), expected);

    (chat.temperature, chat.max_tokens) = (Some(0.7), Some(64));
    (expected["temperature"], expected["max_tokens"]) = (json!(0.7), json!(64));
    assert_eq!(body(&Messages, &chat), expected);

    let instructions = body(
        &Messages,
        &request("m", &[(Role::System, "a"), (Role::Developer, "b")]),
    );
    assert_eq!(instructions.get("system"), None);
    assert_eq!(
        instructions["messages"],
        json!([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}])
    );
}

#[test]
fn parts_calls_and_results() {
    let png = file("image/png", Source::Data("iVBORw0=".to_owned()), None);
    let jpg = Media {
        is_image: true,
        ..file(
            "",
            Source::Url("https://example.com/a.jpg".to_owned()),
            None,
        )
    };
    let pdf = file(
        "application/pdf",
        Source::Data("JVBERi0=".to_owned()),
        Some("a.pdf"),
    );
    let question = Message {
        content: vec![
            Part::Text("What is this?".to_owned()),
            Part::Text(" \n".to_owned()),
            Part::Media(png.clone()),
            Part::Media(jpg),
            Part::Media(pdf),
        ],
        ..Message::text(Role::User, "")
    };
    let chat = ChatRequest {
        messages: vec![
            Message::text(Role::System, "Be brief."),
            question,
            called("", &[call("toolu_1", "weather", r#"{"city": "Oslo"}"#)]),
            result("toolu_1", "4 C"),
        ]
        .into(),
        max_tokens: Some(4096),
        tools: vec![weather()].into(),
        tool_choice: Some(ToolChoice::Auto),
        ..request("claude-sonnet-5", &[])
    };
    let expected = json!({
        "model": "claude-sonnet-5", "max_tokens": 4096, "system": "Be brief.", "stream": true,
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0="}},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, "title": "a.pdf"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "4 C"}]}],
        "tools": [{"name": "weather", "description": "Look up weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}],
        "tool_choice": {"type": "auto"},
    });
    assert_eq!(body(&Messages, &chat), expected);
    assert_eq!(Messages.check_supported(&chat), Ok(()));

    // Results come first in their turn, in one turn, and can have images; ids and arguments of others
    // are brought into shape.
    let shown = Message {
        content: vec![Part::Text("So:".to_owned()), Part::Media(png)],
        ..result("functions.now:0", "")
    };
    let messages = [
        Message::text(Role::User, "Hi"),
        called(
            "Well.",
            &[
                call("functions.now:0", "now", " "),
                call("b", "now", "[1]"),
                call("c", "now", "{\"a\":"),
            ],
        ),
        Message::text(Role::User, "Go on."),
        shown,
        result("b", " "),
    ];
    let chat = ChatRequest {
        messages: messages.into(),
        tools: vec![Tool {
            parameters: Map::new(),
            strict: Some(true),
            description: None,
            ..weather()
        }]
        .into(),
        ..request("claude-sonnet-5", &[])
    };
    let sent = body(&Messages, &chat);
    let changed = call_id("functions.now:0", "claude");
    assert!(changed.starts_with("functions_now_0_"), "{changed}");
    assert_ne!(changed, call_id("functions:now:0", "claude"));
    assert_eq!(
        sent["messages"],
        json!([
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [
                    {"type": "text", "text": "Well."},
                    {"type": "tool_use", "id": changed, "name": "now", "input": {}},
                    {"type": "tool_use", "id": "b", "name": "now", "input": {"arguments": "[1]"}},
                    {"type": "tool_use", "id": "c", "name": "now", "input": {"arguments": "{\"a\":"}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": changed, "content": [
                        {"type": "text", "text": "So:"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0="}}]},
                    {"type": "tool_result", "tool_use_id": "b"},
                    {"type": "text", "text": "Go on."}]}])
    );
    // What another server of this format calls its calls, it knows.
    let chat = ChatRequest {
        model: "kimi-k3".to_owned(),
        ..chat
    };
    let own = &body(&Messages, &chat)["messages"];
    assert_eq!(own[1]["content"][1]["id"], "functions.now:0");
    assert_eq!(own[2]["content"][0]["tool_use_id"], "functions.now:0");

    let tool = json!([{"name": "weather", "input_schema": {"type": "object"}, "strict": true}]);
    assert_eq!((&sent["tools"], sent.get("tool_choice")), (&tool, None));
}

#[test]
fn choices() {
    let of = |choice| {
        let chat = ChatRequest {
            tools: vec![weather()].into(),
            tool_choice: Some(choice),
            ..request("claude-sonnet-5", &[(Role::User, "Hi")])
        };
        let sent = body(&Messages, &chat);
        let without = body(
            &Messages,
            &ChatRequest {
                tools: Vec::new().into(),
                ..chat
            },
        );
        assert_eq!(
            (without.get("tools"), without.get("tool_choice")),
            (None, None)
        );
        sent["tool_choice"].clone()
    };
    assert_eq!(of(ToolChoice::None), json!({"type": "none"}));
    assert_eq!(of(ToolChoice::Required), json!({"type": "any"}));
    let weather = ToolChoice::Tool("weather".to_owned());
    assert_eq!(of(weather), json!({"type": "tool", "name": "weather"}));
}

#[test]
fn a_model_that_thinks_is_not_forced_where_it_refuses_that() {
    use ToolChoice::{Auto, Required};
    let fitted = |model: &str, effort, strict| {
        let mut chat = ChatRequest {
            effort,
            tools: vec![Tool {
                strict,
                ..weather()
            }]
            .into(),
            tool_choice: Some(Required),
            ..request(model, &[(Role::User, "Hi")])
        };
        let warnings = Messages.adapt(&mut chat);
        let strict = body(&Messages, &chat)["tools"][0].get("strict").is_some();
        (chat.tool_choice.unwrap(), strict, warnings)
    };
    for (model, effort, choice, warning) in [
        ("claude-opus-5-5", None, Auto, "tool_choice is auto"),
        ("claude-next-6", None, Auto, "tool_choice is auto"),
        ("claude-opus-5", Some(ReasoningEffort::High), Required, ""),
        (
            "claude-sonnet-4-6",
            Some(ReasoningEffort::High),
            Required,
            "",
        ),
        (
            "claude-haiku-4-5",
            Some(ReasoningEffort::High),
            Auto,
            "tool_choice is auto",
        ),
        (
            "claude-haiku-4-5",
            Some(ReasoningEffort::None),
            Required,
            "",
        ),
        ("claude-haiku-4-5", None, Required, ""),
    ] {
        let (fitted, strict, warnings) = fitted(model, effort, Some(true));
        assert_eq!((fitted, strict), (choice, true), "{model}");
        assert!(
            warnings.join(". ").starts_with(warning),
            "{model} {warnings:?}"
        );
        assert_eq!(warnings.len(), usize::from(!warning.is_empty()), "{model}");
    }
    let (_, strict, warnings) = fitted("kimi-k3", None, Some(true));
    assert_eq!((strict, warnings.len()), (false, 1));
    assert_eq!(
        fitted("kimi-k3", None, Some(false)),
        (Required, false, Vec::new())
    );
}

#[test]
fn formats() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
    let fitted = |model: &str, format| {
        let mut chat = ChatRequest {
            format: Some(std::sync::Arc::new(format)),
            effort: Some(ReasoningEffort::High),
            ..request(model, &[(Role::System, "Be brief."), (Role::User, "Hi")])
        };
        let warnings = Messages.adapt(&mut chat);
        let body = body(&Messages, &chat);
        (
            body["system"].clone(),
            body["output_config"].clone(),
            warnings.len(),
        )
    };
    let by_schema = || Format::Schema {
        name: "answer".to_owned(),
        schema: schema.as_object().unwrap().clone(),
        strict: Some(true),
    };
    let format = json!({"type": "json_schema", "schema": schema});
    let words = |words: &str| json!([{"type": "text", "text": "Be brief."}, {"type": "text", "text": words}]);
    let json_only = "Answer with one JSON object and nothing else.";
    let kept = format!("Answer with JSON only that keeps to this schema: {schema}");
    for (model, asked, system, config, warnings) in [
        (
            "claude-sonnet-5",
            by_schema(),
            json!("Be brief."),
            json!({"effort": "high", "format": format}),
            0,
        ),
        (
            "claude-haiku-4-5",
            by_schema(),
            json!("Be brief."),
            json!({"format": format}),
            0,
        ),
        ("glm-5.3", by_schema(), words(&kept), Value::Null, 1),
        (
            "claude-sonnet-5",
            Format::Json,
            words(json_only),
            json!({"effort": "high"}),
            1,
        ),
    ] {
        assert_eq!(fitted(model, asked), (system, config, warnings), "{model}");
    }
}

#[test]
fn files() {
    let sent = |media: Media, role| {
        let chat = ChatRequest {
            messages: vec![Message {
                content: vec![Part::Media(media)],
                ..Message::text(role, "")
            }]
            .into(),
            ..request("claude-sonnet-5", &[])
        };
        Messages.check_supported(&chat)?;
        Ok(body(&Messages, &chat)["messages"][0]["content"][0].clone())
    };
    let data = |text: &str| Source::Data(text.to_owned());
    let url = || Source::Url("https://example.com/a".to_owned());
    let text = json!({"type": "document", "title": "a.md", "source": {"type": "text", "media_type": "text/plain", "data": "# Größe\n"}});
    let file_sent = |media| sent(media, Role::User);
    assert_eq!(
        file_sent(file(
            "text/markdown",
            data("IyBHcsO2w59lCg=="),
            Some("a.md")
        )),
        Ok(text)
    );
    let at_address =
        json!({"type": "document", "source": {"type": "url", "url": "https://example.com/a"}});
    for mime_type in ["", "application/pdf"] {
        assert_eq!(
            file_sent(file(mime_type, url(), None)),
            Ok(at_address.clone())
        );
    }
    for (media, role, words) in [
        (
            file("application/zip", data("UEsDBP+="), None),
            Role::User,
            "of the type application/zip cannot",
        ),
        (
            file("text/plain", data("####"), None),
            Role::User,
            "of the type text/plain cannot",
        ),
        (
            file("text/csv", url(), None),
            Role::User,
            "text/csv cannot be sent to this provider from an address",
        ),
        (
            file("image/png", data("AAAA"), None),
            Role::Assistant,
            "assistant's own messages",
        ),
    ] {
        let failure: Failure = sent(media, role).unwrap_err();
        assert_eq!(failure.class, ErrorKind::InvalidRequest);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    for (encoded, text) in [
        ("", ""),
        ("YQ==", "a"),
        ("YWI", "ab"),
        ("YWJj", "abc"),
        ("Pz8/Pn4+", "???>~>"),
    ] {
        assert_eq!(decoded(encoded).as_deref(), Some(text));
    }
}

#[test]
fn each_generation_thinks_in_its_own_words() {
    let fitted = |model: &str, effort, shown| {
        let mut chat = ChatRequest {
            temperature: Some(1.5),
            top_p: Some(0.9),
            effort,
            include_reasoning: shown,
            ..request(model, &[(Role::User, "Hi")])
        };
        let warnings = Messages.adapt(&mut chat);
        let mut body = body(&Messages, &chat);
        for name in ["model", "messages", "stream"] {
            body.as_object_mut().unwrap().remove(name);
        }
        (body, warnings.len())
    };
    let adaptive = json!({"type": "adaptive"});
    let shown = json!({"type": "adaptive", "display": "summarized"});
    for (model, effort, show, expected, warnings) in [
        (
            "claude-sonnet-4-5",
            None,
            true,
            json!({"max_tokens": 16384, "temperature": 1.0}),
            2,
        ),
        (
            "claude-sonnet-4-5",
            Some(ReasoningEffort::None),
            false,
            json!({"max_tokens": 16384, "temperature": 1.0}),
            2,
        ),
        (
            "claude-sonnet-4-5",
            Some(ReasoningEffort::Max),
            true,
            json!({"max_tokens": 36096, "thinking": {"type": "enabled", "budget_tokens": 32000}}),
            2,
        ),
        (
            "claude-opus-4-6",
            Some(ReasoningEffort::XHigh),
            false,
            json!({"max_tokens": 16384, "thinking": adaptive, "output_config": {"effort": "high"}}),
            3,
        ),
        (
            "claude-opus-4-8",
            Some(ReasoningEffort::None),
            true,
            json!({"max_tokens": 16384, "thinking": {"type": "disabled"}}),
            2,
        ),
        (
            "claude-opus-4-8",
            None,
            true,
            json!({"max_tokens": 16384}),
            2,
        ),
        (
            "claude-sonnet-5",
            Some(ReasoningEffort::Minimal),
            false,
            json!({"max_tokens": 16384, "output_config": {"effort": "low"}}),
            3,
        ),
        (
            "claude-sonnet-5",
            None,
            true,
            json!({"max_tokens": 16384, "thinking": shown}),
            2,
        ),
        (
            "claude-sonnet-5-5",
            Some(ReasoningEffort::None),
            true,
            json!({"max_tokens": 16384, "thinking": {"type": "between_tools"}}),
            2,
        ),
        (
            "claude-haiku-5-5",
            Some(ReasoningEffort::None),
            true,
            json!({"max_tokens": 16384, "thinking": {"type": "disabled"}}),
            2,
        ),
        (
            "claude-opus-5-5",
            Some(ReasoningEffort::None),
            true,
            json!({"max_tokens": 16384, "thinking": shown, "output_config": {"effort": "low"}}),
            3,
        ),
    ] {
        assert_eq!(
            fitted(model, effort, show),
            (expected, warnings),
            "{model} {effort:?}"
        );
    }
}

/// The API takes no budget below 1,024 tokens, and none that leaves nothing of the limit.
#[test]
fn a_budget_for_thinking_fits_into_the_limit_or_there_is_none() {
    for (limit, is_lowered, wanted, budget) in [
        (20_000, true, ReasoningEffort::High, Some(8_192)),
        (16_385, false, ReasoningEffort::High, Some(16_384)),
        (16_384, false, ReasoningEffort::High, Some(8_192)),
        (10_923, true, ReasoningEffort::Max, Some(8_192)),
        (8_193, true, ReasoningEffort::High, Some(2_048)),
        (2_000, true, ReasoningEffort::High, Some(1_024)),
        (1_365, true, ReasoningEffort::Low, Some(1_024)),
        (1_364, true, ReasoningEffort::Low, None),
        (1_025, false, ReasoningEffort::Minimal, Some(1_024)),
        (1_024, false, ReasoningEffort::Minimal, None),
        (1, true, ReasoningEffort::Max, None),
    ] {
        let mut chat = ChatRequest {
            effort: Some(wanted),
            max_tokens: Some(limit),
            ..request("claude-haiku-4-5", &[(Role::User, "Hi")])
        };
        let warning = Messages.think_within_limit(&mut chat, is_lowered);
        let sent = &body(&Messages, &chat)["thinking"]["budget_tokens"];
        assert_eq!(sent.as_u64(), budget, "{limit}");
        let is_less = budget != Some(rules::claude_budget(wanted).into());
        assert_eq!(warning.is_some(), is_less, "{limit}: {warning:?}");
        assert_eq!(Messages.think_within_limit(&mut chat, false), None);
    }
    // Those that think in words of their own are left alone.
    let mut chat = ChatRequest {
        effort: Some(ReasoningEffort::Max),
        max_tokens: Some(16),
        ..request("claude-sonnet-5", &[(Role::User, "Hi")])
    };
    assert_eq!(Messages.think_within_limit(&mut chat, true), None);
    assert_eq!(chat.effort, Some(ReasoningEffort::Max));
}
