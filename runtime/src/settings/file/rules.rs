//! `rules` of the configuration file.
//!
//! Never here: which models they hold for (`rules`).

use anygpt_providers::Parameter;
use serde::Deserialize;

use super::defaults::ProviderDefaults;
use crate::{
    settings::{
        rule::TokenLimitName,
        yaml::{Error, Ordered, Spanned, shown},
    },
    spelling::nearest,
};

/// `rules` of the file: patterns, each with what holds for the models that it fits.
pub(in crate::settings) type Rules = Ordered<Spanned<Pattern>, RuleEntry>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::settings) struct RuleEntry {
    /// Parameters that are sent if the caller gives none.
    pub(in crate::settings) defaults: ProviderDefaults,
    /// Parameters that are never sent.
    pub(in crate::settings) drop: Vec<ParameterName>,
    /// Parameters that are sent although they are left out of requests to models of this family.
    pub(in crate::settings) keep: Vec<ParameterName>,
    /// What an `openai-compatible` endpoint calls the token limit.
    pub(in crate::settings) max_tokens_as: Option<TokenName>,
}

/// A pattern of `provider/model`; the provider may be unknown.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::settings) struct Pattern(pub(in crate::settings) String);

impl TryFrom<String> for Pattern {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        match name.contains('/') {
            true => Ok(Pattern(name)),
            false => Err(Error::new(format!(
                "the pattern \"{0}\" names no provider; write provider/model, for example \"*/{0}\"",
                shown(&name)
            ))),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::settings) struct ParameterName(pub(in crate::settings) Parameter);

impl TryFrom<String> for ParameterName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        let found = Parameter::ALL.into_iter().find(|it| it.as_str() == name);
        found
            .map(ParameterName)
            .ok_or_else(|| one_of(&name, &Parameter::ALL.map(Parameter::as_str)))
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::settings) struct TokenName(pub(in crate::settings) TokenLimitName);

impl TryFrom<String> for TokenName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        let mut all = TokenLimitName::ALL.into_iter();
        let found = all.find(|it| it.as_str() == name);
        found
            .map(TokenName)
            .ok_or_else(|| one_of(&name, &TokenLimitName::ALL.map(TokenLimitName::as_str)))
    }
}

fn one_of(name: &str, known: &[&str]) -> Error {
    Error::new(match nearest(name, known.iter().copied()) {
        Some(near) => format!("there is no parameter of this name; did you mean \"{near}\"?"),
        None => format!("use one of {}", known.join(", ")),
    })
}
