//! The answer that a line must get by the protocol's rules. Written from the rules, not from the core; it reads JSON
//! with a reader of its own.
//!
//! Never here: earlier lines (`model`), or whether an answer is well formed (`judge`).

use crate::{
    scan::{self, Object},
    world,
};

/// The protocol revisions, oldest first.
pub(crate) use anygpt_tests::schema::{
    BATCHES, MODERN, NEWEST_LEGACY, REVISIONS, is_modern, modern,
};

/// Most messages of a batch.
pub(crate) const MOST_IN_BATCH: usize = 1000;

/// Longest text to complete, and longest argument of a prompt, in bytes.
const LONGEST_VALUE: usize = 1024;
const LONGEST_ARGUMENT: usize = 65_536;

/// Most subscriptions that are open at once.
pub(crate) const MOST_SUBSCRIPTIONS: usize = 64;

pub(crate) const PARSE_ERROR: i64 = -32700;
pub(crate) const INVALID_REQUEST: i64 = -32600;
pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
pub(crate) const INVALID_PARAMS: i64 = -32602;
pub(crate) const INTERNAL_ERROR: i64 = -32603;
pub(crate) const RESOURCE_NOT_FOUND: i64 = -32002;
pub(crate) const UNSUPPORTED_VERSION: i64 = -32022;

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT: &str = "io.modelcontextprotocol/clientInfo";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// A line, or an element of a batch.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// Gets no answer.
    Silent,
    /// An error with this code, with or without an id.
    Invalid(Option<&'a str>, i64),
    /// The rules leave open whether it gets an answer; if it does, then with one of these codes and without an id, or
    /// with this one.
    Doubtful(Option<&'a str>, &'static [i64]),
    Request {
        id: &'a str,
        method: String,
        params: Option<&'a str>,
    },
    Notification {
        method: String,
        params: Option<&'a str>,
    },
    Batch(Vec<&'a str>),
}

pub(crate) fn sort(line: &[u8]) -> Message<'_> {
    let Ok(text) = str::from_utf8(line) else {
        return Message::Invalid(None, PARSE_ERROR);
    };
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Message::Silent;
    }
    if !scan::is_json(text) {
        return Message::Invalid(None, PARSE_ERROR);
    }
    if let Some(elements) = scan::elements(text) {
        return Message::Batch(elements);
    }
    let Some(object) = Object::read(text) else {
        return Message::Invalid(None, INVALID_REQUEST);
    };
    if !object.is_readable() {
        return Message::Invalid(None, PARSE_ERROR);
    }
    let id = object.get("id");
    let valid_id = id.filter(|id| is_id(id));
    let is_version_2 = object.get("jsonrpc").and_then(scan::string).as_deref() == Some("2.0");
    let Some(method) = object.get("method") else {
        let is_response = object.get("result").is_some() || object.get("error").is_some();
        return if is_response {
            Message::Silent
        } else {
            Message::Invalid(valid_id, INVALID_REQUEST)
        };
    };
    if id.is_some() && valid_id.is_none() {
        return Message::Invalid(None, INVALID_REQUEST);
    }
    let Some(name) = scan::string(method) else {
        if id.is_none() && method.starts_with('"') {
            // A notification, except that its name has half of a surrogate pair.
            return Message::Doubtful(None, &[PARSE_ERROR, INVALID_REQUEST]);
        }
        return Message::Invalid(valid_id, INVALID_REQUEST);
    };
    let params = object.get("params");
    match valid_id {
        None if is_version_2 => Message::Notification {
            method: name,
            params,
        },
        None => Message::Silent,
        Some(_) if !is_version_2 => Message::Invalid(valid_id, INVALID_REQUEST),
        Some(id) => Message::Request {
            id,
            method: name,
            params,
        },
    }
}

