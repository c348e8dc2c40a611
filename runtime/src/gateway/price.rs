//! What answers cost: the prices that the providers publish, as a table, and the sum for an answer.
//!
//! The numbers are those of the public list `model_prices_and_context_window.json` of the project LiteLLM at its
//! commit 00035b69 (July 2026), with what the providers have published since then: GPT-5.6 Terra and Luna
//! cheaper from 2026-07-30, Claude Opus 5 from 2026-07-24. Temporary prices are not in it. What is not in
//! those sources has no price here; the configuration file can give it one.
//!
//! Never here: a limit on cost.

use anygpt_providers::{Answer, Usage};

use crate::settings::{Price, Settings, position};

use super::Reply;

/// Where a cost is from that was computed with the table.
pub const LIST: &str = "list price of 2026-08";

/// What an answer costs, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// US dollars.
    pub usd: f64,
    /// `provider`, `configured`, or the date of a price list.
    pub source: &'static str,
}

/// The price of a provider's model, and where it is from: the configuration file, else what the provider
/// publishes for its own address. An id that nobody knows has none.
pub fn known(settings: &Settings, provider: usize, model: &str) -> Option<(Price, &'static str)> {
    let configured = settings.model(provider, model);
    if let Some(price) = configured.and_then(|model| model.price) {
        return Some((price, "configured"));
    }
    settings.providers[provider].is_original().then_some(())?;
    Some((listed(model)?, LIST))
}

/// Tells in a reply what its answer costs.
pub(super) fn charge(settings: &Settings, reply: &mut Reply) {
    let provider = position(&settings.providers, &reply.provider);
    reply.cost = of_answer(settings, provider, &reply.model, &reply.answer, 1);
}

/// What an answer of this model costs, as far as its provider has told what it has used; `input` tokens it has read at
/// least.
pub(super) fn of_answer(
    settings: &Settings,
    provider: Option<usize>,
    model: &str,
    answer: &Answer,
    input: u64,
) -> Option<Cost> {
    let told = answer.usage.cost_usd.map(|usd| Cost {
        usd,
        source: "provider",
    });
    // Some say 0 because they do not count.
    if let Some(cost) = told.filter(|cost| cost.usd > 0.0) {
        return Some(cost);
    }
    let priced = provider.and_then(|provider| {
        // The model that was asked may be another name of the one that has answered.
        let answered = || known(settings, provider, answer.model.as_deref()?);
        known(settings, provider, model).or_else(answered)
    });
    let Some((price, source)) = priced else {
        return told;
    };
    if !is_possible(answer, input) {
        return None;
    }
    let usd = of_usage(&price, &answer.usage)?;
    Some(Cost { usd, source })
}

/// Whether the usage that is told can be true of an answer to so many tokens of input. Some gateways tell 0, or numbers
/// of another request.
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
    let said = (answer.text.len() + calls).div_ceil(LONGEST_TOKEN) as u64;
    let least_output = said.max(reasoning_tokens.unwrap_or_default());
    let is_in = |tokens: Option<u64>, least| tokens.is_none_or(|it| (least..=MOST).contains(&it));
    is_in(input_tokens, input.max(1)) && is_in(output_tokens, least_output)
}

/// Bytes in the longest token that any vocabulary has, which is one of blanks.
pub(super) const LONGEST_TOKEN: usize = 128;

/// More tokens than any model takes or gives.
const MOST: u64 = 100_000_000;

