//! The state machine that owns a session.
//!
//! Never here: what a single method answers (`method`), or how bytes are cut and read (`line`,
//! `jsonrpc`).

use alloc::{boxed::Box, collections::VecDeque, string::String, sync::Arc, vec::Vec};
use core::mem;

use crate::{
    batch::{self, BatchHandle, Batches},
    budget::{Budget, Reservation},
    catalog::{Catalog, Library},
    jsonrpc::{self, Code, Error, Id, Message},
    line::{Input, Line, Lines},
    method::{
        self, Identity, Lists,
        logging::{self, LoggingLevel},
        subscriptions::Subscriptions,
    },
    pending::{Call, CallHandle, Pending},
    revision::Revision,
    trace::Trace,
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
    /// Input is not read on while this many bytes of output wait; what is completed is added all the
    /// same. Progress notifications are left out from there on.
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
    /// The client may get log lines of this call, if [`Server::logging_level`] asks for them: its revision has
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
    /// A link to the resource at this position in [`Catalog::resources`]. Revisions before 2025-06-18 have
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

/// Actions are handed out before more input is taken once this many wait.
const QUEUED_ACTIONS: usize = 64;

/// Output is handed out in pieces of about this size, as much as a pipe takes at once: small answers to
/// a large read need no large buffer.
const OUTPUT_STEP: usize = 64 << 10;

/// What a call keeps of its input is counted against the budget from this size on.
const COUNTED: usize = 4096;

impl Server {
    /// A session that offers `catalog`, which `library` renders. Long lines and long arguments are counted
    /// against `budget`.
    pub fn new(
        catalog: Catalog,
        library: Box<dyn Library>,
        limits: Limits,
        budget: &Arc<Budget>,
    ) -> Self {
        Server {
            lines: Lines::new(limits.line, budget),
            session: Session {
                identity: Arc::new(Identity::new(&catalog)),
                catalog: Arc::new(catalog),
                library,
                limits,
                budget: Arc::clone(budget),
                negotiated: None,
                logging_level: None,
                refusal: None,
                pending: Pending::default(),
                subscriptions: Subscriptions::default(),
                batches: Batches::default(),
                batch: None,
                done: Vec::new(),
                actions: VecDeque::new(),
                ready: VecDeque::new(),
                out: Vec::new(),
                lists: Lists::default(),
            },
        }
    }

    /// Takes bytes from the client, in pieces of any size. Tells how many were used: all of them,
    /// unless output or actions must be taken first; offer the rest again then.
    #[must_use = "the rest of the input must be offered again"]
    pub fn handle_input(&mut self, bytes: &[u8]) -> usize {
        let mut input = Input::new(bytes);
        let before = self.session.out.len();
        while self.session.has_room()
            && let Some(line) = self.lines.next(&mut input)
        {
            self.session.handle_line(line);
            if self.session.out.len() - before >= OUTPUT_STEP {
                break;
            }
        }
        bytes.len() - input.bytes().len()
    }

    /// There will be no more input: a last line without a newline counts.
    pub fn handle_eof(&mut self) {
        if let Some(line) = self.lines.finish() {
            self.session.handle_line(line);
        }
        self.lines.clear();
    }

    /// Answers a call. Does nothing if the call was cancelled or answered before.
    pub fn complete(&mut self, handle: CallHandle, result: &ToolResult<'_>) {
        self.session.complete(handle, result);
    }

    /// Writes the answer of a call, if it is still open, away from the session: a long one takes its time.
    pub fn answer_writer(&self, handle: CallHandle) -> Option<AnswerWriter> {
        let session = &self.session;
        let call = session.pending.call(handle)?;
        Some(AnswerWriter {
            id: call.id_json().into(),
            revision: call.revision,
            catalog: Arc::clone(&session.catalog),
            identity: Arc::clone(&session.identity),
        })
    }

    /// As [`complete`](Server::complete), with the answer that the call's [`AnswerWriter`] has written. It is passed
    /// on as it is; only a batch copies it.
    pub fn complete_written(&mut self, handle: CallHandle, answer: Vec<u8>) {
        self.session.complete_written(handle, answer);
    }

    /// Reports progress, if the call is still open and its client wants to hear of it.
    pub fn progress(&mut self, handle: CallHandle, progress: &Progress<'_>) {
        self.session.progress(handle, progress);
    }

    /// Sends a log line, if the client asked for lines of this level. Like progress, it is left out while
    /// too much output waits. `logger` names the part of the program that says it.
    pub fn log(&mut self, level: LoggingLevel, logger: &str, text: &str) {
        let session = &mut self.session;
        let wanted = session.logging_level.is_some_and(|least| level >= least);
        if wanted && session.queued_output() < session.limits.queued_output {
            logging::write_message(&mut session.out, level, logger, text);
        }
    }

    /// The server will end: closes all open subscriptions, each with its response. Those that are opened
    /// later are closed at once.
    pub fn close_subscriptions(&mut self) {
        let session = &mut self.session;
        session
            .subscriptions
            .close(&mut session.out, &session.identity);
    }

    /// Answers every request from now on with an error that says `reason`: the server cannot work.
    pub fn refuse(&mut self, reason: impl Into<String>) {
        self.session.refusal = Some(reason.into());
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.session.actions.pop_front()
    }

    /// Puts the next output, whole lines, in place of the content of `buffer`, whose memory is used for output that
    /// follows. It is all that waits, unless [`complete_written`](Server::complete_written) was called; nothing means that
    /// none waits.
    pub fn take_output(&mut self, buffer: &mut Vec<u8>) {
        if let Some(first) = self.session.ready.pop_front() {
            *buffer = first;
            return;
        }
        buffer.clear();
        // Not swapped: a call, for so little.
        *buffer = mem::replace(&mut self.session.out, mem::take(buffer));
    }

    /// Bytes of output that wait to be taken.
    pub fn queued_output(&self) -> usize {
        self.session.queued_output()
    }

    /// Bytes of output that exist: those that wait, and the answers of batches that others still belong to.
    pub fn held_output(&self) -> usize {
        self.session.queued_output() + self.session.batches.bytes()
    }

    /// The least important log lines that the client wants to have; none before it asked for any.
    pub fn logging_level(&self) -> Option<LoggingLevel> {
        self.session.logging_level
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
            && self.session.queued_output() == 0
    }
}

/// Writes the answer of one call, on whatever thread.
#[derive(Debug)]
pub struct AnswerWriter {
    /// JSON text of the client's id.
    id: Box<str>,
    revision: Revision,
    catalog: Arc<Catalog>,
    identity: Arc<Identity>,
}

impl AnswerWriter {
    /// Appends the answer to `out`.
    pub fn write(&self, out: &mut Vec<u8>, result: &ToolResult<'_>) {
        if let Some(id) = Id::from_json(&self.id) {
            method::tools::write_call_result(
                out,
                &self.catalog,
                &self.identity,
                id,
                self.revision,
                result,
            );
        }
    }
}

/// Everything but the framing of lines, which lends its buffer while a line is handled.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) library: Box<dyn Library>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) limits: Limits,
    budget: Arc<Budget>,
    /// The legacy revision agreed on by `initialize`.
    pub(crate) negotiated: Option<Revision>,
    /// What `logging/setLevel` asked for.
    pub(crate) logging_level: Option<LoggingLevel>,
    refusal: Option<String>,
    pub(crate) pending: Pending,
    pub(crate) subscriptions: Subscriptions,
    batches: Batches,
    /// The batch whose messages are being read.
    pub(crate) batch: Option<BatchHandle>,
    /// Batches that ended while another one is being read.
    done: Vec<u8>,
    pub(crate) actions: VecDeque<Action>,
    /// Output that is taken as it is, before `out`.
    ready: VecDeque<Vec<u8>>,
    pub(crate) out: Vec<u8>,
    pub(crate) lists: Lists,
}

