use alloc::format;

use super::*;

#[test]
fn ids_are_strings_and_integers() {
    for good in ["0", "-1", "-0", "9007199254740993", r#""""#, r#""a\n""#] {
        assert_eq!(Id::from_json(good).map(Id::as_json), Some(good));
    }
    let long = format!("1{}", "0".repeat(40));
    assert!(Id::from_json(&long).is_some());
    for bad in ["1.0", "1e3", "1E3", "null", "true", "{}", "[1]", "-"] {
        assert_eq!(Id::from_json(bad), None, "{bad}");
    }
}

#[test]
fn keys_are_equal_exactly_for_equal_ids() {
    let key = |raw| Id::from_json(raw).map(Id::key);
    assert_eq!(key(r#""a/b""#), key(r#""\u0061\/b""#));
    assert_ne!(key("1"), key(r#""1""#));
    assert_eq!(key(r#""\ud800""#), key(r#""\ud800""#));
}

#[test]
fn lines_are_sorted_as_json_rpc_2_0_requires() {
    let sort = |line: &str| match Message::read(Some(line)) {
        Message::Request { id, method, .. } => format!("request {} {method}", id.as_json()),
        Message::Notification { method, .. } => format!("notification {method}"),
        Message::Invalid(id, error) => {
            format!("{} {:?}", error.code.0, id.map(Id::as_json))
        }
        Message::Nothing => "nothing".into(),
    };
    for (line, expected) in [
        (" \t\r", "nothing"),
        ("\u{c}", "-32700 None"),
        (r#"{"jsonrpc":"2.0","id":0,"method":"m"}"#, "request 0 m"),
        (
            r#"{"id":"","method":"\u006d","jsonrpc":"2.0"}"#,
            r#"request "" m"#,
        ),
        (
            r#"{"method":"m","params":1,"jsonrpc":"2.0","id":7}"#,
            "request 7 m",
        ),
        (
            r#"{"jsonrpc":"2.0","id":0,"method":"m","jsonrpc ":1,"id2":1,"i":1,"method_":1,"id":2}"#,
            "request 2 m",
        ),
        (
            r#"{"jsonrpc" : "2.0" , "method":"m" , "id"7}"#,
            "-32700 None",
        ),
        (r#"{"jsonrpc":"2.0","method":"m"}"#, "notification m"),
        (r#"{"method":"m"}"#, "nothing"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "nothing"),
        (r#"{"jsonrpc":"2.0","error":{}}"#, "nothing"),
        ("not json", "-32700 None"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m"} x"#, "-32700 None"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m""#, "-32700 None"),
        ("[]", "-32600 None"),
        ("7", "-32600 None"),
        (r#"{"jsonrpc":"2.0","id":1}"#, r#"-32600 Some("1")"#),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
            r#"-32600 Some("1")"#,
        ),
        (r#"{"jsonrpc":"2.0","method":5}"#, "-32600 None"),
        (r#"{"id":1,"method":"m"}"#, r#"-32600 Some("1")"#),
        (
            r#"{"jsonrpc":2.0,"id":1,"method":"m"}"#,
            r#"-32600 Some("1")"#,
        ),
        (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, "-32600 None"),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, "-32600 None"),
        ("{}", "-32600 None"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","\ud800":1}"#,
            "-32700 None",
        ),
    ] {
        assert_eq!(sort(line), expected, "{line}");
    }
    assert!(matches!(
        Message::read(None),
        Message::Invalid(
            None,
            Error {
                code: Code::PARSE_ERROR,
                ..
            }
        )
    ));
}

#[test]
fn nesting_is_bounded_by_the_line_not_by_the_stack() {
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{}{}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    assert!(matches!(
        Message::read(Some(&deep)),
        Message::Request { .. }
    ));
    let open = "[".repeat(200_000);
    assert!(matches!(
        Message::read(Some(&open)),
        Message::Invalid(None, _)
    ));
}

#[test]
fn a_beginning_is_enough_for_the_id_if_it_has_it() {
    let read = |line: &'static str| match Message::read_beginning(line.as_bytes()) {
        Message::Invalid(id, _) => Some(id.map(Id::as_json)),
        _ => None,
    };
    assert_eq!(
        read(r#"{"jsonrpc":"2.0","id":7,"params":{"x":"yyy"#),
        Some(Some("7"))
    );
    assert_eq!(read(r#"{"jsonrpc":"2.0","params":{"x":"yyy"#), Some(None));
    assert_eq!(
        read(r#"{"method":"notifications/x","params":{"x":"yyy"#),
        None
    );
    assert_eq!(
        read(r#"{"id":null,"method":"notifications/x","params":{"x":"yyy"#),
        Some(None)
    );
    // The id may go on where the line was cut.
    assert_eq!(read(r#"{"jsonrpc":"2.0","id":12"#), Some(None));
    assert_eq!(read(r#"{"jsonrpc":"2.0","id":01,"x":"yyy"#), Some(None));
}
