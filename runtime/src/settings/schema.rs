//! The JSON Schema of the configuration file, for editors: `share/anygpt.config.schema.json`. It is read off the types
//! by deserializing them from nothing, one path after the other, so that no code of it is in the program. Descriptions are
//! those of the rows of `table`, else the comments of the types.
//!
//! Never here: what the program accepts; the types say that.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a part of the tests

use std::cell::RefCell;

use anygpt_providers::ReasoningEffort;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{Error, U32Deserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value, json};

use super::{
    Dialect,
    file::File,
    table::{self, Form, Row},
    yaml,
};

/// What stands at a path.
#[derive(Clone, Debug)]
enum Shape {
    Struct(&'static str, &'static [&'static str]),
    Map,
    List,
    OneOrMore,
    Flag,
    Integer,
    Number,
    Text,
}

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Key(&'static str),
    /// Any key of a mapping.
    Any,
    /// Any item of a list.
    Item,
}

/// Keys of which every mapping takes one.
const SAMPLES: [&str; 2] = ["a", "a/a"];

/// The shape at the end of a path.
fn shape(path: &[Step]) -> Option<Shape> {
    SAMPLES.iter().find_map(|&sample| {
        let found = RefCell::new(None);
        let at = At {
            path,
            sample,
            found: &found,
        };
        // That the value does not suit, or that others are missing, does not matter.
        let _ = File::deserialize(at);
        found.into_inner()
    })
}

#[derive(Clone, Copy)]
struct At<'t> {
    path: &'t [Step],
    sample: &'t str,
    found: &'t RefCell<Option<Shape>>,
}

impl At<'_> {
    /// Notes the shape if it is the one that is looked for.
    fn record(self, shape: Shape) {
        if self.path.is_empty() {
            self.found.replace(Some(shape));
        }
    }
}

impl<'de> MapAccess<'de> for At<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let name = match self.path.first() {
            Some(Step::Key(name)) => name,
            Some(Step::Any) => self.sample,
            _ => return Ok(None),
        };
        seed.deserialize(Name(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.path = &self.path[1..];
        let value = seed.deserialize(*self);
        self.path = &[];
        value
    }
}

/// The items of a list.
struct Items<'t>(At<'t>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(Step::Item) = self.0.path.first() else {
            return Ok(None);
        };
        self.0.path = &self.0.path[1..];
        let item = seed.deserialize(self.0).map(Some);
        self.0.path = &[];
        item
    }
}

/// Line, column and value.
struct Parts<D>(D, usize);

impl<'de, D: Deserializer<'de, Error = Error> + Copy> SeqAccess<'de> for Parts<D> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.1 += 1;
        let position: U32Deserializer<Error> = 1u32.into_deserializer();
        match self.1 {
            1 | 2 => seed.deserialize(position).map(Some),
            3 => seed.deserialize(self.0).map(Some),
            _ => Ok(None),
        }
    }
}

/// A key.
#[derive(Clone, Copy)]
struct Name<'t>(&'t str);

impl<'de> Deserializer<'de> for Name<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Parts(self, 0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple map struct enum identifier ignored_any
    }
}

