//! Variables that are named like this program's own and that nothing reads. A limit that is not read does not
//! hold, so such a name stops the start; any other one is worth a warning. What is read is what was looked up while
//! the settings were loaded, so there is no list of names to keep.
//!
//! Never here: variables of other programs (`foreign`).

use std::cell::LazyCell;

use anygpt_providers::presets::PRESETS;

use super::{
    environment::{Environment, OWN, PREFIX},
    problem::Problem,
    table::TABLE,
};
use crate::spelling::{is_within, nearest};

/// Words that make a name look like a limit, and what this program's names have for them. Short ones count only
/// as a whole word.
const LIMITS: [(&str, &str); 32] = [
    ("DISALLOW", "DENY"),
    ("ALLOW", "ALLOW"),
    ("PERMIT", "ALLOW"),
    ("WHITELIST", "ALLOW"),
    ("ENABLE", "ALLOW"),
    ("INCLUDE", "ALLOW"),
    ("ONLY", "ALLOW"),
    ("DENY", "DENY"),
    ("DENIED", "DENY"),
    ("BLOCK", "DENY"),
    ("FORBID", "DENY"),
    ("BLACKLIST", "DENY"),
    ("DISABLE", "DENY"),
    ("EXCLUDE", "DENY"),
    ("PROHIBIT", "DENY"),
    ("REJECT", "DENY"),
    ("REFUSE", "DENY"),
    ("BAN", "DENY"),
    ("BANNED", "DENY"),
    ("RESTRICT", "ALLOW"),
    ("LIMIT", "MAX"),
    ("MAX", "MAX"),
    ("CEILING", "MAX"),
    ("QUOTA", "MAX"),
    ("BOUND", "MAX"),
    ("CAP", "MAX"),
    ("BUDGET", "COST"),
    ("COST", "COST"),
    ("SPEND", "COST"),
    ("DOLLAR", "COST"),
    ("EUR", "USD"),
    ("USD", "USD"),
];

/// The same for words that alone make no limit.
const OTHER_WORDS: [(&str, &str); 3] = [
    ("LLM", "MODELS"),
    ("LLMS", "MODELS"),
    ("VENDORS", "PROVIDERS"),
];

/// Words of [`LIMITS`] that switch all kinds of things: they make a limit only of what a call may use.
const SWITCHES: [&str; 5] = ["ENABLE", "INCLUDE", "DISABLE", "EXCLUDE", "ONLY"];

/// What a call may use.
const ACCESS_WORDS: [&str; 4] = ["MODEL", "PROVIDER", "VENDOR", "TOOL"];

/// Limits of this program without their prefix. (Other programs have `MAX_TOKENS` and `MAX_TIMEOUT`, too.)
const BARE_LIMITS: [&str; 5] = [
    "ALLOW_MODELS",
    "ALLOW_PROVIDERS",
    "DENY_MODELS",
    "DENY_PROVIDERS",
    "MAX_COST_USD",
];

/// Looks at all variables; to be called when everything has been read.
///
/// # Errors
/// A name that looks like a limit.
pub(super) fn check(environment: &Environment, warnings: &mut Vec<String>) -> Result<(), Problem> {
    let mut known = environment.own_names();
    known.retain(|name| !name.starts_with(PREFIX));
    // Mostly not needed.
    let limits = LazyCell::new(|| {
        let names = known.iter().map(String::as_str);
        names.filter(|name| is_limit(name)).collect::<Vec<&str>>()
    });
    let mut unknown = Vec::new();
    for name in environment.names() {
        // Those with an id have been looked at where they are read; the tests have names of their own.
        if name.starts_with(PREFIX)
            || name.starts_with("ANYGPT_TEST_")
            || known.iter().any(|it| it == name)
        {
            continue;
        }
        let plain = plain(name);
        // What the configuration file uses is its author's own.
        if BARE_LIMITS.contains(&&*plain) && !environment.was_used(name) && environment.holds(name)
        {
            return Err(problem(name, &format!("{OWN}{plain}")));
        }
        let is_own = plain.starts_with(OWN.trim_end_matches('_'));
        let limit = limit_of(&plain, is_own, &limits);
        if (!is_own && limit.is_none()) || is_of_a_cluster(&plain) || !environment.holds(name) {
            continue;
        }
        if let Some(limit) = limit {
            return Err(problem(name, &limit));
        }
        unknown.push(match other(&plain, &known) {
            Some(near) => format!("{name} (perhaps you mean {near})"),
            None => name.to_owned(),
        });
    }
    if !unknown.is_empty() {
        warnings.push(format!(
            "No setting has this name, so it does nothing: {}",
            unknown.join(", ")
        ));
    }
    Ok(())
}

/// What a name that looks like a limit stops the start with.
pub(super) fn problem(name: &str, meant: &str) -> Problem {
    Problem::new(
        name,
        "is not a setting of this program, but looks like a limit, which would not hold",
        match meant {
            "" => "correct its name, or unset it".to_owned(),
            meant => format!("perhaps you mean {meant}; correct the name, or unset it"),
        },
    )
}

