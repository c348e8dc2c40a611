//! The corpus of the wire (`wire/`): what a provider sends, and what must come of it, as text files. This module reads them
//! and plays them with the real program.
//!
//! `wire/README.md` documents the form. Never here: a case itself, or reading a stream without the program (`reading`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::outcome::error;
use crate::provider::{Family, Provider, Reply};
use crate::server::Server;
use crate::tables::tests;

/// One file.
#[derive(Clone, Debug)]
pub struct Case {
    /// `FORMAT/KIND/NAME`.
    pub name: String,
    pub family: Family,
    env: Vec<(String, String)>,
    tool: String,
    arguments: Map<String, Value>,
    /// What the requests have, in their order.
    requests: Vec<Value>,
    /// What is sent, in the order of the requests.
    pub replies: Vec<Sent>,
    /// What is sent to requests for the list of models.
    lists: Vec<Sent>,
    expected: Expected,
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    status: u16,
    content_type: String,
    headers: Vec<(String, String)>,
    pub pieces: Vec<Vec<u8>>,
    /// Whether the connection breaks before the end of the body.
    is_cut: bool,
}

#[derive(Clone, Debug)]
enum Expected {
    /// Members of the structured content.
    Result(Value),
    /// What the text of the error contains.
    Error(Vec<String>),
}

/// Formats, by their folders.
pub const FORMATS: [(&str, Family); 4] = [
    ("anthropic", Family::Anthropic),
    ("chat", Family::Compatible),
    ("google", Family::Google),
    ("responses", Family::OpenAi),
];

/// All cases of a format.
///
/// # Panics
/// If a file cannot be read, with its name and the reason.
pub fn cases(family: Family) -> Vec<Case> {
    let (format, _) = FORMATS.iter().find(|(_, known)| *known == family).unwrap();
    let mut files = Vec::new();
    for kind in entries(&tests().join("wire").join(format)) {
        files.extend(entries(&kind));
    }
    let read = |file: &PathBuf| {
        let names: Vec<_> = file.iter().rev().take(3).collect();
        let [file_name, kind, _] = names[..] else {
            unreachable!("a file in two folders")
        };
        let name = Path::new(format).join(kind).join(file_name);
        let name = name.with_extension("").display().to_string();
        let text = std::fs::read_to_string(file).unwrap();
        parse(&name, family, &text).unwrap_or_else(|problem| panic!("{name}: {problem}"))
    };
    files.iter().map(read).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The text between a line that begins with `== ` and the next one, with the words of that line.
struct Section<'a> {
    words: Vec<&'a str>,
    text: String,
}

fn sections(text: &str) -> Result<Vec<Section<'_>>, String> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix("== "), sections.last_mut()) {
            (Some(head), _) => sections.push(Section {
                words: head.split_whitespace().collect(),
                text: String::new(),
            }),
            (None, Some(section)) => section.text.push_str(line),
            (None, None) if line.starts_with('#') || line.trim().is_empty() => {}
            (None, None) => return Err(format!("{line:?} is in no section")),
        }
    }
    Ok(sections)
}

fn parse(name: &str, family: Family, text: &str) -> Result<Case, String> {
    let mut case = Case {
        name: name.to_owned(),
        family,
        env: Vec::new(),
        tool: "anygpt_chat_completion".to_owned(),
        arguments: json!({"prompt": "hi"}).as_object().unwrap().clone(),
        requests: Vec::new(),
        replies: Vec::new(),
        lists: Vec::new(),
        expected: Expected::Error(Vec::new()),
    };
    let mut expected = None;
    if !text.starts_with("# ") {
        return Err("a file begins with what it is: `# …`".to_owned());
    }
    for section in sections(text)? {
        let text = &section.text;
        match section.words[..] {
            ["env", ..] => {
                let pairs = text.lines().filter(|line| !line.trim().is_empty());
                let pairs = pairs.map(|line| line.split_once('=').ok_or("NAME=value"));
                for pair in pairs {
                    let (name, value) = pair?;
                    case.env.push((name.to_owned(), value.to_owned()));
                }
            }
            ["call", ref tool @ ..] => {
                if let [tool] = tool {
                    case.tool = (*tool).to_owned();
                }
                case.arguments = json(text)?.as_object().cloned().ok_or("no object")?;
            }
            ["request"] => case.requests.push(json(text)?),
            ["reply", ref words @ ..] => case.replies.push(sent(words, text)?),
            ["models", ref words @ ..] => case.lists.push(sent(words, text)?),
            ["result"] => expected = Some(Expected::Result(json(text)?)),
            ["error"] => {
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                expected = Some(Expected::Error(lines.map(str::to_owned).collect()));
            }
            _ => return Err(format!("no section is called {:?}", section.words)),
        }
    }
    case.expected = expected.ok_or("there is neither a result nor an error")?;
    Ok(case)
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{error} in {text}"))
}

