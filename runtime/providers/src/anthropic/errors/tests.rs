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
            Class::InvalidRequest,
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            Class::ContextLength,
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            Class::Quota,
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            Class::ContentFilter,
        ),
        (
            401,
            "authentication_error",
            "invalid x-api-key",
            Class::Auth,
        ),
        (402, "billing_error", "m", Class::Quota),
        (403, "permission_error", "m", Class::Permission),
        (404, "not_found_error", "model: x", Class::ModelNotFound),
        (413, "request_too_large", "m", Class::TooLarge),
        (429, "rate_limit_error", "m", Class::RateLimit),
        (500, "api_error", "m", Class::Unavailable),
        (504, "timeout_error", "m", Class::Unavailable),
        (529, "overloaded_error", "m", Class::Unavailable),
    ] {
        let body = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"});
        let failure = Messages.failure(status, body.to_string().as_bytes());
        assert_eq!(
            failure,
            Failure {
                status: Some(status),
                code: Some(kind.into()),
                request_id: Some("req_1".to_owned()),
                stage: Stage::Declined,
                ..Failure::quoting(class, "", message, "")
            }
        );
    }
}
