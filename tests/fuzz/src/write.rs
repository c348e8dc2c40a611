//! Messages to send: most are nearly valid, since entirely invalid ones are refused early.
//!
//! Never here: the answers that they must get.

use crate::{
    choices::Choices,
    oracle::{MODERN, REVISIONS, modern},
    scan, world,
};

/// The methods that clients of any revision send, and some that no client should.
const METHODS: [&str; 28] = [
    "tools/call",
    "tools/list",
    "ping",
    "initialize",
    "server/discover",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "logging/setLevel",
    "subscriptions/listen",
    "resources/subscribe",
    "resources/unsubscribe",
    "tasks/get",
    "tasks/list",
    "tasks/cancel",
    "tasks/result",
    "sampling/createMessage",
    "roots/list",
    "elicitation/create",
    "notifications/cancelled",
    "notifications/initialized",
    "notifications/progress",
    "",
    "Tools/list",
    "tools/list ",
];

const NOTIFICATIONS: [&str; 8] = [
    "notifications/cancelled",
    "notifications/initialized",
    "notifications/progress",
    "notifications/roots/list_changed",
    "notifications/unknown",
    "tools/call",
    "ping",
    "",
];

/// Ids, some of which are equivalent; the last ones are invalid.
const IDS: [&str; 20] = [
    "1",
    "2",
    "0",
    "3",
    "\"1\"",
    "\"a\"",
    r#""\u0061""#,
    "\"\"",
    "-1",
    "-0",
    "9007199254740993",
    "123456789012345678901234567890",
    r#""\ud800""#,
    r#""a\"b\\c\/d\ne""#,
    "\"ü😀\"",
    "1.0",
    "1e3",
    "null",
    "[]",
    "true",
];

/// How many of [`IDS`] are valid.
const GOOD_IDS: usize = 15;

const TEXTS: [&str; 10] = [
    "hi",
    "",
    "two\nlines",
    "\"quoted\" \\ and / more",
    "tab\t, bell\u{7}, nothing\u{0}, delete\u{7f}",
    "ü 😀 \u{2028}\u{2029}\u{feff}",
    "</script>",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
    "\r\n",
    "\u{ffff}\u{10ffff}",
];

/// Lines that are not messages.
const ODD: [&str; 26] = [
    "",
    " ",
    "\r",
    "x",
    "{",
    "{}",
    "[]",
    "[1]",
    "7",
    "null",
    "\"text\"",
    "\u{feff}{}",
    r#"{"jsonrpc":"2.0","id":1}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
    r#"{"jsonrpc":"2.0","method":7}"#,
    r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
    r#"{"id":"q","method":"ping"}"#,
    r#"{"method":"ping"}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    r#"{"jsonrpc":"2.0","error":{"code":1,"message":""}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"ping"} "#,
    r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{}"#,
    r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"x","method":"ping"}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"ping","\ud800":1}"#,
    r#"{"jsonrpc":"2.0","method":"\ud800"}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"\udc00":1}}"#,
];

/// A human-readable text.
pub(crate) fn text(c: &mut Choices<'_>) -> String {
    let text = c.one_of(&TEXTS);
    if c.rarely(40) {
        text.repeat(1000)
    } else {
        text.into()
    }
}

/// A line without its end.
pub(crate) fn line(c: &mut Choices<'_>) -> Vec<u8> {
    match c.below(16) {
        0..=9 => request(c).into(),
        10 | 11 => notification(c).into(),
        12 => {
            let many = c.below(8);
            let messages: Vec<String> = (0..many).map(|_| element(c)).collect();
            format!("[{}]", messages.join(",")).into()
        }
        13 => c.one_of(&ODD).into(),
        14 => {
            // A message with one byte missing or changed.
            let mut line = request(c).into_bytes();
            let at = usize::try_from(c.u32()).unwrap_or_default() % line.len();
            if c.rarely(2) {
                line[at] = c.byte();
            } else {
                line.remove(at);
            }
            line.retain(|byte| *byte != b'\n');
            line
        }
        _ => {
            let length = c.below(40);
            c.bytes(length)
                .iter()
                .copied()
                .filter(|byte| *byte != b'\n')
                .collect()
        }
    }
}

fn element(c: &mut Choices<'_>) -> String {
    match c.below(8) {
        0..=4 => request(c),
        5 | 6 => notification(c),
        _ => value(c, 3),
    }
}

/// A handshake for one of the legacy revisions.
pub(crate) fn initialize(revision: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{{"protocolVersion":"{revision}","capabilities":{{}},"clientInfo":{{"name":"c","version":"1"}}}}}}"#
    )
}

