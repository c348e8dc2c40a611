//! Which tools are offered and in which form they answer, and the tools that are off by default: counting tokens,
//! embeddings, images, checking the providers.
//!
//! Never here: the five default tools.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anygpt_tests::outcome::{answer, assert_parts, error, text, warnings};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::{Builder, Server, run};
use anygpt_tests::session::{self, Session};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const CHAT: &str = "anygpt_chat_completion";
const COUNT: &str = "anygpt_count_tokens";
const EMBED: &str = "anygpt_embed";
const DRAW: &str = "anygpt_generate_image";
const CHECK: &str = "anygpt_check_providers";

/// The first bytes of a PNG, in base64.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQ==";

/// All tools, for all providers of the mock.
fn builder(provider: &Provider) -> Builder {
    Server::builder()
        .envs(provider.env())
        .envs(provider.compatible_env())
        .env("ANYGPT_TOOLS", "all")
}

fn start() -> (Provider, Server) {
    let provider = Provider::start();
    let server = builder(&provider).spawn();
    (provider, server)
}

fn offered(server: &mut Server) -> Vec<String> {
    let list = server.request("tools/list", Value::Null);
    let tools = list["result"]["tools"].as_array().unwrap();
    let names = tools.iter().filter_map(|tool| tool["name"].as_str());
    names.map(str::to_owned).collect()
}
// ---------------------------------------------------------------------------------------------- the offer

#[test]
fn the_environment_says_which_tools_there_are_and_the_file_does_if_it_does_not() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("offer.yaml");
    fs::write(&path, "tools: [anygpt_embed, -embed, check_providers]\n").unwrap();
    let usual = offered(&mut Server::builder().spawn());
    assert!(usual.len() >= 4 && usual[0] == CHAT && !usual.contains(&EMBED.to_owned()));
    let file = ("CONFIG_FILE", path.to_str().unwrap());
    let all = |name: &str| format!("anygpt_{name}");
    for (variables, expected) in [
        (vec![("ANYGPT_TOOLS", "")], usual.clone()),
        (
            vec![("ANYGPT_TOOLS", "embed, chat_completion,embed")],
            vec![CHAT.into(), EMBED.into()],
        ),
        (vec![file], vec![CHECK.into()]),
        (
            vec![file, ("ANYGPT_TOOLS", "anygpt_list_tags")],
            vec![all("list_tags")],
        ),
    ] {
        let mut server = Server::builder().envs(variables.clone()).spawn();
        assert_eq!(offered(&mut server), expected, "{variables:?}");
    }
    let mut server = Server::builder()
        .env("ANYGPT_TOOLS", "default,embed,-list_tags")
        .spawn();
    let names = offered(&mut server);
    assert_eq!(names.len(), usual.len());
    // A tool that is not offered is unknown.
    let call = json!({"name": "anygpt_list_tags", "arguments": {}});
    let answer = server.request("tools/call", call);
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert_parts(&answer.to_string(), &["Unknown tool: anygpt_list_tags"]);
    // Positions after a removed tool are right.
    assert_parts(
        error(&server.call_tool(EMBED, json!({}))),
        &["input is missing"],
    );
}

#[test]
fn a_tool_that_does_not_exist_stops_the_start() {
    let output = run(&[], [("ANYGPT_TOOLS", "default,embedd")], b"");
    assert_eq!(output.code, Some(1));
    assert_parts(
        &output.stderr,
        &["ANYGPT_TOOLS", "embedd", "perhaps you mean embed"],
    );
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("offer-wrong.yaml");
    fs::write(&path, "defaults: {}\ntools: [nothing]\n").unwrap();
    let output = run(&["config", "validate"], [("CONFIG_FILE", &path)], b"");
    assert_eq!(output.code, Some(1));
    assert_parts(
        &output.stderr,
        &[
            "tools (line 2 of the configuration file)",
            "nothing",
            "count_tokens",
        ],
    );
}

