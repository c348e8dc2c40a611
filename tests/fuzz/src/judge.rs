//! Whether what was written is well made, and is the answer that was owed.
//!
//! Never here: which answer is owed (`oracle`, `model`).

use std::{
    array,
    cell::{OnceCell, RefCell},
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use anygpt_tests::schema::Official;
use serde_json::{Value, json};

use crate::{
    oracle::{self, MODERN, REVISIONS},
    scan::{self, Object},
    world,
};

/// An answer that is owed.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub(crate) revision: &'static str,
    /// JSON text of the id that it must have.
    pub(crate) id: Option<String>,
    pub(crate) expected: Expected,
}

/// What it must say.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// An error with one of these codes.
    Error(Vec<i64>),
    /// The result of this method.
    Result(&'static str),
    /// The result of `initialize`.
    Agreed(&'static str),
    /// What a tool answered.
    Tool(ToolAnswer),
    /// A tool's result that says that the server is full.
    Full,
}

/// What a tool answered, as it was handed to the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolAnswer {
    pub(crate) texts: Vec<String>,
    pub(crate) structured: Option<String>,
    pub(crate) is_error: bool,
}

/// A progress report, as it was handed to the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) progress: u64,
    pub(crate) total: Option<u64>,
    pub(crate) message: Option<String>,
}

