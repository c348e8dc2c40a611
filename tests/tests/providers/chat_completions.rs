//! Chat Completions end to end: the providers that speak it, their dialects, custom endpoints and local ones.
//!
//! Never here: rules for all formats, tested with the three main ones (`tools/chat.rs`, `tools/lists.rs`).

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anygpt_tests::outcome::{answer, assert_parts, chat, error, text, warnings};
use anygpt_tests::provider::{Family, Provider, Reply, Request};
use anygpt_tests::server::{Server, Stdin, binary, run};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const CHAT: &str = "anygpt_chat_completion";
const LIST: &str = "anygpt_list_models";
const PROVIDERS: &str = "anygpt_list_providers";
const FAMILY: Family = Family::Compatible;
const NOTHING: [(&str, &str); 0] = [];

/// A provider, and a server that knows it as `compatible`.
fn start() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder().envs(provider.compatible_env()).spawn();
    (provider, server)
}

#[track_caller]
fn ask(server: &mut Server, model: &str) -> Value {
    server.call_tool(CHAT, json!({"prompt": "hi", "model": model}))
}

#[track_caller]
fn last(provider: &Provider) -> Request {
    let request = provider.requests().pop().expect("a request was sent");
    assert_eq!(request.family(), Some(FAMILY), "{}", request.path);
    request
}
/// A stream of these chunks.
fn stream(chunks: &[Value]) -> Reply {
    let chunks: String = chunks
        .iter()
        .map(|chunk| format!("data: {chunk}\n\n"))
        .collect();
    Reply::raw_stream(chunks + "data: [DONE]\n\n")
}

#[allow(clippy::needless_pass_by_value)] // so that it can be written where it is used
fn delta(delta: Value) -> Value {
    json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn end(reason: &str) -> Value {
    json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

// --------------------------------------------------------------------------------------------- requests

#[test]
fn a_request_goes_out_as_documented_and_the_answer_has_all_there_is() {
    let (provider, mut server) = start();
    let result = ask(&mut server, "some/model");
    let got = chat(&result);
    assert_eq!(got["text"], "echo: hi");
    assert_eq!(got["provider"], "compatible");
    assert_eq!(got["model"], "some/model");
    assert_eq!(got["finish_reason"], "stop");
    assert_eq!(got["native_finish_reason"], "stop");
    assert_eq!(
        got["usage"],
        json!({"input_tokens": 12, "output_tokens": 2, "total_tokens": 14})
    );
    assert_eq!(got["request_id"], "req_mock_1");
    for absent in ["partial", "warnings", "cost_usd", "citations"] {
        assert_eq!(got.get(absent), None, "{got}");
    }

    let request = last(&provider);
    assert_eq!(
        (&*request.method, &*request.path),
        ("POST", "/compatible/v1/chat/completions")
    );
    assert_eq!(
        request.json(),
        json!({"model": "some/model", "messages": [{"role": "user", "content": "hi"}], "stream": true,
            "stream_options": {"include_usage": true}})
    );
    let bearer = format!("Bearer {}", FAMILY.key());
    assert_eq!(request.header("authorization"), Some(&*bearer));
    assert_eq!(request.header("content-type"), Some("application/json"));

    let arguments = json!({"model": "m", "temperature": "0.5", "max_tokens": 7, "messages": [
        {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}]});
    assert_eq!(
        chat(&server.call_tool(CHAT, arguments))["text"],
        "echo: three"
    );
    let body = last(&provider).json();
    assert_eq!(
        (&body["temperature"], &body["max_tokens"]),
        (&json!(0.5), &json!(7))
    );
    assert_eq!(
        body["messages"],
        json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}])
    );
}

/// Id, key variable, address variable; the names of the token limit; whether usage is requested.
const PRESETS: [(&str, &str, &str, &str, bool); 14] = [
    (
        "openrouter",
        "OPENROUTER_API_KEY",
        "OPENROUTER_BASE_URL",
        "max_tokens",
        false,
    ),
    ("groq", "GROQ_API_KEY", "GROQ_BASE_URL", "max_tokens", true),
    (
        "mistral",
        "MISTRAL_API_KEY",
        "MISTRAL_BASE_URL",
        "max_tokens",
        false,
    ),
    (
        "deepseek",
        "DEEPSEEK_API_KEY",
        "DEEPSEEK_BASE_URL",
        "max_tokens",
        true,
    ),
    ("xai", "XAI_API_KEY", "XAI_BASE_URL", "max_tokens", true),
    (
        "together",
        "TOGETHER_API_KEY",
        "TOGETHER_BASE_URL",
        "max_tokens",
        true,
    ),
    (
        "fireworks",
        "FIREWORKS_API_KEY",
        "FIREWORKS_BASE_URL",
        "max_tokens",
        true,
    ),
    (
        "moonshot",
        "MOONSHOT_API_KEY",
        "MOONSHOT_BASE_URL",
        "max_tokens",
        true,
    ),
    ("zai", "ZAI_API_KEY", "ZAI_BASE_URL", "max_tokens", true),
    (
        "cerebras",
        "CEREBRAS_API_KEY",
        "CEREBRAS_BASE_URL",
        "max_completion_tokens",
        true,
    ),
    (
        "nebius",
        "NEBIUS_API_KEY",
        "NEBIUS_BASE_URL",
        "max_tokens",
        true,
    ),
    (
        "litellm",
        "LITELLM_API_KEY",
        "LITELLM_BASE_URL",
        "max_tokens",
        true,
    ),
    ("vllm", "VLLM_API_KEY", "VLLM_BASE_URL", "max_tokens", true),
    (
        "azure",
        "AZURE_OPENAI_API_KEY",
        "AZURE_OPENAI_ENDPOINT",
        "max_completion_tokens",
        true,
    ),
];

