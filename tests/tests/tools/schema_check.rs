//! Whether an answer keeps to its schema, judged by the crate `jsonschema` over random schemas and values: the program's
//! own check is small and knows only a part of the standard.
//!
//! Never here: how a problem is worded.

use anygpt_tests::schema::compile;
use anygpt_tests::server::Server;
use anygpt_tests::session::offline;
use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Schemas per test, and values that each is tried with.
const SCHEMAS: usize = 300;
const VALUES: usize = 8;

const TYPES: [&str; 7] = [
    "null", "boolean", "integer", "number", "string", "array", "object",
];

/// Names of members, few so that schemas and values meet.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// What the program's check does not know.
const UNKNOWN: [&str; 8] = [
    "pattern",
    "multipleOf",
    "uniqueItems",
    "contains",
    "not",
    "propertyNames",
    "patternProperties",
    "dependentRequired",
];

/// Makes schemas and values by a seed.
struct Random {
    rng: Rng,
    /// Schemas may hold some of [`UNKNOWN`].
    has_unknown: bool,
}

#[test]
fn what_is_known_of_the_standard_is_checked_as_it_says() {
    disagreements(1, false, |ours, theirs| ours != theirs);
}

#[test]
fn what_is_unknown_never_makes_a_wrong_warning() {
    disagreements(2, true, |ours, theirs| !ours && theirs);
}

/// Asks for JSON by random schemas, and fails with the cases in which the program's verdict and that of `jsonschema` (is it
/// valid?) are a disagreement.
fn disagreements(seed: u64, has_unknown: bool, is_one: fn(bool, bool) -> bool) {
    let mut random = Random {
        rng: Rng::with_seed(seed),
        has_unknown,
    };
    let mut server = offline().unjudged().spawn();
    let mut found = Vec::new();
    let mut valid = 0;
    for _ in 0..SCHEMAS {
        let schema = random.root();
        let validator = compile(&schema, "a random schema");
        for _ in 0..VALUES {
            let value = random.value(3);
            let ours = is_valid(&mut server, &schema, &value);
            let theirs = validator.is_valid(&value);
            valid += usize::from(theirs);
            if is_one(ours, theirs) {
                found.push(format!(
                    "{schema} of {value}: valid {theirs}, but here {ours}"
                ));
            }
        }
    }
    assert!(
        found.is_empty(),
        "{} cases:\n{}",
        found.len(),
        found[..found.len().min(5)].join("\n")
    );
    let all = SCHEMAS * VALUES;
    assert!(
        (all / 10..all * 9 / 10).contains(&valid),
        "{valid} of {all} are valid"
    );
}

/// The echo answers with the value.
fn is_valid(server: &mut Server, schema: &Value, value: &Value) -> bool {
    let format = json!({"type": "json_schema", "schema": schema});
    let arguments = json!({"prompt": value.to_string(), "response_format": format});
    let result = server.call_tool("anygpt_chat_completion", arguments);
    let answer = &result["structuredContent"];
    assert_eq!(answer["json"], *value, "{result}");
    let warnings = answer["warnings"].as_array();
    !warnings.is_some_and(|warnings| {
        let mut warnings = warnings.iter().filter_map(Value::as_str);
        warnings.any(|warning| warning.starts_with("The answer does not keep to the schema: "))
    })
}

impl Random {
    fn root(&mut self) -> Value {
        let mut root = self.object(3);
        let definitions = json!({"one": self.schema(1), "two": self.schema(0)});
        root.insert("$defs".into(), definitions);
        root.into()
    }

    fn schema(&mut self, depth: usize) -> Value {
        match self.rng.u8(0..12) {
            0 => false.into(),
            1 => true.into(),
            _ => self.object(depth).into(),
        }
    }

    /// A schema with a few keywords.
    fn object(&mut self, depth: usize) -> Map<String, Value> {
        let mut schema = Map::new();
        for _ in 0..self.rng.usize(1..4) {
            self.keyword(&mut schema, depth);
        }
        schema
    }

