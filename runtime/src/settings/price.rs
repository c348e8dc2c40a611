//! What a model costs, as the configuration file says it.
//!
//! Never here: prices that are not configured, or what an answer has cost.

/// Prices of a model, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price {
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
