//! Bytes between the process and the protocol: who reads, who writes, and that neither waits for
//! the other.
//!
//! The server and its output live under one mutex, held to append or to swap, never across a system
//! call. Who writes is a flag under the same mutex: its holder swaps the output out, unlocks, writes,
//! locks, and gives the flag up only when it sees, under the mutex, that nothing is left. So no line
//! is split by another, and no wake-up is lost.
//!
//! Who makes output writes it, but without waiting: if the client does not read, the writer thread takes
//! over, and main goes on reading (there may be a cancel), the async thread with its calls.
//!
//! Never here: the protocol, tools, the decision to end the process.

use std::{
    convert::Infallible,
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anygpt_core::{Action, Budget, CallHandle, Content, Progress, Reservation, Server, ToolResult};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use tokio::sync::{self, Notify};

use crate::{
    aside::aside,
    output,
    redact::Redactor,
    resources::reserve,
    runner::Runner,
    signal::Listener,
    telemetry,
    tools::{Called, Outcome, Tools},
};

/// One read takes at most this much: what a pipe holds.
const READ: usize = 64 * 1024;

/// The name under which a client gets log lines.
const LOGGER: &str = "anygpt-mcp";

/// What a pipe is made to hold once it was too small: 64 answers to `tools/list`, and half of what the kernel grants.
#[cfg(target_os = "linux")]
const WIDE: usize = 512 * 1024;

/// An output buffer of this size is kept for the next output, and is not counted.
const KEPT: usize = 256 * 1024;

/// A larger one is kept as long as output needs it: the system takes its time to map a new one, page by page. The next small
/// output gives it back. With what is kept of a long line, 4 MiB stay behind a last long answer.
const MOST_KEPT: usize = 3 * 1024 * 1024;

/// Bytes that a byte of a text becomes at most in JSON.
const LONGEST_ESCAPE: usize = 6;

/// A longer outcome is counted before it becomes output, and that is made outside of the lock.
const LONG: usize = KEPT / LONGEST_ESCAPE / 2;

const NO_MEMORY: &str = "too_large: there is not enough memory left for this answer. Ask for less, or wait for other calls to finish.";

/// How often it is looked at during the end whether the client is still there: nothing tells.
const LOOK: Duration = Duration::from_millis(100);

/// The session and its way out to the client.
#[derive(Debug)]
pub struct Stdio {
    state: Mutex<State>,
    /// Told when there is something for the writer thread.
    for_writer: Condvar,
    /// Told when a call is over, all is written, or there is room again; if somebody waits.
    changed: Condvar,
    /// The same for async tasks.
    room: Notify,
    /// Told when calls have made output.
    made: Notify,
    /// Held by the call whose long answer is next: no other one is made before the client has room for it.
    long: sync::Mutex<()>,
    redactor: Redactor,
    queue_limit: usize,
    budget: Arc<Budget>,
    signals: Arc<Listener>,
    on_gone: fn(),
}

#[derive(Debug)]
struct State {
    server: Server,
    /// Output on its way; whoever writes has it with him.
    front: Vec<u8>,
    /// How much of it is not written.
    unwritten: usize,
    /// How much there was of it.
    front_length: usize,
    /// Somebody holds the right to write.
    writing: bool,
    /// How that is done.
    way: Way,
    /// The writer thread is there.
    has_writer: bool,
    /// Threads in `changed.wait`.
    waiting: usize,
    /// Nobody reads our output any more.
    gone: bool,
    /// All is said: nothing more is written, so that the end of the process splits no line.
    closed: bool,
    /// Covers the output that waits.
    held: Reservation,
    /// The process is about to end, at the latest then.
    end: Option<Instant>,
}

/// How a write without waiting is done on this stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Not known yet.
    #[cfg(target_os = "linux")]
    Unknown,
    /// A pipe that does not block, see [`reopened`]: a plain write takes what fits.
    #[cfg(target_os = "linux")]
    Pipe,
    /// `pwritev2` with `RWF_NOWAIT` takes what fits.
    #[cfg(target_os = "linux")]
    NoWait,
    /// Files and terminals: a plain write does not wait for a reader, but a stopped terminal may take its time.
    Plain,
    /// There is no such way: only the writer thread writes.
    Writer,
}

