//! Features other than tools, in every revision: resources, prompts, completion, log messages, subscriptions. The judge
//! checks that every line is valid. `R-nn` are the numbers of `docs/requirements.md`.
//!
//! Never here: the texts themselves, or which members a revision knows (`revisions.rs`).

use std::path::PathBuf;

use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::schema::{LEGACY, REVISIONS};
use anygpt_tests::server::{Builder, Server, Signal};
use anygpt_tests::session::{MODERN, Session, offline};
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";

const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

/// A grace period that no test outlives: a process that ends earlier did not wait for it.
const LONG: (&str, &str) = ("ANYGPT_SHUTDOWN_GRACE", "3600");

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// A configuration file of this test program.
fn config(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("features-{name}.yaml"));
    std::fs::write(&path, text).unwrap();
    path
}

fn strings(values: &Value) -> Vec<&str> {
    let values = values.as_array().expect("an array");
    values.iter().map(|value| value.as_str().unwrap()).collect()
}

// --------------------------------------------------------------------------------------------- resources

///
#[test]
fn every_listed_resource_can_be_read_and_says_how_long_it_may_be_kept() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        let resources = session.list("resources/list", "resources");
        let templates = session.list("resources/templates/list", "resourceTemplates");
        assert!(!resources.is_empty() && !templates.is_empty());
        for resource in &resources {
            let uri = resource["uri"].as_str().unwrap();
            let fits = |template: &&Value| {
                let template = template["uriTemplate"].as_str().unwrap();
                let prefix = template.split('{').next().unwrap();
                uri.strip_prefix(prefix)
                    .is_some_and(|rest| !rest.contains('/'))
            };
            assert_eq!(templates.iter().filter(fits).count(), 1, "{uri}");
            let read = session.result("resources/read", json!({"uri": uri}));
            let [content] = &read["contents"].as_array().unwrap()[..] else {
                panic!("not one content: {read}");
            };
            assert_eq!(content["uri"], resource["uri"]);
            assert_eq!(content["mimeType"], resource["mimeType"]);
            assert!(content["text"].as_str().unwrap().starts_with("# "), "{uri}");
            if session.is_modern() {
                // A text that depends on the configuration is private.
                let scope = if uri.ends_with("providers") {
                    "private"
                } else {
                    "public"
                };
                assert_eq!(read["cacheScope"], scope, "{uri}");
            }
        }
        session.end();
    }
}

///
#[test]
fn what_is_not_listed_is_not_found() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        let code = if session.is_modern() { -32602 } else { -32002 };
        for uri in [
            "",
            " ",
            "overview",
            "anygpt://docs/",
            "anygpt://docs/nobody",
            "anygpt://docs/overview/",
            "anygpt://docs/overview ",
            "anygpt://docs/Overview",
            "ANYGPT://docs/overview",
            "anygpt://docs/overvie%77",
            "anygpt://docs/{section}",
            "anygpt://docs/../docs/overview",
            "anygpt://docs/overview?x=1",
            "anygpt://docs/overview#x",
            "anygpt://docs/overview\0",
            "file:///etc/passwd",
            "/etc/passwd",
            "../../etc/passwd",
            "https://example.com/",
        ] {
            let error = session.error("resources/read", json!({"uri": uri}), code);
            assert_eq!(error["data"], json!({"uri": uri}));
        }
        session.error("resources/read", json!({}), -32602);
        // A URI of a megabyte is not echoed.
        let long = format!("anygpt://docs/{}", "x".repeat(1 << 20));
        let error = session.error("resources/read", json!({"uri": long}), code);
        assert!(error.to_string().len() < 300);
        session.end();
    }
}

///
#[test]
fn resources_cannot_be_subscribed_to_one_by_one() {
    for revision in REVISIONS {
        let (mut session, opened) = Session::open(offline(), revision);
        assert_eq!(opened["capabilities"]["resources"].get("subscribe"), None);
        for method in ["resources/subscribe", "resources/unsubscribe"] {
            session.error(method, json!({"uri": "anygpt://docs/overview"}), -32601);
        }
        session.end();
    }
}

// ----------------------------------------------------------------------------------------------- prompts

