//! HTTP/1.1 connections, and those that are kept for the next request.
//!
//! Who waits for a response drives its connection, in the same task. hyper hands over each piece of a body by itself, so
//! with a task for the connection, as hyper-util's client has it, each piece costs two switches of tasks.
//!
//! Never here: how a connection is opened, what is sent.

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
    turn::{self, Turn},
};

/// How long an unused connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How often it is looked whether one has been kept for long enough. A timer of the runtime that is due before any other
/// also spares each new one a system call.
const LOOK: Duration = Duration::from_secs(15);

/// Whom a connection leads to.
pub(super) type Place = (Scheme, Authority);

/// Connections that nobody uses.
#[derive(Default)]
pub(super) struct Pool(Mutex<Idle>);

#[derive(Default)]
struct Idle {
    /// Few enough to be looked through.
    places: Vec<(Place, Vec<Kept>)>,
    /// Of the task that looks after them: it is told when one is closed at the other end.
    keeper: Option<Waker>,
}

struct Kept {
    connection: Connection,
    since: Instant,
}

impl Pool {
    /// The connection that was used last.
    pub(super) fn take(&self, place: &Place) -> Option<Connection> {
        let mut idle = self.lock();
        let (_, kept) = idle.places.iter_mut().find(|(known, _)| known == place)?;
        while let Some(Kept { mut connection, .. }) = kept.pop() {
            // From now on it tells its user, not the keeper.
            if connection.is_usable(&mut Context::from_waker(Waker::noop())) {
                return Some(connection);
            }
        }
        None
    }

    /// Closes all.
    pub(super) fn clear(&self) {
        self.lock().places.clear();
    }

