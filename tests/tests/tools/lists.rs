//! Lists end to end: the providers' models, the configured providers, and the tags.
//!
//! Never here: which model a chat picks from a list (`chat.rs`), keys in lists (`process/secrets.rs`).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anygpt_tests::outcome::{answer, assert_parts, error, text, warnings};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::schema;
use anygpt_tests::server::Server;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const LIST: &str = "anygpt_list_models";
const PROVIDERS: &str = "anygpt_list_providers";
const TAGS: &str = "anygpt_list_tags";
const CHAT: &str = "anygpt_chat_completion";

fn start() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder().envs(provider.env()).spawn();
    (provider, server)
}

/// The mock provider's list of a family, all pages, in the order of the tool's lists.
fn offered(family: Family) -> [&'static str; 4] {
    match family {
        Family::OpenAi => [
            "gpt-4.1",
            "gpt-5.6-luna",
            "gpt-5.6-terra",
            "text-embedding-3-small",
        ],
        Family::Anthropic => [
            "claude-haiku-4-5",
            "claude-opus-5",
            "claude-sonnet-4-5",
            "claude-sonnet-5",
        ],
        Family::Google => [
            "gemini-2.5-flash",
            "gemini-2.5-pro",
            "gemini-3.5-flash",
            "gemini-embedding-001",
        ],
        _ => panic!("{family:?} is none of the native ones"),
    }
}

/// The entries of one provider in a list.
fn of_provider<'a>(structured: &'a Value, id: &str) -> Vec<&'a Value> {
    let models = structured["models"].as_array().expect("a list of models");
    models
        .iter()
        .filter(|model| model["provider"] == id)
        .collect()
}

fn ids<'a>(models: &[&'a Value]) -> Vec<&'a str> {
    models
        .iter()
        .filter_map(|model| model["id"].as_str())
        .collect()
}
// ----------------------------------------------------------------------------------------------- models

#[test]
fn a_list_has_all_pages_of_a_provider_and_what_it_says_of_each_model() {
    let (provider, mut server) = start();
    for (family, paths, first) in [
        (
            Family::OpenAi,
            vec!["/openai/v1/models"],
            json!({"id": "gpt-4.1", "provider": "openai", "created": 1_790_000_000,
                "capabilities": ["chat", "vision", "tools", "json"]}),
        ),
        (
            Family::Anthropic,
            vec![
                "/anthropic/v1/models?limit=1000",
                "/anthropic/v1/models?limit=1000&after_id=claude-sonnet-5",
            ],
            json!({"id": "claude-haiku-4-5", "provider": "anthropic", "name": "claude-haiku-4-5",
                "capabilities": ["chat", "vision", "tools", "reasoning", "json"],
                "created": 1_777_593_600, "input_token_limit": 200_000, "output_token_limit": 64_000}),
        ),
        (
            Family::Google,
            vec![
                "/google/v1beta/models?pageSize=1000",
                "/google/v1beta/models?pageSize=1000&pageToken=page-2",
            ],
            json!({"id": "gemini-2.5-flash", "provider": "google", "name": "gemini-2.5-flash",
                "capabilities": ["chat", "vision", "tools", "reasoning", "json"],
                "input_token_limit": 1_048_576, "output_token_limit": 65_536}),
        ),
    ] {
        let before = provider.requests().len();
        let arguments = json!({"provider": family.id(), "details": true});
        let result = server.call_tool(LIST, arguments);
        let got = answer(&result);
        let models = of_provider(got, family.id());
        assert_eq!(ids(&models), offered(family));
        assert_eq!(
            (got["models"].as_array().unwrap().len(), &got["total"]),
            (4, &json!(4)),
            "nobody else's: {got}"
        );
        // The table adds what it knows.
        for (member, value) in first.as_object().unwrap() {
            assert_eq!(&models[0][member], value, "{member}: {got}");
        }
        // The embedding models at the end of two lists are not chat models.
        let can = models[3]["capabilities"].as_array().unwrap();
        let chats = can.contains(&json!("chat"));
        assert_eq!(chats, family == Family::Anthropic, "{got}");
        assert_eq!((got.get("errors"), got.get("warnings")), (None, None));
        for (line, id) in text(&result).lines().zip(offered(family)) {
            assert_parts(line, &[&format!("{}/{id}: ", family.id())]);
        }

        let requests = provider.requests().split_off(before);
        let sent: Vec<&str> = requests
            .iter()
            .map(|request| request.path.as_str())
            .collect();
        assert_eq!(sent, paths);
        for request in &requests {
            assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
            assert_eq!(request.credential(), family.key());
        }
    }
}

