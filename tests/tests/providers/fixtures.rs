//! The fixtures of the provider formats (`docs/fixtures.md`) that no file of the corpus (`wire/`) can say, each for every
//! format that it applies to, with the real program; and that table itself, which names the test or the file for each.
//!
//! Never here: what only one format does (`chat_completions.rs`, `tools/chat.rs`), streams cut at every byte
//! (`wire_pieces.rs`).

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use anygpt_tests::outcome::{answer, assert_parts, chat, error, warnings};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::Server;
use anygpt_tests::tables::{is_case, is_test, tests};
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";

/// A provider, and a server that knows all formats of it.
fn start() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder().envs(provider.every_env()).spawn();
    (provider, server)
}

/// The same, with a server that does not retry.
fn start_without_retries() -> (Provider, Server) {
    let provider = Provider::start();
    let server = Server::builder()
        .envs(provider.every_env())
        .env("ANYGPT_RETRIES", "0")
        .spawn();
    (provider, server)
}

fn model(family: Family) -> String {
    format!("{}/{}", family.id(), family.model())
}

/// Calls the usual model of `family`; the result, and the number of requests.
#[track_caller]
fn ask(provider: &Provider, server: &mut Server, family: Family) -> (Value, usize) {
    let before = provider.requests().len();
    let result = server.call_tool(CHAT, json!({"prompt": "hi", "model": model(family)}));
    (result, provider.requests().len() - before)
}

/// An error of this status, which may be retried at once.
fn failing(family: Family, status: u16) -> Reply {
    Reply::error(family, status, "mock words").header("retry-after-ms", "1")
}

// ---------------------------------------------------------------------------------------------- retries

#[test]
fn a_wait_of_20_ms_is_kept() {
    let (provider, mut server) = start();
    for family in Family::ALL {
        let limited = Reply::error(family, 429, "mock words").header("retry-after-ms", "20");
        provider.script(family, [limited]);
        let (result, requests) = ask(&provider, &mut server, family);
        assert_eq!((&chat(&result)["text"], requests), (&json!("echo: hi"), 2));
        let [.., first, second] = &provider.requests()[..] else {
            panic!("two requests");
        };
        let waited = second.at - first.at;
        assert!(waited >= Duration::from_millis(20), "{family:?} {waited:?}");
    }
}

/// All families at once: dates have whole seconds.
#[test]
fn a_wait_until_a_date_is_kept() {
    let (provider, mut server) = start();
    for (id, family) in Family::ALL.into_iter().enumerate() {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3));
        let limited = Reply::error(family, 429, "mock words").header("retry-after", &date);
        provider.script(family, [limited]);
        let arguments = json!({"prompt": "hi", "model": model(family)});
        let params = json!({"name": CHAT, "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        server.send(&call.to_string());
    }
    for _ in Family::ALL {
        assert_eq!(chat(&server.json()["result"])["text"], "echo: hi");
    }
    for family in Family::ALL {
        let mut requests = provider.requests();
        requests.retain(|request| request.family() == Some(family));
        let waited = requests[1].at - requests[0].at;
        assert!(waited >= Duration::from_secs(1), "{family:?} {waited:?}");
    }
}

#[test]
fn a_wait_of_300_s_is_told_and_not_begun() {
    let (provider, mut server) = start();
    for family in Family::ALL {
        let limited = Reply::error(family, 429, "mock words").header("retry-after", "300");
        provider.script(family, [limited]);
        let (result, requests) = ask(&provider, &mut server, family);
        assert_parts(error(&result), &["rate_limit: ", "Try again in 300 s"]);
        assert_eq!(requests, 1);
    }
}

#[test]
fn what_may_pass_is_repeated_and_what_the_provider_forbids_is_not() {
    let (provider, mut server) = start();
    for family in Family::ALL {
        for status in [503, 529] {
            provider.script(family, [failing(family, status)]);
            let (result, requests) = ask(&provider, &mut server, family);
            assert_eq!((&chat(&result)["text"], requests), (&json!("echo: hi"), 2));
        }
        let forbidden = failing(family, 500).header("x-should-retry", "false");
        provider.script(family, [forbidden]);
        let (result, requests) = ask(&provider, &mut server, family);
        assert_parts(error(&result), &["unavailable: ", "HTTP 500"]);
        assert_eq!(requests, 1);

        provider.script(family, [Reply::quota(family)]);
        let (result, requests) = ask(&provider, &mut server, family);
        assert_parts(error(&result), &["quota: ", family.id()]);
        assert_eq!(requests, 1);
    }
}

// ----------------------------------------------------------------------------------------------- errors

