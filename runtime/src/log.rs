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
//! Never here: what is worth a line, or what one looks like (`line`).

use std::{
    collections::VecDeque,
    mem,
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use anygpt_core::LoggingLevel;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::{
    Event, Level, Metadata, Subscriber, span,
    subscriber::{Interest, set_global_default},
};

use crate::{
    redact::Redactor,
    settings::{LogFormat, LogLevel},
};

mod line;

use line::{Clock, Line, Taken};
pub(crate) use line::{Field, Value};

/// Bytes of lines that may wait, and the last one goes over it.
const QUEUE: usize = 256 * 1024;

/// Bytes of lines that may wait for the client.
const CLIENT_QUEUE: usize = 64 * 1024;

/// How long the thread collects lines after a write, so that a busy session costs it a write now and then and
/// nobody a wake-up for each line.
const PAUSE: Duration = Duration::from_millis(2);

/// Longest time that a text for the start or the end of the process waits for stderr.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Log {
    redactor: Redactor,
    /// What goes to stderr.
    level: Level,
    format: LogFormat,
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
    /// Whole lines.
    waiting: String,
    clock: Clock,
    /// Bytes that the thread is writing.
    writing: usize,
    dropped: usize,
    /// The thread is there.
    started: bool,
    /// It sleeps until it is told.
    is_asleep: bool,
    /// Until when the end of the process waits for it.
    end: Option<Instant>,
}

static LOG: OnceLock<Log> = OnceLock::new();

/// Stands for "no lines at all" where a [`LoggingLevel`] stands otherwise.
const NOTHING: u8 = u8::MAX;

/// Begins to log at this level, in this format. Lines before it, and a second call, have no effect.
pub fn start(level: LogLevel, format: LogFormat, redactor: Redactor) {
    let log = Log {
        redactor,
        level: match level {
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Info => Level::INFO,
            LogLevel::Warn => Level::WARN,
            LogLevel::Error => Level::ERROR,
        },
        format,
        queue: Mutex::default(),
        changed: Condvar::new(),
        client: Mutex::default(),
        client_level: AtomicU8::new(NOTHING),
        client_waits: AtomicBool::new(false),
    };
    if LOG.set(log).is_err() {
        return;
    }
    // It fails only if somebody else has set a subscriber, in a test.
    let _set = set_global_default(Lines);
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
    let line = match LOG.get() {
        Some(log) if log.format == LogFormat::Json => {
            let mut line = String::new();
            let mut clock = Clock::default();
            log.saying(text, &[]).write_json(
                &mut line,
                Level::ERROR,
                clock.text(SystemTime::now()),
            );
            line
        }
        Some(log) => line::plain(&log.redactor.diagnostic(text)),
        // Before there are settings; seldom, so nothing is kept for it.
        None => line::plain(&Redactor::of_environment().diagnostic(text)),
    };
    write_before(Instant::now() + PATIENCE, line.as_bytes());
}

fn write_before(end: Instant, bytes: &[u8]) {
    // With room for one byte there is room for this many, so the write does not wait.
    for piece in bytes.chunks(512) {
        if !wait_for_room(end) || rustix::io::write(rustix::stdio::stderr(), piece).is_err() {
            return;
        }
    }
}

