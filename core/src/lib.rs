//! An MCP server as a state machine over byte buffers.
//!
//! [`Server`] owns one session. Its methods come in three kinds:
//! - *handlers* take what came from outside: [`Server::handle_input`], [`Server::handle_eof`],
//!   [`Server::complete`], [`Server::progress`], [`Server::log`];
//! - *pollers* hand out what must be done next: [`Server::poll_action`], [`Server::take_output`];
//! - *getters* tell how things stand: [`Server::is_idle`], [`Server::queued_output`], ….
//!
//! Bytes go in, bytes and actions come out, so a whole session runs in a test without a thread.
//!
//! Never here: I/O, clocks, threads, the environment, anything about a provider or a model.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod batch;
mod budget;
mod catalog;
pub mod json;
mod jsonrpc;
mod line;
mod method;
mod object;
mod pending;
mod revision;
mod scan;
mod server;
pub mod text;
mod trace;

pub use budget::{Budget, Reservation};
pub use catalog::{
    Annotations, Catalog, Given, Icon, Implementation, Library, NoLibrary, Prompt, PromptArgument,
    PromptText, Resource, ResourceTemplate, Structured, Tool,
};
pub use method::logging::LoggingLevel;
pub use object::Object;
pub use pending::CallHandle;
pub use revision::Revision;
pub use server::{Action, AnswerWriter, Content, Limits, Progress, Server, ToolCall, ToolResult};
pub use trace::Trace;
