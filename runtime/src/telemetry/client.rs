//! Lines for the client, which may ask for them as `notifications/message` (MCP 2025-11-25, "Logging").
//!
//! They wait in a queue for the thread that next writes to the client, so that logging never locks the session.
//!
//! Never here: the message around a line, or its level and time, which stand in that message.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use anygpt_core::LoggingLevel;
use tracing::{Event, Level, Metadata, Subscriber, subscriber::Interest};
use tracing_subscriber::layer::{Context, Filter, Layer};

use super::{format, is_own};
use crate::redact::Redactor;

/// Bytes of lines that may wait; more are dropped.
const LIMIT: usize = 64 * 1024;

/// Stands for "no lines at all" in place of a [`LoggingLevel`].
const NONE: u8 = u8::MAX;

/// The lines that wait for the client.
#[derive(Debug)]
pub(super) struct ClientLines {
    /// The least important lines that the client wants, or [`NONE`].
    level: AtomicU8,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<(LoggingLevel, String)>,
    bytes: usize,
}

impl Default for ClientLines {
    fn default() -> Self {
        ClientLines {
            level: AtomicU8::new(NONE),
            waiting: Mutex::default(),
        }
    }
}

impl ClientLines {
    pub(super) fn set_level(&self, level: Option<LoggingLevel>) {
        let level = level.map_or(NONE, |level| level as u8);
        self.level.store(level, Ordering::Relaxed);
    }

    pub(super) fn drain(&self, mut take: impl FnMut(LoggingLevel, &str)) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.bytes = 0;
        for (level, line) in waiting.lines.drain(..) {
            take(level, &line);
        }
    }

    fn push(&self, level: LoggingLevel, line: String) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.bytes + line.len() > LIMIT {
            return;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back((level, line));
    }
}

fn logging_level(level: Level) -> LoggingLevel {
    match level {
        Level::ERROR => LoggingLevel::Error,
        Level::WARN => LoggingLevel::Warning,
        Level::INFO => LoggingLevel::Info,
        _ => LoggingLevel::Debug,
    }
}

/// Keeps lines for the client.
pub(super) struct ClientLayer {
    lines: &'static ClientLines,
    redactor: &'static Redactor,
}

impl ClientLayer {
    pub(super) fn new(lines: &'static ClientLines, redactor: &'static Redactor) -> Self {
        ClientLayer { lines, redactor }
    }
}

impl<S: Subscriber> Layer<S> for ClientLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if let Some(line) = format::client_line(event, self.redactor) {
            let level = logging_level(*event.metadata().level());
            self.lines.push(level, line);
        }
    }
}

/// Whether the client wants an event. It may change its mind at any time.
pub(super) struct ClientLevel(pub(super) &'static ClientLines);

impl<S> Filter<S> for ClientLevel {
    fn enabled(&self, event: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        let level = logging_level(*event.level()) as u8;
        is_own(event) && level >= self.0.level.load(Ordering::Relaxed)
    }

    fn callsite_enabled(&self, event: &'static Metadata<'static>) -> Interest {
        match is_own(event) {
            true => Interest::sometimes(),
            false => Interest::never(),
        }
    }
}
