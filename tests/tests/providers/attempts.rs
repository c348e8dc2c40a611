//! Attempts end to end: retries, fallbacks, and what the caller learns of them.
//!
//! Never here: calls that need one attempt (`tools/chat.rs`), or how a tag is resolved (`tools/lists.rs`).

use std::time::{Duration, Instant, SystemTime};

use anygpt_tests::outcome::{assert_parts, chat, error, warnings};
use anygpt_tests::provider::{Ending, Family, Provider, Reply, Request};
use anygpt_tests::server::{Server, binary};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const CHAT: &str = "anygpt_chat_completion";

fn start() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder().envs(provider.env()).spawn();
    (provider, server)
}

/// Calls the usual model of `family`.
#[track_caller]
fn ask(server: &mut Server, family: Family) -> Value {
    server.call_tool(CHAT, json!({"prompt": "hi", "model": family.model()}))
}

/// Calls OpenAI, then Anthropic, then Google.
#[track_caller]
fn ask_chain(server: &mut Server) -> Value {
    let arguments = json!({"prompt": "hi", "model": Family::OpenAi.model(),
        "fallbacks": [Family::Anthropic.model(), "google/gemini-3.5-flash"]});
    server.call_tool(CHAT, arguments)
}

/// An error that may be retried at once.
fn at_once(family: Family, status: u16) -> Reply {
    Reply::error(family, status, "mock words").header("retry-after-ms", "1")
}

fn families(requests: &[Request]) -> Vec<Family> {
    requests.iter().filter_map(Request::family).collect()
}

/// Provider, outcome and status of each attempt.
fn outcomes(got: &Value) -> Vec<(String, String, u64)> {
    let attempts = got["attempts"].as_array().cloned().unwrap_or_default();
    attempts
        .iter()
        .map(|attempt| {
            assert!(attempt["model"].is_string(), "{attempt}");
            assert!(attempt["ms"].is_u64(), "{attempt}");
            let text = |name: &str| attempt[name].as_str().unwrap().to_owned();
            (
                text("provider"),
                text("outcome"),
                attempt["status"].as_u64().unwrap_or_default(),
            )
        })
        .collect()
}

fn tried(provider: &str, outcome: &str, status: u64) -> (String, String, u64) {
    (provider.to_owned(), outcome.to_owned(), status)
}
// ---------------------------------------------------------------------------------------------- retries

#[test]
fn what_may_pass_is_repeated_twice_and_the_attempts_are_listed() {
    let (provider, mut server) = start();
    for family in Family::NATIVE {
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            let before = provider.requests().len();
            provider.script(family, [at_once(family, status), at_once(family, status)]);
            let result = ask(&mut server, family);
            let got = chat(&result);
            assert_eq!(got["text"], "echo: hi");
            assert_eq!(provider.requests().len() - before, 3, "{status}");
            let class = if status == 429 {
                "rate_limit"
            } else {
                "unavailable"
            };
            let failed = || tried(family.id(), class, status.into());
            let ok = tried(family.id(), "ok", 0);
            assert_eq!(outcomes(got), [failed(), failed(), ok]);
            // It was the requested model: nothing to warn of.
            assert_eq!(warnings(got), "");
        }
        provider.always(family, at_once(family, 503));
        let result = ask(&mut server, family);
        let times = format!(
            "Attempts: {}/{}: unavailable (HTTP 503), 3 times.",
            family.id(),
            family.model()
        );
        assert_parts(
            error(&result),
            &["unavailable: ", "Try again later", &times],
        );
    }
}

/// All formats, and the usual model of each family.
fn start_all() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder().envs(provider.every_env()).spawn();
    (provider, server)
}

fn name_of(family: Family) -> String {
    format!("{}/{}", family.id(), family.model())
}

/// Calls a family, with perhaps another one as fallback.
#[track_caller]
fn ask_by_name(server: &mut Server, family: Family, fallback: Option<Family>) -> Value {
    let fallbacks: Vec<String> = fallback.into_iter().map(name_of).collect();
    let arguments = json!({"prompt": "hi", "model": name_of(family), "fallbacks": fallbacks});
    server.call_tool(CHAT, arguments)
}

/// Events of a stream, each with its data.
fn stream(events: &[Value]) -> Reply {
    let events = events.iter().map(|event| format!("data: {event}\n\n"));
    Reply::raw_stream(events.collect::<String>()).header("retry-after-ms", "1")
}

#[test]
fn what_broke_before_a_status_or_was_refused_before_all_else_is_tried_again() {
    let (provider, mut server) = start_all();
    for family in Family::ALL {
        let mut replies = vec![
            Reply::cut(),
            Reply::reset(),
            Reply::stream_error(family, [""; 0], "mock words"),
            // Without the blank line after it.
            Reply::raw_stream(
                String::from_utf8(Reply::stream_error(family, [""; 0], "mock words").bytes())
                    .unwrap()
                    .trim_end()
                    .to_owned(),
            ),
            Reply::error(family, 503, "mock words").status(200),
            Reply::error(family, 429, "mock words").status(200),
        ];
        let free = family.format().free().into_iter();
        let free = free.map(|stream| Reply::raw_stream(stream).header("retry-after-ms", "1"));
        replies.extend(free);
        for reply in replies {
            let told = format!("{family:?} {:?}", String::from_utf8_lossy(&reply.bytes()));
            provider.script(family, [reply]);
            let result = ask_by_name(&mut server, family, None);
            let got = chat(&result);
            assert_eq!(
                (&got["text"], got.get("partial")),
                (&json!("echo: hi"), None),
                "{told}"
            );
            assert_eq!(outcomes(got).len(), 2, "{told}");
        }
    }
}

