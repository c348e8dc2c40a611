//! What clients are shown of a tool's parameters: the schema of its arguments in `tools/list`.
//!
//! Never here: reading arguments, or the types that they may have (`kind`).

use std::fmt::Debug;

/// What the schema of a tool needs of a parameter, whatever its type.
pub(super) trait Described: Debug + Sync {
    fn name(&self) -> &'static str;
    fn is_listed(&self) -> bool;
    fn is_required(&self) -> bool;
    /// Appends its JSON Schema.
    fn write_schema(&self, json: &mut String);
}

/// The parameters of a tool, in the order in which clients see them.
pub(super) type Parameters = &'static [&'static dyn Described];

/// How much of a parameter is in the schema. Every word of it costs every client context, so most limits are only in the
/// error that names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Nothing: it is only accepted.
    Hidden,
    Type,
    /// The lower limit, too.
    Minimum,
    /// Both limits, or all words of a choice.
    Limits,
}

/// The JSON Schema of an object with these members. It is put together at each start, so from plain pieces: formatting
/// would need three times the instructions.
pub(super) fn input_schema(parameters: Parameters) -> String {
    let mut json = String::from("{\"type\":\"object\",\"properties\":{");
    let listed = parameters.iter().filter(|it| it.is_listed());
    for (position, parameter) in listed.enumerate() {
        if position > 0 {
            json.push(',');
        }
        push_string(parameter.name(), &mut json);
        json.push(':');
        parameter.write_schema(&mut json);
    }
    json.push('}');
    let required = parameters.iter().filter(|it| it.is_required());
    if required.clone().next().is_some() {
        json.push_str(",\"required\":");
        push_strings(required.map(|it| it.name()), &mut json);
    }
    json.push('}');
    json
}

/// Appends a JSON array of strings.
pub(super) fn push_strings<'a>(texts: impl Iterator<Item = &'a str>, json: &mut String) {
    json.push('[');
    for (position, text) in texts.enumerate() {
        if position > 0 {
            json.push(',');
        }
        push_string(text, json);
    }
    json.push(']');
}

/// Appends a text that [`is_plain`] as a JSON string.
pub(super) fn push_string(text: &str, json: &mut String) {
    debug_assert!(is_plain(text), "{text} needs no escapes");
    json.push('"');
    json.push_str(text);
    json.push('"');
}

/// Whether a text stands in JSON as it is. Names and descriptions are checked when they are compiled.
pub(super) const fn is_plain(text: &str) -> bool {
    let mut bytes = text.as_bytes();
    while let [byte, rest @ ..] = bytes {
        if *byte < b' ' || *byte == b'"' || *byte == b'\\' {
            return false;
        }
        bytes = rest;
    }
    true
}
