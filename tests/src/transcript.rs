//! Transcripts: conversations with the program as text files. This module reads them, plays them against a
//! [`Server`], and compares messages with what the file expects.
//!
//! `docs/transcripts.md` documents the format. Never here: a conversation itself.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::provider::Provider;
use crate::server::{Builder, Server};

/// Plays a transcript file.
///
/// # Errors
///
/// Every difference, formatted for the reader.
pub fn play(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    Play::new().all(&parse(&text)?)
}

/// How long `nothing` waits.
const SILENCE: Duration = Duration::from_millis(150);

/// The limit of any other wait.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq)]
struct Step {
    line: usize,
    action: Action,
}

#[derive(Debug, PartialEq)]
enum Action {
    Env(String, String),
    Argument(String),
    Send(String),
    Expect(String),
    /// Several lines, in any order.
    ExpectAll(Vec<String>),
    Nothing,
    CloseStdin,
    Exit(i32),
    StderrContains(String),
    StderrLacks(String),
    Restart,
}

fn parse(text: &str) -> Result<Vec<Step>, String> {
    // A line that begins with white space continues the one above.
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match lines.last_mut() {
            _ if line.trim().is_empty() || line.starts_with('#') => {}
            Some((_, last)) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push((index + 1, line.to_owned())),
        }
    }

    let mut steps: Vec<Step> = Vec::new();
    for (line, text) in lines {
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        if let ("<" | "<~", Err(error)) = (word, serde_json::from_str::<Value>(rest)) {
            return Err(format!(
                "line {line}: what is expected must be JSON: {error}"
            ));
        }
        let action = match (word, rest) {
            (">", message) => Action::Send(message.to_owned()),
            ("<", message) => Action::Expect(message.to_owned()),
            ("<~", message) => {
                if let Some(Step {
                    action: Action::ExpectAll(messages),
                    ..
                }) = steps.last_mut()
                {
                    messages.push(message.to_owned());
                    continue;
                }
                Action::ExpectAll(vec![message.to_owned()])
            }
            ("env", pair) => {
                let (name, value) = pair
                    .split_once('=')
                    .ok_or(format!("line {line}: env NAME=VALUE"))?;
                Action::Env(name.to_owned(), value.to_owned())
            }
            ("arg", argument) => Action::Argument(argument.to_owned()),
            ("nothing", "") => Action::Nothing,
            ("eof", "") => Action::CloseStdin,
            ("restart", "") => Action::Restart,
            ("exit", code) => Action::Exit(
                code.parse()
                    .map_err(|_| format!("line {line}: exit wants a number, not {code:?}"))?,
            ),
            ("stderr", rest) => match rest.split_once(' ') {
                Some(("contains", text)) => Action::StderrContains(text.to_owned()),
                Some(("lacks", text)) => Action::StderrLacks(text.to_owned()),
                _ => {
                    return Err(format!(
                        "line {line}: stderr contains TEXT, or stderr lacks TEXT"
                    ));
                }
            },
            _ => return Err(format!("line {line}: unknown step {text:?}")),
        };
        steps.push(Step { line, action });
    }
    Ok(steps)
}

/// A transcript being played. The process starts with the first step that needs it.
struct Play {
    start: Option<Builder>,
    server: Option<Server>,
    provider: Option<Provider>,
}

impl Play {
    fn new() -> Self {
        Self {
            start: None,
            server: None,
            provider: None,
        }
    }

