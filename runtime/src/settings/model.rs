//! The models that the configuration file tells something of, their tags, and the aliases that lead to models.
//!
//! Never here: which of several models with a tag is asked.

use std::collections::{BTreeMap, BTreeSet};

use anygpt_providers::Effort;
use serde::Deserialize;

use super::{
    ModelIndex, Price, Provider, ProviderIndex,
    file::ModelEntry,
    presets,
    provider::{MOCK, position},
    yaml::{Error, OneOrMore, Ordered, Spanned, shown},
};
use crate::spelling::nearest;

/// A model of the configuration file.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// Its provider.
    pub provider: ProviderIndex,
    /// The provider's id for it.
    pub id: String,
    /// Its tags, each once, whatever the case.
    pub tags: Vec<String>,
    /// Its line in the configuration file.
    pub line: usize,
    /// What it costs.
    pub price: Option<Price>,
}

/// A tag and the models that carry it, or an alias and the models that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// As it is spelled where it first appears.
    pub name: String,
    /// In the order in which they are asked; never empty.
    pub models: Vec<Member>,
    /// It is defined under `aliases`.
    pub is_alias: bool,
    /// The line of the configuration file where it first appears.
    pub line: usize,
}

/// A model of a tag or an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The model.
    pub model: ModelIndex,
    /// The effort that an alias names with it.
    pub effort: Option<Effort>,
}

impl Tag {
    /// What it is, for people.
    pub fn what(&self) -> &'static str {
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
    tags: BTreeMap<String, usize>,
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
    fn place(&mut self, provider: ProviderIndex, id: &str, next: ModelIndex) -> ModelIndex {
        let models = self.models.entry(provider).or_default();
        *models.entry(id.to_owned()).or_insert(next)
    }
}

/// `provider/model`, as the file has it; the provider may be unknown.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ModelName {
    name: String,
    /// Where the slash is.
    slash: usize,
}

/// Longer names cannot be asked for.
const LONGEST_NAME: usize = 256;

impl ModelName {
    fn provider(&self) -> &str {
        &self.name[..self.slash]
    }

    fn id(&self) -> &str {
        &self.name[self.slash + 1..]
    }
}

impl TryFrom<String> for ModelName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "the model \"{}\" {why}; write provider/model, for example openai/gpt-5",
                shown(&name)
            ))
        };
        let slash = match name.find('/') {
            None => return wrong("names no provider"),
            Some(0) => return wrong("has no provider before the \"/\""),
            Some(slash) if slash + 1 == name.len() => return wrong("has no id after the \"/\""),
            Some(slash) => slash,
        };
        if name.len() > LONGEST_NAME {
            return wrong("is longer than 256 bytes");
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
pub(super) struct TagName(String);

/// The longest tag in bytes.
const LONGEST_TAG: usize = 64;

impl TryFrom<String> for TagName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let is_bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@');
        if name.is_empty() {
            Err("a name must not be empty; write a short word, for example fast")
        } else if name.len() > LONGEST_TAG {
            Err("a name must not be longer than 64 bytes; write a short word, for example fast")
        } else if name.contains(is_bad) {
            Err(
                "a name must not hold \"/\", \"@\", blanks or control characters; join words with \
                 \"-\", for example long-context",
            )
        } else {
            Ok(TagName(name))
        }
    }
}

/// All models, with their providers found.
pub(super) fn all(
    providers: &[Provider],
    entries: Ordered<Spanned<ModelName>, ModelEntry>,
) -> Result<Vec<ModelSettings>, Error> {
    let mut models = Vec::with_capacity(entries.0.len());
    let mut lines = BTreeMap::new();
    for (key, entry) in entries.0 {
        let fail = |error: Error| {
            let error = error.at(key.line, key.column);
            Err(error.within(&shown(&key.value.name)).within("models"))
        };
        let Some(provider) = position(providers, key.value.provider()) else {
            return fail(unknown(key.value.provider(), providers));
        };
        let id = key.value.id().to_owned();
        // The parser has found equal keys; these are equal for us: gemini/x and Google/x.
        if let Some(first) = lines.insert((provider, id.clone()), key.line) {
            return fail(Error::new(format!(
                "this model is given twice, first on line {first}; keep one of them"
            )));
        }
        let mut known = BTreeSet::new();
        let tags = entry.tags.into_iter().map(|TagName(tag)| tag);
        let tags = tags
            .filter(|tag| known.insert(tag.to_lowercase()))
            .collect();
        models.push(ModelSettings {
            provider,
            id,
            tags,
            line: key.line,
            price: entry.price.map(Price::from),
        });
    }
    Ok(models)
}

