use alloc::{format, string::ToString, vec};

use serde_json::Value;

use super::*;
use crate::call::{Content, ToolCall};
use crate::catalog::{
    Annotations, Given, Icon, Implementation, Prompt, PromptArgument, PromptText, Resource,
    ResourceTemplate, Structured, Tool,
};

fn catalog() -> Catalog {
    Catalog {
        server: Implementation {
            name: "test".into(),
            title: "Test".into(),
            version: "1".into(),
            description: "A test".into(),
            icon: Some(Icon {
                src: "data:image/svg+xml,x".into(),
                mime_type: "image/svg+xml".into(),
            }),
        },
        instructions: "Ask.".into(),
        tools: vec![Tool {
            name: "ask".into(),
            title: "Ask".into(),
            description: "Asks".into(),
            annotations: Annotations {
                read_only: true,
                idempotent: false,
                open_world: true,
            },
            input_schema: r#"{"type":"object"}"#.into(),
            output_schema: Some(r#"{"type":"object"}"#.into()),
        }],
        resources: vec![Resource {
            uri: "test://docs/a".into(),
            name: "a".into(),
            title: "A".into(),
            description: "About a".into(),
            mime_type: "text/markdown".into(),
            is_private: true,
        }],
        templates: vec![ResourceTemplate {
            prefix: "test://docs/".into(),
            variable: "section".into(),
            name: "docs".into(),
            title: "Docs".into(),
            description: "All docs".into(),
            mime_type: "text/markdown".into(),
        }],
        prompts: vec![Prompt {
            name: "greet".into(),
            title: "Greet".into(),
            description: "Greets".into(),
            arguments: vec![PromptArgument {
                name: "whom".into(),
                title: "Whom".into(),
                description: "Somebody".into(),
                required: true,
            }],
        }],
        is_private: false,
        structured: Structured::Auto,
    }
}

#[derive(Debug)]
struct Books;

impl Library for Books {
    fn resource(&self, _: usize) -> alloc::borrow::Cow<'static, str> {
        "# A".into()
    }

    fn prompt(&self, _: usize, arguments: &Given<'_>) -> PromptText {
        let whom = arguments[0].as_deref().unwrap_or_default();
        PromptText {
            text: format!("Greet {whom}"),
            resources: &[0],
        }
    }

    fn candidates(&self, _: usize, _: usize, _: &Given<'_>) -> Vec<alloc::borrow::Cow<'_, str>> {
        (0..250).map(|n| format!("name{n}").into()).collect()
    }
}

fn server(limits: Limits) -> Server {
    Server::new(catalog(), Box::new(Books), limits, &Budget::new(1 << 20))
}

/// A server that offers this, and no more.
fn offering(catalog: Catalog) -> Server {
    let library = Box::new(crate::NoLibrary);
    Server::new(catalog, library, Limits::default(), &Budget::new(1 << 20))
}

/// Sends lines and gives back the answers.
fn exchange(server: &mut Server, lines: &[&str]) -> Vec<Value> {
    for line in lines {
        let line = line.to_string() + "\n";
        assert_eq!(server.handle_input(line.as_bytes()), line.len());
    }
    output(server)
}

fn output(server: &mut Server) -> Vec<Value> {
    let mut out = Vec::new();
    server.take_output(&mut out);
    out.split_inclusive(|&byte| byte == b'\n')
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn next_call(server: &mut Server) -> ToolCall {
    match server.poll_action() {
        Some(Action::CallTool(call)) => call,
        other => panic!("{other:?}"),
    }
}

fn text(text: &'static str) -> [Content<'static>; 1] {
    [Content::Text(text)]
}

fn answer<'a>(content: &'a [Content<'a>]) -> ToolResult<'a> {
    ToolResult {
        content,
        structured: Some(r#"{"a":1}"#),
        is_error: false,
    }
}

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":{"x":2}}}"#;
const ENVELOPE: &str = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

#[test]
fn a_call_is_an_action_and_its_result_an_answer() {
    let mut server = server(Limits::default());
    assert_eq!(exchange(&mut server, &[CALL]), [] as [Value; 0]);
    assert_eq!((server.calls(), server.is_idle()), (1, false));
    let call = next_call(&mut server);
    assert_eq!(
        (call.tool, &*call.arguments, call.wants_progress),
        (0, r#"{"x":2}"#, false)
    );
    server.complete(call.handle, &answer(&text("hi\n")));
    server.complete(call.handle, &answer(&text("again")));
    let answers = output(&mut server);
    assert_eq!(
        answers,
        [serde_json::json!({"jsonrpc":"2.0","id":1,"result":{
                "content":[{"type":"text","text":"hi\n"}],"structuredContent":{"a":1}}})]
    );
    assert!(server.is_idle());
}

#[test]
fn an_answer_written_elsewhere_is_the_same_in_its_place_and_is_not_copied() {
    let mut server = server(Limits::default());
    let other = CALL.replace("\"id\":1", "\"id\":2");
    exchange(&mut server, &[CALL, &other]);
    let (call, other) = (next_call(&mut server), next_call(&mut server));
    let ping = concat!(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#, "\n");
    assert_eq!(server.handle_input(ping.as_bytes()), ping.len());
    let mut line = Vec::new();
    let writer = server.answer_writer(call.handle).unwrap();
    writer.write(&mut line, &answer(&text("hi")));
    let (start, length) = (line.as_ptr(), line.len());
    let before = server.queued_output();
    server.complete_written(call.handle, line);
    assert_eq!(server.queued_output(), before + length);
    assert!(server.answer_writer(call.handle).is_none());
    server.complete_written(call.handle, b"late\n".to_vec());
    server.complete(other.handle, &answer(&text("hi")));
    assert!(!server.is_idle());

    assert_eq!(output(&mut server)[0]["id"], 3);
    let mut out = Vec::new();
    server.take_output(&mut out);
    assert_eq!((out.as_ptr(), out.len()), (start, length));
    let mut last = Vec::new();
    server.take_output(&mut last);
    let same = String::from_utf8(last).unwrap();
    let same = same.replace("\"id\":2", "\"id\":1");
    assert_eq!(same.as_bytes(), out);
    assert_eq!(output(&mut server), [] as [Value; 0]);
    assert!(server.is_idle());
}

#[test]
fn a_shared_text_is_written_in_both_places() {
    for (structured, expected) in [
        (
            r#"{"a":1}"#,
            serde_json::json!({"text": "say \"hi\"\n", "a": 1}),
        ),
        ("{}", serde_json::json!({"text": "say \"hi\"\n"})),
    ] {
        let mut server = server(Limits::default());
        exchange(&mut server, &[CALL]);
        let call = next_call(&mut server);
        let content = [Content::Text("note"), Content::SharedText("say \"hi\"\n")];
        let result = ToolResult {
            structured: Some(structured),
            ..answer(&content)
        };
        server.complete(call.handle, &result);
        let answers = output(&mut server);
        assert_eq!(answers[0]["result"]["structuredContent"], expected);
        assert_eq!(answers[0]["result"]["content"][1]["text"], expected["text"]);
    }
}

/// R-72, R-73, R-74.
#[test]
fn a_cancelled_call_is_never_answered_and_its_id_is_free() {
    let mut server = server(Limits::default());
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    exchange(&mut server, &[CALL, cancel, cancel, CALL]);
    let first = next_call(&mut server);
    assert!(matches!(server.poll_action(), Some(Action::CancelCall(h)) if h == first.handle));
    let second = next_call(&mut server);
    assert!(server.poll_action().is_none());
    server.progress(
        first.handle,
        &Progress {
            progress: 1,
            total: None,
            message: None,
        },
    );
    server.complete(first.handle, &answer(&text("late")));
    assert_eq!(output(&mut server), [] as [Value; 0]);
    server.complete(second.handle, &answer(&text("second")));
    assert_eq!(output(&mut server).len(), 1);
}

#[test]
fn malformed_cancellations_are_ignored() {
    let mut server = server(Limits::default());
    exchange(&mut server, &[CALL]);
    for params in [
        "",
        r#","params":[]"#,
        r#","params":{}"#,
        r#","params":{"requestId":null}"#,
        r#","params":{"requestId":2}"#,
    ] {
        let line = format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled"{params}}}"#);
        assert_eq!(exchange(&mut server, &[&line]), [] as [Value; 0]);
        assert_eq!(server.calls(), 1, "{params}");
    }
}

#[test]
fn an_id_in_flight_cannot_be_used_again() {
    let mut server = server(Limits::default());
    let answers = exchange(&mut server, &[CALL, CALL]);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["error"]["code"], -32600);
    assert_eq!(answers[0]["id"], 1);
    assert_eq!(server.calls(), 1);
}

#[test]
fn calls_beyond_the_limit_are_answered_with_an_error_result() {
    let mut server = server(Limits {
        calls: 1,
        ..Limits::default()
    });
    let second = CALL.replace(r#""id":1"#, r#""id":2"#);
    let answers = exchange(&mut server, &[CALL, &second]);
    assert_eq!(answers[0]["id"], 2);
    assert_eq!(answers[0]["result"]["isError"], true);
}

#[test]
fn a_call_says_which_trace_it_belongs_to_and_who_may_read_its_log() {
    let mut server = server(Limits::default());
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!(r#""traceparent":"00-{id}-00f067aa0ba902b7-01""#);
    let mut with = |number: u8, meta: &str| {
        let call = CALL
            .replace(r#""id":1"#, &format!(r#""id":{number}"#))
            .replace(
                r#""arguments""#,
                &format!(r#""_meta":{{{meta}}},"arguments""#),
            );
        assert_eq!(exchange(&mut server, &[&call]), [] as [Value; 0]);
        let call = next_call(&mut server);
        let trace = call.trace.map(|trace| {
            let state = trace.state().unwrap_or_default();
            (String::from(trace.id()), String::from(state))
        });
        (trace, call.wants_log)
    };
    let known = |state: &str| Some((String::from(id), String::from(state)));
    assert_eq!(with(1, ""), (None, true));
    assert_eq!(with(2, &parent), (known(""), true));
    let both = format!(r#"{parent},"tracestate":"a=b""#);
    assert_eq!(with(3, &both), (known("a=b"), true));
    let modern = format!("{},{both}", &ENVELOPE[1..ENVELOPE.len() - 1]);
    assert_eq!(with(4, &modern), (known("a=b"), false));
    // Whatever else it is, the call is served.
    assert_eq!(with(5, r#""tracestate":"a=b""#), (None, true));
    assert_eq!(with(6, r#""traceparent":7,"tracestate":[]"#), (None, true));
    assert_eq!(with(7, &parent.replace("-00f0", "_00f0")), (None, true));
    let broken = format!(r#"{parent},"tracestate":"a\r\nb: c""#);
    assert_eq!(with(8, &broken), (known(""), true));
}

#[test]
fn a_call_says_which_client_makes_it() {
    let mut server = server(Limits::default());
    let client = |server: &mut Server, number: u8, meta: &str| {
        let call = CALL
            .replace(r#""id":1"#, &format!(r#""id":{number}"#))
            .replace(r#""arguments""#, &format!(r#"{meta}"arguments""#));
        exchange(server, &[&call]);
        next_call(server).client
    };
    let modern = |info: &str| {
        let envelope = &ENVELOPE[..ENVELOPE.len() - 1];
        format!(r#""_meta":{envelope},"io.modelcontextprotocol/clientInfo":{info}}},"#)
    };
    assert_eq!(client(&mut server, 1, ""), None);
    assert_eq!(
        client(
            &mut server,
            2,
            &modern(r#"{"name":"a\u0062","version":"1"}"#)
        )
        .as_deref(),
        Some("ab")
    );
    for (number, odd) in [(3, "7"), (4, "{}"), (5, r#"{"name":7}"#)] {
        let name = client(&mut server, number, &modern(odd));
        assert_eq!(name, None, "{odd}");
    }
    // The name of a session is in each of its calls, and only in those.
    let long = "ö".repeat(100);
    let initialize = format!(
        r#"{{"jsonrpc":"2.0","id":9,"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{{}},"clientInfo":{{"name":"{long}","version":"1"}}}}}}"#
    );
    exchange(&mut server, &[&initialize]);
    let name = client(&mut server, 6, "");
    assert_eq!(name.as_deref(), Some(&*"ö".repeat(64)));
    assert_eq!(client(&mut server, 7, "").as_deref(), name.as_deref());
    assert_eq!(client(&mut server, 8, &modern("{}")), None);
}

/// R-70.
#[test]
fn progress_grows_and_ends_with_the_answer() {
    let mut server = server(Limits::default());
    let call = CALL.replace(
        r#""arguments""#,
        r#""_meta":{"progressToken":"t"},"arguments""#,
    );
    exchange(&mut server, &[&call]);
    let call = next_call(&mut server);
    assert!(call.wants_progress);
    for progress in [1, 1, 3, 2] {
        server.progress(
            call.handle,
            &Progress {
                progress,
                total: Some(4),
                message: Some("m"),
            },
        );
    }
    let notifications = output(&mut server);
    let values: Vec<_> = notifications
        .iter()
        .map(|line| line["params"]["progress"].as_u64())
        .collect();
    assert_eq!(values, [Some(1), Some(3)]);
    assert_eq!(notifications[0]["params"]["progressToken"], "t");
    server.complete(call.handle, &answer(&text("")));
    server.progress(
        call.handle,
        &Progress {
            progress: 9,
            total: None,
            message: None,
        },
    );
    assert_eq!(output(&mut server).len(), 1);
}

/// R-34, R-35, R-36, R-56: each request is answered in its own revision.
#[test]
fn both_eras_are_served_side_by_side() {
    let mut server = server(Limits::default());
    let modern = CALL.replace(
        r#""arguments""#,
        &format!(r#""_meta":{ENVELOPE},"arguments""#),
    );
    let legacy = CALL.replace(r#""id":1"#, r#""id":2"#);
    let hello = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05"}}"#;
    exchange(&mut server, &[&modern, hello, &legacy]);
    let first = next_call(&mut server);
    let second = next_call(&mut server);
    server.complete(second.handle, &answer(&text("legacy")));
    server.complete(first.handle, &answer(&text("modern")));
    let answers = output(&mut server);
    assert_eq!(
        answers[0]["result"],
        serde_json::json!({"content":[{"type":"text","text":"legacy"}]})
    );
    assert_eq!(answers[1]["result"]["resultType"], "complete");
    assert_eq!(answers[1]["result"]["structuredContent"]["a"], 1);
    assert_eq!(
        answers[1]["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "test"
    );
}

#[test]
fn input_is_not_taken_while_output_waits() {
    let mut server = server(Limits {
        queued_output: 100,
        ..Limits::default()
    });
    let ping = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    let input = ping.repeat(20);
    let mut rest = &input[..];
    let mut answers = 0;
    let mut rounds = 0;
    while !rest.is_empty() {
        let used = server.handle_input(rest);
        rest = &rest[used..];
        assert!(server.queued_output() < 100 + 50);
        answers += output(&mut server).len();
        rounds += 1;
    }
    assert_eq!(answers, 20);
    assert!(rounds > 5);
}

#[test]
fn actions_are_handed_out_before_more_input_is_taken() {
    let mut server = server(Limits::default());
    let input: String = (0..200)
        .map(|id| CALL.replace(r#""id":1"#, &format!(r#""id":{id}"#)) + "\n")
        .collect();
    let mut rest = input.as_bytes();
    let mut calls = 0;
    while !rest.is_empty() {
        let used = server.handle_input(rest);
        assert!(used > 0);
        rest = &rest[used..];
        while server.poll_action().is_some() {
            calls += 1;
        }
    }
    assert_eq!(calls, 200);
}

#[test]
fn long_arguments_count_against_the_budget_until_the_call_is_done() {
    let budget = Budget::new(100_000);
    let mut server = Server::new(catalog(), Box::new(Books), Limits::default(), &budget);
    let long = |id: u32| {
        let x = "x".repeat(40_000);
        CALL.replace(r#""id":1"#, &format!(r#""id":{id}"#))
            .replace(r#"{"x":2}"#, &format!(r#"{{"x":"{x}"}}"#))
    };
    assert_eq!(exchange(&mut server, &[&long(1), &long(2)]).len(), 0);
    let refused = exchange(&mut server, &[&long(3)]);
    assert_eq!(refused[0]["result"]["isError"], true);
    drop(next_call(&mut server));
    assert_eq!(exchange(&mut server, &[&long(4)]).len(), 0);
}

#[test]
fn a_refusing_server_answers_every_request_with_the_reason() {
    let mut server = server(Limits::default());
    server.refuse("no settings");
    let answers = exchange(
        &mut server,
        &[
            CALL,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            "nonsense",
        ],
    );
    assert_eq!(answers[0]["error"]["message"], "no settings");
    assert_eq!(answers[1]["error"]["code"], -32700);
    assert_eq!(answers.len(), 2);
}

/// R-15, R-16 (MCP specification 2025-03-26, Basic, "Batching").
#[test]
fn a_batch_is_answered_with_one_array_when_its_last_call_is_done() {
    let mut server = server(Limits::default());
    let hello = |revision: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":"h","method":"initialize","params":{{"protocolVersion":"{revision}"}}}}"#
        )
    };
    let ping = |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
    let batch = format!(
        r#"[{},{CALL},{{"jsonrpc":"2.0","method":"notifications/x"}},3,{}]"#,
        ping(7),
        hello("2025-03-26"),
    );
    // Only where they were agreed on.
    assert_eq!(exchange(&mut server, &[&batch])[0]["error"]["code"], -32600);
    exchange(&mut server, &[&hello("2025-03-26")]);

    assert_eq!(exchange(&mut server, &[&batch]), [] as [Value; 0]);
    let call = next_call(&mut server);
    let other = format!("[{}]", ping(8));
    assert_eq!(exchange(&mut server, &[&other])[0][0]["id"], 8);
    let mut line = Vec::new();
    let writer = server.answer_writer(call.handle).unwrap();
    writer.write(&mut line, &answer(&text("hi")));
    server.complete_written(call.handle, line);
    let answers = output(&mut server);
    assert_eq!(answers.len(), 1);
    let answers = answers[0].as_array().unwrap();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["id"], 7);
    assert_eq!(answers[1]["error"]["code"], -32600);
    assert_eq!(answers[2]["error"]["code"], -32600);
    assert_eq!(answers[3]["result"]["content"][0]["text"], "hi");
    assert_eq!(server.session.batches.bytes(), 0);

    // A cancel in one batch ends another one.
    let both = format!("[{},{CALL}]", ping(3));
    exchange(&mut server, &[&both]);
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let answers = exchange(&mut server, &[&format!("[{cancel},{}]", ping(4))]);
    assert_eq!(answers.len(), 2);
    assert_eq!(
        (&answers[0][0]["id"], &answers[1][0]["id"]),
        (&3.into(), &4.into())
    );

    // All notifications, or cancelled: nothing to say.
    let quiet = r#"[{"jsonrpc":"2.0","method":"notifications/x"}]"#;
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let called = format!("[{CALL}]");
    assert_eq!(
        exchange(&mut server, &[quiet, &called, cancel]),
        [] as [Value; 0]
    );
    assert!(server.session.batches.bytes() == 0);
    assert_eq!(exchange(&mut server, &["[]"])[0]["error"]["code"], -32600);
    assert_eq!(exchange(&mut server, &["[1"])[0]["error"]["code"], -32700);
    let many = format!("[{}0]", "0,".repeat(batch::MAX_MESSAGES));
    assert_eq!(exchange(&mut server, &[&many])[0]["error"]["code"], -32600);
}

const MODERN: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

/// Sends one request with these params and gives back its answer.
fn ask(server: &mut Server, method: &str, params: &str) -> Value {
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#);
    let mut answers = exchange(server, &[&line]);
    assert_eq!(answers.len(), 1, "{line}");
    answers.remove(0)
}

/// Opens a session in a revision; gives what stands in the params of every request.
fn open(server: &mut Server, revision: &str) -> String {
    if Revision::from_name(revision).is_some_and(Revision::is_modern) {
        return MODERN.replace("2026-07-28", revision) + ",";
    }
    ask(
        server,
        "initialize",
        &format!(r#""protocolVersion":"{revision}""#),
    );
    String::new()
}

/// R-39, R-50 to R-52.
#[test]
fn lists_have_the_fields_of_their_revision() {
    for revision in Revision::ALL {
        let mut server = server(Limits::default());
        let meta = open(&mut server, revision.as_str());
        for (method, member) in [
            ("resources/list", "resources"),
            ("resources/templates/list", "resourceTemplates"),
            ("prompts/list", "prompts"),
            ("tools/list", "tools"),
        ] {
            let result = ask(&mut server, method, meta.trim_end_matches(','))["result"].take();
            let entry = &result[member][0];
            assert_eq!(
                entry.get("title").is_some(),
                revision.has_titles(),
                "{entry}"
            );
            assert_eq!(result["cacheScope"] == "public", revision.is_modern());
            let cursor = ask(&mut server, method, &format!(r#"{meta}"cursor":"x""#));
            assert_eq!(cursor["error"]["code"], -32602);
        }
    }
}

/// R-61, R-39.
#[test]
fn resources_are_read_and_unknown_ones_have_the_code_of_their_revision() {
    for revision in Revision::ALL {
        let mut server = server(Limits::default());
        let meta = open(&mut server, revision.as_str());
        let read = |server: &mut Server, uri: &str| {
            ask(server, "resources/read", &format!(r#"{meta}"uri":{uri}"#))
        };
        let mut result = read(&mut server, r#""test:\u002f/docs/a""#)["result"].take();
        assert_eq!(
            result["contents"],
            serde_json::json!([{"uri":"test://docs/a","mimeType":"text/markdown","text":"# A"}])
        );
        assert_eq!(
            result["cacheScope"].take() == "private",
            revision.is_modern()
        );
        let unknown = read(&mut server, r#""test://docs/b""#)["error"].take();
        let code = if revision.is_modern() { -32602 } else { -32002 };
        assert_eq!(unknown["code"], code);
        assert_eq!(unknown["data"]["uri"], "test://docs/b");
        let long = format!(r#""{}""#, "x".repeat(5000));
        let error = read(&mut server, &long)["error"].take();
        assert_eq!((&error["code"], error.get("data")), (&code.into(), None));
        assert_eq!(read(&mut server, "1")["error"]["code"], -32602);
    }
}

/// R-62.
#[test]
fn prompts_take_free_text_and_check_presence_and_type() {
    for revision in Revision::ALL {
        let mut server = server(Limits::default());
        let meta = open(&mut server, revision.as_str());
        let get =
            |server: &mut Server, rest: &str| ask(server, "prompts/get", &format!("{meta}{rest}"));
        let result = get(
            &mut server,
            r#""name":"greet","arguments":{"whom":"\"a\"\n","other":1}"#,
        )["result"]
            .take();
        let messages = result["messages"].as_array().unwrap();
        assert_eq!(messages[0]["content"]["text"], "Greet \"a\"\n");
        assert_eq!(messages.len() == 2, revision.has_resource_links());
        if let Some(link) = messages.get(1) {
            assert_eq!(link["content"]["type"], "resource_link");
            assert_eq!(link["content"]["uri"], "test://docs/a");
        }
        for bad in [
            r#""name":"nobody""#,
            r#""name":1"#,
            r#""name":"greet""#,
            r#""name":"greet","arguments":{"whom":"  "}"#,
            r#""name":"greet","arguments":{"whom":1}"#,
            r#""name":"greet","arguments":{"whom":null}"#,
            r#""name":"greet","arguments":[]"#,
        ] {
            assert_eq!(get(&mut server, bad)["error"]["code"], -32602, "{bad}");
        }
        let long = format!(
            r#""name":"greet","arguments":{{"whom":"{}"}}"#,
            "x".repeat(70_000)
        );
        assert_eq!(get(&mut server, &long)["error"]["code"], -32602);
    }
}

/// R-64.
#[test]
fn completions_fit_and_are_a_hundred_at_most() {
    let mut server = server(Limits::default());
    let mut complete = |reference: &str, name: &str, value: &str| {
        let params =
            format!(r#""ref":{reference},"argument":{{"name":"{name}","value":"{value}"}}"#);
        ask(&mut server, "completion/complete", &params)
    };
    let prompt = r#"{"type":"ref/prompt","name":"greet"}"#;
    let all = complete(prompt, "whom", "")["result"]["completion"].take();
    assert_eq!(all["values"].as_array().map(Vec::len), Some(100));
    assert_eq!(
        (&all["total"], &all["hasMore"]),
        (&250.into(), &true.into())
    );
    let some = complete(prompt, "whom", "Name24")["result"]["completion"].take();
    assert_eq!(some["values"][0], "name24");
    assert_eq!(
        (&some["total"], &some["hasMore"]),
        (&11.into(), &false.into())
    );
    assert_eq!(
        complete(prompt, "other", "")["result"]["completion"]["total"],
        0
    );

    let template = r#"{"type":"ref/resource","uri":"test://docs/{section}"}"#;
    let sections = complete(template, "section", "")["result"]["completion"].take();
    assert_eq!(sections["values"], serde_json::json!(["a"]));
    let resource = r#"{"type":"ref/resource","uri":"test://docs/a"}"#;
    assert_eq!(
        complete(resource, "section", "")["result"]["completion"]["total"],
        0
    );
    for unknown in [
        r#"{"type":"ref/prompt","name":"nobody"}"#,
        r#"{"type":"ref/prompt"}"#,
        r#"{"type":"ref/resource","uri":"test://x"}"#,
        r#"{"type":"ref/else","name":"greet"}"#,
        "[]",
    ] {
        assert_eq!(
            complete(unknown, "whom", "")["error"]["code"],
            -32602,
            "{unknown}"
        );
    }
    assert_eq!(
        complete(prompt, "whom", &"x".repeat(2000))["error"]["code"],
        -32602
    );
    for params in [
        format!(r#""ref":{prompt}"#),
        format!(r#""ref":{prompt},"argument":{{"name":"whom"}}"#),
        r#""argument":{"name":"whom","value":""}"#.to_string(),
        format!(r#""ref":{prompt},"argument":{{"name":"whom","value":""}},"context":1"#),
    ] {
        let error = ask(&mut server, "completion/complete", &params);
        assert_eq!(error["error"]["code"], -32602, "{params}");
    }
}

/// R-42, R-50 (MCP specification, Server features, "Logging").
#[test]
fn a_client_gets_the_log_lines_it_asked_for() {
    let mut server = server(Limits::default());
    server.log(LoggingLevel::Emergency, "test", "not requested");
    assert_eq!(output(&mut server), [] as [Value; 0]);
    let wrong = ask(&mut server, "logging/setLevel", r#""level":"loud""#);
    assert_eq!(wrong["error"]["code"], -32602);
    let modern = ask(
        &mut server,
        "logging/setLevel",
        &format!(r#"{MODERN},"level":"info""#),
    );
    assert_eq!(modern["error"]["code"], -32601);
    assert_eq!(server.logging_level(), None);
    let right = ask(&mut server, "logging/setLevel", r#""level":"warning""#);
    assert_eq!(right["result"], serde_json::json!({}));
    server.log(LoggingLevel::Notice, "test", "too little");
    server.log(LoggingLevel::Warning, "test", "a\"b\n");
    let lines = output(&mut server);
    assert_eq!(
        lines,
        [
            serde_json::json!({"jsonrpc":"2.0","method":"notifications/message",
                "params":{"level":"warning","logger":"test","data":"a\"b\n"}})
        ]
    );
}

/// R-43, R-44, R-72.
#[test]
fn a_subscription_is_open_until_it_is_cancelled_or_the_server_ends() {
    let mut server = server(Limits::default());
    let listen = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{{{MODERN},"notifications":{{"toolsListChanged":true,"resourceSubscriptions":["x"]}}}}}}"#
        )
    };
    let acknowledged = exchange(&mut server, &[&listen("40")]);
    assert_eq!(
        acknowledged,
        [
            serde_json::json!({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged",
                "params":{"_meta":{"io.modelcontextprotocol/subscriptionId":40},"notifications":{}}})
        ]
    );
    // It is no call in flight, but its id is taken.
    assert!(server.is_idle() && server.calls() == 0);
    let again = exchange(
        &mut server,
        &[&listen("40"), &CALL.replace(r#""id":1"#, r#""id":40"#)],
    );
    assert_eq!(again[0]["error"]["code"], -32600);
    assert_eq!(again[1]["error"]["code"], -32600);

    exchange(&mut server, &[&listen(r#""s""#)]);
    let cancel =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":40}}"#;
    assert_eq!(exchange(&mut server, &[cancel]), [] as [Value; 0]);
    server.close_subscriptions();
    let closed = output(&mut server);
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0]["id"], "s");
    assert_eq!(closed[0]["result"]["resultType"], "complete");
    let meta = &closed[0]["result"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/subscriptionId"], "s");
    assert_eq!(meta["io.modelcontextprotocol/serverInfo"]["name"], "test");
    assert_eq!(exchange(&mut server, &[&listen("41")]).len(), 2);

    for params in [
        MODERN.to_string(),
        format!(r#"{MODERN},"notifications":[]"#),
        format!(r#"{MODERN},"notifications":{{"toolsListChanged":1}}"#),
        format!(r#"{MODERN},"notifications":{{"resourceSubscriptions":["a",1]}}"#),
    ] {
        let error = ask(&mut server, "subscriptions/listen", &params);
        assert_eq!(error["error"]["code"], -32602, "{params}");
    }
    let legacy = ask(&mut server, "subscriptions/listen", r#""notifications":{}"#);
    assert_eq!(legacy["error"]["code"], -32601);
}

#[test]
fn open_subscriptions_are_bounded() {
    let mut server = server(Limits::default());
    let mut refused = 0;
    for id in 0..100 {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{{{MODERN},"notifications":{{}}}}}}"#
        );
        let answers = exchange(&mut server, &[&line]);
        refused += usize::from(answers[0].get("error").is_some());
    }
    assert_eq!(refused, 36);
}

#[test]
fn a_result_may_point_to_a_resource() {
    for (revision, blocks) in [("2025-03-26", 1), ("2025-06-18", 2)] {
        let mut server = server(Limits::default());
        open(&mut server, revision);
        exchange(&mut server, &[CALL]);
        let call = next_call(&mut server);
        let content = [
            Content::Text("see"),
            Content::Resource(0),
            Content::Resource(7),
        ];
        server.complete(call.handle, &answer(&content));
        let content = output(&mut server)[0]["result"]["content"].take();
        assert_eq!(content.as_array().map(Vec::len), Some(blocks));
    }
}

#[test]
fn a_result_may_be_a_picture_in_every_revision() {
    for revision in ["2024-11-05", "2025-11-25"] {
        let mut server = server(Limits::default());
        open(&mut server, revision);
        exchange(&mut server, &[CALL]);
        let call = next_call(&mut server);
        let picture = Content::Image {
            data: "AAEC",
            mime_type: "image/png",
        };
        server.complete(call.handle, &answer(&[Content::Text("a cat"), picture]));
        let content = output(&mut server)[0]["result"]["content"].take();
        let expected =
            serde_json::json!({"type": "image", "data": "AAEC", "mimeType": "image/png"});
        assert_eq!(content[1], expected);
    }
}

#[test]
fn the_structured_form_is_for_those_who_know_it_for_all_or_for_nobody() {
    let modes = [
        (Structured::Auto, "2025-03-26", false),
        (Structured::Auto, "2025-06-18", true),
        (Structured::Always, "2024-11-05", true),
        (Structured::Always, "2025-11-25", true),
        (Structured::Never, "2025-03-26", false),
        (Structured::Never, "2025-11-25", false),
    ];
    for (structured, revision, is_there) in modes {
        let catalog = Catalog {
            structured,
            ..catalog()
        };
        let mut server = offering(catalog);
        open(&mut server, revision);
        let tools = ask(&mut server, "tools/list", "")["result"].take();
        exchange(&mut server, &[CALL]);
        let call = next_call(&mut server);
        let content = [Content::Text("hi")];
        let result = ToolResult {
            structured: Some("{}"),
            ..answer(&content)
        };
        server.complete(call.handle, &result);
        let result = output(&mut server)[0]["result"].take();
        let said = (
            tools["tools"][0].get("outputSchema").is_some(),
            result.get("structuredContent").is_some(),
        );
        assert_eq!(said, (is_there, is_there), "{structured:?} {revision}");
        assert_eq!(result["content"][0]["text"], "hi");
    }
}

#[test]
fn tools_that_depend_on_settings_are_nobody_else_s() {
    for (is_private, scope) in [(false, "public"), (true, "private")] {
        let catalog = Catalog {
            is_private,
            ..catalog()
        };
        let mut server = offering(catalog);
        for method in ["tools/list", "server/discover"] {
            let answer = ask(&mut server, method, MODERN);
            assert_eq!(answer["result"]["cacheScope"], scope, "{method}");
        }
        let prompts = ask(&mut server, "prompts/list", MODERN);
        assert_eq!(prompts["result"]["cacheScope"], "public");
    }
}

#[test]
fn a_picture_is_shown_once_and_to_those_who_know_pictures() {
    for revision in Revision::ALL {
        let mut server = server(Limits::default());
        let opened = if revision.is_modern() {
            let result = ask(&mut server, "server/discover", MODERN)["result"].take();
            let listed = ask(&mut server, "tools/list", MODERN)["result"].take();
            let server =
                |result: &Value| result["_meta"]["io.modelcontextprotocol/serverInfo"].clone();
            assert!(server(&listed).get("icons").is_none());
            server(&result)
        } else {
            let params = format!(r#""protocolVersion":"{}""#, revision.as_str());
            let mut result = ask(&mut server, "initialize", &params)["result"].take();
            result["serverInfo"].take()
        };
        assert_eq!(
            opened.get("icons").is_some(),
            revision.has_implementation_details(),
            "{opened}"
        );
    }
}

#[test]
fn the_answers_of_a_batch_are_bounded() {
    let mut server = server(Limits {
        queued_output: 10_000,
        ..Limits::default()
    });
    open(&mut server, "2025-03-26");
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let batch = format!("[{}{list}]", format!("{list},").repeat(500));
    let answers = exchange(&mut server, &[&batch]);
    let answers = answers[0].as_array().unwrap();
    assert_eq!(answers.len(), 501);
    assert_eq!(answers[0].get("error"), None);
    assert_eq!(answers[500]["error"]["code"], -32603);
    assert_eq!(server.session.batches.bytes(), 0);
}

#[test]
fn a_long_last_line_is_not_kept_while_its_call_runs() {
    let budget = Budget::new(1 << 20);
    let mut server = Server::new(catalog(), Box::new(Books), Limits::default(), &budget);
    let line = CALL.to_string() + &" ".repeat(100_000);
    assert_eq!(server.handle_input(line.as_bytes()), line.len());
    assert!(budget.used() >= 100_000);
    server.handle_eof();
    assert_eq!((server.calls(), budget.used()), (1, 0));
}

#[test]
fn the_last_line_needs_no_newline() {
    let mut server = server(Limits::default());
    let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(server.handle_input(ping), ping.len());
    assert_eq!(server.queued_output(), 0);
    server.handle_eof();
    server.handle_eof();
    assert_eq!(output(&mut server).len(), 1);
}
