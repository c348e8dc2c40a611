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
mod tests {
    use alloc::{format, string::ToString, vec};

    use serde_json::Value;

    use super::*;
    use crate::catalog::{
        Annotations, Given, Icon, Implementation, Prompt, PromptArgument, PromptText, Resource,
        ResourceTemplate, Structured, Tool,
    };

    fn catalog() -> Catalog {
        Catalog {
            server: Implementation {
                name: "test".into(),
                title: "Test".into(),
                version: "1".into(),
                description: "A test".into(),
                icon: Some(Icon {
                    src: "data:image/svg+xml,x".into(),
                    mime_type: "image/svg+xml".into(),
                }),
            },
            instructions: "Ask.".into(),
            tools: vec![Tool {
                name: "ask".into(),
                title: "Ask".into(),
                description: "Asks".into(),
                annotations: Annotations {
                    read_only: true,
                    idempotent: false,
                    open_world: true,
                },
                input_schema: r#"{"type":"object"}"#.into(),
                output_schema: Some(r#"{"type":"object"}"#.into()),
            }],
            resources: vec![Resource {
                uri: "test://docs/a".into(),
                name: "a".into(),
                title: "A".into(),
                description: "About a".into(),
                mime_type: "text/markdown".into(),
                is_private: true,
            }],
            templates: vec![ResourceTemplate {
                prefix: "test://docs/".into(),
                variable: "section".into(),
                name: "docs".into(),
                title: "Docs".into(),
                description: "All docs".into(),
                mime_type: "text/markdown".into(),
            }],
            prompts: vec![Prompt {
                name: "greet".into(),
                title: "Greet".into(),
                description: "Greets".into(),
                arguments: vec![PromptArgument {
                    name: "whom".into(),
                    title: "Whom".into(),
                    description: "Somebody".into(),
                    required: true,
                }],
            }],
            is_private: false,
            structured: Structured::Auto,
        }
    }

    #[derive(Debug)]
    struct Books;

    impl Library for Books {
        fn resource(&self, _: usize) -> alloc::borrow::Cow<'static, str> {
            "# A".into()
        }

        fn prompt(&self, _: usize, arguments: &Given<'_>) -> PromptText {
            let whom = arguments[0].as_deref().unwrap_or_default();
            PromptText {
                text: format!("Greet {whom}"),
                resources: &[0],
            }
        }

        fn candidates(
            &self,
            _: usize,
            _: usize,
            _: &Given<'_>,
        ) -> Vec<alloc::borrow::Cow<'_, str>> {
            (0..250).map(|n| format!("name{n}").into()).collect()
        }
    }

    fn server(limits: Limits) -> Server {
        Server::new(catalog(), Box::new(Books), limits, &Budget::new(1 << 20))
    }

    /// A server that offers this, and no more.
    fn offering(catalog: Catalog) -> Server {
        let library = Box::new(crate::NoLibrary);
        Server::new(catalog, library, Limits::default(), &Budget::new(1 << 20))
    }

    /// Sends lines and gives back the answers.
    fn exchange(server: &mut Server, lines: &[&str]) -> Vec<Value> {
        for line in lines {
            let line = line.to_string() + "\n";
            assert_eq!(server.handle_input(line.as_bytes()), line.len());
        }
        output(server)
    }

    fn output(server: &mut Server) -> Vec<Value> {
        let mut out = Vec::new();
        server.take_output(&mut out);
        out.split_inclusive(|&byte| byte == b'\n')
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    fn next_call(server: &mut Server) -> ToolCall {
        match server.poll_action() {
            Some(Action::CallTool(call)) => call,
            other => panic!("{other:?}"),
        }
    }

    fn text(text: &'static str) -> [Content<'static>; 1] {
        [Content::Text(text)]
    }

    fn answer<'a>(content: &'a [Content<'a>]) -> ToolResult<'a> {
        ToolResult {
            content,
            structured: Some(r#"{"a":1}"#),
            is_error: false,
        }
    }

    const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":{"x":2}}}"#;
    const ENVELOPE: &str = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

    #[test]
    fn a_call_is_an_action_and_its_result_an_answer() {
        let mut server = server(Limits::default());
        assert_eq!(exchange(&mut server, &[CALL]), [] as [Value; 0]);
        assert_eq!((server.calls(), server.is_idle()), (1, false));
        let call = next_call(&mut server);
        assert_eq!(
            (call.tool, &*call.arguments, call.wants_progress),
            (0, r#"{"x":2}"#, false)
        );
        server.complete(call.handle, &answer(&text("hi\n")));
        server.complete(call.handle, &answer(&text("again")));
        let answers = output(&mut server);
        assert_eq!(
            answers,
            [serde_json::json!({"jsonrpc":"2.0","id":1,"result":{
                "content":[{"type":"text","text":"hi\n"}],"structuredContent":{"a":1}}})]
        );
        assert!(server.is_idle());
    }

    #[test]
    fn an_answer_written_elsewhere_is_the_same_in_its_place_and_is_not_copied() {
        let mut server = server(Limits::default());
        let other = CALL.replace("\"id\":1", "\"id\":2");
        exchange(&mut server, &[CALL, &other]);
        let (call, other) = (next_call(&mut server), next_call(&mut server));
        let ping = concat!(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#, "\n");
        assert_eq!(server.handle_input(ping.as_bytes()), ping.len());
        let mut line = Vec::new();
        let writer = server.answer_writer(call.handle).unwrap();
        writer.write(&mut line, &answer(&text("hi")));
        let (start, length) = (line.as_ptr(), line.len());
        let before = server.queued_output();
        server.complete_written(call.handle, line);
        assert_eq!(server.queued_output(), before + length);
        assert!(server.answer_writer(call.handle).is_none());
        server.complete_written(call.handle, b"late\n".to_vec());
        server.complete(other.handle, &answer(&text("hi")));
        assert!(!server.is_idle());

        assert_eq!(output(&mut server)[0]["id"], 3);
        let mut out = Vec::new();
        server.take_output(&mut out);
        assert_eq!((out.as_ptr(), out.len()), (start, length));
        let mut last = Vec::new();
        server.take_output(&mut last);
        let same = String::from_utf8(last).unwrap();
        let same = same.replace("\"id\":2", "\"id\":1");
        assert_eq!(same.as_bytes(), out);
        assert_eq!(output(&mut server), [] as [Value; 0]);
        assert!(server.is_idle());
    }

    #[test]
    fn a_shared_text_is_written_in_both_places() {
        for (structured, expected) in [
            (
                r#"{"a":1}"#,
                serde_json::json!({"text": "say \"hi\"\n", "a": 1}),
            ),
            ("{}", serde_json::json!({"text": "say \"hi\"\n"})),
        ] {
            let mut server = server(Limits::default());
            exchange(&mut server, &[CALL]);
            let call = next_call(&mut server);
            let content = [Content::Text("note"), Content::SharedText("say \"hi\"\n")];
            let result = ToolResult {
                structured: Some(structured),
                ..answer(&content)
            };
            server.complete(call.handle, &result);
            let answers = output(&mut server);
            assert_eq!(answers[0]["result"]["structuredContent"], expected);
            assert_eq!(answers[0]["result"]["content"][1]["text"], expected["text"]);
        }
    }

    /// R-72, R-73, R-74.
    #[test]
    fn a_cancelled_call_is_never_answered_and_its_id_is_free() {
        let mut server = server(Limits::default());
        let cancel =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
        exchange(&mut server, &[CALL, cancel, cancel, CALL]);
        let first = next_call(&mut server);
        assert!(matches!(server.poll_action(), Some(Action::CancelCall(h)) if h == first.handle));
        let second = next_call(&mut server);
        assert!(server.poll_action().is_none());
        server.progress(
            first.handle,
            &Progress {
                progress: 1,
                total: None,
                message: None,
            },
        );
        server.complete(first.handle, &answer(&text("late")));
        assert_eq!(output(&mut server), [] as [Value; 0]);
        server.complete(second.handle, &answer(&text("second")));
        assert_eq!(output(&mut server).len(), 1);
    }

    #[test]
    fn malformed_cancellations_are_ignored() {
        let mut server = server(Limits::default());
        exchange(&mut server, &[CALL]);
        for params in [
            "",
            r#","params":[]"#,
            r#","params":{}"#,
            r#","params":{"requestId":null}"#,
            r#","params":{"requestId":2}"#,
        ] {
            let line = format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled"{params}}}"#);
            assert_eq!(exchange(&mut server, &[&line]), [] as [Value; 0]);
            assert_eq!(server.calls(), 1, "{params}");
        }
    }

    #[test]
    fn an_id_in_flight_cannot_be_used_again() {
        let mut server = server(Limits::default());
        let answers = exchange(&mut server, &[CALL, CALL]);
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0]["error"]["code"], -32600);
        assert_eq!(answers[0]["id"], 1);
        assert_eq!(server.calls(), 1);
    }

    #[test]
    fn calls_beyond_the_limit_are_answered_with_an_error_result() {
        let mut server = server(Limits {
            calls: 1,
            ..Limits::default()
        });
        let second = CALL.replace(r#""id":1"#, r#""id":2"#);
        let answers = exchange(&mut server, &[CALL, &second]);
        assert_eq!(answers[0]["id"], 2);
        assert_eq!(answers[0]["result"]["isError"], true);
    }

    #[test]
    fn a_call_says_which_trace_it_belongs_to_and_who_may_read_its_log() {
        let mut server = server(Limits::default());
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!(r#""traceparent":"00-{id}-00f067aa0ba902b7-01""#);
        let mut with = |number: u8, meta: &str| {
            let call = CALL
                .replace(r#""id":1"#, &format!(r#""id":{number}"#))
                .replace(
                    r#""arguments""#,
                    &format!(r#""_meta":{{{meta}}},"arguments""#),
                );
            assert_eq!(exchange(&mut server, &[&call]), [] as [Value; 0]);
            let call = next_call(&mut server);
            let trace = call.trace.map(|trace| {
                let state = trace.state().unwrap_or_default();
                (String::from(trace.id()), String::from(state))
            });
            (trace, call.hears_log)
        };
        let known = |state: &str| Some((String::from(id), String::from(state)));
        assert_eq!(with(1, ""), (None, true));
        assert_eq!(with(2, &parent), (known(""), true));
        let both = format!(r#"{parent},"tracestate":"a=b""#);
        assert_eq!(with(3, &both), (known("a=b"), true));
        let modern = format!("{},{both}", &ENVELOPE[1..ENVELOPE.len() - 1]);
        assert_eq!(with(4, &modern), (known("a=b"), false));
        // Whatever else it is, the call is served.
        assert_eq!(with(5, r#""tracestate":"a=b""#), (None, true));
        assert_eq!(with(6, r#""traceparent":7,"tracestate":[]"#), (None, true));
        assert_eq!(with(7, &parent.replace("-00f0", "_00f0")), (None, true));
        let broken = format!(r#"{parent},"tracestate":"a\r\nb: c""#);
        assert_eq!(with(8, &broken), (known(""), true));
    }

    /// R-70.
    #[test]
    fn progress_grows_and_ends_with_the_answer() {
        let mut server = server(Limits::default());
        let call = CALL.replace(
            r#""arguments""#,
            r#""_meta":{"progressToken":"t"},"arguments""#,
        );
        exchange(&mut server, &[&call]);
        let call = next_call(&mut server);
        assert!(call.wants_progress);
        for progress in [1, 1, 3, 2] {
            server.progress(
                call.handle,
                &Progress {
                    progress,
                    total: Some(4),
                    message: Some("m"),
                },
            );
        }
        let told = output(&mut server);
        let values: Vec<_> = told
            .iter()
            .map(|line| line["params"]["progress"].as_u64())
            .collect();
        assert_eq!(values, [Some(1), Some(3)]);
        assert_eq!(told[0]["params"]["progressToken"], "t");
        server.complete(call.handle, &answer(&text("")));
        server.progress(
            call.handle,
            &Progress {
                progress: 9,
                total: None,
                message: None,
            },
        );
        assert_eq!(output(&mut server).len(), 1);
    }

    /// R-34, R-35, R-36, R-56: each request is answered in its own revision.
    #[test]
    fn both_eras_are_served_side_by_side() {
        let mut server = server(Limits::default());
        let modern = CALL.replace(
            r#""arguments""#,
            &format!(r#""_meta":{ENVELOPE},"arguments""#),
        );
        let legacy = CALL.replace(r#""id":1"#, r#""id":2"#);
        let hello = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05"}}"#;
        exchange(&mut server, &[&modern, hello, &legacy]);
        let first = next_call(&mut server);
        let second = next_call(&mut server);
        server.complete(second.handle, &answer(&text("legacy")));
        server.complete(first.handle, &answer(&text("modern")));
        let answers = output(&mut server);
        assert_eq!(
            answers[0]["result"],
            serde_json::json!({"content":[{"type":"text","text":"legacy"}]})
        );
        assert_eq!(answers[1]["result"]["resultType"], "complete");
        assert_eq!(answers[1]["result"]["structuredContent"]["a"], 1);
        assert_eq!(
            answers[1]["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
            "test"
        );
    }

    #[test]
    fn input_is_not_taken_while_output_waits() {
        let mut server = server(Limits {
            queued_output: 100,
            ..Limits::default()
        });
        let ping = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
        let input = ping.repeat(20);
        let mut rest = &input[..];
        let mut answers = 0;
        let mut rounds = 0;
        while !rest.is_empty() {
            let used = server.handle_input(rest);
            rest = &rest[used..];
            assert!(server.queued_output() < 100 + 50);
            answers += output(&mut server).len();
            rounds += 1;
        }
        assert_eq!(answers, 20);
        assert!(rounds > 5);
    }

    #[test]
    fn actions_are_handed_out_before_more_input_is_taken() {
        let mut server = server(Limits::default());
        let input: String = (0..200)
            .map(|id| CALL.replace(r#""id":1"#, &format!(r#""id":{id}"#)) + "\n")
            .collect();
        let mut rest = input.as_bytes();
        let mut calls = 0;
        while !rest.is_empty() {
            let used = server.handle_input(rest);
            assert!(used > 0);
            rest = &rest[used..];
            while server.poll_action().is_some() {
                calls += 1;
            }
        }
        assert_eq!(calls, 200);
    }

    #[test]
    fn long_arguments_count_against_the_budget_until_the_call_is_done() {
        let budget = Budget::new(100_000);
        let mut server = Server::new(catalog(), Box::new(Books), Limits::default(), &budget);
        let long = |id: u32| {
            let x = "x".repeat(40_000);
            CALL.replace(r#""id":1"#, &format!(r#""id":{id}"#))
                .replace(r#"{"x":2}"#, &format!(r#"{{"x":"{x}"}}"#))
        };
        assert_eq!(exchange(&mut server, &[&long(1), &long(2)]).len(), 0);
        let refused = exchange(&mut server, &[&long(3)]);
        assert_eq!(refused[0]["result"]["isError"], true);
        drop(next_call(&mut server));
        assert_eq!(exchange(&mut server, &[&long(4)]).len(), 0);
    }

    #[test]
    fn a_refusing_server_answers_every_request_with_the_reason() {
        let mut server = server(Limits::default());
        server.refuse("no settings");
        let answers = exchange(
            &mut server,
            &[
                CALL,
                r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
                "nonsense",
            ],
        );
        assert_eq!(answers[0]["error"]["message"], "no settings");
        assert_eq!(answers[1]["error"]["code"], -32700);
        assert_eq!(answers.len(), 2);
    }

    /// R-15, R-16; MCP digest 4.4.
    #[test]
    fn a_batch_is_answered_with_one_array_when_its_last_call_is_done() {
        let mut server = server(Limits::default());
        let hello = |revision: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":"h","method":"initialize","params":{{"protocolVersion":"{revision}"}}}}"#
            )
        };
        let ping = |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let batch = format!(
            r#"[{},{CALL},{{"jsonrpc":"2.0","method":"notifications/x"}},3,{}]"#,
            ping(7),
            hello("2025-03-26"),
        );
        // Only where they were agreed on.
        assert_eq!(exchange(&mut server, &[&batch])[0]["error"]["code"], -32600);
        exchange(&mut server, &[&hello("2025-03-26")]);

        assert_eq!(exchange(&mut server, &[&batch]), [] as [Value; 0]);
        let call = next_call(&mut server);
        let other = format!("[{}]", ping(8));
        assert_eq!(exchange(&mut server, &[&other])[0][0]["id"], 8);
        let mut line = Vec::new();
        let writer = server.answer_writer(call.handle).unwrap();
        writer.write(&mut line, &answer(&text("hi")));
        server.complete_written(call.handle, line);
        let answers = output(&mut server);
        assert_eq!(answers.len(), 1);
        let answers = answers[0].as_array().unwrap();
        assert_eq!(answers.len(), 4);
        assert_eq!(answers[0]["id"], 7);
        assert_eq!(answers[1]["error"]["code"], -32600);
        assert_eq!(answers[2]["error"]["code"], -32600);
        assert_eq!(answers[3]["result"]["content"][0]["text"], "hi");
        assert_eq!(server.session.batches.bytes(), 0);

        // A cancel in one batch ends another one.
        let both = format!("[{},{CALL}]", ping(3));
        exchange(&mut server, &[&both]);
        let cancel =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
        let answers = exchange(&mut server, &[&format!("[{cancel},{}]", ping(4))]);
        assert_eq!(answers.len(), 2);
        assert_eq!(
            (&answers[0][0]["id"], &answers[1][0]["id"]),
            (&3.into(), &4.into())
        );

        // All notifications, or cancelled: nothing to say.
        let quiet = r#"[{"jsonrpc":"2.0","method":"notifications/x"}]"#;
        let cancel =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
        let called = format!("[{CALL}]");
        assert_eq!(
            exchange(&mut server, &[quiet, &called, cancel]),
            [] as [Value; 0]
        );
        assert!(server.session.batches.bytes() == 0);
        assert_eq!(exchange(&mut server, &["[]"])[0]["error"]["code"], -32600);
        assert_eq!(exchange(&mut server, &["[1"])[0]["error"]["code"], -32700);
        let many = format!("[{}0]", "0,".repeat(batch::MOST));
        assert_eq!(exchange(&mut server, &[&many])[0]["error"]["code"], -32600);
    }

    const MODERN: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

    /// Sends one request with these params and gives back its answer.
    fn ask(server: &mut Server, method: &str, params: &str) -> Value {
        let line =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#);
        let mut answers = exchange(server, &[&line]);
        assert_eq!(answers.len(), 1, "{line}");
        answers.remove(0)
    }

    /// Opens a session in a revision; gives what stands in the params of every request.
    fn open(server: &mut Server, revision: &str) -> String {
        if revision == "2026-07-28" {
            return MODERN.to_string() + ",";
        }
        ask(
            server,
            "initialize",
            &format!(r#""protocolVersion":"{revision}""#),
        );
        String::new()
    }

    /// R-39, R-50 to R-52; section 3.12 of the MCP digest.
    #[test]
    fn lists_have_the_fields_of_their_revision() {
        for revision in Revision::ALL {
            let mut server = server(Limits::default());
            let meta = open(&mut server, revision.as_str());
            for (method, member) in [
                ("resources/list", "resources"),
                ("resources/templates/list", "resourceTemplates"),
                ("prompts/list", "prompts"),
                ("tools/list", "tools"),
            ] {
                let result = ask(&mut server, method, meta.trim_end_matches(','))["result"].take();
                let entry = &result[member][0];
                assert_eq!(
                    entry.get("title").is_some(),
                    revision.has_titles(),
                    "{entry}"
                );
                assert_eq!(result["cacheScope"] == "public", revision.is_modern());
                let cursor = ask(&mut server, method, &format!(r#"{meta}"cursor":"x""#));
                assert_eq!(cursor["error"]["code"], -32602);
            }
        }
    }

    /// R-61, R-39.
    #[test]
    fn resources_are_read_and_unknown_ones_have_the_code_of_their_revision() {
        for revision in Revision::ALL {
            let mut server = server(Limits::default());
            let meta = open(&mut server, revision.as_str());
            let read = |server: &mut Server, uri: &str| {
                ask(server, "resources/read", &format!(r#"{meta}"uri":{uri}"#))
            };
            let mut result = read(&mut server, r#""test:\u002f/docs/a""#)["result"].take();
            assert_eq!(
                result["contents"],
                serde_json::json!([{"uri":"test://docs/a","mimeType":"text/markdown","text":"# A"}])
            );
            assert_eq!(
                result["cacheScope"].take() == "private",
                revision.is_modern()
            );
            let unknown = read(&mut server, r#""test://docs/b""#)["error"].take();
            let code = if revision.is_modern() { -32602 } else { -32002 };
            assert_eq!(unknown["code"], code);
            assert_eq!(unknown["data"]["uri"], "test://docs/b");
            let long = format!(r#""{}""#, "x".repeat(5000));
            let error = read(&mut server, &long)["error"].take();
            assert_eq!((&error["code"], error.get("data")), (&code.into(), None));
            assert_eq!(read(&mut server, "1")["error"]["code"], -32602);
        }
    }

    /// R-62.
    #[test]
    fn prompts_take_free_text_and_check_presence_and_type() {
        for revision in Revision::ALL {
            let mut server = server(Limits::default());
            let meta = open(&mut server, revision.as_str());
            let get = |server: &mut Server, rest: &str| {
                ask(server, "prompts/get", &format!("{meta}{rest}"))
            };
            let result = get(
                &mut server,
                r#""name":"greet","arguments":{"whom":"\"a\"\n","other":1}"#,
            )["result"]
                .take();
            let messages = result["messages"].as_array().unwrap();
            assert_eq!(messages[0]["content"]["text"], "Greet \"a\"\n");
            assert_eq!(messages.len() == 2, revision.has_resource_links());
            if let Some(link) = messages.get(1) {
                assert_eq!(link["content"]["type"], "resource_link");
                assert_eq!(link["content"]["uri"], "test://docs/a");
            }
            for bad in [
                r#""name":"nobody""#,
                r#""name":1"#,
                r#""name":"greet""#,
                r#""name":"greet","arguments":{"whom":"  "}"#,
                r#""name":"greet","arguments":{"whom":1}"#,
                r#""name":"greet","arguments":{"whom":null}"#,
                r#""name":"greet","arguments":[]"#,
            ] {
                assert_eq!(get(&mut server, bad)["error"]["code"], -32602, "{bad}");
            }
            let long = format!(
                r#""name":"greet","arguments":{{"whom":"{}"}}"#,
                "x".repeat(70_000)
            );
            assert_eq!(get(&mut server, &long)["error"]["code"], -32602);
        }
    }

    /// R-64.
    #[test]
    fn completions_fit_and_are_a_hundred_at_most() {
        let mut server = server(Limits::default());
        let mut complete = |reference: &str, name: &str, value: &str| {
            let params =
                format!(r#""ref":{reference},"argument":{{"name":"{name}","value":"{value}"}}"#);
            ask(&mut server, "completion/complete", &params)
        };
        let prompt = r#"{"type":"ref/prompt","name":"greet"}"#;
        let all = complete(prompt, "whom", "")["result"]["completion"].take();
        assert_eq!(all["values"].as_array().map(Vec::len), Some(100));
        assert_eq!(
            (&all["total"], &all["hasMore"]),
            (&250.into(), &true.into())
        );
        let some = complete(prompt, "whom", "Name24")["result"]["completion"].take();
        assert_eq!(some["values"][0], "name24");
        assert_eq!(
            (&some["total"], &some["hasMore"]),
            (&11.into(), &false.into())
        );
        assert_eq!(
            complete(prompt, "other", "")["result"]["completion"]["total"],
            0
        );

        let template = r#"{"type":"ref/resource","uri":"test://docs/{section}"}"#;
        let sections = complete(template, "section", "")["result"]["completion"].take();
        assert_eq!(sections["values"], serde_json::json!(["a"]));
        let resource = r#"{"type":"ref/resource","uri":"test://docs/a"}"#;
        assert_eq!(
            complete(resource, "section", "")["result"]["completion"]["total"],
            0
        );
        for unknown in [
            r#"{"type":"ref/prompt","name":"nobody"}"#,
            r#"{"type":"ref/prompt"}"#,
            r#"{"type":"ref/resource","uri":"test://x"}"#,
            r#"{"type":"ref/else","name":"greet"}"#,
            "[]",
        ] {
            assert_eq!(
                complete(unknown, "whom", "")["error"]["code"],
                -32602,
                "{unknown}"
            );
        }
        assert_eq!(
            complete(prompt, "whom", &"x".repeat(2000))["error"]["code"],
            -32602
        );
        for params in [
            format!(r#""ref":{prompt}"#),
            format!(r#""ref":{prompt},"argument":{{"name":"whom"}}"#),
            r#""argument":{"name":"whom","value":""}"#.to_string(),
            format!(r#""ref":{prompt},"argument":{{"name":"whom","value":""}},"context":1"#),
        ] {
            let error = ask(&mut server, "completion/complete", &params);
            assert_eq!(error["error"]["code"], -32602, "{params}");
        }
    }

    /// R-42, R-50; MCP digest 3.9.
    #[test]
    fn a_client_gets_the_log_lines_it_asked_for() {
        let mut server = server(Limits::default());
        server.log(LoggingLevel::Emergency, "test", "nobody asked");
        assert_eq!(output(&mut server), [] as [Value; 0]);
        let wrong = ask(&mut server, "logging/setLevel", r#""level":"loud""#);
        assert_eq!(wrong["error"]["code"], -32602);
        let modern = ask(
            &mut server,
            "logging/setLevel",
            &format!(r#"{MODERN},"level":"info""#),
        );
        assert_eq!(modern["error"]["code"], -32601);
        assert_eq!(server.logging_level(), None);
        let right = ask(&mut server, "logging/setLevel", r#""level":"warning""#);
        assert_eq!(right["result"], serde_json::json!({}));
        server.log(LoggingLevel::Notice, "test", "too little");
        server.log(LoggingLevel::Warning, "test", "a\"b\n");
        let lines = output(&mut server);
        assert_eq!(
            lines,
            [
                serde_json::json!({"jsonrpc":"2.0","method":"notifications/message",
                "params":{"level":"warning","logger":"test","data":"a\"b\n"}})
            ]
        );
    }

    /// R-43, R-44, R-72.
    #[test]
    fn a_subscription_is_open_until_it_is_cancelled_or_the_server_ends() {
        let mut server = server(Limits::default());
        let listen = |id: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{{{MODERN},"notifications":{{"toolsListChanged":true,"resourceSubscriptions":["x"]}}}}}}"#
            )
        };
        let acknowledged = exchange(&mut server, &[&listen("40")]);
        assert_eq!(
            acknowledged,
            [
                serde_json::json!({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged",
                "params":{"_meta":{"io.modelcontextprotocol/subscriptionId":40},"notifications":{}}})
            ]
        );
        // It is no call in flight, but its id is taken.
        assert!(server.is_idle() && server.calls() == 0);
        let again = exchange(
            &mut server,
            &[&listen("40"), &CALL.replace(r#""id":1"#, r#""id":40"#)],
        );
        assert_eq!(again[0]["error"]["code"], -32600);
        assert_eq!(again[1]["error"]["code"], -32600);

        exchange(&mut server, &[&listen(r#""s""#)]);
        let cancel =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":40}}"#;
        assert_eq!(exchange(&mut server, &[cancel]), [] as [Value; 0]);
        server.close_subscriptions();
        let closed = output(&mut server);
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0]["id"], "s");
        assert_eq!(closed[0]["result"]["resultType"], "complete");
        let meta = &closed[0]["result"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/subscriptionId"], "s");
        assert_eq!(meta["io.modelcontextprotocol/serverInfo"]["name"], "test");
        assert_eq!(exchange(&mut server, &[&listen("41")]).len(), 2);

        for params in [
            MODERN.to_string(),
            format!(r#"{MODERN},"notifications":[]"#),
            format!(r#"{MODERN},"notifications":{{"toolsListChanged":1}}"#),
            format!(r#"{MODERN},"notifications":{{"resourceSubscriptions":["a",1]}}"#),
        ] {
            let error = ask(&mut server, "subscriptions/listen", &params);
            assert_eq!(error["error"]["code"], -32602, "{params}");
        }
        let legacy = ask(&mut server, "subscriptions/listen", r#""notifications":{}"#);
        assert_eq!(legacy["error"]["code"], -32601);
    }

    #[test]
    fn open_subscriptions_are_bounded() {
        let mut server = server(Limits::default());
        let mut refused = 0;
        for id in 0..100 {
            let line = format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{{{MODERN},"notifications":{{}}}}}}"#
            );
            let answers = exchange(&mut server, &[&line]);
            refused += usize::from(answers[0].get("error").is_some());
        }
        assert_eq!(refused, 36);
    }

    #[test]
    fn a_result_may_point_to_a_resource() {
        for (revision, blocks) in [("2025-03-26", 1), ("2025-06-18", 2)] {
            let mut server = server(Limits::default());
            open(&mut server, revision);
            exchange(&mut server, &[CALL]);
            let call = next_call(&mut server);
            let content = [
                Content::Text("see"),
                Content::Resource(0),
                Content::Resource(7),
            ];
            server.complete(call.handle, &answer(&content));
            let content = output(&mut server)[0]["result"]["content"].take();
            assert_eq!(content.as_array().map(Vec::len), Some(blocks));
        }
    }

    #[test]
    fn a_result_may_be_a_picture_in_every_revision() {
        for revision in ["2024-11-05", "2025-11-25"] {
            let mut server = server(Limits::default());
            open(&mut server, revision);
            exchange(&mut server, &[CALL]);
            let call = next_call(&mut server);
            let picture = Content::Image {
                data: "AAEC",
                mime_type: "image/png",
            };
            server.complete(call.handle, &answer(&[Content::Text("a cat"), picture]));
            let content = output(&mut server)[0]["result"]["content"].take();
            let expected =
                serde_json::json!({"type": "image", "data": "AAEC", "mimeType": "image/png"});
            assert_eq!(content[1], expected);
        }
    }

    #[test]
    fn the_structured_form_is_for_those_who_know_it_for_all_or_for_nobody() {
        let modes = [
            (Structured::Auto, "2025-03-26", false),
            (Structured::Auto, "2025-06-18", true),
            (Structured::Always, "2024-11-05", true),
            (Structured::Always, "2025-11-25", true),
            (Structured::Never, "2025-03-26", false),
            (Structured::Never, "2025-11-25", false),
        ];
        for (structured, revision, is_there) in modes {
            let catalog = Catalog {
                structured,
                ..catalog()
            };
            let mut server = offering(catalog);
            open(&mut server, revision);
            let tools = ask(&mut server, "tools/list", "")["result"].take();
            exchange(&mut server, &[CALL]);
            let call = next_call(&mut server);
            let content = [Content::Text("hi")];
            let result = ToolResult {
                structured: Some("{}"),
                ..answer(&content)
            };
            server.complete(call.handle, &result);
            let result = output(&mut server)[0]["result"].take();
            let said = (
                tools["tools"][0].get("outputSchema").is_some(),
                result.get("structuredContent").is_some(),
            );
            assert_eq!(said, (is_there, is_there), "{structured:?} {revision}");
            assert_eq!(result["content"][0]["text"], "hi");
        }
    }

    #[test]
    fn tools_that_depend_on_settings_are_nobody_else_s() {
        for (is_private, scope) in [(false, "public"), (true, "private")] {
            let catalog = Catalog {
                is_private,
                ..catalog()
            };
            let mut server = offering(catalog);
            for method in ["tools/list", "server/discover"] {
                let answer = ask(&mut server, method, MODERN);
                assert_eq!(answer["result"]["cacheScope"], scope, "{method}");
            }
            let prompts = ask(&mut server, "prompts/list", MODERN);
            assert_eq!(prompts["result"]["cacheScope"], "public");
        }
    }

    #[test]
    fn a_picture_is_shown_once_and_to_those_who_know_pictures() {
        for revision in Revision::ALL {
            let mut server = server(Limits::default());
            let opened = if revision.is_modern() {
                let result = ask(&mut server, "server/discover", MODERN)["result"].take();
                let listed = ask(&mut server, "tools/list", MODERN)["result"].take();
                let server =
                    |result: &Value| result["_meta"]["io.modelcontextprotocol/serverInfo"].clone();
                assert!(server(&listed).get("icons").is_none());
                server(&result)
            } else {
                let params = format!(r#""protocolVersion":"{}""#, revision.as_str());
                let mut result = ask(&mut server, "initialize", &params)["result"].take();
                result["serverInfo"].take()
            };
            assert_eq!(
                opened.get("icons").is_some(),
                revision.has_implementation_details(),
                "{opened}"
            );
        }
    }

    #[test]
    fn the_answers_of_a_batch_are_bounded() {
        let mut server = server(Limits {
            queued_output: 10_000,
            ..Limits::default()
        });
        open(&mut server, "2025-03-26");
        let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        let batch = format!("[{}{list}]", format!("{list},").repeat(500));
        let answers = exchange(&mut server, &[&batch]);
        let answers = answers[0].as_array().unwrap();
        assert_eq!(answers.len(), 501);
        assert_eq!(answers[0].get("error"), None);
        assert_eq!(answers[500]["error"]["code"], -32603);
        assert_eq!(server.session.batches.bytes(), 0);
    }

    #[test]
    fn a_long_last_line_is_not_kept_while_its_call_runs() {
        let budget = Budget::new(1 << 20);
        let mut server = Server::new(catalog(), Box::new(Books), Limits::default(), &budget);
        let line = CALL.to_string() + &" ".repeat(100_000);
        assert_eq!(server.handle_input(line.as_bytes()), line.len());
        assert!(budget.used() >= 100_000);
        server.handle_eof();
        assert_eq!((server.calls(), budget.used()), (1, 0));
    }

    #[test]
    fn the_last_line_needs_no_newline() {
        let mut server = server(Limits::default());
        let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        assert_eq!(server.handle_input(ping), ping.len());
        assert_eq!(server.queued_output(), 0);
        server.handle_eof();
        server.handle_eof();
        assert_eq!(output(&mut server).len(), 1);
    }
}
