//! Why a call failed, as a kind that decides what to do next.
//!
//! Never here: a provider's error codes; each codec has its own.

use std::{
    ops::{Deref, DerefMut, Range},
    time::Duration,
};

/// The provider-neutral kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The key is missing, wrong or expired.
    Auth,
    /// The key is valid but not allowed to do this.
    Permission,
    /// The model does not exist, or not for this key.
    ModelNotFound,
    /// The provider refused a parameter or the shape of the request.
    InvalidRequest,
    /// The conversation is longer than the model's window.
    ContextLength,
    /// The request or the reply is larger than a limit allows.
    TooLarge,
    /// Too many requests at the moment.
    RateLimit,
    /// No credit, or the day's quota is used up.
    Quota,
    /// A filter or a refusal stopped it.
    ContentFilter,
    /// One of our time limits was reached.
    Timeout,
    /// The connection failed.
    Network,
    /// The provider is down or overloaded, or its reply cannot be read.
    Unavailable,
    /// The provider answered with neither text nor a tool call.
    EmptyResponse,
    /// The call was cancelled.
    Cancelled,
    /// Our settings do not allow it.
    Config,
}

impl ErrorKind {
    /// The word used in results and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Auth => "auth",
            ErrorKind::Permission => "permission",
            ErrorKind::ModelNotFound => "model_not_found",
            ErrorKind::InvalidRequest => "invalid_request",
            ErrorKind::ContextLength => "context_length",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::RateLimit => "rate_limit",
            ErrorKind::Quota => "quota",
            ErrorKind::ContentFilter => "content_filter",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Network => "network",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::EmptyResponse => "empty_response",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::Config => "config",
        }
    }
}

/// How far the request of a failed attempt got. This decides what it costs, and whether it can be retried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It costs nothing: it was not sent, or refused by its HTTP status, or nothing was generated.
    Free,
    /// It was sent, but no status arrived: the provider may have processed it.
    Unanswered,
    /// The provider accepted it with a 2xx status, and then reported an error before any output.
    Declined,
    /// The provider accepted it: what it generated is billed, so it is not retried. The default if nothing better is known.
    #[default]
    Taken,
}

/// One failed attempt, as reported by a provider or found by the gateway.
// In a box, because every event and every piece of a body returns a result with room for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(Box<FailureFacts>);

/// What is known of a [`Failure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureFacts {
    pub class: ErrorKind,
    /// HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// The provider's own code or type.
    pub code: Option<Box<str>>,
    /// What happened, in the provider's words if it gave any. Not yet redacted.
    pub message: String,
    /// The part of the message that came from outside; the rest is ours.
    pub outside: Range<usize>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How long to wait (`retry-after`).
    pub retry_after: Option<Duration>,
    /// Whether the provider suggests a retry (`x-should-retry`).
    pub should_retry: Option<bool>,
    /// The parameter that the provider does not accept, under the provider's name for it.
    pub param: Option<Box<str>>,
    /// The server has nothing at the path of the request, as far as its error says.
    pub lacks_path: bool,
    /// How far the request got. A codec sets [`Stage::Declined`] for what the provider itself reports.
    pub stage: Stage,
}

impl From<FailureFacts> for Failure {
    fn from(facts: FailureFacts) -> Self {
        Failure(Box::new(facts))
    }
}

impl Deref for Failure {
    type Target = FailureFacts;

    fn deref(&self) -> &FailureFacts {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut FailureFacts {
        &mut self.0
    }
}

impl Failure {
    /// A failure of which only kind and message are known.
    pub fn new(class: ErrorKind, message: impl Into<String>) -> Self {
        Failure::from(FailureFacts {
            class,
            status: None,
            code: None,
            message: message.into(),
            outside: 0..0,
            request_id: None,
            retry_after: None,
            should_retry: None,
            param: None,
            lacks_path: false,
            stage: Stage::default(),
        })
    }

    /// The same, with text from outside between our own.
    pub fn quoting(class: ErrorKind, before: &str, outside: &str, after: &str) -> Self {
        let mut failure = Failure::new(class, [before, outside, after].concat());
        let start = before.len();
        failure.outside = start..start + outside.len();
        failure
    }

    /// The same failure, of a request that got this far.
    #[must_use]
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }
}
