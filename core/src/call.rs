//! Tool calls as the runtime sees them: what to run, what it answers, how far it is.
//!
//! Never here: calls in flight (`pending`), or how an answer is written.

use alloc::boxed::Box;

use crate::{budget::Reservation, pending::CallHandle, trace::Trace};

/// What the runtime must do next.
#[derive(Debug)]
pub enum Action {
    /// Run a tool, then hand its result to [`Server::complete`](crate::Server::complete).
    CallTool(ToolCall),
    /// Give up a call. Its result would be ignored.
    CancelCall(CallHandle),
}

/// A tool call to run.
#[derive(Debug)]
pub struct ToolCall {
    /// Names the call from now on.
    pub handle: CallHandle,
    /// Position of the tool in [`Catalog::tools`](crate::Catalog::tools).
    pub tool: usize,
    /// JSON text of the arguments: an object.
    pub arguments: Box<str>,
    /// The client wants to hear of progress.
    pub wants_progress: bool,
    /// The client may get log lines of this call, if [`Server::logging_level`](crate::Server::logging_level) asks for them: its revision has
    /// log messages for whole sessions.
    pub hears_log: bool,
    /// The trace that the client counts the call to.
    pub trace: Option<Box<Trace>>,
    /// Covers long arguments; to be kept as long as they are.
    pub reservation: Option<Reservation>,
}

/// What a tool answers.
#[derive(Clone, Copy, Debug)]
pub struct ToolResult<'a> {
    /// Blocks for the model to read, in order.
    pub content: &'a [Content<'a>],
    /// JSON text of an object, on one line; written where the revision has a place for it.
    pub structured: Option<&'a str>,
    /// The tool failed, and `content` says why.
    pub is_error: bool,
}

/// One block of a tool's answer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Content<'a> {
    /// Text.
    Text(&'a str),
    /// Text that stands in `structured`, too: as its member `text`, which is left out there and put in where it
    /// is written. So a long text is kept and escaped only once.
    SharedText(&'a str),
    /// A picture.
    Image {
        /// Its bytes in base64.
        data: &'a str,
        /// Its media type.
        mime_type: &'a str,
    },
    /// A link to the resource at this position in [`Catalog::resources`](crate::Catalog::resources). Revisions before 2025-06-18 have
    /// none: there it is left out.
    Resource(usize),
}

/// How far a call has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Grows with every report; one that does not is not sent.
    pub progress: u64,
    /// The value at the end, if it is known.
    pub total: Option<u64>,
    /// One line for people.
    pub message: Option<&'a str>,
}