#[test]
fn without_a_provider_all_of_them_are_listed() {
    let (_provider, mut server) = start();
    let result = server.call_tool(LIST, json!({}));
    for family in Family::NATIVE {
        assert_eq!(
            ids(&of_provider(answer(&result), family.id())),
            offered(family)
        );
        assert!(text(&result).contains(&format!("{}/{}", family.id(), family.model())));
    }
    assert_eq!(answer(&result)["models"].as_array().unwrap().len(), 12);
}

#[test]
fn the_newest_models_come_first_where_the_provider_tells_their_age() {
    let (provider, mut server) = start();
    let openai = json!({"data": [{"id": "b", "created": 2}, {"id": "none"}, {"id": "c", "created": 3}, {"id": "a", "created": 1}]});
    let anthropic = json!({"data": [
        {"id": "b", "created_at": "2025-01-01T00:00:00Z"}, {"id": "none"},
        {"id": "c", "created_at": "2026-01-01T00:00:00Z"}, {"id": "a", "created_at": "2024-01-01T00:00:00Z"}]});
    for (family, list) in [(Family::OpenAi, openai), (Family::Anthropic, anthropic)] {
        provider.script_models(family, [Reply::json(200, &list)]);
        let result = server.call_tool(LIST, json!({"provider": family.id()}));
        assert_eq!(
            ids(&of_provider(answer(&result), family.id())),
            ["c", "b", "a", "none"]
        );
    }
}

#[test]
fn one_failing_provider_stands_beside_the_lists_of_the_others() {
    for failing in Family::NATIVE {
        for (reply, parts) in [
            (
                Reply::error(failing, 401, "mock words"),
                ["auth", "401", "mock words"],
            ),
            (
                Reply::error(failing, 503, "mock words"),
                ["unavailable", "503", "mock words"],
            ),
            (
                Reply::html(502, "<html><title>Bad Gateway</title>"),
                ["unavailable", "502", "HTML"],
            ),
            (
                Reply::html(200, "<html><title>Log in</title>"),
                ["unavailable", "HTML", "Log in"],
            ),
            (
                Reply::json(200, &json!({"data": 1, "models": 1})),
                ["unavailable", "", ""],
            ),
            // An error inside a 200 is one, too.
            (
                Reply::error(failing, 503, "mock words").status(200),
                ["unavailable", "mock words", ""],
            ),
            (Reply::cut(), ["network", "", ""]),
            (
                Reply::json(200, &json!({})).cut_after(0),
                ["network", "", ""],
            ),
        ] {
            let provider = Provider::start();
            let mut server = Server::builder()
                .envs(provider.env())
                .env("ANYGPT_RETRIES", "0")
                .spawn();
            provider.script_models(failing, vec![reply; 2]);
            let result = server.call_tool(LIST, json!({}));
            let got = answer(&result);
            for family in Family::NATIVE {
                let expected = if family == failing {
                    &[][..]
                } else {
                    &offered(family)[..]
                };
                assert_eq!(ids(&of_provider(got, family.id())), expected, "{got}");
            }
            let [problem] = &got["errors"].as_array().unwrap()[..] else {
                panic!("one error: {got}");
            };
            let problem = problem.as_str().unwrap();
            assert_parts(problem, &parts);
            assert_parts(problem, &[failing.id()]);
            assert!(text(&result).contains(problem), "{result}");

            let result = server.call_tool(LIST, json!({"provider": failing.id()}));
            assert_parts(error(&result), &parts);
        }
    }
}

