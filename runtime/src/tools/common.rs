//! What the tools that ask models have in common: the arguments that bound an answer, and the way to it.
//!
//! Never here: what is asked, or who.

use std::time::Duration;

use anygpt_providers::Effort;
use serde_json::Value;

use super::arguments::{Arguments, wrong};
use crate::{
    error::{Error, ErrorKind},
    gateway::{Gateway, Observer, Plan, Reply, purse::Purse, report},
    settings::Settings,
};

const LONGEST_TIMEOUT: u32 = 3600;

/// No answer costs less.
const LEAST_DOLLARS: f64 = 1e-9;

/// More would bound nothing.
const MOST_DOLLARS: f64 = 1e6;

/// Takes the arguments that bound an answer into a plan, none of them wider than the operator allows. Says in `warnings`
/// what was lowered.
pub(super) fn take_bounds(
    arguments: &mut Arguments<'_>,
    settings: &Settings,
    plan: &mut Plan,
    warnings: &mut Vec<String>,
) -> Result<(), Error> {
    let request = &mut plan.request;
    request.temperature = arguments.number("temperature", 0.0, 2.0)?;
    request.top_p = arguments.number("top_p", 0.0, 1.0)?;
    request.max_tokens = arguments.integer("max_tokens", 1, u32::MAX)?;
    request.effort = effort(arguments)?;
    let most = arguments.integer("max_output_chars", 1, u32::MAX)?;
    let timeout = arguments.integer("timeout_seconds", 1, LONGEST_TIMEOUT)?;
    let dollars = arguments.number("max_cost_usd", LEAST_DOLLARS, MOST_DOLLARS)?;
    plan.max_output_chars = most.and_then(|most| usize::try_from(most).ok());
    plan.timeout = shortened(settings, timeout, warnings);
    plan.purse = purse(settings, dollars, warnings);
    Ok(())
}

fn effort(arguments: &mut Arguments<'_>) -> Result<Option<Effort>, Error> {
    let Some(word) = arguments.string("reasoning_effort")? else {
        return Ok(None);
    };
    match Effort::from_name(&word) {
        Some(effort) => Ok(Some(effort)),
        None => {
            let words = Effort::ALL.map(Effort::as_str);
            let allowed = format!("one of {}", words.join(", "));
            Err(wrong("reasoning_effort", &Value::String(word), &allowed))
        }
    }
}

fn shortened(settings: &Settings, seconds: Option<u32>, warnings: &mut Vec<String>) -> Duration {
    let Some(seconds) = seconds else {
        return settings.timeout;
    };
    let wanted = Duration::from_secs(seconds.into());
    match &settings.limits.max_timeout {
        Some(limit) if wanted > limit.most => {
            let most = limit.most.as_secs();
            let place = &limit.place;
            warnings.push(format!(
                "timeout_seconds was lowered from {seconds} to {most} by {place}"
            ));
            limit.most
        }
        _ => wanted,
    }
}

fn purse(settings: &Settings, dollars: Option<f64>, warnings: &mut Vec<String>) -> Option<Purse> {
    match (&settings.limits.max_cost_usd, dollars) {
        (Some(limit), Some(usd)) if usd > limit.most => {
            warnings.push(format!(
                "max_cost_usd was lowered from {usd} to {} by {}",
                limit.most, limit.place
            ));
            Some(Purse::new(limit.most, &limit.place))
        }
        (_, Some(usd)) => Some(Purse::new(usd, "max_cost_usd")),
        (Some(limit), None) => Some(Purse::new(limit.most, &limit.place)),
        (None, None) => None,
    }
}

/// Refuses what has no price that is known, where the operator bounds the cost.
pub(super) fn may_cost(settings: &Settings, what: &str) -> Result<(), Error> {
    match &settings.limits.max_cost_usd {
        None => Ok(()),
        Some(limit) => {
            let place = &limit.place;
            let message =
                format!("{place} bounds the cost of a call, and that of {what} is not known");
            Err(Error::new(ErrorKind::Permission, message)
                .advise_plain("Ask the operator to take this bound away."))
        }
    }
}

/// Asks, and tells that it was answered.
pub(super) async fn ask(
    gateway: &Gateway,
    plan: &Plan,
    observer: &mut dyn Observer,
) -> Result<Reply, Error> {
    let alone = match &plan.targets[..] {
        [target] => Some(target.provider),
        _ => None,
    };
    match gateway.chat(plan, observer).await {
        Ok(reply) => {
            gateway.note_answer();
            Ok(reply)
        }
        Err(problem) => Err(match alone {
            Some(provider) => report::with_advice(gateway.settings(), provider, problem),
            None => problem,
        }),
    }
}
