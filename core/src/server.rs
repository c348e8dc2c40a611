//! The state machine that owns a session.
//!
//! Never here: what a single method answers (`method`), or how bytes are cut and read (`line`,
//! `jsonrpc`).

use alloc::{boxed::Box, collections::VecDeque, string::String, sync::Arc, vec::Vec};
use core::mem;

use crate::{
    budget::{Budget, Reservation},
    catalog::Catalog,
    jsonrpc::{self, Code, Error, Id, Message},
    line::{Line, Lines},
    method::{self, Identity},
    pending::{Call, CallHandle, Pending},
    revision::Revision,
};

/// One MCP session.
///
/// Drive it like this: hand every read to [`handle_input`](Server::handle_input) until it is used
/// up, and after each call drain [`poll_action`](Server::poll_action), then write what
/// [`take_output`](Server::take_output) gives.
#[derive(Debug)]
pub struct Server {
    lines: Lines,
    session: Session,
}

/// How much a client may ask for at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest accepted line in bytes, without its newline. A longer one is answered with an error.
    pub line: usize,
    /// Most tool calls in flight. One more is answered with an error result.
    pub calls: usize,
    /// Input is not read on while this many bytes of output wait, so the output grows at most by one
    /// answer beyond it. Progress notifications are left out from there on.
    pub queued_output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line: 16 << 20,
            calls: 4096,
            queued_output: 4 << 20,
        }
    }
}

/// What the runtime must do next.
#[derive(Debug)]
pub enum Action {
    /// Run a tool, then hand its result to [`Server::complete`].
    CallTool(ToolCall),
    /// Give up a call. Its result would be ignored.
    CancelCall(CallHandle),
}

/// A tool call to run.
#[derive(Debug)]
pub struct ToolCall {
    /// Names the call from now on.
    pub handle: CallHandle,
    /// Position of the tool in [`Catalog::tools`].
    pub tool: usize,
    /// JSON text of the arguments: an object.
    pub arguments: Box<str>,
    /// The client wants to hear of progress.
    pub wants_progress: bool,
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

/// Actions are handed out before more input is taken once this many wait.
const QUEUED_ACTIONS: usize = 64;

/// What a call keeps of its input is counted against the budget from this size on.
const COUNTED: usize = 4096;

impl Server {
    /// A session that offers `catalog`. Long lines and long arguments are counted against `budget`.
    pub fn new(catalog: Catalog, limits: Limits, budget: &Arc<Budget>) -> Self {
        Server {
            lines: Lines::new(limits.line, budget),
            session: Session {
                identity: Identity::new(&catalog),
                catalog,
                limits,
                budget: Arc::clone(budget),
                negotiated: None,
                refusal: None,
                pending: Pending::default(),
                actions: VecDeque::new(),
                out: Vec::new(),
                tool_lists: Default::default(),
            },
        }
    }

    /// Takes bytes from the client, in pieces of any size. Tells how many were used: all of them,
    /// unless output or actions must be taken first; offer the rest again then.
    #[must_use = "the rest of the input must be offered again"]
    pub fn handle_input(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while self.session.has_room()
            && let Some(line) = self.lines.next(&mut rest)
        {
            self.session.handle_line(line);
        }
        bytes.len() - rest.len()
    }

    /// There will be no more input: a last line without a newline counts.
    pub fn handle_eof(&mut self) {
        if let Some(line) = self.lines.finish() {
            self.session.handle_line(line);
        }
    }

    /// Answers a call. Does nothing if the call was cancelled or answered before.
    pub fn complete(&mut self, handle: CallHandle, result: &ToolResult<'_>) {
        self.session.complete(handle, result);
    }

    /// Reports progress, if the call is still open and its client wants to hear of it.
    pub fn progress(&mut self, handle: CallHandle, progress: &Progress<'_>) {
        self.session.progress(handle, progress);
    }

    /// Answers every request from now on with an error that says `reason`: the server cannot work.
    pub fn refuse(&mut self, reason: impl Into<String>) {
        self.session.refusal = Some(reason.into());
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.session.actions.pop_front()
    }

    /// Puts all waiting output, whole lines, in place of the content of `buffer`, whose memory is
    /// used for the next output.
    pub fn take_output(&mut self, buffer: &mut Vec<u8>) {
        buffer.clear();
        mem::swap(&mut self.session.out, buffer);
    }

    /// Bytes of output that wait to be taken.
    pub fn queued_output(&self) -> usize {
        self.session.out.len()
    }

    /// Calls that have not been answered.
    pub fn calls(&self) -> usize {
        self.session.pending.len()
    }

    /// The handles of these calls, oldest first.
    pub fn open_calls(&self) -> Vec<CallHandle> {
        self.session.pending.handles().collect()
    }

