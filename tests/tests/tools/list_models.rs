//! `anygpt_list_models` end to end: its filters (words, tags, capabilities, pages, details), the fields of each
//! provider's list, and the result when a list fails.
//!
//! Never here: the plain list, and tags as such (`lists.rs`).

use std::fs;
use std::path::PathBuf;

use anygpt_tests::outcome::{answer, assert_parts, error, text, warnings};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::{Builder, Server};
use serde_json::{Value, json};

const LIST: &str = "anygpt_list_models";

/// A configuration file of this test program.
fn config(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("list-models-{name}.yaml"));
    fs::write(&path, text).unwrap();
    path
}

/// A server that knows the Chat Completions of this provider alone.
fn compatible(provider: &Provider) -> Builder {
    Server::builder()
        .envs(provider.compatible_env())
        .env("OPENAI_API_KEY", "")
}

fn names(result: &Value) -> Vec<String> {
    let models = answer(result)["models"].as_array().expect("a list");
    let name = |model: &Value| {
        let part = |name: &str| model[name].as_str().expect("a string").to_owned();
        format!("{}/{}", part("provider"), part("id"))
    };
    models.iter().map(name).collect()
}
/// As many entries as OpenRouter has, some older than others.
fn many(count: usize) -> Value {
    let entry = |number: usize| {
        json!({"id": format!("vendor/model-{number:03}"), "name": format!("Vendor: Number {number}"),
            "created": 1_700_000_000 + number / 10})
    };
    json!({"data": (0..count).map(entry).collect::<Vec<_>>()})
}

// ------------------------------------------------------------------------------------------------ pages

#[test]
fn pages_follow_each_other_and_end() {
    let provider = Provider::start();
    let list = Reply::json(200, &many(500));
    provider.script_models(Family::Compatible, vec![list; 20]);
    let mut server = compatible(&provider).spawn();
    let whole = server.call_tool(LIST, json!({"limit": 500}));
    let whole = names(&whole);
    assert_eq!(
        (whole.len(), &*whole[0]),
        (500, "compatible/vendor/model-490")
    );

    let first = server.call_tool(LIST, json!({}));
    assert_eq!(names(&first), whole[..50]);
    assert_eq!(answer(&first)["total"], 500);
    let cursor = answer(&first)["next_cursor"].as_str().unwrap();
    assert_eq!(
        text(&first).lines().last().unwrap(),
        format!("450 more: pass cursor {cursor:?}")
    );

    let mut paged = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let arguments = json!({"limit": "150", "cursor": cursor});
        let page = server.call_tool(LIST, arguments);
        paged.extend(names(&page));
        match answer(&page).get("next_cursor") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    assert_eq!(paged, whole);
}

#[test]
fn a_list_that_changes_between_two_pages_repeats_and_skips_nothing() {
    let provider = Provider::start();
    let entry = |id: &str, created: u64| json!({"id": id, "created": created});
    let before = [entry("d", 4), entry("c", 3), entry("b", 2), entry("a", 1)];
    // The last one of the first page was removed, and a newer one was added.
    let after = [entry("new", 9), entry("d", 4), entry("b", 2), entry("a", 1)];
    for list in [before, after] {
        let list = Reply::json(200, &json!({"data": list}));
        provider.script_models(Family::Compatible, [list]);
    }
    let mut server = compatible(&provider).spawn();
    let first = server.call_tool(LIST, json!({"limit": 2}));
    assert_eq!(names(&first), ["compatible/d", "compatible/c"]);
    let cursor = &answer(&first)["next_cursor"];
    let second = server.call_tool(LIST, json!({"limit": 2, "cursor": cursor}));
    assert_eq!(names(&second), ["compatible/b", "compatible/a"]);
    assert_eq!(answer(&second).get("next_cursor"), None);
}

