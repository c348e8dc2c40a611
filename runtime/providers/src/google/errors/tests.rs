use std::time::Duration;

use crate::google::GenerateContent;
use crate::google::tests::EXHAUSTED;
use crate::*;

#[test]
fn error_table() {
    let reason = |reason| {
        format!(
            ",\"details\":[{{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"{reason}\"}}]"
        )
    };
    for (code, status, message, details, class) in [
        (
            400,
            "INVALID_ARGUMENT",
            "m",
            reason("API_KEY_INVALID"),
            ErrorKind::Auth,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "m",
            reason("API_KEY_EXPIRED"),
            ErrorKind::Auth,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid.",
            String::new(),
            ErrorKind::Auth,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (9) exceeds the maximum",
            String::new(),
            ErrorKind::ContextLength,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "m",
            String::new(),
            ErrorKind::InvalidRequest,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "m",
            String::new(),
            ErrorKind::Permission,
        ),
        (
            403,
            "PERMISSION_DENIED",
            "m",
            reason("SERVICE_DISABLED"),
            ErrorKind::Permission,
        ),
        (
            404,
            "NOT_FOUND",
            "m",
            String::new(),
            ErrorKind::ModelNotFound,
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "m",
            String::new(),
            ErrorKind::RateLimit,
        ),
        (500, "INTERNAL", "m", String::new(), ErrorKind::Unavailable),
        (
            503,
            "UNAVAILABLE",
            "m",
            String::new(),
            ErrorKind::Unavailable,
        ),
        (
            504,
            "DEADLINE_EXCEEDED",
            "m",
            String::new(),
            ErrorKind::Unavailable,
        ),
    ] {
        let body = format!(
            "{{\"error\":{{\"code\":{code},\"message\":\"{message}\",\"status\":\"{status}\"{details}}}}}"
        );
        assert_eq!(
            GenerateContent.failure(code, body.as_bytes()).class,
            class,
            "{body}"
        );
        assert_eq!(
            GenerateContent
                .failure(code, format!("[{body}]").as_bytes())
                .class,
            class,
            "{body}"
        );
    }
    let daily = EXHAUSTED.replace("PerMinute", "PerDay");
    assert_eq!(
        GenerateContent.failure(429, daily.as_bytes()).class,
        ErrorKind::Quota
    );
    let failure = GenerateContent.failure(429, EXHAUSTED.as_bytes());
    assert_eq!(
        (failure.class, failure.retry_after),
        (ErrorKind::RateLimit, Some(Duration::from_secs(17)))
    );
    assert_eq!(
        (failure.code.as_deref(), failure.message.as_str()),
        (Some("RESOURCE_EXHAUSTED"), "Quota exceeded")
    );
}
