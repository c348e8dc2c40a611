//! `models` and `aliases` of the configuration file.
//!
//! Never here: finding their providers (`models`).

use anygpt_providers::{
    ReasoningEffort, Rules, TokenPrice,
    facts::{Input, Rates, Sampling},
};
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
    /// The reasoning efforts that it knows; none if it does not reason.
    efforts: Option<Vec<EffortName>>,
    /// Whether it takes temperature and `top_p`.
    sampling: Option<bool>,
    /// Whether it takes tools.
    tools: Option<bool>,
    /// Whether it can be forced to call one.
    forced_tools: Option<bool>,
    /// What it takes besides text.
    inputs: Option<Vec<InputName>>,
    /// Most tokens of input.
    pub(in crate::settings) context: Option<u32>,
    /// Most tokens of an answer.
    max_output: Option<u32>,
}

impl ModelEntry {
    /// What requests to it may have.
    pub(in crate::settings) fn rules(&self) -> Rules {
        let efforts = self.efforts.as_ref();
        let inputs = self.inputs.as_ref();
        Rules {
            efforts: efforts.map(|all| all.iter().map(|name| name.0).collect()),
            sampling: self.sampling.map(|takes| match takes {
                true => Sampling::Yes,
                false => Sampling::No,
            }),
            inputs: inputs.map(|all| all.iter().map(|name| name.0).collect()),
            tools: self.tools,
            forced_tools: self.forced_tools,
            max_output: self.max_output,
            ..Rules::default()
        }
    }
}

/// A reasoning effort.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct EffortName(ReasoningEffort);

impl TryFrom<String> for EffortName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        let known = ReasoningEffort::ALL.map(ReasoningEffort::as_str);
        let problem = format!("there is no effort \"{}\"", shown(&name));
        ReasoningEffort::from_name(&name)
            .map(EffortName)
            .ok_or_else(|| Error::choice(&problem, &name, &known))
    }
}

/// A kind of input besides text, which need not be named.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct InputName(Input);

impl TryFrom<String> for InputName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        let known = Input::ALL.map(Input::as_str);
        let found = Input::ALL
            .into_iter()
            .find(|it| it.as_str().eq_ignore_ascii_case(&name));
        let problem = format!(
            "there is no kind of input \"{}\" besides text",
            shown(&name)
        );
        found
            .map(InputName)
            .ok_or_else(|| Error::choice(&problem, &name, &known))
    }
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
    /// Input that is written to a cache; likewise.
    cache_write: Option<Amount>,
    /// A thousand searches.
    search: Option<Amount>,
    /// Above so many tokens of input, a request costs what the keys that begin with `long_` say.
    long_from: Option<u32>,
    /// Input of a long request; the others change as much if they are left out.
    long_input: Option<Amount>,
    /// Input of a long request that comes from a cache.
    long_cached_input: Option<Amount>,
    /// Input of a long request that is written to a cache.
    long_cache_write: Option<Amount>,
    /// Output of a long request.
    long_output: Option<Amount>,
}

impl From<PriceEntry> for TokenPrice {
    fn from(entry: PriceEntry) -> Self {
        let usd = |amount: Option<Amount>| amount.map(|amount| amount.0);
        let rates = Rates {
            input: entry.input.0,
            cached_input: usd(entry.cached_input),
            cache_write: usd(entry.cache_write),
            output: entry.output.0,
        };
        let long = usd(entry.long_input).map(|input| {
            let scaled = rates.scaled_to(input);
            Rates {
                input,
                cached_input: usd(entry.long_cached_input).or(scaled.cached_input),
                cache_write: usd(entry.long_cache_write).or(scaled.cache_write),
                output: usd(entry.long_output).unwrap_or(scaled.output),
            }
        });
        TokenPrice {
            long: entry.long_from.map(u64::from).zip(long),
            search: usd(entry.search),
            ..TokenPrice::new(rates)
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
