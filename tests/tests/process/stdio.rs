//! The pipes between the process and its client: a client that does not read, other kinds of stdin and stdout, many
//! calls at once. Stdout always has whole JSON-RPC messages and nothing else.
//!
//! Never here: malformed input (`protocol/bad_input.rs`), how the process ends (`endings.rs`), which settings are valid
//! (`settings/`), the content of answers.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anygpt_tests::provider::{Family, Outcome, Provider, Reply};
use anygpt_tests::server::{Builder, Server, Stdin, binary};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

/// The server's queue for a client that does not read.
const QUEUE: usize = 4 << 20;

fn mock() -> Builder {
    Server::builder().env("DEFAULT_PROVIDER", "mock")
}

fn request(id: impl Into<Value>, method: &str) -> String {
    let id: Value = id.into();
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#)
}

fn ping(id: impl Into<Value>) -> String {
    request(id, "ping")
}

/// Pings with the ids below `count`, one per line.
fn pings(count: usize) -> String {
    (0..count).map(|id| ping(id) + "\n").collect()
}

fn chat(id: impl Into<Value>, model: &str) -> String {
    let arguments = json!({"model": format!("openai/{model}"), "prompt": "hello"});
    let params = json!({"name": "anygpt_chat_completion", "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": params}).to_string()
}

fn cancel(id: impl Into<Value>) -> String {
    let params = json!({"requestId": id.into()});
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}).to_string()
}

fn empty_result(id: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "result": {}})
}

/// Ends the input, waits for a clean end, and returns all answers.
#[track_caller]
fn finish(mut server: Server) -> Vec<Value> {
    server.close_stdin();
    server.end(0)
}

