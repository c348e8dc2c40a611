//! What calls have cost, end to end: `cost_usd` of their results, the log's lines about paid attempts, and the sums of
//! `costs`.
//!
//! Never here: how a cost is known, limits on it (`tools/limits.rs`), or the rest of the log (`process/logs.rs`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use anygpt_tests::outcome::{answer, assert_parts, chat, error, warnings};
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::schema::REVISIONS;
use anygpt_tests::server::{Output, Server, run};
use anygpt_tests::session::{MODERN, Session};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const CHAT: &str = "anygpt_chat_completion";
const COMPARE: &str = "anygpt_compare";
const NOTHING: [(&str, &str); 0] = [];

/// Dollars per million tokens, by which a number of tokens is one of micro dollars.
const PRICES: &str = "models:
  openai/gpt-4.1: {price: {input: 2, output: 4}}
  openai/text-embedding-3-small: {price: {input: 0.5, output: 0}}
  anthropic/claude-sonnet-5: {price: {input: 0.5, output: 1.5}}
  google/gemini-2.5-pro: {price: {input: 1, output: 1}}
";

/// Long enough that it is returned when the stream breaks.
const BROKEN: &str = "an answer that breaks off in the middle";

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("costs-{name}"));
    std::fs::write(&path, text).unwrap();
    path
}

/// A session of the client `test`, with a log in JSON and all tools.
fn start(name: &str, revision: &'static str) -> (Provider, Session) {
    let provider = Provider::start();
    let builder = Server::builder()
        .envs(provider.env())
        .env("CONFIG_FILE", file(&format!("{name}.yaml"), PRICES))
        .env("ANYGPT_TOOLS", "all")
        .env("ANYGPT_RETRIES", "0")
        .env("LOG_FORMAT", "json");
    let (session, _) = Session::open(builder, revision);
    (provider, session)
}

/// Ends the server; its log.
#[track_caller]
fn log(session: Session) -> String {
    let mut server = session.server;
    server.close_stdin();
    server.wait();
    server.stderr()
}

/// The events about paid attempts.
fn paid(log: &str) -> Vec<Value> {
    let events = log.lines().map(|line| serde_json::from_str(line).unwrap());
    events
        .filter(|event: &Value| event["message"] == "paid")
        .collect()
}

/// What `costs --json` prints of a log.
#[track_caller]
fn sums(output: &Output) -> Vec<Value> {
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let rows: Value = serde_json::from_str(&output.stdout).unwrap();
    rows.as_array().unwrap().clone()
}

/// The sum of a member of all rows, in millionths.
fn micro(rows: &[Value], name: &str) -> f64 {
    let sum: f64 = rows.iter().map(|row| row[name].as_f64().unwrap()).sum();
    (sum * 1e12).round() / 1e6
}

/// The same for one result.
fn cost(result: &Value) -> f64 {
    micro(std::slice::from_ref(result), "cost_usd")
}

/// An answer of OpenAI that is all hidden reasoning, so that the next model is asked, but paid.
fn reasoned(input: u32, output: u32) -> Reply {
    let event = json!({"type": "response.completed", "response": {"id": "r", "status": "completed",
        "output": [], "usage": {"input_tokens": input, "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": output}, "total_tokens": input + output}}});
    Reply::raw_stream(format!("data: {event}\n\n"))
}

fn broken() -> Reply {
    Reply::deltas(Family::OpenAi, [BROKEN, "words"], Duration::ZERO).cut_after(1)
}

/// Asks gpt-4.1, then claude-sonnet-5.
fn ask(session: &mut Session) -> Value {
    session.call(
        CHAT,
        json!({"prompt": "hi", "model": "gpt-4.1", "fallbacks": ["claude-sonnet-5"]}),
    )
}