/// The cost of so much, if all of it is known.
fn of_usage(price: &Price, usage: &Usage) -> Option<f64> {
    let (input, output) = (usage.input_tokens?, usage.output_tokens?);
    let rates = rates(price, input);
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

/// The prices that hold for a request with so much input.
pub(super) fn rates(price: &Price, input: u64) -> Price {
    match price.long_from {
        Some(long) if input > long => Price {
            input: price.input * 2.0,
            output: price.output * 1.5,
            cached_input: price.cached_input.map(|price| price * 2.0),
            cache_write: price.cache_write.map(|price| price * 2.0),
            long_from: None,
        },
        _ => *price,
    }
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

/// The published price of a model, or of the model whose dated snapshot it is.
fn listed(model: &str) -> Option<Price> {
    let id = model.trim().to_ascii_lowercase();
    let id = id.strip_prefix("models/").unwrap_or(&id);
    let row = |id: &str| TABLE.iter().find(|row| row.0 == id);
    let &(name, input, cached, output, long_from) = row(id).or_else(|| row(without_date(id)?))?;
    let writes_cost = name.starts_with("claude-") || name.starts_with("gpt-5.6");
    Some(Price {
        input,
        output,
        cached_input: (cached > 0.0).then_some(cached),
        cache_write: writes_cost.then_some(input * 1.25),
        long_from: (long_from > 0).then_some(long_from * 1_000),
    })
}

/// The id in front of `-20250929` or `-2025-04-14`.
fn without_date(id: &str) -> Option<&str> {
    ["-20......", "-20..-..-.."].iter().find_map(|form| {
        let (rest, date) = id.split_at_checked(id.len().checked_sub(form.len())?)?;
        let mut pairs = date.bytes().zip(form.bytes());
        let is_date = pairs.all(|(byte, wanted)| match wanted {
            b'.' => byte.is_ascii_digit(),
            wanted => byte == wanted,
        });
        is_date.then_some(rest)
    })
}

/// Id; input, cached input (0: as other input) and output in US dollars per million tokens; thousands of
/// input tokens from which on a request is a long one (0: never).
type Row = (&'static str, f64, f64, f64, u64);

static TABLE: [Row; 39] = [
    ("gpt-5.6", 5.0, 0.5, 30.0, 272),
    ("gpt-5.6-sol", 5.0, 0.5, 30.0, 272),
    ("gpt-5.6-terra", 2.0, 0.2, 12.0, 272),
    ("gpt-5.6-luna", 0.2, 0.02, 1.2, 272),
    ("gpt-5.5", 5.0, 0.5, 30.0, 272),
    ("gpt-5.5-pro", 30.0, 3.0, 180.0, 272),
    ("gpt-5.4", 2.5, 0.25, 15.0, 272),
    ("gpt-5.4-pro", 30.0, 3.0, 180.0, 272),
    ("gpt-5.4-mini", 0.75, 0.075, 4.5, 0),
    ("gpt-5.4-nano", 0.2, 0.02, 1.25, 0),
    ("gpt-5.2", 1.75, 0.175, 14.0, 0),
    ("gpt-5.2-pro", 21.0, 0.0, 168.0, 0),
    ("gpt-5.1", 1.25, 0.125, 10.0, 0),
    ("gpt-5", 1.25, 0.125, 10.0, 0),
    ("gpt-5-pro", 15.0, 0.0, 120.0, 0),
    ("gpt-5-mini", 0.25, 0.025, 2.0, 0),
    ("gpt-5-nano", 0.05, 0.005, 0.4, 0),
    ("gpt-4.1", 2.0, 0.5, 8.0, 0),
    ("gpt-4.1-mini", 0.4, 0.1, 1.6, 0),
    ("gpt-4.1-nano", 0.1, 0.025, 0.4, 0),
    ("gpt-4o", 2.5, 1.25, 10.0, 0),
    ("gpt-4o-2024-05-13", 5.0, 0.0, 15.0, 0),
    ("gpt-4o-mini", 0.15, 0.075, 0.6, 0),
    ("claude-fable-5", 10.0, 1.0, 50.0, 0),
    ("claude-opus-5", 5.0, 0.5, 25.0, 0),
    ("claude-opus-4-8", 5.0, 0.5, 25.0, 0),
    ("claude-opus-4-7", 5.0, 0.5, 25.0, 0),
    ("claude-opus-4-6", 5.0, 0.5, 25.0, 0),
    ("claude-opus-4-5", 5.0, 0.5, 25.0, 0),
    ("claude-opus-4-1", 15.0, 1.5, 75.0, 0),
    ("claude-sonnet-5", 2.0, 0.2, 10.0, 0),
    ("claude-sonnet-4-6", 3.0, 0.3, 15.0, 0),
    ("claude-sonnet-4-5", 3.0, 0.3, 15.0, 200),
    ("claude-haiku-4-5", 1.0, 0.1, 5.0, 0),
    ("gemini-3.5-flash", 1.5, 0.15, 9.0, 0),
    ("gemini-3.1-pro-preview", 2.0, 0.2, 12.0, 200),
    ("gemini-3.1-flash-lite", 0.25, 0.025, 1.5, 0),
    ("gemini-2.5-pro", 1.25, 0.125, 10.0, 200),
    ("gemini-2.5-flash", 0.3, 0.03, 2.5, 0),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
