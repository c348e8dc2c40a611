//! The hunt for keys: whatever a provider sends back, no configured key leaves the process, in any form.
//!
//! Never here: other content of answers and errors (`tools/chat.rs`, `tools/lists.rs`).

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

use anygpt_tests::hunt::{forms, places, runs};
use anygpt_tests::outcome::{chat, error, text};
use anygpt_tests::provider::{FAULTS, Family, Provider, Reply};
use anygpt_tests::server::{self, Builder, Server};
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";
const LIST: &str = "anygpt_list_models";
const VARIABLES: [&str; 3] = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"];

/// Long, with every character that some encoding writes differently.
const KEYS: [&str; 3] = [
    "openai/Hunted+Key=4f:7c19e2@b0",
    "anthropic/Hunted+Key=8d:51a6f3@c1",
    "google/Hunted+Key=e3:2b94d7@f5",
];

fn key(family: Family) -> &'static str {
    let place = Family::NATIVE.iter().position(|known| *known == family);
    KEYS[place.expect("a family with a key")]
}

/// Everything is logged; the caller sets the keys.
fn server(provider: &Provider) -> Builder {
    Server::builder()
        .envs(provider.urls())
        .env("LOG_LEVEL", "debug")
        // Hundreds of replies here are failures: each is requested once.
        .env("ANYGPT_RETRIES", "0")
}

/// The same with the long keys in the environment.
fn with_keys(provider: &Provider) -> Server {
    server(provider)
        .envs(VARIABLES.into_iter().zip(KEYS))
        .spawn()
}

/// Ends the server and searches everything it has written for these keys, in any form.
#[track_caller]
fn hunt(server: Server, keys: &[&str]) {
    let forms: Vec<String> = keys.iter().flat_map(|key| forms(key)).collect();
    assert_lacks(&written(server), &forms);
}

/// Everything the server wrote before its end.
fn written(mut server: Server) -> String {
    server.close_stdin();
    server.wait();
    String::from_utf8(server.stdout()).unwrap() + &server.stderr()
}

/// Panics with the lines that contain one of `forbidden`, and the text around it.
#[track_caller]
fn assert_lacks<T: AsRef<str>>(output: &str, forbidden: &[T]) {
    let found = places(output, forbidden);
    let shown = &found[..found.len().min(20)];
    assert!(found.is_empty(), "{} leaks: {shown:#?}", found.len());
}

/// A chat, and a list of models, with the replies of `family`; the results are not checked here.
fn talk(server: &mut Server, family: Family) -> Value {
    server.call_tool(CHAT, json!({"prompt": "hi", "model": family.model()}))
}

fn list(server: &mut Server, family: Family) -> Value {
    server.call_tool(LIST, json!({"provider": family.id()}))
}

// ----------------------------------------------------------------------------------------------- echoes

/// Replies that are errors and repeat `key`, which is a key in some form or `{{credential}}`.
fn echoing_errors(family: Family, key: &str) -> Vec<Reply> {
    let none: [&str; 0] = [];
    let said = format!("Incorrect API key provided: {key}.");
    let page = format!(
        "<!DOCTYPE html><html><head><title>{key}</title></head><body><pre>x-api-key: {key}</pre></body></html>"
    );
    let coded = json!({"error": {"message": "refused", "code": key, "type": key, "status": key},
        "type": "error", "request_id": key});
    let mut replies: Vec<Reply> = [400, 401, 403, 404, 413, 422, 429, 500, 503, 529]
        .map(|status| Reply::error(family, status, &said).header("retry-after-ms", "1"))
        .into();
    replies.extend([
        Reply::html(403, &page),
        Reply::plain(401, &said),
        Reply::plain(401, key),
        Reply::json(400, &json!(key)),
        Reply::json(400, &coded),
        Reply::json(
            400,
            &json!({"detail": [{"loc": ["header", key], "msg": key}]}),
        ),
        Reply::stream_error(family, none, &said),
        Reply::raw_stream(format!("data: {key}\n\n")),
        Reply::raw_stream(format!("event: error\ndata: {key}\n\n")),
        Reply::json(200, &json!({"error": {"message": said}})),
        in_headers(Reply::error(family, 400, "refused"), key),
    ]);
    replies
}

/// Replies that are answers and repeat `key`.
fn echoing_answers(family: Family, key: &str) -> Vec<Reply> {
    let said = format!("Your key is {key} as you know.");
    vec![
        Reply::text(family, &said),
        Reply::text(family, key),
        Reply::deltas(family, [said.as_str()], Duration::ZERO).dribble(),
        Reply::stream_error(family, ["some text "], &said),
        Reply::stream_error(family, [said.as_str()], "mock words"),
        Reply::deltas(family, [said.as_str()], Duration::ZERO).cut_after(1),
        in_headers(Reply::text(family, "hello"), key),
        named(family, key),
    ]
}

fn in_headers(reply: Reply, key: &str) -> Reply {
    [
        "x-request-id",
        "request-id",
        "cf-ray",
        "retry-after",
        "www-authenticate",
        "server",
    ]
    .iter()
    .fold(reply, |reply, name| reply.header(name, key))
}

