//! The arguments of a tool call, and the errors about them. `null`, `""`, `[]` and `{}` count as absent, because some clients and
//! models give every argument of a schema; an unknown argument is reported, not refused. An error names the path and what is allowed.
//!
//! Arguments stay text until they are taken. Memory for their parsed form is charged to the budget before it is allocated,
//! and an argument that is never taken is never parsed.
//!
//! Never here: the arguments of a particular tool, or the types that they may have (`kind`).

use std::borrow::Cow;

use anygpt_core::{Reservation, json};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::input_schema::Parameters;
use crate::error::{Advice, Error, ErrorKind};

/// Most unknown arguments that a warning names, and how much of the path of each.
const NAMED: usize = 10;
const LONGEST_PATH: usize = 100;

/// Less memory than this is not charged: most calls need no more.
const SMALL: usize = 4096;

/// Errors show longer values only as their type.
const SHOWN: usize = 256;

/// The arguments that have not been taken yet.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    /// The tool's parameters.
    known: Parameters,
    /// The JSON text given for each.
    given: Vec<Option<&'a str>>,
    /// How many are not taken yet. Most calls give one or two, so the search often ends here.
    left: usize,
    unknown: Unknown,
    /// What was taken otherwise than it was written.
    notes: Vec<String>,
    charge: &'a mut Charge,
}

/// Members that are not parameters: the number of all, and the paths of the first ones.
#[derive(Debug, Default)]
struct Unknown {
    paths: Vec<String>,
    all: usize,
}

/// The memory that a call's arguments use, in bytes.
#[derive(Debug)]
pub(super) struct Charge {
    held: Reservation,
    bytes: usize,
}

impl Charge {
    pub(super) fn new(held: Reservation) -> Self {
        Charge { held, bytes: 0 }
    }

    /// Charges memory that is about to be allocated.
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), Error> {
        self.set(self.bytes.saturating_add(bytes))
    }

    fn set(&mut self, bytes: usize) -> Result<(), Error> {
        if bytes > SMALL.max(self.held.bytes()) || bytes < self.held.bytes() {
            let is_held = self.held.resize(bytes);
            if !is_held {
                return Err(too_large());
            }
        }
        self.bytes = bytes;
        Ok(())
    }

    /// The reservation, to be kept as long as the parsed arguments exist.
    pub(super) fn into_held(self) -> Reservation {
        self.held
    }
}

fn too_large() -> Error {
    Error::new(
        ErrorKind::TooLarge,
        "there is not enough memory left for what these arguments hold",
    )
    .advise_plain("Send less, in fewer and larger pieces, or wait for other calls to finish.")
}

impl<'a> Arguments<'a> {
    /// Reads the JSON text of an object with these members. The memory for them goes to `charge`.
    pub(super) fn parse(
        text: &'a str,
        known: Parameters,
        charge: &'a mut Charge,
    ) -> Result<Self, Error> {
        let mut given = vec![None; known.len()];
        let mut unknown = Unknown::default();
        let mut left = 0;
        let read = json::each_member(text, &mut |name, value| {
            match position(known, &name) {
                // The last of several with one name wins.
                Some(position) => left += usize::from(given[position].replace(value).is_none()),
                None if is_nothing(value) => {}
                None => unknown.note("", &name),
            }
            Some(())
        });
        match read {
            Some(()) => Ok(Arguments {
                known,
                given,
                left,
                unknown,
                notes: Vec::new(),
                charge,
            }),
            None => Err(problem(
                "the arguments cannot be read: they are not a JSON object, or a name in them is not a string".into(),
            )),
        }
    }

