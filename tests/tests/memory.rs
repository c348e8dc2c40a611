//! How much memory many calls at once take.
//!
//! The number is a promise for the static program, which `make memory` measures, as CI does. Never here: one long answer
//! (`chat`), or long lines (`stdio`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)] // a test that cannot go on says so by panicking

use std::collections::HashMap;
use std::time::Duration;

use anygpt_tests::outcome::chat;
use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::Server;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

/// As many as use the network at once.
const CALLS: usize = 1024;

/// Most bytes the program may hold at any moment. The debug build, which a plain `cargo test` meets, has a file and
/// futures of another size.
fn most() -> usize {
    match std::env::var_os("ANYGPT_TEST_BINARY") {
        Some(_) => 32 << 20,
        None => 48 << 20,
    }
}

/// Each of the connections has an end in this process. The program raises its own limit.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, wanted).expect("the soft limit can be raised to the hard one");
}

#[test]
fn streams_of_1024_calls_at_once_take_less_than_32_mib() {
    let provider = Provider::start();
    let families = [
        Family::OpenAi,
        Family::Anthropic,
        Family::Google,
        Family::Compatible,
    ];
    for family in families {
        let deltas = ["This is ", "{{text}}", ", no other."];
        provider.always(
            family,
            Reply::deltas(family, deltas, Duration::ZERO).gate_after(1),
        );
    }
    let mut server = Server::builder()
        .envs(provider.env())
        .envs(provider.compatible_env())
        .limit(Duration::from_secs(60))
        .spawn();
    raise_descriptors();

    for id in 0..CALLS {
        let family = families[id % families.len()];
        let model = format!("{}/{}", family.id(), family.model());
        let arguments = json!({"prompt": format!("answer {id}"), "model": model});
        let params = json!({"name": "anygpt_chat_completion", "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        server.send(&call.to_string());
    }
    server.until("all streams have begun and pause", || {
        provider.at_gate() == CALLS
    });
    // It answers in the middle of all that; by then it has taken in what had been sent before.
    assert!(server.request("ping", json!(null))["result"].is_object());
    // Measured with the static program: 26.0 MiB, of which 1.5 MiB are the program.
    let (now, peak) = (server.status("VmRSS"), server.status("VmHWM"));
    println!(
        "{CALLS} streams: {} KiB, at most {} KiB",
        now >> 10,
        peak >> 10
    );
    assert!(peak < most(), "{} KiB", peak >> 10);

    provider.open_gate();
    let mut answers = HashMap::new();
    for _ in 0..CALLS {
        let answer = server.json();
        let id = answer["id"].as_u64().unwrap();
        let text = chat(&answer["result"])["text"].as_str().unwrap().to_owned();
        assert_eq!(answers.insert(id, text), None, "{id} is answered twice");
    }
    for id in 0..CALLS as u64 {
        assert_eq!(answers[&id], format!("This is answer {id}, no other."));
    }
    let peak = server.status("VmHWM");
    println!("and once all have ended: at most {} KiB", peak >> 10);
    assert!(peak < most(), "{} KiB", peak >> 10);
    server.close_stdin();
    server.end(0);
}
