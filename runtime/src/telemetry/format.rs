//! One line of the log: an event, without keys, as text or JSON.
//!
//! Whatever a field holds, nothing in a line ends it, steers a terminal, or changes the direction of the text around it.
//!
//! Never here: where a line goes.

use std::{
    fmt::{self, Write as _},
    time::SystemTime,
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use crate::{
    output::{is_unsafe_in_terminal, write_json_escape},
    redact::Redactor,
    settings::LogFormat,
};

/// Fields with words of this program, in which text from outside is redacted already. A provider may be called what a
/// key begins with, so parts of keys are not searched for in them.
const OWN_WORDS: [&str; 6] = ["tool", "provider", "status", "trace_id", "error", "work"];

/// Makes lines for stderr.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineFormat<'r> {
    format: LogFormat,
    redactor: &'r Redactor,
}

impl<S, N> FormatEvent<S, N> for LineFormat<'_>
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut parts = Parts::new(self.format, self.redactor);
        event.record(&mut parts);
        self.write(&mut line, *event.metadata().level(), &parts)
    }
}

impl<'r> LineFormat<'r> {
    pub(super) fn new(format: LogFormat, redactor: &'r Redactor) -> Self {
        LineFormat { format, redactor }
    }

    /// A line that belongs to no event.
    pub(super) fn line(&self, level: Level, message: &str, number: Option<(&str, u64)>) -> String {
        let mut parts = Parts::new(self.format, self.redactor);
        parts.set_message(message);
        if let Some((name, number)) = number {
            parts.add_plain(name, number);
        }
        let mut line = String::new();
        // Only a date after the year 9999 cannot be written.
        let _ = self.write(&mut line, level, &parts);
        line
    }

    /// A line with a text alone, for a person who reads it; as JSON, an error.
    pub(super) fn plain_line(&self, text: &str) -> String {
        match self.format {
            LogFormat::Text => escaped(&self.redactor.diagnostic(text)) + "\n",
            LogFormat::Json => self.line(Level::ERROR, text, None),
        }
    }

    fn write(&self, line: &mut dyn fmt::Write, level: Level, parts: &Parts<'_>) -> fmt::Result {
        // A clock may be set to anything.
        let now = SystemTime::now().max(SystemTime::UNIX_EPOCH);
        parts.write(line, self.format, level, now)
    }
}

/// A line for the client, if it may have it: `message field="text" field=1`.
pub(super) fn client_line(event: &Event<'_>, redactor: &Redactor) -> Option<String> {
    let mut parts = Parts::new(LogFormat::Text, redactor);
    event.record(&mut parts);
    parts.is_for_client.then(|| parts.message + &parts.fields)
}

/// The message and the fields of an event as they are written.
struct Parts<'a> {
    syntax: &'static Syntax,
    /// Removes keys from each value before it is escaped: an escaped key would not be found.
    redactor: &'a Redactor,
    message: String,
    fields: String,
    /// False if the field `for_client` is; that one is not shown.
    is_for_client: bool,
}

impl Visit for Parts<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        match field.name() {
            "message" => self.set_message(&value),
            name => self.add_text(name, &self.redactor.outside(&value)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.set_message(value),
            name if OWN_WORDS.contains(&name) => {
                self.add_text(name, &self.redactor.diagnostic(value));
            }
            name => self.add_text(name, &self.redactor.outside(value)),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add_plain(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add_plain(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match value.is_finite() {
            true => self.add_plain(field.name(), value),
            // JSON has no such numbers.
            false => self.add_text(field.name(), &value.to_string()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "for_client" => self.is_for_client = value,
            name => self.add_plain(name, value),
        }
    }
}

impl<'a> Parts<'a> {
    fn new(format: LogFormat, redactor: &'a Redactor) -> Self {
        Parts {
            syntax: match format {
                LogFormat::Text => &TEXT,
                LogFormat::Json => &JSON,
            },
            redactor,
            message: String::new(),
            fields: String::new(),
            is_for_client: true,
        }
    }

    fn set_message(&mut self, message: &str) {
        let message = self.redactor.diagnostic(message);
        self.message.clear();
        (self.syntax.write_message)(&mut self.message, &message);
    }

    /// Adds a text without keys.
    fn add_text(&mut self, name: &str, value: &str) {
        self.fields
            .extend([self.syntax.before_name, name, self.syntax.before_text]);
        write_quoted(&mut self.fields, value, self.syntax.write_char);
        self.fields.push('"');
    }

    /// Adds a value that is no text.
    fn add_plain(&mut self, name: &str, value: impl fmt::Display) {
        let Syntax {
            before_name,
            before_plain,
            ..
        } = self.syntax;
        // Writing to a string cannot fail.
        let _ = write!(self.fields, "{before_name}{name}{before_plain}{value}");
    }

    fn write(
        &self,
        line: &mut dyn fmt::Write,
        format: LogFormat,
        level: Level,
        time: SystemTime,
    ) -> fmt::Result {
        let Parts {
            message, fields, ..
        } = self;
        let time = humantime::format_rfc3339_micros(time);
        let level = level.as_str();
        match format {
            LogFormat::Text => writeln!(line, "{time} {level:>5} {message}{fields}"),
            LogFormat::Json => {
                let level = level.to_ascii_lowercase();
                writeln!(
                    line,
                    r#"{{"time":"{time}","level":"{level}","message":"{message}"{fields}}}"#
                )
            }
        }
    }
}

/// How message and fields are written.
struct Syntax {
    write_message: fn(&mut String, &str),
    before_name: &'static str,
    /// Between a name and a text, with the text's first quote.
    before_text: &'static str,
    /// Between a name and any other value.
    before_plain: &'static str,
    /// Writes a character of a text in quotes, but for `"` and `\`.
    write_char: fn(&mut String, char),
}

const TEXT: Syntax = Syntax {
    write_message: |line, text| line.push_str(&escaped(text)),
    before_name: " ",
    before_text: "=\"",
    before_plain: "=",
    write_char,
};

const JSON: Syntax = Syntax {
    write_message: |line, text| write_quoted(line, text, write_json_char),
    before_name: ",\"",
    before_text: "\":\"",
    before_plain: "\":",
    write_char: write_json_char,
};

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        write_char(&mut escaped, c);
    }
    escaped
}

fn write_char(line: &mut String, c: char) {
    if is_unsafe_in_terminal(c) {
        line.extend(c.escape_default());
    } else {
        line.push(c);
    }
}

/// Between quotes `"` and `\` are escaped; `write` writes the rest.
fn write_quoted(line: &mut String, text: &str, write: fn(&mut String, char)) {
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            _ => write(line, c),
        }
    }
}

/// In JSON, too, nothing may steer the terminal that prints it.
fn write_json_char(line: &mut String, c: char) {
    if is_unsafe_in_terminal(c) {
        write_json_escape(line, c);
    } else {
        line.push(c);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
