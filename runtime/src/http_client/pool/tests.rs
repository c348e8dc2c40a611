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
        self.pieces <= read_budget::PIECES && self.bytes <= read_budget::BYTES
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
                let response = connection.send(request()).await.unwrap();
                let origin = (Scheme::HTTP, Authority::from_static("a.example"));
                let incoming = response.into_body();
                let mut body = ReplyBody::new(incoming, connection, origin, Arc::default());
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
            let is_used = most.pieces == read_budget::PIECES || most.bytes == read_budget::BYTES;
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
                let mut sending = pin!(connection.send(request()));
                let mut bytes = 0;
                for _ in 0..30 {
                    *read.lock().unwrap() = Taken::default();
                    let is_there = poll_fn(|cx| Poll::Ready(sending.as_mut().poll(cx)))
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
                assert!(connection.send(request()).await.is_err(), "{row:?}");
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
        assert!(timeout(SOON, connection.send(request())).await.is_err());

        let (mut connection, _) = flood(CHUNKED, &chunk("x"), usize::MAX).await;
        let response = connection.send(request()).await.unwrap();
        let origin = (Scheme::HTTP, Authority::from_static("a.example"));
        let body = response.into_body();
        let mut body = ReplyBody::new(body, connection, origin, Arc::default());
        let all = async { while poll_fn(|cx| body.poll_data(cx)).await.is_some() {} };
        let mut all = pin!(all);
        assert!(timeout(SOON, all.as_mut()).await.is_err());
        // A task beside it gets its turn as well.
        let beside = tokio::spawn(sleep(SOON));
        assert!(matches!(select(all, beside).await, Either::Right(_)));
    });
}
