//! The fuzz targets, briefly: everything in the corpus, mutations of it, and random input; always the same.
//!
//! Never here: long searches (`make fuzz`).

// A test fails by panicking, and the message says why.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use anygpt_tests::corpus::{FORMATS, cases};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn line() {
    run("line", anygpt_fuzz::line, 1000);
}

#[test]
fn envelope() {
    run("envelope", anygpt_fuzz::envelope, 10_000);
}

#[test]
fn dispatch() {
    run("dispatch", anygpt_fuzz::dispatch, 3000);
}

#[test]
fn server() {
    run("server", anygpt_fuzz::server, 1500);
}

#[test]
fn chat() {
    run("chat", anygpt_fuzz::chat, 2000);
}

#[test]
fn responses() {
    run("responses", anygpt_fuzz::responses, 1000);
}

#[test]
fn anthropic() {
    run("anthropic", anygpt_fuzz::anthropic, 1000);
}

#[test]
fn google() {
    run("google", anygpt_fuzz::google, 1000);
}

/// The corpus, and so many inputs derived from it or random.
fn run(name: &str, target: fn(&[u8]), many: usize) {
    let mut corpus = Vec::new();
    let folder = Path::new(FOLDER).join("corpus").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // Files that a fuzzer found on this machine are named by a hash; they are not part of the test.
    files.retain(|file| file.file_name().is_some_and(|name| name.len() != 40));
    files.sort();
    corpus.extend(files.iter().map(|file| fs::read(file).unwrap()));
    // Those that read what providers send begin with the corpus of the wire.
    let wire = FORMATS.iter().find(|(format, _)| *format == name);
    for case in wire.map(|(_, family)| cases(*family)).unwrap_or_default() {
        let replies = case.replies.iter();
        corpus.extend(replies.map(|sent| anygpt_fuzz::seed(&sent.bytes())));
    }
    for input in &corpus {
        judge(name, target, input);
    }
    assert!(!corpus.is_empty(), "no corpus in {}", folder.display());
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..many {
        let mut input = corpus[random.below(corpus.len())].clone();
        if round % 2 == 0 {
            let length = random.below(400);
            input = (0..length).map(|_| random.byte()).collect();
        }
        for _ in 0..random.below(8) {
            mutate(&mut input, &corpus, &mut random);
        }
        judge(name, target, &input);
    }
}

/// Runs the target; a failing input is kept.
fn judge(name: &str, target: fn(&[u8]), input: &[u8]) {
    if let Err(failure) = panic::catch_unwind(AssertUnwindSafe(|| target(input))) {
        let folder = Path::new(FOLDER).join("artifacts").join(name);
        let file = folder.join("short");
        let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, input));
        eprintln!(
            "the input that fails, kept in {} ({kept:?}): {}",
            file.display(),
            input.escape_ascii()
        );
        eprintln!(
            "seen again with: cargo run -p anygpt-fuzz --bin {name} -- {}",
            file.display()
        );
        panic::resume_unwind(failure);
    }
}

/// Words that random bytes would hardly make.
const WORDS: [&str; 33] = [
    "\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\u0061",
    "\\ud800",
    "null",
    "1.0",
    "-0",
    "\"id\":",
    "\"method\":",
    "\"jsonrpc\":\"2.0\",",
    "\"params\":",
    "\"result\":",
    "\"_meta\":",
    "\"ping\"",
    "\"tools/list\"",
    "\"tools/call\"",
    "\"notifications/cancelled\"",
    "\"progressToken\":",
    "\n\n",
    "data: ",
    "[DONE]",
    "\"type\":",
    "\"delta\":{",
    "\"content\":",
    "\"tool_calls\":[{",
    "\"usage\":{",
    "\"index\":1,",
];

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let to = (at + random.below(16)).min(input.len());
    match random.below(7) {
        0 => drop(input.drain(at..to)),
        1 => input.insert(at, random.byte()),
        2 if at < input.len() => input[at] = random.byte(),
        3 if at < input.len() => input[at] ^= 1 << random.below(8),
        4 => {
            let piece = input[at..to].to_vec();
            input.splice(at..at, piece);
        }
        5 => {
            let word = WORDS[random.below(WORDS.len())];
            input.splice(at..at, word.bytes());
        }
        _ => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len() + 1);
            let length = random.below(64).min(other.len() - from);
            input.splice(at..at, other[from..from + length].iter().copied());
        }
    }
}

/// Pseudo-random numbers (xorshift), the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}
