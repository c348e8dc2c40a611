//! The types of arguments: how each is read, and what its schema is. Readers are as lenient as is safe: numbers may be
//! strings, and arrays may be JSON text in a string.
//!
//! Never here: the name of a parameter, or what its value is for.

use std::{
    borrow::Cow,
    fmt::{Debug, Write as _},
    time::Duration,
};

use serde_json::{Number, Value};

use super::{
    arguments::{Arguments, elements, is_list, read, wrong, wrong_raw},
    input_schema::{Detail, push_string, push_strings},
};
use crate::{error::Error, settings::LONGEST_NAME};

/// A type of arguments, with the limits of their values.
pub(super) trait Kind: Debug + Sync {
    type Value;

    /// Appends the members of its JSON Schema.
    fn write_schema(&self, detail: Detail, json: &mut String);

    /// Takes the argument with this name.
    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Self::Value, Error>;
}

/// A string; a blank one counts as absent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text;

/// A string that is not long: the name of something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name;

/// A number; both limits are included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal {
    pub(super) min: f64,
    pub(super) max: f64,
}

/// A whole number; both limits are included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Integer {
    pub(super) min: u32,
    pub(super) max: u32,
}

/// A duration: at least one second, and whole seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds {
    pub(super) max: u32,
}

/// True or false.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    pub(super) if_absent: bool,
}

/// One of some words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<T: 'static> {
    pub(super) all: &'static [T],
    pub(super) name: fn(T) -> &'static str,
    /// May know more spellings.
    pub(super) parse: fn(&str) -> Option<T>,
}

/// Texts, each as it is and none empty: an array of strings, JSON text of one, or a single text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts {
    pub(super) most: usize,
}

/// Names: an array of strings, JSON text of one, or a single name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// Only shown in the schema: the tool reports fewer, with an error of its own for none.
    pub(super) least: usize,
    pub(super) most: usize,
}

/// Any JSON, with the members of its schema. Its reader is the tool's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json {
    pub(super) schema: &'static str,
}

const STRING: &str = r#""type":"string""#;

const STRINGS: &str = r#""type":"array","items":{"type":"string"}"#;

impl Kind for Text {
    type Value = Option<String>;

    fn write_schema(&self, _: Detail, json: &mut String) {
        json.push_str(STRING);
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Option<String>, Error> {
        let Some(raw) = arguments.raw(name) else {
            return Ok(None);
        };
        match arguments.text(raw)? {
            Some(text) if text.trim().is_empty() => Ok(None),
            Some(text) => Ok(Some(text)),
            None => Err(wrong_raw(name, raw, "a string")),
        }
    }
}

impl Kind for Name {
    type Value = Option<String>;

    fn write_schema(&self, _: Detail, json: &mut String) {
        json.push_str(STRING);
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Option<String>, Error> {
        match Text.read(name, arguments)? {
            Some(text) if text.len() > LONGEST_NAME => Err(too_long(name, text)),
            text => Ok(text),
        }
    }
}

impl Kind for Decimal {
    type Value = Option<f64>;

    fn write_schema(&self, detail: Detail, json: &mut String) {
        write_limits("number", self.min, self.max, detail, json);
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Option<f64>, Error> {
        let Decimal { min, max } = *self;
        let Some(raw) = arguments.raw(name) else {
            return Ok(None);
        };
        let number = match arguments.text(raw)? {
            Some(text) => text.trim().parse().ok(),
            None => serde_json::from_str(raw).ok(),
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(wrong_raw(
                name,
                raw,
                &format!("a number from {min} to {max}"),
            )),
        }
    }
}

impl Kind for Integer {
    type Value = Option<u32>;

    fn write_schema(&self, detail: Detail, json: &mut String) {
        write_limits("integer", self.min, self.max, detail, json);
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Option<u32>, Error> {
        let Integer { min, max } = *self;
        let Some(raw) = arguments.raw(name) else {
            return Ok(None);
        };
        let number = match arguments.text(raw)? {
            Some(text) => whole(text.trim()),
            None => read::<Number>(raw)
                .ok()
                .and_then(|number| whole(&number.to_string())),
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(wrong_raw(
                name,
                raw,
                &format!("a whole number from {min} to {max}"),
            )),
        }
    }
}

impl Kind for Seconds {
    type Value = Option<Duration>;

    fn write_schema(&self, detail: Detail, json: &mut String) {
        self.integer().write_schema(detail, json);
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Option<Duration>, Error> {
        let seconds = self.integer().read(name, arguments)?;
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
    }
}

impl Seconds {
    fn integer(self) -> Integer {
        Integer {
            min: 1,
            max: self.max,
        }
    }
}

impl Kind for Flag {
    type Value = bool;