#[test]
fn a_page_may_end_between_two_providers_and_behind_models_without_a_date() {
    let provider = Provider::start();
    let mut server = Server::builder().envs(provider.env()).spawn();
    let whole = names(&server.call_tool(LIST, json!({})));
    assert_eq!(whole.len(), 12);
    let mut cursor = Value::Null;
    for name in &whole {
        let page = server.call_tool(LIST, json!({"limit": 1, "cursor": cursor}));
        assert_eq!(names(&page), [name.as_str()]);
        cursor = answer(&page)
            .get("next_cursor")
            .cloned()
            .unwrap_or_default();
    }
    assert_eq!(cursor, Value::Null);
}

#[test]
fn what_is_no_cursor_and_no_limit_is_refused() {
    let provider = Provider::start();
    let mut server = Server::builder().envs(provider.env()).spawn();
    for cursor in ["7", "x:openai/gpt-4.1", ":nobody/x", "1:openai"] {
        let result = server.call_tool(LIST, json!({"cursor": cursor}));
        assert_parts(
            error(&result),
            &["invalid_request: cursor", cursor, "next_cursor"],
        );
    }
    for limit in [json!(0), json!(501), json!("many")] {
        let result = server.call_tool(LIST, json!({"limit": limit}));
        assert_parts(error(&result), &["invalid_request: limit", "1 to 500"]);
    }
    assert_eq!(provider.requests().len(), 0, "no request was sent");
    // A cursor past the end gives an empty page.
    let result = server.call_tool(LIST, json!({"cursor": ":google/z", "provider": "google"}));
    assert_eq!(names(&result).len(), 0);
    assert_eq!(text(&result), "There are no more of the 4 models.");
}

// --------------------------------------------------------------------------------- words and capabilities

#[test]
fn all_words_must_be_in_the_name() {
    let provider = Provider::start();
    let list = json!({"data": [{"id": "a/one-flash", "name": "A: First"}, {"id": "b/two-flash"}, {"id": "c/three"}]});
    provider.script_models(Family::Compatible, vec![Reply::json(200, &list); 6]);
    let mut server = compatible(&provider).spawn();
    for (query, expected) in [
        ("FLASH", &["a/one-flash", "b/two-flash"][..]),
        ("flash two", &["b/two-flash"]),
        (" first  A/ ", &["a/one-flash"]),
        ("compatible/c", &["c/three"]),
        ("", &["a/one-flash", "b/two-flash", "c/three"]),
        ("flash three", &[]),
    ] {
        let result = server.call_tool(LIST, json!({"query": query}));
        let expected: Vec<String> = expected
            .iter()
            .map(|id| format!("compatible/{id}"))
            .collect();
        assert_eq!(names(&result), expected, "{query}");
        assert_eq!(answer(&result)["total"], expected.len());
    }
}

#[test]
fn only_models_that_are_known_to_have_a_capability_are_listed_and_the_others_are_counted() {
    let provider = Provider::start();
    let list = json!({"data": [
        {"id": "sees", "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
         "supported_parameters": ["tools", "response_format"]},
        {"id": "blind", "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
         "supported_parameters": ["include_reasoning"]},
        {"id": "draws", "architecture": {"input_modalities": ["text"], "output_modalities": ["image", "text"]}},
        {"id": "silent"},
        {"id": "mistral-embed", "capabilities": {"completion_chat": false, "function_calling": false}}]});
    provider.script_models(Family::Compatible, vec![Reply::json(200, &list); 7]);
    let mut server = compatible(&provider).spawn();
    for (capability, expected, unknown) in [
        ("chat", &["blind", "draws", "sees", "silent"][..], 0),
        ("Vision", &["sees"], 2),
        ("tools", &["sees"], 2),
        ("reasoning", &["blind"], 3),
        ("embeddings", &["mistral-embed"], 1),
        ("images", &["draws"], 2),
        ("json", &["sees"], 3),
    ] {
        let result = server.call_tool(LIST, json!({"capability": capability}));
        let expected: Vec<String> = expected
            .iter()
            .map(|id| format!("compatible/{id}"))
            .collect();
        assert_eq!(names(&result), expected, "{capability}");
        let said = warnings(answer(&result));
        match unknown {
            0 => assert_eq!(said, ""),
            unknown => assert_parts(&said, &[&format!("not known of {unknown} other models")]),
        }
    }
    let result = server.call_tool(LIST, json!({"capability": "flight"}));
    assert_parts(error(&result), &["capability", "flight", "vision", "json"]);
}