pub(super) fn unknown(id: &str, providers: &[Provider]) -> Error {
    if id.eq_ignore_ascii_case(MOCK) {
        return Error::new(
            "the mock is off; add \"mock: {}\" under providers, or set DEFAULT_PROVIDER=mock",
        );
    }
    if let Some(ended) = presets::ended(id) {
        return Error::new(format!("{ended}: take it out, or name another provider"));
    }
    let problem = format!("there is no provider \"{}\"", shown(id));
    let ids = || providers.iter().map(|known| known.id.as_str());
    if let Some(near) = nearest(id, ids()) {
        return Error::choice(&problem, id, &[near]);
    }
    let listed = providers.iter().filter(|known| known.is_listed);
    let listed: Vec<&str> = listed.map(|known| known.id.as_str()).collect();
    Error::choice(&problem, id, &listed)
}

/// The tags of these models, whose places are put into `names`, those of their models as well.
pub(super) fn tags(models: &[ModelSettings], names: &mut Names) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for (position, settings) in models.iter().enumerate() {
        let position = ModelIndex::new(position);
        names.place(settings.provider, &settings.id, position);
        let member = Member {
            model: position,
            effort: None,
        };
        for name in &settings.tags {
            let next = tags.len();
            let place = *names.tags.entry(name.to_lowercase()).or_insert(next);
            match tags.get_mut(place) {
                Some(tag) => tag.models.push(member),
                None => tags.push(Tag {
                    name: name.clone(),
                    models: vec![member],
                    is_alias: false,
                    line: settings.line,
                }),
            }
        }
    }
    tags
}

/// `aliases` of the file: names, each with models that may have an effort behind them.
pub(super) type Aliases = Ordered<Spanned<TagName>, OneOrMore<Spanned<String>>>;

/// Puts the aliases behind the tags, and the models that only they name behind the others.
pub(super) fn add_aliases(
    providers: &[Provider],
    entries: Aliases,
    models: &mut Vec<ModelSettings>,
    tags: &mut Vec<Tag>,
    names: &mut Names,
) -> Result<(), Error> {
    let first_alias = tags.len();
    for (position, (key, _)) in entries.0.iter().enumerate() {
        let fail = |message: String| {
            let error = Error::new(message).at(key.line, key.column);
            Err(error.within(&key.value.0).within("aliases"))
        };
        let place = first_alias + position;
        match names.tags.insert(key.value.0.to_lowercase(), place) {
            None => {}
            Some(tag) if tag < first_alias => {
                return fail("there is a tag of this name, too; rename one of them".into());
            }
            Some(alias) => {
                let first = entries.0[alias - first_alias].0.line;
                return fail(format!(
                    "this alias is given twice, first on line {first}; keep one of them"
                ));
            }
        }
    }
    for (key, OneOrMore(targets)) in entries.0 {
        let TagName(name) = key.value;
        let within = |error: Error| error.within(&name).within("aliases");
        if targets.is_empty() {
            let error =
                Error::new("no model is named; write provider/model, or leave the alias out");
            return Err(within(error.at(key.line, key.column)));
        }
        let mut members: Vec<Member> = Vec::with_capacity(targets.len());
        for (index, target) in targets.iter().enumerate() {
            let fail = |error: Error| {
                let error = error.at(target.line, target.column);
                within(match targets.len() {
                    1 => error,
                    _ => error.within(&format!("[{index}]")),
                })
            };
            let (provider, id, effort) = aliased(providers, &target.value, names).map_err(fail)?;
            let next = ModelIndex::new(models.len());
            let model = names.place(provider, &id, next);
            if model == next {
                models.push(ModelSettings {
                    provider,
                    id,
                    tags: Vec::new(),
                    price: None,
                    line: target.line,
                });
            }
            if members.iter().any(|member| member.model == model) {
                return Err(fail(Error::new(
                    "this model stands in the alias twice; keep one of them",
                )));
            }
            members.push(Member { model, effort });
        }
        tags.push(Tag {
            name,
            models: members,
            is_alias: true,
            line: key.line,
        });
    }
    Ok(())
}

/// Provider, id and effort of what an alias leads to.
fn aliased(
    providers: &[Provider],
    target: &str,
    names: &Names,
) -> Result<(ProviderIndex, String, Option<Effort>), Error> {
    let (name, effort) = Effort::split(target);
    if names.tag(name).is_some() {
        return Err(Error::new(format!(
            "\"{}\" is a tag or an alias itself; write the models that it stands for, as provider/model",
            shown(name)
        )));
    }
    let name = ModelName::try_from(name.to_owned()).map_err(Error::new)?;
    let provider =
        position(providers, name.provider()).ok_or_else(|| unknown(name.provider(), providers))?;
    Ok((provider, name.id().to_owned(), effort))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
