//! The program: puts the parts together, and decides how it ends. Exit codes are decided here and
//! nowhere else.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | clean end |
//! | 1 | the settings or arguments cannot be used, or no provider can (and none has answered) |
//! | 2 | could not start: stdin cannot be read, no signal handlers |
//! | 3 | fatal error: stdout closed or full at the start, gone or stuck with answers owed; a panic; a command's call has failed |
//! | 130 | a signal has ended a command |

use std::{
    env, io,
    panic::{self, PanicHookInfo},
    process,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anygpt_core::{Budget, Limits, NoLibrary, Server};
use anygpt_mcp::{
    cli::{self, Command},
    commands::{self, Ended},
    error::no_provider_for_client,
    gateway::Gateway,
    library::{self, Library},
    mcp::{self, Connection, Owed, runner::Runner},
    output::{self, Unwritten},
    redact::Redactor,
    resources,
    settings::{Environment, Offer, Problem, Settings},
    signal::{Listener, Signals},
    standby::{self, Sessions, Stdin},
    telemetry,
    tools::{self, Tools},
};

#[cfg(target_env = "musl")]
mod allocator;
mod before_main;
#[cfg(no_unwinding)]
mod no_unwinding;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator::new();

const CLEAN: i32 = 0;
const CONFIGURATION: i32 = 1;
const INITIALIZATION: i32 = 2;
const FATAL: i32 = 3;
const INTERRUPTED: i32 = 130;

/// Longest wait for calls in flight at the end of input.
const GRACE: Duration = Duration::from_secs(30);

/// The same after a signal: Docker kills 10 s after it.
const GRACE_AFTER_SIGNAL: Duration = Duration::from_secs(8);

/// What calls get at the end of that to hand out what they have, and the client to take it.
const LAST_ORDERS: Duration = Duration::from_millis(500);

/// How long a client has to take what is being written when nothing else is waited for.
const LAST_WRITE: Duration = Duration::from_millis(100);

/// How long stderr has to take the last lines of the log.
const LAST_LINES: Duration = Duration::from_secs(2);

/// How often it is looked at whether sessions are left.
const LOOK: Duration = Duration::from_millis(20);

/// How long a client has to send a first request that is answered with what is wrong with the settings.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

fn main() {
    // Before a key is touched.
    resources::forbid_core_dumps();
    // Before anything that takes time: PID 1 loses the signals that it has no handler for.
    let signals = Signals::install();
    panic::set_hook(Box::new(on_panic));

    let signals = match signals {
        Ok(signals) => signals,
        Err(error) => {
            telemetry::write_now(&format!("anygpt-mcp: signals cannot be handled: {error}"));
            leave(INITIALIZATION);
        }
    };
    let code = match cli::parse(env::args_os().skip(1)) {
        Err(problem) => {
            telemetry::write_now(&format!("anygpt-mcp: {problem}"));
            CONFIGURATION
        }
        Ok(Command::Serve) => serve(signals),
        Ok(command) => {
            // A command has nothing to bring to a good end. If this is refused, a signal waits until it has done its work.
            let _applies = signals.end_at_once(INTERRUPTED);
            code_of(commands::run(command, &load))
        }
    };
    leave(code);
}

fn load() -> Result<Settings, Problem> {
    let environment = Environment::new(&|name| env::var_os(name));
    let names = || env::vars_os().map(|(name, _)| name).collect();
    Settings::load(environment.with_names(&names), &tools::names())
}

fn code_of(ended: Result<Ended, Unwritten>) -> i32 {
    match ended {
        Ok(Ended::Well) => CLEAN,
        Ok(Ended::Configuration) => CONFIGURATION,
        Ok(Ended::Failed) => FATAL,
        // Whoever reads has seen enough.
        Err(Unwritten::Closed) => CLEAN,
        Err(Unwritten::Failed(error)) => {
            telemetry::write_now(&format!("anygpt-mcp: stdout cannot be written: {error}"));
            FATAL
        }
    }
}

fn serve(signals: Signals) -> i32 {
    let settings = match load() {
        Ok(settings) => settings,
        Err(problem) => return refuse(&problem, &signals),
    };
    let usable = settings.has_usable_provider();
    let redactor = Redactor::of(&settings);
    telemetry::start(settings.log_level, settings.log_format, redactor.clone());
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    for note in &settings.notes {
        tracing::debug!("{note}");
    }
    if !usable {
        telemetry::write_now(&format!("anygpt-mcp: {}", no_provider_for_client()));
    }
    let stdin = Stdin::new(before_main::stdin_was_closed());
    if standby::wanted(settings.standby, stdin) {
        if !usable {
            return CONFIGURATION;
        }
        tracing::info!("standing by: talk to it with docker exec -i NAME anygpt-mcp");
        let sessions = Sessions::of_container();
        signals.wait();
        let grace = settings.shutdown_grace.unwrap_or(GRACE_AFTER_SIGNAL);
        end_sessions(sessions, Instant::now() + grace, |pause| {
            signals.wait_until(Instant::now() + pause)
        });
        return CLEAN;
    }
    if let Err(error) = output::check() {
        telemetry::write_now(&format!(
            "anygpt-mcp: stdout cannot be written, so no answer would arrive: {error}. Start it with a pipe, as an MCP \
             client does"
        ));
        return FATAL;
    }
    if let Some(advice) = stdin.advice() {
        telemetry::write_now(&format!("anygpt-mcp: {advice}"));
    }
    if io::IsTerminal::is_terminal(&io::stdin()) {
        telemetry::write_now(
            "anygpt-mcp waits for MCP messages on this terminal, one JSON-RPC message per line; it is \
             meant to be started by an MCP client. Try: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"} \
             or, in the shell, anygpt-mcp --help. Ctrl-D ends it.",
        );
    }
    let files = resources::raise_file_limit();

    let settings = Arc::new(settings);
    let budget = Budget::new(resources::budget());
    let limits = Limits::default();
    let library = Library::new(Arc::clone(&settings), redactor.clone());
    let server = Server::new(
        library::catalog(&settings.offer),
        Box::new(library),
        limits,
        &budget,
    );
    let signals = Listener::new(signals, on_signal, FATAL);
    let gone = || {
        telemetry::write_now("anygpt-mcp: stdout is gone: the client has left");
        leave(FATAL);
    };
    let connection = Connection::new(
        server,
        limits.queued_output,
        Arc::clone(&budget),
        redactor.clone(),
        Arc::clone(&signals),
        gone,
    );
    let runner = Runner::new(Arc::clone(&connection), |ending| {
        Gateway::new(
            Arc::clone(&settings),
            redactor,
            Arc::clone(&budget),
            files,
            ending,
        )
    });
    let process = PROCESS.get_or_init(|| Process {
        is_usable: usable,
        grace: settings.shutdown_grace,
        connection,
        runner,
        signals,
    });
    let tools = Tools::new(settings, budget);
    match mcp::serve(&process.connection, &tools, &process.runner) {
        Ok(()) => finish(process, process.grace.unwrap_or(GRACE), || {}),
        Err(problem) => {
            telemetry::write_now(&format!(
                "anygpt-mcp: stdin cannot be read: {}. Start it with a pipe, as in docker run -i",
                problem.error
            ));
            leave(if problem.first { INITIALIZATION } else { FATAL })
        }
    }
}

