//! The server's state and its output, shared by the threads that read, run calls and write.
//!
//! Both are under one mutex, held to append or to swap buffers, never across a system call. The right to write is a flag
//! under the same mutex: its holder takes the output, unlocks, writes, locks, and gives the flag up only when it sees, under
//! the mutex, that nothing is left. So no line is split by another, and no wake-up is lost.
//!
//! The thread that makes output writes it, but without waiting: if the client does not read, the writer thread takes over,
//! so that the main thread goes on reading (the next line may be a cancel) and the async thread goes on with its calls.
//!
//! Never here: the protocol, tools, reading, the decision to end the process.

use std::{
    convert::Infallible,
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anygpt_core::{Budget, CallHandle, Progress, Reservation, Server};
use tokio::sync::{self, Notify};

use super::write::WriteMode;
use crate::{
    error::{Error, ErrorKind},
    offload::offload,
    outcome::Outcome,
    output,
    redact::Redactor,
    resources::reserve,
    signal::Listener,
    telemetry,
};

/// The name under which a client gets log lines.
const LOGGER: &str = "anygpt-mcp";

/// An output buffer of at most this size is kept for the next output, and is not counted.
const KEPT: usize = 256 * 1024;

/// A larger one is kept as long as output needs it: mapping a new one page by page is slow. The next small output frees it.
/// Together with what is kept of a long input line, 4 MiB remain after a last long answer.
const MOST_KEPT: usize = 3 * 1024 * 1024;

/// Most bytes that one byte of text becomes in JSON.
const LONGEST_ESCAPE: usize = 6;

/// A longer outcome is counted before it becomes output, and encoded outside the lock.
const LONG: usize = KEPT / LONGEST_ESCAPE / 2;

fn no_memory() -> Outcome {
    let message = "there is not enough memory left for this answer";
    let error = Error::new(ErrorKind::TooLarge, message);
    Outcome::error(error.advise_plain("Ask for less, or wait for other calls to finish."))
}

/// Interval between two checks during shutdown whether the client is still there: there is no event for it.
const POLL: Duration = Duration::from_millis(100);

/// The session with its client, and the output to it.
#[derive(Debug)]
pub(crate) struct Connection {
    state: Mutex<State>,
    /// Signalled when there is output for the writer thread.
    for_writer: Condvar,
    /// Signalled when a call has finished, everything is written, or there is room again; only if a thread waits.
    changed: Condvar,
    /// The same for async tasks.
    room: Notify,
    /// Signalled when calls have produced output.
    output_ready: Notify,
    /// Held by the call whose long answer is next: no other long one is encoded before the client has room for it.
    long: sync::Mutex<()>,
    redactor: Redactor,
    queue_limit: usize,
    budget: Arc<Budget>,
    signals: Arc<Listener>,
    on_gone: fn(),
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) server: Server,
    /// Output being written; owned by the current writer meanwhile.
    front: Vec<u8>,
    /// Bytes of `front` that are not written yet.
    unwritten: usize,
    /// Length of `front` when it was taken.
    front_length: usize,
    /// A thread holds the right to write.
    writing: bool,
    mode: WriteMode,
    /// The writer thread exists.
    has_writer: bool,
    /// Threads in `changed.wait`: to wake none is a system call, too (.github/decisions/015).
    waiting: usize,
    /// The client no longer reads.
    pub(super) gone: bool,
    /// No further output is written, so exiting cannot cut a line.
    closed: bool,
    /// Covers the queued output.
    held: Reservation,
    /// The process is about to end, at this time at the latest.
    pub(super) end: Option<Instant>,
}

impl Connection {
    /// A new session. Output is counted against `budget`, and no more input is read while more than `queue_limit` bytes
    /// wait. `on_gone` is called once if stdout fails; it may end the process.
    pub(crate) fn new(
        server: Server,
        queue_limit: usize,
        budget: Arc<Budget>,
        redactor: Redactor,
        signals: Arc<Listener>,
        on_gone: fn(),
    ) -> Arc<Self> {
        Arc::new(Connection {
            state: Mutex::new(State {
                server,
                front: Vec::new(),
                unwritten: 0,
                front_length: 0,
                writing: false,
                mode: WriteMode::first(),
                has_writer: false,
                waiting: 0,
                gone: false,
                closed: false,
                held: budget.reservation(),
                end: None,
            }),
            for_writer: Condvar::new(),
            changed: Condvar::new(),
            room: Notify::new(),
            output_ready: Notify::new(),
            long: sync::Mutex::new(()),
            redactor,
            queue_limit,
            budget,
            signals,
            on_gone,
        })
    }