/// A request of any method.
pub(crate) fn request(c: &mut Choices<'_>) -> String {
    let method = c.one_of(&METHODS);
    let mut members = vec![
        ("jsonrpc", "\"2.0\"".to_owned()),
        ("id", id(c)),
        ("method", string(c, method)),
    ];
    if c.rarely(64) {
        let at = c.below(3);
        members[at].1 = value(c, 2);
    }
    match c.below(16) {
        0..=13 => members.push(("params", params(c, method))),
        14 => {}
        _ => members.push(("params", value(c, 2))),
    }
    object(c, members)
}

fn notification(c: &mut Choices<'_>) -> String {
    let method = c.one_of(&NOTIFICATIONS);
    let mut members = vec![
        ("jsonrpc", "\"2.0\"".to_owned()),
        ("method", string(c, method)),
    ];
    if !c.rarely(16) {
        members.push(("params", params(c, method)));
    }
    object(c, members)
}

/// A message about a request in flight: usually its cancellation, sometimes a new request with its id.
pub(crate) fn about(c: &mut Choices<'_>, id: &str) -> String {
    let id = match scan::string(id) {
        // The same id, perhaps written differently.
        Some(text) => string(c, &text),
        None => id.to_owned(),
    };
    let version = ("jsonrpc", "\"2.0\"".to_owned());
    if c.rarely(4) {
        let method = c.one_of(&["tools/call", "ping", "tools/call", "subscriptions/listen"]);
        let params = params(c, method);
        let members = vec![
            version,
            ("id", id),
            ("method", string(c, method)),
            ("params", params),
        ];
        return object(c, members);
    }
    let params = object(c, vec![("requestId", id), ("reason", "\"enough\"".into())]);
    let method = string(c, "notifications/cancelled");
    object(c, vec![version, ("method", method), ("params", params)])
}

/// A batch, usually of calls.
pub(crate) fn batch(c: &mut Choices<'_>, open: &[String]) -> String {
    let many = 1 + c.below(4);
    let messages: Vec<String> = (0..many)
        .map(|_| match c.below(4) {
            0 | 1 => {
                let (id, serial) = (id(c), c.serial());
                let params = format!(r#"{{"name":"ask","arguments":{{"n":{serial}}}}}"#);
                format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#)
            }
            2 if !open.is_empty() => {
                let position = c.below(256) % open.len();
                about(c, &open[position])
            }
            _ => element(c),
        })
        .collect();
    format!("[{}]", messages.join(","))
}

fn id(c: &mut Choices<'_>) -> String {
    if c.rarely(32) {
        return format!("\"{}\"", "i".repeat(5000));
    }
    let known = if c.rarely(32) {
        &IDS[..]
    } else {
        &IDS[..GOOD_IDS]
    };
    c.one_of(known).into()
}

/// The members that the methods read.
fn members_of(method: &str) -> &'static [&'static str] {
    match method {
        "initialize" => &["protocolVersion", "capabilities", "clientInfo"],
        "tools/call" | "prompts/get" => &["name", "arguments"],
        "resources/read" => &["uri"],
        "completion/complete" => &["ref", "argument", "context"],
        "logging/setLevel" => &["level"],
        "subscriptions/listen" => &["notifications"],
        "notifications/cancelled" => &["requestId", "reason"],
        _ if method.ends_with("/list") => &["cursor"],
        _ => &[],
    }
}

fn params(c: &mut Choices<'_>, method: &str) -> String {
    let mut members = members(c, method, members_of(method));
    if let Some(meta) = meta(c) {
        members.push(("_meta", meta));
    }
    if c.rarely(8) {
        members.push(("unknown", value(c, 3)));
    }
    object(c, members)
}