/// What the ways to the end need; there is one per process.
struct Process {
    /// A provider was usable from the start.
    is_usable: bool,
    grace: Option<Duration>,
    connection: Arc<Connection>,
    runner: Runner,
    signals: Arc<Listener>,
}

static PROCESS: OnceLock<Process> = OnceLock::new();

/// Ends the process in good order: waits for open calls, at most as long as `grace`, answers those that
/// are left with what they have, writes everything. Can be called on any thread; the first one does
/// it, later ones only bring the end nearer. No new call is taken any more when `begun` is called.
fn finish(process: &Process, grace: Duration, begun: impl FnOnce()) -> ! {
    let connection = &process.connection;
    let bound = Instant::now() + grace;
    let first = connection.begin_end(bound);
    begun();
    if !first {
        park();
    }
    let mut sessions = Sessions::of_namespace();
    // They end meanwhile.
    sessions.as_mut().map(Sessions::end);
    let mut owed = connection.wait_until_bound();
    if owed == Owed::Answers {
        process.runner.hand_out();
        owed = connection.wait(Instant::now() + LAST_ORDERS);
        if owed == Owed::Answers {
            connection.cancel_open_calls();
            owed = connection.wait(Instant::now() + LAST_ORDERS);
        }
    }
    end_sessions(sessions, bound, |pause| {
        thread::sleep(pause);
        false
    });
    leave(match owed {
        Owed::Nothing if process.is_usable || process.runner.has_answered() => CLEAN,
        Owed::Nothing => CONFIGURATION,
        _ => FATAL,
    })
}

