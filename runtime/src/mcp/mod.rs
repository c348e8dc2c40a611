//! The MCP side: stdin, stdout and what happens between them.
//!
//! `input` (main thread) → [`tools`](crate::tools) → `runner` (async thread) → `connection` (server state and output) →
//! `write`.
//!
//! Never here: the protocol (`anygpt_core`), what a tool does.

mod connection;
mod input;
mod progress;
pub(crate) mod runner;
mod write;

pub(crate) use connection::{Connection, Outstanding};
pub(crate) use input::serve;
