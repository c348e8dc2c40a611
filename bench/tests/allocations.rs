//! In the steady state `ping` and `tools/list` take no memory from the heap: neither in the state machine nor on the
//! whole way from stdin to stdout.
//!
//! The second is measured in a process of its own, since stdin and stdout are: the test starts itself once more, and
//! that process puts the parts together as the program's `main` does, serves its stdin, and tells its count.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{
    alloc::System,
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use anygpt_core::{Budget, Limits, Server};
use anygpt_mcp::{
    gateway::Gateway,
    library::{self, Library},
    mcp::{self, Connection, runner::Runner},
    redact::Redactor,
    settings::{Environment, Settings},
    signal::{Listener, Signals},
    tools::{self, Tools},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Set for the process that serves.
const SERVES: &str = "BENCH_SERVES_STDIN";

/// Allocations of the whole process so far, those that made something larger among them.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

fn lines(method: &str, count: usize) -> Vec<u8> {
    let line = |id| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\"}}\n");
    (0..count).map(line).collect::<String>().into_bytes()
}

/// Both in one test: allocations of another thread would be counted.
#[test]
fn ping_and_tools_list_allocate_nothing() {
    if std::env::var_os(SERVES).is_some() {
        serve();
        return;
    }
    for method in ["ping", "tools/list"] {
        assert_eq!(in_the_state_machine(method), 0, "{method}");
        let (few, many) = (in_a_process(method, 5_000), in_a_process(method, 15_000));
        assert_eq!(few, many, "{method}: allocations for 5,000 and for 15,000");
    }
}

fn settings() -> Settings {
    let given = |name: &str| (name == "DEFAULT_PROVIDER").then(|| "mock".into());
    Settings::load(Environment::new(&given), &tools::names()).unwrap()
}

fn server(settings: &Arc<Settings>, budget: &Arc<Budget>) -> Server {
    let library = Library::new(Arc::clone(settings), Redactor::default());
    Server::new(
        library::catalog(&settings.offer),
        Box::new(library),
        Limits::default(),
        budget,
    )
}

fn in_the_state_machine(method: &str) -> usize {
    let mut server = server(&Arc::new(settings()), &Budget::new(1 << 20));
    let input = lines(method, 64);
    let mut output = Vec::new();
    let mut round = || {
        let mut rest = &input[..];
        let mut answered = 0;
        while !rest.is_empty() {
            let used = server.handle_input(rest);
            rest = &rest[used..];
            assert!(server.poll_action().is_none());
            server.take_output(&mut output);
            answered += output.iter().filter(|&&byte| byte == b'\n').count();
        }
        assert_eq!(answered, 64);
    };
    // Buffers grow to their size, the list is written.
    (0..3).for_each(|_| round());
    let before = allocations();
    (0..10).for_each(|_| round());
    allocations() - before
}

fn in_a_process(method: &str, count: usize) -> usize {
    // From a file, so that every read is a full one: how much a pipe gives is chance.
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("allocations-input");
    fs::write(&file, lines(method, count)).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("ping_and_tools_list_allocate_nothing")
        .env(SERVES, "1")
        .stdin(fs::File::open(&file).unwrap())
        // Nor does anything pile up here: what waits for a slow client takes memory, and gives it back.
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let count = said
        .lines()
        .find_map(|line| line.strip_prefix("allocations: "));
    count
        .unwrap_or_else(|| unreachable!("{said}"))
        .parse()
        .unwrap()
}

/// What the program's `main` does, and the number of allocations at the end.
fn serve() {
    let settings = Arc::new(settings());
    let budget = Budget::new(1 << 20);
    let signals = Listener::new(Signals::install().unwrap(), || (), 3);
    let session = Connection::new(
        server(&settings, &budget),
        Limits::default().queued_output,
        Arc::clone(&budget),
        Redactor::default(),
        signals,
        || unreachable!("nobody closes stdout"),
    );
    let runner = Runner::new(Arc::clone(&session), |ending| {
        Gateway::new(
            Arc::clone(&settings),
            Redactor::default(),
            Arc::clone(&budget),
            64,
            ending,
        )
    });
    mcp::serve(&session, &Tools::new(settings, budget), &runner).unwrap();
    eprintln!("allocations: {}", allocations());
}
