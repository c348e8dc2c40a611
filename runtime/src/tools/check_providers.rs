//! `anygpt_check_providers`: whether what is set up works, by asking each provider for its list of models.
//!
//! Never here: a key, or the models themselves.

use anygpt_core::Annotations;
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{
    arguments::Arguments,
    common::{PROVIDER, TIMEOUT},
    tool::{NetworkCall, Step, Tool},
};
use crate::{
    call::{CallContext, millis},
    error::{Error, ErrorKind},
    gateway::{CallLimits, Gateway, Listed, Observer, resolve},
    outcome::Outcome,
    settings::{Provider, ProviderIndex, Settings},
};

pub(super) static TOOL: Tool = Tool {
    name: "anygpt_check_providers",
    is_default: false,
    title: "Check providers",
    description: "Check whether the providers that are set up can be reached and take their keys.",
    instruction: "",
    annotations: Annotations {
        read_only: true,
        idempotent: true,
        open_world: true,
    },
    parameters: &[&PROVIDER, &TIMEOUT],
    output_schema: r#"{"type":"object","properties":{"providers":{"type":"array","items":{"type":"object"}}},"required":["providers"]}"#,
    begin,
};

#[derive(Debug)]
pub(super) struct Check {
    providers: Vec<ProviderIndex>,
    limits: CallLimits,
    warnings: Vec<String>,
}

fn begin(
    _: &CallContext,
    settings: &Settings,
    mut arguments: Arguments<'_>,
) -> Result<Step, Error> {
    let provider = arguments.take(&PROVIDER)?;
    let timeout = arguments.take(&TIMEOUT)?;
    let provider = provider.map(|id| resolve::usable_provider(settings, &id));
    Ok(Step::Network(Box::new(Check {
        providers: resolve::all_or_one(settings, provider.transpose()?)?,
        limits: CallLimits::of(settings, timeout),
        warnings: arguments.unknown().into_iter().collect(),
    })))
}

#[derive(Serialize)]
struct Checked<'a> {
    id: &'a str,
    reachable: bool,
    /// Unknown if the provider needs no key or does not respond.
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

impl NetworkCall for Check {
    fn run<'a>(
        self: Box<Self>,
        context: &'a CallContext,
        gateway: &'a Gateway,
        _: &'a mut dyn Observer,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.check(context, gateway))
    }
}

impl Check {
    async fn check(self: Box<Self>, context: &CallContext, gateway: &Gateway) -> Outcome {
        let lists = gateway.models(context, &self.providers, self.limits).await;
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
            ms: millis(list.time),
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
                    None => "no key was asked for (a chat may need one)",
                };
                format!("{id}: works, {models} models, {key} ({ms} ms)")
            }
        }
    }
}
