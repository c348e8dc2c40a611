//! `anygpt_list_providers`: what is configured, and why something is off.
//!
//! Never here: a key, or a connection.

use anygpt_core::Annotations;
use serde::Serialize;

use super::{
    arguments::Arguments,
    tool::{Step, Tool},
};
use crate::{
    call::CallContext, error::Error, gateway::resolve, outcome::Outcome, settings::Settings,
};

pub(super) static TOOL: Tool = Tool {
    name: "anygpt_list_providers",
    is_default: true,
    title: "List providers",
    description: "List the configured providers, and what is missing where one cannot be used.",
    instruction: "lists the providers and their state.",
    annotations: Annotations {
        read_only: true,
        idempotent: true,
        open_world: false,
    },
    parameters: &[],
    output_schema: concat!(
        r#"{"type":"object","properties":{"providers":{"type":"array","items":{"type":"object"}},"#,
        r#""default_model":{"type":"string"}},"required":["providers"]}"#,
    ),
    begin,
};

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    r#type: &'a str,
    usable: bool,
    default: bool,
    base_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct Structured<'a> {
    providers: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_model: Option<&'a str>,
    /// Built-in providers without settings, with the variables that would set them up.
    not_set_up: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

// The signature is that of every tool.
#[allow(clippy::needless_pass_by_value)]
fn begin(_: &CallContext, settings: &Settings, arguments: Arguments<'_>) -> Result<Step, Error> {
    let default = resolve::default_provider(settings);
    let providers: Vec<Listed<'_>> = settings
        .listed()
        .map(|(position, provider)| {
            let problem = provider.unavailable_reason();
            Listed {
                id: &provider.id,
                r#type: provider.dialect.as_str(),
                usable: problem.is_none(),
                default: default == Some(position),
                base_url: provider.base_url.to_string(),
                key_from: provider.key.as_ref().map(|key| key.origin.as_str()),
                problem,
            }
        })
        .collect();

    let mut text = String::new();
    for provider in &providers {
        let state = match provider.problem {
            Some(problem) => format!("off: {problem}"),
            None => "usable".to_owned(),
        };
        let mark = if provider.default { " (default)" } else { "" };
        text.push_str(&format!("{}{mark}: {state}\n", provider.id));
    }
    match &settings.default_model {
        Some(model) => text.push_str(&format!("default model: {model}")),
        None => text.push_str("default model: none (the provider's newest is picked)"),
    }
    let not_set_up = settings.not_set_up();
    text.push_str(&format!("\nnot set up: {not_set_up}"));
    let unknown = arguments.unknown();
    if let Some(warning) = &unknown {
        text.push('\n');
        text.push_str(warning);
    }
    Ok(Step::Done(Outcome::structured(
        text,
        &Structured {
            providers,
            default_model: settings.default_model.as_deref(),
            not_set_up,
            warnings: unknown.into_iter().collect(),
        },
    )))
}
