//! One line of the log: an event taken apart, without keys, as text or JSON.
//!
//! Whatever a field holds, nothing in a line ends it, steers a terminal, or turns the direction of the text
//! around it.
//!
//! Never here: where a line goes.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    ops::Range,
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
    /// Message and values as they are, each with a newline behind it: one allocation, and one search for keys.
    values: String,
    /// Where the message stands there.
    message: Range<usize>,
    fields: Vec<Shown>,
    /// The field `for_client` says so; it is not shown.
    pub(super) is_kept_from_client: bool,
}

#[derive(Debug)]
struct Shown {
    name: &'static str,
    value: Range<usize>,
    /// Not a number or a boolean.
    is_text: bool,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        self.record(field.name(), true, |values| {
            let _ = write!(values, "{value:?}");
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add_number(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field.name(), false, |values| {
            let _ = write!(values, "{value}");
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "for_client" => self.is_kept_from_client = !value,
            name => self.record(name, false, |values| {
                values.push_str(if value { "true" } else { "false" });
            }),
        }
    }
}

impl Line {
    pub(super) fn saying(message: &str) -> Self {
        let mut line = Line::default();
        line.add_text("message", message);
        line
    }

    pub(super) fn add_text(&mut self, name: &'static str, text: &str) {
        self.record(name, true, |values| values.push_str(text));
    }

    pub(super) fn add_number(&mut self, name: &'static str, value: u64) {
        self.record(name, false, |values| write_number(values, value));
    }

    fn record(&mut self, name: &'static str, is_text: bool, write: impl FnOnce(&mut String)) {
        if self.values.capacity() == 0 {
            self.values.reserve(256);
            self.fields.reserve(16);
        }
        let start = self.values.len();
        write(&mut self.values);
        let value = start..self.values.len();
        self.values.push('\n');
        match name {
            "message" => self.message = value,
            name => self.fields.push(Shown {
                name,
                value,
                is_text,
            }),
        }
    }

    /// Takes keys out, before anything is escaped: an escaped key would not be found.
    pub(super) fn redact(&mut self, redactor: &Redactor) {
        if let Cow::Borrowed(_) = redactor.diagnostic(&self.values) {
            return;
        }
        let mut clean = String::new();
        let ranges = self.fields.iter_mut().map(|field| &mut field.value);
        for range in ranges.chain([&mut self.message]) {
            let start = clean.len();
            clean.push_str(&redactor.diagnostic(&self.values[range.clone()]));
            *range = start..clean.len();
        }
        self.values = clean;
    }

    /// `message field="text" field=1`
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(256);
        self.write_fields(&mut text);
        text
    }

    fn write_fields(&self, text: &mut String) {
        write_text(text, &self.values[self.message.clone()]);
        for field in &self.fields {
            text.push(' ');
            text.push_str(field.name);
            text.push('=');
            let value = &self.values[field.value.clone()];
            match field.is_text {
                true => write_quoted(text, value, write_char),
                false => text.push_str(value),
            }
        }
    }

    /// Appends time, level, and the rest; ends with a newline.
    pub(super) fn write_text(&self, line: &mut String, level: Level, now: SystemTime) {
        write_time(line, now);
        line.push_str(match level.as_str().len() {
            4 => "  ",
            _ => " ",
        });
        line.push_str(level.as_str());
        line.push(' ');
        self.write_fields(line);
        line.push('\n');
    }

    /// Appends one JSON object and a newline.
    pub(super) fn write_json(&self, json: &mut String, level: Level, now: SystemTime) {
        json.push_str("{\"time\":\"");
        write_time(json, now);
        json.push_str("\",\"level\":\"");
        json.push_str(&level.as_str().to_ascii_lowercase());
        json.push_str("\",\"message\":");
        write_quoted(json, &self.values[self.message.clone()], write_json_char);
        for field in &self.fields {
            json.push_str(",\"");
            json.push_str(field.name);
            json.push_str("\":");
            let value = &self.values[field.value.clone()];
            match field.is_text {
                true => write_quoted(json, value, write_json_char),
                false => json.push_str(value),
            }
        }
        json.push_str("}\n");
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
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    for (place, value) in [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, hour),
        (14..16, minute),
        (17..19, second),
        (20..26, since.subsec_micros().into()),
    ] {
        write_digits(&mut text[place], value);
    }
    line.push_str(str::from_utf8(&text).unwrap_or_default());
}

/// What `write!` does, in a fraction of its time.
fn write_number(line: &mut String, value: u64) {
    let mut digits = [b'0'; 20];
    write_digits(&mut digits, value);
    let zeros = digits[..19].iter().take_while(|&&digit| digit == b'0');
    let zeros = zeros.count();
    line.push_str(str::from_utf8(&digits[zeros..]).unwrap_or_default());
}

/// At the end of what is all zeros. What does not fit is left out.
fn write_digits(zeros: &mut [u8], mut value: u64) {
    for digit in zeros.iter_mut().rev() {
        if value == 0 {
            return;
        }
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
        line.add_text("model", &wicked());
        line.add_number("ms", 7);
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
        let mut json = String::new();
        line().write_json(&mut json, Level::WARN, SystemTime::UNIX_EPOCH);
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
        line.add_text("error", "\nsk-1234567890 ge\"heim\\-123");
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
