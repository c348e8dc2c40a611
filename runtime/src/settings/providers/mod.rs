//! Reading the providers: what the environment, the configuration file and the presets say of each.
//!
//! Below it: `configured` (what the user says of one), `reader` (what all of them need), `preset` and `own` (the two sorts of
//! providers), `common` (what both have), `key`, `address` (with `azure` and `local`), `docker`, `allowed` (limits).
//!
//! Never here: what a provider is (`provider`), or talking to one.

mod address;
pub(super) mod allowed;
mod azure;
mod common;
mod configured;
mod docker;
mod key;
mod local;
mod own;
mod preset;
mod reader;

use std::collections::{BTreeMap, BTreeSet};

use anygpt_providers::{
    Dialect,
    presets::{self, PRESETS},
};

use self::{configured::Configured, reader::Reader};
use super::{
    environment::Environment,
    file::ProviderEntry,
    foreign::Foreign,
    network::Network,
    own_variables::{self, OwnVariables},
    problem::Problem,
    provider::{Provider, position},
};

/// All providers: the presets that are set up, then those of the user's own, then the other presets. One with a setting
/// that cannot be used is off.
/// With `guarded` no key may travel in the open to a public address, neither directly nor by way of a
/// proxy.
pub(super) fn all(
    environment: &Environment,
    entries: BTreeMap<String, ProviderEntry>,
    foreign: &Foreign,
    default: Option<&str>,
    guarded: Option<&Network>,
    in_container: bool,
    warnings: &mut Vec<String>,
) -> Result<Vec<Provider>, Problem> {
    let mut entries = by_id(entries)?;
    entries.retain(|id, entry| {
        let ended =
            presets::ended(id).filter(|_| entry.base_url.is_none() && entry.dialect.is_none());
        if let Some(ended) = ended {
            warnings.push(format!("providers.{id} does nothing: {ended}"));
        }
        ended.is_none()
    });
    let known = entries.keys().map(String::as_str);
    let own = own_variables::all(environment, known, warnings)?;
    let mut own: BTreeMap<String, OwnVariables> = own.into_iter().collect();
    let reader = Reader {
        environment,
        foreign,
        guarded,
        in_container,
    };
    // With room for those of the user's own and the mock, so that the large items are not moved again.
    let mut providers = Vec::with_capacity(PRESETS.len() + entries.len() + own.len() + 1);
    let mut others = Vec::with_capacity(PRESETS.len());
    for preset in &PRESETS {
        let configured = Configured::take(preset.id, &mut entries, &mut own);
        let key = configured.key();
        let is_default = default.is_some_and(|id| preset.is_named(id));
        let provider = reader.preset(preset, configured, is_default, warnings);
        let provider =
            provider.unwrap_or_else(|problem| reader.off(preset.id, Some(preset), key, &problem));
        if !provider.is_listed {
            others.push(provider);
        } else {
            providers.push(provider);
        }
    }
    if default.is_some_and(|id| id.eq_ignore_ascii_case(Dialect::MOCK)) {
        entries.entry(Dialect::MOCK.into()).or_default();
    }
    let ids: BTreeSet<String> = entries.keys().chain(own.keys()).cloned().collect();
    for id in ids {
        let configured = Configured::take(&id, &mut entries, &mut own);
        check_id(&id, &providers)?;
        let key = configured.key();
        let provider = reader.own(&id, configured, warnings);
        providers.push(provider.unwrap_or_else(|problem| reader.off(&id, None, key, &problem)));
    }
    providers.extend(others);
    for provider in &providers {
        let broken = provider.broken();
        warnings.extend(broken.map(|why| format!("Provider {} is off: {why}", provider.id)));
    }
    Ok(providers)
}

fn check_id(id: &str, providers: &[Provider]) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || !id.chars().all(allowed) || position(providers, id).is_some() {
        return Err(Problem::new(
            &format!("providers.{id}"),
            "is not a possible id",
            "use letters, digits, - _ and ., and each id once, whatever its case",
        ));
    }
    Ok(())
}

/// The entries under the ids of the presets, where they have other names of them.
fn by_id(
    entries: BTreeMap<String, ProviderEntry>,
) -> Result<BTreeMap<String, ProviderEntry>, Problem> {
    let mut all: BTreeMap<String, ProviderEntry> = BTreeMap::new();
    let (ids, aliases): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|(id, _)| presets::named(id).is_none_or(|preset| preset.id == id));
    all.extend(ids);
    for (alias, entry) in aliases {
        let id = presets::named(&alias).map_or(&*alias, |preset| preset.id);
        if all.insert(id.into(), entry).is_some() {
            return Err(Problem::new(
                &format!("providers.{alias}"),
                format!("is another name of providers.{id}, and both are there"),
                "keep one of them",
            ));
        }
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests;
