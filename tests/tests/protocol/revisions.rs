//! The protocol in every revision: results, their members, and errors. The judge checks that every line is valid in its
//! revision. `R-nn` are the numbers of `docs/requirements.md`.
//!
//! Never here: the content of tools' answers, other features (`features.rs`), or malformed messages (`bad_input.rs`).
//! Single exchanges read better as transcripts.

use std::collections::BTreeSet;

use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::schema::{self, LEGACY, REVISIONS};
use anygpt_tests::server::Server;
use anygpt_tests::session::{MODERN, Session, keys, known, offline, set};
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";

/// The lists, and the member of their results that has the entries.
const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
    ("prompts/list", "prompts"),
];

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
        (
            "anygpt_compare",
            json!({"prompt": "hi", "models": ["a", "b"], "mode": "judge"}),
        ),
        ("anygpt_compare", json!({"prompt": "hi", "models": ["a"]})),
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

/// The members of a result with this one in addition to the common ones.
fn frame<'a>(revision: &str, member: &'a str, kept: bool) -> BTreeSet<&'a str> {
    // Later than all revisions.
    let kept = if kept { MODERN } else { "never" };
    let members = [
        (member, REVISIONS[0]),
        ("resultType", MODERN),
        ("_meta", MODERN),
        ("ttlMs", kept),
        ("cacheScope", kept),
    ];
    known(revision, &members)
}

// ---------------------------------------------------------------------------------------------- results

/// the judge checks all of it.
#[test]
fn every_result_is_valid_in_every_revision() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        if !session.is_modern() {
            //
            assert_eq!(session.result("ping", json!({})), json!({}));
        }
        session.list("tools/list", "tools");
        for (name, arguments) in calls() {
            session.call(name, arguments);
        }
        session.end();
    }
}

