//! The end-to-end tests: one program, a folder per subject. `tests/README.md` says where a new test goes.
//!
//! Never here: what measures its own process or allocator, or has a `main` of its own (`memory.rs`, `transcripts.rs`).

// A test that cannot go on panics with the reason; one that the machine cannot run prints that on stderr.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod assistant;
mod cli;
mod facts;
mod harness;
mod process;
mod protocol;
mod providers;
mod release;
mod settings;
mod tools;
