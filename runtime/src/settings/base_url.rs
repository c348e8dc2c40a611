//! The base URL of an endpoint.
//!
//! Never here: what is requested below it.

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use http::Uri;
use percent_encoding::percent_decode_str;

use super::{
    problem::Problem,
    secret::{LONG, PlacedSecrets, REDACTED, Secret},
};
use crate::http_client::unbracketed;

/// Names of query values that are no secrets, in lower case.
const OPEN: [&str; 5] = ["api-version", "version", "region", "alt", "deployment"];

/// Scheme, host and path below which an endpoint lives; no credentials, no fragment, no slash at the
/// end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    /// Everything before the query.
    url: String,
    /// A query that each request repeats (some gateways want `?api-version=…`).
    query: Option<Secret>,
    /// The values of the query that was written, as far as they are secrets.
    secrets: PlacedSecrets,
    is_http: bool,
    is_private: bool,
}

impl BaseUrl {
    /// Reads a URL that a person wrote; `place` names the setting in errors.
    ///
    /// # Errors
    /// Anything that is not an absolute http or https URL with a host.
    pub(crate) fn parse(place: &str, text: &str) -> Result<Self, Problem> {
        let wrong = |problem: &str| {
            Problem::new(place, problem, "write it like https://api.example.com/v1")
        };
        let holds_pair = |open, close| text.contains(open) && text.contains(close);
        if holds_pair('<', '>') || holds_pair('{', '}') {
            return Err(wrong("holds a placeholder that was not filled in"));
        }
        if text.contains(char::is_whitespace) {
            return Err(wrong("holds a blank"));
        }
        let uri: Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
        let scheme = uri.scheme_str().unwrap_or_default();
        if !["http", "https"].contains(&scheme) {
            return Err(wrong("does not begin with http:// or https://"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("holds a user name or password"));
        }
        let host = authority.host();
        if authority.as_str() != host && authority.port_u16().is_none() {
            return Err(wrong("has a port that is not a number"));
        }
        if host.is_empty() {
            return Err(wrong("has no host"));
        }
        let port = &authority.as_str()[host.len()..];
        let host = &*reachable(host);
        Ok(BaseUrl {
            url: format!(
                "{scheme}://{host}{port}{}",
                uri.path().trim_end_matches('/')
            ),
            query: uri.query().map(Secret::new),
            secrets: uri.query().map(secrets_of).unwrap_or_default(),
            is_http: scheme == "http",
            is_private: is_private(host),
        })
    }

    /// One that is built in, which the start need not parse: https to a vendor, http to what runs here, or nothing.
    pub(super) fn built_in(url: impl Into<String>) -> Self {
        let url = url.into();
        let is_http = url.starts_with("http://");
        BaseUrl {
            url,
            is_http,
            is_private: is_http,
            ..BaseUrl::default()
        }
    }

    /// The URL of something below; `path` begins with a slash.
    pub(crate) fn join(&self, path: &str) -> String {
        let mut url = [&*self.url, path].concat();
        if let Some(query) = &self.query {
            url.push(if path.contains('?') { '&' } else { '?' });
            url.push_str(query.expose());
        }
        url
    }

    /// The same as it may be shown: without the values of the query that are secrets.
    pub(crate) fn shown(&self, path: &str) -> String {
        let mut url = [&*self.url, path].concat();
        let mut separator = if path.contains('?') { '&' } else { '?' };
        for pair in self.query.iter().flat_map(|query| pairs(query.expose())) {
            url.push(separator);
            separator = '&';
            match pair {
                (name, value) if is_open(name) => url.extend([name, "=", value]),
                ("", _) => url.push_str(REDACTED),
                (name, _) => url.extend([name, "=", REDACTED]),
            }
        }
        url
    }

    /// The values of its query that are secrets.
    pub(super) fn secrets(&self) -> &PlacedSecrets {
        &self.secrets
    }

    /// The URL itself.
    pub(super) fn uri(&self) -> Option<Uri> {
        self.url.parse().ok()
    }

    /// The host, without a port; empty if there is none.
    pub(super) fn host(&self) -> &str {
        let authority = after_scheme(&self.url)
            .split('/')
            .next()
            .unwrap_or_default();
        match authority.find(']') {
            Some(bracket) => &authority[..=bracket],
            None => authority.split(':').next().unwrap_or_default(),
        }
    }

    /// Whether everybody on the way can read what is sent.
    pub(super) fn is_http(&self) -> bool {
        self.is_http
    }

    /// The same with this after its path, which begins with a slash.
    pub(super) fn below(mut self, path: &str) -> Self {
        self.url.push_str(path);
        self
    }

    /// The same without these ends of its path, each of which begins with a slash: documentation shows the paths of
    /// whole endpoints, and people paste them.
    pub(super) fn without(mut self, ends: &[&str]) -> Self {
        while let Some(end) = ends.iter().find(|end| self.path().ends_with(**end)) {
            self.cut(self.path().len() - end.len());
        }
        self
    }

    /// The same without a version at the end of its path, or followed only by one of these.
    pub(super) fn without_version(mut self, allowed_after: &[&str]) -> Self {
        let path = self.path();
        let slashes = path.match_indices('/').map(|(place, _)| place);
        let mut version = slashes.filter(|slash| is_version(path[slash + 1..].split('/').next()));
        if let Some(slash) = version.next_back() {
            let rest = path[slash + 1..].split_once('/').map(|(_, rest)| rest);
            let first = rest.map(|rest| rest.split('/').next().unwrap_or_default());
            if first.is_none_or(|first| allowed_after.contains(&first)) {
                self.cut(slash);
            }
        }
        self
    }

    /// The same without a list of models at the end of its path, if that is what `/models` is there: a service may
    /// have its endpoints below such a path.
    pub(super) fn without_list(self) -> Self {
        let before = self.path().strip_suffix("/models");
        match before.is_some_and(|it| is_version(it.rsplit('/').next())) {
            true => self.without(&["/models"]),
            false => self,
        }
    }

    /// The same without this many bytes at the end of its path.
    pub(super) fn without_last(mut self, count: usize) -> Self {
        self.cut(self.path().len() - count);
        self
    }

    /// Shortens the path to this length.
    fn cut(&mut self, length: usize) {
        let before = self.url.len() - self.path().len();
        self.url.truncate(before + length);
        self.url.truncate(self.url.trim_end_matches('/').len());
    }

    /// Takes a parameter out of the query.
    pub(super) fn take_parameter(&mut self, name: &str) -> Option<String> {
        let query = self.query.take()?;
        let (taken, rest): (Vec<&str>, Vec<&str>) = query.expose().split('&').partition(|pair| {
            pair.split('=')
                .next()
                .is_some_and(|it| it.eq_ignore_ascii_case(name))
        });
        self.query = (!rest.is_empty()).then(|| Secret::new(rest.join("&")));
        let value = taken.first()?.split_once('=')?.1;
        Some(value.to_owned())
    }

    /// Adds a parameter to the query.
    pub(super) fn add_parameter(&mut self, name: &str, value: &str) {
        let more = format!("{name}={value}");
        self.query = Some(Secret::new(match self.query.take() {
            Some(query) => format!("{}&{more}", query.expose()),
            None => more,
        }));
    }

    /// The path; empty if there is none but the slash.
    pub(super) fn path(&self) -> &str {
        path(&self.url)
    }

    /// Whether a key may go there: not readable by strangers on the way.
    pub(crate) fn may_carry_keys(&self) -> bool {
        !self.is_http || self.is_private
    }

    /// Whether the host is this machine or lies in a private network.
    pub(crate) fn is_private(&self) -> bool {
        self.is_private
    }
}

/// The path of a URL without a query; empty if there is none.
pub(super) fn path(url: &str) -> &str {
    let rest = after_scheme(url);
    rest.find('/').map_or("", |slash| &rest[slash..])
}

fn after_scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(_, rest)| rest)
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// A URL as it was written, with `http://` in front where people leave out the scheme: for this machine and for
/// private networks with a port. Elsewhere it could mean either scheme.
pub(super) fn with_scheme(text: &str) -> Cow<'_, str> {
    if text.contains("://") {
        return text.into();
    }
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let (host, port) = match text[..end].rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, Some(port)),
        _ => (&text[..end], None),
    };
    // A word alone could be anything, a key for instance.
    let is_meant = is_private(host)
        && (port.is_some() || host.contains('.') || address(host).is_some())
        || host.eq_ignore_ascii_case("localhost");
    match is_meant {
        true => format!("http://{text}").into(),
        false => text.into(),
    }
}

