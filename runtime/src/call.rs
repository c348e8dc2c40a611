//! What is known of the tool call at work: its line in the log, and the trace that its requests belong to.
//!
//! It stands beside the work as a task-local value instead of going through all of it as an argument, because
//! nothing that a call does depends on it.
//!
//! Never here: what is asked or answered; the log has neither.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anygpt_core::{ToolCall, Trace};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Level;

use crate::outcome::Outcome;

tokio::task_local! {
    static CALL: Arc<Call>;
}

/// A call at work. It has one line in the log: when its work is done, or when it is dropped before.
#[derive(Debug)]
pub struct Call {
    tool: Cow<'static, str>,
    received: Instant,
    trace: Option<Box<Trace>>,
    /// Its lines may go to the client.
    hears_log: bool,
    is_told: AtomicBool,
    facts: Mutex<Facts>,
}

/// Who was asked on behalf of a call, and what came of it. Several are put one behind the other.
#[derive(Debug, Default)]
struct Facts {
    providers: String,
    models: String,
    request_ids: String,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    is_partial: bool,
    http_status: Option<u16>,
    error: Option<String>,
}

/// An answer, or the failure to get one, as the log has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The provider's id.
    pub provider: &'a str,
    /// The model; empty if none was found to ask.
    pub model: &'a str,
    /// The provider's id of the request.
    pub request_id: Option<&'a str>,
    /// What was read.
    pub input_tokens: Option<u64>,
    /// What was written.
    pub output_tokens: Option<u64>,
    /// The answer is not all there is.
    pub is_partial: bool,
    /// Of a failure, if there was a reply.
    pub http_status: Option<u16>,
    /// What went wrong, in words that cannot be the caller's or the model's.
    pub error: Option<&'a str>,
}

impl Call {
    /// A call of this tool, which has come in now.
    pub fn new(tool: Cow<'static, str>, call: &mut ToolCall) -> Arc<Self> {
        Arc::new(Call {
            tool,
            received: Instant::now(),
            trace: call.trace.take(),
            hears_log: call.hears_log,
            is_told: AtomicBool::default(),
            facts: Mutex::default(),
        })
    }

    /// Does what needs no waiting; then comes [`Call::run`] or [`Call::end`].
    pub fn begin<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        CALL.sync_scope(Arc::clone(self), work)
    }

    /// Does the rest of it. (Not an async function, in which the work would have its room twice.)
    pub fn run(
        self: Arc<Self>,
        work: impl Future<Output = Outcome>,
    ) -> impl Future<Output = Outcome> {
        let end = |outcome: &Outcome| CALL.with(|call| call.end(outcome));
        CALL.scope(self, work.inspect(end))
    }

    /// It is answered.
    pub fn end(&self, outcome: &Outcome) {
        self.log(match outcome.errors.first() {
            Some(error) if outcome.is_error => error.kind.as_str(),
            _ if outcome.is_error => "error",
            _ if self.facts().is_partial => "partial",
            _ => "ok",
        });
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, status: &str) {
        self.is_told.store(true, Ordering::Relaxed);
        let facts = self.facts();
        // The level of an event is a constant.
        macro_rules! log {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    for_client = self.hears_log,
                    tool = &*self.tool,
                    provider = known(&facts.providers),
                    model = known(&facts.models),
                    status,
                    http_status = facts.http_status,
                    input_tokens = facts.input_tokens,
                    output_tokens = facts.output_tokens,
                    ms = millis(self.received.elapsed()),
                    request_id = known(&facts.request_ids),
                    trace_id = self.trace.as_deref().map(Trace::id),
                    error = facts.error.as_deref(),
                    "call"
                )
            };
        }
        match status {
            "ok" | "partial" | "cancelled" => log!(Level::INFO),
            _ => log!(Level::WARN),
        }
    }
}

/// The client has cancelled it.
impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_told.load(Ordering::Relaxed) {
            self.log("cancelled");
        }
    }
}

/// When the call at work came in; without one, now.
pub fn received() -> Instant {
    CALL.try_with(|call| call.received)
        .unwrap_or_else(|_| Instant::now())
}

/// Takes note of whom the call has asked, for its line.
pub fn note(asked: Asked<'_>) {
    let _outside_of_calls = CALL.try_with(|call| {
        let mut facts = call.facts();
        join(&mut facts.providers, asked.provider);
        join(&mut facts.models, asked.model);
        join(&mut facts.request_ids, asked.request_id.unwrap_or_default());
        sum(&mut facts.input_tokens, asked.input_tokens);
        sum(&mut facts.output_tokens, asked.output_tokens);
        facts.is_partial |= asked.is_partial;
        facts.http_status = asked.http_status;
        facts.error = asked.error.map(str::to_owned);
    });
}

fn known(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn join(texts: &mut String, text: &str) {
    if texts.is_empty() {
        return text.clone_into(texts);
    }
    if !text.is_empty() {
        texts.push_str(", ");
        texts.push_str(text);
    }
}

fn sum(all: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *all = Some(all.unwrap_or_default().saturating_add(more));
    }
}

/// Says that a request to a provider has failed and that another one makes up for it.
pub fn log_attempt(class: &str, time: Duration, asked: Asked<'_>) {
    let line = |hears_log: bool, tool: Option<&str>, trace_id: Option<&str>| {
        tracing::warn!(
            for_client = hears_log,
            tool,
            provider = asked.provider,
            model = known(asked.model),
            status = class,
            http_status = asked.http_status,
            ms = millis(time),
            request_id = asked.request_id,
            trace_id,
            error = asked.error,
            "attempt failed"
        );
    };
    let in_call = CALL.try_with(|call| {
        let trace_id = call.trace.as_deref().map(Trace::id);
        line(call.hears_log, Some(&call.tool), trace_id);
    });
    if in_call.is_err() {
        line(true, None, None);
    }
}

/// Adds the trace of the call to a request for a provider, as one more step: `traceparent` with a span id of
/// its own, and `tracestate`.
///
/// No argument of a tool ever becomes a header. This is none: it is metadata of the request, of which only
/// what [`Trace`] can hold gets here, 32 hexadecimal digits, a bit and short printable text; and it may not
/// replace what the operator has set. `baggage` stays here: it may say anything about anybody, and the
/// provider is a stranger.
pub fn mark(headers: &mut HeaderMap) {
    let _outside_of_calls = CALL.try_with(|call| {
        let Some(trace) = &call.trace else {
            return;
        };
        let span = fastrand::u64(1..);
        let parent = format!(
            "00-{}-{span:016x}-0{}",
            trace.id(),
            u8::from(trace.is_sampled())
        );
        let mut add = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers
                    .entry(HeaderName::from_static(name))
                    .or_insert(value);
            }
        };
        add("traceparent", &parent);
        if let Some(state) = trace.state() {
            add("tracestate", state);
        }
    });
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
