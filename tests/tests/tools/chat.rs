//! Chats end to end: the request to a provider, and the result for the client, whatever happens in between.
//!
//! Never here: keys in output (`process/secrets.rs`), model lists (`lists.rs`), the members of messages per revision
//! (`protocol/`).

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anygpt_tests::outcome::{answer, assert_parts, chat, error, text, warnings};
use anygpt_tests::provider::{Family, Outcome, Provider, Reply, Request};
use anygpt_tests::schema;
use anygpt_tests::server::Server;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const CHAT: &str = "anygpt_chat_completion";

/// A provider, and a server that knows all three formats of it.
fn start() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder().envs(provider.env()).spawn();
    (provider, server)
}

/// The same, with a server that does not retry.
fn start_without_retries() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder()
        .envs(provider.env())
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    (provider, server)
}

/// Calls the usual model of `family`.
#[track_caller]
fn ask(server: &mut Server, family: Family) -> Value {
    server.call_tool(CHAT, json!({"prompt": "hi", "model": family.model()}))
}

/// The line of a call, whose answer is not waited for.
fn call_line(id: impl Into<Value>, arguments: &Value, meta: Value) -> String {
    let mut params = json!({"name": CHAT, "arguments": arguments});
    if !meta.is_null() {
        params["_meta"] = meta;
    }
    let id: Value = id.into();
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
}

fn cancel_line(id: impl Into<Value>) -> String {
    let id: Value = id.into();
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})
        .to_string()
}

/// The chat requests, without those for lists.
fn chats(provider: &Provider) -> Vec<Request> {
    let mut requests = provider.requests();
    requests.retain(|request| request.method == "POST");
    requests
}

/// The last request, which must have been sent to `family`.
#[track_caller]
fn last(provider: &Provider, family: Family) -> Request {
    let request = chats(provider).pop().expect("a request was sent");
    assert_eq!(request.family(), Some(family), "{}", request.path);
    request
}
// ---------------------------------------------------------------------------------------------- answers

#[test]
fn an_answer_brings_its_text_twice_with_model_provider_finish_usage_and_request_id() {
    let (provider, mut server) = start();
    let said = "Grüße \"quoted\" \\ back,\nsecond line\ttab \u{1F600} \u{2028} end.";
    let cases = [
        (
            Family::OpenAi,
            "completed",
            json!({"input_tokens": 12, "output_tokens": 4, "reasoning_tokens": 0, "cached_input_tokens": 0,
                "cache_write_tokens": 0, "total_tokens": 16}),
        ),
        (
            Family::Anthropic,
            "end_turn",
            json!({"input_tokens": 12, "output_tokens": 4, "cached_input_tokens": 0, "cache_write_tokens": 0,
                "total_tokens": 16}),
        ),
        (
            Family::Google,
            "STOP",
            json!({"input_tokens": 12, "output_tokens": 4, "total_tokens": 16}),
        ),
    ];
    for (place, (family, native, usage)) in cases.into_iter().enumerate() {
        provider.script(family, [Reply::text(family, said)]);
        let result = ask(&mut server, family);
        let got = chat(&result);
        assert_eq!(got["text"], said);
        assert_eq!(got["model"], family.model(), "{got}");
        assert_eq!(got["provider"], family.id());
        assert_eq!(got["finish_reason"], "stop", "{got}");
        assert_eq!(got["native_finish_reason"], native, "{got}");
        assert_eq!(got["usage"], usage, "{got}");
        assert_eq!(got["request_id"], format!("req_mock_{}", place + 1));
        assert!(got["latency_ms"].as_u64() >= got["first_token_ms"].as_u64());
        assert!(got["first_token_ms"].is_u64(), "{got}");
        for absent in ["partial", "warnings"] {
            assert_eq!(got.get(absent), None, "{got}");
        }
    }
}

/// Gemini has the id of a response in its body (<https://ai.google.dev/api/generate-content>, `responseId`); only a
/// proxy would add a header.
#[test]
fn an_answer_of_google_has_the_id_of_its_body_where_no_header_names_the_request() {
    let (provider, mut server) = start();
    // The mock adds no request id besides this header, and the header is unknown.
    let reply = Reply::text(Family::Google, "hello").header("not-a-request-id", "x");
    provider.script(Family::Google, [reply]);
    let result = ask(&mut server, Family::Google);
    assert_eq!(chat(&result)["request_id"], "mock-response");
}

#[test]
fn finish_reasons_have_one_name_for_all_providers() {
    let (provider, mut server) = start();
    let cases = [
        (
            Family::OpenAi,
            json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
            ["length", "max_output_tokens"],
        ),
        (
            Family::OpenAi,
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
            ["content_filter", "content_filter"],
        ),
        (
            Family::Anthropic,
            json!("max_tokens"),
            ["length", "max_tokens"],
        ),
        (
            Family::Anthropic,
            json!("stop_sequence"),
            ["stop", "stop_sequence"],
        ),
        (
            Family::Anthropic,
            json!("refusal"),
            ["content_filter", "refusal"],
        ),
        (
            Family::Google,
            json!("MAX_TOKENS"),
            ["length", "MAX_TOKENS"],
        ),
        (
            Family::Google,
            json!("SAFETY"),
            ["content_filter", "SAFETY"],
        ),
    ];
    for (family, end, [finish, native]) in cases {
        provider.script(family, [ended(family, "some text", &end)]);
        let result = ask(&mut server, family);
        let got = chat(&result);
        assert_eq!(got["text"], "some text");
        assert_eq!(got["finish_reason"], finish, "{got}");
        assert_eq!(got["native_finish_reason"], native, "{got}");
    }
}

