//! How the process ends: exit codes, signals, panics, and the orderly end of a server.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | clean end |
//! | 1 | the settings or arguments cannot be used, or no provider can (and none has answered) |
//! | 2 | could not start: stdin cannot be read, no signal handlers |
//! | 3 | fatal error: stdout closed or full at the start, or gone or stuck with answers outstanding; a panic; a command's call has failed |
//! | 130 | a signal has ended a command |
//!
//! Never here: starting anything. Nothing else in the program exits.

use std::{
    panic::PanicHookInfo,
    process,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    mcp::{Connection, Outstanding, runner::Runner},
    settings::{GRACE, GRACE_AFTER_SIGNAL},
    signal::Listener,
    standby::Sessions,
    telemetry,
};

pub(crate) const CLEAN: i32 = 0;
pub(crate) const CONFIGURATION: i32 = 1;
pub(crate) const INITIALIZATION: i32 = 2;
pub(crate) const FATAL: i32 = 3;
pub(crate) const INTERRUPTED: i32 = 130;

/// Time for open calls to return partial results, and for the client to read them.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a write in progress may take when nothing else is waited for.
const LAST_WRITE: Duration = Duration::from_millis(100);

/// How long stderr has to take the last lines of the log.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Interval between two checks for other sessions.
const POLL: Duration = Duration::from_millis(20);

/// What an orderly end needs. There is one per process, in a static, because a signal may come on any thread.
pub(crate) struct Process {
    /// A provider was usable from the start.
    pub(crate) is_usable: bool,
    /// `ANYGPT_SHUTDOWN_GRACE`
    pub(crate) grace: Option<Duration>,
    pub(crate) connection: Arc<Connection>,
    pub(crate) runner: Runner,
    pub(crate) signals: Arc<Listener>,
}

static PROCESS: OnceLock<Process> = OnceLock::new();

impl Process {
    /// From now on a signal ends this in good order.
    pub(crate) fn install(self) -> &'static Self {
        PROCESS.get_or_init(|| self)
    }

    pub(crate) fn end_of_input(&self) -> ! {
        self.finish(self.grace.unwrap_or(GRACE), || {})
    }

    /// Ends the process in good order: waits at most `grace` for open calls, answers the rest with what they have,
    /// and writes everything. Can be called on any thread; the first call does it, later ones only shorten the wait. No
    /// new call is accepted once `begun` is called.
    fn finish(&self, grace: Duration, begun: impl FnOnce()) -> ! {
        let connection = &self.connection;
        let deadline = Instant::now() + grace;
        let first = connection.begin_end(deadline);
        begun();
        if !first {
            park();
        }
        let mut sessions = Sessions::of_namespace();
        // They end meanwhile.
        if let Some(sessions) = &mut sessions {
            sessions.end();
        }
        let mut outstanding = connection.wait_until_deadline();
        if outstanding == Outstanding::Answers {
            self.runner.return_partial_results();
            outstanding = connection.wait(Instant::now() + DRAIN_TIMEOUT);
            if outstanding == Outstanding::Answers {
                connection.cancel_open_calls();
                outstanding = connection.wait(Instant::now() + DRAIN_TIMEOUT);
            }
        }
        end_sessions(sessions, deadline, |pause| {
            thread::sleep(pause);
            false
        });
        leave(match outstanding {
            Outstanding::Nothing if self.is_usable || self.runner.has_answered() => CLEAN,
            Outstanding::Nothing => CONFIGURATION,
            _ => FATAL,
        })
    }

    /// Leaves without waiting for open calls. A write in progress may finish, so that no line is cut.
    fn leave_as_it_is(&self) -> ! {
        let outstanding = self.connection.outstanding(Instant::now() + LAST_WRITE);
        // Another thread may be leaving already and hold the lock in `leave`.
        telemetry::flush(LAST_WRITE);
        leave(match outstanding {
            Outstanding::Nothing => CLEAN,
            _ => FATAL,
        })
    }
}

/// Ends the other sessions of this container, which would be killed otherwise: each has until `deadline` for its
/// calls, and then as long as it takes to return what they have. `pause` returns true to stop waiting.
pub(crate) fn end_sessions(
    sessions: Option<Sessions>,
    deadline: Instant,
    pause: impl Fn(Duration) -> bool,
) {
    let Some(mut sessions) = sessions else {
        return;
    };
    let deadline = deadline + 2 * DRAIN_TIMEOUT + LAST_WRITE;
    while sessions.end() && Instant::now() < deadline && !pause(POLL) {}
}

/// The first signal ends the process in good order, the second one at once. This does not block.
pub(crate) fn on_signal() {
    static SIGNALS: AtomicU32 = AtomicU32::new(0);
    let Some(process) = PROCESS.get() else {
        return;
    };
    if SIGNALS.fetch_add(1, Ordering::Relaxed) > 0 {
        process.leave_as_it_is();
    }
    let finish = move || {
        let grace = process.grace.unwrap_or(GRACE_AFTER_SIGNAL);
        // The line promises that no new call is accepted, so it comes after that is so.
        process.finish(grace, || {
            tracing::info!("shutting down: open calls are finished first");
        })
    };
    let thread = thread::Builder::new().name("finish".into()).spawn(finish);
    if thread.is_err() {
        // This thread has to do it, and cannot listen for a second signal meanwhile.
        process.signals.exit_in_handler(true);
        finish();
    }
}

/// Exits. The async runtime is not joined: a name look-up in progress could hold it for seconds.
pub(crate) fn leave(code: i32) -> ! {
    static LEAVING: Mutex<()> = Mutex::new(());
    // Only one thread may run the exit handlers; the others wait here for the end.
    let _leaving = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
    telemetry::flush(LAST_LINES);
    process::exit(code)
}

fn park() -> ! {
    loop {
        thread::park();
    }
}

/// A panic on any thread ends the process: the state can no longer be trusted.
pub(crate) fn on_panic(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    telemetry::message_now(&format!(
        "this is a bug, please report it: panic at {place}: {message}"
    ));
    process::exit(FATAL);
}
