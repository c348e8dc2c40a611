//! The library of the end-to-end tests of `anygpt-mcp`: a provider that fails on command, a harness around the real
//! program, and a runner for transcripts.
//!
//! Nothing here looks inside the program: tests use its pipes and sockets, as clients and providers do. Only `reading`
//! calls the codecs, for what needs thousands of streams.

// A test that cannot go on panics with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod assistant;
pub mod corpus;
pub mod hunt;
pub mod judge;
pub mod outcome;
pub mod provider;
pub mod proxy;
pub mod reading;
pub mod registry;
pub mod schema;
mod serve;
pub mod server;
pub mod session;
pub mod soak;
pub mod tables;
pub mod tls;
pub mod transcript;
