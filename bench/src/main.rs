//! Measures the server: as a process beside others, in front of a provider, and in instructions.
//!
//!   anygpt-bench [--short] [--peer NAME=COMMAND]… stdio PROGRAM FLOOR FOLDER
//!   anygpt-bench gate|count PROGRAM COUNTS FOLDER
//!
//! Never here: a verdict on times. A timed test fails on a busy machine and proves nothing on an idle one; what
//! can fail is the count of instructions (`gate`).

#![allow(clippy::print_stdout, clippy::print_stderr)] // Printing is what it does.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use serde_json::json;
use tokio::runtime;

use crate::{
    gate::Gate,
    process::{Subject, last_processor, pin},
    report::Report,
    stdio::{Effort, Field},
};

mod gate;
mod gateway;
mod load;
mod numbers;
mod process;
mod provider;
mod report;
mod stdio;

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("anygpt-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: Vec<String>) -> io::Result<()> {
    let mut effort = Effort::FULL;
    let mut peers = Vec::new();
    let mut plain = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match &*word {
            "--short" => effort = Effort::SHORT,
            "--peer" => {
                let peer = words.next().unwrap_or_default();
                let (name, command) = peer.split_once('=').unwrap_or_default();
                peers.push(Subject::peer(name, command)?);
            }
            _ => plain.push(word),
        }
    }
    let words: Vec<&str> = plain.iter().map(String::as_str).collect();
    match words[..] {
        ["stdio", ours, floor, folder] => {
            let folder = PathBuf::from(folder);
            fs::create_dir_all(&folder)?;
            pin(last_processor())?;
            let mut report = Report::default();
            let field = Field {
                ours: Path::new(ours),
                floor: Path::new(floor),
                peers: &peers,
                folder: &folder,
            };
            stdio::run(&field, effort, &mut report)?;
            print!("{}", report.table());
            report.write_json(&folder.join("stdio.json"), &json!({}))
        }
        ["gateway", ours, folder] => {
            fs::create_dir_all(folder)?;
            raise_file_limit()?;
            let mut report = Report::default();
            let (ours, folder) = (Path::new(ours), Path::new(folder));
            gateway::run(ours, folder, effort.rounds, effort.share(), &mut report)?;
            print!("{}", report.table());
            Ok(())
        }
        ["provider", latency, tokens] => {
            raise_file_limit()?;
            let number = |word: &str| word.parse().map_err(io::Error::other);
            let latency = Duration::from_millis(number(latency)?);
            let tokens = usize::try_from(number(tokens)?).map_err(io::Error::other)?;
            runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(provider::serve(latency, tokens))
        }
        [verb @ ("gate" | "count"), program, file, folder] => {
            fs::create_dir_all(folder)?;
            let gate = Gate {
                program: Path::new(program),
                file: Path::new(file),
                folder: Path::new(folder),
            };
            print!(
                "{}",
                if verb == "gate" {
                    gate.compare()?
                } else {
                    gate.store()?
                }
            );
            Ok(())
        }
        _ => Err(io::Error::other("see the top of bench/src/main.rs")),
    }
}

/// A socket for each call in flight, on both sides.
fn raise_file_limit() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, wanted)?)
}
