//! Keeping a request within the operator's limit on tokens and within the money that is left for the call.
//!
//! What a request will cost is an estimate: four characters of ASCII are taken for a token, as is each other
//! character, and the answer for as long as it may get. What cannot be counted is refused.
//!
//! Never here: what an answer has cost.

use anygpt_providers::{
    Answer, ChatRequest, Codec, Failure, Format, Media, Part, Source, TokenPrice, base64,
    facts::Rates,
};

use super::{
    Plan, adapt, facts,
    price::{self, dollars},
    purse::Purse,
    resolve::Target,
};
use crate::{
    error::{Error, ErrorKind},
    settings::{Dialect, ProviderIndex, Settings},
};

/// A request that is within its bounds.
#[derive(Debug, Default)]
pub(crate) struct Limited {
    /// Warnings about what was lowered.
    pub warnings: Vec<String>,
    /// The most that it costs, in US dollars; only known where the cost is bounded.
    pub most: Option<f64>,
    /// The estimate of its input tokens; 0 where the cost is not bounded.
    pub input: u64,
}

/// Characters of English text that make a token, about (<https://platform.openai.com/tokenizer>).
pub(crate) const CHARACTERS_PER_TOKEN: u64 = 4;

/// An answer of fewer tokens is no answer, and OpenAI takes no smaller limit (`max_output_tokens` of
/// <https://platform.openai.com/docs/api-reference/responses/create>).
const MIN_OUTPUT_TOKENS: u32 = 16;

/// The longest answer of a model of which that is not known: the largest "max output tokens" of
/// <https://platform.openai.com/docs/models>.
const MAX_OUTPUT_TOKENS: u32 = 128_000;

/// So much of an image is looked at for its size, in characters of Base64: more than any metadata in front of it.
const HEAD: usize = 512 << 10;

/// From so many tokens of input on, providers may write it to a cache, for more than other input: the least of
/// <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>.
const CACHE_WRITE_MIN_TOKENS: u64 = 1_024;

/// Text as it is counted.
#[derive(Default)]
struct TextSize {
    ascii: u64,
    /// Tokens of all else.
    others: u64,
}

impl TextSize {
    fn add(&mut self, text: &str) {
        let ascii = text.bytes().filter(u8::is_ascii).count();
        self.ascii += ascii as u64;
        // The first bytes of what is longer.
        let others = text.bytes().filter(|byte| *byte >= 0xc0).count();
        self.others += others as u64;
    }

    /// The bytes that are encoded in Base64, and whether they are text.
    fn add_bytes(&mut self, data: &str) -> bool {
        // Bytes that the current character still needs.
        let mut missing = 0;
        let mut is_text = |byte| {
            match byte {
                0x80..=0xbf if missing > 0 => missing -= 1,
                _ if missing > 0 => return false,
                0x01..=0x7f => self.ascii += 1,
                0xc2..=0xf4 => {
                    self.others += 1;
                    missing = 1 + u8::from(byte >= 0xe0) + u8::from(byte >= 0xf0);
                }
                _ => return false,
            }
            true
        };
        let is_text = base64::decode(data, |bytes| bytes.iter().all(|byte| is_text(*byte)));
        is_text && missing == 0
    }

    fn add_json(&mut self, value: &impl serde::Serialize) {
        // What cannot be written is not sent.
        self.add(&serde_json::to_string(value).unwrap_or_default());
    }
}

/// Width and height of an image in pixels, if it is sent as data.
fn size_of_image(media: &Media) -> Option<(usize, usize)> {
    let Source::Data(data) = &media.source else {
        return None;
    };
    let mut head = Vec::new();
    let end = data.len().min(HEAD) / 4 * 4;
    base64::decode(data.get(..end)?, |bytes| {
        head.extend_from_slice(bytes);
        true
    });
    let size = imagesize::blob_size(&head).ok()?;
    Some((size.width, size.height))
}

/// The input tokens of a request of this format, about. A file that is no text or that the provider is to fetch is not counted as it
/// should be; see [`enforce_limits`].
pub(crate) fn estimated_tokens(request: &ChatRequest, codec: Option<&dyn Codec>) -> u64 {
    let mut all = TextSize::default();
    for message in request.messages.iter() {
        // It goes back in place of the rest.
        if let Some(state) = &message.state {
            all.add_json(&state.items);
            continue;
        }
        for part in &message.content {
            match part {
                Part::Text(text) => all.add(text),
                Part::Media(media) if media.is_image => {
                    let tokens = codec.map(|codec| codec.most_image_tokens(size_of_image(media)));
                    all.others += tokens.unwrap_or_default();
                }
                Part::Media(media) => match &media.source {
                    Source::Data(data) => {
                        all.add_bytes(data);
                    }
                    Source::Url(_) => {}
                },
            }
        }
        for call in &message.tool_calls {
            all.add(&call.name);
            all.add(&call.arguments);
        }
    }
    for tool in request.tools.iter() {
        all.add(&tool.name);
        all.add(tool.description.as_deref().unwrap_or_default());
        all.add_json(&tool.parameters);
    }
    if let Some(Format::Schema { name, schema, .. }) = request.format.as_deref() {
        all.add(name);
        all.add_json(schema);
    }
    let tokens = all.ascii.div_ceil(CHARACTERS_PER_TOKEN) + all.others;
    // However short a message is, it is one token at least.
    tokens.max(request.messages.len() as u64)
}

