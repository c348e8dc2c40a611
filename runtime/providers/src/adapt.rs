//! Adapts a request to what its model accepts by what is known of it.
//!
//! Never here: what is known (`facts`), field names, or what a provider has refused (`parameter`).

use crate::facts::{Efforts, Rules, Sampling};
use crate::{ChatRequest, ReasoningEffort};
use ReasoningEffort::High;

/// Sets the largest effort, up to the wanted one, that leaves `answer` tokens of the limit for the answer; the smallest one if
/// none does. Returns a sentence if it is not the wanted one.
pub(super) fn fit_effort_to_limit(
    chat: &mut ChatRequest,
    limit: u32,
    answer: u32,
    tokens: impl Fn(ReasoningEffort) -> u32,
) -> Option<String> {
    let wanted = chat.effort?;
    let most = limit.saturating_sub(answer);
    let fits = |effort: &ReasoningEffort| *effort <= wanted && tokens(*effort) <= most;
    let fitting = ReasoningEffort::ALL.into_iter().rev().find(fits);
    let effort = fitting.unwrap_or(ReasoningEffort::None);
    chat.effort = Some(effort);
    (effort != wanted).then(|| {
        format!(
            "reasoning_effort is {}, not {}: of max_tokens {limit}, {} would be for reasoning",
            effort.as_str(),
            wanted.as_str(),
            tokens(wanted)
        )
    })
}

/// The nearest of the allowed efforts; of two equally near the larger one, above `high` the smaller one.
pub(super) fn nearest(wanted: ReasoningEffort, allowed: Efforts) -> Option<ReasoningEffort> {
    allowed.iter().min_by_key(|&effort| {
        let (wanted, effort) = (wanted as i8, effort as i8);
        let is_preferred = if wanted > High as i8 {
            effort <= wanted
        } else {
            effort >= wanted
        };
        ((effort - wanted).abs(), !is_preferred)
    })
}

/// Removes or changes what a model is known not to take, with a warning for each.
pub(super) fn fit(chat: &mut ChatRequest, rules: Rules, warnings: &mut Vec<String>) {
    if let Some(efforts) = rules.efforts {
        fit_effort(chat, efforts, warnings);
    }
    if let Some(sampling) = rules.sampling {
        fit_sampling(chat, sampling, warnings);
    }
}

/// Sets the nearest effort that these rules allow; a warning says so if it is not the wanted one.
pub(super) fn fit_effort(chat: &mut ChatRequest, efforts: Efforts, warnings: &mut Vec<String>) {
    if let Some(wanted) = chat.effort {
        chat.effort = nearest(wanted, efforts);
        match chat.effort {
            None => warnings.push(left_out("reasoning_effort", &chat.model)),
            Some(effort) if effort != wanted => {
                warnings.push(other_effort(effort, &chat.model, wanted));
            }
            Some(_) => {}
        }
    }
}

/// Removes what these rules do not allow, with a warning for each. The effort must be set.
pub(super) fn fit_sampling(chat: &mut ChatRequest, sampling: Sampling, warnings: &mut Vec<String>) {
    let may_sample = match sampling {
        Sampling::Yes | Sampling::OneOfTwo => true,
        Sampling::Unreasoned => chat
            .effort
            .is_none_or(|effort| effort == ReasoningEffort::None),
        Sampling::EffortNone => chat.effort == Some(ReasoningEffort::None),
        Sampling::No => false,
    };
    if !may_sample && chat.temperature.take().is_some() {
        warnings.push(left_out("temperature", &chat.model));
    }
    if !may_sample && chat.top_p.take().is_some() {
        warnings.push(left_out("top_p", &chat.model));
    }
    if sampling == Sampling::OneOfTwo && chat.temperature.is_some() && chat.top_p.take().is_some() {
        warnings.push(format!(
            "top_p was left out: {} takes temperature or top_p, not both",
            chat.model
        ));
    }
}

pub(super) fn without_seed(chat: &mut ChatRequest, warnings: &mut Vec<String>) {
    if chat.seed.take().is_some() {
        warnings.push(left_out("seed", &chat.model));
    }
}

pub(super) fn without_stop(chat: &mut ChatRequest, warnings: &mut Vec<String>) {
    if !chat.stop.is_empty() {
        chat.stop.clear();
        warnings.push(left_out("stop", &chat.model));
    }
}

/// The warning about an argument that a model does not accept.
pub(super) fn left_out(argument: &str, model: &str) -> String {
    format!("{argument} was left out: {model} does not support it")
}

/// The warning about an effort that a model does not accept.
pub(super) fn other_effort(
    effort: ReasoningEffort,
    model: &str,
    wanted: ReasoningEffort,
) -> String {
    let (effort, wanted) = (effort.as_str(), wanted.as_str());
    format!("reasoning_effort is {effort}: {model} does not support {wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReasoningEffort::{Low, Max, Medium, Minimal, XHigh};

    #[test]
    fn the_nearest_effort() {
        for (wanted, allowed, expected) in [
            (ReasoningEffort::None, &[Minimal, Low][..], Some(Minimal)),
            (ReasoningEffort::None, &[Low, Medium], Some(Low)),
            (Minimal, &[ReasoningEffort::None, Low, Medium], Some(Low)),
            (Medium, &[Low, High], Some(High)),
            (XHigh, &[Low, High, Max], Some(High)),
            (Max, &[Low, Medium, High], Some(High)),
            (Max, &[High, XHigh], Some(XHigh)),
            (High, &[], None),
        ] {
            let allowed = allowed.iter().copied().collect();
            assert_eq!(nearest(wanted, allowed), expected, "{wanted:?} {allowed:?}");
        }
    }
}
