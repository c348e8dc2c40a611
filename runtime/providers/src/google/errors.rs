//! Google's error statuses and reasons.
//!
//! Never here: the shapes of error bodies (`error_body`).

use std::time::Duration;

use serde_json::Value;

use crate::error_body::{ErrorBody, Table};
use crate::{ErrorKind, Failure};

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
    if failure.class == ErrorKind::RateLimit && violations.any(per_day) {
        failure.class = ErrorKind::Quota;
    }
    failure
}

/// A protobuf duration such as `17s` or `0.25s`.
pub(super) fn seconds(duration: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(duration.strip_suffix('s')?.parse().ok()?).ok()
}

const WORDS: &Table = &[
    ("API_KEY_INVALID", ErrorKind::Auth),
    ("API_KEY_EXPIRED", ErrorKind::Auth),
    ("UNAUTHENTICATED", ErrorKind::Auth),
    ("FAILED_PRECONDITION", ErrorKind::Permission),
    ("PERMISSION_DENIED", ErrorKind::Permission),
    ("NOT_FOUND", ErrorKind::ModelNotFound),
    ("RESOURCE_EXHAUSTED", ErrorKind::RateLimit),
    ("INVALID_ARGUMENT", ErrorKind::InvalidRequest),
    ("INTERNAL", ErrorKind::Unavailable),
    ("UNAVAILABLE", ErrorKind::Unavailable),
    ("DEADLINE_EXCEEDED", ErrorKind::Unavailable),
];

const PHRASES: &Table = &[
    ("api key not valid", ErrorKind::Auth),
    ("api key expired", ErrorKind::Auth),
    ("input token count", ErrorKind::ContextLength),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
