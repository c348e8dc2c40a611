//! A harness around the real program: starts it with a clean environment, writes to it, and reads its output.
//!
//! Every wait has a limit and every failure shows the output so far, so that a test can neither hang nor fail without a
//! reason. The judge sees everything that a test sent and received; its verdict comes with the end of the process, or
//! when the test drops it. Never here: the expected answers (those are in tests and transcripts, and in `judge` for
//! what holds for all of them).

use std::collections::{HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, OnceLock, mpsc};
use std::time::{Duration, Instant};

use jsonschema::Validator;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, kill_process};
use serde_json::{Value, json};
use signal_hook::consts::{SIGHUP, SIGINT};
use signal_hook::flag::{register, register_conditional_shutdown};

use crate::hunt;
use crate::judge::{self, Case, End};
use crate::schema;

pub use rustix::process::Signal;

/// Standard input of the program.
#[derive(Debug)]
pub enum Stdin {
    /// A pipe, written with [`Server::send`].
    Pipe,
    /// `/dev/null`.
    Null,
    /// No open descriptor 0 at all.
    Closed,
    /// A file (or folder), opened for reading.
    File(PathBuf),
    /// Anything else: a socket, a terminal, something write-only.
    Fd(OwnedFd),
}

/// How a process ended: one of the two is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

/// The results of a one-shot run.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program once: these arguments, only these variables (and `PATH`), this input, then end of input.
/// Panics if it has not ended after a minute.
#[track_caller]
pub fn run<K: AsRef<OsStr>, V: AsRef<OsStr>>(
    arguments: &[&str],
    variables: impl IntoIterator<Item = (K, V)>,
    input: &[u8],
) -> Output {
    Server::builder().args(arguments).envs(variables).run(input)
}

/// The program under test: `ANYGPT_TEST_BINARY`, else what cargo builds (once per test program).
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("ANYGPT_TEST_BINARY").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut build = Command::new(cargo);
    // `cargo test` sets them; the build script of ring looks at them, and all that uses ring would be compiled again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&name);
        }
    }
    let output = build
        .args([
            "build",
            "-p",
            "anygpt-mcp",
            "--bin",
            "anygpt-mcp",
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null())
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "anygpt-mcp does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "anygpt-mcp")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable it built")
}

/// A shell that runs the tests in the background makes them ignore SIGINT, and `nohup` SIGHUP; every program they start
/// would inherit that. Signals that are handled here have their default action there.
fn heed_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let always = Arc::new(AtomicBool::new(true));
        register_conditional_shutdown(SIGINT, 128 + SIGINT, always).expect("a handler can be set");
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        if ignored.is_some_and(|mask| mask & (1 << (SIGHUP - 1)) != 0) {
            // The tests go on ignoring it: the handler has no effect.
            register(SIGHUP, Arc::default()).expect("a handler can be set");
        }
    });
}

/// The program to start, and its arguments and environment.
#[derive(Debug)]
pub struct Builder {
    program: Option<PathBuf>,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    stdin: Stdin,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    unread: bool,
    paused: bool,
    limit: Duration,
    unjudged: bool,
    unhunted: bool,
}

