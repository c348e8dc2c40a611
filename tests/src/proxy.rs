//! A proxy that records its requests, sends all of them to one server, and fails on command.
//!
//! It speaks plain HTTP or SOCKS; with a [`TlsFront`](crate::tls::TlsFront) in front it is a proxy reached over TLS.
//!
//! Never here: the content of the requests.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use crate::serve::Serving;

/// The behaviour of a proxy.
#[derive(Clone, Debug)]
pub enum Manner {
    Good,
    /// Requires this value of `Proxy-Authorization`, and answers 407 to others.
    Wants(String),
    /// Answers everything with this status.
    Refuses(u16),
    /// Accepts requests and never answers.
    Silent,
    /// Closes the connection instead of answering.
    Closes,
}

/// A request that a proxy got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyRequest {
    /// `CONNECT`, or the method to forward.
    pub method: String,
    /// `HOST:PORT` of a tunnel, else the whole URL.
    pub target: String,
    pub authorization: Option<String>,
}

/// A running proxy. Stops when dropped.
#[derive(Debug)]
pub struct Proxy {
    serving: Serving,
    asked: Arc<Mutex<Vec<ProxyRequest>>>,
}

impl Proxy {
    /// Starts; every request is sent to this port of 127.0.0.1, whatever host it names.
    pub fn start(port: u16, manner: Manner) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let serving = Serving::start(move |stream| {
            let (log, manner) = (Arc::clone(&log), manner.clone());
            async move {
                let service = service_fn(|request| {
                    let (log, manner) = (Arc::clone(&log), manner.clone());
                    async move { handle(request, port, &manner, &log).await.ok_or(Closed) }
                });
                _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades()
                    .await;
            }
        });
        Proxy { serving, asked }
    }

    /// The same as a SOCKS 5 proxy without authentication.
    pub fn start_socks(port: u16) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let serving = Serving::start(move |stream| {
            let log = Arc::clone(&log);
            async move {
                _ = socks(stream, port, &log).await;
            }
        });
        Proxy { serving, asked }
    }

    /// `HOST:PORT`, without a scheme.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.serving.port)
    }

    pub fn port(&self) -> u16 {
        self.serving.port
    }

    /// All requests, in order.
    pub fn asked(&self) -> Vec<ProxyRequest> {
        self.asked.lock().unwrap().clone()
    }
}

/// Makes hyper close the connection.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

type Body = Either<Incoming, Full<Bytes>>;

async fn handle(
    request: Request<Incoming>,
    port: u16,
    manner: &Manner,
    log: &Mutex<Vec<ProxyRequest>>,
) -> Option<Response<Body>> {
    let authorization = request.headers().get("proxy-authorization");
    let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
    log.lock().unwrap().push(ProxyRequest {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        authorization: authorization.clone(),
    });
    match manner {
        Manner::Good => {}
        Manner::Wants(wanted) if authorization.as_ref() == Some(wanted) => {}
        // Some proxies repeat what they received.
        Manner::Wants(_) => return Some(says(407, format!("not accepted: {authorization:?}"))),
        Manner::Refuses(status) => return Some(says(*status, "this proxy refuses".into())),
        Manner::Silent => std::future::pending().await,
        Manner::Closes => return None,
    }
    let mut inside = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
    if request.method() == Method::CONNECT {
        tokio::spawn(async move {
            if let Ok(outside) = hyper::upgrade::on(request).await {
                _ = copy_bidirectional(&mut TokioIo::new(outside), &mut inside).await;
            }
        });
        return Some(says(200, String::new()));
    }

    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(inside))
        .await
        .ok()?;
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    // Hop-by-hop headers are not forwarded.
    parts.headers.remove("proxy-authorization");
    parts.uri = parts.uri.path_and_query()?.as_str().parse().ok()?;
    let body = body.collect().await.ok()?.to_bytes();
    let response = sender
        .send_request(Request::from_parts(parts, Full::new(body)))
        .await
        .ok()?;
    Some(response.map(Either::Left))
}

/// One SOCKS connection to a name (RFC 1928).
async fn socks(
    mut outside: TcpStream,
    port: u16,
    log: &Mutex<Vec<ProxyRequest>>,
) -> io::Result<()> {
    let mut greeting = [0; 2];
    outside.read_exact(&mut greeting).await?;
    let mut methods = vec![0; usize::from(greeting[1])];
    outside.read_exact(&mut methods).await?;
    outside.write_all(&[5, 0]).await?;
    let mut head = [0; 5];
    outside.read_exact(&mut head).await?;
    assert_eq!(head[..4], [5, 1, 0, 3], "CONNECT to a name");
    let mut name = vec![0; usize::from(head[4])];
    outside.read_exact(&mut name).await?;
    let wanted = outside.read_u16().await?;
    log.lock().unwrap().push(ProxyRequest {
        method: "SOCKS".into(),
        target: format!("{}:{wanted}", String::from_utf8_lossy(&name)),
        authorization: None,
    });
    let mut inside = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    outside.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut outside, &mut inside).await?;
    Ok(())
}

fn says(status: u16, text: String) -> Response<Body> {
    let mut response = Response::new(Either::Right(Full::new(text.into())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
