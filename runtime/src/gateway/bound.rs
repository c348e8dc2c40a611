//! Keeping a request within the operator's limit on tokens and within what is left in the call's purse.
//!
//! What a request will cost is an estimate: four characters of ASCII are taken for a token, as is each other
//! character, and the answer for as long as it may get. What cannot be counted is refused.
//!
//! Never here: what an answer has cost.

use serde_json::Value;

use super::{
    Plan, fit,
    price::{self, dollars, rates},
    purse::Purse,
    resolve::Target,
};
use crate::{
    provider::{ChatRequest, Class, Failure, Format, Part, Source},
    settings::{Price, Settings},
};

/// What came of keeping a request within its bounds.
#[derive(Debug, Default)]
pub struct Kept {
    /// What was lowered.
    pub said: Vec<String>,
    /// The US dollars that it costs at most; only known where a purse pays.
    pub most: Option<f64>,
}

/// Characters of ASCII that make a token, about.
const ASCII_PER_TOKEN: u64 = 4;

/// An answer of fewer tokens is no answer, and OpenAI takes no smaller limit.
const LEAST: u32 = 16;

/// No model answers at such length, so that a limit above it would only be refused.
const MOST: u32 = 128_000;

/// What an image costs about as much as; the providers count between 85 and a few thousand.
const IMAGE: u64 = 2_000;

/// Text as it is counted.
#[derive(Default)]
struct Counted {
    ascii: u64,
    /// Tokens of all else.
    others: u64,
}

impl Counted {
    fn add(&mut self, text: &str) {
        let ascii = text.bytes().filter(u8::is_ascii).count();
        self.ascii += ascii as u64;
        // The first bytes of what is longer.
        let others = text.bytes().filter(|byte| *byte >= 0xc0).count();
        self.others += others as u64;
    }

    fn add_json(&mut self, value: &impl serde::Serialize) {
        // What cannot be written is not sent.
        self.add(&serde_json::to_string(value).unwrap_or_default());
    }
}

/// The input tokens of a request, about. A file that the provider is to fetch is not counted; see [`keep`].
pub fn estimated_tokens(request: &ChatRequest) -> u64 {
    let mut all = Counted::default();
    for message in request.messages.iter() {
        // It goes back in place of the rest.
        if let Some(state) = &message.state {
            all.add_json(&state.items);
            continue;
        }
        for part in &message.content {
            match part {
                Part::Text(text) => all.add(text),
                Part::Media(media) if media.is_image => all.others += IMAGE,
                Part::Media(media) => match &media.source {
                    Source::Data(data) => all.add(data),
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
    let tokens = all.ascii.div_ceil(ASCII_PER_TOKEN) + all.others;
    // However short a message is, it is one token at least.
    tokens.max(request.messages.len() as u64)
}

/// What a request holds that nobody here can count, in words.
fn uncounted(request: &ChatRequest) -> Option<&'static str> {
    let mut messages = request.messages.iter();
    messages.find_map(|message| {
        let mut media = message.media();
        if media.any(|it| !it.is_image && matches!(it.source, Source::Url(_))) {
            return Some("a file at an address");
        }
        let state = message.state.as_ref()?;
        let is_fetched = state.items.iter().any(is_fetched);
        is_fetched.then_some("what provider_state lets the provider fetch")
    })
}

/// Whether a piece in a provider's words names something that it is to fetch.
fn is_fetched(piece: &Value) -> bool {
    match piece {
        Value::Array(items) => items.iter().any(is_fetched),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let source = |value: &Value| matches!(value["type"].as_str(), Some("url" | "file"));
            FETCHED.contains(&name.as_str()) && !value.is_null()
                || name == "source" && source(value)
                || is_fetched(value)
        }),
        _ => false,
    }
}

/// What the formats call an address, or a file that the provider has.
const FETCHED: [&str; 6] = [
    "file_url",
    "file_id",
    "image_url",
    "fileData",
    "file_data",
    "fileUri",
];

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
    let purse = plan.purse.as_ref();
    keep(settings, target.provider, &mut request, purse).err()
}

