//! Tool calls as the runtime sees them: the call, its result, its progress.
//!
//! Never here: calls in flight (`pending`), or writing an answer.

use alloc::{boxed::Box, sync::Arc};

use crate::{budget::Reservation, pending::CallHandle, trace::Trace};

/// What the runtime has to do next.
#[derive(Debug)]
pub enum Action {
    /// Run a tool, then pass its result to [`Server::complete`](crate::Server::complete).
    CallTool(ToolCall),
    /// Stop a call. Its result would be ignored.
    CancelCall(CallHandle),
}

/// A tool call to run.
#[derive(Debug)]
pub struct ToolCall {
    pub handle: CallHandle,
    /// Position of the tool in [`Catalog::tools`](crate::Catalog::tools).
    pub tool: usize,
    /// The arguments: JSON text of an object.
    pub arguments: Box<str>,
    /// The client asked for progress notifications.
    pub wants_progress: bool,
    /// The client may receive log lines of this call, if [`Server::logging_level`](crate::Server::logging_level) asks for them: its revision has
    /// log messages for whole sessions.
    pub wants_log: bool,
    /// The client's name in its `clientInfo`, cut to a moderate length.
    pub client: Option<Arc<str>>,
    /// The trace that the call belongs to.
    pub trace: Option<Box<Trace>>,
    /// Covers long arguments; keep it as long as they are in memory.
    pub reservation: Option<Reservation>,
}

#[derive(Clone, Copy, Debug)]
pub struct ToolResult<'a> {
    /// For the model, in order.
    pub content: &'a [Content<'a>],
    /// JSON text of an object, on one line; written if the revision has a member for it.
    pub structured: Option<&'a str>,
    /// The tool failed; `content` has the reason.
    pub is_error: bool,
}

/// One content block of a result.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Content<'a> {
    Text(&'a str),
    /// Text that is also the member `text` of `structured`: omitted there, and inserted when it is written. So a long text is
    /// stored and escaped only once (decision 012).
    SharedText(&'a str),
    Image {
        /// Base64.
        data: &'a str,
        mime_type: &'a str,
    },
    /// A link to the resource at this position in [`Catalog::resources`](crate::Catalog::resources). Revisions before 2025-06-18 have
    /// no links: it is omitted.
    Resource(usize),
}

/// Progress of a call.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Must grow with every report; otherwise the report is not sent.
    pub progress: u64,
    /// The final value, if it is known.
    pub total: Option<u64>,
    /// One line of text.
    pub message: Option<&'a str>,
}