impl Builder {
    /// Another program than [`binary`].
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn args<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable. Only `PATH` is inherited; Docker Model Runner is off unless this sets it.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets variables, for instance those of [`Provider::env`](crate::provider::Provider::env).
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        variables
            .into_iter()
            .fold(self, |builder, (name, value)| builder.env(name, value))
    }

    /// Chooses standard input; a pipe by default.
    pub fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// Sends stdout elsewhere (a file, `/dev/full`, …); the harness then sees none of it.
    pub fn stdout_to(mut self, target: impl Into<Stdio>) -> Self {
        self.stdout = Some(target.into());
        self
    }

    /// Sends stderr elsewhere; the harness then sees none of it.
    pub fn stderr_to(mut self, target: impl Into<Stdio>) -> Self {
        self.stderr = Some(target.into());
        self
    }

    /// Keeps a pipe on stderr that is never read.
    pub fn unread_stderr(mut self) -> Self {
        self.unread = true;
        self
    }

    /// Does not read stdout until [`Server::resume_stdout`].
    pub fn paused_stdout(mut self) -> Self {
        self.paused = true;
        self
    }

    /// How long any one wait may last; a minute by default, since it only keeps a test from hanging.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// For a program that prints its environment on purpose. The output of all others is searched at their end: it must
    /// not contain a configured secret in any form.
    pub fn shows_secrets(mut self) -> Self {
        self.unhunted = true;
        self
    }

    /// For messages of many megabytes, which take minutes to judge.
    pub fn unjudged(mut self) -> Self {
        self.unjudged = true;
        self
    }

    #[track_caller]
    pub fn spawn(self) -> Server {
        heed_interrupts();
        let secrets = match self.unhunted {
            true => Vec::new(),
            false => hunt::forbidden(&self.variables),
        };
        let record = self.speaks_the_protocol().then(|| Record::of(&self));
        let program = self.program.unwrap_or_else(|| binary().to_owned());
        let mut command = if matches!(self.stdin, Stdin::Closed) {
            let mut shell = Command::new("sh");
            shell.args(["-c", r#"exec "$0" "$@" <&-"#]).arg(&program);
            shell
        } else {
            Command::new(&program)
        };
        command
            .args(&self.arguments)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            // A test without a provider must not look for one in the network.
            .env("DOCKER_MODEL_RUNNER", "off")
            .envs(self.variables)
            .stdin(match self.stdin {
                Stdin::Pipe => Stdio::piped(),
                Stdin::Null | Stdin::Closed => Stdio::null(),
                Stdin::File(path) => File::open(path)
                    .expect("standard input can be opened")
                    .into(),
                Stdin::Fd(fd) => fd.into(),
            })
            .stdout(self.stdout.unwrap_or_else(Stdio::piped))
            .stderr(self.stderr.unwrap_or_else(Stdio::piped));
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));

        let unsent = Arc::new(AtomicUsize::new(0));
        let stdin = child
            .stdin
            .take()
            .map(|pipe| write_thread(pipe, Arc::clone(&unsent)));
        let stdout = Tap::new(child.stdout.take(), self.paused);
        let stderr = Tap::new(child.stderr.take(), self.unread);
        Server {
            child,
            stdin,
            unsent,
            stdout,
            stderr,
            read: 0,
            set_aside: VecDeque::new(),
            last_id: 0,
            limit: self.limit,
            exit: None,
            record,
            secrets,
        }
    }

    /// Whether this starts the program as a server (itself, or as the last argument of a program that executes it) with
    /// its output going to the harness.
    fn speaks_the_protocol(&self) -> bool {
        let serves = match &self.program {
            None => self.arguments.is_empty(),
            Some(_) => self.arguments.last().is_some_and(|last| last == binary()),
        };
        serves && !self.unjudged && self.stdout.is_none()
    }

    /// Starts the program, writes `input`, closes stdin and waits for the end.
    #[track_caller]
    pub fn run(self, input: &[u8]) -> Output {
        let mut server = self.spawn();
        if server.stdin.is_some() {
            server.send_raw(input);
            server.close_stdin();
        }
        let code = server.wait().code;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Output {
            code,
            stdout: text(server.stdout()),
            stderr: server.stderr(),
        }
    }
}

/// A running program. It is killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    stdin: Option<mpsc::Sender<Vec<u8>>>,
    unsent: Arc<AtomicUsize>,
    stdout: Tap,
    stderr: Tap,
    /// How much of stdout has been returned as lines.
    read: usize,
    /// Messages that arrived while [`Server::request`] waited for its answer.
    set_aside: VecDeque<Value>,
    last_id: u64,
    limit: Duration,
    exit: Option<Exit>,
    /// The record for the judge; `None` if there is nothing to judge.
    record: Option<Record>,
    /// Secrets that must not have been written; empty once that has been checked.
    secrets: Vec<String>,
}