#[test]
fn errors_of_every_kind_are_classified() {
    let (provider, mut server) = start_without_retries();
    let shaped = |shape: &str, status: u16| {
        Reply::shaped(shape, status, "mock words")
            .unwrap()
            .header("retry-after-ms", "1")
    };
    for family in Family::ALL {
        for (reply, class, parts) in [
            (Reply::key_refused(family), "auth: ", ["[redacted]", "key"]),
            (
                failing(family, 404),
                "model_not_found: ",
                ["HTTP 404", "mock words"],
            ),
            (
                shaped("details", 422),
                "invalid_request: ",
                ["HTTP 422", "body.x: mock words"],
            ),
            (
                shaped("text", 400),
                "invalid_request: ",
                ["HTTP 400", "mock words"],
            ),
            (shaped("html", 502), "unavailable: ", ["HTTP 502", "HTML"]),
            (
                shaped("empty", 500),
                "unavailable: ",
                ["HTTP 500", "without an explanation"],
            ),
            (
                shaped("text", 200),
                "unavailable: ",
                ["mock words", family.id()],
            ),
            (shaped("openai", 200), "", ["mock words", family.id()]),
        ] {
            provider.always(family, reply);
            let (result, _) = ask(&provider, &mut server, family);
            assert!(error(&result).starts_with(class), "{result}");
            assert_parts(error(&result), &parts);
            assert!(!error(&result).contains(family.key()), "{result}");
        }
        provider.always(
            family,
            Reply::stream_error(family, ["one ", "two ", "three "], "mock words"),
        );
        let (result, _) = ask(&provider, &mut server, family);
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["partial"], &got["finish_reason"]),
            (&json!("one two three "), &json!(true), &json!("error"))
        );
        assert_parts(&warnings(got), &["unavailable", "mock words"]);
    }
}

#[test]
fn every_shape_of_an_error_is_read_by_every_family() {
    let (provider, mut server) = start();
    for family in Family::ALL {
        for shape in anygpt_tests::provider::SHAPES.split(", ").map(str::trim) {
            let reply = Reply::shaped(shape, 418, "mock words").expect(shape);
            provider.always(family, reply);
            let (result, requests) = ask(&provider, &mut server, family);
            let said = match shape {
                "empty" => "without an explanation",
                "garbage" => "mess",
                _ => "mock words",
            };
            assert_parts(error(&result), &[said, "HTTP 418", family.id()]);
            assert_eq!(requests, 1, "{shape}");
        }
    }
}

// ----------------------------------------------------------------------------------------------- repair

#[test]
fn two_refused_parameters_are_changed_and_a_third_is_an_error() {
    let (provider, mut server) = start();
    for family in Family::ALL {
        let [first, name] = family.format().refusable();
        let arguments = |model: String| {
            let mut arguments = json!({"prompt": "hi", "model": model, "temperature": 0.5, "top_p": 0.5,
                "max_tokens": 100});
            if first == "stop" {
                arguments["stop"] = json!(["END"]);
            }
            arguments
        };
        let before = provider.requests().len();
        provider.script(
            family,
            [name, "temperature"].map(|name| Reply::refusal(family, name)),
        );
        let result = server.call_tool(CHAT, arguments(format!("{}/some-model", family.id())));
        let got = answer(&result);
        assert_eq!(got["text"], "echo: hi", "{got}");
        assert_parts(&warnings(got), &["temperature was left out"]);
        let last = provider.requests().pop().unwrap().json();
        match family {
            // The other name of it, which needs no warning.
            Family::Compatible => assert_eq!(last["max_completion_tokens"], 100),
            _ => assert_parts(&warnings(got), &[first]),
        }
        assert_eq!(provider.requests().len() - before, 3);

        // Always: every parameter is refused.
        let before = provider.requests().len();
        let model = format!("{}/refuse-{first}+temperature+top_p", family.id());
        let result = server.call_tool(CHAT, arguments(model));
        // The other name of the first one is tried before it is left out.
        let requests = if family == Family::Compatible { 4 } else { 3 };
        let times = format!("{requests} times");
        assert_parts(error(&result), &["invalid_request: ", &times]);
        assert_eq!(provider.requests().len() - before, requests);
    }
}

// ------------------------------------------------------------------------------- an address and a key alone

#[test]
fn an_address_and_a_key_are_enough_for_a_chat_that_streams_and_a_list() {
    let provider = Provider::start();
    for family in Family::ALL {
        let mut server = Server::builder().envs(provider.family_env(family)).spawn();
        let deltas = ["Hel", "lo"];
        provider.script(
            family,
            [Reply::deltas(family, deltas, Duration::from_millis(20))],
        );
        let arguments = json!({"prompt": "hi", "system": "Be brief."});
        let result = server.call_tool(CHAT, arguments);
        let got = chat(&result);
        assert_eq!(
            (&got["text"], &got["provider"], &got["finish_reason"]),
            (&json!("Hello"), &json!(family.id()), &json!("stop"))
        );
        let usage = &got["usage"];
        assert_eq!(
            (&usage["input_tokens"], &usage["output_tokens"]),
            (&json!(12), &json!(2)),
            "{family:?}"
        );
        let request = provider.requests().pop().unwrap();
        assert_eq!(request.family(), Some(family));
        assert_eq!(request.credential(), family.key());
        let listed = server.call_tool("anygpt_list_models", json!({"details": true}));
        let listed = answer(&listed)["models"].as_array().unwrap();
        let has = |id: &str| listed.iter().any(|model| model["id"] == id);
        assert!(has(family.model()), "{listed:?}");
        assert!(request.model().is_some_and(|id| has(&id)), "{listed:?}");
        assert!(listed.iter().all(|it| it["provider"] == family.id()));
    }
}

