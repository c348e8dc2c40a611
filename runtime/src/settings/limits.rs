//! What the operator allows the caller: which providers and models, how many tokens, how much money and
//! time a call may take. The caller can only go below that.
//!
//! Never here: holding a call to it.

use std::time::Duration;

use super::{
    Environment, Problem, Provider, ProviderIndex, bounded,
    pattern::{self, Plain, fits, pattern},
    position, presets,
    provider::MOCK,
    unknown, written,
    yaml::Spanned,
};
use crate::spelling::nearest;
use serde::Deserialize;

/// `limits` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsEntry {
    /// Ids of providers; no others may be asked.
    allow_providers: Option<Spanned<Vec<String>>>,
    /// Ids of providers that may not be asked.
    deny_providers: Option<Spanned<Vec<String>>>,
    /// Models, with * and ?; no others may be asked.
    allow_models: Option<Spanned<Vec<String>>>,
    /// Models, with * and ?, that may not be asked.
    deny_models: Option<Spanned<Vec<String>>>,
    /// Most output tokens of a request.
    max_tokens: Option<Spanned<u32>>,
    /// Most US dollars of a call, by estimate.
    max_cost_usd: Option<Spanned<f64>>,
    /// Most seconds of a call.
    max_timeout: Option<Spanned<u32>>,
}

/// What every call is held to.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    allow_providers: Option<List>,
    deny_providers: Option<List>,
    allow_models: Option<List>,
    deny_models: Option<Denied>,
    /// Most output tokens of a request.
    pub max_tokens: Option<Bound<u32>>,
    /// Most US dollars that a call may cost, as far as that can be told before.
    pub max_cost_usd: Option<Bound<f64>>,
    /// Longest time of a call.
    pub max_timeout: Option<Bound<Duration>>,
}

/// A limit and the setting that it comes from.
#[derive(Clone, Debug)]
pub struct Bound<T> {
    /// The limit.
    pub most: T,
    /// For people: the variable, or the place in the file.
    pub place: String,
}

/// Names, or patterns of names in lower case, and where they come from.
#[derive(Clone, Debug)]
struct List {
    items: Vec<String>,
    place: String,
}

/// Whether a limit is read from this variable.
pub(super) fn is_variable(name: &str) -> bool {
    ["ANYGPT_ALLOW_", "ANYGPT_DENY_", "ANYGPT_MAX_"]
        .iter()
        .any(|start| name.starts_with(start) && name != "ANYGPT_ALLOW_INSECURE_HTTP")
}

/// Patterns of models, each also in the form in which all spellings of a model are one: an allowed model is the one
/// that was named, a denied one is denied by whatever name.
#[derive(Clone, Debug)]
struct Denied {
    list: List,
    plain: Vec<Plain>,
}

impl Denied {
    fn new(list: List) -> Self {
        let plain = list.items.iter().map(|item| Plain::new(item)).collect();
        Denied { list, plain }
    }
}

impl Limits {
    /// All that are set: name, value and where that comes from.
    pub(super) fn told(&self) -> Vec<(&'static str, String, String)> {
        let list = |name, list: &Option<List>| {
            let list = list.as_ref()?;
            Some((name, list.items.join(", "), list.place.clone()))
        };
        let tokens = self.max_tokens.as_ref();
        let cost = self.max_cost_usd.as_ref();
        let time = self.max_timeout.as_ref();
        let all = [
            list("allow_providers", &self.allow_providers),
            list("deny_providers", &self.deny_providers),
            list("allow_models", &self.allow_models),
            self.deny_models.as_ref().map(|denied| {
                let list = &denied.list;
                ("deny_models", list.items.join(", "), list.place.clone())
            }),
            tokens.map(|it| ("max_tokens", it.most.to_string(), it.place.clone())),
            cost.map(|it| ("max_cost_usd", it.most.to_string(), it.place.clone())),
            time.map(|it| {
                (
                    "max_timeout",
                    format!("{} s", it.most.as_secs()),
                    it.place.clone(),
                )
            }),
        ];
        all.into_iter().flatten().collect()
    }

    /// Reads them, variable before file, and switches off the providers that are not allowed.
    pub(super) fn load(
        environment: &Environment<'_>,
        entry: LimitsEntry,
        providers: &mut [Provider],
        warnings: &mut Vec<String>,
    ) -> Result<Self, Problem> {
        let list = |variable, key, of_file| list(environment, variable, key, of_file);
        let allow_providers = list(
            "ANYGPT_ALLOW_PROVIDERS",
            "allow_providers",
            entry.allow_providers,
        )?;
        let deny_providers = list(
            "ANYGPT_DENY_PROVIDERS",
            "deny_providers",
            entry.deny_providers,
        )?;
        switch_off(providers, allow_providers.as_ref(), deny_providers.as_ref())?;
        let patterns = |list: List| List {
            items: list.items.iter().map(|item| pattern(item)).collect(),
            place: list.place,
        };
        let allow = list("ANYGPT_ALLOW_MODELS", "allow_models", entry.allow_models)?;
        let deny = list("ANYGPT_DENY_MODELS", "deny_models", entry.deny_models)?;
        for list in allow.iter().chain(&deny) {
            warnings.extend(of_nobody(list, providers));
        }
        Ok(Limits {
            allow_providers,
            deny_providers,
            allow_models: allow.map(patterns),
            deny_models: deny.map(patterns).map(Denied::new),
            max_tokens: max_tokens(environment, entry.max_tokens)?,
            max_cost_usd: max_cost(environment, entry.max_cost_usd)?,
            max_timeout: max_timeout(environment, entry.max_timeout)?,
        })
    }

