//! Progress of one chat: attempts so far, their failures, the best partial reply. Valid at any moment, because the deadline
//! may come at any.
//!
//! Never here: a connection, or what to do next (see `retry`).

use std::{
    fmt, mem,
    time::{Duration, Instant},
};

use anygpt_providers::{Answer, Failure, Finish};

use super::{
    Reply,
    bill::{Spent, known_usage},
    report, retry,
};
use crate::{error::ErrorKind, redact::Redactor, settings::ProviderIndex};

/// One request to a provider, with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// The provider's id.
    pub provider: String,
    /// The model; empty if the provider's list had none.
    pub model: String,
    /// `None` if it brought the answer.
    pub failed: Option<ErrorKind>,
    /// HTTP status of a failure, if there was a reply.
    pub status: Option<u16>,
    /// How long it took.
    pub time: Duration,
}

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failed {
    /// Position of the provider.
    pub(super) provider: ProviderIndex,
    /// The model in the request.
    pub(super) model: String,
    pub(super) failure: Failure,
}

/// A chat without any text.
#[derive(Debug)]
pub(super) struct AllFailed {
    /// The failure that the caller gets.
    pub(super) reported: Failed,
    /// Every attempt.
    pub(super) attempts: Vec<Attempt>,
    /// The targets that were not asked because the money was spent.
    pub(super) unpaid: Option<Unpaid>,
}

/// Targets that are not asked because earlier attempts have left too little money.
#[derive(Debug)]
pub(super) struct Unpaid {
    names: Vec<String>,
    /// What the first of them would have cost.
    why: String,
}

impl fmt::Display for Unpaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Not sent to {}: {}", self.names.join(", "), self.why)
    }
}

/// Progress of a chat.
#[derive(Debug)]
pub(super) struct ChatState {
    /// The reply of the current attempt.
    pub(super) reply: Reply,
    /// What all attempts have cost.
    pub(super) spent: Spent,
    provider: ProviderIndex,
    begun: Option<Instant>,
    /// The attempt waits for its turn.
    pub(super) is_queued: bool,
    /// One per finished attempt.
    attempts: Vec<Attempt>,
    failures: Vec<Failed>,
    unpaid: Option<Unpaid>,
    /// The longest beginning of an answer that broke off, and what broke it.
    broken: Option<(Reply, Failure)>,
}

impl ChatState {
    pub(super) fn new(provider: ProviderIndex, id: &str, model: &str) -> Self {
        ChatState {
            reply: Reply::of(id, model),
            spent: Spent::default(),
            provider,
            begun: None,
            is_queued: false,
            attempts: Vec::new(),
            failures: Vec::new(),
            unpaid: None,
            broken: None,
        }
    }

    /// The next attempts are for another provider or model.
    pub(super) fn turn_to(&mut self, provider: ProviderIndex, id: &str, model: &str) {
        self.provider = provider;
        self.reply = Reply::of(id, model);
    }

    /// The provider of the current attempt.
    pub(super) fn provider(&self) -> ProviderIndex {
        self.provider
    }

    /// An attempt begins.
    pub(super) fn begin(&mut self) {
        self.begun = Some(Instant::now());
        self.reply.answer = Answer::default();
        self.reply.first_token = None;
        self.reply.request_id = None;
        self.reply.reservation = None;
    }

    /// The attempt has brought the whole answer.
    pub(super) fn succeed(&mut self) {
        self.finish(None);
    }

