//! Reading `rules` of the configuration file.
//!
//! Never here: what the keys of the file look like (`file::rules`).

use anygpt_providers::Parameter;

use super::{
    file::{ParameterName, Pattern, RuleEntry, Rules, TokenName},
    models::unknown,
    pattern::pattern,
    provider::{Provider, position},
    rule::Rule,
    yaml::{Error, Spanned, shown},
};

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
        let keep: Vec<Parameter> = entry.keep.into_iter().map(|ParameterName(it)| it).collect();
        let drop = entry
            .drop
            .into_iter()
            .map(|ParameterName(it)| (it, place.clone()));
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
            max_tokens_as: entry.max_tokens_as.map(|TokenName(it)| it),
        })
    };
    entries.0.into_iter().map(rule).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