/// Expects the answers to [`pings`], or to other requests with the ids below `count` whose answers differ in nothing
/// else: all of them, in order. There are too many to parse each.
#[track_caller]
fn expect_answers(stdout: Vec<u8>, count: usize) {
    let stdout = String::from_utf8(stdout).unwrap();
    assert!(stdout.ends_with('\n'), "the last line is not whole");
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.len(), count);
    let first: Value = serde_json::from_str(lines[0]).unwrap();
    assert!(first["result"].is_object(), "{first}");
    let (head, tail) = lines[0].split_once(r#""id":0"#).unwrap();
    for (id, line) in lines.iter().enumerate() {
        let rest = line
            .strip_prefix(head)
            .and_then(|rest| rest.strip_suffix(tail));
        assert_eq!(rest, Some(format!(r#""id":{id}"#).as_str()));
    }
}

/// Ends the input, waits for a clean end, and expects the answers to [`pings`].
#[track_caller]
fn finish_pings(mut server: Server, count: usize) {
    server.close_stdin();
    assert_eq!(server.wait().code, Some(0), "{}", server.seen());
    expect_answers(server.stdout(), count);
}

/// Waits until the server stops reading: its pipe is full, and stays so.
#[track_caller]
fn wait_until_it_stops_reading(server: &Server) {
    let mut last = (usize::MAX, 0);
    server.until("the server stops reading", || {
        let unsent = server.unsent();
        last = if unsent == last.0 {
            (unsent, last.1 + 1)
        } else {
            (unsent, 0)
        };
        last.1 == 150
    });
    assert!(server.unsent() > 0, "it has taken everything");
}

#[test]
fn ten_thousand_pings_before_the_first_read_are_all_answered() {
    let server = mock().paused_stdout().spawn();
    server.send_raw(pings(10_000).as_bytes());
    server.wait_sent();
    server.resume_stdout();
    finish_pings(server, 10_000);
}

#[test]
fn a_client_that_never_reads_is_not_read_and_costs_little_memory() {
    // More than the queue and both pipes hold.
    let count = 2 * QUEUE / empty_result(0).to_string().len();
    let server = mock().paused_stdout().spawn();
    server.send_raw(pings(count).as_bytes());
    wait_until_it_stops_reading(&server);
    server.expect_little_memory();
    // Nothing is lost when it reads again.
    server.resume_stdout();
    server.wait_sent();
    server.expect_little_memory();
    finish_pings(server, count);
}

#[test]
fn a_client_that_reads_slowly_costs_little_memory_and_gets_everything() {
    let count = 2 * QUEUE / empty_result(0).to_string().len();
    let answer = |id| empty_result(id).to_string().len() + 1;
    let all: usize = (0..count).map(answer).sum();
    let server = mock().paused_stdout().spawn();
    server.send_raw(pings(count).as_bytes());
    let mut pauses = 0;
    // A fast server finishes earlier.
    while pauses < 20 && server.stdout().len() < all {
        let before = server.stdout().len();
        server.resume_stdout();
        server.until("it writes on", || server.stdout().len() > before);
        server.pause_stdout();
        pauses += 1;
    }
    assert!(pauses > 1, "it was never slow");
    server.expect_little_memory();
    server.resume_stdout();
    finish_pings(server, count);
}

#[test]
fn small_requests_with_large_answers_cost_little_memory_too() {
    const COUNT: usize = 20_000;
    let mut server = mock().paused_stdout().spawn();
    let requests = (0..COUNT).map(|id| request(id, "tools/list") + "\n");
    server.send_raw(requests.collect::<String>().as_bytes());
    wait_until_it_stops_reading(&server);
    server.expect_little_memory();
    server.resume_stdout();
    server.wait_sent();
    server.expect_little_memory();
    server.close_stdin();
    assert_eq!(server.wait().code, Some(0), "{}", server.seen());
    expect_answers(server.stdout(), COUNT);
}

#[test]
fn a_cancel_is_read_while_the_client_does_not_read() {
    let provider = Provider::start();
    let server = Server::builder()
        .envs(provider.env())
        .paused_stdout()
        .spawn();
    server.send(&chat("hangs", "fault-hang"));
    provider.wait_requests(1, LIMIT);
    // More than the pipe holds, less than the queue.
    server.send_raw(pings(20_000).as_bytes());
    server.send(&cancel("hangs"));
    provider.wait_dropped(LIMIT);
    server.resume_stdout();
    finish_pings(server, 20_000);
}

#[test]
fn results_of_calls_wait_for_a_client_that_does_not_read() {
    let provider = Provider::start();
    // Each text is in its result twice, so all of them together exceed the queue.
    let text = "x".repeat(QUEUE / 8);
    let replies = (0..8).map(|_| Reply::text(Family::OpenAi, &text));
    provider.script(Family::OpenAi, replies);
    let server = Server::builder()
        .envs(provider.env())
        .paused_stdout()
        .spawn();
    for id in 0..8 {
        server.send(&chat(id, "gpt-4.1"));
    }
    provider.wait_requests(8, LIMIT);
    server.resume_stdout();
    let messages = finish(server);
    let ids: HashSet<u64> = messages.iter().filter_map(|m| m["id"].as_u64()).collect();
    assert_eq!((messages.len(), ids.len()), (8, 8));
    for message in &messages {
        let answer = &message["result"]["structuredContent"]["text"];
        assert!(*answer == text.as_str(), "{} is cut", message["id"]);
    }
}

#[test]
fn a_stderr_that_nobody_reads_stops_nothing() {
    let mut server = Server::builder()
        .env("LOG_LEVEL", "debug")
        .env("OPENAI_API_KEY", "k-123")
        // Nothing listens on that port.
        .env("OPENAI_BASE_URL", "http://127.0.0.1:9")
        .unread_stderr()
        .spawn();
    for id in 0..2_000 {
        server.send(&chat(id, "gpt-4.1"));
    }
    for _ in 0..2_000 {
        let answer = server.json();
        assert_eq!(answer["result"]["isError"], true, "{answer}");
    }
    assert_eq!(server.stderr(), "", "stderr must not be read here");
    assert_eq!(finish(server).len(), 2_000);
}

#[test]
fn a_closed_stderr_stops_nothing() {
    let provider = Provider::start();
    let mut server = Server::builder()
        .env("LOG_LEVEL", "debug")
        .envs(provider.env())
        .spawn();
    server.close_stderr();
    for status in [500, 400] {
        provider.script(Family::OpenAi, [Reply::error(Family::OpenAi, status, "no")]);
        server.send(&chat(status, "gpt-4.1"));
        assert_eq!(server.json()["id"], status);
    }
    assert_eq!(finish(server).len(), 2);
}

#[test]
fn a_stderr_that_is_full_from_the_start_stops_nothing() {
    for (variables, code) in [
        (&[("DEFAULT_PROVIDER", "mock")][..], 0),
        (&[], 1),
        (&[("LOG_LEVEL", "loud")], 1),
    ] {
        let (_reader, mut stderr) = io::pipe().unwrap();
        let flags = fcntl_getfl(&stderr).unwrap();
        fcntl_setfl(&stderr, flags | OFlags::NONBLOCK).unwrap();
        while stderr.write(&[b'x'; 4096]).is_ok() {}
        fcntl_setfl(&stderr, flags).unwrap();
        let mut server = Server::builder()
            .envs(variables.iter().copied())
            .stderr_to(OwnedFd::from(stderr))
            .spawn();
        server.send(&ping(1));
        assert_eq!(server.json()["id"], 1, "{variables:?}");
        server.close_stdin();
        server.end(code);
    }
}

#[test]
fn stderr_has_only_lines_of_our_own_and_no_control_characters() {
    let provider = Provider::start();
    let message = "first\nsecond\r\u{1b}[31mred\u{7}\u{9b}";
    let mut server = Server::builder()
        .env("LOG_LEVEL", "debug")
        .envs(provider.env())
        .spawn();
    for status in [400, 401] {
        let reply = Reply::error(Family::OpenAi, status, message);
        provider.script(Family::OpenAi, [reply]);
        server.send(&chat(status, &format!("gpt-4.1{message}")));
        assert_eq!(server.json()["result"]["isError"], true);
    }
    server.close_stdin();
    server.end(0);
    let stderr = server.stderr();
    assert!(stderr.contains("status=\"auth\""), "{stderr}");
    for line in stderr.lines() {
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(line.starts_with("20"), "no line of the log: {line:?}");
        for library in ["hyper", "rustls", "tokio", "h2"] {
            assert!(!line.contains(library), "{line:?}");
        }
    }
}

#[test]
fn non_blocking_pipes_are_served_and_left_as_they_are() {
    for modes in [
        (OFlags::NONBLOCK, OFlags::NONBLOCK),
        (OFlags::NONBLOCK, OFlags::empty()),
        (OFlags::empty(), OFlags::NONBLOCK),
        (OFlags::empty(), OFlags::empty()),
    ] {
        let (stdin, requests) = io::pipe().unwrap();
        let (answers, stdout) = io::pipe().unwrap();
        for (fd, mode) in [(stdin.as_fd(), modes.0), (stdout.as_fd(), modes.1)] {
            let flags = fcntl_getfl(fd).unwrap();
            fcntl_setfl(fd, flags | mode).unwrap();
        }
        let shared = (stdin.try_clone().unwrap(), stdout.try_clone().unwrap());
        let mut server = mock()
            .stdin(Stdin::Fd(stdin.into()))
            .stdout_to(OwnedFd::from(stdout))
            .spawn();
        // More than the pipe holds, and nothing reads yet.
        converse(requests, answers, || {
            for (fd, mode) in [(shared.0.as_fd(), modes.0), (shared.1.as_fd(), modes.1)] {
                assert_eq!(fcntl_getfl(fd).unwrap() & OFlags::NONBLOCK, mode);
            }
            drop(shared);
        });
        server.end(0);
    }
}

/// Writes pings and the end of the input, and reads the output: half of it, then the rest.
fn converse(
    mut requests: impl Write + Send + 'static,
    answers: impl Read + AsFd,
    meanwhile: impl FnOnce(),
) {
    const COUNT: usize = 10_000;
    let writer = std::thread::spawn(move || requests.write_all(pings(COUNT).as_bytes()));
    let mut lines = BufReader::new(Limited(answers)).lines();
    let mut next = |id: usize| {
        let line = lines.next().unwrap().unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer, empty_result(id));
    };
    (0..COUNT / 2).for_each(&mut next);
    meanwhile();
    (COUNT / 2..COUNT).for_each(&mut next);
    writer.join().unwrap().unwrap();
    assert!(lines.next().is_none());
}

/// A reader with a time limit.
struct Limited<R>(R);

impl<R: Read + AsFd> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let limit = Timespec::try_from(LIMIT).unwrap();
        match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&limit)) {
            Ok(0) => Err(io::ErrorKind::TimedOut.into()),
            _ => self.0.read(buffer),
        }
    }
}

