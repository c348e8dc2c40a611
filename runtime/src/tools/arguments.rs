//! Reading the arguments of a tool call, as leniently as it is safe: they come from many clients.
//!
//! Numbers may come as strings, and arrays or objects as JSON text in a string. `null` counts as
//! absent. What nobody asked for is reported, not refused. Errors name the path and what is allowed.
//!
//! Never here: the arguments of a particular tool.

use std::{borrow::Cow, time::Duration};

use anygpt_core::json;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Longest name of a model or provider in bytes. Names are repeated in logs and errors.
const LONGEST_NAME: usize = 256;

/// Nobody waits longer for a call, in seconds.
const LONGEST_TIMEOUT: u32 = 3600;

/// Most unknown arguments that a warning names, and how much of the path of each.
const NAMED: usize = 10;
const LONGEST_PATH: usize = 100;

/// The arguments that have not been taken yet.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    left: Members<'a>,
    /// Paths of members deeper inside that nobody takes.
    ignored: Vec<String>,
}

/// Names and values.
type Members<'a> = Vec<(Cow<'a, str>, Value)>;

impl<'a> Arguments<'a> {
    /// Reads the JSON text of an object.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let left = match flat(text) {
            Some(members) => members,
            None => deep(text).map_err(|error| {
                format!("invalid_request: the arguments cannot be read: {error}")
            })?,
        };
        Ok(Arguments {
            left,
            ignored: Vec::new(),
        })
    }

    /// Any value, unless it is absent.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        // Most calls give one or two of many.
        if self.left.is_empty() {
            return None;
        }
        let position = self.left.iter().position(|(given, _)| given == name)?;
        let (_, value) = self.left.remove(position);
        (!value.is_null()).then_some(value)
    }

    /// A string; a blank one counts as absent.
    pub(super) fn string(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, &other, "a string")),
        }
    }

    /// The name of something: a string that is not long.
    pub(super) fn name(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.string(name)? {
            Some(text) if text.len() > LONGEST_NAME => {
                let allowed = format!("at most {LONGEST_NAME} bytes long");
                Err(wrong(name, &Value::String(text), &allowed))
            }
            text => Ok(text),
        }
    }

    /// A number within limits, both included.
    pub(super) fn number(&mut self, name: &str, min: f64, max: f64) -> Result<Option<f64>, String> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = match &value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(wrong(
                name,
                &value,
                &format!("a number from {min} to {max}"),
            )),
        }
    }

    /// A whole number within limits, both included.
    pub(super) fn integer(
        &mut self,
        name: &str,
        min: u32,
        max: u32,
    ) -> Result<Option<u32>, String> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = match &value {
            Value::String(text) => whole(text.trim()),
            Value::Number(number) => whole(&number.to_string()),
            _ => None,
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(wrong(
                name,
                &value,
                &format!("a whole number from {min} to {max}"),
            )),
        }
    }

    /// `timeout_seconds`: the whole time of the call, if the caller limits it.
    pub(super) fn timeout(&mut self) -> Result<Option<Duration>, String> {
        let seconds = self.integer("timeout_seconds", 1, LONGEST_TIMEOUT)?;
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
    }

    /// An array, or JSON text of one.
    pub(super) fn array(&mut self, name: &str) -> Result<Option<Vec<Value>>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(Value::String(text)) => match serde_json::from_str(&text) {
                Ok(items) => Ok(Some(items)),
                Err(_) => Err(wrong(name, &Value::String(text), "an array")),
            },
            Some(other) => Err(wrong(name, &other, "an array")),
        }
    }

    /// Yes or no, `false` if absent.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, String> {
        self.flag_or(name, false)
    }

    /// Yes or no.
    pub(super) fn flag_or(&mut self, name: &str, if_absent: bool) -> Result<bool, String> {
        match self.value(name) {
            None => Ok(if_absent),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
            Some(other) => Err(wrong(name, &other, "true or false")),
        }
    }

    /// Some texts, each as it is and none empty: an array of strings, JSON text of one, or one alone.
    pub(super) fn texts(&mut self, name: &str, most: usize) -> Result<Vec<String>, String> {
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        let texts = match &value {
            Value::String(text) => serde_json::from_str(text).ok().or(Some(vec![text.clone()])),
            value => Vec::<String>::deserialize(value).ok(),
        };
        match texts {
            Some(texts) if texts.len() <= most && texts.iter().all(|text| !text.is_empty()) => {
                Ok(texts)
            }
            _ => {
                let allowed = format!("a string, or an array of at most {most} strings");
                Err(wrong(name, &value, &allowed))
            }
        }
    }

    /// Notes that nobody takes the rest of the object at `path`.
    pub(super) fn ignore(&mut self, path: &str, rest: &Map<String, Value>) {
        self.ignored
            .extend(rest.keys().map(|name| member(path, name)));
    }

    /// Some names: an array of strings, JSON text of one, or a single name.
    pub(super) fn names(&mut self, name: &str, most: usize) -> Result<Vec<String>, String> {
        let items = match self.value(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(Value::String(text)) if text.trim_start().starts_with('[') => {
                let items = serde_json::from_str(&text);
                items.map_err(|_| wrong(name, &Value::String(text), "an array of strings"))?
            }
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(Vec::new()),
            Some(Value::String(text)) => vec![Value::String(text)],
            Some(other) => return Err(wrong(name, &other, "an array of strings")),
        };
        if items.len() > most {
            let allowed = format!("at most {most} strings");
            return Err(wrong(name, &Value::Array(items), &allowed));
        }
        let checked = items.into_iter().enumerate().map(|(position, item)| {
            let path = format!("{name}[{position}]");
            match item {
                Value::String(text) if text.trim().is_empty() => {
                    Err(wrong(&path, &Value::String(text), "a string with a name"))
                }
                Value::String(text) if text.len() > LONGEST_NAME => {
                    let allowed = format!("at most {LONGEST_NAME} bytes long");
                    Err(wrong(&path, &Value::String(text), &allowed))
                }
                Value::String(text) => Ok(text),
                other => Err(wrong(&path, &other, "a string")),
            }
        });
        checked.collect()
    }

    /// A warning that names what nobody took.
    pub(super) fn unknown(&self) -> Option<String> {
        let all = self.left.len() + self.ignored.len();
        if all == 0 {
            return None;
        }
        let top = self.left.iter().map(|(name, _)| member("", name));
        let paths = top.chain(self.ignored.iter().cloned()).take(NAMED);
        let mut names = paths
            .map(|path| short(&path))
            .collect::<Vec<_>>()
            .join(", ");
        if all > NAMED {
            names += &format!(" and {} more", all - NAMED);
        }
        Some(format!("Unknown arguments were ignored: {names}"))
    }
}