#[test]
fn the_command_line_lists_what_is_offered_and_what_else_there_is() {
    let names = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = run(arguments, variables.iter().copied(), b"");
        let tools: Value = serde_json::from_str(&output.stdout).unwrap();
        let names = tools
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].clone());
        names.collect::<Vec<_>>()
    };
    let embed = [("ANYGPT_TOOLS", "embed")];
    assert_eq!(names(&embed, &["tools", "--json"]), [EMBED]);
    let all = names(&embed, &["tools", "--json", "--all"]);
    assert!(all.len() > 7 && all.contains(&json!(DRAW)), "{all:?}");
    let text = run(&["tools", "--all"], embed, b"").stdout;
    assert_parts(
        &text,
        &[
            "anygpt_embed\n",
            "anygpt_generate_image (not offered: see ANYGPT_TOOLS)\n",
        ],
    );
    // Invalid settings are reported, and the default tools listed.
    let output = run(&["tools"], [("ANYGPT_TOOLS", "embedd")], b"");
    assert_eq!(output.code, Some(0));
    assert_parts(&output.stdout, &[CHAT]);
    assert_parts(&output.stderr, &["perhaps you mean embed"]);
}

#[test]
fn another_offer_is_not_for_everybody_s_cache() {
    for (tools, scope) in [("default", "public"), ("default,embed", "private")] {
        let builder = session::offline().env("ANYGPT_TOOLS", tools);
        let (mut session, discovered) = Session::open(builder, "2026-07-28");
        let listed = session.result("tools/list", json!({}));
        assert_eq!(listed["cacheScope"], scope);
        assert_eq!(discovered["cacheScope"], scope);
        session.end();
    }
}

#[test]
fn the_structured_form_can_be_left_out_or_given_to_all() {
    for (mode, revision, is_there) in [
        ("auto", "2025-03-26", false),
        ("auto", "2025-06-18", true),
        ("always", "2025-03-26", true),
        ("Never", "2025-11-25", false),
        ("never", "2026-07-28", false),
    ] {
        let builder = Server::builder()
            .env("DEFAULT_PROVIDER", "mock")
            .env("ANYGPT_STRUCTURED_OUTPUT", mode);
        let (mut session, _) = Session::open(builder, revision);
        let tools = session.list("tools/list", "tools");
        assert!(
            tools
                .iter()
                .all(|tool| tool.get("outputSchema").is_some() == is_there)
        );
        let result = session.call(CHAT, json!({"prompt": "hello"}));
        assert_eq!(
            result.get("structuredContent").is_some(),
            is_there,
            "{mode} {revision}"
        );
        assert_eq!(result["content"][0]["text"], "hello");
        session.end();
    }
    let output = run(&[], [("ANYGPT_STRUCTURED_OUTPUT", "perhaps")], b"");
    assert_eq!(output.code, Some(1));
    assert_parts(
        &output.stderr,
        &[
            "ANYGPT_STRUCTURED_OUTPUT",
            "perhaps",
            "auto, always or never",
        ],
    );
}

// ----------------------------------------------------------------------------------------- counting tokens

