//! The course of one chat: who was asked, what came of it, what there is to hand out. Valid at any
//! moment, because the deadline may come at any.
//!
//! Never here: a connection, or what to do next (see `retry`).

use std::{
    fmt, mem,
    time::{Duration, Instant},
};

use anygpt_providers::{Answer, Class, Failure, Finish};

use super::{Reply, report, retry};
use crate::redact::Redactor;

/// What one request to a provider came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The provider's id.
    pub provider: String,
    /// The model that was asked; empty if none was found to ask.
    pub model: String,
    /// `None` if it brought the answer, or a part of it.
    pub failed: Option<Class>,
    /// HTTP status of a failure, if there was a reply.
    pub status: Option<u16>,
    /// How long it took.
    pub time: Duration,
}

/// A failed attempt with all that is known of it.
#[derive(Debug)]
pub(super) struct Failed {
    /// Position of the provider.
    pub(super) provider: usize,
    /// The model that was asked.
    pub(super) model: String,
    /// What went wrong.
    pub(super) failure: Failure,
}

/// A chat that brought nothing to hand out.
#[derive(Debug)]
pub(super) struct AllFailed {
    /// The failure that is explained.
    pub(super) told: Failed,
    /// Every attempt.
    pub(super) attempts: Vec<Attempt>,
    /// Who was not asked because the money was spent.
    pub(super) unpaid: Option<Unpaid>,
}

/// Who is not asked because earlier attempts have left too little money.
#[derive(Debug)]
pub(super) struct Unpaid {
    names: Vec<String>,
    /// What the first of them is missing.
    why: String,
}

impl fmt::Display for Unpaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Not asked: {}: {}", self.names.join(", "), self.why)
    }
}

/// How far a chat has come.
#[derive(Debug)]
pub(super) struct Course {
    /// The attempt that is under way.
    pub(super) reply: Reply,
    provider: usize,
    begun: Option<Instant>,
    /// The attempt has not got its turn yet.
    pub(super) is_queued: bool,
    /// One per finished attempt.
    attempts: Vec<Attempt>,
    failures: Vec<Failed>,
    unpaid: Option<Unpaid>,
    /// The longest beginning of an answer that broke off, and what broke it.
    broken: Option<(Reply, Failure)>,
}

impl Course {
    pub(super) fn new(provider: usize, id: &str, model: &str) -> Self {
        Course {
            reply: Reply::of(id, model),
            provider,
            begun: None,
            is_queued: false,
            attempts: Vec::new(),
            failures: Vec::new(),
            unpaid: None,
            broken: None,
        }
    }

    /// Another provider or model is asked from here on.
    pub(super) fn turn_to(&mut self, provider: usize, id: &str, model: &str) {
        self.provider = provider;
        self.reply = Reply::of(id, model);
    }

    /// Position of the provider that is being asked.
    pub(super) fn provider(&self) -> usize {
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

    /// The attempt has brought the answer.
    pub(super) fn succeed(&mut self) {
        self.finish(None);
    }

    /// The attempt has failed. What it has brought is kept, for the case that nobody has a better answer.
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
    pub(super) fn leave_out(&mut self, name: String, why: String) {
        self.begun = None;
        let names = Vec::new();
        let unpaid = self.unpaid.get_or_insert(Unpaid { names, why });
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

    /// The end, because of `stopped` if something outside stopped it: `reply` becomes what is handed out. Nothing that has
    /// arrived is lost.
    ///
    /// # Errors
    /// There is nothing to hand out.
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
            let reply = &mut self.reply;
            reply.warnings.extend(instead(&self.attempts, reply));
            let unpaid = self.unpaid.take();
            reply.warnings.extend(unpaid.map(|it| it.to_string()));
            reply.attempts = mem::take(&mut self.attempts);
            return Ok(());
        }
        if let Some((broken, failure)) = self.broken.take() {
            self.reply = broken;
            let reply = &mut self.reply;
            reply.partial = true;
            // Half a call, or half of several, must not be carried out.
            reply.answer.tool_calls.clear();
            reply.answer.state.clear();
            redactor.end_of_cut(&mut reply.answer.text);
            redactor.end_of_cut(&mut reply.answer.reasoning);
            reply.answer.finish = Some(match failure.class {
                Class::Timeout | Class::Cancelled => Finish::Timeout,
                _ => Finish::Error,
            });
            reply.warnings.push(format!(
                "The answer is not complete: {} ({})",
                failure.class.as_str(),
                report::said(&failure, redactor),
            ));
            let unpaid = self.unpaid.take();
            reply.warnings.extend(unpaid.map(|it| it.to_string()));
            reply.attempts = mem::take(&mut self.attempts);
            return Ok(());
        }
        let class = |failed: &Failed| failed.failure.class;
        let useful = retry::most_useful(&self.failures, class).map(|useful| {
            self.failures
                .iter()
                // The newest of its kind knows best how long to wait.
                .rposition(|failed| {
                    class(failed) == class(useful)
                        && (failed.provider, &failed.model) == (useful.provider, &useful.model)
                })
                .unwrap_or_default()
        });
        let told = match useful {
            Some(position) => self.failures.swap_remove(position),
            None => Failed {
                provider: self.provider,
                model: mem::take(&mut self.reply.model),
                failure: Failure::new(Class::Unavailable, "nobody was asked"),
            },
        };
        Err(Box::new(AllFailed {
            told,
            attempts: mem::take(&mut self.attempts),
            unpaid: self.unpaid.take(),
        }))
    }
}

/// What to say when another model than the first one has answered.
fn instead(attempts: &[Attempt], reply: &Reply) -> Option<String> {
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
        let outcome = attempt.failed.map_or("ok", Class::as_str);
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