    /// Completes a call. Waits while too much output is queued already.
    pub(crate) async fn complete(self: &Arc<Self>, handle: CallHandle, mut outcome: Outcome) {
        let connection = Arc::clone(self);
        let redacted = offload(outcome.length(), move || {
            outcome.redact(&connection.redactor);
            let is_long = outcome.length() > LONG;
            let encoded = is_long.then(|| outcome.encoded());
            (outcome, encoded)
        });
        match redacted.await {
            (outcome, Some(encoded)) => self.complete_long(handle, outcome, encoded).await,
            (outcome, None) => {
                self.room().await;
                self.lock().complete(handle, &outcome);
            }
        }
        self.output_ready.notify_one();
    }

    /// Completes a call whose result becomes up to `encoded` bytes of output.
    async fn complete_long(&self, handle: CallHandle, mut outcome: Outcome, encoded: usize) {
        let _turn = self.long.lock().await;
        let is_late = self.room().await;
        outcome.count_alone();
        let held = outcome.reservation.take();
        let mut held = held.unwrap_or_else(|| self.budget.reservation());
        let wanted = outcome.length() + encoded;
        let is_counted = match is_late {
            true => held.resize(wanted),
            false => reserve(&mut held, wanted).await,
        };
        if !is_counted {
            return self.lock().complete(handle, &no_memory());
        }
        let Some(writer) = self.lock().server.answer_writer(handle) else {
            return;
        };
        let written = offload(wanted, move || {
            let mut answer = Vec::with_capacity(encoded);
            outcome.with_result(|result| writer.write(&mut answer, result));
            (answer, held)
        });
        let (answer, held) = written.await;
        let mut state = self.lock();
        state.pass_on_log();
        state.server.complete_written(handle, answer);
        state.held = mem::replace(&mut state.held, self.budget.reservation()).and(held);
        state.count();
    }