#[test]
fn the_sums_of_a_log_are_those_of_the_results() {
    for revision in [REVISIONS[3], MODERN] {
        let (provider, mut session) = start("sums", revision);
        let mut known = 0.0;

        // A single attempt.
        known += cost(chat(&ask(&mut session)));
        // Refused, which costs nothing, and answered by another model.
        provider.script(Family::OpenAi, [Reply::error(Family::OpenAi, 401, "no")]);
        let refused = ask(&mut session);
        let of_claude = cost(chat(&refused));
        known += of_claude;
        // Paid without an answer: 1 token for 2, 100 for 4.
        provider.script(Family::OpenAi, [reasoned(1, 100)]);
        let second = ask(&mut session);
        assert_eq!(chat(&second)["provider"], "anthropic");
        assert_eq!(cost(chat(&second)), 402.0 + of_claude);
        known += cost(chat(&second));
        // Broken off: nobody knows what that has cost, but what the other one has.
        provider.script(Family::OpenAi, [broken()]);
        let third = ask(&mut session);
        assert_eq!(chat(&third)["provider"], "anthropic");
        assert_eq!(chat(&third).get("cost_usd"), None, "{third}");
        assert_eq!(chat(&third).get("cost_source"), None, "{third}");
        assert_parts(
            &warnings(chat(&third)),
            &["cost_usd is left out: what one of the attempts cost is not known"],
        );
        known += of_claude;
        // Two answers and a verdict.
        let arguments = json!({"prompt": "hi", "models": ["gpt-4.1", "claude-sonnet-5"], "mode": "judge",
            "judge_model": "gemini-2.5-pro"});
        let judged = session.call(COMPARE, arguments);
        let got = answer(&judged);
        let results = got["results"].as_array().unwrap();
        assert_eq!(
            cost(got),
            micro(results, "cost_usd") + cost(&got["verdict"])
        );
        known += cost(got);
        // Embeddings have a price, images none.
        let vectors = json!({"data": [{"index": 0, "embedding": [0.25, -1]}],
            "usage": {"prompt_tokens": 4, "total_tokens": 4}});
        provider.script(Family::OpenAi, [Reply::json(200, &vectors)]);
        let embedded = session.call(
            "anygpt_embed",
            json!({"input": "two words", "model": "text-embedding-3-small"}),
        );
        assert_eq!(answer(&embedded)["usage"]["input_tokens"], 4);
        known += 2.0;
        let picture = json!({"data": [{"b64_json": "iVBORw0KGgo="}], "usage": {"input_tokens": 3, "output_tokens": 1000,
            "total_tokens": 1003}});
        provider.script(Family::OpenAi, [Reply::json(200, &picture)]);
        session.call(
            "anygpt_generate_image",
            json!({"prompt": "a cat", "model": "gpt-image-2"}),
        );
        // Neither costs anything.
        session.call(
            "anygpt_count_tokens",
            json!({"text": "hi", "model": "claude-sonnet-5"}),
        );
        session.call("anygpt_list_models", json!({}));

        let log = log(session);
        let output = run(&["costs", "--json"], NOTHING, log.as_bytes());
        let rows = sums(&output);
        assert_eq!(micro(&rows, "cost_usd"), known, "{rows:?}");
        let client = match revision {
            MODERN => Value::Null,
            _ => json!("test"),
        };
        let row = |provider: &str, model: &str| {
            let mut of_model = rows.iter().filter(|row| {
                row["provider"] == provider && row["model"] == model && row["client"] == client
            });
            let row = of_model.next().unwrap_or_else(|| panic!("{rows:?}"));
            ["calls", "unknown"].map(|name| row[name].as_u64().unwrap())
        };
        assert_eq!(row("openai", "gpt-4.1"), [4, 1]);
        assert_eq!(row("anthropic", "claude-sonnet-5"), [4, 0]);
        assert_eq!(row("google", "gemini-2.5-pro"), [1, 0]);
        assert_eq!(row("openai", "text-embedding-3-small"), [1, 0]);
        assert_eq!(row("openai", "gpt-image-2"), [1, 1]);
        assert_parts(&output.stderr, &["the cost of 2 of 11 calls is not known"]);
        let images = rows.iter().find(|row| row["model"] == "gpt-image-2");
        assert_eq!(images.unwrap()["output_tokens"], 1_000);

        // The same lines again, from a collector and from files, change nothing.
        let twice: String = log
            .lines()
            .map(|line| format!("anygpt-1  | {line}\n"))
            .collect();
        let path = file("twice.log", &(twice + &log));
        let path = path.to_str().unwrap();
        let again = run(
            &["costs", path, "-", path, "--json"],
            NOTHING,
            log.as_bytes(),
        );
        assert_eq!(again.stdout, output.stdout);
        assert_eq!(again.stderr, output.stderr);

        let table = run(&["costs"], NOTHING, log.as_bytes());
        let lines: Vec<&str> = table.stdout.lines().collect();
        assert_eq!(lines.len(), rows.len() + 2, "{}", table.stdout);
        assert!(lines[0].starts_with("day "), "{}", table.stdout);
        assert!(lines[lines.len() - 1].starts_with("total "));
    }
}