/// Replies with status 200 without a complete answer, which the provider charges for.
fn taken(family: Family) -> Vec<Reply> {
    let good = || Reply::deltas(family, ["one ", "two "], Duration::ZERO);
    let failing = Reply::stream_error(family, [""; 0], "mock words").bytes();
    let failing = String::from_utf8(failing).unwrap();
    let after = |event: Value| Reply::raw_stream(format!("data: {event}\n\n{failing}"));
    let mut replies = vec![
        Reply::empty(200),
        Reply::body(200, "text/event-stream", ""),
        good().cut_after(0),
        good().reset_after(0),
        good().cut_after(1),
        good().end_after(1),
        Reply::raw_stream("data: {\"not\": json\n\n"),
        Reply::body(200, "application/json", "{\"id\": \"x\""),
        Reply::html(200, "<html><title>Log in</title>"),
        Reply::text(family, "packed").gzip(),
        Reply::told(family, "Only thoughts.", "", Ending::Stop),
        Reply::told(family, "Only thoughts.", "", Ending::Length),
        Reply::text(family, ""),
        Reply::stream_error(family, ["few"], "mock words"),
        Reply::stream_error(family, ["much of the answer ", "has come"], "mock words"),
    ];
    let format = family.format();
    replies.extend(format.charged().into_iter().map(after));
    let alone = format.charged_alone();
    replies.extend(
        alone
            .iter()
            .map(|event| stream(std::slice::from_ref(event))),
    );
    if family == Family::Compatible {
        let whole = json!({"choices": [{"error": {"code": 502, "message": "m"},
            "finish_reason": "error", "message": {"content": "few"}}]});
        replies.push(Reply::json(200, &whole));
    }
    let asking = |reply: Reply| {
        reply
            .header("x-should-retry", "true")
            .header("retry-after-ms", "1")
    };
    replies.into_iter().map(asking).collect()
}

#[test]
fn what_was_generated_is_never_asked_for_again_by_itself() {
    let (provider, mut server) = start_all();
    for family in Family::ALL {
        for reply in taken(family) {
            let told = format!("{family:?} {:?}", String::from_utf8_lossy(&reply.bytes()));
            let before = provider.requests().len();
            provider.script(family, [reply]);
            let result = ask_by_name(&mut server, family, None);
            let is_partial = result["structuredContent"]["partial"] == true;
            assert!(is_partial || result["isError"] == true, "{told}: {result}");
            assert_eq!(provider.requests().len() - before, 1, "{told}");
        }
    }
}

#[test]
fn what_brings_no_whole_answer_leads_to_the_model_that_the_caller_named() {
    let (provider, mut server) = start_all();
    for family in Family::ALL {
        let other = match family {
            Family::Anthropic => Family::Google,
            _ => Family::Anthropic,
        };
        for reply in taken(family) {
            let told = format!("{family:?} {:?}", String::from_utf8_lossy(&reply.bytes()));
            let before = provider.requests().len();
            provider.script(family, [reply]);
            let result = ask_by_name(&mut server, family, Some(other));
            let got = chat(&result);
            assert_eq!(
                (&got["text"], &got["provider"], got.get("partial")),
                (&json!("echo: hi"), &json!(other.id()), None),
                "{told}"
            );
            assert_eq!(provider.requests().len() - before, 2, "{told}");
        }
    }
}

#[test]
fn the_status_decides_what_is_repeated_whatever_the_type_says() {
    let (provider, mut server) = start_all();
    let body = |status: u16, kind: &str| {
        let words = json!({"type": "error", "error": {"message": "mock words", "type": kind, "code": kind,
            "status": kind}});
        Reply::json(status, &words).header("retry-after-ms", "1")
    };
    for family in Family::ALL {
        let transient = family.format().transient();
        let lasting = family.format().lasting();
        // A path that is not there is looked for in the other format.
        let paths = if family == Family::OpenAi { 2 } else { 1 };
        for (status, kinds, requests) in [
            (400, &transient[..], 1),
            (401, &transient, 1),
            (403, &transient, 1),
            (404, &transient, paths),
            (413, &transient, 1),
            (422, &transient, 1),
            (429, &[lasting], 3),
            (503, &[lasting], 3),
        ] {
            for kind in kinds {
                let before = provider.requests().len();
                provider.script(family, vec![body(status, kind); 3]);
                let result = ask_by_name(&mut server, family, None);
                assert_parts(error(&result), &["mock words"]);
                let sent = provider.requests().len() - before;
                assert_eq!(sent, requests, "{family:?} {status} {kind}: {result}");
                // The unused rest of the three.
                for _ in requests..3 {
                    ask_by_name(&mut server, family, None);
                }
            }
        }
    }
    // A compressed error has the meaning of its status.
    let before = provider.requests().len();
    let packed = at_once(Family::OpenAi, 400).gzip();
    provider.script(Family::OpenAi, [packed]);
    let result = ask(&mut server, Family::OpenAi);
    assert_parts(error(&result), &["invalid_request: ", "compressed"]);
    assert_eq!(provider.requests().len() - before, 1);
}

