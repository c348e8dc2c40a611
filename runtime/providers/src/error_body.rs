//! Error bodies in all the shapes that providers, services with the same formats, and proxies send.
//!
//! Never here: the error codes of one provider (`errors` in its folder), headers, retries, redaction.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use crate::excerpt::{page, shortened};
use crate::wait::wait_in_words;
use crate::{Codec, ErrorKind, Failure, FailureFacts, Stage, anthropic, google, json, openai};

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

/// What the error codes and phrases of a provider mean.
pub(super) struct Meanings {
    /// Compared with codes, types and statuses.
    pub(super) codes: &'static [(&'static str, ErrorKind)],
    /// Searched for in the message, in lower case, where no code says more than the status.
    pub(super) phrases: &'static [(&'static str, ErrorKind)],
}

/// All of them: a gateway passes on the errors of other providers, and many servers speak several formats.
static MEANINGS: [&Meanings; 4] = [
    &openai::errors::OPENAI,
    &anthropic::errors::ANTHROPIC,
    &google::errors::GOOGLE,
    &openai::errors::SERVICES,
];

fn meaning(code: &str) -> Option<ErrorKind> {
    let mut rows = MEANINGS.iter().flat_map(|table| table.codes);
    rows.find(|(known, _)| *known == code).map(|row| row.1)
}

/// Most JSON texts inside each other that are read.
const DEEPEST: usize = 4;

/// The failure that the body of a reply with an error status reports, or an error inside a stream.
pub(super) fn failure(status: Option<u16>, body: &str) -> Failure {
    ErrorBody::read(body).failure(status)
}

#[derive(Debug)]
struct ErrorBody {
    /// What relays have wrapped into each other, innermost first: the body, and the JSON in its texts. Empty if the body is
    /// not JSON, or too large for an error.
    layers: Vec<Value>,
    message: Option<String>,
}

impl ErrorBody {
    fn read(body: &str) -> Self {
        let body = body.trim_start_matches('\u{feff}').trim();
        let behind = || within(body).filter(|_| !body.starts_with('<'));
        let Some(root) = tree(body).or_else(|| event(body)).or_else(behind) else {
            // JSON that is too large to be parsed is not shown at all.
            let is_large = anygpt_core::json::tree_size(body) > json::LARGEST_TREE;
            let is_json = is_large && body.starts_with(['{', '[']);
            return ErrorBody {
                layers: Vec::new(),
                message: plain(body).filter(|_| !is_json),
            };
        };
        let mut layers = vec![root];
        while layers.len() < DEEPEST
            && let Some(inner) = layers.last().and_then(inner)
        {
            layers.push(inner);
        }
        layers.reverse();
        let message = layers.iter().find_map(explanation);
        let mut body = ErrorBody { layers, message };
        let metadata = body
            .fields("metadata")
            .find_map(|it| it.get("provider_name"));
        if let (Some(name), Some(message)) = (metadata.and_then(Value::as_str), &body.message) {
            body.message = Some(format!("{name}: {message}"));
        }
        body
    }

    fn failure(&self, status: Option<u16>) -> Failure {
        // Some services report errors with status 200.
        let refused = status.filter(|status| *status >= 400);
        let refused = refused.or_else(|| self.status_in_body());
        let message = self.message.clone().unwrap_or_else(|| match status {
            Some(status) => format!("HTTP {status} without an explanation"),
            None => "the provider reported an error without an explanation".to_owned(),
        });
        let lower = message.to_lowercase();
        let message = shortened(&message);
        let outside = 0..self.message.as_ref().map_or(0, |_| message.len());
        let class = self.class(refused, &lower);
        let is_known = |code: Cow<'_, str>| meaning(&code).is_some();
        let has_unknown_code = self.codes().next().is_some() && !self.codes().any(is_known);
        Failure::from(FailureFacts {
            class,
            status,
            code: self.code(),
            message,
            outside,
            request_id: self
                .field("request_id")
                .and_then(Value::as_str)
                .map(shortened),
            retry_after: self.retry_after().or_else(|| wait_in_words(&lower)),
            // What is reported without a status under a name that nobody has seen may be for good.
            should_retry: (refused.is_none() && has_unknown_code).then_some(false),
            param: self.param(),
            lacks_path: matches!(refused, Some(404 | 405 | 501)) && !self.names_model(&lower),
            stage: Stage::Declined,
        })
    }