#[test]
fn a_provider_that_hangs_costs_its_own_list_only() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("ANYGPT_TIMEOUT", "3")
        .spawn();
    provider.script_models(Family::Anthropic, [Reply::hang()]);
    let result = server.call_tool(LIST, json!({}));
    let got = answer(&result);
    for (id, count) in [("openai", 4), ("anthropic", 0), ("google", 4)] {
        assert_eq!(of_provider(got, id).len(), count, "{got}");
    }
    let problem = got["errors"][0].as_str().unwrap();
    assert_parts(problem, &["timeout", "anthropic", "3 s"]);
}

#[test]
fn all_failing_is_an_error_that_names_each() {
    let (provider, mut server) = start();
    for (family, status) in Family::NATIVE.into_iter().zip([401, 403, 404]) {
        provider.script_models(
            family,
            [Reply::error(
                family,
                status,
                &format!("mock words {status}"),
            )],
        );
    }
    let result = server.call_tool(LIST, json!({}));
    let lines: Vec<&str> = error(&result).lines().collect();
    assert_eq!(lines.len(), 3);
    for ((family, status), line) in Family::NATIVE.into_iter().zip([401, 403, 404]).zip(lines) {
        assert_parts(line, &[family.id(), &format!("mock words {status}")]);
    }
}

#[test]
fn a_provider_is_found_by_its_names_and_an_unknown_one_is_an_error_that_lists_them() {
    let (provider, mut server) = start();
    for name in ["google", "gemini", "Google", "GEMINI", " google "] {
        let result = server.call_tool(LIST, json!({"provider": name}));
        assert_eq!(
            ids(&of_provider(answer(&result), "google")),
            offered(Family::Google)
        );
    }
    let before = provider.requests().len();
    let result = server.call_tool(LIST, json!({"provider": "nobody"}));
    assert_parts(error(&result), &["nobody", "openai, anthropic, google"]);
    let result = server.call_tool(LIST, json!({"provider": 7}));
    assert_parts(error(&result), &["provider", "string"]);
    assert_eq!(provider.requests().len(), before, "no request was sent");
}

#[test]
fn unknown_arguments_are_named_in_a_warning() {
    let (_provider, mut server) = start();
    let result = server.call_tool(LIST, json!({"provider": "google", "colour": "blue"}));
    assert_parts(&warnings(answer(&result)), &["colour"]);
    assert_parts(text(&result), &["colour"]);
    let result = server.call_tool(PROVIDERS, json!({"colour": "blue"}));
    assert_parts(&warnings(answer(&result)), &["colour"]);
}

#[test]
fn a_list_that_never_ends_is_given_up_and_one_that_turns_round_is_taken() {
    let (provider, mut server) = start();
    let page = |id: usize, next: usize| {
        Reply::json(
            200,
            &json!({"models": [{"name": format!("models/gemini-{id}"),
            "supportedGenerationMethods": ["generateContent"]}], "nextPageToken": next.to_string()}),
        )
    };
    provider.script_models(
        Family::Google,
        (0..1000).map(|number| page(number, number + 1)),
    );
    let result = server.call_tool(LIST, json!({"provider": "google"}));
    assert_parts(error(&result), &["unavailable", "google", "pages"]);

    let (provider, mut server) = start();
    provider.script_models(Family::Google, [page(0, 7), page(1, 7), page(2, 7)]);
    let result = server.call_tool(LIST, json!({"provider": "google"}));
    assert_eq!(
        ids(&of_provider(answer(&result), "google")),
        ["gemini-0", "gemini-1"]
    );
}

#[test]
fn an_empty_list_is_an_answer() {
    let (provider, mut server) = start();
    for (family, list) in [
        (Family::OpenAi, json!({"object": "list", "data": []})),
        (
            Family::Anthropic,
            json!({"data": [], "has_more": false, "first_id": null, "last_id": null}),
        ),
        (Family::Google, json!({})),
    ] {
        provider.script_models(family, [Reply::json(200, &list)]);
        let result = server.call_tool(LIST, json!({"provider": family.id()}));
        let got = answer(&result);
        assert_eq!((&got["models"], &got["total"]), (&json!([]), &json!(0)));
        assert_eq!(text(&result), "The list is empty.");
    }
}