#[test]
fn what_cannot_pass_is_asked_once() {
    let (provider, mut server) = start();
    let quota = json!({"error": {"message": "You exceeded your current quota", "type": "insufficient_quota",
        "param": null, "code": "insufficient_quota"}});
    let per_day = json!({"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "RequestsPerDay"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}]}});
    let told = |status, word| at_once(Family::OpenAi, status).header("x-should-retry", word);
    for (family, reply, class) in [
        (Family::OpenAi, Reply::json(429, &quota), "quota: "),
        (
            Family::OpenAi,
            Reply::json(429, &quota).header("x-should-retry", "true"),
            "quota: ",
        ),
        (Family::Google, Reply::json(429, &per_day), "quota: "),
        (
            Family::Anthropic,
            at_once(Family::Anthropic, 402),
            "quota: ",
        ),
        (
            Family::OpenAi,
            at_once(Family::OpenAi, 400),
            "invalid_request: ",
        ),
        (Family::OpenAi, at_once(Family::OpenAi, 401), "auth: "),
        (
            Family::Anthropic,
            at_once(Family::Anthropic, 403),
            "permission: ",
        ),
        (
            Family::Google,
            at_once(Family::Google, 404),
            "model_not_found: ",
        ),
        (
            Family::Anthropic,
            at_once(Family::Anthropic, 413),
            "too_large: ",
        ),
        (Family::OpenAi, told(500, "false"), "unavailable: "),
        (Family::OpenAi, told(429, "false"), "rate_limit: "),
    ] {
        let before = provider.requests().len();
        provider.script(family, [reply]);
        let result = ask(&mut server, family);
        assert!(error(&result).starts_with(class), "{result}");
        assert!(!error(&result).contains("Attempts"), "{result}");
        assert_eq!(provider.requests().len() - before, 1, "{class}");
    }
    // The provider's header counts in the other direction as well.
    provider.script(Family::OpenAi, [told(400, "true")]);
    assert_eq!(chat(&ask(&mut server, Family::OpenAi))["text"], "echo: hi");
}

#[test]
fn the_wait_that_a_provider_asks_for_is_kept_in_every_form() {
    let (provider, mut server) = start();
    let later = SystemTime::now() + Duration::from_secs(3600);
    let limited = || Reply::error(Family::OpenAi, 429, "mock words");
    let info = json!({"error": {"code": 429, "message": "mock words", "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.3s"}]}});
    for (family, reply) in [
        (Family::OpenAi, limited().header("retry-after-ms", "300")),
        (Family::OpenAi, limited().header("retry-after", "0.3")),
        (Family::Google, Reply::json(429, &info)),
    ] {
        let before = provider.requests().len();
        provider.script(family, [reply]);
        chat(&ask(&mut server, family));
        let requests = &provider.requests()[before..];
        let waited = requests[1].at - requests[0].at;
        assert!(waited >= Duration::from_millis(300), "{waited:?}");
    }
    // As a date, an hour away: too long to wait, and the error says so.
    let reply = limited().header("retry-after", &httpdate::fmt_http_date(later));
    provider.script(Family::OpenAi, [reply]);
    let result = ask(&mut server, Family::OpenAi);
    let text = error(&result);
    assert_parts(text, &["rate_limit: ", "Try again in 3"]);
    // A wait beyond the deadline is not started: the error comes at once.
    let reply = limited().header("retry-after", "20");
    provider.script(Family::OpenAi, [reply]);
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "timeout_seconds": 15});
    let result = server.call_tool(CHAT, arguments);
    assert_parts(error(&result), &["rate_limit: ", "Try again in 20 s"]);
}

#[test]
fn the_number_of_repetitions_is_a_setting() {
    for (retries, requests) in [("0", 1), ("4", 5)] {
        let provider = Provider::start();
        provider.always(Family::OpenAi, at_once(Family::OpenAi, 503));
        let mut server = Server::builder()
            .envs(provider.env())
            .env("ANYGPT_RETRIES", retries)
            .spawn();
        error(&ask(&mut server, Family::OpenAi));
        assert_eq!(provider.requests().len(), requests);
    }
}

// --------------------------------------------------------------------------------------------- failover

#[test]
fn the_next_model_answers_where_one_cannot_and_a_warning_says_which() {
    let (provider, mut server) = start();
    let family = Family::OpenAi;
    let spent = json!({"error": {"message": "m", "type": "insufficient_quota", "code": "insufficient_quota"}});
    let filtered = "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"},\"output\":[]}}\n\n";
    for (reply, class, status) in [
        (at_once(family, 400), "invalid_request", 400),
        (at_once(family, 401), "auth", 401),
        (at_once(family, 403), "permission", 403),
        (at_once(family, 404), "model_not_found", 404),
        (at_once(family, 413), "too_large", 413),
        (Reply::json(429, &spent), "quota", 429),
        (
            Reply::error(family, 429, "m").header("retry-after", "17"),
            "rate_limit",
            429,
        ),
        (Reply::text(family, ""), "empty_response", 0),
        (Reply::raw_stream(filtered), "content_filter", 0),
    ] {
        let before = provider.requests().len();
        provider.script(family, [reply]);
        let result = ask_chain(&mut server);
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["provider"], &got["model"]),
            (
                &json!("echo: hi"),
                &json!("anthropic"),
                &json!("claude-sonnet-5")
            ),
        );
        assert_eq!(
            outcomes(got),
            [tried("openai", class, status), tried("anthropic", "ok", 0)]
        );
        assert_parts(
            &warnings(got),
            &[
                "anthropic/claude-sonnet-5 answered instead: ",
                &format!("openai/gpt-4.1: {class}"),
            ],
        );
        let asked = families(&provider.requests()[before..]);
        assert_eq!(asked, [Family::OpenAi, Family::Anthropic], "{class}");
    }
}

