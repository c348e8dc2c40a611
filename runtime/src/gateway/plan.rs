//! What a chat is to do: targets, request, and bounds.
//!
//! Never here: doing it.

use std::time::Duration;

use anygpt_providers::ChatRequest;

use super::{purse::Purse, resolve::Target};
use crate::{call::CallContext, settings::Settings};

/// A chat to be done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The targets in the order in which they are asked until one answers; never empty when the chat begins.
    pub targets: Vec<Target>,
    /// The request, without a model: that is the target's.
    pub request: ChatRequest,
    /// Time from the arrival of the call until the answer is due, complete or not.
    pub timeout: Duration,
    /// A longer answer is cut.
    pub max_output_chars: Option<usize>,
    /// The money for all attempts, if the cost is bounded.
    pub purse: Option<Purse>,
}

impl Plan {
    /// An empty plan.
    pub(crate) fn new(settings: &Settings) -> Self {
        Plan {
            targets: Vec::new(),
            request: ChatRequest::default(),
            timeout: settings.timeout,
            max_output_chars: None,
            purse: None,
        }
    }

    /// Time until the answer is due.
    pub(super) fn left(&self, context: &CallContext) -> Duration {
        self.timeout.saturating_sub(context.received().elapsed())
    }

    /// The request with the model and the effort of this target; see [`adapt()`](super::adapt()).
    pub(crate) fn request_to(&self, target: &Target) -> ChatRequest {
        ChatRequest {
            model: model_of(target).to_owned(),
            effort: target.effort.or(self.request.effort),
            ..self.request.clone()
        }
    }
}

/// The model of a target; empty for the provider's newest.
pub(super) fn model_of(target: &Target) -> &str {
    target.model.as_deref().unwrap_or_default()
}
