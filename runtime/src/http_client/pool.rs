//! HTTP/1.1 connections, and a pool of idle ones.
//!
//! The task that waits for a response also drives its connection. hyper delivers each piece of a body separately, so with a
//! task per connection, as in hyper-util's client, each piece would cost two task switches (decision 003).
//!
//! Never here: opening connections, what is sent.

use std::{
    fmt,
    future::poll_fn,
    mem,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use anygpt_core::Reservation;
use bytes::Bytes;
use http::{
    Request, Response,
    uri::{Authority, Scheme},
};
use http_body_util::Full;
use hyper::{
    body::{Body as _, Incoming},
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, sleep};

use super::{
    connector::Stream,
    read_budget::{self, ReadBudget},
};

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// Interval between two checks for expired connections. A timer that is due before all others also saves a system call for
/// each new timer.
const CHECK_INTERVAL: Duration = Duration::from_secs(15);

pub(super) type Origin = (Scheme, Authority);

/// Idle connections.
#[derive(Default)]
pub(super) struct Pool(Mutex<Idle>);

#[derive(Default)]
struct Idle {
    /// Few, so a linear search is enough.
    origins: Vec<(Origin, Vec<Kept>)>,
    /// Of the task that expires them: it is woken when a peer closes one.
    reaper: Option<Waker>,
}

struct Kept {
    connection: Connection,
    since: Instant,
}

impl Pool {
    /// The connection that was used last.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut idle = self.lock();
        let (_, kept) = idle.origins.iter_mut().find(|(known, _)| known == origin)?;
        while let Some(Kept { mut connection, .. }) = kept.pop() {
            // From now on it wakes its user, not the expiring task.
            if connection.is_usable(&mut Context::from_waker(Waker::noop())) {
                return Some(connection);
            }
        }
        None
    }

    /// Closes all.
    pub(super) fn clear(&self) {
        self.lock().origins.clear();
    }

    fn keep(self: &Arc<Self>, origin: Origin, mut connection: Connection) {
        let mut idle = self.lock();
        let reaper = idle.reaper.as_ref().unwrap_or(Waker::noop());
        // This also replaces the waker of the task that used it.
        if !connection.is_usable(&mut Context::from_waker(reaper)) {
            return;
        }
        if idle.origins.is_empty() {
            tokio::spawn(Arc::clone(self).close_unused());
        }
        let kept = Kept {
            connection,
            since: Instant::now(),
        };
        match idle.origins.iter_mut().find(|(known, _)| *known == origin) {
            Some((_, known)) => known.push(kept),
            None => idle.origins.push((origin, vec![kept])),
        }
    }

    /// Runs as long as the pool exists.
    async fn close_unused(self: Arc<Self>) {
        let mut look = pin!(sleep(CHECK_INTERVAL));
        poll_fn(|cx| {
            while look.as_mut().poll(cx).is_ready() {
                look.as_mut().reset(Instant::now() + CHECK_INTERVAL);
            }
            let mut idle = self.lock();
            idle.reaper = Some(cx.waker().clone());
            idle.origins.retain_mut(|(_, kept)| {
                kept.retain_mut(|kept| {
                    kept.since.elapsed() < KEEP_ALIVE && kept.connection.is_usable(cx)
                });
                !kept.is_empty()
            });
            if idle.origins.is_empty() {
                idle.reaper = None;
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that takes one request after another.
pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// hyper's connection; `None` once it has ended.
    driver: Option<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    _held: Reservation,
}

impl Connection {
    /// `held` covers it.
    pub(super) async fn open(stream: Stream, held: Reservation) -> hyper::Result<Self> {
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(read_budget::BYTES)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Connection {
            sender,
            driver: Some(Box::new(driver)),
            _held: held,
        })
    }

    /// Sends a request, and waits for the head of the response.
    ///
    /// # Errors
    /// No response; the request is returned if nothing of it was sent.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        let mut response = pin!(self.sender.try_send_request(request));
        poll_fn(|cx| {
            drive(&mut self.driver, cx);
            response.as_mut().poll(cx)
        })
        .await
    }

    /// Whether the connection is open and free. If that changes, `cx` is woken.
    fn is_usable(&mut self, cx: &mut Context<'_>) -> bool {
        drive(&mut self.driver, cx);
        self.driver.is_some() && self.sender.is_ready()
    }
}

fn drive(
    driver: &mut Option<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    cx: &mut Context<'_>,
) {
    if let Some(connection) = driver
        && Pin::new(connection).poll(cx).is_ready()
    {
        // A waiting task is woken when it closes.
        *driver = None;
    }
}

/// The body of a response. Once all of it is read, its connection returns to the pool; otherwise it is closed.
pub(crate) struct ReplyBody {
    incoming: Incoming,
    /// The next piece has been requested.
    is_wanted: bool,
    /// The rest of a piece that was too long for one turn.
    rest: Bytes,
    budget: ReadBudget,
    connection: Option<Connection>,
    origin: Origin,
    pool: Arc<Pool>,
}

impl ReplyBody {
    pub(super) fn new(
        incoming: Incoming,
        connection: Connection,
        origin: Origin,
        pool: Arc<Pool>,
    ) -> Self {
        ReplyBody {
            incoming,
            is_wanted: false,
            rest: Bytes::new(),
            budget: ReadBudget::default(),
            connection: Some(connection),
            origin,
            pool,
        }
    }

    /// The next piece of the body, `None` at its end; `Pending` also when the task has had its turn.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        let room = ready!(self.budget.poll_room(cx));
        let mut data = mem::take(&mut self.rest);
        if data.is_empty() {
            data = match self.poll_piece(cx) {
                Poll::Ready(Some(Ok(data))) => data,
                other => {
                    self.budget.end();
                    return other;
                }
            };
        }
        if data.len() > room {
            self.rest = data.split_off(room);
        }
        self.budget.take(data.len());
        Poll::Ready(Some(Ok(data)))
    }

    /// The next piece from hyper. Trailers are ignored.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        // hyper reads a piece only once it has been requested.
        let mut is_wanted = self.is_wanted;
        self.is_wanted = true;
        loop {
            if is_wanted && let Some(connection) = &mut self.connection {
                drive(&mut connection.driver, cx);
            }
            match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Pending if is_wanted => return Poll::Pending,
                Poll::Pending => is_wanted = true,
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => {
                    if let Some(connection) = self.connection.take() {
                        self.pool.keep(self.origin.clone(), connection);
                    }
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyBody")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
