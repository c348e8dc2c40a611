//! Work proportional to the size of a reply or a file: small work is done at once, large work on another thread, so that the
//! async thread is free for other calls, cancels and deadlines.
//!
//! Never here: what the work is.

use std::{
    future::{Future, pending, ready},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use futures_util::future::Either;
use tokio::sync::{Semaphore, oneshot};

/// Work on at most this many bytes takes about as long as handing it to another thread and back, or less.
pub(crate) const LITTLE: usize = 64 << 10;

/// Number of threads. Up to this number of replies, none waits for another.
const THREADS: usize = 16;

/// The threads are not tokio's (`spawn_blocking`), which panics where no thread can be started.
static TURNS: Semaphore = Semaphore::const_new(THREADS);

/// Does work on this many bytes. Once started it runs to its end, even if its call is dropped.
pub(crate) fn offload<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> + Send {
    match bytes <= LITTLE {
        true => Either::Left(ready(work())),
        // Boxed: a future is as large as its largest member.
        false => Either::Right(Box::pin(run_on_thread(work))),
    }
}

/// Does work that blocks, or takes long, on another thread.
pub(crate) async fn run_on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let turn = TURNS.acquire().await;
    let (sender, done) = oneshot::channel();
    let here = Arc::new(Mutex::new(Some(work)));
    let there = Arc::clone(&here);
    let spawned = thread::Builder::new()
        .name("offload".into())
        .spawn(move || {
            let _turn = turn;
            if let Some(work) = take(&there) {
                // The call may have ended.
                let _sent = sender.send(work());
            }
        });
    // No thread available: work here, even if that delays other calls.
    if spawned.is_err()
        && let Some(work) = take(&here)
    {
        return work();
    }
    drop(here);
    match done.await {
        Ok(done) => done,
        // It has panicked, and a panic ends the process.
        Err(_) => pending().await,
    }
}

fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place.take()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::dns::tests::run;

    #[test]
    fn little_is_done_here_and_much_elsewhere() {
        run(async {
            let here = thread::current().id();
            let place = || thread::current().id();
            assert_eq!(offload(0, place).await, here);
            assert_eq!(offload(LITTLE, place).await, here);
            assert_ne!(offload(LITTLE + 1, place).await, here);
        });
    }

    #[test]
    fn the_async_thread_is_free_meanwhile() {
        run(async {
            let (sender, receiver) = mpsc::channel();
            let work = run_on_thread(move || receiver.recv().is_ok());
            // Without another thread nothing would ever be sent.
            let beside = tokio::spawn(async move { sender.send(()).is_ok() });
            assert!(work.await);
            assert!(beside.await.is_ok_and(|sent| sent));
        });
    }
}
