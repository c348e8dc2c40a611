//! Answers that are to be JSON: finding it in the text, and saying where it does not keep to its schema.
//!
//! The schema is checked as far as models break it: types, members, elements, lengths, limits, choices,
//! references inside the schema. Patterns, formats and conditions are taken on trust, since a validator that
//! knows them all (jsonschema) is larger than the rest of the gateway.
//!
//! Never here: asking for JSON (see the codecs).

use anygpt_core::json;
use anygpt_providers::Format;
use serde_json::{Map, Value};

use super::arguments::{found_but, member, wrong, wrong_or_missing};
use super::conversation::{FUNCTION_NAME, is_function_name};
use crate::error::Error;

/// Longer answers are not read as JSON.
const LONGEST: usize = 1 << 20;

/// Nor are those that would take so much memory then: it is not counted, since there is but one at a time.
const LARGEST: usize = 8 << 20;

/// Schemas within schemas, and references that lead to references.
const DEEPEST: usize = 64;

/// Schemas that are looked at for one answer; choices within choices would take for ever.
const MOST_STEPS: usize = 100_000;

/// The JSON of an answer that was to have this form, and what is wrong with it.
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
        Format::Schema { schema, .. } => Check::new(schema)
            .object(schema, &value, "json", 0)
            .err()
            .map(|Mismatch(why)| format!("The answer does not keep to the schema: {why}")),
    };
    (Some(value), problem)
}

/// The inside of a fenced block, which many models put around JSON.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let inside = || {
        let (_language, inside) = text.strip_prefix("```")?.split_once('\n')?;
        inside.trim_end().strip_suffix("```")
    };
    inside().unwrap_or(text)
}

/// Where a value does not keep to its schema, in words.
#[derive(Debug)]
struct Mismatch(String);

struct Check<'s> {
    root: &'s Map<String, Value>,
    steps: usize,
}

impl<'s> Check<'s> {
    fn new(root: &'s Map<String, Value>) -> Self {
        Check { root, steps: 0 }
    }

    /// Checks a value by any schema: an object, or whether there may be anything at all.
    fn any(
        &mut self,
        schema: &Value,
        value: &Value,
        path: &str,
        depth: usize,
    ) -> Result<(), Mismatch> {
        match schema {
            Value::Object(schema) => self.object(schema, value, path, depth + 1),
            Value::Bool(false) => Err(Mismatch(format!("{path} must not be there"))),
            _ => Ok(()),
        }
    }

    fn object(
        &mut self,
        schema: &Map<String, Value>,
        value: &Value,
        path: &str,
        depth: usize,
    ) -> Result<(), Mismatch> {
        self.steps += 1;
        if depth > DEEPEST || self.steps > MOST_STEPS {
            return Ok(());
        }
        if let Some(Value::String(reference)) = schema.get("$ref")
            && let Some(schema) = self.referred(reference)
        {
            self.object(schema, value, path, depth + 1)?;
        }
        plain(schema, value, path)?;
        self.inside(schema, value, path, depth)?;
        self.choices(schema, value, path, depth)
    }