#[test]
fn a_comparison_costs_what_all_of_it_has_cost() {
    let (provider, mut session) = start("compared", REVISIONS[3]);
    // A member that has failed is paid, too.
    provider.script(Family::OpenAi, [reasoned(1, 100)]);
    let models = json!({"prompt": "hi", "models": ["gpt-4.1", "claude-sonnet-5"]});
    let result = session.call(COMPARE, models.clone());
    let got = answer(&result);
    assert_eq!(got["results"][0]["status"], "error");
    assert_eq!(cost(got), 402.0 + cost(&got["results"][1]));
    // A verdict that has failed is.
    let mut judged = models.clone();
    judged["mode"] = json!("judge");
    judged["judge_model"] = json!("gemini-2.5-pro");
    provider.script(
        Family::Google,
        [Reply::stream_error(Family::Google, ["x"], "no")],
    );
    let result = session.call(COMPARE, judged);
    assert_eq!(answer(&result).get("cost_usd"), None, "{result}");
    // A refused one costs nothing.
    provider.script(Family::OpenAi, [Reply::error(Family::OpenAi, 401, "no")]);
    let result = session.call(COMPARE, models.clone());
    let got = answer(&result);
    assert_eq!(cost(got), cost(&got["results"][1]));

    // One that is dropped has an unknown cost.
    let gated = Reply::deltas(Family::Anthropic, ["a", "b"], Duration::ZERO).gate_after(1);
    provider.script(Family::OpenAi, [Reply::hang()]);
    provider.script(Family::Anthropic, [gated]);
    let before = provider.requests().len();
    let mut fastest = models;
    fastest["mode"] = json!("fastest");
    session.send(
        "fastest",
        "tools/call",
        json!({"name": COMPARE, "arguments": fastest}),
    );
    provider.wait_requests(before + 2, LIMIT);
    provider.open_gate();
    let result = loop {
        let message = session.server.json();
        if message["id"] == "fastest" {
            break message["result"].clone();
        }
    };
    let got = answer(&result);
    assert_eq!(got["results"][0]["status"], "cancelled");
    assert!(got["results"][1]["cost_usd"].is_f64(), "{got}");
    assert_eq!(got.get("cost_usd"), None, "{got}");

    let events = paid(&log(session));
    let unknown: Vec<&Value> = events
        .iter()
        .filter(|event| event.get("cost_usd").is_none())
        .map(|event| &event["provider"])
        .collect();
    assert_eq!(events.len(), 8, "{events:?}");
    assert_eq!(unknown, ["google", "openai"]);
}

#[test]
fn an_attempt_that_ends_in_the_middle_is_logged_with_what_is_known() {
    let (provider, mut session) = start("middle", REVISIONS[3]);
    let begun = Reply::deltas(Family::Anthropic, [BROKEN, "more"], Duration::ZERO).hang_after(1);
    provider.script(Family::Anthropic, [begun]);
    let result = session.call(
        CHAT,
        json!({"prompt": "hi", "model": "claude-sonnet-5", "timeout_seconds": 2}),
    );
    let got = chat(&result);
    assert_eq!(got["partial"], true);
    assert_eq!(got.get("cost_usd"), None);
    assert_eq!(warnings(got).matches("cost_usd").count(), 0);
    let events = paid(&log(session));
    let [event] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(event["input_tokens"], got["usage"]["input_tokens"]);
    assert!(event["input_tokens"].is_u64(), "{event}");
    for unknown in ["output_tokens", "cost_usd"] {
        assert_eq!(event.get(unknown), None, "{event}");
    }
}