#[test]
fn a_cancelled_list_drops_its_connections_and_is_never_answered() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        provider.script_models(family, [Reply::hang()]);
    }
    let call = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": LIST}});
    server.send(&call.to_string());
    provider.wait_requests(3, LIMIT);
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}});
    server.send(&cancel.to_string());
    provider.wait_no_connections(LIMIT);
    answer(&server.call_tool(LIST, json!({})));
    server.close_stdin();
    assert_eq!(server.wait().code, Some(0));
    let all = String::from_utf8(server.stdout()).unwrap();
    assert_eq!(all.lines().count(), 1, "{all}");
}

#[test]
fn the_built_in_echo_lists_its_model_without_a_network_alone_and_beside_others() {
    let mut server = Server::builder().env("DEFAULT_PROVIDER", "mock").spawn();
    for arguments in [json!({}), json!({"provider": "mock"})] {
        let result = server.call_tool(LIST, arguments);
        assert_eq!(ids(&of_provider(answer(&result), "mock")), ["mock-echo"]);
        assert_eq!(text(&result), "mock/mock-echo");
    }
    let result = server.call_tool(LIST, json!({"provider": "openai"}));
    assert_parts(error(&result), &["openai", "OPENAI_API_KEY"]);

    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("DEFAULT_PROVIDER", "mock")
        .spawn();
    let result = server.call_tool(LIST, json!({}));
    assert_eq!(answer(&result)["models"].as_array().unwrap().len(), 13);
}

#[test]
fn a_local_endpoint_needs_no_key_and_is_sent_none() {
    let provider = Provider::start();
    // OpenAI's format only: for the three real services the mock requires a key.
    let url = provider.base_url(Family::Compatible);
    let mut server = Server::builder().env("OPENAI_BASE_URL", url).spawn();
    let result = server.call_tool(LIST, json!({}));
    assert_eq!(of_provider(answer(&result), "openai").len(), 4);
    let request = provider.requests().pop().unwrap();
    assert_eq!(request.credential(), "");
}

// -------------------------------------------------------------------------------------------- providers

/// The listed fields of a provider: id, usable, default, origin of its key.
type Said<'a> = (&'a str, bool, bool, Option<&'a str>);

/// Variables, the listed providers, and a variable that is missing.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [Said<'a>], &'a str);

#[test]
fn providers_say_whether_they_can_be_used_and_where_their_key_is_from() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("models-key");
    fs::write(&path, "key-from-a-file\n").unwrap();
    let path = path.to_str().unwrap();
    let in_file = format!("GOOGLE_API_KEY_FILE ({path})");
    let off = "OPENAI_API_KEY";
    let cases: [Case<'_>; 5] = [
        (
            &[
                ("OPENAI_API_KEY", "hidden-1"),
                ("ANTHROPIC_API_KEY", "<UNKNOWN>"),
                ("GEMINI_API_KEY", "hidden-2"),
            ],
            &[
                ("openai", true, true, Some("OPENAI_API_KEY")),
                ("anthropic", false, false, None),
                ("google", true, false, Some("GEMINI_API_KEY")),
            ],
            "ANTHROPIC_API_KEY",
        ),
        (
            &[
                ("ANTHROPIC_API_KEY", "hidden-1"),
                ("GOOGLE_API_KEY_FILE", path),
                ("DEFAULT_PROVIDER", "gemini"),
            ],
            &[
                ("openai", false, false, None),
                ("anthropic", true, false, Some("ANTHROPIC_API_KEY")),
                ("google", true, true, Some(&in_file)),
            ],
            off,
        ),
        (
            &[
                ("ANTHROPIC_API_KEY", "hidden-1"),
                ("DEFAULT_PROVIDER", "openai"),
            ],
            &[
                ("openai", false, true, None),
                ("anthropic", true, false, Some("ANTHROPIC_API_KEY")),
                ("google", false, false, None),
            ],
            off,
        ),
        (
            &[("DEFAULT_PROVIDER", "mock")],
            &[
                ("openai", false, false, None),
                ("anthropic", false, false, None),
                ("google", false, false, None),
                ("mock", true, true, None),
            ],
            off,
        ),
        (
            &[],
            &[
                ("openai", false, false, None),
                ("anthropic", false, false, None),
                ("google", false, false, None),
            ],
            off,
        ),
    ];
    for (variables, expected, missing) in cases {
        let mut server = Server::builder().envs(variables.iter().copied()).spawn();
        let result = server.call_tool(PROVIDERS, json!({}));
        let got = answer(&result);
        let said: Vec<Said<'_>> = got["providers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|provider| {
                let usable = provider["usable"].as_bool().unwrap();
                // A provider that is off has a reason, others have none.
                assert_eq!(provider["problem"].is_string(), !usable, "{provider}");
                assert_eq!(provider["type"], provider["id"], "{provider}");
                assert!(provider["base_url"].is_string(), "{provider}");
                (
                    provider["id"].as_str().unwrap(),
                    usable,
                    provider["default"].as_bool().unwrap(),
                    provider["key_from"].as_str(),
                )
            })
            .collect();
        assert_eq!(said, expected, "{variables:?}");
        let all = result.to_string();
        assert!(all.contains(missing), "{result}");
        assert!(
            !all.contains("hidden-") && !all.contains("key-from-a-file"),
            "{result}"
        );
        for (id, usable, default, _) in expected {
            let mark = if *default { " (default)" } else { "" };
            let state = if *usable { "usable" } else { "off: " };
            assert_parts(text(&result), &[&format!("{id}{mark}: {state}")]);
        }
    }
}

