//! The start: puts the parts together, for a server or for a command.
//!
//! Never here: how the process ends ([`exit`]).

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal as _},
    panic,
    sync::Arc,
    time::{Duration, Instant},
};

use anygpt_core::{Budget, Limits, NoLibrary, Server};

use crate::{
    cli,
    commands::{self, Exit},
    error::no_provider_for_client,
    exit::{self, CLEAN, CONFIGURATION, FATAL, INITIALIZATION, INTERRUPTED, Process, leave},
    gateway::Gateway,
    library::{self, Library},
    mcp::{self, Connection, runner::Runner},
    output::{self, StdoutError},
    redact::Redactor,
    resources,
    settings::{Environment, GRACE_AFTER_SIGNAL, Offer, Problem, Settings},
    signal::{Listener, Signals},
    standby::{self, Sessions, Stdin},
    telemetry,
    tools::{self, Tools},
};

/// How long a client has to send a first request, to be answered with what is wrong with the settings.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// What a process inherits, as far as it can only be seen outside of this library, which has no `unsafe`.
#[derive(Clone, Copy, Debug)]
pub struct Inherited {
    /// The process was started without a stdin, which cannot be seen any more once Rust's runtime has started.
    pub stdin_was_closed: bool,
    /// Whether a signal is ignored.
    pub is_ignored: fn(i32) -> bool,
}

/// Runs the program with these arguments, without its name.
pub fn run(arguments: impl Iterator<Item = OsString>, inherited: Inherited) -> ! {
    // Before any key is read.
    resources::forbid_core_dumps();
    // Before anything that takes time: PID 1 loses the signals that it has no handler for.
    let signals = Signals::install(inherited.is_ignored);
    panic::set_hook(Box::new(exit::on_panic));

    let signals = match signals {
        Ok(signals) => signals,
        Err(error) => {
            telemetry::message_now(&format!("signals cannot be handled: {error}"));
            leave(INITIALIZATION);
        }
    };
    let code = match cli::parse(arguments) {
        Err(problem) => {
            telemetry::message_now(&problem.to_string());
            CONFIGURATION
        }
        Ok(None) => serve(signals, inherited.stdin_was_closed),
        Ok(Some(command)) => {
            // A command leaves nothing unfinished. If this fails, a signal waits until the command is done.
            let _applies = signals.end_at_once(INTERRUPTED);
            code_of(commands::run(command, &load))
        }
    };
    leave(code)
}

fn load() -> Result<Settings, Problem> {
    Settings::load(Environment::new(env::vars_os()), &tools::names())
}

fn code_of(ended: Result<Exit, StdoutError>) -> i32 {
    match ended {
        Ok(Exit::Success) => CLEAN,
        Ok(Exit::Configuration) => CONFIGURATION,
        Ok(Exit::Failed) => FATAL,
        // The reader has closed its end, as `head` does.
        Err(StdoutError::Closed) => CLEAN,
        Err(StdoutError::Failed(error)) => {
            telemetry::message_now(&format!("stdout cannot be written: {error}"));
            FATAL
        }
    }
}

fn serve(signals: Signals, stdin_was_closed: bool) -> i32 {
    let settings = match load() {
        Ok(settings) => settings,
        Err(problem) => return refuse(&problem, &signals),
    };
    let is_usable = settings.has_usable_provider();
    let redactor = Redactor::of(&settings);
    telemetry::start(settings.log_level, settings.log_format, redactor.clone());
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    for note in &settings.notes {
        tracing::debug!("{note}");
    }
    if !is_usable {
        telemetry::message_now(&no_provider_for_client(settings.ended.as_deref()));
    }
    let stdin = Stdin::new(stdin_was_closed);
    if standby::should_stand_by(settings.standby, stdin) {
        return match is_usable {
            true => stand_by(&signals, settings.shutdown_grace),
            false => CONFIGURATION,
        };
    }
    if let Err(error) = output::check() {
        telemetry::message_now(&format!(
            "stdout cannot be written, so no answer would arrive: {error}. Start it with a pipe, as an MCP \
             client does"
        ));
        return FATAL;
    }
    print_hints(stdin);
    serve_stdin(settings, redactor, signals, is_usable)
}

/// The main process of a container that has no session of its own.
fn stand_by(signals: &Signals, grace: Option<Duration>) -> i32 {
    tracing::info!("standing by: talk to it with docker exec -i NAME anygpt-mcp");
    let sessions = Sessions::of_container();
    signals.wait();
    let grace = grace.unwrap_or(GRACE_AFTER_SIGNAL);
    exit::end_sessions(sessions, Instant::now() + grace, |pause| {
        signals.wait_until(Instant::now() + pause)
    });
    CLEAN
}

/// What a person should know who has started this without a client.
fn print_hints(stdin: Stdin) {
    if let Some(advice) = stdin.advice() {
        telemetry::message_now(&advice);
    }
    if io::stdin().is_terminal() {
        telemetry::write_now(
            "anygpt-mcp waits for MCP messages on this terminal, one JSON-RPC message per line; it is \
             meant to be started by an MCP client. Try: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"} \
             or, in the shell, anygpt-mcp --help. Ctrl-D ends it.",
        );
    }
}

fn serve_stdin(settings: Settings, redactor: Redactor, signals: Signals, is_usable: bool) -> ! {
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
    let signals = Listener::new(signals, exit::on_signal, FATAL);
    let gone = || {
        telemetry::message_now(
            "stdout cannot be written, probably because the client closed it: exiting",
        );
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
    let process = Process {
        is_usable,
        grace: settings.shutdown_grace,
        connection,
        runner,
        signals,
    };
    let process = process.install();
    let tools = Tools::new(settings, budget);
    match mcp::serve(&process.connection, &tools, &process.runner) {
        Ok(()) => process.end_of_input(),
        Err(problem) => {
            telemetry::message_now(&format!(
                "stdin cannot be read: {}. Start it with a pipe, as in docker run -i",
                problem.error
            ));
            leave(if problem.first { INITIALIZATION } else { FATAL })
        }
    }
}

/// The settings cannot be used: reports it on stderr, and to a client that asks within a second, so that it can show it.
fn refuse(problem: &Problem, signals: &Signals) -> i32 {
    let text = format!("anygpt-mcp cannot start: {problem}");
    telemetry::write_now(&text);
    let redactor = Redactor::of_environment();
    let mut server = Server::new(
        library::catalog(&Offer::usual(&tools::names())),
        // The only answer is the problem.
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

/// Reads what arrives until `end`, unless a signal comes first.
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
