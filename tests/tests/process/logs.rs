//! The log: one line for each tool call in both formats and one for each paid attempt, their content, what they never
//! contain, and the trace of a call on its way into the log and to the provider.
//!
//! Never here: what paid attempts cost (`cli/costs.rs`), log messages to clients (`protocol/features.rs`), keys (`secrets.rs`), an unread stderr (`stdio.rs`).

use std::time::Duration;

use anygpt_tests::outcome::{chat, error};
use anygpt_tests::provider::{Family, Provider, Reply, Request};
use anygpt_tests::schema::REVISIONS;
use anygpt_tests::server::{Builder, Server};
use anygpt_tests::session::{MODERN, Session, offline};
use serde_json::{Map, Value, json};

const CHAT: &str = "anygpt_chat_completion";
const FORMATS: [&str; 2] = ["text", "json"];

/// Long enough that it is returned when the stream breaks.
const BROKEN: &str = "an answer that breaks off in the middle";

fn logging(level: &str, format: &str, provider: &Provider) -> Builder {
    Server::builder()
        .env("LOG_LEVEL", level)
        .env("LOG_FORMAT", format)
        .envs(provider.env())
}

/// Ends the server and reads its log.
#[track_caller]
fn log(mut server: Server, format: &str) -> Vec<Map<String, Value>> {
    server.close_stdin();
    server.wait();
    let stderr = server.stderr();
    stderr.lines().map(|line| read(line, format)).collect()
}

/// The members of one line, whatever its format.
#[track_caller]
fn read(line: &str, format: &str) -> Map<String, Value> {
    if format == "json" {
        let read: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        return read.as_object().cloned().expect("an object");
    }
    let mut read = Map::new();
    let (time, rest) = line.split_once(' ').expect("a time");
    let (level, rest) = rest.trim_start().split_once(' ').expect("a level");
    read.insert("time".into(), time.into());
    read.insert("level".into(), level.to_lowercase().into());
    let end = rest.find(" tool=").unwrap_or(rest.len());
    read.insert("message".into(), rest[..end].into());
    let mut rest = &rest[end..];
    while let Some((name, value)) = rest.strip_prefix(' ').and_then(|r| r.split_once('=')) {
        // In these tests values in quotes need no more escapes than in JSON.
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
        let known = values.next().unwrap().unwrap_or_else(|_| panic!("{line}"));
        read.insert(name.into(), known);
        rest = &value[values.byte_offset()..];
    }
    assert_eq!(rest, "", "{line}");
    read
}

/// RFC 3339 in UTC.
fn is_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00T00:00:00.000000Z"
}