/// R-23 (MCP specification, Lifecycle, "Version Negotiation"): an older client gets no member that only newer revisions
/// have.
#[test]
fn every_revision_is_told_exactly_what_it_knows() {
    let always = REVISIONS[0];
    let completions = REVISIONS[1];
    let titles = REVISIONS[2];
    for revision in REVISIONS {
        let (mut session, opened) = Session::open(offline(), revision);
        let server = known(
            revision,
            &[
                ("name", always),
                ("version", always),
                ("title", titles),
                ("description", "2025-11-25"),
                ("icons", "2025-11-25"),
            ],
        );
        let mut features = known(
            revision,
            &[
                ("tools", always),
                ("resources", always),
                ("prompts", always),
                ("completions", completions),
            ],
        );
        if !session.is_modern() {
            features.insert("logging");
        }
        assert_eq!(keys(&opened["capabilities"]), features);
        for feature in features {
            // Nothing that is offered ever changes.
            assert_eq!(opened["capabilities"][feature], json!({}), "{feature}");
        }
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
            let newest_first: Vec<&str> = REVISIONS.into_iter().rev().collect();
            assert_eq!(opened["supportedVersions"], json!(newest_first));
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

        for (method, member) in LISTS {
            let list = session.result(method, json!({}));
            assert_eq!(keys(&list), frame(revision, member, true), "{revision}");
            for entry in list[member].as_array().unwrap() {
                let wanted = match member {
                    "tools" => known(
                        revision,
                        &[
                            ("name", always),
                            ("description", always),
                            ("inputSchema", always),
                            ("annotations", "2025-03-26"),
                            ("title", titles),
                            ("outputSchema", titles),
                        ],
                    ),
                    "prompts" => known(
                        revision,
                        &[
                            ("name", always),
                            ("description", always),
                            ("arguments", always),
                            ("title", titles),
                        ],
                    ),
                    _ => known(
                        revision,
                        &[
                            (
                                if member == "resources" {
                                    "uri"
                                } else {
                                    "uriTemplate"
                                },
                                always,
                            ),
                            ("name", always),
                            ("description", always),
                            ("mimeType", always),
                            ("title", titles),
                        ],
                    ),
                };
                assert_eq!(keys(entry), wanted, "{revision}: {entry}");
                assert!(!entry["inputSchema"].to_string().contains("$schema"));
                // Before tools had a title, their annotations had one.
                let hints = &entry["annotations"];
                assert_eq!(
                    hints["title"].is_string(),
                    !hints.is_null() && revision < titles
                );
                for argument in entry["arguments"].as_array().into_iter().flatten() {
                    let members = [("name", always), ("description", always), ("title", titles)];
                    let mut wanted = known(revision, &members);
                    if argument["required"] == true {
                        wanted.insert("required");
                    }
                    assert_eq!(keys(argument), wanted, "{revision}: {argument}");
                }
            }
            if session.is_modern() {
                // Each result names the server; only the first describes it.
                let who = &list["_meta"]["io.modelcontextprotocol/serverInfo"];
                let mut wanted = server.clone();
                wanted.remove("icons");
                assert_eq!(keys(who), wanted);
            }
        }

        let read = session.result("resources/read", json!({"uri": "anygpt://docs/overview"}));
        assert_eq!(keys(&read), frame(revision, "contents", true));
        assert_eq!(
            keys(&read["contents"][0]),
            set(&["uri", "mimeType", "text"])
        );
        let prompt = json!({"name": "list-capabilities"});
        let mut got = session.result("prompts/get", prompt);
        assert!(got.as_object_mut().unwrap().remove("description").is_some());
        assert_eq!(keys(&got), frame(revision, "messages", false));
        let mut kinds = Vec::new();
        for message in got["messages"].as_array().unwrap() {
            assert_eq!(keys(message), set(&["role", "content"]));
            kinds.push(message["content"]["type"].as_str().unwrap());
        }
        let links: &[&str] = if revision >= titles {
            &["text", "resource_link"]
        } else {
            &["text"]
        };
        assert_eq!(kinds, links, "{revision}");
        let argument = json!({"name": "provider", "value": ""});
        let reference = json!({"type": "ref/prompt", "name": "list-capabilities"});
        let params = json!({"ref": reference, "argument": argument});
        let completed = session.result("completion/complete", params);
        assert_eq!(keys(&completed), frame(revision, "completion", false));
        assert_eq!(
            keys(&completed["completion"]),
            set(&["values", "total", "hasMore"])
        );

        for (name, arguments) in calls() {
            let result = session.call(name, arguments);
            let mut members = known(
                revision,
                &[
                    ("content", always),
                    ("structuredContent", titles),
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
        session.send(1, "tools/list", json!({}));
        let line = session.server.line();
        assert!(line.len() < 6_000, "{revision}: {} bytes", line.len());
        session.send(1, "tools/list", json!({}));
        assert_eq!(session.server.line(), line, "the same bytes always");

        let tools = session.list("tools/list", "tools");
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
                    // nothing to be fetched.
                    assert!(!schema.to_string().contains("$ref"), "{name}");
                }
            }
        }
        for (method, _) in LISTS {
            for cursor in [json!("x"), json!(""), json!(7)] {
                session.error(method, json!({"cursor": cursor}), -32602);
            }
        }
        session.end();
    }
}

