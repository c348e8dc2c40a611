//! What stands between this process and the providers: proxies, and roots of trust next to the built-in
//! ones.
//!
//! Never here: opening a connection (`http_client`), reading certificates (`certificates`).

use std::{net::IpAddr, sync::Arc};

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;

use super::{
    certificates::Certificates,
    disclosure::{is_key, shown},
    environment::Environment,
    problem::Problem,
    secret::Secret,
};
use crate::{
    http_client::{ExtraRoots, HttpConfig, HttpLimits, Proxies, Proxy},
    resources,
};

/// No part of a proxy's URL that is shorter can be distinguished from ordinary text.
const MIN_SECRET_LENGTH: usize = 4;

/// Proxies and roots of trust as configured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    proxies: Proxies,
    secrets: Vec<Secret>,
    certificates: Certificates,
    /// The proxies' variables, with what may be shown of them.
    visible: Vec<(String, String)>,
    in_container: bool,
}

impl Network {
    /// Reads the variables. Opens nothing.
    ///
    /// # Errors
    /// A proxy's URL that cannot be used.
    pub(super) fn load(
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Problem> {
        let mut secrets = Vec::new();
        let mut rules = Matcher::builder();
        let mut visible = Vec::new();
        if let Some((name, url)) = either_case(environment, "ALL_PROXY", warnings)? {
            rules = rules.all(checked(&name, url, &mut secrets, &mut visible)?);
        }
        if let Some((name, url)) = either_case(environment, "HTTP_PROXY", warnings)? {
            rules = rules.http(checked(&name, url, &mut secrets, &mut visible)?);
        }
        if let Some((name, url)) = either_case(environment, "HTTPS_PROXY", warnings)? {
            rules = rules.https(checked(&name, url, &mut secrets, &mut visible)?);
        }
        if let Some((name, list)) = either_case(environment, "NO_PROXY", warnings)? {
            warnings.extend(ineffective(&name, &list));
            let entries = list.split(',').map(str::trim);
            let entries = entries.map(|entry| match is_key(entry) {
                true => shown(entry, []),
                false => entry.to_owned(),
            });
            visible.push((name, entries.collect::<Vec<_>>().join(",")));
            rules = rules.no(list);
        }
        Ok(Network {
            proxies: Proxies::new(rules.build()),
            secrets,
            visible,
            certificates: Certificates::load(environment)?,
            in_container: resources::in_container(),
        })
    }

    /// What the HTTP client needs of it.
    pub(crate) fn http_config(&self, limits: HttpLimits) -> HttpConfig {
        let certificates = self.certificates.clone();
        HttpConfig {
            proxies: self.proxies.clone(),
            roots: Arc::new(move || {
                let trusted = certificates.read()?;
                Ok(ExtraRoots {
                    warning: trusted.warning(),
                    anchors: trusted.roots,
                })
            }),
            in_container: self.in_container,
            limits,
        }
    }

    /// Whether `localhost` is a container.
    pub(crate) fn in_container(&self) -> bool {
        self.in_container
    }

    /// The proxy that requests to a URL go through.
    pub(super) fn proxy(&self, url: &Uri) -> Option<Proxy> {
        self.proxies.proxy(url)
    }

    /// Where the certificates are that are trusted next to the built-in ones.
    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// The proxies' variables, with what may be shown of them.
    pub(super) fn shown(&self) -> &[(String, String)] {
        &self.visible
    }

    /// What must not be shown of the proxies' URLs.
    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }
}

