use serde_json::json;

use crate::anthropic::Messages;
use crate::*;

#[test]
fn error_table() {
    for (status, kind, message, class) in [
        (
            400,
            "invalid_request_error",
            "max_tokens: required",
            ErrorKind::InvalidRequest,
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            ErrorKind::ContextLength,
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            ErrorKind::Quota,
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            ErrorKind::ContentFilter,
        ),
        (
            401,
            "authentication_error",
            "invalid x-api-key",
            ErrorKind::Auth,
        ),
        (402, "billing_error", "m", ErrorKind::Quota),
        (403, "permission_error", "m", ErrorKind::Permission),
        (404, "not_found_error", "model: x", ErrorKind::ModelNotFound),
        (413, "request_too_large", "m", ErrorKind::TooLarge),
        (429, "rate_limit_error", "m", ErrorKind::RateLimit),
        (500, "api_error", "m", ErrorKind::Unavailable),
        (504, "timeout_error", "m", ErrorKind::Unavailable),
        (529, "overloaded_error", "m", ErrorKind::Unavailable),
    ] {
        let body = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"});
        let failure = Messages.failure(status, body.to_string().as_bytes());
        let mut expected = Failure::quoting(class, "", message, "").at(Stage::Declined);
        expected.status = Some(status);
        expected.code = Some(kind.into());
        expected.request_id = Some("req_1".to_owned());
        assert_eq!(failure, expected);
    }
}
