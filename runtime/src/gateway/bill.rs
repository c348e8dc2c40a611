//! The bill of an attempt: one line of the log with its cost, and its part of what the call has cost.
//!
//! Every request that a provider may have processed has one, however it ended: its answer may have broken off, and its
//! call may have been dropped before it ended.
//!
//! Never here: prices, or the money that a call may spend (see `purse`).

use std::{
    hash::{BuildHasher as _, RandomState},
    mem,
};

use anygpt_providers::{Answer, Embeddings, Failure, GeneratedImages, Stage, Usage};
use ring::digest::{self, SHA256};

use super::{
    Gateway, Observer, Reply,
    facts::{self, Source},
    price::{self, Cost},
};
use crate::{
    call::{CallContext, CallRecord},
    settings::{ProviderIndex, Settings},
};

/// The bill of an attempt. If it is dropped before it is settled, it is logged without a cost.
pub(super) struct Bill<'a> {
    context: &'a CallContext,
    /// The provider's id.
    provider: &'a str,
    /// The model in the request.
    model: &'a str,
    /// Of a chat: its sum, and who is told how it goes on.
    chat: Option<(&'a mut Spent, &'a mut dyn Observer)>,
    /// There is something to log: the provider may have processed the request.
    is_open: bool,
    usage: Usage,
    /// Identifies the work, if the provider does.
    work: Option<u64>,
}

impl<'a> Bill<'a> {
    pub(super) fn new(context: &'a CallContext, provider: &'a str, model: &'a str) -> Self {
        Bill {
            context,
            provider,
            model,
            chat: None,
            is_open: false,
            usage: Usage::default(),
            work: None,
        }
    }

    /// The same for an attempt of a chat, which it observes.
    pub(super) fn of_chat(mut self, spent: &'a mut Spent, observer: &'a mut dyn Observer) -> Self {
        self.chat = Some((spent, observer));
        self
    }

    /// The request is about to be sent.
    pub(super) fn open(&mut self) {
        self.is_open = true;
    }

    /// The attempt has failed, and its cost is not known.
    pub(super) fn fail(mut self, failure: &Failure) {
        self.is_open &= failure.stage != Stage::Free;
    }

    /// The attempt is over.
    pub(super) fn settle(mut self, usage: Usage, cost: Option<Cost>) {
        self.usage = usage;
        self.close(cost);
    }

    fn note(&mut self, answer: &Answer) {
        self.usage = known_usage(answer);
        let id = answer.response_id.as_deref();
        self.work = self.work.or_else(|| work(self.provider, id?));
    }

    fn close(&mut self, cost: Option<Cost>) {
        if !mem::take(&mut self.is_open) {
            return;
        }
        if let Some((spent, _)) = &mut self.chat {
            spent.add(cost);
        }
        let record = CallRecord {
            provider: self.provider,
            model: self.model,
            input_tokens: self.usage.input_tokens,
            output_tokens: self.usage.output_tokens,
            ..CallRecord::default()
        };
        // Without an id of the provider's, a number of 64 bits that the operating system has chosen.
        let work = self.work.unwrap_or_else(|| RandomState::new().hash_one(()));
        let usd = cost.map(|cost| cost.usd);
        self.context.log_paid(record, usd, work);
    }
}

impl Drop for Bill<'_> {
    fn drop(&mut self) {
        self.close(None);
    }
}

impl Observer for Bill<'_> {
    fn connected(&mut self, provider: &str) {
        self.open();
        if let Some((_, observer)) = &mut self.chat {
            observer.connected(provider);
        }
    }

    fn received(&mut self, answer: &Answer) {
        self.note(answer);
        if let Some((_, observer)) = &mut self.chat {
            observer.received(answer);
        }
    }

    fn on_status(&mut self, status: &str) {
        if let Some((_, observer)) = &mut self.chat {
            observer.on_status(status);
        }
    }
}

/// What is known of the usage of an answer that may have broken off: before the finish reason, providers report a part of
/// the output or a guess.
pub(super) fn known_usage(answer: &Answer) -> Usage {
    if answer.complete || answer.native_finish.is_some() {
        return answer.usage;
    }
    Usage {
        output_tokens: None,
        reasoning_tokens: None,
        total_tokens: None,
        cost_usd: None,
        ..answer.usage
    }
}