#[test]
fn what_was_not_sent_is_not_in_the_log() {
    let (_provider, mut session) = start("unsent", REVISIONS[3]);
    let arguments = json!({"prompt": "hi", "model": "gpt-4.1", "dry_run": true});
    chat(&session.call(CHAT, arguments));
    error(&session.call(
        CHAT,
        json!({"prompt": "hi", "model": "gpt-4.1", "max_cost_usd": 0.000_001}),
    ));
    assert_eq!(paid(&log(session)), [Value::Null; 0]);

    // Nothing listens there any more.
    let gone = Provider::start().env();
    let mut server = Server::builder()
        .envs(gone)
        .env("ANYGPT_RETRIES", "0")
        .env("LOG_FORMAT", "json")
        .spawn();
    error(&server.call_tool(CHAT, json!({"prompt": "hi", "model": "gpt-4.1"})));
    server.close_stdin();
    server.wait();
    assert_eq!(paid(&server.stderr()), [Value::Null; 0]);
}

#[test]
fn work_of_a_provider_counts_once_whoever_logs_it_and_its_id_is_not_logged() {
    let id = format!("resp_{}", "0123456789abcdef".repeat(3));
    let event = json!({"type": "response.completed", "response": {"id": id, "status": "completed",
        "output": [{"type": "message", "role": "assistant",
            "content": [{"type": "output_text", "text": "yes", "annotations": []}]}],
        "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}}});
    let mut logs = String::new();
    for name in ["one", "two"] {
        let (provider, mut session) = start(name, REVISIONS[3]);
        let reply = Reply::raw_stream(format!("data: {event}\n\n"));
        provider.script(Family::OpenAi, [reply]);
        assert_eq!(cost(chat(&ask(&mut session))), 40.0);
        logs += &log(session);
    }
    let works: Vec<Value> = paid(&logs)
        .iter()
        .map(|event| event["work"].clone())
        .collect();
    assert_eq!((works.len(), &works[0]), (2, &works[1]));
    assert!(!logs.contains("0123456789abcdef"), "{logs}");
    let rows = sums(&run(&["costs", "--json"], NOTHING, logs.as_bytes()));
    assert_eq!((&rows[0]["calls"], rows.len()), (&json!(1), 1));
    assert_eq!(micro(&rows, "cost_usd"), 40.0);
}

#[test]
fn a_log_without_paid_calls_is_answered_with_what_to_do() {
    for input in [
        "",
        "2026-11-29T10:00:00.123456Z  INFO paid provider=\"openai\"\n",
    ] {
        let json = run(&["costs", "--json"], NOTHING, input.as_bytes());
        assert_eq!((json.code, &*json.stdout), (Some(0), "[]\n"));
        let table = run(&["costs"], NOTHING, input.as_bytes());
        assert_eq!((table.code, &*table.stdout), (Some(0), ""));
        for output in [json, table] {
            assert_parts(
                &output.stderr,
                &[
                    "anygpt-mcp: the log has no paid call",
                    "LOG_FORMAT=json and LOG_LEVEL=info",
                ],
            );
            let unreadable = output.stderr.contains("1 line could not be read");
            assert_eq!(unreadable, !input.is_empty(), "{}", output.stderr);
        }
    }
    let missing = run(&["costs", "/nonexistent/anygpt.log"], NOTHING, b"");
    assert_eq!((missing.code, &*missing.stdout), (Some(1), ""));
    assert_parts(&missing.stderr, &["/nonexistent/anygpt.log cannot be read"]);
}
