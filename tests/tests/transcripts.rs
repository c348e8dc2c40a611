//! Plays every file in `transcripts/`; each is a test named after its file.
//!
//! `cargo test --test transcripts -- WORD` plays those with WORD in their name.

// It prints the test report.
#![allow(clippy::print_stdout)]

use std::ffi::OsStr;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::ExitCode;

use anygpt_tests::{server, transcript};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let entries = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension() == Some(OsStr::new("txt")))
        .collect();
    files.retain(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
    });
    files.sort();

    println!("\nplaying {} transcripts", files.len());
    if files.is_empty() {
        return ExitCode::FAILURE;
    }
    server::binary();
    let mut failures = Vec::new();
    for path in &files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        // The harness panics where it has to give up; other transcripts must still be played.
        let outcome = catch_unwind(|| transcript::play(path)).unwrap_or_else(|panic| {
            Err(panic
                .downcast_ref::<String>()
                .cloned()
                .unwrap_or_else(|| "panicked".to_owned()))
        });
        println!(
            "transcript {name} ... {}",
            if outcome.is_ok() { "ok" } else { "FAILED" }
        );
        failures.extend(outcome.err().map(|problem| (name, problem)));
    }
    for (name, problem) in &failures {
        println!("\n==== {name}.txt\n{problem}");
    }
    println!(
        "\ntranscripts: {} ok, {} failed\n",
        files.len() - failures.len(),
        failures.len()
    );
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
