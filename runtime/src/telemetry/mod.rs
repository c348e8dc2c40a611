//! The log: events of `tracing` as lines on stderr, and as messages for a client that asks for them
//! (decision 013).
//!
//! `format` makes lines, without keys and without anything that a terminal would act upon; `queue` writes them to stderr
//! without ever blocking the caller; `client` keeps those that the client wants.
//!
//! Never here: what is worth a line.

use std::{sync::OnceLock, time::Duration};

use anygpt_core::LoggingLevel;
use tracing::{Level, Metadata, subscriber::set_global_default};
use tracing_subscriber::{
    filter::Targets,
    fmt,
    layer::{Layer as _, SubscriberExt as _},
    registry,
};

use crate::{
    redact::Redactor,
    settings::{LogFormat, LogLevel},
};

mod client;
mod format;
mod queue;

use client::{ClientLayer, ClientLevel, ClientLines};
use format::LineFormat;
pub(crate) use queue::DROPPED;
use queue::{Queue, Stderr};

/// What the targets of this program's events begin with. HTTP libraries log headers at debug, so theirs are not wanted.
const OWN_TARGETS: &str = "anygpt_";

#[derive(Debug)]
struct Log {
    redactor: Redactor,
    format: LogFormat,
    queue: Queue,
    client: ClientLines,
}

static LOG: OnceLock<Log> = OnceLock::new();

/// Starts to log at this level, in this format. Events before it, and a second call, have no effect.
pub(crate) fn start(level: LogLevel, format: LogFormat, redactor: Redactor) {
    let new = Log {
        redactor,
        format,
        queue: Queue::default(),
        client: ClientLines::default(),
    };
    if LOG.set(new).is_err() {
        return;
    }
    let Some(log) = LOG.get() else {
        return;
    };
    let level = match level {
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warn => Level::WARN,
        LogLevel::Error => Level::ERROR,
    };
    let stderr = fmt::layer()
        .event_format(log.line_format())
        .with_writer(Stderr::new(&log.queue, log.line_format()))
        .with_filter(Targets::new().with_target(OWN_TARGETS, level));
    let client = ClientLayer::new(&log.client, &log.redactor).with_filter(ClientLevel(&log.client));
    // It fails only if a test has set another subscriber.
    let _set = set_global_default(registry().with(stderr).with(client));
}

impl Log {
    fn line_format(&self) -> LineFormat<'_> {
        LineFormat::new(self.format, &self.redactor)
    }
}

fn is_own(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with(OWN_TARGETS)
}

/// From now on lines of this level and above are kept for the client.
pub(crate) fn set_client_level(level: Option<LoggingLevel>) {
    if let Some(log) = LOG.get() {
        log.client.set_level(level);
    }
}

/// Takes the lines that are kept for the client.
pub(crate) fn drain_client_lines(take: impl FnMut(LoggingLevel, &str)) {
    if let Some(log) = LOG.get() {
        log.client.drain(take);
    }
}

/// Writes a message of this program at once, as [`write_now`].
pub(crate) fn message_now(text: &str) {
    write_now(&format!("anygpt-mcp: {text}"));
}

/// Writes a text at once, for the start and the end of the process: waits a short time for room, then gives up.
pub(crate) fn write_now(text: &str) {
    let line = match LOG.get() {
        Some(log) => log.line_format().plain_line(text),
        // Before there are settings. It is rare, so nothing is kept for it.
        None => LineFormat::new(LogFormat::Text, &Redactor::of_environment()).plain_line(text),
    };
    queue::write_now(&line);
}

/// Waits until the queued lines are written, at most so long. A shorter limit also ends the waits of other threads.
pub(crate) fn flush(limit: Duration) {
    if let Some(log) = LOG.get() {
        log.queue.flush(limit);
    }
}
