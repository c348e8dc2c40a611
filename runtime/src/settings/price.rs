//! What a model costs, as the configuration file says it.
//!
//! Never here: prices that nobody configured, or what an answer has cost.

use serde::Deserialize;

/// Prices of a model, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Input.
    pub input: f64,
    /// Output, reasoning included.
    pub output: f64,
    /// Input that comes from a cache; it costs as much as other input if this is none.
    pub cached_input: Option<f64>,
    /// Input that is written to a cache; as above.
    pub cache_write: Option<f64>,
    /// From more than so many input tokens on, input costs twice as much, and output half as much again.
    pub long_from: Option<u64>,
}

/// `price` of a model in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceEntry {
    /// Input.
    input: Amount,
    /// Output, reasoning included.
    output: Amount,
    /// Input that comes from a cache; as other input if it is left out.
    cached_input: Option<Amount>,
}

impl From<PriceEntry> for Price {
    fn from(entry: PriceEntry) -> Self {
        Price {
            input: entry.input.0,
            output: entry.output.0,
            cached_input: entry.cached_input.map(|amount| amount.0),
            cache_write: None,
            long_from: None,
        }
    }
}

/// US dollars per million tokens.
#[derive(Debug, Deserialize)]
#[serde(try_from = "f64")]
struct Amount(f64);

impl TryFrom<f64> for Amount {
    type Error = &'static str;

    fn try_from(amount: f64) -> Result<Self, Self::Error> {
        match amount.is_finite() && amount >= 0.0 {
            true => Ok(Amount(amount)),
            false => Err(
                "a price must be 0 or more; write US dollars for a million tokens, for example 2.5",
            ),
        }
    }
}
