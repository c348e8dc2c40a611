//! `anygpt_check_providers`: whether what is set up works, by asking each provider for its list of models.
//!
//! Never here: a key, or the models themselves.

use serde::Serialize;

use super::{Network, Outcome, Work, arguments::Arguments};
use crate::{
    error::{Error, ErrorKind},
    gateway::{Bounds, Gateway, Listed, resolve},
    settings::{Provider, Settings},
};

pub(super) fn listed() -> anygpt_core::Tool {
    anygpt_core::Tool {
        name: "anygpt_check_providers".into(),
        title: "Check providers".into(),
        description: "Check whether the providers that are set up can be reached and take their keys."
            .into(),
        annotations: anygpt_core::Annotations {
            read_only: true,
            idempotent: true,
            open_world: true,
        },
        input_schema:
            r#"{"type":"object","properties":{"provider":{"type":"string"},"timeout_seconds":{"type":"integer"}}}"#
                .into(),
        output_schema: Some(
            r#"{"type":"object","properties":{"providers":{"type":"array","items":{"type":"object"}}},"required":["providers"]}"#
                .into(),
        ),
    }
}

/// Providers to be checked.
#[derive(Debug)]
pub(super) struct Check {
    providers: Vec<usize>,
    bounds: Bounds,
    warnings: Vec<String>,
}

/// All arguments.
pub(super) const NAMES: &[&str] = &["provider", "timeout_seconds"];

pub(super) fn call(settings: &Settings, mut arguments: Arguments<'_>) -> Result<Work, Error> {
    let provider = arguments.name("provider")?;
    let timeout = arguments.timeout()?;
    let provider = provider.map(|id| resolve::usable_provider(settings, &id));
    Ok(Work::Network(Network::CheckProviders(Check {
        providers: resolve::all_or_one(settings, provider.transpose()?)?,
        bounds: Bounds::of(settings, timeout),
        warnings: arguments.unknown().into_iter().collect(),
    })))
}

#[derive(Serialize)]
struct Checked<'a> {
    id: &'a str,
    reachable: bool,
    /// Not known where no key is asked for, or where nobody answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_accepted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<usize>,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Structured<'a> {
    providers: Vec<Checked<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

impl Check {
    pub(super) async fn run(self, gateway: &Gateway) -> Outcome {
        let lists = gateway.models(&self.providers, self.bounds).await;
        let settings = gateway.settings();
        let providers = self.providers.iter().map(|&it| &settings.providers[it]);
        let checked = providers
            .zip(&lists)
            .map(|(it, list)| Checked::new(it, list));
        let providers: Vec<Checked<'_>> = checked.collect();
        let mut lines: Vec<String> = providers.iter().map(Checked::line).collect();
        lines.extend_from_slice(&self.warnings);
        let structured = Structured {
            providers,
            warnings: &self.warnings,
        };
        Outcome::structured(lines.join("\n"), &structured)
    }
}

impl<'a> Checked<'a> {
    fn new(provider: &'a Provider, list: &'a Listed) -> Self {
        let accepted = match &list.offer {
            Ok(_) => Some(true).filter(|_| provider.key.is_some() && !provider.has_public_list()),
            Err(unlisted) => match unlisted.error.kind {
                ErrorKind::Auth | ErrorKind::Permission => Some(false),
                _ => None,
            },
        };
        let failed = list.offer.as_ref().err();
        Checked {
            id: &provider.id,
            reachable: failed.is_none_or(|failed| failed.status.is_some()),
            key_accepted: accepted,
            models: list.offer.as_ref().ok().map(|offer| offer.models.len()),
            ms: u64::try_from(list.time.as_millis()).unwrap_or(u64::MAX),
            error: failed.map(|failed| failed.error.for_client()),
        }
    }

    fn line(&self) -> String {
        let Checked { id, ms, .. } = self;
        match (&self.error, self.models) {
            (Some(error), _) => format!("{id}: {error} ({ms} ms)"),
            (None, models) => {
                let models = models.unwrap_or_default();
                let key = match self.key_accepted {
                    Some(_) => "its key is accepted",
                    None => "no key was asked for",
                };
                format!("{id}: works, {models} models, {key} ({ms} ms)")
            }
        }
    }
}
