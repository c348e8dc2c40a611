//! A setting as it is written: the text of a variable, or a value of the configuration file, with its place for errors.
//!
//! Never here: which settings there are.

use std::{fmt, ops::RangeInclusive, time::Duration};

use super::{disclosure::shown, problem::Problem, words::Word, yaml::Spanned};

/// A setting as it is written, and where.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// For people: the variable, or the path and line in the file.
    pub(super) place: String,
    value: Value,
}

/// What a setting is written as.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A word, a number, a name; in a variable also a list with commas.
    Text(String),
    /// A list of the file.
    List(Vec<String>),
}

/// The longest name of a model or provider in bytes, also in calls. Names are repeated in logs and errors.
pub(crate) const LONGEST_NAME: usize = 256;

/// The longest time that can be set.
pub(super) const LONGEST: Duration = Duration::from_secs(86_400);

impl Given {
    /// What `place` holds, a variable for example.
    pub(super) fn text_at(place: &str, text: String) -> Self {
        Given {
            place: place.to_owned(),
            value: Value::Text(text),
        }
    }

    /// What the file holds at this path.
    pub(super) fn in_file<T: Into<Value>>(path: &str, value: Spanned<T>) -> Self {
        Given {
            place: value.place(path),
            value: value.value.into(),
        }
    }

    /// The text; empty for a list.
    pub(super) fn text(&self) -> &str {
        match &self.value {
            Value::Text(text) => text,
            Value::List(_) => "",
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<&str> {
        match &self.value {
            Value::Text(text) => text.split(',').collect(),
            Value::List(items) => items.iter().map(String::as_str).collect(),
        }
    }

    /// One of a few words.
    pub(super) fn word<W: Word>(&self) -> Result<W, Problem> {
        let mut all = W::ALL.iter();
        let found = all.find(|(word, _)| self.text().eq_ignore_ascii_case(word));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = W::ALL.iter().map(|(word, _)| *word).collect();
            let (last, others) = words.split_last().unwrap_or((&"", &[]));
            let fix = format!("use {} or {last}", others.join(", "));
            self.not_one_of(words.iter().copied(), fix)
        })
    }

    /// What a function makes of it in lower case; its error is what is possible.
    pub(super) fn one_of<T>(
        &self,
        from_name: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Result<T, Problem> {
        from_name(&self.text().to_ascii_lowercase()).map_err(|possible| {
            self.not_one_of(possible.split([',', ' ']), format!("use {possible}"))
        })
    }

    /// 1 or 0.
    pub(super) fn switch(&self) -> Result<bool, Problem> {
        self.one_of(|text| match text {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err("1 or 0"),
        })
    }

    /// A time.
    pub(super) fn seconds(&self) -> Result<Duration, Problem> {
        match self.text().parse() {
            Ok(number) if (1..=LONGEST.as_secs()).contains(&number) => {
                Ok(Duration::from_secs(number))
            }
            _ => {
                let most = LONGEST.as_secs();
                let fix = format!("use a whole number of seconds from 1 to {most}");
                Err(self.not_one_of([], fix))
            }
        }
    }

    /// A whole number.
    pub(super) fn whole(&self, range: RangeInclusive<u32>) -> Result<u32, Problem> {
        let number = self.text().parse();
        number.ok().filter(|it| range.contains(it)).ok_or_else(|| {
            let (start, end) = (range.start(), range.end());
            self.not_one_of([], format!("use a whole number from {start} to {end}"))
        })
    }

    /// It must be one of these.
    fn not_one_of<'a>(
        &self,
        known: impl IntoIterator<Item = &'a str>,
        fix: impl fmt::Display,
    ) -> Problem {
        let text = shown(self.text(), known);
        Problem::new(&self.place, format!("is {text}"), fix)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Text(number.to_string())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Text(number.to_string())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<Vec<String>> for Value {
    fn from(items: Vec<String>) -> Self {
        Value::List(items)
    }
}

impl<T> Spanned<T> {
    /// The path of this value, for errors.
    pub(super) fn place(&self, path: &str) -> String {
        format!("{path} (line {} of the configuration file)", self.line)
    }
}