impl Session {
    fn has_room(&self) -> bool {
        self.queued_output() < self.limits.queued_output && self.actions.len() < QUEUED_ACTIONS
    }

    fn queued_output(&self) -> usize {
        self.ready.iter().map(Vec::len).sum::<usize>() + self.out.len()
    }

    fn handle_line(&mut self, line: Line<'_>) {
        match line {
            Line::Whole(line, text) => {
                if self.negotiated.is_some_and(Revision::has_batches)
                    && let Some(messages) = Message::batch(line)
                {
                    self.handle_batch(&messages);
                } else {
                    self.handle_message(Message::read(text));
                }
            }
            Line::TooLong(beginning) => self.handle_message(Message::read_beginning(beginning)),
        }
    }

    fn handle_batch(&mut self, messages: &[&str]) {
        let problem = if messages.is_empty() {
            Some("A batch holds at least one message")
        } else if messages.len() > batch::MOST {
            Some("The batch holds too many messages: send 1,000 at most")
        } else if self.batches.bytes() >= self.limits.queued_output {
            Some("Too many batches are in flight: wait for an answer")
        } else {
            None
        };
        if let Some(problem) = problem {
            self.handle_message(jsonrpc::invalid(None, Code::INVALID_REQUEST, problem));
            return;
        }
        let batch = self.batches.open();
        self.batch = Some(batch);
        // A cancel may end another batch meanwhile, so what is for the client is kept apart from what
        // is for this batch.
        let mut lines = mem::take(&mut self.out);
        for message in messages {
            match Message::read(Some(message)) {
                // A short request may have a long answer, and all of them are kept until the last one.
                Message::Request { id, .. }
                    if self.batches.bytes() >= self.limits.queued_output =>
                {
                    let error = Error::new(
                        Code::INTERNAL_ERROR,
                        "The answers of this batch are too long: send fewer requests at once",
                    );
                    jsonrpc::write_error(&mut self.out, Some(id), &error);
                }
                message => self.handle_message(message),
            }
            self.batches.add(batch, &self.out);
            self.out.clear();
            lines.append(&mut self.done);
        }
        self.out = lines;
        self.batch = None;
        self.close_in_batch(Some(batch));
    }

