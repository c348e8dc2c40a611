//! OpenAI's error codes.
//!
//! Never here: the shapes of error bodies (`error_body`).

use crate::error_body::{ErrorBody, Table};
use crate::{ErrorKind, Failure};

pub(super) fn failure(status: Option<u16>, body: &str) -> Failure {
    ErrorBody::read(body).failure(status, WORDS, PHRASES)
}

const WORDS: &Table = &[
    ("insufficient_quota", ErrorKind::Quota),
    ("billing_hard_limit_reached", ErrorKind::Quota),
    ("billing_not_active", ErrorKind::Quota),
    ("invalid_api_key", ErrorKind::Auth),
    ("authentication_error", ErrorKind::Auth),
    ("permission_error", ErrorKind::Permission),
    (
        "unsupported_country_region_territory",
        ErrorKind::Permission,
    ),
    ("model_not_found", ErrorKind::ModelNotFound),
    ("context_length_exceeded", ErrorKind::ContextLength),
    ("content_filter", ErrorKind::ContentFilter),
    ("content_policy_violation", ErrorKind::ContentFilter),
    ("rate_limit_exceeded", ErrorKind::RateLimit),
    ("rate_limit_error", ErrorKind::RateLimit),
    ("server_error", ErrorKind::Unavailable),
];

const PHRASES: &Table = &[
    ("maximum context length", ErrorKind::ContextLength),
    ("context window", ErrorKind::ContextLength),
    ("usage policy", ErrorKind::ContentFilter),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
