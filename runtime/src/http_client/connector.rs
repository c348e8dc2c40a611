//! One connection to the host of a URL: directly or through a proxy, with TLS where the URL demands it.
//!
//! CONNECT uses hyper's own client, not hyper-util's tunnel, which does not report the status of a refusal.
//!
//! Never here: requests to providers, keys, time limits.

use std::{
    borrow::Cow,
    error::Error,
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{
    Request, StatusCode, Uri,
    header::{HOST, PROXY_AUTHORIZATION},
};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::{client::legacy::connect::proxy::SocksV5, rt::TokioIo};
use rustls::{
    CertificateError, ClientConfig, InvalidMessage, RootCertStore,
    crypto::{CryptoProvider, KeyProvider, ring},
    pki_types::{PrivateKeyDer, ServerName},
    sign::SigningKey,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OnceCell,
};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::{
    config::{HttpConfig, HttpLimits, Proxy, ProxyKind, ReadRoots, is_loopback, unbracketed},
    dial::{DialError, dial},
    read_budget::{self, ReadBudget},
    root_cause,
};
use crate::{
    dns::{LookUpError, Resolver},
    offload::run_on_thread,
};

/// Opens connections; clones share everything.
#[derive(Clone)]
pub(super) struct Connector(Arc<Parts>);

struct Parts {
    config: HttpConfig,
    resolver: Resolver,
    /// Created with the first connection that needs it: reading certificates takes milliseconds.
    tls: OnceCell<TlsConnector>,
}

/// Has no private keys, because no provider asks for a client certificate: that keeps 36 kB of signing code out of the
/// program.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(
        &self,
        _key: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("keys are not read".into()))
    }
}

/// Why there is no connection, as text for people.
#[derive(Clone, Debug)]
pub(super) struct ConnectError {
    text: String,
    pub(super) kind: ConnectErrorKind,
}

/// What may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectErrorKind {
    /// A retry.
    Network,
    /// Nothing for the moment: there is no network.
    Lasting,
    /// Only other settings: a password for a proxy, or a certificate to trust.
    Setting,
}

impl Connector {
    pub(super) fn new(config: HttpConfig, resolver: Resolver) -> Self {
        Connector(Arc::new(Parts {
            config,
            resolver,
            tls: OnceCell::new(),
        }))
    }

    /// The limits of the configuration.
    pub(super) fn limits(&self) -> HttpLimits {
        self.0.config.limits
    }

    /// The proxy that requests to a URL go through.
    pub(super) fn proxy(&self, url: &Uri) -> Option<Proxy> {
        self.0.config.proxies.proxy(url)
    }

    /// Opens a connection that takes requests to a URL.
    pub(super) async fn connect(&self, url: Uri) -> Result<Stream, ConnectError> {
        let is_tls = url.scheme_str() == Some("https");
        let peer = Peer {
            what: "",
            host: url.host().unwrap_or_default().to_owned(),
            port: url.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
        };
        let mut stream = match self.proxy(&url) {
            None => self.0.dial(&peer).await?,
            // In boxes, so that a plain connection does not hold room for the steps of the others.
            Some(proxy) => Box::pin(self.0.through(&proxy, &peer, is_tls)).await?,
        };
        if is_tls {
            stream = Box::pin(self.0.encrypt(stream, &peer)).await?;
        }
        Ok(stream)
    }
}

/// The other end of a connection, for messages.
struct Peer {
    /// `"the proxy "` or empty, for messages.
    what: &'static str,
    host: String,
    port: u16,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}:{}", self.what, self.host, self.port)
    }
}

impl Parts {
    async fn dial(&self, peer: &Peer) -> Result<Stream, ConnectError> {
        match dial(&self.resolver, &peer.host, peer.port).await {
            Ok(stream) => Ok(Stream::new(stream)),
            Err(error) => Err(ConnectError {
                text: not_reached(peer, &error, self.config.in_container),
                kind: match error {
                    DialError::LookUp(LookUpError::NoNetwork(..)) => ConnectErrorKind::Lasting,
                    _ => ConnectErrorKind::Network,
                },
            }),
        }
    }

    /// A connection through a proxy's tunnel; for a URL without TLS a connection to an HTTP proxy that forwards requests.
    async fn through(
        &self,
        proxy: &Proxy,
        peer: &Peer,
        is_tls: bool,
    ) -> Result<Stream, ConnectError> {
        let at_proxy = Peer {
            what: "the proxy ",
            host: proxy.host().to_owned(),
            port: proxy.port(),
        };
        let mut stream = self.dial(&at_proxy).await?;
        if proxy.kind() == ProxyKind::Https {
            stream = self.encrypt(stream, &at_proxy).await?;
        }
        match proxy.kind() {
            ProxyKind::Socks5 => socks(stream, proxy, peer).await,
            _ if is_tls => tunnel(stream, proxy, peer).await,
            _ => Ok(stream),
        }
    }

