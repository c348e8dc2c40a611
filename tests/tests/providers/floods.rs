//! Providers that send without end, in the smallest pieces possible: other calls are not affected, and their own calls
//! end when they must.
//!
//! Here: assertions on the order of events, never on how long something takes. Never here: memory (`tests/memory.rs`).

use std::time::Duration;

use anygpt_tests::provider::{Family, Flood, Provider, Reply};
use anygpt_tests::server::{Server, Signal};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(120);

const STREAM: &str = "text/event-stream";

/// A server with the flood at this family's endpoint, and a healthy provider at all others.
fn server(flood: &Flood, family: Family, healthy: &Provider) -> Server {
    let [url, _] = family.format().variables();
    Server::builder()
        .envs(healthy.every_env())
        .env(url, flood.base_url(family))
        .env("ANYGPT_SHUTDOWN_GRACE", "1")
        .limit(LIMIT)
        .spawn()
}

/// A call whose provider sends without end.
struct Flooded {
    tool: &'static str,
    arguments: Value,
}

fn chat(family: Family) -> Flooded {
    Flooded {
        tool: "anygpt_chat_completion",
        arguments: json!({"model": format!("{}/{}", family.id(), family.model()), "prompt": "hi"}),
    }
}

impl Flooded {
    fn send(&self, server: &Server, id: &str, timeout_seconds: u64) {
        let mut arguments = self.arguments.clone();
        arguments["timeout_seconds"] = timeout_seconds.into();
        let params = json!({
            "name": self.tool, "arguments": arguments, "_meta": {"progressToken": id},
        });
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        server.send(&call.to_string());
    }
}

/// The answer to this call, if it has arrived.
fn answer(server: &Server, id: &str) -> Option<Value> {
    let lines = server.stdout();
    let whole = lines.iter().rposition(|byte| *byte == b'\n')?;
    String::from_utf8_lossy(&lines[..whole])
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|message| message["id"] == id)
}

/// The rules during a flood: a healthy call is answered, a cancel ends the flooded call, so does its timeout, and the
/// process ends after a signal.
#[track_caller]
fn costs_nobody_anything(family: Family, flood: &Flood, flooded: &Flooded) {
    let healthy = Provider::start();
    let other = match family {
        Family::OpenAi => Family::Anthropic,
        _ => Family::OpenAi,
    };
    let mut server = server(flood, family, &healthy);

    flooded.send(&server, "cancelled", 600);
    flood.wait_running(1, LIMIT);
    let model = format!("{}/{}", other.id(), other.model());
    let arguments = json!({"model": model, "prompt": "hello"});
    let result = server.call_tool("anygpt_chat_completion", arguments);
    assert_eq!(result["structuredContent"]["text"], "echo: hello");
    assert_eq!(flood.running(), 1, "{}", server.seen());

    let cancel = json!({"requestId": "cancelled", "reason": "enough"});
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel});
    server.send(&cancel.to_string());
    flood.wait_running(0, LIMIT);
    assert_eq!(answer(&server, "cancelled"), None);

    flooded.send(&server, "late", 1);
    server.until("the call ends at its time", || {
        answer(&server, "late").is_some()
    });
    let result = &answer(&server, "late").unwrap()["result"];
    let text = result["content"][0]["text"].as_str().unwrap();
    let is_partial = result["structuredContent"]["partial"] == true;
    assert!(is_partial || text.starts_with("timeout"), "{result}");
    flood.wait_running(0, LIMIT);

    flooded.send(&server, "stopped", 600);
    flood.wait_running(1, LIMIT);
    server.signal(Signal::TERM);
    let messages = server.end(0);
    let stopped = messages.iter().find(|message| message["id"] == "stopped");
    let result = &stopped.unwrap()["result"];
    let text = result["content"][0]["text"].as_str().unwrap();
    let is_partial = result["structuredContent"]["partial"] == true;
    assert!(is_partial || text.starts_with("cancelled"), "{result}");
}