    /// The JSON text of an argument, unless it is absent.
    pub(super) fn raw(&mut self, name: &str) -> Option<&'a str> {
        debug_assert!(
            position(self.known, name).is_some(),
            "{name} is a parameter of the tool"
        );
        if self.left == 0 {
            return None;
        }
        let position = position(self.known, name);
        let raw = self.given[position?].take()?;
        self.left -= 1;
        (!is_nothing(raw)).then_some(raw)
    }

    /// The value of a JSON text.
    pub(super) fn tree(&mut self, raw: &str) -> Result<Value, Error> {
        self.charge.add(json::tree_size(raw))?;
        read(raw)
    }

    /// The text of a string, if this is one.
    pub(super) fn text(&mut self, raw: &str) -> Result<Option<String>, Error> {
        if !raw.starts_with('"') {
            return Ok(None);
        }
        self.charge.add(raw.len())?;
        match json::string(raw) {
            Some(text) => Ok(Some(text.into_owned())),
            None => read(raw).map(Some),
        }
    }

    /// Charges memory that is about to be allocated for them.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        self.charge.add(bytes)
    }

    /// The bytes charged so far.
    pub(super) fn charged(&self) -> usize {
        self.charge.bytes
    }

    /// Reduces what was charged since `before` to `left` bytes.
    pub(super) fn settle(&mut self, before: usize, left: usize) -> Result<(), Error> {
        self.charge.set(before.saturating_add(left))
    }

    /// The text of an array: the value itself, or what a string holds. `None` if it is neither.
    pub(super) fn list<'r>(&mut self, raw: &'r str) -> Result<Option<Cow<'r, str>>, Error> {
        if raw.starts_with('[') {
            return Ok(Some(Cow::Borrowed(raw)));
        }
        let text = self.text(raw)?;
        Ok(text.filter(|text| is_list(text)).map(Cow::Owned))
    }

    /// The JSON texts of the members with these names; `None` if it is not an object. Other members are recorded as
    /// ignored.
    pub(super) fn members<'r, const N: usize>(
        &mut self,
        path: &str,
        raw: &'r str,
        names: &[&str; N],
    ) -> Result<Option<[Option<&'r str>; N]>, Error> {
        if !raw.starts_with('{') {
            return Ok(None);
        }
        let mut slots = [None; N];
        let unknown = &mut self.unknown;
        let read = json::each_member(raw, &mut |name, value| {
            match names.iter().position(|known| *known == name) {
                Some(position) => slots[position] = Some(value),
                None if is_nothing(value) => {}
                None => unknown.note(path, &name),
            }
            Some(())
        });
        match read {
            Some(()) => Ok(Some(slots)),
            None => Err(problem(format!("{path} has a name that is not a string"))),
        }
    }

    /// Records that the member with this name of the object at `path` is ignored.
    pub(super) fn ignore(&mut self, path: &str, name: &str) {
        self.unknown.note(path, name);
    }

    /// Records that the rest of the object at `path` is ignored.
    pub(super) fn ignore_rest(&mut self, path: &str, rest: &Map<String, Value>) {
        for (name, value) in rest {
            if !is_nothing_parsed(value) {
                self.unknown.note(path, name);
            }
        }
    }

    /// Records a warning about what was taken otherwise than it was written.
    pub(super) fn warn(&mut self, warning: String) {
        self.notes.push(warning);
    }

    /// All warnings about the arguments.
    pub(super) fn warnings(&mut self) -> Vec<String> {
        let mut all = std::mem::take(&mut self.notes);
        all.extend(self.unknown());
        all
    }

    /// A warning that names the ignored arguments.
    pub(super) fn unknown(&self) -> Option<String> {
        // Some are parameters, but have no meaning together with the others.
        let untaken = self.known.iter().zip(&self.given);
        let untaken = untaken.filter(|(_, given)| given.is_some_and(|raw| !is_nothing(raw)));
        let untaken: Vec<&str> = untaken.map(|(known, _)| known.name()).collect();
        let paths = self.unknown.paths.iter().map(String::as_str);
        let named: Vec<&str> = untaken.iter().copied().chain(paths).take(NAMED).collect();
        let all = untaken.len() + self.unknown.all;
        if all == 0 {
            return None;
        }
        let mut names = named.join(", ");
        if all > named.len() {
            names += &format!(" and {} more", all - named.len());
        }
        Some(format!("Unknown arguments were ignored: {names}"))
    }
}