    fn write_schema(&self, _: Detail, json: &mut String) {
        json.push_str(r#""type":"boolean""#);
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<bool, Error> {
        let Some(raw) = arguments.raw(name) else {
            return Ok(self.if_absent);
        };
        let text = arguments.text(raw)?;
        match text.as_deref().unwrap_or(raw).trim() {
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(wrong_raw(name, raw, "true or false")),
        }
    }
}

impl<T: Copy + Debug + Sync> Kind for Choice<T> {
    type Value = Option<T>;

    fn write_schema(&self, detail: Detail, json: &mut String) {
        json.push_str(STRING);
        if detail == Detail::Limits {
            json.push_str(",\"enum\":");
            push_strings(self.words(), json);
        }
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Option<T>, Error> {
        let Some(word) = Text.read(name, arguments)? else {
            return Ok(None);
        };
        match (self.parse)(&word) {
            Some(choice) => Ok(Some(choice)),
            None => {
                let allowed = match &self.words().collect::<Vec<&str>>()[..] {
                    [first, second, third] => format!("{first}, {second} or {third}"),
                    words => format!("one of {}", words.join(", ")),
                };
                Err(wrong(name, &Value::String(word), &allowed))
            }
        }
    }
}

impl<T: Copy> Choice<T> {
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().map(|&choice| (self.name)(choice))
    }
}

impl Kind for Texts {
    type Value = Vec<String>;

    fn write_schema(&self, detail: Detail, json: &mut String) {
        json.push_str(STRINGS);
        if detail == Detail::Limits {
            let _always = write!(json, ",\"maxItems\":{}", self.most);
        }
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Vec<String>, Error> {
        let most = self.most;
        let Some(raw) = arguments.raw(name) else {
            return Ok(Vec::new());
        };
        let texts = match arguments.text(raw)? {
            None => strings(arguments, raw, most)?,
            Some(text) if is_list(&text) => match strings(arguments, &text, most)? {
                None => Some(vec![text]),
                texts => texts,
            },
            Some(text) => Some(vec![text]),
        };
        match texts {
            Some(texts) if texts.len() <= most && texts.iter().all(|text| !text.is_empty()) => {
                Ok(texts)
            }
            _ => {
                let allowed = format!("a string, or an array of at most {most} strings");
                Err(wrong_raw(name, raw, &allowed))
            }
        }
    }
}

impl Kind for Names {
    type Value = Vec<String>;

    fn write_schema(&self, detail: Detail, json: &mut String) {
        json.push_str(STRINGS);
        if detail == Detail::Limits {
            let Names { least, most } = self;
            let _always = write!(json, ",\"minItems\":{least},\"maxItems\":{most}");
        }
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Vec<String>, Error> {
        const ALLOWED: &str = "an array of strings";
        let most = self.most;
        let Some(raw) = arguments.raw(name) else {
            return Ok(Vec::new());
        };
        let list = match arguments.text(raw)? {
            None if raw.starts_with('[') => Cow::Borrowed(raw),
            Some(text) if is_list(&text) => Cow::Owned(text),
            Some(text) if text.trim().is_empty() => return Ok(Vec::new()),
            Some(text) if !text.trim_start().starts_with('[') => {
                return name_at(name, Some(text), raw).map(|name| vec![name]);
            }
            _ => return Err(wrong_raw(name, raw, ALLOWED)),
        };
        let mut names = Vec::new();
        for (position, element) in elements(&list).enumerate() {
            if position >= most {
                return Err(wrong_raw(name, &list, &format!("at most {most} strings")));
            }
            let text = arguments.text(element)?;
            names.push(name_at(&format!("{name}[{position}]"), text, element)?);
        }
        Ok(names)
    }
}

impl Kind for Json {
    type Value = Option<Value>;

    fn write_schema(&self, _: Detail, json: &mut String) {
        json.push_str(self.schema);
    }

    fn read(&self, name: &str, arguments: &mut Arguments<'_>) -> Result<Option<Value>, Error> {
        let raw = arguments.raw(name);
        raw.map(|raw| arguments.tree(raw)).transpose()
    }
}

fn write_limits(
    kind: &str,
    min: impl std::fmt::Display,
    max: impl std::fmt::Display,
    detail: Detail,
    json: &mut String,
) {
    json.push_str("\"type\":");
    push_string(kind, json);
    if matches!(detail, Detail::Minimum | Detail::Limits) {
        let _always = write!(json, ",\"minimum\":{min}");
    }
    if detail == Detail::Limits {
        let _always = write!(json, ",\"maximum\":{max}");
    }
}

/// The elements of an array if all are strings, up to one more than `most`.
fn strings(
    arguments: &mut Arguments<'_>,
    raw: &str,
    most: usize,
) -> Result<Option<Vec<String>>, Error> {
    if !raw.trim_start().starts_with('[') {
        return Ok(None);
    }
    let texts = elements(raw).take(most + 1).map(|raw| arguments.text(raw));
    texts.collect()
}

/// One of several names.
fn name_at(path: &str, text: Option<String>, raw: &str) -> Result<String, Error> {
    match text {
        Some(text) if text.trim().is_empty() => Err(wrong_raw(path, raw, "a string with a name")),
        Some(text) if text.len() > LONGEST_NAME => Err(too_long(path, text)),
        Some(text) => Ok(text),
        None => Err(wrong_raw(path, raw, "a string")),
    }
}

fn too_long(path: &str, text: String) -> Error {
    let allowed = format!("at most {LONGEST_NAME} bytes long");
    wrong(path, &Value::String(text), &allowed)
}

/// A whole number; 100.0 is one to JSON Schema.
fn whole(text: &str) -> Option<u32> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