/// The output tokens of what has arrived of an answer, about.
pub(super) fn output_tokens(answer: &Answer) -> u64 {
    let mut all = TextSize::default();
    all.add(&answer.text);
    all.add(&answer.reasoning);
    for call in &answer.tool_calls {
        all.add(&call.name);
        all.add(&call.arguments);
    }
    all.ascii.div_ceil(CHARACTERS_PER_TOKEN) + all.others
}

/// What a request holds that cannot be counted, and what to do about it, in words.
fn uncounted(request: &ChatRequest, dialect: Dialect) -> Option<(String, &'static str)> {
    let mut messages = request.messages.iter();
    messages.find_map(|message| {
        if let Some(what) = message.media().find_map(|media| of_media(media, dialect)) {
            return Some(what);
        }
        let state = message.state.as_ref()?;
        state.has_files().then_some((
            "a file in provider_state".to_owned(),
            "leave provider_state out",
        ))
    })
}

fn of_media(media: &Media, dialect: Dialect) -> Option<(String, &'static str)> {
    let codec = dialect.codec();
    let is_guessed = codec.is_some_and(Codec::guesses_media_types);
    match &media.source {
        Source::Url(_) if media.is_image && (media.has_image_type() || !is_guessed) => None,
        Source::Url(_) => Some((
            "a file at an address".to_owned(),
            "give its content as data, or what it says as text",
        )),
        // Whatever it is called.
        Source::Data(data) if media.is_image && !data.starts_with(PDF) => None,
        // However few bytes it has: it may be packed.
        Source::Data(data) if !is_text(&media.mime_type, data) => Some((
            format!("a file that is not text ({})", media.mime_type),
            "send what it says as text",
        )),
        Source::Data(_) => None,
    }
}

/// `%PDF`, in Base64.
const PDF: &str = "JVBERi";

/// Whether a file is text, which has no more tokens than characters. PDF may be written in letters alone.
fn is_text(mime_type: &str, data: &str) -> bool {
    let is_other = ["application/pdf", "audio/", "video/"]
        .iter()
        .any(|other| mime_type.starts_with(other));
    !is_other && !data.starts_with(PDF) && TextSize::default().add_bytes(data)
}

/// The prices for so much input, which may be written to a cache.
fn highest_rates(price: &TokenPrice, input: u64) -> Rates {
    let mut rates = price.for_input(input);
    rates.input = price::dearest_input(price, &rates, input >= CACHE_WRITE_MIN_TOKENS);
    rates.output = rates.output.max(price.image_output.unwrap_or_default());
    rates
}

/// What so much input with an answer of so many tokens costs at most.
pub(crate) fn estimated_cost(price: &TokenPrice, input: u64, output: u32) -> f64 {
    let rates = highest_rates(price, input);
    dollars(&[(input, rates.input), (output.into(), rates.output)])
}

/// Removes the targets from a plan that its money is not enough for, with a warning for each.
///
/// # Errors
/// None is left.
pub(crate) fn affordable(settings: &Settings, plan: &mut Plan) -> Result<Vec<String>, Error> {
    let mut warnings = Vec::new();
    let mut problem = None;
    let targets = std::mem::take(&mut plan.targets);
    for target in targets {
        match problem_of(settings, plan, &target) {
            None => plan.targets.push(target),
            Some(failure) => {
                let name = target.name(settings);
                let message = format!("{name}: {}.", failure.message);
                warnings.push(format!("{name} was left out: {}", failure.message));
                problem.get_or_insert_with(|| Error::new(failure.class, message));
            }
        }
    }
    match problem {
        Some(problem) if plan.targets.is_empty() => Err(problem),
        _ => Ok(warnings),
    }
}

/// Why a target cannot be paid for, as far as that is known before its turn.
fn problem_of(settings: &Settings, plan: &Plan, target: &Target) -> Option<Failure> {
    target.model.as_ref()?;
    let mut request = plan.request_to(target);
    let _repeated_later = adapt(settings, target.provider, &mut request, &[]);
    let purse = plan.purse.as_ref();
    enforce_limits(settings, target.provider, &mut request, purse, None).err()
}

/// Keeps a request that suits its model within all bounds; the provider's list may say what it costs.
///
/// # Errors
/// The money is not enough, or the cost is not known.
pub(crate) fn enforce_limits(
    settings: &Settings,
    provider: ProviderIndex,
    request: &mut ChatRequest,
    purse: Option<&Purse>,
    listed: Option<TokenPrice>,
) -> Result<Limited, Failure> {
    let wanted = request.max_tokens;
    let mut limited = keep_limit(settings, provider, request, purse, listed)?;
    if let Some(codec) = settings.providers[provider].dialect.codec() {
        let is_lowered = request.max_tokens != wanted;
        limited
            .warnings
            .extend(codec.think_within_limit(request, is_lowered));
    }
    Ok(limited)
}

