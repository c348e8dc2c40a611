//! A parameter of a tool in one item: its name, its type with all limits, and what clients are shown of it. The schema in
//! `tools/list` and the reader of the argument both come from it.
//!
//! Never here: the parameters of a particular tool.

use std::fmt::{Debug, Write as _};

use serde_json::Value;

use super::kind::Kind;

/// A parameter whose argument has the type `K`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter<K> {
    pub(super) name: &'static str,
    pub(super) kind: K,
    description: &'static str,
    is_required: bool,
    detail: Detail,
}

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

impl<K> Parameter<K> {
    pub(super) const fn new(name: &'static str, kind: K) -> Self {
        Parameter {
            name,
            kind,
            description: "",
            is_required: false,
            detail: Detail::Type,
        }
    }

    pub(super) const fn described(self, description: &'static str) -> Self
    where
        K: Copy,
    {
        Parameter {
            description,
            ..self
        }
    }

    pub(super) const fn required(self) -> Self
    where
        K: Copy,
    {
        Parameter {
            is_required: true,
            ..self
        }
    }

    pub(super) const fn with(self, detail: Detail) -> Self
    where
        K: Copy,
    {
        Parameter { detail, ..self }
    }
}

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

impl<K: Kind> Described for Parameter<K> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_listed(&self) -> bool {
        self.detail != Detail::Hidden
    }

    fn is_required(&self) -> bool {
        self.is_required
    }

    fn write_schema(&self, json: &mut String) {
        json.push('{');
        let start = json.len();
        self.kind.write_schema(self.detail, json);
        if !self.description.is_empty() {
            if json.len() > start {
                json.push(',');
            }
            let _always = write!(json, "\"description\":{}", Value::from(self.description));
        }
        json.push('}');
    }
}

/// The JSON Schema of an object with these members.
pub(super) fn input_schema(parameters: Parameters) -> String {
    let mut json = String::from("{\"type\":\"object\",\"properties\":{");
    let listed = parameters.iter().filter(|it| it.is_listed());
    for (position, parameter) in listed.enumerate() {
        let comma = if position == 0 { "" } else { "," };
        let _always = write!(json, "{comma}\"{}\":", parameter.name());
        parameter.write_schema(&mut json);
    }
    json.push('}');
    let required = parameters.iter().filter(|it| it.is_required());
    let required: Vec<&str> = required.map(|it| it.name()).collect();
    if !required.is_empty() {
        let _always = write!(json, ",\"required\":[\"{}\"]", required.join("\",\""));
    }
    json.push('}');
    json
}
