//! The definition of every tool, as `tools/list` sends it, equals its file in `tests/snapshots/tools/`. After a change
//! that is meant, `UPDATE_SNAPSHOTS=1 cargo test -p anygpt-tests --test main tools::definitions` writes the files anew.
//!
//! Never here: what a tool does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anygpt_tests::session::{MODERN, Session, offline};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Set to anything, it makes the files follow the program.
const UPDATE: &str = "UPDATE_SNAPSHOTS";

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    result: List<'a>,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[test]
fn every_definition_is_its_snapshot() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/tools");
    let (mut session, _) = Session::open(offline().env("ANYGPT_TOOLS", "all"), MODERN);
    session.send(1, "tools/list", json!({}));
    let line = session.server.line();
    let response: Response<'_> = serde_json::from_str(&line).unwrap();
    let definitions: BTreeMap<PathBuf, String> =
        response.result.tools.iter().map(definition).collect();
    if env::var_os(UPDATE).is_some() {
        for (file, text) in &definitions {
            fs::write(folder.join(file), text).unwrap();
        }
    }
    for (file, text) in &definitions {
        let snapshot = fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert_eq!(
            *text,
            snapshot,
            "{} differs: see the header of this test",
            file.display()
        );
    }
    for entry in fs::read_dir(&folder).unwrap() {
        let file = PathBuf::from(entry.unwrap().file_name());
        assert!(
            definitions.contains_key(&file),
            "{} is of no tool",
            file.display()
        );
    }
}

/// The name of a tool's file, and its text.
fn definition(tool: &&RawValue) -> (PathBuf, String) {
    let Named { name } = serde_json::from_str(tool.get()).unwrap();
    (format!("{name}.json").into(), indented(tool.get()))
}

/// JSON of one line with one member or element per line. The members keep their order, which clients show; a
/// `serde_json::Value` would sort them.
fn indented(json: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    let (mut in_string, mut is_escaped) = (false, false);
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        if in_string {
            text.push(c);
            in_string = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            '{' | '[' => {
                text.push(c);
                match rest.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => text.push(end),
                    None => {
                        depth += 1;
                        new_line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => {
                in_string = c == '"';
                text.push(c);
            }
        }
    }
    text.push('\n');
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}
