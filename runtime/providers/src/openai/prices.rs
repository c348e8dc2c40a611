//! What OpenAI charges for its models (<https://developers.openai.com/api/docs/pricing>).
//!
//! Never here: the cost of an answer.

use crate::prices::PriceTable;

pub(crate) const PRICES: PriceTable = PriceTable {
    rows: &[
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
    ],
    charges_cache_writes: |id| id.starts_with("gpt-5.6"),
};