#[test]
fn one_socket_may_be_stdin_and_stdout() {
    let (client, server_side) = UnixStream::pair().unwrap();
    let stdout = OwnedFd::from(server_side.try_clone().unwrap());
    let mut server = mock()
        .stdin(Stdin::Fd(server_side.into()))
        .stdout_to(stdout)
        .spawn();
    let requests = HalfClosed(client.try_clone().unwrap());
    converse(requests, client, || ());
    server.end(0);
}

/// A socket whose writing side is shut down when it is dropped.
struct HalfClosed(UnixStream);

impl Write for HalfClosed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for HalfClosed {
    fn drop(&mut self) {
        _ = self.0.shutdown(Shutdown::Write);
    }
}

/// A file of this test program. It is complete or absent, even if two test programs run at a time.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stdio-{name}"));
    let new = path.with_extension(std::process::id().to_string());
    std::fs::write(&new, content).unwrap();
    std::fs::rename(&new, &path).unwrap();
    path
}

#[test]
fn stdin_and_stdout_may_be_files() {
    let requests = file("requests", pings(20_000).as_bytes());
    let before = empty_result("before").to_string() + "\n";
    for append in [false, true] {
        let answers = file(&format!("answers-{append}"), before.as_bytes());
        let stdout = if append {
            File::options().append(true).open(&answers).unwrap()
        } else {
            File::create(&answers).unwrap()
        };
        let mut server = mock()
            .stdin(Stdin::File(requests.clone()))
            .stdout_to(stdout)
            .spawn();
        server.end(0);
        let text = std::fs::read_to_string(&answers).unwrap();
        let expected: String = (0..20_000)
            .map(|id| empty_result(id).to_string() + "\n")
            .collect();
        let kept = if append { before.as_str() } else { "" };
        let text = text.strip_prefix(kept).unwrap();
        let parse = |text: &str| -> Vec<Value> {
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        };
        assert!(parse(text) == parse(&expected));
    }
}

