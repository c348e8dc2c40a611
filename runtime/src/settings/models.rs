//! Reading the models of the configuration file, their tags, and the aliases that lead to models.
//!
//! Never here: what the keys of the file look like (`file::models`).

use std::collections::{BTreeMap, BTreeSet};

use anygpt_providers::{Dialect, ReasoningEffort, Rules, TokenPrice, presets};

use super::{
    file::{Aliases, ModelName, Models, TagName},
    index::{ModelIndex, ProviderIndex},
    model::{Member, ModelSettings, Names, Tag},
    provider::{Provider, position},
    yaml::{Error, OneOrMore, shown},
};
use crate::spelling::nearest;

/// All models, with their providers found.
pub(super) fn all(providers: &[Provider], entries: Models) -> Result<Vec<ModelSettings>, Error> {
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
        let rules = entry.rules();
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
            rules,
            context: entry.context.map(u64::from),
            price: entry.price.map(TokenPrice::from),
        });
    }
    Ok(models)
}

pub(super) fn unknown(id: &str, providers: &[Provider]) -> Error {
    if id.eq_ignore_ascii_case(Dialect::MOCK) {
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

/// Puts the aliases after the tags, and the models that only they name after the others.
pub(super) fn add_aliases(
    providers: &[Provider],
    entries: Aliases,
    models: &mut Vec<ModelSettings>,
    tags: &mut Vec<Tag>,
    names: &mut Names,
) -> Result<(), Error> {
    take_names(&entries, tags.len(), names)?;
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
                    rules: Rules::default(),
                    context: None,
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

/// Puts the names of the aliases, which follow the tags, into `names`. None may be there already.
fn take_names(entries: &Aliases, first_alias: usize, names: &mut Names) -> Result<(), Error> {
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
    Ok(())
}

/// Provider, id and effort of what an alias leads to.
fn aliased(
    providers: &[Provider],
    target: &str,
    names: &Names,
) -> Result<(ProviderIndex, String, Option<ReasoningEffort>), Error> {
    let (name, effort) = ReasoningEffort::split(target);
    if names.tag(name).is_some() {
        return Err(Error::new(format!(
            "\"{}\" is a tag or an alias itself; write the models that it stands for, as provider/model",
            shown(name)
        )));
    }
    let name = ModelName::try_from(name.to_owned())?;
    let provider =
        position(providers, name.provider()).ok_or_else(|| unknown(name.provider(), providers))?;
    Ok((provider, name.id().to_owned(), effort))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
