//! Providers that are set up by variables of their own: `ANYGPT_PROVIDER_<ID>_BASE_URL` and the others with its prefix.
//!
//! Never here: what becomes of them, or other variables.

use anygpt_providers::presets::PRESETS;

use super::{
    environment::{Environment, PREFIX},
    mistyped,
    problem::Problem,
};
use crate::spelling::nearest;

/// What may follow the id. A name of another one's end comes first.
const FIELDS: [&str; 5] = ["_API_KEY_FILE", "_API_KEY", "_BASE_URL", "_TYPE", "_MODEL"];

/// What these variables say of one provider.
#[derive(Debug, Default)]
pub(super) struct OwnVariables {
    /// What all their names begin with; empty if there are none.
    pub(super) prefix: String,
    pub(super) dialect: Option<String>,
    pub(super) base_url: Option<String>,
    /// It has a key, too, which is read when its address is known.
    pub(super) has_key: bool,
    pub(super) model: Option<String>,
}

impl OwnVariables {
    /// The name of one of them.
    pub(super) fn name(&self, field: &str) -> String {
        format!("{}{field}", self.prefix)
    }
}

/// The variable for the key of a provider of this id.
pub(super) fn key_of(id: &str) -> String {
    let id = id.to_ascii_uppercase();
    let word = id.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("{PREFIX}{word}_API_KEY")
}

/// All of them, by the id of the provider: one of `known` or of a preset, if it can be meant (`MY_LLM` is
/// `my-llm` or `my.llm`, too), else the name in lower case with `-`.
pub(super) fn all<'k>(
    environment: &Environment,
    known: impl Iterator<Item = &'k str>,
    warnings: &mut Vec<String>,
) -> Result<Vec<(String, OwnVariables)>, Problem> {
    let mut all: Vec<(String, OwnVariables)> = Vec::new();
    let known: Vec<&str> = known.collect();
    for variable in environment.names() {
        let Some(suffix) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let word = FIELDS.iter().find_map(|field| suffix.strip_suffix(field));
        let is_possible = |word: &&str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !word.is_empty() && word.chars().all(allowed)
        };
        if word.is_none() && !environment.holds(variable) {
            continue;
        }
        if word.is_none() && mistyped::is_limit(suffix) {
            return Err(mistyped::problem(variable, ""));
        }
        // Without its key a provider does not answer; without its address another one would.
        if word.is_none()
            && let Some(meant) = meant_name(variable)
        {
            warnings.push(format!(
                "No setting has this name, so it does nothing: {variable} (perhaps you mean {meant})"
            ));
            continue;
        }
        let Some(word) = word.filter(is_possible) else {
            return Err(Problem::new(
                variable,
                "is not a setting that is known",
                "after ANYGPT_PROVIDER_ write an id of letters, digits and _, then _BASE_URL, _API_KEY, \
                 _TYPE or _MODEL",
            ));
        };
        let id = id_of(word, &known);
        if all.iter().any(|(known, _)| *known == id) {
            continue;
        }
        all.extend(read(environment, word)?.map(|own| (id, own)));
    }
    Ok(all)
}

/// The id that this part of a variable's name stands for.
fn id_of(word: &str, known: &[&str]) -> String {
    let is_meant = |id: &str| in_a_variable(id).eq_ignore_ascii_case(word);
    if let Some(id) = known.iter().find(|id| is_meant(id)) {
        return (*id).to_owned();
    }
    match PRESETS.iter().find(|preset| preset.names().any(is_meant)) {
        Some(preset) => preset.id.to_owned(),
        None => word.to_ascii_lowercase().replace('_', "-"),
    }
}

/// What the variables of one provider say; nothing if all of them count as not set.
fn read(environment: &Environment, word: &str) -> Result<Option<OwnVariables>, Problem> {
    let prefix = format!("{PREFIX}{word}");
    let value = |field: &str| environment.value(&format!("{prefix}{field}"));
    let key = ["_API_KEY", "_API_KEY_FILE"].map(|field| format!("{prefix}{field}"));
    let mut own = OwnVariables {
        dialect: value("_TYPE")?,
        base_url: value("_BASE_URL")?,
        model: value("_MODEL")?,
        has_key: key.iter().any(|name| environment.has(name)),
        prefix: prefix.clone(),
    };
    if own.dialect.is_none() && own.base_url.is_none() && own.model.is_none() {
        // Perhaps placeholders all of them.
        let values = [value("_API_KEY")?, value("_API_KEY_FILE")?];
        own.has_key = values.iter().any(Option::is_some);
        if !own.has_key {
            return Ok(None);
        }
    }
    Ok(Some(own))
}

/// The name that was probably meant by this one, if that is not the one of an address.
fn meant_name(variable: &str) -> Option<String> {
    variable.match_indices('_').find_map(|(place, _)| {
        let (before, end) = variable.split_at_checked(place)?;
        let field = nearest(end, FIELDS.into_iter())?;
        let is_one = before.len() > PREFIX.len() && field != "_BASE_URL";
        is_one.then(|| format!("{before}{field}"))
    })
}

/// An id as it can stand in the name of a variable.
fn in_a_variable(id: &str) -> String {
    id.replace(['-', '.'], "_")
}
