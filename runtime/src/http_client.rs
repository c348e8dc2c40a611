//! The HTTP client: requests on pooled connections, time limits of the transport. Below it: `pool` (the connections),
//! `connector` (proxies, TLS), `config` (configuration of both), `dial` (TCP), `read_budget` (how much is read at a
//! time), and `dns`.
//!
//! Redirects are not followed: the key would be sent to the new address.
//!
//! Never here: settings of this program, providers, what a status means, retries.

mod config;
mod connector;
mod dial;
mod pool;
mod read_budget;

use std::{error::Error, fmt, io, pin::Pin, sync::Arc, time::Duration};

use anygpt_core::{Budget, Reservation};
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, Uri,
    header::{HOST, PROXY_AUTHORIZATION},
    uri::{PathAndQuery, Scheme},
};
use http_body_util::Full;
use tokio::time::timeout;

pub(crate) use self::{
    config::{ExtraRoots, HttpConfig, HttpLimits, Proxies, Proxy, ProxyKind, unbracketed},
    pool::ReplyBody,
};
use self::{
    connector::{ConnectError, ConnectErrorKind, Connector, unauthorized},
    pool::{Connection, Pool},
};
use crate::{dns::Resolver, resources::reserve};

/// A client with a connection pool.
pub(crate) struct HttpClient {
    connector: Connector,
    pool: Arc<Pool>,
    budget: Arc<Budget>,
}

/// Memory of a connection in bytes: its buffers on both sides of TLS, and what has been read ahead.
const CONNECTION: usize = read_budget::BYTES + (32 << 10);

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum SendError {
    /// No memory for one more connection.
    Memory,
    /// No connection within the limit.
    ConnectTimeout {
        limit: Duration,
        /// The proxy that was used, if any.
        proxy: Option<Proxy>,
    },
    /// No response headers on an open connection, after this long.
    HeadersTimeout(Duration),
    /// No connection, or it broke before anything was sent.
    Broken(String),
    /// The connection broke after the request was sent, or a part of it.
    Lost(String),
    /// No connection, and a retry would not help.
    Lasting(String),
    /// No connection, and there will be none with these settings.
    Settings(String),
}

/// A proxy that receives HTTP requests itself, not through a tunnel.
#[derive(Debug)]
pub(crate) struct Forwarder(Proxy);

impl HttpClient {
    /// A client with this configuration. Opens no connection. Connections are counted against `budget`.
    pub(crate) fn new(config: HttpConfig, budget: Arc<Budget>) -> Self {
        HttpClient {
            connector: Connector::new(config, Resolver::default()),
            pool: Arc::default(),
            budget,
        }
    }

    /// The proxy that receives a request to this URL unencrypted, if any.
    pub(crate) fn forwarder(&self, url: &Uri) -> Option<Forwarder> {
        let proxy = self.connector.proxy(url)?;
        is_forwarded(url, &proxy).then_some(Forwarder(proxy))
    }

    /// Sends a request to an absolute URL; `connected` is called when it has a connection. If `headers` is given, the
    /// response's headers must arrive within that time from then on.
    ///
    /// # Errors
    /// There is no response; see [`SendError`].
    // What is needed only at the beginning is kept out of the future, of which there is one per open call.
    pub(crate) fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        headers: Option<Duration>,
        connected: impl FnOnce(),
    ) -> impl Future<Output = Result<Response<ReplyBody>, SendError>> {
        let url = request.uri().clone();
        let proxy = self.connector.proxy(&url);
        prepare_for_wire(&mut request, proxy.as_ref());
        let (connector, pool) = (self.connector.clone(), Arc::clone(&self.pool));
        let held = self.budget.reservation();
        async move {
            let place = (
                url.scheme().cloned().unwrap_or(Scheme::HTTP),
                url.authority()
                    .cloned()
                    .ok_or_else(|| SendError::Settings("the URL has no host".into()))?,
            );
            let mut connected = Some(connected);
            let mut held = Some(held);
            loop {
                let kept = pool.take(&place);
                let is_kept = kept.is_some();
                let mut connection = match kept {
                    Some(connection) => connection,
                    None => {
                        let held = held.take().ok_or(SendError::Memory)?;
                        let held = reserve_connection(held, &pool).await?;
                        connect(&connector, url.clone(), proxy.as_ref(), held).await?
                    }
                };
                if let Some(connected) = connected.take() {
                    connected();
                }
                let response = match headers {
                    Some(limit) => match timeout(limit, connection.send(request)).await {
                        Ok(response) => response,
                        Err(_) => return Err(SendError::HeadersTimeout(limit)),
                    },
                    None => connection.send(request).await,
                };
                let mut error = match response {
                    Ok(response) => {
                        return Ok(
                            response.map(|body| ReplyBody::new(body, connection, place, pool))
                        );
                    }
                    Err(error) => error,
                };
                let unsent = error.take_message();
                let why = || broken(&error.into_error(), proxy.as_ref());
                match unsent {
                    // It was closed at this moment.
                    Some(unsent) if is_kept => request = unsent,
                    Some(_) => return Err(SendError::Broken(why())),
                    None => return Err(SendError::Lost(why())),
                }
            }
        }
    }
}