/// `tests/contracts/` judges requests to these by the official packages of those services, and finds them by their paths.
fn own_folder(id: &str) -> String {
    match id {
        "groq" | "mistral" => format!("/{id}"),
        _ => String::new(),
    }
}

#[test]
fn every_preset_is_switched_on_by_its_key_and_speaks_its_way() {
    let provider = Provider::start();
    let url = provider.base_url(FAMILY);
    let mut server = Server::builder();
    for (id, key, address, ..) in PRESETS {
        server = server
            .env(key, format!("key-of-{id}-123"))
            .env(address, format!("{url}{}", own_folder(id)));
    }
    let mut server = server.spawn();
    for (id, key, _, limit, asks_for_usage) in PRESETS {
        let arguments = json!({"provider": id, "model": "a/model", "max_tokens": 7, "messages": [
            {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "one"},
            {"role": "user", "content": "two"}]});
        let result = server.call_tool(CHAT, arguments);
        assert_eq!(chat(&result)["provider"], id, "{result}");
        let request = last(&provider);
        let mut expected = json!({"model": "a/model", "messages": [{"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one"}, {"role": "user", "content": "two"}], "stream": true});
        expected[limit] = 7.into();
        if asks_for_usage {
            expected["stream_options"] = json!({"include_usage": true});
        }
        if id == "azure" {
            expected["messages"][0]["role"] = "developer".into();
        }
        assert_eq!(request.json(), expected, "{id}");
        assert_eq!(
            request.path,
            format!("/compatible/v1{}/chat/completions", own_folder(id))
        );
        assert_eq!(request.credential(), format!("key-of-{id}-123"));
        let title = (id == "openrouter").then_some("AnyGPT MCP");
        assert_eq!(request.header("x-openrouter-title"), title, "{id}");
        for name in ["x-title", "http-referer"] {
            assert_eq!(request.header(name), None, "{id} {name}");
        }
        let header = if id == "azure" {
            "api-key"
        } else {
            "authorization"
        };
        for name in ["api-key", "authorization", "x-api-key"] {
            assert_eq!(
                request.header(name).is_some(),
                name == header,
                "{id} {name}"
            );
        }

        let listed = server.call_tool(PROVIDERS, json!({}));
        let listed = answer(&listed)["providers"].as_array().unwrap();
        let listed = listed.iter().find(|listed| listed["id"] == id).unwrap();
        assert_eq!(listed["usable"], true, "{listed}");
        assert_eq!(listed["key_from"], key, "{listed}");
        assert_eq!(listed["type"], "openai-compatible", "{listed}");
    }
    let all = server.call_tool(PROVIDERS, json!({})).to_string();
    assert!(!all.contains("key-of-"), "{all}");
}

