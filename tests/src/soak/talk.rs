//! One session: a process, the threads that read it, and rounds of traffic. After each round the session goes quiet: no
//! answer may be outstanding then, and the process is sampled.
//!
//! Never here: the messages, or which answers are right.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::json;

use super::growth::{Sample, growth, status};
use super::ledger::{Entry, Ledger, Wanted};
use super::traffic::Traffic;
use super::{Schemas, Told};
use crate::judge::{self, Case, End};
use crate::schema::{REVISIONS, is_modern};

/// The parameters of a session.
pub(super) struct Start {
    pub(super) program: PathBuf,
    pub(super) variables: Vec<(String, String)>,
    pub(super) schemas: Arc<Schemas>,
    pub(super) seed: u64,
    pub(super) number: usize,
}

/// Most requests in flight.
const AT_ONCE: usize = 48;

/// Messages per round.
const ROUND: usize = 1500;

/// One of so many rounds is checked against the official schemas, which takes longer than the round itself.
const JUDGED: usize = 6;

/// Longest wait for an answer: all calls have shorter time limits.
const ANSWER: Duration = Duration::from_secs(60);

/// Longest wait for the end of the process: a little more than its grace period.
const END: Duration = Duration::from_secs(35);

/// Calls in flight when the input ends.
const LAST_CALLS: usize = 8;

/// Lines that are kept for a failure report, and characters of each.
const KEPT: usize = 12;
const SHOWN: usize = 400;

/// A running session. The process is killed when it is dropped.
pub(super) struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    shared: Arc<Shared>,
    schemas: Arc<Schemas>,
    traffic: Traffic,
    rng: Rng,
    revision: &'static str,
    began: Instant,
    /// Descriptors after the first call, whose connection is kept.
    descriptors: usize,
    samples: Vec<Sample>,
    handshake: Recording,
    judged: usize,
}

/// The bytes of one round.
#[derive(Clone, Default)]
struct Recording {
    sent: Vec<u8>,
    received: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ledger: Ledger,
    /// The first problem.
    problem: Option<String>,
    recording: Option<Recording>,
    lines: VecDeque<String>,
    log: VecDeque<String>,
    ended: bool,
}

impl State {
    fn fails(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread has panicked")
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }
}

