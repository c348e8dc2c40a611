//! The context of one tool call: when it was received, the trace that it belongs to, and the recorder of its line in the
//! log. Everything that works for the call gets it as the first argument.
//!
//! Never here: prompts or answers; the log has neither.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anygpt_core::{ToolCall, Trace};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Level;

use crate::{error::ErrorKind, outcome::Outcome};

/// The message of the event that an attempt of a call is over and may have cost something.
pub(crate) const PAID: &str = "paid";

#[derive(Debug)]
pub(crate) struct CallContext {
    received: Instant,
    /// The client's name.
    client: Option<Arc<str>>,
    /// What the call has cost so far, in US dollars; `None` if a part of it is not known.
    spent: Mutex<Option<f64>>,
    trace: Option<Box<Trace>>,
    /// None for a call that no client has made.
    recorder: Option<Recorder>,
}

/// The line of a call in the log. It is written when the call is answered, or when it is dropped before that.
#[derive(Debug)]
struct Recorder {
    tool: &'static str,
    /// The client has asked for log lines.
    for_client: bool,
    logged: AtomicBool,
    facts: Mutex<Facts>,
}

/// The providers that were used for a call, and with what result. Names of several are joined by commas.
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

/// A provider's answer, or the failure to get one, for the log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallRecord<'a> {
    /// The provider's id.
    pub provider: &'a str,
    /// The model; empty if the provider's list had none.
    pub model: &'a str,
    /// The provider's id of the request.
    pub request_id: Option<&'a str>,
    /// As the provider has counted.
    pub input_tokens: Option<u64>,
    /// As the provider has counted.
    pub output_tokens: Option<u64>,
    /// The answer is incomplete.
    pub is_partial: bool,
    /// Of a failure, if there was a reply.
    pub http_status: Option<u16>,
    /// The message of a failure, never with words of the prompt or the answer.
    pub error: Option<&'a str>,
}

/// How a call ended, for the log.
#[derive(Clone, Copy, Debug)]
enum CallStatus {
    Ok,
    Partial,
    Cancelled,
    /// With the kind of its first error, if it has one.
    Failed(Option<ErrorKind>),
}

impl CallContext {
    /// The context of a client's call of this tool, received now.
    pub(crate) fn new(tool: &'static str, call: &mut ToolCall) -> Self {
        CallContext {
            received: Instant::now(),
            client: call.client.take(),
            spent: Mutex::new(Some(0.0)),
            trace: call.trace.take(),
            recorder: Some(Recorder {
                tool,
                for_client: call.wants_log,
                logged: AtomicBool::default(),
                facts: Mutex::default(),
            }),
        }
    }

    /// The context of a call by a command, which begins now; it has no line in the log.
    pub(crate) fn of_command() -> Self {
        CallContext {
            received: Instant::now(),
            client: None,
            spent: Mutex::new(Some(0.0)),
            trace: None,
            recorder: None,
        }
    }

    /// When the call was received.
    pub(crate) fn received(&self) -> Instant {
        self.received
    }