impl Unknown {
    fn note(&mut self, path: &str, name: &str) {
        self.all += 1;
        if self.paths.len() < NAMED {
            // Cut before a copy of it is made.
            let end = name.char_indices().nth(LONGEST_PATH + 1);
            let name = end.map_or(name, |(end, _)| &name[..end]);
            let path = short(&member(path, name)).into_owned();
            match self.paths.contains(&path) {
                true => self.all -= 1,
                false => self.paths.push(path),
            }
        }
    }
}

/// The position of the parameter with this name.
fn position(known: Parameters, name: &str) -> Option<usize> {
    known.iter().position(|known| known.name() == name)
}

/// Whether a value means that nothing is given.
pub(super) fn is_nothing(raw: &str) -> bool {
    let empty = |inside: Option<&str>| inside.is_some_and(|text| text.trim().is_empty());
    match raw.as_bytes() {
        [b'n', ..] => raw == "null",
        [b'"', ..] => raw == "\"\"",
        [b'[', .., b']'] => empty(raw.get(1..raw.len() - 1)),
        [b'{', .., b'}'] => empty(raw.get(1..raw.len() - 1)),
        _ => false,
    }
}

/// The same for a parsed value.
pub(super) fn is_nothing_parsed(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether this is JSON text of an array.
pub(super) fn is_list(text: &str) -> bool {
    text.trim_start().starts_with('[') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The JSON texts of the elements of a valid array.
pub(super) fn elements(list: &str) -> impl Iterator<Item = &str> {
    json::elements(list).into_iter().flatten()
}

/// Parses a JSON text. serde_json limits the depth and describes errors.
pub(super) fn read<'r, T: Deserialize<'r>>(raw: &'r str) -> Result<T, Error> {
    serde_json::from_str(raw).map_err(|error| {
        let message = format!("the arguments cannot be read: {error}");
        Error::new(ErrorKind::InvalidRequest, message)
    })
}

/// The path of a member: `path.name`, or `path["a name"]` if the name is not a word.
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
fn short(path: &str) -> Cow<'_, str> {
    match path.char_indices().nth(LONGEST_PATH) {
        Some((end, _)) => Cow::Owned(format!("{}…", &path[..end])),
        None => Cow::Borrowed(path),
    }
}

/// The error for the argument at `path`.
pub(super) fn wrong(path: &str, found: &Value, allowed: &str) -> Error {
    problem(found_but(path, found, allowed))
}

/// The same for a value that is still text.
pub(super) fn wrong_raw(path: &str, raw: &str, allowed: &str) -> Error {
    let found = match raw.as_bytes().first() {
        Some(b'[') => format!("an array of {}", elements(raw).count()),
        Some(b'{') => "an object".to_owned(),
        Some(b'"') if raw.len() > SHOWN => "a long string".to_owned(),
        _ if raw.len() > SHOWN => "a long number".to_owned(),
        _ => match serde_json::from_str(raw) {
            Ok(value) => return wrong(path, &value, allowed),
            Err(_) => raw.to_owned(),
        },
    };
    problem(format!("{path} is {found}, but must be {allowed}"))
}

/// A sentence with what a value is and what it must be.
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
pub(super) fn wrong_or_missing(path: &str, found: Option<&Value>, allowed: &str) -> Error {
    match found {
        Some(found) => wrong(path, found, allowed),
        None => problem(format!("{path} is missing, but must be {allowed}")),
    }
}

/// The same for a value that is still text.
pub(super) fn wrong_or_missing_raw(path: &str, raw: Option<&str>, allowed: &str) -> Error {
    match raw {
        Some(raw) => wrong_raw(path, raw, allowed),
        None => wrong_or_missing(path, None, allowed),
    }
}

fn problem(message: String) -> Error {
    Error::new(ErrorKind::InvalidRequest, message).advise(Advice::CorrectArgument)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests;
