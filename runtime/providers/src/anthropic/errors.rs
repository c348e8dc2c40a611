//! Anthropic's error types.
//!
//! Never here: the shapes of error bodies (`error_body`).

use crate::error_body::{ErrorBody, Table};
use crate::{Class, Failure};

pub(super) fn failure(status: Option<u16>, body: &str) -> Failure {
    ErrorBody::read(body).failure(status, WORDS, PHRASES)
}

const WORDS: &Table = &[
    ("invalid_request_error", Class::InvalidRequest),
    ("authentication_error", Class::Auth),
    ("billing_error", Class::Quota),
    ("permission_error", Class::Permission),
    ("not_found_error", Class::ModelNotFound),
    ("request_too_large", Class::TooLarge),
    ("rate_limit_error", Class::RateLimit),
    ("api_error", Class::Unavailable),
    ("timeout_error", Class::Unavailable),
    ("overloaded_error", Class::Unavailable),
];

const PHRASES: &Table = &[
    ("prompt is too long", Class::ContextLength),
    ("exceed context limit", Class::ContextLength),
    ("credit balance is too low", Class::Quota),
    ("usage limits", Class::Quota),
    ("content filtering policy", Class::ContentFilter),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