#[test]
fn three_families_count_and_the_others_are_estimated() {
    let (provider, mut server) = start();
    for (family, path, reply) in [
        (
            Family::OpenAi,
            "/openai/v1/responses/input_tokens",
            json!({"object": "response.input_tokens", "input_tokens": 42}),
        ),
        (
            Family::Anthropic,
            "/anthropic/v1/messages/count_tokens",
            json!({"input_tokens": 42}),
        ),
        (
            Family::Google,
            "/google/v1beta/models/gemini-3.5-flash:countTokens",
            json!({"totalTokens": 42}),
        ),
    ] {
        provider.script(family, [Reply::json(200, &reply)]);
        let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]);
        let result = server.call_tool(
            COUNT,
            json!({"messages": messages, "model": family.model()}),
        );
        assert_eq!(
            answer(&result),
            &json!({"input_tokens": 42, "estimated": false, "model": family.model(), "provider": family.id()})
        );
        assert_eq!(
            text(&result),
            format!("42 tokens for {}/{}", family.id(), family.model())
        );
        let request = provider.requests().pop().unwrap();
        assert_eq!(
            (request.path.as_str(), request.credential()),
            (path, family.key())
        );
        let sent = request.json().to_string();
        assert_parts(&sent, &["Be brief.", "Hello"]);
        for left_out in ["max_tokens", "stream", "generationConfig\":{"] {
            assert!(!sent.contains(left_out), "{sent}");
        }
    }
    let before = provider.requests().len();
    let arguments = json!({"text": "123456789", "model": "x", "provider": "compatible"});
    let result = server.call_tool(COUNT, arguments);
    let got = answer(&result);
    assert_eq!(
        (&got["input_tokens"], &got["estimated"]),
        (&json!(3), &json!(true))
    );
    assert_parts(text(&result), &["About 3 tokens for compatible/x"]);
    assert_parts(
        &warnings(got),
        &["compatible does not count tokens", "by 4"],
    );
    assert_eq!(provider.requests().len(), before, "no connection is needed");
    assert_parts(
        error(&server.call_tool(COUNT, json!({}))),
        &["nothing to ask"],
    );
}

#[test]
fn without_a_model_the_newest_one_counts() {
    let (provider, mut server) = start();
    provider.script(
        Family::Anthropic,
        [Reply::json(200, &json!({"input_tokens": 7}))],
    );
    let result = server.call_tool(COUNT, json!({"text": "hi", "provider": "anthropic"}));
    assert_eq!(answer(&result)["model"], "claude-sonnet-5");
    let request = provider.requests().pop().unwrap();
    assert_eq!(request.json()["model"], "claude-sonnet-5");
    // A provider whose list does not show which one is newest.
    provider.script_models(
        Family::OpenAi,
        vec![Reply::error(Family::OpenAi, 401, "mock words"); 2],
    );
    let result = server.call_tool(COUNT, json!({"text": "hi", "provider": "openai"}));
    assert_parts(
        error(&result),
        &["auth: openai answered HTTP 401", "OPENAI_API_KEY"],
    );
}

// ---------------------------------------------------------------------------------------------- embeddings

#[test]
fn texts_become_vectors() {
    let (provider, mut server) = start();
    let openai = json!({"data": [{"index": 1, "embedding": [0.25, -1]}, {"index": 0, "embedding": [0.5, 1e-7]}],
        "usage": {"prompt_tokens": 4, "total_tokens": 4}});
    let google = json!({"embeddings": [{"values": [0.5, 1e-7]}, {"values": [0.25, -1]}]});
    for (family, id, model, path, reply) in [
        (
            Family::OpenAi,
            "openai",
            "text-embedding-3-small",
            "/openai/v1/embeddings",
            &openai,
        ),
        (
            Family::Compatible,
            "compatible",
            "nomic",
            "/compatible/v1/embeddings",
            &openai,
        ),
        (
            Family::Google,
            "google",
            "gemini-embedding-001",
            "/google/v1beta/models/gemini-embedding-001:batchEmbedContents",
            &google,
        ),
    ] {
        provider.script(family, [Reply::json(200, reply)]);
        let name = format!("{id}/{model}");
        let arguments = json!({"input": ["one", "two"], "model": name, "dimensions": 2});
        let result = server.call_tool(EMBED, arguments);
        let mut expected = json!({"embeddings": [[0.5, 1e-7], [0.25, -1.0]], "dimensions": 2, "model": model, "provider": id});
        if family != Family::Google {
            expected["usage"] = json!({"input_tokens": 4});
        }
        assert_eq!(answer(&result), &expected);
        let (said, vectors) = text(&result).split_once('\n').unwrap();
        assert_eq!(said, format!("2 vectors of 2 numbers from {name}"));
        assert_eq!(
            serde_json::from_str::<Value>(vectors).unwrap(),
            expected["embeddings"]
        );
        let request = provider.requests().pop().unwrap();
        assert_eq!(request.path, path);
        assert_parts(&request.json().to_string(), &["one", "two", ":2"]);
    }
    // By their names alone.
    provider.script(
        Family::OpenAi,
        [Reply::json(200, &json!({"data": [{"embedding": [1]}]}))],
    );
    let result = server.call_tool(
        EMBED,
        json!({"input": "one", "model": "text-embedding-3-large"}),
    );
    assert_eq!(answer(&result)["provider"], "openai");
}

