use crate::openai::Responses;
use crate::openai::chat_completions::*;
use crate::*;

#[test]
fn errors_of_chat_completions() {
    for (status, body, class) in [
        (
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            400,
            r#"{"error":{"message":"The prompt has 9 tokens, too large for model with 8 maximum context length"}}"#,
            ErrorKind::ContextLength,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
            ErrorKind::ContextLength,
        ),
        (
            400,
            r#"{"error":{"code":"content_filter","message":"m","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            ErrorKind::ContentFilter,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"x is not a valid model ID"}}"#,
            ErrorKind::ModelNotFound,
        ),
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: ab***yz."}"#,
            ErrorKind::Auth,
        ),
        (
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"x"}}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            401,
            r#"{"error":{"message":"m","code":401}}"#,
            ErrorKind::Auth,
        ),
        (401, r#"{"detail":"Unauthorized"}"#, ErrorKind::Auth),
        (
            402,
            r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
            ErrorKind::Quota,
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"m","metadata":{"reasons":[]}}}"#,
            ErrorKind::Permission,
        ),
        (
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"m"}}"#,
            ErrorKind::ModelNotFound,
        ),
        (
            404,
            r#"{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error"}}"#,
            ErrorKind::ModelNotFound,
        ),
        (
            413,
            r#"{"error":{"message":"Request too large","type":"tokens","code":"rate_limit_exceeded"}}"#,
            ErrorKind::TooLarge,
        ),
        (
            422,
            r#"{"detail":[{"loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted","type":"extra_forbidden"}]}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            429,
            r#"{"object":"error","message":"m","type":"rate_limited","code":"1300"}"#,
            ErrorKind::RateLimit,
        ),
        (
            429,
            r#"{"error":{"message":"m","code":"429","type":"None"}}"#,
            ErrorKind::RateLimit,
        ),
        (
            502,
            r#"{"error":{"code":502,"message":"m"}}"#,
            ErrorKind::Unavailable,
        ),
        (
            503,
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            ErrorKind::Unavailable,
        ),
    ] {
        let failure = PLAIN.failure(status, body.as_bytes());
        assert_eq!(
            (failure.class, failure.status),
            (class, Some(status)),
            "{body}"
        );
    }
}

#[test]
fn errors_of_responses() {
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