#[test]
fn stdout_may_be_a_terminal() {
    let Some(terminal) = terminal("stty -onlcr; exec \"$SERVER\" <\"$REQUESTS\"") else {
        return;
    };
    let lists: String = (0..100)
        .map(|id| request(id, "tools/list") + "\n")
        .collect();
    let mut server = terminal
        .env("REQUESTS", file("terminal", lists.as_bytes()))
        .spawn();
    let messages = server.end(0);
    assert_eq!(messages.len(), 100);
    for (id, message) in messages.iter().enumerate() {
        assert_eq!(message["id"], id);
        assert!(message["result"]["tools"].is_array());
    }
}

/// Runs a line of shell on a terminal, in which `$SERVER` is the program. `None`, with a line on stderr, where there is
/// no `script`; in continuous integration there must be.
fn terminal(line: &str) -> Option<Builder> {
    let found = Command::new("script").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        let why = "script (util-linux) is missing, so there is no terminal";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("SKIPPED: {why}");
        return None;
    }
    let arguments = ["--quiet", "--return", "--command", line, "/dev/null"];
    let builder = mock().program("script").args(arguments);
    Some(builder.env("SERVER", binary()).env("SHELL", "/bin/sh"))
}

#[test]
fn more_calls_than_there_is_room_for_are_refused_and_the_session_goes_on() {
    // It accepts connections (in the kernel's queue), and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = Server::builder()
        .env("OPENAI_API_KEY", "k-123")
        .env(
            "OPENAI_BASE_URL",
            format!("http://{}", silent.local_addr().unwrap()),
        )
        .spawn();
    for id in 0..10_000 {
        server.send(&chat(id, "gpt-4.1"));
    }
    server.send(&ping("behind"));
    let mut refused = 0;
    let behind = loop {
        let answer = server.json();
        if answer.get("id") == Some(&json!("behind")) {
            break answer;
        }
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("unavailable"), "{answer}");
        refused += 1;
    };
    assert_eq!(behind, empty_result("behind"));
    assert!((1..=10_000 - 1_024).contains(&refused), "{refused}");
    server.expect_little_memory();
    // A cancelled call makes room for another.
    server.send(&[cancel(0), chat("new", "gpt-4.1"), ping("last")].join("\n"));
    assert_eq!(server.json(), empty_result("last"));
}