#[test]
fn a_plain_json_reply_to_a_streamed_request_is_an_answer() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        let body = match family {
            Family::OpenAi => {
                json!({"id": "resp_1", "object": "response", "status": "completed", "model": "m", "error": null,
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "no"}]},
                    {"type": "message", "role": "assistant", "content": [
                        {"type": "output_text", "text": "plain "}, {"type": "output_text", "text": "answer"}]}],
                "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}})
            }
            Family::Anthropic => {
                json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                "content": [{"type": "thinking", "thinking": "no", "signature": "x"},
                    {"type": "text", "text": "plain "}, {"type": "text", "text": "answer"}],
                "usage": {"input_tokens": 3, "output_tokens": 2}})
            }
            Family::Google => {
                json!({"candidates": [{"index": 0, "finishReason": "STOP", "content": {"parts": [
                    {"text": "no", "thought": true}, {"text": "plain "}, {"text": "answer"}]}}],
                "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
                "modelVersion": "m", "responseId": "r"})
            }
            _ => panic!("{family:?} is none of the native ones"),
        };
        provider.script(family, [Reply::json(200, &body)]);
        let result = ask(&mut server, family);
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["model"], &got["finish_reason"]),
            (&json!("plain answer"), &json!("m"), &json!("stop"))
        );
        assert_eq!(
            (
                &got["usage"]["input_tokens"],
                &got["usage"]["output_tokens"],
                &got["usage"]["total_tokens"]
            ),
            (&json!(3), &json!(2), &json!(5))
        );
    }
}

#[test]
fn an_answer_that_comes_byte_by_byte_is_whole() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        provider.script(
            family,
            [Reply::text(family, "größe 😀 byte by byte").dribble()],
        );
        let result = ask(&mut server, family);
        assert_eq!(chat(&result)["text"], "größe 😀 byte by byte");
        assert_eq!(chat(&result).get("partial"), None);
    }
}

#[test]
fn everything_an_answer_can_hold_is_valid_against_the_tool_s_own_schema() {
    let (provider, mut server) = start();
    let list = server.request("tools/list", Value::Null);
    let tools = list["result"]["tools"].as_array().unwrap();
    let tool = tools.iter().find(|tool| tool["name"] == CHAT).unwrap();
    for family in Family::NATIVE {
        provider.script(
            family,
            [
                Reply::text(family, "hello"),
                Reply::stream_error(family, ["some ", "text"], "mock failure"),
            ],
        );
        for _ in 0..2 {
            let arguments = json!({"prompt": "hi", "model": family.model(), "nonsense": 1});
            let result = server.call_tool(CHAT, arguments);
            schema::check(&tool["outputSchema"], chat(&result), CHAT);
        }
        provider.script(
            family,
            [Reply::deltas(family, ["some "], Duration::ZERO).hang_after(1)],
        );
    }
    for result in ask_all(&mut server, &json!({"prompt": "hi", "timeout_seconds": 3})) {
        assert_eq!(chat(&result)["partial"], true);
        schema::check(&tool["outputSchema"], chat(&result), CHAT);
    }
}

// --------------------------------------------------------------------------------------------- requests

#[test]
fn a_request_goes_out_as_documented_with_one_credential_and_nothing_unasked() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        answer(&ask(&mut server, family));
        let request = last(&provider, family);
        let (path, header, value, body) = match family {
            Family::OpenAi => (
                "/openai/v1/responses",
                "authorization",
                format!("Bearer {}", family.key()),
                json!({"model": "gpt-4.1", "input": [{"type": "message", "role": "user", "content": "hi"}], "store": false,
                    "stream": true, "stream_options": {"include_obfuscation": false}}),
            ),
            Family::Anthropic => (
                "/anthropic/v1/messages",
                "x-api-key",
                family.key().to_owned(),
                // The API requires max_tokens; everything else is left out.
                json!({"model": "claude-sonnet-5", "max_tokens": 16384, "stream": true,
                    "messages": [{"role": "user", "content": "hi"}]}),
            ),
            Family::Google => (
                "/google/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse",
                "x-goog-api-key",
                family.key().to_owned(),
                json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
            ),
            _ => panic!("{family:?} is none of the native ones"),
        };
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", path)
        );
        assert_eq!(request.json(), body);
        assert_eq!(request.header(header), Some(value.as_str()));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(
            request.header("anthropic-version"),
            (family == Family::Anthropic).then_some("2023-06-01")
        );
        let other = |name: &str| {
            name != header
                && ["authorization", "x-api-key", "x-goog-api-key", "cookie"].contains(&name)
        };
        let keys = Family::NATIVE.map(Family::key);
        for (name, value) in &request.headers {
            let strange = name != header && keys.iter().any(|key| value.contains(key));
            assert!(!other(name) && !strange, "{name} has no business here");
        }
        assert!(!keys.iter().any(|key| request.path.contains(key)));
    }
}

#[test]
fn options_are_sent_when_given_as_numbers_or_as_strings() {
    let (provider, mut server) = start();
    let forms = [
        json!({"temperature": 0.5, "max_tokens": 100, "timeout_seconds": 30}),
        json!({"temperature": "0.5", "max_tokens": "100", "timeout_seconds": "30"}),
        json!({"temperature": 0.5, "max_tokens": 100.0, "timeout_seconds": " 30 ", "provider": null}),
        json!({"temperature": " 5e-1", "max_tokens": "100.0", "timeout_seconds": 3e1, "system": ""}),
    ];
    for family in Family::NATIVE {
        for form in &forms {
            let mut arguments = form.clone();
            arguments["prompt"] = "hi".into();
            // Anthropic's newer models do not support temperature.
            arguments["model"] = match family {
                Family::Anthropic => "claude-sonnet-4-5",
                family => family.model(),
            }
            .into();
            let result = server.call_tool(CHAT, arguments);
            assert_eq!(chat(&result).get("warnings"), None, "{result}");
            let body = last(&provider, family).json();
            let (temperature, tokens) = match family {
                Family::OpenAi => (&body["temperature"], &body["max_output_tokens"]),
                Family::Anthropic => (&body["temperature"], &body["max_tokens"]),
                Family::Google => (
                    &body["generationConfig"]["temperature"],
                    &body["generationConfig"]["maxOutputTokens"],
                ),
                _ => panic!("{family:?} is none of the native ones"),
            };
            assert_eq!((temperature, tokens), (&json!(0.5), &json!(100)), "{form}");
        }
    }
}