#[test]
fn many_numbers_are_in_the_structured_form_only() {
    let (provider, mut server) = start();
    let vector = vec![0.1_f32; 1000];
    let reply = json!({"data": [{"embedding": vector}, {"embedding": vector}]});
    provider.script(Family::OpenAi, [Reply::json(200, &reply)]);
    let result = server.call_tool(
        EMBED,
        json!({"input": ["a", "b"], "model": "text-embedding-3-small"}),
    );
    assert_eq!(answer(&result)["embeddings"][1][999], json!(0.1));
    let text = text(&result);
    assert!(text.len() < 300, "{text}");
    assert_parts(
        text,
        &[
            "2 vectors of 1000 numbers",
            "structuredContent",
            "1600 numbers",
        ],
    );
}

#[test]
fn what_cannot_be_embedded_says_why() {
    let (provider, mut server) = start();
    for (arguments, parts) in [
        (json!({"model": "m"}), &["input is missing"][..]),
        (
            json!({"input": "a"}),
            &[
                "model is missing",
                "text-embedding-3-small",
                "capability embeddings",
            ],
        ),
        (
            json!({"input": vec!["a"; 257], "model": "m"}),
            &["input is an array of 257", "at most 256"],
        ),
        (
            json!({"input": ["a", ""], "model": "m"}),
            &["invalid_request: input"],
        ),
        (
            json!({"input": "a", "model": "m", "dimensions": 0}),
            &["dimensions"],
        ),
        (
            json!({"input": "a", "model": "claude-x"}),
            &[
                "invalid_request: anthropic has no embeddings",
                "openai or google or compatible",
            ],
        ),
    ] {
        assert_parts(error(&server.call_tool(EMBED, arguments)), parts);
    }
    assert_eq!(provider.requests().len(), 0, "no request was sent");
    provider.script(Family::OpenAi, [Reply::json(200, &json!({"data": []}))]);
    let result = server.call_tool(
        EMBED,
        json!({"input": "a", "model": "text-embedding-3-small"}),
    );
    assert_parts(
        error(&result),
        &[
            "unavailable: openai/text-embedding-3-small",
            "one vector for each text",
        ],
    );
}

// ------------------------------------------------------------------------------------------------- pictures

/// The image blocks of a result.
fn pictures(result: &Value) -> Vec<&Value> {
    let blocks = result["content"].as_array().unwrap().iter();
    blocks.filter(|block| block["type"] == "image").collect()
}