    /// The schema at a pointer into the whole one.
    fn referred(&self, reference: &str) -> Option<&'s Map<String, Value>> {
        let mut steps = reference.strip_prefix('#')?.split('/').skip(1).peekable();
        if steps.peek().is_none() {
            return Some(self.root);
        }
        let name = |step: &str| step.replace("~1", "/").replace("~0", "~");
        let mut schema = self.root.get(&name(steps.next()?))?;
        for step in steps {
            schema = match schema {
                Value::Array(list) => list.get(step.parse::<usize>().ok()?)?,
                schema => schema.get(name(step))?,
            };
        }
        schema.as_object()
    }

    /// Members and elements.
    fn inside(
        &mut self,
        schema: &Map<String, Value>,
        value: &Value,
        path: &str,
        depth: usize,
    ) -> Result<(), Mismatch> {
        if let Value::Object(members) = value {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, value) in members {
                let known = properties.and_then(|known| known.get(name));
                let Some(schema) = known.or(schema.get("additionalProperties")) else {
                    continue;
                };
                self.any(schema, value, &member(path, name), depth)?;
            }
        }
        if let Value::Array(elements) = value {
            let first = schema.get("prefixItems").and_then(Value::as_array);
            let first = first.map_or(&[][..], Vec::as_slice);
            for (place, value) in elements.iter().enumerate() {
                let Some(schema) = first.get(place).or(schema.get("items")) else {
                    break;
                };
                self.any(schema, value, &format!("{path}[{place}]"), depth)?;
            }
        }
        Ok(())
    }

    /// Schemas beside each other.
    fn choices(
        &mut self,
        schema: &Map<String, Value>,
        value: &Value,
        path: &str,
        depth: usize,
    ) -> Result<(), Mismatch> {
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        for schema in list("allOf").into_iter().flatten() {
            self.any(schema, value, path, depth)?;
        }
        for name in ["anyOf", "oneOf"] {
            let Some(list) = list(name) else { continue };
            let mut fitting = 0;
            for schema in list {
                fitting += usize::from(self.any(schema, value, path, depth).is_ok());
            }
            if fitting == 0 {
                return Err(Mismatch(format!("{path} is none of the choices in {name}")));
            }
            if fitting > 1 && name == "oneOf" && self.steps <= MOST_STEPS {
                return Err(Mismatch(format!(
                    "{path} is more than one of the choices in oneOf"
                )));
            }
        }
        Ok(())
    }
}

/// What a schema says of the value itself.
fn plain(schema: &Map<String, Value>, value: &Value, path: &str) -> Result<(), Mismatch> {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|kind| is_a(value, kind)) {
        return Err(Mismatch(found_but(path, value, &types.join(" or "))));
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.iter().any(|allowed| is_equal(allowed, value))
    {
        let allowed: Vec<String> = allowed.iter().take(20).map(Value::to_string).collect();
        let allowed = format!("one of {}", allowed.join(", "));
        return Err(Mismatch(found_but(path, value, &allowed)));
    }
    if let Some(allowed) = schema.get("const")
        && !is_equal(allowed, value)
    {
        return Err(Mismatch(found_but(path, value, &allowed.to_string())));
    }
    if let Value::Object(members) = value
        && let Some(Value::Array(required)) = schema.get("required")
    {
        let mut required = required.iter().filter_map(Value::as_str);
        if let Some(name) = required.find(|name| !members.contains_key(*name)) {
            return Err(Mismatch(format!("{} is missing", member(path, name))));
        }
    }
    let size = match value {
        Value::String(text) => ("Length", "characters", text.chars().count() as f64),
        Value::Array(elements) => ("Items", "elements", elements.len() as f64),
        Value::Object(members) => ("Properties", "members", members.len() as f64),
        Value::Number(number) => ("imum", "", number.as_f64().unwrap_or_default()),
        _ => return Ok(()),
    };
    let (suffix, unit, size) = size;
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let limits = [
        (
            limit(&format!("min{suffix}")).filter(|limit| size < *limit),
            "at least",
        ),
        (
            limit(&format!("max{suffix}")).filter(|limit| size > *limit),
            "at most",
        ),
        (
            limit("exclusiveMinimum").filter(|limit| unit.is_empty() && size <= *limit),
            "more than",
        ),
        (
            limit("exclusiveMaximum").filter(|limit| unit.is_empty() && size >= *limit),
            "less than",
        ),
    ];
    for (limit, words) in limits {
        if let Some(limit) = limit {
            let has = if unit.is_empty() { "is" } else { "has" };
            let must = if unit.is_empty() { "be" } else { "have" };
            let text = format!("{path} {has} {size} {unit}, but must {must} {words} {limit}");
            return Err(Mismatch(text.replace(" ,", ",")));
        }
    }
    Ok(())
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        // 1.0 is whole to JSON Schema.
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        _ => true,
    }
}

/// Whether two values are the same to JSON Schema: 1 and 1.0 are.
fn is_equal(one: &Value, other: &Value) -> bool {
    one == other
        || one
            .as_f64()
            .is_some_and(|number| other.as_f64() == Some(number))
}

/// `response_format`: a word, the object that the format's own name stands in, or OpenAI's nested one.
pub(super) fn format(value: Value) -> Result<Option<Format>, Error> {
    const PATH: &str = "response_format";
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