#[test]
fn every_call_has_one_line_with_who_was_asked_and_what_came_of_it() {
    for format in FORMATS {
        let provider = Provider::start();
        let family = Family::OpenAi;
        let mut server = logging("info", format, &provider)
            .env("ANYGPT_RETRIES", "1")
            .spawn();
        let ask = |server: &mut Server| {
            server.call_tool(CHAT, json!({"prompt": "hi", "model": family.model()}))
        };

        provider.script(family, [Reply::text(family, "four words of answer")]);
        let answer = ask(&mut server);
        let usage = chat(&answer)["usage"].clone();
        provider.script(family, [Reply::error(family, 401, "mock \"words\"")]);
        error(&ask(&mut server));
        let broken = Reply::stream_error(family, [BROKEN], "mock words");
        provider.script(family, [broken]);
        assert_eq!(chat(&ask(&mut server))["partial"], true);
        provider.script(
            family,
            [Reply::error(family, 500, "no"), Reply::text(family, "yes")],
        );
        chat(&ask(&mut server));
        error(&server.call_tool(CHAT, json!({"prompt": 7})));
        server.call_tool("anygpt_list_models", json!({}));
        server.call_tool("anygpt_list_providers", json!({}));
        server.call_tool("anygpt_list_tags", json!({}));

        let (paid, lines): (Vec<_>, Vec<_>) = log(server, format)
            .into_iter()
            .partition(|line| line["message"] == "paid");
        let line = |position: usize| {
            let mut line = lines[position].clone();
            let time = line.remove("time").unwrap();
            assert!(is_time(time.as_str().unwrap()), "{time}");
            assert!(line.remove("ms").unwrap().as_u64().unwrap() < 60_000);
            Value::Object(line)
        };
        let (model, id) = (family.model(), family.id());
        let asked = |level: &str, status: &str, request: usize| {
            json!({"level": level, "message": "call", "tool": CHAT, "provider": id, "model": model, "status": status,
                "request_id": format!("req_mock_{request}")})
        };
        let with = |mut line: Value, more: Value| {
            let more = more.as_object().unwrap().clone();
            line.as_object_mut().unwrap().extend(more);
            line
        };
        let tokens =
            json!({"input_tokens": usage["input_tokens"], "output_tokens": usage["output_tokens"]});
        assert!(tokens["output_tokens"].is_u64(), "{usage}");
        assert_eq!(line(0), with(asked("info", "ok", 1), tokens));
        let failed = json!({"http_status": 401, "error": "mock \"words\""});
        assert_eq!(line(1), with(asked("warn", "auth", 2), failed));
        let mut rest = lines[2..].iter().map(|line| {
            let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or("-");
            ["level", "message", "tool", "status"].map(text)
        });
        let mut next = || rest.next().expect("a line");
        assert_eq!(next(), ["info", "call", CHAT, "partial"]);
        assert_eq!(next(), ["warn", "attempt failed", CHAT, "unavailable"]);
        assert_eq!(next(), ["info", "call", CHAT, "ok"]);
        assert_eq!(next(), ["warn", "call", CHAT, "invalid_request"]);
        assert_eq!(next(), ["info", "call", "anygpt_list_models", "ok"]);
        assert_eq!(next(), ["info", "call", "anygpt_list_providers", "ok"]);
        assert_eq!(next(), ["info", "call", "anygpt_list_tags", "ok"]);
        assert_eq!(rest.next(), None);

        // The refused ones are not paid.
        let paid_for = |line: &Map<String, Value>, tokens: [&Value; 2]| {
            let known = ["level", "tool", "provider", "model"].map(|name| &line[name]);
            assert_eq!(known, ["info", CHAT, id, model], "{line:?}");
            assert_eq!(line["work"].as_str().unwrap().len(), 16, "{line:?}");
            let none = Value::Null;
            let logged = ["input_tokens", "output_tokens"].map(|name| line.get(name));
            assert_eq!(logged.map(|it| it.unwrap_or(&none)), tokens, "{line:?}");
        };
        let usage = [&usage["input_tokens"], &usage["output_tokens"]];
        assert_eq!(paid.len(), 3, "{paid:?}");
        paid_for(&paid[0], usage);
        paid_for(&paid[1], [&Value::Null; 2]);
        paid_for(&paid[2], [usage[0], &json!(1)]);
    }
}

#[test]
fn a_call_without_a_network_has_its_line_too() {
    for format in FORMATS {
        let mut server = offline().env("LOG_FORMAT", format).spawn();
        server.call_tool(CHAT, json!({"prompt": "one two three"}));
        let lines = log(server, format);
        let [line] = &lines[..] else {
            panic!("{lines:?}");
        };
        for (name, expected) in [
            ("message", json!("call")),
            ("tool", json!(CHAT)),
            ("provider", json!("mock")),
            ("model", json!("mock-echo")),
            ("status", json!("ok")),
            ("input_tokens", json!(3)),
            ("output_tokens", json!(3)),
        ] {
            assert_eq!(line.get(name), Some(&expected), "{line:?}");
        }
        assert_eq!(line.get("request_id"), None);
    }
}

#[test]
fn the_last_lines_are_written_as_long_as_somebody_takes_them() {
    // More than a pipe holds, less than the queue.
    const CALLS: usize = 1_000;
    let mut server = Server::builder()
        .envs([("DEFAULT_PROVIDER", "mock")])
        .unread_stderr()
        .spawn();
    for _ in 0..CALLS {
        server.call_tool(CHAT, json!({"prompt": "x"}));
    }
    server.close_stdin();
    // All calls are answered, so the process ends now; its reader starts a little late.
    std::thread::sleep(Duration::from_millis(300));
    assert!(server.is_running(), "{}", server.seen());
    server.resume_stderr();
    server.end(0);
    let lines = server.stderr().lines().count();
    assert_eq!(lines, CALLS);
}