impl Stdio {
    /// A session of which nothing has been read. Output is counted against `budget`. `on_gone` is called once if stdout fails; it may
    /// end the process.
    pub fn new(
        server: Server,
        queue_limit: usize,
        budget: Arc<Budget>,
        redactor: Redactor,
        signals: Arc<Listener>,
        on_gone: fn(),
    ) -> Arc<Self> {
        Arc::new(Stdio {
            state: Mutex::new(State {
                server,
                front: Vec::new(),
                unwritten: 0,
                front_length: 0,
                writing: false,
                way: Way::first(),
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
            made: Notify::new(),
            long: sync::Mutex::new(()),
            redactor,
            queue_limit,
            budget,
            signals,
            on_gone,
        })
    }

    /// Serves stdin until it ends. Signals are listened to once the first input has been answered or none is there yet.
    ///
    /// # Errors
    /// Stdin cannot be read.
    pub fn serve(self: &Arc<Self>, tools: &Tools, runner: &Runner) -> Result<(), ReadError> {
        let mut input = Input {
            stdio: self,
            tools,
            runner,
            actions: Vec::new(),
            outcomes: Vec::new(),
        };
        let mut buffer = vec![0; READ];
        let mut first = true;
        let mut is_heard = false;
        loop {
            if !is_heard && (!first || !input_is_there()) {
                is_heard = self.signals.start();
                if !is_heard {
                    self.signals.wait_for_input(rustix::stdio::stdin());
                }
            }
            let read = read(&mut buffer).map_err(|error| ReadError { first, error })?;
            first = false;
            if read == 0 {
                input.finish();
                return Ok(());
            }
            input.take(&buffer[..read]);
        }
    }

    /// Hands over the result of a call. Waits while too much output is queued already.
    pub async fn complete(self: &Arc<Self>, handle: CallHandle, mut outcome: Outcome) {
        let stdio = Arc::clone(self);
        let redacted = aside(outcome.length(), move || {
            outcome.redact(&stdio.redactor);
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
        self.made.notify_one();
    }

    /// The same for a result that becomes up to `encoded` bytes of output.
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
            return self.lock().complete(handle, &Outcome::error(NO_MEMORY));
        }
        let Some(writer) = self.lock().server.answer_writer(handle) else {
            return;
        };
        let written = aside(wanted, move || {
            let mut answer = Vec::with_capacity(encoded);
            with_result(&outcome, |result| writer.write(&mut answer, result));
            (answer, held)
        });
        let (answer, held) = written.await;
        let mut state = self.lock();
        state.pass_on_log();
        state.server.complete_written(handle, answer);
        state.held = mem::replace(&mut state.held, self.budget.reservation()).and(held);
        state.count();
    }

    /// Waits until the client has taken enough of the output. `true` if that is all the same, since the end has begun or
    /// the client has left.
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

    /// Hands out what calls have made. A task of its own, so that calls that end at the same time share a
    /// write.
    pub async fn hand_out_results(self: Arc<Self>) -> Infallible {
        loop {
            self.made.notified().await;
            self.hand_out(self.lock());
        }
    }

    /// Reports the progress of a call.
    pub fn progress(self: &Arc<Self>, handle: CallHandle, progress: u64, message: &str) {
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
        self.made.notify_one();
    }

    /// Starts the end: the process leaves at `bound` at the latest. `false` if the end had begun
    /// already; an earlier bound counts then, too.
    ///
    /// Subscriptions are closed now: nobody waits for them.
    pub fn begin_end(self: &Arc<Self>, bound: Instant) -> bool {
        let mut state = self.lock();
        let first = state.end.is_none();
        state.end = Some(state.end.map_or(bound, |end| end.min(bound)));
        state.server.close_subscriptions();
        self.changed.notify_all();
        self.room.notify_waiters();
        self.hand_out(state);
        first
    }

    /// Waits until nothing is owed, at most until the bound that was set by
    /// [`begin_end`](Stdio::begin_end). Tells whether anything is still owed.
    pub fn wait_until_bound(&self) -> Owed {
        self.wait_until(|state| state.end.unwrap_or_else(Instant::now))
    }

    /// Answers every call that is still open as cancelled.
    pub fn cancel_open_calls(self: &Arc<Self>) {
        let mut state = self.lock();
        for handle in state.server.open_calls() {
            let text =
                "cancelled: the server is shutting down. Start it again and repeat the call.";
            state.complete(handle, &Outcome::error(text));
        }
        self.hand_out(state);
    }

    /// As [`wait_until_bound`](Stdio::wait_until_bound), with a bound of its own.
    pub fn wait(&self, bound: Instant) -> Owed {
        self.wait_until(|_| bound)
    }

    /// What is owed to the client at this moment, for somebody who cannot wait for whoever has the session: it may be
    /// reading a long line. Output that is on its way may get there, both until that time at the latest.
    pub fn owed(&self, bound: Instant) -> Owed {
        loop {
            let owed = match self.state.try_lock() {
                Ok(state) => Some(state.owed()),
                Err(_) => None,
            };
            match owed {
                Some(owed @ (Owed::Nothing | Owed::Answers)) => return owed,
                _ if Instant::now() >= bound => return Owed::Answers,
                _ => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Nobody takes what we say any more. May not return.
    fn give_up(&self) {
        let mut state = self.lock();
        if !mem::replace(&mut state.gone, true) {
            self.tell(&state);
            self.room.notify_waiters();
            drop(state);
            (self.on_gone)();
        }
    }

    fn wait_until(&self, bound: impl Fn(&State) -> Instant) -> Owed {
        let mut state = self.lock();
        loop {
            let owed = state.owed();
            let left = bound(&state).saturating_duration_since(Instant::now());
            if owed == Owed::Nothing {
                // The right to write is kept for ever.
                state.writing = true;
                state.closed = true;
                return owed;
            }
            if state.gone || left.is_zero() {
                return owed;
            }
            drop(state);
            if output::is_abandoned() {
                self.give_up();
            }
            state = self.lock();
            if state.owed() != owed {
                continue;
            }
            state.waiting += 1;
            state = self
                .changed
                .wait_timeout(state, left.min(LOOK))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.waiting -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic ends the process, so a poisoned state is never seen.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self, state: &State) -> bool {
        state.waiting_output() < self.queue_limit
    }

    /// Hands out what the client takes at once, and tells those who wait. For threads that must never wait for
    /// a client.
    fn hand_out(self: &Arc<Self>, state: MutexGuard<'_, State>) {
        self.tell(&self.write(state, false));
    }

    /// Writes what the client takes at once, unless somebody is at it and will see it; the rest is for the
    /// writer thread.
    fn write<'s>(
        self: &'s Arc<Self>,
        state: MutexGuard<'s, State>,
        may_wait: bool,
    ) -> MutexGuard<'s, State> {
        if state.writing || !state.has_output() {
            return state;
        }
        let mut way = state.way;
        let (mut state, mut written) = self.write_out(state, |bytes| way.write(bytes, may_wait));
        if written == Written::Part && way.widen() {
            (state, written) = self.write_out(state, |bytes| way.write(bytes, may_wait));
        }
        state.way = way;
        if written != Written::Part {
            return state;
        }
        if !state.has_writer {
            let stdio = Arc::clone(self);
            let spawned = thread::Builder::new()
                .name("writer".into())
                .spawn(move || stdio.run_writer());
            if spawned.is_err() {
                // No thread to be had: wait for the client here, late is better than never.
                return self
                    .write_out(state, |bytes| self.signals.unheard(|| write_waiting(bytes)))
                    .0;
            }
            state.has_writer = true;
        }
        self.for_writer.notify_one();
        state
    }

    fn tell(&self, state: &State) {
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
            state = self.write_out(state, write_waiting).0;
        }
    }

    /// Takes the right to write, if it is free, and writes until nothing is left or `write` would
    /// have to wait.
    fn write_out<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> (MutexGuard<'s, State>, Written) {
        if state.writing || state.gone {
            return (state, Written::BySomebodyElse);
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
                    // The server has one again: a second one is needed only by output that comes faster than it is written.
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
                        self.tell(&state);
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
        self.tell(&state);
        if state.gone {
            self.room.notify_waiters();
            drop(state);
            (self.on_gone)();
            state = self.lock();
        }
        (state, written)
    }
}

/// What is owed to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// All calls are answered, all answers written.
    Nothing,
    /// Calls are open.
    Answers,
    /// All calls are answered, but the client has not taken all answers.
    Output,
}

/// Why the input could not be read.
#[derive(Debug)]
pub struct ReadError {
    /// Nothing was ever read.
    pub first: bool,
    /// What the operating system says.
    pub error: io::Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    All,
    Part,
    BySomebodyElse,
}

impl State {
    /// Gives the client the log lines that it asked for.
    fn pass_on_log(&mut self) {
        telemetry::drain_client_lines(|level, text| self.server.log(level, LOGGER, text));
    }

    fn complete(&mut self, handle: CallHandle, outcome: &Outcome) {
        // What a call has logged comes before its answer.
        self.pass_on_log();
        with_result(outcome, |result| self.server.complete(handle, result));
        self.count();
    }

    /// Completes a call whose outcome may be long, or says that there is no memory for the output now.
    fn complete_counted(&mut self, handle: CallHandle, mut outcome: Outcome) {
        if outcome.length() > LONG {
            outcome.count_alone();
            let wanted = self.held_output() + outcome.encoded();
            if !self.held.resize(wanted) {
                outcome = Outcome::error(NO_MEMORY);
            }
        }
        self.complete(handle, &outcome);
    }

    /// Bytes of output that exist.
    fn held_output(&self) -> usize {
        let front = match self.unwritten {
            0 => 0,
            _ => self.front_length,
        };
        self.server.held_output() + front
    }

    /// Bytes of output that wait.
    fn waiting_output(&self) -> usize {
        self.server.queued_output() + self.unwritten
    }

    /// Counts the output against the budget, unless it is small. It exists already, so that there is
    /// too little left changes nothing here; others get less.
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

    fn owed(&self) -> Owed {
        if self.closed {
            Owed::Nothing
        } else if self.server.calls() > 0 {
            Owed::Answers
        } else if self.writing || self.has_output() {
            Owed::Output
        } else {
            Owed::Nothing
        }
    }
}

/// An outcome as a result.
fn with_result<T>(outcome: &Outcome, use_it: impl FnOnce(&ToolResult<'_>) -> T) -> T {
    let text = match outcome.shares_text {
        true => Content::SharedText(&outcome.text),
        false => Content::Text(&outcome.text),
    };
    let alone = [text];
    let several: Vec<Content<'_>>;
    let content = if outcome.pictures.is_empty() && outcome.note.is_none() {
        &alone[..]
    } else {
        let pictures = outcome.pictures.iter().map(|picture| Content::Image {
            data: &picture.data,
            mime_type: picture.mime_type,
        });
        let note = outcome.note.as_deref().map(Content::Text);
        several = alone.into_iter().chain(pictures).chain(note).collect();
        &several
    };
    use_it(&ToolResult {
        content,
        structured: outcome.structured.as_deref(),
        is_error: outcome.is_error,
    })
}

/// Main's side.
struct Input<'s> {
    stdio: &'s Arc<Stdio>,
    tools: &'s Tools,
    runner: &'s Runner,
    actions: Vec<Action>,
    outcomes: Vec<(CallHandle, Outcome)>,
}

impl Input<'_> {
    /// Handles what was read, and writes what can be answered at once.
    fn take(&mut self, mut bytes: &[u8]) {
        let stdio = self.stdio;
        let mut state = stdio.lock();
        while !bytes.is_empty() {
            // The client must read before it may ask for more.
            while !stdio.has_room(&state) && !state.gone {
                // Somebody must listen for signals meanwhile. Without a thread for that there is none that could fill the queue.
                self.stdio.signals.start();
                state.waiting += 1;
                state = stdio
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                state.waiting -= 1;
            }
            let used = state.server.handle_input(bytes);
            bytes = &bytes[used..];
            telemetry::set_client_level(state.server.logging_level());
            state = self.act(state);
            state = stdio.write(state, true);
            // A cancel may have been the last thing that the end waits for.
            stdio.tell(&state);
            if state.gone {
                return;
            }
        }
    }

    fn finish(&mut self) {
        let mut state = self.stdio.lock();
        state.server.handle_eof();
        state = self.act(state);
        drop(self.stdio.write(state, true));
    }

    /// Does what the server wants done: at once where no network is needed.
    fn act<'g>(&mut self, mut state: MutexGuard<'g, State>) -> MutexGuard<'g, State>
    where
        Self: 'g,
    {
        while let Some(action) = state.server.poll_action() {
            self.actions.push(action);
        }
        if self.actions.is_empty() {
            return state;
        }
        let ending = state.end.is_some();
        drop(state);
        for action in self.actions.drain(..) {
            match action {
                Action::CallTool(call) if ending => {
                    let text = "cancelled: the server is shutting down and takes no new calls. Start it again and repeat the call.";
                    self.outcomes.push((call.handle, Outcome::error(text)));
                }
                Action::CallTool(call) => {
                    let handle = call.handle;
                    match self.tools.call(call) {
                        Called::Done(outcome) => {
                            self.outcomes.push((handle, outcome));
                        }
                        Called::Job(job) => {
                            // Nobody pays for an answer that has nowhere to go.
                            if output::is_abandoned() {
                                self.stdio.give_up();
                            }
                            if let Err(error) = self.runner.run(job) {
                                let text = format!(
                                    "unavailable: the operating system has no thread for calls: {error}. Allow more processes \
                                     and files (docker run --pids-limit), or repeat the call later."
                                );
                                self.outcomes.push((handle, Outcome::error(text)));
                            }
                        }
                    }
                }
                Action::CancelCall(handle) => self.runner.cancel(handle),
            }
        }
        for (_, outcome) in &mut self.outcomes {
            outcome.redact(&self.stdio.redactor);
        }
        let mut state = self.stdio.lock();
        for (handle, outcome) in self.outcomes.drain(..) {
            state.complete_counted(handle, outcome);
        }
        state
    }
}

impl Way {
    fn first() -> Self {
        #[cfg(target_os = "linux")]
        return Way::Unknown;
        #[cfg(not(target_os = "linux"))]
        return Way::for_stdout();
    }

