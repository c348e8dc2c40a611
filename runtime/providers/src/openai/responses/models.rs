//! OpenAI's list of models.
//!
//! Never here: chats.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::Deserialize;

use crate::http_request;
use crate::json::{self, Lenient, Text};
use crate::model;
use crate::openai::rules;
use crate::{Abilities, Capability, Failure, Model, ModelPage, ReasoningEffort, Request};

pub(super) fn request(_page: Option<&str>) -> Request {
    http_request::get("/models".to_owned())
}

pub(super) fn page(body: &[u8]) -> Result<ModelPage, Failure> {
    let body = String::from_utf8_lossy(body);
    // Something is in OpenAI's list: nothing is another service's reply.
    let entries = json::elements(model::list(&body)?.unwrap_or_default())?;
    let mut models = Vec::new();
    for entry in model::entries(entries) {
        let entry = model::object(entry);
        let entry: ModelEntry<'_> = json::read(&entry)?;
        let Some(id) = entry.id.and_then(Text::non_empty) else {
            continue;
        };
        let mut model = Model {
            chat: is_chat(&id),
            id,
            created: entry.created.0,
            retires: entry.shutdown_date.0.and_then(Text::non_empty),
            ..Model::default()
        };
        let rules = rules::openai(&model.id);
        set_abilities(&mut model, rules.map(|rules| rules.efforts));
        models.push(model);
    }
    Ok(ModelPage { models, next: None })
}

pub(super) fn newest_chat_model(models: &[Model]) -> Option<&Model> {
    let ordinary = || {
        let special = |word| matches!(word, "pro" | "codex");
        models.iter().filter(move |model| {
            model.chat && !model.id.contains(':') && !model.id.split('-').any(special)
        })
    };
    let with_alias: BTreeSet<&str> = ordinary()
        .filter(|model| !is_snapshot(&model.id))
        .map(|model| generation(&model.id))
        .collect();
    let standing = || {
        ordinary()
            .filter(|model| !is_snapshot(&model.id) || !with_alias.contains(generation(&model.id)))
    };
    let newest = standing().max_by_key(|&model| (model.created, Reverse(model.id.as_str())))?;
    // The dates of the sizes of one release differ by hours to weeks.
    let since = newest
        .created
        .map(|created| created.saturating_sub(ONE_RELEASE));
    standing()
        .filter(|model| generation(&model.id) == generation(&newest.id) && model.created >= since)
        .min_by_key(|&model| {
            (
                size_rank(&model.id),
                Reverse(model.created),
                model.id.as_str(),
            )
        })
}

#[derive(Deserialize)]
struct ModelEntry<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(default)]
    created: Lenient<i64>,
    #[serde(borrow, default)]
    shutdown_date: Lenient<Text<'a>>,
}

pub(super) fn is_chat(id: &str) -> bool {
    let base = id.strip_prefix("ft:").unwrap_or(id);
    (rules::is_o_series(base) || base.starts_with("gpt-") || base.starts_with("chatgpt-"))
        && !NOT_CHAT.iter().any(|word| base.contains(word))
}

/// `gpt-5.6` of `gpt-5.6-terra`, `o3` of `o3-mini`.
fn generation(id: &str) -> &str {
    let hyphens_inside = if id.starts_with('o') { 0 } else { 1 };
    let end = id
        .match_indices('-')
        .nth(hyphens_inside)
        .map_or(id.len(), |(at, _)| at);
    id.get(..end).unwrap_or(id)
}

/// What follows the generation.
fn variant(id: &str) -> impl Iterator<Item = &str> {
    let rest = id.get(generation(id).len()..).unwrap_or_default();
    rest.split('-').filter(|word| !word.is_empty())
}

/// Whether an id names a dated snapshot or a preview.
fn is_snapshot(id: &str) -> bool {
    variant(id).any(|word| word == "preview" || is_date(word))
}

/// `2026`, `01` or `31` of `-2026-01-31`; `0613`.
fn is_date(word: &str) -> bool {
    word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Preference among the sizes of a release: the plain model first, then the middle sizes.
fn size_rank(id: &str) -> usize {
    let rank = |word| match word {
        "terra" => 1,
        "sol" => 2,
        "mini" => 4,
        "luna" => 5,
        "nano" => 6,
        "chat" | "latest" => 7,
        _ => 3,
    };
    variant(id)
        .filter(|word| !is_date(word))
        .map(rank)
        .max()
        .unwrap_or_default()
}

/// Thirty days in seconds.
const ONE_RELEASE: i64 = 30 * 86_400;

/// Parts of the ids of models that do not chat, or that need other requests.
const NOT_CHAT: &[&str] = &[
    "audio",
    "realtime",
    "image",
    "tts",
    "transcribe",
    "embedding",
    "moderation",
    "search",
    "instruct",
    "codex",
    "deep-research",
    "computer-use",
];

/// Sets what the id of one of OpenAI's models tells, since the list has nothing else. `efforts` are those of its family, if
/// that is known.
fn set_abilities(model: &mut Model, efforts: Option<&[ReasoningEffort]>) {
    let id = model.id.strip_prefix("ft:").unwrap_or(&model.id);
    let draws = ["gpt-image", "chatgpt-image", "dall-e"];
    model.can = Abilities::default()
        .with(
            Capability::Embeddings,
            Some(id.starts_with("text-embedding")),
        )
        .with(
            Capability::Images,
            Some(draws.iter().any(|kind| id.starts_with(kind))),
        );
    if let Some(efforts) = efforts.filter(|_| model.chat) {
        model.can = model
            .can
            .with(Capability::Reasoning, Some(!efforts.is_empty()));
        model.efforts = efforts.to_vec();
    }
    let sees_and_calls = ["gpt-4.1", "gpt-4o", "gpt-5", "gpt-6", "o3", "o4"];
    let blind = ["o3-mini", "gpt-4o-search"];
    if model.chat
        && sees_and_calls.iter().any(|kind| id.starts_with(kind))
        && !blind.iter().any(|kind| id.starts_with(kind))
    {
        let all = [Capability::Vision, Capability::Tools, Capability::Json];
        model.can = model.can.with_all(&all);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
