//! The result of a chat.
//!
//! Never here: how a provider writes an answer (see `anygpt_providers`), or how a tool does.

use std::time::Duration;

use anygpt_core::Reservation;
use anygpt_providers::{Answer, TokenPrice};

use super::{Attempt, price::Cost};
use crate::call::CallRecord;

/// An answer and how it came about.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// The model's answer.
    pub answer: Answer,
    /// The provider's id.
    pub provider: String,
    /// The model in the request.
    pub model: String,
    /// All requests that were made for it, this one included; none without a network.
    pub attempts: Vec<Attempt>,
    /// The cost, if it is known.
    pub cost: Option<Cost>,
    /// What the provider's own list says that the model costs, if the list was asked.
    pub listed_price: Option<TokenPrice>,
    /// The answer is incomplete.
    pub partial: bool,
    /// The answer was longer than the caller allows, and was cut.
    pub truncated: bool,
    /// From the call to the last byte; none without a network.
    pub latency: Option<Duration>,
    /// From the call to the first text.
    pub first_token: Option<Duration>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Warnings for the caller.
    pub warnings: Vec<String>,
    /// Covers the answer; to be kept as long as that.
    pub reservation: Option<Reservation>,
}

impl Reply {
    /// An empty reply of this provider's model.
    pub(super) fn of(provider: &str, model: &str) -> Self {
        Reply {
            provider: provider.to_owned(),
            model: model.to_owned(),
            ..Reply::default()
        }
    }

    /// For the log.
    pub(super) fn record(&self) -> CallRecord<'_> {
        CallRecord {
            provider: &self.provider,
            model: &self.model,
            request_id: self.request_id.as_deref(),
            input_tokens: self.answer.usage.input_tokens,
            output_tokens: self.answer.usage.output_tokens,
            is_partial: self.partial,
            ..CallRecord::default()
        }
    }

    /// The warning about a finish reason that nobody knows, or that the provider explains.
    pub(super) fn explained(&self) -> Option<String> {
        let native = self.answer.native_finish.as_deref()?;
        match (&self.answer.finish_message, self.answer.finish) {
            (Some(message), _) => Some(format!("The finish reason is {native}: {message}")),
            (None, None) => Some(format!(
                "The finish reason {native} is not known: check whether the answer is complete"
            )),
            (None, Some(_)) => None,
        }
    }

    /// Cuts the answer to so many characters, with a warning.
    pub(crate) fn shorten(&mut self, most: usize) {
        let text = &mut self.answer.text;
        if let Some((end, _)) = text.char_indices().nth(most) {
            text.truncate(end);
            self.truncated = true;
            self.warnings
                .push(format!("The answer was cut after {most} characters"));
        }
    }
}
