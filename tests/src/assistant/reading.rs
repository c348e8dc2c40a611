//! The files of `assistant/`: calls, scenarios and lists of models.
//!
//! Never here: how a call went.

use std::path::PathBuf;

use serde_json::Value;

use super::sent::Sent;
use crate::provider::{Served, Use};
use crate::tables::tests;

/// The kinds of calls, each a file.
pub const KINDS: [&str; 4] = ["names", "arguments", "tools", "messages"];

/// A call and what must come of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// It has no other of its kind.
    pub title: String,
    pub scenario: String,
    /// `tools/call` or `prompts/get`.
    pub(super) method: &'static str,
    pub(super) name: String,
    /// None if the call has none.
    pub(super) arguments: Option<Value>,
    /// Any of these is right; the first one is best.
    pub(super) expected: Vec<Expected>,
}

#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// Each target answers a request that meets the conditions.
    Answered {
        targets: Vec<Target>,
        /// Those that may fail before.
        after: Vec<Target>,
        conditions: Vec<Condition>,
    },
    /// Nothing is sent, or only to a provider that refuses it, and the text has these words.
    Refused {
        by: Option<String>,
        words: Vec<String>,
    },
    /// Nothing is sent, and there is a result with this text.
    Result {
        has: Vec<String>,
        lacks: Vec<String>,
    },
}

/// A provider, and the models of it that are right.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) provider: String,
    models: Vec<String>,
}

impl Target {
    pub(super) fn is(&self, sent: &Sent) -> bool {
        self.provider == sent.provider && self.models.contains(&sent.model)
    }
}

/// `NAME=VALUE`.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) name: String,
    pub(super) value: String,
}

/// Names of conditions about the answer, not the request.
const OF_ANSWER: [&str; 2] = ["warns", "taken"];

impl Condition {
    /// Whether a request has what is wanted.
    ///
    /// # Errors
    /// What it has instead.
    pub(super) fn holds(&self, sent: &Sent) -> Result<(), String> {
        let Condition { name, value } = self;
        if OF_ANSWER.contains(&name.as_str()) {
            return Ok(());
        }
        let found = sent.fact(name);
        let is_right = match (name.as_str(), value.as_str()) {
            ("text" | "system", wanted) => found.contains(wanted),
            (_, "*") => !found.is_empty(),
            (_, wanted) => wanted.split('|').any(|wanted| wanted == found),
        };
        match (is_right, found.as_str(), name.as_str()) {
            (true, ..) => Ok(()),
            (false, "", _) => Err(format!("{name} dropped")),
            (false, _, "text" | "system") => Err(format!("{name} lacks {value}")),
            (false, ..) => Err(format!("{name} is {found}")),
        }
    }
}

/// What a scenario sets up.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) providers: Vec<String>,
    /// The configuration file.
    pub(super) file: Option<String>,
}

/// A provider's models.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) provider: String,
    pub(super) models: Vec<Served>,
}

fn path(name: &str) -> PathBuf {
    tests().join("assistant").join(name)
}

/// All calls, kind by kind.
///
/// # Panics
/// If a file cannot be read, with its name, the title of the call and the reason.
pub fn calls() -> Vec<Call> {
    let mut all: Vec<Call> = Vec::new();
    for kind in KINDS {
        let text = std::fs::read_to_string(path(&format!("{kind}.txt"))).unwrap();
        let text: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let text = text.join("\n");
        let mut blocks = text.split("\n== ");
        let before = blocks.next().unwrap_or_default();
        assert!(before.trim().is_empty(), "{kind}: {before:?} is in no call");
        for block in blocks {
            let (title, rest) = block.split_once('\n').unwrap_or((block, ""));
            let call = call(kind, title.trim(), rest);
            let call = call.unwrap_or_else(|problem| panic!("{kind}: {title}: {problem}"));
            let is_new = all
                .iter()
                .all(|it| (it.kind, &it.title) != (kind, &call.title));
            assert!(
                is_new && !title.contains(" | "),
                "{kind}: {title}: a title is unique"
            );
            all.push(call);
        }
    }
    all
}

