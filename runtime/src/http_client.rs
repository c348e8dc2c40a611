//! The HTTP client: connections, TLS, time limits of the transport.
//!
//! Never here: providers, what a status means, how often something is tried.

use std::{error::Error, fmt, io, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        self,
        connect::{HttpConnector, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::timeout;

use crate::dns::Resolver;

/// Longest time for look-up, TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// A client with a pool of kept connections.
#[derive(Clone)]
pub struct HttpClient {
    client: legacy::Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
}

/// Why there is no response.
#[derive(Debug)]
pub enum SendError {
    /// No connection, after this long.
    ConnectTimeout(Duration),
    /// No response headers on an open connection, after this long.
    HeadersTimeout(Duration),
    /// No connection, or it broke.
    Broken(legacy::Error),
}

impl HttpClient {
    /// A client that trusts the built-in roots. Costs a few milliseconds; opens nothing.
    ///
    /// # Errors
    /// The TLS library refuses its own defaults.
    pub fn new() -> Result<Self, rustls::Error> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new_with_resolver(Resolver::default());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_ALIVE)
            .build(connector);
        Ok(HttpClient { client })
    }

    /// Sends a request; `connected` is called when it has a connection. The response's headers must
    /// arrive within `headers` from then on.
    ///
    /// # Errors
    /// There is no response; see [`SendError`].
    pub async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        headers: Duration,
        connected: impl FnOnce(),
    ) -> Result<Response<Incoming>, SendError> {
        let mut captured = capture_connection(&mut request);
        let response = pin!(self.client.request(request));
        // What it tells of the connection must not be held across an await.
        let connection = pin!(async { captured.wait_for_connection_metadata().await.is_some() });
        let result = match timeout(CONNECT, select(connection, response)).await {
            Err(_) => return Err(SendError::ConnectTimeout(CONNECT)),
            Ok(Either::Right((result, _))) => {
                if result.is_ok() {
                    connected();
                }
                result
            }
            Ok(Either::Left((is_connected, response))) => {
                if is_connected {
                    connected();
                }
                timeout(headers, response)
                    .await
                    .map_err(|_| SendError::HeadersTimeout(headers))?
            }
        };
        result.map_err(SendError::Broken)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::ConnectTimeout(limit) => {
                write!(f, "no connection after {} s", limit.as_secs())
            }
            SendError::HeadersTimeout(limit) => {
                write!(f, "no response after {} s", limit.as_secs_f64())
            }
            SendError::Broken(error) => f.write_str(&root_cause(error)),
        }
    }
}

/// The innermost error, which says what really happened.
pub fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    // The operating system's words end in a number that helps nobody.
    match innermost.downcast_ref::<io::Error>() {
        Some(error) if error.raw_os_error().is_some() => {
            let text = error.to_string();
            text.split(" (os error")
                .next()
                .unwrap_or(&text)
                .to_lowercase()
        }
        _ => innermost.to_string(),
    }
}
