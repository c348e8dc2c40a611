//! How much is read from a provider at a time: no provider may keep the async thread from its timers and other calls.
//!
//! hyper returns buffered pieces without yielding to the runtime, and skips interim responses in a loop, so one poll of a
//! task can read millions. Here a poll ends after [`PIECES`] or [`BYTES`]; the task is woken again only after the runtime has
//! checked its timers and sockets (.github/decisions/015).
//!
//! Never here: what is read, how long a call may last.

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Poll},
};

use tokio::task::yield_now;

/// Most pieces (reads of a socket, pieces of a body) in one turn.
pub(super) const PIECES: usize = 64;

/// Most bytes in one turn.
pub(super) const BYTES: usize = 64 << 10;

/// What has been read in the current turn of a task.
#[derive(Debug, Default)]
pub(super) struct ReadBudget {
    pieces: usize,
    bytes: usize,
}

impl ReadBudget {
    /// How many bytes may be read now, at least one; `Pending` at the end of the turn.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if self.pieces < PIECES && self.bytes < BYTES {
            return Poll::Ready(BYTES - self.bytes);
        }
        self.end();
        // Wakes the task after the next check of timers. `wake_by_ref` would wake it before.
        let polled = pin!(yield_now()).poll(cx);
        debug_assert!(polled.is_pending());
        Poll::Pending
    }

    /// Counts a piece.
    pub(super) fn take(&mut self, bytes: usize) {
        self.pieces += 1;
        self.bytes += bytes;
    }

    /// Nothing to read, so the task waits: the turn ends.
    pub(super) fn end(&mut self) {
        *self = ReadBudget::default();
    }
}