impl Server {
    pub fn builder() -> Builder {
        Builder {
            program: None,
            arguments: Vec::new(),
            variables: Vec::new(),
            stdin: Stdin::Pipe,
            stdout: None,
            stderr: None,
            unread: false,
            paused: false,
            limit: Duration::from_secs(60),
            unjudged: false,
            unhunted: false,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes one line. Like all sending it never blocks: bytes wait in the harness until the program reads.
    #[track_caller]
    pub fn send(&self, line: &str) {
        self.send_raw(format!("{line}\n").as_bytes());
    }

    #[track_caller]
    pub fn send_raw(&self, bytes: &[u8]) {
        let stdin = self.stdin.as_ref().expect("stdin is a pipe and still open");
        if let Some(record) = &self.record {
            record.sent.lock().unwrap().extend_from_slice(bytes);
        }
        self.unsent.fetch_add(bytes.len(), Ordering::SeqCst);
        _ = stdin.send(bytes.to_vec());
    }

    /// Bytes that the program's pipe has not taken yet: stays above zero when the program has stopped reading.
    pub fn unsent(&self) -> usize {
        self.unsent.load(Ordering::SeqCst)
    }

    /// Waits until the pipe has taken everything sent so far.
    #[track_caller]
    pub fn wait_sent(&self) {
        self.until("everything is written to stdin", || self.unsent() == 0);
    }

    /// Closes stdin after everything sent so far.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The next line of stdout, without its end.
    #[track_caller]
    pub fn line(&mut self) -> String {
        match self.line_within(self.limit) {
            Some(line) => line,
            None => self.fail("no further line on stdout"),
        }
    }

    /// The next line of stdout, or `None` if stdout ends or that time passes first.
    #[track_caller]
    pub fn line_within(&mut self, limit: Duration) -> Option<String> {
        let from = self.read;
        let line = self.stdout.wait(limit, |state| {
            let rest = &state.bytes[from..];
            match rest.iter().position(|byte| *byte == b'\n') {
                Some(length) => Some(Some(rest[..length].to_vec())),
                None => state.ended.then_some(None),
            }
        })??;
        self.read += line.len() + 1;
        match String::from_utf8(line) {
            Ok(line) => Some(line),
            Err(error) => self.fail(format_args!("stdout is not UTF-8: {error}")),
        }
    }

    /// The next message: one that [`Server::request`] set aside, else the next line, which must be a message.
    #[track_caller]
    pub fn json(&mut self) -> Value {
        match self.set_aside.pop_front() {
            Some(message) => message,
            None => self.next_message(),
        }
    }

    #[track_caller]
    fn next_message(&mut self) -> Value {
        let line = self.line();
        match serde_json::from_str::<Value>(&line) {
            Ok(message) if message.is_object() && message["jsonrpc"] == "2.0" => message,
            _ => self.fail(format_args!("not a JSON-RPC message: {line}")),
        }
    }

    /// Sends a request and waits for its answer, which is returned whole. Other messages are kept for [`Server::json`].
    #[track_caller]
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = format!("request-{}", self.last_id);
        let mut request = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            request["params"] = params;
        }
        self.send(&request.to_string());
        loop {
            let message = self.next_message();
            if message["id"] == id.as_str() && message.get("method").is_none() {
                return message;
            }
            self.set_aside.push_back(message);
        }
    }

    /// Calls a tool and returns the `result`, which must be there.
    #[track_caller]
    pub fn call_tool(&mut self, name: &str, arguments: Value) -> Value {
        let mut params = json!({"name": name});
        params["arguments"] = arguments;
        let mut answer = self.request("tools/call", params);
        match answer.get_mut("result") {
            Some(result) => result.take(),
            None => self.fail(format_args!("tool {name} gave no result: {answer}")),
        }
    }

