//! A parameter of a tool in one item: its name, its type with all limits, and what clients are shown of it. The schema in
//! `tools/list` and the reader of the argument both come from it.
//!
//! Never here: the parameters of a particular tool.

use super::{
    arguments::Arguments,
    input_schema::{Described, Detail, is_plain, push_string},
    kind::Kind,
};
use crate::error::Error;

/// A parameter whose argument has the type `K`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter<K> {
    pub(super) name: &'static str,
    pub(super) kind: K,
    description: &'static str,
    is_required: bool,
    detail: Detail,
}

impl<K> Parameter<K> {
    /// # Panics
    /// The name has to be escaped in JSON. (All parameters are constants, so that is an error of the compiler.)
    pub(super) const fn new(name: &'static str, kind: K) -> Self {
        assert!(is_plain(name), "a name needs no escapes in JSON");
        Parameter {
            name,
            kind,
            description: "",
            is_required: false,
            detail: Detail::Type,
        }
    }

    /// # Panics
    /// As [`Parameter::new`].
    pub(super) const fn described(self, description: &'static str) -> Self
    where
        K: Copy,
    {
        assert!(
            is_plain(description),
            "write quotes in a description as ' or typographic ones"
        );
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
            json.push_str("\"description\":");
            push_string(self.description, json);
        }
        json.push('}');
    }
}

impl Arguments<'_> {
    /// The argument of this parameter.
    pub(super) fn take<K: Kind>(&mut self, parameter: &Parameter<K>) -> Result<K::Value, Error> {
        parameter.kind.read(parameter.name, self)
    }
}