#[test]
fn a_conversation_is_put_where_each_provider_wants_it() {
    let (provider, mut server) = start();
    let conversation = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "developer", "content": "In French."},
        {"role": "user", "content": [{"type": "text", "text": "thr"}, {"type": "text", "text": "ee"}]},
    ]);
    for family in Family::NATIVE {
        let arguments = json!({"messages": conversation, "model": family.model()});
        assert_eq!(
            chat(&server.call_tool(CHAT, arguments))["text"],
            "echo: three"
        );
        let body = last(&provider, family).json();
        match family {
            Family::OpenAi => assert_eq!(
                body["input"],
                json!([
                    {"type": "message", "role": "system", "content": "Be brief."},
                    {"type": "message", "role": "user", "content": "one"},
                    {"type": "message", "role": "assistant", "content": "two"},
                    {"type": "message", "role": "developer", "content": "In French."},
                    {"type": "message", "role": "user", "content": "three"},
                ])
            ),
            Family::Anthropic => {
                assert_eq!(
                    body["system"],
                    json!([{"type": "text", "text": "Be brief."}, {"type": "text", "text": "In French."}])
                );
                assert_eq!(
                    body["messages"],
                    json!([
                        {"role": "user", "content": "one"},
                        {"role": "assistant", "content": "two"},
                        {"role": "user", "content": "three"},
                    ])
                );
            }
            Family::Google => {
                assert_eq!(
                    body["systemInstruction"],
                    json!({"parts": [{"text": "Be brief."}, {"text": "In French."}]})
                );
                assert_eq!(
                    body["contents"],
                    json!([
                        {"role": "user", "parts": [{"text": "one"}]},
                        {"role": "model", "parts": [{"text": "two"}]},
                        {"role": "user", "parts": [{"text": "three"}]},
                    ])
                );
            }
            _ => panic!("{family:?} is none of the native ones"),
        }
    }
}

#[test]
fn prompt_and_system_say_the_same_as_messages_however_they_are_written() {
    let (provider, mut server) = start();
    let user = json!({"role": "user", "content": "ask"});
    let system = json!({"role": "system", "content": "Be brief."});
    let both = json!([system, user]);
    let forms = [
        json!({"prompt": "ask", "system": "Be brief."}),
        json!({"messages": both}),
        json!({"messages": both.to_string()}),
        json!({"messages": [user], "system": "Be brief."}),
        json!({"prompt": "ask", "system": "Be brief.", "messages": []}),
    ];
    for family in Family::NATIVE {
        let bodies = forms.clone().map(|mut arguments| {
            arguments["model"] = family.model().into();
            assert_eq!(
                chat(&server.call_tool(CHAT, arguments))["text"],
                "echo: ask"
            );
            last(&provider, family).json()
        });
        for (form, body) in forms.iter().zip(&bodies) {
            assert_eq!(body, &bodies[0], "{form}");
        }
        assert!(bodies[0].to_string().contains("Be brief."));
    }
}

#[test]
fn unknown_arguments_are_named_in_a_warning_and_the_answer_comes_all_the_same() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        let result = server.call_tool(
            CHAT,
            json!({"prompt": "hi", "model": family.model(), "frequency": 3, "topp": 1}),
        );
        assert_eq!(chat(&result)["text"], "echo: hi");
        assert_parts(&warnings(chat(&result)), &["frequency", "topp"]);
        let sent = last(&provider, family).json().to_string();
        assert!(!sent.contains("frequency") && !sent.contains("topp"));
    }
}

#[test]
fn unknown_members_inside_a_conversation_are_named_with_their_paths() {
    let (provider, mut server) = start();
    let conversation = json!([
        {"role": "user", "content": "one", "name": "Bo"},
        {"role": "assistant", "content": [{"type": "text", "text": "two", "cache_control": {"type": "ephemeral"}}], "a b": 1},
        {"role": "user", "content": [{"type": "text", "text": "three"}]},
    ]);
    // As JSON, and as a string of JSON.
    for messages in [conversation.clone(), conversation.to_string().into()] {
        for family in Family::NATIVE {
            let arguments = json!({"messages": messages, "model": family.model(), "top": 1});
            let result = server.call_tool(CHAT, arguments);
            assert_eq!(chat(&result)["text"], "echo: three");
            let paths = [
                "top",
                "messages[0].name",
                "messages[1].content[0].cache_control",
                "messages[1][\"a b\"]",
            ];
            assert_parts(&warnings(chat(&result)), &paths);
            let sent = last(&provider, family).json().to_string();
            for unknown in ["Bo", "cache_control", "a b"] {
                assert!(!sent.contains(unknown), "{sent}");
            }
        }
    }
}