    /// The TLS configuration. A failure is not cached: the file may be corrected in the meantime.
    async fn tls(&self) -> Result<&TlsConnector, ConnectError> {
        let made = self.tls.get_or_try_init(|| async {
            let roots = Arc::clone(&self.config.roots);
            // Reading files blocks.
            run_on_thread(move || tls_with(&*roots)).await
        });
        made.await
    }

    async fn encrypt(&self, stream: Stream, peer: &Peer) -> Result<Stream, ConnectError> {
        let name = unbracketed(&peer.host).to_owned();
        let name = ServerName::try_from(name).map_err(|_| {
            ConnectError::network(format!("{peer} is not a valid name for a certificate"))
        })?;
        match self.tls().await?.connect(name, stream).await {
            Ok(stream) => Ok(Stream::new(stream)),
            Err(error) => Err(ConnectError {
                text: no_tls(peer, &error),
                kind: match tls_error(&error) {
                    Some(rustls::Error::InvalidCertificate(_)) => ConnectErrorKind::Setting,
                    _ => ConnectErrorKind::Network,
                },
            }),
        }
    }
}

/// TLS that trusts the built-in roots and these.
fn tls_with(extra: &ReadRoots) -> Result<TlsConnector, ConnectError> {
    let extra = extra().map_err(|error| ConnectError::setting(error.to_string()))?;
    if let Some(warning) = extra.warning {
        tracing::warn!("{warning}");
    }
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    roots.roots.extend(extra.anchors);
    let provider = CryptoProvider {
        key_provider: &NoKeys,
        ..ring::default_provider()
    };
    let tls = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError::setting(format!("TLS cannot be set up: {error}")))?;
    let mut tls = tls.with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls).into())
}

/// Opens a tunnel through an HTTP proxy.
async fn tunnel(stream: Stream, proxy: &Proxy, peer: &Peer) -> Result<Stream, ConnectError> {
    let broken = |error: hyper::Error| {
        let why = root_cause(&error);
        ConnectError::network(format!(
            "the proxy {proxy} did not open a tunnel to {peer}: {why}"
        ))
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(read_budget::BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    tokio::spawn(connection.with_upgrades());

    let target = format!("{}:{}", peer.host, peer.port);
    let mut request = Request::connect(&target).header(HOST, &target);
    if let Some(credentials) = proxy.basic_auth() {
        request = request.header(PROXY_AUTHORIZATION, credentials);
    }
    let request = request
        .body(Full::<Bytes>::default())
        .map_err(|_| ConnectError::network(format!("{peer} is not a valid target for a tunnel")))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    match response.status() {
        status if status.is_success() => {
            let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
            Ok(Stream::new(TokioIo::new(upgraded)))
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(ConnectError {
            text: unauthorized(proxy),
            kind: ConnectErrorKind::Setting,
        }),
        status => Err(ConnectError::network(format!(
            "the proxy {proxy} refused a tunnel to {peer} (HTTP {})",
            status.as_u16()
        ))),
    }
}

/// What to do about a proxy's 407.
pub(super) fn unauthorized(proxy: &Proxy) -> String {
    match proxy.basic_auth() {
        None => format!(
            "the proxy {proxy} asks for a user name and a password (HTTP 407): put them into its URL, as in \
             http://user:password@{proxy}"
        ),
        Some(_) => format!(
            "the proxy {proxy} does not accept the user name and password of its URL (HTTP 407)"
        ),
    }
}

/// Opens a tunnel through a SOCKS proxy.
async fn socks(stream: Stream, proxy: &Proxy, peer: &Peer) -> Result<Stream, ConnectError> {
    // Without a port hyper-util would use that of https.
    let target: Uri = format!("http://{}:{}/", peer.host, peer.port)
        .parse()
        .map_err(|_| ConnectError::network(format!("{peer} is not a valid target for a tunnel")))?;
    // The connection is open already, so the proxy's URL is not used.
    let mut socks = SocksV5::new(Uri::default(), Ready(Some(TokioIo::new(stream))));
    if let Some((user, password)) = proxy.raw_auth() {
        socks = socks.with_auth(user.to_owned(), password.to_owned());
    }
    match socks.call(target).await {
        Ok(stream) => Ok(stream.into_inner()),
        Err(error) => Err(ConnectError::network(format!(
            "the proxy {proxy} did not open a tunnel to {peer}: {error}"
        ))),
    }
}

/// An open connection to a proxy, as the service that hyper-util calls to open it.
struct Ready(Option<TokioIo<Stream>>);

impl Service<Uri> for Ready {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(
            self.0
                .take()
                .ok_or_else(|| io::ErrorKind::NotConnected.into()),
        )
    }
}

fn not_reached(peer: &Peer, error: &DialError, in_container: bool) -> String {
    match error {
        DialError::Connect(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            let mut text = format!("{peer} refused the connection");
            if is_loopback(&peer.host) {
                text.push_str(": nothing listens there (is it started?)");
                if in_container {
                    text.push_str(
                        ", and in a container localhost is the container itself. For something on the host \
                         use host.docker.internal (on plain Docker Engine with --add-host \
                         host.docker.internal:host-gateway), for another container its service name; it \
                         must listen on more than 127.0.0.1",
                    );
                }
            }
            text
        }
        DialError::Connect(error) => {
            format!("{peer} cannot be reached: {}", root_cause(error))
        }
        DialError::LookUp(error) => {
            let mut text = match peer.what {
                "" => error.to_string(),
                _ => format!("{peer} cannot be reached: {error}"),
            };
            if peer.host.ends_with(".docker.internal") && matches!(error, LookUpError::Unknown(_)) {
                text.push_str(
                    ": plain Docker Engine knows it only with --add-host \
                     host.docker.internal:host-gateway",
                );
            }
            text
        }
    }
}

fn no_tls(peer: &Peer, error: &io::Error) -> String {
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            let (why, advice) = refused(why);
            format!("the certificate of {peer} is not accepted ({why}): {advice}")
        }
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            format!("{peer} does not speak TLS: use http:// if that is meant, or correct the port")
        }
        _ => format!("no TLS connection with {peer}: {}", root_cause(error)),
    }
}

