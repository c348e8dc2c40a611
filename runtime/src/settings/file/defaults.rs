//! `defaults` of the configuration file, for all and for one provider.
//!
//! Never here: what the values are used for.

use anygpt_providers::ReasoningEffort;
use serde::Deserialize;

use crate::settings::{
    parameters::Parameters,
    yaml::{Error, Spanned},
};

/// `defaults` of the file. Provider and model have rows in the table, and their descriptions there.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::settings) struct Defaults {
    pub(in crate::settings) provider: Option<Spanned<String>>,
    pub(in crate::settings) model: Option<Spanned<String>>,
    /// 0 to 2.
    temperature: Option<Temperature>,
    /// 0 to 1.
    top_p: Option<Share>,
    /// Most output tokens.
    max_tokens: Option<Tokens>,
    /// How much a model that reasons thinks.
    reasoning_effort: Option<EffortName>,
}

/// `defaults` of a provider or a rule in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::settings) struct ProviderDefaults {
    /// 0 to 2.
    temperature: Option<Temperature>,
    /// 0 to 1.
    top_p: Option<Share>,
    /// Most output tokens.
    max_tokens: Option<Tokens>,
    /// How much a model that reasons thinks.
    reasoning_effort: Option<EffortName>,
}

impl Defaults {
    pub(in crate::settings) fn parameters(&self) -> Parameters {
        parameters(
            &self.temperature,
            &self.top_p,
            &self.max_tokens,
            &self.reasoning_effort,
        )
    }
}

impl ProviderDefaults {
    pub(in crate::settings) fn parameters(&self) -> Parameters {
        parameters(
            &self.temperature,
            &self.top_p,
            &self.max_tokens,
            &self.reasoning_effort,
        )
    }
}

fn parameters(
    temperature: &Option<Temperature>,
    top_p: &Option<Share>,
    max_tokens: &Option<Tokens>,
    effort: &Option<EffortName>,
) -> Parameters {
    Parameters {
        temperature: temperature.as_ref().map(|it| it.0),
        top_p: top_p.as_ref().map(|it| it.0),
        max_tokens: max_tokens.as_ref().map(|it| it.0),
        effort: effort.as_ref().map(|it| it.0),
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "f64")]
struct Temperature(f64);

impl TryFrom<f64> for Temperature {
    type Error = Error;

    fn try_from(number: f64) -> Result<Self, Error> {
        match (0.0..=2.0).contains(&number) {
            true => Ok(Temperature(number)),
            false => Err(Error::new("use a number from 0 to 2")),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "f64")]
struct Share(f64);

impl TryFrom<f64> for Share {
    type Error = Error;

    fn try_from(number: f64) -> Result<Self, Error> {
        match (0.0..=1.0).contains(&number) {
            true => Ok(Share(number)),
            false => Err(Error::new("use a number from 0 to 1")),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "u32")]
struct Tokens(u32);

impl TryFrom<u32> for Tokens {
    type Error = Error;

    fn try_from(number: u32) -> Result<Self, Error> {
        match number {
            0 => Err(Error::new("use a whole number of 1 or more")),
            number => Ok(Tokens(number)),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct EffortName(ReasoningEffort);

impl TryFrom<String> for EffortName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        ReasoningEffort::from_name(&name)
            .map(EffortName)
            .ok_or_else(|| {
                let words = ReasoningEffort::ALL.map(ReasoningEffort::as_str);
                Error::new(format!("use one of {}", words.join(", ")))
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::settings::{file::File, yaml};

    #[test]
    fn what_cannot_be_sent_is_refused_with_its_place() {
        for (text, expected) in [
            (
                "defaults: {temperature: 2.1}",
                "line 1, column 25: defaults.temperature: use a number from 0 to 2",
            ),
            (
                "defaults: {top_p: 1.1}",
                "line 1, column 19: defaults.top_p: use a number from 0 to 1",
            ),
            (
                "providers:\n  groq:\n    defaults: {max_tokens: 0}",
                "line 3, column 28: providers.groq.defaults.max_tokens: use a whole number of 1 or more",
            ),
            (
                "defaults:\n  reasoning_effort: much",
                "line 2, column 21: defaults.reasoning_effort: use one of none, minimal, low, medium, \
                 high, xhigh, max",
            ),
            (
                "providers: {groq: {defaults: {model: x}}}",
                "line 1, column 31: providers.groq.defaults: unknown key \"model\"; expected one of \
                 \"temperature\", \"top_p\", \"max_tokens\", \"reasoning_effort\"",
            ),
        ] {
            let error = yaml::from_str::<File>(text).unwrap_err();
            assert_eq!(error.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn the_nearer_default_wins() {
        let file: File = yaml::from_str(
            "defaults: {temperature: 0, top_p: 0.5, max_tokens: 100, reasoning_effort: low}\n\
             providers: {groq: {defaults: {temperature: 1.5, reasoning_effort: MAX}}}\n",
        )
        .unwrap();
        let near = file.providers["groq"].defaults.parameters();
        assert_eq!(
            near.or(file.defaults.parameters()),
            Parameters {
                temperature: Some(1.5),
                top_p: Some(0.5),
                max_tokens: Some(100),
                effort: Some(ReasoningEffort::Max),
            }
        );
    }
}