    fn all(mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            self.step(&step.action).map_err(|problem| {
                let seen = self.server.as_ref().map(Server::seen).unwrap_or_default();
                format!("line {}: {problem}\n{seen}", step.line)
            })?;
        }
        self.finish()
            .map_err(|problem| format!("at the end: {problem}"))
    }

    fn step(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Env(..) | Action::Argument(_) if self.server.is_some() => {
                return Err(
                    "env and arg belong before the first line sent, or behind restart".to_owned(),
                );
            }
            Action::Env(name, value) => {
                let value = self.with_urls(value);
                self.start = Some(self.builder().env(name, value));
            }
            Action::Argument(argument) => self.start = Some(self.builder().arg(argument)),
            Action::Restart => {
                self.finish()?;
                self.server = None;
            }
            Action::Send(line) => self.server().send(line),
            Action::Expect(expected) => {
                let actual = self
                    .server()
                    .line_within(LIMIT)
                    .ok_or("no further line on stdout")?;
                compare(expected, &actual)?;
            }
            Action::ExpectAll(expected) => self.expect_all(expected)?,
            Action::Nothing => {
                if let Some(line) = self.server().line_within(SILENCE) {
                    return Err(format!("expected nothing, got\n  {line}"));
                }
            }
            Action::CloseStdin => self.server().close_stdin(),
            Action::Exit(code) => {
                let server = self.server();
                // Read first, because stdout ends with the process: unexpected lines must be reported.
                if let Some(line) = server.line_within(LIMIT) {
                    return Err(format!("expected the end, got\n  {line}"));
                }
                let exit = server.wait();
                if exit.code != Some(*code) {
                    return Err(format!("expected exit code {code}, got {exit:?}"));
                }
            }
            Action::StderrContains(text) => self.server().wait_stderr(text),
            Action::StderrLacks(text) => {
                if self.server().stderr().contains(text) {
                    return Err(format!("stderr contains {text:?}"));
                }
            }
        }
        Ok(())
    }

    fn expect_all(&mut self, expected: &[String]) -> Result<(), String> {
        let mut open: Vec<&String> = expected.iter().collect();
        while !open.is_empty() {
            let actual = self
                .server()
                .line_within(LIMIT)
                .ok_or(format!("no further line; still expected {open:#?}"))?;
            let Some(found) = open
                .iter()
                .position(|expected| compare(expected, &actual).is_ok())
            else {
                let reasons: Vec<_> = open
                    .iter()
                    .filter_map(|expected| compare(expected, &actual).err())
                    .collect();
                return Err(format!(
                    "fits none of the expected lines:\n{}",
                    reasons.join("\n")
                ));
            };
            open.remove(found);
        }
        Ok(())
    }

    /// Ends the process if the transcript has not: no unexpected output may be left.
    fn finish(&mut self) -> Result<(), String> {
        let Some(server) = &mut self.server else {
            return Ok(());
        };
        server.close_stdin();
        match server.line_within(LIMIT) {
            Some(line) => Err(format!("unexpected output\n  {line}")),
            None => {
                server.wait();
                Ok(())
            }
        }
    }

    fn builder(&mut self) -> Builder {
        self.start
            .take()
            .unwrap_or_else(|| Server::builder().limit(LIMIT))
    }

    fn server(&mut self) -> &mut Server {
        if self.server.is_none() {
            self.server = Some(self.builder().spawn());
        }
        self.server.as_mut().expect("just started")
    }

    /// Fills in `{NAME_BASE_URL}` placeholders; the first one starts a mock provider.
    fn with_urls(&mut self, value: &str) -> String {
        if !value.contains("_BASE_URL}") {
            return value.to_owned();
        }
        let provider = self.provider.get_or_insert_with(Provider::start);
        provider
            .urls()
            .iter()
            .fold(value.to_owned(), |value, (name, url)| {
                value.replace(&format!("{{{name}}}"), url)
            })
    }
}

/// Compares a line with the expected one of a transcript.
///
/// # Errors
///
/// Each difference, with its path.
pub fn compare(expected: &str, actual: &str) -> Result<(), String> {
    let pattern: Value = serde_json::from_str(expected)
        .map_err(|error| format!("the expected line is not JSON: {error}\n  {expected}"))?;
    let value: Value = serde_json::from_str(actual)
        .map_err(|error| format!("the line is not JSON: {error}\n  {actual}"))?;

    let mut differences = String::new();
    match_value(&pattern, &value, "", &mut differences);
    // An id must come back digit for digit and byte for byte, which parsed values cannot show.
    if let (Some(expected), Some(actual)) = (raw_id(expected), raw_id(actual))
        && !is_wildcard(&pattern["id"])
        && expected != actual
        && pattern["id"] == value["id"]
    {
        differ(&mut differences, ".id", &expected, &actual);
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the line differs\n{differences}  expected  {expected}\n  actual    {actual}"
    ))
}

fn raw_id(message: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Message {
        id: Option<Box<RawValue>>,
    }
    Some(
        serde_json::from_str::<Message>(message)
            .ok()?
            .id?
            .get()
            .to_owned(),
    )
}

fn is_wildcard(pattern: &Value) -> bool {
    pattern
        .as_str()
        .is_some_and(|text| text.contains(REST) || (text.starts_with('<') && text.ends_with('>')))
}