#[test]
fn pictures_are_blocks_of_their_own_in_every_revision() {
    let provider = Provider::start();
    let reply = json!({"data": [{"b64_json": PNG, "revised_prompt": "a fat cat"}, {"b64_json": "/9j/4AAQ"}],
        "usage": {"input_tokens": 5, "output_tokens": 90, "total_tokens": 95}});
    for revision in ["2024-11-05", "2025-11-25", "2026-07-28"] {
        let (mut session, _) = Session::open(builder(&provider), revision);
        provider.script(Family::OpenAi, [Reply::json(200, &reply)]);
        let arguments = json!({"prompt": "a cat", "model": "gpt-image-2", "n": 2, "size": "1024x1024", "quality": "low", "format": "PNG"});
        let result = session.call(DRAW, arguments);
        let said = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(
            said,
            "2 images from openai/gpt-image-2, 1024x1024\nRevised prompt: a fat cat"
        );
        assert_eq!(
            pictures(&result),
            [
                &json!({"type": "image", "data": PNG, "mimeType": "image/png"}),
                &json!({"type": "image", "data": "/9j/4AAQ", "mimeType": "image/jpeg"}),
            ]
        );
        if revision != "2024-11-05" {
            assert_eq!(
                result["structuredContent"],
                json!({"images": [{"mime_type": "image/png", "bytes": 25}, {"mime_type": "image/jpeg", "bytes": 6}],
                    "revised_prompt": "a fat cat", "model": "gpt-image-2", "provider": "openai",
                    "usage": {"input_tokens": 5, "output_tokens": 90, "total_tokens": 95}})
            );
        }
        session.end();
        let request = provider.requests().pop().unwrap();
        assert_eq!(request.path, "/openai/v1/images/generations");
        assert_eq!(
            request.json(),
            json!({"model": "gpt-image-2", "prompt": "a cat", "n": 2, "size": "1024x1024", "quality": "low",
                "output_format": "png"})
        );
    }
}

