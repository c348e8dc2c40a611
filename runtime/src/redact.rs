//! Keeping keys out of everything that leaves the process.
//!
//! Three rules. A configured key of 8 bytes and more is replaced wherever it appears, in results, errors
//! and logs (`forms`). What merely looks like a key is replaced in errors and logs only (`lookalike`), never in a model's
//! answer, which may discuss keys. A part of a key, and a value that is a secret only by its place (in the query of a base
//! URL, in a custom header), is replaced where an error or a line of the log repeats text from outside (`outside`): in this
//! program's own words it can appear only by chance.
//!
//! Never here: where keys come from.

use std::{
    borrow::Cow,
    env,
    sync::{Arc, OnceLock},
};

use anygpt_providers::percent_encoded;
use zeroize::Zeroizing;

use crate::settings::{LONG, REDACTED, Secret, Settings, named_secrets};

mod forms;
mod lookalike;
mod outside;

use forms::Forms;
pub(crate) use lookalike::redact_caller_text;
use lookalike::without_lookalikes;
use outside::Outside;

/// A shorter beginning does not reveal a key (many begin with `sk-`).
const MIN_REVEALING_PREFIX: usize = 4;

/// Knows all configured keys. Clones share them, and what is built from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor(Arc<Secrets>);

#[derive(Debug, Default)]
struct Secrets {
    /// The long keys, and their forms in URLs and in Basic credentials.
    forms: Forms,
    /// The same as they appear inside a JSON string, if they do not appear as they are.
    json_forms: Option<Forms>,
    /// Shorter than [`LONG`]; see [`Redactor::provider_message`].
    short: Vec<Secret>,
    /// The long keys alone.
    keys: Vec<Secret>,
    /// Values that are secrets only by their place.
    values: Vec<Secret>,
    /// For texts from outside; built for the first of them, so that it does not slow down the start.
    outside: OnceLock<Outside>,
}

impl Redactor {
    /// A redactor for these keys.
    pub(crate) fn new<'a>(keys: impl IntoIterator<Item = &'a Secret>) -> Self {
        Redactor(Arc::new(Secrets::new(keys, Vec::new())))
    }

    /// A redactor for all secrets of these settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        let values = settings.placed_values().cloned().collect();
        Redactor(Arc::new(Secrets::new(settings.secrets(), values)))
    }

    /// A redactor for the variables whose names say that they hold keys, for messages before there are settings.
    pub(crate) fn of_environment() -> Self {
        Redactor::new(&named_secrets(env::vars_os()))
    }

    /// A text without configured keys.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.forms.replace(text)
    }

    /// JSON text without configured keys; it stays valid JSON.
    pub(crate) fn json<'t>(&self, json: &'t str) -> Cow<'t, str> {
        self.0
            .json_forms
            .as_ref()
            .unwrap_or(&self.0.forms)
            .replace(json)
    }

    /// Removes the end of a text that was cut, if it may be the beginning of a key.
    pub(crate) fn end_of_cut(&self, text: &mut String) {
        for key in self.0.forms.iter() {
            let beginning = (MIN_REVEALING_PREFIX..key.len()).rev().find(|&end| {
                key.get(..end)
                    .is_some_and(|beginning| text.ends_with(beginning))
            });
            if let Some(end) = beginning {
                text.truncate(text.len() - end);
            }
        }
    }

    /// How many bytes of a text that is still arriving may be shown: the rest may be the beginning of a key.
    pub(crate) fn shown_length(&self, text: &str) -> usize {
        let mut shown = text.len();
        for key in self.0.forms.iter() {
            let is_end = |&end: &usize| key.get(..end).is_some_and(|it| text.ends_with(it));
            if let Some(end) = (1..key.len()).rev().find(is_end) {
                shown = shown.min(text.len() - end);
            }
        }
        // A whole key is not cut, or its two parts would not be recognised.
        let cut = |shown: usize| {
            self.0.forms.iter().find_map(|key| {
                let mut places = text.match_indices(key).map(|(start, _)| start);
                places.find(|&start| start < shown && start + key.len() > shown)
            })
        };
        while let Some(start) = cut(shown) {
            shown = start;
        }
        shown
    }

    /// An error or log text without configured keys and without anything that looks like one.
    pub(crate) fn diagnostic<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.text(text) {
            Cow::Borrowed(text) => without_lookalikes(text),
            Cow::Owned(text) => Cow::Owned(without_lookalikes(&text).into_owned()),
        }
    }

    /// As [`Redactor::diagnostic`], for a text from outside: without parts of keys, too, and without values that are
    /// secrets only by their place.
    pub(crate) fn outside<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let outside = self.outside_search();
        match self.diagnostic(text) {
            Cow::Borrowed(text) => outside.hide(text),
            Cow::Owned(text) => Cow::Owned(outside.hide(&text).into_owned()),
        }
    }

    /// Removes parts of keys, and values that are secrets only by their place, from a name or an id that came from
    /// outside and is part of a result. What only looks like a key stays.
    pub(crate) fn parts(&self, name: &mut String) {
        if let Cow::Owned(clean) = self.outside_search().hide(name) {
            *name = clean;
        }
    }

    fn outside_search(&self) -> &Outside {
        let new = || Outside::new(self.0.keys.iter(), self.0.values.iter());
        self.0.outside.get_or_init(new)
    }

    /// As [`Redactor::outside`], for a provider's message: it is withheld if it repeats a key that is too short to be
    /// replaced safely.
    pub(crate) fn provider_message<'t>(&self, message: &'t str) -> Cow<'t, str> {
        if self
            .0
            .short
            .iter()
            .any(|key| message.contains(key.expose()))
        {
            return Cow::Borrowed("(the provider's message is withheld, since it repeats the key)");
        }
        self.outside(message)
    }
}

