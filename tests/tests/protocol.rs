//! The protocol in every revision: what is served, what it holds, and which errors there are. That every line is valid
//! in the revision it belongs to is the business of the judge, who sees all of this. `R-nn` are the numbers of
//! `docs/requirements.md`.
//!
//! Never here: what tools answer, or what no client should send (`bad_input.rs`). Single exchanges read better as
//! transcripts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that cannot go on says so by panicking

use std::collections::BTreeSet;

use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::schema::{self, REVISIONS};
use anygpt_tests::server::{Builder, Server};
use serde_json::{Value, json};

const MODERN: &str = "2026-07-28";
const CHAT: &str = "anygpt_chat_completion";

/// One session in one revision.
struct Session {
    server: Server,
    revision: &'static str,
}

/// A server that needs no network.
fn offline() -> Builder {
    Server::builder().env("DEFAULT_PROVIDER", "mock")
}

impl Session {
    /// Opens a session and gives the result of opening it, too.
    fn open(builder: Builder, revision: &'static str) -> (Self, Value) {
        let mut session = Self {
            server: builder.spawn(),
            revision,
        };
        let opened = if session.is_modern() {
            session.result("server/discover", json!({}))
        } else {
            let client = json!({"name": "test", "version": "1"});
            let params =
                json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
            let opened = session.result("initialize", params);
            let line = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            session.server.send(&line.to_string());
            opened
        };
        (session, opened)
    }

    fn is_modern(&self) -> bool {
        self.revision == MODERN
    }

    /// The params of a request, with what this revision wants to be in all of them.
    fn params(&self, mut params: Value) -> Value {
        if self.is_modern() {
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = MODERN.into();
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        params
    }

    /// Sends a request whose answer must be a result.
    #[track_caller]
    fn result(&mut self, method: &str, params: Value) -> Value {
        let params = self.params(params);
        let mut line = self.server.request(method, params);
        match line.get_mut("result") {
            Some(result) => result.take(),
            None => panic!("{method} in {}: {line}", self.revision),
        }
    }

    /// Sends a request whose answer must be an error with this code.
    #[track_caller]
    fn error(&mut self, method: &str, params: Value, code: i64) -> Value {
        let params = self.params(params);
        let mut line = self.server.request(method, params);
        check_error(&line, code);
        line["error"].take()
    }

    fn tools(&mut self) -> Vec<Value> {
        let list = self.result("tools/list", json!({}));
        list["tools"].as_array().unwrap().clone()
    }

    #[track_caller]
    fn call(&mut self, name: &str, arguments: Value) -> Value {
        let mut params = json!({"name": name});
        params["arguments"] = arguments;
        self.result("tools/call", params)
    }

    /// Ends the session; gives everything that was written in it.
    #[track_caller]
    fn end(mut self) -> Vec<Value> {
        self.server.close_stdin();
        self.server.end(0)
    }
}

///
#[track_caller]
fn check_error(line: &Value, code: i64) {
    assert_eq!(line["error"]["code"], code, "{line}");
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}

/// The names that are known from their revision on, out of a list that says it of each.
fn known<'a>(revision: &str, names: &[(&'a str, &str)]) -> BTreeSet<&'a str> {
    let known = names.iter().filter(|(_, since)| *since <= revision);
    known.map(|(name, _)| *name).collect()
}

/// Calls that cover answers and errors of every tool, without a network.
fn calls() -> Vec<(&'static str, Value)> {
    vec![
        (CHAT, json!({"prompt": "grüße \"and\"\nlines \u{2028}"})),
        (
            CHAT,
            json!({"prompt": "hi", "nonsense": 1, "temperature": "0.5", "max_tokens": "7"}),
        ),
        (
            CHAT,
            json!({"messages": [{"role": "user", "content": "hi"}], "model": "mock/any"}),
        ),
        (CHAT, json!({})),
        (CHAT, json!({"prompt": "hi", "temperature": "hot"})),
        (CHAT, json!({"prompt": "hi", "provider": "openai"})),
        ("anygpt_list_models", json!({})),
        ("anygpt_list_models", json!({"provider": "nobody"})),
        ("anygpt_list_providers", json!({})),
        ("anygpt_list_providers", json!({"nonsense": 1})),
        ("anygpt_list_models", json!({"tag": "nobody"})),
        ("anygpt_list_tags", json!({})),
        (
            "anygpt_list_tags",
            json!({"provider": "mock", "nonsense": 1}),
        ),
        ("anygpt_list_tags", json!({"provider": "nobody"})),
    ]
}