///
#[test]
fn every_prompt_can_be_had_with_what_it_requires_and_not_without() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        let prompts = session.list("prompts/list", "prompts");
        assert!(!prompts.is_empty());
        for prompt in &prompts {
            let name = &prompt["name"];
            let all = prompt["arguments"].as_array().unwrap();
            let required = |argument: &&Value| argument["required"] == true;
            let mut given = json!({});
            for argument in all.iter().filter(required) {
                given[argument["name"].as_str().unwrap()] = "something".into();
            }
            let got = session.result("prompts/get", json!({"name": name, "arguments": given}));
            assert!(!got["messages"].as_array().unwrap().is_empty(), "{name}");
            for argument in all {
                let argument_name = argument["name"].as_str().unwrap();
                let mut other = given.clone();
                for bad in [json!(5), json!(null), json!(true), json!(["x"]), json!({})] {
                    // As if it were not given.
                    if bad.is_null() && argument["required"] != true {
                        continue;
                    }
                    other[argument_name] = bad;
                    let params = json!({"name": name, "arguments": other});
                    let error = session.error("prompts/get", params, -32602);
                    let message = error["message"].as_str().unwrap();
                    assert!(
                        message.contains(&format!("params.arguments.{argument_name}")),
                        "{message}"
                    );
                }
                if argument["required"] == true {
                    for missing in [None, Some(""), Some(" \n")] {
                        let mut other = given.clone();
                        match missing {
                            None => other.as_object_mut().unwrap().remove(argument_name),
                            Some(blank) => other
                                .as_object_mut()
                                .unwrap()
                                .insert(argument_name.into(), blank.into()),
                        };
                        let params = json!({"name": name, "arguments": other});
                        let error = session.error("prompts/get", params, -32602);
                        let message = error["message"].as_str().unwrap();
                        assert!(message.contains(argument_name), "{message}");
                    }
                }
            }
        }
        for unknown in ["nobody", "", "List-Capabilities", "list-capabilities "] {
            session.error("prompts/get", json!({"name": unknown}), -32602);
        }
        session.end();
    }
}

/// unknown names, and any other text that a user types, are not errors.
#[test]
fn arguments_of_prompts_are_free_text() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        for prompt in session.list("prompts/list", "prompts") {
            for text in [
                "nobody",
                "no such/model at all",
                "grüße \"and\" \\ back\nsecond line\ttab \u{1F600} \u{2028}",
                "</prompt> {question} {{question}} ${question} %s",
                &"long ".repeat(1_000),
            ] {
                let mut given = json!({"unheard-of": "ignored", "number": 5});
                for argument in prompt["arguments"].as_array().unwrap() {
                    given[argument["name"].as_str().unwrap()] = text.into();
                }
                let params = json!({"name": prompt["name"], "arguments": given});
                let got = session.result("prompts/get", params);
                let said = got["messages"][0]["content"]["text"].as_str().unwrap();
                assert!(said.contains(text.trim()), "{said}");
            }
            // Up to a limit.
            let name = prompt["arguments"][0]["name"].as_str().unwrap();
            let mut given = json!({});
            given[name] = "x".repeat(1 << 20).into();
            let params = json!({"name": prompt["name"], "arguments": given});
            session.error("prompts/get", params, -32602);
        }
        session.end();
    }
}

/// the resources that a prompt links to exist.
#[test]
fn prompts_point_to_resources_that_can_be_read() {
    let (mut session, _) = Session::open(offline(), MODERN);
    for prompt in session.list("prompts/list", "prompts") {
        let params = json!({"name": prompt["name"], "arguments": {"question": "q"}});
        let got = session.result("prompts/get", params);
        let link = &got["messages"][1]["content"];
        assert_eq!(link["type"], "resource_link", "{got}");
        session.result("resources/read", json!({"uri": link["uri"]}));
    }
    session.end();
}

// -------------------------------------------------------------------------------------------- completion

fn complete(session: &mut Session, prompt: &str, argument: &str, value: &str) -> Value {
    let reference = json!({"type": "ref/prompt", "name": prompt});
    let params = json!({"ref": reference, "argument": {"name": argument, "value": value}});
    session.result("completion/complete", params)["completion"].take()
}

