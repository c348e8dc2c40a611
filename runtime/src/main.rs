//! The program: puts the parts together, and decides how it ends. Exit codes are decided here and
//! nowhere else.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | clean end |
//! | 1 | the settings or arguments cannot be used, or no provider can (and none has answered) |
//! | 2 | could not start: stdin cannot be read, no signal handlers |
//! | 3 | fatal error: stdout gone or stuck with answers owed, a panic; a command's call has failed |
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
    gateway::Gateway,
    library::{self, Library},
    log,
    output::Unwritten,
    redact::Redactor,
    resources,
    runner::{Hooks, Runner},
    settings::{Environment, Offer, Problem, Settings},
    signal::Signals,
    standby,
    stdio::{Owed, Stdio},
    tools::Tools,
};

#[cfg(target_env = "musl")]
mod allocator;
#[cfg(all(target_arch = "x86_64", any(target_env = "musl", test)))]
mod memory;
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
            log::direct(&format!("anygpt-mcp: signals cannot be handled: {error}"));
            leave(INITIALIZATION);
        }
    };
    let code = match cli::parse(env::args_os().skip(1)) {
        Err(problem) => {
            log::direct(&format!("anygpt-mcp: {problem}"));
            CONFIGURATION
        }
        Ok(Command::Serve) => serve(signals),
        Ok(command) => {
            if command.may_wait() {
                leave_on_signal(signals);
            }
            code_of(commands::run(command, &load))
        }
    };
    leave(code);
}

fn load() -> Result<Settings, Problem> {
    let environment = Environment::new(&|name| env::var_os(name));
    Settings::load(environment.with_names(&|| env::vars_os().map(|(name, _)| name).collect()))
}

/// A command has nothing to bring to a good end.
fn leave_on_signal(mut signals: Signals) {
    let waiting = thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            signals.wait();
            leave(INTERRUPTED);
        });
    // Without it a signal is lost; that is no reason to do nothing at all.
    drop(waiting);
}

fn code_of(ended: Result<Ended, Unwritten>) -> i32 {
    match ended {
        Ok(Ended::Well) => CLEAN,
        Ok(Ended::Configuration) => CONFIGURATION,
        Ok(Ended::Failed) => FATAL,
        // Whoever reads has seen enough.
        Err(Unwritten::Closed) => CLEAN,
        Err(Unwritten::Failed(error)) => {
            log::direct(&format!("anygpt-mcp: stdout cannot be written: {error}"));
            FATAL
        }
    }
}

fn serve(mut signals: Signals) -> i32 {
    let settings = match load() {
        Ok(settings) => settings,
        Err(problem) => return refuse(&problem, &signals),
    };
    let usable = settings.has_usable_provider();
    let redactor = Redactor::of(&settings);
    log::start(settings.log_level, settings.log_format, redactor.clone());
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    if !usable {
        log::direct(&format!("anygpt-mcp: {}", Settings::no_provider_advice()));
    }
    if standby::wanted(settings.standby) {
        if !usable {
            return CONFIGURATION;
        }
        tracing::info!("standing by: talk to it with docker exec -i NAME anygpt-mcp");
        signals.wait();
        log::finish();
        return CLEAN;
    }
    if io::IsTerminal::is_terminal(&io::stdin()) {
        log::direct(
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
    let held = budget.reservation();
    let stdio = Stdio::new(server, limits.queued_output, held, redactor.clone(), || {
        log::direct("anygpt-mcp: stdout is gone: the client has left");
        leave(FATAL);
    });
    let hooks = Hooks {
        on_signal,
        on_failure: |error| {
            log::direct(&format!("anygpt-mcp: the async thread failed: {error}"));
            leave(INITIALIZATION);
        },
    };
    let runner = Runner::new(Arc::clone(&stdio), signals.into_socket(), hooks, |ending| {
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
        stdio,
        runner,
    });
    let tools = Tools::new(settings);
    let served = process
        .stdio
        .serve(&tools, &process.runner, || process.runner.start());
    match served {
        Ok(()) => finish(process, process.grace.unwrap_or(GRACE)),
        Err(problem) => {
            log::direct(&format!(
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
    stdio: Arc<Stdio>,
    runner: Runner,
}

static PROCESS: OnceLock<Process> = OnceLock::new();

/// Ends the process in good order: waits for open calls, at most as long as `grace`, answers those that
/// are left with what they have, writes everything. Can be called on any thread; the first one does
/// it, later ones only bring the end nearer.
fn finish(process: &Process, grace: Duration) -> ! {
    if !process.stdio.begin_end(Instant::now() + grace) {
        park();
    }
    see_through(process)
}

/// The end has begun: waits for what is owed, then leaves.
fn see_through(process: &Process) -> ! {
    let stdio = &process.stdio;
    let mut owed = stdio.wait_until_bound();
    if owed == Owed::Answers {
        process.runner.hand_out();
        owed = stdio.wait(Instant::now() + LAST_ORDERS);
        if owed == Owed::Answers {
            stdio.cancel_open_calls();
            owed = stdio.wait(Instant::now() + LAST_ORDERS);
        }
    }
    leave(match owed {
        Owed::Nothing if process.is_usable || process.runner.has_answered() => CLEAN,
        Owed::Nothing => CONFIGURATION,
        _ => FATAL,
    })
}

/// The first signal ends the process in good order, the second one at once.
fn on_signal() {
    static SIGNALS: AtomicU32 = AtomicU32::new(0);
    let Some(process) = PROCESS.get() else {
        return;
    };
    if SIGNALS.fetch_add(1, Ordering::Relaxed) > 0 {
        leave_as_it_is(process);
    }
    let grace = process.grace.unwrap_or(GRACE_AFTER_SIGNAL);
    let first = process.stdio.begin_end(Instant::now() + grace);
    // Only now: who reads this may rely on it that no new call is taken.
    tracing::info!("shutting down: open calls are finished first");
    if !first {
        return;
    }
    // The async thread must go on working for the calls that are waited for.
    let waiting = thread::Builder::new()
        .name("finish".into())
        .spawn(move || see_through(process));
    if waiting.is_err() {
        leave_as_it_is(process);
    }
}

/// Leaves without waiting for open calls. A write that is under way may end, so that it splits no line.
fn leave_as_it_is(process: &Process) -> ! {
    let mut owed = process.stdio.owed();
    if owed == Owed::Output {
        owed = process.stdio.wait(Instant::now() + LAST_WRITE);
    }
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
    log::finish();
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
    log::direct(&format!(
        "anygpt-mcp: this is a bug, please report it: panic at {place}: {message}"
    ));
    process::exit(FATAL);
}

/// The settings cannot be used: says so on stderr, and to a client that asks within a second, so that
/// it can show it.
fn refuse(problem: &Problem, signals: &Signals) -> i32 {
    let text = format!("anygpt-mcp cannot start: {problem}");
    log::direct(&text);
    let redactor = Redactor::of_environment();
    let mut server = Server::new(
        library::catalog(&Offer::default()),
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