#[test]
fn each_family_s_list_tells_what_its_models_can_do() {
    let provider = Provider::start();
    let mut server = Server::builder().envs(provider.env()).spawn();
    for (family, capability, expected) in [
        (
            Family::OpenAi,
            "embeddings",
            &["openai/text-embedding-3-small"][..],
        ),
        (
            Family::OpenAi,
            "reasoning",
            &["openai/gpt-5.6-luna", "openai/gpt-5.6-terra"],
        ),
        (
            Family::Google,
            "embeddings",
            &["google/gemini-embedding-001"],
        ),
        (Family::Anthropic, "embeddings", &[]),
    ] {
        let arguments = json!({"provider": family.id(), "capability": capability});
        assert_eq!(names(&server.call_tool(LIST, arguments)), expected);
    }
    let result = server.call_tool(
        LIST,
        json!({"provider": "anthropic", "capability": "vision"}),
    );
    assert_eq!(names(&result).len(), 4);
}

// ---------------------------------------------------------------------------------------------- details

#[test]
fn details_are_what_the_provider_s_list_says() {
    let provider = Provider::start();
    let openrouter = json!({"data": [{"id": "v/m", "name": "V: M", "created": 1_790_000_000, "context_length": 1000,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.0000015", "completion": "0.000002"}, "top_provider": {"max_completion_tokens": 100},
        "supported_parameters": ["tools"], "expiration_date": "2027-01-31",
        "reasoning": {"supported_efforts": ["high", "low"]}}]});
    let vllm = json!({"data": [{"id": "local", "max_model_len": 4096}]});
    let anthropic = json!({"data": [{"id": "claude-x", "created_at": "2026-05-01T00:00:00Z", "capabilities": {
        "structured_outputs": {"supported": true}, "image_input": {"supported": false},
        "effort": {"supported": true, "low": {"supported": true}, "xhigh": {"supported": true}}}}]});
    let google = json!({"models": [{"name": "models/gemini-x", "displayName": "Gemini X", "thinking": true,
        "supportedGenerationMethods": ["generateContent"]}]});
    let openai = json!({"data": [{"id": "gpt-5.6", "created": 5, "shutdown_date": "2027-02-01"}]});
    let mut server = Server::builder()
        .envs(provider.env())
        .envs(provider.compatible_env())
        .spawn();
    for (family, list, expected, said) in [
        (
            Family::Compatible,
            openrouter,
            json!({"id": "v/m", "provider": "compatible", "name": "V: M", "created": 1_790_000_000,
                "capabilities": ["chat", "vision", "tools", "reasoning"], "input_token_limit": 1000,
                "output_token_limit": 100, "input_modalities": ["text", "image"], "output_modalities": ["text"],
                "reasoning_efforts": ["low", "high"], "usd_per_token": {"input": "0.0000015", "output": "0.000002"},
                "retires": "2027-01-31"}),
            "compatible/v/m: V: M; chat, vision, tools, reasoning; at most 1000 tokens in; at most 100 tokens out; \
             efforts low, high; USD per token 0.0000015 in, 0.000002 out; retires 2027-01-31",
        ),
        (
            Family::Compatible,
            vllm,
            json!({"id": "local", "provider": "compatible", "capabilities": ["chat"], "input_token_limit": 4096}),
            "compatible/local: chat; at most 4096 tokens in",
        ),
        (
            Family::Anthropic,
            anthropic,
            json!({"id": "claude-x", "provider": "anthropic", "created": 1_777_593_600,
                "capabilities": ["chat", "tools", "reasoning", "json"], "reasoning_efforts": ["low", "xhigh"]}),
            "anthropic/claude-x: chat, tools, json; efforts low, xhigh",
        ),
        (
            Family::Google,
            google,
            json!({"id": "gemini-x", "provider": "google", "name": "Gemini X",
                "capabilities": ["chat", "vision", "tools", "reasoning", "json"]}),
            "google/gemini-x: Gemini X; chat, vision, tools, reasoning, json",
        ),
        (
            Family::OpenAi,
            openai,
            json!({"id": "gpt-5.6", "provider": "openai", "created": 5, "retires": "2027-02-01",
                "capabilities": ["chat", "vision", "tools", "reasoning", "json"],
                "reasoning_efforts": ["none", "low", "medium", "high", "xhigh", "max"]}),
            "openai/gpt-5.6: chat, vision, tools, reasoning, json; efforts none, low, medium, high, xhigh, max; \
             retires 2027-02-01",
        ),
    ] {
        provider.script_models(family, vec![Reply::json(200, &list); 2]);
        let arguments = json!({"provider": family.id(), "details": true});
        let result = server.call_tool(LIST, arguments);
        let got = answer(&result);
        // The table adds what it knows.
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(&got["models"][0][member], value, "{member}: {got}");
        }
        let lines: Vec<&str> = text(&result).lines().collect();
        let [line, facts] = lines[..] else {
            panic!("{lines:?}");
        };
        if family == Family::Compatible {
            assert_eq!(line, said);
        }
        assert_eq!(facts, format!("facts: {}", got["facts"].as_str().unwrap()));
        assert!(facts.starts_with("facts: table of 20"), "{facts}");

        // Without details there are ids and names.
        let result = server.call_tool(LIST, json!({"provider": family.id()}));
        let model = answer(&result)["models"][0].as_object().unwrap();
        let short = ["id", "name", "provider"];
        assert!(
            model.keys().all(|key| short.contains(&key.as_str())),
            "{model:?}"
        );
        assert_eq!(text(&result), line.split(": ").next().unwrap());
    }
}