/// Each error has the place, the value found, and what is permitted (R-57, R-59).
#[test]
fn bad_arguments_are_errors_that_name_the_place_and_send_nothing() {
    let (provider, mut server) = start();
    let prompt = |name: &str, value: Value| {
        let mut arguments = json!({"prompt": "a"});
        arguments[name] = value;
        arguments
    };
    let message = |message: Value| json!({"messages": [{"role": "user", "content": "x"}, message]});
    let part = |part: Value| message(json!({"role": "user", "content": ["x", part]}));
    for (arguments, said) in [
        (
            json!({}),
            "there is nothing to ask. Give prompt (a string) or messages",
        ),
        (json!({"prompt": "  "}), "there is nothing to ask"),
        (
            json!({"prompt": null, "messages": null}),
            "there is nothing to ask",
        ),
        (json!({"messages": []}), "there is nothing to ask"),
        (json!({"prompt": 1}), "prompt is 1, but must be a string"),
        (
            json!({"prompt": ["a"]}),
            "prompt is an array of 1, but must be a string",
        ),
        (
            json!({"prompt": true}),
            "prompt is true, but must be a string",
        ),
        (
            prompt("messages", json!([{"role": "user", "content": "x"}])),
            "both prompt and messages are given",
        ),
        (
            prompt("system", json!({"a": 1})),
            "system is an object, but must be a string",
        ),
        (
            prompt("model", json!({"a": 1})),
            "model is an object, but must be a string",
        ),
        (
            prompt("model", json!(["gpt-4.1"])),
            "model is an array of 1, but must be a string",
        ),
        (
            prompt("model", json!("m".repeat(300))),
            "model is a long string, but must be at most 256 bytes long",
        ),
        (
            prompt("provider", json!(5)),
            "provider is 5, but must be a string",
        ),
        (
            prompt("provider", json!(false)),
            "provider is false, but must be a string",
        ),
        (
            prompt("provider", json!("nobody")),
            "openai, anthropic, google",
        ),
        (
            json!({"messages": "not json"}),
            "messages is \"not json\", but must be an array",
        ),
        (
            json!({"messages": "{}"}),
            "messages is \"{}\", but must be an array",
        ),
        (json!({"messages": {}}), "there is nothing to ask"),
        (
            json!({"messages": 7}),
            "messages is 7, but must be an array",
        ),
        (
            json!({"messages": [null]}),
            "messages[0] is null, but must be an object with role and content",
        ),
        (
            json!({"messages": "[1]"}),
            "messages[0] is 1, but must be an object",
        ),
        (
            message(json!([])),
            "messages[1] is an array of 0, but must be an object",
        ),
        (
            message(json!({"content": "x"})),
            "messages[1].role is missing, but must be system, developer, user, assistant or tool",
        ),
        (
            message(json!({"role": "bot", "content": "x"})),
            "messages[1].role is \"bot\", but must be system,",
        ),
        (
            message(json!({"role": 1, "content": "x"})),
            "messages[1].role is 1, but must be system,",
        ),
        (
            message(json!({"role": "user"})),
            "messages[1].content is missing, but must be a string, or an array of",
        ),
        (
            message(json!({"role": "user", "content": null})),
            "messages[1].content is missing, but must be a string",
        ),
        (
            message(json!({"role": "user", "content": {"type": "text"}})),
            "messages[1].content[0].text is missing",
        ),
        (
            part(json!(3)),
            "messages[1].content[1] is 3, but must be a string, or an object with a type",
        ),
        (
            part(json!({"text": "x"})),
            "messages[1].content[1].type is missing, but must be \"text\", \"image\" or \"file\"",
        ),
        (
            part(json!({"type": "audio"})),
            "messages[1].content[1].type is \"audio\", but must be \"text\"",
        ),
        (
            part(json!({"type": "image"})),
            "messages[1].content[1] must have either url or data",
        ),
        (
            part(json!({"type": "text", "text": 4})),
            "messages[1].content[1].text is 4, but must be a string",
        ),
        (
            part(json!({"type": "text"})),
            "messages[1].content[1].text is missing, but must be a string",
        ),
        (
            prompt("temperature", json!(3)),
            "temperature is 3, but must be a number from 0 to 2",
        ),
        (
            prompt("temperature", json!("-0.1")),
            "temperature is \"-0.1\", but must be a number from 0 to 2",
        ),
        (
            prompt("temperature", json!("hot")),
            "temperature is \"hot\", but must be a number from 0 to 2",
        ),
        (
            prompt("temperature", json!("NaN")),
            "temperature is \"NaN\", but must be a number from 0 to 2",
        ),
        (
            prompt("temperature", json!(true)),
            "temperature is true, but must be a number from 0 to 2",
        ),
        (
            prompt("temperature", json!("true")),
            "temperature is \"true\", but must be a number from 0 to 2",
        ),
        (
            prompt("max_tokens", json!(0)),
            "max_tokens is 0, but must be a whole number from 1 to",
        ),
        (
            prompt("max_tokens", json!(-1)),
            "max_tokens is -1, but must be a whole number from 1 to",
        ),
        (
            prompt("max_tokens", json!(1.5)),
            "max_tokens is 1.5, but must be a whole number from 1 to",
        ),
        (
            prompt("max_tokens", json!("1.5")),
            "max_tokens is \"1.5\", but must be a whole number from 1 to",
        ),
        (
            prompt("max_tokens", json!([1])),
            "max_tokens is an array of 1, but must be a whole number from 1 to",
        ),
        (
            prompt("timeout_seconds", json!(4000)),
            "timeout_seconds is 4000, but must be a whole number from 1 to 3600",
        ),
        (
            prompt("timeout_seconds", json!("soon")),
            "timeout_seconds is \"soon\", but must be a whole number from 1 to 3600",
        ),
    ] {
        let result = server.call_tool(CHAT, arguments);
        assert_parts(error(&result), &[said]);
    }
    assert_eq!(provider.requests().len(), 0);
}

// ---------------------------------------------------------------------------------------------- routing

#[test]
fn names_lead_to_providers() {
    let (provider, mut server) = start();
    for (arguments, family, model) in [
        (json!({"model": "gpt-4.1"}), Family::OpenAi, "gpt-4.1"),
        (json!({"model": "o3-mini"}), Family::OpenAi, "o3-mini"),
        (
            json!({"model": "claude-opus-5"}),
            Family::Anthropic,
            "claude-opus-5",
        ),
        (
            json!({"model": "gemini-2.5-pro"}),
            Family::Google,
            "gemini-2.5-pro",
        ),
        (
            json!({"model": "models/gemini-2.5-pro"}),
            Family::Google,
            "gemini-2.5-pro",
        ),
        (
            json!({"model": "anthropic/claude-opus-5"}),
            Family::Anthropic,
            "claude-opus-5",
        ),
        (
            json!({"model": "google/new-one"}),
            Family::Google,
            "new-one",
        ),
        (
            json!({"model": "gemini/new-one"}),
            Family::Google,
            "new-one",
        ),
        (
            json!({"model": "new-one", "provider": "gemini"}),
            Family::Google,
            "new-one",
        ),
        (
            json!({"model": "new-one", "provider": "Anthropic"}),
            Family::Anthropic,
            "new-one",
        ),
        (
            json!({"model": "gpt-4.1", "provider": "google"}),
            Family::Google,
            "gpt-4.1",
        ),
        // Of no known family: it goes to the default provider as it is.
        (
            json!({"model": "brand-new:2027"}),
            Family::OpenAi,
            "brand-new:2027",
        ),
        (json!({"model": "some/thing"}), Family::OpenAi, "some/thing"),
    ] {
        let mut all = arguments.clone();
        all["prompt"] = "hi".into();
        let result = server.call_tool(CHAT, all);
        let request = last(&provider, family);
        assert_eq!(request.model().as_deref(), Some(model), "{arguments}");
        assert_eq!(chat(&result)["provider"], family.id(), "{arguments}");
        assert_eq!(chat(&result)["text"], "echo: hi");
        assert_eq!(chat(&result).get("warnings"), None, "{result}");
    }
}

#[test]
fn a_model_s_name_stays_one_segment_of_the_path() {
    let (provider, mut server) = start();
    for (model, segment) in [
        ("../../x?y=z#f", "..%2F..%2Fx%3Fy%3Dz%23f"),
        ("a:b", "a%3Ab"),
        ("a%2fb", "a%252fb"),
        ("..", ".."),
    ] {
        let arguments = json!({"prompt": "hi", "provider": "google", "model": model});
        server.call_tool(CHAT, arguments);
        let path = format!("/google/v1beta/models/{segment}:streamGenerateContent?alt=sse");
        assert_eq!(last(&provider, Family::Google).path, path);
    }
}

