//! YAML (and JSON, which is part of it) into types that derive `Deserialize`, with errors that say
//! where, what and how to fix it. `tree` holds the document with positions, `value` is what
//! serde reads; a ready-made crate for all of it adds three times as much to the binary
//! (decision 007).
//!
//! Never here: files, environment variables, the meaning of a setting. And never in a message:
//! a value from the document, which may be a secret; only keys and kinds of values. Types that
//! refuse a value themselves (`try_from`) must keep to that as well.
//!
//! Types are structs, mappings, lists, options, texts and the numbers `u32` and `f64`. What looks at a value before it
//! chooses (enums, flatten) cannot be read.

mod expand;
mod syntax;
mod tree;
mod value;

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, Expected, MapAccess, SeqAccess, Unexpected, Visitor,
        value::SeqAccessDeserializer,
    },
};

use super::{disclosure::is_showable, problem::Problem};
use crate::spelling::nearest;
use value::Value;

/// The largest text that is read, in bytes.
pub(super) const LIMIT: usize = 1 << 20;

/// How much of a key a message shows, in characters.
const SHOWN: usize = 64;

/// Where the variables of a document come from.
#[derive(Clone, Copy)]
pub(super) struct Variables<'v> {
    /// The value of a variable, if it is set, or why it cannot be had.
    pub(super) value: &'v dyn Fn(&str) -> Result<Option<String>, Problem>,
    /// In the values of this key a variable that is not set stays as it is written, and a tag that is not known makes
    /// the value one that fits no type.
    pub(super) may_lack: &'v str,
}

/// The same as [`with_variables`] where none is set.
#[cfg(test)]
pub(super) fn from_str<T: DeserializeOwned + Default>(text: &str) -> Result<T, Error> {
    let variables = Variables {
        value: &|_| Ok(None),
        may_lack: "",
    };
    with_variables(text, variables)
}

/// Reads a document, with the variables in its values (not in its keys) filled in; one with nothing in it is
/// the default. What a variable holds is never taken for syntax; without quotes it may be a number.
///
/// # Errors
/// Texts over 1 MiB, whatever is not YAML, and whatever does not fit the type.
pub(super) fn with_variables<T: DeserializeOwned + Default>(
    text: &str,
    variables: Variables<'_>,
) -> Result<T, Error> {
    if text.len() > LIMIT {
        return Err(Error::new(format!("larger than {} MiB", LIMIT >> 20)));
    }
    match tree::parse(text, variables)? {
        Some(root) if !root.is_null() => {
            T::deserialize(Value(&root)).map_err(|error| error.at(root.line, root.column))
        }
        _ => Ok(T::default()),
    }
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Error {
    /// Counted from 1.
    pub(super) line: Option<usize>,
    /// In characters, counted from 1.
    pub(super) column: Option<usize>,
    /// The keys that lead there, like `models[2].tags`; empty at the top and for broken syntax.
    pub(super) path: String,
    /// What is wrong, without the place.
    pub(super) message: String,
    /// The parser reads ahead of the tree, so the keys around would be the wrong ones.
    is_syntax: bool,
}

impl Error {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Error {
            line: None,
            column: None,
            path: String::new(),
            message: message.into(),
            is_syntax: false,
        }
    }

    /// Sets the position, unless an inner value has set it: the innermost is the most precise.
    pub(super) fn at(mut self, line: usize, column: usize) -> Self {
        self.line.get_or_insert(line);
        self.column.get_or_insert(column);
        self
    }

    /// Puts a key or `[index]` before the path.
    pub(super) fn within(mut self, step: &str) -> Self {
        if !self.is_syntax {
            let dot = if self.path.is_empty() || self.path.starts_with('[') {
                ""
            } else {
                "."
            };
            self.path = format!("{step}{dot}{}", self.path);
        }
        self
    }

    /// `problem`, with the name that was probably meant or else all that are possible.
    pub(super) fn choice(problem: &str, name: &str, known: &[&str]) -> Self {
        Error::new(match nearest(name, known.iter().copied()) {
            Some(near) => format!("{problem}; did you mean {near:?}?"),
            None if known.is_empty() => format!("{problem}; none is expected here"),
            None => {
                let names: Vec<_> = known.iter().map(|name| format!("{name:?}")).collect();
                format!("{problem}; expected one of {}", names.join(", "))
            }
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "line {line}, column {column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// What serde's derived code says. Its own wording would repeat values.
impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::new(format!("expected {expected}, found {}", kind(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::new(format!(
            "expected {expected}, found another value ({})",
            kind(found)
        ))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        // A key for a provider may stand where its name should.
        // A name as settings have it: no key is only that.
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let problem = match is_name || is_showable(name, known.iter().copied()) {
            true => format!("unknown key \"{}\"", shown(name)),
            false => format!("unknown key of {} characters", name.chars().count()),
        };
        Error::choice(&problem, name, known)
    }

    fn missing_field(name: &'static str) -> Self {
        Error::new(format!("the key \"{name}\" is missing"))
    }
}

fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Str(_) => "a string",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a mapping",
        _ => "something else",
    }
}

/// A value and where it stands (counted from 1), for errors that are found later.
/// Only [`with_variables`] can fill it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spanned<T> {
    pub(super) value: T,
    pub(super) line: usize,
    /// The column of its first character.
    pub(super) column: usize,
}

/// The name under which [`Spanned`] asks [`Value`] for line, column and value.
const SPANNED: &str = "$anygpt::yaml::Spanned";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(SPANNED, 3, SpannedVisitor(PhantomData))
    }
}

struct SpannedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
    type Value = Spanned<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its position")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<Self::Value, A::Error> {
        let (line, column, value) = Deserialize::deserialize(SeqAccessDeserializer::new(parts))?;
        Ok(Spanned {
            value,
            line,
            column,
        })
    }
}

/// A mapping as the list of its entries, in the order of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ordered<K, V>(pub(super) Vec<(K, V)>);

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Ordered<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedVisitor(PhantomData))
    }
}

struct OrderedVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for OrderedVisitor<K, V> {
    type Value = Ordered<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of keys to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            all.push(entry);
        }
        Ok(Ordered(all))
    }
}

/// A value, or why it is none of that type: one place of the document that does not break the rest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt<T>(pub(super) Result<T, Error>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Attempt<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = T::deserialize(deserializer);
        Ok(Attempt(read.map_err(de::Error::custom)))
    }
}

/// A list, or the only item of one by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OneOrMore<T>(pub(super) Vec<T>);

/// The name under which [`OneOrMore`] asks [`Value`] for an item or a list.
const ONE_OR_MORE: &str = "$anygpt::yaml::OneOrMore";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ONE_OR_MORE, OneOrMoreVisitor(PhantomData))
    }
}

struct OneOrMoreVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMoreVisitor<T> {
    type Value = OneOrMore<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of them")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, one: D) -> Result<Self::Value, D::Error> {
        Ok(OneOrMore(vec![T::deserialize(one)?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMore)
    }
}

/// A key as messages show it: not endless, and nothing that a terminal would act upon.
pub(super) fn shown(key: &str) -> String {
    let mut shown: String = key
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if key.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