/// The schemas, against which clients check arguments before sending them, accept what the tools accept.
#[test]
fn good_arguments_are_valid_against_the_input_schemas() {
    let (mut session, _) = Session::open(offline(), MODERN);
    for tool in session.list("tools/list", "tools") {
        let arguments = match tool["name"].as_str().unwrap() {
            CHAT => vec![
                json!({"prompt": "hi"}),
                json!({"prompt": "hi", "system": "s", "model": "m", "provider": "p", "temperature": 0.5,
                    "max_tokens": 1, "timeout_seconds": 3600}),
                json!({"messages": [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"},
                    {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}),
            ],
            "anygpt_compare" => vec![
                json!({"prompt": "hi", "models": ["a", "b"]}),
                json!({"messages": [{"role": "user", "content": "c"}], "models": ["a", "b"], "mode": "judge",
                    "judge_model": "d", "judge_instructions": "e", "max_cost_usd": 0.5}),
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

/// a version that no handshake can agree on gets the newest one that can be.
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
            assert_eq!(line["error"]["code"], code, "{line}");
            // never null.
            assert_ne!(line.get("id"), Some(&Value::Null));
        }
        session.end();
    }
}

/// the envelope, which every request has.
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
            assert_eq!(line["error"]["code"], code, "{line}");
            if code == -32022 {
                assert_eq!(line["error"]["data"]["requested"], meta[version]);
                // Both lists agree, in whatever order a client requests them.
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
    assert_eq!(line["error"]["code"], -32602, "{line}");
    session.end();
}

/// declared features are served, others are unknown.
#[test]
fn declared_features_are_served_and_no_others() {
    let uri = json!({"uri": "anygpt://docs/overview"});
    let reference = json!({"type": "ref/prompt", "name": "list-capabilities"});
    let argument = json!({"name": "provider", "value": ""});
    let features = [
        ("tools", "tools/list", json!({})),
        ("tools", "tools/call", json!({"name": "anygpt_list_tags"})),
        ("resources", "resources/list", json!({})),
        ("resources", "resources/templates/list", json!({})),
        ("resources", "resources/read", uri),
        ("prompts", "prompts/list", json!({})),
        (
            "prompts",
            "prompts/get",
            json!({"name": "list-capabilities"}),
        ),
        (
            "completions",
            "completion/complete",
            json!({"ref": reference, "argument": argument}),
        ),
        ("logging", "logging/setLevel", json!({"level": "info"})),
    ];
    for revision in REVISIONS {
        let (mut session, opened) = Session::open(offline(), revision);
        for (feature, method, params) in &features {
            // The first revision has completion, but nothing to declare it with.
            let undeclared = revision == REVISIONS[0] && *feature == "completions";
            if opened["capabilities"].get(feature).is_some() || undeclared {
                session.result(method, params.clone());
            } else {
                session.error(method, params.clone(), -32601);
            }
        }
        session.end();
    }
}

/// one process serves both eras, with no state between them.
#[test]
fn both_eras_are_served_by_one_process_and_do_not_touch_each_other() {
    let (mut modern, discovered) = Session::open(offline(), MODERN);
    let list = modern.result("tools/list", json!({}));
    for revision in &REVISIONS[..LEGACY] {
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

/// a client may write everything at once.
#[test]
fn requests_before_the_client_says_initialized_are_served_and_the_handshake_cannot_be_cancelled() {
    let mut server = offline().spawn();
    let client = json!({"name": "c", "version": "1"});
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    let lines = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": CHAT, "arguments": {"prompt": "hi"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 4, "method": "ping"}),
    ];
    server.send(&lines.map(|line| line.to_string()).join("\n"));
    server.close_stdin();
    let answers = server.end(0);
    assert_eq!(answers.len(), 4);
    // Requests after the handshake are served in the agreed revision.
    assert_eq!(answers[0]["result"]["protocolVersion"], "2025-06-18");
    assert!(answers.iter().all(|answer| answer["result"].is_object()));
}

///
#[test]
fn who_the_client_is_and_what_it_can_do_changes_nothing() {
    let (mut session, _) = Session::open(offline(), MODERN);
    let mut lists = Vec::new();
    for client in [
        Value::Null,
        json!({"name": "claude-ai", "version": "0.1.0"}),
        json!({"name": "", "version": "", "title": "x", "websiteUrl": "https://example.com"}),
        json!({"name": "curl"}),
    ] {
        for capabilities in [
            json!({}),
            json!({"sampling": {}, "elicitation": {"form": {}}, "roots": {}}),
            json!({"extensions": {"io.modelcontextprotocol/tasks": {}, "com.example/other": {"x": 1}}}),
        ] {
            let mut params = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": capabilities}});
            if !client.is_null() {
                params["_meta"]["io.modelcontextprotocol/clientInfo"] = client.clone();
            }
            let mut line = session.server.request("tools/list", params);
            lists.push(line["result"].take());
        }
    }
    assert!(lists[0].is_object());
    assert!(lists.iter().all(|list| *list == lists[0]));
    session.end();
}

/// the client is never asked for input; there are no tasks and no extensions.
#[test]
fn what_belongs_to_features_that_are_not_offered_is_ignored() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        let params = json!({"name": CHAT, "arguments": {"prompt": "hi"}, "task": {"ttl": 1000},
            "inputResponses": {"x": {"action": "accept"}}, "requestState": "made up", "unheard-of": [1],
            "_meta": {"com.example/x": 1, "io.modelcontextprotocol/related-task": {"taskId": "t"}, "traceparent": 7}});
        let result = session.result("tools/call", params);
        assert_eq!(result["content"][0]["text"], "hi");
        for method in [
            "tasks/get",
            "tasks/list",
            "tasks/result",
            "tasks/cancel",
            "tasks/update",
        ] {
            session.error(method, json!({"taskId": "t"}), -32601);
        }
        session.end();
    }
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

/// only this revision has batches, and must accept them.
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
        assert_eq!(line["error"]["code"], -32600, "{line}");
        session.end();
    }
}
