//! JSON-RPC 2.0 as MCP uses it: the borrowed envelope of a line, ids, error codes.
//!
//! Values are slices of the line: nothing is copied, and unknown members are skipped.
//!
//! Never here: the meaning of a method, or the revision.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use super::scan::{self, Trust, valid_prefix};
pub(crate) use super::string::string;

/// Error codes (R-14, R-33; JSON-RPC 2.0, section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

impl Code {
    pub(crate) const PARSE_ERROR: Code = Code(-32700);
    pub(crate) const INVALID_REQUEST: Code = Code(-32600);
    pub(crate) const METHOD_NOT_FOUND: Code = Code(-32601);
    pub(crate) const INVALID_PARAMS: Code = Code(-32602);
    pub(crate) const INTERNAL_ERROR: Code = Code(-32603);
    /// Until 2025-11-25.
    pub(crate) const RESOURCE_NOT_FOUND: Code = Code(-32002);
    pub(crate) const UNSUPPORTED_PROTOCOL_VERSION: Code = Code(-32022);
}

/// An error that answers a request.
#[derive(Debug)]
pub(crate) struct Error<'a> {
    pub(crate) code: Code,
    pub(crate) message: Cow<'a, str>,
    /// JSON text of `data`.
    pub(crate) data: Option<String>,
}

impl<'a> Error<'a> {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'a, str>>) -> Self {
        Error {
            code,
            message: message.into(),
            data: None,
        }
    }

    pub(crate) fn invalid_params(message: impl Into<Cow<'a, str>>) -> Self {
        Error::new(Code::INVALID_PARAMS, message)
    }

    /// Adds `data`, as JSON text.
    pub(crate) fn with_data(self, data: String) -> Self {
        Error {
            data: Some(data),
            ..self
        }
    }
}

/// The id of a request as raw JSON, so that it is echoed byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id<'a>(&'a str);

impl<'a> Id<'a> {
    /// Strings and integers are ids; fractions, exponents, null, booleans, objects and arrays are not.
    pub(crate) fn from_json(raw: &'a str) -> Option<Self> {
        let integer = || scan::is_digits(raw.strip_prefix('-').unwrap_or(raw).as_bytes());
        (raw.starts_with('"') || integer()).then_some(Id(raw))
    }

    pub(crate) fn as_json(self) -> &'a str {
        self.0
    }

    /// Equal for equal ids, even if strings are escaped differently. Strings keep their opening quote, so that `"1"` is not `1`.
    pub(crate) fn key(self) -> Cow<'a, str> {
        let Some(key) = self.0.strip_suffix('"') else {
            return Cow::Borrowed(self.0);
        };
        match string(self.0) {
            Some(Cow::Borrowed(_)) => Cow::Borrowed(key),
            Some(Cow::Owned(text)) => Cow::Owned(format!("\"{text}")),
            // A lone surrogate cannot be decoded, so its escaped form is the key.
            None => Cow::Owned(format!("\"{}", self.0)),
        }
    }
}

/// The values of the named members of an object in a message that has been validated; of several with one name the last wins.
///
/// # Errors
/// It is something else, or a name is not text.
pub(crate) fn members<'a, const N: usize>(
    object: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], scan::Broken> {
    scan::members(object, Trust::Validated, names)
}

/// Calls `take` for each member of such an object; it returns whether it knows the name.
#[inline(always)]
pub(crate) fn take_members<'a>(
    object: &'a str,
    take: impl FnMut(&str, &'a str) -> bool,
) -> Result<(), scan::Broken> {
    scan::take_members(object, Trust::Validated, take)
}

pub(crate) fn is_array_of_strings(raw: &str) -> bool {
    let mut all = true;
    let read = scan::elements(raw, |element| {
        all = element.starts_with('"');
        all
    });
    read.is_ok() && all
}

/// A line, sorted by what must be done with it (JSON-RPC 2.0, sections 4 to 6).
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// Must be answered, exactly once.
    Request {
        id: Id<'a>,
        method: Cow<'a, str>,
        /// JSON text of the params; any kind of value.
        params: Option<&'a str>,
    },
    /// Must never be answered.
    Notification {
        method: Cow<'a, str>,
        params: Option<&'a str>,
    },
    /// Neither: answered with an error, which has the id if that could be read.
    Invalid(Option<Id<'a>>, Error<'static>),
    /// Not answered: a blank line, a response, a malformed notification.
    Nothing,
}

