//! What the client is configured with: proxies, roots of trust next to the built-in ones, what kind of host it runs on.
//!
//! Never here: where any of it is configured; `settings` builds it.

use std::{error::Error, fmt, net::IpAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::pki_types::TrustAnchor;

/// Configuration of an [`HttpClient`](super::HttpClient).
pub(crate) struct HttpConfig {
    /// The proxies to go through.
    pub proxies: Proxies,
    /// Reads the roots of trust next to the built-in ones. Called with the first connection that needs TLS, and again
    /// after a failure, because reading certificates takes milliseconds.
    pub roots: Arc<ReadRoots>,
    /// In a container, `localhost` is the container itself: errors say so.
    pub in_container: bool,
    /// Its limits.
    pub limits: HttpLimits,
}

/// Limits of the transport. A setting of one of them is a row of `settings::table` that sets the field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpLimits {
    /// Longest time for look-up, TCP, proxy and TLS together.
    pub connect: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        HttpLimits {
            connect: Duration::from_secs(10),
        }
    }
}

/// See [`HttpConfig::roots`]. The error is what to do about it, for people.
pub(super) type ReadRoots =
    dyn Fn() -> Result<ExtraRoots, Box<dyn Error + Send + Sync>> + Send + Sync;

/// Roots of trust next to the built-in ones.
pub(crate) struct ExtraRoots {
    /// Each once.
    pub anchors: Vec<TrustAnchor<'static>>,
    /// Some were left out.
    pub warning: Option<String>,
}

/// Rules for which URLs go through which proxy. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Proxies(Arc<Matcher>);

/// The proxy that leads to a URL. Shows itself as `HOST:PORT`, without its credentials.
#[derive(Clone, Debug)]
pub(crate) struct Proxy(Intercept);

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyKind {
    /// HTTP, in the open.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS 5; it also looks up the names.
    Socks5,
}

impl Default for Proxies {
    fn default() -> Self {
        Proxies::new(Matcher::builder().build())
    }
}

impl Proxies {
    /// Proxies by these rules.
    pub(crate) fn new(rules: Matcher) -> Self {
        Proxies(Arc::new(rules))
    }

    /// The proxy to go through, if any. Never for this machine itself: a proxy's `localhost` is another
    /// one.
    pub(crate) fn proxy(&self, url: &Uri) -> Option<Proxy> {
        if url.host().is_none_or(is_loopback) {
            return None;
        }
        self.0.intercept(url).map(Proxy)
    }
}

impl Proxy {
    /// Its URL, without credentials.
    pub(crate) fn uri(&self) -> &Uri {
        self.0.uri()
    }

    /// How to speak to it.
    pub(crate) fn kind(&self) -> ProxyKind {
        match self.0.uri().scheme_str() {
            Some("https") => ProxyKind::Https,
            Some("socks5" | "socks5h") => ProxyKind::Socks5,
            // `settings` refuses others.
            _ => ProxyKind::Http,
        }
    }

    /// Its host, an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        self.0.uri().host().unwrap_or_default()
    }

    /// Its port, or the usual one of its kind.
    pub(crate) fn port(&self) -> u16 {
        self.0.uri().port_u16().unwrap_or(match self.kind() {
            ProxyKind::Http => 80,
            ProxyKind::Https => 443,
            ProxyKind::Socks5 => 1080,
        })
    }

    /// Its credentials as the value of `Proxy-Authorization`; none for SOCKS.
    pub(crate) fn basic_auth(&self) -> Option<&HeaderValue> {
        self.0.basic_auth()
    }

    /// User and password for SOCKS.
    pub(crate) fn raw_auth(&self) -> Option<(&str, &str)> {
        self.0.raw_auth()
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host(), self.port())
    }
}

/// A host without the brackets that an address of IPv6 has in URLs.
pub(crate) fn unbracketed(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Whether a host is this machine, whatever its resolver says.
pub(super) fn is_loopback(host: &str) -> bool {
    match unbracketed(host).parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback(),
        Ok(IpAddr::V6(v6)) => {
            v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}