/// Keeps a request that suits its model within all bounds.
///
/// # Errors
/// The money is not enough, or nobody knows what it costs.
pub fn keep(
    settings: &Settings,
    provider: usize,
    request: &mut ChatRequest,
    purse: Option<&Purse>,
) -> Result<Kept, Failure> {
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
    let Some(purse) = purse else {
        return Ok(Kept { said, most: None });
    };
    let known = price::known(settings, provider, &request.model);
    if known.is_none() && codec.is_none() {
        // An echo costs nothing.
        let most = Some(0.0);
        return Ok(Kept { said, most });
    }
    let name = format!("{}/{}", settings.providers[provider].id, request.model);
    let Some((price, _)) = known else {
        return Err(Failure::new(
            Class::Config,
            format!(
                "{} needs a price, and that of this model is not known: give it in the configuration file, \
                 models: {{{name}: {{price: {{input: DOLLARS, output: DOLLARS}}}}}}, in US dollars per million \
                 tokens",
                purse.place()
            ),
        ));
    };
    if let Some(what) = uncounted(request) {
        return Err(Failure::new(
            Class::InvalidRequest,
            format!(
                "{} bounds the cost, and that of {what} cannot be known before: give its content as data",
                purse.place()
            ),
        ));
    }
    let input = estimated_tokens(request);
    let Some(bought) = bought(&price, input, purse.left()) else {
        let least = estimated_cost(&price, input, LEAST);
        return Err(Failure::new(
            Class::InvalidRequest,
            format!(
                "about {input} tokens of input and {LEAST} of output cost about ${least}, but {}: send less text, \
                 allow more, or ask a cheaper model",
                purse.has()
            ),
        ));
    };
    match request.max_tokens {
        Some(given) if u64::from(given) > bought => {
            let most = u32::try_from(bought).unwrap_or(u32::MAX);
            request.max_tokens = Some(most);
            said.push(lowered(given, most, purse.place()));
        }
        None if bought < usual.unwrap_or(MOST).into() => {
            let most = u32::try_from(bought).unwrap_or(u32::MAX);
            request.max_tokens = Some(most);
            said.push(format!("max_tokens is {most}, which is what {purse} buys"));
        }
        _ => {}
    }
    // OpenAI takes no smaller limit.
    let output = request.max_tokens.or(usual).unwrap_or(MOST).max(LEAST);
    let most = Some(estimated_cost(&price, input, output));
    Ok(Kept { said, most })
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
    fn beyond_ascii_each_character_is_a_token_and_each_message_one_at_least() {
        let tokens = |texts: &[&str]| {
            let messages = texts.iter().map(|text| Message::text(Role::User, *text));
            estimated_tokens(&ChatRequest {
                messages: messages.collect::<Vec<_>>().into(),
                ..ChatRequest::default()
            })
        };
        for (texts, expected) in [
            (&["hi"][..], 1),
            (&["12345"], 2),
            (&["ßßßß"], 4),
            (&["日本語"], 3),
            (&["🦀"], 1),
            (&["abcdß"], 2),
            (&["", "", "a"], 3),
        ] {
            assert_eq!(tokens(texts), expected, "{texts:?}");
        }
    }

    #[test]
    fn the_schema_of_the_answer_is_input_too() {
        let of = |format| ChatRequest {
            format: Some(std::sync::Arc::new(format)),
            ..ChatRequest::default()
        };
        assert_eq!(estimated_tokens(&of(Format::Json)), 0);
        let schema = serde_json::Map::from_iter([("d".into(), "ß".repeat(100).into())]);
        let format = Format::Schema {
            name: "answ".into(),
            schema,
            strict: None,
        };
        // {"d":""} and the name.
        assert_eq!(estimated_tokens(&of(format)), 103);
    }

    #[test]
    fn what_the_provider_is_to_fetch_cannot_be_counted() {
        let of = |message: Message| ChatRequest {
            messages: vec![message].into(),
            ..ChatRequest::default()
        };
        let media = |is_image, source| Message {
            content: vec![Part::Media(Media {
                source,
                mime_type: "a/b".into(),
                is_image,
                name: None,
            })],
            ..Message::text(Role::User, "")
        };
        let url = || Source::Url("https://x/y".into());
        assert_eq!(
            uncounted(&of(media(false, url()))),
            Some("a file at an address")
        );
        assert_eq!(uncounted(&of(media(true, url()))), None);
        let data = Source::Data("eA==".into());
        assert_eq!(uncounted(&of(media(false, data))), None);
        let state = |piece: &str| {
            let items = vec![serde_json::from_str(piece).unwrap_or_default()];
            uncounted(&of(Message {
                state: Some(State {
                    provider: "p".into(),
                    model: "m".into(),
                    items,
                }),
                ..Message::text(Role::Assistant, "")
            }))
        };
        for piece in [
            r#"{"parts":[{"fileData":{"fileUri":"https://x/y"}}]}"#,
            r#"{"type":"message","content":[{"type":"input_file","file_url":"https://x"}]}"#,
            r#"{"content":[{"type":"input_file","file_id":"file-1"}]}"#,
            r#"{"content":[{"type":"input_image","image_url":"https://x"}]}"#,
            r#"{"type":"document","source":{"type":"url","url":"https://x"}}"#,
            r#"{"type":"document","source":{"type":"file","file_id":"f"}}"#,
        ] {
            assert!(state(piece).is_some(), "{piece}");
        }
        for piece in [
            r#"{"type":"reasoning","encrypted_content":"abc","summary":[]}"#,
            r#"{"content":[{"annotations":[{"type":"url_citation","url":"https://x"}]}]}"#,
            r#"{"type":"thinking","thinking":"t","signature":"s","image_url":null}"#,
        ] {
            assert_eq!(state(piece), None, "{piece}");
        }
    }

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
