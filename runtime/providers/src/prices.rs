//! The prices that providers publish for their models.
//!
//! The numbers are those of the public list `model_prices_and_context_window.json` of the project LiteLLM at its
//! commit 00035b69 (July 2026), with what the providers have published since then: GPT-5.6 Terra and Luna
//! cheaper from 2026-07-30, Claude Opus 5 from 2026-07-24. Temporary prices are not in it. What is not in
//! those sources has no price here.
//!
//! Never here: configured prices, or what an answer has cost.

use crate::{anthropic, google, openai};

/// Where these prices are from.
pub const LIST_PRICES: &str = "list price of 2026-08";

/// The published price of a model, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListPrice {
    /// Input.
    pub input: f64,
    /// Output, reasoning included.
    pub output: f64,
    /// Input that comes from a cache; it costs as much as other input if this is none.
    pub cached_input: Option<f64>,
    /// Input that is written to a cache; as above.
    pub cache_write: Option<f64>,
    /// From more than this many input tokens on, input costs twice as much, and output half as much again.
    pub long_from: Option<u64>,
}

/// Id; input, cached input (0: as other input) and output in US dollars per million tokens; thousands of
/// input tokens from which on a request is a long one (0: never).
pub(crate) type Row = (&'static str, f64, f64, f64, u64);

/// One provider's prices.
pub(crate) struct PriceTable {
    pub(crate) rows: &'static [Row],
    /// Whether input that is written to a cache costs a quarter more.
    pub(crate) charges_cache_writes: fn(&str) -> bool,
}

const TABLES: [PriceTable; 3] = [openai::PRICES, anthropic::PRICES, google::PRICES];

/// The published price of a model, or of the model whose dated snapshot it is.
pub fn list_price(model: &str) -> Option<ListPrice> {
    let id = model.trim().to_ascii_lowercase();
    let id = id.strip_prefix("models/").unwrap_or(&id);
    let find = |id: &str| {
        TABLES.iter().find_map(|table| {
            let row = table.rows.iter().find(|row| row.0 == id)?;
            Some((*row, table.charges_cache_writes))
        })
    };
    let (row, charges_cache_writes) = find(id).or_else(|| find(without_date(id)?))?;
    let (name, input, cached, output, long_from) = row;
    Some(ListPrice {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_and_its_snapshots_have_a_price_and_nothing_else_has() {
        let prices = |model: &str| list_price(model).map(|price| (price.input, price.output));
        for (model, expected) in [
            ("gpt-4.1", Some((2.0, 8.0))),
            ("GPT-4.1-2025-04-14", Some((2.0, 8.0))),
            ("gpt-4o-2024-05-13", Some((5.0, 15.0))),
            ("gpt-4o-2024-08-06", Some((2.5, 10.0))),
            ("claude-sonnet-4-5-20250929", Some((3.0, 15.0))),
            ("claude-haiku-4-5-20251001", Some((1.0, 5.0))),
            ("models/gemini-2.5-pro", Some((1.25, 10.0))),
            ("gpt-4.1-turbo", None),
            ("gpt-4.10", None),
            ("gpt-4.1-2025", None),
            ("gpt-4.1-99990414", None),
            ("gpt-5.7", None),
            ("claude-sonnet-5-5", None),
            ("ft:gpt-4.1", None),
            ("20250929", None),
            ("-20250929", None),
            ("", None),
        ] {
            assert_eq!(prices(model), expected, "{model}");
        }
    }

    #[test]
    fn rows_are_in_the_table_once_and_plausible() {
        let rows: Vec<Row> = TABLES
            .iter()
            .flat_map(|table| table.rows)
            .copied()
            .collect();
        for (position, row) in rows.iter().enumerate() {
            let &(id, input, cached, output, _) = row;
            assert!(input > 0.0 && cached < input && output > input, "{id}");
            assert!(rows[..position].iter().all(|other| other.0 != id), "{id}");
        }
    }
}
