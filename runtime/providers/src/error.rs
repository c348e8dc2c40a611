//! Why a call failed, in classes that say what to do next.
//!
//! Never here: a provider's own wording of errors; each codec reads its own.

use std::{ops::Range, time::Duration};

/// What kind of failure it is (provider-neutral).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The key is missing, wrong or expired.
    Auth,
    /// The key is good but may not do this.
    Permission,
    /// The model does not exist, or not for this key.
    ModelNotFound,
    /// The provider refused a parameter or the shape of the request.
    InvalidRequest,
    /// The conversation is longer than the model's window.
    ContextLength,
    /// The request or the reply is larger than a limit allows.
    TooLarge,
    /// Too many requests for now.
    RateLimit,
    /// No credit, or the day's quota is used up.
    Quota,
    /// A filter or a refusal stopped it.
    ContentFilter,
    /// A time limit of ours ran out.
    Timeout,
    /// The connection could not be made or broke.
    Network,
    /// The provider is down, overloaded or answers nonsense.
    Unavailable,
    /// The provider answered with neither text nor a tool call.
    EmptyResponse,
    /// The call was given up on purpose.
    Cancelled,
    /// Our own settings stand in the way.
    Config,
}

impl Class {
    /// The word used in results and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Auth => "auth",
            Class::Permission => "permission",
            Class::ModelNotFound => "model_not_found",
            Class::InvalidRequest => "invalid_request",
            Class::ContextLength => "context_length",
            Class::TooLarge => "too_large",
            Class::RateLimit => "rate_limit",
            Class::Quota => "quota",
            Class::ContentFilter => "content_filter",
            Class::Timeout => "timeout",
            Class::Network => "network",
            Class::Unavailable => "unavailable",
            Class::EmptyResponse => "empty_response",
            Class::Cancelled => "cancelled",
            Class::Config => "config",
        }
    }
}

/// How far the request of a failed attempt came. This decides what it costs, and whether the same may be asked
/// again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It costs nothing: it was not sent, or refused by its HTTP status, or nothing is generated for it.
    Free,
    /// It was sent, and no status came: the provider may have worked on it.
    Unanswered,
    /// The provider took it with a 2xx status, and before anything else reported an error.
    Declined,
    /// The provider took it: what it has generated is paid, and not asked for again. Whatever is not known to
    /// be less counts as this.
    #[default]
    Taken,
}

/// One failed attempt, as reported by a provider or found by the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind.
    pub class: Class,
    /// HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// The provider's own code or type.
    pub code: Option<Box<str>>,
    /// What happened, in the provider's words where it gave any. Not yet redacted.
    pub message: String,
    /// What of the message came from outside; the rest is ours.
    pub outside: Range<usize>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether the provider asks for the same request again (`x-should-retry`).
    pub should_retry: Option<bool>,
    /// The parameter that the provider does not take, in its own name for it.
    pub param: Option<Box<str>>,
    /// How far the request came. A codec says [`Stage::Declined`] of what the provider itself reports.
    pub stage: Stage,
}

impl Failure {
    /// A failure of which only class and message are known.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Failure {
            class,
            status: None,
            code: None,
            message: message.into(),
            outside: 0..0,
            request_id: None,
            retry_after: None,
            should_retry: None,
            param: None,
            stage: Stage::default(),
        }
    }

    /// The same, with words from outside between our own.
    pub fn quoting(class: Class, before: &str, outside: &str, behind: &str) -> Self {
        let start = before.len();
        Failure {
            outside: start..start + outside.len(),
            ..Failure::new(class, [before, outside, behind].concat())
        }
    }

    /// The same failure of a request that came so far.
    #[must_use]
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }
}
