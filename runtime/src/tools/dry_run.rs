//! `dry_run` of a chat: the request and its destination, and the fallbacks.
//!
//! Never here: a connection, the conversation itself, or a key.

use anygpt_providers::ChatRequest;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    error::Error,
    gateway::{Plan, adapt, encoding, facts, resolve::Target, token_limit},
    outcome::Outcome,
    settings::Settings,
};

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
    /// Of the input, and of the answer if its length is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// A request as it would be sent.
struct Prepared {
    request: ChatRequest,
    endpoint: String,
    parameters: Map<String, Value>,
    /// The cost that would be reserved, in dollars.
    reserved_usd: Option<f64>,
}

/// What the plan would do.
pub(super) fn outcome(settings: &Settings, plan: &Plan, mut warnings: Vec<String>) -> Outcome {
    let Some((first, others)) = plan.targets.split_first() else {
        return Outcome::error(Error::no_model());
    };
    let prepared = match prepared(settings, plan, first, &mut warnings) {
        Ok(prepared) => prepared,
        Err(error) => return Outcome::error(error),
    };
    let Prepared {
        request,
        endpoint,
        parameters,
        ..
    } = &prepared;
    let provider = &settings.providers[first.provider];
    let mut text = format!(
        "Dry run, nothing was sent. The request would go to {}/{} at {endpoint} with {}.",
        provider.id,
        request.model,
        Value::Object(parameters.clone())
    );
    let codec = provider.dialect.codec();
    let input = token_limit::estimated_tokens(request, codec);
    let cost = cost(settings, first, &prepared, input);
    if let Some((cost, how)) = cost {
        text.push_str(&format!(" Cost: about ${cost} {how}."));
    }
    let fallbacks: Vec<String> = others.iter().map(|target| target.name(settings)).collect();
    if !fallbacks.is_empty() {
        text.push_str(&format!(" If that fails: {}.", fallbacks.join(", ")));
    }
    let structured = Structured {
        text: &text,
        model: &request.model,
        provider: &provider.id,
        dry_run: true,
        endpoint,
        parameters,
        fallbacks: &fallbacks,
        timeout_seconds: plan.timeout.as_secs(),
        estimated_input_tokens: input,
        estimated_cost_usd: cost.map(|(cost, _)| cost),
        warnings: &warnings,
    };
    let structured = serde_json::to_string(&structured).ok();
    let note = (!warnings.is_empty()).then(|| format!("Note: {}", warnings.join(". ")));
    Outcome {
        note,
        ..Outcome::with_json(text, structured)
    }
}

fn prepared(
    settings: &Settings,
    plan: &Plan,
    target: &Target,
    warnings: &mut Vec<String>,
) -> Result<Prepared, Error> {
    let provider = &settings.providers[target.provider];
    let mut request = plan.request_to(target);
    let Some(codec) = provider.dialect.codec() else {
        return Ok(Prepared {
            request,
            endpoint: "none: it answers by itself".to_owned(),
            parameters: Map::new(),
            reserved_usd: None,
        });
    };
    let mut reserved_usd = None;
    let encoding = encoding(settings, target.provider, &request.model);
    warnings.extend(adapt(settings, target.provider, &mut request, &[]));
    if request.model.is_empty() {
        warnings
            .push("The model will be the newest suitable one of the provider's live list".into());
        // The path and the rules need one.
        NEWEST.clone_into(&mut request.model);
    } else {
        let purse = plan.purse.as_ref();
        let limited =
            token_limit::enforce_limits(settings, target.provider, &mut request, purse, None)
                .map_err(|failure| Error::new(failure.class, format!("{}.", failure.message)))?;
        warnings.extend(limited.warnings);
        reserved_usd = limited.most;
    }
    codec
        .check_supported(&request)
        .map_err(|failure| Error::new(failure.class, &*failure.message))?;
    let http = codec.chat(&request, encoding);
    Ok(Prepared {
        request,
        endpoint: provider.base_url.shown(&http.path),
        parameters: http.parameters(),
        reserved_usd,
    })
}

/// The cost in dollars, if it can be known, and what it covers.
fn cost(
    settings: &Settings,
    target: &Target,
    prepared: &Prepared,
    input: u64,
) -> Option<(f64, &'static str)> {
    let Prepared {
        request,
        reserved_usd,
        ..
    } = prepared;
    let kind = settings.providers[target.provider].dialect;
    let usual = || kind.codec()?.default_max_tokens(request);
    let most = request.max_tokens.or_else(usual);
    let how = match most {
        None if reserved_usd.is_none() => "for the input alone",
        _ => "at most",
    };
    let counted = || {
        let (price, _) = facts::price(settings, target.provider, &request.model, None)?;
        Some(token_limit::estimated_cost(
            &price,
            input,
            most.unwrap_or_default(),
        ))
    };
    Some((reserved_usd.or_else(counted)?, how))
}

/// Placeholder for a model that is not chosen yet.
const NEWEST: &str = "NEWEST";