#[test]
fn the_default_model_and_base_urls_are_told() {
    let (provider, _server) = start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("DEFAULT_MODEL", "gpt-4.1")
        .spawn();
    let result = server.call_tool(PROVIDERS, json!({}));
    let got = answer(&result);
    assert_eq!(got["default_model"], "gpt-4.1");
    assert_parts(text(&result), &["gpt-4.1"]);
    for (family, listed) in Family::NATIVE
        .into_iter()
        .zip(got["providers"].as_array().unwrap())
    {
        assert_eq!(listed["base_url"], provider.base_url(family));
    }
    assert_eq!(provider.requests().len(), 0, "no connection is needed");
}

// ------------------------------------------------------------------------------------------------- tags

/// A configuration file of this test program.
fn config(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("models-{name}.yaml"));
    fs::write(&path, text).unwrap();
    path
}

/// Three tags; models of two providers have `fast`.
const TAGGED: &str = "models:
  anthropic/claude-haiku-4-5: {tags: [Fast, cheap]}
  openai/gpt-5.6-luna: {tags: [fast]}
  google/gemini-2.5-pro: {tags: [smart]}
  google/unlisted/model: {tags: [smart, long-context]}
";

/// A server with all three providers and that file.
fn start_tagged(name: &str) -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", config(name, TAGGED))
        .spawn();
    (provider, server)
}

#[test]
fn tags_are_listed_with_what_they_lead_to() {
    let (provider, mut server) = start_tagged("tags");
    let result = server.call_tool(TAGS, json!({}));
    assert_eq!(
        answer(&result),
        &json!({"tags": [
            {"tag": "Fast", "model": "claude-haiku-4-5", "provider": "anthropic", "usable": true,
             "models": ["anthropic/claude-haiku-4-5", "openai/gpt-5.6-luna"]},
            {"tag": "cheap", "model": "claude-haiku-4-5", "provider": "anthropic", "usable": true,
             "models": ["anthropic/claude-haiku-4-5"]},
            {"tag": "smart", "model": "gemini-2.5-pro", "provider": "google", "usable": true,
             "models": ["google/gemini-2.5-pro", "google/unlisted/model"]},
            {"tag": "long-context", "model": "unlisted/model", "provider": "google", "usable": true,
             "models": ["google/unlisted/model"]},
        ]})
    );
    assert_eq!(
        text(&result),
        "Fast: anthropic/claude-haiku-4-5; also openai/gpt-5.6-luna\n\
         cheap: anthropic/claude-haiku-4-5\n\
         smart: google/gemini-2.5-pro; also google/unlisted/model\n\
         long-context: google/unlisted/model"
    );

    let result = server.call_tool(TAGS, json!({"provider": "OpenAI", "colour": "blue"}));
    assert_eq!(
        answer(&result)["tags"],
        json!([{"tag": "Fast", "model": "gpt-5.6-luna", "provider": "openai", "usable": true,
            "models": ["openai/gpt-5.6-luna"]}])
    );
    assert_parts(&warnings(answer(&result)), &["colour"]);
    assert_parts(text(&result), &["Fast: openai/gpt-5.6-luna\n", "colour"]);
    assert_parts(
        error(&server.call_tool(TAGS, json!({"provider": "nobody"}))),
        &["nobody", "openai, anthropic, google"],
    );
    assert_eq!(provider.requests().len(), 0, "no connection is needed");
}

