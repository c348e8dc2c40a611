//! The main thread: reads stdin, and answers at once what needs no network.
//!
//! Never here: what a message means (`anygpt_core`), how output is written, the decision to end the process.

use std::{
    io,
    sync::{Arc, MutexGuard},
};

use anygpt_core::{Action, CallHandle};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

use super::{
    connection::{Connection, State},
    runner::Runner,
};
use crate::{
    error::{Error, ErrorKind},
    outcome::Outcome,
    output, telemetry,
    tools::{Step, Tools},
};

/// Most bytes of one read: the capacity of a pipe.
const READ: usize = 64 * 1024;

/// Serves stdin until it ends. Handling of signals starts after the first input has been answered, or at once if there is
/// no input yet.
///
/// # Errors
/// Stdin cannot be read.
pub(crate) fn serve(
    connection: &Arc<Connection>,
    tools: &Tools,
    runner: &Runner,
) -> Result<(), ReadError> {
    let mut input = Input {
        connection,
        tools,
        runner,
        actions: Vec::new(),
        outcomes: Vec::new(),
    };
    let mut buffer = vec![0; READ];
    let mut first = true;
    let mut listens = false;
    loop {
        if !listens && (!first || !input_is_there()) {
            listens = connection.signals().start();
            if !listens {
                connection.signals().wait_for_input(rustix::stdio::stdin());
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

/// Why the input could not be read.
#[derive(Debug)]
pub(crate) struct ReadError {
    /// Nothing had been read before.
    pub first: bool,
    /// The operating system's error.
    pub error: io::Error,
}

/// Processes input on the main thread.
struct Input<'s> {
    connection: &'s Arc<Connection>,
    tools: &'s Tools,
    runner: &'s Runner,
    actions: Vec<Action>,
    outcomes: Vec<(CallHandle, Outcome)>,
}

impl Input<'_> {
    /// Handles the bytes that were read, and writes what can be answered at once.
    fn take(&mut self, mut bytes: &[u8]) {
        let connection = self.connection;
        let mut state = connection.lock();
        while !bytes.is_empty() {
            // The client must read before it may ask for more.
            while !connection.has_room(&state) && !state.gone {
                // Signals must be handled meanwhile. (If there is no thread for them, there is none that fills the queue, either.)
                connection.signals().start();
                state = connection.wait_for_change(state);
            }
            let used = state.server.handle_input(bytes);
            bytes = &bytes[used..];
            telemetry::set_client_level(state.server.logging_level());
            state = self.act(state);
            state = connection.write(state, true);
            // The shutdown may have been waiting for this cancel alone.
            connection.notify_waiters(&state);
            if state.gone {
                return;
            }
        }
    }

    fn finish(&mut self) {
        let mut state = self.connection.lock();
        state.server.handle_eof();
        state = self.act(state);
        drop(self.connection.write(state, true));
    }

    /// Carries out the server's actions; those that need no network at once.
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
                    let error = Error::shutting_down();
                    self.outcomes.push((call.handle, Outcome::error(error)));
                }
                Action::CallTool(call) => {
                    let handle = call.handle;
                    match self.tools.call(call) {
                        Step::Done(outcome) => {
                            self.outcomes.push((handle, outcome));
                        }
                        Step::Network(job) => {
                            // An answer that cannot be delivered must not be paid for.
                            if output::is_abandoned() {
                                self.connection.client_gone();
                            }
                            if let Err(error) = self.runner.run(job) {
                                self.outcomes.push((handle, no_thread(&error)));
                            }
                        }
                    }
                }
                Action::CancelCall(handle) => self.runner.cancel(handle),
            }
        }
        for (_, outcome) in &mut self.outcomes {
            outcome.redact(self.connection.redactor());
        }
        let mut state = self.connection.lock();
        for (handle, outcome) in self.outcomes.drain(..) {
            state.complete_counted(handle, outcome);
        }
        state
    }
}

fn read(buffer: &mut [u8]) -> io::Result<usize> {
    let stdin = rustix::stdio::stdin();
    loop {
        match rustix::io::read(stdin, &mut *buffer) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => output::wait_for(&stdin, PollFlags::IN),
            result => return Ok(result?),
        }
    }
}

/// Whether a read would return at once.
fn input_is_there() -> bool {
    let stdin = rustix::stdio::stdin();
    let now = rustix::event::Timespec::default();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    // Some systems cannot poll terminals, and report that in other flags.
    let there = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
    poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(there)
}

fn no_thread(error: &io::Error) -> Outcome {
    let message = format!("the operating system has no thread for calls: {error}");
    let advice =
        "Allow more processes and files (docker run --pids-limit), or repeat the call later.";
    Outcome::error(Error::new(ErrorKind::Unavailable, message).advise_plain(advice))
}