    /// Waits for the end of the process, and of its output unless that is paused.
    #[track_caller]
    pub fn wait(&mut self) -> Exit {
        if let Some(exit) = self.exit {
            return exit;
        }
        let deadline = Instant::now() + self.limit;
        let status = loop {
            match self
                .child
                .try_wait()
                .expect("the process can be waited for")
            {
                Some(status) => break status,
                None if Instant::now() > deadline => self.fail("the process has not ended"),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        for tap in [&self.stdout, &self.stderr] {
            tap.wait(self.limit, |state| {
                (state.ended || state.paused).then_some(())
            });
        }
        let exit = Exit {
            code: status.code(),
            signal: status.signal(),
        };
        self.exit = Some(exit);
        if self.stdout.lock().ended {
            self.judge();
            self.hunt();
        }
        exit
    }

    /// Fails the test if the program has written a configured secret.
    #[track_caller]
    fn hunt(&mut self) {
        let forbidden = std::mem::take(&mut self.secrets);
        for tap in [&self.stdout, &self.stderr] {
            let found = hunt::places(&String::from_utf8_lossy(&tap.lock().bytes), &forbidden);
            if !found.is_empty() {
                let found = found.join("\n");
                self.fail(format_args!("a configured secret was written:\n{found}"));
            }
        }
    }

    /// Fails the test if the program has written anything invalid.
    #[track_caller]
    fn judge(&mut self) {
        let Some(record) = self.record.take() else {
            return;
        };
        let stdout = self.stdout.lock();
        let end = match self.exit.map(|exit| exit.code) {
            None | Some(None) => End::Cut,
            Some(_) if stdout.closed || !stdout.ended => End::Cut,
            Some(Some(0)) if self.stdin.is_none() && !record.signalled.load(Ordering::SeqCst) => {
                End::Clean
            }
            Some(Some(_)) => End::Whole,
        };
        let case = Case {
            sent: &record.sent.lock().unwrap(),
            received: &stdout.bytes,
            end,
            structured_for_all: record
                .variables
                .iter()
                .any(|(name, value)| name == "ANYGPT_STRUCTURED_OUTPUT" && value == "always"),
        };
        let problems = judge::problems(&case, &|tool| output_schema(tool, &record.variables));
        drop(stdout);
        if !problems.is_empty() {
            let problems = problems.join("\n");
            self.fail(format_args!("no client should be sent this:\n{problems}"));
        }
    }

    /// Whether the process has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.exit.is_none() && self.child.try_wait().is_ok_and(|status| status.is_none())
    }

    /// A number from `/proc/PID/status`, in bytes where it is a size: `VmRSS` is the memory held now, `VmHWM` the most
    /// that was ever held, `Threads` the number of threads.
    #[track_caller]
    pub fn status(&self, name: &str) -> usize {
        let file = format!("/proc/{}/status", self.pid());
        let text = std::fs::read_to_string(file).expect("a process that runs has a status");
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("there is no {name} in {text}"));
        let (number, unit) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        let number: usize = number.parse().expect("a number");
        if unit == "kB" { number << 10 } else { number }
    }