/// The members of an object in which there are no others, nor arrays, sorted by name; the last of several with one name wins.
/// Long texts are read by the protocol's own reader, which is faster. `None` leaves it to serde_json, which knows how deep is
/// too deep, and says what is wrong.
fn flat(text: &str) -> Option<Members<'_>> {
    let mut members = Vec::new();
    json::each_member(text, &mut |name, raw| {
        let value = match raw.as_bytes().first()? {
            b'"' => Value::String(json::string(raw)?.into_owned()),
            b'{' | b'[' => return None,
            _ => serde_json::from_str(raw).ok()?,
        };
        members.push((name, value));
        Some(())
    })?;
    if members.len() > 1 {
        members.reverse();
        // Stable: the last of those with one name comes first.
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.dedup_by(|(one, _), (other, _)| one == other);
    }
    Some(members)
}

/// The members of any object.
fn deep(text: &str) -> serde_json::Result<Members<'_>> {
    let members: Map<String, Value> = serde_json::from_str(text)?;
    let members = members.into_iter();
    Ok(members.map(|(name, value)| (name.into(), value)).collect())
}

/// The path of a member: `path.name`, or `path["a name"]` for names that are no words.
pub(super) fn member(path: &str, name: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || "_-$".contains(c);
    if name.is_empty() || !name.chars().all(is_word) {
        // A JSON string, which cannot fail.
        return format!("{path}[{}]", Value::from(name));
    }
    let dot = if path.is_empty() { "" } else { "." };
    format!("{path}{dot}{name}")
}

