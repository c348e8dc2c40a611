//! How the process ends: every reason, its exit code, and the answers of calls in flight.
//!
//! Here: the end of input, signals, an output that cannot be written, an input that cannot be read, standby. Never
//! here: what a client sees before the server ends (`stdio.rs`), or which settings are valid (`settings/`).

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use anygpt_tests::provider::{Family, Provider, Reply};
use anygpt_tests::server::{Builder, Server, Signal, Stdin, binary};
use nix::sys::{ptrace, wait};
use rustix::process::{Pid, kill_process};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

const SIGNALS: [Signal; 3] = [Signal::TERM, Signal::INT, Signal::HUP];

/// A grace period that no test outlives: a process that ends earlier did not wait for it.
const LONG: (&str, &str) = ("ANYGPT_SHUTDOWN_GRACE", "3600");

/// The shortest grace period.
const SHORT: (&str, &str) = ("ANYGPT_SHUTDOWN_GRACE", "1");

const MOCK: (&str, &str) = ("DEFAULT_PROVIDER", "mock");

const PING: &str = r#"{"jsonrpc":"2.0","id":"ping","method":"ping"}"#;

/// A reason for the process to end.
#[derive(Clone, Copy, Debug)]
enum Reason {
    EndOfInput,
    Signal(Signal),
}

impl Reason {
    const ALL: [Reason; 4] = [
        Reason::EndOfInput,
        Reason::Signal(Signal::TERM),
        Reason::Signal(Signal::INT),
        Reason::Signal(Signal::HUP),
    ];

    #[track_caller]
    fn give(self, server: &mut Server) {
        match self {
            Reason::EndOfInput => server.close_stdin(),
            Reason::Signal(signal) => server.signal(signal),
        }
    }
}

/// A server that uses this provider.
fn gateway(provider: &Provider) -> Builder {
    Server::builder().envs(provider.env())
}

fn chat(id: &str, model: &str) -> String {
    let arguments = json!({"model": format!("openai/{model}"), "prompt": "hello"});
    call(id, "anygpt_chat_completion", &arguments)
}

fn call(id: &str, tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
}

fn ping(id: usize) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": "ping"}).to_string()
}

/// Calls these models and waits until the provider has all requests; their ids are the models' names.
#[track_caller]
fn start_calls(server: &Server, provider: &Provider, models: &[&str]) {
    for model in models {
        server.send(&chat(model, model));
    }
    provider.wait_requests(models.len(), LIMIT);
}

/// The only message with this id.
#[track_caller]
fn answer<'m>(messages: &'m [Value], id: &str) -> &'m Value {
    let found: Vec<_> = messages.iter().filter(|m| m["id"] == id).collect();
    match found[..] {
        [answer] => answer,
        _ => panic!("{} answers to {id} in {messages:#?}", found.len()),
    }
}

/// The text of a result that must be an error.
#[track_caller]
fn error_text(answer: &Value) -> &str {
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    answer["result"]["content"][0]["text"].as_str().unwrap()
}

/// A file of this test program. It is complete or absent, even if two test programs run at a time.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("endings-{name}"));
    let new = path.with_extension(std::process::id().to_string());
    std::fs::write(&new, content).unwrap();
    std::fs::rename(&new, &path).unwrap();
    path
}

#[test]
fn end_of_input_with_nothing_open_is_a_clean_end() {
    for (input, answers) in [
        (String::new(), 0),
        ("\n \n\r\n".to_owned(), 0),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned() + "\n",
            0,
        ),
        (PING.to_owned() + "\n", 1),
        (PING.to_owned(), 1),
        (
            call("m", "anygpt_chat_completion", &json!({"prompt": "x"})),
            1,
        ),
    ] {
        let quiet = ("LOG_LEVEL", "warn");
        let mut server = Server::builder().envs([MOCK, LONG, quiet]).spawn();
        server.send_raw(input.as_bytes());
        server.close_stdin();
        assert_eq!(server.end(0).len(), answers, "{input:?}");
        assert_eq!(server.stderr(), "", "{input:?}");
    }
}

#[test]
fn end_of_input_waits_for_a_call_in_flight_and_answers_it() {
    let provider = Provider::start();
    let mut server = gateway(&provider).spawn();
    start_calls(&server, &provider, &["slow-start-300"]);
    server.close_stdin();
    let messages = server.end(0);
    let result = &answer(&messages, "slow-start-300")["result"];
    assert_eq!(result["structuredContent"]["text"], "echo: hello");
    assert_eq!(result.get("isError"), None);
}

#[test]
fn end_of_input_right_behind_a_call_does_not_take_it_away() {
    let provider = Provider::start();
    let mut server = gateway(&provider).spawn();
    // The last line has no newline; the end of input ends it.
    server.send_raw(format!("{PING}\n{}", chat("last", "gpt-4.1")).as_bytes());
    server.close_stdin();
    let messages = server.end(0);
    assert_eq!(messages.len(), 2);
    let result = &answer(&messages, "last")["result"];
    assert_eq!(result["structuredContent"]["text"], "echo: hello");
}