#[test]
fn the_default_provider_gets_what_nobody_else_claims() {
    for (default, family) in [
        ("openai", Family::OpenAi),
        ("anthropic", Family::Anthropic),
        ("google", Family::Google),
        ("gemini", Family::Google),
    ] {
        let provider = Provider::start();
        let mut server = Server::builder()
            .envs(provider.env())
            .env("DEFAULT_PROVIDER", default)
            .spawn();
        let arguments = json!({"prompt": "hi", "model": "brand-new"});
        let result = server.call_tool(CHAT, arguments);
        assert_eq!(chat(&result)["provider"], family.id());
        assert_eq!(
            last(&provider, family).model().as_deref(),
            Some("brand-new")
        );
        // A name with a family's prefix still leads there.
        let arguments = json!({"prompt": "hi", "model": "claude-opus-5"});
        let result = server.call_tool(CHAT, arguments);
        assert_eq!(chat(&result)["provider"], "anthropic");
    }
}

#[test]
fn without_a_model_the_default_of_the_table_answers_and_a_warning_says_so() {
    let (provider, mut server) = start();
    let openai = json!({"object": "list", "data": [
        {"id": "gpt-6-astra", "created": 1_900_000_000}, {"id": "gpt-6-sol", "created": 1_800_000_000},
        {"id": "gpt-6-luna", "created": 1_850_000_000}, {"id": "gpt-live-1", "created": 1_900_000_000}]});
    let anthropic = json!({"has_more": false, "data": [
        {"type": "model", "id": "claude-fable-5-2", "created_at": "2027-01-01T00:00:00Z"},
        {"type": "model", "id": "claude-sonnet-5-5", "created_at": "2026-01-01T00:00:00Z"},
        {"type": "model", "id": "claude-opus-5-5", "created_at": "2025-01-01T00:00:00Z"}]});
    let chatting = json!(["generateContent", "countTokens"]);
    let google = json!({"models": [
        {"name": "models/gemini-3.8-flash", "supportedGenerationMethods": chatting},
        {"name": "models/gemini-3.5-transcribe", "supportedGenerationMethods": chatting},
        {"name": "models/gemini-9-embedding", "supportedGenerationMethods": ["embedContent"]}]});
    for (family, list, newest, why) in [
        (
            Family::OpenAi,
            openai,
            "gpt-6-sol",
            "the nearest in its live list to the default",
        ),
        (
            Family::Anthropic,
            anthropic,
            "claude-sonnet-5-5",
            "the default of the table of models of",
        ),
        (
            Family::Google,
            google,
            "gemini-3.8-flash",
            "the nearest in its live list to the default",
        ),
    ] {
        provider.script_models(family, [Reply::json(200, &list)]);
        let result = server.call_tool(CHAT, json!({"prompt": "hi", "provider": family.id()}));
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["model"]),
            (&json!("echo: hi"), &json!(newest))
        );
        assert_eq!(last(&provider, family).model().as_deref(), Some(newest));
        assert_parts(&warnings(got), &["DEFAULT_MODEL", newest, why]);

        provider.script_models(family, [Reply::error(family, 401, "mock words")]);
        let result = server.call_tool(CHAT, json!({"prompt": "hi", "provider": family.id()}));
        assert_parts(error(&result), &["auth", family.id(), "401", "mock words"]);
    }
}

#[test]
fn default_model_answers_where_none_is_named() {
    for family in Family::NATIVE {
        for default in [
            family.model().to_owned(),
            format!("{}/{}", family.id(), family.model()),
        ] {
            let provider = Provider::start();
            let mut server = Server::builder()
                .envs(provider.env())
                .env("DEFAULT_MODEL", &default)
                .spawn();
            let result = server.call_tool(CHAT, json!({"prompt": "hi"}));
            let got = chat(&result);
            assert_eq!(
                (&got["provider"], &got["model"]),
                (&json!(family.id()), &json!(family.model()))
            );
            assert_eq!(got.get("warnings"), None, "{got}");
            assert_eq!(provider.requests().len(), 1, "no list is needed");
        }
    }
}

// ----------------------------------------------------------------------------------------------- errors

/// Class, provider, status, the provider's message, the next step: all of it is in the text.
#[test]
fn an_error_says_class_provider_model_status_message_and_what_to_do() {
    let (provider, mut server) = start();
    let variables = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"];
    for (family, variable) in Family::NATIVE.into_iter().zip(variables) {
        let model = family.model();
        let cases = [
            (400, "invalid_request", "argument"),
            (401, "auth", variable),
            (403, "permission", "rights"),
            (404, "model_not_found", "anygpt_list_models"),
            (422, "invalid_request", "argument"),
            (429, "rate_limit", "30"),
            (500, "unavailable", "Try again"),
            (503, "unavailable", "Try again"),
            (529, "unavailable", "Try again"),
        ];
        for (status, class, next) in cases {
            let words = format!("mock words {status}");
            let reply = Reply::error(family, status, &words);
            provider.always(
                family,
                match status {
                    // Too long to wait.
                    429 => reply.header("retry-after", "300"),
                    _ => reply.header("retry-after-ms", "1"),
                },
            );
            let result = ask(&mut server, family);
            let text = error(&result);
            assert!(text.starts_with(&format!("{class}: ")), "{text}");
            let status = status.to_string();
            assert_parts(
                text,
                &[family.id(), model, &status, &words, next, "req_mock"],
            );
            assert_eq!(text.lines().count(), 1, "{text}");
            assert_eq!(result.get("structuredContent"), None);
        }
    }
}

