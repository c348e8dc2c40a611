//! Google's list of models.
//!
//! Never here: chats.

use std::cmp::Reverse;

use serde::Deserialize;

use super::bare_id;
use crate::adapt;
use crate::http_request;
use crate::json::{self, Lenient, Text};
use crate::model::{self, has_word};
use crate::{Abilities, Capability, Failure, Model, ModelPage, Request};

pub(super) fn request(page: Option<&str>) -> Request {
    let token = page.map(|page| format!("&pageToken={}", http_request::percent_encoded(page)));
    http_request::get(format!(
        "/v1beta/models?pageSize=1000{}",
        token.unwrap_or_default()
    ))
}

pub(super) fn page(body: &[u8]) -> Result<ModelPage, Failure> {
    let body = String::from_utf8_lossy(body);
    let list: ModelList<'_> = json::read(&body)?;
    let mut models = Vec::new();
    for entry in model::entries(list.models.unwrap_or_default().raw()) {
        let entry: ModelEntry<'_> = json::read(entry)?;
        let Some(id) = entry.name.and_then(Text::non_empty) else {
            continue;
        };
        let methods = entry.supported_generation_methods.unwrap_or_default();
        let has = |name: &str| methods.iter().any(|method| method.0 == name);
        let mut model = Model {
            id: bare_id(&id).to_owned(),
            display_name: entry.display_name.and_then(Text::non_empty),
            input_token_limit: entry.input_token_limit.0,
            output_token_limit: entry.output_token_limit.0,
            chat: has("generateContent"),
            ..Model::default()
        };
        let is_ordinary = model.chat && !has_word(&model.id, OTHER_MEDIA);
        let embeds = has("embedContent") || has("batchEmbedContents");
        set_abilities(&mut model, embeds, entry.thinking.0, is_ordinary);
        models.push(model);
    }
    Ok(ModelPage {
        models,
        next: list.next_page_token.and_then(Text::non_empty),
    })
}

pub(super) fn newest_chat_model(models: &[Model]) -> Option<&Model> {
    let has = |model: &Model, words: &[&str]| has_word(&model.id, words);
    models
        .iter()
        .filter(|model| model.chat && !has(model, OTHER_MEDIA))
        .max_by_key(|&model| {
            let version = model.id.strip_prefix("gemini-").and_then(adapt::version);
            let stable = version.is_some() && !has(model, UNSETTLED);
            (
                stable,
                stable && has(model, &["flash"]),
                version,
                Reverse((model.id.len(), model.id.as_str())),
            )
        })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelList<'a> {
    #[serde(borrow)]
    models: Option<json::List<'a>>,
    #[serde(borrow)]
    next_page_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelEntry<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    display_name: Option<Text<'a>>,
    #[serde(default)]
    input_token_limit: Lenient<u64>,
    #[serde(default)]
    output_token_limit: Lenient<u64>,
    #[serde(borrow)]
    supported_generation_methods: Option<Vec<Text<'a>>>,
    #[serde(default)]
    thinking: Lenient<bool>,
}

/// Words in the ids of models that do not simply chat, although they have the method.
const OTHER_MEDIA: &[&str] = &[
    "image",
    "tts",
    "audio",
    "live",
    "embedding",
    "robotics",
    "computer",
];

/// Words in ids that change their meaning, are withdrawn early or name a smaller model.
const UNSETTLED: &[&str] = &["preview", "exp", "experimental", "latest", "lite"];

/// Sets what the supported methods and `thinking` tell.
fn set_abilities(model: &mut Model, embeds: bool, thinks: Option<bool>, is_ordinary: bool) {
    let draws = model.chat && has_word(&model.id, &["image"]);
    model.can = Abilities::default()
        .with(Capability::Embeddings, Some(embeds))
        .with(Capability::Images, Some(draws))
        .with(Capability::Reasoning, thinks);
    if is_ordinary && model.id.starts_with("gemini-") {
        let all = [Capability::Vision, Capability::Tools, Capability::Json];
        model.can = model.can.with_all(&all);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
