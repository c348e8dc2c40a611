//! The traffic of the pipes, parsed: lines of the client sorted as the protocol sorts them, lines of the server as
//! messages.
//!
//! Never here: whether a message is right.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The longest line that the program accepts, and so the longest that it must answer with its id.
pub(super) const LONGEST_LINE: usize = 16 << 20;

pub(super) const META: &str = "io.modelcontextprotocol/";

/// The content of a client's message, without its id.
#[derive(Default)]
pub(super) struct ClientMessage<'a> {
    /// Empty if absent.
    pub(super) method: String,
    /// It can only be read in part, and is refused for that.
    pub(super) broken: bool,
    pub(super) tool: Option<String>,
    /// The version in its envelope, empty if that names none; `None` without an envelope.
    pub(super) modern: Option<String>,
    pub(super) logs: bool,
    /// The progress token, see [`plain`].
    pub(super) token: Option<String>,
    /// The id that a notification cancels.
    pub(super) cancels: Option<&'a str>,
}

/// A message of the client.
pub(super) enum Message<'a> {
    /// A message that gets no answer.
    Silent(Rc<ClientMessage<'a>>),
    Request(&'a str, Rc<ClientMessage<'a>>),
    /// Answered with an error without an id.
    Unreadable,
}

/// A message of the server.
pub(super) struct Answer<'a> {
    pub(super) text: &'a str,
    pub(super) id: Option<&'a str>,
    pub(super) body: Rc<Body>,
    /// Number of the batch that it is part of.
    pub(super) batch: Option<usize>,
}

/// A message with its id replaced by a constant of the same kind: thousands of answers differ in nothing else.
pub(super) struct Body {
    pub(super) message: Value,
    /// The methods and tools for which it was found valid.
    pub(super) valid_for: RefCell<Vec<(&'static str, String, Option<String>)>>,
}

pub(super) fn elements(line: &[u8]) -> Option<Vec<&RawValue>> {
    serde_json::from_slice(line).ok()
}

/// Sorts a line: a request, a notification, or unreadable (JSON-RPC 2.0, section 5.1). `last` is the line before.
pub(super) fn read_message<'a>(
    line: &'a [u8],
    last: &mut Option<(&'a str, Rc<ClientMessage<'a>>)>,
) -> Message<'a> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Message::Silent(Rc::default());
    }
    let too_long = line.len() > LONGEST_LINE;
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) if too_long => std::str::from_utf8(&line[..error.valid_up_to()]).unwrap(),
        Err(_) => return Message::Unreadable,
    };
    let split = split_id(text);
    if let (Some((id, rest)), Some((known, asked))) = (split, &last)
        && rest == *known
    {
        return Message::Request(id, Rc::clone(asked));
    }
    let (members, whole) = members(text);
    if !whole && !too_long {
        return Message::Unreadable;
    }
    let method: Option<String> = members
        .get("method")
        .and_then(|raw| serde_json::from_str(raw).ok());
    let is_response = !members.contains_key("method")
        && (members.contains_key("result") || members.contains_key("error"));
    let raw_id = members.get("id");
    if is_response || (raw_id.is_none() && method.is_some()) {
        let mut asked = ClientMessage::default();
        let params = members.get("params").copied();
        if method.as_deref() == Some("notifications/cancelled")
            && let Some(params) = params
        {
            asked.cancels = self::members(params).0.get("requestId").copied();
        }
        return Message::Silent(Rc::new(asked));
    }
    let Some(id) = raw_id.filter(|raw| is_id(raw)) else {
        return Message::Unreadable;
    };
    let version = members.get("jsonrpc").map(|raw| plain(raw));
    let asked = Rc::new(ClientMessage {
        broken: method.is_none() || version.as_deref() != Some("\"2.0\"") || too_long,
        ..read_request(method.unwrap_or_default(), members.get("params").copied())
    });
    // An id occurs only once in the place that is checked first.
    *last = split
        .filter(|(first, _)| first == id && text.matches("\"id\"").count() == 1)
        .map(|(_, rest)| (rest, Rc::clone(&asked)));
    Message::Request(id, asked)
}

fn read_request<'a>(method: String, params: Option<&'a str>) -> ClientMessage<'a> {
    let params = params.map(|params| members(params).0).unwrap_or_default();
    let meta = params.get("_meta").map(|meta| members(meta).0);
    let meta = meta.unwrap_or_default();
    let has = |name: &str| meta.contains_key(&format!("{META}{name}"));
    let is_modern = has("protocolVersion") || has("clientCapabilities") || has("clientInfo");
    let version = meta.get(&format!("{META}protocolVersion"));
    let version = version.and_then(|raw| serde_json::from_str(raw).ok());
    let tool = (method == "tools/call")
        .then(|| params.get("name"))
        .flatten();
    ClientMessage {
        tool: tool.and_then(|raw| serde_json::from_str(raw).ok()),
        modern: is_modern.then(|| version.unwrap_or_default()),
        logs: has("logLevel"),
        token: meta.get("progressToken").map(|raw| plain(raw)),
        cancels: None,
        broken: false,
        method,
    }
}