    /// Codes before words, and both only as far as the status allows.
    fn class(&self, status: Option<u16>, lower: &str) -> ErrorKind {
        let code = self.codes().find_map(|code| meaning(&code));
        let (plain, class) = match (status, code) {
            (Some(status), code) => (by_status(status), refined(by_status(status), code)),
            (None, Some(class)) => (class, class),
            (None, None) => match self.codes().any(|code| code.starts_with("invalid_request")) {
                true => (ErrorKind::InvalidRequest, ErrorKind::InvalidRequest),
                false => (ErrorKind::Unavailable, ErrorKind::Unavailable),
            },
        };
        if class != plain {
            return class;
        }
        if self.was_moderated() {
            return ErrorKind::ContentFilter;
        }
        if class == ErrorKind::RateLimit && self.is_used_up_for_today() {
            return ErrorKind::Quota;
        }
        let mut phrases = MEANINGS.iter().flat_map(|table| table.phrases);
        let row = phrases
            .find(|(phrase, better)| may_be(class, status, *better) && lower.contains(phrase));
        row.map_or(class, |row| row.1)
    }

    fn code(&self) -> Option<Box<str>> {
        let word = self.codes().next();
        let number = || {
            let number = self.field("code").filter(|code| !code.is_object());
            number.map(|code| unquoted(code).into())
        };
        word.or_else(number).map(|code| shortened(&code).into())
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

    /// Whether a status such as 404 is about the model.
    fn names_model(&self, lower: &str) -> bool {
        let names = |text: &str| {
            let words = ["model", "deployment", "endpoints found"];
            words.iter().any(|word| text.contains(word))
        };
        names(lower)
            || self.codes().any(|code| names(&code.to_lowercase()))
            || self.param().is_some_and(|param| names(&param))
    }

    /// This field of each of Google's `details` that has it.
    fn details<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        let details = self.fields("details").filter_map(Value::as_array);
        details.flatten().filter_map(move |detail| detail.get(name))
    }

    /// The wait of Google's `RetryInfo`, or of members that gateways have for it, in seconds.
    fn retry_after(&self) -> Option<Duration> {
        let info = self.details("retryDelay").find_map(Value::as_str);
        let seconds = || {
            let names = ["retry_after", "retry_after_seconds"];
            let seconds = names.into_iter().find_map(|name| self.field(name))?;
            seconds.as_f64()
        };
        match info {
            Some(delay) => delay.strip_suffix('s')?.parse().ok(),
            None => seconds(),
        }
        .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
    }

    /// Google's quotas of a day.
    fn is_used_up_for_today(&self) -> bool {
        let violations = self.details("violations").filter_map(Value::as_array);
        violations.flatten().any(|violation| {
            let quota = violation.get("quotaId").and_then(Value::as_str);
            quota.is_some_and(|quota| quota.contains("PerDay"))
        })
    }

    /// OpenRouter's list of what a moderation found
    /// (<https://openrouter.ai/docs/api-reference/errors#moderation-errors>).
    fn was_moderated(&self) -> bool {
        let metadata = self.fields("metadata").filter_map(|it| it.get("reasons"));
        let mut reasons = metadata.filter_map(Value::as_array);
        reasons.any(|reasons| !reasons.is_empty())
    }

    /// The provider's codes and types, most specific first.
    fn codes(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let fields = ["code", "type", "status"];
        let fields = fields.into_iter().flat_map(|name| self.fields(name));
        // OpenRouter's reason; its `code` is the HTTP status.
        let metadata = self.fields("metadata");
        let metadata = metadata.filter_map(|it| it.get("error_type"));
        self.details("reason")
            .chain(metadata)
            .chain(fields)
            .filter_map(|code| match code {
                Value::String(word) => Some(Cow::Borrowed(&**word)),
                Value::Number(number) => Some(Cow::Owned(number.to_string())),
                _ => None,
            })
            // Anthropic and OpenAI have this word in error events, and some proxies have the HTTP status here.
            .filter(|word| {
                let is_status = |number| number < 600;
                *word != "error" && !word.is_empty() && !word.parse::<u32>().is_ok_and(is_status)
            })
    }

