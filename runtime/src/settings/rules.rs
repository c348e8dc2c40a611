//! Rules of the user's own for models whose names fit a pattern: `rules` of the configuration file. They come before what
//! the program knows of a family, so that a new model needs no new release.
//!
//! Never here: making a request follow them.

use anygpt_providers::Parameter;
use serde::Deserialize;

use super::{
    Parameters, Provider,
    defaults::ProviderDefaults,
    model::unknown,
    pattern::{self, fits, pattern},
    provider::position,
    yaml::{Error, Ordered, Spanned, shown},
};
use crate::spelling::nearest;

/// `rules` of the file: patterns, each with what holds for the models that it fits.
pub(super) type Rules = Ordered<Spanned<Pattern>, RuleEntry>;

/// One rule.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RuleEntry {
    /// Parameters that are sent if the caller gives none.
    defaults: ProviderDefaults,
    /// Parameters that are never sent.
    drop: Vec<Name>,
    /// Parameters that are sent although they are left out of requests to models of this family.
    keep: Vec<Name>,
    /// What an `openai-compatible` endpoint calls the token limit.
    max_tokens_as: Option<TokenName>,
}

/// A rule, or what all that fit a model come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// As it is compared.
    pattern: String,
    /// Its path in the file.
    pub(super) name: String,
    /// Its line.
    pub(super) origin: String,
    /// What requests hold if the caller says nothing else.
    pub defaults: Parameters,
    /// What is never sent, and the place of the rule that says so.
    pub drop: Vec<(Parameter, String)>,
    /// What is sent, whatever is known of the family.
    pub keep: Vec<Parameter>,
    /// The token limit is `max_completion_tokens`, or it is `max_tokens`.
    pub max_completion_tokens: Option<bool>,
}

impl Rule {
    /// Takes what a rule further down says of parameters that this one says nothing of.
    fn add(&mut self, next: &Rule) {
        let dropped = |rule: &Rule, parameter| rule.drop.iter().any(|(it, _)| *it == parameter);
        let mut defaults = next.defaults;
        for (parameter, _) in &self.drop {
            defaults.leave_out(*parameter);
        }
        let mut keep = self.keep.clone();
        for parameter in &next.keep {
            if !keep.contains(parameter) && !dropped(self, *parameter) {
                keep.push(*parameter);
            }
        }
        for (parameter, place) in &next.drop {
            let is_open = !self.keep.contains(parameter) && !self.defaults.has(*parameter);
            if is_open && !dropped(self, *parameter) {
                self.drop.push((*parameter, place.clone()));
            }
        }
        self.defaults = self.defaults.or(defaults);
        self.keep = keep;
        self.max_completion_tokens = self.max_completion_tokens.or(next.max_completion_tokens);
    }

    /// What it says: keys of the file and their values.
    pub fn told(&self) -> Vec<(String, String)> {
        let names = |key: &str, list: &mut dyn Iterator<Item = Parameter>| {
            let names: Vec<&str> = list.map(Parameter::as_str).collect();
            (!names.is_empty()).then(|| (key.to_owned(), names.join(", ")))
        };
        let drop = names("drop", &mut self.drop.iter().map(|(it, _)| *it));
        let keep = names("keep", &mut self.keep.iter().copied());
        let token_name = self.max_completion_tokens.map(|is_newer| {
            let name = TokenName::ALL[usize::from(is_newer)];
            ("max_tokens_as".to_owned(), name.to_owned())
        });
        let all = self.defaults.told().into_iter();
        let all = all.map(|(name, value)| (format!("defaults.{name}"), value));
        all.chain(drop).chain(keep).chain(token_name).collect()
    }
}

/// What these rules come to for a model: of each parameter, what the first one says that says anything of it.
pub(super) fn of(rules: &[Rule], provider: &str, model: &str) -> Rule {
    let mut all = Rule::default();
    if rules.is_empty() {
        return all;
    }
    let (name, _) = pattern::name(provider, model);
    for rule in rules.iter().filter(|rule| fits(&rule.pattern, &name)) {
        all.add(rule);
    }
    all
}

/// All rules, checked.
pub(super) fn all(providers: &[Provider], entries: Rules) -> Result<Vec<Rule>, Error> {
    let rule = |(key, entry): (Spanned<Pattern>, RuleEntry)| {
        let Pattern(name) = &key.value;
        let fail = |error: Error| {
            let error = error.at(key.line, key.column);
            Err(error.within(&shown(name)).within("rules"))
        };
        let provider = name.split('/').next().unwrap_or_default();
        if !provider.contains(['*', '?']) && position(providers, provider).is_none() {
            return fail(unknown(provider, providers));
        }
        let path = format!("rules.{}", shown(name));
        let place = key.place(&path);
        let defaults = entry.defaults.parameters();
        let keep: Vec<Parameter> = entry.keep.into_iter().map(|Name(it)| it).collect();
        let drop = entry.drop.into_iter().map(|Name(it)| (it, place.clone()));
        let drop: Vec<(Parameter, String)> = drop.collect();
        let both = |it: &Parameter| keep.contains(it) || defaults.has(*it);
        if let Some((both, _)) = drop.iter().find(|(it, _)| both(it)) {
            return fail(Error::new(format!(
                "{0} is dropped, and also kept or given a default; leave {0} out of one of them",
                both.as_str()
            )));
        }
        Ok(Rule {
            pattern: pattern(name),
            name: path,
            origin: format!("line {} of the configuration file", key.line),
            defaults,
            drop,
            keep,
            max_completion_tokens: entry.max_tokens_as.map(|TokenName(is_newer)| is_newer),
        })
    };
    entries.0.into_iter().map(rule).collect()
}

/// A pattern of `provider/model`; the provider may be unknown.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern(String);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.contains('/') {
            true => Ok(Pattern(name)),
            false => Err(format!(
                "the pattern \"{0}\" names no provider; write provider/model, for example \"*/{0}\"",
                shown(&name)
            )),
        }
    }
}

/// The name of a parameter.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Name(Parameter);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = Parameter::ALL.into_iter().find(|it| it.as_str() == name);
        found
            .map(Name)
            .ok_or_else(|| one_of(&name, &Parameter::ALL.map(Parameter::as_str)))
    }
}

/// A name of the token limit: whether it is the newer one.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct TokenName(bool);

impl TokenName {
    const ALL: [&'static str; 2] = ["max_tokens", "max_completion_tokens"];
}

impl TryFrom<String> for TokenName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = TokenName::ALL.into_iter().position(|it| it == name);
        let found = found.map(|position| TokenName(position == 1));
        found.ok_or_else(|| one_of(&name, &TokenName::ALL))
    }
}

fn one_of(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("there is no parameter of this name; did you mean \"{near}\"?"),
        None => format!("use one of {}", known.join(", ")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