impl Secrets {
    fn new<'a>(keys: impl IntoIterator<Item = &'a Secret>, values: Vec<Secret>) -> Self {
        let (short, keys): (Vec<Secret>, Vec<Secret>) = keys
            .into_iter()
            .cloned()
            .partition(|key| key.expose().len() < LONG);
        let mut forms: Vec<Secret> = Vec::new();
        for key in keys.iter().map(Secret::expose) {
            let of_key = [key.to_owned()]
                .into_iter()
                .chain(percent_encoded_forms(key))
                .chain(basic_forms(key));
            for form in of_key.map(Secret::new) {
                if !forms.contains(&form) {
                    forms.push(form);
                }
            }
        }
        let json: Vec<Secret> = forms.iter().filter_map(json_form).collect();
        Secrets {
            json_forms: (json != forms).then(|| Forms::new(json)),
            forms: Forms::new(forms),
            short,
            keys,
            values,
            outside: OnceLock::new(),
        }
    }
}

/// A key as it appears inside a JSON string.
fn json_form(key: &Secret) -> Option<Secret> {
    let json = Zeroizing::new(serde_json::to_string(key.expose()).ok()?);
    Some(Secret::new(&json[1..json.len() - 1]))
}

/// A key percent-encoded, with hexadecimal digits in upper and in lower case.
fn percent_encoded_forms(key: &str) -> [String; 2] {
    // A string that grows would leave parts of the key in freed memory.
    let [mut upper, mut lower] = [(); 2].map(|()| String::with_capacity(3 * key.len()));
    for part in percent_encoded(key) {
        upper.push_str(part);
        match part.starts_with('%') {
            true => lower.extend(part.chars().map(|c| c.to_ascii_lowercase())),
            false => lower.push_str(part),
        }
    }
    [upper, lower]
}

/// The base64 digits that depend on the key alone, for each of the three offsets that it can have after `user:`.
fn basic_forms(key: &str) -> Vec<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..3)
        .map(|lead| {
            let skipped = (3 - lead) % 3;
            let whole = key.as_bytes().get(skipped..).unwrap_or_default();
            let mut digits = String::with_capacity(whole.len() / 3 * 4);
            digits.extend(whole.chunks_exact(3).flat_map(|chunk| {
                let bits = chunk
                    .iter()
                    .fold(0, |bits, &byte| bits << 8 | usize::from(byte));
                [18, 12, 6, 0].map(|shift| char::from(DIGITS[bits >> shift & 63]))
            }));
            digits
        })
        .filter(|form| form.len() >= LONG)
        .collect()
}

#[cfg(test)]
mod tests;
