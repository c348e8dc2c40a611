//! What the tools share: common parameters, and the limits of an answer.
//!
//! Never here: the question, or the choice of a model.

use std::time::Duration;

use anygpt_providers::{Feature, ReasoningEffort};
use serde::Serialize;

use super::{
    arguments::Arguments,
    kind::{Choice, Decimal, Integer, Name, Seconds},
    parameter::Parameter,
};
use crate::{
    error::{Error, ErrorKind},
    gateway::{
        Plan,
        price::Cost,
        purse::Purse,
        resolve::{self, Target},
    },
    settings::Settings,
};

/// The members of a result that say what it costs.
#[derive(Serialize)]
pub(super) struct CostMembers {
    cost_usd: f64,
    cost_source: String,
}

impl From<Cost> for CostMembers {
    fn from(cost: Cost) -> Self {
        CostMembers {
            cost_usd: cost.usd,
            cost_source: cost.source.to_string(),
        }
    }
}

pub(super) const MODEL: Parameter<Name> = Parameter::new("model", Name);

pub(super) const PROVIDER: Parameter<Name> = Parameter::new("provider", Name);

/// The whole time of the call.
pub(super) const TIMEOUT: Parameter<Seconds> =
    Parameter::new("timeout_seconds", Seconds { max: 3600 });

pub(super) const TEMPERATURE: Parameter<Decimal> =
    Parameter::new("temperature", Decimal { min: 0.0, max: 2.0 });

pub(super) const TOP_P: Parameter<Decimal> =
    Parameter::new("top_p", Decimal { min: 0.0, max: 1.0 });

pub(super) const MAX_TOKENS: Parameter<Integer> = Parameter::new("max_tokens", AT_LEAST_ONE);

pub(super) const MAX_OUTPUT_CHARS: Parameter<Integer> =
    Parameter::new("max_output_chars", AT_LEAST_ONE);

const AT_LEAST_ONE: Integer = Integer {
    min: 1,
    max: u32::MAX,
};

pub(super) const REASONING_EFFORT: Parameter<Choice<ReasoningEffort>> = Parameter::new(
    "reasoning_effort",
    Choice {
        all: &ReasoningEffort::ALL,
        name: ReasoningEffort::as_str,
        parse: ReasoningEffort::from_name,
    },
);

/// No answer costs less than the minimum, and more than the maximum would limit nothing.
pub(super) const MAX_COST_USD: Parameter<Decimal> = Parameter::new(
    "max_cost_usd",
    Decimal {
        min: 1e-9,
        max: 1e6,
    },
);

/// Copies the arguments that limit an answer into a plan, lowered to the operator's limits; each lowered one adds a
/// warning.
pub(super) fn take_bounds(
    arguments: &mut Arguments<'_>,
    settings: &Settings,
    plan: &mut Plan,
    warnings: &mut Vec<String>,
) -> Result<(), Error> {
    let request = &mut plan.request;
    request.temperature = arguments.take(&TEMPERATURE)?;
    request.top_p = arguments.take(&TOP_P)?;
    request.max_tokens = arguments.take(&MAX_TOKENS)?;
    request.effort = arguments.take(&REASONING_EFFORT)?;
    let most = arguments.take(&MAX_OUTPUT_CHARS)?;
    let timeout = arguments.take(&TIMEOUT)?;
    let dollars = arguments.take(&MAX_COST_USD)?;
    plan.max_output_chars = most.and_then(|most| usize::try_from(most).ok());
    plan.timeout = shortened(settings, timeout, warnings);
    plan.purse = purse(settings, dollars, warnings);
    Ok(())
}

fn shortened(
    settings: &Settings,
    wanted: Option<Duration>,
    warnings: &mut Vec<String>,
) -> Duration {
    let Some(wanted) = wanted else {
        return settings.timeout;
    };
    match &settings.limits.max_timeout {
        Some(limit) if wanted > limit.most => {
            warnings.push(format!(
                "timeout_seconds was lowered from {} to {} by {}",
                wanted.as_secs(),
                limit.most.as_secs(),
                limit.place
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

/// Fails if the operator limits the cost of calls: the price of `what` is not known.
pub(super) fn may_cost(settings: &Settings, what: &str) -> Result<(), Error> {
    match &settings.limits.max_cost_usd {
        None => Ok(()),
        Some(limit) => {
            let place = &limit.place;
            let message =
                format!("{place} bounds the cost of a call, and that of {what} is not known");
            Err(Error::new(ErrorKind::Permission, message)
                .advise_plain("Ask the operator to remove this limit."))
        }
    }
}

/// The error of a request for a feature that the provider of the target does not have, with those that have it.
pub(super) fn unsupported(
    settings: &Settings,
    target: &Target,
    feature: Feature,
    what: &str,
) -> Error {
    let id = &settings.providers[target.provider].id;
    let others = resolve::providers_supporting(settings, feature);
    Error::new(ErrorKind::InvalidRequest, format!("{id} has no {what}"))
        .advise_plain(format!("Ask {others}."))
}