/// Whether this segment of a path is a version of an API: `v1`, `v1beta`.
fn is_version(segment: Option<&str>) -> bool {
    let rest = segment.and_then(|it| it.strip_prefix('v'));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// A host as it can be reached: what a server listens on (all addresses of this machine) is its loopback.
fn reachable(host: &str) -> Cow<'_, str> {
    match address(host) {
        Some(IpAddr::V4(v4)) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.to_string().into(),
        Some(IpAddr::V4(v4)) => v4.to_string().into(),
        Some(IpAddr::V6(v6)) if v6.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST).into(),
        Some(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.to_string().into(),
            _ => host.into(),
        },
        None => host.into(),
    }
}

/// The address that a host is written as.
fn address(host: &str) -> Option<IpAddr> {
    match unbracketed(host).parse::<Ipv6Addr>() {
        Ok(v6) => Some(v6.into()),
        Err(_) => ipv4(host).map(IpAddr::V4),
    }
}

/// As resolvers read it, which take less than four numbers, and octal and hexadecimal ones: `127.1`, `0`.
fn ipv4(host: &str) -> Option<Ipv4Addr> {
    let number = |part: &str| {
        let (digits, radix) = match part.as_bytes() {
            [b'0', b'x' | b'X', ..] => (&part[2..], 16),
            [b'0', _, ..] => (&part[1..], 8),
            _ => (part, 10),
        };
        let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u32::from_str_radix(digits, radix)
            .ok()
            .filter(|_| is_number)
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let numbers: Option<Vec<u32>> = host.split('.').map(number).collect();
    let numbers = numbers.filter(|it| it.len() <= 4)?;
    let (last, bytes) = numbers.split_last()?;
    let mut address = u64::from(*last);
    // The last number fills what the others leave.
    if bytes.iter().any(|byte| *byte > 255) || address >= 1 << (32 - 8 * bytes.len()) {
        return None;
    }
    for (place, byte) in bytes.iter().enumerate() {
        address |= u64::from(*byte) << (24 - 8 * place);
    }
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

/// Name and value of each part of a query. What has no name is a value.
fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = query.split(['&', ';']).filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or(("", part)))
}