fn call(kind: &'static str, title: &str, text: &str) -> Result<Call, String> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let field = ["in", "call", "prompt", "expect"]
            .into_iter()
            .find_map(|name| {
                let value = line.strip_prefix(name)?.strip_prefix(": ")?;
                Some((name, value.to_owned()))
            });
        match (field, fields.last_mut()) {
            (Some(field), _) => fields.push(field),
            (None, Some((_, value))) => {
                value.push('\n');
                value.push_str(line);
            }
            (None, None) => return Err(format!("{line:?} belongs to nothing")),
        }
    }
    let all = |wanted: &'static str| {
        let fields = fields.iter().filter(move |(name, _)| *name == wanted);
        fields.map(|(_, value)| value.as_str())
    };
    let (method, said) = match (all("call").next(), all("prompt").next()) {
        (Some(said), None) => ("tools/call", said),
        (None, Some(said)) => ("prompts/get", said),
        _ => return Err("one call or prompt is needed".to_owned()),
    };
    // A name may have blanks, so JSON begins where JSON begins.
    let (name, arguments) = match said.find([' ', '\n']) {
        Some(end) => (&said[..end], Some(said[end..].trim())),
        None => (said, None),
    };
    let arguments = arguments.map(serde_json::from_str).transpose();
    let expected: Vec<Expected> = all("expect").map(expected).collect::<Result<_, _>>()?;
    if expected.is_empty() {
        return Err("nothing is expected".to_owned());
    }
    Ok(Call {
        kind,
        title: title.to_owned(),
        scenario: all("in").next().unwrap_or("all").to_owned(),
        method,
        name: name.to_owned(),
        arguments: arguments.map_err(|error| format!("{said}: {error}"))?,
        expected,
    })
}

fn expected(text: &str) -> Result<Expected, String> {
    let words = words(text)?;
    let (verb, rest) = words.split_first().ok_or("an empty expectation")?;
    match verb.text.as_str() {
        "answered" => answered(rest),
        "refused" => {
            let (by, rest) = match rest {
                [by, rest @ ..] if !by.is_quoted => (Some(by.text.clone()), rest),
                rest => (None, rest),
            };
            let words: Vec<_> = rest.iter().map(|word| word.text.clone()).collect();
            match words.is_empty() {
                true => Err("which words must the advice have?".to_owned()),
                false => Ok(Expected::Refused { by, words }),
            }
        }
        "result" => {
            let of = |lacks: bool| {
                let words = rest.iter().filter(|word| word.is_negated == lacks);
                words.map(|word| word.text.clone()).collect()
            };
            Ok(Expected::Result {
                has: of(false),
                lacks: of(true),
            })
        }
        other => Err(format!("{other} is no outcome")),
    }
}

fn answered(words: &[Word]) -> Result<Expected, String> {
    let (mut targets, mut after, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_before = false;
    for Word { text, .. } in words {
        if text == "after" {
            is_before = true;
        } else if let Some((name, value)) = text.split_once('=') {
            if !OF_ANSWER.contains(&name) && !Sent::FACTS.contains(&name) {
                return Err(format!("{name} is no condition"));
            }
            conditions.push(Condition {
                name: name.to_owned(),
                value: value.to_owned(),
            });
        } else if let Some((provider, models)) = text.split_once('/') {
            let target = Target {
                provider: provider.to_owned(),
                models: models.split('|').map(str::to_owned).collect(),
            };
            match is_before {
                true => after.push(target),
                false => targets.push(target),
            }
        } else {
            return Err(format!("{text} is neither a target nor a condition"));
        }
    }
    // No effort comes from nowhere.
    if !conditions.iter().any(|it| it.name == "effort") {
        let [name, value] = ["effort", ""].map(str::to_owned);
        conditions.push(Condition { name, value });
    }
    match targets.is_empty() {
        true => Err("who answers?".to_owned()),
        false => Ok(Expected::Answered {
            targets,
            after,
            conditions,
        }),
    }
}

/// A word of an expectation.
#[derive(Debug, Default)]
struct Word {
    text: String,
    /// It begins with a quotation mark.
    is_quoted: bool,
    /// `!` stands before it.
    is_negated: bool,
}

/// Words, where what stands between quotation marks is a JSON string.
fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut word = Word::default();
        while let Some(first) = rest.chars().next().filter(|first| !first.is_whitespace()) {
            if first == '"' {
                let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let string = strings.next().and_then(Result::ok);
                let string = string.ok_or_else(|| format!("{rest}: no string"))?;
                word.is_quoted |= word.text.is_empty();
                word.text.push_str(&string);
                rest = &rest[strings.byte_offset()..];
            } else {
                match first == '!' && word.text.is_empty() {
                    true => word.is_negated = true,
                    false => word.text.push(first),
                }
                rest = &rest[first.len_utf8()..];
            }
        }
        words.push(word);
        rest = rest.trim_start();
    }
    Ok(words)
}