/// Sorts a line of which only the beginning is known, since it is longer than the limit.
pub(crate) fn sort_beginning(beginning: &[u8]) -> Message<'_> {
    let text = match str::from_utf8(beginning) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&beginning[..error.valid_up_to()]).unwrap_or_default(),
    };
    let object = Object::read_beginning(text);
    let method = object.get("method");
    let id = object.get("id");
    let is_response = object.get("result").is_some() || object.get("error").is_some();
    if method.is_none() && is_response {
        return Message::Silent;
    }
    let name = method.and_then(scan::string).unwrap_or_default();
    match id {
        // A number at the very end may continue after it; a string may not, but need not be trusted.
        Some(id) if id.as_bytes().as_ptr_range().end == text.as_bytes().as_ptr_range().end => {
            let id = id.starts_with('"').then_some(id);
            Message::Doubtful(id, &[INVALID_REQUEST])
        }
        Some(id) => Message::Invalid(is_id(id).then_some(id), INVALID_REQUEST),
        None if name.starts_with("notifications/") => Message::Silent,
        None => Message::Invalid(None, INVALID_REQUEST),
    }
}

/// Strings and integers are ids.
fn is_id(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    raw.starts_with('"') || digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Equal for ids that mean the same, however they are written.
pub(crate) fn identity(id: &str) -> (bool, String) {
    let text = scan::string(id);
    (text.is_some(), text.unwrap_or_else(|| id.to_owned()))
}

/// The answer that a request must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// An error with one of these codes.
    Error(Vec<i64>),
    /// The result of this method, which never varies.
    Result(&'static str),
    /// The result of `initialize`, which agrees on this revision.
    Agreed(&'static str),
    /// The text of a resource.
    Resource(usize),
    /// The text of a prompt with these arguments.
    Prompt(usize, Vec<Option<String>>),
    /// All matching values.
    Completion(Vec<String>),
    /// An empty result; the level is kept.
    Level(&'static str),
    /// A subscription is opened.
    Subscription,
    /// Whatever the tool returns that is called with these arguments.
    Call {
        tool: usize,
        arguments: String,
        token: Option<String>,
    },
}

/// A request's revision, and its answer.
pub(crate) struct Ruling {
    pub(crate) revision: &'static str,
    pub(crate) answer: Answer,
}

/// Rules on a request. `agreed` is the revision that `initialize` agreed on.
pub(crate) fn rule(
    method: &str,
    params: Option<&str>,
    agreed: Option<&'static str>,
    in_batch: bool,
) -> Ruling {
    let legacy = agreed.unwrap_or(NEWEST_LEGACY);
    let error = |revision, code| Ruling {
        revision,
        answer: Answer::Error(vec![code]),
    };
    let Some(params) = Object::read(params.filter(|raw| *raw != "null").unwrap_or("{}")).filter(Object::is_readable) else {
        return error(legacy, INVALID_PARAMS);
    };
    let Some(meta) = Object::read(params.given("_meta").unwrap_or("{}")).filter(Object::is_readable)
    else {
        return error(legacy, INVALID_PARAMS);
    };
    let has_envelope = [VERSION, CAPABILITIES, CLIENT]
        .iter()
        .any(|key| meta.get(key).is_some());
    let token = meta.given("progressToken");
    let (revision, problem) = match has_envelope.then(|| envelope(&meta)) {
        None => (legacy, None),
        Some(Ok(revision)) => (revision, None),
        Some(Err((revision, code))) => (revision, Some(code)),
    };
    let mut answer = match problem {
        Some(code) => Answer::Error(vec![code]),
        None => serve(method, &params, token, revision, in_batch),
    };
    if token.is_some_and(|token| !is_id(token)) {
        // The rules do not say where this check comes among the others.
        answer = match answer {
            Answer::Error(mut codes) => {
                codes.push(INVALID_PARAMS);
                Answer::Error(codes)
            }
            _ => Answer::Error(vec![INVALID_PARAMS]),
        };
    }
    Ruling { revision, answer }
}

/// The revision that the envelope of a modern request names, by its rules in their order; or the revision of the error, and
/// its code.
fn envelope(meta: &Object<'_>) -> Result<&'static str, (&'static str, i64)> {
    let Some(version) = meta.get(VERSION).and_then(scan::string) else {
        return Err((MODERN, INVALID_PARAMS));
    };
    let Some(revision) = modern().iter().copied().find(|it| *it == version) else {
        return Err((MODERN, UNSUPPORTED_VERSION));
    };
    if !meta
        .get(CAPABILITIES)
        .is_some_and(|value| value.starts_with('{'))
    {
        return Err((revision, INVALID_PARAMS));
    }
    match meta.get(LOG_LEVEL) {
        Some(level) if !is_log_level(level) => Err((revision, INVALID_PARAMS)),
        _ => Ok(revision),
    }
}

/// The levels of log lines, least important first.
pub(crate) const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

fn log_level(raw: &str) -> Option<&'static str> {
    let level = scan::string(raw)?;
    LEVELS.into_iter().find(|known| *known == level)
}

fn is_log_level(raw: &str) -> bool {
    log_level(raw).is_some()
}

/// A request whose envelope is valid.
fn serve(
    method: &str,
    params: &Object<'_>,
    token: Option<&str>,
    revision: &str,
    in_batch: bool,
) -> Answer {
    let is_modern = is_modern(revision);
    let error = |code| Answer::Error(vec![code]);
    let text = |name| params.given(name).and_then(scan::string);
    match method {
        "initialize" if !is_modern => {
            let requested = text("protocolVersion");
            let is_wrong = requested.is_none() && params.given("protocolVersion").is_some();
            match (in_batch, is_wrong) {
                (true, true) => Answer::Error(vec![INVALID_REQUEST, INVALID_PARAMS]),
                (true, false) => error(INVALID_REQUEST),
                (false, true) => error(INVALID_PARAMS),
                (false, false) => {
                    let known = REVISIONS
                        .iter()
                        .find(|known| requested.as_deref() == Some(known));
                    Answer::Agreed(
                        known
                            .copied()
                            .filter(|known| !self::is_modern(known))
                            .unwrap_or(NEWEST_LEGACY),
                    )
                }
            }
        }
        "ping" if !is_modern => Answer::Result("ping"),
        "server/discover" if is_modern => Answer::Result("server/discover"),
        "server/discover" => error(INVALID_PARAMS),
        "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list" => {
            // There is only one page.
            if params.given("cursor").is_some() {
                return error(INVALID_PARAMS);
            }
            let lists = ["tools/list", "resources/list", "resources/templates/list"];
            let list = lists.into_iter().find(|list| *list == method);
            Answer::Result(list.unwrap_or("prompts/list"))
        }
        "resources/read" => match text("uri") {
            None => error(INVALID_PARAMS),
            Some(uri) => match world::RESOURCES.iter().position(|(known, _)| *known == uri) {
                Some(resource) => Answer::Resource(resource),
                None if is_modern => error(INVALID_PARAMS),
                None => error(RESOURCE_NOT_FOUND),
            },
        },
        "prompts/get" => prompt(params).unwrap_or_else(|| error(INVALID_PARAMS)),
        "completion/complete" => completion(params).unwrap_or_else(|| error(INVALID_PARAMS)),
        "logging/setLevel" if !is_modern => {
            let level = params.given("level").and_then(log_level);
            level.map_or(error(INVALID_PARAMS), Answer::Level)
        }
        "subscriptions/listen" if is_modern => {
            match (in_batch, is_filter(params.given("notifications"))) {
                (false, true) => Answer::Subscription,
                (false, false) => error(INVALID_PARAMS),
                (true, true) => error(INVALID_REQUEST),
                (true, false) => Answer::Error(vec![INVALID_REQUEST, INVALID_PARAMS]),
            }
        }
        "tools/call" => {
            let name = text("name");
            let tool = world::TOOLS
                .iter()
                .position(|known| name.as_deref() == Some(known));
            let arguments = params.given("arguments").unwrap_or("{}");
            match tool {
                Some(tool) if arguments.starts_with('{') => Answer::Call {
                    tool,
                    arguments: arguments.to_owned(),
                    token: token.map(str::to_owned),
                },
                _ => error(INVALID_PARAMS),
            }
        }
        _ => error(METHOD_NOT_FOUND),
    }
}

/// `None` if something is invalid.
fn prompt(params: &Object<'_>) -> Option<Answer> {
    let name = params.given("name").and_then(scan::string)?;
    let prompt = world::PROMPTS
        .iter()
        .position(|(known, _)| *known == name)?;
    let given = given(prompt, params.given("arguments"))?;
    let mut arguments = world::PROMPTS[prompt].1.iter().zip(&given);
    let is_complete = arguments.all(|(name, value)| {
        !name.ends_with('!') || value.as_ref().is_some_and(|value| !value.trim().is_empty())
    });
    is_complete.then_some(Answer::Prompt(prompt, given))
}

/// The arguments of a prompt: texts; missing and unknown ones are valid.
fn given(prompt: usize, arguments: Option<&str>) -> Option<Vec<Option<String>>> {
    let arguments = Object::read(arguments.unwrap_or("{}")).filter(Object::is_readable)?;
    let names = world::PROMPTS[prompt]
        .1
        .iter()
        .map(|name| name.trim_end_matches('!'));
    names
        .map(|name| match arguments.given(name) {
            None => Some(None),
            Some(value) => {
                let value = scan::string(value).filter(|value| value.len() <= LONGEST_ARGUMENT)?;
                Some(Some(value))
            }
        })
        .collect()
}

/// `None` if something is invalid.
fn completion(params: &Object<'_>) -> Option<Answer> {
    let argument = Object::read(params.given("argument")?).filter(Object::is_readable)?;
    let name = argument.get("name").and_then(scan::string)?;
    let typed = argument.get("value").and_then(scan::string)?;
    if typed.len() > LONGEST_VALUE {
        return None;
    }
    let reference = Object::read(params.given("ref")?).filter(Object::is_readable)?;
    let text = |member| reference.get(member).and_then(scan::string);
    let all = match text("type")?.as_str() {
        "ref/prompt" => {
            let prompt = text("name")?;
            let prompt = world::PROMPTS
                .iter()
                .position(|(known, _)| *known == prompt)?;
            let mut names = world::PROMPTS[prompt].1.iter();
            match names.position(|known| known.trim_end_matches('!') == name) {
                None => Vec::new(),
                Some(position) => {
                    // It is read only where it can matter.
                    let context = Object::read(params.given("context").unwrap_or("{}"))
                        .filter(Object::is_readable)?;
                    world::candidates(position, &given(prompt, context.given("arguments"))?)
                }
            }
        }
        "ref/resource" => {
            let uri = text("uri")?;
            if uri == world::TEMPLATE.0 && name == world::TEMPLATE.1 {
                world::SECTIONS.map(str::to_owned).into()
            } else if uri == world::TEMPLATE.0
                || world::RESOURCES.iter().any(|(known, _)| *known == uri)
            {
                Vec::new()
            } else {
                return None;
            }
        }
        _ => return None,
    };
    let typed = typed.to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&typed);
    let fitting = all.into_iter().filter(|value| {
        let behind = value.split_once('/').map(|(_, behind)| behind);
        begins(value) || behind.is_some_and(begins)
    });
    Some(Answer::Completion(fitting.collect()))
}

/// What a subscription is for.
fn is_filter(notifications: Option<&str>) -> bool {
    let Some(filter) = notifications
        .and_then(Object::read)
        .filter(Object::is_readable)
    else {
        return false;
    };
    let flags = [
        "toolsListChanged",
        "promptsListChanged",
        "resourcesListChanged",
    ];
    let mut flags = flags.iter().filter_map(|flag| filter.get(flag));
    let uris = filter.get("resourceSubscriptions").map(scan::elements);
    flags.all(|flag| flag == "true" || flag == "false")
        && uris
            .is_none_or(|uris| uris.is_some_and(|uris| uris.iter().all(|uri| uri.starts_with('"'))))
}

/// The id that a notification cancels.
pub(crate) fn cancelled(method: &str, params: Option<&str>) -> Option<(bool, String)> {
    let params = Object::read(params?).filter(Object::is_readable)?;
    let id = params.given("requestId").filter(|id| is_id(id))?;
    (method == "notifications/cancelled").then(|| identity(id))
}
