//! SIGTERM and SIGINT, from the first instruction on.
//!
//! The kernel drops signals for which PID 1 has no handler, and lets other processes die of them, so
//! handlers are installed before anything else. They write a byte into a socket; whoever waits for
//! signals reads it there, so none is lost in the time before anybody waits.
//!
//! Never here: what a signal means for calls in flight.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
};

use nix::sys::signal::{SigSet, Signal};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    low_level::pipe,
};

/// Where signals arrive, a byte for each.
#[derive(Debug)]
pub struct Signals(UnixStream);

impl Signals {
    /// Installs the handlers.
    ///
    /// # Errors
    /// The operating system refuses a socket or a handler.
    pub fn install() -> io::Result<Self> {
        // Installing a handler takes two steps; a signal that comes between them waits.
        let both = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT]);
        both.thread_block()?;
        let (receiver, sender) = UnixStream::pair()?;
        pipe::register(SIGTERM, sender.try_clone()?)?;
        pipe::register(SIGINT, sender)?;
        both.thread_unblock()?;
        Ok(Signals(receiver))
    }

    /// Waits for a signal on this thread.
    pub fn wait(&mut self) {
        // An error is as good a reason to end as a signal: there will be none any more.
        while let Err(error) = self.0.read(&mut [0]) {
            if error.kind() != io::ErrorKind::Interrupted {
                break;
            }
        }
    }

    /// The socket, for an async runtime or a poll.
    pub fn into_socket(self) -> UnixStream {
        self.0
    }

    /// The socket, to be looked at.
    pub fn socket(&self) -> &UnixStream {
        &self.0
    }
}