/// Strings and integers are ids (R-11).
fn is_id(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    raw.starts_with('"') || digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A JSON value in a canonical form.
pub(super) fn plain(raw: &str) -> String {
    match serde_json::from_str::<Value>(raw) {
        Ok(value) => value.to_string(),
        Err(_) => raw.to_owned(),
    }
}

/// The members of an object as JSON texts, the last of each name; up to the first error, and whether there was none.
fn members(object: &str) -> (HashMap<String, &str>, bool) {
    struct Members<'m, 'a>(&'m mut HashMap<String, &'a str>);

    impl<'a> Visitor<'a> for Members<'_, 'a> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key()? {
                let value: &'a RawValue = map.next_value()?;
                self.0.insert(name, value.get());
            }
            Ok(())
        }
    }

    let mut found = HashMap::new();
    let mut json = serde_json::Deserializer::from_str(object);
    let read = json.deserialize_map(Members(&mut found));
    let whole = read.is_ok() && json.end().is_ok();
    (found, whole)
}

/// The id of a message as the program writes it, and the rest of the message.
fn split_id(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(r#"{"jsonrpc":"2.0","id":"#)?;
    let end = if let Some(inner) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = inner.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        end + 2
    } else {
        rest.find(',')?
    };
    let (id, rest) = rest.split_at(end);
    let is_json = serde_json::from_str::<&RawValue>(id).is_ok();
    (is_json && is_id(id) && rest.starts_with(',')).then_some((id, rest))
}

/// Reads all lines; lines that are not messages are problems.
pub(super) fn read_answers(received: &[u8], may_be_cut: bool) -> (Vec<Answer<'_>>, Vec<String>) {
    let mut answers = Vec::new();
    let mut problems = Vec::new();
    let mut last = None;
    let mut lines: Vec<&[u8]> = received.split(|byte| *byte == b'\n').collect();
    // After the last newline comes nothing, or an incomplete line.
    if let Some(rest) = lines.pop()
        && !may_be_cut
        && !rest.is_empty()
    {
        problems.push(format!("the last line is not whole: {}", shown(rest)));
    }
    for (number, line) in lines.into_iter().enumerate() {
        // R-01, R-02
        let Ok(text) = std::str::from_utf8(line) else {
            problems.push(format!("a line is not UTF-8: {}", shown(line)));
            continue;
        };
        let found = if text.starts_with('[') {
            match elements(line) {
                Some(elements) if !elements.is_empty() => elements
                    .into_iter()
                    .map(|element| read_answer(element.get(), Some(number), &mut None))
                    .collect(),
                _ => vec![None],
            }
        } else {
            vec![read_answer(text, None, &mut last)]
        };
        for answer in found {
            match answer {
                Some(answer) => answers.push(answer),
                None => problems.push(format!("a line is no message: {}", shown(line))),
            }
        }
    }
    (answers, problems)
}

fn read_answer<'a>(
    text: &'a str,
    batch: Option<usize>,
    last: &mut Option<(&'a str, Rc<Body>)>,
) -> Option<Answer<'a>> {
    let answer = |id, body| {
        Some(Answer {
            text,
            id,
            body,
            batch,
        })
    };
    let body = |message: Value| {
        Rc::new(Body {
            message,
            valid_for: RefCell::default(),
        })
    };
    let Some((id, rest)) = split_id(text) else {
        let (members, whole) = members(text);
        let message: Value = serde_json::from_str(text).ok()?;
        return whole
            .then(|| answer(members.get("id").copied(), body(message)))
            .flatten();
    };
    if let Some((known, body)) = &last
        && rest == *known
    {
        return answer(Some(id), Rc::clone(body));
    }
    // A number of forty digits is an id, too.
    let in_place = if id.starts_with('"') { "\"\"" } else { "0" };
    let (checked, whole) = (
        members(text),
        format!(r#"{{"jsonrpc":"2.0","id":{in_place}{rest}"#),
    );
    let message: Value = serde_json::from_str(&whole).ok()?;
    if !checked.1 || checked.0.get("id") != Some(&id) {
        return None;
    }
    let body = body(message);
    *last = Some((rest, Rc::clone(&body)));
    answer(Some(id), body)
}

/// As much of a line as is useful in a report.
pub(super) fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(600)]);
    format!("{text}{}", if line.len() > 600 { "…" } else { "" })
}
