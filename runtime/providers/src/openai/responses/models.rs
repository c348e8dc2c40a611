//! OpenAI's list of models.
//!
//! Never here: chats.

use serde::Deserialize;

use crate::http_request;
use crate::json::{self, Lenient, Text};
use crate::model;
use crate::{Failure, Model, ModelPage, Request};

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
        models.push(Model {
            id,
            created: entry.created.0,
            retires: entry.shutdown_date.0.and_then(Text::non_empty),
            ..Model::default()
        });
    }
    Ok(ModelPage { models, next: None })
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
