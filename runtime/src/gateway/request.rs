//! One request whose reply is a single JSON text: repeated as chats are, within a time limit.
//!
//! Never here: the request itself, or chats.

use std::time::{Duration, Instant};

use anygpt_core::Reservation;
use anygpt_providers::{Codec, Failure, Request, Stage, reported};
use http::Method;
use tokio::time::sleep;

use super::{
    Gateway,
    bill::{self, Bill, Billed},
    chat_state::Failed,
    memory::hold_more,
    plan::model_of,
    price::Cost,
    report,
    resolve::Target,
    retry::{Next, Situation},
    send::Exchange,
};
use crate::{
    call::{CallContext, CallRecord},
    error::{Error, ErrorKind},
    offload::offload,
    settings::{ProviderIndex, Settings},
};

/// Limits of a call in time and repetitions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallLimits {
    /// Time from the arrival of the call until its answer is due.
    pub(super) limit: Duration,
    /// Most repetitions of each request.
    pub(super) retries: u32,
}

impl CallLimits {
    /// Without a limit of the call's own the default applies; the operator's limit always does.
    pub(crate) fn of(settings: &Settings, limit: Option<Duration>) -> Self {
        let most = settings.limits.max_timeout.as_ref();
        let most = most.map_or(Duration::MAX, |limit| limit.most);
        CallLimits {
            limit: limit.unwrap_or(settings.timeout).min(most),
            retries: settings.retries,
        }
    }
}

/// A JSON text, counted as long as it is kept.
pub(super) struct JsonBody<'a> {
    pub(super) bytes: Vec<u8>,
    pub(super) held: Reservation,
    bill: Option<Bill<'a>>,
}

/// A number in a vector that grows, and its text in the result.
const VALUE: usize = 24;

/// A reply and the memory reservation that covers it.
#[derive(Debug)]
pub(crate) struct Reserved<T> {
    /// The reply.
    pub value: T,
    /// What it costs, if that is known.
    pub cost: Option<Cost>,
    /// Covers the reply; to be kept as long as that.
    pub reservation: Reservation,
}

impl Gateway {
    /// A provider's reply to a request for one of its models, as `read` parses it. Messages call it `what`.
    ///
    /// # Errors
    /// What went wrong and what to do next.
    pub(crate) async fn fetch<T: Billed + Send + 'static>(
        &self,
        context: &CallContext,
        target: &Target,
        request: &Request,
        limits: CallLimits,
        what: &str,
        read: impl FnOnce(&dyn Codec, &[u8]) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Reserved<T>, Error> {
        let provider = &self.settings.providers[target.provider];
        let Some(codec) = provider.dialect.codec() else {
            let message = format!("{} has no {what}", provider.id);
            return Err(Error::new(ErrorKind::Config, message));
        };
        let exchange = Exchange {
            context,
            provider,
            codec,
            idle_timeout: None,
        };
        let model = model_of(target);
        let work = async {
            let billed = (!T::IS_FREE).then_some(model);
            let sent = self.request(exchange, request, limits, billed);
            let JsonBody {
                bytes,
                mut held,
                bill,
            } = sent.await?;
            let values = memchr::memchr_iter(b',', &bytes).count();
            hold_more(&mut held, VALUE * values)?;
            let value = offload(bytes.len(), move || read(codec, &bytes)).await?;
            let mut cost = None;
            if let Some(bill) = bill {
                cost = bill::cost(&self.settings, target.provider, model, &value);
                bill.settle(value.usage(), cost);
            }
            Ok(Reserved {
                value,
                cost,
                reservation: held,
            })
        };
        let reply = self.until_due(context, limits.limit, what, work).await;
        match reply.flatten() {
            Ok(reply) => {
                self.record_answer();
                context.record(CallRecord {
                    provider: &provider.id,
                    model,
                    ..CallRecord::default()
                });
                Ok(reply)
            }
            Err(failure) => Err(self.failed(context, target.provider, model, failure)),
        }
    }

    /// The model of a target, or the provider's newest.
    ///
    /// # Errors
    /// As [`Gateway::fetch`].
    pub(crate) async fn model_for(
        &self,
        context: &CallContext,
        target: &Target,
        limits: CallLimits,
    ) -> Result<String, Error> {
        if let Some(model) = &target.model {
            return Ok(model.clone());
        }
        let provider = &self.settings.providers[target.provider];
        let Some(codec) = provider.dialect.codec() else {
            return Ok(String::new());
        };
        let exchange = Exchange {
            context,
            provider,
            codec,
            idle_timeout: None,
        };
        let newest = self.newest_model(exchange, limits);
        let newest = self.until_due(context, limits.limit, "model list", newest);
        newest
            .await
            .flatten()
            .map(|chosen| chosen.model.id)
            .map_err(|failure| self.failed(context, target.provider, "", failure))
    }

    /// Records a failure; returns the error of its call.
    fn failed(
        &self,
        context: &CallContext,
        index: ProviderIndex,
        model: &str,
        failure: Failure,
    ) -> Error {
        let provider = &self.settings.providers[index];
        let error = report::failure(provider, model, &failure, &self.redactor);
        let failed = Failed {
            provider: index,
            model: model.to_owned(),
            failure,
        };
        self.record_failure(&failed, |record| context.record(record));
        report::with_advice(&self.settings, index, error)
    }

    /// Sends a request, repeatedly as long as that may help. With the name of its model, each attempt has a bill.
    pub(super) async fn request<'a>(
        &self,
        exchange: Exchange<'a>,
        request: &Request,
        limits: CallLimits,
        billed: Option<&'a str>,
    ) -> Result<JsonBody<'a>, Failure> {
        let mut repeated = 0;
        loop {
            let begun = Instant::now();
            let mut bill =
                billed.map(|model| Bill::new(exchange.context, &exchange.provider.id, model));
            let mut failure = match self.once(exchange, request.clone(), bill.as_mut()).await {
                Ok((bytes, held)) => return Ok(JsonBody { bytes, held, bill }),
                Err(failure) => failure,
            };
            if let Some(bill) = bill {
                bill.fail(&failure);
            }
            // Nothing is generated for it.
            if request.method == Method::GET {
                failure.stage = Stage::Free;
            }
            let situation = Situation {
                repeated,
                allowed: limits.retries,
                has_next: false,
                took: begun.elapsed(),
                left: limits
                    .limit
                    .saturating_sub(exchange.context.received().elapsed()),
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
        exchange: Exchange<'_>,
        request: Request,
        bill: Option<&mut Bill<'_>>,
    ) -> Result<(Vec<u8>, Reservation), Failure> {
        let _turn = self.turns.acquire().await;
        let sent = self.reserve_request(request.body.len()).await?;
        let opened = || bill.into_iter().for_each(Bill::open);
        let response = self.send(exchange, request, opened).await?;
        drop(sent);
        let mut held = self.budget.reservation();
        let bytes = self.body(response, &mut held).await?;
        let length = bytes.len();
        let codec = exchange.codec;
        let read = move || match reported(codec, &bytes) {
            Some(failure) => Err(failure),
            None => Ok(bytes),
        };
        Ok((offload(length, read).await?, held))
    }
}