#[test]
fn errors_of_proxies_and_empty_ones_are_explained() {
    let (provider, mut server) = start();
    let page = |title| {
        format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>x</body></html>")
    };
    for family in Family::NATIVE {
        for (reply, parts) in [
            (
                Reply::html(413, &page("413 Request Entity Too Large")),
                ["too_large", "413 Request Entity Too Large", "Send"],
            ),
            (
                Reply::html(502, &page("502 Bad Gateway")),
                ["unavailable", "HTML", "502 Bad Gateway"],
            ),
            (
                Reply::html(404, "<html>no title</html>"),
                ["404", "HTML", "base URL"],
            ),
            (
                Reply::empty(500),
                ["unavailable", "500", "without an explanation"],
            ),
            (Reply::empty(401), ["auth", "401", "without an explanation"]),
            (
                Reply::plain(503, "upstream connect error"),
                ["unavailable", "503", "upstream connect error"],
            ),
            (
                Reply::json(
                    422,
                    &json!({"detail": [{"loc": ["body", "model"], "msg": "field required"}]}),
                ),
                ["invalid_request", "422", "body.model: field required"],
            ),
        ] {
            provider.always(family, reply.header("retry-after-ms", "1"));
            let result = ask(&mut server, family);
            assert_parts(error(&result), &parts);
            assert_parts(error(&result), &[family.id(), family.model()]);
        }
        let too_large = Reply::error(family, 413, "mock words");
        // Google has no shape of its own for it and sends a page, as above.
        if family != Family::Google {
            provider.always(family, too_large);
            assert_parts(
                error(&ask(&mut server, family)),
                &["too_large", "413", "mock words"],
            );
        }
    }
}

#[test]
fn an_error_inside_the_stream_counts_as_one_before_text_and_keeps_what_came_after_it() {
    let (provider, mut server) = start_without_retries();
    for family in Family::NATIVE {
        let none: [&str; 0] = [];
        provider.always(family, Reply::stream_error(family, none, "mock words"));
        let result = ask(&mut server, family);
        assert_parts(
            error(&result),
            &[
                "unavailable: ",
                family.id(),
                family.model(),
                "mock words",
                "Try again",
            ],
        );

        provider.always(
            family,
            Reply::stream_error(family, ["one ", "two "], "mock words"),
        );
        let result = ask(&mut server, family);
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["partial"], &got["finish_reason"]),
            (&json!("one two "), &json!(true), &json!("error"))
        );
        assert_parts(&warnings(got), &["unavailable", "mock words"]);
    }
}

#[test]
fn a_stream_that_breaks_is_an_error_without_text_and_a_partial_answer_with_it() {
    let (provider, mut server) = start_without_retries();
    for family in Family::NATIVE {
        let good = || Reply::deltas(family, ["one ", "two ", "three"], Duration::ZERO);
        for (what, reply, class) in [
            ("cut before the headers", Reply::cut(), "network: "),
            ("cut before any text", good().cut_after(0), "network: "),
            ("ended before any text", good().end_after(0), "network: "),
            (
                "not JSON",
                Reply::raw_stream("data: {\"not\": json\n\n"),
                "unavailable: ",
            ),
        ] {
            provider.always(family, reply);
            let result = ask(&mut server, family);
            let text = error(&result);
            assert!(text.starts_with(class), "{what}: {text}");
            assert_parts(text, &[family.id(), family.model()]);
        }
        for (what, reply) in [
            ("cut after two deltas", good().cut_after(2)),
            ("ended without its last event", good().end_after(2)),
            (
                "cut within an event",
                Reply::raw_pieces(two_and_a_half(family)).cut_after(2),
            ),
            (
                "ended within an event",
                Reply::raw_pieces(two_and_a_half(family)),
            ),
        ] {
            provider.always(family, reply);
            let result = ask(&mut server, family);
            let got = chat(&result);
            assert_eq!(
                (&got["text"], &got["partial"], &got["finish_reason"]),
                (&json!("one two "), &json!(true), &json!("error")),
                "{what}"
            );
            assert_parts(&warnings(got), &["network"]);
        }
    }
}

/// The deltas "one " and "two ", and the beginning of one more.
fn two_and_a_half(family: Family) -> Vec<String> {
    let delta = |text: &str| -> String {
        let data = match family {
            Family::OpenAi => {
                json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text})
            }
            Family::Anthropic => {
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
            }
            Family::Google => {
                json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}]})
            }
            _ => panic!("{family:?} is none of the native ones"),
        };
        format!("data: {data}\n\n")
    };
    let half = delta("three");
    vec![delta("one "), delta("two ") + &half[..half.len() - 12]]
}

#[test]
fn an_empty_answer_is_an_error_that_says_why() {
    let (provider, mut server) = start();
    let blocked = Reply::raw_stream(
        "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":9}}\n\n",
    );
    let spent =
        json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}});
    let filtered =
        json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}});
    for (family, reply, parts) in [
        (
            Family::OpenAi,
            Reply::text(Family::OpenAi, ""),
            ["empty_response: ", "completed"],
        ),
        (
            Family::Anthropic,
            Reply::text(Family::Anthropic, ""),
            ["empty_response: ", "end_turn"],
        ),
        (
            Family::Google,
            Reply::text(Family::Google, ""),
            ["empty_response: ", "STOP"],
        ),
        (
            Family::OpenAi,
            ended(Family::OpenAi, "", &spent),
            ["empty_response: ", "max_tokens"],
        ),
        (
            Family::Anthropic,
            ended(Family::Anthropic, "", &json!("max_tokens")),
            ["empty_response: ", "max_tokens"],
        ),
        (
            Family::Google,
            ended(Family::Google, "", &json!("MAX_TOKENS")),
            ["empty_response: ", "max_tokens"],
        ),
        (
            Family::OpenAi,
            ended(Family::OpenAi, "", &filtered),
            ["content_filter: ", "content_filter"],
        ),
        (
            Family::Anthropic,
            ended(Family::Anthropic, "", &json!("refusal")),
            ["content_filter: ", "refusal"],
        ),
        (Family::Google, blocked, ["content_filter: ", "SAFETY"]),
    ] {
        provider.always(family, reply);
        let result = ask(&mut server, family);
        assert_parts(error(&result), &parts);
        assert_parts(error(&result), &[family.id(), family.model()]);
    }
}

