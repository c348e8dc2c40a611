//! The MCP side: stdin, stdout and what happens between them.
//!
//! `input` (main thread) → [`tools`](crate::tools) → `runner` (async thread) → `connection` (server state and output) →
//! `write`.
//!
//! Never here: the protocol (`anygpt_core`), what a tool does.

mod connection;
mod input;
mod progress;
pub mod runner;
mod write;

pub use connection::{Connection, Outstanding};
pub use input::{ReadError, serve};
