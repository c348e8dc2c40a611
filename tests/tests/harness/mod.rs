//! The harness: the mock provider and the process driver are tested before they judge anything.

mod provider;
mod server;
