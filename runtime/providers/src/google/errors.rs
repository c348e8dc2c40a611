//! Google's error statuses and reasons.
//!
//! Never here: the shapes of error bodies (`error_body`).

use std::time::Duration;

use serde_json::Value;

use crate::error_body::{ErrorBody, Table};
use crate::{Class, Failure};

pub(super) fn failure(status: Option<u16>, body: &str) -> Failure {
    let error = ErrorBody::read(body);
    let mut failure = error.failure(status, WORDS, PHRASES);
    failure.retry_after = error
        .details("retryDelay")
        .find_map(|delay| seconds(delay.as_str()?));
    let mut violations = error
        .details("violations")
        .filter_map(Value::as_array)
        .flatten();
    let per_day = |violation: &Value| {
        let quota = violation.get("quotaId").and_then(Value::as_str);
        quota.is_some_and(|quota| quota.contains("PerDay"))
    };
    if failure.class == Class::RateLimit && violations.any(per_day) {
        failure.class = Class::Quota;
    }
    failure
}

/// A protobuf duration such as `17s` or `0.25s`.
pub(super) fn seconds(duration: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(duration.strip_suffix('s')?.parse().ok()?).ok()
}

const WORDS: &Table = &[
    ("API_KEY_INVALID", Class::Auth),
    ("API_KEY_EXPIRED", Class::Auth),
    ("UNAUTHENTICATED", Class::Auth),
    ("FAILED_PRECONDITION", Class::Permission),
    ("PERMISSION_DENIED", Class::Permission),
    ("NOT_FOUND", Class::ModelNotFound),
    ("RESOURCE_EXHAUSTED", Class::RateLimit),
    ("INVALID_ARGUMENT", Class::InvalidRequest),
    ("INTERNAL", Class::Unavailable),
    ("UNAVAILABLE", Class::Unavailable),
    ("DEADLINE_EXCEEDED", Class::Unavailable),
];

const PHRASES: &Table = &[
    ("api key not valid", Class::Auth),
    ("api key expired", Class::Auth),
    ("input token count", Class::ContextLength),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