#[test]
fn what_may_pass_is_repeated_before_the_next_model_is_asked() {
    let (provider, mut server) = start();
    provider.always(Family::OpenAi, at_once(Family::OpenAi, 429));
    provider.always(Family::Anthropic, Reply::cut());
    let result = ask_chain(&mut server);
    let got = chat(&result);
    assert_eq!(
        (&got["text"], &got["provider"]),
        (&json!("echo: hi"), &json!("google"))
    );
    let mut expected = vec![tried("openai", "rate_limit", 429); 3];
    expected.extend(vec![tried("anthropic", "network", 0); 3]);
    expected.push(tried("google", "ok", 0));
    assert_eq!(outcomes(got), expected);
    assert_parts(
        &warnings(got),
        &[
            "google/gemini-3.5-flash answered instead",
            "rate_limit (HTTP 429), 3 times; anthropic",
        ],
    );
}

#[test]
fn errors_inside_a_stream_lead_to_the_next_model_however_much_has_come() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    let family = Family::OpenAi;
    for reply in [
        Reply::stream_error(family, [""; 0], "mock words"),
        Reply::stream_error(family, ["few ", "words"], "mock words"),
        Reply::error(family, 503, "mock words").status(200),
        Reply::deltas(family, ["few ", "words"], Duration::ZERO).cut_after(2),
        Reply::raw_stream("data: {\"not\": json\n\n"),
        Reply::stream_error(family, ["much of the answer ", "has come"], "mock words"),
    ] {
        provider.script(family, [reply]);
        let result = ask_chain(&mut server);
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["provider"], got.get("partial")),
            (&json!("echo: hi"), &json!("anthropic"), None)
        );
    }
}

#[test]
fn a_broken_answer_is_handed_out_if_nobody_has_a_better_one() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    provider.script(
        Family::OpenAi,
        [Reply::stream_error(Family::OpenAi, ["few"], "mock words")],
    );
    provider.always(Family::Anthropic, at_once(Family::Anthropic, 401));
    provider.always(Family::Google, at_once(Family::Google, 403));
    let result = ask_chain(&mut server);
    let got = chat(&result);
    assert_eq!(
        (
            &got["text"],
            &got["provider"],
            &got["partial"],
            &got["finish_reason"]
        ),
        (
            &json!("few"),
            &json!("openai"),
            &json!(true),
            &json!("error")
        )
    );
    assert_eq!(outcomes(got).len(), 3);
}

#[test]
fn when_all_fail_the_error_explains_the_most_useful_one_and_lists_the_rest() {
    let (provider, mut server) = start();
    provider.always(Family::OpenAi, at_once(Family::OpenAi, 401));
    let busy = Reply::error(Family::Anthropic, 429, "too many").header("retry-after", "30");
    provider.always(Family::Anthropic, busy);
    provider.always(Family::Google, at_once(Family::Google, 404));
    let result = ask_chain(&mut server);
    let text = error(&result);
    assert!(
        text.starts_with("rate_limit: anthropic/claude-sonnet-5 answered HTTP 429: too many"),
        "{text}"
    );
    assert_parts(
        text,
        &[
            "Try again in 30 s",
            "Attempts: openai/gpt-4.1: auth (HTTP 401); anthropic/claude-sonnet-5: rate_limit (HTTP 429); \
             google/gemini-3.5-flash: model_not_found (HTTP 404).",
        ],
    );
    assert_eq!(text.lines().count(), 1);
    assert_eq!(result.get("structuredContent"), None);
}

#[test]
fn a_silent_model_has_its_share_of_the_time_and_the_last_one_the_rest() {
    let (provider, mut server) = start();
    for reply in [
        Reply::hang(),
        Reply::deltas(Family::OpenAi, ["x"], Duration::ZERO).hang_after(0),
    ] {
        provider.script(Family::OpenAi, [reply]);
        let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "fallbacks": "claude-sonnet-5", "timeout_seconds": 6});
        let result = server.call_tool(CHAT, arguments);
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["provider"]),
            (&json!("echo: hi"), &json!("anthropic"))
        );
        assert_eq!(outcomes(got)[0], tried("openai", "timeout", 0));
        provider.wait_dropped(LIMIT);
    }
}

#[test]
fn a_silent_list_has_its_share_of_the_time_as_well() {
    let (provider, mut server) = start();
    provider.script_models(Family::OpenAi, [Reply::hang()]);
    let arguments = json!({"prompt": "hi", "provider": "openai", "fallbacks": ["anthropic/claude-sonnet-5"],
        "timeout_seconds": 8});
    let result = server.call_tool(CHAT, arguments);
    let got = chat(&result);
    assert_eq!(got["provider"], "anthropic");
    let first = &got["attempts"][0];
    assert_eq!(
        (&first["provider"], &first["outcome"]),
        (&json!("openai"), &json!("timeout"))
    );
}

/// Longer than most clients and proxies wait by default: before the status, and within the stream.
#[test]
#[ignore = "takes minutes: .ci/full runs it"]
fn a_minute_of_silence_is_one_request() {
    const SILENCE: Duration = Duration::from_secs(61);
    let family = Family::OpenAi;
    for reply in [
        Reply::text(family, "at last").delay(SILENCE),
        Reply::deltas(family, ["at ", "last"], SILENCE),
    ] {
        let provider = Provider::start();
        let mut server = Server::builder()
            .envs(provider.env())
            .limit(5 * SILENCE)
            .spawn();
        provider.script(family, [reply]);
        let arguments = json!({"prompt": "hi", "model": name_of(family), "timeout_seconds": 300});
        let result = server.call_tool(CHAT, arguments);
        assert_eq!(chat(&result)["text"], "at last");
        assert_eq!(provider.requests().len(), 1);
    }
}