impl Talk {
    /// Starts the process and performs the handshake.
    pub(super) fn open(start: Start) -> Result<Self, String> {
        // The newest revisions with and without a handshake first, then the older ones.
        let revision = REVISIONS[REVISIONS.len() - 1 - start.number % REVISIONS.len()];
        let mut child = Command::new(&start.program)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(start.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", start.program.display()))?;
        let shared = Arc::new(Shared::default());
        if let Some(pipe) = child.stdout.take() {
            let (shared, rng) = (Arc::clone(&shared), Rng::with_seed(!start.seed));
            thread::spawn(move || read_answers(pipe, &shared, rng));
        }
        if let Some(pipe) = child.stderr.take() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || read_log(pipe, &shared));
        }
        let mut talk = Self {
            stdin: child.stdin.take(),
            child,
            shared,
            schemas: start.schemas,
            traffic: Traffic::new(start.seed, revision),
            rng: Rng::with_seed(start.seed ^ 0x5eed),
            revision,
            began: Instant::now(),
            descriptors: 0,
            samples: Vec::new(),
            handshake: Recording::default(),
            judged: 0,
        };
        talk.shared.lock().recording = Some(Recording::default());
        talk.shake_hands()?;
        talk.handshake = talk.shared.lock().recording.take().unwrap_or_default();
        // The program opens its network descriptors with the first call, or a moment after its start.
        let first = talk.traffic.last_call();
        talk.send(&first)?;
        talk.wait_owed(0)?;
        talk.descriptors = talk.sample()?.descriptors;
        Ok(talk)
    }

    fn shake_hands(&mut self) -> Result<(), String> {
        if !is_modern(self.revision) {
            let client = json!({"name": "soak", "version": "1"});
            let params =
                json!({"protocolVersion": self.revision, "capabilities": {}, "clientInfo": client});
            let line =
                json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": params});
            let entry = Entry::Request("\"hello\"".to_owned(), Wanted::Result);
            self.send(&(line.to_string(), entry))?;
            self.wait_owed(0)?;
            let line = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            self.send(&(line.to_string(), Entry::Nothing))?;
        }
        let probe = self.traffic.probe();
        self.send(&probe)?;
        self.wait_owed(0)
    }

    /// Runs rounds of traffic until that time.
    pub(super) fn soak(&mut self, until: Instant) -> Result<(), String> {
        let mut round = 0;
        while Instant::now() < until {
            if round % JUDGED == 0 {
                self.shared.lock().recording = Some(self.handshake.clone());
            }
            self.round(until)?;
            let recorded = self.shared.lock().recording.take();
            if let Some(recorded) = recorded {
                self.judge(&recorded)?;
            }
            let sample = self.sample()?;
            self.samples.push(sample);
            round += 1;
        }
        Ok(())
    }

    fn round(&mut self, until: Instant) -> Result<(), String> {
        let huge = self.traffic.huge();
        self.send(&huge)?;
        for _ in 0..ROUND {
            if Instant::now() > until {
                break;
            }
            self.wait_owed(AT_ONCE - 1)?;
            let message = self.traffic.next();
            self.send(&message)?;
            if self.rng.u8(..32) == 0 {
                thread::sleep(Duration::from_millis(self.rng.u64(..30)));
            }
        }
        self.wait_owed(0)?;
        // Its answer comes after everything that was in flight when the last cancel was read.
        let probe = self.traffic.probe();
        self.send(&probe)?;
        self.wait_owed(0)?;
        self.shared.lock().ledger.settle();
        Ok(())
    }

    fn send(&mut self, (line, entry): &(String, Entry)) -> Result<(), String> {
        let line = format!("{line}\n");
        self.shared.change(|state| {
            state.ledger.sent(entry);
            if let Some(recording) = &mut state.recording {
                recording.sent.extend_from_slice(line.as_bytes());
            }
        });
        let written = match &mut self.stdin {
            Some(pipe) => pipe.write_all(line.as_bytes()),
            None => Ok(()),
        };
        written.map_err(|error| self.failure(&format!("its input is closed: {error}")))
    }

    /// Waits until at most this many answers are outstanding.
    fn wait_owed(&self, most: usize) -> Result<(), String> {
        let deadline = Instant::now() + ANSWER;
        let mut state = self.shared.lock();
        loop {
            let owed = state.ledger.owed();
            let left = deadline.saturating_duration_since(Instant::now());
            let problem = match &state.problem {
                Some(problem) => problem.clone(),
                None if owed <= most => return Ok(()),
                None if state.ended => {
                    format!("its output has ended, and {}", state.ledger.debts())
                }
                None if left.is_zero() => format!("for {ANSWER:?} {}", state.ledger.debts()),
                None => {
                    let changed = self.shared.changed.wait_timeout(state, left);
                    state = changed.expect("no thread has panicked").0;
                    continue;
                }
            };
            drop(state);
            return Err(self.failure(&problem));
        }
    }

    fn sample(&self) -> Result<Sample, String> {
        Sample::of(self.child.id(), self.began.elapsed()).map_err(|problem| self.failure(&problem))
    }

    fn judge(&mut self, recorded: &Recording) -> Result<(), String> {
        let case = Case {
            sent: &recorded.sent,
            received: &recorded.received,
            end: End::Whole,
            structured_for_all: false,
        };
        let lines = recorded.received.iter().filter(|byte| **byte == b'\n');
        self.judged += lines.count();
        let problems = judge::problems(&case, &|tool| self.schemas.get(tool).cloned().flatten());
        match problems.is_empty() {
            true => Ok(()),
            false => Err(self.failure(&problems.join("\n"))),
        }
    }

    /// Once the provider has closed idle connections, the process must not have more descriptors than after its first
    /// call.
    pub(super) fn expect_nothing_open(&self) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let now = self.sample()?.descriptors;
            if now <= self.descriptors {
                return Ok(());
            }
            if Instant::now() > deadline {
                let before = self.descriptors;
                let open = descriptors(self.child.id());
                let problem = format!(
                    "{before} descriptors were open after the first call, {now} are after the last one: {open}"
                );
                return Err(self.failure(&problem));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends the input with calls in flight, and returns the results of the session.
    pub(super) fn finish(mut self, warm: Duration) -> Result<Told, String> {
        if let Some(problem) = growth(&self.samples, warm) {
            return Err(self.failure(&problem));
        }
        let peak = status(self.child.id(), "VmHWM").map_err(|problem| self.failure(&problem))?;
        for _ in 0..LAST_CALLS {
            let call = self.traffic.last_call();
            self.send(&call)?;
        }
        self.stdin = None;
        self.wait_owed(0)?;
        let deadline = Instant::now() + END;
        let code = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status.code(),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
                _ => return Err(self.failure(&format!("it has not ended after {END:?}"))),
            }
        };
        let mut state = self.shared.lock();
        while !state.ended && Instant::now() < deadline {
            let changed = self.shared.changed.wait_timeout(state, END);
            state = changed.expect("no thread has panicked").0;
        }
        let (problem, tally) = (state.problem.clone(), state.ledger.tally.clone());
        drop(state);
        if let Some(problem) = problem {
            return Err(self.failure(&problem));
        }
        if code != Some(0) {
            return Err(self.failure(&format!("it ended with {code:?} instead of 0")));
        }
        Ok(Told {
            revision: self.revision,
            tally,
            samples: std::mem::take(&mut self.samples),
            peak: peak << 10,
            judged: self.judged,
        })
    }

    /// The problem, with the last lines of the session.
    fn failure(&self, problem: &str) -> String {
        let state = self.shared.lock();
        let lines = |lines: &VecDeque<String>| {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            lines.join("\n")
        };
        format!(
            "the session in {}: {problem}\n--- last lines of its output\n{}\n--- last lines of its log\n{}",
            self.revision,
            lines(&state.lines),
            lines(&state.log)
        )
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The open descriptors of a process.
fn descriptors(pid: u32) -> String {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"));
    let names = entries.into_iter().flatten().flatten().filter_map(|entry| {
        let target = fs::read_link(entry.path()).ok()?;
        Some(format!("{:?} {}", entry.file_name(), target.display()))
    });
    names.collect::<Vec<String>>().join(", ")
}

/// Reads as clients do: usually at once, sometimes after a pause.
fn read_answers(pipe: impl Read, shared: &Shared, mut rng: Rng) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        shared.change(|state| {
            if let Some(recording) = &mut state.recording {
                recording.received.extend_from_slice(&line);
            }
            keep(&mut state.lines, &line);
            if let Err(problem) = state.ledger.received(&line) {
                state.fails(problem);
            }
        });
        line.clear();
        match rng.u32(..2000) {
            0 => thread::sleep(Duration::from_millis(1500)),
            1..=9 => thread::sleep(Duration::from_millis(rng.u64(20..300))),
            _ => {}
        }
    }
    shared.change(|state| state.ended = true);
}

fn read_log(pipe: impl Read, shared: &Shared) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        shared.change(|state| {
            keep(&mut state.log, &line);
            if String::from_utf8_lossy(&line).contains("panic") {
                state.fails("its log tells of a panic".to_owned());
            }
        });
        line.clear();
    }
}

fn keep(lines: &mut VecDeque<String>, line: &[u8]) {
    if lines.len() == KEPT {
        lines.pop_front();
    }
    let line = &line[..line.len().min(SHOWN)];
    lines.push_back(String::from_utf8_lossy(line).trim_end().to_owned());
}