    /// The way for a stdout, or a system, that knows no writes without waiting.
    fn for_stdout() -> Self {
        use rustix::fs::{FileType, fstat};
        let kind = fstat(rustix::stdio::stdout()).map(|stat| FileType::from_raw_mode(stat.st_mode));
        match kind {
            Ok(FileType::Fifo | FileType::Socket) => Way::Writer,
            _ => Way::Plain,
        }
    }

    /// Makes stdout hold more, if it is a pipe that holds less than [`WIDE`]: what fits needs no writer thread.
    /// Tells whether it does now.
    fn widen(self) -> bool {
        #[cfg(target_os = "linux")]
        if matches!(self, Way::Pipe | Way::NoWait) {
            use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
            let stdout = rustix::stdio::stdout();
            return fcntl_getpipe_size(stdout).is_ok_and(|size| size < WIDE)
                && fcntl_setpipe_size(stdout, WIDE).is_ok();
        }
        false
    }

    /// Writes what can be written without waiting; `WouldBlock` if that is nothing. Files and terminals are
    /// written only by those who may wait: a terminal can be stopped.
    fn write(&mut self, bytes: &[u8], may_wait: bool) -> io::Result<usize> {
        #[cfg(target_os = "linux")]
        if *self == Way::Unknown {
            *self = reopened().map_or(Way::NoWait, |()| Way::Pipe);
        }
        #[cfg(target_os = "linux")]
        if *self == Way::Pipe {
            return match rustix::io::write(rustix::stdio::stdout(), bytes) {
                Err(Errno::INTR) => Ok(0),
                result => Ok(result?),
            };
        }
        #[cfg(target_os = "linux")]
        if *self == Way::NoWait {
            use rustix::io::{ReadWriteFlags, pwritev2};
            // This offset stands for "where the file is": pipes have no other.
            let result = pwritev2(
                rustix::stdio::stdout(),
                &[io::IoSlice::new(bytes)],
                u64::MAX,
                ReadWriteFlags::NOWAIT,
            );
            match result {
                // Files and terminals, old kernels, sandboxes.
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => {
                    *self = Way::for_stdout();
                }
                Err(Errno::INTR) => return Ok(0),
                result => return Ok(result?),
            }
        }
        match self {
            Way::Plain if may_wait => write_waiting(bytes),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// Opens stdout anew, if it is a pipe, so that it does not block for us, and for nobody who shares it. A write to it takes
/// an eighth less time than one by `pwritev2`.
#[cfg(target_os = "linux")]
fn reopened() -> rustix::io::Result<()> {
    use rustix::fs::{FileType, Mode, OFlags, fstat, open};
    let mode = fstat(rustix::stdio::stdout())?.st_mode;
    if FileType::from_raw_mode(mode) != FileType::Fifo {
        return Err(Errno::NOTSUP);
    }
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let pipe = open("/proc/self/fd/1", flags, Mode::empty())?;
    rustix::stdio::dup2_stdout(pipe)
}

/// Writes some bytes, however long it takes.
fn write_waiting(bytes: &[u8]) -> io::Result<usize> {
    let stdout = rustix::stdio::stdout();
    loop {
        match rustix::io::write(stdout, bytes) {
            Err(Errno::INTR) => {}
            // Somebody who shares the pipe has made it non-blocking.
            Err(Errno::AGAIN) => wait_for(&stdout, PollFlags::OUT),
            result => return Ok(result?),
        }
    }
}

fn read(buffer: &mut [u8]) -> io::Result<usize> {
    let stdin = rustix::stdio::stdin();
    loop {
        match rustix::io::read(stdin, &mut *buffer) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_for(&stdin, PollFlags::IN),
            result => return Ok(result?),
        }
    }
}

fn wait_for(fd: &std::os::fd::BorrowedFd<'_>, flags: PollFlags) {
    // Whatever poll says, the read or write that follows says it better.
    let _ready = poll(&mut [PollFd::new(fd, flags)], None);
}

/// Whether a read would return at once.
fn input_is_there() -> bool {
    let stdin = rustix::stdio::stdin();
    let now = rustix::event::Timespec::default();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    // Some systems cannot poll terminals, and say so in other flags.
    let there = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
    poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(there)
}