#[test]
fn an_operator_may_end_a_silence_and_the_next_model_is_asked() {
    let quiet = |family, pieces| {
        Reply::deltas(family, ["some ", "text"], Duration::ZERO).hang_after(pieces)
    };
    for (variable, words) in [
        ("ANYGPT_FIRST_BYTE_TIMEOUT", "no response after 1 s"),
        ("ANYGPT_IDLE_TIMEOUT", "the stream was silent for 1 s"),
    ] {
        let provider = Provider::start();
        let mut server = Server::builder()
            .envs(provider.every_env())
            .env(variable, "1")
            .spawn();
        for family in Family::ALL {
            let replies = match variable {
                "ANYGPT_FIRST_BYTE_TIMEOUT" => vec![Reply::hang()],
                _ => vec![quiet(family, 0), quiet(family, 1)],
            };
            for reply in replies {
                let other = match family {
                    Family::Anthropic => Family::Google,
                    _ => Family::Anthropic,
                };
                let before = provider.requests().len();
                provider.script(family, [reply.clone()]);
                let result = ask_by_name(&mut server, family, Some(other));
                let got = chat(&result);
                assert_eq!(
                    (&got["text"], &got["provider"]),
                    (&json!("echo: hi"), &json!(other.id()))
                );
                assert_eq!(outcomes(got)[0], tried(family.id(), "timeout", 0));
                assert_eq!(provider.requests().len() - before, 2);

                // Without fallbacks it is not repeated.
                provider.script(family, [reply]);
                let result = ask_by_name(&mut server, family, None);
                let place = format!("{words}, and {variable} allows no more");
                match result["isError"] == true {
                    true => assert_parts(error(&result), &["timeout: ", &place]),
                    false => assert_parts(&warnings(chat(&result)), &["timeout", &place]),
                }
                assert_eq!(provider.requests().len() - before, 3);
            }
        }
        // The status decides.
        if variable == "ANYGPT_IDLE_TIMEOUT" {
            let refused = Reply::error(Family::OpenAi, 400, "mock words").hang_after(0);
            provider.script(Family::OpenAi, [refused]);
            let arguments =
                json!({"prompt": "hi", "model": name_of(Family::OpenAi), "timeout_seconds": 9});
            let result = server.call_tool(CHAT, arguments);
            assert_parts(error(&result), &["invalid_request: ", "HTTP 400"]);
        }
        // Lists are requests as well.
        if variable == "ANYGPT_FIRST_BYTE_TIMEOUT" {
            provider.script_models(Family::OpenAi, [Reply::hang()]);
            let list = server.call_tool("anygpt_list_models", json!({"provider": "openai"}));
            assert_parts(error(&list), &["timeout: ", variable]);
        }
    }
}

#[test]
fn the_file_may_end_a_silence_too() {
    let file = std::env::temp_dir().join(format!("anygpt-silence-{}.yaml", std::process::id()));
    std::fs::write(&file, "timeouts: {first_byte: 1, idle: 86400}\n").unwrap();
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", file.to_str().unwrap())
        .spawn();
    provider.script(Family::OpenAi, [Reply::hang()]);
    let result = ask(&mut server, Family::OpenAi);
    let place = "timeouts.first_byte (line 1 of the configuration file) allows no more";
    assert_parts(error(&result), &["timeout: ", place]);
    assert_eq!(provider.requests().len(), 1);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_tag_is_a_chain_and_fallbacks_may_be_tags() {
    let file = std::env::temp_dir().join(format!("anygpt-attempts-{}.yaml", std::process::id()));
    let models = "models:\n  openai/gpt-4.1: {tags: [fast]}\n  google/gemini-3.5-flash: {tags: [fast]}\n  \
        anthropic/claude-sonnet-5: {tags: [smart]}\n";
    std::fs::write(&file, models).unwrap();
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", file.to_str().unwrap())
        .spawn();
    provider.always(Family::OpenAi, at_once(Family::OpenAi, 401));
    let result = server.call_tool(CHAT, json!({"prompt": "hi", "model": "fast"}));
    assert_eq!(chat(&result)["provider"], "google");
    assert_parts(
        &warnings(chat(&result)),
        &["google/gemini-3.5-flash answered instead"],
    );

    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "fallbacks": ["smart"]});
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(chat(&result)["provider"], "anthropic");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_name_that_leads_nowhere_is_left_out_with_a_warning() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(
            provider
                .env()
                .into_iter()
                .filter(|(name, _)| !name.starts_with("ANTHROPIC")),
        )
        .spawn();
    let arguments = json!({"prompt": "hi", "model": "claude-sonnet-5", "fallbacks": ["gpt-4.1"]});
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(chat(&result)["provider"], "openai");
    assert_parts(
        &warnings(chat(&result)),
        &["The first choice was left out", "ANTHROPIC_API_KEY"],
    );

    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "fallbacks": ["claude-sonnet-5"]});
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(chat(&result)["provider"], "openai");
    assert_parts(
        &warnings(chat(&result)),
        &["Fallback \"claude-sonnet-5\" was left out"],
    );

    for (fallbacks, part) in [
        (json!(vec!["a"; 9]), "at most 8"),
        (json!([1]), "fallbacks[0]"),
        (json!({"a": 1}), "an array of strings"),
    ] {
        let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "fallbacks": fallbacks});
        assert_parts(
            error(&server.call_tool(CHAT, arguments)),
            &["invalid_request", part],
        );
    }
}

