//! What is used where a call names nothing: `defaults` of the configuration file, for all and for one provider.
//!
//! Never here: putting it into a request.

use anygpt_providers::{Effort, Parameter};
use serde::Deserialize;

use super::yaml::Spanned;

/// `defaults` of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Defaults {
    /// A provider's id.
    pub(super) provider: Option<Spanned<String>>,
    /// A model's id, provider/model, a tag or an alias.
    pub(super) model: Option<Spanned<String>>,
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
pub(super) struct ProviderDefaults {
    /// 0 to 2.
    temperature: Option<Temperature>,
    /// 0 to 1.
    top_p: Option<Share>,
    /// Most output tokens.
    max_tokens: Option<Tokens>,
    /// How much a model that reasons thinks.
    reasoning_effort: Option<EffortName>,
}

/// Parameters of a request that are sent if the caller gives none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parameters {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// Most output tokens, 1 or more.
    pub max_tokens: Option<u32>,
    /// How much the model is to think.
    pub effort: Option<Effort>,
}

impl Parameters {
    /// These, and where they are open the others.
    pub fn or(self, others: Parameters) -> Parameters {
        Parameters {
            temperature: self.temperature.or(others.temperature),
            top_p: self.top_p.or(others.top_p),
            max_tokens: self.max_tokens.or(others.max_tokens),
            effort: self.effort.or(others.effort),
        }
    }

    /// Those that are set, by their names in the file.
    pub(super) fn told(&self) -> Vec<(&'static str, String)> {
        let number = |number: Option<f64>| number.map(|it| it.to_string());
        let all = [
            (Parameter::Temperature, number(self.temperature)),
            (Parameter::TopP, number(self.top_p)),
            (
                Parameter::MaxTokens,
                self.max_tokens.map(|it| it.to_string()),
            ),
            (
                Parameter::Effort,
                self.effort.map(|it| it.as_str().to_owned()),
            ),
        ];
        let all = all.into_iter();
        all.filter_map(|(name, value)| Some((name.as_str(), value?)))
            .collect()
    }

    /// Whether this one is set.
    pub(super) fn has(&self, parameter: Parameter) -> bool {
        let mut told = self.told().into_iter();
        told.any(|(name, _)| name == parameter.as_str())
    }

    /// Unsets this one.
    pub(super) fn leave_out(&mut self, parameter: Parameter) {
        match parameter {
            Parameter::Temperature => self.temperature = None,
            Parameter::TopP => self.top_p = None,
            Parameter::MaxTokens => self.max_tokens = None,
            Parameter::Effort => self.effort = None,
            Parameter::Stop | Parameter::Seed | Parameter::Reasoning => {}
        }
    }
}

impl Defaults {
    pub(super) fn parameters(&self) -> Parameters {
        parameters(
            &self.temperature,
            &self.top_p,
            &self.max_tokens,
            &self.reasoning_effort,
        )
    }
}

impl ProviderDefaults {
    pub(super) fn parameters(&self) -> Parameters {
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
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        match (0.0..=2.0).contains(&number) {
            true => Ok(Temperature(number)),
            false => Err("use a number from 0 to 2"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "f64")]
struct Share(f64);

impl TryFrom<f64> for Share {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        match (0.0..=1.0).contains(&number) {
            true => Ok(Share(number)),
            false => Err("use a number from 0 to 1"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "u32")]
struct Tokens(u32);

impl TryFrom<u32> for Tokens {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        match number {
            0 => Err("use a whole number of 1 or more"),
            number => Ok(Tokens(number)),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct EffortName(Effort);

impl TryFrom<String> for EffortName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Effort::from_name(&name).map(EffortName).ok_or_else(|| {
            let words = Effort::ALL.map(Effort::as_str);
            format!("use one of {}", words.join(", "))
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
                effort: Some(Effort::Max),
            }
        );
    }
}
