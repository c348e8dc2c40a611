//! JSON-RPC 2.0 as MCP uses it: the borrowed envelope of a line, ids, error codes, writing replies.
//!
//! Values are slices of the line: nothing is copied, and members nobody asked for are skipped.
//!
//! Never here: what a method means, or which revision is spoken.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use serde::Serialize;

pub(crate) use crate::scan::string;
use crate::{
    batch,
    scan::{self, Json, not_plain_from},
};

/// Error codes (R-14, R-33; MCP digest 2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

impl Code {
    pub(crate) const PARSE_ERROR: Code = Code(-32700);
    pub(crate) const INVALID_REQUEST: Code = Code(-32600);
    pub(crate) const METHOD_NOT_FOUND: Code = Code(-32601);
    pub(crate) const INVALID_PARAMS: Code = Code(-32602);
    pub(crate) const INTERNAL_ERROR: Code = Code(-32603);
    /// Until 2025-11-25 (R-61).
    pub(crate) const RESOURCE_NOT_FOUND: Code = Code(-32002);
    pub(crate) const UNSUPPORTED_PROTOCOL_VERSION: Code = Code(-32022);
}

/// An error to be written as the answer to a request.
#[derive(Debug)]
pub(crate) struct Error<'a> {
    pub(crate) code: Code,
    pub(crate) message: Cow<'a, str>,
    /// JSON text of `data`, if there is any.
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

    /// Adds `data`, given as JSON text.
    pub(crate) fn with_data(self, data: String) -> Self {
        Error {
            data: Some(data),
            ..self
        }
    }
}

/// The id of a request, as it stood in the line: echoed digit for digit, byte for byte (R-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id<'a>(&'a str);

impl<'a> Id<'a> {
    /// Strings and integers are ids; fractions, exponents, null, booleans, objects and arrays are
    /// not (R-11).
    pub(crate) fn from_json(raw: &'a str) -> Option<Self> {
        let integer = || scan::is_digits(raw.strip_prefix('-').unwrap_or(raw).as_bytes());
        (raw.starts_with('"') || integer()).then_some(Id(raw))
    }

    /// The JSON text.
    pub(crate) fn as_json(self) -> &'a str {
        self.0
    }

    /// Equal for equal ids, however a string is escaped. Strings keep their opening quote, so that
    /// `"1"` is not `1`.
    pub(crate) fn key(self) -> Cow<'a, str> {
        let Some(key) = self.0.strip_suffix('"') else {
            return Cow::Borrowed(self.0);
        };
        match string(self.0) {
            Some(Cow::Borrowed(_)) => Cow::Borrowed(key),
            Some(Cow::Owned(text)) => Cow::Owned(format!("\"{text}")),
            // A lone surrogate cannot be decoded; its escaped form is as good a key.
            None => Cow::Owned(format!("\"{}", self.0)),
        }
    }
}

/// The values of the named members of an object that stands in a message which has been read. The last of several with one
/// name wins.
///
/// On an error (it is something else, or a name is no text) the slots hold what was read before it.
pub(crate) fn members<'a>(
    object: &'a str,
    names: &[&str],
    slots: &mut [Option<&'a str>],
) -> Result<(), scan::Broken> {
    scan::members(object, Json::Valid, names, slots)
}

/// Gives the members of such an object to `take`, which tells whether it knows the name.
#[inline(always)]
pub(crate) fn take_members<'a>(
    object: &'a str,
    take: impl FnMut(&str, &'a str) -> bool,
) -> Result<(), scan::Broken> {
    scan::take_members(object, Json::Valid, take)
}

/// Whether `raw` is an array of nothing but strings.
pub(crate) fn is_array_of_strings(raw: &str) -> bool {
    let mut all = true;
    let read = scan::elements(raw, |element| {
        all = element.starts_with('"');
        all
    });
    read.is_ok() && all
}

/// A line, sorted by what must be done with it (MCP digest 4.2).
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
    /// Neither: answered with an error, and with the id if it could be read.
    Invalid(Option<Id<'a>>, Error<'static>),
    /// Not answered: a blank line, an answer to nothing we asked, a broken notification.
    Nothing,
}

/// What JSON allows around a value, which is less than ASCII's white space.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The members of a message that are read.
type Envelope<'a> = [Option<&'a str>; 6];

fn read_envelope<'a>(json: &'a str, slots: &mut Envelope<'a>) -> Result<(), scan::Broken> {
    // Not only its name, but all of it.
    let usual = scan::Usual {
        member: r#""jsonrpc":"2.0""#,
        value: r#""jsonrpc":"#.len(),
        slot: 0,
    };
    // The names that most messages have, each by one comparison.
    let known = |text: &[u8]| {
        const JSONRPC: u64 = u64::from_ne_bytes(*b"\"jsonrpc");
        const METHOD: u64 = u64::from_ne_bytes(*b"\"method\"");
        const PARAMS: u64 = u64::from_ne_bytes(*b"\"params\"");
        let (first, behind) = text.split_first_chunk()?;
        match u64::from_ne_bytes(*first) {
            JSONRPC if behind.first() == Some(&b'"') => Some((0, 9)),
            METHOD => Some((2, 8)),
            PARAMS => Some((3, 8)),
            _ if text.starts_with(b"\"id\"") => Some((1, 4)),
            _ => None,
        }
    };
    let position = |name: &str| {
        Some(match name {
            "jsonrpc" => 0,
            "id" => 1,
            "method" => 2,
            "params" => 3,
            "result" => 4,
            "error" => 5,
            _ => return None,
        })
    };
    scan::members_by(json, Json::Unread, &usual, known, position, slots)
}