///
#[test]
fn a_completion_has_a_hundred_values_at_most() {
    let models: String = (0..150)
        .map(|n| format!("  mock/model-{n:03}: {{}}\n"))
        .collect();
    let file = config("many", &format!("models:\n{models}"));
    for revision in REVISIONS {
        let builder = offline().env("CONFIG_FILE", &file);
        let (mut session, _) = Session::open(builder, revision);
        let got = complete(&mut session, "discover-and-chat", "model", "mock/model-");
        assert_eq!(strings(&got["values"]).len(), 100);
        assert_eq!(
            (&got["total"], &got["hasMore"]),
            (&json!(150), &json!(true))
        );
        // Typed text filters them, in any case, with or without the provider.
        for typed in ["mock/model-14", "MOCK/Model-14", "model-14"] {
            let got = complete(&mut session, "discover-and-chat", "model", typed);
            assert_eq!(strings(&got["values"]).len(), 10, "{typed}: {got}");
            assert_eq!(
                (&got["total"], &got["hasMore"]),
                (&json!(10), &json!(false))
            );
        }
        session.end();
    }
}

#[test]
fn names_of_providers_models_tags_and_pages_are_completed() {
    let file = config(
        "few",
        "models: {openai/a: {tags: [fast]}, google/b: {tags: [smart]}}",
    );
    for revision in REVISIONS {
        let builder = Server::builder()
            .env("OPENAI_API_KEY", "k-123")
            .env("CONFIG_FILE", &file);
        let (mut session, _) = Session::open(builder, revision);
        for (prompt, argument, typed, wanted) in [
            ("list-capabilities", "provider", "o", &["openai"][..]),
            ("list-capabilities", "tag", "", &["fast", "smart"]),
            ("list-capabilities", "tag", "S", &["smart"]),
            ("discover-and-chat", "model", "openai/", &["openai/a"]),
            ("discover-and-chat", "model", "zzz", &[]),
            // Free text, and unknown arguments.
            ("discover-and-chat", "question", "w", &[]),
            ("discover-and-chat", "unheard-of", "", &[]),
        ] {
            let got = complete(&mut session, prompt, argument, typed);
            assert_eq!(
                strings(&got["values"]),
                wanted,
                "{prompt} {argument} {typed:?}"
            );
        }
        // Other arguments filter them, too.
        let params = json!({"ref": {"type": "ref/prompt", "name": "list-capabilities"},
            "argument": {"name": "tag", "value": ""}, "context": {"arguments": {"provider": "google"}}});
        let got = session.result("completion/complete", params);
        assert_eq!(strings(&got["completion"]["values"]), ["smart"]);

        let templates = session.list("resources/templates/list", "resourceTemplates");
        for template in templates {
            let uri = template["uriTemplate"].as_str().unwrap();
            let (prefix, variable) = uri.split_once('{').unwrap();
            let params = json!({"ref": {"type": "ref/resource", "uri": uri},
                "argument": {"name": variable.trim_end_matches('}'), "value": ""}});
            let got = session.result("completion/complete", params);
            for value in strings(&got["completion"]["values"]) {
                session.result("resources/read", json!({"uri": format!("{prefix}{value}")}));
            }
            assert!(got["completion"]["total"].as_u64() > Some(0));
        }
        session.end();
    }
}

///
#[test]
fn what_cannot_be_completed_is_an_error() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        let argument = json!({"name": "provider", "value": ""});
        let prompt = json!({"type": "ref/prompt", "name": "list-capabilities"});
        for (reference, argument) in [
            (json!({"type": "ref/prompt", "name": "nobody"}), &argument),
            (json!({"type": "ref/prompt"}), &argument),
            (
                json!({"type": "ref/tool", "name": "list-capabilities"}),
                &argument,
            ),
            (json!({"name": "list-capabilities"}), &argument),
            (
                json!({"type": "ref/resource", "uri": "anygpt://nobody/{x}"}),
                &argument,
            ),
            (json!({"type": "ref/resource"}), &argument),
            (prompt.clone(), &json!({"name": "provider"})),
            (prompt.clone(), &json!({"value": ""})),
            (
                prompt.clone(),
                &json!({"name": "provider", "value": "x".repeat(1 << 20)}),
            ),
            (prompt.clone(), &Value::Null),
        ] {
            let params = json!({"ref": reference, "argument": argument});
            let error = session.error("completion/complete", params, -32602);
            assert!(error.to_string().len() < 300, "{error}");
        }
        session.end();
    }
}

