//! Progress notifications of a call: one line for people, made from what the gateway reports.
//!
//! Never here: which calls want them.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anygpt_core::CallHandle;
use anygpt_providers::Answer;
use tokio::time::sleep;

use super::connection::Connection;
use crate::gateway::{Observer, token_limit::CHARACTERS_PER_TOKEN};

/// Time between two progress notifications of a call.
const INTERVAL: Duration = Duration::from_secs(2);

/// Turns the gateway's reports into progress notifications: each new phase at once, and the current state every two
/// seconds.
pub(super) struct Reports<'a> {
    connection: &'a Arc<Connection>,
    handle: CallHandle,
    state: Mutex<Progress>,
}

impl<'a> Reports<'a> {
    pub(super) fn new(connection: &'a Arc<Connection>, handle: CallHandle) -> Self {
        Reports {
            connection,
            handle,
            state: Mutex::default(),
        }
    }

    /// Reports the current state at regular intervals.
    pub(super) async fn repeat(&self) -> Infallible {
        loop {
            sleep(INTERVAL).await;
            self.report(&mut self.lock());
        }
    }

    fn report(&self, state: &mut Progress) {
        // Counts up, since the total is not known.
        state.steps += 1;
        self.connection
            .progress(self.handle, state.steps, &state.message());
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for &Reports<'_> {
    fn connected(&mut self, provider: &str) {
        let mut state = self.lock();
        state.phase = Phase::Waiting(format!("connected to {provider}, waiting for the answer"));
        self.report(&mut state);
    }

    fn received(&mut self, answer: &Answer) {
        let mut state = self.lock();
        if state.receive(answer) {
            self.report(&mut state);
        }
    }

    fn on_status(&mut self, status: &str) {
        let mut state = self.lock();
        state.phase = Phase::Waiting(status.to_owned());
        self.report(&mut state);
    }
}

/// The state of a call.
#[derive(Debug, Default)]
struct Progress {
    /// Notifications so far.
    steps: u64,
    phase: Phase,
    text: CharCount,
    reasoning: CharCount,
    /// Output tokens that the provider has reported so far.
    tokens: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    /// There is no connection yet.
    #[default]
    Connecting,
    /// Nothing has arrived, for this reason.
    Waiting(String),
    /// Reasoning arrives.
    Reasoning,
    /// The answer arrives.
    Answering,
}

impl Progress {
    /// Records what has arrived. Returns whether that is a new phase.
    fn receive(&mut self, answer: &Answer) -> bool {
        self.text.count(&answer.text);
        self.reasoning.count(&answer.reasoning);
        self.tokens = answer.usage.output_tokens.unwrap_or_default();
        let phase = match answer.text.is_empty() {
            true => Phase::Reasoning,
            false => Phase::Answering,
        };
        let is_new = self.phase != phase;
        self.phase = phase;
        is_new
    }

    fn message(&self) -> String {
        let characters = self.text.characters;
        // Providers report the number of tokens at the end.
        let estimated = (characters + self.reasoning.characters).div_ceil(CHARACTERS_PER_TOKEN);
        let tokens = estimated.max(self.tokens);
        match &self.phase {
            Phase::Connecting => "connecting".to_owned(),
            Phase::Waiting(why) => why.clone(),
            Phase::Reasoning => format!("reasoning: about {tokens} tokens so far"),
            Phase::Answering => {
                format!("answering: about {tokens} tokens so far ({characters} characters)")
            }
        }
    }
}

/// Characters of a growing text; each byte is visited once.
#[derive(Debug, Default)]
struct CharCount {
    bytes: usize,
    characters: u64,
}

impl CharCount {
    fn count(&mut self, text: &str) {
        // A shorter text belongs to another attempt.
        if text.len() < self.bytes || !text.is_char_boundary(self.bytes) {
            *self = CharCount::default();
        }
        let new = text.get(self.bytes..).unwrap_or_default();
        self.characters += new.chars().count() as u64;
        self.bytes = text.len();
    }
}

#[cfg(test)]
mod tests;