/// The lines of some output, all of them whole.
pub(crate) fn lines(output: &[u8]) -> Vec<String> {
    let text = str::from_utf8(output).expect("output is UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'), "half a line: {text:?}");
    text.lines().map(str::to_owned).collect()
}

/// Panics unless `text` is the answer that is owed.
pub(crate) fn answer(text: &str, owed: &Owed) {
    let object = Object::read(text).unwrap_or_else(|| panic!("not an object: {text}\nowed: {owed:?}"));
    assert_eq!(object.get("jsonrpc"), Some("\"2.0\""), "{text}");
    assert_eq!(object.get("id"), owed.id.as_deref(), "the id of {text}\nowed: {owed:?}");
    let body = if matches!(owed.expected, Expected::Error(_)) { "error" } else { "result" };
    let body_text = object.get(body).unwrap_or_else(|| panic!("no {body}: {text}\nowed: {owed:?}"));
    let members = if owed.id.is_some() { 3 } else { 2 };
    assert_eq!(object.keys().count(), members, "{text}");

    let body: Value = serde_json::from_str(body_text).unwrap_or_else(|error| panic!("{error}: {text}"));
    match &owed.expected {
        Expected::Error(codes) => check_error(&body, codes, owed, text),
        Expected::Result(method) => check_result(&body, body_text, method, owed.revision),
        Expected::Agreed(revision) => {
            assert_eq!(body["protocolVersion"], *revision, "{text}");
            check_result(&body, body_text, "initialize", owed.revision);
        }
        Expected::Tool(told) => {
            check_result(&body, body_text, "tools/call", owed.revision);
            check_tool(&body, told, owed.revision);
        }
        Expected::Full => {
            check_result(&body, body_text, "tools/call", owed.revision);
            assert_eq!(body["isError"], true, "{text}");
            assert!(body["content"][0]["text"].as_str().is_some_and(|text| !text.is_empty()));
        }
    }
}

fn check_error(error: &Value, codes: &[i64], owed: &Owed, text: &str) {
    let code = error["code"].as_i64().expect("a code");
    assert!(codes.contains(&code), "the code of {text}\nowed: {owed:?}");
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{text}");
    // In the first three revisions an error without an id has no valid form at all.
    if owed.id.is_some() || owed.revision >= REVISIONS[3] {
        check_frame(owed.revision, &["JSONRPCErrorResponse", "JSONRPCError"], "error", error, owed.id.as_deref());
    }
    if owed.revision != MODERN {
        return;
    }
    let (name, value) = match code {
        oracle::PARSE_ERROR => ("ParseError", error.clone()),
        oracle::INVALID_REQUEST => ("InvalidRequestError", error.clone()),
        oracle::METHOD_NOT_FOUND => ("MethodNotFoundError", error.clone()),
        oracle::INVALID_PARAMS => ("InvalidParamsError", error.clone()),
        oracle::INTERNAL_ERROR => ("InternalError", error.clone()),
        oracle::UNSUPPORTED_VERSION => {
            let supported: Vec<&str> = REVISIONS.iter().rev().copied().collect();
            assert_eq!(error["data"]["supported"], json!(supported), "{text}");
            assert!(error["data"]["requested"].is_string(), "{text}");
            ("UnsupportedProtocolVersionError", json!({"jsonrpc": "2.0", "id": 1, "error": error}))
        }
        _ => panic!("a code of no meaning: {text}"),
    };
    check(MODERN, &[name], &value.to_string(), || value);
}

/// The types of results, and whether modern ones say how long they may be kept.
fn result_type(method: &str) -> (&'static str, bool) {
    match method {
        "initialize" => ("InitializeResult", false),
        "ping" => ("EmptyResult", false),
        "server/discover" => ("DiscoverResult", true),
        "tools/list" => ("ListToolsResult", true),
        "tools/call" => ("CallToolResult", false),
        _ => panic!("{method} has no result"),
    }
}

fn check_result(result: &Value, text: &str, method: &str, revision: &'static str) {
    let (name, is_kept) = result_type(method);
    if !check(revision, &[name], text, || result.clone()) {
        return;
    }
    let is_modern = revision == MODERN;
    assert_eq!(result["resultType"] == "complete", is_modern, "{text}");
    let who = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(who["name"].is_string(), is_modern, "{text}");
    let is_kept = is_kept && is_modern;
    assert_eq!(result["ttlMs"].is_u64() && result["cacheScope"].is_string(), is_kept, "{text}");
    check_frame(revision, &["JSONRPCResultResponse", "JSONRPCResponse"], "result", result, Some("1"));
    match method {
        "ping" => assert_eq!(text, "{}"),
        "initialize" => check_capabilities(&result["capabilities"], revision),
        "server/discover" => {
            let supported: Vec<&str> = REVISIONS.iter().rev().copied().collect();
            assert_eq!(result["supportedVersions"], json!(supported));
            check_capabilities(&result["capabilities"], revision);
        }
        "tools/list" => {
            let tools = result["tools"].as_array().expect("a list");
            let names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
            assert_eq!(names, world::TOOLS);
            check_members(tools, revision, &[("annotations", 1), ("title", 2), ("outputSchema", 2)]);
        }
        _ => {}
    }
    assert!(is_modern || !["resultType", "ttlMs", "cacheScope"].iter().any(|name| result.get(name).is_some()), "{text}");
}

/// Nothing is told to a client whose revision does not know it. The numbers are positions in [`REVISIONS`].
fn check_members(all: &[Value], revision: &str, since: &[(&str, usize)]) {
    for (name, since) in since {
        let is_told = all.iter().any(|one| one.get(name).is_some());
        assert!(!is_told || revision >= REVISIONS[*since], "{name} in {revision}: {all:?}");
    }
}

fn check_capabilities(capabilities: &Value, _revision: &str) {
    assert_eq!(*capabilities, json!({"tools": {}}));
}

fn check_tool(result: &Value, told: &ToolAnswer, revision: &str) {
    let texts: Vec<Value> = told.texts.iter().map(|text| json!({"type": "text", "text": text})).collect();
    assert_eq!(result["content"], Value::from(texts));
    assert_eq!(result["isError"] == true, told.is_error);
    let structured: Option<Value> = told.structured.as_deref().map(|json| serde_json::from_str(json).expect("JSON"));
    let structured = structured.filter(|_| revision >= REVISIONS[2]);
    assert_eq!(result.get("structuredContent"), structured.as_ref());
}

/// Panics unless `text` is this progress notification.
pub(crate) fn progress(text: &str, revision: &'static str, token: &str, report: &Report) {
    let object = Object::read(text).expect("an object");
    assert_eq!(object.get("id"), None, "{text}");
    let params = Object::read(object.get("params").expect("params")).expect("an object");
    assert_eq!(params.get("progressToken"), Some(token), "{text}");
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    // Numbers of any length are echoed, but can't be a value.
    value["params"]["progressToken"] = if token.starts_with('"') { json!("t") } else { json!(1) };
    let mut expected = json!({"progressToken": value["params"]["progressToken"], "progress": report.progress});
    if let Some(total) = report.total {
        expected["total"] = total.into();
    }
    if let Some(message) = report.message.as_deref().filter(|_| revision >= REVISIONS[1]) {
        expected["message"] = message.into();
    }
    let expected = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": expected});
    assert_eq!(value, expected);
    check(revision, &["ProgressNotification"], &value.to_string(), || value);
}

/// Panics unless `text` is an array of these answers.
pub(crate) fn batch(text: &str, owed: &[Owed]) {
    let answers = scan::elements(text).unwrap_or_else(|| panic!("not an array: {text}\nowed: {owed:?}"));
    assert_eq!(answers.len(), owed.len(), "answers in {text}\nowed: {owed:?}");
    for (answer_text, owed) in answers.iter().zip(owed) {
        answer(answer_text, owed);
    }
}

/// The whole message, with an id that is as good as the one it has.
fn check_frame(revision: &'static str, names: &[&str], body: &str, value: &Value, id: Option<&str>) {
    let mut frame = json!({"jsonrpc": "2.0", body: value});
    match id {
        Some(id) if id.starts_with('"') => frame["id"] = "x".into(),
        Some(_) => frame["id"] = 1.into(),
        None => {}
    }
    check(revision, names, &frame.to_string(), || frame);
}

/// Panics unless the value is of the type with one of these names. `false` if it was judged before: most answers are
/// written again and again, and a schema takes its time.
fn check(revision: &'static str, names: &[&str], text: &str, value: impl FnOnce() -> Value) -> bool {
    thread_local! {
        static OFFICIAL: [OnceCell<Official>; REVISIONS.len()] = array::from_fn(|_| OnceCell::new());
        static JUDGED: RefCell<HashSet<u64>> = RefCell::default();
    }
    let mut hasher = DefaultHasher::new();
    (revision, names, text).hash(&mut hasher);
    let key = hasher.finish();
    if JUDGED.with_borrow(|judged| judged.contains(&key)) {
        return false;
    }
    OFFICIAL.with(|official| {
        let position = REVISIONS.iter().position(|known| *known == revision).expect("a revision");
        official[position].get_or_init(|| Official::of(revision)).check(names, &value());
    });
    JUDGED.with_borrow_mut(|judged| {
        // A long run must not fill the memory.
        if judged.len() > 100_000 {
            judged.clear();
        }
        judged.insert(key)
    })
}
