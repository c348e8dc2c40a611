//! Which providers the operator's limits allow.
//!
//! Never here: which models they allow (`limits`).

use anygpt_providers::{Dialect, presets};

use super::super::{
    index::ProviderIndex,
    limits::{Limits, List},
    problem::Problem,
    provider::{Provider, position, unknown},
};
use crate::spelling::nearest;

/// Switches off the providers that are not allowed, and warns of patterns that no provider fits.
pub(in crate::settings) fn apply(
    limits: &Limits,
    providers: &mut [Provider],
    warnings: &mut Vec<String>,
) -> Result<(), Problem> {
    let (allow, deny) = (&limits.allow_providers, &limits.deny_providers);
    switch_off(providers, allow.as_ref(), deny.as_ref())?;
    for patterns in limits.allow_models.iter().chain(&limits.deny_models) {
        warnings.extend(unmatched(&patterns.list, providers));
    }
    Ok(())
}

/// What to say of patterns whose provider is a mistyped one. Other words before a slash may be vendors that a gateway
/// knows.
fn unmatched(list: &List, providers: &[Provider]) -> Vec<String> {
    let ids = || providers.iter().map(|provider| provider.id.as_str());
    let unmatched = list.items.iter().filter_map(|item| {
        let (word, _) = item.split_once('/')?;
        let is_known = position(providers, word).is_some() || word.contains(['*', '?']);
        let near = nearest(word, ids()).filter(|_| !is_known)?;
        // mistralai, moonshotai
        let is_vendor = word.len() > near.len() && word.starts_with(near);
        (!is_vendor).then(|| {
            format!(
                "{}: {item} holds for no provider that is known here (perhaps you mean {near})",
                list.place
            )
        })
    });
    unmatched.collect()
}

fn switch_off(
    providers: &mut [Provider],
    allow: Option<&List>,
    deny: Option<&List>,
) -> Result<(), Problem> {
    let positions = |list: &List| -> Result<Vec<ProviderIndex>, Problem> {
        let mut positions = Vec::new();
        for id in &list.items {
            match position(providers, id) {
                Some(position) => positions.push(position),
                // It is not there, which is all that could be wanted.
                None if id.eq_ignore_ascii_case(Dialect::MOCK) || presets::ended(id).is_some() => {}
                None => return Err(unknown(&list.place, id, providers)),
            }
        }
        Ok(positions)
    };
    let allowed = allow.map(positions).transpose()?;
    let denied = deny.map(positions).transpose()?;
    for (position, provider) in providers.iter_mut().enumerate() {
        let position = ProviderIndex::new(position);
        let is_in =
            |list: &Option<Vec<ProviderIndex>>| list.as_ref().map(|list| list.contains(&position));
        let refusal = match (deny, allow) {
            (Some(deny), _) if is_in(&denied) == Some(true) => format!("denied by {}", deny.place),
            (_, Some(allow)) if is_in(&allowed) == Some(false) => {
                format!("not allowed by {}", allow.place)
            }
            _ => continue,
        };
        provider.refuse(refusal);
    }
    Ok(())
}
