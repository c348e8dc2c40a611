//! One line of the log: an event taken apart, without keys, as text or JSON.
//!
//! Whatever a field holds, nothing in a line ends it, steers a terminal, or turns the direction of the text
//! around it.
//!
//! Never here: where a line goes.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    time::SystemTime,
};

use tracing::{
    Level,
    field::{Field, Visit},
};

use crate::redact::Redactor;

/// An event, taken apart.
#[derive(Debug, Default)]
pub(super) struct Line {
    message: String,
    fields: Vec<(&'static str, Value)>,
    /// The field `for_client` says so; it is not shown.
    pub(super) is_kept_from_client: bool,
}

#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    /// A number or a boolean, as it is written.
    Other(String),
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            name => self.add(name, Value::Text(text)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            name => self.add(name, Value::Text(value.to_owned())),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), Value::Other(value.to_string()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), Value::Other(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "for_client" => self.is_kept_from_client = !value,
            name => self.add(name, Value::Other(value.to_string())),
        }
    }
}

impl Line {
    pub(super) fn saying(message: &str) -> Self {
        Line {
            message: message.to_owned(),
            ..Line::default()
        }
    }

    pub(super) fn add(&mut self, name: &'static str, value: Value) {
        self.fields.push((name, value));
    }

    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let values = self.fields.iter_mut().filter_map(|(_, value)| match value {
            Value::Text(text) => Some(text),
            Value::Other(_) => None,
        });
        values.chain([&mut self.message])
    }

    /// Takes keys out, before anything is escaped: an escaped key would not be found.
    pub(super) fn redact(&mut self, redactor: &Redactor) {
        let mut all = String::new();
        for text in self.texts() {
            all.push_str(text);
            all.push('\n');
        }
        // One search instead of one for each field.
        if let Cow::Borrowed(_) = redactor.diagnostic(&all) {
            return;
        }
        for text in self.texts() {
            *text = redactor.diagnostic(text).into_owned();
        }
    }

    /// `message field="text" field=1`
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(256);
        write_text(&mut text, &self.message);
        for (name, value) in &self.fields {
            text.push(' ');
            text.push_str(name);
            text.push('=');
            match value {
                Value::Text(value) => write_quoted(&mut text, value, write_char),
                Value::Other(value) => text.push_str(value),
            }
        }
        text
    }

    /// Time, level, and the rest; ends with a newline.
    pub(super) fn text_line(&self, level: Level, now: SystemTime) -> String {
        let mut line = String::with_capacity(320);
        write_time(&mut line, now);
        // Writing to a string cannot fail.
        let _ = write!(line, " {level:>5} {}", self.text());
        line.push('\n');
        line
    }

    /// One JSON object and a newline.
    pub(super) fn json_line(&self, level: Level, now: SystemTime) -> String {
        let mut json = String::with_capacity(320);
        json.push_str("{\"time\":\"");
        write_time(&mut json, now);
        json.push_str("\",\"level\":\"");
        json.push_str(&level.as_str().to_ascii_lowercase());
        json.push_str("\",\"message\":");
        write_quoted(&mut json, &self.message, write_json_char);
        for (name, value) in &self.fields {
            json.push_str(",\"");
            json.push_str(name);
            json.push_str("\":");
            match value {
                Value::Text(value) => write_quoted(&mut json, value, write_json_char),
                Value::Other(value) => json.push_str(value),
            }
        }
        json.push_str("}\n");
        json
    }
}

/// A line that is nothing but a text.
pub(super) fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    write_text(&mut line, text);
    line.push('\n');
    line
}

fn write_text(line: &mut String, text: &str) {
    if is_plain(text) {
        return line.push_str(text);
    }
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

/// In quotes, with `"` and `\` escaped; `write` knows how to write the rest.
fn write_quoted(line: &mut String, text: &str, write: fn(&mut String, char)) {
    line.push('"');
    if is_plain(text) {
        line.push_str(text);
    } else {
        for c in text.chars() {
            match c {
                '"' | '\\' => line.extend(['\\', c]),
                _ => write(line, c),
            }
        }
    }
    line.push('"');
}

/// For a JSON string, which is as harmless where it is printed as it stands.
fn write_json_char(line: &mut String, c: char) {
    if is_obeyed(c) {
        // All of them have four digits at most.
        let _ = write!(line, "\\u{:04x}", u32::from(c));
    } else {
        line.push(c);
    }
}

/// Most texts need no look at each character.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
    text.bytes().all(is_plain)
}

/// What ends a line, steers a terminal, or turns the direction of the text around it.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// RFC 3339, UTC, with microseconds.
fn write_time(line: &mut String, time: SystemTime) {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = since.subsec_micros();
    let _ = write!(
        line,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
    );
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
mod tests {
    use std::time::Duration;

    use super::*;

    /// Everything that must not get through, and a bit that must.
    fn wicked() -> String {
        let mut text: String = (0..=0x9f).filter_map(char::from_u32).collect();
        text.extend(['\u{61c}', '\u{200e}', '\u{2028}', '\u{2029}']);
        text.extend('\u{202a}'..='\u{202e}');
        text.extend('\u{2066}'..='\u{2069}');
        text.push_str("\u{1b}[31mä€😀");
        text
    }

    fn line() -> Line {
        let mut line = Line::saying(&wicked());
        line.add("model", Value::Text(wicked()));
        line.add("ms", Value::Other("7".into()));
        line
    }

    #[test]
    fn nothing_in_a_text_line_is_obeyed_by_a_terminal() {
        let text = line().text();
        assert!(!text.chars().any(is_obeyed), "{text:?}");
        for part in [
            "\\u{1b}[31mä€😀",
            "\\n",
            "\\u{85}",
            "\\u{202e}",
            "\\u{2066}",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(text.ends_with("😀\" ms=7"), "{text}");
        assert_eq!(
            plain("a\u{1b}[31mä\r\nb\u{85}\n"),
            "a\\u{1b}[31mä\\r\\nb\\u{85}\\n\n"
        );
    }

    #[test]
    fn a_json_line_is_one_object_that_reads_back_the_same_and_nothing_in_it_is_obeyed() {
        let json = line().json_line(Level::WARN, SystemTime::UNIX_EPOCH);
        let body = json.strip_suffix('\n').unwrap();
        assert!(!body.chars().any(is_obeyed), "{body:?}");
        let read: serde_json::Value = serde_json::from_str(body).unwrap();
        let expected = serde_json::json!({
            "time": "1970-01-01T00:00:00.000000Z", "level": "warn", "message": wicked(), "model": wicked(), "ms": 7,
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn keys_are_found_before_they_are_escaped() {
        let key = crate::settings::Secret::new("ge\"heim\\-123");
        let redactor = Redactor::new([&key]);
        let mut line = Line::saying("said ge\"heim\\-123");
        // Escaped first, the newline would be a letter before the key.
        line.add(
            "error",
            Value::Text("\nsk-1234567890 ge\"heim\\-123".into()),
        );
        line.redact(&redactor);
        assert_eq!(
            line.text(),
            r#"said [redacted] error="\n[redacted] [redacted]""#
        );
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_399, "2000-02-28T23:59:59"),
            (951_782_400, "2000-02-29T00:00:00"),
            (951_868_800, "2000-03-01T00:00:00"),
            (1_709_164_800, "2024-02-29T00:00:00"),
            (1_735_689_599, "2024-12-31T23:59:59"),
            (4_107_542_400, "2100-03-01T00:00:00"),
        ] {
            let mut text = String::new();
            let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, 4_200);
            write_time(&mut text, time);
            assert_eq!(text, format!("{expected}.000004Z"));
        }
    }
}
