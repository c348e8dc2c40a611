use crate::openai::Responses;
use crate::*;

#[test]
fn error_table() {
    for (status, error, class) in [
        (
            400,
            r#"{"type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter","message":"m"}"#,
            Class::InvalidRequest,
        ),
        (
            400,
            r#"{"type":"invalid_request_error","code":"context_length_exceeded"}"#,
            Class::ContextLength,
        ),
        (
            400,
            r#"{"message":"This model's maximum context length is 8192 tokens."}"#,
            Class::ContextLength,
        ),
        (
            400,
            r#"{"code":"invalid_prompt","message":"flagged as potentially violating our usage policy"}"#,
            Class::ContentFilter,
        ),
        (
            401,
            r#"{"type":"invalid_request_error","code":null}"#,
            Class::Auth,
        ),
        (
            401,
            r#"{"type":"invalid_request_error","code":"invalid_api_key"}"#,
            Class::Auth,
        ),
        (
            403,
            r#"{"code":"unsupported_country_region_territory"}"#,
            Class::Permission,
        ),
        (
            404,
            r#"{"type":"invalid_request_error","code":"model_not_found"}"#,
            Class::ModelNotFound,
        ),
        (409, "{}", Class::Unavailable),
        (422, "{}", Class::InvalidRequest),
        (
            429,
            r#"{"type":"tokens","code":"rate_limit_exceeded"}"#,
            Class::RateLimit,
        ),
        (
            429,
            r#"{"type":"insufficient_quota","code":null}"#,
            Class::Quota,
        ),
        (
            429,
            r#"{"code":"billing_hard_limit_reached"}"#,
            Class::Quota,
        ),
        (503, r#"{"type":"server_error"}"#, Class::Unavailable),
    ] {
        let failure = Responses.failure(status, format!("{{\"error\":{error}}}").as_bytes());
        assert_eq!(
            (failure.class, failure.status),
            (class, Some(status)),
            "{status} {error}"
        );
    }
}
