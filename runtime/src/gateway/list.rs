//! A provider's live model list, all its pages.
//!
//! Never here: choosing from it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anygpt_core::Reservation;
use anygpt_providers::{Failure, MOST_MODELS, Model};
use futures_util::future::join_all;

use super::{
    Gateway, facts,
    memory::{hold_more, no_memory},
    mock, report,
    request::{CallLimits, JsonBody},
    send::Exchange,
};
use crate::{
    call::CallContext,
    error::{Error, ErrorKind},
    offload::offload,
    settings::ProviderIndex,
};

/// Memory of a model without its texts, in a list that is sorted and searched.
const MODEL: usize = 4 * size_of::<Model>();

/// More pages than any provider has; the end of an endless list.
const PAGES: usize = 50;

/// The models that a provider offers.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    /// In the provider's order.
    pub models: Vec<Model>,
    /// Covers them; to be kept as long as they are.
    pub held: Vec<Reservation>,
}

/// A list of models, or the failure to get it.
#[derive(Debug)]
pub(crate) struct Listed {
    /// The list, or why there is none.
    pub offer: Result<Offer, Unlisted>,
    /// How long it took.
    pub time: Duration,
}

/// Why there is no list.
#[derive(Debug)]
pub(crate) struct Unlisted {
    /// What went wrong and what to do next.
    pub error: Error,
    /// HTTP status, if there was a reply.
    pub status: Option<u16>,
}

impl Gateway {
    /// The models of each of these providers. All lists at once; a failure of one does not affect the others.
    pub(crate) async fn models(
        &self,
        context: &CallContext,
        providers: &[ProviderIndex],
        limits: CallLimits,
    ) -> Vec<Listed> {
        let lists = providers.iter().map(|&position| async move {
            let begun = Instant::now();
            let provider = &self.settings.providers[position];
            let offer = match provider.dialect.codec() {
                None => Ok(Offer {
                    models: mock::models(),
                    ..Offer::default()
                }),
                Some(codec) => {
                    let exchange = Exchange {
                        context,
                        provider,
                        codec,
                        idle_timeout: None,
                    };
                    let list = self.model_list(exchange, limits);
                    let list = self.until_due(context, limits.limit, "model list", list);
                    list.await.flatten()
                }
            };
            let offer = match offer {
                Ok(offer) => Ok(self.known(position, offer).await),
                Err(failure) => Err(self.unlisted(position, &failure)),
            };
            Listed {
                offer,
                time: begun.elapsed(),
            }
        });
        let lists = join_all(lists).await;
        if lists.iter().any(|list| list.offer.is_ok()) {
            self.record_answer();
        }
        lists
    }

    /// A list for users: with what the table knows of its models, and without parts of keys in its texts.
    async fn known(&self, provider: ProviderIndex, mut offer: Offer) -> Offer {
        let texts = offer.models.iter_mut().flat_map(Model::texts);
        let length = texts.map(|text| text.len()).sum();
        let redactor = Arc::clone(&self.redactor);
        let settings = self.shared_settings();
        offload(length, move || {
            facts::complete(&settings, provider, &mut offer.models);
            let texts = offer.models.iter_mut().flat_map(Model::texts);
            texts.for_each(|text| redactor.parts(text));
            offer
        })
        .await
    }

    fn unlisted(&self, index: ProviderIndex, failure: &Failure) -> Unlisted {
        let provider = &self.settings.providers[index];
        let error = report::failure(provider, "", failure, &self.redactor);
        Unlisted {
            error: report::with_advice(&self.settings, index, error),
            status: failure.status,
        }
    }

    pub(super) async fn model_list(
        &self,
        exchange: Exchange<'_>,
        limits: CallLimits,
    ) -> Result<Offer, Failure> {
        let codec = exchange.codec;
        let mut offer = Offer::default();
        let mut page: Option<String> = None;
        for _ in 0..PAGES {
            let request = codec.models(page.as_deref());
            let sent = self.request(exchange, &request, limits, None);
            let JsonBody {
                bytes, mut held, ..
            } = sent.await?;
            let length = bytes.len();
            hold_more(&mut held, length.min(MOST_MODELS) * MODEL)?;
            let mut list = offload(length, move || codec.models_page(&bytes)).await?;
            list.models.truncate(MOST_MODELS - offer.models.len());
            // The models have what is kept of the text.
            if !held.resize(length + list.models.len() * MODEL) {
                return Err(no_memory());
            }
            offer.models.extend(list.models);
            offer.held.push(held);
            if offer.models.len() >= MOST_MODELS {
                return Ok(offer);
            }
            match list.next {
                // The same page twice would be an endless list.
                Some(next) if page.as_ref() != Some(&next) => page = Some(next),
                _ => return Ok(offer),
            }
        }
        Err(Failure::new(
            ErrorKind::Unavailable,
            format!("the model list has no end after {PAGES} pages"),
        ))
    }
}