/// A variable that people write in either case. As with most programs that read both, upper case wins.
fn either_case(
    environment: &Environment,
    upper: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<(String, String)>, Problem> {
    let lower = upper.to_ascii_lowercase();
    let values = (environment.value(upper)?, environment.value(&lower)?);
    Ok(match values {
        (Some(value), other) => {
            if other.is_some_and(|other| other != value) {
                warnings.push(format!("{upper} and {lower} differ; {upper} is used"));
            }
            Some((upper.to_owned(), value))
        }
        (None, Some(value)) => Some((lower, value)),
        (None, None) => None,
    })
}

/// A proxy's URL that the rules can use. Problems never repeat it: it may hold a password.
fn checked(
    name: &str,
    url: String,
    secrets: &mut Vec<Secret>,
    visible: &mut Vec<(String, String)>,
) -> Result<String, Problem> {
    let wrong = |problem: &str| {
        Problem::new(
            name,
            problem,
            "write it like http://proxy.example.com:3128 or http://user:password@proxy.example.com:3128, \
             with characters such as @ : / # percent-encoded in user and password; https:// and \
             socks5:// are possible, too",
        )
    };
    // The rules themselves are the judge; they leave out silently what they cannot use.
    let rules = Proxies::new(Matcher::builder().all(&url).build());
    let proxy = rules.proxy(&Uri::from_static("http://host.invalid/"));
    let proxy = proxy.ok_or_else(|| wrong("is not the URL of a proxy"))?;
    if proxy
        .uri()
        .scheme_str()
        .is_some_and(|scheme| scheme.starts_with("socks4"))
    {
        return Err(wrong("names a SOCKS 4 proxy, which is not supported"));
    }
    let authority = proxy.uri().authority().map_or("", |it| it.as_str());
    if proxy.host().is_empty() || (authority != proxy.host() && proxy.uri().port_u16().is_none()) {
        return Err(wrong("has no host, or a port that is not a number"));
    }
    if authority.contains('@') {
        return Err(wrong("has more than one @"));
    }
    // Without a scheme any word is a host.
    if !url.contains("://") && is_key(proxy.host()) {
        return Err(wrong("looks like a key"));
    }

    visible.push((name.to_owned(), proxy.to_string()));
    let rest = url.split_once("://").map_or(&*url, |(_, rest)| rest);
    if let Some((credentials, _)) = rest.split_once('@') {
        // Without a password the user is the secret. A user next to a password is none, and may be an
        // ordinary word.
        let secret = credentials
            .split_once(':')
            .map_or(credentials, |(_, password)| password);
        let decoded = percent_decode_str(secret).decode_utf8_lossy();
        let basic = proxy.basic_auth().and_then(|value| value.to_str().ok());
        let basic = basic.map(|value| value.trim_start_matches("Basic ").to_owned());
        let forms = [Some(secret.to_owned()), Some(decoded.into_owned()), basic];
        for form in forms.into_iter().flatten() {
            let form = Secret::new(form);
            if form.expose().len() >= MIN_SECRET_LENGTH && !secrets.contains(&form) {
                secrets.push(form);
            }
        }
    }
    Ok(url)
}

/// Entries of `NO_PROXY` that look right but match nothing.
fn ineffective(name: &str, list: &str) -> Option<String> {
    let useless = |entry: &&str| {
        let is_address = entry.parse::<IpAddr>().is_ok() || entry.contains('/');
        (entry.contains('*') && *entry != "*")
            || (entry.contains(':') && !is_address)
            || entry.contains(char::is_whitespace)
    };
    // A key is no host: it has no dot, no star and no port.
    let is_host = |entry: &str| {
        let port = entry.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        let mut words = entry.split_whitespace();
        port.is_some_and(|port| port.is_ok()) || words.all(|word| word.contains(['.', '*']))
    };
    let entries = list.split(',').map(str::trim).filter(useless);
    let entries = entries.map(|entry| match is_host(entry) {
        true => entry.to_owned(),
        false => shown(entry, []),
    });
    let entries: Vec<String> = entries.collect();
    (!entries.is_empty()).then(|| {
        format!(
            "{name} has entries that match nothing: {}. Separate them by commas; write example.com for a \
             domain and all below it, an address, or a network as 10.0.0.0/8; no ports, no other * than \
             one that stands alone",
            entries.join(", ")
        )
    })
}
