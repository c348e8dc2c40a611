//! The server and its model in parallel: whatever is done to one is done to the other.
//!
//! Never here: the choice of what is done.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anygpt_core::{
    Budget, CallHandle, Content, Limits, LoggingLevel, Progress, Server, ToolResult,
};

use crate::{
    judge::{self, Report, ToolAnswer},
    model::{Model, PLENTY, Seen},
    world,
};

/// Print input and output.
pub(crate) static SHOW: AtomicBool = AtomicBool::new(false);

/// The names of log levels, least severe first.
const LEVELS: [(LoggingLevel, &str); 8] = [
    (LoggingLevel::Debug, "debug"),
    (LoggingLevel::Info, "info"),
    (LoggingLevel::Notice, "notice"),
    (LoggingLevel::Warning, "warning"),
    (LoggingLevel::Error, "error"),
    (LoggingLevel::Critical, "critical"),
    (LoggingLevel::Alert, "alert"),
    (LoggingLevel::Emergency, "emergency"),
];

#[derive(Debug)]
pub(crate) struct Driver {
    server: Server,
    budget: Arc<Budget>,
    pub(crate) model: Model,
    /// The server must stop taking input while this much output waits.
    queued_output: usize,
    /// Bytes that the server took since the model was last updated.
    taken: Vec<u8>,
    /// Everything that it wrote.
    pub(crate) output: Vec<u8>,
    buffer: Vec<u8>,
}

impl Driver {
    pub(crate) fn new(limits: Limits, budget: usize) -> Self {
        let budget = Budget::new(budget);
        Driver {
            server: world::server(limits, &budget),
            budget,
            model: Model::new(limits),
            queued_output: limits.queued_output,
            taken: Vec::new(),
            output: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// Gives bytes to the server in pieces of these sizes. The results are checked only when it takes no more, or on
    /// [`sync`](Self::sync).
    pub(crate) fn feed(&mut self, bytes: &[u8], mut sizes: impl FnMut() -> usize) {
        let mut rest = bytes;
        self.show(">", bytes);
        // Whether a batch is refused shows in the first line after it. Where a refusal is possible, one batch at a time
        // is checked, since the line could otherwise belong to another batch.
        let may_be_turned_away = self.queued_output < PLENTY;
        while !rest.is_empty() {
            if may_be_turned_away && rest.starts_with(b"[") && self.taken.ends_with(b"\n") {
                self.sync();
            }
            let mut piece = &rest[..sizes().clamp(1, rest.len())];
            if may_be_turned_away
                && let Some(end) = piece.windows(2).position(|bytes| bytes == b"\n[")
            {
                piece = &piece[..=end];
            }
            let is_full = self.server.queued_output() >= self.queued_output;
            let used = self.server.handle_input(piece);
            assert!(!is_full || used == 0, "input is taken while output waits");
            self.taken.extend_from_slice(&piece[..used]);
            rest = &rest[used..];
            if used < piece.len() {
                assert!(
                    !self.server.is_idle(),
                    "input is refused without a reason: {rest:?}"
                );
                self.sync_before(rest.first().copied());
            }
        }
    }

    /// Passes the bytes that the server took to the model, which checks what the server did.
    pub(crate) fn sync(&mut self) {
        self.sync_before(None);
    }

    fn sync_before(&mut self, behind: Option<u8>) {
        let mut seen = self.seen();
        self.model
            .took(&mem::take(&mut self.taken), behind, &mut seen);
        self.compare();
    }

    fn seen(&mut self) -> Seen {
        let mut seen = Seen::default();
        while let Some(action) = self.server.poll_action() {
            seen.actions.push_back(action);
        }
        assert_eq!(
            self.server.queued_output() == 0 && self.server.calls() == 0,
            self.server.is_idle()
        );
        self.server.take_output(&mut self.buffer);
        self.output.extend_from_slice(&self.buffer);
        self.show("<", &self.buffer);
        seen.lines = judge::lines(&self.buffer).into();
        seen
    }

    fn show(&self, mark: &str, bytes: &[u8]) {
        if SHOW.load(Ordering::Relaxed) && !bytes.is_empty() {
            eprintln!("{mark} {}", bytes.escape_ascii());
        }
    }

    /// Compares the state of both.
    fn compare(&mut self) {
        let open: Vec<CallHandle> = self
            .model
            .open()
            .iter()
            .map(|open| open.call.handle)
            .collect();
        assert_eq!(self.server.open_calls(), open);
        assert_eq!(
            (self.server.calls(), self.server.is_idle()),
            (open.len(), open.is_empty())
        );
        assert_eq!(self.server.queued_output(), 0);
        let level = self.server.logging_level();
        self.model.compare_level(level.map(|level| {
            LEVELS
                .iter()
                .find(|(known, _)| *known == level)
                .expect("known")
                .1
        }));
    }

    /// Ids of requests in flight.
    pub(crate) fn open_ids(&mut self) -> Vec<String> {
        self.sync();
        self.model.ids().map(str::to_owned).collect()
    }

    pub(crate) fn refuse(&mut self) {
        self.sync();
        self.server.refuse("no \"settings\"");
        self.model.refuses = true;
    }

    pub(crate) fn complete(&mut self, handle: CallHandle, told: ToolAnswer) {
        self.sync();
        let texts = told.texts.iter().map(|text| Content::Text(text));
        let content: Vec<Content<'_>> = texts
            .chain(told.resources.iter().copied().map(Content::Resource))
            .collect();
        let result = ToolResult {
            content: &content,
            structured: told.structured.as_deref(),
            is_error: told.is_error,
        };
        self.server.complete(handle, &result);
        let mut seen = self.seen();
        self.model.completed(handle, told, &mut seen);
        self.compare();
    }

    pub(crate) fn progress(&mut self, handle: CallHandle, report: &Report) {
        self.sync();
        let progress = Progress {
            progress: report.progress,
            total: report.total,
            message: report.message.as_deref(),
        };
        self.server.progress(handle, &progress);
        let mut seen = self.seen();
        self.model.progressed(handle, report, &mut seen);
        self.compare();
    }

    pub(crate) fn log(&mut self, level: usize, logger: &str, text: &str) {
        self.sync();
        let (level, name) = LEVELS[level];
        self.server.log(level, logger, text);
        let mut seen = self.seen();
        self.model.logged(name, logger, text, &mut seen);
        self.compare();
    }

    pub(crate) fn close_subscriptions(&mut self) {
        self.sync();
        self.server.close_subscriptions();
        let mut seen = self.seen();
        self.model.closed(&mut seen);
        self.compare();
    }

    pub(crate) fn end_input(&mut self) {
        self.sync();
        self.server.handle_eof();
        let mut seen = self.seen();
        self.model.ended(&mut seen);
        self.compare();
    }

    /// Answers all calls. Afterwards no answer is outstanding and no memory is held.
    pub(crate) fn finish(&mut self) {
        self.end_input();
        self.close_subscriptions();
        while let Some(open) = self.model.open().last() {
            self.complete(open.call.handle, ToolAnswer::default());
        }
        assert!(self.server.is_idle());
        assert_eq!(self.budget.used(), 0, "memory is still held");
    }
}
