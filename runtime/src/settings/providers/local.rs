//! The address of a provider on a machine of the user's own, such as Ollama.
//!
//! Never here: its usual port (`presets`).

use std::net::Ipv6Addr;

use anygpt_providers::Dialect;

use super::address::versioned;
use crate::settings::{base_url::BaseUrl, disclosure::is_key, problem::Problem};

/// Ends of paths of Ollama's own API.
const OLLAMA_ENDPOINTS: [&str; 5] = [
    "/api",
    "/api/chat",
    "/api/generate",
    "/api/tags",
    "/api/embed",
];

/// The address of a local one, as Ollama reads it: scheme and port may be missing.
pub(super) fn local(
    place: &str,
    text: &str,
    usual_port: Option<u16>,
    dialect: Dialect,
) -> Result<BaseUrl, Problem> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("http", text),
    };
    let slash = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    // An address of IPv6 may lack its brackets.
    let bare = authority.parse::<Ipv6Addr>();
    let authority = match bare {
        Ok(address) => format!("[{address}]"),
        Err(_) => authority.to_owned(),
    };
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => authority.split_at(colon),
        _ => (&*authority, ""),
    };
    let port = match usual_port {
        // With a scheme its own port is meant.
        Some(usual) if port.is_empty() && !text.contains("://") => format!(":{usual}"),
        _ => port.to_owned(),
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    // Without a scheme any word is a host.
    if !text.contains("://") && is_key(host) {
        return Err(Problem::new(
            place,
            "looks like a key",
            "write an address like http://localhost:11434; a key belongs into its own variable",
        ));
    }
    let url = BaseUrl::parse(place, &format!("{scheme}://{host}{port}{path}"))?;
    Ok(versioned(url.without(&OLLAMA_ENDPOINTS), dialect))
}