impl<'a> Message<'a> {
    /// Reads one line; none if it is not UTF-8.
    pub(crate) fn read(line: Option<&'a str>) -> Self {
        let Some(line) = line else {
            return invalid(None, Code::PARSE_ERROR, "The line is not valid UTF-8");
        };
        let mut slots = Envelope::default();
        if read_envelope(line, &mut slots).is_err() {
            // Valid JSON of another kind is an invalid request, not a parse error (R-14).
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
        Message::classify(&slots)
    }

    /// The messages of a batch, each as JSON text; none if the line is not an array. It stops reading
    /// behind the first one too many.
    pub(crate) fn batch(line: &'a [u8]) -> Option<Vec<&'a str>> {
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
            messages.len() <= batch::MOST
        });
        let is_whole = read.is_ok() && valid.len() == line.len();
        (is_whole || messages.len() > batch::MOST).then_some(messages)
    }

    /// What can be answered to a line that was too long, from its beginning alone.
    pub(crate) fn read_beginning(line: &'a [u8]) -> Self {
        let valid = valid_prefix(line);
        let mut slots = Envelope::default();
        // It always ends in an error, since the end is missing; what was read before it counts.
        let _cut = read_envelope(valid, &mut slots);
        let [_, raw_id, method, _, result, error] = slots;
        // A number that reaches the cut may go on behind it.
        let end = |text: &str| text.as_bytes().as_ptr_range().end;
        let id = raw_id
            .filter(|id| end(id) != end(valid))
            .and_then(Id::from_json);
        let notification = method
            .and_then(string)
            .is_some_and(|method| method.starts_with("notifications/"));
        let response = method.is_none() && (result.is_some() || error.is_some());
        if response || (raw_id.is_none() && notification) {
            return Message::Nothing;
        }
        invalid(
            id,
            Code::INVALID_REQUEST,
            "The line is longer than this server accepts",
        )
    }

    fn classify(slots: &Envelope<'a>) -> Self {
        let &[jsonrpc, raw_id, raw_method, params, result, error] = slots;
        let id = raw_id.and_then(Id::from_json);
        let method = raw_method.and_then(string);
        let version_2 = jsonrpc == Some("\"2.0\"")
            || jsonrpc.and_then(string).is_some_and(|text| text == "2.0");
        match (raw_id, id, method) {
            (None, _, Some(_)) if !version_2 => Message::Nothing,
            (None, _, Some(method)) => Message::Notification { method, params },
            (_, _, None) if raw_method.is_none() && (result.is_some() || error.is_some()) => {
                Message::Nothing
            }
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

/// What is valid UTF-8 at the beginning.
pub(crate) fn valid_prefix(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(valid) => valid,
        Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// An answer that concerns no message that could be read.
pub(crate) fn invalid<'a>(id: Option<Id<'a>>, code: Code, message: &'static str) -> Message<'a> {
    Message::Invalid(id, Error::new(code, message))
}

/// Appends one JSON value in compact form. It is built in memory of its own first (all that
/// serde_json can do without std), so this is for what is written rarely; texts have
/// [`write_string`].
pub(crate) fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    match serde_json::to_vec(value) {
        Ok(json) => out.extend_from_slice(&json),
        // Only a map with keys that are not strings gets here, and there is none.
        Err(_) => out.extend_from_slice(b"null"),
    }
}

/// Appends a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Most texts have little to escape: with this much room they are not copied again.
    out.reserve(text.len() + text.len() / 16 + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, behind) = rest.split_at(not_plain_from(rest, 0));
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = behind.split_first() else {
            break;
        };
        write_escape(out, byte);
        rest = behind;
    }
    out.push(b'"');
}

/// Appends a byte that must not stand in a JSON string as it is.
#[inline(always)]
fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends a whole line: the answer to `id`, whose result `body` writes.
pub(crate) fn write_result(out: &mut Vec<u8>, id: Id<'_>, body: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_json().as_bytes());
    out.extend_from_slice(br#","result":"#);
    body(out);
    out.extend_from_slice(b"}\n");
}

/// Appends a whole line: a notification; `params` writes the members of its params.
pub(crate) fn write_notification(
    out: &mut Vec<u8>,
    method: &str,
    params: impl FnOnce(&mut Vec<u8>),
) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","method":"#);
    write_string(out, method);
    out.extend_from_slice(br#","params":{"#);
    params(out);
    out.extend_from_slice(b"}}\n");
}

/// Appends a whole line: an error. Without a readable id the member is left out: `null` fails the
/// schemas of every revision.
pub(crate) fn write_error(out: &mut Vec<u8>, id: Option<Id<'_>>, error: &Error<'_>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    if let Some(id) = id {
        out.extend_from_slice(br#""id":"#);
        out.extend_from_slice(id.as_json().as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(br#""error":{"code":"#);
    write_json(out, &error.code.0);
    out.extend_from_slice(br#","message":"#);
    write_string(out, &error.message);
    if let Some(data) = &error.data {
        out.extend_from_slice(br#","data":"#);
        out.extend_from_slice(data.as_bytes());
    }
    out.extend_from_slice(b"}}\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