fn sent(words: &[&str], text: &str) -> Result<Sent, String> {
    let mut sent = Sent {
        status: 200,
        content_type: "text/event-stream".to_owned(),
        headers: Vec::new(),
        pieces: Vec::new(),
        is_cut: false,
    };
    let mut is_escaped = false;
    for word in words {
        match (*word, word.parse(), word.split_once('=')) {
            (_, Ok(status), _) => sent.status = status,
            ("escaped", ..) => is_escaped = true,
            ("cut", ..) => sent.is_cut = true,
            // Such a value may have an equals sign of its own.
            (kind, ..) if kind.contains('/') => kind.clone_into(&mut sent.content_type),
            (_, _, Some((name, value))) => {
                sent.headers.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(format!("{word:?} is no part of a reply")),
        }
    }
    for piece in text.split("~~~\n") {
        sent.pieces.push(match is_escaped {
            true => unescaped(piece)?,
            false => piece.as_bytes().to_vec(),
        });
    }
    Ok(sent)
}

/// Bytes from `\r`, `\n`, `\t`, `\\`, `\xNN` and `\uNNNN`; line ends are left out.
fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            if c != '\n' {
                bytes.extend(c.to_string().bytes());
            }
            continue;
        }
        let escape = rest.chars().next().ok_or("a backslash at the end")?;
        rest = &rest[escape.len_utf8()..];
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            _ => 0,
        };
        let number = rest.get(..digits).ok_or("too few digits")?;
        rest = &rest[digits..];
        let number = u32::from_str_radix(number, 16).unwrap_or_default();
        match escape {
            'r' => bytes.push(b'\r'),
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            '\\' => bytes.push(b'\\'),
            'x' => bytes.push(u8::try_from(number).unwrap()),
            'u' => bytes.extend(
                char::from_u32(number)
                    .ok_or("no character")?
                    .to_string()
                    .bytes(),
            ),
            _ => return Err(format!("\\{escape} is no escape")),
        }
    }
    Ok(bytes)
}

impl Sent {
    /// Whether it is a stream that is read to its end.
    pub fn is_stream(&self) -> bool {
        self.status == 200 && self.content_type.starts_with("text/event-stream") && !self.is_cut
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    fn reply(&self) -> Reply {
        let mut reply = match self.content_type.starts_with("text/event-stream") {
            true => Reply::raw_pieces(self.pieces.clone()),
            false => Reply::body(200, &self.content_type, self.bytes()),
        };
        reply = reply
            .status(self.status)
            .header("content-type", &self.content_type);
        for (name, value) in &self.headers {
            reply = reply.header(name, value);
        }
        match self.is_cut {
            true => reply.cut_after(self.pieces.len()),
            false => reply,
        }
    }
}

impl Case {
    /// Plays it with a program and a provider of its own.
    ///
    /// # Errors
    /// What differs.
    pub fn play(&self) -> Result<(), String> {
        let provider = Provider::start();
        provider.script(self.family, self.replies.iter().map(Sent::reply));
        provider.script_models(self.family, self.lists.iter().map(Sent::reply));
        let mut server = Server::builder()
            .envs(provider.every_env())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .limit(Duration::from_secs(60))
            .spawn();
        let mut arguments = self.arguments.clone();
        if self.tool == "anygpt_chat_completion" && !arguments.contains_key("model") {
            let model = format!("{}/{}", self.family.id(), self.family.model());
            arguments.insert("model".to_owned(), model.into());
        }
        let result = server.call_tool(&self.tool, arguments.into());
        self.check_requests(&provider)?;
        match &self.expected {
            Expected::Error(lines) => {
                if result["isError"] != true {
                    return Err(format!("no error: {result}"));
                }
                let text = error(&result);
                match lines.iter().find(|line| !text.contains(*line)) {
                    Some(line) => Err(format!("{line:?} is not in {text:?}")),
                    None => Ok(()),
                }
            }
            Expected::Result(members) => {
                if result["isError"] == true {
                    return Err(format!("an error: {}", error(&result)));
                }
                check_result(members, &result["structuredContent"])
            }
        }
    }

