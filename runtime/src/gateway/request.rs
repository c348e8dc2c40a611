//! One request that is answered with JSON, all at once: repeated as chats are, within a time limit.
//!
//! Never here: what is asked, or chats.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use anygpt_core::Reservation;
use futures_util::future::{Either, select};
use serde::{Deserialize, de::IgnoredAny};
use tokio::time::{sleep, timeout_at};

use super::{
    Gateway,
    retry::{Next, Situation},
};
use crate::{
    provider::{Class, Codec, Failure, Request},
    settings::Provider,
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

/// A JSON text, counted as long as it is kept.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) held: Reservation,
}

/// What some proxies send with status 200.
#[derive(Deserialize)]
struct Reported {
    error: Option<IgnoredAny>,
}

impl Gateway {
    /// For a call that has come in now. Without a limit of its own that of the settings holds.
    pub fn bounds(&self, limit: Option<Duration>) -> Bounds {
        Bounds {
            received: Instant::now(),
            limit: limit.unwrap_or(self.settings.timeout),
            retries: self.settings.retries,
        }
    }

    /// Sends a request, and again as long as that may help.
    pub(super) async fn request(
        &self,
        provider: &Provider,
        codec: &dyn Codec,
        request: &Request,
        bounds: Bounds,
    ) -> Result<Body, Failure> {
        let mut repeated = 0;
        loop {
            let begun = Instant::now();
            let failure = match self.once(provider, codec, request.clone()).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
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
        codec: &dyn Codec,
        request: Request,
    ) -> Result<Body, Failure> {
        let _turn = self.turns.acquire().await;
        let response = self.send(provider, codec, request, None, || {}).await?;
        let mut held = self.budget.reservation();
        let bytes = self.body(response, &mut held).await?;
        let reported = serde_json::from_slice::<Reported>(&bytes);
        if reported.is_ok_and(|reported| reported.error.is_some()) {
            return Err(codec.failure(200, &bytes));
        }
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
        let ending = pin!(ending.wait_for(|&ending| ending));
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