    /// Why this model of the provider with this id is not allowed; `None` if it is.
    pub fn refusal(&self, provider: &str, model: &str) -> Option<String> {
        let (full, id) = pattern::name(provider, model);
        let names = |list: &List| {
            let mut items = list.items.iter();
            items.any(|item| fits(item, &full[id..]) || fits(item, &full))
        };
        if let Some(denied) = &self.deny_models {
            let texts = Plain::new(&full).texts();
            if names(&denied.list) || denied.plain.iter().any(|item| item.fits(&texts)) {
                return Some(format!("denied by {}", denied.list.place));
            }
            let is_named = self.allow_models.as_ref().is_some_and(names);
            if pattern::is_open(&full) && !is_named {
                return Some(format!(
                    "denied by {}, since what it leads to may be a model that is denied there",
                    denied.list.place
                ));
            }
        }
        let list = self.allow_models.as_ref().filter(|list| !names(list))?;
        Some(format!("not allowed by {}", list.place))
    }
}

/// What to say of patterns whose provider is a mistyped one. Other words before a slash may be vendors that a gateway
/// knows.
fn of_nobody(list: &List, providers: &[Provider]) -> Vec<String> {
    let ids = || providers.iter().map(|provider| provider.id.as_str());
    let nobody = list.items.iter().filter_map(|item| {
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
    nobody.collect()
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
                None if id.eq_ignore_ascii_case(MOCK) || presets::ended(id).is_some() => {}
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

fn list(
    environment: &Environment<'_>,
    variable: &str,
    key: &str,
    of_file: Option<Spanned<Vec<String>>>,
) -> Result<Option<List>, Problem> {
    let (items, place) = match (environment.value(variable)?, of_file) {
        (Some(text), _) => {
            let items = text.split(',').map(str::to_owned).collect();
            (items, variable.to_owned())
        }
        (None, Some(list)) => {
            let place = list.place(&format!("limits.{key}"));
            (list.value, place)
        }
        (None, None) => return Ok(None),
    };
    let items: Vec<String> = items
        .iter()
        .map(|item: &String| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect();
    if let Some(item) = items.iter().find(|item| !is_name(item)) {
        return Err(Problem::new(
            &place,
            format!("holds {item:?}, which is no name"),
            "write names without quotes and other marks, separated by commas, with * for anything and ? for one \
             character, also for a blank",
        ));
    }
    match items.is_empty() {
        true => Err(Problem::new(
            &place,
            "is an empty list",
            "name something in it, or leave the setting out",
        )),
        false => Ok(Some(List { items, place })),
    }
}

/// Whether an item can be a name or a pattern. What only looks like one, by a mark around it or of another notation,
/// would hold nobody to anything.
fn is_name(item: &str) -> bool {
    const MARKS: &str =
        "\"'`[]{}()<>;|\\^$#=&!%\u{201c}\u{201d}\u{2018}\u{2019}\u{ff0c}\u{ff1b}\u{200b}\u{feff}";
    let is_mark = |c: char| c.is_control() || c.is_whitespace() || MARKS.contains(c);
    !item.starts_with('-') && !item.contains(is_mark)
}

fn max_tokens(
    environment: &Environment<'_>,
    of_file: Option<Spanned<u32>>,
) -> Result<Option<Bound<u32>>, Problem> {
    const NAME: &str = "ANYGPT_MAX_TOKENS";
    let (most, place) = match (environment.value(NAME)?, of_file) {
        (Some(text), _) => (text.parse().unwrap_or_default(), NAME.to_owned()),
        (None, Some(number)) => (number.value, number.place("limits.max_tokens")),
        (None, None) => return Ok(None),
    };
    match most {
        0 => Err(Problem::new(
            &place,
            "is no possible limit",
            format!("use a whole number from 1 to {}", u32::MAX),
        )),
        most => Ok(Some(Bound { most, place })),
    }
}

fn max_cost(
    environment: &Environment<'_>,
    of_file: Option<Spanned<f64>>,
) -> Result<Option<Bound<f64>>, Problem> {
    const NAME: &str = "ANYGPT_MAX_COST_USD";
    let (most, place) = match (environment.value(NAME)?, of_file) {
        (Some(text), _) => (text.parse().unwrap_or_default(), NAME.to_owned()),
        (None, Some(number)) => (number.value, number.place("limits.max_cost_usd")),
        (None, None) => return Ok(None),
    };
    match most > 0.0 && most.is_finite() {
        true => Ok(Some(Bound { most, place })),
        false => Err(Problem::new(
            &place,
            "is no possible limit",
            "use a number above 0: US dollars for one call, for example 0.05",
        )),
    }
}

fn max_timeout(
    environment: &Environment<'_>,
    of_file: Option<Spanned<u32>>,
) -> Result<Option<Bound<Duration>>, Problem> {
    const NAME: &str = "ANYGPT_MAX_TIMEOUT";
    let written = written(environment, NAME, "limits.max_timeout", of_file)?;
    written.map(bounded).transpose()
}

#[cfg(test)]
mod tests;
