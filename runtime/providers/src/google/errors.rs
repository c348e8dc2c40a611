//! Google's error statuses and reasons (<https://ai.google.dev/gemini-api/docs/troubleshooting>).
//!
//! Never here: the shapes of error bodies (`error_body`).

use crate::ErrorKind::{
    Auth, ContextLength, InvalidRequest, ModelNotFound, Permission, RateLimit, Unavailable,
};
use crate::error_body::Meanings;

pub(super) use crate::error_body::failure;

pub(crate) static GOOGLE: Meanings = Meanings {
    codes: &[
        ("API_KEY_INVALID", Auth),
        ("API_KEY_EXPIRED", Auth),
        ("UNAUTHENTICATED", Auth),
        ("FAILED_PRECONDITION", Permission),
        ("PERMISSION_DENIED", Permission),
        ("NOT_FOUND", ModelNotFound),
        ("RESOURCE_EXHAUSTED", RateLimit),
        ("INVALID_ARGUMENT", InvalidRequest),
        ("INTERNAL", Unavailable),
        ("UNAVAILABLE", Unavailable),
        ("DEADLINE_EXCEEDED", Unavailable),
    ],
    phrases: &[
        ("api key not valid", Auth),
        ("api key expired", Auth),
        ("input token count", ContextLength),
    ],
};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
