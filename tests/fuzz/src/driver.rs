//! The server and its model side by side: whatever is done to one is told to the other.
//!
//! Never here: what is to be done.

use std::{mem, sync::Arc};

use anygpt_core::{Budget, CallHandle, Content, Limits, Progress, Server, ToolResult};

use crate::{
    judge::{self, Report, ToolAnswer},
    model::{Model, Seen},
    world,
};

/// One session.
#[derive(Debug)]
pub(crate) struct Driver {
    server: Server,
    budget: Arc<Budget>,
    pub(crate) model: Model,
    /// What the server took since the model was told.
    taken: Vec<u8>,
    /// All that it wrote.
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
            taken: Vec::new(),
            output: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// Hands bytes to the server in pieces of these sizes. What it does about them is only looked at when it takes no
    /// more, or on [`sync`](Self::sync).
    pub(crate) fn feed(&mut self, bytes: &[u8], mut sizes: impl FnMut() -> usize) {
        if std::env::var_os("SHOW").is_some() { eprintln!("> {}", bytes.escape_ascii()); }
        let mut rest = bytes;
        while !rest.is_empty() {
            let piece = &rest[..sizes().clamp(1, rest.len())];
            let used = self.server.handle_input(piece);
            self.taken.extend_from_slice(&piece[..used]);
            rest = &rest[used..];
            if used < piece.len() {
                assert!(!self.server.is_idle(), "input is refused without a reason: {rest:?}");
                self.sync();
            }
        }
    }

    /// Tells the model what the server took, and has it judge what the server did.
    pub(crate) fn sync(&mut self) {
        let mut seen = self.seen();
        self.model.took(&mem::take(&mut self.taken), &mut seen);
        self.compare();
    }

    fn seen(&mut self) -> Seen {
        let mut seen = Seen::default();
        while let Some(action) = self.server.poll_action() {
            seen.actions.push_back(action);
        }
        assert_eq!(self.server.queued_output() == 0 && self.server.calls() == 0, self.server.is_idle());
        self.server.take_output(&mut self.buffer);
        self.output.extend_from_slice(&self.buffer);
        seen.lines = judge::lines(&self.buffer).into();
        seen
    }

    /// Both know the same.
    fn compare(&self) {
        let open: Vec<CallHandle> = self.model.open().iter().map(|open| open.call.handle).collect();
        assert_eq!(self.server.open_calls(), open);
        assert_eq!((self.server.calls(), self.server.is_idle()), (open.len(), open.is_empty()));
        assert_eq!(self.server.queued_output(), 0);
    }

    pub(crate) fn refuse(&mut self) {
        self.sync();
        self.server.refuse("no \"settings\"");
        self.model.refuses = true;
    }

    pub(crate) fn complete(&mut self, handle: CallHandle, told: ToolAnswer) {
        self.sync();
        let content: Vec<Content<'_>> = told.texts.iter().map(|text| Content::Text(text)).collect();
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

    pub(crate) fn end_input(&mut self) {
        self.sync();
        self.server.handle_eof();
        let mut seen = self.seen();
        self.model.ended(&mut seen);
        self.compare();
    }

    /// Answers all calls. Nothing is owed and no memory is held afterwards.
    pub(crate) fn finish(&mut self) {
        self.end_input();
        while let Some(open) = self.model.open().last() {
            self.complete(open.call.handle, ToolAnswer::default());
        }
        assert!(self.server.is_idle());
        assert_eq!(self.budget.used(), 0, "memory is still held");
    }
}
