//! Error codes and phrases of OpenAI and of services with its format
//! (<https://platform.openai.com/docs/guides/error-codes/api-errors>).
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
    ("payment_required", ErrorKind::Quota),
    ("invalid_api_key", ErrorKind::Auth),
    ("authentication_error", ErrorKind::Auth),
    ("authentication", ErrorKind::Auth),
    ("permission_error", ErrorKind::Permission),
    (
        "unsupported_country_region_territory",
        ErrorKind::Permission,
    ),
    ("model_not_found", ErrorKind::ModelNotFound),
    ("invalid_model", ErrorKind::ModelNotFound),
    ("DeploymentNotFound", ErrorKind::ModelNotFound),
    ("context_length_exceeded", ErrorKind::ContextLength),
    ("exceed_context_size_error", ErrorKind::ContextLength),
    ("content_filter", ErrorKind::ContentFilter),
    ("content_policy_violation", ErrorKind::ContentFilter),
    ("rate_limit_exceeded", ErrorKind::RateLimit),
    ("rate_limit_error", ErrorKind::RateLimit),
    ("provider_overloaded", ErrorKind::Unavailable),
    ("provider_unavailable", ErrorKind::Unavailable),
    ("unavailable_error", ErrorKind::Unavailable),
    ("server_error", ErrorKind::Unavailable),
];

const PHRASES: &Table = &[
    ("incorrect api key", ErrorKind::Auth),
    ("invalid api key", ErrorKind::Auth),
    ("maximum context length", ErrorKind::ContextLength),
    ("context window", ErrorKind::ContextLength),
    ("context size", ErrorKind::ContextLength),
    ("context length", ErrorKind::ContextLength),
    ("not a valid model", ErrorKind::ModelNotFound),
    ("invalid model", ErrorKind::ModelNotFound),
    ("usage policy", ErrorKind::ContentFilter),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