/// Waits until the lines that are queued are written, at most so long. A shorter time counts for those who wait already.
pub fn finish(limit: Duration) {
    let Some(log) = LOG.get() else {
        return;
    };
    let mut end = Instant::now() + limit;
    let mut queue = log.lock();
    // It may be collecting.
    log.changed.notify_all();
    if !queue.started {
        // There was no thread to be had, and now is the last moment.
        write_before(end, queue.waiting.as_bytes());
        queue.waiting.clear();
        return;
    }
    while queue.writing > 0 || !queue.waiting.is_empty() {
        end = queue.end.map_or(end, |other| end.min(other));
        queue.end = Some(end);
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

/// Whether anybody wants lines of this level.
pub(crate) fn is_wanted(level: Level) -> bool {
    LOG.get().is_some_and(|log| log.wants(level).is_some())
}

/// Writes a line as `tracing::event!` does, without what that costs: for the one line that each call has.
pub(crate) fn line(level: Level, is_for_client: bool, message: &str, fields: &[Field<'_>]) {
    if let Some(log) = LOG.get() {
        log.push(level, is_for_client, message, fields);
    }
}

/// Takes all events of our own crates. `tracing-subscriber` would bring spans, filters and formats that nobody uses
/// here, and 23 kB.
struct Lines;

impl Subscriber for Lines {
    /// HTTP libraries log headers at debug, so theirs are never wanted.
    fn register_callsite(&self, event: &'static Metadata<'static>) -> Interest {
        match !event.is_span() && event.target().starts_with("anygpt_") {
            // The level may change.
            true => Interest::sometimes(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, event: &Metadata<'_>) -> bool {
        is_wanted(*event.level())
    }

    fn event(&self, event: &Event<'_>) {
        let mut taken = Taken::default();
        event.record(&mut taken);
        let (message, fields) = taken.parts();
        line(
            *event.metadata().level(),
            !taken.is_kept_from_client,
            message,
            &fields,
        );
    }

    // There are no spans.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Who wants a line.
#[derive(Clone, Copy)]
struct Wanted {
    stderr: bool,
    client: Option<LoggingLevel>,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who wants a line of this level, if anybody does.
    fn wants(&self, level: Level) -> Option<Wanted> {
        // In tracing, more important is less.
        let stderr = level <= self.level;
        let level = match level {
            Level::ERROR => LoggingLevel::Error,
            Level::WARN => LoggingLevel::Warning,
            Level::INFO => LoggingLevel::Info,
            _ => LoggingLevel::Debug,
        };
        let client = (level as u8 >= self.client_level.load(Ordering::Relaxed)).then_some(level);
        (stderr || client.is_some()).then_some(Wanted { stderr, client })
    }

    fn saying<'a>(&'a self, message: &'a str, fields: &'a [Field<'a>]) -> Line<'a> {
        Line {
            message,
            fields,
            redactor: &self.redactor,
        }
    }

    fn push(&'static self, level: Level, is_for_client: bool, message: &str, fields: &[Field<'_>]) {
        let Some(wanted) = self.wants(level) else {
            return;
        };
        let line = self.saying(message, fields);
        if let Some(level) = wanted.client
            && is_for_client
        {
            let mut text = String::new();
            line.write_message(&mut text);
            self.push_for_client(level, text);
        }
        if !wanted.stderr {
            return;
        }
        let mut queue = self.lock();
        let before = queue.waiting.len();
        if before + queue.writing >= QUEUE {
            queue.dropped += 1;
            return;
        }
        if queue.dropped > 0 {
            let lines = [("lines", Some(Value::Number(queue.dropped as u64)))];
            let note = "lines of this log were dropped, since nobody read them";
            self.write(&mut queue, Level::WARN, &self.saying(note, &lines));
            queue.dropped = 0;
        }
        self.write(&mut queue, level, &line);
        if !queue.started {
            let spawned = thread::Builder::new()
                .name("log".into())
                .spawn(|| self.run());
            // Without a thread lines stay in the queue, which is bounded.
            queue.started = spawned.is_ok();
        }
        // Else it looks by itself soon.
        let is_much = before <= QUEUE / 2 && queue.waiting.len() > QUEUE / 2;
        if mem::take(&mut queue.is_asleep) || is_much {
            drop(queue);
            self.changed.notify_all();
        }
    }

    fn write(&self, queue: &mut Queue, level: Level, line: &Line<'_>) {
        let time = queue.clock.text(SystemTime::now());
        let write = match self.format {
            LogFormat::Text => Line::write_text,
            LogFormat::Json => Line::write_json,
        };
        write(line, &mut queue.waiting, level, time);
    }

    /// Time and level stand in the message around it.
    fn push_for_client(&self, level: LoggingLevel, text: String) {
        let mut queue = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.bytes + text.len() > CLIENT_QUEUE {
            return;
        }
        queue.bytes += text.len();
        queue.lines.push_back((level, text));
        self.client_waits.store(true, Ordering::Release);
    }

    fn run(&self) {
        let mut lines = String::new();
        let mut queue = self.lock();
        loop {
            if queue.waiting.is_empty() {
                self.changed.notify_all();
                queue.is_asleep = true;
                queue = self
                    .changed
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            mem::swap(&mut lines, &mut queue.waiting);
            queue.writing = lines.len();
            queue.is_asleep = false;
            drop(queue);
            write_all(lines.as_bytes());
            lines.clear();
            queue = self.lock();
            queue.writing = 0;
            if queue.waiting.is_empty() {
                // Who waits for the end need not wait any longer.
                self.changed.notify_all();
            }
            queue = self
                .changed
                .wait_timeout(queue, PAUSE)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
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
