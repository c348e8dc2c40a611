//! Bad input, one test for each kind: the answer, and that the session goes on. By JSON-RPC 2.0 (sections 4 and 5) a
//! line that cannot be read as a request with an id is answered without one, and a notification or response is never
//! answered.
//!
//! Never here: valid requests with invalid parameters (`revisions.rs`), bad arguments of tools (`tools/chat.rs`),
//! clients that misbehave in other ways than by what they write (`process/stdio.rs`, `process/endings.rs`).

use std::time::Duration;

use anygpt_tests::server::Server;
use serde_json::{Value, json};

const CHAT: &str = "anygpt_chat_completion";

/// The longest line that is accepted.
const LINE: usize = 16 << 20;

/// Levels of nesting.
const DEEP: usize = 100_000;

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;

/// The answer to a line.
#[derive(Clone, Copy, Debug)]
enum Back<'a> {
    Nothing,
    /// An error with this code, without an id.
    Error(i32),
    /// An error with this code for the request with this id, verbatim.
    ErrorTo(&'a str, i32),
    /// The result of the request with this id.
    ResultTo(&'a str),
    /// The same, with the tool's own error.
    ToolErrorTo(&'a str),
}

/// A session with bad input.
struct Session {
    server: Server,
    pings: usize,
}

impl Session {
    fn start() -> Self {
        Self {
            // A line of 96 MiB is slow on a busy machine.
            server: Server::builder()
                .env("DEFAULT_PROVIDER", "mock")
                .limit(Duration::from_secs(60))
                .spawn(),
            pings: 0,
        }
    }

    /// Sends one line, and expects this answer and nothing else; then a ping must work.
    #[track_caller]
    fn line(&mut self, line: impl AsRef<[u8]>, back: Back<'_>) {
        self.bytes([line.as_ref(), b"\n"].concat(), back);
    }

    /// Sends bytes that are one line with its end, and expects the same.
    #[track_caller]
    fn bytes(&mut self, bytes: impl AsRef<[u8]>, back: Back<'_>) {
        let bytes = bytes.as_ref();
        self.server.send_raw(bytes);
        self.pings += 1;
        let id = format!("\"ping {}\"", self.pings);
        self.server.send(&request(&id, "ping", ""));
        let what = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
        let pong = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
        let mut line = self.server.line();
        if matches!(back, Back::Nothing) {
            assert_eq!(line, pong, "behind {what}");
            return;
        }
        // A tool's answer may come after the session's own.
        let mut other = self.server.line();
        if line == pong {
            std::mem::swap(&mut line, &mut other);
        }
        assert_eq!(other, pong, "beside {what}");
        let begins = match back {
            Back::Nothing => unreachable!("handled above"),
            Back::Error(code) => format!(r#"{{"jsonrpc":"2.0","error":{{"code":{code},"#),
            Back::ErrorTo(id, code) => {
                format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"#)
            }
            Back::ResultTo(id) | Back::ToolErrorTo(id) => {
                format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"#)
            }
        };
        let shown: String = line.chars().take(300).collect();
        assert!(line.starts_with(&begins), "{back:?} for {what}: {shown}");
        let fails = line.ends_with(r#","isError":true}}"#);
        let must_fail = matches!(back, Back::ToolErrorTo(_));
        assert_eq!(fails, must_fail, "{what}: {shown}");
        let is_short = line.len() < begins.len() + 300;
        let may_be_long = matches!(back, Back::ResultTo(_));
        assert!(is_short || may_be_long, "a long error for {what}");
    }

    /// Ends the input: there are no further lines, and no memory was kept.
    #[track_caller]
    fn end(mut self) {
        self.server.expect_little_memory();
        self.server.close_stdin();
        assert_eq!(self.server.wait().code, Some(0), "{}", self.server.seen());
        assert_eq!(self.server.line_within(Duration::ZERO), None);
    }
}

/// A request line; `more` are members after the method, each with a leading comma.
fn request(id: &str, method: &str, more: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"{more}}}"#)
}

fn with_params(method: &str, params: &str) -> String {
    request("1", method, &format!(",\"params\":{params}"))
}

fn chat(arguments: &str) -> String {
    with_params(
        "tools/call",
        &format!(r#"{{"name":"{CHAT}","arguments":{arguments}}}"#),
    )
}

/// `open` and `close`, nested a hundred thousand times.
fn deep(open: &str, close: &str) -> String {
    open.repeat(DEEP) + &close.repeat(DEEP)
}

// ----------------------------------------------------------------------------------------------- no JSON

#[test]
fn what_is_not_json_is_a_parse_error() {
    let mut session = Session::start();
    let ping = request("1", "ping", "");
    for line in [
        "hello",
        "GET / HTTP/1.1\r",
        "Content-Length: 40\r",
        "{",
        "}",
        "[",
        "\"",
        "{]",
        "nul",
        "NaN",
        "'ping'",
        "{'jsonrpc':'2.0','id':1,'method':'ping'}",
        "{jsonrpc:\"2.0\",id:1,method:\"ping\"}",
        &ping[..20],
        &ping[..ping.len() - 1],
        &ping.replace(",\"method\"", ",,\"method\""),
        &ping.replace('}', ",}"),
        &ping.replace(":1,", ":01,"),
        &ping.replace(":1,", ":+1,"),
        &ping.replace(":1,", ":1.,"),
        &ping.replace(":1,", ":0x1,"),
        &ping.replace("ping", "pi\tng"),
        &ping.replace("ping", "pi\\xng"),
        &ping.replace("ping", "pi\\u12ng"),
        &format!("{ping}{ping}"),
        &format!("{ping} {ping}"),
        &format!("{ping}]"),
        &format!("{ping} // twice"),
        &format!("\u{feff}{ping}"),
    ] {
        session.line(line, Back::Error(PARSE_ERROR));
    }
    session.end();
}

#[test]
fn utf_8_that_is_broken_anywhere_is_a_parse_error() {
    let mut session = Session::start();
    let whole = with_params("ping", r#"{"a name":"a value","_meta":{"x":"y"}}"#)
        .replace(":1,", ":\"an id\",");
    for broken in [
        &b"\xff"[..],
        b"\xc3",
        b"\x80",
        b"\xc0\x80",
        b"\xe2\x80",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
        b"\xf4\x90\x80\x80",
    ] {
        // In each of these, and between them.
        for place in [
            "jsonrpc", "2.0", "an id", "method", "ping", "a name", "a value", "\"x\"", "{",
        ] {
            let (before, behind) = whole.split_once(place).unwrap();
            let half = place.len() / 2;
            let line = [
                before.as_bytes(),
                &place.as_bytes()[..half],
                broken,
                &place.as_bytes()[half..],
                behind.as_bytes(),
            ];
            session.line(line.concat(), Back::Error(PARSE_ERROR));
        }
        session.line(
            [broken, whole.as_bytes()].concat(),
            Back::Error(PARSE_ERROR),
        );
        session.line(
            [whole.as_bytes(), broken].concat(),
            Back::Error(PARSE_ERROR),
        );
    }
    let utf_16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    session.line(
        [b"\xff\xfe", &utf_16[..]].concat(),
        Back::Error(PARSE_ERROR),
    );
    session.end();
}

#[test]
fn nul_bytes_are_a_parse_error_and_escaped_ones_are_text() {
    let mut session = Session::start();
    let ping = request("1", "ping", "");
    session.line([0; 1_000], Back::Error(PARSE_ERROR));
    for place in ["{", "jsonrpc", "2.0", ":1", "ping"] {
        let line = ping.replace(place, &format!("{place}\0"));
        session.line(line, Back::Error(PARSE_ERROR));
    }
    session.line(format!("{ping}\0"), Back::Error(PARSE_ERROR));
    session.line(format!("\0{ping}"), Back::Error(PARSE_ERROR));
    session.line(
        request("\"a\\u0000b\"", "ping", ""),
        Back::ResultTo("\"a\\u0000b\""),
    );
    session.line(
        request("1", "ping\\u0000", ""),
        Back::ErrorTo("1", METHOD_NOT_FOUND),
    );
    session.line(chat(r#"{"prompt":"a\u0000b"}"#), Back::ResultTo("1"));
    session.end();
}

#[test]
fn json_of_another_kind_is_an_invalid_request() {
    let mut session = Session::start();
    for line in [
        "42", "-1.5e3", "null", "true", "\"ping\"", "[]", "[1]", "{}", " { } ",
    ] {
        session.line(line, Back::Error(INVALID_REQUEST));
    }
    // Only 2025-03-26 has batches, and only after it was agreed on.
    let batch = format!("[{}]", request("1", "ping", ""));
    session.line(batch, Back::Error(INVALID_REQUEST));
    session.end();
}

// ------------------------------------------------------------------------------------------------- lines

#[test]
fn blank_lines_are_skipped() {
    let mut session = Session::start();
    for bytes in [
        "\n",
        "\r\n",
        "\n\n\n",
        " \n",
        "\t \r\n",
        "\r\r\n",
        &"\n".repeat(100_000),
    ] {
        session.bytes(bytes, Back::Nothing);
    }
    session.end();
}

#[test]
fn lines_may_end_in_crlf_and_have_spaces_around_them() {
    let mut session = Session::start();
    let ping = request("1", "ping", "");
    for line in [
        format!("{ping}\r"),
        format!("  {ping}\t\r"),
        ping.replace(':', " :\t"),
        ping.replace(',', "\r,"),
    ] {
        session.line(line, Back::ResultTo("1"));
    }
    session.line("hello\r", Back::Error(PARSE_ERROR));
    session.end();
}

#[test]
fn the_cut_of_the_input_does_not_matter() {
    let params = format!(",\"params\":{{\"x\":\"{}\"}}", "é".repeat(2_000));
    let long = request("\"long\"", "ping", &params);
    let ping = |id: usize| request(&id.to_string(), "ping", "");
    let lines: String = (0..1_000).map(|id| ping(id) + "\n").collect();
    for (name, input, pieces, answers) in [
        ("a line in a thousand pieces", long.clone() + "\n", 1_000, 1),
        ("a line byte by byte", ping(1) + "\n", usize::MAX, 1),
        ("a thousand lines in one write", lines.clone(), 1, 1_000),
        ("a thousand lines in pieces", lines.clone(), 777, 1_000),
        (
            "lines that end in CRLF",
            lines.replace('\n', "\r\n"),
            1,
            1_000,
        ),
        (
            "blank lines in between",
            lines.replace('\n', "\n\n \r\n"),
            1,
            1_000,
        ),
        (
            "a last line without a newline",
            lines + &ping(1_000),
            1,
            1_001,
        ),
        ("one line without a newline", long, 1, 1),
    ] {
        let mut server = Server::builder().env("DEFAULT_PROVIDER", "mock").spawn();
        let bytes = input.as_bytes();
        for piece in bytes.chunks(bytes.len().div_ceil(pieces)) {
            server.send_raw(piece);
            // So that it is usually read before the next piece is written.
            if pieces > 1 && pieces <= 1_000 {
                server.wait_sent();
            }
        }
        server.close_stdin();
        let messages = server.end(0);
        assert_eq!(messages.len(), answers, "{name}");
        assert!(messages.iter().all(|m| m["result"] == json!({})), "{name}");
    }
}

#[test]
fn a_line_over_the_limit_is_one_error_and_its_memory_is_not_taken() {
    let mut session = Session::start();
    let filler = "x".repeat(LINE + 1);
    let params = format!(",\"params\":{{\"x\":\"{filler}\"}}");
    for id in ["7", "\"7\""] {
        let line = request(id, "ping", &params);
        session.line(line, Back::ErrorTo(id, INVALID_REQUEST));
    }
    // Its beginning is enough, whatever follows.
    let cut = request("8", "ping", &params[..params.len() - 2]);
    session.line(cut, Back::ErrorTo("8", INVALID_REQUEST));
    let late = format!(r#"{{"jsonrpc":"2.0","method":"ping"{params},"id":7}}"#);
    for line in [
        late.as_bytes(),
        filler.as_bytes(),
        &vec![0xff; LINE + 1],
        &vec![b' '; LINE + 1],
    ] {
        session.line(line, Back::Error(INVALID_REQUEST));
    }
    // Not a request either way.
    let note = format!(r#"{{"jsonrpc":"2.0","method":"notifications/x"{params}}}"#);
    session.line(note, Back::Nothing);
    let response = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{}}{params}}}"#);
    session.line(response, Back::Nothing);
    // It may have any length.
    let longer = request("9", "ping", &params.replace(&filler, &"[".repeat(6 * LINE)));
    session.line(longer, Back::ErrorTo("9", INVALID_REQUEST));
    session.end();
}

#[test]
fn a_line_as_long_as_the_limit_is_served_and_its_memory_given_back() {
    let mut session = Session::start();
    let empty = with_params("ping", r#"{"x":""}"#);
    let filler = "x".repeat(LINE - empty.len());
    for _ in 0..3 {
        session.line(
            with_params("ping", &format!(r#"{{"x":"{filler}"}}"#)),
            Back::ResultTo("1"),
        );
    }
    let now = session.server.status("VmRSS");
    assert!(now < LINE, "{} MiB", now >> 20);
    session.end();
}

#[test]
fn long_calls_leave_little_memory_behind() {
    let mut session = Session::start();
    session.line(with_params("ping", "{}"), Back::ResultTo("1"));
    let before = session.server.status("VmRSS");
    let prompt = "x".repeat(1_000_000);
    let call = chat(&format!(r#"{{"prompt":"{prompt}"}}"#)) + "\n";
    for _ in 0..5 {
        session.server.send_raw(call.as_bytes());
        let answer = session.server.line();
        assert!(answer.len() > 2 * prompt.len(), "{answer:.300}");
    }
    // 4 MiB at most, plus what the system's allocator keeps.
    let more = session.server.status("VmRSS").saturating_sub(before);
    assert!(more < 8 << 20, "{} KiB", more >> 10);
    session.end();
}

// --------------------------------------------------------------------------------------------- envelopes

#[test]
fn jsonrpc_must_be_there_and_be_2_0() {
    let mut session = Session::start();
    let ping = request("1", "ping", "");
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    for version in [
        "\"1.0\"", "2.0", "2", "\"2\"", "\"2.00\"", "\" 2.0\"", "null", "true", "[]", "{}",
    ] {
        let other = |line: &str| line.replace("\"2.0\"", version);
        session.line(other(&ping), Back::ErrorTo("1", INVALID_REQUEST));
        session.line(other(note), Back::Nothing);
    }
    let without = |line: &str| line.replace("\"jsonrpc\":\"2.0\",", "");
    session.line(without(&ping), Back::ErrorTo("1", INVALID_REQUEST));
    session.line(without(note), Back::Nothing);
    session.line(
        ping.replace("jsonrpc", "jsonRpc"),
        Back::ErrorTo("1", INVALID_REQUEST),
    );
    // The same string, written differently.
    session.line(
        ping.replace("\"2.0\"", "\"\\u0032.0\""),
        Back::ResultTo("1"),
    );
    session.end();
}

#[test]
fn strings_and_integers_are_ids_and_come_back_as_they_were_written() {
    let mut session = Session::start();
    let forty = "1234567890123456789012345678901234567890";
    let long = format!("\"{}\"", "x".repeat(100_000));
    for id in [
        "0",
        "1",
        "-1",
        "-0",
        "2147483648",
        "9007199254740992",
        "9007199254740993",
        "-9007199254740993",
        "18446744073709551616",
        forty,
        &format!("-{forty}"),
        &forty.repeat(25),
        "\"\"",
        "\" \"",
        "\"0\"",
        "\"null\"",
        "\"a \\\"b\\\" \\\\ \\/ \\n\"",
        "\"\\u00e9 é \\ud83d\\ude00 😀 \u{2028}\"",
        &long,
    ] {
        session.line(request(id, "ping", ""), Back::ResultTo(id));
        let params = format!(r#","params":{{"name":"{CHAT}","arguments":{{"prompt":"hi"}}}}"#);
        session.line(request(id, "tools/call", &params), Back::ResultTo(id));
        session.line(request(id, "tools/list", ""), Back::ResultTo(id));
        session.line(
            request(id, "nonsense", ""),
            Back::ErrorTo(id, METHOD_NOT_FOUND),
        );
        session.line(
            request(id, "ping", ",\"params\":[]"),
            Back::ErrorTo(id, INVALID_PARAMS),
        );
    }
    session.end();
}

#[test]
fn nothing_else_is_an_id() {
    let mut session = Session::start();
    let id = deep("[", "]");
    for id in [
        "1.0",
        "1.5",
        "-0.0",
        "1e3",
        "1E3",
        "1e-3",
        "-1.5e+2",
        "null",
        "true",
        "false",
        "{}",
        "[]",
        "[1]",
        "{\"id\":1}",
        &id,
    ] {
        for method in [
            "ping",
            "tools/list",
            "nonsense",
            "notifications/initialized",
        ] {
            session.line(request(id, method, ""), Back::Error(INVALID_REQUEST));
        }
        let params = format!(r#","params":{{"name":"{CHAT}","arguments":{{"prompt":"hi"}}}}"#);
        session.line(
            request(id, "tools/call", &params),
            Back::Error(INVALID_REQUEST),
        );
    }
    session.end();
}

#[test]
fn a_method_is_a_string() {
    let mut session = Session::start();
    for method in ["1", "null", "true", "{}", "[\"ping\"]", "\"\\ud800\""] {
        let line = request("1", "ping", "").replace("\"ping\"", method);
        session.line(&line, Back::ErrorTo("1", INVALID_REQUEST));
        session.line(line.replace("\"id\":1,", ""), Back::Error(INVALID_REQUEST));
    }
    session.line(
        r#"{"jsonrpc":"2.0","id":1}"#,
        Back::ErrorTo("1", INVALID_REQUEST),
    );
    session.line(
        r#"{"jsonrpc":"2.0","id":1,"params":{}}"#,
        Back::ErrorTo("1", INVALID_REQUEST),
    );
    session.line(r#"{"jsonrpc":"2.0"}"#, Back::Error(INVALID_REQUEST));
    session.end();
}

#[test]
fn unknown_methods_are_not_found() {
    let mut session = Session::start();
    for method in [
        "",
        " ",
        "Ping",
        "ping ",
        "tools",
        "tools/",
        "tools/List",
        "tools/list/",
        "/tools/list",
        "rpc.discover",
        "initialized",
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/unheard-of",
        "sampling/createMessage",
        "roots/list",
        "elicitation/create",
        "tasks/get",
        "__proto__",
        "\\u0000",
        &"é".repeat(500_000),
    ] {
        session.line(
            request("1", method, ""),
            Back::ErrorTo("1", METHOD_NOT_FOUND),
        );
    }
    session.end();
}

#[test]
fn params_are_an_object_and_its_members_of_the_right_type() {
    let mut session = Session::start();
    for params in ["[]", "[1]", "1", "\"x\"", "true"] {
        for method in ["ping", "initialize", "tools/list", "tools/call"] {
            session.line(
                with_params(method, params),
                Back::ErrorTo("1", INVALID_PARAMS),
            );
        }
        // Notifications are never answered, whatever is wrong with them.
        for method in ["notifications/initialized", "notifications/cancelled"] {
            let line = with_params(method, params).replace("\"id\":1,", "");
            session.line(line, Back::Nothing);
        }
    }
    for (method, params) in [
        ("initialize", r#"{"protocolVersion":5}"#),
        ("initialize", r#"{"protocolVersion":["2025-11-25"]}"#),
        ("ping", r#"{"_meta":5}"#),
        ("ping", r#"{"_meta":[]}"#),
        ("tools/list", r#"{"cursor":5}"#),
        ("tools/call", "{}"),
        ("tools/call", r#"{"name":5}"#),
        ("tools/call", r#"{"name":null}"#),
        ("tools/call", r#"{"name":["anygpt_chat_completion"]}"#),
        (
            "tools/call",
            r#"{"name":"anygpt_chat_completion","arguments":[]}"#,
        ),
        (
            "tools/call",
            r#"{"name":"anygpt_chat_completion","arguments":"{}"}"#,
        ),
        (
            "tools/call",
            r#"{"name":"anygpt_chat_completion","_meta":{"progressToken":1.5}}"#,
        ),
        (
            "tools/call",
            r#"{"name":"anygpt_chat_completion","_meta":{"progressToken":{}}}"#,
        ),
        ("resources/read", "{}"),
        ("resources/read", r#"{"uri":5}"#),
        ("resources/read", r#"{"uri":{}}"#),
        ("prompts/get", "{}"),
        ("prompts/get", r#"{"name":5}"#),
        (
            "prompts/get",
            r#"{"name":"list-capabilities","arguments":[]}"#,
        ),
        (
            "prompts/get",
            r#"{"name":"list-capabilities","arguments":{"provider":5}}"#,
        ),
        ("completion/complete", "{}"),
        (
            "completion/complete",
            r#"{"ref":5,"argument":{"name":"a","value":""}}"#,
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"list-capabilities"}}"#,
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"list-capabilities"},"argument":[]}"#,
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"list-capabilities"},"argument":{"name":"provider","value":5}}"#,
        ),
        ("logging/setLevel", "{}"),
        ("logging/setLevel", r#"{"level":5}"#),
        ("logging/setLevel", r#"{"level":"loud"}"#),
    ] {
        session.line(
            with_params(method, params),
            Back::ErrorTo("1", INVALID_PARAMS),
        );
    }
    session.end();
}

#[test]
fn stray_responses_and_notifications_are_ignored() {
    let mut session = Session::start();
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"ping 1","result":{"tools":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"result":null}"#,
        r#"{"id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
        r#"{"jsonrpc":"2.0","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","method":"initialize","params":{"protocolVersion":5}}"#,
        r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"anygpt_chat_completion"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unheard-of","params":{"x":1}}"#,
        r#"{"jsonrpc":"2.0","method":""}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":null}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#,
    ] {
        session.line(line, Back::Nothing);
    }
    session.end();
}

#[test]
fn of_duplicate_keys_the_last_counts() {
    let mut session = Session::start();
    for (line, back) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
            Back::ResultTo("2"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"i\u0064":"x","method":"ping"}"#,
            Back::ResultTo("\"x\""),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","id":null}"#,
            Back::Error(INVALID_REQUEST),
        ),
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"ping","jsonrpc":"2.0"}"#,
            Back::ResultTo("1"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"nonsense","method":"ping"}"#,
            Back::ResultTo("1"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"nonsense"}"#,
            Back::ErrorTo("1", METHOD_NOT_FOUND),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[],"params":{}}"#,
            Back::ResultTo("1"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":[]}"#,
            Back::ErrorTo("1", INVALID_PARAMS),
        ),
    ] {
        session.line(line, back);
    }
    session.line(chat(r#"{"prompt":1,"prompt":"hi"}"#), Back::ResultTo("1"));
    session.line(
        chat(r#"{"prompt":"hi","prompt":1}"#),
        Back::ToolErrorTo("1"),
    );
    session.end();
}

// ------------------------------------------------------------------------------------------------- depth

#[test]
fn deep_nesting_breaks_nothing() {
    let mut session = Session::start();
    let arrays = deep("[", "]");
    let objects = deep(r#"{"a":"#, "}").replace(":}", ":0}");
    for line in [&arrays, &"[{\"x\":".repeat(DEEP / 2), &"[".repeat(DEEP)] {
        let whole = *line == arrays;
        session.line(
            line,
            Back::Error(if whole { INVALID_REQUEST } else { PARSE_ERROR }),
        );
    }
    session.line(&objects, Back::Error(INVALID_REQUEST));
    session.line(objects.trim_end_matches('}'), Back::Error(PARSE_ERROR));
    for value in [&arrays, &objects] {
        // Unread values may be nested to any depth.
        let line = request(
            "1",
            "ping",
            &format!(",\"x\":{value},\"params\":{{\"x\":{value}}}"),
        );
        session.line(line, Back::ResultTo("1"));
        let line = with_params("ping", &format!(r#"{{"_meta":{{"x":{value}}}}}"#));
        session.line(line, Back::ResultTo("1"));
        // Methods, versions, names and cursors are strings.
        let line = request("1", "ping", "").replace("\"ping\"", value);
        session.line(line, Back::ErrorTo("1", INVALID_REQUEST));
        let line = request("1", "ping", "").replace("\"2.0\"", value);
        session.line(line, Back::ErrorTo("1", INVALID_REQUEST));
        for (method, member) in [
            ("tools/call", "name"),
            ("tools/list", "cursor"),
            ("resources/read", "uri"),
            ("initialize", "protocolVersion"),
        ] {
            let line = with_params(method, &format!(r#"{{"{member}":{value}}}"#));
            session.line(line, Back::ErrorTo("1", INVALID_PARAMS));
        }
        // A tool reads only the arguments that it knows.
        session.line(
            chat(&format!(r#"{{"messages":{value}}}"#)),
            Back::ToolErrorTo("1"),
        );
        // Unknown arguments are skipped.
        session.line(
            chat(&format!(r#"{{"prompt":"hi","x":{value}}}"#)),
            Back::ResultTo("1"),
        );
        let text = Value::from(value.as_str());
        session.line(
            chat(&format!(r#"{{"messages":{text}}}"#)),
            Back::ToolErrorTo("1"),
        );
    }
    session.line(
        with_params("ping", &arrays),
        Back::ErrorTo("1", INVALID_PARAMS),
    );
    session.line(with_params("ping", &objects), Back::ResultTo("1"));
    session.line(chat(&objects), Back::ToolErrorTo("1"));
    session.end();
}

#[test]
fn half_of_a_surrogate_pair_is_no_text() {
    let mut session = Session::start();
    // An id is repeated without being parsed.
    session.line(
        request("\"\\ud800\"", "ping", ""),
        Back::ResultTo("\"\\ud800\""),
    );
    session.line(chat(r#"{"prompt":"\ud800"}"#), Back::ToolErrorTo("1"));
    session.line(chat(r#"{"prompt":"\ud83d\ude00"}"#), Back::ResultTo("1"));
    session.line(
        with_params("resources/read", r#"{"uri":"\ud800"}"#),
        Back::ErrorTo("1", INVALID_PARAMS),
    );
    session.end();
}
