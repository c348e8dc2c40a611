//! Addresses as requests need them, from what people paste.
//!
//! Never here: those of one service alone (`azure`, `local`).

use anygpt_providers::{Dialect, presets};

use crate::settings::base_url::{BaseUrl, path};

/// Ends of paths that documentation shows and people paste, whichever format they then use.
pub(super) const ENDPOINTS: [&str; 9] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/embeddings",
    "/images/generations",
    "/messages",
    "/messages/count_tokens",
    "/messages/batches",
    "/complete",
];

/// An address as requests in this dialect need it: without the path of an endpoint, with the usual path if there is none.
pub(super) fn versioned(url: BaseUrl, dialect: Dialect) -> BaseUrl {
    let Some(codec) = dialect.codec() else {
        return url;
    };
    let usual = codec.default_base_url();
    let mut url = url.without(&ENDPOINTS);
    if dialect == Dialect::Perplexity {
        url = url.without(&["/agent", "/sonar"]);
    }
    if let Some(twice) = codec.in_requests() {
        url = url.without(twice.ends);
        if let Some(allowed_after) = twice.after_version {
            url = url.without_version(allowed_after);
        }
        twice.parameter.map(|name| url.take_parameter(name));
        return url;
    }
    let url = url.without_list();
    if !url.path().is_empty() {
        return url;
    }
    // A service has its own usual path, whichever provider uses it.
    let own = presets::at(url.host()).and_then(|preset| preset.dialect.codec());
    let own = own.map(|codec| path(codec.default_base_url()));
    match own.filter(|own| !own.is_empty()) {
        Some(own) => url.below(own),
        None if usual.is_empty() || !path(usual).is_empty() => url.below("/v1"),
        None => url,
    }
}
