//! Measures the server: as a process next to others, in front of a provider, in instructions.
//!
//! The table goes to stdout; `report.json`, `table.md` and the charts go into FOLDER.
//!
//! Never here: a verdict on times. A timed test fails on a busy machine and proves nothing on an idle one; the count of
//! instructions is what can fail (`gate`).

#![allow(clippy::print_stdout, clippy::print_stderr)] // Printing is what it does.

use std::{
    env, fs, io,
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::runtime;

use crate::{
    gate::Gate,
    process::{Subject, last_processor, pin},
    report::Report,
    stdio::{Effort, Field},
};

mod chart;
mod gate;
mod gateway;
mod growth;
mod load;
mod micro;
mod numbers;
mod process;
mod provider;
mod report;
mod stdio;

fn main() -> ExitCode {
    match run(env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("anygpt-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut words: impl Iterator<Item = String>) -> io::Result<()> {
    let mut effort = Effort::FULL;
    let mut peers = Vec::new();
    let mut plain = Vec::new();
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
        ["provider", latency, tokens] => serve_as_provider(latency, tokens),
        ["flood"] => runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(provider::flood()),
        [verb @ ("gate" | "count"), program, file, folder] => {
            fs::create_dir_all(folder)?;
            let gate = Gate {
                program: Path::new(program),
                file: Path::new(file),
                folder: Path::new(folder),
            };
            let text = match verb {
                "gate" => gate.compare()?,
                _ => gate.store()?,
            };
            print!("{text}");
            Ok(())
        }
        [
            what @ ("all" | "stdio" | "gateway" | "core" | "growth"),
            ours,
            floor,
            folder,
        ] => {
            let field = Field {
                ours: Path::new(ours),
                floor: Path::new(floor),
                peers: &peers,
                folder: Path::new(folder),
            };
            measure(what, &field, effort)
        }
        _ => Err(io::Error::other(USAGE)),
    }
}

const USAGE: &str = "usage:
  anygpt-bench [--short] [--peer NAME=COMMAND]... all|stdio|gateway|core|growth PROGRAM FLOOR FOLDER
  anygpt-bench gate|count PROGRAM COUNTS FOLDER
  anygpt-bench provider MILLISECONDS TOKENS
  anygpt-bench flood";

fn measure(what: &str, field: &Field<'_>, effort: Effort) -> io::Result<()> {
    fs::create_dir_all(field.folder)?;
    raise_file_limit()?;
    pin(last_processor())?;
    let all = what == "all";
    let mut report = Report::default();
    let start = Instant::now();
    if all || what == "stdio" {
        stdio::run(field, effort, &mut report)?;
    }
    if all || what == "gateway" {
        let rounds = effort.rounds.min(5);
        gateway::run(
            field.ours,
            field.folder,
            rounds,
            effort.share(),
            &mut report,
        )?;
    }
    if all || what == "core" {
        micro::run(&mut report)?;
    }
    if all || what == "growth" {
        growth::run(field, effort, &mut report)?;
    }
    let about = about(start.elapsed());
    let table = format!("{}\n{}", sentence(&about), report.table());
    print!("{table}");
    fs::write(field.folder.join("table.md"), &table)?;
    report.write_json(&field.folder.join("report.json"), &about)?;
    chart::write(&report, field.folder)
}

/// Where and of what this was measured.
fn about(took: Duration) -> Value {
    let first_line = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let commit = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=10"])
        .output();
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    json!({
        "processor": first_line(&processors, "model name"),
        "processors": processors.lines().filter(|line| line.starts_with("processor")).count(),
        "kernel": kernel.trim(),
        "load": load.split(' ').next(),
        "commit": commit.unwrap_or_default(),
        "seconds": took.as_secs(),
    })
}

fn sentence(about: &Value) -> String {
    let text = |name: &str| about[name].as_str().unwrap_or("?").to_owned();
    format!(
        "Commit {}; {} × {}, Linux {}, load {} at the end; {} seconds.\n",
        text("commit"),
        about["processors"],
        text("processor"),
        text("kernel"),
        text("load"),
        about["seconds"]
    )
}

fn serve_as_provider(latency: &str, tokens: &str) -> io::Result<()> {
    raise_file_limit()?;
    let latency = latency.parse().map_err(io::Error::other)?;
    let tokens = tokens.parse().map_err(io::Error::other)?;
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(provider::serve(Duration::from_millis(latency), tokens))
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