#[test]
fn calls_wait_where_there_are_not_enough_file_descriptors() {
    const CALLS: usize = 60;
    let provider = Provider::start();
    for limit in ["ulimit -Sn 40", "ulimit -n 40"] {
        let mut server = Server::builder()
            .program("sh")
            .args(["-c", &format!("{limit} && exec \"$0\"")])
            .arg(binary())
            .envs(provider.env())
            .spawn();
        for id in 0..CALLS {
            server.send(&chat(id, "slow-start-50"));
        }
        server.close_stdin();
        let messages = server.end(0);
        assert_eq!(messages.len(), CALLS);
        for message in &messages {
            let text = &message["result"]["structuredContent"]["text"];
            assert_eq!(text, "echo: hello", "{limit}: {message}");
        }
    }
}

#[test]
fn an_id_in_flight_cannot_be_used_again() {
    let provider = Provider::start();
    for (first, second) in [(json!(1), json!(1)), (json!("a"), json!("a"))] {
        let mut server = Server::builder().envs(provider.env()).spawn();
        server.send(&chat(first.clone(), "slow-start-300"));
        server.send(&chat(second.clone(), "gpt-4.1"));
        let refusal = server.json();
        assert_eq!(refusal["id"], second);
        assert_eq!(refusal["error"]["code"], -32600, "{refusal}");
        let why = refusal["error"]["message"].as_str().unwrap();
        assert!(why.contains("still in flight"), "{why}");
        let answer = server.json();
        assert_eq!(answer["id"], first);
        assert_eq!(
            answer["result"]["structuredContent"]["model"],
            "slow-start-300"
        );
        // After its answer the id is free.
        server.send(&chat(first.clone(), "gpt-4.1"));
        let again = server.json();
        assert_eq!(again["result"]["structuredContent"]["model"], "gpt-4.1");
        assert_eq!(finish(server).len(), 3);
    }
}

#[test]
fn a_string_and_a_number_are_different_ids() {
    let provider = Provider::start();
    let server = Server::builder().envs(provider.env()).spawn();
    server.send(&chat(1, "slow-start-300"));
    server.send(&chat("1", "slow-start-300"));
    let messages = finish(server);
    assert_eq!(messages.len(), 2);
    assert_ne!(messages[0]["id"], messages[1]["id"]);
    assert!(messages.iter().all(|message| message["error"].is_null()));
}

