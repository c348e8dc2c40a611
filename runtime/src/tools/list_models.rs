//! `anygpt_list_models`: what the providers offer at this moment.
//!
//! Never here: paging through a provider's list.

use serde::Serialize;

use super::{Network, Outcome, Work, arguments::Arguments};
use crate::{
    gateway::{Gateway, mock, resolve},
    provider::Model,
    settings::{Kind, Settings},
};

pub(super) fn listed() -> anygpt_core::Tool {
    anygpt_core::Tool {
        name: "anygpt_list_models".into(),
        title: "List models".into(),
        description: "List the models that the providers offer now, newest first where they say so."
            .into(),
        annotations: anygpt_core::Annotations {
            read_only: true,
            idempotent: true,
            open_world: true,
        },
        input_schema:
            r#"{"type":"object","properties":{"provider":{"type":"string","description":"Only this provider"}}}"#
                .into(),
        output_schema: Some(
            concat!(
                r#"{"type":"object","properties":{"models":{"type":"array","items":{"type":"object"}},"#,
                r#""errors":{"type":"array","items":{"type":"string"}}},"required":["models"]}"#,
            )
            .into(),
        ),
    }
}

/// Whose models are wanted.
#[derive(Debug)]
pub(super) struct Query {
    providers: Vec<usize>,
    warnings: Vec<String>,
}

pub(super) fn call(settings: &Settings, json: &str) -> Result<Work, String> {
    let mut arguments = Arguments::parse(json)?;
    let provider = arguments.name("provider")?;
    let warnings = arguments.unknown().into_iter().collect();
    let providers = match provider {
        Some(id) => vec![resolve::usable_provider(settings, &id)?],
        None => (0..settings.providers.len())
            .filter(|&position| settings.providers[position].why_off().is_none())
            .collect(),
    };
    if providers.is_empty() {
        return Err(format!("config: {}.", Settings::no_provider_advice()));
    }
    let query = Query {
        providers,
        warnings,
    };
    let offline = |&position: &usize| settings.providers[position].kind == Kind::Mock;
    if query.providers.iter().all(offline) {
        return Ok(Work::Done(query.outcome(settings, |_| Ok(mock::models()))));
    }
    Ok(Work::Network(Network::ListModels(query)))
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    provider: &'a str,
    chat: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_token_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_token_limit: Option<u64>,
}

#[derive(Serialize)]
struct Structured<'a> {
    models: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: &'a Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: &'a Vec<String>,
}

impl Query {
    pub(super) async fn run(self, gateway: &Gateway) -> Outcome {
        let mut lists = gateway.models(&self.providers).await.into_iter();
        self.outcome(gateway.settings(), |_| {
            lists.next().unwrap_or_else(|| Ok(Vec::new()))
        })
    }

    /// One provider's failure stands beside the others' lists.
    fn outcome(
        &self,
        settings: &Settings,
        mut list: impl FnMut(usize) -> Result<Vec<Model>, String>,
    ) -> Outcome {
        let mut lists = Vec::new();
        let mut errors = Vec::new();
        for &position in &self.providers {
            match list(position) {
                Ok(mut models) => {
                    models.sort_by_key(|model| std::cmp::Reverse(model.created));
                    lists.push((&*settings.providers[position].id, models));
                }
                Err(problem) => errors.push(problem),
            }
        }
        if lists.is_empty() {
            return Outcome::error(errors.join("\n"));
        }
        let mut text = String::new();
        let mut models = Vec::new();
        for (provider, list) in &lists {
            for model in list {
                text.push_str(&format!("{provider}/{}\n", model.id));
                models.push(Listed {
                    id: &model.id,
                    provider,
                    chat: model.chat,
                    name: model.display_name.as_deref(),
                    created: model.created,
                    input_token_limit: model.input_token_limit,
                    output_token_limit: model.output_token_limit,
                });
            }
        }
        for problem in errors.iter().chain(&self.warnings) {
            text.push_str(problem);
            text.push('\n');
        }
        if text.is_empty() {
            text.push_str("The list is empty.\n");
        }
        text.pop();
        Outcome::structured(
            text,
            &Structured {
                models,
                errors: &errors,
                warnings: &self.warnings,
            },
        )
    }
}
