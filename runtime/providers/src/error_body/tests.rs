use super::*;

fn read(status: u16, body: &str) -> Failure {
    ErrorBody::read(body).failure(
        Some(status),
        &[
            ("word", ErrorKind::Quota),
            ("wrong", ErrorKind::InvalidRequest),
        ],
        &[("too long", ErrorKind::ContextLength)],
    )
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
    let words: &Table = &[
        ("server_error", ErrorKind::Unavailable),
        ("rate_limit_error", ErrorKind::RateLimit),
        ("authentication_error", ErrorKind::Auth),
        ("insufficient_quota", ErrorKind::Quota),
        ("invalid_request_error", ErrorKind::InvalidRequest),
    ];
    let class = |status, word: &str| {
        let body = format!(r#"{{"error":{{"message":"m","type":"{word}"}}}}"#);
        ErrorBody::read(&body).failure(status, words, &[]).class
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
    let failure = ErrorBody::read(body).failure(None, words, &[]);
    assert_eq!(failure.class, ErrorKind::InvalidRequest);
}

#[test]
fn words_and_phrases_refine_the_status() {
    assert_eq!(
        read(429, r#"{"error":{"type":"word","code":"other"}}"#).class,
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
        assert_eq!(read(status, r#"{"error":{"type":"wrong"}}"#).class, class);
    }
    let streamed = |body| ErrorBody::read(body).failure(None, &[], &[]).class;
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
