//! The state machine of a session: lines in, answers and actions out.
//!
//! Never here: the answer of a single method (`method`), or framing and parsing (`wire`).

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::mem;

use crate::{
    batch,
    budget::Budget,
    call::{Action, Progress, ToolResult},
    catalog::{Catalog, Library},
    identity::Identity,
    logging::LoggingLevel,
    method,
    pending::CallHandle,
    revision::Revision,
    session::{Limits, Session},
    wire::{
        jsonrpc::{self, Code, Error, Id, Message},
        line::{Input, Line, Lines},
        write::write_error,
    },
};

/// One MCP session.
///
/// To drive it, pass every read to [`handle_input`](Server::handle_input) until it is used up, and after each call drain
/// [`poll_action`](Server::poll_action), then write what [`take_output`](Server::take_output) returns.
#[derive(Debug)]
pub struct Server {
    lines: Lines,
    session: Session,
}

/// Output is returned in pieces of about this size, which is what a pipe accepts at once: small answers to a large read need no
/// large buffer.
const OUTPUT_STEP: usize = 64 << 10;

impl Server {
    /// A session that offers `catalog`, rendered by `library`. Long lines and long arguments count against `budget`.
    pub fn new(
        catalog: Catalog,
        library: Box<dyn Library>,
        limits: Limits,
        budget: &Arc<Budget>,
    ) -> Self {
        Server {
            lines: Lines::new(limits.line, budget),
            session: Session::new(catalog, library, limits, budget),
        }
    }

    /// Takes bytes from the client, in pieces of any size. Returns how many were used: all of them, unless output or actions
    /// must be taken first; then pass the rest again.
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

    /// The end of input: a last line without a newline is handled as well.
    pub fn handle_eof(&mut self) {
        if let Some(line) = self.lines.finish() {
            self.session.handle_line(line);
        }
        self.lines.clear();
    }

    /// Answers a call. No effect if the call was cancelled or is answered already.
    pub fn complete(&mut self, handle: CallHandle, result: &ToolResult<'_>) {
        self.session.complete(handle, result);
    }

    /// A writer for the answer of an open call, which does not need the session: a long answer can be written on another
    /// thread.
    pub fn answer_writer(&self, handle: CallHandle) -> Option<AnswerWriter> {
        let session = &self.session;
        let call = session.pending.call(handle)?;
        Some(AnswerWriter {
            id: call.id_json().into(),
            revision: call.revision,
            structured: call.structured,
            catalog: Arc::clone(&session.catalog),
            identity: Arc::clone(&session.identity),
        })
    }

    /// As [`complete`](Server::complete), with the answer that the call's [`AnswerWriter`] has written. It is not copied, except
    /// in a batch.
    pub fn complete_written(&mut self, handle: CallHandle, answer: Vec<u8>) {
        self.session.complete_written(handle, answer);
    }

    /// Reports progress, if the call is still open and its client asked for it.
    pub fn progress(&mut self, handle: CallHandle, progress: &Progress<'_>) {
        self.session.progress(handle, progress);
    }

    /// Sends a log line, if the client asked for lines of this level. Like progress, it is dropped while too much output is
    /// queued. `logger` is the part of the program that logs it.
    pub fn log(&mut self, level: LoggingLevel, logger: &str, text: &str) {
        let session = &mut self.session;
        let wanted = session.logging_level.is_some_and(|least| level >= least);
        if wanted && session.queued_output() < session.limits.queued_output {
            method::logging::write_message(&mut session.out, level, logger, text);
        }
    }

    /// Before the end of the process: closes all open subscriptions, each with its response. Later ones are closed at once.
    pub fn close_subscriptions(&mut self) {
        let session = &mut self.session;
        session
            .subscriptions
            .close(&mut session.out, &session.identity);
    }

    /// Answers every request from now on with an error that has `reason`, for a server that cannot work.
    pub fn refuse(&mut self, reason: impl Into<String>) {
        self.session.refusal = Some(reason.into());
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.session.actions.pop_front()
    }

    /// Replaces the content of `buffer` by the next output, in whole lines, and reuses its memory for later output. This is all
    /// queued output, unless [`complete_written`](Server::complete_written) was called; empty if none is queued.
    pub fn take_output(&mut self, buffer: &mut Vec<u8>) {
        if let Some(first) = self.session.ready.pop_front() {
            *buffer = first;
            return;
        }
        buffer.clear();
        // `mem::swap` is a function call here.
        *buffer = mem::replace(&mut self.session.out, mem::take(buffer));
    }

    /// Bytes of queued output.
    pub fn queued_output(&self) -> usize {
        self.session.queued_output()
    }

    /// Bytes of output in memory: queued output, and the answers of incomplete batches.
    pub fn held_output(&self) -> usize {
        self.session.queued_output() + self.session.batches.bytes()
    }

    /// The lowest level of log lines that the client asked for; none if it did not.
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

    /// Whether all requests are answered, all output is taken and no action is queued.
    pub fn is_idle(&self) -> bool {
        self.session.pending.len() == 0
            && self.session.actions.is_empty()
            && self.session.queued_output() == 0
    }
}

/// Writes the answer of one call, on any thread.
#[derive(Debug)]
pub struct AnswerWriter {
    /// JSON text of the client's id.
    id: Box<str>,
    revision: Revision,
    structured: bool,
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
                self.structured,
                result,
            );
        }
    }
}

impl Session {
    fn handle_line(&mut self, line: Line<'_>) {
        match line {
            Line::Whole(mut line, mut text) => {
                if !mem::replace(&mut self.has_begun, true)
                    && let Some(rest) = text.and_then(|text| text.strip_prefix('\u{feff}'))
                {
                    // Written by some parents in front of all they write.
                    (line, text) = (rest.as_bytes(), Some(rest));
                }
                if self.negotiated.is_some_and(Revision::has_batches)
                    && let Some(messages) = Message::batch(line, batch::MAX_MESSAGES)
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
        const { assert!(batch::MAX_MESSAGES == 1_000, "as the text has it") };
        let problem = if messages.is_empty() {
            Some("A batch holds at least one message")
        } else if messages.len() > batch::MAX_MESSAGES {
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
        // A cancel may complete another batch meanwhile, so output for the client is kept apart from output for this batch.
        let mut lines = mem::take(&mut self.out);
        for message in messages {
            match Message::read(Some(message)) {
                // A short request may have a long answer, and all answers are in memory until the last one.
                Message::Request { id, .. }
                    if self.batches.bytes() >= self.limits.queued_output =>
                {
                    let error = Error::new(
                        Code::INTERNAL_ERROR,
                        "The answers of this batch are too long: send fewer requests at once",
                    );
                    write_error(&mut self.out, Some(id), &error);
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

    fn handle_message(&mut self, message: Message<'_>) {
        match message {
            Message::Request { id, method, params } => {
                let answered = match &self.refusal {
                    Some(reason) => Err(Error::new(Code::INTERNAL_ERROR, reason.clone())),
                    None => method::request(self, id, &method, params),
                };
                if let Err(error) = answered {
                    write_error(&mut self.out, Some(id), &error);
                }
            }
            Message::Notification { method, params } => {
                method::notification(self, &method, params);
            }
            Message::Invalid(id, error) => write_error(&mut self.out, id, &error),
            Message::Nothing => {}
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
                call.structured,
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