// ---------------------------------------------------------------------------------------------- results

/// the judge looks at it all.
#[test]
fn every_result_is_valid_in_every_revision() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        if !session.is_modern() {
            //
            assert_eq!(session.result("ping", json!({})), json!({}));
        }
        session.tools();
        for (name, arguments) in calls() {
            session.call(name, arguments);
        }
        session.end();
    }
}

/// R-23, and section 3.12 of the digest: an older client is told nothing that only newer revisions know.
#[test]
fn every_revision_is_told_exactly_what_it_knows() {
    let always = REVISIONS[0];
    for revision in REVISIONS {
        let (mut session, opened) = Session::open(offline(), revision);
        let server = known(
            revision,
            &[
                ("name", always),
                ("version", always),
                ("title", "2025-06-18"),
                ("description", "2025-11-25"),
            ],
        );
        if session.is_modern() {
            let known = [
                "supportedVersions",
                "capabilities",
                "instructions",
                "resultType",
                "ttlMs",
                "cacheScope",
                "_meta",
            ];
            assert_eq!(keys(&opened), set(&known));
            assert_eq!(
                keys(&opened["_meta"]["io.modelcontextprotocol/serverInfo"]),
                server
            );
        } else {
            assert_eq!(
                keys(&opened),
                set(&[
                    "protocolVersion",
                    "capabilities",
                    "serverInfo",
                    "instructions"
                ])
            );
            assert_eq!(keys(&opened["serverInfo"]), server);
        }

        let list = session.result("tools/list", json!({}));
        let frame = [
            ("tools", always),
            ("resultType", MODERN),
            ("ttlMs", MODERN),
            ("cacheScope", MODERN),
            ("_meta", MODERN),
        ];
        assert_eq!(keys(&list), known(revision, &frame));
        let member = [
            ("name", always),
            ("description", always),
            ("inputSchema", always),
            ("annotations", "2025-03-26"),
            ("title", "2025-06-18"),
            ("outputSchema", "2025-06-18"),
        ];
        for tool in list["tools"].as_array().unwrap() {
            assert_eq!(keys(tool), known(revision, &member), "{revision}");
            assert!(!keys(&tool["inputSchema"]).contains("$schema"));
        }

        for (name, arguments) in calls() {
            let result = session.call(name, arguments);
            let mut members = known(
                revision,
                &[
                    ("content", always),
                    ("structuredContent", "2025-06-18"),
                    ("resultType", MODERN),
                    ("_meta", MODERN),
                ],
            );
            if result["isError"] == true {
                members.remove("structuredContent");
                members.insert("isError");
            }
            assert_eq!(keys(&result), members, "{revision}: {result}");
        }
        session.end();
    }
}

/// and the size, which every conversation of every client pays for.
#[test]
fn the_list_of_tools_is_small_sound_and_the_same_for_everybody() {
    let mut names: Option<Vec<Value>> = None;
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        let params = session.params(json!({}));
        let line = session.server.request("tools/list", params);
        assert!(
            line.to_string().len() < 6_000,
            "{revision}: {} bytes",
            line.to_string().len()
        );

        let tools = session.tools();
        let listed: Vec<Value> = tools.iter().map(|tool| tool["name"].clone()).collect();
        let names = names.get_or_insert_with(|| listed.clone());
        assert_eq!(&listed, names, "the same order always");
        for tool in &tools {
            let name = tool["name"].as_str().unwrap();
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
            assert!(
                (1..=128).contains(&name.len()) && name.chars().all(allowed),
                "{name}"
            );
            assert!(
                tool["description"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{name}"
            );
            for kind in ["inputSchema", "outputSchema"] {
                if let Some(schema) = tool.get(kind) {
                    assert_eq!(schema["type"], "object", "{name}");
                    assert!(jsonschema::meta::is_valid(schema), "{name}: {schema}");
                }
            }
        }
        for cursor in [json!("x"), json!(""), json!(7)] {
            session.error("tools/list", json!({"cursor": cursor}), -32602);
        }
        session.end();
    }
}