#[test]
fn tools_and_files_go_out_in_each_service_s_own_way() {
    let provider = Provider::start();
    let url = provider.base_url(FAMILY);
    let mut server = Server::builder();
    for id in ["mistral", "groq", "openrouter", "deepseek"] {
        let name = id.to_uppercase();
        server = server
            .env(format!("{name}_API_KEY"), format!("key-of-{name}"))
            .env(
                format!("{name}_BASE_URL"),
                format!("{url}{}", own_folder(id)),
            );
    }
    let mut server = server.spawn();
    let tools = json!([{"name": "weather"}]);
    let messages = json!([{"role": "user", "content": "?"},
        {"role": "assistant", "tool_calls": [{"id": "call_1", "name": "weather", "arguments": {}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "4 C"}]);
    let loop_at = |id: &str| json!({"provider": id, "model": "a/model", "messages": messages, "tools": tools, "tool_choice": "required"});
    for (id, word) in [
        ("mistral", "any"),
        ("groq", "required"),
        ("deepseek", "required"),
    ] {
        chat(&server.call_tool(CHAT, loop_at(id)));
        let body = last(&provider).json();
        assert_eq!(body["tool_choice"], word, "{id}");
        // Mistral accepts only nine letters and digits.
        let call = body["messages"][1]["tool_calls"][0]["id"].as_str().unwrap();
        let is_short = call.len() == 9 && call.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert_eq!(is_short, id == "mistral", "{call}");
        assert_eq!(body["messages"][2]["tool_call_id"], call);

        let all = json!({"provider": id, "model": "a/model", "max_tokens": 7, "temperature": 0.5, "top_p": 0.9,
            "stop": ["END"], "seed": 3, "reasoning_effort": "high", "tools": tools, "tool_choice": "weather",
            "response_format": {"type": "json_object"}, "messages": [{"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "?"}, {"type": "image", "url": "https://example.com/a.png"}]}]});
        chat(&server.call_tool(CHAT, all));
        let seed = if id == "mistral" {
            "random_seed"
        } else {
            "seed"
        };
        assert_eq!(last(&provider).json()[seed], 3, "{id}");
    }
    let file = json!([{"role": "user", "content": [{"type": "file", "url": "https://example.com/a.pdf"}]}]);
    let ask = |id: &str| json!({"provider": id, "model": "a/model", "messages": file});
    chat(&server.call_tool(CHAT, ask("openrouter")));
    let expected = json!({"filename": "file", "file_data": "https://example.com/a.pdf"});
    assert_eq!(
        last(&provider).json()["messages"][0]["content"][0]["file"],
        expected
    );
    let refused = server.call_tool(CHAT, ask("deepseek"));
    assert!(
        error(&refused).contains("does not fetch files"),
        "{refused}"
    );
}

#[test]
fn azure_of_a_dated_version_has_the_deployment_in_its_path() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .env("AZURE_OPENAI_API_KEY", "azure-key-123")
        .env(
            "AZURE_OPENAI_ENDPOINT",
            format!("{}/openai", provider.base_url(FAMILY)),
        )
        .env("OPENAI_API_VERSION", "2024-10-21")
        .env("ANYGPT_PROVIDER_AZURE_MODEL", "my gpt")
        .spawn();
    let result = server.call_tool(CHAT, json!({"prompt": "hi"}));
    assert_eq!(chat(&result)["text"], "echo: hi");
    assert_eq!(chat(&result)["provider"], "azure");
    let request = last(&provider);
    assert_eq!(
        request.path,
        "/compatible/v1/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21"
    );
    assert_eq!(request.header("api-key"), Some("azure-key-123"));
    server.call_tool(CHAT, json!({"prompt": "hi", "model": "azure/../.."}));
    assert_parts(&last(&provider).path, &["/deployments/..%2F../chat"]);
}

#[test]
fn azure_speaks_responses_if_it_is_told_to() {
    let provider = Provider::start();
    for (version, path) in [
        ("", "/openai/v1/responses"),
        (
            "2025-04-01-preview",
            "/openai/v1/openai/responses?api-version=2025-04-01-preview",
        ),
    ] {
        // Scripted, as the mock's own Responses need the key in OpenAI's header.
        provider.script(Family::OpenAi, [Reply::text(Family::OpenAi, "yes")]);
        let list = json!({"data": [{"id": "gpt-5", "created": 1}]});
        provider.script_models(Family::OpenAi, [Reply::json(200, &list)]);
        let at = provider.base_url(Family::OpenAi);
        let url = match version {
            "" => at.trim_end_matches("/openai/v1").to_owned(),
            _ => at + "/openai",
        };
        let mut server = Server::builder()
            .env("AZURE_OPENAI_API_KEY", "azure-key-123")
            .env("AZURE_OPENAI_ENDPOINT", url)
            .env("OPENAI_API_VERSION", version)
            .env("ANYGPT_PROVIDER_AZURE_TYPE", "openai")
            .spawn();
        let arguments = json!({"prompt": "hi", "model": "azure/my-gpt"});
        let result = server.call_tool(CHAT, arguments);
        assert_eq!(chat(&result)["text"], "yes", "{result}");
        let request = provider.requests().pop().unwrap();
        assert_eq!(request.path, path);
        assert_eq!(request.json()["model"], "my-gpt");
        assert_eq!(request.header("api-key"), Some("azure-key-123"));
        assert_eq!(request.header("authorization"), None);

        // Its list has models, not deployments.
        let result = server.call_tool(CHAT, json!({"prompt": "hi"}));
        assert_parts(error(&result), &["model_not_found: ", "no model was named"]);
    }
}

#[test]
fn openai_speaks_chat_completions_if_it_is_told_to() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .env("OPENAI_API_KEY", "openai-key-123")
        .env("OPENAI_BASE_URL", provider.base_url(FAMILY))
        .env("ANYGPT_PROVIDER_OPENAI_TYPE", "openai-compatible")
        .spawn();
    let arguments = json!({"model": "gpt-5", "max_tokens": 7, "messages": [
        {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hi"}]});
    assert_eq!(
        chat(&server.call_tool(CHAT, arguments))["provider"],
        "openai"
    );
    assert_eq!(
        last(&provider).json(),
        json!({"model": "gpt-5", "messages": [{"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "hi"}], "max_completion_tokens": 7, "stream": true,
            "stream_options": {"include_usage": true}})
    );
}

// ---------------------------------------------------------------------------------------------- answers

#[test]
fn accents_of_answers_are_understood() {
    let (provider, mut server) = start();
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
        "completion_tokens_details": {"reasoning_tokens": 1}, "prompt_tokens_details": {"cached_tokens": 1},
        "cost": 0.25}});
    for (chunks, text, finish, native) in [
        // Reasoning in every place where providers put it, none of it in the text.
        (
            vec![
                delta(json!({"reasoning_content": "no"})),
                delta(json!({"content": "yes"})),
                end("stop"),
            ],
            "yes",
            "stop",
            "stop",
        ),
        (
            vec![
                delta(json!({"reasoning": "no", "content": null})),
                delta(json!({"content": "yes"})),
                end("eos"),
            ],
            "yes",
            "stop",
            "eos",
        ),
        (
            vec![
                delta(json!({"content": "<thi"})),
                delta(json!({"content": "nk>no</think>\n\nyes"})),
                end("stop"),
            ],
            "yes",
            "stop",
            "stop",
        ),
        (
            vec![
                delta(
                    json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "no"}]}]}),
                ),
                delta(json!({"content": [{"type": "text", "text": "yes"}]})),
                end("length"),
            ],
            "yes",
            "length",
            "length",
        ),
        // The reason comes with the last piece, or never.
        (
            vec![
                json!({"choices": [{"delta": {"content": "yes"}, "finish_reason": "content_filter"}]}),
            ],
            "yes",
            "content_filter",
            "content_filter",
        ),
        (
            vec![
                json!({"choices": [{"delta": {"content": "yes"}, "finish_reason": "stop", "native_finish_reason": "STOP"}]}),
            ],
            "yes",
            "stop",
            "STOP",
        ),
        (vec![delta(json!({"content": "yes"}))], "yes", "", ""),
        (
            vec![delta(json!({"refusal": "I can't."})), end("stop")],
            "I can't.",
            "content_filter",
            "stop",
        ),
        (
            vec![
                delta(json!({"content": "y"})),
                json!({"choices": [{"index": 1, "delta": {"content": "other"}}]}),
                delta(json!({"content": "es", "tool_calls": []})),
                end("stop"),
            ],
            "yes",
            "stop",
            "stop",
        ),
    ] {
        let mut all = chunks.clone();
        all.push(usage.clone());
        for reply in [stream(&all), stream(&all).dribble()] {
            provider.script(FAMILY, [reply]);
            let result = ask(&mut server, "m");
            let got = chat(&result);
            assert_eq!(got["text"], text, "{chunks:?}");
            let word = |name: &str| got.get(name).map_or("", |word| word.as_str().unwrap());
            assert_eq!(
                (word("finish_reason"), word("native_finish_reason")),
                (finish, native),
                "{chunks:?}"
            );
            assert_eq!(
                got["usage"],
                json!({"input_tokens": 1, "output_tokens": 2, "reasoning_tokens": 1,
                    "cached_input_tokens": 1, "total_tokens": 3})
            );
            assert_eq!(got["cost_usd"], 0.25);
            assert_eq!(got.get("partial"), None);
        }
    }

    let sources = json!(["https://a.example/x", "https://b.example"]);
    let mut cited = delta(json!({"content": "yes"}));
    cited["citations"] = sources.clone();
    provider.script(FAMILY, [stream(&[cited, end("stop")])]);
    assert_eq!(chat(&ask(&mut server, "m"))["citations"], sources);
}

#[test]
fn streams_are_framed_in_many_ways() {
    let (provider, mut server) = start();
    let (one, two, stop) = (
        delta(json!({"content": "ye"})),
        delta(json!({"content": "s"})),
        end("stop"),
    );
    for bytes in [
        // OpenRouter and DeepSeek send comments to keep the connection alive.
        format!(
            ": OPENROUTER PROCESSING\n\ndata: {one}\n\n: keep-alive\n\n\n\ndata: {two}\n\ndata: {stop}\n\ndata: [DONE]\n\n"
        ),
        format!("data: {one}\r\n\r\ndata: {two}\r\n\r\ndata: {stop}\r\n\r\ndata: [DONE]\r\n\r\n"),
        // No [DONE], and no empty line at the end.
        format!("data:{one}\n\ndata:{two}\n\ndata:{stop}\n\n"),
        format!("data: {one}\n\ndata: {two}\n\ndata: {stop}"),
        format!("\u{feff}data: {one}\n\ndata: {two}\n\ndata: {stop}\n\ndata: [DONE]"),
    ] {
        provider.script(FAMILY, [Reply::raw_stream(bytes.clone())]);
        let result = ask(&mut server, "m");
        assert_eq!(chat(&result)["text"], "yes", "{bytes}");
        assert_eq!(chat(&result).get("partial"), None, "{bytes}");
    }
    let whole = json!({"id": "c1", "object": "chat.completion", "model": "m", "choices": [{"index": 0,
        "message": {"role": "assistant", "content": "<think>no</think>yes"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}});
    provider.script(FAMILY, [Reply::json(200, &whole)]);
    let result = ask(&mut server, "m");
    assert_eq!(
        (
            &chat(&result)["text"],
            &chat(&result)["usage"]["total_tokens"]
        ),
        (&json!("yes"), &json!(5))
    );
}

#[test]
fn an_answer_without_text_says_why() {
    let (provider, mut server) = start();
    let call = json!({"tool_calls": [{"index": 0, "id": "c", "type": "function",
        "function": {"name": "f", "arguments": "{}"}}]});
    for (chunks, parts) in [
        (
            vec![delta(json!({"reasoning": "long"})), end("length")],
            ["empty_response", "token limit"],
        ),
        (
            vec![
                delta(json!({"content": "<think>never closed"})),
                end("length"),
            ],
            ["empty_response", "token limit"],
        ),
        (
            vec![delta(json!({"content": ""})), end("stop")],
            ["empty_response", "stop"],
        ),
        (vec![end("content_filter")], ["content_filter", "refused"]),
        (vec![], ["empty_response", "unknown"]),
    ] {
        provider.script(FAMILY, [stream(&chunks)]);
        assert_parts(error(&ask(&mut server, "m")), &parts);
    }
    provider.script(FAMILY, [stream(&[delta(call), end("tool_calls")])]);
    let result = ask(&mut server, "m");
    assert_eq!(
        result["structuredContent"]["finish_reason"], "tool_calls",
        "{result}"
    );
}

// ----------------------------------------------------------------------------------------------- faults

#[test]
fn every_fault_is_an_error_that_says_what_to_do_or_a_partial_answer() {
    let (provider, mut server) = start();
    for (model, parts) in [
        (
            "fault-400",
            ["invalid_request", "HTTP 400", "mock failure 400"],
        ),
        (
            "fault-401",
            ["auth", "HTTP 401", "ANYGPT_PROVIDER_COMPATIBLE_API_KEY"],
        ),
        ("fault-402", ["quota", "HTTP 402", "no credit"]),
        ("fault-403", ["permission", "HTTP 403", "rights"]),
        (
            "fault-404",
            ["model_not_found", "HTTP 404", "anygpt_list_models"],
        ),
        ("fault-413", ["too_large", "HTTP 413", "less"]),
        ("fault-422", ["invalid_request", "HTTP 422", "argument"]),
        ("fault-429", ["rate_limit", "HTTP 429", "1 s"]),
        ("fault-500", ["unavailable", "HTTP 500", "mock failure 500"]),
        ("fault-503", ["unavailable", "HTTP 503", "mock failure 503"]),
        ("fault-cut", ["network", "compatible/fault-cut", "base URL"]),
        (
            "fault-empty",
            ["empty_response", "compatible/fault-empty", "max_tokens"],
        ),
        ("fault-garbage", ["unavailable", "JSON", "again"]),
        ("fault-html", ["unavailable", "HTTP 502", "HTML"]),
        (
            "fault-blank",
            ["unavailable", "HTTP 500", "without an explanation"],
        ),
        ("fault-key-error", ["auth", "HTTP 401", "[redacted]"]),
    ] {
        // A retry gets the same reply.
        let result = server.call_tool(
            CHAT,
            json!({"prompt": "hi", "model": model, "timeout_seconds": 8}),
        );
        assert_parts(error(&result), &parts);
        assert!(!result.to_string().contains(FAMILY.key()), "{result}");
    }
    for (model, class, finish) in [
        ("fault-cut-stream", "network", "error"),
        ("fault-end", "network", "error"),
        ("fault-stream-error", "unavailable", "error"),
        ("fault-hang-stream", "timeout", "timeout"),
    ] {
        let result = server.call_tool(
            CHAT,
            json!({"prompt": "hi", "model": model, "timeout_seconds": 3}),
        );
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["partial"]),
            (&json!("one two "), &json!(true)),
            "{model}"
        );
        assert_eq!(got["finish_reason"], finish, "{model}");
        assert_parts(&warnings(got), &[class]);
    }
    let result = server.call_tool(
        CHAT,
        json!({"prompt": "hi", "model": "fault-hang", "timeout_seconds": 1}),
    );
    assert_parts(error(&result), &["timeout", "compatible/fault-hang", "1 s"]);
    assert_eq!(chat(&ask(&mut server, "fault-dribble"))["text"], "echo: hi");
    let result = ask(&mut server, "fault-key-text");
    assert_parts(text(&result), &["[redacted]"]);
    drop(provider);
    server.close_stdin();
    server.end(0);
    let written = String::from_utf8(server.stdout()).unwrap() + &server.stderr();
    assert!(!written.contains(FAMILY.key()), "{written}");
}

#[test]
fn errors_in_every_shape_are_read() {
    let (provider, mut server) = start();
    let openrouter = json!({"id": "gen-1", "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
        "error": {"code": 502, "message": "mock words", "metadata": {"error_type": "provider_unavailable"}}});
    for (reply, parts) in [
        // Inside a 200.
        (
            Reply::json(
                200,
                &json!({"error": {"code": 402, "message": "mock words"}}),
            ),
            ["quota", "mock words"],
        ),
        (
            stream(std::slice::from_ref(&openrouter)),
            ["unavailable", "mock words"],
        ),
        (
            stream(&[json!({"error": "mock words"})]),
            ["unavailable", "mock words"],
        ),
        (
            Reply::raw_stream(
                "event: error\ndata: {\"error\":{\"message\":\"mock words\",\"code\":429}}\n\n",
            ),
            ["rate_limit", "mock words"],
        ),
        (
            stream(&[end("insufficient_system_resource")]),
            ["unavailable", "insufficient_system_resource"],
        ),
        // With a status.
        (
            Reply::json(400, &json!({"code": "c", "error": "mock words"})),
            ["invalid_request", "mock words"],
        ),
        (
            Reply::json(
                422,
                &json!({"detail": [{"loc": ["body", "x"], "msg": "mock words", "type": "t"}]}),
            ),
            ["invalid_request", "body.x: mock words"],
        ),
        (
            Reply::json(
                400,
                &json!({"object": "error", "message": "mock words", "type": "invalid_model", "code": "1500"}),
            ),
            ["model_not_found", "mock words"],
        ),
        (
            Reply::json(
                400,
                &json!({"error": {"code": "content_filter", "message": "mock words", "innererror": {}}}),
            ),
            ["content_filter", "mock words"],
        ),
        (
            Reply::json(
                413,
                &json!({"error": {"code": "rate_limit_exceeded", "message": "mock words"}}),
            ),
            ["too_large", "mock words"],
        ),
        (
            Reply::json(
                401,
                &json!({"error": {"code": "401", "message": "mock words", "type": "None"}}),
            ),
            ["auth", "mock words"],
        ),
    ] {
        // More than one, in case of a retry.
        provider.always(FAMILY, reply.header("retry-after-ms", "1"));
        let result = server.call_tool(
            CHAT,
            json!({"prompt": "hi", "model": "m", "timeout_seconds": 8}),
        );
        assert_parts(error(&result), &parts);
    }
    provider.always(
        FAMILY,
        stream(&[delta(json!({"content": "Hel"})), openrouter]),
    );
    let result = ask(&mut server, "m");
    assert_eq!(
        (&chat(&result)["text"], &chat(&result)["partial"]),
        (&json!("Hel"), &json!(true))
    );
    assert_parts(&warnings(chat(&result)), &["unavailable", "mock words"]);
}

// ------------------------------------------------------------------------------------------------ lists

#[test]
fn lists_come_in_many_shapes() {
    let (provider, mut server) = start();
    let many: Vec<Value> = (0..500)
        .map(|n| {
            json!({"id": format!("vendor/m{n}"), "name": format!("Model {n}"), "created": n,
            "context_length": 1000 + n, "top_provider": {"max_completion_tokens": 10},
            "architecture": {"output_modalities": [if n == 499 { "image" } else { "text" }]}})
        })
        .collect();
    for (reply, ids, first) in [
        (
            json!([{"id": "a", "type": "chat"}, {"id": "b", "type": "embedding"}]),
            vec!["a", "b"],
            "a",
        ),
        (
            json!({"object": "list", "data": [{"id": "a", "max_model_len": 7}]}),
            vec!["a"],
            "a",
        ),
        (json!({"data": null}), vec![], ""),
        (
            json!({"data": many}),
            vec!["vendor/m499", "vendor/m498"],
            "vendor/m498",
        ),
    ] {
        provider.script_models(FAMILY, [Reply::json(200, &reply), Reply::json(200, &reply)]);
        let result = server.call_tool(LIST, json!({"provider": "compatible"}));
        let models = answer(&result)["models"].as_array().unwrap();
        let got: Vec<&str> = models
            .iter()
            .map(|model| model["id"].as_str().unwrap())
            .collect();
        assert!(got.starts_with(&ids), "{got:?}");
        // And the model for a call that names none.
        let result = server.call_tool(CHAT, json!({"prompt": "hi"}));
        if first.is_empty() {
            assert_parts(error(&result), &["model_not_found", "compatible"]);
        } else {
            assert_eq!(chat(&result)["model"], first);
            assert_parts(&warnings(chat(&result)), &["newest", first]);
        }
    }
    provider.script_models(
        FAMILY,
        [
            Reply::error(FAMILY, 404, "mock words"),
            Reply::error(FAMILY, 404, "mock words"),
        ],
    );
    let result = server.call_tool(LIST, json!({}));
    assert_parts(
        error(&result),
        &["model_not_found", "compatible", "mock words"],
    );
}

// ------------------------------------------------------------------------------------- local endpoints

#[test]
fn local_endpoints_need_an_address_and_no_key() {
    let provider = Provider::start();
    let url = provider.base_url(FAMILY);
    for (id, variable) in [
        ("ollama", "OLLAMA_HOST"),
        ("lmstudio", "LMSTUDIO_BASE_URL"),
        ("vllm", "VLLM_BASE_URL"),
        ("llamacpp", "LLAMACPP_BASE_URL"),
        ("docker", "DOCKER_MODEL_RUNNER"),
        ("own", "ANYGPT_PROVIDER_OWN_BASE_URL"),
    ] {
        let mut server = Server::builder().env(variable, &url).spawn();
        let result = server.call_tool(CHAT, json!({"prompt": "hi"}));
        assert_eq!(chat(&result)["text"], "echo: hi", "{id}");
        assert_eq!(chat(&result)["provider"], id);
        for request in provider.requests() {
            assert_eq!(request.credential(), "", "{id}");
        }
        let listed = server.call_tool(PROVIDERS, json!({}));
        assert_parts(text(&listed), &[&format!("{id} (default): usable")]);
        server.close_stdin();
        server.end(0);
    }
    // The variables that Compose sets for a service's model.
    let mut server = Server::builder()
        .env("DOCKER_MODEL_RUNNER", "LLM_URL")
        .env("LLM_URL", format!("{url}/"))
        .env("LLM_MODEL", "ai/smollm2")
        .spawn();
    let result = server.call_tool(CHAT, json!({"prompt": "hi"}));
    assert_eq!(chat(&result)["model"], "ai/smollm2");
    assert_eq!(chat(&result).get("warnings"), None);
}

#[test]
fn without_anything_docker_model_runner_is_tried_and_the_error_says_what_else_there_is() {
    let mut server = Server::builder()
        .env("DOCKER_MODEL_RUNNER", "auto")
        // A broken resolver is slow.
        .limit(Duration::from_secs(120))
        .spawn();
    for (tool, arguments) in [(CHAT, json!({"prompt": "hi"})), (LIST, json!({}))] {
        let result = server.call_tool(tool, arguments);
        assert_parts(
            error(&result),
            &[
                "config: No provider can be used",
                "OPENAI_API_KEY",
                "there is no Docker Model Runner",
                "\"docker model run ai/smollm2\"",
            ],
        );
    }
    let result = ask(&mut server, "gpt-5");
    assert!(!error(&result).contains("tried"), "{result}");
    server.close_stdin();
    server.end(1);
}

/// Runs the program where `model-runner.docker.internal` is this machine. That needs root and port 80; without them the
/// test prints so.
#[test]
fn docker_model_runner_s_answer_makes_the_end_a_clean_one() {
    let hosts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compat-hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost model-runner.docker.internal\n").unwrap();
    let line = r#"mount --bind "$0" /etc/hosts && exec "$@""#;
    let unshare = |program: &mut Command| {
        program
            .args(["--mount", "sh", "-c", line])
            .arg(&hosts)
            .arg("true")
            .output()
    };
    let can = unshare(&mut Command::new("unshare")).is_ok_and(|output| output.status.success());
    let provider = can.then(|| Provider::start_on(80).ok()).flatten();
    let Some(provider) = provider else {
        eprintln!("SKIPPED: no mount namespace, or port 80 is taken");
        return;
    };
    // The real path is not the mock's, so every reply is scripted.
    provider.anywhere(Reply::json(
        200,
        &json!({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}),
    ));
    for (arguments, code) in [
        (None, 1),
        (Some(json!({"prompt": "hi", "model": "ai/smollm2"})), 0),
    ] {
        let mut server = Server::builder()
            .program("unshare")
            .args(["--mount", "sh", "-c", line])
            .arg(&hosts)
            .arg(binary())
            .env("DOCKER_MODEL_RUNNER", "auto")
            .spawn();
        if let Some(arguments) = arguments {
            let result = server.call_tool(CHAT, arguments);
            assert_eq!(
                (text(&result), &chat(&result)["provider"]),
                ("yes", &json!("docker"))
            );
            let request = provider.requests().pop().unwrap();
            assert_eq!(request.path, "/engines/v1/chat/completions");
        }
        server.close_stdin();
        server.end(code);
    }
}

// --------------------------------------------------------------------------------------------- settings

#[test]
fn what_is_not_set_up_is_named_in_one_line() {
    let mut server = Server::builder().env("OPENAI_API_KEY", "k-123").spawn();
    let result = server.call_tool(PROVIDERS, json!({}));
    assert_eq!(answer(&result)["providers"].as_array().unwrap().len(), 3);
    let line = text(&result).lines().last().unwrap();
    assert_parts(
        line,
        &[
            "not set up: ",
            "openrouter (OPENROUTER_API_KEY)",
            "azure (AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY)",
            "litellm (LITELLM_BASE_URL and LITELLM_API_KEY)",
            "ollama (OLLAMA_HOST)",
            "docker (DOCKER_MODEL_RUNNER)",
        ],
    );
    assert_eq!(answer(&result)["not_set_up"], line["not set up: ".len()..]);

    let result = server.call_tool(CHAT, json!({"prompt": "hi", "model": "groq/llama"}));
    assert_parts(error(&result), &["provider groq", "GROQ_API_KEY"]);
    // The lists of the others are not requested.
    assert_parts(
        error(&server.call_tool(LIST, json!({"provider": "xai"}))),
        &["XAI_API_KEY"],
    );
}

#[test]
fn a_default_provider_that_is_not_set_up_is_a_warning() {
    let variables = [("DEFAULT_PROVIDER", "groq"), ("OPENAI_API_KEY", "k-123")];
    let checked = run(&["config", "validate"], variables, b"");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_parts(
        &checked.stderr,
        &["DEFAULT_PROVIDER", "groq", "GROQ_API_KEY"],
    );
    // Only a usable preset counts.
    let checked = run(&["config", "validate"], [("DEFAULT_PROVIDER", "groq")], b"");
    assert_eq!(checked.code, Some(1), "{checked:?}");
    for variables in [("GROQ_API_KEY", "k-123"), ("OLLAMA_HOST", "localhost")] {
        let checked = run(&["config", "validate"], [variables], b"");
        assert_eq!(checked.code, Some(0), "{checked:?}");
    }
    let checked = run(
        &["config", "validate"],
        [("DOCKER_MODEL_RUNNER", "auto")],
        b"",
    );
    assert_eq!(checked.code, Some(1), "{checked:?}");
}

#[test]
fn many_calls_are_answered_side_by_side() {
    let (provider, mut server) = start();
    for id in 0..50 {
        let params =
            json!({"name": CHAT, "arguments": {"prompt": format!("p{id}"), "model": "slow-20"}});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        server.send(&call.to_string());
    }
    for _ in 0..50 {
        let answer = server.json();
        let expected = format!("echo: p{}", answer["id"]);
        assert_eq!(answer["result"]["structuredContent"]["text"], *expected);
    }
    provider.wait_requests(50, LIMIT);
}

#[test]
fn openrouter_counts_the_requests_as_those_of_the_user_s_app() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .env("OPENROUTER_API_KEY", "openrouter-key-123")
        .env("OPENROUTER_BASE_URL", provider.base_url(FAMILY))
        .env("OPENROUTER_APP_URL", "https://app.example")
        .env("OPENROUTER_APP_TITLE", "Mine")
        .spawn();
    chat(&ask(&mut server, "openrouter/a/model"));
    let request = last(&provider);
    assert_eq!(request.header("http-referer"), Some("https://app.example"));
    let titles = request.headers.iter();
    let titles = titles.filter(|(name, _)| name == "x-openrouter-title");
    let titles: Vec<&str> = titles.map(|(_, title)| title.as_str()).collect();
    assert_eq!(titles, ["Mine"]);
}

