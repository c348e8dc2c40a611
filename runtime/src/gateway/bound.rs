//! Keeping a request within the operator's limit on tokens and within an amount of money.
//!
//! What a request will cost is an estimate: four bytes of text are taken for a token, and the answer for
//! as long as it may get.
//!
//! Never here: what an answer has cost.

use std::sync::Arc;

use super::{
    Plan, fit,
    price::{self, dollars, rates},
    resolve::Target,
};
use crate::{
    provider::{ChatRequest, Class, Failure, Part, Source},
    settings::{Price, Settings},
};

/// Money for a call, and what bounds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    /// US dollars.
    pub usd: f64,
    /// The argument or setting.
    pub place: Arc<str>,
}

/// Bytes of text that make a token, about.
const BYTES_PER_TOKEN: usize = 4;

/// An answer of fewer tokens is no answer, and OpenAI takes no smaller limit.
const LEAST: u32 = 16;

/// No model answers at such length, so that a limit above it would only be refused.
const MOST: u64 = 128_000;

/// What an image costs about as much as; the providers count between 85 and a few thousand.
const IMAGE: usize = 2_000 * BYTES_PER_TOKEN;

/// The input tokens of a request, about. A file that the provider is to fetch is not counted.
pub fn estimated_tokens(request: &ChatRequest) -> u64 {
    let written = |value: &dyn Fn() -> serde_json::Result<String>| {
        value().map(|text| text.len()).unwrap_or_default()
    };
    let messages = request.messages.iter().map(|message| {
        let parts = message.content.iter().map(|part| match part {
            Part::Text(text) => text.len(),
            Part::Media(media) if media.is_image => IMAGE,
            Part::Media(media) => match &media.source {
                Source::Data(data) => data.len(),
                Source::Url(_) => 0,
            },
        });
        let calls = message.tool_calls.iter();
        let calls = calls.map(|call| call.name.len() + call.arguments.len());
        let state = message.state.as_ref();
        let state = state.map(|state| written(&|| serde_json::to_string(&state.items)));
        // It goes back in place of the rest.
        state.unwrap_or_else(|| parts.sum::<usize>() + calls.sum::<usize>())
    });
    let tools = request.tools.iter().map(|tool| {
        let parameters = written(&|| serde_json::to_string(&tool.parameters));
        tool.name.len() + tool.description.as_ref().map_or(0, String::len) + parameters
    });
    let bytes = messages.sum::<usize>() + tools.sum::<usize>();
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}

/// What so much input with an answer of so many tokens costs.
pub fn estimated_cost(price: &Price, input: u64, output: u32) -> f64 {
    let rates = rates(price, input);
    dollars(&[(input, rates.input), (output.into(), rates.output)])
}

/// Takes out of a plan the targets that its money is not enough for, and tells of each.
///
/// # Errors
/// None is left.
pub fn affordable(settings: &Settings, plan: &mut Plan) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    let mut problem = None;
    let targets = std::mem::take(&mut plan.targets);
    for target in targets {
        match problem_of(settings, plan, &target) {
            None => plan.targets.push(target),
            Some(failure) => {
                let (class, name) = (failure.class.as_str(), target.name(settings));
                let text = format!("{class}: {name}: {}.", failure.message);
                warnings.push(format!("{name} was left out: {}", failure.message));
                problem.get_or_insert(text);
            }
        }
    }
    match problem {
        Some(problem) if plan.targets.is_empty() => Err(problem),
        _ => Ok(warnings),
    }
}

/// Why a target cannot be paid for, as far as that shows before its turn.
fn problem_of(settings: &Settings, plan: &Plan, target: &Target) -> Option<Failure> {
    target.model.as_ref()?;
    let mut request = plan.request_to(target);
    let _said_later = fit(settings, target.provider, &mut request);
    keep(
        settings,
        target.provider,
        &mut request,
        plan.ceiling.as_ref(),
    )
    .err()
}

