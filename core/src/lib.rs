//! An MCP server as a state machine over byte buffers.
//!
//! [`Server`] owns one session. Its methods come in three kinds:
//! - *handlers* take input: [`Server::handle_input`], [`Server::handle_eof`], [`Server::complete`],
//!   [`Server::complete_written`], [`Server::progress`], [`Server::log`], [`Server::close_subscriptions`],
//!   [`Server::refuse`];
//! - *pollers* return what has to be done next: [`Server::poll_action`], [`Server::take_output`];
//! - *getters* return the current state: [`Server::is_idle`], [`Server::queued_output`], ….
//!
//! Bytes go in, bytes and actions come out, so a whole session runs in a test without a thread.
//!
//! Never here: I/O, clocks, threads, the environment, anything about a provider or a model.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod batch;
mod budget;
mod call;
mod catalog;
mod identity;
pub mod json;
mod logging;
mod method;
mod pending;
mod revision;
mod server;
mod session;
mod subscriptions;
mod trace;
mod wire;

pub use budget::{Budget, Reservation};
pub use call::{Action, Content, Progress, ToolCall, ToolResult};
pub use catalog::{
    Annotations, Catalog, Given, Icon, Implementation, Library, NoLibrary, Prompt, PromptArgument,
    PromptText, Resource, ResourceTemplate, Structured, Tool,
};
pub use logging::LoggingLevel;
pub use pending::CallHandle;
pub use revision::Revision;
pub use server::{AnswerWriter, Server};
pub use session::Limits;
pub use trace::Trace;
