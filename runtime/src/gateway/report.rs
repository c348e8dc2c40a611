//! A failure as a text for the model or person who called: class, provider, status, what the provider
//! said, what to do next. All of it in the text: several clients show nothing else.
//!
//! Never here: deciding whether to try again, or which of several failures to tell.

use std::{borrow::Cow, fmt::Write as _};

use anygpt_providers::{Class, Failure};

use crate::{
    redact::{Redactor, of_caller},
    settings::Provider,
};

/// The text of a failure.
pub(super) fn failure(
    provider: &Provider,
    model: &str,
    failure: &Failure,
    redactor: &Redactor,
) -> String {
    let message = said(failure, redactor);
    let mut text = format!("{}: {}", failure.class.as_str(), provider.id);
    // Writing to a string cannot fail.
    if !model.is_empty() {
        let _ = write!(text, "/{}", of_caller(&redactor.outside(model)));
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
    text.push_str(". ");
    text.push_str(&advice(provider, model, failure));
    text
}

/// The message of a failure without anything secret. Only in what came from outside parts of keys are searched for.
pub(super) fn said<'f>(failure: &'f Failure, redactor: &Redactor) -> Cow<'f, str> {
    let message = &*failure.message;
    // It may have been shortened since.
    let end = failure.outside.end.min(message.len());
    let start = failure.outside.start.min(end);
    let (Some(before), Some(outside), Some(behind)) = (
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
    let said = [before, &redactor.provider_message(outside), behind].concat();
    Cow::Owned(redactor.diagnostic(&said).into_owned())
}

fn advice(provider: &Provider, model: &str, failure: &Failure) -> String {
    let id = &provider.id;
    match failure.class {
        Class::Auth => match &provider.key {
            Some(key) => format!("Check the key in {}, then restart the server.", key.origin),
            None => format!("Provider {id} has no key: set one, then restart the server."),
        },
        Class::Permission => {
            "The key may not do this: check its rights, the account's region and the model's terms."
                .into()
        }
        Class::ModelNotFound if model.is_empty() && failure.status == Some(404) => format!(
            "It may have no list of models: name a model that its documentation has. Or its base URL ({}) is \
             wrong.",
            provider.base_url
        ),
        Class::ModelNotFound => {
            format!("Choose another model: anygpt_list_models with provider {id:?} lists them.")
        }
        Class::InvalidRequest => "Change or drop the argument that the message names.".into(),
        Class::ContextLength => "Send less text, or choose a model with a larger window.".into(),
        Class::TooLarge => "Send or ask for less.".into(),
        Class::RateLimit => match failure.retry_after {
            Some(wait) => format!("Try again in {} s, or ask another provider.", wait.as_secs_f64().ceil()),
            None => "Wait a little and try again, or ask another provider.".into(),
        },
        Class::Quota => {
            format!("The account of {id} has no credit or quota left: ask another provider.")
        }
        Class::ContentFilter => "Put the question in other words, or ask another model.".into(),
        Class::Timeout => {
            "Ask for less, or raise timeout_seconds (ANYGPT_TIMEOUT changes its default), or the limit that is named here."
                .into()
        }
        Class::Network => format!(
            "Check the network and the base URL of {id} ({}).",
            provider.base_url
        ),
        Class::Unavailable => "Try again later, or ask another provider.".into(),
        Class::EmptyResponse => {
            "Raise max_tokens or lower reasoning_effort if the model spent them on reasoning; else ask again or \
             ask another model."
                .into()
        }
        Class::Cancelled => "Start the server again and repeat the call.".into(),
        Class::Config => "Correct the settings, then restart the server.".into(),
    }
}
