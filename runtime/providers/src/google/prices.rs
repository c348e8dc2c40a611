//! What Google charges for its models (<https://ai.google.dev/gemini-api/docs/pricing>).
//!
//! Never here: the cost of an answer.

use crate::prices::PriceTable;

pub(crate) const PRICES: PriceTable = PriceTable {
    rows: &[
        ("gemini-3.5-flash", 1.5, 0.15, 9.0, 0),
        ("gemini-3.1-pro-preview", 2.0, 0.2, 12.0, 200),
        ("gemini-3.1-flash-lite", 0.25, 0.025, 1.5, 0),
        ("gemini-2.5-pro", 1.25, 0.125, 10.0, 200),
        ("gemini-2.5-flash", 0.3, 0.03, 2.5, 0),
    ],
    charges_cache_writes: |_| false,
};