/// A stream of one delta (none if `said` is empty) with this ending: for OpenAI members of the response, for the others
/// the finish reason.
fn ended(family: Family, said: &str, end: &Value) -> Reply {
    let events = match family {
        Family::OpenAi => {
            let status = end["status"].as_str().unwrap();
            let response = json!({"id": "r", "model": "m", "status": status, "error": null, "output": [],
                "incomplete_details": end["incomplete_details"], "usage": {"output_tokens_details": {"reasoning_tokens": 64}}});
            vec![
                json!({"type": "response.output_text.delta", "delta": said}),
                json!({"type": format!("response.{status}"), "response": response}),
            ]
        }
        Family::Anthropic => vec![
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": said}}),
            json!({"type": "message_delta", "delta": {"stop_reason": end}, "usage": {"output_tokens": 64}}),
            json!({"type": "message_stop"}),
        ],
        Family::Google => {
            let parts = json!([{"text": said}]);
            vec![
                json!({"candidates": [{"index": 0, "content": {"parts": parts}}]}),
                json!({"candidates": [{"index": 0, "finishReason": end}], "usageMetadata": {"thoughtsTokenCount": 64}}),
            ]
        }
        _ => panic!("{family:?} is none of the native ones"),
    };
    let first = usize::from(said.is_empty());
    Reply::raw_pieces(
        events[first..]
            .iter()
            .map(|event| format!("data: {event}\n\n")),
    )
}

#[test]
fn replies_beyond_all_limits_are_cut_and_called_too_large() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        // An event of 17 MiB that never ends.
        let event = format!("data: {}", "x".repeat(17 << 20));
        provider.always(family, Reply::raw_stream(event));
        let result = ask(&mut server, family);
        assert_parts(error(&result), &["too_large: ", family.id()]);

        // Only the beginning of an error is read and shown.
        provider.always(family, Reply::huge_body(400, 64 << 20));
        let result = ask(&mut server, family);
        assert_parts(error(&result), &["invalid_request: ", "400"]);
        assert!(
            error(&result).len() < 4096,
            "{} bytes",
            error(&result).len()
        );
    }
    assert!(server.request("ping", Value::Null)["result"].is_object());
}

#[test]
fn a_plain_json_reply_of_65_mib_is_too_large() {
    let (provider, mut server) = start();
    provider.always(Family::OpenAi, Reply::huge_body(200, 65 << 20));
    let result = ask(&mut server, Family::OpenAi);
    assert_parts(error(&result), &["too_large: ", "openai"]);
}

#[test]
fn a_closed_port_and_an_unknown_host_are_network_errors_that_name_the_address() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let variables = [
        "OPENAI_BASE_URL",
        "ANTHROPIC_BASE_URL",
        "GOOGLE_GEMINI_BASE_URL",
    ];
    for (address, why) in [
        (format!("http://{closed}/v1"), "refused"),
        ("https://nothing.invalid/v1".to_owned(), "nothing.invalid"),
    ] {
        let keys = Provider::start().env().split_off(3);
        let mut server = Server::builder()
            .envs(keys)
            .envs(variables.map(|variable| (variable, &address)))
            .spawn();
        for family in Family::NATIVE {
            let result = ask(&mut server, family);
            let text = error(&result);
            assert!(text.starts_with("network: "), "{text}");
            // For some the version is not part of the base URL.
            let place = address.trim_end_matches("/v1");
            assert_parts(text, &[family.id(), family.model(), why, place]);
        }
    }
}

// ------------------------------------------------------------------------------------------------- time

/// Calls all three families at once, with these arguments, and returns their results in order.
fn ask_all(server: &mut Server, arguments: &Value) -> Vec<Value> {
    for (id, family) in Family::NATIVE.into_iter().enumerate() {
        let mut arguments = arguments.clone();
        arguments["model"] = family.model().into();
        server.send(&call_line(id, &arguments, Value::Null));
    }
    let mut answers: Vec<Value> = Family::NATIVE.iter().map(|_| server.json()).collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    answers
        .iter_mut()
        .map(|answer| answer["result"].take())
        .collect()
}

#[test]
fn at_its_deadline_a_slow_answer_is_handed_out_as_far_as_it_has_come() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        let reply = Reply::deltas(family, ["one ", "two ", "three"], Duration::ZERO);
        provider.script(family, [reply.hang_after(2)]);
    }
    for result in ask_all(&mut server, &json!({"prompt": "hi", "timeout_seconds": 3})) {
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["partial"], &got["finish_reason"]),
            (&json!("one two "), &json!(true), &json!("timeout"))
        );
        assert_parts(&warnings(got), &["timeout", "3 s"]);
    }
    provider.wait_no_connections(LIMIT);
    let requests = provider.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.outcome == Outcome::Dropped)
    );
}

#[test]
fn a_provider_that_never_answers_is_a_timeout() {
    for (arguments, variable) in [
        (json!({"prompt": "hi", "timeout_seconds": 1}), None),
        (json!({"prompt": "hi"}), Some(("ANYGPT_TIMEOUT", "1"))),
    ] {
        let provider = Provider::start();
        let mut server = Server::builder()
            .envs(provider.env())
            .envs(variable)
            .spawn();
        for family in Family::NATIVE {
            provider.always(family, Reply::hang());
        }
        let results = ask_all(&mut server, &arguments);
        for (family, result) in Family::NATIVE.into_iter().zip(&results) {
            let text = error(result);
            assert!(text.starts_with("timeout: "), "{text}");
            assert_parts(
                text,
                &[family.id(), family.model(), "1 s", "timeout_seconds"],
            );
        }
        provider.wait_no_connections(LIMIT);
    }
}

// --------------------------------------------------------------------------------------------- progress

#[test]
fn progress_grows_repeats_the_token_and_ends_before_the_answer() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        for token in [json!("token-\"1\""), json!(0), json!(7), json!("7")] {
            provider.script(
                family,
                [Reply::deltas(
                    family,
                    ["grö", "ße"],
                    Duration::from_millis(5),
                )],
            );
            let arguments = json!({"prompt": "hi", "model": family.model()});
            server.send(&call_line("p", &arguments, json!({"progressToken": token})));
            let mut progress = Vec::new();
            let answered = loop {
                let message = server.json();
                if message["id"] == "p" {
                    break message;
                }
                assert_eq!(message["method"], "notifications/progress", "{message}");
                progress.push(message["params"].clone());
            };
            assert_eq!(chat(&answered["result"])["text"], "größe");
            // One for the connection, one for the first text.
            assert_eq!(progress.len(), 2, "{progress:?}");
            assert_parts(progress[0]["message"].as_str().unwrap(), &[family.id()]);
            for pair in progress.windows(2) {
                assert!(pair[0]["progress"].as_f64() < pair[1]["progress"].as_f64());
            }
            assert!(
                progress
                    .iter()
                    .all(|params| params["progressToken"] == token)
            );
        }
        // None without a token, and none came late.
        let result = ask(&mut server, family);
        assert_eq!(chat(&result)["text"], "echo: hi");
        let pong = server.request("ping", Value::Null);
        assert_eq!(pong["result"], json!({}));
    }
    server.close_stdin();
    server.wait();
    let all = String::from_utf8(server.stdout()).unwrap();
    assert_eq!(all.matches("notifications/progress").count(), 3 * 4 * 2);
}