/// An answer whose model, id and finish reason are the key.
fn named(family: Family, key: &str) -> Reply {
    let events = match family {
        Family::OpenAi => {
            let response = json!({"id": key, "model": key, "status": "incomplete", "incomplete_details": {"reason": key},
                "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}]});
            vec![json!({"type": "response.incomplete", "response": response})]
        }
        Family::Anthropic => vec![
            json!({"type": "message_start", "message": {"id": key, "model": key}}),
            json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "hello"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": key}}),
            json!({"type": "message_stop"}),
        ],
        Family::Google => vec![
            json!({"modelVersion": key, "responseId": key, "candidates": [
            {"index": 0, "finishReason": key, "content": {"parts": [{"text": "hello"}]}}]}),
        ],
        _ => panic!("{family:?} is none of the native ones"),
    };
    Reply::raw_pieces(events.iter().map(|event| format!("data: {event}\n\n")))
}

/// Lists of models that repeat `key`.
fn echoing_lists(family: Family, key: &str) -> Vec<Reply> {
    let list = match family {
        Family::OpenAi => {
            json!({"data": [{"id": format!("gpt-{key}"), "created": 1}]})
        }
        Family::Anthropic => json!({"data": [{"id": format!("claude-{key}"), "display_name": key,
            "created_at": "2026-01-01T00:00:00Z"}]}),
        Family::Google => {
            json!({"models": [{"name": format!("models/gemini-{key}"), "displayName": key,
            "supportedGenerationMethods": ["generateContent"]}]})
        }
        _ => panic!("{family:?} is none of the native ones"),
    };
    vec![
        Reply::json(200, &list),
        in_headers(Reply::json(200, &list), key),
        Reply::json(200, &json!({"data": key, "models": key})),
        Reply::plain(200, key),
    ]
}

#[test]
fn a_key_that_a_provider_repeats_never_comes_out() {
    for family in Family::NATIVE {
        let provider = Provider::start();
        let mut server = with_keys(&provider);
        let mut echoes = vec!["{{credential}}".to_owned()];
        // The encoded forms, as a proxy would repeat them.
        echoes.extend(forms(key(family)));
        for echo in &echoes {
            for reply in [echoing_errors(family, echo), echoing_answers(family, echo)].concat() {
                provider.always(family, reply);
                talk(&mut server, family);
            }
            for reply in [echoing_lists(family, echo), echoing_errors(family, echo)].concat() {
                provider.script_models(family, [reply]);
                list(&mut server, family);
            }
        }
        // The only model has the key in its name and is called; then an error names it.
        let lists = echoing_lists(family, key(family));
        provider.always(family, Reply::error(family, 404, "no such model"));
        provider.script_models(family, [lists[0].clone()]);
        server.call_tool(CHAT, json!({"prompt": "hi", "provider": family.id()}));
        provider.always(family, Reply::text(family, "hello"));
        provider.script_models(family, [lists[0].clone()]);
        server.call_tool(CHAT, json!({"prompt": "hi", "provider": family.id()}));

        let seen = provider.requests();
        assert!(
            seen.iter()
                .all(|request| request.credential() == key(family))
        );
        hunt(server, &KEYS);
    }
}

/// The client may send the key itself, or the model may send it in several pieces.
#[test]
fn a_key_that_arrives_in_pieces_or_from_the_client_never_comes_out() {
    for family in Family::NATIVE {
        let provider = Provider::start();
        let mut server = with_keys(&provider);
        let (head, tail) = key(family).split_at(9);
        provider.script(
            family,
            [Reply::deltas(
                family,
                ["so ", head, tail, " it is"],
                Duration::ZERO,
            )],
        );
        let result = talk(&mut server, family);
        assert_eq!(chat(&result)["text"], "so [redacted] it is");
        for model in [
            key(family).to_owned(),
            format!("{}/{}", family.id(), key(family)),
        ] {
            let arguments = json!({"prompt": key(family), "model": model, "provider": family.id(), key(family): 1});
            server.call_tool(CHAT, arguments);
        }
        for arguments in [
            json!({"prompt": "hi", "provider": key(family)}),
            json!({"prompt": "hi", "temperature": key(family)}),
            json!({"messages": [{"role": key(family), "content": "hi"}]}),
        ] {
            error(&server.call_tool(CHAT, arguments));
        }
        error(&server.call_tool(LIST, json!({"provider": key(family)})));
        hunt(server, &KEYS);
    }
}

/// Long messages and ids are shortened; the cut must not leave half a key.
#[test]
fn no_half_of_a_key_is_left_where_a_message_is_cut() {
    for family in Family::NATIVE {
        let provider = Provider::start();
        let mut server = with_keys(&provider);
        let key = key(family);
        let half = &key[..key.len() / 2];
        for length in [2000, 200] {
            for shown in [half.len() + 1, key.len() - 1] {
                let one_word = format!("{}{key}", "x".repeat(length - shown));
                let words = format!("{} {key}", "x ".repeat((length - shown) / 2));
                for said in [one_word, words] {
                    provider.script(
                        family,
                        [
                            Reply::error(family, 400, &said),
                            Reply::plain(400, &said),
                            Reply::error(family, 400, "refused")
                                .header("x-request-id", &said)
                                .header("request-id", &said),
                            Reply::text(family, "hello")
                                .header("x-request-id", &said)
                                .header("request-id", &said),
                        ],
                    );
                    for _ in 0..4 {
                        talk(&mut server, family);
                    }
                }
            }
        }
        assert_lacks(&written(server), &[half]);
    }
}

#[test]
fn a_long_key_is_replaced_in_an_answer_and_the_rest_of_it_stays() {
    let provider = Provider::start();
    let mut server = with_keys(&provider);
    for family in Family::NATIVE {
        provider.script(family, [Reply::credential_in_text(family)]);
        let result = talk(&mut server, family);
        assert_eq!(chat(&result)["text"], "Your key is [redacted] as you know.");
        provider.script(family, [Reply::credential_in_error(family, 401)]);
        let result = talk(&mut server, family);
        assert!(
            error(&result).contains("Incorrect API key provided: [redacted]"),
            "{result}"
        );
    }
    hunt(server, &KEYS);
}

#[test]
fn no_key_comes_out_whatever_else_happens() {
    let provider = Provider::start();
    let mut server = with_keys(&provider);
    let faults = FAULTS.lines().filter_map(|line| line.split(' ').next());
    // Words in capitals stand for numbers. A huge answer takes seconds in a debug build.
    let faults = faults.filter(|name| {
        !["fault-huge", "fault-endless", "fault-bytes"].contains(name)
            && !name.contains(char::is_uppercase)
    });
    let numbered = [
        "fault-401",
        "fault-429",
        "fault-503",
        "fault-529",
        "slow-5",
        "slow-start-5",
    ];
    let models: Vec<String> = faults
        .chain(numbered)
        .flat_map(|name| Family::NATIVE.map(|family| format!("{}/{name}", family.id())))
        .collect();
    // All at once: some of them end only at their deadline.
    for (id, model) in models.iter().enumerate() {
        let arguments = json!({"prompt": "hi", "model": model, "timeout_seconds": 1});
        let params = json!({"name": CHAT, "arguments": arguments, "_meta": {"progressToken": id}});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        server.send(&call.to_string());
    }
    let mut answers = 0;
    while answers < models.len() {
        answers += usize::from(server.json().get("result").is_some());
    }
    for family in Family::NATIVE {
        list(&mut server, family);
    }
    server.call_tool(LIST, json!({}));
    server.call_tool("anygpt_list_providers", json!({}));
    server.request("initialize", json!({"protocolVersion": "2025-11-25"}));
    server.request("tools/list", Value::Null);
    server.send("nonsense");
    server.json();
    hunt(server, &KEYS);
}

// -------------------------------------------------------------------------------------- where keys are

/// A new folder of this test program.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("secrets-{name}"));
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Makes a call whose reply repeats the key, and searches the output; the provider must have received the keys.
#[track_caller]
fn assert_used_and_hidden(provider: &Provider, mut server: Server) {
    server.call_tool("anygpt_list_providers", json!({}));
    for family in Family::NATIVE {
        provider.script(
            family,
            [
                Reply::credential_in_error(family, 401),
                Reply::credential_in_text(family),
                in_headers(Reply::error(family, 400, "refused"), "{{credential}}"),
            ],
        );
        error(&talk(&mut server, family));
        assert!(text(&talk(&mut server, family)).contains("[redacted]"));
        error(&talk(&mut server, family));
        let last = provider.requests().pop().unwrap();
        assert_eq!(last.credential(), key(family));
    }
    hunt(server, &KEYS);
}

#[test]
fn keys_from_files_never_come_out() {
    let folder = folder("files");
    let provider = Provider::start();
    let files = VARIABLES.into_iter().zip(KEYS).map(|(variable, key)| {
        let path = folder.join(variable);
        fs::write(&path, format!("{key}\r\n")).unwrap();
        (format!("{variable}_FILE"), path)
    });
    let server = server(&provider).envs(files).spawn();
    assert_used_and_hidden(&provider, server);
}

/// Nothing else of a secret's file is found in the process, so no second copy of its text is kept; the key itself is
/// found, so the search works. (Memory that is freed without being overwritten may be reused by chance.)
#[test]
fn the_text_of_a_secret_s_file_is_not_left_in_memory() {
    const KEY: &str = "sk-left-in-memory-0123456789-abcdefghij";
    let path = folder("memory").join("key");
    fs::write(&path, format!("        {KEY}\n")).unwrap();
    let beside = format!(" {KEY}\n");
    let mut server = Server::builder().env("OPENAI_API_KEY_FILE", &path).spawn();
    server.call_tool("anygpt_list_providers", json!({}));
    let pid = server.pid();
    let memory = match fs::File::open(format!("/proc/{pid}/mem")) {
        Ok(memory) => memory,
        Err(error) => {
            let why = format!("another process's memory cannot be read: {error}");
            assert!(std::env::var_os("CI").is_none(), "{why}");
            eprintln!("SKIPPED: {why}");
            return;
        }
    };
    let (mut keys, mut texts) = (0, 0);
    for line in fs::read_to_string(format!("/proc/{pid}/maps"))
        .unwrap()
        .lines()
    {
        let (range, rights) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let number = |hexadecimal| u64::from_str_radix(hexadecimal, 16).unwrap();
        let (start, end) = (number(start), number(end));
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        if rights.starts_with("rw") && memory.read_exact_at(&mut bytes, start).is_ok() {
            let count = |wanted: &[u8]| {
                bytes
                    .windows(wanted.len())
                    .filter(|it| *it == wanted)
                    .count()
            };
            keys += count(KEY.as_bytes());
            texts += count(beside.as_bytes());
        }
    }
    assert!(keys > 0, "the search finds nothing");
    assert_eq!(texts, 0, "of {keys} copies of the key");
}

#[test]
fn keys_from_the_configuration_file_never_come_out() {
    let folder = folder("configuration");
    let provider = Provider::start();
    let path = folder.join("anygpt.config.yaml");
    let entries = Family::NATIVE
        .map(|family| format!("  {}:\n    api_key: \"{}\"\n", family.id(), key(family)));
    fs::write(&path, format!("providers:\n{}", entries.concat())).unwrap();
    let server = server(&provider).env("CONFIG_FILE", &path).spawn();
    assert_used_and_hidden(&provider, server);
}

/// A key that cannot be used is a configuration error; several clients show stderr to their users.
#[test]
fn a_key_that_cannot_be_used_is_not_shown() {
    let folder = folder("unusable");
    let path = folder.join("key");
    fs::write(&path, format!("{}\n{}", KEYS[0], KEYS[1])).unwrap();
    let config = folder.join("anygpt.config.yaml");
    // Valid YAML of the wrong shape, and invalid YAML.
    for (place, text) in [
        ("list", format!("providers: [\"{}\"]\n", KEYS[0])),
        (
            "key",
            format!("providers:\n  openai:\n    api_key: [\"{}\"]\n", KEYS[0]),
        ),
        (
            "name",
            format!("providers:\n  openai:\n    apikey: \"{}\"\n", KEYS[0]),
        ),
        (
            "broken",
            format!("providers:\n  openai:\n  api_key: \"{}\n", KEYS[0]),
        ),
    ] {
        fs::write(config.with_file_name(format!("{place}.yaml")), text).unwrap();
    }
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let request = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";
    for (variable, value) in [
        ("OPENAI_API_KEY", format!("{}\n{}", KEYS[0], KEYS[1])),
        ("OPENAI_API_KEY", format!("{}ü", KEYS[0])),
        ("OPENAI_API_KEY_FILE", file("key")),
        (
            "OPENAI_BASE_URL",
            format!("https://user:{}@127.0.0.1/", forms(KEYS[0])[1]),
        ),
        // A slash ends the authority of a URL: the host is "user", the port is not a number.
        (
            "OPENAI_BASE_URL",
            format!("https://user:{}@127.0.0.1/", KEYS[0]),
        ),
        ("CONFIG_FILE", file("list.yaml")),
        ("CONFIG_FILE", file("key.yaml")),
        ("CONFIG_FILE", file("name.yaml")),
        ("CONFIG_FILE", file("broken.yaml")),
    ] {
        let output = server::run(
            &[],
            [(variable, value.as_str()), ("LOG_LEVEL", "debug")],
            request,
        );
        assert_eq!(
            output.code,
            Some(1),
            "{variable}={value:?}\n{}",
            output.stderr
        );
        let forms: Vec<String> = KEYS.iter().flat_map(|key| forms(key)).collect();
        assert_lacks(&(output.stdout + &output.stderr), &forms);
    }
}

/// Keys end up in the wrong place; what looks like one is masked in the message about it.
#[test]
fn a_key_in_the_wrong_variable_is_masked() {
    let request = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";
    for key in [
        "sk-proj-0123456789abcdef",
        "AIzaSy0123456789abcdef",
        "sk-ant-api03-0123456789",
    ] {
        for variable in [
            "LOG_LEVEL",
            "DEFAULT_PROVIDER",
            "ANYGPT_TIMEOUT",
            "ANYGPT_STANDBY",
            "CONFIG_FILE",
            "OPENAI_API_KEY_FILE",
            "OPENAI_BASE_URL",
        ] {
            let output = server::run(&[], [(variable, key)], request);
            assert_eq!(output.code, Some(1), "{variable}\n{}", output.stderr);
            assert!(output.stderr.contains(variable), "{}", output.stderr);
            let forms: Vec<String> = [key].iter().flat_map(|key| forms(key)).collect();
            assert_lacks(&(output.stdout + &output.stderr), &forms);
        }
    }
}

/// As above, for keys without a prefix: a value that may be a key is not repeated, one that cannot be a key is. Paths
/// and known words are shown.
#[test]
fn a_value_in_the_wrong_place_is_shown_only_if_it_cannot_be_a_key() {
    let request = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";
    let folder = folder("wrong-place");
    let config = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for key in [
        "Zk3TestKeyNoPrefix012345",
        "geheimes-wort-eines-menschen",
        "QUERYSECRETabcdef",
        "/Zk3Test+Key/0123==",
    ] {
        for (variable, value) in [
            ("LOG_LEVEL", key),
            ("LOG_FORMAT", key),
            ("DEFAULT_PROVIDER", key),
            ("ANYGPT_TIMEOUT", key),
            ("ANYGPT_RETRIES", key),
            ("ANYGPT_SHUTDOWN_GRACE", key),
            ("ANYGPT_STANDBY", key),
            ("ANYGPT_TOOLS", key),
            ("ANYGPT_STRUCTURED_OUTPUT", key),
            ("ANYGPT_ALLOW_INSECURE_HTTP", key),
            ("CONFIG_FILE", key),
            ("SSL_CERT_FILE", key),
            ("SSL_CERT_DIR", key),
            ("OPENAI_API_KEY_FILE", key),
            ("OPENAI_BASE_URL", key),
            ("ANYGPT_PROVIDER_X_BASE_URL", key),
            ("DOCKER_MODEL_RUNNER", key),
            ("HTTPS_PROXY", &format!("gopher://{key}")),
            (
                "CONFIG_FILE",
                &config("level", &format!("log: {{level: '{key}'}}")),
            ),
            (
                "CONFIG_FILE",
                &config("call", &format!("timeouts: {{call: '{key}'}}")),
            ),
            (
                "CONFIG_FILE",
                &config("type", &format!("providers: {{x: {{type: '{key}'}}}}")),
            ),
            (
                "CONFIG_FILE",
                &config("provider", &format!("defaults: {{provider: '{key}'}}")),
            ),
            (
                "CONFIG_FILE",
                &config("tools", &format!("tools: ['{key}']")),
            ),
            ("CONFIG_FILE", &config("unknown", &format!("'{key}': x"))),
        ] {
            let output = server::run(&[], [(variable, value)], request);
            let said = output.stdout + &output.stderr;
            assert!(!said.contains(key), "{variable}={value}: {said}");
            // A setting that cannot be checked at the start is not rejected then.
            if output.code == Some(1) && !["SSL_CERT_FILE", "SSL_CERT_DIR"].contains(&variable) {
                let place = match variable {
                    "CONFIG_FILE" => "onfiguration file",
                    variable => variable,
                };
                assert!(said.contains(variable) || said.contains(place), "{said}");
            }
        }
        for arguments in [
            &[key][..],
            &["config", "show", key],
            &["completions", key],
            &["docs", key],
            &[&format!("--{key}")],
            &["config", "show", &format!("--json={key}")],
            &["help", key],
        ] {
            let output = server::run(arguments, [("LOG_LEVEL", "debug")], b"");
            assert_eq!(output.code, Some(1), "{arguments:?}\n{}", output.stderr);
            let said = output.stdout + &output.stderr;
            assert!(!said.contains(key), "{arguments:?}: {said}");
        }
        // A configured key in a place where any word is valid.
        let variables = [("DEFAULT_MODEL", key), ("OPENAI_API_KEY", key)];
        for arguments in [
            &["chat", "-m", key, "hi"][..],
            &["resolve", key],
            &["config", "show"],
            &["doctor"],
        ] {
            let output = server::run(arguments, variables, b"");
            let said = output.stdout + &output.stderr;
            assert!(!said.contains(key), "{arguments:?}: {said}");
        }
    }
    for (variable, value, shown) in [
        ("LOG_LEVEL", "loud", "LOG_LEVEL is \"loud\""),
        (
            "DEFAULT_PROVIDER",
            "antropic",
            "\"antropic\": perhaps you mean anthropic",
        ),
        (
            "OPENAI_API_KEY_FILE",
            "/run/secrets/openai_api_key",
            "/run/secrets/openai_api_key",
        ),
        (
            "CONFIG_FILE",
            "/config/no.such.file.yaml",
            "/config/no.such.file.yaml",
        ),
    ] {
        let output = server::run(&[], [(variable, value)], request);
        assert!(output.stderr.contains(shown), "{}", output.stderr);
    }
}

/// An unknown name is repeated only if it cannot be a key.
#[test]
fn a_key_in_the_place_of_a_provider_is_not_repeated() {
    let variables = [("DEFAULT_PROVIDER", "mock")];
    for key in ["Zk3TestKeyNoPrefix012345", "geheimes-wort-eines-menschen"] {
        for arguments in [
            &["models", "--provider", key][..],
            &["models", "--resolve", &format!("{key}/gpt-5")],
            &[
                "chat",
                "-m",
                &format!("{key}/gpt-5"),
                "--provider",
                key,
                "hi",
            ],
        ] {
            let output = server::run(arguments, variables, b"");
            let said = output.stdout + &output.stderr;
            assert!(!said.contains(&format!("{key:?}")), "{said}");
        }
        let mut server = Server::builder().envs(variables).spawn();
        for (tool, arguments) in [
            (CHAT, json!({"prompt": "hi", "provider": key})),
            ("anygpt_list_models", json!({"provider": key})),
            ("anygpt_list_tags", json!({"provider": key})),
        ] {
            let result = server.call_tool(tool, arguments).to_string();
            assert!(result.contains("there is no provider"), "{result}");
            assert!(!result.contains(key), "{result}");
        }
        let near = json!({"prompt": "hi", "provider": "antropic"});
        let near = server.call_tool(CHAT, near).to_string();
        assert!(near.contains("antropic"), "{near}");
    }
}

/// Wherever it was typed: an error does not repeat text in the shape of a key.
#[test]
fn a_key_in_the_place_of_an_argument_is_not_repeated() {
    let variables = [("DEFAULT_PROVIDER", "mock")];
    for key in [
        "Zk3TestKeyNoPrefix012345",
        "0123456789abcdef0123456789abcdef",
        "sk-proj-Zk3TestKey",
    ] {
        for arguments in [
            &["chat", "--timeout", key, "hi"][..],
            &["chat", "--effort", key, "hi"],
            &["chat", "--max-tokens", key, "hi"],
            &["chat", "--provider", key, "hi"],
            &["chat", "-m", &format!("gpt-5@{key}"), "hi"],
            &["models", "--resolve", key],
            &["models", "--resolve", &format!("{key}/x")],
            &["models", "--resolve", &format!("openai/{key}")],
        ] {
            let output = server::run(arguments, variables, b"");
            let said = output.stdout + &output.stderr;
            assert!(!said.contains(key), "{arguments:?}: {said}");
        }
        let mut server = Server::builder().env("OPENAI_API_KEY", "k-123").spawn();
        for (tool, arguments) in [
            (CHAT, json!({"prompt": "hi", "model": format!("{key}/x")})),
            (CHAT, json!({"prompt": "hi", "reasoning_effort": key})),
            (CHAT, json!({"prompt": "hi", "timeout_seconds": key})),
            (CHAT, json!({"prompt": "hi", "temperature": key})),
            (CHAT, json!({"messages": [{"role": key, "content": "hi"}]})),
            ("anygpt_list_models", json!({"tag": key})),
            ("anygpt_list_models", json!({"capability": key})),
            (
                "anygpt_compare",
                json!({"prompt": "hi", "models": [key, "a"], "mode": key}),
            ),
        ] {
            let result = server.call_tool(tool, arguments).to_string();
            assert!(!result.contains(key), "{tool}: {result}");
        }
        for (name, arguments) in [
            ("list-capabilities", json!({"provider": key, "tag": key})),
            (
                "compare-providers",
                json!({"question": "a", "providers": key}),
            ),
            (
                "discover-and-chat",
                json!({"question": "a", "provider": key}),
            ),
        ] {
            let params = json!({"name": name, "arguments": arguments});
            let prompt = server.request("prompts/get", params).to_string();
            assert!(prompt.contains("no provider named"), "{prompt}");
            assert!(!prompt.contains(key), "{prompt}");
        }
    }
}

/// Any word can be a host or a model, except one in the shape of a key.
#[test]
fn a_key_in_the_place_of_a_host_or_a_model_is_not_used() {
    const KEY: &str = "Zk3TestKeyNoPrefix012345abcdEFGH";
    for (variable, stops) in [
        ("OLLAMA_HOST", false),
        ("OLLAMA_BASE_URL", false),
        ("LMSTUDIO_BASE_URL", false),
        ("HTTPS_PROXY", true),
        ("ALL_PROXY", true),
        ("NO_PROXY", false),
        ("DEFAULT_MODEL", false),
        ("ANYGPT_PROVIDER_OPENAI_MODEL", false),
    ] {
        let variables = [("DEFAULT_PROVIDER", "mock"), (variable, KEY)];
        for arguments in [&["config", "show"][..], &["doctor"], &["chat", "hi"]] {
            let output = server::run(arguments, variables, b"");
            let code = if stops { 1 } else { 0 };
            assert_eq!(output.code, Some(code), "{variable}: {}", output.stderr);
            let said = output.stdout + &output.stderr;
            assert!(!said.contains(KEY), "{variable}: {said}");
            assert!(
                said.contains("looks like a key")
                    || variable == "NO_PROXY"
                    || arguments[0] == "chat",
                "{variable}: {said}"
            );
        }
    }
}

// ---------------------------------------------------------------------------- secrets by their place, parts

const TOKEN: &str = "QUERYtoken7b41c9";
const TEAM: &str = "research-7b41/x";
const HEADER: &str = "header-value-3e5a";

/// A query in a base URL, and a header with an unknown name.
fn with_places(provider: &Provider) -> Builder {
    let urls = provider.urls().map(|(variable, url)| {
        let team = TEAM.replace('/', "%2F");
        let query = format!("api-version=2024-10-21&access_token={TOKEN}&team={team}");
        (variable, format!("{url}?{query}"))
    });
    Server::builder()
        .envs(VARIABLES.into_iter().zip(KEYS))
        .envs(urls)
        .env("LOG_LEVEL", "debug")
        .env("ANYGPT_RETRIES", "0")
        .env(
            "OPENAI_CUSTOM_HEADERS",
            format!("X-Gateway: {HEADER}\nX-Title: A title 77"),
        )
        .env(
            "ANTHROPIC_CUSTOM_HEADERS",
            format!("X-Gateway: Bearer {HEADER}"),
        )
}

#[test]
fn what_is_a_secret_by_its_place_is_hidden_where_errors_and_logs_repeat_it() {
    let secrets = [TOKEN, TEAM, HEADER];
    let forms: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let provider = Provider::start();
    // Answers may contain some of it.
    let mut server = with_places(&provider).shows_secrets().spawn();
    let list = server.call_tool("anygpt_list_providers", json!({}));
    assert_lacks(&list.to_string(), &forms);
    for family in Family::NATIVE {
        let dry = json!({"prompt": "hi", "model": family.model(), "dry_run": true});
        let dry = server.call_tool(CHAT, dry);
        assert!(
            chat(&dry)["endpoint"]
                .to_string()
                .contains("api-version=2024-10-21"),
            "{dry}"
        );
        assert!(
            chat(&dry)["endpoint"]
                .to_string()
                .contains("access_token=[redacted]"),
            "{dry}"
        );
        assert_lacks(&dry.to_string(), &forms);

        talk(&mut server, family);
        let path = provider.requests().pop().unwrap().path;
        assert!(path.contains(TOKEN), "{path}");
        for said in [
            format!("Unknown path {path}"),
            format!("Unknown path {TEAM} {TOKEN} with {HEADER}"),
            format!("x-gateway: {}", HEADER.to_uppercase()),
            format!("Bearer {HEADER}"),
        ] {
            for reply in [
                Reply::error(family, 404, &said),
                Reply::error(family, 401, &said),
                Reply::plain(403, &said),
                Reply::json(
                    400,
                    &json!({"detail": [{"loc": ["query", &said], "msg": &said}]}),
                ),
                Reply::stream_error(family, ["some text"], &said),
                Reply::plain(302, "")
                    .header("location", &format!("https://a.example/{TEAM}/{HEADER}")),
                in_headers(Reply::error(family, 500, "refused"), HEADER),
            ] {
                provider.script(family, [reply.clone()]);
                let result = talk(&mut server, family);
                assert_lacks(&result.to_string().to_lowercase(), &forms);
                assert_lacks(&result.to_string(), &forms);
                provider.script_models(family, [reply]);
                assert_lacks(&list_of(&mut server, family), &forms);
            }
        }
        // An answer may contain what may be an ordinary word, but not a key.
        let said = format!("The team is {TEAM}, and the header is {HEADER}.");
        provider.script(family, [Reply::text(family, &said)]);
        assert_eq!(chat(&talk(&mut server, family))["text"], said);
        provider.script(family, [Reply::text(family, &format!("It is {TOKEN}."))]);
        assert_eq!(
            chat(&talk(&mut server, family))["text"],
            "It is [redacted]."
        );
    }
    server.close_stdin();
    server.wait();
    assert_lacks(&server.stderr(), &forms);

    for arguments in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["doctor"],
        &["config", "validate"],
    ] {
        let output = with_places(&provider)
            .args(arguments.iter().copied())
            .run(b"");
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert_lacks(&(output.stdout + &output.stderr), &forms);
    }
}

fn list_of(server: &mut Server, family: Family) -> String {
    list(server, family).to_string()
}

/// Keys without a well-known prefix: a provider repeats the first or the last half, or breaks the line.
#[test]
fn a_part_of_a_key_is_hidden_where_errors_and_logs_repeat_it() {
    const KEY: &str = "Zk3TestKeyNoPrefix/0123+456789ab";
    let broken = format!("{}\n{} {}", &KEY[..9], &KEY[9..20], &KEY[20..]);
    for family in Family::NATIVE {
        let provider = Provider::start();
        let mut server = server(&provider)
            .envs(VARIABLES.map(|variable| (variable, KEY)))
            .spawn();
        for said in [
            format!("bad key {}...", &KEY[..24]),
            format!("bad key ...{}", &KEY[24..]),
            format!("bad key {}", &KEY[8..16]),
            format!("bad key {}", KEY.to_lowercase()),
            format!("bad key {}", forms(KEY)[1].split_at(26).0),
            format!("bad key {}", forms(KEY)[4].split_at(20).0),
            format!("bad key {broken}"),
            format!("bad key {}", json!(broken)),
        ] {
            for reply in [
                Reply::error(family, 401, &said),
                Reply::plain(400, &said),
                Reply::stream_error(family, ["some text"], &said),
                Reply::json(
                    400,
                    &json!({"error": {"message": "refused", "code": &said[8..], "type": &said[8..]}}),
                ),
                Reply::plain(301, "")
                    .header("location", &format!("https://a.example/{}", &KEY[..18])),
                named_end(family, &KEY[..24]),
                Reply::error(family, 500, "refused")
                    .header("x-request-id", &KEY[..24])
                    .header("request-id", &KEY[..24]),
            ] {
                provider.script(family, [reply.clone()]);
                talk(&mut server, family);
                provider.script_models(family, [reply]);
                list(&mut server, family);
            }
            provider.script(family, [Reply::error(family, 401, &said)]);
            let refused = talk(&mut server, family);
            assert!(error(&refused).contains("bad key "), "{refused}");
        }
        provider.script_models(family, echoing_lists(family, &KEY[..18]));
        for _ in echoing_lists(family, KEY) {
            list(&mut server, family);
        }
        // The client's own text is in the log, too.
        talk(&mut server, family);
        server.call_tool(
            CHAT,
            json!({"prompt": "hi", "model": format!("{}/{}", family.id(), &KEY[..18])}),
        );
        let mut parts = runs(KEY);
        parts.extend(runs(&KEY.to_lowercase()));
        parts.extend(broken.split(['\n', ' ']).map(str::to_owned));
        server.close_stdin();
        server.wait();
        assert_lacks(&server.stderr(), &parts);
        assert_lacks(&String::from_utf8(server.stdout()).unwrap(), &parts);
    }
}

/// A stream without text that ends with this reason.
fn named_end(family: Family, reason: &str) -> Reply {
    let events = match family {
        Family::OpenAi => {
            let response = json!({"id": "r", "model": "m", "status": "incomplete",
                "incomplete_details": {"reason": reason}, "output": []});
            vec![json!({"type": "response.incomplete", "response": response})]
        }
        Family::Anthropic => vec![
            json!({"type": "message_start", "message": {"id": "r", "model": "m"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": reason}}),
            json!({"type": "message_stop"}),
        ],
        Family::Google => vec![json!({"modelVersion": "m", "responseId": "r",
            "candidates": [{"index": 0, "finishReason": reason}]})],
        _ => panic!("{family:?} is none of the native ones"),
    };
    Reply::raw_pieces(events.iter().map(|event| format!("data: {event}\n\n")))
}

/// For instance a date, or the name of a variable: by chance it is in a key, too.
#[test]
fn our_own_words_and_the_time_stay_whatever_a_key_is() {
    let earlier = server::run(&[], [("DEFAULT_PROVIDER", "openai")], b"").stderr;
    let time = earlier.lines().find(|line| line.contains("WARN")).unwrap();
    // Year and month of a log line.
    let time = &time[..8];
    let own = [
        "answered HTTP 401",
        "Check the key in OPENAI_API_KEY, then restart the server.",
        "the endpoint redirects to",
        "which is not followed",
        "finish reason",
    ];
    let provider = Provider::start();
    let key = format!("{time}{}", own.join("/").replace(' ', ""));
    let mut server = server(&provider)
        .env("OPENAI_API_KEY", &key)
        .shows_secrets()
        .spawn();
    let family = Family::OpenAi;
    let mut said = String::new();
    for reply in [
        Reply::error(family, 401, "refused"),
        Reply::plain(302, "").header("location", "https://a.example/v1"),
        named_end(family, "content_filter"),
    ] {
        provider.script(family, [reply]);
        said.push_str(error(&talk(&mut server, family)));
    }
    for own in own {
        assert!(said.contains(own), "{own:?} is not in {said}");
    }
    server.close_stdin();
    server.wait();
    let log = server.stderr();
    assert!(
        !log.contains("[redacted]") && log.contains("which is not followed"),
        "{log}"
    );
}

/// A local server needs no key, and its examples use some word in its place.
#[test]
fn a_word_that_examples_have_for_a_key_is_redacted_nowhere() {
    for word in [
        "none",
        "EMPTY",
        "lm-studio",
        "not-needed",
        "sk-no-key-required",
    ] {
        let provider = Provider::start();
        let mut server = server(&provider)
            .envs(VARIABLES.map(|variable| (variable, word)))
            .shows_secrets()
            .spawn();
        for family in Family::NATIVE {
            let said = format!("Start {word} first.");
            provider.script(
                family,
                [Reply::text(family, &said), Reply::error(family, 404, &said)],
            );
            assert_eq!(chat(&talk(&mut server, family))["text"], said);
            // It has the shape of a key, which is enough in an error.
            let refused = talk(&mut server, family);
            if !word.starts_with("sk-") {
                assert!(
                    error(&refused).contains("Start ") && error(&refused).contains(word),
                    "{refused}"
                );
            }
        }
    }
}

/// Words of examples next to random letters do not make it an example.
#[test]
fn a_key_of_one_s_own_with_words_of_examples_is_a_secret() {
    for key in [
        "my-a8f3k2p9x7-key",
        "your-team-8fj2983fj2",
        "example-Zk39dkfj39",
    ] {
        let provider = Provider::start();
        let mut server = server(&provider)
            .envs(VARIABLES.map(|variable| (variable, key)))
            .spawn();
        for family in Family::NATIVE {
            let said = format!("It is {key}.");
            provider.script(
                family,
                [Reply::text(family, &said), Reply::error(family, 404, &said)],
            );
            assert_eq!(
                chat(&talk(&mut server, family))["text"],
                "It is [redacted]."
            );
            let refused = talk(&mut server, family);
            assert!(!error(&refused).contains(key), "{refused}");
        }
    }
}

/// The kernel writes none, nor pipes one to the program in `core_pattern`.
#[test]
fn a_core_dump_holds_no_key() {
    let mut server = Server::builder()
        .env("OPENAI_API_KEY", "sk-in-the-core")
        .spawn();
    server.call_tool("anygpt_list_providers", json!({}));
    let limits = format!("/proc/{}/limits", server.pid());
    let limits = fs::read_to_string(limits).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.unwrap().split_whitespace().collect();
    // Where the hard limit is zero already, it stays zero.
    assert!(core[4..6] == ["1", "1"] || core[5] == "0", "{core:?}");
}

// ------------------------------------------------------------------------------ short keys, look-alikes

/// A short key may be an ordinary word, so it cannot be replaced; a message that repeats it is withheld.
#[test]
fn a_provider_s_message_that_repeats_a_short_key_is_withheld() {
    const SHORT: &str = "test";
    for family in Family::NATIVE {
        let provider = Provider::start();
        let mut server = server(&provider)
            .envs(VARIABLES.map(|variable| (variable, SHORT)))
            .spawn();
        for (place, reply) in echoing_errors(family, "{{credential}}")
            .into_iter()
            .enumerate()
        {
            provider.always(family, reply.clone());
            provider.script_models(family, [reply]);
            let failed = talk(&mut server, family);
            assert!(
                error(&failed).contains(family.id()),
                "error {place}: {failed}"
            );
            list(&mut server, family);
        }
        provider.always(
            family,
            Reply::stream_error(family, ["some text"], "no key like {{credential}}"),
        );
        let result = talk(&mut server, family);
        assert!(
            !chat(&result)["warnings"].to_string().contains(SHORT),
            "{result}"
        );
        assert_lacks(&written(server), &[SHORT]);
    }
}

#[test]
fn a_word_that_happens_to_be_a_short_key_stays_in_answers() {
    let provider = Provider::start();
    let mut server = server(&provider)
        .envs(VARIABLES.map(|variable| (variable, "test")))
        .spawn();
    for family in Family::NATIVE {
        provider.script(family, [Reply::text(family, "The latest test of a test.")]);
        let result = talk(&mut server, family);
        assert_eq!(chat(&result)["text"], "The latest test of a test.");
        provider.script(family, [Reply::error(family, 400, "mock words")]);
        let result = talk(&mut server, family);
        assert!(
            error(&result).contains("mock words"),
            "only what repeats it is withheld"
        );
    }
}

#[test]
fn what_looks_like_a_key_is_masked_in_errors_and_logs_and_stays_in_answers() {
    let provider = Provider::start();
    let mut server = with_keys(&provider);
    let lookalikes = [
        "sk-proj-Zm9yZWlnbiBrZXk",
        "sk-ant-api03-Zm9yZWlnbg",
        "AIzaSyZm9yZWlnbiBrZXk",
        "gsk_Zm9yZWlnbiBrZXk",
        "xai-Zm9yZWlnbiBrZXk",
        "Bearer Zm9yZWlnbiBrZXk",
    ];
    for family in Family::NATIVE {
        for lookalike in lookalikes {
            let said = format!("Use {lookalike}, said a page on risk-management-tools.");
            provider.script(family, [Reply::text(family, &said)]);
            assert_eq!(chat(&talk(&mut server, family))["text"], said);

            // The message of a refused request is not logged, that of a refused key is.
            for status in [400, 401] {
                provider.script(family, [Reply::error(family, status, &said)]);
                let result = talk(&mut server, family);
                assert!(!error(&result).contains(lookalike), "{result}");
                assert!(error(&result).contains("risk-management-tools"), "{result}");
            }
            provider.script(
                family,
                [
                    Reply::error(family, 400, "refused")
                        .header("x-request-id", lookalike)
                        .header("request-id", lookalike),
                    Reply::stream_error(family, ["some text"], &said),
                ],
            );
            assert!(!error(&talk(&mut server, family)).contains(lookalike));
            let partial = talk(&mut server, family);
            assert!(
                !chat(&partial)["warnings"].to_string().contains(lookalike),
                "{partial}"
            );

            provider.script_models(family, [Reply::error(family, 400, &said)]);
            assert!(!error(&list(&mut server, family)).contains(lookalike));
        }
    }
    server.close_stdin();
    server.wait();
    let stderr = server.stderr();
    assert!(
        stderr.contains("risk-management-tools"),
        "nothing to look at: {stderr}"
    );
    assert_lacks(&stderr, &lookalikes);
}