/// A shorter id may be that of several responses: Ollama's are `chatcmpl-0` to `chatcmpl-998`
/// (<https://github.com/ollama/ollama/blob/main/middleware/openai.go>). One with room for a random number is longer.
const SHORTEST_UNIQUE_ID: usize = 20;

/// The work that a provider's id of a response identifies: the same number in every process and version, since one may
/// start what another one finishes. The id itself, which gives access to a response, cannot be found from it: so it is
/// SHA-256, which TLS brings, and not a hasher of std, whose algorithm may change.
fn work(provider: &str, response_id: &str) -> Option<u64> {
    if response_id.len() < SHORTEST_UNIQUE_ID {
        return None;
    }
    let digest = digest::digest(&SHA256, format!("{provider}\n{response_id}").as_bytes());
    let first = digest.as_ref().first_chunk()?;
    Some(u64::from_be_bytes(*first))
}

impl Gateway {
    /// Settles the bill of an attempt of a chat, and adds the cost to its reply.
    pub(super) fn settle(
        &self,
        mut bill: Bill<'_>,
        result: &Result<(), Failure>,
        reply: &mut Reply,
    ) {
        if let Err(failure) = result
            && failure.stage == Stage::Free
        {
            return bill.fail(failure);
        }
        reply.answer.usage = known_usage(&reply.answer);
        price::charge(&self.settings, reply);
        bill.note(&reply.answer);
        bill.close(reply.cost);
    }
}

/// What the attempts of a chat have cost.
#[derive(Debug, Default)]
pub(super) struct Spent {
    usd: f64,
    /// How the cost of the last attempt is known.
    source: Option<Source>,
    /// The cost of an attempt is not known.
    is_unknown: bool,
}

impl Spent {
    pub(super) fn add(&mut self, cost: Option<Cost>) {
        match cost {
            None => self.is_unknown = true,
            Some(cost) => {
                self.usd = price::rounded(self.usd + cost.usd);
                self.source = Some(cost.source);
            }
        }
    }

    /// The sum, if all of it is known.
    pub(super) fn total(&self) -> Option<Cost> {
        let (usd, source) = (self.usd, self.source?);
        (!self.is_unknown).then_some(Cost { usd, source })
    }

    /// A warning, if only a part of it is known.
    pub(super) fn warning(&self) -> Option<String> {
        let is_partly_known = self.is_unknown && self.source.is_some();
        is_partly_known
            .then(|| "cost_usd is left out: what one of the attempts cost is not known".to_owned())
    }
}

/// The reply to a request that is no chat.
pub(crate) trait Billed {
    /// It costs nothing.
    const IS_FREE: bool = false;

    fn usage(&self) -> Usage;

    /// Generated images.
    fn images(&self) -> usize {
        0
    }
}

impl Billed for Embeddings {
    fn usage(&self) -> Usage {
        // Some report 0 because they do not count.
        let input_tokens = self.input_tokens.filter(|tokens| *tokens > 0);
        Usage {
            input_tokens,
            output_tokens: input_tokens.map(|_| 0),
            ..Usage::default()
        }
    }
}

impl Billed for GeneratedImages {
    fn usage(&self) -> Usage {
        self.usage
    }

    fn images(&self) -> usize {
        self.images.len() + self.urls.len()
    }
}

/// A number of tokens.
impl Billed for u64 {
    const IS_FREE: bool = true;

    fn usage(&self) -> Usage {
        Usage::default()
    }
}

/// The cost of such a reply.
pub(super) fn cost<T: Billed>(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
    reply: &T,
) -> Option<Cost> {
    let usage = reply.usage();
    if let Some(usd) = usage.cost_usd.filter(|usd| *usd > 0.0) {
        let source = Source::Provider;
        return Some(Cost { usd, source });
    }
    let (price, source) = facts::price(settings, provider, model, None)?;
    let usd = match price.per_image {
        #[allow(clippy::cast_precision_loss)] // Nobody gets 2^53 images.
        Some(usd) if reply.images() > 0 => price::rounded(usd * reply.images() as f64),
        _ => price::of_usage(&price, &usage)?,
    };
    Some(Cost { usd, source })
}