#[test]
fn a_tag_says_if_none_of_its_models_can_be_used() {
    let mut server = Server::builder()
        .env("OPENAI_API_KEY", "hidden-key")
        .env("CONFIG_FILE", config("unusable", TAGGED))
        .spawn();
    let result = server.call_tool(TAGS, json!({}));
    let tags = &answer(&result)["tags"];
    // The first usable one, not the first.
    assert_eq!(
        (&tags[0]["provider"], &tags[0]["usable"]),
        (&json!("openai"), &json!(true))
    );
    assert_eq!(
        (&tags[2]["provider"], &tags[2]["usable"]),
        (&json!("google"), &json!(false))
    );
    assert_parts(
        text(&result),
        &[
            "Fast: openai/gpt-5.6-luna; also anthropic/claude-haiku-4-5\n",
            "smart: google/gemini-2.5-pro (off: the API key is missing (set GOOGLE_API_KEY or GEMINI_API_KEY))",
        ],
    );
    // Tags of an unusable provider are listed all the same.
    let result = server.call_tool(TAGS, json!({"provider": "google"}));
    assert_eq!(answer(&result)["tags"].as_array().unwrap().len(), 2);

    let result = server.call_tool(CHAT, json!({"prompt": "hello", "model": "smart"}));
    assert_parts(
        error(&result),
        &[
            "config",
            "smart",
            "google/gemini-2.5-pro",
            "google/unlisted/model",
            "GOOGLE_API_KEY",
        ],
    );
    let result = server.call_tool(LIST, json!({"tag": "smart"}));
    assert_parts(error(&result), &["google/gemini-2.5-pro", "GOOGLE_API_KEY"]);
    let result = server.call_tool(LIST, json!({"tag": "fast"}));
    assert_eq!(
        answer(&result)["models"],
        json!([{"id": "gpt-5.6-luna", "provider": "openai", "tags": ["fast"], "source": "configured"}])
    );
    let problem =
        "anthropic/claude-haiku-4-5 cannot be used: the API key is missing (set ANTHROPIC_API_KEY)";
    assert_eq!(answer(&result)["errors"], json!([problem]));
    assert_parts(
        text(&result),
        &["openai/gpt-5.6-luna (tags: fast)\n", problem],
    );
}

#[test]
fn without_tags_the_list_says_how_to_define_some() {
    let (_provider, mut server) = start();
    for arguments in [json!({}), json!({"provider": "google"})] {
        let result = server.call_tool(TAGS, arguments);
        assert_eq!(answer(&result), &json!({"tags": []}));
        assert_parts(text(&result), &["CONFIG_FILE", "models:", "tags: [fast"]);
    }
    let result = server.call_tool(LIST, json!({"tag": "fast"}));
    assert_parts(error(&result), &["fast", "anygpt_list_tags"]);
}

#[test]
fn a_tag_is_asked_like_a_model() {
    let (provider, mut server) = start_tagged("asked");
    for (arguments, asked, model) in [
        (json!({"model": "fast"}), "anthropic", "claude-haiku-4-5"),
        (json!({"model": " FAST "}), "anthropic", "claude-haiku-4-5"),
        (json!({"model": "cheap"}), "anthropic", "claude-haiku-4-5"),
        (
            json!({"model": "fast", "provider": "openai"}),
            "openai",
            "gpt-5.6-luna",
        ),
        (json!({"model": "openai/Fast"}), "openai", "gpt-5.6-luna"),
        (json!({"model": "long-context"}), "google", "unlisted/model"),
        (json!({"model": "openai/cheap"}), "openai", "cheap"),
    ] {
        let mut given = arguments.clone();
        given["prompt"] = json!("hello");
        let result = server.call_tool(CHAT, given);
        let got = answer(&result);
        assert_eq!(
            (&got["provider"], &got["model"]),
            (&json!(asked), &json!(model)),
            "{result}"
        );
        assert_eq!(warnings(got), "", "{arguments}");
        let request = provider.requests().pop().unwrap();
        assert_eq!(request.model().as_deref(), Some(model), "{arguments}");
    }
    let before = provider.requests().len();
    let result = server.call_tool(
        CHAT,
        json!({"prompt": "hello", "model": "smart", "provider": "anthropic"}),
    );
    assert_parts(
        error(&result),
        &["anthropic", "smart", "google/gemini-2.5-pro"],
    );
    assert_eq!(provider.requests().len(), before);
}