fn google_picture() -> Reply {
    let parts = json!([{"text": "Here."}, {"inlineData": {"mimeType": "image/png", "data": PNG}}]);
    let usage = json!({"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3});
    let candidate = json!({"content": {"parts": parts}, "finishReason": "STOP"});
    Reply::json(
        200,
        &json!({"candidates": [candidate], "usageMetadata": usage}),
    )
}

#[test]
fn google_draws_one_at_a_time_and_what_has_come_is_handed_out() {
    let (provider, mut server) = start();
    let blocked = Reply::json(
        200,
        &json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
    );
    provider.script(
        Family::Google,
        [google_picture(), blocked.clone(), google_picture()],
    );
    let arguments = json!({"prompt": "a cat", "model": "gemini-3.1-flash-image", "n": 3, "size": "1536x1024", "quality": "high"});
    let result = server.call_tool(DRAW, arguments);
    assert_eq!(pictures(&result).len(), 2);
    let got = &result["structuredContent"];
    assert_eq!(
        got["usage"],
        json!({"input_tokens": 2, "output_tokens": 4, "total_tokens": 6})
    );
    assert_parts(
        &warnings(got),
        &[
            "quality was left out",
            "Some images could not be generated: content_filter: google",
            "PROHIBITED_CONTENT",
        ],
    );
    let requests = provider.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_eq!(
            request.path,
            "/google/v1beta/models/gemini-3.1-flash-image:generateContent"
        );
        let config = &request.json()["generationConfig"];
        assert_eq!(config["responseModalities"], json!(["TEXT", "IMAGE"]));
        assert_eq!(config["imageConfig"]["aspectRatio"], "3:2");
    }
    provider.script(Family::Google, [blocked]);
    let result = server.call_tool(
        DRAW,
        json!({"prompt": "a cat", "model": "gemini-3.1-flash-image"}),
    );
    assert_parts(
        error(&result),
        &[
            "content_filter: google/gemini-3.1-flash-image",
            "other words",
        ],
    );
}

#[test]
fn an_address_of_a_picture_is_told_and_not_fetched() {
    let (provider, mut server) = start();
    let url = provider.base_url(Family::Compatible) + "/picture.png";
    provider.script(
        Family::Compatible,
        [Reply::json(200, &json!({"data": [{"url": url}]}))],
    );
    let result = server.call_tool(
        DRAW,
        json!({"prompt": "a cat", "model": "compatible/painter"}),
    );
    assert_eq!(answer(&result)["images"], json!([{"url": url}]));
    assert_parts(text(&result), &[&url]);
    assert_eq!(provider.requests().len(), 1);
    assert_eq!(provider.requests()[0].json()["response_format"], "b64_json");
}

#[test]
fn what_cannot_be_drawn_says_why() {
    let (provider, mut server) = start();
    for (arguments, parts) in [
        (json!({"model": "m"}), &["prompt is missing"][..]),
        (
            json!({"prompt": "a"}),
            &["model is missing", "capability images"],
        ),
        (
            json!({"prompt": "a", "model": "m", "n": 5}),
            &["n is 5", "1 to 4"],
        ),
        (
            json!({"prompt": "a", "model": "m", "format": "svg"}),
            &["format is \"svg\"", "png, jpeg or webp"],
        ),
        (
            json!({"prompt": "a", "model": "claude-x"}),
            &[
                "anthropic has no model that generates images",
                "openai or google",
            ],
        ),
    ] {
        assert_parts(error(&server.call_tool(DRAW, arguments)), parts);
    }
    assert_eq!(provider.requests().len(), 0, "no request was sent");
    for reply in [
        json!({"data": [{"b64_json": "PHN2Zz4="}]}),
        json!({"data": []}),
        json!({"x": 1}),
    ] {
        provider.script(Family::OpenAi, [Reply::json(200, &reply)]);
        let result = server.call_tool(DRAW, json!({"prompt": "a", "model": "gpt-image-2"}));
        assert_parts(error(&result), &["openai/gpt-image-2"]);
    }
}

#[test]
fn a_large_picture_arrives_whole_and_one_beyond_all_limits_is_refused() {
    let (provider, mut server) = start();
    let data = format!("iVBORw0KGgo{}", "A".repeat((8 << 20) - 11));
    provider.script(
        Family::OpenAi,
        [Reply::json(200, &json!({"data": [{"b64_json": data}]}))],
    );
    let result = server.call_tool(DRAW, json!({"prompt": "a", "model": "gpt-image-2"}));
    assert!(
        pictures(&result)[0]["data"] == data.as_str(),
        "not the same bytes"
    );
    provider.script(Family::OpenAi, [Reply::huge_body(200, 70 << 20)]);
    let result = server.call_tool(DRAW, json!({"prompt": "a", "model": "gpt-image-2"}));
    assert_parts(error(&result), &["too_large: openai/gpt-image-2"]);
}

// ---------------------------------------------------------------------------------------- checking providers

#[test]
fn each_provider_is_checked_by_its_list() {
    let provider = Provider::start();
    let mut server = builder(&provider)
        .env("OPENROUTER_API_KEY", "mock-openrouter-key-77aa")
        .env("OPENROUTER_BASE_URL", provider.base_url(Family::Compatible))
        .env("GROQ_API_KEY", "mock-groq-key-11bb")
        .env("GROQ_BASE_URL", "http://127.0.0.1:1/v1")
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    provider.script_models(
        Family::OpenAi,
        [Reply::credential_in_error(Family::OpenAi, 401)],
    );
    provider.script_models(
        Family::Google,
        [Reply::error(Family::Google, 404, "mock words")],
    );
    let result = server.call_tool(CHECK, json!({}));
    let got = answer(&result);
    let of = |id: &str| {
        let all = got["providers"].as_array().unwrap();
        let found = all.iter().find(|provider| provider["id"] == id).unwrap();
        assert!(found["ms"].is_u64(), "{found}");
        let error = found["error"].as_str().unwrap_or_default().to_owned();
        (
            found["reachable"].as_bool().unwrap(),
            found["key_accepted"].as_bool(),
            found["models"].as_u64(),
            error,
        )
    };
    let nothing = String::new;
    assert_eq!(of("anthropic"), (true, Some(true), Some(4), nothing()));
    assert_eq!(of("compatible"), (true, Some(true), Some(4), nothing()));
    // Its list needs no key.
    assert_eq!(of("openrouter"), (true, None, Some(4), nothing()));
    let (reachable, accepted, models, problem) = of("openai");
    assert_eq!((reachable, accepted, models), (true, Some(false), None));
    assert_parts(
        &problem,
        &[
            "auth: openai answered HTTP 401",
            "Check the key in OPENAI_API_KEY",
        ],
    );
    let (reachable, accepted, _, problem) = of("google");
    assert_eq!((reachable, accepted), (true, None));
    assert_parts(&problem, &["no list of models"]);
    let (reachable, accepted, _, problem) = of("groq");
    assert_eq!((reachable, accepted), (false, None));
    assert_parts(&problem, &["network: groq", "base URL"]);
    assert_parts(
        text(&result),
        &[
            "anthropic: works, 4 models, its key is accepted (",
            "openai: auth: ",
        ],
    );
    let all = result.to_string();
    for family in Family::NATIVE {
        assert!(!all.contains(family.key()), "{all}");
    }

    let result = server.call_tool(CHECK, json!({"provider": "claude"}));
    assert_parts(error(&result), &["claude"]);
    let result = server.call_tool(CHECK, json!({"provider": "anthropic", "x": 1}));
    assert_eq!(answer(&result)["providers"].as_array().unwrap().len(), 1);
    assert_parts(&warnings(answer(&result)), &["x"]);
}

#[test]
fn without_a_provider_there_is_nothing_to_check() {
    let mut server = Server::builder()
        .env("ANYGPT_TOOLS", "check_providers")
        .spawn();
    let result = server.call_tool(CHECK, json!({}));
    assert_parts(error(&result), &["config", "OPENAI_API_KEY"]);
    let mut server = Server::builder()
        .envs([("ANYGPT_TOOLS", "all"), ("DEFAULT_PROVIDER", "mock")])
        .spawn();
    let result = server.call_tool(CHECK, json!({}));
    assert_eq!(answer(&result)["providers"][0]["models"], 1);
    assert_parts(
        error(&server.call_tool(EMBED, json!({"input": "a", "model": "mock/x"}))),
        &["mock has no embeddings"],
    );
    let result = server.call_tool(COUNT, json!({"text": "four"}));
    assert_eq!(answer(&result)["input_tokens"], 1);
}

// ------------------------------------------------------------------------------------- what holds for all

/// A call of each tool that calls OpenAI, and how it ends.
fn calls() -> [(&'static str, Value); 3] {
    [
        (COUNT, json!({"text": "a", "model": "gpt-4.1"})),
        (
            EMBED,
            json!({"input": "a", "model": "text-embedding-3-small"}),
        ),
        (DRAW, json!({"prompt": "a", "model": "gpt-image-2"})),
    ]
}

#[test]
fn what_may_pass_is_asked_for_again_and_what_cannot_is_not() {
    let (provider, mut server) = start();
    for (tool, arguments) in calls() {
        let busy = Reply::empty(503).header("retry-after-ms", "5");
        let before = provider.requests().len();
        provider.script(Family::OpenAi, vec![busy; 3]);
        let result = server.call_tool(tool, arguments.clone());
        assert_parts(error(&result), &["unavailable: openai/", "HTTP 503"]);
        assert_eq!(provider.requests().len() - before, 3);
        provider.script(
            Family::OpenAi,
            [Reply::error(Family::OpenAi, 404, "no such model")],
        );
        let result = server.call_tool(tool, arguments.clone());
        assert_parts(
            error(&result),
            &["model_not_found", "no such model", "anygpt_list_models"],
        );
        // An error inside a 200 is one, too, and keys are never repeated.
        let inside = Reply::credential_in_error(Family::OpenAi, 200);
        provider.script(Family::OpenAi, [inside]);
        let result = server.call_tool(tool, arguments);
        assert_eq!(result["isError"], true);
        assert!(
            !result.to_string().contains(Family::OpenAi.key()),
            "{result}"
        );
        assert_eq!(provider.requests().len() - before, 5);
    }
}

/// A request that got status 200 is charged, so it is retried only if an error takes the place of the answer. A list
/// costs nothing.
#[test]
fn what_was_taken_is_not_asked_for_again() {
    let (provider, mut server) = start();
    let refused = || Reply::error(Family::OpenAi, 503, "mock words").status(200);
    for (tool, arguments) in calls() {
        for (reply, requests) in [
            (Reply::json(200, &json!({"data": []})).cut_after(0), 1),
            (Reply::json(200, &json!({"data": []})).cut_at(4), 1),
            (Reply::body(200, "application/json", "{\"data\""), 1),
            (Reply::empty(200), 1),
            (Reply::json(200, &json!({"data": [1]})).gzip(), 1),
            (
                Reply::json(
                    200,
                    &json!({"error": {"message": "m", "type": "server_error"}, "usage": {"total_tokens": 1}}),
                ),
                1,
            ),
            (refused(), 2),
            (Reply::cut(), 2),
        ] {
            let reply = reply
                .header("x-should-retry", "true")
                .header("retry-after-ms", "1");
            let told = format!("{tool} {:?}", String::from_utf8_lossy(&reply.bytes()));
            let before = provider.requests().len();
            provider.script(Family::OpenAi, [reply]);
            let result = server.call_tool(tool, arguments.clone());
            // The mock has no answer of its own to these.
            assert_eq!(result["isError"], true, "{told}: {result}");
            assert_eq!(provider.requests().len() - before, requests, "{told}");
        }
    }
    let before = provider.requests().len();
    let broken = Reply::json(200, &json!({"data": []})).cut_after(0);
    provider.script_models(Family::OpenAi, [broken]);
    let result = server.call_tool(CHECK, json!({"provider": "openai"}));
    assert_eq!(answer(&result)["providers"][0]["reachable"], true);
    assert_eq!(provider.requests().len() - before, 2);
}

#[test]
fn time_limits_hold_and_a_cancel_drops_the_connection() {
    let provider = Provider::start();
    let mut server = builder(&provider).env("ANYGPT_TIMEOUT", "1").spawn();
    for (tool, arguments) in calls() {
        provider.script(Family::OpenAi, [Reply::hang()]);
        let result = server.call_tool(tool, arguments);
        assert_parts(error(&result), &["timeout: openai/", "after 1 s"]);
        provider.wait_no_connections(LIMIT);
    }
    let mut server = builder(&provider).spawn();
    for (id, (tool, mut arguments)) in calls().into_iter().enumerate() {
        if tool != COUNT {
            provider.script(Family::OpenAi, [Reply::hang()]);
            arguments["timeout_seconds"] = json!(1);
            let result = server.call_tool(tool, arguments.clone());
            assert_parts(error(&result), &["timeout", "after 1 s"]);
            arguments["timeout_seconds"] = json!(60);
        }
        provider.script(Family::OpenAi, [Reply::hang()]);
        let before = provider.requests().len();
        let id = format!("cancelled-{id}");
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}});
        server.send(&call.to_string());
        provider.wait_requests(before + 1, LIMIT);
        let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        server.send(&cancel.to_string());
        provider.wait_no_connections(LIMIT);
    }
}

#[test]
fn the_operator_s_last_orders_end_open_calls() {
    let provider = Provider::start();
    let mut server = builder(&provider).env("ANYGPT_SHUTDOWN_GRACE", "1").spawn();
    provider.script(Family::OpenAi, [Reply::hang()]);
    let (tool, arguments) = &calls()[1];
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}});
    server.send(&call.to_string());
    provider.wait_requests(1, LIMIT);
    server.close_stdin();
    assert_eq!(server.wait().code, Some(0));
    let answers = server.messages();
    assert_parts(
        error(&answers[0]["result"]),
        &["cancelled", "shutting down"],
    );
}
