//! What answers cost: the price of their model times what they have used.
//!
//! Never here: a limit on cost, or prices (`facts`).

use anygpt_providers::{
    Answer, TokenPrice, Usage,
    facts::{Rates, Tier},
};

use crate::settings::{ProviderIndex, Settings, position};

use super::{
    Reply,
    facts::{self, Source},
};

/// What an answer costs, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    /// US dollars.
    pub usd: f64,
    pub source: Source,
}

impl Cost {
    /// Both together.
    pub(crate) fn and(self, other: Cost) -> Self {
        Cost {
            usd: rounded(self.usd + other.usd),
            ..other
        }
    }
}

/// Adds the cost of its answer to a reply.
pub(super) fn charge(settings: &Settings, reply: &mut Reply) {
    let provider = position(&settings.providers, &reply.provider);
    let listed = reply.listed_price;
    reply.cost = of_answer(settings, provider, &reply.model, &reply.answer, 1, listed);
}

/// The cost of an answer of this model, by the usage that its provider reports; it has read `input` tokens at least.
pub(super) fn of_answer(
    settings: &Settings,
    provider: Option<ProviderIndex>,
    model: &str,
    answer: &Answer,
    input: u64,
    listed: Option<TokenPrice>,
) -> Option<Cost> {
    let reported = answer.usage.cost_usd.map(|usd| Cost {
        usd: rounded(usd),
        source: Source::Provider,
    });
    // Some report 0 because they do not count.
    if let Some(cost) = reported.filter(|cost| cost.usd > 0.0) {
        return Some(cost);
    }
    let priced = provider.and_then(|provider| {
        let requested = facts::price(settings, provider, model, listed);
        let is_certain = |(_, source): &(TokenPrice, Source)| {
            matches!(source, Source::Configured | Source::Listed)
        };
        if requested.as_ref().is_some_and(is_certain) {
            return requested;
        }
        // A model that is shut down is answered by another one, at its price; and the model of the request may be another
        // name of the one that has answered.
        let answered = answer.model.as_deref();
        let answered = answered.and_then(|model| facts::price(settings, provider, model, None));
        answered.or(requested)
    });
    let Some((price, source)) = priced else {
        return reported;
    };
    if source == Source::Local {
        return Some(Cost { usd: 0.0, source });
    }
    if !is_possible(answer, input) {
        return None;
    }
    let usd = of_usage(&price, &answer.usage)?;
    Some(Cost { usd, source })
}

/// The cost of an answer of this model that has broken off after so many tokens, if the price is known. `input` counts if
/// the provider has reported none.
pub(super) fn of_received(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
    answer: &Answer,
    input: u64,
    output: u64,
    listed: Option<TokenPrice>,
) -> Option<f64> {
    let (price, _) = facts::price_at_most(settings, provider, model, listed)?;
    let usage = Usage {
        input_tokens: answer.usage.input_tokens.max(Some(input)),
        output_tokens: answer.usage.output_tokens.max(Some(output)),
        ..answer.usage
    };
    of_usage(&price, &usage)
}

/// A sum of money without the noise of binary fractions: 7.8e-5, not 7.800000000000001e-5.
pub(crate) fn rounded(usd: f64) -> f64 {
    const DIGITS: f64 = 1e12;
    (usd * DIGITS).round() / DIGITS
}

/// Whether the usage is plausible for an answer to so many tokens of input. Some gateways report 0, or the numbers of another
/// request.
fn is_possible(answer: &Answer, input: u64) -> bool {
    let Usage {
        input_tokens,
        output_tokens,
        reasoning_tokens,
        ..
    } = answer.usage;
    let calls = answer.tool_calls.iter();
    let calls: usize = calls
        .map(|call| call.name.len() + call.arguments.len())
        .sum();
    let least_text = (answer.text.len() + calls).div_ceil(LONGEST_TOKEN) as u64;
    let least_output = least_text.max(reasoning_tokens.unwrap_or_default());
    let is_in = |tokens: Option<u64>, least| tokens.is_none_or(|it| (least..=MOST).contains(&it));
    is_in(input_tokens, input.max(1)) && is_in(output_tokens, least_output)
}

/// Bytes in the longest token that any vocabulary has, which is one of blanks.
pub(super) const LONGEST_TOKEN: usize = 128;

/// More tokens than any model takes or gives.
const MOST: u64 = 100_000_000;

/// The cost of so much, if all of it is known: also what the service tier costs that has answered.
#[allow(clippy::cast_precision_loss)] // No answer has 2^53 searches.
pub(super) fn of_usage(price: &TokenPrice, usage: &Usage) -> Option<f64> {
    let price = price.at(usage.tier.unwrap_or(Tier::Standard))?;
    let searches = match usage.searches {
        None | Some(0) => 0.0,
        Some(searches) => price.search? * searches as f64 / 1e3,
    };
    let (input, output) = (usage.input_tokens?, usage.output_tokens?);
    let rates = price.for_input(input);
    let mut rest = input;
    // Each part at its own price, as far as it can be a part.
    let mut part = |tokens: Option<u64>| {
        let tokens = tokens.unwrap_or_default().min(rest);
        rest -= tokens;
        tokens
    };
    let cached = part(usage.cached_input_tokens);
    let written = part(usage.cache_write_tokens);
    let sound = part(
        usage
            .audio_input_tokens
            .filter(|_| price.audio_input.is_some()),
    );
    let seen = part(
        usage
            .image_input_tokens
            .filter(|_| price.image_input.is_some()),
    );
    let drawn = usage
        .image_output_tokens
        .filter(|_| price.image_output.is_some());
    let drawn = drawn.unwrap_or_default().min(output);
    let tokens = dollars(&[
        (rest, rates.input),
        (cached, rates.cached_input.unwrap_or(rates.input)),
        (written, rates.cache_write.unwrap_or(rates.input)),
        (sound, price.audio_input.unwrap_or_default()),
        (seen, price.image_input.unwrap_or_default()),
        (drawn, price.image_output.unwrap_or_default()),
        (output - drawn, rates.output),
    ]);
    Some(tokens + searches)
}

/// The most that a token of input can cost: it may be written to a cache, or be a part of a sound or a picture.
pub(super) fn dearest_input(price: &TokenPrice, rates: &Rates, is_written: bool) -> f64 {
    let written = rates.cache_write.filter(|_| is_written);
    let kinds = [written, price.audio_input, price.image_input];
    kinds.into_iter().flatten().fold(rates.input, f64::max)
}

/// The sum for tokens at prices per million; billionths of a dollar are the last digit.
#[allow(clippy::cast_precision_loss)] // No answer has 2^53 tokens.
pub(super) fn dollars(parts: &[(u64, f64)]) -> f64 {
    let sum: f64 = parts
        .iter()
        .map(|(tokens, price)| *tokens as f64 * price)
        .sum();
    (sum * 1e3).round() / 1e9
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
