//! Conversations with more than text, end to end: images and files, loops of tool calls, answers in JSON.
//!
//! Never here: every spelling of an argument or of an event (unit tests of the arguments and the codecs).

use anygpt_tests::outcome::{answer, chat, error, warnings};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::Server;
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";

const FAMILIES: [Family; 4] = [
    Family::OpenAi,
    Family::Anthropic,
    Family::Google,
    Family::Compatible,
];

/// A provider, and a server that knows all four formats of it.
fn start() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder()
        .envs(provider.env())
        .envs(provider.compatible_env())
        .spawn();
    (provider, server)
}

/// A model of the family, by its full name: one that reasons, since others do not accept reasoning back.
fn model(family: Family) -> String {
    match family {
        Family::OpenAi => "openai/gpt-5.6-terra".to_owned(),
        _ => format!("{}/{}", family.id(), family.model()),
    }
}

#[track_caller]
fn last_body(provider: &Provider) -> Value {
    provider.requests().last().expect("a request").json()
}

/// An event stream of these payloads, named by their `type` if they have one.
fn stream(events: &[Value]) -> Reply {
    let events = events.iter().map(|event| match event["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    });
    Reply::raw_pieces(events)
}

/// A stream in which the model reasons, writes a word, and calls `weather` for Oslo.
fn wants_weather(family: Family) -> Reply {
    let arguments = r#"{"city":"Oslo"}"#;
    match family {
        Family::OpenAi => {
            let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"});
            let call = json!({"type": "function_call", "id": "fc_1", "call_id": "call_9", "name": "weather",
                "arguments": arguments, "status": "completed"});
            stream(&[
                json!({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}),
                json!({"type": "response.output_item.done", "output_index": 0, "item": reasoning}),
                json!({"type": "response.output_item.added", "output_index": 1, "item":
                    {"type": "function_call", "id": "fc_1", "call_id": "call_9", "name": "weather", "arguments": ""}}),
                json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": "{\"city\":"}),
                json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": "\"Oslo\"}"}),
                json!({"type": "response.output_item.done", "output_index": 1, "item": call}),
                json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "model": "gpt-4.1",
                    "output": [reasoning, call], "usage": {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}}}),
            ])
        }
        Family::Anthropic => stream(&[
            json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
                "model": "claude-sonnet-5", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "EqQB"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_start", "index": 1, "content_block":
                {"type": "tool_use", "id": "call_9", "name": "weather", "input": {}}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"city\":"}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "\"Oslo\"}"}}),
            json!({"type": "content_block_stop", "index": 1}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}}),
            json!({"type": "message_stop"}),
        ]),
        Family::Google => stream(&[json!({
            "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
                {"functionCall": {"id": "call_9", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "CiQB"}]}}],
            "modelVersion": "gemini-3.5-flash", "responseId": "r1",
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12}})]),
        Family::Compatible => {
            let chunk = |delta: Value, finish: Option<&str>| {
                json!({"id": "c1", "object": "chat.completion.chunk", "model": "gpt-4.1",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
            };
            stream(&[
                chunk(
                    json!({"role": "assistant", "content": null, "reasoning_content": "Let me see."}),
                    None,
                ),
                chunk(
                    json!({"tool_calls": [{"index": 0, "id": "call_9", "type": "function",
                    "function": {"name": "weather", "arguments": ""}}]}),
                    None,
                ),
                chunk(
                    json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"city\":"}}]}),
                    None,
                ),
                chunk(
                    json!({"tool_calls": [{"index": 0, "function": {"arguments": "\"Oslo\"}"}}]}),
                    None,
                ),
                chunk(json!({}), Some("tool_calls")),
            ])
        }
    }
}