// ----------------------------------------------------------------------------------------- lists of models

#[test]
fn a_list_of_500_is_listed_and_one_that_does_not_exist_says_what_to_do() {
    let (provider, mut server) = start_without_retries();
    for family in Family::ALL {
        let mut ids = (0..500).map(|number| format!("model-{number:03}"));
        let list = family.format().list_of(&mut ids);
        provider.script_models(
            family,
            [
                Reply::error(family, 404, "mock words"),
                Reply::json(200, &list),
            ],
        );
        let arguments = json!({"provider": family.id(), "limit": 500});
        let missing = server.call_tool("anygpt_list_models", arguments.clone());
        assert!(
            error(&missing).starts_with("model_not_found: "),
            "{missing}"
        );
        assert_parts(
            error(&missing),
            &[
                "HTTP 404",
                "no list of models: name a model",
                &provider.base_url(family),
            ],
        );
        let whole = server.call_tool("anygpt_list_models", arguments);
        let whole = answer(&whole);
        assert_eq!(
            (&whole["total"], whole["models"].as_array().map(Vec::len)),
            (&json!(500), Some(500)),
            "{family:?}"
        );
        assert_eq!(whole["models"][499]["id"], "model-499");
    }
}

// -------------------------------------------------------------------------------------------- the table

/// The fixtures, as `docs/fixtures.md` numbers them.
const FIXTURES: [(u32, u32); 8] = [
    (1, 6),
    (2, 4),
    (3, 4),
    (4, 8),
    (5, 9),
    (6, 4),
    (7, 4),
    (8, 2),
];

/// The main formats, which the table has columns for.
const FAMILIES: usize = 4;

#[test]
fn every_fixture_is_shown_for_every_family() {
    let text = std::fs::read_to_string(tests().join("docs/fixtures.md")).unwrap();
    let problems = problems(&text);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_table_that_lies_is_found_out() {
    let proof = "`providers/fixtures.rs::a_table_that_lies_is_found_out`";
    let case = "`wire/chat/answers/plain.txt`";
    let good = format!("| 1.1 | x | {proof} | {case} | Does not apply: no. | {proof} |");
    for (row, said) in [
        (String::new(), "1.2 has no row"),
        ("| 1.2 | x | y |".to_owned(), "not six cells"),
        (good.replace("1.1", "9.1"), "9.1 is no fixture"),
        (good.clone(), "1.1 has two rows"),
        (
            good.replace("1.1", "1.2")
                .replace(proof, "`providers/fixtures.rs::nobody`"),
            "nobody",
        ),
        (
            good.replace("1.1", "1.2")
                .replace(proof, "`providers/fixtures.rs::problems`"),
            "problems",
        ),
        (
            good.replace("1.1", "1.2").replace(proof, "`nobody.rs::x`"),
            "nobody.rs",
        ),
        (
            good.replace("1.1", "1.2")
                .replace(proof, "`wire/chat/framing/nobody.txt`"),
            "nobody.txt",
        ),
        (
            good.replace("1.1", "1.2").replace(proof, ""),
            "1.2 has an empty cell",
        ),
        (
            good.replace("1.1", "1.2").replace("no.", ""),
            "1.2 has an empty cell",
        ),
        (
            good.replace("1.1", "1.2").replace(proof, "later"),
            "1.2 has an empty cell",
        ),
    ] {
        let found = problems(&format!("{good}\n{row}\n"));
        assert!(
            found.iter().any(|line| line.contains(said)),
            "{said}: {found:#?}"
        );
        let of_the_good_row = |line: &&String| line.starts_with("1.1") && !said.starts_with("1.1");
        assert!(
            !found.iter().any(|line| of_the_good_row(&line)),
            "{found:#?}"
        );
    }
}

fn problems(text: &str) -> Vec<String> {
    let wanted: BTreeSet<String> = FIXTURES
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}.{number}")))
        .collect();
    let mut missing = wanted.clone();
    let mut problems = Vec::new();
    let is_row =
        |line: &&str| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit());
    for row in text.lines().filter(is_row) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, proofs @ ..] = &cells[..] else {
            continue;
        };
        if proofs.len() != FAMILIES {
            problems.push(format!("not six cells: {row}"));
            continue;
        }
        if !wanted.contains(*name) {
            problems.push(format!("{name} is no fixture"));
        } else if !missing.remove(*name) {
            problems.push(format!("{name} has two rows"));
        }
        for cell in proofs {
            let named: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            let reason = cell.strip_prefix("Does not apply: ");
            if named.is_empty() && reason.is_none_or(str::is_empty) {
                problems.push(format!("{name} has an empty cell"));
            }
            let absent = named.into_iter();
            let absent = absent.filter(|proof| !is_test(proof) && !is_case(proof));
            problems.extend(absent.map(|proof| format!("{name}: {proof} does not exist")));
        }
    }
    problems.extend(missing.into_iter().map(|name| format!("{name} has no row")));
    problems
}