/// The beginning of a long path.
fn short(path: &str) -> String {
    match path.char_indices().nth(LONGEST_PATH) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path.to_owned(),
    }
}

/// A whole number; 100.0 is one to JSON Schema.
fn whole(text: &str) -> Option<u32> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// What is wrong with the argument at `path`.
pub(super) fn wrong(path: &str, found: &Value, allowed: &str) -> String {
    problem(&found_but(path, found, allowed))
}

/// What a value is, and what it must be.
pub(super) fn found_but(path: &str, found: &Value, allowed: &str) -> String {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => found.to_string(),
        Value::String(text) if text.chars().count() <= 40 => format!("{text:?}"),
        Value::String(_) => "a long string".to_owned(),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    };
    format!("{path} is {found}, but must be {allowed}")
}

/// The same, where it may be absent.
pub(super) fn wrong_or_missing(path: &str, found: Option<&Value>, allowed: &str) -> String {
    match found {
        Some(found) => wrong(path, found, allowed),
        None => problem(&format!("{path} is missing, but must be {allowed}")),
    }
}

fn problem(what: &str) -> String {
    format!("invalid_request: {what}. Correct it and call again.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_really_send_is_understood() {
        let mut arguments = Arguments::parse(
            r#"{"t":"0.5","m":"100","n":100.0,"o":"7.0","a":"[1,2]","s":"  ","z":null,"x":1}"#,
        )
        .unwrap();
        assert_eq!(arguments.number("t", 0.0, 2.0), Ok(Some(0.5)));
        assert_eq!(arguments.integer("m", 1, 200), Ok(Some(100)));
        assert_eq!(arguments.integer("n", 1, 200), Ok(Some(100)));
        assert_eq!(arguments.integer("o", 1, 200), Ok(Some(7)));
        assert_eq!(arguments.array("a").unwrap().unwrap().len(), 2);
        assert_eq!(arguments.string("s"), Ok(None));
        assert_eq!(arguments.string("z"), Ok(None));
        assert_eq!(
            arguments.unknown().as_deref(),
            Some("Unknown arguments were ignored: x")
        );
    }

    #[test]
    fn they_are_read_as_serde_json_reads_them() {
        for json in [
            "{}",
            r#" { "a" : "\u00e9\n" , "b":-1.50,"c":1e3,"d":18446744073709551616,"e":null,"f":true } "#,
            r#"{"b":3,"a":1,"\u0061":"2","":0}"#,
            r#"{"b":1,"a":["x"],"b":2}"#,
            r#"{"a":["x",{"y":"z"}],"b":{}}"#,
            r#"{"a":1e999}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"\udc00":1}"#,
        ] {
            let ours = Arguments::parse(json).map(|arguments| arguments.left);
            let theirs = serde_json::from_str(json)
                .map(|members: Map<String, _>| {
                    let members = members.into_iter();
                    members.map(|(name, value)| (name.into(), value)).collect()
                })
                .map_err(|error| format!("invalid_request: the arguments cannot be read: {error}"));
            assert_eq!(ours, theirs, "{json}");
        }
    }

    #[test]
    fn what_nobody_takes_is_named_with_its_path() {
        let mut arguments = Arguments::parse(r#"{"a b":1,"é":2,"m":3}"#).unwrap();
        let unknown = |arguments: &Arguments<'_>| arguments.unknown().unwrap_or_default();
        assert_eq!(arguments.integer("m", 1, 9), Ok(Some(3)));
        let Ok(Value::Object(rest)) = serde_json::from_str(r#"{"x":1,"\"":2}"#) else {
            unreachable!("it is an object");
        };
        arguments.ignore("m[0]", &rest);
        assert_eq!(
            unknown(&arguments),
            r#"Unknown arguments were ignored: ["a b"], é, m[0]["\""], m[0].x"#
        );
        for place in 1..20 {
            arguments.ignore(&format!("m[{place}]"), &rest);
        }
        let long = unknown(&arguments);
        assert!(
            long.ends_with("m[3][\"\\\"\"], m[3].x and 32 more"),
            "{long}"
        );
        let name = "é".repeat(1_000);
        let json = format!("{{\"{name}\":1}}");
        let arguments = Arguments::parse(&json).unwrap();
        assert_eq!(
            unknown(&arguments).chars().filter(|c| *c == 'é').count(),
            100
        );
    }

    #[test]
    fn names_come_as_an_array_as_text_of_one_or_alone() {
        let read = |json: &str| {
            let json = format!("{{\"f\":{json}}}");
            let mut arguments = Arguments::parse(&json).unwrap();
            arguments.names("f", 2)
        };
        let names = |names: &[&str]| Ok(names.iter().map(|&name| name.to_owned()).collect());
        for (json, expected) in [
            (r#"["a","b/c"]"#, &["a", "b/c"][..]),
            (r#""[\"a\"]""#, &["a"]),
            (r#""a""#, &["a"]),
            (r#""  ""#, &[]),
            ("[]", &[]),
            ("null", &[]),
        ] {
            assert_eq!(read(json), names(expected), "{json}");
        }
        for (json, part) in [
            ("1", "f is 1, but must be an array of strings"),
            (r#"["a",1]"#, "f[1] is 1, but must be a string"),
            (r#"["a"," "]"#, "f[1]"),
            (r#"["a","b","c"]"#, "at most 2 strings"),
            (r#""[a""#, "an array of strings"),
        ] {
            assert!(read(json).unwrap_err().contains(part), "{json}");
        }
    }

    #[test]
    fn flags_and_texts() {
        let mut arguments = Arguments::parse(
            r#"{"a":true,"b":"False","c":null,"d":1,"e":"\n","f":["[",""],"g":"[\"x\",\"y\"]","h":"[","i":["a","b","c"],"j":[1]}"#,
        )
        .unwrap();
        assert_eq!(arguments.flag("a"), Ok(true));
        assert_eq!(arguments.flag("b"), Ok(false));
        assert_eq!(arguments.flag("c"), Ok(false));
        assert!(arguments.flag("d").unwrap_err().contains("true or false"));
        let mut texts = |name| arguments.texts(name, 2).ok().map(|texts| texts.join("|"));
        assert_eq!(texts("e").as_deref(), Some("\n"));
        assert_eq!(texts("f"), None);
        assert_eq!(texts("g").as_deref(), Some("x|y"));
        assert_eq!(texts("h").as_deref(), Some("["));
        assert_eq!(texts("i"), None);
        assert_eq!(texts("j"), None);
        assert_eq!(texts("z").as_deref(), Some(""));
    }

    #[test]
    fn errors_name_path_value_and_what_is_allowed() {
        let mut arguments =
            Arguments::parse(r#"{"t":3,"m":1.5,"n":-1,"a":{},"s":[1],"i":"1e400"}"#).unwrap();
        let error = arguments.number("t", 0.0, 2.0).unwrap_err();
        assert!(
            error.contains("t is 3, but must be a number from 0 to 2"),
            "{error}"
        );
        assert!(arguments.integer("m", 1, 9).is_err());
        assert!(arguments.integer("n", 1, 9).is_err());
        assert!(arguments.array("a").is_err());
        assert!(arguments.string("s").unwrap_err().contains("an array of 1"));
        assert!(arguments.number("i", 0.0, 2.0).is_err());
        assert!(Arguments::parse(&format!("{{\"a\":{}1", "[".repeat(100_000))).is_err());
    }
}