/// Aliases next to the tags; `quick` has an effort of its own for its first model.
const ALIASED: &str = "aliases:
  quick: [openai/gpt-5.6-luna@low, anthropic/claude-sonnet-5]
  Best: anthropic/claude-opus-5
";

#[test]
fn an_alias_stands_wherever_a_model_is_named() {
    let provider = Provider::start();
    let start = |name: &str, file: &str| {
        Server::builder()
            .envs(provider.env())
            .env(
                "CONFIG_FILE",
                config(name, &format!("{TAGGED}{ALIASED}{file}")),
            )
            .spawn()
    };
    let mut server = start("aliases", "defaults: {model: best}\n");
    let result = server.call_tool(TAGS, json!({}));
    let tags = answer(&result)["tags"].as_array().unwrap();
    assert_eq!(
        tags[4..],
        [
            json!({"tag": "quick", "model": "gpt-5.6-luna", "provider": "openai", "usable": true, "alias": true,
                "models": ["openai/gpt-5.6-luna@low", "anthropic/claude-sonnet-5"]}),
            json!({"tag": "Best", "model": "claude-opus-5", "provider": "anthropic", "usable": true, "alias": true,
                "models": ["anthropic/claude-opus-5"]}),
        ]
    );
    assert_parts(
        text(&result),
        &["quick (alias): openai/gpt-5.6-luna@low; also anthropic/claude-sonnet-5\n"],
    );

    let dry = json!({"prompt": "hello", "model": "QUICK", "fallbacks": ["best"], "dry_run": true});
    let result = server.call_tool(CHAT, dry);
    let got = answer(&result);
    assert_eq!(got["model"], "gpt-5.6-luna");
    assert_eq!(got["parameters"]["reasoning"]["effort"], "low", "{got}");
    assert_eq!(
        got["fallbacks"],
        json!(["anthropic/claude-sonnet-5", "anthropic/claude-opus-5"])
    );
    for (arguments, model) in [
        (json!({"prompt": "hello"}), "claude-opus-5"),
        (
            json!({"prompt": "hello", "model": "quick", "provider": "anthropic"}),
            "claude-sonnet-5",
        ),
    ] {
        let result = server.call_tool(CHAT, arguments);
        assert_eq!(answer(&result)["model"], model);
    }

    let asked = json!({"prompt": "hello", "models": ["quick", "best"], "mode": "judge", "judge_model": "Best"});
    let result = server.call_tool("anygpt_compare", asked);
    let results = &answer(&result)["results"];
    assert_eq!(results[0]["model"], "gpt-5.6-luna", "{results}");
    assert_eq!(results[1]["model"], "claude-opus-5", "{results}");
    assert_eq!(warnings(answer(&result)), "");

    let result = server.call_tool(LIST, json!({"tag": "quick", "provider": "openai"}));
    assert_eq!(text(&result), "openai/gpt-5.6-luna (tags: fast)");
    let completed = server.request(
        "completion/complete",
        json!({"ref": {"type": "ref/prompt", "name": "discover-and-chat"},
            "argument": {"name": "model", "value": "qu"}}),
    );
    assert_eq!(
        completed["result"]["completion"]["values"],
        json!(["quick"])
    );
}

#[test]
fn the_next_model_of_an_alias_answers_for_one_that_fails() {
    let provider = Provider::start();
    let file = "providers: {gone: {type: openai-compatible, base_url: 'http://127.0.0.1:9/v1'}}\n\
        aliases: {safe: [gone/x, anthropic/claude-opus-5]}\n";
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", config("safe", file))
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    let result = server.call_tool(CHAT, json!({"prompt": "hello", "model": "safe"}));
    let got = answer(&result);
    assert_eq!(got["model"], "claude-opus-5");
    assert_eq!(got["attempts"][0]["provider"], "gone", "{got}");
}