// -------------------------------------------------------------------------------------------- parameters

fn sent(provider: &Provider) -> Value {
    provider.requests().pop().unwrap().json()
}

#[test]
fn every_parameter_goes_where_the_provider_wants_it() {
    let (provider, mut server) = start();
    let all = json!({"prompt": "hi", "temperature": 0.5, "max_tokens": 100, "stop": ["END", "\n"], "seed": "7",
        "reasoning_effort": "low", "include_reasoning": true});
    for (model, expected, absent, dropped) in [
        (
            "gpt-5.2",
            json!({"max_output_tokens": 100, "reasoning": {"effort": "low", "summary": "auto"}}),
            &["temperature", "stop", "seed"][..],
            &["temperature", "stop", "seed"][..],
        ),
        (
            "claude-opus-4-8",
            json!({"max_tokens": 100, "stop_sequences": ["END", "\n"], "output_config": {"effort": "low"},
                "thinking": {"type": "adaptive", "display": "summarized"}}),
            &["temperature", "seed"],
            &["temperature", "seed"],
        ),
        (
            "claude-haiku-4-5",
            json!({"max_tokens": 2148, "stop_sequences": ["END", "\n"],
                "thinking": {"type": "enabled", "budget_tokens": 2048}}),
            &["temperature", "seed", "output_config"],
            &["temperature", "seed", "max_tokens is 2148"],
        ),
        (
            "gemini-3.5-flash",
            json!({"generationConfig": {"temperature": 0.5, "maxOutputTokens": 100, "stopSequences": ["END", "\n"], "seed": 7,
                "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": true}}}),
            &[],
            &[],
        ),
        (
            "gemini-2.5-pro",
            json!({"generationConfig": {"temperature": 0.5, "maxOutputTokens": 100, "stopSequences": ["END", "\n"], "seed": 7,
                "thinkingConfig": {"thinkingBudget": 2048, "includeThoughts": true}}}),
            &[],
            &[],
        ),
    ] {
        let mut arguments = all.clone();
        arguments["model"] = model.into();
        let result = server.call_tool(CHAT, arguments);
        let body = sent(&provider);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&body[name], value, "{model} {name}");
        }
        for name in absent {
            assert_eq!(body.get(*name), None, "{model} {name}");
        }
        let warnings = warnings(chat(&result));
        assert_parts(&warnings, dropped);
        assert_eq!(warnings.lines().count(), dropped.len(), "{warnings}");
    }
    for (family, model, top_p) in [
        (Family::OpenAi, "gpt-4.1", "/top_p"),
        (Family::Anthropic, "claude-haiku-4-5", "/top_p"),
        (Family::Google, "gemini-3.5-flash", "/generationConfig/topP"),
    ] {
        let arguments = json!({"prompt": "hi", "model": model, "top_p": 0.9});
        assert_eq!(
            chat(&server.call_tool(CHAT, arguments))["provider"],
            family.id()
        );
        assert_eq!(sent(&provider).pointer(top_p), Some(&json!(0.9)));
    }
}

#[test]
fn an_effort_behind_the_model_s_name_counts_more_than_the_argument() {
    let (provider, mut server) = start();
    let arguments =
        json!({"prompt": "hi", "model": "gpt-5.6-terra@minimal", "reasoning_effort": "high"});
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(sent(&provider)["reasoning"], json!({"effort": "low"}));
    assert_eq!(sent(&provider)["model"], "gpt-5.6-terra");
    assert_parts(
        &warnings(chat(&result)),
        &["reasoning_effort is low", "minimal"],
    );

    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "reasoning_effort": "high"});
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(sent(&provider).get("reasoning"), None);
    assert_parts(&warnings(chat(&result)), &["reasoning_effort was left out"]);

    let arguments = json!({"prompt": "hi", "reasoning_effort": "much"});
    let result = server.call_tool(CHAT, arguments);
    assert_parts(error(&result), &["reasoning_effort", "none, minimal, low"]);
}

#[test]
fn reasoning_is_shown_only_to_those_who_ask() {
    let (provider, mut server) = start();
    let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hm.\",\"thought\":true}]}}]}\n\n\
        data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Yes.\"}]},\"finishReason\":\"STOP\"}]}\n\n";
    for (wanted, shown) in [(json!(true), json!("Hm.")), (json!("false"), Value::Null)] {
        provider.script(Family::Google, [Reply::raw_stream(stream)]);
        let arguments =
            json!({"prompt": "hi", "model": "gemini-3.5-flash", "include_reasoning": wanted});
        let result = server.call_tool(CHAT, arguments);
        let got = chat(&result);
        assert_eq!((&got["text"], &got["reasoning"]), (&json!("Yes."), &shown));
    }
}

