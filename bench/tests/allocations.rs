//! In the steady state `ping` and `tools/list` take no memory from the heap: neither in the state machine nor on the
//! whole way from stdin to stdout.
//!
//! The second is measured in a process of its own, since stdin and stdout are: the test starts itself once more, and
//! that process is the program under an allocator that counts.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{
    alloc::System,
    fs, iter,
    path::Path,
    process::{Command, Stdio},
};

use anygpt_core::{
    Annotations, Budget, Catalog, Implementation, Limits, NoLibrary, Server, Structured, Tool,
};
use anygpt_mcp::Inherited;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Set for the process that serves.
const SERVES: &str = "BENCH_SERVES_STDIN";

/// Allocations of the whole process so far, including those that enlarge a block.
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
    }
    for method in ["ping", "tools/list"] {
        assert_eq!(in_the_state_machine(method), 0, "{method}");
        let (few, many) = (in_a_process(method, 5_000), in_a_process(method, 15_000));
        assert_eq!(few, many, "{method}: allocations for 5,000 and for 15,000");
    }
}

fn server() -> Server {
    let tool = Tool {
        name: "echo".into(),
        title: "Echo".into(),
        description: "Returns its argument.".into(),
        annotations: Annotations {
            read_only: true,
            idempotent: true,
            open_world: false,
        },
        input_schema: r#"{"type":"object"}"#.into(),
        output_schema: None,
    };
    let catalog = Catalog {
        server: Implementation {
            name: "bench".into(),
            title: "Bench".into(),
            version: "1".into(),
            description: "One tool.".into(),
            icon: None,
        },
        instructions: "".into(),
        tools: vec![tool],
        resources: Vec::new(),
        templates: Vec::new(),
        prompts: Vec::new(),
        is_private: true,
        structured: Structured::Auto,
    };
    let limits = Limits::default();
    Server::new(catalog, Box::new(NoLibrary), limits, &Budget::new(1 << 20))
}

fn in_the_state_machine(method: &str) -> usize {
    let mut server = server();
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
    // Buffers grow to their size, and the list is encoded.
    (0..3).for_each(|_| round());
    let before = allocations();
    (0..10).for_each(|_| round());
    allocations() - before
}

fn in_a_process(method: &str, count: usize) -> usize {
    // From a file, so that every read is a full one: how much a pipe returns varies.
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("allocations-input");
    fs::write(&file, lines(method, count)).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("ping_and_tools_list_allocate_nothing")
        .env_clear()
        .env("DEFAULT_PROVIDER", "mock")
        .env(SERVES, "1")
        .stdin(fs::File::open(&file).unwrap())
        // Output that waits for a slow client would take memory.
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let count = stderr
        .lines()
        .find_map(|line| line.strip_prefix("allocations: "));
    count
        .unwrap_or_else(|| unreachable!("{stderr}"))
        .parse()
        .unwrap()
}

/// Runs the program, and prints the number of allocations when it exits.
fn serve() -> ! {
    extern "C" fn report() {
        eprintln!("allocations: {}", allocations());
    }
    // SAFETY: `atexit` only stores the function, which does not unwind.
    #[expect(unsafe_code)]
    // The program never returns, so this is the only moment after its last answer.
    let stored = unsafe { libc::atexit(report) };
    assert_eq!(stored, 0);
    let inherited = Inherited {
        stdin_was_closed: false,
        is_ignored: |_| false,
    };
    anygpt_mcp::run(iter::empty(), inherited)
}