#[test]
fn a_stderr_that_nobody_reads_holds_up_the_end_for_a_bounded_time() {
    let mut server = Server::builder()
        .envs([
            ("DEFAULT_PROVIDER", "mock"),
            ("ANYGPT_SHUTDOWN_GRACE", "3600"),
        ])
        .unread_stderr()
        .spawn();
    for _ in 0..1_000 {
        server.call_tool(CHAT, json!({"prompt": "x"}));
    }
    server.close_stdin();
    server.end(0);
}

#[test]
fn the_level_says_which_lines_there_are() {
    for (level, count) in [("debug", 4), ("info", 4), ("warn", 2), ("error", 0)] {
        let provider = Provider::start();
        let family = Family::OpenAi;
        let mut server = logging(level, "json", &provider).spawn();
        let replies = [
            Reply::error(family, 500, "no"),
            Reply::text(family, "yes"),
            Reply::error(family, 401, "no"),
        ];
        provider.script(family, replies);
        for _ in 0..2 {
            server.call_tool(CHAT, json!({"prompt": "hi", "model": family.model()}));
        }
        let lines = log(server, "json");
        assert_eq!(lines.len(), count, "{level}: {lines:?}");
    }
}

#[test]
fn what_is_said_at_the_start_is_json_too() {
    let output = Server::builder().env("LOG_FORMAT", "json").run(b"");
    let lines: Vec<_> = output
        .stderr
        .lines()
        .map(|line| read(line, "json"))
        .collect();
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(line["level"], "error");
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("No provider can be used"), "{message}");
}

#[test]
fn a_cancelled_call_has_its_line() {
    let provider = Provider::start();
    provider.script(Family::OpenAi, [Reply::hang()]);
    let server = logging("info", "text", &provider).spawn();
    let arguments = json!({"prompt": "hi", "model": Family::OpenAi.model()});
    let params = json!({"name": CHAT, "arguments": arguments});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    server.send(&call.to_string());
    provider.wait_requests(1, Duration::from_secs(60));
    let params = json!({"requestId": 1});
    server.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
            .to_string(),
    );
    server.wait_stderr("cancelled");
    let lines = log(server, "text");
    let [paid, call] = &lines[..] else {
        panic!("{lines:?}");
    };
    // The provider had the request.
    assert_eq!(
        (&paid["message"], &paid["tool"]),
        (&json!("paid"), &json!(CHAT))
    );
    assert_eq!(
        (&call["tool"], &call["status"]),
        (&json!(CHAT), &json!("cancelled"))
    );
}

// ------------------------------------------------------------------------------------------- what is never in it

