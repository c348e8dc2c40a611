//! What to do after a failed attempt: the same again, the next model, or nothing more. Decisions only.
//!
//! The rules are those of the providers' own libraries (`_base_client.py` of openai-python and anthropic-sdk-python): two
//! repetitions by default, only of transient errors, after the wait that the provider asks for or half a second, one, two,
//! … less up to a quarter. With another model in the plan the waits are short. What a provider has generated is never
//! requested again.
//!
//! Never here: a clock, a connection, or changed parameters (see `repair`).

use std::time::Duration;

use anygpt_providers::{Failure, Stage};

use crate::error::ErrorKind;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The same request again, after this pause.
    Again(Duration),
    /// The next model.
    Another,
    /// Nothing would help.
    GiveUp,
}

/// Where a call stands when an attempt has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    /// Repetitions of this model so far.
    pub(super) repeated: u32,
    /// Most repetitions of one model.
    pub(super) allowed: u32,
    /// There is another model to ask.
    pub(super) has_next: bool,
    /// How long the attempt took.
    pub(super) took: Duration,
    /// Time until the answer is due.
    pub(super) left: Duration,
    /// From 0 to 1: by how much the pause is shortened, up to a quarter.
    pub(super) jitter: f64,
}

/// The first pause; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// A longer pause that a provider asks for is not worth the wait.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(120);

/// With another model in the plan, neither a longer pause nor a repetition of a slower failure is worth it.
const LONGEST_PAUSE_BEFORE_FALLBACK: Duration = Duration::from_secs(5);

impl Situation {
    /// What to do about this failure.
    pub(super) fn after(self, failure: &Failure) -> Next {
        if failure.class == ErrorKind::Cancelled || self.left.is_zero() {
            return Next::GiveUp;
        }
        let is_slow =
            self.took > LONGEST_PAUSE_BEFORE_FALLBACK || failure.class == ErrorKind::Timeout;
        let patient = !(self.has_next && is_slow);
        if self.repeated < self.allowed
            && patient
            && is_transient(failure)
            && let Some(pause) = self.pause(failure.retry_after)
            && pause < self.left
        {
            return Next::Again(pause);
        }
        match self.has_next {
            true => Next::Another,
            false => Next::GiveUp,
        }
    }

    /// How long to wait, if that is not too long.
    fn pause(self, requested: Option<Duration>) -> Option<Duration> {
        let longest = match self.has_next {
            true => LONGEST_PAUSE_BEFORE_FALLBACK,
            false => LONGEST_RETRY_AFTER,
        };
        match requested {
            Some(pause) if pause > longest => None,
            Some(pause) if !pause.is_zero() => Some(pause),
            _ => {
                let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.repeated));
                let pause = doubled.min(LONGEST_PAUSE);
                Some(pause.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) / 4.0))
            }
        }
    }
}

/// Whether the error is transient: the same request may succeed a little later. The provider's own hint decides, except where
/// money is missing, or was spent on it.
fn is_transient(failure: &Failure) -> bool {
    match (failure.stage, failure.class) {
        (Stage::Taken, _) => return false,
        (Stage::Declined, class) => {
            let may_pass = matches!(class, ErrorKind::RateLimit | ErrorKind::Unavailable);
            return may_pass && failure.should_retry != Some(false);
        }
        (Stage::Free | Stage::Unanswered, _) => {}
    }
    match failure.class {
        // A provider that was silent for as long as the operator allows would be silent again.
        ErrorKind::Quota | ErrorKind::Timeout => false,
        ErrorKind::RateLimit | ErrorKind::Network => failure.should_retry.unwrap_or(true),
        ErrorKind::Unavailable => {
            let is_redirect = failure.status.is_some_and(|status| status < 400);
            failure.should_retry.unwrap_or(!is_redirect)
        }
        _ => failure.should_retry.unwrap_or(false),
    }
}

/// How long the first of several models may be silent, so that the last one gets its turn as well: an
/// equal share of the time that is left, in tenths of a second.
pub(super) fn share(left: Duration, models: usize) -> Duration {
    let models = u32::try_from(models).unwrap_or(u32::MAX).max(1);
    let share = left / models;
    let tenths = share.as_millis() / 100;
    Duration::from_millis(
        u64::try_from(tenths)
            .unwrap_or(u64::MAX)
            .saturating_mul(100),
    )
}

/// Which of several failures to explain: the one whose advice helps the caller soonest. The first of
/// equals.
pub(super) fn most_useful<T>(failures: &[T], class: impl Fn(&T) -> ErrorKind) -> Option<&T> {
    failures.iter().min_by_key(|failure| match class(failure) {
        // The caller can change the request,
        ErrorKind::ContextLength
        | ErrorKind::TooLarge
        | ErrorKind::ContentFilter
        | ErrorKind::InvalidRequest
        | ErrorKind::EmptyResponse => 0,
        // or wait a little,
        ErrorKind::RateLimit => 1,
        ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Network | ErrorKind::Cancelled => {
            2
        }
        // or name another model;
        ErrorKind::ModelNotFound => 3,
        // the rest is up to the owner of the account.
        ErrorKind::Quota | ErrorKind::Auth | ErrorKind::Permission | ErrorKind::Config => 4,
    })
}

#[cfg(test)]
mod tests;