/// Ends the other sessions of this container, which would be killed otherwise: each has the time until `bound` for its calls,
/// and what it takes to hand out what they have. `pause` tells whether to wait no longer.
fn end_sessions(sessions: Option<Sessions>, bound: Instant, pause: impl Fn(Duration) -> bool) {
    let Some(mut sessions) = sessions else {
        return;
    };
    let bound = bound + 2 * LAST_ORDERS + LAST_WRITE;
    while sessions.end() && Instant::now() < bound && !pause(LOOK) {}
}

/// The first signal ends the process in good order, the second one at once. Nothing here waits.
fn on_signal() {
    static SIGNALS: AtomicU32 = AtomicU32::new(0);
    let Some(process) = PROCESS.get() else {
        return;
    };
    if SIGNALS.fetch_add(1, Ordering::Relaxed) > 0 {
        leave_as_it_is(process);
    }
    let finish = move || {
        let grace = process.grace.unwrap_or(GRACE_AFTER_SIGNAL);
        // Who reads this may rely on it that no new call is taken.
        finish(process, grace, || {
            tracing::info!("shutting down: open calls are finished first");
        })
    };
    let waiting = thread::Builder::new().name("finish".into()).spawn(finish);
    if waiting.is_err() {
        // It is done on this thread, which hears no second signal then.
        process.signals.hear_nothing(true);
        finish();
    }
}

/// Leaves without waiting for open calls. A write that is under way may end, so that it splits no line.
fn leave_as_it_is(process: &Process) -> ! {
    let owed = process.connection.owed(Instant::now() + LAST_WRITE);
    // Another thread may be leaving already, and waiting for this.
    telemetry::flush(LAST_WRITE);
    leave(match owed {
        Owed::Nothing => CLEAN,
        _ => FATAL,
    })
}

/// Leaves now. The async runtime is not joined: a look-up of a name could hold it for seconds.
fn leave(code: i32) -> ! {
    static LEAVING: Mutex<()> = Mutex::new(());
    // Only one thread may run the exit handlers; the others wait for the end here.
    let _leaving = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
    telemetry::flush(LAST_LINES);
    process::exit(code)
}

fn park() -> ! {
    loop {
        thread::park();
    }
}

/// A panic on any thread is the end: nothing is known about the state any more.
fn on_panic(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    telemetry::write_now(&format!(
        "anygpt-mcp: this is a bug, please report it: panic at {place}: {message}"
    ));
    process::exit(FATAL);
}

/// The settings cannot be used: says so on stderr, and to a client that asks within a second, so that
/// it can show it.
fn refuse(problem: &Problem, signals: &Signals) -> i32 {
    let text = format!("anygpt-mcp cannot start: {problem}");
    telemetry::write_now(&text);
    let redactor = Redactor::of_environment();
    let mut server = Server::new(
        library::catalog(&Offer::usual(&tools::names())),
        // Nothing is served but the reason.
        Box::new(NoLibrary),
        Limits::default(),
        &Budget::new(Limits::default().line),
    );
    server.refuse(redactor.diagnostic(&text));
    let end = Instant::now() + FIRST_REQUEST;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while answer.is_empty() {
        let Some(read) = read_before(end, signals, &mut buffer) else {
            break;
        };
        let used = server.handle_input(&buffer[..read]);
        if read == 0 {
            server.handle_eof();
        }
        debug_assert!(used == read, "refusals are small");
        server.take_output(&mut answer);
        if read == 0 {
            break;
        }
    }
    let _written = io::Write::write_all(&mut io::stdout(), &answer);
    CONFIGURATION
}

/// Reads what comes in time, unless a signal comes first.
fn read_before(end: Instant, signals: &Signals, buffer: &mut [u8]) -> Option<usize> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = rustix::stdio::stdin();
    let mut fds = [
        PollFd::new(&stdin, PollFlags::IN),
        PollFd::new(signals.socket(), PollFlags::IN),
    ];
    let left = Timespec::try_from(end.saturating_duration_since(Instant::now())).ok()?;
    let ready = poll(&mut fds, Some(&left)).is_ok_and(|count| count > 0);
    if !ready || !fds[1].revents().is_empty() {
        return None;
    }
    rustix::io::read(stdin, buffer).ok()
}