#[test]
fn what_a_provider_refuses_is_left_out_twice_at_most_and_remembered() {
    let (provider, mut server) = start();
    let parts = [
        (
            Family::OpenAi,
            "max_tokens+temperature",
            ["max_tokens", "temperature"],
        ),
        (
            Family::Anthropic,
            "stop_sequences+temperature",
            ["stop", "temperature"],
        ),
        (Family::Google, "max_tokens+seed", ["max_tokens", "seed"]),
    ];
    for (family, refused, said) in parts {
        let model = format!("{}/refuse-{refused}", family.id());
        let mut arguments =
            json!({"prompt": "hi", "model": model, "temperature": 0.5, "max_tokens": 100});
        if family != Family::OpenAi {
            arguments["stop"] = json!(["END"]);
        }
        if family == Family::Google {
            arguments["seed"] = json!(7);
        }
        let before = provider.requests().len();
        let result = server.call_tool(CHAT, arguments.clone());
        let got = chat(&result);
        assert_eq!(got["text"], "echo: hi");
        assert_eq!(provider.requests().len() - before, 3);
        let failed = || tried(family.id(), "invalid_request", 400);
        assert_eq!(
            outcomes(got),
            [failed(), failed(), tried(family.id(), "ok", 0)]
        );
        let said = said.map(|name| format!("{name} was left out"));
        assert_parts(&warnings(got), &said.each_ref().map(String::as_str));

        // The next call knows it already, and repeats the warning.
        let result = server.call_tool(CHAT, arguments);
        assert_eq!(provider.requests().len() - before, 4);
        assert_parts(
            &warnings(chat(&result)),
            &said.each_ref().map(String::as_str),
        );
        assert_eq!(chat(&result).get("attempts"), None);
    }
    // Three are too many: the error is about the third.
    let arguments = json!({"prompt": "hi", "model": "google/refuse-seed+temperature+stop", "temperature": 0.5,
        "seed": 1, "stop": "END"});
    let before = provider.requests().len();
    let result = server.call_tool(CHAT, arguments);
    assert_parts(
        error(&result),
        &["invalid_request: ", "stopSequences", "3 times"],
    );
    assert_eq!(provider.requests().len() - before, 3);
}

#[test]
fn an_effort_and_a_limit_are_changed_to_what_the_provider_allows() {
    let (provider, mut server) = start();
    let refusal = |param: &str, message: &str| {
        Reply::json(
            400,
            &json!({"error": {"message": message, "type": "invalid_request_error", "param": param,
            "code": "unsupported_value"}}),
        )
    };
    provider.script(
        Family::OpenAi,
        [
            refusal("reasoning.effort", "Unsupported value: 'max' is not supported with the 'new' model. Supported values are: 'low', 'medium', and 'high'."),
            refusal("max_output_tokens", "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 4096, but got 9000 instead."),
        ],
    );
    let arguments = json!({"prompt": "hi", "model": "openai/new", "reasoning_effort": "max", "max_tokens": 9000});
    let result = server.call_tool(CHAT, arguments);
    let body = sent(&provider);
    assert_eq!(
        (&body["reasoning"]["effort"], &body["max_output_tokens"]),
        (&json!("high"), &json!(4096))
    );
    assert_parts(
        &warnings(chat(&result)),
        &["reasoning_effort is high", "max_tokens is 4096"],
    );
    // Models, messages and unset parameters are never changed.
    for param in ["model", "input", "temperature"] {
        let before = provider.requests().len();
        provider.script(
            Family::OpenAi,
            [refusal(param, &format!("Unsupported value: '{param}'"))],
        );
        error(&ask(&mut server, Family::OpenAi));
        assert_eq!(provider.requests().len() - before, 1, "{param}");
    }
}

#[test]
fn an_answer_is_cut_to_the_characters_that_are_wanted() {
    let (provider, mut server) = start();
    provider.script(
        Family::OpenAi,
        [Reply::text(Family::OpenAi, "größer und größer")],
    );
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "max_output_chars": 6});
    let result = server.call_tool(CHAT, arguments);
    let got = chat(&result);
    assert_eq!(
        (&got["text"], &got["truncated"], got.get("partial")),
        (&json!("größer"), &json!(true), None)
    );
    assert_parts(&warnings(got), &["cut after 6 characters"]);
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "max_output_chars": 8});
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(chat(&result)["text"], "echo: hi");
    assert_eq!(chat(&result).get("truncated"), None);
}

// ------------------------------------------------------------------------------------------------ dry run

#[test]
fn a_dry_run_tells_everything_and_sends_nothing() {
    let (provider, mut server) = start();
    let arguments = json!({"prompt": "hello there", "system": "secret instructions", "model": "gpt-5.2", "temperature": 0.5,
        "reasoning_effort": "max", "max_tokens": 100, "stop": "END", "timeout_seconds": 30, "dry_run": true,
        "fallbacks": ["claude-sonnet-5", "google/gemini-3.5-flash"]});
    let result = server.call_tool(CHAT, arguments);
    let got = chat(&result);
    assert_eq!(
        (&got["dry_run"], &got["provider"], &got["model"]),
        (&json!(true), &json!("openai"), &json!("gpt-5.2"))
    );
    assert_eq!(
        got["endpoint"],
        format!("{}/responses", provider.base_url(Family::OpenAi))
    );
    assert_eq!(
        got["parameters"],
        json!({"max_output_tokens": 100, "reasoning": {"effort": "xhigh"}})
    );
    assert_eq!(
        got["fallbacks"],
        json!(["anthropic/claude-sonnet-5", "google/gemini-3.5-flash"])
    );
    assert_eq!(got["timeout_seconds"], 30);
    assert!(got["estimated_input_tokens"].as_u64() > Some(3));
    assert_parts(
        &warnings(got),
        &[
            "temperature was left out",
            "stop was left out",
            "reasoning_effort is xhigh",
        ],
    );
    assert!(!result.to_string().contains("secret instructions"));
    for family in Family::NATIVE {
        let arguments = json!({"prompt": "hi", "model": family.model(), "dry_run": "true"});
        let got = server.call_tool(CHAT, arguments);
        assert_parts(
            chat(&got)["endpoint"].as_str().unwrap(),
            &[&provider.base_url(family)],
        );
        assert!(!got.to_string().contains(family.key()));
        let got = server.call_tool(
            CHAT,
            json!({"prompt": "hi", "provider": family.id(), "dry_run": true}),
        );
        assert_parts(&warnings(chat(&got)), &["live list"]);
    }
    assert_eq!(provider.requests().len(), 0);
    let result = server.call_tool(
        CHAT,
        json!({"prompt": "hi", "model": "nobody/x", "provider": "nobody", "dry_run": true}),
    );
    assert_parts(error(&result), &["config: ", "nobody"]);
}

