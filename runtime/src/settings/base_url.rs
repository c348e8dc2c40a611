//! The base URL of an endpoint.
//!
//! Never here: what is requested below it.

use std::{fmt, net::IpAddr};

use http::Uri;
use percent_encoding::percent_decode_str;

use super::{
    Problem,
    secret::{LONG, PlacedSecrets, Secret},
};

/// Names of query values that are no secrets, in lower case.
const OPEN: [&str; 5] = ["api-version", "version", "region", "alt", "deployment"];

/// Scheme, host and path below which an endpoint lives; no credentials, no fragment, no slash at the
/// end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseUrl {
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
    pub fn parse(place: &str, text: &str) -> Result<Self, Problem> {
        let wrong = |problem: &str| {
            Problem::new(place, problem, "write it like https://api.example.com/v1")
        };
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
            return Err(wrong("has a port that is no number"));
        }
        if host.is_empty() {
            return Err(wrong("has no host"));
        }
        Ok(BaseUrl {
            url: format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')),
            query: uri.query().map(Secret::new),
            secrets: uri.query().map(secrets_of).unwrap_or_default(),
            is_http: scheme == "http",
            is_private: is_private(host),
        })
    }

    /// The URL of something below; `path` begins with a slash.
    pub fn join(&self, path: &str) -> String {
        let mut url = [&*self.url, path].concat();
        if let Some(query) = &self.query {
            url.push(if path.contains('?') { '&' } else { '?' });
            url.push_str(query.expose());
        }
        url
    }

    /// The same as it may be shown: without the values of the query that are secrets.
    pub fn shown(&self, path: &str) -> String {
        let mut url = [&*self.url, path].concat();
        let mut separator = if path.contains('?') { '&' } else { '?' };
        for pair in self.query.iter().flat_map(|query| pairs(query.expose())) {
            url.push(separator);
            separator = '&';
            match pair {
                (name, value) if is_open(name) => url.extend([name, "=", value]),
                ("", _) => url.push_str(HIDDEN),
                (name, _) => url.extend([name, "=", HIDDEN]),
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
        let behind_scheme = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = behind_scheme.split('/').next().unwrap_or_default();
        match authority.find(']') {
            Some(bracket) => &authority[..=bracket],
            None => authority.split(':').next().unwrap_or_default(),
        }
    }

    /// Whether everybody on the way can read what is sent.
    pub(super) fn is_http(&self) -> bool {
        self.is_http
    }

    /// The same with this behind its path, which begins with a slash.
    pub(super) fn below(mut self, path: &str) -> Self {
        self.url.push_str(path);
        self
    }

    /// The same with this query in place of its own.
    pub(super) fn with_query(mut self, query: Option<String>) -> Self {
        self.query = query.map(Secret::new).or(self.query);
        self
    }

    /// The path; empty if there is none but the slash.
    pub(super) fn path(&self) -> &str {
        let behind_scheme = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let slash = behind_scheme.find('/').unwrap_or(behind_scheme.len());
        behind_scheme.get(slash..).unwrap_or_default()
    }

    /// Whether a key may go there: not readable by strangers on the way.
    pub fn may_carry_keys(&self) -> bool {
        !self.is_http || self.is_private
    }

    /// Whether the host is this machine or lies in a private network.
    pub fn is_private(&self) -> bool {
        self.is_private
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Stands where a value of a query is not shown.
const HIDDEN: &str = "[redacted]";

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
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    match literal.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        Ok(IpAddr::V6(v6)) => {
            let mapped = v6.to_ipv4_mapped();
            v6.is_loopback()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || mapped.is_some_and(|v4| v4.is_loopback() || v4.is_private())
        }
        Err(_) => {
            let host = host.to_ascii_lowercase();
            // Resolvers read a bare number as an address.
            let is_number = host.starts_with(|c: char| c.is_ascii_digit()) && !host.contains('.');
            !is_number && !host.contains('.')
                || SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_joined_below_their_path() {
        let base = |text| BaseUrl::parse("X", text).unwrap();
        assert_eq!(
            base("https://a.example/v1/").join("/m"),
            "https://a.example/v1/m"
        );
        assert_eq!(base("http://a:8080").join("/m?x=1"), "http://a:8080/m?x=1");
        assert_eq!(
            base("https://a.b/?v=2").join("/m?x=1"),
            "https://a.b/m?x=1&v=2"
        );
        assert_eq!(base("https://a.b?v=2").join("/m"), "https://a.b/m?v=2");
        for (url, path) in [
            ("http://a", ""),
            ("http://a:1/?x=/y", ""),
            ("http://a/b/c/", "/b/c"),
        ] {
            assert_eq!(base(url).path(), path);
        }
        let longer = base("http://a/b?x=1")
            .below("/c")
            .with_query(Some("y=2".into()));
        assert_eq!(longer.join("/m"), "http://a/b/c/m?y=2");
        assert_eq!(
            base("http://a?x=1").with_query(None).join("/m"),
            "http://a/m?x=1"
        );
    }

    #[test]
    fn values_of_a_query_are_secrets_unless_their_name_is_known() {
        let url = "https://a.example/v1?API-Version=2024-10-21&api%2Dversion=2024-10-22&Key=abcdefgh%2F1+2\
                   &team=research&x=short&key=1&bare-token;region=somewhere";
        let base = BaseUrl::parse("X", url).unwrap();
        assert_eq!(
            base.shown("/m?a=b"),
            "https://a.example/v1/m?a=b&API-Version=2024-10-21&api%2Dversion=2024-10-22&Key=[redacted]\
             &team=[redacted]&x=[redacted]&key=[redacted]&[redacted]&region=somewhere"
        );
        let secrets = |list: &[Secret]| -> Vec<String> {
            list.iter().map(|it| it.expose().to_owned()).collect()
        };
        let known = base.secrets();
        assert_eq!(secrets(&known.keys), ["abcdefgh%2F1+2", "abcdefgh/1 2"]);
        assert_eq!(secrets(&known.values), ["research", "bare-token"]);
        assert!(!format!("{base:?} {base}").contains("research"));
    }

    #[test]
    fn what_is_no_usable_url_is_refused_without_repeating_it() {
        for text in [
            "",
            "a.example/v1",
            "ftp://a.b",
            "https://u:secret@a.b",
            "/v1",
            "https://",
        ] {
            let problem = BaseUrl::parse("X", text).unwrap_err().to_string();
            assert!(problem.starts_with("X "), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
    }

    #[test]
    fn keys_travel_in_the_open_only_in_private_networks() {
        let may = |text| BaseUrl::parse("X", text).unwrap().may_carry_keys();
        for url in [
            "https://api.example.com",
            "http://localhost:1",
            "http://127.0.0.1",
            "http://[::1]:80",
            "http://192.168.1.2",
            "http://10.0.0.1",
            "http://litellm:4000",
            "http://model-runner.docker.internal/engines/v1",
        ] {
            assert!(may(url), "{url}");
        }
        for url in [
            "http://api.example.com",
            "http://8.8.8.8",
            "http://134744072",
            "http://0x08080808",
            "http://[2001:db8::1]",
        ] {
            assert!(!may(url), "{url}");
        }
    }
}