fn is_open(name: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy();
    OPEN.iter().any(|open| name.eq_ignore_ascii_case(open))
}

/// The values of a query that are secrets, as they are written and decoded.
fn secrets_of(query: &str) -> PlacedSecrets {
    let mut secrets = PlacedSecrets::default();
    // Shorter ones are too likely to be ordinary words, whatever they are named.
    let is_secret = |(name, value): &(&str, &str)| value.len() >= LONG && !is_open(name);
    for (name, value) in pairs(query).filter(is_secret) {
        secrets.add(name, value);
        let spaced = Secret::new(value.replace('+', " "));
        if let Ok(decoded) = percent_decode_str(spaced.expose()).decode_utf8()
            && decoded != value
            && decoded.len() >= LONG
        {
            secrets.add(name, &decoded);
        }
    }
    secrets
}

/// Names are judged by their form, without a look-up: those without a dot exist only in a local
/// network, and the others are reserved for one.
pub(super) fn is_private(host: &str) -> bool {
    const SUFFIXES: [&str; 6] = [
        ".localhost",
        ".internal",
        ".local",
        ".lan",
        ".home.arpa",
        ".test",
    ];
    let is_private = |v4: Ipv4Addr| {
        v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()
    };
    match address(host) {
        Some(IpAddr::V4(v4)) => is_private(v4),
        Some(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) => is_private(v4),
            None => {
                v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
            }
        },
        None => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            // Resolvers may read what begins like a number as an address.
            let is_number = host.starts_with(|c: char| c.is_ascii_digit()) && !host.contains('.');
            !is_number && !host.contains('.')
                || SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