impl<'de> Deserializer<'de> for At<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        panic!("a type of the file asks for {}", std::any::type_name::<V>())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.record(Shape::Struct(name, fields));
        visitor.visit_map(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.record(Shape::Map);
        visitor.visit_map(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.record(Shape::List);
        visitor.visit_seq(Items(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Parts(self, 0))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.record(Shape::OneOrMore);
        visitor.visit_seq(Items(self))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.record(Shape::Flag);
        visitor.visit_bool(true)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.record(Shape::Integer);
        visitor.visit_u32(1)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.record(Shape::Number);
        visitor.visit_f64(1.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.record(Shape::Text);
        visitor.visit_str(self.sample)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u64 f32 char str bytes byte_buf unit unit_struct tuple enum
        identifier ignored_any
    }
}

/// The schema of what stands at a path.
fn schema(path: &[Step]) -> Value {
    let below = |step: Step| schema(&[path, &[step]].concat());
    // A number may be in a variable.
    let or_variable = |kind: &str| json!({"type": [kind, "string"], "pattern": "\\$\\{"});
    match shape(path).unwrap_or_else(|| panic!("nothing stands at {path:?}")) {
        Shape::Struct(of, fields) => {
            let keys = fields.iter().map(|&name| {
                let mut schema = below(Step::Key(name));
                let row = row(path, name);
                let described = row.map(|row| format!("{}, as in {}", row.key, row.variable));
                schema["description"] = described.unwrap_or_else(|| comment(of, name)).into();
                if let Some(words) = words(row, name) {
                    schema["examples"] = words.into();
                }
                (name.to_owned(), schema)
            });
            json!({"type": ["object", "null"], "additionalProperties": false,
                "properties": keys.collect::<Map<_, _>>()})
        }
        Shape::Map => json!({"type": ["object", "null"], "additionalProperties": below(Step::Any)}),
        Shape::List => json!({"type": ["array", "null"], "items": below(Step::Item)}),
        Shape::OneOrMore => {
            let item = below(Step::Item);
            json!({"anyOf": [item, {"type": "array", "minItems": 1, "items": item}]})
        }
        Shape::Flag => or_variable("boolean"),
        Shape::Integer => or_variable("integer"),
        Shape::Number => or_variable("number"),
        Shape::Text => json!({"type": "string"}),
    }
}

/// The row of the table for a key below a path.
fn row(path: &[Step], name: &'static str) -> Option<&'static Row> {
    let last = [Step::Key(name)];
    let keys = path.iter().chain(&last).map(|step| match step {
        Step::Key(name) => *name,
        Step::Any | Step::Item => "*",
    });
    let row = table::row(&keys.collect::<Vec<_>>().join("."))?;
    assert!(!row.key.is_empty(), "{} has no description", row.path);
    Some(row)
}

/// The sources of the types.
const SOURCES: [&str; 4] = [
    include_str!("file/mod.rs"),
    include_str!("file/defaults.rs"),
    include_str!("file/models.rs"),
    include_str!("file/rules.rs"),
];

/// What the comment of a field says, by the name that it has in the file.
fn comment(of: &str, key: &str) -> String {
    let head = format!("struct {of} {{\n");
    let body = SOURCES.iter().find_map(|source| source.split_once(&head));
    let (_, body) = body.unwrap_or_else(|| panic!("{of} is in none of the sources"));
    let (mut comment, mut renamed) = (Vec::new(), None);
    for line in body.lines().map(str::trim).take_while(|line| *line != "}") {
        if let Some(words) = line.strip_prefix("///") {
            comment.push(words.trim().replace('`', ""));
        } else if let Some(name) = line.strip_prefix("#[serde(rename = \"") {
            renamed = name.split('"').next();
        } else if let Some((field, _)) = line.split_once(": ") {
            let field = field.rsplit(' ').next().unwrap_or_default();
            if renamed.take().unwrap_or(field) == key {
                let text = comment.join(" ");
                assert!(!text.is_empty(), "{of}.{key} has no comment");
                return text.trim_end_matches('.').to_owned();
            }
            comment.clear();
        }
    }
    panic!("{of} has no {key}")
}

/// The words that stand at a key; whatever the case, so that a schema cannot insist.
fn words(row: Option<&Row>, key: &str) -> Option<Vec<&'static str>> {
    match (row.map(|row| row.form), key) {
        (Some(Form::Words(words)), _) => Some(words()),
        (Some(_), _) => None,
        (None, "type") => Some(Dialect::ALL.map(Dialect::as_str).to_vec()),
        (None, "reasoning_effort") => {
            Some(ReasoningEffort::ALL.map(ReasoningEffort::as_str).to_vec())
        }
        (None, _) => None,
    }
}

/// The file as it must be.
fn whole() -> String {
    let mut whole = schema(&[]);
    whole["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    whole["title"] = "Configuration file of anygpt-mcp".into();
    format!("{whole:#}\n")
}

/// `make settings` writes it.
#[test]
fn the_schema_that_ships_is_that_of_the_types() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/share/anygpt.config.schema.json"
    );
    let whole = whole();
    if std::env::var_os("WRITE_SETTINGS").is_some() {
        std::fs::write(path, &whole).expect("the schema can be written");
    }
    let shipped = std::fs::read_to_string(path).unwrap_or_default();
    assert!(shipped == whole, "{path} is old: run make settings");
}

#[test]
fn an_alias_is_one_model_or_a_list() {
    let text = "aliases: {a: openai/a, b: [openai/b]}";
    assert!(yaml::from_str::<File>(text).is_ok());
}
