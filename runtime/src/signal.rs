//! SIGTERM, SIGINT and SIGHUP, from the first instruction on.
//!
//! The kernel drops signals for which PID 1 has no handler, and kills other processes with them, so handlers are
//! installed before anything else. They write a byte into a socket, where it stays until a thread reads it, so no signal is
//! lost before that thread exists.
//!
//! A server waits for signals on a thread of its own, so that no other work can delay one. If no thread can be started, the
//! thread that reads stdin listens while it waits, and the handlers themselves end the process at all other times.
//!
//! SIGINT and SIGHUP stay ignored if they are ignored at the start: `nohup` and shells ask for that. SIGTERM does not,
//! since a container could not be stopped then. SIGQUIT keeps its default action, as the way to end a process that hangs.
//!
//! Never here: what a signal means for calls in flight.

use std::{
    ffi::c_int,
    io::{self, Read},
    os::{fd::BorrowedFd, unix::net::UnixStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use nix::sys::signal::{SigSet, Signal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::{flag::register_conditional_shutdown, low_level::pipe};

/// The signals that are handled, unless they are ignored.
const SIGNALS: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];

/// The queue of signals: one byte each in a socket.
#[derive(Debug)]
pub(crate) struct Signals {
    socket: UnixStream,
    handled: Vec<c_int>,
}

impl Signals {
    /// Installs the handlers. `is_ignored` says which signals were ignored when the process started.
    ///
    /// # Errors
    /// The operating system refuses a socket or a handler.
    pub(crate) fn install(is_ignored: fn(c_int) -> bool) -> io::Result<Self> {
        // Installing a handler takes two steps; a signal between them is delivered after both.
        let all = SigSet::from_iter(SIGNALS);
        all.thread_block()?;
        let (socket, sender) = UnixStream::pair()?;
        let handled = SIGNALS.into_iter();
        let handled = handled.filter(|&it| it == Signal::SIGTERM || !is_ignored(it as c_int));
        let handled: Vec<c_int> = handled.map(|signal| signal as c_int).collect();
        for &signal in &handled {
            pipe::register(signal, sender.try_clone()?)?;
        }
        all.thread_unblock()?;
        Ok(Signals { socket, handled })
    }

    /// From now on a signal exits the process in its handler, with this code, as long as the returned flag is true: for
    /// times when there is nothing to finish, or no thread to finish it.
    ///
    /// # Errors
    /// The operating system refuses a handler.
    pub(crate) fn end_at_once(&self, code: i32) -> io::Result<Arc<AtomicBool>> {
        let applies = Arc::new(AtomicBool::new(true));
        for &signal in &self.handled {
            register_conditional_shutdown(signal, code, Arc::clone(&applies))?;
        }
        Ok(applies)
    }

    /// Blocks this thread until a signal arrives.
    pub(crate) fn wait(&self) {
        // After an error no signal can arrive any more, so this is treated as one.
        while let Err(error) = (&self.socket).read(&mut [0]) {
            if error.kind() != io::ErrorKind::Interrupted {
                break;
            }
        }
    }

    /// Waits for a signal until `end`. Returns whether one has arrived.
    pub(crate) fn wait_until(&self, end: Instant) -> bool {
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now())).ok();
        let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
        // A signal interrupts `poll`; the next iteration sees the byte.
        let arrived = matches!(poll(&mut fds, left.as_ref()), Ok(1..));
        if arrived {
            self.wait();
        }
        arrived
    }

    /// The socket, to be polled.
    pub(crate) fn socket(&self) -> &UnixStream {
        &self.socket
    }
}

/// Calls a function for each signal, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Listener {
    signals: Signals,
    on_signal: fn(),
    /// The exit code if a signal arrives while no thread can listen.
    exit_code: i32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The thread exists.
    started: bool,
    /// While true, the handlers exit the process.
    in_handler: Option<Arc<AtomicBool>>,
}

impl Listener {
    /// A listener whose thread is not started yet. `on_signal` is called for each signal, and must not block.
    pub(crate) fn new(signals: Signals, on_signal: fn(), exit_code: i32) -> Arc<Self> {
        Arc::new(Listener {
            signals,
            on_signal,
            exit_code,
            state: Mutex::default(),
        })
    }

    /// Starts the thread, unless it runs already. Returns false if that is not possible.
    pub(crate) fn start(self: &Arc<Self>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.started {
            let listener = Arc::clone(self);
            let run = move || loop {
                listener.signals.wait();
                (listener.on_signal)();
            };
            let spawned = thread::Builder::new().name("signals".into()).spawn(run);
            state.started = spawned.is_ok();
        }
        state.started
    }

    /// Waits until a read would not block, and handles signals meanwhile: for a process with a single thread.
    pub(crate) fn wait_for_input(&self, input: BorrowedFd<'_>) {
        loop {
            let mut fds = [
                PollFd::new(&self.signals.socket, PollFlags::IN),
                PollFd::new(&input, PollFlags::IN),
            ];
            if poll(&mut fds, None).is_err() {
                continue;
            }
            if fds[0].revents().is_empty() {
                return;
            }
            self.signals.wait();
            (self.on_signal)();
        }
    }

    /// Runs work that may block. If no thread listens, a signal exits the process meanwhile.
    pub(crate) fn run_blocking<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        if self.start() {
            return work();
        }
        self.exit_in_handler(true);
        let done = work();
        self.exit_in_handler(false);
        done
    }

    /// Whether a signal exits the process in its handler from now on.
    pub(crate) fn exit_in_handler(&self, applies: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.in_handler {
            Some(in_handler) => in_handler.store(applies, Ordering::SeqCst),
            // If this fails, a signal is handled late.
            None if applies => state.in_handler = self.signals.end_at_once(self.exit_code).ok(),
            None => {}
        }
    }
}
