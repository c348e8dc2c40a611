//! A provider that never stops sending, as fast as the socket takes it.
//!
//! It has threads of its own besides the mock provider's, and writes many pieces at once, so that they are in the
//! client's buffers before it reads the first one. Never here: anything that ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{Family, Reply};

/// A reply counts as running once this much of it was taken.
const RUNNING: usize = 1 << 20;

/// The least that is written at once.
const BLOCK: usize = 256 << 10;

/// A provider that answers every request with the same endless reply.
#[derive(Debug)]
pub struct Flood {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    head: Vec<u8>,
    block: Vec<u8>,
    /// Replies that are running.
    running: Mutex<usize>,
    changed: Condvar,
    is_over: AtomicBool,
}

impl Flood {
    /// Sends these bytes, then `row` again and again.
    pub fn start(head: impl Into<Vec<u8>>, row: impl AsRef<[u8]>) -> Self {
        let row = row.as_ref();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let shared = Arc::new(Shared {
            head: head.into(),
            block: row.repeat(BLOCK.div_ceil(row.len())),
            running: Mutex::default(),
            changed: Condvar::new(),
            is_over: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let serving = Arc::clone(&serving);
                thread::spawn(move || serving.serve(stream));
            }
        });
        Flood { address, shared }
    }

    /// A body of this status and type: these bytes, then `row` again and again, every byte in a chunk of its own.
    pub fn bytes(status: u16, content_type: &str, beginning: &str, row: &str) -> Self {
        let head = format!(
            "HTTP/1.1 {status} Flood\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        let mut head = head.into_bytes();
        head.extend(chunks(beginning.as_bytes()));
        Flood::start(head, chunks(row.as_bytes()))
    }

    /// An answer without end, every byte of its events in a chunk of its own.
    pub fn answer(family: Family) -> Self {
        let reply = Reply::deltas(family, ["one ", "two ", "three "], Duration::ZERO);
        let piece = |number: usize| String::from_utf8_lossy(&reply.pieces[number]).into_owned();
        Flood::bytes(200, "text/event-stream", &piece(0), &piece(1))
    }

    /// The base URL to configure for a family.
    pub fn base_url(&self, family: Family) -> String {
        format!("http://{}{}", self.address, family.format().folder())
    }

    /// How many replies are running.
    pub fn running(&self) -> usize {
        *self.shared.running.lock().unwrap()
    }

    /// Waits until so many replies are running; panics after `limit`.
    #[track_caller]
    pub fn wait_running(&self, count: usize, limit: Duration) {
        let deadline = Instant::now() + limit;
        let mut running = self.shared.running.lock().unwrap();
        while *running != count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} floods instead of {count}", *running);
            running = self.shared.changed.wait_timeout(running, left).unwrap().0;
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts connections.
        let _woken = TcpStream::connect(self.address);
    }
}

impl Shared {
    /// Answers one request; its connection is never used again.
    fn serve(&self, mut stream: TcpStream) {
        // A client that reads nothing must not block the thread for ever.
        let timeout = stream.set_write_timeout(Some(Duration::from_millis(100)));
        if timeout.is_err() || read_request(&stream).is_none() {
            return;
        }
        let (mut rest, mut sent, mut is_running) = (&self.head[..], 0, false);
        while !self.is_over.load(Ordering::SeqCst) {
            if rest.is_empty() {
                rest = &self.block;
            }
            match stream.write(rest) {
                Ok(written) => {
                    rest = &rest[written..];
                    sent += written;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
            if !is_running && sent > RUNNING {
                is_running = true;
                self.count(|running| running + 1);
            }
        }
        if is_running {
            self.count(|running| running - 1);
        }
    }

    fn count(&self, change: impl FnOnce(usize) -> usize) {
        let mut running = self.running.lock().unwrap();
        *running = change(*running);
        self.changed.notify_all();
    }
}

fn read_request(stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()
}

/// Each byte as a chunk.
fn chunks(bytes: &[u8]) -> Vec<u8> {
    let chunk = |byte: &u8| [b'1', b'\r', b'\n', *byte, b'\r', b'\n'];
    bytes.iter().flat_map(chunk).collect()
}
