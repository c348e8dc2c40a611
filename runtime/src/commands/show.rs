//! `config show`: every setting, its value, and where that comes from.
//!
//! Never here: which settings there are.

use serde::Serialize;

use super::{CommandResult, for_stdout};
use crate::{
    redact::Redactor,
    settings::{Origin, Settings, Shown},
};

#[derive(Serialize)]
struct Structured {
    settings: Vec<Shown>,
}

/// Names are as wide as this, if they are not longer.
const NAMES: usize = 28;

/// The same for values.
const VALUES: usize = 32;

pub(super) fn print(settings: &Settings, json: bool) -> CommandResult {
    let mut shown = settings.shown();
    // Nothing secret should be in it, and nothing secret may be.
    let redactor = Redactor::of(settings);
    // The others are our own words.
    let is_given = |it: &&mut Shown| matches!(it.origin, Origin::Given(_));
    for value in shown
        .iter_mut()
        .filter(is_given)
        .filter_map(|it| it.value.as_mut())
    {
        *value = redactor.outside(value).into_owned();
    }
    if json {
        let structured = Structured { settings: shown };
        let json = serde_json::to_string_pretty(&structured).unwrap_or_default();
        return super::print(&format!("{}\n", redactor.json(&json)));
    }
    let mut text = String::new();
    for Shown {
        name,
        value,
        origin,
    } in &shown
    {
        let value = value.as_deref().unwrap_or("-");
        text.push_str(&format!("{name:NAMES$} {value:VALUES$} ({origin})\n"));
    }
    super::print(&for_stdout(&redactor.text(&text)))
}
