//! Progress notifications of a call: what the gateway observes, as one line for people.
//!
//! Never here: which calls want them.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anygpt_core::CallHandle;
use tokio::time::sleep;

use super::connection::Connection;
use anygpt_providers::Answer;

use crate::gateway::Observer;

/// Between two progress notifications of a call.
const PROGRESS_PAUSE: Duration = Duration::from_secs(2);

/// Turns what is observed into progress notifications: each new phase at once, and where it stands
/// every two seconds.
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

    /// Says again and again where the call stands.
    pub(super) async fn repeat(&self) -> Infallible {
        loop {
            sleep(PROGRESS_PAUSE).await;
            self.report(&mut self.lock());
        }
    }

    fn report(&self, state: &mut Progress) {
        // The progress value, since nobody knows the end.
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

/// Where a call stands.
#[derive(Debug, Default)]
struct Progress {
    /// Notifications so far.
    steps: u64,
    phase: Phase,
    text: Counted,
    reasoning: Counted,
    /// What the provider has counted so far.
    tokens: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    /// There is no connection yet.
    #[default]
    Connecting,
    /// Nothing has arrived, for this reason.
    Waiting(String),
    /// The model thinks aloud.
    Reasoning,
    /// The answer arrives.
    Answering,
}

impl Progress {
    /// Takes note of what has arrived. True if that is a new phase.
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

/// Providers tell the number of tokens at the end; until then this is what most texts have.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// Characters of a text that grows, each looked at once.
#[derive(Debug, Default)]
struct Counted {
    bytes: usize,
    characters: u64,
}

impl Counted {
    fn count(&mut self, text: &str) {
        // A shorter one is that of another attempt.
        if text.len() < self.bytes || !text.is_char_boundary(self.bytes) {
            *self = Counted::default();
        }
        let new = text.get(self.bytes..).unwrap_or_default();
        self.characters += new.chars().count() as u64;
        self.bytes = text.len();
    }
}

#[cfg(test)]
mod tests;