/// Members with these names, usually with valid values.
fn members(
    c: &mut Choices<'_>,
    method: &str,
    names: &[&'static str],
) -> Vec<(&'static str, String)> {
    let mut members = Vec::new();
    for name in names {
        match c.below(24) {
            0..=19 => members.extend(proper(c, method, name).map(|value| (*name, value))),
            20 => members.push((name, value(c, 3))),
            21 => {}
            22 => {
                let first = value(c, 1);
                members.push((name, first));
                members.extend(proper(c, method, name).map(|value| (*name, value)));
            }
            _ => members.push((name, "null".into())),
        }
    }
    members
}

/// A valid value of the member; `None` if it is best left out.
fn proper(c: &mut Choices<'_>, method: &str, name: &'static str) -> Option<String> {
    let text = match (method, name) {
        (_, "protocolVersion") => c.one_of(&[
            REVISIONS[1],
            REVISIONS[3],
            REVISIONS[0],
            REVISIONS[2],
            MODERN,
            "1999-01-01",
        ]),
        ("tools/call", "name") => c.one_of(&[
            world::TOOLS[0],
            world::TOOLS[1],
            world::TOOLS[2],
            world::TOOLS[0],
            "nobody",
            "ASK",
        ]),
        ("tools/call", "arguments") => {
            // No two calls are the same.
            let serial = c.serial();
            let long = c.rarely(32);
            return Some(match (long, c.below(4)) {
                (true, _) => format!(r#"{{"n":{serial},"x":"{}"}}"#, "y".repeat(5000)),
                (false, 0) => format!(r#"{{"n":{serial},"x":2}}"#),
                (false, 1) => format!("{{ \"n\" : {serial} }}"),
                (false, 2) => {
                    format!(r#"{{ "a" : [ 1.50, {{}} ], "a": "\ud800", "n":{serial}.0 }}"#)
                }
                (false, _) => format!("{{\"n\":{serial},\"x\":{}}}", value(c, 4)),
            });
        }
        (_, "name") => c.one_of(&[
            world::PROMPTS[0].0,
            world::PROMPTS[1].0,
            world::PROMPTS[2].0,
            world::PROMPTS[0].0,
            "nobody",
        ]),
        (_, "arguments") => {
            let members = members(c, "", &["whom", "tone", "ü/\n"]);
            return Some(object(c, members));
        }
        (_, "whom" | "tone" | "ü/\n") => {
            if c.rarely(32) {
                return Some(format!("\"{}\"", "z".repeat(65_535 + c.below(3))));
            }
            c.one_of(&[
                "you",
                " ",
                "",
                "two\nlines",
                "\"quoted\"",
                "\u{2003}",
                "formal",
            ])
        }
        (_, "uri") => c.one_of(&[
            world::RESOURCES[0].0,
            world::RESOURCES[1].0,
            world::RESOURCES[2].0,
            "test://docs/",
            "test://docs/../settings",
            "file:///etc/passwd",
            "",
            "TEST://docs/a",
            world::TEMPLATE.0,
        ]),
        (_, "ref") => {
            let kind = c.one_of(&["ref/prompt", "ref/resource", "ref/prompt", "ref/tool"]);
            let mut members = vec![("type", string(c, kind))];
            if kind != "ref/resource" || c.rarely(8) {
                members.extend(proper(c, "", "name").map(|value| ("name", value)));
            }
            if kind == "ref/resource" {
                let uri = if c.rarely(2) {
                    proper(c, "", "uri")
                } else {
                    Some(string(c, world::TEMPLATE.0))
                };
                members.extend(uri.map(|uri| ("uri", uri)));
            }
            if c.rarely(16) {
                members[0].1 = value(c, 1);
            }
            return Some(object(c, members));
        }
        (_, "argument") => {
            let name = c.one_of(&["whom", "tone", "section", "ü/\n", "nobody"]);
            let typed = match c.below(40) {
                39 => "x".repeat(1024),
                38 => "x".repeat(1025),
                _ => c
                    .one_of(&[
                        "",
                        "m",
                        "MAKER/NÄME1",
                        "näme14",
                        "for",
                        "a",
                        "b%20",
                        "İ",
                        "i̇",
                        "none",
                    ])
                    .into(),
            };
            let mut members = vec![("name", string(c, name)), ("value", string(c, &typed))];
            if c.rarely(16) {
                let at = c.below(2);
                members[at].1 = value(c, 1);
            }
            return Some(object(c, members));
        }
        (_, "context") => {
            return c.rarely(2).then(|| {
                let members = members(c, "", &["arguments"]);
                object(c, members)
            });
        }
        (_, "level") => c.one_of(&[
            "info",
            "debug",
            "notice",
            "warning",
            "error",
            "critical",
            "alert",
            "emergency",
            "loud",
        ]),
        (_, "notifications") => {
            const FLAGS: [&str; 3] = [
                "toolsListChanged",
                "promptsListChanged",
                "resourcesListChanged",
            ];
            let mut members = Vec::new();
            for flag in FLAGS {
                match c.below(16) {
                    0..=7 => {}
                    8..=14 => members.push((flag, c.one_of(&["true", "false"]).to_owned())),
                    _ => members.push((flag, value(c, 1))),
                }
            }
            match c.below(8) {
                0..=3 => {}
                4 => members.push(("resourceSubscriptions", "[]".into())),
                5 | 6 => members.push((
                    "resourceSubscriptions",
                    r#"["test://docs/a", "\ud800" ]"#.into(),
                )),
                _ => members.push(("resourceSubscriptions", value(c, 2))),
            }
            return Some(object(c, members));
        }
        (_, "requestId") => return Some(id(c)),
        (_, "capabilities" | "clientInfo") => return Some("{}".into()),
        (_, "cursor") => return c.rarely(8).then(|| "\"\"".into()),
        _ => c.one_of(&TEXTS),
    };
    Some(string(c, text))
}

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT: &str = "io.modelcontextprotocol/clientInfo";
const LEVEL: &str = "io.modelcontextprotocol/logLevel";

fn meta(c: &mut Choices<'_>) -> Option<String> {
    let revision = match modern() {
        // The inputs of the corpus have no byte for it.
        [only] => *only,
        several => c.one_of(several),
    };
    let version = || (VERSION, format!("\"{revision}\""));
    let capabilities = || (CAPABILITIES, "{}".to_owned());
    let mut members = match c.below(20) {
        0..=6 => vec![],
        7..=10 => vec![version(), capabilities()],
        11 => vec![
            version(),
            capabilities(),
            (CLIENT, r#"{"name":"c","version":"1"}"#.into()),
        ],
        12 => vec![
            version(),
            capabilities(),
            (
                LEVEL,
                c.one_of(&["\"debug\"", "\"loud\"", "1", "null"]).into(),
            ),
        ],
        13 => vec![version()],
        14 => vec![capabilities()],
        15 => vec![(CLIENT, value(c, 1))],
        16 => {
            let name = c.one_of(&[
                "2025-11-25",
                "2024-11-05",
                "2099-01-01",
                "",
                "a\"b\n",
                "DRAFT-2026-v1",
            ]);
            vec![(VERSION, string(c, name)), capabilities()]
        }
        17 => vec![(VERSION, value(c, 1)), (CAPABILITIES, value(c, 1))],
        18 => vec![
            (
                "io.modelcontextprotocol/related-task",
                "{\"taskId\":\"t\"}".into(),
            ),
            (LEVEL, value(c, 0)),
        ],
        _ => return Some(value(c, 2)),
    };
    match c.below(8) {
        0..=3 => {}
        4 => members.push(("progressToken", "\"t\"".into())),
        5 => members.push(("progressToken", "0".into())),
        6 => members.push(("progressToken", id(c))),
        _ => members.push(("progressToken", value(c, 1))),
    }
    (!members.is_empty()).then(|| object(c, members))
}

/// Any value, of at most this many levels, and occasionally of very many.
fn value(c: &mut Choices<'_>, depth: usize) -> String {
    let kinds = if depth == 0 { 9 } else { 12 };
    match c.below(kinds) {
        0 => "1".into(),
        1 => "null".into(),
        2 => "true".into(),
        3 => c
            .one_of(&[
                "0",
                "-1",
                "1.5",
                "1e400",
                "-0.0",
                "99999999999999999999",
                "1E+2",
            ])
            .into(),
        4 => "{}".into(),
        5 => "[]".into(),
        6 => {
            let text = c.one_of(&TEXTS);
            string(c, text)
        }
        7 => c
            .one_of(&[
                r#""\ud800""#,
                r#""\udc00\ud800""#,
                r#""\u0000""#,
                "\"2.0\"",
                "\"ask\"",
            ])
            .into(),
        8 if c.rarely(8) => format!("{}1{}", "[".repeat(300), "]".repeat(300)),
        8 => "false".into(),
        9 => {
            let many = c.below(4);
            let elements: Vec<String> = (0..many).map(|_| value(c, depth - 1)).collect();
            format!("[{}]", elements.join(","))
        }
        _ => {
            let many = c.below(4);
            let members = (0..many).map(|_| {
                let name = c.one_of(&["x", "method", "id", "_meta", "progressToken", "", "ü"]);
                (name, value(c, depth - 1))
            });
            let members = members.collect();
            object(c, members)
        }
    }
}

/// A JSON string with some characters escaped.
fn string(c: &mut Choices<'_>, text: &str) -> String {
    let style = c.below(24);
    let mut json = String::from("\"");
    for (position, character) in text.chars().enumerate() {
        match (style, character) {
            (23, _) | (22, '/') => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    json.push_str(&format!("\\u{unit:04x}"));
                }
            }
            (21, '/') => json.push_str("\\/"),
            (20, _) if position == 0 => {
                json.push_str(&format!("\\u{:04X}", u32::from(character) & 0xffff));
            }
            (_, '"' | '\\') => json.extend(['\\', character]),
            (_, '\0'..='\x1f') => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => json.push(character),
        }
    }
    json.push('"');
    json
}

/// An object of these members, in any order, with or without space between.
fn object(c: &mut Choices<'_>, mut members: Vec<(&str, String)>) -> String {
    let style = c.below(32);
    if style & 1 == 1 && !members.is_empty() {
        let by = c.below(members.len());
        members.rotate_left(by);
    }
    if style & 2 == 2 {
        members.reverse();
    }
    let (comma, colon) = match style {
        29 => (" ,\t", " :  "),
        30 => (",\r", ":\t"),
        _ => (",", ":"),
    };
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, value)| match style {
            31 => format!("{}{colon}{value}", string(c, name)),
            _ => format!("\"{name}\"{colon}{value}"),
        })
        .collect();
    let space = if style == 29 { " " } else { "" };
    format!("{{{space}{}{space}}}", members.join(comma))
}