#[test]
fn answers_of_every_format_in_single_bytes() {
    for family in Family::ALL {
        costs_nobody_anything(family, &Flood::answer(family), &chat(family));
    }
}

#[test]
fn streams_that_say_nothing_in_single_bytes() {
    for row in [
        ": comment\n\n",
        "\n",
        "data: {}\n\n",
        "event: ping\n\n",
        "id: 1\r",
    ] {
        let flood = Flood::bytes(200, STREAM, "", row);
        costs_nobody_anything(Family::OpenAi, &flood, &chat(Family::OpenAi));
    }
}

#[test]
fn an_event_that_never_ends_in_single_bytes() {
    let flood = Flood::bytes(200, STREAM, "data: {\"type\":\"", "x");
    costs_nobody_anything(Family::Anthropic, &flood, &chat(Family::Anthropic));
}

#[test]
fn a_whole_body_in_single_bytes() {
    let flood = Flood::bytes(200, "application/json", "{\"x\":\"", "x");
    costs_nobody_anything(Family::Google, &flood, &chat(Family::Google));
}

#[test]
fn interim_responses_without_end() {
    for row in [
        "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let flood = Flood::start("", row);
        costs_nobody_anything(Family::OpenAi, &flood, &chat(Family::OpenAi));
    }
}

#[test]
fn a_list_of_models_in_single_bytes() {
    let flood = Flood::bytes(200, "application/json", "{\"data\":[", "{\"id\":\"a\"},");
    // The newest of them is used where none is named.
    let flooded = Flooded {
        tool: "anygpt_chat_completion",
        arguments: json!({"provider": "openai", "prompt": "hi"}),
    };
    costs_nobody_anything(Family::OpenAi, &flood, &flooded);
}

/// Only the beginning of an error is read, so these calls end on their own.
#[test]
fn errors_in_single_bytes() {
    for (status, beginning) in [(400, "{\"error\":{\"message\":\""), (503, "<html>")] {
        let flood = Flood::bytes(status, "application/json", beginning, "x");
        let healthy = Provider::start();
        let mut server = server(&flood, Family::OpenAi, &healthy);
        chat(Family::OpenAi).send(&server, "error", 600);
        let arguments = json!({"model": "anthropic/claude-sonnet-5", "prompt": "hello"});
        let result = server.call_tool("anygpt_chat_completion", arguments);
        assert_eq!(result["structuredContent"]["text"], "echo: hello");
        server.until("the call fails", || answer(&server, "error").is_some());
        let result = &answer(&server, "error").unwrap()["result"];
        assert_eq!(result["isError"], true, "{result}");
        flood.wait_running(0, LIMIT);
        server.close_stdin();
        server.end(0);
    }
}

/// More than 64 KiB of it, that is: the most that is kept of a connection before the reply is known.
#[test]
fn a_head_has_an_end() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    for (bytes, is_taken) in [(60_000, true), (70_000, false)] {
        let reply = Reply::text(Family::OpenAi, "hi").header("x-long", &"a".repeat(bytes));
        provider.script(Family::OpenAi, [reply]);
        let arguments = json!({"model": "openai/gpt-4.1", "prompt": "hi"});
        let result = server.call_tool("anygpt_chat_completion", arguments);
        assert_eq!(result["isError"] != true, is_taken, "{bytes}: {result}");
    }
}

#[test]
fn heads_that_never_end_are_refused() {
    for row in ["x-a: b\r\n", "x"] {
        let flood = Flood::start("HTTP/1.1 200 OK\r\n", row);
        let healthy = Provider::start();
        let mut server = server(&flood, Family::OpenAi, &healthy);
        let arguments = json!({"model": "openai/gpt-4.1", "prompt": "hi"});
        let result = server.call_tool("anygpt_chat_completion", arguments);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("network: "), "{text}");
    }
}
