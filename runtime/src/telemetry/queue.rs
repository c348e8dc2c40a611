//! The queue of lines for stderr, and the thread that writes them.
//!
//! Some clients never read stderr; a pipe holds 64 KiB, then a write blocks for ever. So logging only queues, and a thread
//! that is started with the first line writes. When the queue is full, lines are dropped and counted.
//!
//! Never here: what a line looks like (`format`).

use std::{
    io, mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

use super::format::LineFormat;

/// Bytes of lines that may wait; the last line may exceed it.
const LIMIT: usize = 256 * 1024;

/// How long the thread collects lines after a write, so that a busy session costs one write now and then instead of a
/// wake-up for each line.
const COLLECT: Duration = Duration::from_millis(2);

/// Longest time that a text for the start or the end of the process waits for stderr.
const WRITE_NOW_TIMEOUT: Duration = Duration::from_millis(100);

/// The message of a line that has the number of dropped ones as `lines`.
pub(crate) const DROPPED: &str = "log lines were dropped because stderr was not read in time";

/// Lines for stderr.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Whole lines.
    waiting: Vec<u8>,
    /// Bytes that the thread is writing.
    writing: usize,
    dropped: u64,
    /// The thread has been started.
    started: bool,
    /// The thread sleeps until it is notified.
    is_asleep: bool,
    /// Until when [`Queue::flush`] waits.
    flush_end: Option<Instant>,
}

/// Writes whole lines to the queue; never blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stderr {
    queue: &'static Queue,
    /// For the line that reports dropped ones.
    format: LineFormat<'static>,
}

impl Stderr {
    pub(super) fn new(queue: &'static Queue, format: LineFormat<'static>) -> Self {
        Stderr { queue, format }
    }

    fn dropped_line(&self, count: u64) -> String {
        self.format
            .line(Level::WARN, DROPPED, Some(("lines", count)))
    }
}

impl MakeWriter<'_> for Stderr {
    type Writer = Stderr;

    fn make_writer(&self) -> Stderr {
        *self
    }
}

impl io::Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(line, |count| self.dropped_line(count));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a line, or counts it as dropped; `dropped_line` reports the dropped ones before the next line.
    fn push(&'static self, line: &[u8], dropped_line: impl FnOnce(u64) -> String) {
        let mut state = self.lock();
        let before = state.waiting.len();
        if before + state.writing >= LIMIT {
            state.dropped += 1;
            return;
        }
        if state.dropped > 0 {
            let report = dropped_line(mem::take(&mut state.dropped));
            state.waiting.extend_from_slice(report.as_bytes());
        }
        state.waiting.extend_from_slice(line);
        if !state.started {
            let spawned = thread::Builder::new()
                .name("log".into())
                .spawn(|| self.run());
            // Without a thread lines stay in the queue, which is bounded.
            state.started = spawned.is_ok();
        }
        // Otherwise the thread looks again soon.
        let is_much = before <= LIMIT / 2 && state.waiting.len() > LIMIT / 2;
        if mem::take(&mut state.is_asleep) || is_much {
            drop(state);
            self.changed.notify_all();
        }
    }

    fn run(&self) {
        let mut lines = Vec::new();
        let mut state = self.lock();
        loop {
            if state.waiting.is_empty() {
                self.changed.notify_all();
                state.is_asleep = true;
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            mem::swap(&mut lines, &mut state.waiting);
            state.writing = lines.len();
            state.is_asleep = false;
            drop(state);
            write_all(&lines);
            lines.clear();
            state = self.lock();
            state.writing = 0;
            if state.waiting.is_empty() {
                // For `flush`.
                self.changed.notify_all();
            }
            state = self
                .changed
                .wait_timeout(state, COLLECT)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    pub(super) fn flush(&self, limit: Duration) {
        let mut end = Instant::now() + limit;
        let mut state = self.lock();
        // The thread may be collecting.
        self.changed.notify_all();
        if !state.started {
            // The thread could not be started, and this is the last moment.
            write_before(end, &state.waiting);
            state.waiting.clear();
            return;
        }
        while state.writing > 0 || !state.waiting.is_empty() {
            end = state.flush_end.map_or(end, |other| end.min(other));
            state.flush_end = Some(end);
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Writes a line past the queue.
pub(super) fn write_now(line: &str) {
    write_before(Instant::now() + WRITE_NOW_TIMEOUT, line.as_bytes());
}

fn write_before(end: Instant, bytes: &[u8]) {
    // With room for one byte there is room for this many (pipe(7), PIPE_BUF), so the write does not block.
    for piece in bytes.chunks(512) {
        if !wait_for_room(end) || rustix::io::write(rustix::stdio::stderr(), piece).is_err() {
            return;
        }
    }
}

/// Writes for as long as it takes. If stderr is closed, the bytes are lost.
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

fn wait_for_room(end: Instant) -> bool {
    let left = end.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).ok();
    let stderr = rustix::stdio::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    matches!(poll(&mut fds, left.as_ref()), Ok(1..))
}