#[test]
fn the_default_model_may_be_a_tag() {
    let provider = Provider::start();
    let file = format!("{TAGGED}defaults: {{model: smart}}\n");
    for (variables, arguments, asked, model) in [
        (&[][..], json!({}), "google", "gemini-2.5-pro"),
        (
            &[("DEFAULT_MODEL", "cheap")],
            json!({}),
            "anthropic",
            "claude-haiku-4-5",
        ),
        (
            &[("DEFAULT_MODEL", "fast"), ("DEFAULT_PROVIDER", "google")],
            json!({"provider": "openai"}),
            "openai",
            "gpt-5.6-luna",
        ),
    ] {
        let mut server = Server::builder()
            .envs(provider.env())
            .env("CONFIG_FILE", config("default", &file))
            .envs(variables.iter().copied())
            .spawn();
        let mut given = arguments;
        given["prompt"] = json!("hello");
        let result = server.call_tool(CHAT, given);
        let got = answer(&result);
        assert_eq!(
            (&got["provider"], &got["model"]),
            (&json!(asked), &json!(model)),
            "{result}"
        );
    }
}

#[test]
fn listed_models_show_their_tags_and_a_tag_lists_its_models_without_a_network() {
    let (provider, mut server) = start_tagged("listed");
    let result = server.call_tool(LIST, json!({"provider": "anthropic"}));
    let got = answer(&result);
    for model in of_provider(got, "anthropic") {
        let tags = (model["id"] == "claude-haiku-4-5").then(|| json!(["Fast", "cheap"]));
        assert_eq!(model.get("tags"), tags.as_ref(), "{model}");
    }
    let lines: Vec<&str> = text(&result).lines().collect();
    assert!(
        lines.contains(&"anthropic/claude-haiku-4-5 (tags: Fast, cheap)"),
        "{lines:?}"
    );
    assert!(lines.contains(&"anthropic/claude-opus-5"), "{lines:?}");

    let before = provider.requests().len();
    let result = server.call_tool(LIST, json!({"tag": "FAST"}));
    assert_eq!(
        answer(&result),
        &json!({"models": [
            {"id": "gpt-5.6-luna", "provider": "openai", "tags": ["fast"], "source": "configured"},
            {"id": "claude-haiku-4-5", "provider": "anthropic", "tags": ["Fast", "cheap"], "source": "configured"},
        ], "total": 2, "facts": answer(&result)["facts"]})
    );
    let result = server.call_tool(LIST, json!({"tag": "fast", "provider": "openai"}));
    assert_eq!(text(&result), "openai/gpt-5.6-luna (tags: fast)");
    for arguments in [
        json!({"tag": "nope"}),
        json!({"tag": "cheap", "provider": "openai"}),
    ] {
        let tag = arguments["tag"].as_str().unwrap().to_owned();
        let result = server.call_tool(LIST, arguments);
        assert_parts(
            error(&result),
            &["invalid_request", &tag, "anygpt_list_tags"],
        );
    }
    assert_eq!(provider.requests().len(), before, "no connection is needed");
}

#[test]
fn lists_are_valid_against_the_tools_own_schemas() {
    let (provider, mut server) = start_tagged("schemas");
    let list = server.request("tools/list", Value::Null);
    let tools = list["result"]["tools"].as_array().unwrap();
    for (name, arguments) in [
        (LIST, json!({})),
        (LIST, json!({"provider": "openai"})),
        (LIST, json!({"colour": "blue"})),
        (PROVIDERS, json!({})),
        (PROVIDERS, json!({"colour": "blue"})),
        (LIST, json!({"tag": "fast"})),
        (TAGS, json!({})),
        (TAGS, json!({"colour": "blue"})),
    ] {
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
        if arguments["colour"] == "blue" {
            provider.script_models(
                Family::Google,
                [Reply::error(Family::Google, 400, "mock words")],
            );
        }
        let result = server.call_tool(name, arguments);
        schema::check(&tool["outputSchema"], answer(&result), name);
    }
}
