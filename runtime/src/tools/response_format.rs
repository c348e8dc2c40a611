//! `response_format`: reading the argument, and finding the JSON in an answer.
//!
//! Never here: asking a provider for JSON (see the codecs).

use anygpt_core::json;
use anygpt_providers::Format;
use serde_json::Value;

use super::{
    arguments::{Arguments, wrong, wrong_or_missing},
    conversation::functions::{FUNCTION_NAME, is_function_name},
    kind::Json,
    parameter::Parameter,
    schema_check::{self, Mismatch},
};
use crate::error::Error;

/// Read by [`format()`]; it may also be a word.
pub(super) const RESPONSE_FORMAT: Parameter<Json> = Parameter::new(
    "response_format",
    Json {
        schema: r#""type":"object""#,
    },
)
.described("{type:json_object} or {type:json_schema,schema}");

/// Longer answers are not read as JSON.
const LONGEST: usize = 1 << 20;

/// Nor are those that would need more memory when parsed. It is not charged, since only one is parsed at a time.
const LARGEST: usize = 8 << 20;

/// The form of the answer that the caller wants.
pub(super) fn format(arguments: &mut Arguments<'_>) -> Result<Option<Format>, Error> {
    let Some(value) = arguments.take(&RESPONSE_FORMAT)? else {
        return Ok(None);
    };
    if let Value::String(text) = &value {
        // It may be the JSON text of an object.
        arguments.charge(json::tree_size(text))?;
    }
    format_of(value)
}

/// The format from a word, from an object with `schema` in it, or from OpenAI's nested object.
fn format_of(value: Value) -> Result<Option<Format>, Error> {
    const PATH: &str = RESPONSE_FORMAT.name;
    const ALLOWED: &str = "{\"type\":\"text\"}, {\"type\":\"json_object\"} or \
        {\"type\":\"json_schema\",\"schema\":{…}}";
    let value = match value {
        Value::String(text) if text.trim_start().starts_with('{') => {
            serde_json::from_str(&text).map_err(|_| wrong(PATH, &Value::String(text), ALLOWED))?
        }
        Value::String(word) => Value::from_iter([("type", word)]),
        value => value,
    };
    let Value::Object(mut object) = value else {
        return Err(wrong(PATH, &value, ALLOWED));
    };
    let kind = object
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match kind {
        "text" => return Ok(None),
        "json_object" | "json" => return Ok(Some(Format::Json)),
        "json_schema" => {}
        _ => {
            let path = format!("{PATH}.type");
            return Err(wrong_or_missing(
                &path,
                object.get("type"),
                "text, json_object or json_schema",
            ));
        }
    }
    if let Some(Value::Object(nested)) = object.remove("json_schema") {
        object = nested;
    }
    let schema = match object.remove("schema") {
        Some(Value::Object(schema)) => schema,
        other => {
            let path = format!("{PATH}.schema");
            return Err(wrong_or_missing(
                &path,
                other.as_ref(),
                "a JSON Schema, an object",
            ));
        }
    };
    let name = match object.remove("name") {
        None | Some(Value::Null) => "answer".to_owned(),
        Some(Value::String(name)) if is_function_name(&name) => name,
        Some(other) => {
            let path = format!("{PATH}.name");
            return Err(wrong(&path, &other, FUNCTION_NAME));
        }
    };
    let strict = object.remove("strict").and_then(|strict| strict.as_bool());
    Ok(Some(Format::Schema {
        name,
        schema,
        strict,
    }))
}

/// The JSON of an answer that should have this format, and what is wrong with it.
pub(super) fn read(format: &Format, text: &str) -> (Option<Value>, Option<String>) {
    if text.len() > LONGEST {
        let problem = format!("The answer is too long to be read as JSON ({LONGEST} bytes)");
        return (None, Some(problem));
    }
    let text = without_fence(text);
    if json::tree_size(text) > LARGEST {
        let problem = "The answer has too many values to be read as JSON";
        return (None, Some(problem.into()));
    }
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return (None, Some(format!("The answer is not JSON: {error}"))),
    };
    let problem = match format {
        Format::Json if value.is_object() => None,
        Format::Json => Some("The answer is JSON, but not an object".to_owned()),
        Format::Schema { schema, .. } => schema_check::check(schema, &value, "json")
            .err()
            .map(|Mismatch(why)| format!("The answer does not keep to the schema: {why}")),
    };
    (Some(value), problem)
}

/// The content of a fenced code block, which many models put around JSON.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let inside = || {
        let (_language, inside) = text.strip_prefix("```")?.split_once('\n')?;
        inside.trim_end().strip_suffix("```")
    };
    inside().unwrap_or(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