/// Keeps a request that suits its model within all bounds, and tells what it has lowered.
///
/// # Errors
/// The money is not enough, or nobody knows what the model costs.
pub fn keep(
    settings: &Settings,
    provider: usize,
    request: &mut ChatRequest,
    ceiling: Option<&Ceiling>,
) -> Result<Vec<String>, Failure> {
    let mut said = Vec::new();
    let codec = settings.providers[provider].kind.codec();
    let usual = codec.and_then(|codec| codec.default_max_tokens(&request.model));
    if let Some(limit) = &settings.limits.max_tokens {
        let given = request.max_tokens;
        if given.or(usual).is_none_or(|tokens| tokens > limit.most) {
            request.max_tokens = Some(limit.most);
            said.extend(given.map(|given| lowered(given, limit.most, &limit.place)));
        }
    }
    let Some(ceiling) = ceiling else {
        return Ok(said);
    };
    let known = price::known(settings, provider, &request.model);
    if known.is_none() && codec.is_none() {
        // An echo costs nothing.
        return Ok(said);
    }
    let name = format!("{}/{}", settings.providers[provider].id, request.model);
    let Some((price, _)) = known else {
        return Err(Failure::new(
            Class::Config,
            format!(
                "{} needs a price, and that of this model is not known: give it in the configuration file, \
                 models: {{{name}: {{price: {{input: DOLLARS, output: DOLLARS}}}}}}, in US dollars per million \
                 tokens",
                ceiling.place
            ),
        ));
    };
    let input = estimated_tokens(request);
    let Some(bought) = bought(&price, input, ceiling.usd) else {
        let least = estimated_cost(&price, input, LEAST);
        return Err(Failure::new(
            Class::InvalidRequest,
            format!(
                "about {input} tokens of input and {LEAST} of output cost about ${least}, but {} is ${}: send \
                 less text, allow more, or ask a cheaper model",
                ceiling.place, ceiling.usd
            ),
        ));
    };
    match request.max_tokens {
        Some(given) if u64::from(given) > bought => {
            let most = u32::try_from(bought).unwrap_or(u32::MAX);
            request.max_tokens = Some(most);
            said.push(lowered(given, most, &ceiling.place));
        }
        None if bought < usual.map_or(MOST, u64::from) => {
            let most = u32::try_from(bought).unwrap_or(u32::MAX);
            request.max_tokens = Some(most);
            said.push(format!(
                "max_tokens is {most}, which is what {} of ${} buys",
                ceiling.place, ceiling.usd
            ));
        }
        _ => {}
    }
    Ok(said)
}

fn lowered(given: u32, most: u32, place: &str) -> String {
    format!("max_tokens was lowered from {given} to {most} by {place}")
}

/// How many output tokens the money is enough for when the input is paid, if they are enough for an answer.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn bought(price: &Price, input: u64, usd: f64) -> Option<u64> {
    let rates = rates(price, input);
    let left = usd * 1e6 - input as f64 * rates.input;
    if left < 0.0 {
        return None;
    }
    // What costs nothing is not bounded; the cast ends at the largest number.
    let tokens = match rates.output > 0.0 {
        true => (left / rates.output) as u64,
        false => u64::MAX,
    };
    (tokens >= LEAST.into()).then_some(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Media, Message, Role, State, Tool};

    #[test]
    fn images_tools_and_states_count_as_input() {
        let tokens = |request: &ChatRequest| estimated_tokens(request);
        let mut message = Message::text(Role::User, "x".repeat(40));
        let of = |message: &Message| ChatRequest {
            messages: vec![message.clone()].into(),
            ..ChatRequest::default()
        };
        assert_eq!(tokens(&of(&message)), 10);
        let media = |is_image, source| {
            Part::Media(Media {
                source,
                mime_type: "a/b".into(),
                is_image,
                name: None,
            })
        };
        message.content.push(media(true, Source::Data("y".into())));
        assert_eq!(tokens(&of(&message)), 2_010);
        message
            .content
            .push(media(false, Source::Data("y".repeat(80))));
        message
            .content
            .push(media(false, Source::Url("y".repeat(80))));
        assert_eq!(tokens(&of(&message)), 2_030);
        let with_tool = ChatRequest {
            tools: vec![Tool {
                name: "abcd".into(),
                description: Some("efgh".into()),
                parameters: serde_json::Map::new(),
                strict: None,
            }]
            .into(),
            ..of(&message)
        };
        assert_eq!(tokens(&with_tool), 2_033);
        message.state = Some(State {
            provider: "p".into(),
            model: "m".into(),
            items: vec!["z".repeat(12).into()],
        });
        assert_eq!(tokens(&of(&message)), 4);
    }

    #[test]
    fn money_buys_what_is_left_behind_the_input() {
        let price = |input, output| Price {
            input,
            output,
            cached_input: None,
            cache_write: None,
            long_from: Some(1_000),
        };
        for (input, output, tokens, usd, expected) in [
            (1.0, 2.0, 100, 0.000_300, Some(100)),
            (1.0, 2.0, 100, 0.000_132, Some(16)),
            (1.0, 2.0, 100, 0.000_131, None),
            (1.0, 2.0, 100, 0.000_05, None),
            (1.0, 0.0, 100, 0.000_1, Some(u64::MAX)),
            (0.0, 0.0, 100, 0.000_001, Some(u64::MAX)),
            // Long input costs twice as much, and what comes of it half as much again.
            (1.0, 2.0, 2_000, 0.007, Some(1_000)),
        ] {
            let found = bought(&price(input, output), tokens, usd);
            assert_eq!(found, expected, "{input} {output} {tokens} {usd}");
        }
    }
}