/// White space in JSON, which is less than in ASCII.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The members of a message that are read, as JSON text.
#[derive(Debug, Default)]
struct Envelope<'a> {
    jsonrpc: Option<&'a str>,
    id: Option<&'a str>,
    method: Option<&'a str>,
    params: Option<&'a str>,
    result: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// Reads an object. After an error, the members before it are set.
    fn read(&mut self, json: &'a str) -> Result<(), scan::Broken> {
        scan::take_members(json, Trust::Untrusted, |name, value| {
            let member = match name {
                "jsonrpc" => &mut self.jsonrpc,
                "id" => &mut self.id,
                "method" => &mut self.method,
                "params" => &mut self.params,
                "result" => &mut self.result,
                "error" => &mut self.error,
                _ => return false,
            };
            *member = Some(value);
            true
        })
    }

    /// An answer to a request, which this server never sends.
    fn is_response(&self) -> bool {
        self.method.is_none() && (self.result.is_some() || self.error.is_some())
    }
}

impl<'a> Message<'a> {
    /// Reads one line; `line` is none if it is not UTF-8.
    pub(crate) fn read(line: Option<&'a str>) -> Self {
        let Some(line) = line else {
            return invalid(None, Code::PARSE_ERROR, "The line is not valid UTF-8");
        };
        let mut envelope = Envelope::default();
        if envelope.read(line).is_err() {
            // Other valid JSON is an invalid request, not a parse error.
            return match scan::first_byte(line) {
                Err(_) if line.trim_matches(SPACE).is_empty() => Message::Nothing,
                Err(_) => invalid(None, Code::PARSE_ERROR, "The line is not valid JSON"),
                Ok(b'[') => invalid(
                    None,
                    Code::INVALID_REQUEST,
                    "Batches are not accepted: send one message per line",
                ),
                Ok(b'{') => invalid(
                    None,
                    Code::PARSE_ERROR,
                    "The name of a member holds half of a surrogate pair",
                ),
                Ok(_) => invalid(None, Code::INVALID_REQUEST, "A message is a JSON object"),
            };
        }
        Message::classify(&envelope)
    }

    /// The messages of a batch as JSON texts; none if the line is not an array. Stops after one more than `most`.
    pub(crate) fn batch(line: &'a [u8], most: usize) -> Option<Vec<&'a str>> {
        let first = line
            .iter()
            .find(|&&byte| !SPACE.contains(&char::from(byte)));
        if first != Some(&b'[') {
            return None;
        }
        let valid = valid_prefix(line);
        let mut messages = Vec::new();
        let read = scan::elements(valid, |message| {
            messages.push(message);
            messages.len() <= most
        });
        let is_whole = read.is_ok() && valid.len() == line.len();
        (is_whole || messages.len() > most).then_some(messages)
    }

    /// The answer to a line that was too long, from its beginning alone.
    pub(crate) fn read_beginning(line: &'a [u8]) -> Self {
        let valid = valid_prefix(line);
        let mut envelope = Envelope::default();
        // Always an error, since the end is missing; the members before it are set.
        let _cut = envelope.read(valid);
        // A number that reaches the cut may be longer.
        let end = |text: &str| text.as_bytes().as_ptr_range().end;
        let id = envelope.id.filter(|id| end(id) != end(valid));
        let id = id.and_then(Id::from_json);
        let notification = (envelope.method.and_then(string))
            .is_some_and(|method| method.starts_with("notifications/"));
        if envelope.is_response() || (envelope.id.is_none() && notification) {
            return Message::Nothing;
        }
        invalid(
            id,
            Code::INVALID_REQUEST,
            "The line is longer than this server accepts",
        )
    }

    fn classify(envelope: &Envelope<'a>) -> Self {
        let id = envelope.id.and_then(Id::from_json);
        let method = envelope.method.and_then(string);
        let version_2 = (envelope.jsonrpc.and_then(string)).is_some_and(|text| text == "2.0");
        let params = envelope.params;
        match (envelope.id, id, method) {
            (None, _, Some(_)) if !version_2 => Message::Nothing,
            (None, _, Some(method)) => Message::Notification { method, params },
            (_, _, None) if envelope.is_response() => Message::Nothing,
            (Some(_), None, _) => invalid(
                None,
                Code::INVALID_REQUEST,
                "id must be a string or an integer",
            ),
            (_, id, None) => invalid(id, Code::INVALID_REQUEST, "method must be a string"),
            (_, id, _) if !version_2 => {
                invalid(id, Code::INVALID_REQUEST, "jsonrpc must be \"2.0\"")
            }
            (_, Some(id), Some(method)) => Message::Request { id, method, params },
        }
    }
}

/// The answer to a line that is not a valid message.
pub(crate) fn invalid<'a>(id: Option<Id<'a>>, code: Code, message: &'static str) -> Message<'a> {
    Message::Invalid(id, Error::new(code, message))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