#[test]
fn a_cancelled_id_can_be_used_again_and_the_first_call_is_never_answered() {
    let provider = Provider::start();
    let mut server = Server::builder().envs(provider.env()).spawn();
    server.send(&chat("x", "slow-start-200"));
    provider.wait_requests(1, LIMIT);
    // In one write, so that the second call arrives while the first one is being cancelled.
    server.send(&[cancel("x"), chat("x", "slow-start-600")].join("\n"));
    provider.wait_dropped(LIMIT);
    let answer = server.json();
    assert_eq!(answer["id"], "x");
    assert_eq!(
        answer["result"]["structuredContent"]["model"],
        "slow-start-600"
    );
    assert_eq!(finish(server).len(), 1);
    let outcomes: Vec<Outcome> = provider.requests().iter().map(|r| r.outcome).collect();
    assert_eq!(outcomes, [Outcome::Dropped, Outcome::Finished]);
}

#[test]
fn answers_of_many_calls_and_pings_never_mix() {
    const CALLS: usize = 200;
    let provider = Provider::start();
    let pause = Duration::from_millis(5);
    let text = "0123456789".repeat(1_000);
    let deltas: Vec<&str> = (0..5).map(|part| &text[part * 2_000..][..2_000]).collect();
    let replies = (0..CALLS).map(|_| Reply::deltas(Family::OpenAi, &deltas, pause));
    provider.script(Family::OpenAi, replies);
    let server = Server::builder().envs(provider.env()).spawn();
    for id in 0..CALLS {
        server.send(&chat(id, "gpt-4.1"));
        for number in 0..10 {
            server.send(&ping(format!("{id}-{number}")));
        }
    }
    provider.wait_requests(CALLS, LIMIT);
    let threads = server.status("Threads");
    // Main, async, signals, log and perhaps the writer, however many calls there are.
    assert!(threads <= 5, "{threads} threads");
    let messages = finish(server);
    assert_eq!(messages.len(), CALLS * 11);
    let ids: HashSet<String> = messages.iter().map(|m| m["id"].to_string()).collect();
    assert_eq!(ids.len(), CALLS * 11);
    for message in messages.iter().filter(|message| message["id"].is_number()) {
        let answer = &message["result"]["structuredContent"]["text"];
        assert!(*answer == text.as_str(), "{} is cut", message["id"]);
    }
}

/// Checked while a call is in flight, so that all threads and connections exist.
#[test]
#[cfg(target_os = "linux")]
fn no_port_is_opened_and_no_file_is_written() {
    let provider = Provider::start();
    let reply = Reply::deltas(Family::OpenAi, ["a", "b"], Duration::ZERO).gate_after(1);
    provider.always(Family::OpenAi, reply);
    let mut server = Server::builder().envs(provider.env()).spawn();
    server.send(&chat(1, Family::OpenAi.model()));
    server.until("the stream has begun", || provider.at_gate() == 1);

    let own = PathBuf::from(format!("/proc/{}", server.pid()));
    let listening: HashSet<String> = ["net/tcp", "net/tcp6", "net/udp", "net/udp6"]
        .into_iter()
        .flat_map(|table| {
            let text = std::fs::read_to_string(own.join(table)).unwrap_or_default();
            let is_udp = table.contains("udp");
            let lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
            lines.into_iter().filter_map(move |line| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                (is_udp || fields[3] == "0A").then(|| format!("socket:[{}]", fields[9]))
            })
        })
        .collect();
    // The mock provider listens in the same network namespace.
    assert!(!listening.is_empty());
    let (mut sockets, mut all) = (0, 0);
    for entry in std::fs::read_dir(own.join("fd")).unwrap() {
        let Ok(target) = std::fs::read_link(entry.unwrap().path()) else {
            continue;
        };
        let target = target.to_str().unwrap().to_owned();
        all += 1;
        sockets += usize::from(target.starts_with("socket:"));
        assert!(!listening.contains(&target), "it listens: {target}");
        // No regular file: only pipes, sockets, and the descriptors of the event loop.
        assert!(
            !target.starts_with('/') || target == "/dev/null",
            "an open file: {target}"
        );
    }
    assert!(all > 3 && sockets > 0, "{all} {sockets}");
    provider.open_gate();
    assert_eq!(server.json()["id"], 1);
}