/// The schemas that clients check arguments against before they send them accept what the tools accept.
#[test]
fn good_arguments_are_valid_against_the_input_schemas() {
    let (mut session, _) = Session::open(offline(), MODERN);
    for tool in session.tools() {
        let arguments = match tool["name"].as_str().unwrap() {
            CHAT => vec![
                json!({"prompt": "hi"}),
                json!({"prompt": "hi", "system": "s", "model": "m", "provider": "p", "temperature": 0.5,
                    "max_tokens": 1, "timeout_seconds": 3600}),
                json!({"messages": [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"},
                    {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}),
            ],
            "anygpt_list_models" => vec![json!({}), json!({"provider": "openai", "tag": "t"})],
            "anygpt_list_tags" => vec![json!({}), json!({"provider": "openai"})],
            _ => vec![json!({})],
        };
        for arguments in arguments {
            schema::check(&tool["inputSchema"], &arguments, &tool["name"].to_string());
        }
    }
}

// -------------------------------------------------------------------------------------- opening, errors

/// a version that cannot be agreed on by a handshake gets the newest that can.
#[test]
fn initialize_agrees_on_the_version_asked_for_or_the_newest_that_a_handshake_can_agree_on() {
    for (asked, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        (MODERN, "2025-11-25"),
        ("2099-01-01", "2025-11-25"),
        ("", "2025-11-25"),
    ] {
        let mut server = offline().spawn();
        let line = server.request(
            "initialize",
            json!({"protocolVersion": asked, "capabilities": {},
            "clientInfo": {"name": "c", "version": "1"}}),
        );
        assert_eq!(line["result"]["protocolVersion"], agreed, "{asked}");
    }
}

///
#[test]
fn errors_are_valid_and_have_the_codes_that_clients_act_on() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        for (method, params, code) in [
            ("nonsense", json!({}), -32601),
            ("notifications/initialized", json!({}), -32601),
            ("tasks/list", json!({}), -32601),
            ("tools/call", json!({"name": "nobody"}), -32602),
            ("tools/call", json!({}), -32602),
            ("tools/call", json!({"name": 1}), -32602),
            ("tools/call", json!({"name": CHAT, "arguments": []}), -32602),
        ] {
            session.error(method, params, code);
        }
        if session.is_modern() {
            for removed in [
                "initialize",
                "ping",
                "logging/setLevel",
                "resources/subscribe",
                "resources/unsubscribe",
            ] {
                session.error(removed, json!({}), -32601);
            }
        }
        for (line, code) in [
            ("nonsense", -32700),
            ("{\"jsonrpc\":\"2.0\",\"id\":1", -32700),
            ("17", -32600),
            ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
                -32600,
            ),
            ("{\"id\":\"x\",\"method\":\"ping\"}", -32600),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":[]}",
                -32602,
            ),
        ] {
            session.server.send(line);
            let line = session.server.json();
            check_error(&line, code);
            // never null.
            assert_ne!(line.get("id"), Some(&Value::Null));
        }
        session.end();
    }
}

/// the envelope, which each request brings along.
#[test]
fn a_modern_envelope_is_checked_in_order() {
    let (mut session, opened) = Session::open(offline(), MODERN);
    let version = "io.modelcontextprotocol/protocolVersion";
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    let client = "io.modelcontextprotocol/clientInfo";
    let level = "io.modelcontextprotocol/logLevel";
    for (meta, code) in [
        (json!({version: MODERN}), -32602),
        (json!({capabilities: {}}), -32602),
        (json!({client: {"name": "c", "version": "1"}}), -32602),
        (json!({version: 1, capabilities: {}}), -32602),
        (json!({version: MODERN, capabilities: []}), -32602),
        (
            json!({version: MODERN, capabilities: {}, level: "loud"}),
            -32602,
        ),
        (json!({version: "2099-01-01", capabilities: {}}), -32022),
        (json!({version: "2099-01-01"}), -32022),
        (json!({version: "2025-11-25", capabilities: {}}), -32022),
    ] {
        for method in ["tools/list", "server/discover"] {
            let line = session.server.request(method, json!({"_meta": meta}));
            check_error(&line, code);
            if code == -32022 {
                assert_eq!(line["error"]["data"]["requested"], meta[version]);
                // Both lists agree, whatever a client asks for first.
                assert_eq!(
                    line["error"]["data"]["supported"],
                    opened["supportedVersions"]
                );
            }
        }
    }
    let meta = json!({version: MODERN, capabilities: {}, client: {"name": "c", "version": "1"}, level: "debug"});
    let line = session.server.request("tools/list", json!({"_meta": meta}));
    assert!(line["result"]["tools"].is_array(), "{line}");
    // Without an envelope it is never served.
    let line = session.server.request("server/discover", json!({}));
    check_error(&line, -32602);
    session.end();
}

