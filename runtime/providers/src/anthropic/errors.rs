//! Anthropic's error types (<https://platform.claude.com/docs/en/api/errors>).
//!
//! Never here: the shapes of error bodies (`error_body`).

use crate::error_body::{ErrorBody, Table};
use crate::{ErrorKind, Failure};

pub(super) fn failure(status: Option<u16>, body: &str) -> Failure {
    ErrorBody::read(body).failure(status, WORDS, PHRASES)
}

const WORDS: &Table = &[
    ("invalid_request_error", ErrorKind::InvalidRequest),
    ("authentication_error", ErrorKind::Auth),
    ("billing_error", ErrorKind::Quota),
    ("permission_error", ErrorKind::Permission),
    ("not_found_error", ErrorKind::ModelNotFound),
    ("request_too_large", ErrorKind::TooLarge),
    ("rate_limit_error", ErrorKind::RateLimit),
    ("api_error", ErrorKind::Unavailable),
    ("timeout_error", ErrorKind::Unavailable),
    ("overloaded_error", ErrorKind::Unavailable),
];

const PHRASES: &Table = &[
    ("prompt is too long", ErrorKind::ContextLength),
    ("exceed context limit", ErrorKind::ContextLength),
    ("credit balance is too low", ErrorKind::Quota),
    ("usage limits", ErrorKind::Quota),
    ("content filtering policy", ErrorKind::ContentFilter),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