    /// Waits until the client has read enough of the output. Returns true if that no longer matters, because shutdown has
    /// begun or the client has gone.
    async fn room(&self) -> bool {
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            {
                let state = self.lock();
                let is_late = state.gone || state.end.is_some();
                if is_late || self.has_room(&state) {
                    return is_late;
                }
            }
            room.await;
        }
    }

    /// Writes what calls have produced. A task of its own, so that calls that finish at the same time share a write.
    pub(crate) async fn flush_results(self: Arc<Self>) -> Infallible {
        loop {
            self.output_ready.notified().await;
            self.flush(self.lock());
        }
    }

    /// Reports the progress of a call.
    pub(crate) fn progress(self: &Arc<Self>, handle: CallHandle, progress: u64, message: &str) {
        let message = self.redactor.diagnostic(message);
        let mut state = self.lock();
        state.pass_on_log();
        state.server.progress(
            handle,
            &Progress {
                progress,
                total: None,
                message: Some(&message),
            },
        );
        self.output_ready.notify_one();
    }

    /// Starts the shutdown: the process exits at `deadline` at the latest. Returns false if it had started already; an
    /// earlier deadline still applies then.
    ///
    /// Subscriptions are closed now: they would never finish by themselves.
    pub(crate) fn begin_end(self: &Arc<Self>, deadline: Instant) -> bool {
        let mut state = self.lock();
        let first = state.end.is_none();
        state.end = Some(state.end.map_or(deadline, |end| end.min(deadline)));
        state.server.close_subscriptions();
        self.changed.notify_all();
        self.room.notify_waiters();
        self.flush(state);
        first
    }

    /// Waits until nothing is outstanding, at most until the deadline set by [`begin_end`](Connection::begin_end). Returns what
    /// still is.
    pub(crate) fn wait_until_deadline(&self) -> Outstanding {
        self.wait_until(|state| state.end.unwrap_or_else(Instant::now))
    }

    /// Answers every call that is still open as cancelled.
    pub(crate) fn cancel_open_calls(self: &Arc<Self>) {
        let mut state = self.lock();
        for handle in state.server.open_calls() {
            state.complete(handle, &Outcome::error(Error::shutting_down()));
        }
        self.flush(state);
    }

    /// As [`wait_until_deadline`](Connection::wait_until_deadline), with another deadline.
    pub(crate) fn wait(&self, deadline: Instant) -> Outstanding {
        self.wait_until(|_| deadline)
    }

    /// What is outstanding now, without waiting longer than `deadline` for the lock, whose holder may be reading a long
    /// line, or for output that is being written.
    pub(crate) fn outstanding(&self, deadline: Instant) -> Outstanding {
        loop {
            let outstanding = match self.state.try_lock() {
                Ok(state) => Some(state.outstanding()),
                Err(_) => None,
            };
            match outstanding {
                Some(outstanding @ (Outstanding::Nothing | Outstanding::Answers)) => {
                    return outstanding;
                }
                _ if Instant::now() >= deadline => return Outstanding::Answers,
                _ => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// The client no longer reads. May not return.
    pub(super) fn client_gone(&self) {
        let mut state = self.lock();
        if !mem::replace(&mut state.gone, true) {
            self.notify_waiters(&state);
            self.room.notify_waiters();
            drop(state);
            (self.on_gone)();
        }
    }

    pub(super) fn signals(&self) -> &Arc<Listener> {
        &self.signals
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Waits until a call is over, output was written, or there is room.
    pub(super) fn wait_for_change<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
    ) -> MutexGuard<'s, State> {
        state.waiting += 1;
        state = self
            .changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    fn wait_until(&self, deadline: impl Fn(&State) -> Instant) -> Outstanding {
        let mut state = self.lock();
        loop {
            let outstanding = state.outstanding();
            let left = deadline(&state).saturating_duration_since(Instant::now());
            if outstanding == Outstanding::Nothing {
                // The right to write is never given back.
                state.writing = true;
                state.closed = true;
                return outstanding;
            }
            if state.gone || left.is_zero() {
                return outstanding;
            }
            drop(state);
            if output::is_abandoned() {
                self.client_gone();
            }
            state = self.lock();
            if state.outstanding() != outstanding {
                continue;
            }
            state.waiting += 1;
            state = self
                .changed
                .wait_timeout(state, left.min(POLL))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.waiting -= 1;
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic ends the process, so a poisoned state is never seen.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_room(&self, state: &State) -> bool {
        state.waiting_output() < self.queue_limit
    }

    /// Writes what the client takes at once, and notifies waiting threads. For threads that must never wait for a client.
    fn flush(self: &Arc<Self>, state: MutexGuard<'_, State>) {
        self.notify_waiters(&self.write(state, false));
    }

    /// Writes what the client takes at once, unless another thread is writing and will write this, too; the rest is left to
    /// the writer thread.
    pub(super) fn write<'s>(
        self: &'s Arc<Self>,
        state: MutexGuard<'s, State>,
        may_wait: bool,
    ) -> MutexGuard<'s, State> {
        if state.writing || !state.has_output() {
            return state;
        }
        let mut mode = state.mode;
        let (mut state, mut written) = self.write_out(state, |bytes| mode.write(bytes, may_wait));
        if written == Written::Part && mode.widen() {
            (state, written) = self.write_out(state, |bytes| mode.write(bytes, may_wait));
        }
        state.mode = mode;
        if written != Written::Part {
            return state;
        }
        if !state.has_writer {
            let connection = Arc::clone(self);
            let spawned = thread::Builder::new()
                .name("writer".into())
                .spawn(move || connection.run_writer());
            if spawned.is_err() {
                // No thread available: wait for the client here.
                return self
                    .write_out(state, |bytes| {
                        self.signals.run_blocking(|| output::write_waiting(bytes))
                    })
                    .0;
            }
            state.has_writer = true;
        }
        self.for_writer.notify_one();
        state
    }

    pub(super) fn notify_waiters(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn run_writer(&self) {
        let mut state = self.lock();
        loop {
            while state.writing || !state.has_output() || state.gone {
                state = self
                    .for_writer
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state = self.write_out(state, output::write_waiting).0;
        }
    }

    /// Takes the right to write, if it is free, and writes until nothing is left or `write` would block.
    fn write_out<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> (MutexGuard<'s, State>, Written) {
        if state.writing || state.gone {
            return (state, Written::ByAnotherThread);
        }
        state.writing = true;
        let mut front = mem::take(&mut state.front);
        let written = loop {
            if state.unwritten == 0 {
                let is_needed = front.len() > KEPT && front.capacity() <= MOST_KEPT;
                if front.capacity() > KEPT && !is_needed {
                    front = Vec::new();
                }
                state.server.take_output(&mut front);
                state.unwritten = front.len();
                state.front_length = front.len();
                if front.is_empty() {
                    // The server has a buffer again: a second one is needed only if output comes faster than it is written.
                    if front.capacity() > KEPT {
                        front = Vec::new();
                    }
                    break Written::All;
                }
            }
            let start = front.len() - state.unwritten;
            drop(state);
            let result = write(&front[start..]);
            state = self.lock();
            match result {
                Ok(bytes) => {
                    let was_full = !self.has_room(&state);
                    state.unwritten -= bytes;
                    state.count();
                    if was_full && self.has_room(&state) {
                        self.notify_waiters(&state);
                        self.room.notify_waiters();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Written::Part,
                Err(_) => {
                    state.gone = true;
                    break Written::All;
                }
            }
        };
        state.front = front;
        state.writing = false;
        self.notify_waiters(&state);
        if state.gone {
            self.room.notify_waiters();
            drop(state);
            (self.on_gone)();
            state = self.lock();
        }
        (state, written)
    }
}

/// What the client has not received yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outstanding {
    /// All calls are answered, all answers written.
    Nothing,
    /// Calls are open.
    Answers,
    /// All calls are answered, but not all answers are written.
    Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    All,
    Part,
    ByAnotherThread,
}

impl State {
    /// Sends the client the log lines that it asked for.
    fn pass_on_log(&mut self) {
        telemetry::drain_client_lines(|level, text| self.server.log(level, LOGGER, text));
    }

    fn complete(&mut self, handle: CallHandle, outcome: &Outcome) {
        // What a call has logged comes before its answer.
        self.pass_on_log();
        outcome.with_result(|result| self.server.complete(handle, result));
        self.count();
    }

    /// Completes a call whose outcome may be long; with an error if there is no memory for the output.
    pub(super) fn complete_counted(&mut self, handle: CallHandle, mut outcome: Outcome) {
        if outcome.length() > LONG {
            outcome.count_alone();
            let wanted = self.held_output() + outcome.encoded();
            if !self.held.resize(wanted) {
                outcome = no_memory();
            }
        }
        self.complete(handle, &outcome);
    }

    /// Bytes of output in memory.
    fn held_output(&self) -> usize {
        let front = match self.unwritten {
            0 => 0,
            _ => self.front_length,
        };
        self.server.held_output() + front
    }

    /// Bytes of output not yet written.
    fn waiting_output(&self) -> usize {
        self.server.queued_output() + self.unwritten
    }

    /// Counts the output against the budget, unless it is small. It exists already, so a refusal changes nothing here: other
    /// calls get less.
    fn count(&mut self) {
        let bytes = self.held_output();
        if bytes > KEPT {
            let _counted = self.held.resize(bytes);
        } else if self.held.bytes() > 0 {
            self.held.release();
        }
    }

    fn has_output(&self) -> bool {
        self.unwritten > 0 || self.server.queued_output() > 0
    }

    fn outstanding(&self) -> Outstanding {
        if self.closed {
            Outstanding::Nothing
        } else if self.server.calls() > 0 {
            Outstanding::Answers
        } else if self.writing || self.has_output() {
            Outstanding::Output
        } else {
            Outstanding::Nothing
        }
    }
}
