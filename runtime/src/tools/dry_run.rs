//! `dry_run` of a chat: what would be sent, where, and who would be asked after that. Answered at once.
//!
//! Never here: a connection, the conversation itself, or a key.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Outcome;
use crate::{
    error::{Error, ErrorKind},
    gateway::{Plan, adapt, bound, encoding, price},
    settings::Settings,
};

/// Members of requests that are not parameters: the conversation, and what every request has.
const NOT_PARAMETERS: [&str; 9] = [
    "model",
    "input",
    "messages",
    "contents",
    "system",
    "systemInstruction",
    "store",
    "stream",
    "stream_options",
];

#[derive(Serialize)]
struct Structured<'a> {
    text: &'a str,
    model: &'a str,
    provider: &'a str,
    dry_run: bool,
    endpoint: &'a str,
    parameters: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    fallbacks: &'a [String],
    timeout_seconds: u64,
    estimated_input_tokens: u64,
    /// Of the input, and of the answer if its length is bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// What the plan comes to.
pub(super) fn outcome(settings: &Settings, plan: &Plan, mut warnings: Vec<String>) -> Outcome {
    let Some((first, others)) = plan.targets.split_first() else {
        return Outcome::error(Error::new(ErrorKind::Config, "there is nobody to ask"));
    };
    let provider = &settings.providers[first.provider];
    let mut request = plan.request_to(first);
    // What the purse holds ready for it.
    let mut paid = None;
    let (endpoint, parameters) = match provider.kind.codec() {
        Some(codec) => {
            let encoding = encoding(settings, first.provider, &request.model);
            warnings.extend(adapt(settings, first.provider, &mut request));
            if request.model.is_empty() {
                warnings.push(
                    "The model will be the newest suitable one of the provider's live list".into(),
                );
                // So that the path and the rules have one.
                NEWEST.clone_into(&mut request.model);
            } else {
                let purse = plan.purse.as_ref();
                match bound::enforce_limits(settings, first.provider, &mut request, purse) {
                    Ok(kept) => {
                        warnings.extend(kept.warnings);
                        paid = kept.most;
                    }
                    Err(failure) => {
                        let message = format!("{}.", failure.message);
                        return Outcome::error(Error::new(failure.class, message));
                    }
                }
            }
            if let Err(failure) = codec.carries(&request) {
                return Outcome::error(Error::new(failure.class, failure.message));
            }
            let http = codec.chat(&request, encoding);
            let mut body: Map<String, Value> =
                serde_json::from_slice(&http.body).unwrap_or_default();
            body.retain(|name, _| !NOT_PARAMETERS.contains(&name.as_str()));
            (provider.base_url.shown(&http.path), body)
        }
        None => ("none: it answers by itself".to_owned(), Map::new()),
    };
    let fallbacks: Vec<String> = others.iter().map(|target| target.name(settings)).collect();
    let input = bound::estimated_tokens(&request);
    let price = price::known(settings, first.provider, &request.model);
    let mut text = format!(
        "Dry run, nothing was sent. Asked would be {}/{} at {endpoint} with {}.",
        provider.id,
        request.model,
        Value::Object(parameters.clone())
    );
    let usual = || provider.kind.codec()?.default_max_tokens(&request.model);
    let most = request.max_tokens.or_else(usual);
    let counted =
        || price.map(|(price, _)| bound::estimated_cost(&price, input, most.unwrap_or_default()));
    let estimated_cost = paid.or_else(counted);
    if let Some(cost) = estimated_cost {
        let how = match most {
            None if paid.is_none() => "for the input alone",
            _ => "at most",
        };
        text.push_str(&format!(" Cost: about ${cost} {how}."));
    }
    if !fallbacks.is_empty() {
        text.push_str(&format!(" If that fails: {}.", fallbacks.join(", ")));
    }
    let structured = Structured {
        text: &text,
        model: &request.model,
        provider: &provider.id,
        dry_run: true,
        endpoint: &endpoint,
        parameters: &parameters,
        fallbacks: &fallbacks,
        timeout_seconds: plan.timeout.as_secs(),
        estimated_input_tokens: input,
        estimated_cost_usd: estimated_cost,
        warnings: &warnings,
    };
    let structured = serde_json::to_string(&structured).ok();
    let note = (!warnings.is_empty()).then(|| format!("Note: {}", warnings.join(". ")));
    Outcome {
        text,
        note,
        pictures: Vec::new(),
        structured,
        shares_text: false,
        is_error: false,
        errors: Vec::new(),
        reservation: None,
    }
}

/// Stands where a model that is not chosen yet would.
const NEWEST: &str = "NEWEST";
