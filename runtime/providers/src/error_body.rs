//! Error bodies in all the shapes that providers, services with the same formats, and proxies send.
//!
//! Never here: the error codes of one provider (`errors` in its folder), headers, retries, redaction.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use crate::excerpt::{page, shortened};
use crate::{Codec, ErrorKind, Failure, FailureFacts, Stage, json};

/// The failure that a single JSON text reports although its status is 200, as some proxies send it.
pub fn reported(codec: &dyn Codec, body: &[u8]) -> Option<Failure> {
    #[derive(Deserialize)]
    struct Reported {
        error: Option<IgnoredAny>,
        // Where something was done all the same.
        data: Option<IgnoredAny>,
        usage: Option<IgnoredAny>,
    }
    let reported: Reported = serde_json::from_slice(body).ok()?;
    reported.error?;
    let failure = codec.failure(200, body);
    Some(match reported.data.or(reported.usage) {
        None => failure,
        Some(_) => failure.at(Stage::Taken),
    })
}

/// A provider's error codes or phrases, most specific first, and what they mean.
pub(super) type Table = [(&'static str, ErrorKind)];

/// The body of a reply with an error status, or an error inside a stream.
#[derive(Debug)]
pub(super) struct ErrorBody {
    /// `Null` if the body is not JSON, or too large for an error.
    root: Value,
    message: Option<String>,
}

impl ErrorBody {
    pub(super) fn read(body: &str) -> Self {
        let body = body.trim_start_matches('\u{feff}').trim();
        let root = match json::tree(body) {
            Some(Value::Array(list)) => list.into_iter().next().unwrap_or_default(),
            Some(root) => root,
            None => {
                // JSON that is too large to be parsed is not shown at all.
                let is_large = anygpt_core::json::tree_size(body) > json::LARGEST_TREE;
                let is_json = is_large && body.starts_with(['{', '[']);
                return ErrorBody {
                    root: Value::Null,
                    message: plain(body).filter(|_| !is_json),
                };
            }
        };
        ErrorBody {
            message: explanation(&root),
            root,
        }
    }

    /// The failure that this body reports. `words` are compared with the provider's codes and types; `phrases` (lower case)
    /// are searched for in the message of what would otherwise be `InvalidRequest`.
    pub(super) fn failure(&self, status: Option<u16>, words: &Table, phrases: &Table) -> Failure {
        let known = |word: &str| {
            words
                .iter()
                .find(|(known, _)| *known == word)
                .map(|(_, class)| *class)
        };
        let word = self.words().find_map(known);
        // Some services report errors with status 200.
        let refused = status.filter(|status| *status >= 400);
        let mut class = match (refused.or_else(|| self.status_in_body()), word) {
            (Some(status), word) => refined(by_status(status), word),
            (None, Some(class)) => class,
            (None, None) => match self.words().any(|word| word.starts_with("invalid_request")) {
                true => ErrorKind::InvalidRequest,
                false => ErrorKind::Unavailable,
            },
        };
        let message = self.message.clone().unwrap_or_else(|| match status {
            Some(status) => format!("HTTP {status} without an explanation"),
            None => "the provider reported an error without an explanation".to_owned(),
        });
        if class == ErrorKind::InvalidRequest {
            let message = message.to_lowercase();
            if let Some((_, better)) = phrases.iter().find(|(phrase, _)| message.contains(phrase)) {
                class = *better;
            }
        }
        let message = shortened(&message);
        let outside = 0..self.message.as_ref().map_or(0, |_| message.len());
        Failure::from(FailureFacts {
            class,
            status,
            code: self.code(),
            message,
            outside,
            request_id: self
                .root
                .get("request_id")
                .and_then(Value::as_str)
                .map(shortened),
            retry_after: None,
            should_retry: None,
            param: self.param(),
            stage: Stage::Declined,
        })
    }

    fn code(&self) -> Option<Box<str>> {
        let word = self.words().next().map(shortened);
        let number = || self.field("code").filter(|code| !code.is_object());
        let code = word.or_else(|| number().map(|code| shortened(&unquoted(code))));
        code.map(Into::into)
    }

    /// The name of the parameter: `param`, or the last name of FastAPI's first `loc`.
    fn param(&self) -> Option<Box<str>> {
        let named = self.field("param").and_then(Value::as_str);
        let place = || self.field("detail")?.get(0)?.get("loc")?.as_array();
        named
            .or_else(|| place()?.iter().rev().find_map(Value::as_str))
            .filter(|name| !name.is_empty())
            .map(|name| shortened(name).into())
    }

    /// This field of each of Google's `details` that has it.
    pub(super) fn details<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        let details = self.field("details").and_then(Value::as_array);
        details
            .into_iter()
            .flatten()
            .filter_map(move |detail| detail.get(name))
    }

    /// The provider's codes and types, most specific first.
    fn words(&self) -> impl Iterator<Item = &str> {
        let fields = ["code", "type", "status"]
            .into_iter()
            .filter_map(|name| self.field(name));
        // OpenRouter's reason; its `code` is the HTTP status.
        let metadata = self.field("metadata").and_then(|it| it.get("error_type"));
        self.details("reason")
            .chain(metadata)
            .chain(fields)
            .filter_map(Value::as_str)
            // Anthropic and OpenAI have this word in error events, and some proxies have the HTTP status as a string.
            .filter(|word| *word != "error" && !word.is_empty() && word.parse::<u16>().is_err())
    }

    fn field(&self, name: &str) -> Option<&Value> {
        let inner = self.root.get("error").and_then(|error| error.get(name));
        inner
            .or_else(|| self.root.get(name))
            .filter(|value| !value.is_null())
    }

    fn status_in_body(&self) -> Option<u16> {
        let status = unquoted(self.field("code")?).parse().ok()?;
        (400..600).contains(&status).then_some(status)
    }
}

/// Combines the kinds of a status and of an error code. The status decides whether a retry can succeed, because some services
/// use "server error" or "invalid request" for everything. Only an empty account has no status of its own.
fn refined(by_status: ErrorKind, word: Option<ErrorKind>) -> ErrorKind {
    let may_pass = |class| matches!(class, ErrorKind::RateLimit | ErrorKind::Unavailable);
    match word {
        // Less specific than any status.
        Some(ErrorKind::InvalidRequest) | None => by_status,
        Some(ErrorKind::Quota) => ErrorKind::Quota,
        Some(word) if may_pass(word) == may_pass(by_status) => word,
        Some(_) => by_status,
    }
}

fn by_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Auth,
        402 => ErrorKind::Quota,
        403 => ErrorKind::Permission,
        404 => ErrorKind::ModelNotFound,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimit,
        408 | 409 => ErrorKind::Unavailable,
        400..500 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Unavailable,
    }
}

/// The first text in an error body that is meant for people.
fn explanation(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => plain(text.trim()),
        Value::Array(list) => {
            let all: Vec<String> = list.iter().filter_map(explanation).collect();
            (!all.is_empty()).then(|| all.join("; "))
        }
        Value::Object(fields) => {
            let names = ["error", "message", "msg", "detail"];
            let text = names
                .iter()
                .find_map(|name| fields.get(*name).and_then(explanation))?;
            // FastAPI names the field.
            let Some(Value::Array(place)) = fields.get("loc") else {
                return Some(text);
            };
            let place: Vec<String> = place.iter().map(unquoted).collect();
            Some(format!("{}: {text}", place.join(".")))
        }
        _ => None,
    }
}

/// What is shown of a body that is not JSON.
fn plain(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    Some(page(text).unwrap_or_else(|| text.to_owned()))
}

fn unquoted(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
