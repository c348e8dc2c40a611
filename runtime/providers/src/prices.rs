//! Prices of models, and those that providers publish.
//!
//! The numbers are those of the public list `model_prices_and_context_window.json` of the project LiteLLM at its
//! commit 00035b69 (July 2026), with what the providers have published since then: GPT-5.6 Terra and Luna
//! cheaper from 2026-07-30, Claude Opus 5 from 2026-07-24. Temporary prices are not in it. What is not in
//! those sources has no price here.
//!
//! Never here: reading configured prices, or the cost of an answer.

/// The source of these prices, for results.
pub const LIST_PRICES: &str = "list price of 2026-08";

/// The price of a model, published or configured, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenPrice {
    pub input: f64,
    /// Output, reasoning included.
    pub output: f64,
    /// Input from a cache; priced as other input if none.
    pub cached_input: Option<f64>,
    /// Input written to a cache; likewise.
    pub cache_write: Option<f64>,
    /// Above this number of input tokens, all of them cost [`LONG_INPUT_FACTOR`] and all output [`LONG_OUTPUT_FACTOR`] times
    /// as much.
    pub long_from: Option<u64>,
}

/// What vendors with a price for long input charge for it in place of the usual price: Google
/// (<https://ai.google.dev/gemini-api/docs/pricing>), OpenAI (<https://platform.openai.com/docs/pricing>), and Anthropic
/// where it has one (<https://platform.claude.com/docs/en/about-claude/pricing>).
const LONG_INPUT_FACTOR: f64 = 2.0;
/// The same for output.
const LONG_OUTPUT_FACTOR: f64 = 1.5;

impl TokenPrice {
    /// The price of a request with so much input.
    #[must_use]
    pub fn for_input(self, input: u64) -> Self {
        match self.long_from {
            Some(long) if input > long => TokenPrice {
                input: self.input * LONG_INPUT_FACTOR,
                output: self.output * LONG_OUTPUT_FACTOR,
                cached_input: self.cached_input.map(|price| price * LONG_INPUT_FACTOR),
                cache_write: self.cache_write.map(|price| price * LONG_INPUT_FACTOR),
                long_from: None,
            },
            _ => self,
        }
    }
}

/// Id; input, cached input (0: as other input) and output in US dollars per million tokens; thousands of
/// input tokens from which on a request is a long one (0: never).
pub(crate) type Row = (&'static str, f64, f64, f64, u64);

/// One provider's prices.
#[derive(Debug)]
pub(crate) struct PriceTable {
    pub(crate) rows: &'static [Row],
    /// Whether input that is written to a cache costs a quarter more.
    pub(crate) charges_cache_writes: fn(&str) -> bool,
}

impl PriceTable {
    pub(crate) const NONE: PriceTable = PriceTable {
        rows: &[],
        charges_cache_writes: |_| false,
    };
}

/// The price of a model in these tables, or of the model whose dated snapshot it is.
pub(crate) fn find(tables: &[&PriceTable], model: &str) -> Option<TokenPrice> {
    let id = model.trim().to_ascii_lowercase();
    let id = id.strip_prefix("models/").unwrap_or(&id);
    let find = |id: &str| {
        tables.iter().find_map(|table| {
            let row = table.rows.iter().find(|row| row.0 == id)?;
            Some((*row, table.charges_cache_writes))
        })
    };
    let (row, charges_cache_writes) = find(id).or_else(|| find(without_date(id)?))?;
    let (name, input, cached, output, long_from) = row;
    Some(TokenPrice {
        input,
        output,
        cached_input: (cached > 0.0).then_some(cached),
        cache_write: charges_cache_writes(name).then_some(input * 1.25),
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