    fn keep(self: &Arc<Self>, place: Place, mut connection: Connection) {
        let mut idle = self.lock();
        let keeper = idle.keeper.as_ref().unwrap_or(Waker::noop());
        // This also lets it forget the task that has used it.
        if !connection.is_usable(&mut Context::from_waker(keeper)) {
            return;
        }
        if idle.places.is_empty() {
            tokio::spawn(Arc::clone(self).close_unused());
        }
        let kept = Kept {
            connection,
            since: Instant::now(),
        };
        match idle.places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, known)) => known.push(kept),
            None => idle.places.push((place, vec![kept])),
        }
    }

    /// Works as long as there is a place.
    async fn close_unused(self: Arc<Self>) {
        let mut look = pin!(sleep(LOOK));
        poll_fn(|cx| {
            while look.as_mut().poll(cx).is_ready() {
                look.as_mut().reset(Instant::now() + LOOK);
            }
            let mut idle = self.lock();
            idle.keeper = Some(cx.waker().clone());
            idle.places.retain_mut(|(_, kept)| {
                kept.retain_mut(|kept| {
                    kept.since.elapsed() < KEEP_ALIVE && kept.connection.is_usable(cx)
                });
                !kept.is_empty()
            });
            if idle.places.is_empty() {
                idle.keeper = None;
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
    /// Does the work; none if it has ended.
    driver: Option<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    _held: Reservation,
}

impl Connection {
    /// `held` covers it.
    pub(super) async fn open(stream: Stream, held: Reservation) -> hyper::Result<Self> {
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(turn::BYTES)
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
    /// There is none; the request comes back if nothing of it was sent.
    pub(super) async fn ask(
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

    /// Whether it is still there, and free. If that changes, `cx` is woken.
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
        // Whoever waits for it is told when it goes.
        *driver = None;
    }
}

/// The body of a response. When all of it is read, its connection is kept for others; otherwise it is closed.
pub struct ReplyBody {
    incoming: Incoming,
    /// The next piece was asked for.
    is_wanted: bool,
    /// The rest of a piece that was too long for one turn.
    rest: Bytes,
    turn: Turn,
    connection: Option<Connection>,
    place: Place,
    pool: Arc<Pool>,
}

impl ReplyBody {
    pub(super) fn new(
        incoming: Incoming,
        connection: Connection,
        place: Place,
        pool: Arc<Pool>,
    ) -> Self {
        ReplyBody {
            incoming,
            is_wanted: false,
            rest: Bytes::new(),
            turn: Turn::default(),
            connection: Some(connection),
            place,
            pool,
        }
    }
}

impl ReplyBody {
    /// The next piece of the body, `None` at its end; `Pending` also where the task has had its turn.
    pub fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        let room = ready!(self.turn.poll_room(cx));
        let mut data = mem::take(&mut self.rest);
        if data.is_empty() {
            data = match self.poll_piece(cx) {
                Poll::Ready(Some(Ok(data))) => data,
                other => {
                    self.turn.end();
                    return other;
                }
            };
        }
        if data.len() > room {
            self.rest = data.split_off(room);
        }
        self.turn.take(data.len());
        Poll::Ready(Some(Ok(data)))
    }

    /// The next piece as hyper has it. Trailers say nothing to us.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        // Only a piece that is wanted is read, and the first time nobody has said so yet.
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
                        self.pool.keep(self.place.clone(), connection);
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
mod tests {
    use std::io;

    use futures_util::future::{Either, select};
    use tokio::{
        io::{AsyncRead, AsyncWrite, ReadBuf},
        time::timeout,
    };

    use super::*;
    use crate::dns::tests::run;

    /// A connection that always has more to read once it was asked: `head`, then `row` again and again.
    struct Flood {
        is_asked: bool,
        reader: Option<Waker>,
        head: Vec<u8>,
        row: Vec<u8>,
        sent: usize,
        most_per_read: usize,
        taken: Arc<Mutex<Taken>>,
    }

    /// What a poll has taken.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    struct Taken {
        pieces: usize,
        bytes: usize,
    }

    impl Taken {
        fn take(&mut self, bytes: usize) {
            self.pieces += 1;
            self.bytes += bytes;
        }

        fn is_within_bounds(self) -> bool {
            self.pieces <= turn::PIECES && self.bytes <= turn::BYTES
        }
    }

    impl AsyncRead for Flood {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if !self.is_asked {
                self.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let size = buffer.remaining().min(self.most_per_read);
            let mut left = size;
            while left > 0 {
                let rest = match self.head.get(self.sent..) {
                    Some(rest) if !rest.is_empty() => rest,
                    _ => &self.row[(self.sent - self.head.len()) % self.row.len()..],
                };
                let part = &rest[..rest.len().min(left)];
                buffer.put_slice(part);
                left -= part.len();
                self.sent += part.len();
            }
            self.taken.lock().unwrap().take(size);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Flood {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.is_asked = true;
            self.reader.take().into_iter().for_each(Waker::wake);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// A connection to a flood, and what is read of it.
    async fn flood(head: &str, row: &[u8], per_read: usize) -> (Connection, Arc<Mutex<Taken>>) {
        let taken = Arc::default();
        let flood = Flood {
            is_asked: false,
            reader: None,
            head: head.into(),
            row: row.into(),
            sent: 0,
            most_per_read: per_read,
            taken: Arc::clone(&taken),
        };
        let held = anygpt_core::Budget::new(0).reservation();
        (
            Connection::open(Stream::new(flood), held).await.unwrap(),
            taken,
        )
    }

    fn request() -> Request<Full<Bytes>> {
        Request::new(Full::default())
    }

    fn chunk(data: &str) -> Vec<u8> {
        format!("{:x}\r\n{data}\r\n", data.len()).into()
    }

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    const LONG: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n";
    const ENDLESS: &str = "HTTP/1.1 500 Oops\r\n\r\n";

    #[test]
    fn one_poll_takes_few_pieces_and_bytes_of_a_body_however_it_comes() {
        let large = "x".repeat(1 << 20);
        let bodies = [
            (CHUNKED, chunk("x")),
            (CHUNKED, chunk("\n")),
            (CHUNKED, chunk(": c\n")),
            (CHUNKED, chunk("data: {}\n\n")),
            (CHUNKED, [chunk("x"), chunk(&large[..100_000])].concat()),
            (CHUNKED, chunk(&large)),
            (LONG, b"x".to_vec()),
            (ENDLESS, b"x".to_vec()),
        ];
        for (head, row) in bodies {
            for per_read in [1, 1000, usize::MAX] {
                let what = format!("{head:?}, {} bytes, {per_read} per read", row.len());
                let (taken, most) = run(async {
                    let (mut connection, read) = flood(head, &row, per_read).await;
                    let response = connection.ask(request()).await.unwrap();
                    let place = (Scheme::HTTP, Authority::from_static("a.example"));
                    let incoming = response.into_body();
                    let mut body = ReplyBody::new(incoming, connection, place, Arc::default());
                    let (mut all, mut most) = (Taken::default(), Taken::default());
                    for _ in 0..30 {
                        let mut taken = Taken::default();
                        let mut has_taken = false;
                        *read.lock().unwrap() = Taken::default();
                        poll_fn(|cx| {
                            if mem::replace(&mut has_taken, true) {
                                return Poll::Ready(());
                            }
                            while let Poll::Ready(data) = body.poll_data(cx) {
                                taken.take(data.unwrap().unwrap().len());
                            }
                            Poll::Pending
                        })
                        .await;
                        assert!(taken.is_within_bounds(), "{what}: {taken:?}");
                        let read = *read.lock().unwrap();
                        assert!(read.is_within_bounds(), "{what}: {read:?} read");
                        all.pieces += taken.pieces;
                        all.bytes += taken.bytes;
                        most.pieces = most.pieces.max(taken.pieces);
                        most.bytes = most.bytes.max(taken.bytes);
                    }
                    (all, most)
                });
                // It goes on, and a turn is made use of.
                assert!(taken.pieces >= 15, "{what}: {taken:?}");
                let is_used = most.pieces == turn::PIECES || most.bytes == turn::BYTES;
                assert!(is_used || per_read < 1000, "{what}: {most:?}");
            }
        }
    }

    #[test]
    fn one_poll_takes_few_bytes_of_heads_that_never_end() {
        let hint = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
        let heads: [(&str, &str); 3] = [
            ("", hint),
            ("", "HTTP/1.1 100 Continue\r\n\r\n"),
            (hint, "HTTP/1.1 102 Processing\r\n\r\n"),
        ];
        for (head, row) in heads {
            for per_read in [1, 1000, usize::MAX] {
                run(async {
                    let (mut connection, read) = flood(head, row.as_bytes(), per_read).await;
                    let mut asking = pin!(connection.ask(request()));
                    let mut bytes = 0;
                    for _ in 0..30 {
                        *read.lock().unwrap() = Taken::default();
                        let is_there = poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx)))
                            .await
                            .is_ready();
                        assert!(!is_there, "{row:?}");
                        let read = *read.lock().unwrap();
                        assert!(read.is_within_bounds(), "{row:?}: {read:?} read");
                        bytes += read.bytes;
                    }
                    assert!(bytes > 1000, "{row:?}: {bytes}");
                });
            }
        }
    }

    #[test]
    fn a_head_that_is_too_large_is_an_error() {
        for row in ["x", "x-a: b\r\n", "\r\n"] {
            for per_read in [1, usize::MAX] {
                run(async {
                    let head = "HTTP/1.1 200 OK\r\n";
                    let row = match row {
                        "\r\n" => "HTTP/1.1 ".repeat(1000),
                        row => row.to_owned(),
                    };
                    let (mut connection, _) = flood(head, row.as_bytes(), per_read).await;
                    assert!(connection.ask(request()).await.is_err(), "{row:?}");
                });
            }
        }
    }

    #[test]
    fn a_deadline_is_seen_while_a_flood_runs() {
        const SOON: Duration = Duration::from_millis(20);
        run(async {
            let hint = b"HTTP/1.1 103 Early Hints\r\n\r\n";
            let (mut connection, _) = flood("", hint, usize::MAX).await;
            assert!(timeout(SOON, connection.ask(request())).await.is_err());

            let (mut connection, _) = flood(CHUNKED, &chunk("x"), usize::MAX).await;
            let response = connection.ask(request()).await.unwrap();
            let place = (Scheme::HTTP, Authority::from_static("a.example"));
            let body = response.into_body();
            let mut body = ReplyBody::new(body, connection, place, Arc::default());
            let all = async { while poll_fn(|cx| body.poll_data(cx)).await.is_some() {} };
            let mut all = pin!(all);
            assert!(timeout(SOON, all.as_mut()).await.is_err());
            // A task beside it gets its turn as well.
            let beside = tokio::spawn(sleep(SOON));
            assert!(matches!(select(all, beside).await, Either::Right(_)));
        });
    }
}
