//! The parts of `anygpt-mcp`: everything around `anygpt-core` that touches the world.
//!
//! What a call passes through: [`mcp`] → [`tools`] → [`mcp::runner`] → [`gateway`] → [`anygpt_providers`]
//! (wire formats) and [`http_client`]. [`settings`] are read once and flow down as one value.
//!
//! Never here: the protocol (`anygpt-core`), wire formats (`anygpt-providers`), or what must stand below Rust's runtime
//! (`main.rs`).

#![forbid(unsafe_code)]

mod call;
mod characters;
mod cli;
mod commands;
mod dns;
mod docs;
mod error;
mod exit;
mod gateway;
mod http_client;
mod library;
mod listing;
mod local_calls;
mod mcp;
mod offload;
mod outcome;
mod output;
mod prompts;
mod redact;
mod resources;
mod run;
mod settings;
mod signal;
mod spelling;
mod standby;
mod telemetry;
mod tools;

pub use run::{Inherited, run};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