/// Adds the `host` header that HTTP/1.1 requires, from the absolute URL, and what a proxy needs.
fn prepare_for_wire(request: &mut Request<Full<Bytes>>, proxy: Option<&Proxy>) {
    let url = request.uri();
    let usual = match url.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    let host = match (url.authority(), url.port_u16()) {
        (Some(authority), Some(port)) if port != usual => authority.as_str(),
        _ => url.host().unwrap_or_default(),
    };
    if let Ok(host) = HeaderValue::from_str(host) {
        request.headers_mut().entry(HOST).or_insert(host);
    }
    match proxy.filter(|proxy| is_forwarded(request.uri(), proxy)) {
        None => {
            let path = request.uri().path_and_query().cloned();
            *request.uri_mut() = path.unwrap_or(PathAndQuery::from_static("/")).into();
        }
        Some(proxy) => {
            if let Some(credentials) = proxy.basic_auth() {
                request
                    .headers_mut()
                    .insert(PROXY_AUTHORIZATION, credentials.clone());
            }
        }
    }
}

/// Whether a proxy receives requests to this URL itself.
fn is_forwarded(url: &Uri, proxy: &Proxy) -> bool {
    url.scheme_str() == Some("http") && proxy.kind() != ProxyKind::Socks5
}

/// Memory for one more connection.
async fn reserve_connection(mut held: Reservation, pool: &Pool) -> Result<Reservation, SendError> {
    if !held.resize(CONNECTION) {
        // Idle connections are useless then.
        pool.clear();
        if !reserve(&mut held, CONNECTION).await {
            return Err(SendError::Memory);
        }
    }
    Ok(held)
}

/// Opens a connection; boxed, because most requests reuse one.
fn connect<'a>(
    connector: &'a Connector,
    url: Uri,
    proxy: Option<&'a Proxy>,
    held: Reservation,
) -> Pin<Box<dyn Future<Output = Result<Connection, SendError>> + Send + 'a>> {
    Box::pin(async move {
        let limit = connector.limits().connect;
        let stream = timeout(limit, connector.connect(url)).await;
        let stream = stream.map_err(|_| SendError::ConnectTimeout {
            limit,
            proxy: proxy.cloned(),
        })??;
        let opened = Connection::open(stream, held).await;
        opened.map_err(|error| SendError::Broken(broken(&error, proxy)))
    })
}

impl From<ConnectError> for SendError {
    fn from(error: ConnectError) -> Self {
        let why = error.to_string();
        match error.kind {
            ConnectErrorKind::Network => SendError::Broken(why),
            ConnectErrorKind::Lasting => SendError::Lasting(why),
            ConnectErrorKind::Setting => SendError::Settings(why),
        }
    }
}

fn broken(error: &hyper::Error, proxy: Option<&Proxy>) -> String {
    let why = root_cause(error);
    match proxy {
        None => why,
        Some(proxy) => format!("{why} (by way of the proxy {proxy})"),
    }
}

impl Forwarder {
    /// Advice for its status 407.
    pub(crate) fn unauthorized(&self) -> String {
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
            SendError::Memory => f.write_str(
                "there is not enough memory left for a connection: wait for other calls to finish",
            ),
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
            SendError::Broken(why)
            | SendError::Lost(why)
            | SendError::Lasting(why)
            | SendError::Settings(why) => f.write_str(why),
        }
    }
}

/// The innermost error, which is the cause.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    // The operating system's text ends in an error number, which is of no use to people.
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