    fn field<'a>(&'a self, name: &'a str) -> Option<&'a Value> {
        self.fields(name).next()
    }

    /// The members of this name, of the innermost layer first.
    fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        let places = self.layers.iter().flat_map(|layer| {
            let inner = layer.get("error");
            inner.into_iter().chain([layer])
        });
        places
            .filter_map(move |place| place.get(name))
            .filter(|value| !value.is_null())
    }

    fn status_in_body(&self) -> Option<u16> {
        self.fields("code").find_map(|code| {
            let status = unquoted(code).parse().ok()?;
            (400..600).contains(&status).then_some(status)
        })
    }
}

/// Combines the kinds of a status and of an error code. The status decides whether a retry can succeed, because some services
/// use "server error" or "invalid request" for everything. Only an empty account has no status of its own.
fn refined(by_status: ErrorKind, word: Option<ErrorKind>) -> ErrorKind {
    let may_pass = |class| matches!(class, ErrorKind::RateLimit | ErrorKind::Unavailable);
    match word {
        // Less specific than any status.
        Some(ErrorKind::InvalidRequest) | None => by_status,
        Some(word) if may_pass(word) == may_pass(by_status) || is_certain(word) => word,
        Some(_) => by_status,
    }
}

/// Kinds that codes and phrases are only used for if they are meant, whatever the status.
fn is_certain(class: ErrorKind) -> bool {
    matches!(
        class,
        ErrorKind::Quota
            | ErrorKind::ContextLength
            | ErrorKind::ContentFilter
            | ErrorKind::ModelNotFound
    )
}

/// Whether a phrase may make this of what status and codes make of an error.
fn may_be(class: ErrorKind, status: Option<u16>, better: ErrorKind) -> bool {
    match class {
        ErrorKind::Auth => better == ErrorKind::Quota,
        ErrorKind::Quota | ErrorKind::ContentFilter | ErrorKind::ContextLength => false,
        ErrorKind::RateLimit => matches!(
            better,
            ErrorKind::Quota | ErrorKind::TooLarge | ErrorKind::ContextLength
        ),
        // What is overloaded or being restarted has not looked at the request.
        ErrorKind::Unavailable => matches!(status, None | Some(500)),
        _ => true,
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
        // Not implemented, which waiting does not change.
        400..=499 | 501 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Unavailable,
    }
}

fn tree(json: &str) -> Option<Value> {
    match json::tree(json)? {
        Value::Array(list) => Some(list.into_iter().next().unwrap_or_default()),
        root => Some(root),
    }
}

/// The first event of a stream that was sent with an error status.
fn event(body: &str) -> Option<Value> {
    let mut lines = body.lines().map(str::trim);
    let data = lines.find_map(|line| line.strip_prefix("data:"))?;
    tree(data.trim())
}

/// The JSON that a relay has put into a text: OpenRouter's `raw`, or the message, perhaps after words of its own.
fn inner(layer: &Value) -> Option<Value> {
    let error = layer.get("error").filter(|error| error.is_object());
    let error = error.unwrap_or(layer);
    let raw = error.get("metadata").and_then(|it| it.get("raw"));
    match raw {
        Some(Value::String(raw)) if !raw.trim().is_empty() => {
            let text = || Value::from(raw.trim());
            Some(within(raw).unwrap_or_else(text))
        }
        Some(raw @ Value::Object(_)) => Some(raw.clone()),
        _ => {
            let names = ["message", "detail", "error"];
            let texts = names.into_iter().filter_map(|name| error.get(name));
            texts.filter_map(Value::as_str).find_map(within)
        }
    }
}

/// The object with an explanation that ends a text.
fn within(text: &str) -> Option<Value> {
    let start = text.find('{')?;
    let object = tree(text.get(start..=text.rfind('}')?)?)?;
    // Behind other words it may be a part of the request.
    let is_error = text.trim_start().starts_with(['{', '[']) || object.get("error").is_some();
    (is_error && explanation(&object).is_some()).then_some(object)
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
