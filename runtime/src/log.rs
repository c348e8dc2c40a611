//! Log lines on stderr that can never hold the server up.
//!
//! Clients exist that never read stderr; a pipe holds 64 KiB, then a write waits for ever. So lines
//! go through a bounded queue to a thread of their own, started with the first line. When the queue is
//! full, lines are dropped and counted. Control characters are escaped and keys redacted here, at
//! the edge, whatever was logged.
//!
//! A client may ask to get the lines as MCP messages, too: they wait in a second queue for whoever writes
//! to the client next, so that logging never has to lock the session.
//!
//! Never here: what is worth a line.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anygpt_core::LoggingLevel;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    filter::dynamic_filter_fn,
    fmt::{self, MakeWriter},
    layer::{Layer as _, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

use crate::{redact::Redactor, settings::LogLevel};

/// Bytes of lines that may wait.
const QUEUE: usize = 256 * 1024;

/// Bytes of lines that may wait for the client.
const CLIENT_QUEUE: usize = 64 * 1024;

/// Longest time that the start or the end of the process waits for stderr.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Log {
    redactor: Redactor,
    /// What goes to stderr.
    level: Level,
    queue: Mutex<Queue>,
    changed: Condvar,
    client: Mutex<ClientQueue>,
    /// The least important lines that the client wants; none if that is no [`LoggingLevel`].
    client_level: AtomicU8,
    /// There is something in `client`, so that looking costs next to nothing if there is not.
    client_waits: AtomicBool,
}

/// Lines for the client: level and text.
#[derive(Debug, Default)]
struct ClientQueue {
    lines: VecDeque<(LoggingLevel, String)>,
    bytes: usize,
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

/// Stands for "no lines at all" where a [`LoggingLevel`] stands otherwise.
const NOTHING: u8 = u8::MAX;

/// Begins to log at this level. Lines before it, and a second call, have no effect.
pub fn start(level: LogLevel, redactor: Redactor) {
    let log = Log {
        redactor,
        level: match level {
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Info => Level::INFO,
            LogLevel::Warn => Level::WARN,
            LogLevel::Error => Level::ERROR,
        },
        queue: Mutex::default(),
        changed: Condvar::new(),
        client: Mutex::default(),
        client_level: AtomicU8::new(NOTHING),
        client_waits: AtomicBool::new(false),
    };
    if LOG.set(log).is_err() {
        return;
    }
    // Our own crates only: HTTP libraries log headers at debug.
    let ours = dynamic_filter_fn(|event, _| {
        let is_ours = event.target().starts_with("anygpt_");
        is_ours && LOG.get().is_some_and(|log| log.wants(event).is_some())
    });
    let lines = fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .with_writer(Lines)
        .with_filter(ours);
    // It fails only if somebody else has set a subscriber, in a test.
    let _set = tracing_subscriber::registry().with(lines).try_init();
}

/// From now on lines of this level and above wait for the client, too.
pub fn for_client(level: Option<LoggingLevel>) {
    if let Some(log) = LOG.get() {
        let level = level.map_or(NOTHING, |level| level as u8);
        log.client_level.store(level, Ordering::Relaxed);
    }
}

/// Hands out the lines that wait for the client.
pub fn drain_for_client(mut take: impl FnMut(LoggingLevel, &str)) {
    let Some(log) = LOG.get() else {
        return;
    };
    if !log.client_waits.swap(false, Ordering::Acquire) {
        return;
    }
    let mut queue = log.client.lock().unwrap_or_else(PoisonError::into_inner);
    queue.bytes = 0;
    for (level, line) in queue.lines.drain(..) {
        take(level, &line);
    }
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
        Line(None)
    }

    fn make_writer_for(&'w self, event: &Metadata<'_>) -> Line {
        Line(LOG.get().and_then(|log| log.wants(event)))
    }
}

struct Line(Option<Wanted>);

/// Who wants a line.
#[derive(Clone, Copy)]
struct Wanted {
    stderr: bool,
    client: Option<LoggingLevel>,
}

impl io::Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(log) = LOG.get()
            && let Some(wanted) = self.0
        {
            log.push(line, wanted);
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

    /// Who wants a line of this level, if anybody does.
    fn wants(&self, event: &Metadata<'_>) -> Option<Wanted> {
        // In tracing, more important is less.
        let stderr = *event.level() <= self.level;
        let level = match *event.level() {
            Level::ERROR => LoggingLevel::Error,
            Level::WARN => LoggingLevel::Warning,
            Level::INFO => LoggingLevel::Info,
            _ => LoggingLevel::Debug,
        };
        let client = (level as u8 >= self.client_level.load(Ordering::Relaxed)).then_some(level);
        (stderr || client.is_some()).then_some(Wanted { stderr, client })
    }

    fn push(&'static self, line: &[u8], wanted: Wanted) {
        let line = String::from_utf8_lossy(line);
        let line = escaped(self.redactor.diagnostic(&line).as_bytes());
        if let Some(level) = wanted.client {
            self.push_for_client(level, &line);
        }
        if !wanted.stderr {
            return;
        }
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

    /// Time and level stand in the message around it.
    fn push_for_client(&self, level: LoggingLevel, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let text = line
            .trim_start()
            .split_once(' ')
            .map_or(&*line, |(_, rest)| rest);
        let text = text
            .trim_start()
            .split_once(' ')
            .map_or(text, |(_, rest)| rest);
        let text = text.trim();
        let mut queue = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.bytes + text.len() > CLIENT_QUEUE {
            return;
        }
        queue.bytes += text.len();
        queue.lines.push_back((level, text.to_owned()));
        self.client_waits.store(true, Ordering::Release);
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