#[test]
fn prompts_and_answers_are_in_no_line_whatever_happens() {
    const PROMPT: &str = "zebra-crossing";
    const ANSWER: &str = "violet-submarine";
    for format in FORMATS {
        let provider = Provider::start();
        let builder = logging("debug", format, &provider).env("ANYGPT_RETRIES", "1");
        let (mut session, _) = Session::open(builder, REVISIONS[3]);
        session.result("logging/setLevel", json!({"level": "debug"}));
        let mut heard = String::new();
        let mut calls = 0;
        for family in Family::NATIVE {
            let quoted = format!("invalid: {{'content': '{PROMPT}', 'said': '{ANSWER}'}}");
            let unreadable = format!(
                "data: {{\"type\":\"{ANSWER}\",\"candidates\":\"{ANSWER}\",\"response\":\"{ANSWER}\",\"delta\":\"{ANSWER}\"}}\n\n"
            );
            let replies = [
                Reply::text(family, ANSWER),
                Reply::deltas(family, [ANSWER, BROKEN], Duration::ZERO).cut_after(4),
                Reply::error(family, 400, &quoted),
                Reply::error(family, 422, &quoted),
                Reply::error(family, 413, &quoted),
                Reply::error(family, 500, &quoted),
                Reply::json(
                    200,
                    &json!({"output": ANSWER, "content": ANSWER, "candidates": ANSWER, "usage": ANSWER}),
                ),
                Reply::raw_stream(unreadable),
                Reply::stream_error(family, [ANSWER], "broken"),
            ];
            for reply in replies {
                provider.always(family, reply);
                let arguments = json!({"prompt": PROMPT, "system": PROMPT, "model": family.model(),
                    "stop": [PROMPT], "timeout_seconds": 1});
                let params = json!({"name": CHAT, "arguments": arguments});
                session.send("call", "tools/call", params);
                calls += 1;
                loop {
                    let line = session.server.json();
                    if line["id"] == "call" {
                        break;
                    }
                    heard += &line.to_string();
                }
            }
        }
        let wrong = json!({"prompt": PROMPT, "temperature": PROMPT});
        session.call(CHAT, wrong);
        calls += 1;
        let mut server = session.server;
        server.close_stdin();
        server.wait();
        let stderr = server.stderr();
        for seen in [&heard, &stderr] {
            assert!(!seen.contains(PROMPT) && !seen.contains(ANSWER), "{seen}");
        }
        let count = stderr
            .lines()
            .filter(|line| read(line, format)["message"] == "call")
            .count();
        assert_eq!(count, calls, "{stderr}");
        assert!(
            heard.contains("attempt failed") && heard.contains("partial"),
            "{heard}"
        );
    }
}

#[test]
fn nothing_that_others_say_can_steer_a_terminal_or_forge_a_line() {
    let wicked = "x\r\n2026-01-01T00:00:00.000000Z  INFO call\u{1b}[2J\u{7}\u{9b}31m\u{85}\u{202e}\u{2066}\u{2028}\u{61c}y";
    let is_wicked = |c: char| {
        c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c) || "\u{2066}\u{61c}".contains(c)
    };
    for format in FORMATS {
        let provider = Provider::start();
        let family = Family::OpenAi;
        let mut server = logging("debug", format, &provider).spawn();
        provider.script(family, [Reply::error(family, 401, wicked)]);
        let model = format!("{}{wicked}", family.model());
        server.call_tool(CHAT, json!({"prompt": "hi", "model": model}));
        provider.script(family, [Reply::error(family, 401, wicked)]);
        server.call_tool(CHAT, json!({"prompt": "hi", "model": family.model()}));
        server.close_stdin();
        server.wait();
        let stderr = server.stderr();
        assert_eq!(stderr.lines().count(), 2, "{stderr}");
        for line in stderr.lines() {
            assert!(!line.contains(is_wicked), "{line:?}");
            assert!(line.contains("INFO call"), "{line:?}");
        }
        if format == "json" {
            let last = read(stderr.lines().last().unwrap(), format);
            let said = last["error"].as_str().unwrap();
            assert!(
                said.contains('\u{202e}') && said.contains("\u{1b}[2J"),
                "it reads back the same: {said:?}"
            );
        }
    }
}

// ------------------------------------------------------------------------------------------------------- traces

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn parent(flags: &str) -> String {
    format!("00-{TRACE}-{SPAN}-{flags}")
}

/// Makes a call with this in `_meta`.
fn traced(session: &mut Session, tool: &str, arguments: &Value, meta: &Value) {
    let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
    session.result("tools/call", params);
}

/// The span id of a request that belongs to the trace.
#[track_caller]
fn span(request: &Request, flags: &str) -> String {
    let parent = request.header("traceparent").expect("a traceparent");
    let span = parent
        .strip_prefix(&format!("00-{TRACE}-"))
        .and_then(|rest| rest.strip_suffix(&format!("-{flags}")))
        .unwrap_or_else(|| panic!("{parent}"));
    let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    assert!(span.len() == 16 && span.chars().all(is_digit), "{parent}");
    assert!(span != SPAN && span != "0000000000000000", "{parent}");
    span.to_owned()
}