/// Whether these words, which `_` joins, are of a limit.
pub(super) fn is_limit(words: &str) -> bool {
    let may_switch = ACCESS_WORDS.iter().any(|word| words.contains(word));
    let limits = LIMITS
        .iter()
        .filter(|(limit, _)| may_switch || !SWITCHES.contains(limit));
    words.split('_').any(|word| {
        let is_near = |limit: &str| {
            word.len() > 3
                && ["ALLOW", "DENY", "LIMIT"].contains(&limit)
                && is_within(1, word, limit)
        };
        limits
            .clone()
            .any(|(limit, _)| is_part(word, limit) || is_near(limit))
    })
}

/// A name as it would be written here: `anygpt.max-cost` is `ANYGPT_MAX_COST`.
fn plain(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    match name.contains(['-', '.', ' ']) {
        true => name.replace(['-', '.', ' '], "_"),
        false => name,
    }
}

/// The limits that a name may stand for, if it looks like one. In a name that does not begin like ours only its
/// beginning is mistyped.
fn limit_of<'l>(
    plain: &str,
    is_own: bool,
    limits: &LazyCell<Vec<&'l str>, impl FnOnce() -> Vec<&'l str>>,
) -> Option<String> {
    if !has_similar_prefix(plain) {
        return None;
    }
    if let Some(near) = nearest(plain, limits.iter().copied()) {
        return Some(near.to_owned());
    }
    let words = words(plain);
    if !is_own || !is_limit(&words) {
        return None;
    }
    let scored = limits
        .iter()
        .filter_map(|limit| Some((points(&words, limit)?, *limit)));
    let scored: Vec<(i32, &str)> = scored.collect();
    let most = scored.iter().map(|(points, _)| *points).max();
    let best = scored.iter().filter(|(points, _)| Some(*points) == most);
    let best: Vec<&str> = best.map(|(_, limit)| *limit).collect();
    Some(best.join(" or "))
}

/// Whether a name begins with our prefix, but for typing errors.
fn has_similar_prefix(plain: &str) -> bool {
    const ERRORS: usize = 2;
    // Each error takes at most one letter away. This is cheap for the many variables that begin otherwise.
    let is_kept = |letter: &char| plain.chars().take(OWN.len() + ERRORS).any(|c| c == *letter);
    if OWN.chars().filter(is_kept).count() + ERRORS < OWN.len() {
        return false;
    }
    let starts = OWN.len() - ERRORS..=OWN.len() + ERRORS;
    let mut starts = starts.filter_map(|length| plain.get(..length));
    starts.any(|start| is_within(ERRORS, start, OWN))
}

/// What follows the prefix.
fn words(plain: &str) -> String {
    let rest = plain.strip_prefix("ANYGPT").unwrap_or(plain);
    rest.trim_matches('_').to_owned()
}

/// How many words of a known name stand in these, or others for them, less those that do not; nothing if none does.
fn points(words: &str, known: &str) -> Option<i32> {
    let suffix = known.strip_prefix(OWN).unwrap_or(known);
    let has = |wanted: &str| {
        words.split('_').any(|word| {
            let translated = LIMITS
                .iter()
                .chain(&OTHER_WORDS)
                .find(|(known, _)| is_part(word, known));
            is_alike(word, wanted)
                || translated.is_some_and(|(_, ours)| *ours == wanted)
                // Two words of ours in one.
                || (wanted.len() > 2 && word.contains(wanted))
        })
    };
    let points = suffix.split('_').map(|word| if has(word) { 2 } else { -1 });
    points.clone().any(|it| it > 0).then(|| points.sum())
}

/// Whether a word has this one in it; a short one must be all of it, but for `MAX` at an end.
fn is_part(word: &str, limit: &str) -> bool {
    match limit.len() {
        0..=3 => {
            word == limit || (limit == "MAX" && (word.starts_with(limit) || word.ends_with(limit)))
        }
        _ => word.contains(limit),
    }
}

fn is_alike(one: &str, other: &str) -> bool {
    let same = one.bytes().zip(other.bytes());
    same.take_while(|(one, other)| one == other).count() > 3
        || one.len() > 3 && is_within(1, one, other)
}

/// The name that was probably meant by one that is no limit's.
fn other(plain: &str, known: &[String]) -> Option<String> {
    if plain.starts_with(PREFIX) {
        return Some(plain.to_owned());
    }
    if let Some(near) = nearest(plain, known.iter().map(String::as_str)) {
        return Some(near.to_owned());
    }
    let words = words(plain);
    let presets = PRESETS.iter();
    let variables =
        presets.flat_map(|preset| preset.key_variables.iter().chain(preset.url_variables));
    // Settings whose names have no prefix.
    let bare = TABLE.iter().map(|row| row.variable);
    let bare = bare.filter(|name| !name.starts_with(OWN));
    if let Some(near) = nearest(&words, bare.chain(variables.copied())) {
        return Some(near.to_owned());
    }
    // Of equals the first.
    let best = known
        .iter()
        .rev()
        .filter_map(|name| Some((points(&words, name)?, name)));
    best.max_by_key(|(points, _)| *points)
        .map(|(_, name)| name.clone())
}

/// Kubernetes and Docker's links set such variables for a service called `anygpt`.
fn is_of_a_cluster(plain: &str) -> bool {
    let has_number = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    plain.ends_with("_SERVICE_HOST")
        || plain.contains("_SERVICE_PORT")
        || plain.ends_with("_PORT")
        || plain.ends_with("_NAME")
        || plain.split("_PORT_").skip(1).any(has_number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