    /// Fails unless it has never held more than 64 MiB: more than any session without long texts needs, less than a
    /// server that leaks.
    #[track_caller]
    pub fn expect_little_memory(&self) {
        let peak = self.status("VmHWM");
        assert!(peak < 64 << 20, "{} MiB", peak >> 20);
    }

    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        assert!(self.exit.is_none(), "the process has ended already");
        if let Some(record) = &self.record {
            record.signalled.store(true, Ordering::SeqCst);
        }
        kill_process(Pid::from_child(&self.child), signal).expect("the process can be signalled");
    }

    pub fn stdout(&self) -> Vec<u8> {
        self.stdout.lock().bytes.clone()
    }

    /// Everything from stdout so far, as messages. Panics at a line that is not a JSON-RPC message, or is not complete.
    #[track_caller]
    pub fn messages(&self) -> Vec<Value> {
        let Ok(text) = String::from_utf8(self.stdout()) else {
            self.fail("stdout is not UTF-8");
        };
        if !(text.is_empty() || text.ends_with('\n')) {
            self.fail("the last line of stdout is not whole");
        }
        text.lines()
            .map(|line| match serde_json::from_str::<Value>(line) {
                Ok(message) if message.is_object() && message["jsonrpc"] == "2.0" => message,
                _ => self.fail(format_args!("not a JSON-RPC message: {line}")),
            })
            .collect()
    }

    /// Waits for the end, which must come with this exit code and without a panic, and returns all of stdout, which
    /// must be messages.
    #[track_caller]
    pub fn end(&mut self, code: i32) -> Vec<Value> {
        let exit = self.wait();
        if exit.code != Some(code) {
            self.fail(format_args!("expected exit code {code}, not {exit:?}"));
        }
        if self.stderr().contains("panic at") {
            self.fail("the program panicked");
        }
        self.messages()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().bytes).into_owned()
    }

    /// Waits until stderr contains `text`.
    #[track_caller]
    pub fn wait_stderr(&self, text: &str) {
        self.until(&format!("stderr contains {text:?}"), || {
            self.stderr().contains(text)
        });
    }

    /// Stops reading stdout; what the program writes from now on stays in its pipe.
    #[track_caller]
    pub fn pause_stdout(&self) {
        self.stdout.change(|state| state.paused = true);
        if self
            .stdout
            .wait(self.limit, |state| {
                (state.parked || state.ended).then_some(())
            })
            .is_none()
        {
            self.fail("the reader of stdout does not stop");
        }
    }

    pub fn resume_stdout(&self) {
        self.stdout.change(|state| state.paused = false);
    }

    /// Starts to read stderr, after [`Builder::unread_stderr`].
    pub fn resume_stderr(&self) {
        self.stderr.change(|state| state.paused = false);
    }

    /// Closes our end of stdout: the program's next write to it breaks.
    #[track_caller]
    pub fn close_stdout(&self) {
        self.close(&self.stdout, 1);
    }

    #[track_caller]
    pub fn close_stderr(&self) {
        self.close(&self.stderr, 2);
    }

    #[track_caller]
    fn close(&self, tap: &Tap, fd: u32) {
        tap.change(|state| state.closed = true);
        if tap
            .wait(self.limit, |state| state.ended.then_some(()))
            .is_none()
        {
            self.fail("the reader does not close its pipe");
        }
        // A process that another test is just starting holds all our pipes until its exec.
        let writer = format!("/proc/{}/fd/{fd}", self.pid());
        self.until("nobody can read the pipe", || {
            let Ok(writer) = File::options().write(true).open(&writer) else {
                return true;
            };
            let mut fds = [PollFd::new(&writer, PollFlags::OUT)];
            poll(&mut fds, Some(&Timespec::default())).is_ok()
                && fds[0].revents().contains(PollFlags::ERR)
        });
    }

    /// Polls a condition that no output shows, every two milliseconds.
    #[track_caller]
    pub fn until(&self, wanted: &str, mut condition: impl FnMut() -> bool) {
        let deadline = Instant::now() + self.limit;
        while !condition() {
            if Instant::now() > deadline {
                self.fail(format_args!("waited in vain until {wanted}"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Fails the test with the output so far.
    #[track_caller]
    pub fn fail(&self, problem: impl Display) -> ! {
        panic!("{problem} (limit {:?})\n{}", self.limit, self.seen());
    }

    /// Both outputs so far, the last 4 KiB of each, for failure messages.
    pub fn seen(&self) -> String {
        let tail = |bytes: &[u8]| {
            let kept = &bytes[bytes.len().saturating_sub(4096)..];
            let note = if kept.len() < bytes.len() {
                "[…] "
            } else {
                ""
            };
            format!("{note}{}", String::from_utf8_lossy(kept))
        };
        let stdout = self.stdout();
        format!(
            "--- stdout, {} bytes, {} of them read as lines\n{}\n--- stderr\n{}\n---",
            stdout.len(),
            self.read,
            tail(&stdout),
            tail(self.stderr().as_bytes())
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.exit.is_none() {
            _ = self.child.kill();
            _ = self.child.wait();
        }
        let is_open = self.record.is_some() || !self.secrets.is_empty();
        if is_open && !std::thread::panicking() {
            // What it wrote is still in its pipe. Without a reader it stays there, and if a descendant holds the pipe,
            // too, it never ends.
            self.stdout
                .wait(REST, |state| (state.ended || state.paused).then_some(()));
            self.judge();
            self.hunt();
        }
        self.stdout.change(|state| state.closed = true);
        self.stderr.change(|state| state.closed = true);
    }
}

/// How long a pipe is read after its process was killed.
const REST: Duration = Duration::from_secs(1);

/// The record of a server for the judge.
#[derive(Debug)]
struct Record {
    /// Everything sent to stdin.
    sent: Mutex<Vec<u8>>,
    signalled: AtomicBool,
    variables: Variables,
}

type Variables = Vec<(OsString, OsString)>;

impl Record {
    fn of(builder: &Builder) -> Self {
        let sent = match &builder.stdin {
            // A folder has no content.
            Stdin::File(path) => std::fs::read(path).unwrap_or_default(),
            _ => Vec::new(),
        };
        Self {
            sent: Mutex::new(sent),
            signalled: AtomicBool::new(false),
            variables: builder.variables.clone(),
        }
    }
}

/// The output schema of a tool, as the program lists it; `None` if it has none. Read once per process and set of tools:
/// the usual ones, or those that these variables add.
#[track_caller]
fn output_schema(tool: &str, variables: &[(OsString, OsString)]) -> Option<Arc<Validator>> {
    type Tools = HashMap<String, Option<Arc<Validator>>>;
    static KNOWN: Mutex<Vec<(Variables, Tools)>> = Mutex::new(Vec::new());

    let default = [("DEFAULT_PROVIDER".into(), "mock".into())];
    let mut known = KNOWN.lock().unwrap();
    // A variable that changes the form of answers needs a look at its own list.
    let is_usual = |(name, _): &(OsString, OsString)| name != "ANYGPT_STRUCTURED_OUTPUT";
    let usual = variables.iter().all(is_usual).then_some(&default[..]);
    for variables in usual.into_iter().chain([variables]) {
        let place = known.iter().position(|(asked, _)| asked == variables);
        let place = place.unwrap_or_else(|| {
            known.push((variables.to_vec(), output_schemas(variables)));
            known.len() - 1
        });
        if let Some(schema) = known[place].1.get(tool) {
            return schema.clone();
        }
    }
    panic!("the program does not list the tool {tool}");
}

#[track_caller]
fn output_schemas(variables: &[(OsString, OsString)]) -> HashMap<String, Option<Arc<Validator>>> {
    let mut builder = Server::builder();
    builder.unjudged = true;
    let list = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let output = builder.envs(variables.iter().cloned()).run(list);
    let answer: Value = serde_json::from_str(&output.stdout).expect("a list of tools");
    let tools = answer["result"]["tools"].as_array().expect("tools");
    let schema = |tool: &Value| {
        let name = tool["name"].as_str().expect("a tool has a name").to_owned();
        let schema = tool.get("outputSchema");
        let schema = schema.map(|schema| Arc::new(schema::compile(schema, &name)));
        (name, schema)
    };
    tools.iter().map(schema).collect()
}

/// Writes what arrives on the channel, so that a program that does not read cannot block a test.
fn write_thread(mut pipe: ChildStdin, unsent: Arc<AtomicUsize>) -> mpsc::Sender<Vec<u8>> {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    std::thread::spawn(move || {
        for bytes in receiver {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                match pipe.write(rest) {
                    Ok(written) => {
                        unsent.fetch_sub(written, Ordering::SeqCst);
                        rest = &rest[written..];
                    }
                    Err(_) => return,
                }
            }
        }
    });
    sender
}

/// One output of the program, collected by a thread that can pause and close the pipe.
#[derive(Debug)]
struct Tap(Arc<(Mutex<TapState>, Condvar)>);

#[derive(Debug, Default)]
struct TapState {
    bytes: Vec<u8>,
    /// The thread shall stop reading for now.
    paused: bool,
    /// The thread has stopped reading.
    parked: bool,
    /// The thread shall close the pipe.
    closed: bool,
    /// The pipe is closed, by either side.
    ended: bool,
}

impl Tap {
    fn new(pipe: Option<impl Read + AsFd + Send + 'static>, paused: bool) -> Self {
        let state = TapState {
            paused,
            ended: pipe.is_none(),
            ..TapState::default()
        };
        let tap = Self(Arc::new((Mutex::new(state), Condvar::new())));
        if let Some(pipe) = pipe {
            let reader = Self(Arc::clone(&tap.0));
            std::thread::spawn(move || reader.collect(pipe));
        }
        tap
    }

    fn lock(&self) -> MutexGuard<'_, TapState> {
        self.0.0.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut TapState)) {
        change(&mut self.lock());
        self.0.1.notify_all();
    }

    fn wait<T>(&self, limit: Duration, found: impl Fn(&TapState) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            if let Some(value) = found(&state) {
                return Some(value);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self.0.1.wait_timeout(state, left).unwrap().0;
        }
    }

    fn collect(&self, mut pipe: impl Read + AsFd) {
        const TICK: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 10_000_000,
        };
        let mut buffer = vec![0; 64 * 1024];
        while self.may_read() {
            // A plain read could take bytes that arrive after the pause was requested.
            if let Ok(0) = poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&TICK)) {
                continue;
            }
            match pipe.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => self.change(|state| state.bytes.extend_from_slice(&buffer[..count])),
            }
        }
        drop(pipe);
        self.change(|state| state.ended = true);
    }

    /// Parks while paused; false once the pipe is to be closed.
    fn may_read(&self) -> bool {
        let mut state = self.lock();
        while state.paused && !state.closed {
            state.parked = true;
            self.0.1.notify_all();
            state = self.0.1.wait(state).unwrap();
        }
        state.parked = false;
        !state.closed
    }
}
