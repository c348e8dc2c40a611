//! One request that is answered with JSON, all at once: repeated as chats are, within a time limit.
//!
//! Never here: what is asked for, or chats.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use anygpt_core::Reservation;
use anygpt_providers::{Class, Codec, Failure, Request, Stage};
use futures_util::future::{Either, select};
use http::Method;
use serde::{Deserialize, de::IgnoredAny};
use tokio::{
    task::unconstrained,
    time::{sleep, timeout_at},
};

use super::{
    Failed, Gateway,
    attempt::{hold_more, not_sent},
    model_of, report,
    resolve::Target,
    retry::{Next, Situation},
};
use crate::{
    aside::aside,
    call::{self, Asked},
    error::{Error, ErrorKind},
    settings::{Provider, Settings},
};

/// What a call may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// When it came in.
    pub(super) received: Instant,
    /// So long after that its answer is due.
    pub(super) limit: Duration,
    /// Most repetitions of each request.
    pub(super) retries: u32,
}

impl Bounds {
    /// For a call that has come in now. Without a limit of its own that of the settings holds,
    /// and never more than the operator allows.
    pub fn of(settings: &Settings, limit: Option<Duration>) -> Self {
        let most = settings.limits.max_timeout.as_ref();
        let most = most.map_or(Duration::MAX, |limit| limit.most);
        Bounds {
            received: Instant::now(),
            limit: limit.unwrap_or(settings.timeout).min(most),
            retries: settings.retries,
        }
    }
}

/// A JSON text, counted as long as it is kept.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) held: Reservation,
}

/// A number in a vector that grows, and its text in the result.
const VALUE: usize = 24;

/// What a provider has said, counted as long as it is kept.
#[derive(Debug)]
pub struct Told<T> {
    /// It.
    pub told: T,
    /// Covers it.
    pub held: Reservation,
}

/// What some proxies send with status 200.
#[derive(Deserialize)]
struct Reported {
    error: Option<IgnoredAny>,
    // Where something was done all the same.
    data: Option<IgnoredAny>,
    usage: Option<IgnoredAny>,
}

impl Gateway {
    /// What a provider says to a request for one of its models; `read` takes it out of the reply. `what` is
    /// its name for people.
    ///
    /// # Errors
    /// What went wrong and what to do next.
    pub async fn ask_for<T: Send + 'static>(
        &self,
        target: &Target,
        request: &Request,
        bounds: Bounds,
        what: &str,
        read: impl FnOnce(&dyn Codec, &[u8]) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Told<T>, Error> {
        let provider = &self.settings.providers[target.provider];
        let Some(codec) = provider.kind.codec() else {
            let message = format!("{} has no {what}", provider.id);
            return Err(Error::new(ErrorKind::Config, message));
        };
        let work = async {
            let Body { bytes, mut held } = self.request(provider, codec, request, bounds).await?;
            let values = memchr::memchr_iter(b',', &bytes).count();
            hold_more(&mut held, VALUE * values)?;
            let told = aside(bytes.len(), move || read(codec, &bytes)).await?;
            Ok(Told { told, held })
        };
        let told = self.in_time(bounds, what, work).await;
        let model = model_of(target);
        match told {
            Ok(told) => {
                self.note_answer();
                call::note(Asked {
                    provider: &provider.id,
                    model,
                    ..Asked::default()
                });
                Ok(told)
            }
            Err(failure) => Err(self.failed(target.provider, model, failure)),
        }
    }

    /// The model of a target, or the provider's newest.
    ///
    /// # Errors
    /// As [`Gateway::ask_for`].
    pub async fn model_for(&self, target: &Target, bounds: Bounds) -> Result<String, Error> {
        if let Some(model) = &target.model {
            return Ok(model.clone());
        }
        let provider = &self.settings.providers[target.provider];
        let Some(codec) = provider.kind.codec() else {
            return Ok(String::new());
        };
        let newest = self.newest_model(provider, codec, bounds);
        let newest = self.in_time(bounds, "model list", newest).await;
        newest.map_err(|failure| self.failed(target.provider, "", failure))
    }

    /// Records a failure; returns the error of its call.
    fn failed(&self, position: usize, model: &str, failure: Failure) -> Error {
        let provider = &self.settings.providers[position];
        let error = report::failure(provider, model, &failure, &self.redactor);
        let failed = Failed {
            provider: position,
            model: model.to_owned(),
            failure,
        };
        self.asked(&failed, call::note);
        report::with_advice(&self.settings, position, error)
    }

    /// Sends a request, and again as long as that may help.
    pub(super) async fn request(
        &self,
        provider: &Provider,
        codec: &'static dyn Codec,
        request: &Request,
        bounds: Bounds,
    ) -> Result<Body, Failure> {
        let mut repeated = 0;
        loop {
            let begun = Instant::now();
            let mut failure = match self.once(provider, codec, request.clone()).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            // Nothing is generated for it.
            if request.method == Method::GET {
                failure.stage = Stage::Free;
            }
            let situation = Situation {
                repeated,
                allowed: bounds.retries,
                has_next: false,
                took: begun.elapsed(),
                left: bounds.limit.saturating_sub(bounds.received.elapsed()),
                jitter: fastrand::f64(),
            };
            match situation.after(&failure) {
                Next::Again(pause) => sleep(pause).await,
                Next::Another | Next::GiveUp => return Err(failure),
            }
            repeated += 1;
        }
    }

    async fn once(
        &self,
        provider: &Provider,
        codec: &'static dyn Codec,
        request: Request,
    ) -> Result<Body, Failure> {
        let _turn = self.turns.acquire().await;
        let sent = self.reserve(request.body.len(), not_sent).await?;
        let response = self.send(provider, codec, request, None, || {}).await?;
        drop(sent);
        let mut held = self.budget.reservation();
        let bytes = self.body(response, &mut held).await?;
        let length = bytes.len();
        let read = move || {
            if let Ok(reported) = serde_json::from_slice::<Reported>(&bytes)
                && reported.error.is_some()
            {
                let failure = codec.failure(200, &bytes);
                return Err(match reported.data.or(reported.usage) {
                    None => failure,
                    Some(_) => failure.at(Stage::Taken),
                });
            }
            Ok(bytes)
        };
        let bytes = aside(length, read).await?;
        Ok(Body { bytes, held })
    }

    /// Work for a call that must be answered in time, and before the process ends. `what` is missing
    /// otherwise.
    pub(super) async fn in_time<T>(
        &self,
        bounds: Bounds,
        what: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let work = pin!(work);
        let mut ending = self.ending.clone();
        // Work may use up all of the task's budget.
        let ending = pin!(unconstrained(ending.wait_for(|&ending| ending)));
        let due = bounds.received + bounds.limit;
        match timeout_at(due.into(), select(work, ending)).await {
            Ok(Either::Left((done, _))) => done,
            Ok(Either::Right(_)) => Err(Failure::new(
                Class::Cancelled,
                "the server is shutting down",
            )),
            Err(_) => Err(Failure::new(
                Class::Timeout,
                format!("no {what} after {} s", bounds.limit.as_secs()),
            )),
        }
    }
}