    /// The call is answered: writes its line.
    pub(crate) fn end(&self, outcome: &Outcome) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        let status = if outcome.is_error {
            CallStatus::Failed(outcome.errors.first().map(|error| error.kind))
        } else if recorder.facts().is_partial {
            CallStatus::Partial
        } else {
            CallStatus::Ok
        };
        self.log(recorder, status);
    }

    /// Adds to the line of the call.
    pub(crate) fn record(&self, record: CallRecord<'_>) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        let mut facts = recorder.facts();
        join(&mut facts.providers, record.provider);
        join(&mut facts.models, record.model);
        join(
            &mut facts.request_ids,
            record.request_id.unwrap_or_default(),
        );
        sum(&mut facts.input_tokens, record.input_tokens);
        sum(&mut facts.output_tokens, record.output_tokens);
        facts.is_partial |= record.is_partial;
        facts.http_status = record.http_status;
        facts.error = record.error.map(str::to_owned);
    }

    /// Logs that a request to a provider has failed and that another one follows.
    pub(crate) fn log_attempt(&self, status: &str, time: Duration, record: CallRecord<'_>) {
        let recorder = self.recorder.as_ref();
        tracing::warn!(
            for_client = recorder.is_none_or(|recorder| recorder.for_client),
            tool = recorder.map(|recorder| recorder.tool),
            provider = record.provider,
            model = known(record.model),
            status,
            http_status = record.http_status,
            ms = millis(time),
            request_id = record.request_id,
            trace_id = self.trace_id(),
            error = record.error,
            "attempt failed"
        );
    }

    /// Logs that the provider may have processed a request, what that has cost, if that is known, and adds it to the cost of the
    /// call. `work` is another number for each request, and the same one wherever the same work of a provider is logged.
    pub(crate) fn log_paid(&self, record: CallRecord<'_>, usd: Option<f64>, work: u64) {
        self.spend(usd);
        let recorder = self.recorder.as_ref();
        tracing::info!(
            for_client = recorder.is_none_or(|recorder| recorder.for_client),
            tool = recorder.map(|recorder| recorder.tool),
            provider = record.provider,
            model = known(record.model),
            client = self.client.as_deref(),
            input_tokens = record.input_tokens,
            output_tokens = record.output_tokens,
            cost_usd = usd,
            work = format!("{work:016x}"),
            trace_id = self.trace_id(),
            "{PAID}"
        );
    }

    /// Adds to the cost of the call.
    pub(crate) fn spend(&self, usd: Option<f64>) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = spent.zip(usd).map(|(spent, usd)| spent + usd);
    }

    /// What the call has cost so far, in US dollars, if all of it is known.
    pub(crate) fn spent(&self) -> Option<f64> {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the trace of the call to a request for a provider, as one more step: `traceparent` with a span id of its own,
    /// and `tracestate`.
    ///
    /// This is metadata of the MCP request and not an argument of the tool: arguments never become headers. [`Trace`] holds
    /// no more than 32 hexadecimal digits, a bit and short printable text, and it does not replace a header that the
    /// operator has set. `baggage` is not sent, since it may contain personal data and the provider is a third party.
    pub(crate) fn inject_trace_headers(&self, headers: &mut HeaderMap) {
        let Some(trace) = &self.trace else {
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
    }

    fn trace_id(&self) -> Option<&str> {
        self.trace.as_deref().map(Trace::id)
    }

    fn log(&self, recorder: &Recorder, status: CallStatus) {
        recorder.logged.store(true, Ordering::Relaxed);
        let facts = recorder.facts();
        // The level of an event is a constant.
        macro_rules! log {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    for_client = recorder.for_client,
                    tool = recorder.tool,
                    provider = known(&facts.providers),
                    model = known(&facts.models),
                    status = status.as_str(),
                    http_status = facts.http_status,
                    input_tokens = facts.input_tokens,
                    output_tokens = facts.output_tokens,
                    ms = millis(self.received.elapsed()),
                    request_id = known(&facts.request_ids),
                    trace_id = self.trace_id(),
                    error = facts.error.as_deref(),
                    "call"
                )
            };
        }
        match status {
            CallStatus::Failed(_) => log!(Level::WARN),
            _ => log!(Level::INFO),
        }
    }
}

/// A call that is dropped without an answer was cancelled by its client.
impl Drop for CallContext {
    fn drop(&mut self) {
        if let Some(recorder) = &self.recorder
            && !recorder.logged.load(Ordering::Relaxed)
        {
            self.log(recorder, CallStatus::Cancelled);
        }
    }
}

impl CallStatus {
    fn as_str(self) -> &'static str {
        match self {
            CallStatus::Ok => "ok",
            CallStatus::Partial => "partial",
            CallStatus::Cancelled => "cancelled",
            CallStatus::Failed(kind) => kind.map_or("error", ErrorKind::as_str),
        }
    }
}

impl Recorder {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

/// For the log and for results.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
