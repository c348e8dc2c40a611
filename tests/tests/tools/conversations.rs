//! Conversations with more than text, end to end: images and files, loops of tool calls, answers in JSON.
//!
//! Never here: every spelling of an argument or of an event (unit tests of the arguments and the codecs).

use anygpt_tests::outcome::{answer, chat, error, warnings};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::Server;
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";

/// A provider, and a server that knows all formats of it.
fn start() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder().envs(provider.every_env()).spawn();
    (provider, server)
}

/// A model of the family, by its full name: one that reasons, since others do not accept reasoning back.
fn model(family: Family) -> String {
    format!("{}/{}", family.id(), family.format().reasoning_model())
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

fn tools() -> Value {
    json!([{"name": "weather", "description": "The weather in a city", "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}])
}

#[test]
fn a_loop_of_tool_calls_goes_on_where_it_was_at_every_provider() {
    let (provider, mut server) = start();
    for family in Family::ALL {
        provider.script(
            family,
            [
                stream(&family.format().weather().0),
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
        for (place, expected) in family.format().weather_sent_back() {
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
    for family in Family::ALL {
        let own = family.format().state_item();
        let goes = own.is_some();
        // Others must not go either.
        let item = own.unwrap_or_else(|| json!({"type": "reasoning", "text": "SECRET-STATE"}));
        let usual = family.format().reasoning_model();
        for (by, model, goes) in [
            (family.id(), usual, goes),
            (family.id(), "another-model", false),
            ("elsewhere", usual, false),
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
    for family in Family::ALL {
        let (expected, takes_files) = family.format().media();
        let mut content = content.clone();
        if !takes_files {
            content.as_array_mut().unwrap().pop();
        }
        let messages = json!([{"role": "user", "content": content}]);
        let result = server.call_tool(CHAT, json!({"model": model(family), "messages": messages}));
        let said = chat(&result);
        assert_eq!(warnings(said), "", "{family:?}");
        let body = last_body(&provider);
        let [turns, content] = family.format().turns();
        let parts = &body[turns][0][content];
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
    for family in Family::ALL {
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
        let place = family.format().schema_place();
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
    for family in Family::ALL {
        let (weather, pieces) = family.format().weather();
        let Some(pieces) = pieces else {
            continue;
        };
        let provider = Provider::start();
        let mut server = Server::builder()
            .envs(provider.every_env())
            .env("ANYGPT_RETRIES", "0")
            .spawn();
        provider.script(family, [stream(&weather).end_after(pieces)]);
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
