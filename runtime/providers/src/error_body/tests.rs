use std::time::Duration;

use super::*;

fn read(status: u16, body: &str) -> Failure {
    failure(Some(status), body)
}

#[test]
fn every_shape_has_its_message_and_code() {
    for (body, message, code) in [
        (
            r#"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#,
            "m",
            Some("c"),
        ),
        (
            r#"{"error":{"message":"m","type":"t","param":null,"code":null}}"#,
            "m",
            Some("t"),
        ),
        (
            r#"{"type":"error","error":{"type":"t","message":"m"},"request_id":"r"}"#,
            "m",
            Some("t"),
        ),
        (
            r#"{"error":{"code":400,"message":"m","status":"S","details":[]}}"#,
            "m",
            Some("S"),
        ),
        (
            r#"[{"error":{"code":400,"message":"m","status":"S"}}]"#,
            "m",
            Some("S"),
        ),
        (
            r#"{"error":{"code":400,"message":"m","metadata":{}}}"#,
            "m",
            Some("400"),
        ),
        (
            r#"{"error":{"code":400,"message":"m","metadata":{"error_type":"t"}}}"#,
            "m",
            Some("t"),
        ),
        (
            r#"{"error":{"code":"400","message":"m","type":"None"}}"#,
            "m",
            Some("None"),
        ),
        (r#"{"code":"c","error":"m"}"#, "m", Some("c")),
        (r#"{"error":"m"}"#, "m", None),
        (
            r#"{"object":"error","message":"m","type":"t","param":null,"code":"c"}"#,
            "m",
            Some("c"),
        ),
        (
            r#"{"object":"error","message":{"detail":[{"loc":["body"],"msg":"m"}]}}"#,
            "body: m",
            None,
        ),
        (r#"{"detail":"m"}"#, "m", None),
        (
            r#"{"detail":[{"loc":["body","x",0],"msg":"m","type":"t"},{"msg":"n"}]}"#,
            "body.x.0: m; n",
            None,
        ),
        (r#"{"message":"m"}"#, "m", None),
        ("\u{feff}\"m\"", "m", None),
        ("upstream connect error", "upstream connect error", None),
        ("", "HTTP 400 without an explanation", None),
        ("[]", "HTTP 400 without an explanation", None),
        ("{}", "HTTP 400 without an explanation", None),
        (
            r#"{"error":{"message":"","code":"c"}}"#,
            "HTTP 400 without an explanation",
            Some("c"),
        ),
        (
            "<!doctype html><HTML><Head><TITLE class=x>\n 502 Bad\tGateway </TITLE>…x-api-key: k",
            "the reply is an HTML or XML page (502 Bad Gateway) instead of JSON; check the base URL and any proxy",
            None,
        ),
        (
            "<html>",
            "the reply is an HTML or XML page instead of JSON; check the base URL and any proxy",
            None,
        ),
    ] {
        let failure = read(400, body);
        assert_eq!(failure.message, message, "{body}");
        assert_eq!(failure.code.as_deref(), code, "{body}");
        assert_eq!(
            (failure.class, failure.status),
            (ErrorKind::InvalidRequest, Some(400)),
            "{body}"
        );
    }
    assert_eq!(
        read(400, r#"{"error":{},"request_id":"r"}"#)
            .request_id
            .as_deref(),
        Some("r")
    );
}

#[test]
fn the_parameter_that_is_meant() {
    for (body, param) in [
        (
            r#"{"error":{"message":"m","param":"max_tokens"}}"#,
            Some("max_tokens"),
        ),
        (
            r#"{"object":"error","message":"m","param":"top_p"}"#,
            Some("top_p"),
        ),
        (
            r#"{"detail":[{"loc":["body","seed",0],"msg":"Extra inputs are not permitted"}]}"#,
            Some("seed"),
        ),
        (r#"{"error":{"message":"m","param":null}}"#, None),
        (r#"{"error":{"message":"m","param":""}}"#, None),
        (r#"{"detail":"m"}"#, None),
        ("", None),
    ] {
        assert_eq!(read(400, body).param.as_deref(), param, "{body}");
    }
}

#[test]
fn the_status_decides_what_may_pass_whatever_the_type_says() {
    let class = |status, word: &str| {
        let body = format!(r#"{{"error":{{"message":"m","type":"{word}"}}}}"#);
        failure(status, &body).class
    };
    for (status, expected) in [
        (400, ErrorKind::InvalidRequest),
        (401, ErrorKind::Auth),
        (403, ErrorKind::Permission),
        (404, ErrorKind::ModelNotFound),
        (413, ErrorKind::TooLarge),
        (422, ErrorKind::InvalidRequest),
    ] {
        for word in ["server_error", "rate_limit_error"] {
            assert_eq!(class(Some(status), word), expected, "{status} {word}");
        }
    }
    for (status, expected) in [
        (408, ErrorKind::Unavailable),
        (409, ErrorKind::Unavailable),
        (429, ErrorKind::RateLimit),
        (500, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
        (529, ErrorKind::Unavailable),
    ] {
        for word in ["invalid_request_error", "authentication_error"] {
            assert_eq!(class(Some(status), word), expected, "{status} {word}");
        }
        assert_eq!(class(Some(status), "insufficient_quota"), ErrorKind::Quota);
        assert_eq!(
            class(Some(status), "rate_limit_error"),
            ErrorKind::RateLimit
        );
    }
    assert_eq!(class(Some(400), "authentication_error"), ErrorKind::Auth);
    assert_eq!(class(None, "authentication_error"), ErrorKind::Auth);
    assert_eq!(class(Some(200), "authentication_error"), ErrorKind::Auth);
    assert_eq!(class(Some(200), "rate_limit_error"), ErrorKind::RateLimit);
    // A status in the body of a stream's error counts as much.
    let body = r#"{"error":{"code":400,"metadata":{"error_type":"server_error"}}}"#;
    let failure = failure(None, body);
    assert_eq!(failure.class, ErrorKind::InvalidRequest);
}

#[test]
fn words_and_phrases_refine_the_status() {
    assert_eq!(
        read(
            429,
            r#"{"error":{"type":"insufficient_quota","code":"other"}}"#
        )
        .class,
        ErrorKind::Quota
    );
    assert_eq!(
        read(400, r#"{"error":"Prompt is TOO long"}"#).class,
        ErrorKind::ContextLength
    );
    assert_eq!(
        read(429, r#"{"error":"too long"}"#).class,
        ErrorKind::RateLimit
    );
    for (status, class) in [
        (400, ErrorKind::InvalidRequest),
        (408, ErrorKind::Unavailable),
        (413, ErrorKind::TooLarge),
        (500, ErrorKind::Unavailable),
    ] {
        assert_eq!(
            read(status, r#"{"error":{"type":"invalid_request_error"}}"#).class,
            class
        );
    }
    let streamed = |body| failure(None, body).class;
    assert_eq!(streamed(r#"{"error":{"code":429}}"#), ErrorKind::RateLimit);
    assert_eq!(streamed(r#"{"error":{"code":"401"}}"#), ErrorKind::Auth);
    assert_eq!(
        streamed(r#"{"error":{"code":7,"type":"invalid_request_error"}}"#),
        ErrorKind::InvalidRequest
    );
    assert_eq!(streamed("{}"), ErrorKind::Unavailable);
}

#[test]
fn statuses() {
    for (status, class) in [
        (400, ErrorKind::InvalidRequest),
        (401, ErrorKind::Auth),
        (402, ErrorKind::Quota),
        (403, ErrorKind::Permission),
        (404, ErrorKind::ModelNotFound),
        (408, ErrorKind::Unavailable),
        (409, ErrorKind::Unavailable),
        (413, ErrorKind::TooLarge),
        (422, ErrorKind::InvalidRequest),
        (429, ErrorKind::RateLimit),
        (500, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
        (529, ErrorKind::Unavailable),
        (302, ErrorKind::Unavailable),
    ] {
        assert_eq!(read(status, "").class, class, "{status}");
    }
}

#[test]
fn what_relays_wrap_into_each_other_is_read() {
    let raw = r#"{"error":{"message":"'temperature' is not supported","param":"temperature"}}"#;
    let quoted = serde_json::to_string(raw).unwrap();
    let wrapped = [
        format!(
            r#"{{"error":{{"message":"Provider returned error","code":400,"metadata":{{"raw":{quoted},"provider_name":"P"}}}}}}"#
        ),
        format!(
            r#"{{"error":{{"message":"Provider returned error","code":400,"metadata":{{"raw":{raw},"provider_name":"P"}}}}}}"#
        ),
        format!(r#"{{"error":{{"message":{quoted}}}}}"#),
        format!(r#"{{"detail":{quoted}}}"#),
        format!("Upstream error 400: {raw}"),
        format!("event: error\ndata: {raw}\n\ndata: [DONE]\n"),
    ];
    for body in wrapped {
        let failure = read(400, &body);
        let message = failure.message.strip_prefix("P: ");
        let message = message.unwrap_or(&failure.message);
        assert_eq!(message, "'temperature' is not supported", "{body}");
        assert_eq!(failure.param.as_deref(), Some("temperature"), "{body}");
    }
    // Text in `raw`, and words that are not an error.
    let plain = r#"{"error":{"message":"m","code":429,"metadata":{"raw":"slow down","provider_name":"P"}}}"#;
    assert_eq!(read(429, plain).message, "P: slow down");
    let example = r#"{"error":{"message":"send an object such as {\"message\":\"x\"}"}}"#;
    let failure = read(400, example);
    let message = &failure.message;
    assert!(message.starts_with("send an object"), "{message}");
    // A wait inside.
    let info = r#"{"error":{"message":"m","details":[{"retryDelay":"17s"}]}}"#;
    let quoted = serde_json::to_string(info).unwrap();
    let failure = read(429, &format!(r#"{{"error":{{"message":{quoted}}}}}"#));
    assert_eq!(failure.retry_after, Some(Duration::from_secs(17)));
    for odd in ["17", "-1s", "NaNs", "1e99s", "s", ""] {
        let body = format!(r#"{{"error":{{"details":[{{"retryDelay":"{odd}"}}]}}}}"#);
        assert_eq!(read(429, &body).retry_after, None, "{odd}");
    }
}

#[test]
fn a_path_that_is_missing_is_told_from_a_model() {
    for (status, body, lacks_path) in [
        (404, r#"{"detail":"Not Found"}"#, true),
        (404, "404 page not found", true),
        (
            404,
            r#"{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}"#,
            true,
        ),
        (405, "", true),
        (501, "", true),
        (
            404,
            r#"{"error":{"message":"model: x","type":"not_found_error"}}"#,
            false,
        ),
        (
            404,
            r#"{"error":{"message":"no","code":"DeploymentNotFound"}}"#,
            false,
        ),
        (
            404,
            r#"{"error":{"message":"No endpoints found for x/y.","code":404}}"#,
            false,
        ),
        (400, r#"{"detail":"Not Found"}"#, false),
    ] {
        assert_eq!(read(status, body).lacks_path, lacks_path, "{body}");
    }
}
