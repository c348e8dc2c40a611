//! OpenAI's error codes.
//!
//! Never here: the shapes of error bodies (`error_body`).

use crate::error_body::{ErrorBody, Table};
use crate::{Class, Failure};

pub(super) fn failure(status: Option<u16>, body: &str) -> Failure {
    ErrorBody::read(body).failure(status, WORDS, PHRASES)
}

const WORDS: &Table = &[
    ("insufficient_quota", Class::Quota),
    ("billing_hard_limit_reached", Class::Quota),
    ("billing_not_active", Class::Quota),
    ("invalid_api_key", Class::Auth),
    ("authentication_error", Class::Auth),
    ("permission_error", Class::Permission),
    ("unsupported_country_region_territory", Class::Permission),
    ("model_not_found", Class::ModelNotFound),
    ("context_length_exceeded", Class::ContextLength),
    ("content_filter", Class::ContentFilter),
    ("content_policy_violation", Class::ContentFilter),
    ("rate_limit_exceeded", Class::RateLimit),
    ("rate_limit_error", Class::RateLimit),
    ("server_error", Class::Unavailable),
];

const PHRASES: &Table = &[
    ("maximum context length", Class::ContextLength),
    ("context window", Class::ContextLength),
    ("usage policy", Class::ContentFilter),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