// ------------------------------------------------------------------------------------------- log messages

/// A server whose every call fails and is logged, with nothing on stderr for it.
fn failing(provider: &Provider) -> Builder {
    Server::builder()
        .env("LOG_LEVEL", "error")
        .envs(provider.env())
}

/// Makes one call that fails. Returns the log messages that preceded its answer.
#[track_caller]
fn fail(session: &mut Session, provider: &Provider, meta: Value) -> Vec<Value> {
    provider.script(
        Family::OpenAi,
        [Reply::error(Family::OpenAi, 400, "mock words")],
    );
    let arguments = json!({"prompt": "hi", "model": Family::OpenAi.model()});
    let mut params = json!({"name": CHAT, "arguments": arguments});
    if !meta.is_null() {
        params["_meta"] = meta;
    }
    session.send("call", "tools/call", params);
    let mut messages = Vec::new();
    loop {
        let line = session.server.json();
        if line["id"] == "call" {
            assert_eq!(line["result"]["isError"], true, "{line}");
            return messages;
        }
        assert_eq!(line["method"], "notifications/message", "{line}");
        messages.push(line["params"].clone());
    }
}

///
#[test]
fn a_client_that_sets_a_level_gets_log_messages_of_it_and_above() {
    let provider = Provider::start();
    for revision in &REVISIONS[..LEGACY] {
        let (mut session, _) = Session::open(failing(&provider), revision);
        assert_eq!(
            fail(&mut session, &provider, Value::Null),
            [Value::Null; 0],
            "not requested"
        );
        for (place, level) in LEVELS.iter().enumerate() {
            assert_eq!(
                session.result("logging/setLevel", json!({"level": level})),
                json!({})
            );
            let messages = fail(&mut session, &provider, Value::Null);
            for message in &messages {
                let said = message["level"].as_str().unwrap();
                let said = LEVELS.iter().position(|known| *known == said);
                assert!(said >= Some(place), "{level}: {message}");
                assert_eq!(message["logger"], "anygpt-mcp");
                let text = message["data"].as_str().unwrap();
                let keys = Family::NATIVE.map(Family::key);
                assert!(!keys.iter().any(|key| text.contains(key)), "{text}");
            }
            // A failed call is a warning.
            assert_eq!(!messages.is_empty(), place <= 3, "{level}: {messages:?}");
            assert!(
                place > 3 || messages[0].to_string().contains("400"),
                "{messages:?}"
            );
        }
        for wrong in [
            json!("loud"),
            json!("DEBUG"),
            json!(""),
            json!(7),
            json!(null),
        ] {
            session.error("logging/setLevel", json!({"level": wrong}), -32602);
        }
        session.error("logging/setLevel", json!({}), -32602);
        assert_eq!(
            session.server.stderr(),
            "",
            "what the client hears is no matter of LOG_LEVEL"
        );
        session.end();
    }
}

///
#[test]
fn a_modern_client_gets_no_log_messages_whatever_it_asks_for() {
    let provider = Provider::start();
    let (mut session, opened) = Session::open(failing(&provider), MODERN);
    assert_eq!(opened["capabilities"].get("logging"), None);
    session.error("logging/setLevel", json!({"level": "debug"}), -32601);
    let level = json!({"io.modelcontextprotocol/logLevel": "debug"});
    for meta in [json!({}), level] {
        assert_eq!(fail(&mut session, &provider, meta), [Value::Null; 0]);
    }
    session.end();
}