    fn keyword(&mut self, schema: &mut Map<String, Value>, depth: usize) {
        if self.has_unknown && self.rng.u8(0..4) == 0 {
            let name = UNKNOWN[self.rng.usize(0..UNKNOWN.len())];
            let value = self.unknown(name);
            schema.insert(name.into(), value);
            return;
        }
        // Those from here on hold schemas.
        let holds = if depth == 0 { 7 } else { 14 };
        let (name, value) = match self.rng.u8(0..holds) {
            0 => ("type", self.kind().into()),
            1 => {
                let kinds = [self.kind().into(), self.kind().into()];
                ("type", dedup(&kinds).into())
            }
            2 => (
                "enum",
                dedup(&[self.value(1), self.value(1), self.value(0)]).into(),
            ),
            3 => ("const", self.value(1)),
            4 => ("required", json!([self.name()])),
            5 | 6 => {
                let names = [
                    "minLength",
                    "maxLength",
                    "minItems",
                    "maxItems",
                    "minProperties",
                    "maxProperties",
                    "minimum",
                    "maximum",
                    "exclusiveMinimum",
                    "exclusiveMaximum",
                ];
                (
                    names[self.rng.usize(0..names.len())],
                    self.rng.u8(0..4).into(),
                )
            }
            7 | 8 => ("properties", self.properties(depth)),
            9 => ("additionalProperties", self.schema(depth - 1)),
            10 => ("items", self.schema(depth - 1)),
            11 => ("prefixItems", self.schemas(depth)),
            12 => (
                ["allOf", "anyOf", "oneOf"][self.rng.usize(0..3)],
                self.schemas(depth),
            ),
            _ => (
                "$ref",
                ["#/$defs/one", "#/$defs/two"][self.rng.usize(0..2)].into(),
            ),
        };
        schema.insert(name.into(), value);
    }

    fn unknown(&mut self, name: &str) -> Value {
        match name {
            "pattern" => json!("^a"),
            "multipleOf" => json!(2),
            "uniqueItems" => json!(true),
            "patternProperties" => json!({"^a": self.schema(0)}),
            "dependentRequired" => json!({"a": ["b"]}),
            _ => self.schema(0),
        }
    }

    fn properties(&mut self, depth: usize) -> Value {
        let names = [self.name(), self.name()];
        let properties = names.map(|name| (name.to_owned(), self.schema(depth - 1)));
        Value::Object(properties.into_iter().collect())
    }

    fn schemas(&mut self, depth: usize) -> Value {
        let count = self.rng.usize(1..4);
        (0..count).map(|_| self.schema(depth - 1)).collect()
    }

    fn kind(&mut self) -> &'static str {
        TYPES[self.rng.usize(0..TYPES.len())]
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.rng.usize(0..NAMES.len())]
    }

    fn value(&mut self, depth: usize) -> Value {
        let kinds = if depth == 0 { 9 } else { 15 };
        match self.rng.u8(0..kinds) {
            0 => Value::Null,
            1 => self.rng.bool().into(),
            2..5 => self.rng.i8(-1..4).into(),
            5 => [0.5, 1.0, 1.5, 2.0][self.rng.usize(0..4)].into(),
            6..9 => ["", "a", "ab", "bab", "ääää"][self.rng.usize(0..5)].into(),
            9..12 => {
                let count = self.rng.usize(0..4);
                (0..count).map(|_| self.value(depth - 1)).collect()
            }
            _ => {
                let count = self.rng.usize(0..4);
                let members = (0..count).map(|_| (self.name().to_owned(), self.value(depth - 1)));
                Value::Object(members.collect())
            }
        }
    }
}

/// Each value once, as the standard wants lists of choices.
fn dedup(values: &[Value]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for value in values {
        if !all.contains(value) {
            all.push(value.clone());
        }
    }
    all
}
