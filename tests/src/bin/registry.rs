//! Writes the files under `runtime/registry`, which are generated from the program.
//!
//! Never here: their content; that is the library's `registry`.

// It prints to a terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anygpt_tests::registry::{self, COMMIT, OWNER};
use lexopt::prelude::*;

const HELP: &str = "\
registry: write the catalogue entries of anygpt-mcp

Usage: registry [--owner NAME --commit HASH] PROGRAM FOLDER

PROGRAM is asked for its tools. With an owner and a commit the files are ready to be submitted,
and FOLDER gets readme.md as well.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("registry: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (mut owner, mut commit, mut places) = (None, None, Vec::new());
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("owner") => owner = Some(arguments.value()?.string()?),
            Long("commit") => commit = Some(arguments.value()?.string()?),
            Value(place) => places.push(PathBuf::from(place)),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let [program, folder] = &places[..] else {
        return Err("give PROGRAM and FOLDER; see --help".into());
    };
    let filling = match (owner, commit) {
        (None, None) => None,
        (Some(owner), Some(commit)) => Some((owner, commit)),
        _ => return Err("--owner and --commit belong together".into()),
    };
    if let Some((owner, commit)) = &filling {
        if owner == OWNER || owner.is_empty() {
            return Err(format!("{OWNER} stands for the owner; name the real one").into());
        }
        let is_hash =
            commit.len() == 40 && commit.bytes().all(|b| b"0123456789abcdef".contains(&b));
        if !is_hash || commit == COMMIT {
            return Err("a commit is 40 lower-case hexadecimal digits".into());
        }
    }

    let listed = Command::new(program).args(["tools", "--json"]).output()?;
    if !listed.status.success() {
        return Err(format!("{} does not list its tools", program.display()).into());
    }
    let tools = String::from_utf8(listed.stdout)?;
    let mut files = registry::files(&tools, env!("CARGO_PKG_VERSION"))?;
    if filling.is_some() {
        let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/registry/readme.md");
        files.push(("readme.md", fs::read_to_string(readme)?));
    }
    for (path, content) in files {
        let content = match &filling {
            Some((owner, commit)) => registry::filled(&content, owner, commit),
            None => content,
        };
        write(&folder.join(path), &content)?;
    }
    Ok(())
}

fn write(path: &Path, content: &str) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}