/// The loop's second request, as far as it must have the content of the first answer.
fn expected_turns(family: Family) -> Vec<(&'static str, Value)> {
    match family {
        Family::OpenAi => vec![
            ("/input/1/encrypted_content", json!("gAAA")),
            ("/input/2/type", json!("function_call")),
            ("/input/2/call_id", json!("call_9")),
            ("/input/2/arguments", json!("{\"city\":\"Oslo\"}")),
            (
                "/input/3",
                json!({"type": "function_call_output", "call_id": "call_9", "output": "4 C"}),
            ),
            ("/tools/0/name", json!("weather")),
        ],
        Family::Anthropic => vec![
            ("/messages/1/role", json!("assistant")),
            (
                "/messages/1/content/0",
                json!({"type": "thinking", "thinking": "", "signature": "EqQB"}),
            ),
            ("/messages/1/content/1/input", json!({"city": "Oslo"})),
            ("/messages/2/role", json!("user")),
            ("/messages/2/content/0/type", json!("tool_result")),
            ("/messages/2/content/0/tool_use_id", json!("call_9")),
            ("/tools/0/input_schema/type", json!("object")),
        ],
        Family::Google => vec![
            ("/contents/1/parts/0/thoughtSignature", json!("CiQB")),
            (
                "/contents/1/parts/0/functionCall/args",
                json!({"city": "Oslo"}),
            ),
            (
                "/contents/2/parts/0/functionResponse/name",
                json!("weather"),
            ),
            (
                "/contents/2/parts/0/functionResponse/response",
                json!({"result": "4 C"}),
            ),
            ("/tools/0/functionDeclarations/0/name", json!("weather")),
        ],
        Family::Compatible => vec![
            ("/messages/1/reasoning_content", json!("Let me see.")),
            (
                "/messages/1/tool_calls/0/function/arguments",
                json!("{\"city\":\"Oslo\"}"),
            ),
            (
                "/messages/2",
                json!({"role": "tool", "tool_call_id": "call_9", "content": "4 C"}),
            ),
            ("/tools/0/function/name", json!("weather")),
        ],
    }
}