#[test]
fn after_a_signal_a_call_in_flight_is_finished_and_answered() {
    for signal in SIGNALS {
        let provider = Provider::start();
        let mut server = gateway(&provider).spawn();
        start_calls(&server, &provider, &["slow-start-300"]);
        server.signal(signal);
        // Stdin stays open: only the call is waited for.
        let messages = server.end(0);
        let result = &answer(&messages, "slow-start-300")["result"];
        assert_eq!(result["structuredContent"]["text"], "echo: hello");
    }
}

#[test]
fn at_the_bound_every_open_call_is_answered_with_what_has_arrived() {
    // All processes at once, since each waits for its limit.
    let mut all = Reason::ALL.map(|reason| {
        let provider = Provider::start();
        let mut server = gateway(&provider).envs([SHORT]).spawn();
        start_calls(&server, &provider, &["fault-hang-stream", "fault-hang"]);
        provider.script_models(Family::OpenAi, [Reply::hang()]);
        server.send(&call(
            "models",
            "anygpt_list_models",
            &json!({"provider": "openai"}),
        ));
        provider.wait_requests(3, LIMIT);
        reason.give(&mut server);
        (provider, server)
    });
    for (_, server) in &mut all {
        let messages = server.end(0);
        assert_eq!(messages.len(), 3, "{messages:#?}");

        let partial = &answer(&messages, "fault-hang-stream")["result"];
        assert_eq!(partial.get("isError"), None, "{partial}");
        assert_eq!(partial["structuredContent"]["partial"], true, "{partial}");
        assert_eq!(partial["structuredContent"]["text"], "one two ");

        for id in ["fault-hang", "models"] {
            let text = error_text(answer(&messages, id));
            assert!(text.starts_with("cancelled"), "{id}: {text}");
        }
    }
}

#[test]
fn sigterm_after_the_end_of_input_shortens_the_grace() {
    // The only slow test here: the limit is 8 s after a signal and 30 s without one, and a setting would set both.
    let provider = Provider::start();
    let mut server = gateway(&provider).limit(Duration::from_secs(25)).spawn();
    start_calls(&server, &provider, &["fault-hang"]);
    server.close_stdin();
    // Nothing shows that the end of input was seen; in the other order the limit is the same.
    sleep(Duration::from_millis(200));
    server.signal(Signal::TERM);
    let messages = server.end(0);
    let text = error_text(answer(&messages, "fault-hang"));
    assert!(text.starts_with("cancelled"), "{text}");
}

#[test]
fn a_signal_while_idle_ends_at_once() {
    for signal in SIGNALS {
        for used in [false, true] {
            let mut server = Server::builder().envs([MOCK, LONG]).spawn();
            if used {
                server.request("ping", Value::Null);
            } else {
                // Its signal handlers are installed long before its other threads start.
                server.until("the process waits", || threads(server.pid()) > 1);
            }
            server.signal(signal);
            assert_eq!(server.end(0).len(), usize::from(used), "{signal:?}");
        }
    }
}

#[test]
fn a_signal_at_any_moment_of_the_start_ends_it() {
    // Short enough to hit every part of the start, and different in each iteration.
    for round in 0..30 {
        let mut server = Server::builder().envs([MOCK, LONG]).spawn();
        sleep(Duration::from_micros(round * 130));
        let signal = SIGNALS[usize::try_from(round).unwrap() % SIGNALS.len()];
        server.signal(signal);
        let exit = server.wait();
        // A signal before `main` cannot be caught.
        let before_main = exit.signal == Some(signal.as_raw());
        assert!(
            exit.code == Some(0) || before_main,
            "round {round}: {exit:?}\n{}",
            server.seen()
        );
    }
}

#[test]
fn a_signal_before_any_input_is_heard_although_input_never_stops() {
    // The main thread never waits for input: there is always some, and the answers to the first read are not taken.
    let list = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";
    let requests = file("lists", list.repeat(5_000).as_bytes());
    let mut server = Server::builder()
        .envs([MOCK, SHORT])
        .stdin(Stdin::File(requests))
        .paused_stdout()
        .spawn();
    server.until("the first input has been read", || {
        read_so_far(server.pid()) > 0
    });
    server.signal(Signal::TERM);
    server.end(3);
}

#[test]
fn while_draining_new_calls_are_refused_and_pings_and_lists_are_served() {
    for signal in SIGNALS {
        let provider = Provider::start();
        let mut server = gateway(&provider).envs([LONG]).spawn();
        start_calls(&server, &provider, &["fault-hang"]);
        server.signal(signal);
        server.wait_stderr("shutting down");

        for tool in ["anygpt_chat_completion", "anygpt_list_providers"] {
            let result = server.call_tool(tool, json!({"prompt": "hello"}));
            assert_eq!(result["isError"], true, "{result}");
            let text = result["content"][0]["text"].as_str().unwrap();
            assert!(text.contains("shutting down"), "{text}");
        }
        assert_eq!(server.request("ping", Value::Null)["result"], json!({}));
        let list = server.request("tools/list", Value::Null);
        assert!(list["result"]["tools"].is_array(), "{list}");

        // The call that is waited for ends with its provider.
        assert_eq!(provider.requests().len(), 1);
        drop(provider);
        let messages = server.end(0);
        let text = error_text(answer(&messages, "fault-hang"));
        assert!(text.starts_with("network"), "{text}");
    }
}