#[test]
fn headers_and_tokens_of_the_official_sdks_are_sent() {
    let provider = Provider::start();
    let secret = "header-secret-123";
    let mut server = Server::builder()
        .envs(provider.urls())
        .env("OPENAI_API_KEY", "openai-key-123")
        .env("OPENAI_ORG_ID", "org-1")
        .env("OPENAI_PROJECT_ID", "proj-1")
        .env(
            "OPENAI_CUSTOM_HEADERS",
            format!("X-Team: research\nX-Gate-Token: {secret}"),
        )
        .env("ANTHROPIC_AUTH_TOKEN", "anthropic-token-123")
        .env("ANTHROPIC_CUSTOM_HEADERS", "anthropic-beta: some-beta")
        .spawn();
    let ask = |server: &mut Server, model: &str| {
        let result = server.call_tool(CHAT, json!({"prompt": "hi", "model": model}));
        assert_eq!(chat(&result)["text"], "echo: hi");
        provider.requests().pop().unwrap()
    };
    let openai = ask(&mut server, "gpt-5");
    for (name, value) in [
        ("openai-organization", "org-1"),
        ("openai-project", "proj-1"),
        ("x-team", "research"),
        ("x-gate-token", secret),
        ("authorization", "Bearer openai-key-123"),
    ] {
        assert_eq!(openai.header(name), Some(value), "{name}");
    }
    let anthropic = ask(&mut server, "claude-sonnet-5");
    assert_eq!(
        anthropic.header("authorization"),
        Some("Bearer anthropic-token-123")
    );
    assert_eq!(anthropic.header("x-api-key"), None);
    assert_eq!(anthropic.header("anthropic-beta"), Some("some-beta"));
    for name in ["x-team", "x-gate-token", "openai-organization"] {
        assert_eq!(anthropic.header(name), None);
    }
    // A header can replace a key.
    provider.script(
        Family::OpenAi,
        [Reply::text(Family::OpenAi, &format!("a {secret} b"))],
    );
    let result = server.call_tool(CHAT, json!({"prompt": "hi", "model": "gpt-5"}));
    assert_eq!(text(&result), "a [redacted] b");

    // With a key the token is not used.
    let mut server = Server::builder()
        .envs(provider.urls())
        .env("ANTHROPIC_API_KEY", "anthropic-key-123")
        .env("ANTHROPIC_AUTH_TOKEN", "anthropic-token-123")
        .spawn();
    let request = ask(&mut server, "claude-sonnet-5");
    assert_eq!(request.header("x-api-key"), Some("anthropic-key-123"));
    assert_eq!(request.header("authorization"), None);
    server.wait_stderr("ANTHROPIC_API_KEY is used, and not ANTHROPIC_AUTH_TOKEN");

    for (name, value, part) in [
        (
            "OPENAI_CUSTOM_HEADERS",
            "no colon hidden",
            "name of a header",
        ),
        ("ANTHROPIC_CUSTOM_HEADERS", "Host: hidden", "transport"),
    ] {
        let checked = run(
            &["config", "validate"],
            [(name, value), ("OPENAI_API_KEY", "k-1")],
            b"",
        );
        assert_eq!(checked.code, Some(1));
        assert_parts(&checked.stderr, &[name, part, "one header to a line"]);
        assert!(!checked.stderr.contains("hidden"), "{}", checked.stderr);
    }
}