    /// One request for each reply, with what it must have.
    fn check_requests(&self, provider: &Provider) -> Result<(), String> {
        let requests = provider.requests();
        let posted = requests.iter().filter(|request| request.method == "POST");
        let bodies: Vec<Value> = posted.map(|request| request.json()).collect();
        if bodies.len() != self.replies.len() {
            let (sent, wanted) = (bodies.len(), self.replies.len());
            return Err(format!("{sent} requests for {wanted} replies: {bodies:#?}"));
        }
        for (body, members) in bodies.iter().zip(&self.requests) {
            check_members(members, body).map_err(|problem| format!("request: {problem}"))?;
        }
        Ok(())
    }
}

fn check_result(members: &Value, result: &Value) -> Result<(), String> {
    let mut members = members.clone();
    if let Some(Value::Array(wanted)) = members
        .as_object_mut()
        .and_then(|all| all.remove("warnings"))
    {
        let warnings = result["warnings"].as_array().cloned().unwrap_or_default();
        let has = |wanted: &Value| {
            let wanted = wanted.as_str().unwrap_or_default();
            warnings
                .iter()
                .any(|warning| warning.as_str().is_some_and(|said| said.contains(wanted)))
        };
        if warnings.len() != wanted.len() || !wanted.iter().all(has) {
            return Err(format!("warnings: {warnings:#?}"));
        }
    }
    check_members(&members, result)
}

/// Whether a value has these members. `null` is one that it must not have.
fn check_members(members: &Value, value: &Value) -> Result<(), String> {
    for (name, wanted) in members.as_object().ok_or("no object")? {
        let found = &value[name];
        if found != wanted {
            return Err(format!("{name} is {found}, not {wanted}, in {value}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_sections_pieces_and_escapes() {
        let text = "# Why.\n\n== env\nA=b=c\n\n== call\n{\"prompt\": \"x\"}\n\n== request\n{\"a\": null}\n\
                    == reply\ndata: 1\n\n~~~\ndata: 2\n\n\
                    == reply 429 application/json; retry-after=3 escaped cut\n{}\\r\\xff\n\\u00e9\\\\\n\n\
                    == result\n{\"text\": \"t\"}\n";
        let case = parse("chat/a/b", Family::Compatible, text).unwrap();
        assert_eq!(case.env, [("A".to_owned(), "b=c".to_owned())]);
        assert_eq!(case.arguments["prompt"], "x");
        let [first, second] = &case.replies[..] else {
            panic!("{:?}", case.replies)
        };
        assert_eq!(first.pieces, [b"data: 1\n\n", b"data: 2\n\n"]);
        assert!(first.is_stream() && !second.is_stream());
        assert_eq!(second.bytes(), b"{}\r\xff\xc3\xa9\\");
        assert_eq!((second.status, second.is_cut), (429, true));
        assert_eq!(second.headers, [("retry-after".to_owned(), "3".to_owned())]);
        for broken in [
            "no comment",
            "# a\nb\n== result\n{}\n",
            "# a\n== reply 200\n",
            "# a\n== reply what\n== result\n{}\n",
            "# a\n== answer\n",
            "# a\n== result\n{\n",
            "# a\n== reply escaped\n\\q\n== result\n{}\n",
        ] {
            assert!(parse("a", Family::OpenAi, broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn what_differs_is_said() {
        let result = json!({"text": "a", "warnings": ["one thing", "another"]});
        let check = |members: Value| check_result(&members, &result).is_ok();
        assert!(check(
            json!({"text": "a", "usage": null, "warnings": ["other", "one"]})
        ));
        assert!(check(json!({})));
        assert!(!check(json!({"text": "b"})));
        assert!(!check(json!({"text": null})));
        assert!(!check(json!({"usage": {}})));
        assert!(!check(json!({"warnings": []})));
        assert!(!check(json!({"warnings": ["one", "two"]})));
    }
}
