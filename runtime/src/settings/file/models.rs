//! `models` and `aliases` of the configuration file.
//!
//! Never here: finding their providers (`models`).

use anygpt_providers::TokenPrice;
use serde::Deserialize;

use crate::settings::{
    given::LONGEST_NAME,
    yaml::{Error, OneOrMore, Ordered, Spanned, shown},
};

/// `models` of the file: names, in the order in which they are preferred.
pub(in crate::settings) type Models = Ordered<Spanned<ModelName>, ModelEntry>;

/// `aliases` of the file: names, each with models, after which an effort may follow.
pub(in crate::settings) type Aliases = Ordered<Spanned<TagName>, OneOrMore<Spanned<String>>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::settings) struct ModelEntry {
    /// Other names that it shares with models of its sort.
    pub(in crate::settings) tags: Vec<TagName>,
    /// What it costs, in US dollars per million tokens.
    pub(in crate::settings) price: Option<PriceEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::settings) struct PriceEntry {
    /// Input that comes from no cache.
    input: Amount,
    /// Output, reasoning included.
    output: Amount,
    /// Input that comes from a cache; as other input if it is left out.
    cached_input: Option<Amount>,
}

impl From<PriceEntry> for TokenPrice {
    fn from(entry: PriceEntry) -> Self {
        TokenPrice {
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
    type Error = Error;

    fn try_from(amount: f64) -> Result<Self, Error> {
        match amount.is_finite() && amount >= 0.0 {
            true => Ok(Amount(amount)),
            false => Err(Error::new(
                "a price must be 0 or more; write US dollars for a million tokens, for example 2.5",
            )),
        }
    }
}

/// `provider/model`, as the file has it; the provider may be unknown.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::settings) struct ModelName {
    pub(in crate::settings) name: String,
    /// Where the slash is.
    slash: usize,
}

impl ModelName {
    pub(in crate::settings) fn provider(&self) -> &str {
        &self.name[..self.slash]
    }

    pub(in crate::settings) fn id(&self) -> &str {
        &self.name[self.slash + 1..]
    }
}

impl TryFrom<String> for ModelName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Err(Error::new(format!(
                "the model \"{}\" {why}; write provider/model, for example openai/gpt-5",
                shown(&name)
            )))
        };
        let slash = match name.find('/') {
            None => return wrong("names no provider"),
            Some(0) => return wrong("has no provider before the \"/\""),
            Some(slash) if slash + 1 == name.len() => return wrong("has no id after the \"/\""),
            Some(slash) => slash,
        };
        if name.len() > LONGEST_NAME {
            return wrong(&format!("is longer than {LONGEST_NAME} bytes"));
        }
        let id = &name[slash + 1..];
        if id.trim() != id || id.chars().any(char::is_control) {
            return wrong("has blanks at an end or a control character");
        }
        Ok(ModelName { name, slash })
    }
}

/// A tag or an alias that can be used where a model is named: it cannot be taken for `provider/model`, and `@` is
/// kept for what may follow a name.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::settings) struct TagName(pub(in crate::settings) String);

/// The longest tag in bytes.
const LONGEST_TAG: usize = 64;

impl TryFrom<String> for TagName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        let is_bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@');
        let short = "write a short word, for example fast";
        Err(Error::new(if name.is_empty() {
            format!("a name must not be empty; {short}")
        } else if name.len() > LONGEST_TAG {
            format!("a name must not be longer than {LONGEST_TAG} bytes; {short}")
        } else if name.contains(is_bad) {
            "a name must not hold \"/\", \"@\", blanks or control characters; join words with \"-\", for example \
             long-context"
                .to_owned()
        } else {
            return Ok(TagName(name));
        }))
    }
}