/// Whether the program detects that it runs in a container, as when the tests run in one.
fn in_container() -> bool {
    ["/.dockerenv", "/run/.containerenv"]
        .iter()
        .any(|path| Path::new(path).exists())
}

/// Local runtimes: id, variable and usual port.
const LOCAL: [(&str, &str, u16); 4] = [
    ("ollama", "OLLAMA_HOST", 11_434),
    ("lmstudio", "LMSTUDIO_BASE_URL", 1234),
    ("vllm", "VLLM_BASE_URL", 8000),
    ("llamacpp", "LLAMACPP_BASE_URL", 8080),
];

#[test]
fn a_local_runtime_that_is_named_is_tried_at_its_usual_port_but_not_in_a_container() {
    let key = ("OPENAI_API_KEY", "k-123");
    for (id, variable, port) in LOCAL {
        let model = format!("{id}/llama3.2");
        let asks = [
            (vec!["chat", "-m", &model, "hi"], vec![key]),
            (
                vec!["chat", "--provider", id, "-m", "llama3.2", "hi"],
                vec![key],
            ),
            (
                vec!["chat", "-m", "llama3.2", "hi"],
                vec![("DEFAULT_PROVIDER", id)],
            ),
            (vec!["chat", "hi"], vec![("DEFAULT_MODEL", &*model)]),
            (vec!["models", "--provider", id], vec![key]),
        ];
        for (arguments, variables) in asks {
            if !in_container() && TcpStream::connect(("127.0.0.1", port)).is_ok() {
                // Another program's.
                continue;
            }
            let builder = Server::builder().args(&arguments).stdin(Stdin::Null);
            let output = builder.envs(variables).run(b"");
            let (code, said) = match in_container() {
                true => (
                    1,
                    format!("{variable}, for example to http://host.docker.internal:{port}"),
                ),
                false => (3, format!("Start {id} on this machine, or set {variable}")),
            };
            assert!(output.stderr.contains(&said), "{arguments:?}: {output:?}");
            // Failed lists make the call fail in any case.
            assert!(
                output.code == Some(code) || arguments[0] == "models",
                "{arguments:?}: {output:?}"
            );
        }
        // Not set up.
        let listed = run(&["doctor"], [key], b"");
        assert!(!listed.stdout.contains(&format!("\n{id}\n")), "{listed:?}");
        let checked = run(&["config", "validate"], NOTHING, b"");
        assert_eq!(checked.code, Some(1), "{checked:?}");
    }
    // A gateway is not a local runtime.
    let builder = Server::builder()
        .args(["chat", "-m", "litellm/x", "hi"])
        .stdin(Stdin::Null);
    let output = builder.envs([key]).run(b"");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_parts(&output.stderr, &["LITELLM_BASE_URL"]);
}

/// The loopback of a container is not the machine's: nothing is called there that is not set up.
#[test]
fn in_what_is_marked_as_a_container_no_local_runtime_is_tried() {
    // As Podman marks it.
    let line = r#"mount -t tmpfs none /run && : >/run/.containerenv && exec "$@""#;
    let marked = ["--map-root-user", "--mount", "sh", "-c", line, "sh"];
    let tried = Command::new("unshare").args(marked).arg("true").output();
    if !tried.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: no mount namespace");
        return;
    }
    for (id, variable, port) in LOCAL {
        let output = Server::builder()
            .program("unshare")
            .args(marked)
            .arg(binary())
            .args(["chat", "-m", &format!("{id}/llama3.2"), "hi"])
            .env("OPENAI_API_KEY", "k-123")
            .stdin(Stdin::Null)
            .run(b"");
        assert_eq!(output.code, Some(1), "{output:?}");
        let said = format!("{variable}, for example to http://host.docker.internal:{port}");
        assert_parts(&output.stderr, &["config: ", &said]);
    }
}
