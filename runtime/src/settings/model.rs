//! A model of the configuration file, tags and aliases, and finding them by name.
//!
//! Never here: reading them (`models`), or which of several models with a tag is used.

use std::collections::BTreeMap;

use anygpt_providers::{
    ReasoningEffort, Rules, TokenPrice,
    facts::{Input, Sampling},
};

use super::index::{ModelIndex, ProviderIndex};

/// A model of the configuration file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelSettings {
    pub provider: ProviderIndex,
    /// The provider's id for it.
    pub id: String,
    /// Its tags, each once, whatever the case.
    pub tags: Vec<String>,
    /// Its line in the configuration file.
    pub line: usize,
    /// What it costs.
    pub price: Option<TokenPrice>,
    /// What it takes, as far as the file says so.
    pub rules: Rules,
    /// The window of input, in tokens.
    pub context: Option<u64>,
}

impl ModelSettings {
    /// What the file says of it besides its price, by the names of the keys there.
    pub(super) fn shown_facts(&self) -> Vec<(String, String)> {
        let rules = &self.rules;
        let words = |words: Vec<&str>| match words.is_empty() {
            true => "none".to_owned(),
            false => words.join(", "),
        };
        let efforts = rules
            .efforts
            .map(|all| all.iter().map(ReasoningEffort::as_str).collect());
        let inputs = rules
            .inputs
            .map(|all| all.iter().map(Input::as_str).collect());
        let sampling = rules.sampling.map(|it| it == Sampling::Yes);
        let all = [
            ("efforts", efforts.map(words)),
            ("sampling", sampling.map(|it| it.to_string())),
            ("tools", rules.tools.map(|it| it.to_string())),
            ("forced_tools", rules.forced_tools.map(|it| it.to_string())),
            ("inputs", inputs.map(words)),
            ("context", self.context.map(|it| it.to_string())),
            ("max_output", rules.max_output.map(|it| it.to_string())),
        ];
        let all = all.into_iter();
        all.filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// A tag and the models that carry it, or an alias and the models that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// As it is spelled where it first appears.
    pub name: String,
    /// In the order in which they are tried; never empty.
    pub models: Vec<Member>,
    /// It is defined under `aliases`.
    pub is_alias: bool,
    /// The line of the configuration file where it first appears.
    pub line: usize,
}

/// A model of a tag or an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub model: ModelIndex,
    /// The effort that an alias names with it.
    pub effort: Option<ReasoningEffort>,
}

impl Tag {
    /// What it is, for people.
    pub(crate) fn what(&self) -> &'static str {
        match self.is_alias {
            true => "alias",
            false => "tag",
        }
    }
}

/// Where models and tags stand, so that it takes no longer to find one of many.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// By provider, then by id.
    models: BTreeMap<ProviderIndex, BTreeMap<String, ModelIndex>>,
    /// By name in lower case; aliases, too.
    pub(super) tags: BTreeMap<String, usize>,
}

impl Names {
    /// A model of the file.
    pub(super) fn model(&self, provider: ProviderIndex, id: &str) -> Option<ModelIndex> {
        self.models.get(&provider)?.get(id).copied()
    }

    /// A position in [`Settings::tags`](super::Settings::tags), whatever the case of the name.
    pub(super) fn tag(&self, name: &str) -> Option<usize> {
        self.tags.get(&name.to_lowercase()).copied()
    }

    /// The position of this model; a new one's is `next`.
    pub(super) fn place(
        &mut self,
        provider: ProviderIndex,
        id: &str,
        next: ModelIndex,
    ) -> ModelIndex {
        let models = self.models.entry(provider).or_default();
        *models.entry(id.to_owned()).or_insert(next)
    }
}
