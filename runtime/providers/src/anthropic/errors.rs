//! Anthropic's error types (<https://platform.claude.com/docs/en/api/errors>).
//!
//! Never here: the shapes of error bodies (`error_body`).

use crate::ErrorKind::{
    Auth, ContentFilter, ContextLength, InvalidRequest, ModelNotFound, Permission, Quota,
    RateLimit, TooLarge, Unavailable,
};
use crate::error_body::Meanings;

pub(super) use crate::error_body::failure;

pub(crate) static ANTHROPIC: Meanings = Meanings {
    codes: &[
        ("invalid_request_error", InvalidRequest),
        ("authentication_error", Auth),
        ("billing_error", Quota),
        ("permission_error", Permission),
        ("not_found_error", ModelNotFound),
        ("request_too_large", TooLarge),
        ("rate_limit_error", RateLimit),
        ("api_error", Unavailable),
        ("timeout_error", Unavailable),
        ("overloaded_error", Unavailable),
    ],
    phrases: &[
        ("prompt is too long", ContextLength),
        ("exceed context limit", ContextLength),
        ("credit balance is too low", Quota),
        ("usage limits", Quota),
        ("content filtering policy", ContentFilter),
    ],
};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