    /// Nothing is owed to the client and nothing is left to be done.
    pub fn is_idle(&self) -> bool {
        self.session.pending.len() == 0
            && self.session.actions.is_empty()
            && self.session.out.is_empty()
    }
}

/// Everything but the framing of lines, which lends its buffer while a line is handled.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) catalog: Catalog,
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    budget: Arc<Budget>,
    /// The legacy revision agreed on by `initialize`.
    pub(crate) negotiated: Option<Revision>,
    refusal: Option<String>,
    pub(crate) pending: Pending,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) out: Vec<u8>,
    /// Results of `tools/list`, written once per revision.
    pub(crate) tool_lists: [Option<Box<[u8]>>; Revision::ALL.len()],
}

impl Session {
    fn has_room(&self) -> bool {
        self.out.len() < self.limits.queued_output && self.actions.len() < QUEUED_ACTIONS
    }

    fn handle_line(&mut self, line: Line<'_>) {
        let message = match line {
            Line::Whole(line) => Message::read(line),
            Line::TooLong(beginning) => Message::read_beginning(beginning),
        };
        match message {
            Message::Request { id, method, params } => {
                let answered = match &self.refusal {
                    Some(reason) => Err(Error::new(Code::INTERNAL_ERROR, reason.clone())),
                    None => method::request(self, id, &method, params),
                };
                if let Err(error) = answered {
                    jsonrpc::write_error(&mut self.out, Some(id), &error);
                }
            }
            Message::Notification { method, params } => {
                method::notification(self, &method, params);
            }
            Message::Invalid(id, error) => jsonrpc::write_error(&mut self.out, id, &error),
            Message::Nothing => {}
        }
    }

    /// The revision of requests that carry no envelope.
    pub(crate) fn legacy_revision(&self) -> Revision {
        self.negotiated.unwrap_or(Revision::NEWEST_LEGACY)
    }

    /// Opens a call and queues the action for it.
    pub(crate) fn call_tool(
        &mut self,
        id: Id<'_>,
        revision: Revision,
        tool: usize,
        arguments: &str,
        progress_token: Option<&str>,
    ) -> Result<(), Error<'static>> {
        if self.pending.contains(id) {
            return Err(Error::new(
                Code::INVALID_REQUEST,
                "This id belongs to a request that is still in flight",
            ));
        }
        let refuse = |session: &mut Session, text: &str| {
            let result = ToolResult {
                content: &[Content::Text(text)],
                structured: None,
                is_error: true,
            };
            method::tools::write_call_result(
                &mut session.out,
                &session.identity,
                id,
                revision,
                &result,
            );
        };
        if self.pending.len() >= self.limits.calls {
            refuse(
                self,
                "unavailable: too many calls are in flight. Wait for one to finish, then try again.",
            );
            return Ok(());
        }
        let Ok(for_call) = self.reserve(id.as_json().len() + progress_token.map_or(0, str::len))
        else {
            refuse(self, NO_MEMORY);
            return Ok(());
        };
        let Ok(for_arguments) = self.reserve(arguments.len()) else {
            refuse(self, NO_MEMORY);
            return Ok(());
        };
        let call = Call::new(id, revision, progress_token, for_call);
        let handle = self.pending.insert(id, call);
        self.actions.push_back(Action::CallTool(ToolCall {
            handle,
            tool,
            arguments: arguments.into(),
            wants_progress: progress_token.is_some(),
            reservation: for_arguments,
        }));
        Ok(())
    }

    fn reserve(&self, bytes: usize) -> Result<Option<Reservation>, ()> {
        if bytes < COUNTED {
            return Ok(None);
        }
        let mut reservation = self.budget.reservation();
        if reservation.resize(bytes) {
            Ok(Some(reservation))
        } else {
            Err(())
        }
    }

    fn complete(&mut self, handle: CallHandle, result: &ToolResult<'_>) {
        if let Some(call) = self.pending.complete(handle)
            && let Some(id) = call.id()
        {
            method::tools::write_call_result(
                &mut self.out,
                &self.identity,
                id,
                call.revision,
                result,
            );
        }
    }

    fn progress(&mut self, handle: CallHandle, progress: &Progress<'_>) {
        if self.out.len() >= self.limits.queued_output {
            return;
        }
        if let Some(call) = self.pending.call_mut(handle)
            && progress.progress > call.progress
            && let Some(token) = &call.progress_token
        {
            call.progress = progress.progress;
            method::tools::write_progress(&mut self.out, call.revision, token, progress);
        }
    }
}

const NO_MEMORY: &str = "too_large: there is not enough memory left for this call. Send less, or wait for other calls to finish.";