// -------------------------------------------------------------------------------------------- configured

const FILE: &str = "providers:
  google: {model: gemini-usual}
models:
  google/gemini-own: {tags: [fast]}
  openai/gpt-own: {}
defaults: {provider: anthropic, model: claude-default}
";

#[test]
fn what_is_configured_is_listed_without_a_network() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", config("offline", FILE))
        .spawn();
    let result = server.call_tool(LIST, json!({"live": false}));
    let all = [
        "openai/gpt-own",
        "anthropic/claude-default",
        "google/gemini-own",
        "google/gemini-usual",
    ];
    assert_eq!(names(&result), all);
    assert_eq!(
        text(&result),
        "openai/gpt-own\nanthropic/claude-default\ngoogle/gemini-own (tags: fast)\ngoogle/gemini-usual"
    );
    for model in answer(&result)["models"].as_array().unwrap() {
        assert_eq!(model["source"], "configured");
    }
    let arguments = json!({"live": "false", "provider": "google", "query": "usual"});
    assert_eq!(
        names(&server.call_tool(LIST, arguments)),
        ["google/gemini-usual"]
    );
    let result = server.call_tool(LIST, json!({"live": false, "capability": "chat"}));
    assert_eq!(names(&result).len(), 0);
    assert_parts(text(&result), &["chat is not known of 4 other models"]);
    assert_eq!(provider.requests().len(), 0, "no connection is needed");
}

#[test]
fn what_is_configured_stands_beside_a_list_that_lacks_it_and_in_the_place_of_one_that_fails() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", config("beside", FILE))
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    let result = server.call_tool(LIST, json!({"provider": "google"}));
    assert_eq!(
        names(&result)[3..],
        [
            "google/gemini-embedding-001",
            "google/gemini-own",
            "google/gemini-usual"
        ]
    );
    assert_eq!(answer(&result)["models"][4]["source"], "configured");

    for family in Family::NATIVE {
        provider.script_models(family, [Reply::error(family, 404, "mock words")]);
    }
    let result = server.call_tool(LIST, json!({}));
    assert_eq!(names(&result).len(), 4);
    let errors = answer(&result)["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3);
    for (family, problem) in Family::NATIVE.into_iter().zip(errors) {
        let problem = problem.as_str().unwrap();
        assert_parts(
            problem,
            &[
                "model_not_found",
                family.id(),
                "HTTP 404",
                "no list of models",
            ],
        );
        assert_parts(text(&result), &[problem]);
    }
    // Not even that: an error.
    let mut server = compatible(&provider).spawn();
    provider.script_models(Family::Compatible, [Reply::empty(404)]);
    let result = server.call_tool(LIST, json!({}));
    assert_parts(
        error(&result),
        &["model_not_found: compatible answered HTTP 404", "base URL"],
    );
}