    /// The attempt has failed. Its text is kept in case that no attempt brings a better one.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.finish(Some(&failure));
        if !self.reply.answer.text.trim().is_empty() {
            let reply = mem::take(&mut self.reply);
            self.reply.provider.clone_from(&reply.provider);
            self.reply.model.clone_from(&reply.model);
            self.reply.warnings.clone_from(&reply.warnings);
            let longest = self.broken.as_ref().map(|(reply, _)| &reply.answer.text);
            if longest.is_none_or(|longest| longest.len() < reply.answer.text.len()) {
                self.broken = Some((reply, failure.clone()));
            }
        }
        self.failures.push(Failed {
            provider: self.provider,
            model: self.reply.model.clone(),
            failure,
        });
    }

    /// The attempt is not made, because the money is spent.
    pub(super) fn leave_out(&mut self, mut name: String, again: bool, why: String) {
        self.begun = None;
        let names = Vec::new();
        let unpaid = self.unpaid.get_or_insert(Unpaid { names, why });
        if again {
            name.push_str(" again");
        }
        unpaid.names.push(name);
    }

    /// The last failure and how long its attempt took, if there was one.
    pub(super) fn last(&self) -> Option<(&Failed, Duration)> {
        Some((self.failures.last()?, self.attempts.last()?.time))
    }

    fn finish(&mut self, failure: Option<&Failure>) {
        let time = self.begun.take().map_or(Duration::ZERO, |at| at.elapsed());
        self.attempts.push(Attempt {
            provider: self.reply.provider.clone(),
            model: self.reply.model.clone(),
            failed: failure.map(|failure| failure.class),
            status: failure.and_then(|failure| failure.status),
            time,
        });
    }

    /// Ends the chat, because of `stopped` if something outside stopped it: `reply` becomes the result. Nothing that has
    /// arrived is lost.
    ///
    /// # Errors
    /// No attempt has brought any text.
    pub(super) fn end(
        &mut self,
        stopped: Option<Failure>,
        redactor: &Redactor,
    ) -> Result<(), Box<AllFailed>> {
        let complete =
            stopped.is_none() && self.attempts.last().is_some_and(|a| a.failed.is_none());
        if let Some(mut failure) = stopped {
            if self.is_queued {
                failure
                    .message
                    .push_str(", because too many other calls are in flight");
            }
            // Between two attempts, what ended the last one says more.
            if self.begun.is_some() || self.failures.is_empty() {
                self.fail(failure);
            }
        }
        if complete {
            let warning = answered_instead(&self.attempts, &self.reply);
            self.reply.warnings.extend(warning);
        } else if let Some((broken, failure)) = self.broken.take() {
            self.reply = broken;
            make_partial(&mut self.reply, &failure, redactor);
        } else {
            return Err(Box::new(self.all_failed()));
        }
        let unpaid = self.unpaid.take();
        let reply = &mut self.reply;
        reply.warnings.extend(unpaid.map(|it| it.to_string()));
        reply.attempts = mem::take(&mut self.attempts);
        Ok(())
    }

    fn all_failed(&mut self) -> AllFailed {
        let kind = |failed: &Failed| failed.failure.class;
        let useful = retry::most_useful(&self.failures, kind).map(|useful| {
            self.failures
                .iter()
                // The newest of its kind has the current wait.
                .rposition(|failed| {
                    kind(failed) == kind(useful)
                        && (failed.provider, &failed.model) == (useful.provider, &useful.model)
                })
                .unwrap_or_default()
        });
        let reported = match useful {
            Some(position) => self.failures.swap_remove(position),
            None => Failed {
                provider: self.provider,
                model: mem::take(&mut self.reply.model),
                failure: Failure::new(ErrorKind::Unavailable, "no request was sent"),
            },
        };
        AllFailed {
            reported,
            attempts: mem::take(&mut self.attempts),
            unpaid: self.unpaid.take(),
        }
    }
}

/// Makes a partial answer of one that has broken off.
fn make_partial(reply: &mut Reply, failure: &Failure, redactor: &Redactor) {
    reply.partial = true;
    // A part of a call, or of several calls, must not be carried out.
    reply.answer.tool_calls.clear();
    reply.answer.state.clear();
    reply.answer.usage = known_usage(&reply.answer);
    redactor.end_of_cut(&mut reply.answer.text);
    redactor.end_of_cut(&mut reply.answer.reasoning);
    reply.answer.finish = Some(match failure.class {
        ErrorKind::Timeout | ErrorKind::Cancelled => Finish::Timeout,
        _ => Finish::Error,
    });
    reply.warnings.push(format!(
        "The answer is not complete: {} ({})",
        failure.class.as_str(),
        report::redacted(failure, redactor),
    ));
}

/// The warning that another model than the first one has answered.
fn answered_instead(attempts: &[Attempt], reply: &Reply) -> Option<String> {
    let others: Vec<Attempt> = attempts
        .iter()
        .filter(|a| (&a.provider, &a.model) != (&reply.provider, &reply.model))
        .cloned()
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "{}/{} answered instead: {}",
            reply.provider,
            reply.model,
            tally(&others)
        )
    })
}

/// Attempts in a few words, the same ones counted together.
pub(super) fn tally(attempts: &[Attempt]) -> String {
    let mut words: Vec<(String, usize)> = Vec::new();
    for attempt in attempts {
        let name = match attempt.model.as_str() {
            "" => attempt.provider.clone(),
            model => format!("{}/{model}", attempt.provider),
        };
        let outcome = attempt.failed.map_or("ok", ErrorKind::as_str);
        let status = attempt.status.map(|status| format!(" (HTTP {status})"));
        let word = format!("{name}: {outcome}{}", status.unwrap_or_default());
        match words.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => words.push((word, 1)),
        }
    }
    let words: Vec<String> = words
        .into_iter()
        .map(|(word, count)| match count {
            1 => word,
            count => format!("{word}, {count} times"),
        })
        .collect();
    words.join("; ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
