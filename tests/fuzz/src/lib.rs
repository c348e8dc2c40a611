//! Fuzzing of `anygpt-core`: bytes are turned into input for a server, and a model of the protocol checks its output; and
//! of the stream readers of `anygpt-providers`. The functions here are the targets; `fuzz_targets/` passes them to
//! libFuzzer, and `tests/short.rs` runs them briefly, on any Rust and always in the same way.
//!
//! Only the public interface of either crate is used. Never here: rules of the protocol (`oracle`).

// A check fails by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod choices;
mod driver;
mod judge;
mod model;
mod oracle;
mod reader;
mod scan;
mod target;
mod world;
mod write;

pub use reader::{anthropic, chat, google, responses, seed};
pub use target::{dispatch, envelope, line, replay, server};