#[test]
fn while_draining_the_last_call_may_be_cancelled() {
    let provider = Provider::start();
    let mut server = gateway(&provider).envs([LONG]).spawn();
    start_calls(&server, &provider, &["fault-hang"]);
    server.signal(Signal::TERM);
    server.wait_stderr("shutting down");
    server.send(
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"fault-hang"}}"#,
    );
    // No answer is outstanding, so there is nothing left to wait for.
    assert_eq!(server.end(0), [] as [Value; 0]);
}

#[test]
fn while_draining_the_end_of_input_changes_nothing() {
    let provider = Provider::start();
    let mut server = gateway(&provider).envs([LONG]).spawn();
    start_calls(&server, &provider, &["slow-start-300"]);
    server.signal(Signal::TERM);
    server.wait_stderr("shutting down");
    server.close_stdin();
    let messages = server.end(0);
    assert_eq!(answer(&messages, "slow-start-300").get("error"), None);
}

#[test]
fn a_second_signal_leaves_at_once() {
    // With a call in flight.
    for first in Reason::ALL {
        let provider = Provider::start();
        let mut server = gateway(&provider).envs([LONG]).spawn();
        start_calls(&server, &provider, &["fault-hang"]);
        first.give(&mut server);
        if matches!(first, Reason::EndOfInput) {
            // Then the third reason to end does not wait.
            server.signal(Signal::TERM);
        }
        server.wait_stderr("shutting down");
        server.signal(Signal::INT);
        assert_eq!(server.end(3), [] as [Value; 0], "{first:?}");
    }
    // With no call in flight: both arrive before the first one has ended it.
    for _ in 0..10 {
        let mut server = Server::builder().envs([MOCK, LONG]).spawn();
        server.request("ping", Value::Null);
        server.signal(Signal::TERM);
        server.signal(Signal::INT);
        server.end(0);
    }
}

#[test]
fn a_second_signal_needs_no_other_thread() {
    let provider = Provider::start();
    let mut server = gateway(&provider).envs([LONG]).spawn();
    start_calls(&server, &provider, &["fault-hang"]);
    // Stopped from outside: the effect is the same as of a thread that hangs.
    let Some(held) = hold_up(server.pid(), "async") else {
        return;
    };
    server.signal(Signal::TERM);
    server.wait_stderr("shutting down");
    server.signal(Signal::TERM);
    // A tracer must reap a thread before its process can end.
    let flags = wait::WaitPidFlag::__WALL | wait::WaitPidFlag::WNOHANG;
    server.until("the thread has ended", || {
        matches!(
            wait::waitpid(held.0, Some(flags)),
            Ok(wait::WaitStatus::Exited(..) | wait::WaitStatus::Signaled(..)) | Err(_)
        )
    });
    assert_eq!(server.end(3), [] as [Value; 0]);
}

/// A stopped thread. It continues when this is dropped: a process cannot end before, not even by SIGKILL.
struct Held(nix::unistd::Pid);

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended.
        _ = ptrace::detach(self.0, None);
    }
}

/// Stops one thread of a process. `None`, with a line on stderr, where the machine does not permit it.
fn hold_up(pid: u32, name: &str) -> Option<Held> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let thread = threads
        .flatten()
        .find(|thread| {
            std::fs::read_to_string(thread.path().join("comm"))
                .is_ok_and(|comm| comm.trim() == name)
        })
        .unwrap_or_else(|| panic!("there is no thread {name}"));
    let thread = thread.file_name().to_str().unwrap().parse().unwrap();
    let thread = nix::unistd::Pid::from_raw(thread);
    if let Err(error) = ptrace::seize(thread, ptrace::Options::empty()) {
        eprintln!("SKIPPED: no process may be traced here: {error}");
        return None;
    }
    ptrace::interrupt(thread).unwrap();
    wait::waitpid(thread, Some(wait::WaitPidFlag::__WALL)).unwrap();
    Some(Held(thread))
}

