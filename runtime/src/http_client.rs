//! The HTTP client: requests on kept connections, time limits of the transport. Below it: `connector`
//! (proxies, TLS), `dial` (TCP); names are looked up by `dns`.
//!
//! Redirects are not followed: the key would go along.
//!
//! Never here: providers, what a status means, how often something is tried.

mod connector;
mod dial;

use std::{error::Error, fmt, io, pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Request, Response, Uri, header::PROXY_AUTHORIZATION};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{self, connect::capture_connection},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::timeout;

use self::connector::{ConnectError, ConnectErrorKind, Connector, unauthorized};
use crate::{
    dns::Resolver,
    settings::{Network, Proxy, ProxyKind},
};

/// Longest time for look-up, TCP, proxy and TLS together.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// A client with a pool of kept connections.
#[derive(Clone)]
pub struct HttpClient {
    client: legacy::Client<Connector, Full<Bytes>>,
    connector: Connector,
}

/// Why there is no response.
#[derive(Debug)]
pub enum SendError {
    /// No connection in time.
    ConnectTimeout {
        /// How long that is.
        limit: Duration,
        /// The proxy it should have gone through.
        proxy: Option<Proxy>,
    },
    /// No response headers on an open connection, after this long.
    HeadersTimeout(Duration),
    /// No connection, or it broke.
    Broken(String),
    /// No connection, and a moment later there will be none either.
    Lasting(String),
    /// No connection, and there will be none with these settings.
    Settings(String),
}

/// A proxy that HTTP requests are handed to as they are, not through a tunnel.
#[derive(Debug)]
pub struct Forwarder(Proxy);

impl HttpClient {
    /// A client that trusts the built-in roots and the configured ones. Costs a few milliseconds; opens
    /// nothing.
    ///
    /// # Errors
    /// The TLS library refuses its own defaults.
    pub fn new(network: &Network) -> Result<Self, rustls::Error> {
        let connector = Connector::new(network.clone(), Resolver::default())?;
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_ALIVE)
            .build(connector.clone());
        Ok(HttpClient { client, connector })
    }

    /// The proxy that a request to this URL is handed to, in the open.
    pub fn forwarder(&self, url: &Uri) -> Option<Forwarder> {
        let proxy = self.connector.proxy(url)?;
        let is_forwarded = url.scheme_str() == Some("http") && proxy.kind() != ProxyKind::Socks5;
        is_forwarded.then_some(Forwarder(proxy))
    }

    /// Sends a request; `connected` is called when it has a connection. The response's headers must
    /// arrive within `headers` from then on.
    ///
    /// # Errors
    /// There is no response; see [`SendError`].
    // What is only needed to begin is not part of the future, which each call in flight holds.
    pub fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        headers: Duration,
        connected: impl FnOnce(),
    ) -> impl Future<Output = Result<Response<Incoming>, SendError>> {
        if let Some(Forwarder(proxy)) = self.forwarder(request.uri())
            && let Some(credentials) = proxy.basic_auth()
        {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, credentials.clone());
        }
        let proxy = self.connector.proxy(request.uri());
        let mut captured = capture_connection(&mut request);
        let response = self.client.request(request);
        async move {
            let response = pin!(response);
            // What it tells of the connection must not be held across an await.
            let connection =
                pin!(async { captured.wait_for_connection_metadata().await.is_some() });
            let result = match timeout(CONNECT, select(connection, response)).await {
                Err(_) => {
                    return Err(SendError::ConnectTimeout {
                        limit: CONNECT,
                        proxy,
                    });
                }
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
            result.map_err(|error| broken(&error, proxy.as_ref()))
        }
    }
}

fn broken(error: &legacy::Error, proxy: Option<&Proxy>) -> SendError {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<ConnectError>() {
            let why = error.to_string();
            return match error.kind {
                ConnectErrorKind::Network => SendError::Broken(why),
                ConnectErrorKind::Lasting => SendError::Lasting(why),
                ConnectErrorKind::Setting => SendError::Settings(why),
            };
        }
        next = error.source();
    }
    let why = root_cause(error);
    SendError::Broken(match proxy {
        None => why,
        Some(proxy) => format!("{why} (by way of the proxy {proxy})"),
    })
}

impl Forwarder {
    /// What to do about its 407.
    pub fn unauthorized(&self) -> String {
        unauthorized(&self.0)
    }
}

impl fmt::Display for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
            SendError::ConnectTimeout { limit, proxy } => {
                write!(f, "no connection after {} s", limit.as_secs())?;
                match proxy {
                    None => Ok(()),
                    Some(proxy) => write!(f, " by way of the proxy {proxy}"),
                }
            }
            SendError::HeadersTimeout(limit) => {
                write!(f, "no response after {} s", limit.as_secs_f64())
            }
            SendError::Broken(why) | SendError::Lasting(why) | SendError::Settings(why) => {
                f.write_str(why)
            }
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
