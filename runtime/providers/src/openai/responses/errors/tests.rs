use crate::openai::Responses;
use crate::*;

#[test]
fn error_table() {
    for (status, error, class) in [
        (
            400,
            r#"{"type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter","message":"m"}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            400,
            r#"{"type":"invalid_request_error","code":"context_length_exceeded"}"#,
            ErrorKind::ContextLength,
        ),
        (
            400,
            r#"{"message":"This model's maximum context length is 8192 tokens."}"#,
            ErrorKind::ContextLength,
        ),
        (
            400,
            r#"{"code":"invalid_prompt","message":"flagged as potentially violating our usage policy"}"#,
            ErrorKind::ContentFilter,
        ),
        (
            401,
            r#"{"type":"invalid_request_error","code":null}"#,
            ErrorKind::Auth,
        ),
        (
            401,
            r#"{"type":"invalid_request_error","code":"invalid_api_key"}"#,
            ErrorKind::Auth,
        ),
        (
            403,
            r#"{"code":"unsupported_country_region_territory"}"#,
            ErrorKind::Permission,
        ),
        (
            404,
            r#"{"type":"invalid_request_error","code":"model_not_found"}"#,
            ErrorKind::ModelNotFound,
        ),
        (409, "{}", ErrorKind::Unavailable),
        (422, "{}", ErrorKind::InvalidRequest),
        (
            429,
            r#"{"type":"tokens","code":"rate_limit_exceeded"}"#,
            ErrorKind::RateLimit,
        ),
        (
            429,
            r#"{"type":"insufficient_quota","code":null}"#,
            ErrorKind::Quota,
        ),
        (
            429,
            r#"{"code":"billing_hard_limit_reached"}"#,
            ErrorKind::Quota,
        ),
        (503, r#"{"type":"server_error"}"#, ErrorKind::Unavailable),
    ] {
        let failure = Responses.failure(status, format!("{{\"error\":{error}}}").as_bytes());
        assert_eq!(
            (failure.class, failure.status),
            (class, Some(status)),
            "{status} {error}"
        );
    }
}
