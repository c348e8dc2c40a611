//! The commands next to the server.

mod commands;
mod costs;