/// In a string: any text. As the last element of an array or as a member: more may follow.
const REST: &str = "...";

fn match_value(pattern: &Value, value: &Value, path: &str, differences: &mut String) {
    match (pattern, value) {
        (Value::String(text), _) if text.starts_with('<') && text.ends_with('>') => {
            let fits = match text.as_str() {
                "<any>" => true,
                "<string>" => value.is_string(),
                "<number>" => value.is_number(),
                "<integer>" => value.is_i64() || value.is_u64(),
                "<boolean>" => value.is_boolean(),
                "<array>" => value.is_array(),
                "<object>" => value.is_object(),
                _ => pattern == value,
            };
            if !fits {
                differ(differences, path, text, value);
            }
        }
        (Value::String(glob), Value::String(text)) if glob.contains(REST) => {
            if !glob_matches(glob, text) {
                differ(differences, path, pattern, value);
            }
        }
        (Value::Array(patterns), Value::Array(values)) => {
            let (patterns, open) = match patterns.split_last() {
                Some((last, before)) if last == REST => (before, true),
                _ => (patterns.as_slice(), false),
            };
            for (index, pattern) in patterns.iter().enumerate() {
                let path = format!("{path}[{index}]");
                match values.get(index) {
                    Some(value) => match_value(pattern, value, &path, differences),
                    None => differ(differences, &path, pattern, "nothing"),
                }
            }
            if !open {
                for (index, value) in values.iter().enumerate().skip(patterns.len()) {
                    differ(differences, &format!("{path}[{index}]"), "nothing", value);
                }
            }
        }
        (Value::Object(patterns), Value::Object(values)) => {
            for (name, pattern) in patterns.iter().filter(|(name, _)| *name != REST) {
                let path = format!("{path}.{name}");
                match values.get(name) {
                    None if pattern == "<absent>" => {}
                    None => differ(differences, &path, pattern, "nothing"),
                    Some(value) => match_value(pattern, value, &path, differences),
                }
            }
            if !patterns.contains_key(REST) {
                for (name, value) in values
                    .iter()
                    .filter(|(name, _)| !patterns.contains_key(*name))
                {
                    differ(differences, &format!("{path}.{name}"), "nothing", value);
                }
            }
        }
        _ if pattern == value => {}
        _ => differ(differences, path, pattern, value),
    }
}

fn differ(
    differences: &mut String,
    path: &str,
    expected: impl std::fmt::Display,
    actual: impl std::fmt::Display,
) {
    let path = if path.is_empty() { "the message" } else { path };
    _ = writeln!(differences, "  {path}: expected {expected}, got {actual}");
}

