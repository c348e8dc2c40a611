//! Rules of the user's own for models whose names fit a pattern. They come before what the program knows of a family, so
//! that a new model needs no new release.
//!
//! Never here: reading them (`rules`), or making a request follow them.

use anygpt_providers::Parameter;

use super::{
    parameters::Parameters,
    pattern::{self, fits},
};

/// A rule, or what all that fit a model come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rule {
    /// As it is compared.
    pub(super) pattern: String,
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
    /// What an `openai-compatible` endpoint calls the token limit.
    pub max_tokens_as: Option<TokenLimitName>,
}

/// A name of the token limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenLimitName {
    MaxTokens,
    MaxCompletionTokens,
}

impl TokenLimitName {
    pub(super) const ALL: [Self; 2] = [
        TokenLimitName::MaxTokens,
        TokenLimitName::MaxCompletionTokens,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            TokenLimitName::MaxTokens => "max_tokens",
            TokenLimitName::MaxCompletionTokens => "max_completion_tokens",
        }
    }
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
        self.max_tokens_as = self.max_tokens_as.or(next.max_tokens_as);
    }

    /// What it says: keys of the file and their values.
    pub(crate) fn shown(&self) -> Vec<(String, String)> {
        let names = |key: &str, list: &mut dyn Iterator<Item = Parameter>| {
            let names: Vec<&str> = list.map(Parameter::as_str).collect();
            (!names.is_empty()).then(|| (key.to_owned(), names.join(", ")))
        };
        let drop = names("drop", &mut self.drop.iter().map(|(it, _)| *it));
        let keep = names("keep", &mut self.keep.iter().copied());
        let token_name = self.max_tokens_as;
        let token_name = token_name.map(|it| ("max_tokens_as".to_owned(), it.as_str().to_owned()));
        let all = self.defaults.shown().into_iter();
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
