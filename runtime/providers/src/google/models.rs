//! Google's list of models.
//!
//! Never here: chats.

use serde::Deserialize;

use super::bare_id;
use crate::http_request;
use crate::json::{self, Lenient, Text};
use crate::model;
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
            // Models for sound, pictures and agents have the method, too.
            chat: (!has("generateContent")).then_some(false),
            ..Model::default()
        };
        let embeds = has("embedContent") || has("batchEmbedContents");
        model.can = Abilities::default()
            .with(Capability::Embeddings, Some(embeds))
            .with(Capability::Reasoning, entry.thinking.0);
        models.push(model);
    }
    Ok(ModelPage {
        models,
        next: list.next_page_token.and_then(Text::non_empty),
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