#[test]
fn signals_that_are_ignored_at_the_start_stay_so() {
    for (signal, name) in [(Signal::HUP, "HUP"), (Signal::INT, "INT")] {
        let mut server = Server::builder()
            .program("sh")
            .args(["-c", &format!(r#"trap "" {name}; exec "$0""#)])
            .arg(binary())
            .envs([MOCK, LONG])
            .spawn();
        server.request("ping", Value::Null);
        server.signal(signal);
        server.request("ping", Value::Null);
        assert!(server.is_running(), "{name}");
        // The others are handled, and SIGTERM always.
        server.signal(Signal::TERM);
        server.end(0);
    }
    let mut server = Server::builder()
        .program("sh")
        .args(["-c", r#"trap "" TERM; exec "$0""#])
        .arg(binary())
        .envs([MOCK, LONG])
        .spawn();
    server.request("ping", Value::Null);
    server.signal(Signal::TERM);
    server.end(0);
}

#[test]
fn a_signal_ends_a_command_whatever_it_waits_for() {
    for signal in SIGNALS {
        let plain = Some(Server::builder());
        for (builder, name) in [(plain, "plain"), (alone(), "without another thread")] {
            let Some(builder) = builder else {
                continue;
            };
            // It reads its prompt from stdin.
            let builder = if name == "plain" {
                builder
            } else {
                builder.arg(binary())
            };
            let mut server = builder.arg("chat").envs([MOCK]).spawn();
            server.until("it waits", || is_asleep(server.pid()));
            server.signal(signal);
            assert_eq!(server.wait().code, Some(130), "{signal:?} {name}");
        }
    }
}

/// Whether a process is waiting, with its signal handlers installed.
fn is_asleep(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let has = |name: &str, value: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .is_some_and(|found| found.trim().starts_with(value))
    };
    has("State:", "S") && !has("SigCgt:", "0000000000000000")
}

#[test]
fn without_another_thread_lists_are_answered_and_signals_heard() {
    let Some(alone) = alone() else {
        return;
    };
    let provider = Provider::start();
    let mut server = alone
        .arg(binary())
        .envs(provider.env())
        .envs([LONG])
        .spawn();
    assert_eq!(server.request("ping", Value::Null)["result"], json!({}));
    let list = server.request("tools/list", Value::Null);
    assert!(list["result"]["tools"].is_array(), "{list}");
    // Only the call that needs a thread gets an error.
    let arguments = json!({"model": "openai/gpt-4.1", "prompt": "hello"});
    let result = server.call_tool("anygpt_chat_completion", arguments);
    assert_eq!(result["isError"], true, "{result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("unavailable: "), "{text}");
    assert!(text.contains("--pids-limit"), "{text}");
    assert_eq!(provider.requests().len(), 0);
    server.call_tool("anygpt_list_providers", json!({}));
    server.signal(Signal::TERM);
    server.end(0);
    // The log is written at the end, by the only thread.
    let log = server.stderr();
    assert!(log.contains("anygpt_list_providers"), "{log}");
}

#[test]
fn without_another_thread_a_stuck_stdout_does_not_keep_a_signal_away() {
    let Some(alone) = alone() else {
        return;
    };
    let mut server = alone
        .arg(binary())
        .envs([MOCK, LONG])
        .paused_stdout()
        .spawn();
    let pings: Vec<String> = (0..PINGS).map(ping).collect();
    server.send(&pings.join("\n"));
    // It writes as it reads, so it has stopped for good once both stand still.
    server.until("it waits for its client", || {
        let before = server.unsent();
        sleep(Duration::from_millis(200));
        before > 0 && server.unsent() == before && is_asleep(server.pid())
    });
    server.signal(Signal::TERM);
    server.end(3);
}

/// Runs a program, to be added as an argument, that can start no thread. `None`, with a line on stderr, where that is
/// not possible.
fn alone() -> Option<Builder> {
    let limited = ["--nproc=1:1"];
    if !rustix::process::geteuid().is_root() {
        return Some(Server::builder().program("prlimit").args(limited));
    }
    // The limit does not apply to root. No other process has this user id, and it may run the program.
    let other = ["--reuid=54321", "--clear-groups", "prlimit"];
    let mut tried = Command::new("setpriv");
    let tried = tried
        .args(other)
        .args(limited)
        .arg(binary())
        .arg("--version");
    if tried.output().is_ok_and(|output| output.status.success()) {
        return Some(
            Server::builder()
                .program("setpriv")
                .args(other)
                .args(limited),
        );
    }
    eprintln!("SKIPPED: the program cannot be run as another user here");
    None
}

#[test]
fn a_closed_stdout_matters_only_if_something_is_owed() {
    for reason in Reason::ALL {
        for variables in [&[MOCK][..], &[]] {
            let mut server = Server::builder()
                .envs(variables.iter().copied())
                .envs([LONG])
                .spawn();
            server.request("ping", Value::Null);
            server.close_stdout();
            reason.give(&mut server);
            // Without a provider the settings are reported, not the output.
            server.end(i32::from(variables.is_empty()));
        }
    }
    // An answer that cannot be written ends the process, whatever its request was.
    let provider = Provider::start();
    for line in [PING, &chat("x", "gpt-4.1"), "not a message"] {
        let mut server = gateway(&provider).envs([LONG]).spawn();
        server.request("ping", Value::Null);
        server.close_stdout();
        server.send(line);
        let code = server.wait().code;
        assert_eq!(code, Some(3), "{line}\n{}", server.seen());
    }
    assert_eq!(provider.requests().len(), 0, "paid for nothing");
}

#[test]
fn a_stdout_that_cannot_be_written_at_the_start_is_fatal_before_anything_is_paid() {
    let provider = Provider::start();
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    for redirection in [
        ">&-",
        "1</dev/null",
        "1</",
        ">/dev/full",
        "<&- >&-",
        "</dev/null >&-",
        ">&- 2>&-",
        "<&- >&- 2>&-",
    ] {
        for line in [&chat("x", "gpt-4.1"), PING, &list, ""] {
            let mut server = Server::builder()
                .program("sh")
                .args(["-c", &format!("\"$0\" {redirection}; exit $?")])
                .args([binary(), Path::new("nothing to judge")])
                .envs(provider.env())
                .spawn();
            server.send(line);
            server.close_stdin();
            assert_eq!(server.end(3), [] as [Value; 0], "{redirection} {line}");
            let stderr = server.stderr();
            let said = stderr.contains("stdout cannot be written");
            assert_eq!(said, !redirection.contains("2>&-"), "{stderr}");
        }
        // A prompt on the command line is not sent either.
        let mut asked = Server::builder()
            .program("sh")
            .args([
                "-c",
                &format!("\"$0\" chat -m openai/gpt-4.1 hello {redirection}; exit $?"),
            ])
            .arg(binary())
            .envs(provider.env())
            .spawn();
        assert_eq!(asked.wait().code, Some(3), "chat {redirection}");
    }
    assert_eq!(provider.requests().len(), 0, "paid for nothing");
}

#[test]
fn a_stdout_that_somebody_has_sent_away_is_served() {
    for redirection in [">/dev/null", "1<>/dev/null", "2>&-", "2>/dev/full", "2</"] {
        let mut server = Server::builder()
            .program("sh")
            .args(["-c", &format!("\"$0\" {redirection}; exit $?")])
            .args([binary(), Path::new("nothing to judge")])
            .envs([MOCK])
            .spawn();
        server.send(PING);
        server.close_stdin();
        let answers = usize::from(redirection.starts_with('2'));
        assert_eq!(server.end(0).len(), answers, "{redirection}");
    }
}

#[test]
fn a_client_that_is_gone_altogether_is_not_waited_for() {
    for reason in Reason::ALL {
        let provider = Provider::start();
        let mut server = gateway(&provider).envs([LONG]).spawn();
        start_calls(&server, &provider, &["fault-hang"]);
        server.close_stdout();
        reason.give(&mut server);
        server.end(3);
        provider.wait_dropped(LIMIT);
    }
    // In the other order, too: the client disconnects while its call is in flight.
    let provider = Provider::start();
    let mut server = gateway(&provider).envs([LONG]).spawn();
    start_calls(&server, &provider, &["fault-hang"]);
    server.signal(Signal::TERM);
    server.wait_stderr("shutting down");
    server.close_stdout();
    server.end(3);
}

#[test]
fn a_stdout_that_closes_while_calls_are_open_is_fatal() {
    let mut all = [None]
        .into_iter()
        .chain(Reason::ALL.map(Some))
        .map(|reason| {
            let provider = Provider::start();
            let mut server = gateway(&provider).envs([SHORT]).spawn();
            let model = if reason.is_none() {
                "slow-start-1000"
            } else {
                "fault-hang"
            };
            start_calls(&server, &provider, &[model]);
            server.close_stdout();
            if let Some(reason) = reason {
                reason.give(&mut server);
            }
            (provider, server)
        })
        .collect::<Vec<_>>();
    for (_, server) in &mut all {
        server.end(3);
    }
}

#[test]
fn a_stdout_that_takes_nothing_is_fatal() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut server = Server::builder().envs([MOCK]).stdout_to(full).spawn();
    server.send(PING);
    server.end(3);
}

/// A server with more output than its pipe holds, and a client that does not read.
fn stuck(grace: (&str, &str)) -> Server {
    let server = Server::builder()
        .envs([MOCK, grace])
        .paused_stdout()
        .spawn();
    let pings: Vec<String> = (0..PINGS).map(ping).collect();
    server.send(&pings.join("\n"));
    server.wait_sent();
    server
}

/// Together larger than any pipe, smaller than the server's queue.
const PINGS: usize = 40_000;

#[test]
fn a_stuck_stdout_is_waited_for_up_to_the_bound() {
    let mut all = Reason::ALL.map(|reason| {
        let mut server = stuck(SHORT);
        reason.give(&mut server);
        server
    });
    for server in &mut all {
        server.end(3);
    }
}

#[test]
fn a_stdout_that_is_read_again_before_the_bound_gets_everything() {
    for reason in Reason::ALL {
        let mut server = stuck(LONG);
        // Input that is still in the pipe when a signal comes need not be served.
        server.until("everything has been read", || has_read_all(server.pid()));
        reason.give(&mut server);
        if let Reason::Signal(_) = reason {
            server.wait_stderr("shutting down");
        }
        server.resume_stdout();
        let messages = server.end(0);
        assert_eq!(messages.len(), PINGS, "{reason:?}");
        for (id, message) in messages.iter().enumerate() {
            assert_eq!(message["id"], id);
        }
    }
}

#[test]
fn a_second_signal_does_not_wait_for_a_stuck_stdout() {
    let mut server = stuck(LONG);
    server.signal(Signal::TERM);
    server.wait_stderr("shutting down");
    server.signal(Signal::TERM);
    server.end(3);
}

#[test]
fn without_a_usable_provider_the_end_is_code_1() {
    for reason in Reason::ALL {
        let mut server = Server::builder().envs([LONG]).spawn();
        server.request("ping", Value::Null);
        reason.give(&mut server);
        server.end(1);
        let stderr = server.stderr();
        assert!(stderr.contains("OPENAI_API_KEY"), "{stderr}");
    }
}

#[test]
fn an_input_that_cannot_be_read_is_code_2() {
    let written = file("write-only", b"");
    let open = || File::options().write(true).open(&written).unwrap();
    let (_reader, writer) = io::pipe().unwrap();
    for (name, stdin) in [
        ("a folder", Stdin::File("/".into())),
        ("a file opened for writing", Stdin::Fd(open().into())),
        ("the wrong end of a pipe", Stdin::Fd(writer.into())),
    ] {
        for variables in [&[MOCK][..], &[]] {
            let stdin = match &stdin {
                Stdin::Fd(fd) => Stdin::Fd(fd.try_clone().unwrap()),
                Stdin::File(path) => Stdin::File(path.clone()),
                _ => unreachable!(),
            };
            let mut server = Server::builder()
                .envs(variables.iter().copied())
                .stdin(stdin)
                .spawn();
            assert_eq!(server.end(2), [] as [Value; 0], "{name}");
            let stderr = server.stderr();
            assert!(stderr.contains("stdin cannot be read"), "{name}: {stderr}");
        }
    }
}

#[test]
fn an_input_without_anything_to_read_is_a_clean_end() {
    let empty = file("empty", b"");
    for standby in ["never", "auto", "<UNKNOWN>"] {
        for redirection in ["</dev/null", "<&-", "<\"$1\""] {
            // The shell keeps the server from being a child of PID 1, in case the tests are a container's main process.
            let mut server = Server::builder()
                .program("sh")
                .args(["-c", &format!("\"$0\" {redirection}; exit $?")])
                .args([binary(), &empty])
                .envs([MOCK, ("ANYGPT_STANDBY", standby)])
                .spawn();
            assert_eq!(server.end(0), [] as [Value; 0], "{redirection} {standby}");
            // The log of a container that restarts again and again must say why.
            let stderr = server.stderr();
            let said = stderr.contains("stdin is") && stderr.contains("ANYGPT_STANDBY=always");
            assert_eq!(said, !redirection.contains("$1"), "{stderr}");
        }
    }
}

/// Rust opens `/dev/null` in place of a closed descriptor, and aborts where it cannot.
#[test]
fn a_closed_descriptor_needs_no_dev_null() {
    for (command, code) in [
        (r#""$0" <&-"#, 0),
        (r#""$0" >&-"#, 3),
        (r#""$0" 2>&-"#, 0),
        (r#""$0" <&- 2>&-"#, 0),
        (r#""$0" chat <&-"#, 1),
    ] {
        let Some(container) = container(&["--mount"]) else {
            return;
        };
        let mut server = container
            .args(["sh", "-c"])
            .arg(format!("mount -t tmpfs none /dev && {command}; exit $?"))
            .arg(binary())
            .envs([MOCK])
            .spawn();
        server.close_stdin();
        assert_eq!(server.end(code), [] as [Value; 0], "{command}");
        let stderr = server.stderr();
        let said = stderr.starts_with("anygpt-mcp: ");
        assert_eq!(said, !command.contains("2>&-"), "{command}: {stderr}");
    }
}

#[test]
fn a_file_as_input_is_served_to_its_end() {
    let requests = file("requests", format!("{PING}\n{}", ping(2)).as_bytes());
    for standby in ["never", "auto"] {
        let mut server = Server::builder()
            .envs([MOCK, ("ANYGPT_STANDBY", standby)])
            .stdin(Stdin::File(requests.clone()))
            .spawn();
        assert_eq!(server.end(0).len(), 2, "{standby}");
    }
}

#[test]
fn standby_always_stays_until_a_signal() {
    for signal in SIGNALS {
        for (name, stdin) in [("/dev/null", Stdin::Null), ("closed", Stdin::Closed)] {
            let mut server = Server::builder()
                .envs([MOCK, ("ANYGPT_STANDBY", "always")])
                .stdin(stdin)
                .spawn();
            server.wait_stderr("standing by");
            assert!(server.is_running(), "{name}");
            server.signal(signal);
            assert_eq!(server.end(0), [] as [Value; 0], "{name}");
        }
    }
}

#[test]
fn standby_always_does_not_concern_a_session() {
    let requests = file("always", format!("{PING}\n").as_bytes());
    for stdin in [Stdin::Pipe, Stdin::File(requests)] {
        let is_pipe = matches!(stdin, Stdin::Pipe);
        let mut server = Server::builder()
            .envs([MOCK, ("ANYGPT_STANDBY", "always")])
            .stdin(stdin)
            .spawn();
        if is_pipe {
            server.send(PING);
            server.close_stdin();
        }
        assert_eq!(server.end(0).len(), 1);
    }
}

#[test]
fn standby_without_a_usable_provider_is_code_1_at_once() {
    for variables in [&[][..], &[("LOG_LEVEL", "loud")]] {
        let mut server = Server::builder()
            .env("ANYGPT_STANDBY", "always")
            .envs(variables.iter().copied())
            .stdin(Stdin::Null)
            .spawn();
        assert_eq!(server.end(1), [] as [Value; 0]);
        assert_ne!(server.stderr(), "");
    }
}

#[test]
fn standby_auto_stays_as_the_main_process_of_a_container() {
    for signal in SIGNALS {
        let Some(container) = container(&[]) else {
            return;
        };
        let mut server = container
            .arg(binary())
            .envs([MOCK, ("ANYGPT_STANDBY", "auto")])
            .stdin(Stdin::Null)
            .spawn();
        server.wait_stderr("standing by");
        assert!(server.is_running());
        kill_process(child(server.pid()), signal).unwrap();
        assert_eq!(server.end(0), [] as [Value; 0]);
    }
}

#[test]
fn standby_auto_stays_under_a_small_init() {
    let Some(container) = container(&[]) else {
        return;
    };
    // The shell is PID 1 and waits for the server, as an init does.
    let mut server = container
        .args(["sh", "-c", r#""$0" </dev/null & wait $!"#])
        .arg(binary())
        .envs([MOCK, ("ANYGPT_STANDBY", "auto")])
        .spawn();
    server.wait_stderr("standing by");
    let init = child(server.pid());
    kill_process(child(init.as_raw_pid().unsigned_abs()), Signal::TERM).unwrap();
    assert_eq!(server.end(0), [] as [Value; 0]);
}

#[test]
fn the_main_process_of_a_container_serves_a_pipe() {
    for reason in Reason::ALL {
        let Some(container) = container(&[]) else {
            return;
        };
        let mut server = container
            .arg(binary())
            .envs([MOCK, LONG, ("ANYGPT_STANDBY", "auto")])
            .spawn();
        let list = server.request("tools/list", Value::Null);
        assert!(list["result"]["tools"].is_array(), "{list}");
        match reason {
            Reason::EndOfInput => server.close_stdin(),
            Reason::Signal(signal) => kill_process(child(server.pid()), signal).unwrap(),
        }
        assert_eq!(server.end(0).len(), 1, "{reason:?}");
    }
}

#[test]
fn the_main_process_of_a_container_leaves_where_standby_does_not_apply() {
    let empty = file("empty-in-container", b"");
    for (standby, stdin) in [("never", Stdin::Null), ("auto", Stdin::File(empty))] {
        let Some(container) = container(&[]) else {
            return;
        };
        let mut server = container
            .arg(binary())
            .envs([MOCK, ("ANYGPT_STANDBY", standby)])
            .stdin(stdin)
            .spawn();
        assert_eq!(server.end(0), [] as [Value; 0], "{standby}");
    }
}

/// The main process of a container, and the processes that it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Main {
    /// The program, with the machine's `/proc`.
    Alone,
    Program,
    /// A small init.
    Init,
}

#[test]
fn a_container_that_is_stopped_lets_its_sessions_end() {
    for main in [Main::Alone, Main::Program, Main::Init] {
        for signal in SIGNALS {
            // A shell makes background processes ignore it.
            if (main, signal) == (Main::Init, Signal::INT) {
                continue;
            }
            let provider = Provider::start();
            let Some((mut container, pid)) = standing_by(main, SHUT_DOWN) else {
                return;
            };
            let mut session = exec(pid, main).envs(provider.env()).spawn();
            let mut idle = exec(pid, main).envs(provider.env()).spawn();
            idle.request("ping", Value::Null);
            start_calls(&session, &provider, &["slow-start-1000"]);
            kill_process(pid, signal).unwrap();
            let messages = session.end(0);
            let result = &answer(&messages, "slow-start-1000")["result"];
            assert_eq!(
                result["structuredContent"]["text"], "echo: hello",
                "{main:?}"
            );
            assert_eq!(idle.end(0).len(), 1);
            assert_eq!(container.end(0), [] as [Value; 0], "{main:?}");
        }
    }
}

#[test]
fn a_container_that_is_stopped_waits_up_to_the_bound_and_a_second_signal_ends_it() {
    for main in [Main::Alone, Main::Program, Main::Init] {
        // The session would run for ever: it has a longer grace period.
        for (grace, second) in [(SHORT, false), (LONG, true)] {
            let provider = Provider::start();
            let Some((mut container, pid)) = standing_by(main, grace) else {
                return;
            };
            let session = exec(pid, main).envs(provider.env()).envs([LONG]).spawn();
            start_calls(&session, &provider, &["fault-hang"]);
            kill_process(pid, Signal::TERM).unwrap();
            session.wait_stderr("shutting down");
            if second {
                kill_process(pid, Signal::TERM).unwrap();
            }
            assert_eq!(container.end(0), [] as [Value; 0], "{main:?}");
        }
    }
}

#[test]
fn what_is_no_session_is_not_waited_for() {
    for main in [Main::Program, Main::Init] {
        let Some((mut container, pid)) = standing_by(main, LONG) else {
            return;
        };
        let other = enter(pid, main)
            .args(["sh", "-c", "trap '' TERM; echo up >&2; sleep 1000"])
            .spawn();
        other.wait_stderr("up");
        kill_process(pid, Signal::TERM).unwrap();
        assert_eq!(container.end(0), [] as [Value; 0], "{main:?}");
    }
}

#[test]
fn a_main_process_with_a_client_lets_other_sessions_end_too() {
    for reason in [Reason::EndOfInput, Reason::Signal(Signal::TERM)] {
        let provider = Provider::start();
        let Some(container) = container(&["--mount-proc"]) else {
            return;
        };
        let mut container = container.arg(binary()).envs([MOCK, LONG]).spawn();
        container.request("ping", Value::Null);
        let pid = child(container.pid());
        let mut session = exec(pid, Main::Program).envs(provider.env()).spawn();
        start_calls(&session, &provider, &["slow-start-1000"]);
        match reason {
            Reason::EndOfInput => container.close_stdin(),
            Reason::Signal(signal) => kill_process(pid, signal).unwrap(),
        }
        let messages = session.end(0);
        let result = &answer(&messages, "slow-start-1000")["result"];
        assert_eq!(
            result["structuredContent"]["text"], "echo: hello",
            "{reason:?}"
        );
        container.end(0);
    }
}

#[test]
fn an_exec_without_input_does_not_stand_by_beside_the_main_process() {
    let always = ("ANYGPT_STANDBY", "always");
    let Some((mut container, pid)) = standing_by(Main::Program, LONG) else {
        return;
    };
    let mut session = exec(pid, Main::Program)
        .envs([MOCK, always])
        .stdin(Stdin::Null)
        .spawn();
    session.end(0);
    assert!(container.is_running());
    kill_process(pid, Signal::TERM).unwrap();
    container.end(0);
}

/// Long enough for any call here.
const SHUT_DOWN: (&str, &str) = ("ANYGPT_SHUTDOWN_GRACE", "60");

/// A container whose main process stands by, and that process.
fn standing_by(main: Main, grace: (&str, &str)) -> Option<(Server, Pid)> {
    let own = match main {
        Main::Alone => &[][..],
        Main::Program | Main::Init => &["--mount-proc"],
    };
    let container = container(own)?;
    let container = match main {
        Main::Init => container.args(["sh", "-c", r#""$0" </dev/null & wait $!"#]),
        Main::Alone | Main::Program => container,
    };
    let server = container
        .arg(binary())
        .envs([MOCK, grace, ("ANYGPT_STANDBY", "auto")])
        .stdin(Stdin::Null)
        .spawn();
    server.wait_stderr("standing by");
    let first = child(server.pid());
    let pid = match main {
        Main::Init => child(first.as_raw_pid().unsigned_abs()),
        Main::Alone | Main::Program => first,
    };
    Some((server, pid))
}

/// A session in the container of this process, as started by `docker exec`.
fn exec(pid: Pid, main: Main) -> Builder {
    enter(pid, main).arg(binary())
}

/// Runs a program, to be added as arguments, in the container of this process.
fn enter(pid: Pid, main: Main) -> Builder {
    let target = format!("--target={}", pid.as_raw_pid());
    let own = match main {
        Main::Alone => &["--pid"][..],
        Main::Program | Main::Init => &["--pid", "--mount"],
    };
    let user = match rustix::process::geteuid().is_root() {
        true => &[][..],
        false => &["--user", "--preserve-credentials"],
    };
    Server::builder()
        .program("nsenter")
        .arg(target)
        .args(own.iter().copied())
        .args(user.iter().copied())
}

/// Runs a program, to be added as arguments, as PID 1 of a process namespace. `None`, with a line on stderr, where the
/// machine does not permit it; in continuous integration it must.
fn container(more: &[&'static str]) -> Option<Builder> {
    const WAYS: [&[&str]; 2] = [
        &["--pid", "--kill-child"],
        &["--pid", "--kill-child", "--user", "--map-root-user"],
    ];
    static WAY: OnceLock<Option<&[&str]>> = OnceLock::new();
    let way = WAY.get_or_init(|| {
        WAYS.into_iter().find(|way| {
            let tried = Command::new("unshare").args(*way).arg("true").output();
            tried.is_ok_and(|output| output.status.success())
        })
    });
    if way.is_none() {
        let why =
            "no process may be PID 1 of a namespace here: unshare --pid is missing or forbidden";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("SKIPPED: {why}");
    }
    way.map(|way| {
        Server::builder()
            .program("unshare")
            .args(way.iter().copied())
            .args(more.iter().copied())
    })
}

#[track_caller]
fn child(pid: u32) -> Pid {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let first = children.split_ascii_whitespace().next();
    let first = first.expect("the process has a child").parse().unwrap();
    Pid::from_raw(first).unwrap()
}

fn threads(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// How much a process has read of the file on its standard input.
fn read_so_far(pid: u32) -> u64 {
    let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/0")).unwrap_or_default();
    info.lines()
        .find_map(|line| line.strip_prefix("pos:")?.trim().parse().ok())
        .unwrap_or_default()
}

/// Whether a process has read everything from the pipe on its standard input.
fn has_read_all(pid: u32) -> bool {
    File::open(format!("/proc/{pid}/fd/0"))
        .is_ok_and(|pipe| rustix::io::ioctl_fionread(&pipe) == Ok(0))
}
