//! One line of the log: an event taken apart, without keys, as text or JSON.
//!
//! Whatever a field holds, nothing in a line ends it, steers a terminal, or turns the direction of the text
//! around it.
//!
//! Never here: where a line goes.

use std::{fmt, ops::Range, time::SystemTime};

use tracing::{
    Level,
    field::{self, Visit},
};

use crate::{
    output::{is_obeyed, write_json_escape},
    redact::Redactor,
};

/// A line that is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) message: &'a str,
    /// Those without a value are left out.
    pub(super) fields: &'a [Field<'a>],
    /// Takes keys out of each value before it is escaped: an escaped key would not be found.
    pub(super) redactor: &'a Redactor,
}

/// A name, and a value if there is one.
pub(crate) type Field<'a> = (&'static str, Option<Value<'a>>);

/// A value of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// Any text from outside.
    Text(&'a str),
    /// Our own words, in which what came from outside was redacted.
    Said(&'a str),
    /// A word of our own: there is no key in it, and nothing to be escaped.
    Word(&'a str),
    /// A number.
    Number(u64),
    /// What stands in a line as it is.
    Plain(&'a str),
}

/// An event, taken apart.
#[derive(Debug, Default)]
pub(super) struct Taken {
    message: String,
    fields: Vec<(&'static str, Owned)>,
    /// The field `for_client` says so; it is not shown.
    pub(super) is_kept_from_client: bool,
}

#[derive(Debug)]
enum Owned {
    Text(String),
    Said(String),
    Number(u64),
    Plain(String),
}

impl Visit for Taken {
    fn record_debug(&mut self, field: &field::Field, value: &dyn fmt::Debug) {
        self.add(field.name(), Owned::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &field::Field, value: &str) {
        let value = value.to_owned();
        match field.name() {
            "error" => self.add("error", Owned::Said(value)),
            name => self.add(name, Owned::Text(value)),
        }
    }

    fn record_u64(&mut self, field: &field::Field, value: u64) {
        self.add(field.name(), Owned::Number(value));
    }

    fn record_i64(&mut self, field: &field::Field, value: i64) {
        self.add(field.name(), Owned::Plain(value.to_string()));
    }

    fn record_bool(&mut self, field: &field::Field, value: bool) {
        match field.name() {
            "for_client" => self.is_kept_from_client = !value,
            name => self.add(name, Owned::Plain(value.to_string())),
        }
    }
}

impl Taken {
    fn add(&mut self, name: &'static str, value: Owned) {
        match (name, value) {
            ("message", Owned::Text(text)) => self.message = text,
            (name, value) => self.fields.push((name, value)),
        }
    }

    /// As a line is written.
    pub(super) fn parts(&self) -> (&str, Vec<Field<'_>>) {
        let fields = self.fields.iter().map(|(name, value)| {
            let value = match value {
                Owned::Text(text) => Value::Text(text),
                Owned::Said(text) => Value::Said(text),
                Owned::Number(number) => Value::Number(*number),
                Owned::Plain(text) => Value::Plain(text),
            };
            (*name, Some(value))
        });
        (&self.message, fields.collect())
    }
}

impl Line<'_> {
    /// Appends `message field="text" field=1`.
    pub(super) fn write_message(&self, line: &mut String) {
        write_text(line, &self.redactor.diagnostic(self.message));
        self.write_fields(line, &TEXT);
    }

    /// Appends time, level, and the rest; ends with a newline.
    pub(super) fn write_text(&self, line: &mut String, level: Level, time: &str) {
        let level = level.as_str();
        let space = match level.len() {
            4 => "  ",
            _ => " ",
        };
        append(line, &[time, space, level, " "]);
        self.write_message(line);
        line.push('\n');
    }

    /// Appends one JSON object and a newline.
    pub(super) fn write_json(&self, json: &mut String, level: Level, time: &str) {
        let level = level.as_str().to_ascii_lowercase();
        let parts = [
            "{\"time\":\"",
            time,
            "\",\"level\":\"",
            &level,
            "\",\"message\":\"",
        ];
        append(json, &parts);
        write_escaped(json, &self.redactor.diagnostic(self.message), JSON.write);
        self.write_fields(json, &JSON);
        json.push_str("}\n");
    }

    fn write_fields(&self, line: &mut String, format: &Format) {
        let Format {
            before,
            behind,
            quote,
            write,
        } = *format;
        for &(name, value) in self.fields {
            match value {
                None => {}
                Some(value @ (Value::Text(text) | Value::Said(text))) => {
                    let text = match value {
                        Value::Said(_) => self.redactor.diagnostic(text),
                        _ => self.redactor.outside(text),
                    };
                    append(line, &[before, name, quote]);
                    write_escaped(line, &text, write);
                }
                Some(Value::Word(word)) => append(line, &[before, name, quote, word, "\""]),
                Some(Value::Number(number)) => {
                    append(line, &[before, name, behind, &number.to_string()]);
                }
                Some(Value::Plain(text)) => append(line, &[before, name, behind, text]),
            }
        }
    }
}

/// How fields are written.
struct Format {
    /// What stands before the name of each, and what behind it.
    before: &'static str,
    behind: &'static str,
    /// The same before a text in quotes, with its first quote.
    quote: &'static str,
    /// Writes a character of a text in quotes.
    write: fn(&mut String, char),
}

const TEXT: Format = Format {
    before: " ",
    behind: "=",
    quote: "=\"",
    write: write_char,
};

const JSON: Format = Format {
    before: ",\"",
    behind: "\":",
    quote: "\":\"",
    write: write_json_char,
};

fn append(line: &mut String, parts: &[&str]) {
    line.extend(parts.iter().copied());
}

/// A line that is nothing but a text.
pub(super) fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    write_text(&mut line, text);
    line.push('\n');
    line
}

fn write_text(line: &mut String, text: &str) {
    for c in text.chars() {
        write_char(line, c);
    }
}

fn write_char(line: &mut String, c: char) {
    if is_obeyed(c) {
        line.extend(c.escape_default());
    } else {
        line.push(c);
    }
}

/// Up to the last quote, with `"` and `\` escaped; `write` knows how to write the rest.
fn write_escaped(line: &mut String, text: &str, write: fn(&mut String, char)) {
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            _ => write(line, c),
        }
    }
    line.push('"');
}

/// For a JSON string, which is as harmless where it is printed as it stands.
fn write_json_char(line: &mut String, c: char) {
    if is_obeyed(c) {
        write_json_escape(line, c);
    } else {
        line.push(c);
    }
}

/// Times as lines have them: RFC 3339, UTC, with microseconds.
#[derive(Debug)]
pub(super) struct Clock {
    /// Of the time that is written out; most lines have the second of the one before.
    second: u64,
    text: [u8; TIME.len()],
}

const TIME: &[u8; 27] = b"1970-01-01T00:00:00.000000Z";

/// Where the microseconds stand in it.
const MICROS: Range<usize> = 20..26;

impl Default for Clock {
    fn default() -> Self {
        Clock {
            second: 0,
            text: *TIME,
        }
    }
}

impl Clock {
    pub(super) fn text(&mut self, time: SystemTime) -> &str {
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        if self.second != since.as_secs() {
            self.second = since.as_secs();
            self.set(since.as_secs());
        }
        write_digits(&mut self.text[MICROS], since.subsec_micros().into());
        str::from_utf8(&self.text).unwrap_or_default()
    }

    fn set(&mut self, seconds: u64) {
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        for (place, value) in [
            (0..4, year),
            (5..7, month),
            (8..10, day),
            (11..13, hour),
            (14..16, minute),
            (17..19, second),
        ] {
            write_digits(&mut self.text[place], value);
        }
    }
}

/// In all of the room. What does not fit is left out.
fn write_digits(room: &mut [u8], mut value: u64) {
    for digit in room.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// The date so many days after 1970-01-01. Years are counted from March on, so that a leap day is the last
/// day of its year (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