#[test]
fn a_tag_is_looked_up_in_the_lists_if_the_file_cannot_tell() {
    let provider = Provider::start();
    let file =
        "models:\n  google/gemini-2.5-pro: {tags: [smart]}\n  google/gemini-own: {tags: [smart]}\n";
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", config("tags", file))
        .spawn();
    let result = server.call_tool(LIST, json!({"tag": "Smart", "details": true}));
    let models = &answer(&result)["models"];
    assert_eq!(models[0]["input_token_limit"], 1_048_576);
    assert_eq!(
        models[1],
        json!({"id": "gemini-own", "provider": "google", "tags": ["smart"], "source": "configured"})
    );
    assert_eq!(models.as_array().unwrap().len(), 2);
    let result = server.call_tool(LIST, json!({"tag": "smart", "capability": "chat"}));
    assert_eq!(names(&result), ["google/gemini-2.5-pro"]);
    let asked = provider
        .requests()
        .into_iter()
        .filter_map(|request| request.family());
    assert!(asked.into_iter().all(|family| family == Family::Google));
}

// ------------------------------------------------------------------------------------------- what fails

#[test]
fn a_list_that_fails_for_the_moment_is_asked_for_again() {
    let provider = Provider::start();
    let busy = Reply::empty(503).header("retry-after-ms", "5");
    for (retries, failures, requests) in [("2", 2, 3), ("1", 2, 2), ("0", 1, 1)] {
        let before = provider.requests().len();
        let mut server = compatible(&provider).env("ANYGPT_RETRIES", retries).spawn();
        provider.script_models(Family::Compatible, vec![busy.clone(); failures]);
        let result = server.call_tool(LIST, json!({}));
        match failures < requests {
            true => assert_eq!(names(&result).len(), 4),
            false => assert_parts(error(&result), &["unavailable", "503"]),
        }
        assert_eq!(provider.requests().len() - before, requests);
    }
    // A permanent error is not retried.
    let before = provider.requests().len();
    let mut server = compatible(&provider).spawn();
    provider.script_models(Family::Compatible, [Reply::empty(401)]);
    assert_parts(error(&server.call_tool(LIST, json!({}))), &["auth"]);
    assert_eq!(provider.requests().len() - before, 1);
}

#[test]
fn at_the_deadline_there_is_what_there_is() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", config("deadline", FILE))
        .env("ANYGPT_TIMEOUT", "3")
        .spawn();
    // One page of two is not a list.
    let page = json!({"models": [{"name": "models/gemini-1"}], "nextPageToken": "2"});
    provider.script_models(Family::Google, [Reply::json(200, &page), Reply::hang()]);
    let result = server.call_tool(LIST, json!({}));
    let names = names(&result);
    assert_eq!(names.len(), 5 + 5 + 2, "{names:?}");
    assert_parts(
        &answer(&result)["errors"][0].to_string(),
        &["timeout", "google", "3 s"],
    );
}

#[test]
fn a_bare_array_is_a_list_and_the_same_model_twice_is_one() {
    let provider = Provider::start();
    let together = json!([{"id": "b", "type": "chat"}, {"id": "a", "type": "image"}, {"id": "b", "type": "chat"},
        {"id": "x".repeat(300)}]);
    provider.script_models(Family::Compatible, vec![Reply::json(200, &together); 2]);
    let mut server = compatible(&provider).spawn();
    let result = server.call_tool(LIST, json!({}));
    assert_eq!(names(&result), ["compatible/a", "compatible/b"]);
    let result = server.call_tool(LIST, json!({"capability": "images"}));
    assert_eq!(names(&result), ["compatible/a"]);
}