// ------------------------------------------------------------------------------- progress, cancelling

#[test]
fn progress_tells_of_attempts_and_a_cancel_ends_the_pause_between_them() {
    let (provider, mut server) = start();
    let busy = Reply::error(Family::OpenAi, 429, "mock words").header("retry-after", "20");
    provider.script(Family::OpenAi, [busy]);
    let params = json!({"name": CHAT, "arguments": {"prompt": "hi", "model": "gpt-4.1"}, "_meta": {"progressToken": 1}});
    server.send(
        &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string(),
    );
    let message = |server: &mut Server| {
        server.json()["params"]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_parts(&message(&mut server), &["connected to openai"]);
    assert_parts(
        &message(&mut server),
        &["openai/gpt-4.1: rate_limit; trying again in 20.0 s"],
    );
    // Repeated every two seconds, so that the client sees that the call is alive.
    assert_parts(&message(&mut server), &["trying again"]);
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    server.send(&cancel.to_string());
    assert_eq!(server.request("ping", Value::Null)["result"], json!({}));
    server.close_stdin();
    assert_eq!(server.wait().code, Some(0));
    assert_eq!(provider.requests().len(), 1);
}

#[test]
fn a_cancel_drops_the_connection_within_50_ms() {
    let time = |round: u32| {
        let (provider, mut server) = start();
        let reply = match round % 2 {
            0 => Reply::hang(),
            _ => Reply::deltas(Family::OpenAi, ["one "], Duration::ZERO).hang_after(1),
        };
        provider.script(Family::OpenAi, [reply]);
        let params = json!({"name": CHAT, "arguments": {"prompt": "hi", "model": "gpt-4.1"}});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        server.send(&call.to_string());
        provider.wait_requests(1, LIMIT);
        let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
        let sent = Instant::now();
        server.send(&cancel.to_string());
        provider.wait_dropped(LIMIT);
        let time = sent.elapsed();
        server.close_stdin();
        server.end(0);
        time
    };
    // A busy machine is often late.
    assert!((0..40).any(|round| time(round) < Duration::from_millis(50)));
}

#[test]
fn a_call_that_never_got_its_turn_says_so() {
    let provider = Provider::start();
    provider.always(Family::OpenAi, Reply::hang());
    // Two turns are left for calls.
    let mut server = Server::builder()
        .program("sh")
        .args(["-c", "ulimit -n 34 && exec \"$0\""])
        .arg(binary())
        .envs(provider.env())
        .spawn();
    for id in 0..3 {
        // The last one gives up while the others still hold their turns.
        let seconds = if id == 2 { 1 } else { 3 };
        let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "timeout_seconds": seconds});
        let params = json!({"name": CHAT, "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        server.send(&call.to_string());
    }
    let mut errors: Vec<(u64, String)> = (0..3)
        .map(|_| {
            let message = server.json();
            (
                message["id"].as_u64().unwrap(),
                error(&message["result"]).to_owned(),
            )
        })
        .collect();
    errors.sort_unstable();
    let queued: Vec<bool> = errors
        .iter()
        .map(|(_, text)| text.contains("too many other calls"))
        .collect();
    assert_eq!(queued, [false, false, true], "{errors:?}");
    assert_eq!(provider.requests().len(), 2);
}

#[test]
fn at_the_deadline_the_best_that_has_come_from_anybody_is_handed_out() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .envs(provider.env())
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    provider.script(
        Family::OpenAi,
        [Reply::stream_error(
            Family::OpenAi,
            ["a beginning"],
            "mock words",
        )],
    );
    provider.script(
        Family::Anthropic,
        [Reply::deltas(Family::Anthropic, ["less"], Duration::ZERO).hang_after(1)],
    );
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "fallbacks": ["claude-sonnet-5"], "timeout_seconds": 3});
    let result = server.call_tool(CHAT, arguments);
    let got = chat(&result);
    assert_eq!(
        (&got["text"], &got["provider"], &got["partial"]),
        (&json!("a beginning"), &json!("openai"), &json!(true))
    );
    assert_eq!(
        outcomes(got),
        [
            tried("openai", "unavailable", 0),
            tried("anthropic", "timeout", 0)
        ]
    );
}

#[test]
fn the_echo_may_be_the_last_resort() {
    let file = std::env::temp_dir().join(format!("anygpt-resort-{}.yaml", std::process::id()));
    std::fs::write(&file, "providers:\n  echo: {type: mock}\n").unwrap();
    let provider = Provider::start();
    provider.always(Family::OpenAi, at_once(Family::OpenAi, 401));
    let mut server = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", file.to_str().unwrap())
        .spawn();
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "fallbacks": ["echo/any"]});
    let result = server.call_tool(CHAT, arguments);
    assert_eq!(
        (&chat(&result)["text"], &chat(&result)["provider"]),
        (&json!("hi"), &json!("echo"))
    );
    std::fs::remove_file(file).unwrap();
}