/// what is declared is served, what is not is unknown.
#[test]
fn declared_features_are_served_and_no_others() {
    let features = [
        ("tools", "tools/list", json!({})),
        ("resources", "resources/list", json!({})),
        ("resources", "resources/templates/list", json!({})),
        ("prompts", "prompts/list", json!({})),
    ];
    for revision in REVISIONS {
        let (mut session, opened) = Session::open(offline(), revision);
        let capabilities = opened["capabilities"].clone();
        assert!(capabilities["tools"].is_object(), "{opened}");
        for (feature, method, params) in &features {
            if capabilities.get(feature).is_some() {
                session.result(method, params.clone());
            } else {
                session.error(method, params.clone(), -32601);
            }
        }
        if capabilities.get("logging").is_none() {
            session.error("logging/setLevel", json!({"level": "info"}), -32601);
        }
        if capabilities.get("completions").is_none() && revision > REVISIONS[0] {
            let params = json!({"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": ""}});
            session.error("completion/complete", params, -32601);
        }
        session.end();
    }
}

/// one process, both eras, and no memory between them.
#[test]
fn both_eras_are_served_by_one_process_and_do_not_touch_each_other() {
    let (mut modern, discovered) = Session::open(offline(), MODERN);
    let list = modern.result("tools/list", json!({}));
    for revision in &REVISIONS[..4] {
        let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
        let line = modern.server.request("initialize", params);
        assert_eq!(line["result"]["protocolVersion"], *revision);
        let line = modern.server.request("tools/list", json!({}));
        assert_eq!(keys(&line["result"]), set(&["tools"]), "{revision}");
        assert_eq!(modern.result("tools/list", json!({})), list);
        assert_eq!(modern.result("server/discover", json!({})), discovered);
    }
    modern.end();
}

///
#[test]
fn ids_come_back_as_they_were_sent() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        for id in [
            "0",
            "-1",
            "9007199254740993",
            "\"\"",
            "\"0\"",
            "\"\\u00fc \\\"\"",
            "\"a\\nb\"",
        ] {
            let params = session.params(json!({"name": CHAT, "arguments": {"prompt": "hi"}}));
            session.server.send(&format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{params}}}"
            ));
            let line = session.server.line();
            assert!(
                line.starts_with(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},")),
                "{line}"
            );
        }
        session.end();
    }
}

// --------------------------------------------------------------------------------------------- progress

///
#[test]
fn progress_is_valid_and_has_a_message_from_2025_03_26_on() {
    let provider = Provider::start();
    for revision in REVISIONS {
        let (mut session, _) = Session::open(Server::builder().envs(provider.env()), revision);
        for (family, token) in Family::NATIVE
            .into_iter()
            .zip([json!("t"), json!(0), json!(7)])
        {
            provider.script(family, [Reply::text(family, "some words of an answer")]);
            let arguments = json!({"prompt": "hi", "model": family.model()});
            let params =
                json!({"name": CHAT, "arguments": arguments, "_meta": {"progressToken": token}});
            session.result("tools/call", params);
        }
        let lines = session.end();
        let progress: Vec<&Value> = lines
            .iter()
            .filter(|line| line["method"] == "notifications/progress")
            .collect();
        assert_eq!(
            progress.len(),
            6,
            "the connection and the first text, three times"
        );
        let members = [
            ("progressToken", REVISIONS[0]),
            ("progress", REVISIONS[0]),
            ("message", REVISIONS[1]),
        ];
        for line in progress {
            assert_eq!(keys(line), set(&["jsonrpc", "method", "params"]));
            assert_eq!(keys(&line["params"]), known(revision, &members));
        }
    }
}

// ---------------------------------------------------------------------------------------------- batches

/// only this revision has batches, and there they must be accepted.
#[test]
fn a_batch_is_answered_in_2025_03_26_with_one_array() {
    let (mut session, _) = Session::open(offline(), "2025-03-26");
    let ping = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
    let note =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}});
    session
        .server
        .send(&json!([ping(1), note, ping(2)]).to_string());
    let line: Value = serde_json::from_str(&session.server.line()).unwrap();
    let mut ids: Vec<u64> = line
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["id"].as_u64())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
}

///
#[test]
fn an_array_is_an_invalid_request_in_all_other_revisions() {
    for revision in REVISIONS {
        if revision == "2025-03-26" {
            continue;
        }
        let (mut session, _) = Session::open(offline(), revision);
        session
            .server
            .send("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}]");
        let line = session.server.json();
        check_error(&line, -32600);
        session.end();
    }
}
