//! Log lines on stderr that can never hold the server up.
//!
//! Clients exist that never read stderr; a pipe holds 64 KiB, then a write waits for ever. So lines
//! go through a bounded queue to a thread of their own, started with the first line. When the queue is
//! full, lines are dropped and counted. Control characters are escaped and keys redacted here, at
//! the edge, whatever was logged.
//!
//! Never here: what is worth a line.

use std::{
    collections::VecDeque,
    io,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::{Layer as _, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

use crate::{redact::Redactor, settings::LogLevel};

/// Bytes of lines that may wait.
const QUEUE: usize = 256 * 1024;

/// Longest time that the start or the end of the process waits for stderr.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Log {
    redactor: Redactor,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    dropped: usize,
    /// The thread is there.
    started: bool,
    /// The thread is in a write.
    writing: bool,
}

static LOG: OnceLock<Log> = OnceLock::new();

/// Begins to log at this level. Lines before it, and a second call, have no effect.
pub fn start(level: LogLevel, redactor: Redactor) {
    let log = Log {
        redactor,
        queue: Mutex::default(),
        changed: Condvar::new(),
    };
    if LOG.set(log).is_err() {
        return;
    }
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    // Our own crates only: HTTP libraries log headers at debug.
    let ours = Targets::new()
        .with_target("anygpt_core", level)
        .with_target("anygpt_mcp", level);
    let lines = fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .with_writer(Lines)
        .with_filter(ours);
    // It fails only if somebody else has set a subscriber, in a test.
    let _set = tracing_subscriber::registry().with(lines).try_init();
}

/// Writes a text at once, for the start and the end of the process: waits a short time for room, then
/// gives up.
pub fn direct(text: &str) {
    let mut line = match LOG.get() {
        Some(log) => log.redactor.diagnostic(text),
        None => Redactor::default().diagnostic(text).into_owned().into(),
    }
    .into_owned()
    .into_bytes();
    line.push(b'\n');
    let end = Instant::now() + PATIENCE;
    // With room for one byte there is room for this many, so the write does not wait.
    for piece in escaped(&line).chunks(512) {
        if !wait_for_room(end) || rustix::io::write(rustix::stdio::stderr(), piece).is_err() {
            return;
        }
    }
}

/// Waits a short time for the lines that are queued.
pub fn finish() {
    let Some(log) = LOG.get() else {
        return;
    };
    let end = Instant::now() + PATIENCE;
    let mut queue = log.lock();
    while queue.started && (queue.writing || !queue.lines.is_empty()) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        queue = log
            .changed
            .wait_timeout(queue, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
}

fn wait_for_room(end: Instant) -> bool {
    let left = end.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).ok();
    let stderr = rustix::stdio::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    matches!(poll(&mut fds, left.as_ref()), Ok(1..))
}

/// Hands each event, which the formatter writes in one piece, to the queue.
struct Lines;

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Line;

    fn make_writer(&'w self) -> Line {
        Line
    }
}

struct Line;

impl io::Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(log) = LOG.get() {
            log.push(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&'static self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = escaped(self.redactor.diagnostic(&line).as_bytes());
        let mut queue = self.lock();
        if queue.bytes + line.len() > QUEUE {
            queue.dropped += 1;
            return;
        }
        if queue.dropped > 0 {
            let note = format!("({} log lines were dropped)\n", queue.dropped);
            queue.bytes += note.len();
            queue.lines.push_back(note.into_bytes());
            queue.dropped = 0;
        }
        queue.bytes += line.len();
        queue.lines.push_back(line);
        if !queue.started {
            let spawned = thread::Builder::new()
                .name("log".into())
                .spawn(|| self.run());
            // Without a thread lines stay in the queue, which is bounded.
            queue.started = spawned.is_ok();
        }
        self.changed.notify_all();
    }

    fn run(&self) {
        let mut queue = self.lock();
        loop {
            let Some(line) = queue.lines.pop_front() else {
                self.changed.notify_all();
                queue = self
                    .changed
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            queue.writing = true;
            drop(queue);
            write_all(&line);
            queue = self.lock();
            queue.bytes -= line.len();
            queue.writing = false;
        }
    }
}

/// Writes for as long as it takes. A stderr that is gone swallows the line.
fn write_all(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stderr(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                wait_for_room(Instant::now() + Duration::from_secs(1));
            }
            Err(_) => return,
        }
    }
}

/// One line stays one line, and no terminal obeys it.
fn escaped(line: &[u8]) -> Vec<u8> {
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    let mut clean = Vec::with_capacity(line.len());
    for piece in String::from_utf8_lossy(body).chars() {
        if piece.is_control() {
            clean.extend(piece.escape_default().map(|c| c as u8));
        } else {
            clean.extend_from_slice(piece.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    clean.push(b'\n');
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_but_the_last_newline() {
        assert_eq!(
            escaped("a\u{1b}[31mä\r\nb\u{85}\n".as_bytes()),
            "a\\u{1b}[31mä\\r\\nb\\u{85}\n".as_bytes()
        );
    }
}