#[test]
fn progress_of_a_long_answer_is_told_every_two_seconds() {
    let (provider, mut server) = start();
    let deltas = ["word "; 100];
    let pause = Duration::from_millis(25);
    provider.script(
        Family::OpenAi,
        [Reply::deltas(Family::OpenAi, deltas, pause)],
    );
    let begun = Instant::now();
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1"});
    server.send(&call_line(1, &arguments, json!({"progressToken": 1})));
    let mut told = 0;
    while server.json()["id"] != 1 {
        told += 1;
    }
    // The connection, the first text, and one more for every two seconds.
    let most = 2 + begun.elapsed().as_secs() / 2;
    assert!((2..=most).contains(&told), "{told} of {most}");
}

#[test]
fn progress_counts_characters_not_bytes() {
    let (provider, mut server) = start();
    provider.script(
        Family::OpenAi,
        [Reply::deltas(Family::OpenAi, ["üüüüü"], Duration::ZERO)],
    );
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1"});
    server.send(&call_line(1, &arguments, json!({"progressToken": 1})));
    server.json();
    let message = server.json()["params"]["message"].clone();
    assert_parts(message.as_str().unwrap(), &["5 characters"]);
}

// ------------------------------------------------------------------------------ cancelling, many at once

#[test]
fn a_cancelled_call_is_never_answered_drops_its_connection_and_leaves_the_rest_alone() {
    for family in Family::NATIVE {
        for (reply, texts) in [
            (Reply::hang(), 0),
            (
                Reply::deltas(family, ["one ", "two "], Duration::ZERO).hang_after(2),
                1,
            ),
        ] {
            let (provider, mut server) = start();
            provider.script(family, [reply]);
            let arguments = json!({"prompt": "hi", "model": family.model()});
            server.send(&call_line(7, &arguments, json!({"progressToken": "t"})));
            provider.wait_requests(1, LIMIT);
            // The connection, and from the first text on that.
            for _ in 0..=texts {
                assert_eq!(server.json()["params"]["progressToken"], "t");
            }
            server.send(&cancel_line(7));
            let dropped = provider.wait_dropped(LIMIT);
            assert_eq!(dropped.model().as_deref(), Some(family.model()));

            assert_eq!(chat(&ask(&mut server, family))["text"], "echo: hi");
            server.close_stdin();
            assert_eq!(server.wait().code, Some(0));
            let all = String::from_utf8(server.stdout()).unwrap();
            assert_eq!(all.lines().count(), 2 + texts, "{all}");
            assert!(!all.contains("\"id\":7"), "{all}");
        }
    }
}

#[test]
fn an_id_can_be_used_again_after_its_call_was_cancelled() {
    let (provider, mut server) = start();
    provider.script(Family::OpenAi, [Reply::hang()]);
    let line = call_line(
        "same",
        &json!({"prompt": "hi", "model": "gpt-4.1"}),
        Value::Null,
    );
    server.send(&line);
    provider.wait_requests(1, LIMIT);
    server.send(&cancel_line("same"));
    server.send(&line);
    let answered = server.json();
    assert_eq!(answered["id"], "same");
    assert_eq!(chat(&answered["result"])["text"], "echo: hi");
    provider.wait_dropped(LIMIT);
}

#[test]
fn a_hundred_calls_in_flight_are_all_answered_each_with_its_own_text() {
    let (provider, mut server) = start();
    let families = || Family::NATIVE.into_iter().cycle();
    for (number, family) in (0..100).zip(families()) {
        // Three seconds for a hundred of them: one after another would take thirty.
        let arguments = json!({"prompt": format!("call {number}"), "model": format!("{}/slow-start-300", family.id())});
        server.send(&call_line(number, &arguments, Value::Null));
    }
    let mut open: Vec<i64> = (0..100).collect();
    while !open.is_empty() {
        let message = server.json();
        let id = message["id"].as_i64().unwrap();
        let place = open.iter().position(|known| *known == id);
        open.remove(place.expect("each is answered once"));
        assert_eq!(chat(&message["result"])["text"], format!("echo: call {id}"));
    }
    assert_eq!(chats(&provider).len(), 100);
}

#[test]
fn a_slow_call_delays_neither_ping_nor_lists_nor_other_calls() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        provider.script(family, [Reply::hang()]);
        let arguments = json!({"prompt": "hi", "model": family.model()});
        server.send(&call_line(family.id(), &arguments, Value::Null));
    }
    provider.wait_requests(3, LIMIT);
    assert_eq!(server.request("ping", Value::Null)["result"], json!({}));
    assert!(server.request("tools/list", Value::Null)["result"]["tools"].is_array());
    answer(&server.call_tool("anygpt_list_providers", json!({})));
    for family in Family::NATIVE {
        assert_eq!(chat(&ask(&mut server, family))["text"], "echo: hi");
    }
    let open = provider.requests();
    let open = open
        .iter()
        .filter(|request| request.outcome == Outcome::Open);
    assert_eq!(open.count(), 3);
}

#[test]
fn calls_one_after_the_other_use_one_connection() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        for _ in 0..3 {
            answer(&ask(&mut server, family));
        }
        // A connection survives an error that was read to its end.
        provider.script(family, [Reply::error(family, 400, "mock words")]);
        error(&ask(&mut server, family));
        answer(&ask(&mut server, family));
    }
    let connections: Vec<usize> = chats(&provider)
        .iter()
        .map(|request| request.connection)
        .collect();
    assert_eq!(connections, [1; 15]);
}

#[test]
fn a_kept_connection_that_the_provider_has_closed_is_replaced() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        provider.script(
            family,
            [Reply::text(family, "bye").header("connection", "close")],
        );
        assert_eq!(chat(&ask(&mut server, family))["text"], "bye");
        let result = ask(&mut server, family);
        assert_eq!(text(&result), "echo: hi");
    }
}
