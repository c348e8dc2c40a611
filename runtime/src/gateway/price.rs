//! What answers cost: the price of their model, configured or published, times their tokens.
//!
//! Never here: a limit on cost, or the published prices (each provider's folder in `anygpt_providers`).

use anygpt_providers::{Answer, LIST_PRICES, TokenPrice, Usage, list_price};

use crate::settings::{ProviderIndex, Settings, position};

use super::Reply;

/// What an answer costs, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    /// US dollars.
    pub usd: f64,
    /// `provider`, `configured`, or the date of a price list.
    pub source: &'static str,
}

/// The price of a provider's model, and where it is from: the configuration file, else what the provider
/// publishes for its own address. An unknown id has none.
pub(crate) fn known(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
) -> Option<(TokenPrice, &'static str)> {
    let configured = settings.model(provider, model);
    if let Some(price) = configured.and_then(|model| model.price) {
        return Some((price, "configured"));
    }
    settings.providers[provider].is_original().then_some(())?;
    Some((list_price(model)?, LIST_PRICES))
}

/// Adds the cost of its answer to a reply.
pub(super) fn charge(settings: &Settings, reply: &mut Reply) {
    let provider = position(&settings.providers, &reply.provider);
    reply.cost = of_answer(settings, provider, &reply.model, &reply.answer, 1);
}

/// The cost of an answer of this model, by the usage that its provider reports; it has read `input` tokens at least.
pub(super) fn of_answer(
    settings: &Settings,
    provider: Option<ProviderIndex>,
    model: &str,
    answer: &Answer,
    input: u64,
) -> Option<Cost> {
    let reported = answer.usage.cost_usd.map(|usd| Cost {
        usd: rounded(usd),
        source: "provider",
    });
    // Some report 0 because they do not count.
    if let Some(cost) = reported.filter(|cost| cost.usd > 0.0) {
        return Some(cost);
    }
    let priced = provider.and_then(|provider| {
        // The model of the request may be another name of the one that has answered.
        let answered = || known(settings, provider, answer.model.as_deref()?);
        known(settings, provider, model).or_else(answered)
    });
    let Some((price, source)) = priced else {
        return reported;
    };
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
) -> Option<f64> {
    let (price, _) = known(settings, provider, model)?;
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

/// The cost of so much, if all of it is known.
pub(super) fn of_usage(price: &TokenPrice, usage: &Usage) -> Option<f64> {
    let (input, output) = (usage.input_tokens?, usage.output_tokens?);
    let rates = price.for_input(input);
    let cached = usage.cached_input_tokens.unwrap_or_default().min(input);
    let written = usage.cache_write_tokens.unwrap_or_default();
    let written = written.min(input - cached);
    Some(dollars(&[
        (input - cached - written, rates.input),
        (cached, rates.cached_input.unwrap_or(rates.input)),
        (written, rates.cache_write.unwrap_or(rates.input)),
        (output, rates.output),
    ]))
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
