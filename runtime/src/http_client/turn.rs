//! How much is taken from a provider at a time: no provider may keep the async thread from the clock and from other calls.
//!
//! hyper returns pieces that lie in its buffer without asking the runtime, and interim responses without any pause, so
//! one poll of a task can take millions. Here a poll ends after [`PIECES`] or [`BYTES`]; the task is woken again only after
//! the runtime has looked at its timers and sockets.
//!
//! Never here: what is taken, how long a call may last.

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

/// What has been taken since its task has last given up its turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pieces: usize,
    bytes: usize,
}

impl Turn {
    /// How many bytes may be taken now, at least one; `Pending` once that is none.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if self.pieces < PIECES && self.bytes < BYTES {
            return Poll::Ready(BYTES - self.bytes);
        }
        self.end();
        // Wakes the task after the next look at the clock. `wake_by_ref` would do so before it.
        let polled = pin!(yield_now()).poll(cx);
        debug_assert!(polled.is_pending());
        Poll::Pending
    }

    /// A piece was taken.
    pub(super) fn take(&mut self, bytes: usize) {
        self.pieces += 1;
        self.bytes += bytes;
    }

    /// There is nothing to take, so the task waits.
    pub(super) fn end(&mut self) {
        *self = Turn::default();
    }
}