/// Sets the token limit.
fn keep_limit(
    settings: &Settings,
    provider: ProviderIndex,
    request: &mut ChatRequest,
    purse: Option<&Purse>,
    listed: Option<TokenPrice>,
) -> Result<Limited, Failure> {
    let codec = settings.providers[provider].dialect.codec();
    let usual = codec.and_then(|codec| codec.default_max_tokens(request));
    let longest = request.rules.and_then(|rules| rules.max_output);
    let longest = usual.or(longest).unwrap_or(MAX_OUTPUT_TOKENS);
    let mut warnings: Vec<String> = keep_operator_limit(settings, request, usual)
        .into_iter()
        .collect();
    let Some(purse) = purse else {
        return Ok(Limited {
            warnings,
            ..Limited::default()
        });
    };
    let known = facts::price_at_most(settings, provider, &request.model, listed);
    if known.is_none() && codec.is_none() {
        // An echo costs nothing.
        return Ok(Limited {
            warnings,
            most: Some(0.0),
            input: 0,
        });
    }
    let Some((price, assumed)) = known else {
        return Err(no_price(settings, provider, request, purse));
    };
    warnings.extend(assumed);
    // The account may be set to a dearer one.
    request.wants_standard_tier = settings.providers[provider].original().is_some();
    if let Some((what, advice)) = uncounted(request, settings.providers[provider].dialect) {
        let place = purse.place();
        return Err(Failure::new(
            ErrorKind::InvalidRequest,
            format!("{place} bounds the cost, and that of {what} cannot be known before: {advice}"),
        ));
    }
    let input = estimated_tokens(request, codec);
    let Some(affordable_tokens) = affordable_tokens(&price, input, purse.left()) else {
        return Err(too_expensive(&price, input, purse));
    };
    warnings.extend(limit_to_affordable(
        request,
        affordable_tokens,
        longest,
        purse,
    ));
    // OpenAI takes no smaller limit.
    let output = request.max_tokens.unwrap_or(longest).max(MIN_OUTPUT_TOKENS);
    let most = Some(estimated_cost(&price, input, output));
    Ok(Limited {
        warnings,
        most,
        input,
    })
}

/// Lowers the token limit to the operator's; returns a warning if the caller's own was higher.
fn keep_operator_limit(
    settings: &Settings,
    request: &mut ChatRequest,
    usual: Option<u32>,
) -> Option<String> {
    let limit = settings.limits.max_tokens.as_ref()?;
    let given = request.max_tokens;
    if given.or(usual).is_some_and(|tokens| tokens <= limit.most) {
        return None;
    }
    request.max_tokens = Some(limit.most);
    given.map(|given| lowered(given, limit.most, &limit.place))
}

/// Lowers the token limit to what the money buys; returns a warning if that changes it.
fn limit_to_affordable(
    request: &mut ChatRequest,
    affordable_tokens: u64,
    longest: u32,
    purse: &Purse,
) -> Option<String> {
    let most = u32::try_from(affordable_tokens).unwrap_or(u32::MAX);
    match request.max_tokens {
        Some(given) if u64::from(given) > affordable_tokens => {
            request.max_tokens = Some(most);
            Some(lowered(given, most, purse.place()))
        }
        None if affordable_tokens < longest.into() => {
            request.max_tokens = Some(most);
            Some(format!("max_tokens is {most}, which is what {purse} buys"))
        }
        _ => None,
    }
}

fn no_price(
    settings: &Settings,
    provider: ProviderIndex,
    request: &ChatRequest,
    purse: &Purse,
) -> Failure {
    let name = format!("{}/{}", settings.providers[provider].id, request.model);
    Failure::new(
        ErrorKind::Config,
        format!(
            "{} needs a price, and that of this model is not known: give it in the configuration file, \
             models: {{{name}: {{price: {{input: DOLLARS, output: DOLLARS}}}}}}, in US dollars per million \
             tokens",
            purse.place()
        ),
    )
}

fn too_expensive(price: &TokenPrice, input: u64, purse: &Purse) -> Failure {
    let least = estimated_cost(price, input, MIN_OUTPUT_TOKENS);
    Failure::new(
        ErrorKind::InvalidRequest,
        format!(
            "about {input} tokens of input and {MIN_OUTPUT_TOKENS} of output cost about ${least}, but {}: send less text, \
             allow more, or ask a cheaper model",
            purse.has()
        ),
    )
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
fn affordable_tokens(price: &TokenPrice, input: u64, usd: f64) -> Option<u64> {
    let rates = highest_rates(price, input);
    let left = usd * 1e6 - input as f64 * rates.input;
    if left < 0.0 {
        return None;
    }
    // What costs nothing is not bounded; the cast ends at the largest number.
    let tokens = match rates.output > 0.0 {
        true => (left / rates.output) as u64,
        false => u64::MAX,
    };
    (tokens >= MIN_OUTPUT_TOKENS.into()).then_some(tokens)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
