//! A failure as an error for the model or person who called: kind, provider, status, the provider's message, what to do
//! next.
//!
//! Never here: deciding whether to try again, or which of several failures to report.

use std::{borrow::Cow, fmt::Write as _, time::Duration};

use anygpt_providers::Failure;

use crate::{
    error::{Advice, Error, ErrorKind, MAIN_KEYS, MOCK, START_AGAIN},
    redact::{Redactor, redact_caller_text},
    settings::{Provider, ProviderIndex, Settings},
};

/// The error of a call that ends with this failure.
pub(super) fn failure(
    provider: &Provider,
    model: &str,
    failure: &Failure,
    redactor: &Redactor,
) -> Error {
    let message = redacted(failure, redactor);
    let mut text = provider.id.clone();
    // Writing to a string cannot fail.
    if !model.is_empty() {
        let _ = write!(text, "/{}", redact_caller_text(&redactor.outside(model)));
    }
    if let Some(status) = failure.status {
        let _ = write!(text, " answered HTTP {status}");
    }
    let _ = write!(text, ": {}", message.trim().trim_end_matches('.'));
    let mut details = Vec::new();
    if let Some(code) = &failure.code {
        details.push(format!("code {}", redactor.provider_message(code)));
    }
    if let Some(id) = &failure.request_id {
        details.push(format!("request id {}", redactor.provider_message(id)));
    }
    if !details.is_empty() {
        let _ = write!(text, " ({})", details.join(", "));
    }
    Error::new(failure.class, text).advise(advice(provider, model, failure))
}

/// The error of a call to a provider, with what to do if that was tried only because no other one is set up.
pub(crate) fn with_advice(settings: &Settings, provider: ProviderIndex, error: Error) -> Error {
    let tried = &settings.providers[provider];
    let is_unreachable = error.kind == ErrorKind::Network;
    if tried.is_tried_if_named && is_unreachable {
        let (id, switches) = (&tried.id, tried.switches());
        return error.advise_plain(format!(
            "Start {id} on this machine, or set {switches} to its address."
        ));
    }
    if !tried.is_last_resort || settings.has_usable_provider() {
        return error;
    }
    let ended = settings.ended.as_deref();
    // No other words: the user did not ask for it.
    if is_unreachable {
        let error = Error::new(
            ErrorKind::Config,
            format!(
                "No provider can be used, and there is no Docker Model Runner, which was tried, too: set {MAIN_KEYS}; or \
                 start a local model with \"docker model run ai/smollm2\" and set \
                 DOCKER_MODEL_RUNNER=http://127.0.0.1:12434/engines/v1; or see an echo with {MOCK}"
            ),
        );
        return error.explain_ended(ended);
    }
    Error::no_provider(ended).advise(Advice::TriedLastResort(Box::new(error)))
}

/// The message of a failure without secrets. Parts of keys are searched for only in what came from outside.
pub(super) fn redacted<'f>(failure: &'f Failure, redactor: &Redactor) -> Cow<'f, str> {
    let message = &*failure.message;
    // It may have been shortened since.
    let end = failure.outside.end.min(message.len());
    let start = failure.outside.start.min(end);
    let (Some(before), Some(outside), Some(after)) = (
        message.get(..start),
        message.get(start..end),
        message.get(end..),
    ) else {
        return redactor.provider_message(message);
    };
    if outside.is_empty() {
        return redactor.diagnostic(message);
    }
    if outside.len() == message.len() {
        return redactor.provider_message(message);
    }
    let message = [before, &redactor.provider_message(outside), after].concat();
    Cow::Owned(redactor.diagnostic(&message).into_owned())
}

fn advice(provider: &Provider, model: &str, failure: &Failure) -> Advice {
    let id = &provider.id;
    Advice::Plain(match failure.class {
        ErrorKind::Auth => {
            return match &provider.key {
                Some(key) => Advice::CheckKey {
                    origin: key.origin.clone(),
                },
                None => Advice::SetKey {
                    provider: id.clone(),
                    variable: provider.key_variable(),
                },
            };
        }
        ErrorKind::ModelNotFound if model.is_empty() && failure.status == Some(404) => format!(
            "It may have no list of models: name a model that its documentation has. Or its base URL ({}) is \
             wrong.",
            provider.base_url
        )
        .into(),
        _ if failure.lacks_path && failure.status != Some(501) => {
            return Advice::CheckPath {
                provider: id.clone(),
                base_url: provider.base_url.to_string(),
            };
        }
        _ if failure.status == Some(501) => {
            "The server cannot do this as it is set up: follow its message, or ask another provider."
                .into()
        }
        ErrorKind::ModelNotFound => {
            return Advice::ChooseModel {
                provider: id.clone(),
            };
        }
        ErrorKind::InvalidRequest => return Advice::ChangeArgument,
        ErrorKind::Config => return Advice::CorrectSettings,
        ErrorKind::Permission => {
            "The key may not do this: check its rights, the account's region and the model's terms."
                .into()
        }
        ErrorKind::ContextLength => "Send less text, or choose a model with a larger window.".into(),
        ErrorKind::TooLarge => "Send or ask for less.".into(),
        ErrorKind::RateLimit => wait(failure.retry_after),
        ErrorKind::Quota => {
            format!("The account of {id} has no credit or quota left: ask another provider.").into()
        }
        ErrorKind::ContentFilter => "Put the question in other words, or ask another model.".into(),
        ErrorKind::Timeout => {
            "Ask for less, or raise timeout_seconds (ANYGPT_TIMEOUT changes its default), or the limit that is named here."
                .into()
        }
        ErrorKind::Network => format!(
            "Check the network and the base URL of {id} ({}).",
            provider.base_url
        )
        .into(),
        ErrorKind::Unavailable => "Try again later, or ask another provider.".into(),
        ErrorKind::EmptyResponse => {
            "Raise max_tokens or lower reasoning_effort if the model spent them on reasoning; else ask again or \
             ask another model."
                .into()
        }
        ErrorKind::Cancelled => START_AGAIN.into(),
    })
}

fn wait(retry_after: Option<Duration>) -> Cow<'static, str> {
    match retry_after {
        Some(wait) => {
            let seconds = wait.as_secs_f64().ceil();
            format!("Try again in {seconds} s, or ask another provider.").into()
        }
        None => "Wait a little and try again, or ask another provider.".into(),
    }
}
