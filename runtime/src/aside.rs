//! Work in proportion to what a provider has sent: a little is done at once, more on a thread of its own, so that the async
//! thread is free for other calls, cancels and deadlines.
//!
//! Never here: what the work is.

use std::future::{Future, pending, ready};

use futures_util::future::Either;
use tokio::task::spawn_blocking;

/// Work on so many bytes takes less time than the way to another thread and back, or not much more.
pub(crate) const LITTLE: usize = 64 << 10;

/// Threads for it. One that is at work on one reply keeps no other reply waiting, as long as there are so many.
pub(crate) const THREADS: usize = 16;

/// Does work on so many bytes. It begins at once, and goes on if nobody waits for it any more.
pub(crate) fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> + Send {
    if bytes <= LITTLE {
        return Either::Left(ready(work()));
    }
    let work = spawn_blocking(work);
    Either::Right(async {
        match work.await {
            Ok(done) => done,
            // The runtime is going, and with it all that wait: a panic ends the process.
            Err(_) => pending().await,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;
    use crate::dns::tests::run;

    #[test]
    fn little_is_done_here_and_much_elsewhere() {
        run(async {
            let here = thread::current().id();
            let place = || thread::current().id();
            assert_eq!(aside(0, place).await, here);
            assert_eq!(aside(LITTLE, place).await, here);
            assert_ne!(aside(LITTLE + 1, place).await, here);
        });
    }

    #[test]
    fn the_async_thread_is_free_meanwhile() {
        run(async {
            let (sender, receiver) = mpsc::channel();
            let work = aside(usize::MAX, move || receiver.recv().is_ok());
            // Without another thread nothing would ever be sent.
            let beside = tokio::spawn(async move { sender.send(()).is_ok() });
            assert!(work.await);
            assert!(beside.await.is_ok_and(|sent| sent));
        });
    }
}