    /// A message of a batch is done with; writes the batch's answers if it was the last one.
    pub(crate) fn close_in_batch(&mut self, batch: Option<BatchHandle>) {
        if let Some(batch) = batch
            && let Some(answers) = self.batches.close(batch)
        {
            let out = if self.batch.is_some() {
                &mut self.done
            } else {
                &mut self.out
            };
            out.push(b'[');
            out.extend_from_slice(&answers);
            out.extend_from_slice(b"]\n");
        }
    }

    fn handle_message(&mut self, message: Message<'_>) {
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
        trace: Option<Box<Trace>>,
    ) -> Result<(), Error<'static>> {
        self.check_unused(id)?;
        let refuse = |session: &mut Session, text: &str| {
            let result = ToolResult {
                content: &[Content::Text(text)],
                structured: None,
                is_error: true,
            };
            method::tools::write_call_result(
                &mut session.out,
                &session.catalog,
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
        if let Some(batch) = self.batch {
            self.batches.owe(batch);
        }
        let call = Call::new(id, revision, self.batch, progress_token, for_call);
        let handle = self.pending.insert(id, call);
        self.actions.push_back(Action::CallTool(ToolCall {
            handle,
            tool,
            arguments: arguments.into(),
            wants_progress: progress_token.is_some(),
            hears_log: revision.has_logging(),
            trace,
            reservation: for_arguments,
        }));
        Ok(())
    }

    /// An id must not be that of another request in flight.
    pub(crate) fn check_unused(&self, id: Id<'_>) -> Result<(), Error<'static>> {
        if self.pending.contains(id) || self.subscriptions.contains(id) {
            return Err(Error::new(
                Code::INVALID_REQUEST,
                "This id belongs to a request that is still in flight",
            ));
        }
        Ok(())
    }

    /// Counts what is kept of the input, unless it is small.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Option<Reservation>, ()> {
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
        let Some(call) = self.pending.complete(handle) else {
            return;
        };
        let start = self.out.len();
        if let Some(id) = call.id() {
            method::tools::write_call_result(
                &mut self.out,
                &self.catalog,
                &self.identity,
                id,
                call.revision,
                result,
            );
        }
        if let Some(batch) = call.batch {
            let answer = self.out.split_off(start);
            self.batches.add(batch, &answer);
            self.close_in_batch(Some(batch));
        }
    }

    fn complete_written(&mut self, handle: CallHandle, answer: Vec<u8>) {
        let Some(call) = self.pending.complete(handle) else {
            return;
        };
        if let Some(batch) = call.batch {
            self.batches.add(batch, &answer);
            return self.close_in_batch(Some(batch));
        }
        if !self.out.is_empty() {
            self.ready.push_back(mem::take(&mut self.out));
        }
        self.ready.push_back(answer);
    }

    fn progress(&mut self, handle: CallHandle, progress: &Progress<'_>) {
        if self.queued_output() >= self.limits.queued_output {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