fn tools() -> Value {
    json!([{"name": "weather", "description": "The weather in a city", "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}])
}

#[test]
fn a_loop_of_tool_calls_goes_on_where_it_was_at_every_provider() {
    let (provider, mut server) = start();
    for family in FAMILIES {
        provider.script(
            family,
            [
                wants_weather(family),
                Reply::text(family, "It is 4 degrees."),
            ],
        );
        let question = json!({"role": "user", "content": "What is the weather in Oslo?"});
        let result = server.call_tool(
            CHAT,
            json!({"model": model(family), "messages": [question], "tools": tools(), "tool_choice": "auto"}),
        );
        let first = answer(&result);
        assert_eq!(first["finish_reason"], "tool_calls", "{first}");
        assert_eq!(first["text"], "", "{first}");
        assert_eq!(
            first["tool_calls"],
            json!([{"id": "call_9", "name": "weather", "arguments": {"city": "Oslo"}}]),
            "{first}"
        );
        // The calls are the text, for clients that show nothing else.
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(
            text.starts_with("Tool calls: [{\"id\":\"call_9\""),
            "{text}"
        );
        assert_eq!(first["provider_state"]["provider"], family.id(), "{first}");

        let assistant = json!({"role": "assistant", "content": first["text"], "tool_calls": first["tool_calls"],
            "provider_state": first["provider_state"]});
        let tool = json!({"role": "tool", "tool_call_id": "call_9", "content": "4 C"});
        let result = server.call_tool(
            CHAT,
            json!({"model": model(family), "messages": [question, assistant, tool], "tools": tools()}),
        );
        assert_eq!(chat(&result)["text"], "It is 4 degrees.");
        let body = last_body(&provider);
        for (place, expected) in expected_turns(family) {
            let found = body.pointer(place);
            // Chat Completions leave out what the state has; others may repeat it.
            assert_eq!(found, Some(&expected), "{family:?} {place} in {body}");
        }
    }
    server.close_stdin();
    server.end(0);
}

#[test]
fn a_state_goes_to_the_provider_and_the_model_that_gave_it_and_to_nobody_else() {
    let (provider, mut server) = start();
    for family in FAMILIES {
        let item = json!({"type": "thinking", "signature": "SECRET-STATE", "thinking": "", "text": "SECRET-STATE",
            "thoughtSignature": "SECRET-STATE", "reasoning_content": "SECRET-STATE"});
        for (by, model, goes) in [
            (family.id(), family.model(), family != Family::OpenAi),
            (family.id(), "another-model", false),
            ("elsewhere", family.model(), false),
        ] {
            let state = json!({"provider": by, "model": model, "items": [item]});
            let messages = json!([
                {"role": "user", "content": "What is the weather in Oslo?"},
                {"role": "assistant", "tool_calls": [{"id": "x1", "name": "weather", "arguments": {"city": "Oslo"}}],
                 "provider_state": state},
                {"role": "tool", "tool_call_id": "x1", "content": "4 C"}]);
            let arguments =
                json!({"model": self::model(family), "messages": messages, "tools": tools()});
            chat(&server.call_tool(CHAT, arguments));
            let body = last_body(&provider).to_string();
            assert_eq!(
                body.contains("SECRET-STATE"),
                goes,
                "{family:?} {by} {model}: {body}"
            );
            assert!(body.contains("x1") && body.contains("4 C"), "{body}");
        }
    }
    server.close_stdin();
    server.end(0);
}

#[test]
fn images_and_files_reach_every_provider_in_its_own_form() {
    let (provider, mut server) = start();
    let content = json!([
        {"type": "text", "text": "What is this?"},
        {"type": "image", "data": "iVBORw0KGgo=", "mime_type": "image/png"},
        {"type": "image", "url": "https://example.com/a.jpg"},
        {"type": "file", "data": "JVBERi0=", "filename": "a.pdf"}]);
    for family in FAMILIES {
        let messages = json!([{"role": "user", "content": content}]);
        let result = server.call_tool(CHAT, json!({"model": model(family), "messages": messages}));
        let said = chat(&result);
        assert_eq!(warnings(said), "", "{family:?}");
        let body = last_body(&provider);
        let parts = match family {
            Family::OpenAi => &body["input"][0]["content"],
            Family::Google => &body["contents"][0]["parts"],
            Family::Anthropic | Family::Compatible => &body["messages"][0]["content"],
        };
        let expected = match family {
            Family::OpenAi => json!([
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
                {"type": "input_image", "image_url": "https://example.com/a.jpg"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}]),
            Family::Anthropic => json!([
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
                {"type": "document", "title": "a.pdf",
                 "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}]),
            Family::Google => json!([
                {"text": "What is this?"},
                {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
                {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/a.jpg"}},
                {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}}]),
            Family::Compatible => json!([
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.jpg"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}]),
        };
        assert_eq!(*parts, expected, "{family:?}");
    }
    server.close_stdin();
    server.end(0);
}

#[test]
fn what_a_format_cannot_carry_is_said_before_anything_is_sent() {
    let (provider, mut server) = start();
    let file =
        json!({"type": "file", "url": "https://example.com/a.pdf", "mime_type": "application/pdf"});
    let messages = json!([{"role": "user", "content": ["Read this.", file]}]);
    for dry_run in [false, true] {
        let ask = |model: String| json!({"model": model, "messages": messages, "dry_run": dry_run});
        let text = error(&server.call_tool(CHAT, ask(model(Family::Compatible)))).to_owned();
        assert!(text.starts_with("invalid_request: "), "{text}");
        assert!(text.contains("send the file's data, or its text"), "{text}");
        assert!(provider.requests().is_empty());
    }
    let ask = json!({"model": model(Family::OpenAi), "messages": messages});
    chat(&server.call_tool(CHAT, ask));
    let file = &last_body(&provider)["input"][0]["content"][1];
    let expected = json!({"type": "input_file", "file_url": "https://example.com/a.pdf"});
    assert_eq!(*file, expected);
    server.close_stdin();
    server.end(0);
}

#[test]
fn a_path_is_never_read_and_never_sent() {
    let (provider, mut server) = start();
    for url in [
        "file:///etc/passwd",
        "/etc/passwd",
        "gopher://a",
        "FILE:/etc/passwd",
    ] {
        let messages = json!([{"role": "user", "content": [{"type": "image", "url": url}]}]);
        let result = server.call_tool(
            CHAT,
            json!({"model": "openai/gpt-4.1", "messages": messages}),
        );
        let text = error(&result);
        assert!(
            text.starts_with("invalid_request: messages[0].content[0].url"),
            "{text}"
        );
        assert!(text.contains("give their content as data"), "{text}");
    }
    assert!(provider.requests().is_empty());
    server.close_stdin();
    server.end(0);
}

#[test]
fn an_answer_in_json_comes_parsed_and_a_mismatch_is_said() {
    let (provider, mut server) = start();
    let format = json!({"type": "json_schema", "name": "city", "schema": {"type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}, "required": ["name"]}});
    for family in FAMILIES {
        let ask = |server: &mut Server, reply: &str, format: &Value| {
            provider.script(family, [Reply::text(family, reply)]);
            let arguments =
                json!({"model": model(family), "prompt": "Which city?", "response_format": format});
            server.call_tool(CHAT, arguments)
        };
        let result = ask(&mut server, r#"{"name": "Oslo", "size": 7}"#, &format);
        let said = chat(&result);
        assert_eq!(
            said["json"],
            json!({"name": "Oslo", "size": 7}),
            "{family:?}"
        );
        assert_eq!(warnings(said), "", "{family:?}");
        let body = last_body(&provider);
        let place = match family {
            Family::OpenAi => "/text/format/schema/required",
            Family::Anthropic => "/output_config/format/schema/required",
            Family::Google => "/generationConfig/responseJsonSchema/required",
            Family::Compatible => "/response_format/json_schema/schema/required",
        };
        assert_eq!(body.pointer(place), Some(&json!(["name"])), "{body}");

        let result = ask(&mut server, r#"{"name": 7}"#, &format);
        let said = chat(&result);
        assert_eq!(said["json"], json!({"name": 7}));
        let problem = "The answer does not keep to the schema: json.name is 7, but must be string";
        assert!(warnings(said).contains(problem), "{said}");

        let result = ask(&mut server, "Sorry, no.", &json!({"type": "json_object"}));
        let said = chat(&result);
        assert!(said.get("json").is_none(), "{said}");
        assert!(warnings(said).contains("The answer is not JSON"), "{said}");
    }
    server.close_stdin();
    server.end(0);
}

#[test]
fn calls_with_broken_arguments_are_handed_on_as_they_are_and_said() {
    let (provider, mut server) = start();
    let chunk = |delta: Value, finish: Option<&str>| json!({"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let call = |name: &str, arguments: &str| json!({"id": name, "function": {"name": name, "arguments": arguments}});
    let reply = stream(&[
        chunk(json!({"content": "I will look."}), None),
        chunk(json!({"tool_calls": [call("broken", "{\"city\":")]}), None),
        chunk(json!({}), Some("tool_calls")),
    ]);
    provider.script(Family::Compatible, [reply]);
    let result = server.call_tool(
        CHAT,
        json!({"model": model(Family::Compatible), "prompt": "?", "tools": tools()}),
    );
    let said = chat(&result);
    assert_eq!(said["text"], "I will look.");
    assert_eq!(said["tool_calls"][0]["arguments"], "{\"city\":");
    assert_eq!(
        warnings(said),
        "The arguments of the call of broken are not a JSON object"
    );
    let note = result["content"][1]["text"].as_str().unwrap();
    assert!(note.starts_with("Tool calls: "), "{note}");
    server.close_stdin();
    server.end(0);
}

#[test]
fn half_a_tool_call_is_never_handed_out() {
    // Google sends calls whole.
    let halves = [
        (Family::OpenAi, 4),
        (Family::Anthropic, 6),
        (Family::Compatible, 3),
    ];
    for (family, pieces) in halves {
        let provider = Provider::start();
        let mut server = Server::builder()
            .envs(provider.env())
            .envs(provider.compatible_env())
            .env("ANYGPT_RETRIES", "0")
            .spawn();
        provider.script(family, [wants_weather(family).end_after(pieces)]);
        let result = server.call_tool(
            CHAT,
            json!({"model": model(family), "prompt": "?", "tools": tools()}),
        );
        assert!(error(&result).starts_with("network: "), "{result}");
        assert!(result.get("structuredContent").is_none(), "{result}");
        server.close_stdin();
        server.end(0);
    }
}
