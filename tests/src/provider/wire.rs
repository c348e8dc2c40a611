//! From what a family says to bytes, and from a request to what it says, whichever family it is; and errors in the shapes
//! of proxies and services that have no family.
//!
//! Never here: what only one family has (`families`), or when something is sent (the parent modules).

use bytes::Bytes;
use serde_json::{Value, json};

use super::Family;

/// A streamed answer: one piece per delta, the first one with the opening events, and a last piece that ends it.
pub(super) fn answer(family: Family, deltas: &[String]) -> Vec<Bytes> {
    let format = family.format();
    let stream = format.answer(deltas);
    let joined = |events: &[Value]| events.iter().map(event).collect::<String>();
    let mut pieces: Vec<String> = stream.deltas.iter().map(event).collect();
    pieces.push(joined(&stream.closing) + format.mark_of_end());
    pieces[0].insert_str(0, &joined(&stream.opening));
    pieces.into_iter().map(Bytes::from).collect()
}

/// Cuts a text into up to four deltas, after blanks.
pub(super) fn split(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words
        .chunks(words.len().div_ceil(4).max(1))
        .map(<[&str]>::concat)
        .collect()
}

/// The error that a family sends inside a stream that began well.
pub(super) fn stream_error(family: Family, message: &str) -> Bytes {
    event(&family.format().stream_error(message)).into()
}

/// The names of [`shape`], as the program's `--help` lists them.
pub const SHAPES: &str = "openai, anthropic, google, google-list, openrouter, xai, text, mistral, detail, \
    details, message, plain, html, garbage, empty";

/// The content type and the body of an error in the shape with this name, of any family.
pub(super) fn shape(name: &str, status: u16, message: &str) -> Option<(&'static str, String)> {
    let json = "application/json";
    let (kind, body) = match name {
        "openai" => (json, Family::OpenAi.format().error(status, message)),
        "anthropic" => (json, Family::Anthropic.format().error(status, message)),
        "google" => (json, Family::Google.format().error(status, message)),
        "google-list" => (
            json,
            json!([Family::Google.format().error(status, message)]),
        ),
        "openrouter" => (
            json,
            json!({"error": {"code": status, "message": message, "metadata": {"raw": "x"}}}),
        ),
        "xai" => (json, json!({"code": "mock_code", "error": message})),
        "text" => (json, json!({"error": message})),
        "mistral" => (
            json,
            json!({"object": "error", "message": message, "type": "mock_type", "param": null, "code": "1"}),
        ),
        "detail" => (json, json!({"detail": message})),
        "details" => (
            json,
            json!({"detail": [{"loc": ["body", "x"], "msg": message, "type": "mock_type"}]}),
        ),
        "message" => (json, json!({"message": message})),
        "plain" => return Some(("text/plain", message.to_owned())),
        "html" => {
            let page = format!(
                "<html><head><title>{status} {message}</title></head><body>x</body></html>"
            );
            return Some(("text/html; charset=utf-8", page));
        }
        "garbage" => return Some((json, "{\"error\": {\"mess".to_owned())),
        "empty" => return Some((json, String::new())),
        _ => return None,
    };
    Some((kind, body.to_string()))
}

/// A family's name for this parameter, if the request has it.
pub(super) fn parameter(family: Family, body: &Value, name: &str) -> Option<String> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let asked = plain(name);
    let names = match name {
        "max_tokens" => &["maxtokens", "maxoutputtokens", "maxcompletiontokens"][..],
        "stop" => &["stop", "stopsequences"],
        "reasoning_effort" => &[
            "reasoning",
            "reasoningeffort",
            "thinking",
            "thinkingconfig",
            "outputconfig",
        ],
        _ => &[asked.as_str()],
    };
    let own = family.format().names_of(name);
    let members = body.as_object()?.iter();
    let inner = body["generationConfig"].as_object().into_iter().flatten();
    members
        .chain(inner)
        .find(|(known, _)| {
            let known = plain(known);
            names.contains(&&*known) || own.contains(&&*known)
        })
        .map(|(known, _)| known.clone())
}

/// The text of the last user turn.
pub(super) fn last_user_text(family: Family, body: &Value) -> Option<String> {
    let [turns, content] = family.format().turns();
    let turns = &body[turns];
    if let Some(text) = turns.as_str() {
        return Some(text.to_owned());
    }
    // Gemini permits a single user turn without a role.
    let user = |turn: &&Value| {
        turn["role"] == "user" || (family == Family::Google && turn["role"].is_null())
    };
    let content = &turns.as_array()?.iter().rfind(user)?[content];
    match content {
        Value::String(text) => Some(text.clone()),
        _ => Some(
            content
                .as_array()?
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect(),
        ),
    }
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The model finished.
    Stop,
    /// It reached the limit of tokens.
    Length,
    /// It refused, or a filter stopped it; Google without a text: the prompt was blocked.
    Refusal,
    /// It paused (`pause_turn`); Anthropic only, the others stop.
    Pause,
    /// The stream ends as streams do, but without a reason.
    Unsaid,
}

/// A streamed answer: this reasoning, this text (no delta for an empty one), this ending. One piece per event.
pub(super) fn told(family: Family, reasoning: &str, text: &str, ending: Ending) -> Vec<Bytes> {
    let format = family.format();
    let events = format.told(reasoning, text, ending);
    let mut pieces: Vec<String> = events.iter().map(event).collect();
    let mark = format.mark_of_end();
    pieces.extend((!mark.is_empty()).then(|| mark.to_owned()));
    pieces.into_iter().map(Bytes::from).collect()
}

/// An event, named after its own `type` if it has one.
fn event(data: &Value) -> String {
    match data["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}
