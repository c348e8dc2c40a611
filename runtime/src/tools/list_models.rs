//! `anygpt_list_models`: what the providers offer at this moment, or what carries a tag.
//!
//! Never here: paging through a provider's list.

use serde::Serialize;

use super::{Network, Outcome, Work, arguments::Arguments};
use crate::{
    gateway::{
        Gateway, mock,
        resolve::{self, Tagged},
    },
    provider::Model,
    settings::{Kind, Settings},
};

pub(super) fn listed() -> anygpt_core::Tool {
    anygpt_core::Tool {
        name: "anygpt_list_models".into(),
        title: "List models".into(),
        description: "List the models that the providers offer now, newest first where they say so; \
            with tag, the configured models that have it."
            .into(),
        annotations: anygpt_core::Annotations {
            read_only: true,
            idempotent: true,
            open_world: true,
        },
        input_schema:
            r#"{"type":"object","properties":{"provider":{"type":"string","description":"Only this provider"},"tag":{"type":"string"}}}"#
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
    let tag = arguments.name("tag")?;
    let warnings: Vec<String> = arguments.unknown().into_iter().collect();
    if let Some(tag) = tag {
        return tagged(settings, provider.as_deref(), tag.trim(), &warnings).map(Work::Done);
    }
    let providers = match provider {
        Some(id) => vec![resolve::usable_provider(settings, &id)?],
        None => (0..settings.providers.len())
            .filter(|&position| settings.providers[position].why_off().is_none())
            .collect(),
    };
    // With nothing else to ask, what may be there without being set up.
    let providers = match providers.is_empty() {
        true => settings.last_resort().into_iter().collect(),
        false => providers,
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
    /// Not known without the provider's list.
    #[serde(skip_serializing_if = "Option::is_none")]
    chat: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_token_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_token_limit: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
}

#[derive(Serialize)]
struct Structured<'a> {
    models: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

impl Structured<'_> {
    /// One line for each model, ready to be asked for but for the tags behind it.
    fn outcome(&self) -> Outcome {
        let mut lines = Vec::new();
        for model in &self.models {
            let name = format!("{}/{}", model.provider, model.id);
            lines.push(match model.tags {
                [] => name,
                tags => format!("{name} (tags: {})", tags.join(", ")),
            });
        }
        lines.extend(self.errors.iter().chain(self.warnings).cloned());
        if lines.is_empty() {
            lines.push("The list is empty.".into());
        }
        Outcome::structured(lines.join("\n"), self)
    }
}

/// The models of the configuration file that have a tag. What cannot be used stands beside the others.
fn tagged(
    settings: &Settings,
    provider: Option<&str>,
    tag: &str,
    warnings: &[String],
) -> Result<Outcome, String> {
    let provider = provider.map(|id| resolve::usable_provider(settings, id));
    let provider = provider.transpose()?;
    let tagged = Tagged::find(settings, tag, provider).ok_or_else(|| {
        let of_provider = provider.map(|provider| &settings.providers[provider].id);
        let of_provider = of_provider.map(|id| format!(" of provider {id}"));
        format!(
            "invalid_request: no model{} has the tag {tag:?} in the configuration file. \
             anygpt_list_tags has the tags that there are.",
            of_provider.unwrap_or_default()
        )
    })?;
    // With nothing to ask there is nothing to list.
    tagged.targets()?;
    let mut models = Vec::new();
    let mut errors = Vec::new();
    for model in tagged.models() {
        let provider = &settings.providers[model.provider];
        if settings.limits.refusal(&provider.id, &model.id).is_some() {
            continue;
        }
        if let Some(why) = provider.why_off() {
            errors.push(format!("{} cannot be used: {why}", settings.name_of(model)));
            continue;
        }
        models.push(Listed {
            id: &model.id,
            provider: &provider.id,
            chat: None,
            name: None,
            created: None,
            input_token_limit: None,
            output_token_limit: None,
            tags: &model.tags,
        });
    }
    let structured = Structured {
        models,
        errors,
        warnings,
    };
    Ok(structured.outcome())
}

impl Query {
    pub(super) async fn run(self, gateway: &Gateway) -> Outcome {
        let mut lists = gateway.models(&self.providers).await.into_iter();
        if lists.as_slice().iter().any(Result::is_ok) {
            gateway.note_answer();
        }
        let settings = gateway.settings();
        self.outcome(settings, |position| {
            let list = lists.next().unwrap_or_else(|| Ok(Vec::new()));
            list.map_err(|problem| settings.with_advice(position, problem))
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
                    let id = &settings.providers[position].id;
                    models.retain(|model| settings.limits.refusal(id, &model.id).is_none());
                    models.sort_by_key(|model| std::cmp::Reverse(model.created));
                    lists.push((position, models));
                }
                Err(problem) => errors.push(problem),
            }
        }
        if lists.is_empty() {
            return Outcome::error(errors.join("\n"));
        }
        let mut models = Vec::new();
        for (position, list) in &lists {
            for model in list {
                let configured = settings.model(*position, &model.id);
                models.push(Listed {
                    id: &model.id,
                    provider: &settings.providers[*position].id,
                    chat: Some(model.chat),
                    name: model.display_name.as_deref(),
                    created: model.created,
                    input_token_limit: model.input_token_limit,
                    output_token_limit: model.output_token_limit,
                    tags: configured.map_or(&[], |model| &model.tags),
                });
            }
        }
        let structured = Structured {
            models,
            errors,
            warnings: &self.warnings,
        };
        structured.outcome()
    }
}
