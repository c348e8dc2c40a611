//! What Anthropic charges for its models (<https://platform.claude.com/docs/en/about-claude/pricing>).
//!
//! Never here: the cost of an answer.

use crate::prices::PriceTable;

pub(crate) const PRICES: PriceTable = PriceTable {
    rows: &[
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
    ],
    charges_cache_writes: |_| true,
};
