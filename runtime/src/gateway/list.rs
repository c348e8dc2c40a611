//! A provider's live model list, all pages of it.
//!
//! Never here: choosing from it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anygpt_core::Reservation;
use anygpt_providers::{Class, Codec, Failure, MOST_MODELS, Model};
use futures_util::future::join_all;

use super::{
    Gateway,
    attempt::{hold_more, no_memory},
    mock, report,
    request::{Body, Bounds},
};
use crate::{aside::aside, error::Error, settings::Provider};

/// What a model takes beside its texts, in a list that is sorted and looked through.
const MODEL: usize = 4 * size_of::<Model>();

/// More pages than any provider has; a server that pages for ever is stopped here.
const PAGES: usize = 50;

/// The models that a provider offers.
#[derive(Debug, Default)]
pub struct Offer {
    /// In the provider's order.
    pub models: Vec<Model>,
    /// Covers them; to be kept as long as they are.
    pub held: Vec<Reservation>,
}

/// What became of the question for a list.
#[derive(Debug)]
pub struct Listed {
    /// The list, or why there is none.
    pub offer: Result<Offer, Unlisted>,
    /// How long it took.
    pub time: Duration,
}

/// Why there is no list.
#[derive(Debug)]
pub struct Unlisted {
    /// What went wrong and what to do next.
    pub error: Error,
    /// HTTP status, if there was a reply.
    pub status: Option<u16>,
}

impl Gateway {
    /// What each of these providers offers. All at once; none costs the others anything.
    pub async fn models(&self, providers: &[usize], bounds: Bounds) -> Vec<Listed> {
        let lists = providers.iter().map(|&position| async move {
            let begun = Instant::now();
            let provider = &self.settings.providers[position];
            let offer = match provider.kind.codec() {
                None => Ok(Offer {
                    models: mock::models(),
                    ..Offer::default()
                }),
                Some(codec) => {
                    let list = self.model_list(provider, codec, bounds);
                    self.in_time(bounds, "model list", list).await
                }
            };
            let offer = match offer {
                Ok(offer) => Ok(self.without_secrets(offer).await),
                Err(failure) => Err(self.unlisted(position, &failure)),
            };
            Listed {
                offer,
                time: begun.elapsed(),
            }
        });
        let lists = join_all(lists).await;
        if lists.iter().any(|list| list.offer.is_ok()) {
            self.note_answer();
        }
        lists
    }

    /// A list for people: parts of keys, too, are taken out of its texts.
    async fn without_secrets(&self, mut offer: Offer) -> Offer {
        let texts = offer.models.iter_mut().flat_map(Model::texts);
        let length = texts.map(|text| text.len()).sum();
        let redactor = Arc::clone(&self.redactor);
        aside(length, move || {
            let texts = offer.models.iter_mut().flat_map(Model::texts);
            texts.for_each(|text| redactor.parts(text));
            offer
        })
        .await
    }

    fn unlisted(&self, position: usize, failure: &Failure) -> Unlisted {
        let provider = &self.settings.providers[position];
        let error = report::failure(provider, "", failure, &self.redactor);
        Unlisted {
            error: report::with_advice(&self.settings, position, error),
            status: failure.status,
        }
    }

    pub(super) async fn model_list(
        &self,
        provider: &Provider,
        codec: &'static dyn Codec,
        bounds: Bounds,
    ) -> Result<Offer, Failure> {
        let mut offer = Offer::default();
        let mut page: Option<String> = None;
        for _ in 0..PAGES {
            let request = codec.models(page.as_deref());
            let Body { bytes, mut held } = self.request(provider, codec, &request, bounds).await?;
            let length = bytes.len();
            hold_more(&mut held, length.min(MOST_MODELS) * MODEL)?;
            let mut list = aside(length, move || codec.models_page(&bytes)).await?;
            list.models.truncate(MOST_MODELS - offer.models.len());
            // What is kept of the text is in the models.
            if !held.resize(length + list.models.len() * MODEL) {
                return Err(no_memory());
            }
            offer.models.extend(list.models);
            offer.held.push(held);
            if offer.models.len() >= MOST_MODELS {
                return Ok(offer);
            }
            match list.next {
                // The same page twice would come for ever.
                Some(next) if page.as_ref() != Some(&next) => page = Some(next),
                _ => return Ok(offer),
            }
        }
        Err(Failure::new(
            Class::Unavailable,
            format!("the model list has no end after {PAGES} pages"),
        ))
    }
}
