//! Anthropic's list of models.
//!
//! Never here: chats.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::request::versioned;
use crate::facts::Thinking;
use crate::http_request;
use crate::json::{self, Lenient, Text};
use crate::model;
use crate::{Abilities, Capability, Day, Failure, Model, ModelPage, ReasoningEffort, Request};

pub(super) fn request(page: Option<&str>) -> Request {
    let after = page.map(|page| format!("&after_id={}", http_request::percent_encoded(page)));
    versioned(http_request::get(format!(
        "/v1/models?limit=1000{}",
        after.unwrap_or_default()
    )))
}

pub(super) fn page(body: &[u8]) -> Result<ModelPage, Failure> {
    let body = String::from_utf8_lossy(body);
    let list: ModelList<'_> = json::read(&body)?;
    let mut models = Vec::new();
    for entry in model::entries(list.data.raw()) {
        let entry: ModelEntry<'_> = json::read(entry)?;
        let Some(id) = entry.id.and_then(Text::non_empty) else {
            continue;
        };
        let mut model = Model {
            id,
            display_name: entry.display_name.and_then(Text::non_empty),
            created: entry
                .created_at
                .as_ref()
                .and_then(|time| unix_seconds(&time.0)),
            input_token_limit: entry.max_input_tokens.0,
            output_token_limit: entry.max_tokens.0,
            retires: entry.retires_at.and_then(Text::non_empty).map(day),
            is_withdrawn: entry.lifecycle.is_some_and(|word| word.0 != "active"),
            ..Model::default()
        };
        let capabilities = entry.capabilities.and_then(|raw| json::tree(raw.get()));
        set_abilities(&mut model, &capabilities.unwrap_or_default());
        models.push(model);
    }
    let more = list.has_more.0 == Some(true);
    Ok(ModelPage {
        models,
        next: list.last_id.filter(|_| more).and_then(Text::non_empty),
    })
}

/// `2027-01-22` of `2027-01-22T00:00:00Z`.
fn day(time: String) -> String {
    Day::read(&time).map_or(time, |day| day.to_string())
}

#[derive(Deserialize)]
struct ModelList<'a> {
    #[serde(borrow)]
    data: json::List<'a>,
    #[serde(default)]
    has_more: Lenient<bool>,
    #[serde(borrow)]
    last_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ModelEntry<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    display_name: Option<Text<'a>>,
    #[serde(borrow)]
    created_at: Option<Text<'a>>,
    #[serde(default)]
    max_input_tokens: Lenient<u64>,
    #[serde(default)]
    max_tokens: Lenient<u64>,
    #[serde(borrow)]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow)]
    lifecycle: Option<Text<'a>>,
    #[serde(borrow)]
    retires_at: Option<Text<'a>>,
}

/// RFC 3339 to seconds since 1970.
pub(super) fn unix_seconds(time: &str) -> Option<i64> {
    // humantime parses only UTC, so the offset is parsed here.
    let (local, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(local) => (local, 0),
        None => {
            let (local, offset) = time.split_at_checked(time.len().checked_sub(6)?)?;
            (local, offset_seconds(offset)?)
        }
    };
    let time = humantime::parse_rfc3339_weak(&format!("{}Z", local.to_ascii_uppercase())).ok()?;
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    Some(i64::try_from(seconds).ok()? - offset)
}

/// `+01:30` to seconds.
fn offset_seconds(offset: &str) -> Option<i64> {
    let (hours, minutes) = offset.strip_prefix(['+', '-'])?.split_once(':')?;
    let number = |digits: &str| digits.parse::<u16>().ok().map(i64::from);
    let seconds = number(hours)? * 3_600 + number(minutes)? * 60;
    Some(if offset.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

/// Reads `capabilities`, each of which may be `supported`.
fn set_abilities(model: &mut Model, capabilities: &Value) {
    let known = |name: &str| capabilities[name]["supported"].as_bool();
    model.can = Abilities::default()
        .with(Capability::Vision, known("image_input"))
        .with(Capability::Reasoning, known("thinking"))
        .with(Capability::Json, known("structured_outputs"))
        // The service has neither.
        .with(Capability::Embeddings, Some(false))
        .with(Capability::Images, Some(false));
    let has =
        |effort: &ReasoningEffort| capabilities["effort"][effort.as_str()]["supported"] == true;
    model.efforts = ReasoningEffort::ALL.into_iter().filter(has).collect();
    let kind = |name: &str| capabilities["thinking"]["types"][name]["supported"].as_bool();
    // Where it may be disabled, the list does not tell whether it thinks by itself.
    model.thinking = match (kind("adaptive"), kind("between_tools"), kind("disabled")) {
        (Some(true), Some(true), Some(false)) => Some(Thinking::BetweenTools),
        (Some(true), _, Some(false)) => Some(Thinking::Always),
        (Some(false), _, _) if kind("enabled") == Some(true) => Some(Thinking::Budget),
        _ => None,
    };
    // Not to think is an effort of ours.
    let may_be_off = kind("disabled") == Some(true) || kind("between_tools") == Some(true);
    if may_be_off && !model.efforts.is_empty() {
        model.efforts.insert(0, ReasoningEffort::None);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
