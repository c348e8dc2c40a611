//! `anygpt_list_tags`: the tags and aliases of the configuration file, and what each leads to.
//!
//! Never here: how one of several models is chosen, or a connection.

use anygpt_core::Annotations;
use anygpt_providers::ReasoningEffort;
use serde::Serialize;

use super::{
    arguments::Arguments,
    common::PROVIDER,
    tool::{Step, Tool},
};
use crate::{
    call::CallContext,
    error::Error,
    gateway::resolve::{self, Tagged},
    outcome::Outcome,
    settings::Settings,
};

pub(super) static TOOL: Tool = Tool {
    name: "anygpt_list_tags",
    is_default: true,
    title: "List tags",
    description: "List the tags and aliases that can be given as model, and the model each stands for.",
    instruction: "lists the tags.",
    annotations: Annotations {
        read_only: true,
        idempotent: true,
        open_world: false,
    },
    parameters: &[&PROVIDER.described("Only its models")],
    output_schema: r#"{"type":"object","properties":{"tags":{"type":"array","items":{"type":"object"}}},"required":["tags"]}"#,
    begin,
};

/// Text for an empty list.
const HOW_TO: &str = "Tags are defined in the configuration file (CONFIG_FILE), for example:\n\
    models:\n  openai/MODEL:\n    tags: [fast, cheap]\n\
    Aliases lead to models in the order in which they are asked:\n\
    aliases:\n  smart: [anthropic/MODEL, openai/MODEL]\n\
    Then restart the server.";

#[derive(Serialize)]
struct Listed<'a> {
    tag: &'a str,
    model: String,
    provider: &'a str,
    usable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    models: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    alias: bool,
}

#[derive(Serialize)]
struct Structured<'a> {
    tags: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

fn begin(
    _: &CallContext,
    settings: &Settings,
    mut arguments: Arguments<'_>,
) -> Result<Step, Error> {
    let provider = match arguments.take(&PROVIDER)? {
        Some(id) => Some(resolve::known_provider(settings, &id)?),
        None => None,
    };
    let tags: Vec<Listed<'_>> = settings
        .tags
        .iter()
        .filter_map(|tag| Tagged::new(settings, tag, provider))
        .map(|tagged| {
            let target = tagged.chosen();
            let chosen = &settings.providers[target.provider];
            let model = target.model.unwrap_or_default();
            let problem = settings.unavailable_reason(target.provider, &model);
            Listed {
                tag: &tagged.tag.name,
                model,
                provider: &chosen.id,
                usable: problem.is_none(),
                problem,
                models: tagged.names().collect(),
                alias: tagged.tag.is_alias,
            }
        })
        .collect();

    let mut text = text_of(
        &tags,
        provider.map(|provider| &*settings.providers[provider].id),
    );
    let unknown = arguments.unknown();
    text.push_str(unknown.as_deref().unwrap_or_default());
    let text = text.trim_end().to_owned();
    let warnings = unknown.into_iter().collect();
    Ok(Step::Done(Outcome::structured(
        text,
        &Structured { tags, warnings },
    )))
}

/// A line for each tag; what to do if there are none of the provider, or none at all.
fn text_of(tags: &[Listed<'_>], provider: Option<&str>) -> String {
    let mut text = String::new();
    for tag in tags {
        let chosen = format!("{}/{}", tag.provider, tag.model);
        // An alias may name an effort after the model.
        let is_chosen = |name: &&str| ReasoningEffort::split(name).0 == chosen;
        let models = tag.models.iter().map(String::as_str);
        let (chosen, others): (Vec<&str>, Vec<&str>) = models.partition(is_chosen);
        let what = if tag.alias { " (alias)" } else { "" };
        text.push_str(&format!("{}{what}: {}", tag.tag, chosen.concat()));
        if let Some(problem) = &tag.problem {
            text.push_str(&format!(" (off: {problem})"));
        }
        if !others.is_empty() {
            text.push_str(&format!("; also {}", others.join(", ")));
        }
        text.push('\n');
    }
    if tags.is_empty() {
        match provider {
            Some(id) => text.push_str(&format!(
                "No model of provider {id} has a tag or an alias. "
            )),
            None => text.push_str("No model has a tag or an alias. "),
        }
        text.push_str(HOW_TO);
        text.push('\n');
    }
    text
}