/// The scenarios and lists of `stand-ins.txt`.
pub(super) fn stand_ins() -> (Vec<Scenario>, Vec<List>) {
    let text = std::fs::read_to_string(path("stand-ins.txt")).unwrap();
    let (mut scenarios, mut lists): (Vec<Scenario>, Vec<List>) = Default::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => {}
            ["scenario", name, ref providers @ ..] => scenarios.push(Scenario {
                name: name.to_owned(),
                providers: providers.iter().map(|&it| it.to_owned()).collect(),
                file: None,
            }),
            ["file", ..] => {
                let scenario = scenarios.last_mut().expect("file follows a scenario");
                scenario.file = line.trim().strip_prefix("file ").map(str::to_owned);
            }
            ["models", provider] => lists.push(List {
                provider: provider.to_owned(),
                models: Vec::new(),
            }),
            [id, day, usage, ref name @ ..] if line.starts_with("  ") => {
                let list = lists.last_mut().expect("a model follows a provider");
                list.models.push(Served {
                    id: id.to_owned(),
                    day: day.to_owned(),
                    created: seconds(day),
                    name: name.join(" "),
                    usage: usage_of(usage).unwrap_or_else(|| panic!("{line}: which use?")),
                });
            }
            _ => panic!("stand-ins.txt: {line}"),
        }
    }
    (scenarios, lists)
}

fn usage_of(word: &str) -> Option<Use> {
    Some(match word {
        "chat" => Use::Chat,
        "unlisted" => Use::Unlisted,
        "busy" => Use::Busy,
        "embeddings" => Use::Embeddings,
        "other" => Use::Other,
        _ => return None,
    })
}

/// From 1970 to the beginning of a day like `2026-10-13`; 0 for `-`.
fn seconds(day: &str) -> u64 {
    let numbers: Vec<u64> = day.split('-').filter_map(|it| it.parse().ok()).collect();
    let [year, month, day] = numbers[..] else {
        return 0;
    };
    // Years begin in March, so that a leap day is their last one.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    (days - 719_468) * 86_400
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (day, days) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2026-10-13", 20_739),
        ] {
            assert_eq!(seconds(day), days * 86_400, "{day}");
        }
        assert_eq!(seconds("-"), 0);
    }

    #[test]
    fn an_expectation_that_cannot_be_read_is_an_error() {
        for bad in [
            "",
            "maybe",
            "answered",
            "answered effort=high",
            "answered openai/gpt-5 colour=red",
            "answered gpt-5",
            "refused",
            "refused openai",
            "refused \"open",
        ] {
            assert!(expected(bad).is_err(), "{bad}");
        }
        let read = expected("refused openai \"one \\\"two\\\"\" \"three\"").unwrap();
        let Expected::Refused { by, words } = read else {
            panic!("{read:?}")
        };
        assert_eq!(
            (by.as_deref(), &*words),
            (
                Some("openai"),
                &["one \"two\"".to_owned(), "three".to_owned()][..]
            )
        );
    }
}