/// log messages for one request are not sent for another.
#[test]
fn a_level_that_a_session_has_set_is_not_for_calls_with_an_envelope() {
    let provider = Provider::start();
    let (mut session, _) = Session::open(failing(&provider), REVISIONS[3]);
    session.result("logging/setLevel", json!({"level": "debug"}));
    let envelope = json!({"io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {}});
    assert_eq!(fail(&mut session, &provider, Value::Null).len(), 1);
    assert_eq!(fail(&mut session, &provider, envelope), [Value::Null; 0]);
    assert_eq!(fail(&mut session, &provider, Value::Null).len(), 1);
    session.end();
}

// ------------------------------------------------------------------------------------------ subscriptions

/// Opens a subscription; the next line acknowledges it.
#[track_caller]
fn listen(session: &mut Session, id: &Value) {
    let wanted = json!({"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": false,
        "resourceSubscriptions": ["anygpt://docs/overview"]});
    session.send(
        id.clone(),
        "subscriptions/listen",
        json!({"notifications": wanted}),
    );
    let line = session.server.json();
    assert_eq!(line["method"], "notifications/subscriptions/acknowledged");
    let params = &line["params"];
    assert_eq!(&params["_meta"][SUBSCRIPTION], id, "the same type, too");
    // The notifications to come: none, since nothing here changes.
    assert_eq!(params["notifications"], json!({}));
}

#[track_caller]
fn assert_end(line: &Value, id: &Value) {
    assert_eq!(&line["id"], id);
    assert_eq!(line["result"]["resultType"], "complete", "{line}");
    assert_eq!(&line["result"]["_meta"][SUBSCRIPTION], id, "{line}");
}

fn cancel(session: &Session, id: &Value) {
    let note =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    session.server.send(&note.to_string());
}

///
#[test]
fn subscriptions_are_acknowledged_stay_silent_and_end_with_the_input() {
    let ids = [json!(7), json!("7"), json!(0), json!(""), json!(-5)];
    for signal in [None, Some(Signal::TERM)] {
        let builder = offline().env(LONG.0, LONG.1);
        let (mut session, _) = Session::open(builder, MODERN);
        for id in &ids {
            listen(&mut session, id);
        }
        // The session serves other requests meanwhile.
        assert_eq!(session.list("tools/list", "tools")[0]["name"], CHAT);
        session.call(CHAT, json!({"prompt": "hi"}));
        // They are nothing to wait for: the grace period is longer than the limit of the test.
        match signal {
            None => session.server.close_stdin(),
            Some(signal) => session.server.signal(signal),
        }
        let lines = session.server.end(0);
        for (line, id) in lines[lines.len() - ids.len()..].iter().zip(&ids) {
            assert_end(line, id);
        }
        assert_eq!(lines.len(), 3 + 2 * ids.len());
    }
}

///
#[test]
fn a_cancelled_subscription_is_never_heard_of_again_and_its_id_is_free() {
    let (mut session, _) = Session::open(offline(), MODERN);
    let id = json!("s");
    listen(&mut session, &id);
    session.send("s", "subscriptions/listen", json!({"notifications": {}}));
    let refusal = session.server.json();
    assert_eq!(refusal["error"]["code"], -32600, "{refusal}");
    session.send(
        "s",
        "tools/call",
        json!({"name": CHAT, "arguments": {"prompt": "hi"}}),
    );
    let refusal = session.server.json();
    assert_eq!(refusal["error"]["code"], -32600, "{refusal}");
    cancel(&session, &id);
    let answer = session.call(CHAT, json!({"prompt": "hi"}));
    assert_eq!(answer["structuredContent"]["text"], "hi");
    listen(&mut session, &id);
    cancel(&session, &id);
    let lines = session.end();
    // Opened, acknowledged twice, refused twice, one call.
    assert_eq!(lines.len(), 6, "{lines:#?}");
}

#[test]
fn subscriptions_are_bounded() {
    let (mut session, _) = Session::open(offline(), MODERN);
    for id in 0..64 {
        listen(&mut session, &json!(id));
    }
    session.error("subscriptions/listen", json!({"notifications": {}}), -32603);
    cancel(&session, &json!(5));
    listen(&mut session, &json!("one more"));
    session.end();
}

///
#[test]
fn a_subscription_needs_the_newest_revision_and_says_what_it_wants() {
    for revision in REVISIONS {
        let (mut session, _) = Session::open(offline(), revision);
        if session.is_modern() {
            for notifications in [
                Value::Null,
                json!([]),
                json!("tools"),
                json!({"toolsListChanged": "yes"}),
                json!({"promptsListChanged": 1}),
                json!({"resourcesListChanged": null}),
                json!({"resourceSubscriptions": "anygpt://docs/overview"}),
                json!({"resourceSubscriptions": [1]}),
            ] {
                let params = json!({"notifications": notifications});
                session.error("subscriptions/listen", params, -32602);
            }
            session.error("subscriptions/listen", json!({}), -32602);
        } else {
            let params = json!({"notifications": {}});
            session.error("subscriptions/listen", params, -32601);
        }
        session.end();
    }
}
