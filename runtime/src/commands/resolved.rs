//! `models --resolve`: where a name leads, why, and what is known of the model.
//!
//! Never here: how a name is resolved.

use serde::Serialize;

use super::{CommandResult, fail, for_stdout, print_json, print_message};
use crate::{
    gateway::{
        facts::{self, Described},
        resolve::{self, Explanation, Target},
    },
    redact,
    settings::Settings,
};

pub(super) fn print(
    settings: &Settings,
    provider: Option<&str>,
    name: &str,
    json: bool,
) -> CommandResult {
    let explained = match resolve::explain(settings, provider, name) {
        Ok(explained) => explained,
        Err(error) => return fail(&error.for_command_line()),
    };
    let left_out = explained.chain.left_out.iter();
    let left_out: Vec<String> = left_out
        .map(|it| redact::redact_caller_text(&it.for_command_line()).into_owned())
        .collect();
    if json {
        let json = serde_json::to_string_pretty(&structured(settings, &explained, &left_out));
        let json = json.unwrap_or_default();
        return print_json(&redact::redact_caller_text(&json));
    }
    for warning in &left_out {
        print_message(warning);
    }
    super::print(&for_stdout(&redact::redact_caller_text(&text(
        settings, &explained,
    ))))
}

/// A target and what is known of its model.
#[derive(Serialize)]
struct Resolved<'s> {
    provider: &'s str,
    /// None if the provider's default of its list is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Described<'s>>,
}

/// The first target, and what there is to say of it.
#[derive(Serialize)]
struct Structured<'s> {
    #[serde(flatten)]
    first: Option<Resolved<'s>>,
    because: &'static str,
    /// Asked in this order if the first one fails.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<Resolved<'s>>,
    /// What may have been meant, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ambiguous: Vec<&'s str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'s [String],
}

fn structured<'s>(
    settings: &'s Settings,
    explained: &'s Explanation,
    warnings: &'s [String],
) -> Structured<'s> {
    let mut all = explained.chain.targets.iter().map(|target| Resolved {
        provider: &settings.providers[target.provider].id,
        model: target.model.as_deref(),
        effort: target.effort.map(|effort| effort.as_str()),
        facts: known(settings, target),
    });
    Structured {
        first: all.next(),
        because: explained.rule.why(),
        others: all.collect(),
        ambiguous: explained.others.iter().map(|(name, _)| &**name).collect(),
        warnings,
    }
}

fn known<'s>(settings: &'s Settings, target: &Target) -> Option<Described<'s>> {
    facts::described(settings, target.provider, target.model.as_deref()?)
}

fn text(settings: &Settings, explained: &Explanation) -> String {
    let mut text = String::new();
    for (position, target) in explained.chain.targets.iter().enumerate() {
        let effort = target
            .effort
            .map(|effort| format!(" with effort {}", effort.as_str()));
        let newest = match target.model {
            Some(_) => "",
            None => " (the default of its list)",
        };
        let then = if position == 0 { "" } else { ", if that fails" };
        text.push_str(&format!(
            "{}{newest}{}{then}\n",
            target.name(settings),
            effort.unwrap_or_default()
        ));
    }
    text.push_str(&format!("because {}\n", explained.rule.why()));
    for target in &explained.chain.targets {
        let model = target.model.as_deref().unwrap_or_default();
        let name = target.name(settings);
        if let Some(known) = known(settings, target) {
            text.push_str(&format!("{name}: {}\n", known.line()));
        }
        for (key, value) in settings.rule(target.provider, model).shown() {
            text.push_str(&format!("rules for {name}: {key} {value}\n"));
        }
    }
    for (name, why) in &explained.others {
        text.push_str(&format!(
            "ambiguous: {name} may be meant, too ({why}); write that to ask it\n"
        ));
    }
    text
}