#[test]
fn a_trace_goes_on_to_the_provider_and_into_the_log() {
    for revision in [REVISIONS[0], REVISIONS[3], MODERN] {
        for format in FORMATS {
            let provider = Provider::start();
            let family = Family::OpenAi;
            let (mut session, _) = Session::open(logging("info", format, &provider), revision);
            provider.script(
                family,
                [Reply::error(family, 500, "no"), Reply::text(family, "yes")],
            );
            let meta = json!({"traceparent": parent("01"), "tracestate": "congo=t61rcWkgMzE,rojo=1",
                "baggage": "user=somebody"});
            let arguments = json!({"prompt": "hi", "model": family.model()});
            traced(&mut session, CHAT, &arguments, &meta);
            let unsampled = json!({"traceparent": parent("00")});
            let of_one = json!({"provider": family.id()});
            traced(&mut session, "anygpt_list_models", &of_one, &unsampled);
            traced(&mut session, "anygpt_list_tags", &json!({}), &unsampled);

            let requests = provider.requests();
            assert_eq!(requests.len(), 3);
            let spans = [
                span(&requests[0], "01"),
                span(&requests[1], "01"),
                span(&requests[2], "00"),
            ];
            assert!(
                spans[0] != spans[1] && spans[1] != spans[2],
                "each request is a step of its own"
            );
            for request in &requests[..2] {
                assert_eq!(
                    request.header("tracestate"),
                    Some("congo=t61rcWkgMzE,rojo=1")
                );
            }
            assert_eq!(requests[2].header("tracestate"), None);
            for request in &requests {
                assert_eq!(request.header("baggage"), None, "it may be about a person");
            }
            let lines = log(session.server, format);
            let messages: Vec<&Value> = lines.iter().map(|line| &line["message"]).collect();
            assert_eq!(messages, ["attempt failed", "paid", "call", "call", "call"]);
            for line in &lines {
                assert_eq!(line["trace_id"], TRACE, "{line:?}");
            }
        }
    }
}

#[test]
fn what_is_no_trace_is_as_good_as_none() {
    for meta in [
        json!({}),
        json!({"tracestate": "a=b", "baggage": "a=b"}),
        json!({"traceparent": ""}),
        json!({"traceparent": 7, "tracestate": 7}),
        json!({"traceparent": [parent("01")]}),
        json!({"traceparent": parent("1")}),
        json!({"traceparent": parent("01\r\nx-evil: 1")}),
        json!({"traceparent": parent("01").to_uppercase()}),
        json!({"traceparent": parent("01").replace(TRACE, &"0".repeat(32))}),
        json!({"traceparent": parent("01").replace(SPAN, &"0".repeat(16))}),
        json!({"traceparent": parent("01").replacen("00", "ff", 1)}),
    ] {
        let provider = Provider::start();
        let (mut session, _) = Session::open(logging("info", "json", &provider), MODERN);
        let arguments = json!({"prompt": "hi", "model": Family::OpenAi.model()});
        traced(&mut session, CHAT, &arguments, &meta);
        let requests = provider.requests();
        assert_eq!(requests.len(), 1);
        for name in ["traceparent", "tracestate", "baggage", "x-evil"] {
            assert_eq!(requests[0].header(name), None, "{meta}");
        }
        let lines = log(session.server, "json");
        assert_eq!(lines.len(), 2);
        for line in &lines {
            assert_eq!(line.get("trace_id"), None, "{meta}");
        }
    }
}

#[test]
fn a_trace_of_a_client_does_not_replace_a_header_of_the_operator() {
    let provider = Provider::start();
    let own = format!("00-{}-{}-00", "1".repeat(32), "2".repeat(16));
    let builder = logging("info", "json", &provider)
        .env("OPENAI_CUSTOM_HEADERS", format!("traceparent: {own}"));
    let (mut session, _) = Session::open(builder, MODERN);
    let arguments = json!({"prompt": "hi", "model": Family::OpenAi.model()});
    traced(
        &mut session,
        CHAT,
        &arguments,
        &json!({"traceparent": parent("01")}),
    );
    assert_eq!(
        provider.requests()[0].header("traceparent"),
        Some(own.as_str())
    );
}