/// Why a certificate is not accepted, and what to do about it.
fn refused(why: &CertificateError) -> (Cow<'static, str>, &'static str) {
    const ANOTHER: &str = "the endpoint needs another certificate, or something in between answers";
    let (what, advice) = match why {
        CertificateError::UnknownIssuer => (
            "its issuer is not known",
            "if your network replaces certificates, or the endpoint has its own authority, put that authority's \
             certificate into a file and name it in SSL_CERT_FILE",
        ),
        // The texts of these errors contain dates and names.
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYetContext { .. } => {
            return (
                why.to_string().into(),
                "check the clock of this machine, too",
            );
        }
        CertificateError::NotValidForNameContext { .. } => {
            let advice = "it is for another name, or something in between answers";
            return (why.to_string().into(), advice);
        }
        CertificateError::Revoked => ("it was revoked", ANOTHER),
        CertificateError::BadEncoding => ("it cannot be read", ANOTHER),
        CertificateError::BadSignature => (
            "its signature is wrong: it was changed, or another authority of the same name is trusted",
            "name the file with the certificate of the right authority in SSL_CERT_FILE, or give the endpoint \
             another certificate",
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
            "it is not meant for servers",
            "the endpoint needs one with the extended key usage serverAuth",
        ),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            "it is signed in a way that is too old or too rare",
            "the endpoint needs one that is signed with SHA-256 or better",
        ),
        // Errors without a name in rustls have one in webpki.
        CertificateError::Other(other) => match other.0.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => (
                "it is an authority's (CA:TRUE) and not a server's; openssl req -x509 makes such",
                "make one for the endpoint with -addext basicConstraints=critical,CA:FALSE, and name its file, or that \
                 of the authority that signed it, in SSL_CERT_FILE",
            ),
            Some(webpki::Error::EndEntityUsedAsCa) => (
                "it is signed with a certificate that is not an authority's",
                "have it signed by an authority (CA:TRUE), and name the file with that one's certificate in \
                 SSL_CERT_FILE",
            ),
            Some(webpki::Error::UnsupportedCertVersion) => (
                "it is of an old version",
                "the endpoint needs one of version 3",
            ),
            _ => return (other.to_string().into(), ANOTHER),
        },
        other => return (other.to_string().into(), ANOTHER),
    };
    (what.into(), advice)
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl ConnectError {
    fn network(text: String) -> Self {
        ConnectError {
            text,
            kind: ConnectErrorKind::Network,
        }
    }

    fn setting(text: String) -> Self {
        ConnectError {
            text,
            kind: ConnectErrorKind::Setting,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for ConnectError {}

/// A connection of any kind, read in turns. The layers below it are, too, since a layer may read much and return nothing.
pub(super) struct Stream {
    io: Box<dyn Io>,
    budget: ReadBudget,
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Stream {
    pub(super) fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Stream {
            io: Box::new(io),
            budget: ReadBudget::default(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Stream { io, budget } = &mut *self;
        let room = ready!(budget.poll_room(cx));
        let before = buffer.filled().len();
        let polled = if buffer.remaining() <= room {
            Pin::new(io).poll_read(cx, buffer)
        } else {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
            let polled = Pin::new(io).poll_read(cx, &mut part);
            let read = part.filled().len();
            buffer.advance(read);
            polled
        };
        match polled {
            Poll::Pending => budget.end(),
            Poll::Ready(_) => budget.take(buffer.filled().len() - before),
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
