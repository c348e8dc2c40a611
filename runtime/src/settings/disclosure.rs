//! Whether a text may be a key, and what an error may show of it: keys are put into wrong places.
//!
//! Never here: whether a key can be used (`key`).

use std::{ffi::OsString, path::Path};

use super::{
    key::{self, is_example},
    secret::{LONG, Secret, is_random, names_a_key},
};
use crate::spelling::nearest;

/// Names have no longer random part.
const LONGEST_RANDOM_PART: usize = 27;

/// Whether a part of a text that a caller wrote has the shape of a key, so that an error must not repeat it. That may hide
/// a name, which does less harm there than where it would not be used.
pub(crate) fn has_shape_of_key(part: &str) -> bool {
    const SHORTEST: usize = 20;
    let has = |is_so: fn(&u8) -> bool| part.as_bytes().iter().any(is_so);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    is_random(part) && (part.len() > LONGEST_RANDOM_PART || part.len() >= SHORTEST && is_mixed)
}

/// Whether a value is a key rather than a name of anything: it begins like one, or has a random part that no name has.
pub(super) fn is_key(value: &str) -> bool {
    let parts = |text| str::split(text, |c: char| !c.is_ascii_alphanumeric());
    let is_long = |part: &str| part.len() > LONGEST_RANDOM_PART && is_random(part);
    let begun = key::without_prefix(value).is_some_and(|rest| parts(rest).any(is_random));
    begun || parts(value).any(is_long)
}

/// Whether a name is a key, with a warning that it counts as not set: names are sent and shown.
pub(super) fn warn_if_key(place: &str, name: &str, warnings: &mut Vec<String>) -> bool {
    let is_key = is_key(name);
    if is_key {
        warnings.push(format!("{place} looks like a key, so it counts as not set"));
    }
    is_key
}

/// Whether an error may show a value that cannot be used: it is too short for a key, or so near to a word that is `known`
/// that it can only be meant for that. Keys are put into wrong places.
pub(crate) fn is_showable<'a>(value: &str, known: impl IntoIterator<Item = &'a str>) -> bool {
    value.len() < LONG || nearest(value, known.into_iter()).is_some()
}

/// A value that cannot be used, as an error may show it.
pub(crate) fn shown<'a>(value: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match is_showable(value, known) {
        true => format!("{value:?}"),
        false => format!("a value of {} characters", value.chars().count()),
    }
}

/// The same for a path.
pub(super) fn shown_path(path: &str) -> String {
    match is_path(path) {
        true => format!("{path:?}"),
        false => shown(path, []),
    }
}

/// Whether it is the path of a file, or at least looks like one and like no key.
pub(super) fn is_path(path: &str) -> bool {
    let is_ordinary = |part: &str| {
        part.len() < LONG || part.len() <= 24 && part.split(['-', '_', '.']).all(is_word)
    };
    let begins = ["/", "./", "../", "~/"];
    let is_path = begins.iter().any(|begin| path.starts_with(begin));
    is_path && path.split('/').all(is_ordinary) || Path::new(path).exists()
}

/// Letters or digits, as in names of files.
fn is_word(part: &str) -> bool {
    part.len() < LONG && part.bytes().all(|byte| byte.is_ascii_digit())
        || part.bytes().all(|byte| byte.is_ascii_lowercase())
        || part.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The keys that variables hold, by their names alone: for what is said before the settings can be read.
pub(crate) fn named_secrets(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let mut add = |text: &str| {
        let text = text.trim();
        if text.len() >= LONG {
            secrets.push(Secret::new(text));
        }
    };
    for (name, value) in variables {
        let value = Secret::new(value.to_string_lossy().into_owned());
        let name = name.to_string_lossy().to_ascii_lowercase();
        // What a file holds is not known yet, and its path is no secret.
        let is_key = || !is_example(value.expose().trim());
        if names_a_key(&name) && !name.ends_with("_file") && is_key() {
            add(value.expose());
            let is_long = value.expose().trim().contains('\n');
            value
                .expose()
                .lines()
                .filter(|_| is_long)
                .for_each(&mut add);
        }
        if name.ends_with("_headers") {
            let lines = value.expose().lines();
            lines
                .filter_map(|line| line.split_once(':'))
                .for_each(|(_, value)| add(value));
        }
        let Some((_, rest)) = value.expose().split_once("://") else {
            continue;
        };
        if let Some((credentials, _)) = rest.rsplit_once('@') {
            add(credentials
                .split_once(':')
                .map_or(credentials, |(_, it)| it));
        }
        if let Some((_, query)) = rest.split_once('?') {
            let values = query.split(['&', ';', '#']);
            values.for_each(|pair| add(pair.split_once('=').map_or(pair, |(_, value)| value)));
        }
    }
    secrets
}

#[cfg(test)]
mod tests;
