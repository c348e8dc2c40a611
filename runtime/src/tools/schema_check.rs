//! Whether JSON keeps to a JSON Schema, as far as models break one: types, members, elements, lengths, limits, choices,
//! references inside the schema. Patterns, formats and conditions are not checked, since a validator that knows them all
//! (the crate jsonschema, which judges this one in the tests) is larger than the rest of the gateway (decision 010).
//!
//! Never here: where a schema comes from.

use serde_json::{Map, Value};

use super::arguments::{found_but, member};

/// Most levels of schemas and references.
const DEEPEST: usize = 64;

/// Most schemas that are checked for one answer: nested choices take exponential time.
const MOST_STEPS: usize = 100_000;

/// Keywords that are checked, or that cannot make a value invalid. A choice of `oneOf` with any other keyword may not match
/// although it passes this check.
const KNOWN: [&str; 30] = [
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "definitions",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "oneOf",
    "prefixItems",
    "properties",
    "required",
    "title",
    "type",
];

/// A sentence that says where and how a value does not match a schema.
#[derive(Debug)]
pub(super) struct Mismatch(pub(super) String);

/// The first mismatch of a value, which is called `name` in it. Unknown keywords always match.
pub(super) fn check(
    schema: &Map<String, Value>,
    value: &Value,
    name: &str,
) -> Result<(), Mismatch> {
    Check::new(schema).object(schema, value, name, 0)
}

struct Check<'s> {
    root: &'s Map<String, Value>,
    steps: usize,
    /// No schema since this was set to true had an unknown keyword or exceeded a limit.
    is_sure: bool,
}

impl<'s> Check<'s> {
    fn new(root: &'s Map<String, Value>) -> Self {
        Check {
            root,
            steps: 0,
            is_sure: true,
        }
    }

    /// Checks a value against an object or a boolean schema.
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
            self.is_sure = false;
            return Ok(());
        }
        self.is_sure &= schema.keys().all(|name| KNOWN.contains(&name.as_str()));
        if let Some(Value::String(reference)) = schema.get("$ref") {
            match (reference.as_str(), self.referred(reference)) {
                ("#", _) => self.object(self.root, value, path, depth + 1)?,
                (_, Some(schema)) => self.any(schema, value, path, depth)?,
                (_, None) => self.is_sure = false,
            }
        }
        plain(schema, value, path)?;
        self.inside(schema, value, path, depth)?;
        self.choices(schema, value, path, depth)
    }

    /// The schema at a JSON pointer.
    fn referred(&self, reference: &str) -> Option<&'s Value> {
        let mut steps = reference.strip_prefix("#/")?.split('/');
        let name = |step: &str| step.replace("~1", "/").replace("~0", "~");
        let mut schema = self.root.get(&name(steps.next()?))?;
        for step in steps {
            schema = match schema {
                Value::Array(list) => list.get(step.parse::<usize>().ok()?)?,
                schema => schema.get(name(step))?,
            };
        }
        Some(schema)
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
            let others = schema.get("additionalProperties");
            // It does not apply to members that match a pattern, and patterns are unknown.
            let others = others.filter(|_| !schema.contains_key("patternProperties"));
            for (name, value) in members {
                let known = properties.and_then(|known| known.get(name));
                let Some(schema) = known.or(others) else {
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

    /// `allOf`, `anyOf` and `oneOf`.
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
            let (mut fitting, mut surely_fitting) = (0, 0);
            let was_sure = self.is_sure;
            for schema in list {
                self.is_sure = true;
                if self.any(schema, value, path, depth).is_ok() {
                    fitting += 1;
                    surely_fitting += usize::from(self.is_sure);
                }
            }
            self.is_sure = was_sure && surely_fitting == fitting;
            if fitting == 0 {
                return Err(Mismatch(format!("{path} is none of the choices in {name}")));
            }
            if surely_fitting > 1 && name == "oneOf" {
                return Err(Mismatch(format!(
                    "{path} is more than one of the choices in oneOf"
                )));
            }
        }
        Ok(())
    }
}

/// The keywords that concern only the value itself.
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
    limits(schema, value, path)
}

/// Lengths, counts and the size of numbers.
fn limits(schema: &Map<String, Value>, value: &Value, path: &str) -> Result<(), Mismatch> {
    let (minimum, maximum, unit, size) = match value {
        Value::String(text) => {
            let length = text.chars().count() as f64;
            ("minLength", "maxLength", Some("characters"), length)
        }
        Value::Array(elements) => {
            let count = elements.len() as f64;
            ("minItems", "maxItems", Some("elements"), count)
        }
        Value::Object(members) => {
            let count = members.len() as f64;
            ("minProperties", "maxProperties", Some("members"), count)
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            ("minimum", "maximum", None, number)
        }
        _ => return Ok(()),
    };
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let limits = [
        (limit(minimum).filter(|limit| size < *limit), "at least"),
        (limit(maximum).filter(|limit| size > *limit), "at most"),
        (
            limit("exclusiveMinimum").filter(|limit| unit.is_none() && size <= *limit),
            "more than",
        ),
        (
            limit("exclusiveMaximum").filter(|limit| unit.is_none() && size >= *limit),
            "less than",
        ),
    ];
    for (limit, words) in limits {
        if let Some(limit) = limit {
            return Err(Mismatch(match unit {
                Some(unit) => format!("{path} has {size} {unit}, but must have {words} {limit}"),
                None => format!("{path} is {size}, but must be {words} {limit}"),
            }));
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
        // 1.0 is an integer in JSON Schema.
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        _ => true,
    }
}

/// Whether two values are equal in JSON Schema: 1 and 1.0 are.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(number), Value::Number(another)) => {
            number == another || number.as_f64() == another.as_f64()
        }
        (Value::Array(list), Value::Array(another)) => {
            list.len() == another.len() && list.iter().zip(another).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(members), Value::Object(others)) => {
            let is_there = |(name, value)| others.get(name).is_some_and(|it| is_equal(value, it));
            members.len() == others.len() && members.iter().all(is_there)
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
