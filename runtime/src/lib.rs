//! The parts of `anygpt-mcp`: everything around `anygpt-core` that touches the world.
//!
//! What a call passes through: [`mcp`] → [`tools`] → [`mcp::runner`] → [`gateway`] → [`anygpt_providers`]
//! (wire formats) and [`http_client`]. [`settings`] are read once and flow down as one value.

#![forbid(unsafe_code)]

mod aside;
pub mod call;
mod characters;
pub mod cli;
pub mod commands;
pub mod dns;
mod docs;
pub mod error;
mod exit;
pub mod gateway;
pub mod http_client;
pub mod library;
pub mod listing;
pub mod mcp;
pub mod outcome;
pub mod output;
mod prompts;
pub mod redact;
pub mod resources;
mod run;
mod session;
pub mod settings;
pub mod signal;
mod spelling;
pub mod standby;
pub mod telemetry;
pub mod tools;

pub use run::{Inherited, run};

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