/// Whether `text` is `glob` with each `...` replaced by any text.
fn glob_matches(glob: &str, text: &str) -> bool {
    let mut parts = glob.split(REST);
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fits(expected: &str, actual: &str) {
        if let Err(problem) = compare(expected, actual) {
            panic!("{problem}");
        }
    }

    #[track_caller]
    fn differs(expected: &str, actual: &str, at: &str) {
        let problem = compare(expected, actual).expect_err("these differ");
        assert!(problem.contains(at), "{problem}");
    }

    #[test]
    fn exact_by_default() {
        fits(
            r#"{"a":[1,"x",null], "b":{}}"#,
            r#"{"b":{},"a":[1,"x",null]}"#,
        );
        differs(r#"{"a":1}"#, r#"{"a":2}"#, ".a: expected 1, got 2");
        differs(r#"{"a":1}"#, r#"{"a":1.0}"#, ".a: expected 1, got 1.0");
        differs(
            r#"{"a":1}"#,
            r#"{"a":1,"b":2}"#,
            ".b: expected nothing, got 2",
        );
        differs(
            r#"{"a":[{"b":1}]}"#,
            r#"{"a":[{}]}"#,
            ".a[0].b: expected 1, got nothing",
        );
        differs("[1]", "[1,2]", "[1]: expected nothing, got 2");
        differs("{}", "{", "not JSON");
    }

    #[test]
    fn wildcards_open_what_they_name() {
        fits(
            r#"{"a":"<any>","b":"<string>","c":"<integer>"}"#,
            r#"{"a":null,"b":"","c":-1}"#,
        );
        differs(
            r#"{"a":"<any>"}"#,
            "{}",
            ".a: expected \"<any>\", got nothing",
        );
        differs(r#"{"a":"<integer>"}"#, r#"{"a":1.5}"#, "<integer>");
        fits(r#"{"a":1,"...":"..."}"#, r#"{"a":1,"b":2}"#);
        differs(r#"{"a":1,"...":"..."}"#, r#"{"b":2}"#, ".a");
        fits(r#"{"a":"<absent>","...":"..."}"#, r#"{"b":2}"#);
        differs(r#"{"a":"<absent>","...":"..."}"#, r#"{"a":2}"#, ".a");
        fits(r#"[1,"..."]"#, "[1,2,3]");
        fits(r#"[1,"..."]"#, "[1]");
        differs(r#"[1,"..."]"#, "[2,3]", "[0]");
    }

    #[test]
    fn dots_in_a_string_stand_for_any_text() {
        fits(r#""...hello...""#, r#""echo: hello you""#);
        fits(r#""a...b...c""#, r#""a-b-b-c""#);
        fits(r#""a...""#, r#""a""#);
        differs(r#""a...b""#, r#""a-c""#, "the message");
        differs(r#""ab...bc""#, r#""abc""#, "the message");
        differs(r#""...""#, "1", "the message");
    }

    #[test]
    fn ids_are_compared_as_written() {
        let big = r#"{"id":123456789012345678901234567890}"#;
        fits(big, big);
        differs(big, r#"{"id":123456789012345678901234567891}"#, ".id");
        differs(r#"{"id":"é"}"#, r#"{"id":"\u00e9"}"#, ".id");
        fits(r#"{"id":"<any>"}"#, r#"{"id":7}"#);
        differs(r#"{"error":{}}"#, r#"{"id":null,"error":{}}"#, ".id");
    }

    #[test]
    fn steps_are_read_with_their_continuations() {
        let steps = parse("# title\nenv A=b=c\n\n> {\"x\":\n    1}\n<~ 1\n<~ 2\neof\nexit 0\nstderr contains a b\n").unwrap();
        let actions: Vec<Action> = steps.into_iter().map(|step| step.action).collect();
        assert_eq!(
            actions,
            [
                Action::Env("A".into(), "b=c".into()),
                Action::Send("{\"x\": 1}".into()),
                Action::ExpectAll(vec!["1".into(), "2".into()]),
                Action::CloseStdin,
                Action::Exit(0),
                Action::StderrContains("a b".into()),
            ]
        );
        assert_eq!(parse("ok?\n").unwrap_err(), "line 1: unknown step \"ok?\"");
    }

    #[test]
    fn every_transcript_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "txt") {
                let steps = parse(&std::fs::read_to_string(&path).unwrap());
                assert!(
                    steps.is_ok_and(|steps| !steps.is_empty()),
                    "{}",
                    path.display()
                );
            }
        }
        assert!(
            parse("< {\"a\":\n")
                .unwrap_err()
                .starts_with("line 1: what is expected must be JSON")
        );
    }

    fn played(script: &str, transcript: &str) -> Result<(), String> {
        let mut play = Play::new();
        play.start = Some(
            Server::builder()
                .program("sh")
                .args(["-c", script])
                .limit(LIMIT),
        );
        play.all(&parse(transcript)?)
    }

    #[test]
    fn a_conversation_is_played() {
        let script = "while read line; do echo \"{\\\"got\\\":$line}\"; done; echo bye >&2; exit 3";
        played(
            script,
            "> 1\n> 2\n<~ {\"got\":2}\n<~ {\"got\":1}\nnothing\neof\nexit 3\nstderr contains bye\n",
        )
        .unwrap();
        let problem = played(script, "> 1\n< {\"got\":2}\n").unwrap_err();
        assert!(
            problem.starts_with("line 2: the line differs\n  .got: expected 2, got 1"),
            "{problem}"
        );
        let problem = played(script, "> 1\neof\nexit 3\n").unwrap_err();
        assert!(
            problem.starts_with("line 3: expected the end, got"),
            "{problem}"
        );
        let problem = played(script, "> 1\n").unwrap_err();
        assert!(
            problem.starts_with("at the end: unexpected output"),
            "{problem}"
        );
        let problem = played(script, "eof\nexit 0\n").unwrap_err();
        assert!(problem.contains("expected exit code 0"), "{problem}");
    }
}
