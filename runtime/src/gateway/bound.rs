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
    provider::{ChatRequest, Class, Failure, Format, Media, Part, Source, base64},
    settings::{Kind, Price, Settings},
};

/// What came of keeping a request within its bounds.
#[derive(Debug, Default)]
pub struct Kept {
    /// What was lowered.
    pub said: Vec<String>,
    /// The US dollars that it costs at most; only known where a purse pays.
    pub most: Option<f64>,
    /// The estimate of its input tokens; 0 where nobody pays.
    pub input: u64,
}

/// Characters of ASCII that make a token, about.
pub(super) const ASCII_PER_TOKEN: u64 = 4;

/// An answer of fewer tokens is no answer, and OpenAI takes no smaller limit.
const LEAST: u32 = 16;

/// No model answers at such length, so that a limit above it would only be refused.
const MOST: u32 = 128_000;

/// What an image costs about as much as; the providers count between 85 and a few thousand.
const IMAGE: u64 = 2_000;

/// From so many tokens of input on, providers may write it to a cache, for more than other input.
const CACHED_FROM: u64 = 1_024;

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

    /// The bytes behind Base64, and whether they are text.
    fn add_bytes(&mut self, data: &str) -> bool {
        // Bytes that the character at hand still needs.
        let mut behind = 0;
        let mut is_text = |byte| {
            match byte {
                0x80..=0xbf if behind > 0 => behind -= 1,
                _ if behind > 0 => return false,
                0x01..=0x7f => self.ascii += 1,
                0xc2..=0xf4 => {
                    self.others += 1;
                    behind = 1 + u8::from(byte >= 0xe0) + u8::from(byte >= 0xf0);
                }
                _ => return false,
            }
            true
        };
        let is_text = base64::decode(data, |bytes| bytes.iter().all(|byte| is_text(*byte)));
        is_text && behind == 0
    }

    fn add_json(&mut self, value: &impl serde::Serialize) {
        // What cannot be written is not sent.
        self.add(&serde_json::to_string(value).unwrap_or_default());
    }
}

/// The input tokens of a request, about. A file that is no text or that the provider is to fetch is not counted as it
/// should be; see [`keep`].
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
    let tokens = all.ascii.div_ceil(ASCII_PER_TOKEN) + all.others;
    // However short a message is, it is one token at least.
    tokens.max(request.messages.len() as u64)
}

/// What a request holds that nobody here can count, and what to do about it, in words.
fn uncounted(request: &ChatRequest, kind: Kind) -> Option<(String, &'static str)> {
    let mut messages = request.messages.iter();
    messages.find_map(|message| {
        if let Some(what) = message.media().find_map(|media| of_media(media, kind)) {
            return Some(what);
        }
        let state = message.state.as_ref()?;
        let is_uncounted = state.items.iter().any(is_uncounted);
        is_uncounted.then_some((
            "a file in provider_state".to_owned(),
            "leave provider_state out",
        ))
    })
}

fn of_media(media: &Media, kind: Kind) -> Option<(String, &'static str)> {
    match &media.source {
        // Gemini takes a film for a picture if nobody says what is there.
        Source::Url(_)
            if media.is_image && (kind != Kind::Google || is_image(&media.mime_type)) =>
        {
            None
        }
        Source::Url(_) => Some((
            "a file at an address".to_owned(),
            "give its content as data, or what it says as text",
        )),
        // Whatever it is called.
        Source::Data(data) if media.is_image && !data.starts_with(PDF) => None,
        // However few bytes it has: it may be packed.
        Source::Data(data) if !is_text(&media.mime_type, data) => Some((
            format!("a file that is no text ({})", media.mime_type),
            "send what it says as text",
        )),
        Source::Data(_) => None,
    }
}

fn is_image(mime_type: &str) -> bool {
    mime_type.starts_with("image/")
}

/// `%PDF`, in Base64.
const PDF: &str = "JVBERi";

/// Whether a file is text, which has no more tokens than characters. PDF may be written in letters alone.
fn is_text(mime_type: &str, data: &str) -> bool {
    let is_other = ["application/pdf", "audio/", "video/"]
        .iter()
        .any(|other| mime_type.starts_with(other));
    !is_other && !data.starts_with(PDF) && Counted::default().add_bytes(data)
}

/// Whether a piece in a provider's words names something that it is to fetch, or holds a file that is no image.
fn is_uncounted(piece: &Value) -> bool {
    match piece {
        Value::Array(items) => items.iter().any(is_uncounted),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_file = match name.as_str() {
                "source" => match value["type"].as_str() {
                    Some("url" | "file") => true,
                    Some("base64") => !value["media_type"].as_str().is_some_and(is_image),
                    _ => false,
                },
                "inlineData" | "inline_data" => {
                    let told = value.get("mimeType").or(value.get("mime_type"));
                    !told.and_then(Value::as_str).is_some_and(is_image)
                }
                // What a model wants of a tool has whatever names the tool wants.
                "args" | "input" => return false,
                name => FILES.contains(&name) && !value.is_null(),
            };
            is_file || is_uncounted(value)
        }),
        _ => false,
    }
}

/// What the formats call an address, or a file that is given or that the provider has.
const FILES: [&str; 9] = [
    "file_url",
    "file_id",
    "image_url",
    "fileData",
    "file_data",
    "fileUri",
    "file_uri",
    "input_audio",
    "video_url",
];

/// The prices for so much input, which may be written to a cache.
fn dearest(price: &Price, input: u64) -> Price {
    let mut rates = rates(price, input);
    if input >= CACHED_FROM {
        rates.input = rates.input.max(rates.cache_write.unwrap_or_default());
    }
    rates
}

/// What so much input with an answer of so many tokens costs at most.
pub fn estimated_cost(price: &Price, input: u64, output: u32) -> f64 {
    let rates = dearest(price, input);
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
    let wanted = request.max_tokens;
    let mut kept = keep_limit(settings, provider, request, purse)?;
    if let Some(codec) = settings.providers[provider].kind.codec() {
        let is_lowered = request.max_tokens != wanted;
        kept.said
            .extend(codec.think_within_limit(request, is_lowered));
    }
    Ok(kept)
}

/// Sets the token limit.
fn keep_limit(
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
        return Ok(Kept {
            said,
            ..Kept::default()
        });
    };
    let known = price::known(settings, provider, &request.model);
    if known.is_none() && codec.is_none() {
        // An echo costs nothing.
        return Ok(Kept {
            said,
            most: Some(0.0),
            input: 0,
        });
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
    if let Some((what, advice)) = uncounted(request, settings.providers[provider].kind) {
        return Err(Failure::new(
            Class::InvalidRequest,
            format!(
                "{} bounds the cost, and that of {what} cannot be known before: {advice}",
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
    Ok(Kept { said, most, input })
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
    let rates = dearest(price, input);
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
    fn what_is_no_text_or_is_fetched_cannot_be_counted() {
        let of = |message: Message| ChatRequest {
            messages: vec![message].into(),
            ..ChatRequest::default()
        };
        let is_refused = |message: Message, kind| uncounted(&of(message), kind).is_some();
        let media = |mime: &str, is_image, source| Message {
            content: vec![Part::Media(Media {
                source,
                mime_type: mime.into(),
                is_image,
                name: None,
            })],
            ..Message::text(Role::User, "")
        };
        let url = || Source::Url("https://x/y".into());
        for kind in [Kind::OpenAi, Kind::Anthropic, Kind::Google] {
            for mime in ["", "text/plain", "application/pdf"] {
                assert!(is_refused(media(mime, false, url()), kind), "{mime}");
            }
            assert!(!is_refused(media("image/png", true, url()), kind));
            let data = |data: &str| media("image/png", true, Source::Data(data.into()));
            assert!(!is_refused(data("iVBORw0KGgo="), kind));
            assert!(is_refused(data("JVBERi0xLjQK"), kind));
            // Gemini would take a film.
            let is_google = kind == Kind::Google;
            assert_eq!(is_refused(media("", true, url()), kind), is_google);
        }
        for (mime, data, expected) in [
            ("text/plain", "eA==", false),
            ("text/plain", "", false),
            // {"ß":"日🦀"}, and a file whose type says nothing.
            ("application/json", "eyLDnyI6IuaXpfCfpoAifQ==", false),
            ("application/octet-stream", "Zm4gbWFpbigpIHt9", false),
            ("application/pdf", "eA==", true),
            ("application/pdf; version=1.7", "eA==", true),
            // %PDF-1.4 by another name.
            ("text/plain", "JVBERi0xLjQK", true),
            ("audio/wav", "eA==", true),
            ("video/mp4", "eA==", true),
            // What is packed, half a character, bytes behind none, UTF-16, and a character in too many bytes.
            ("text/plain", "UEsDBAoAAAA=", true),
            ("text/plain", "eMM=", true),
            ("text/plain", "eL8=", true),
            ("text/plain", "//5oAGkA", true),
            ("text/plain", "wK8=", true),
        ] {
            let data = Source::Data(data.into());
            let refused = is_refused(media(mime, false, data.clone()), Kind::OpenAi);
            assert_eq!(refused, expected, "{mime} {data:?}");
        }
        let state = |piece: &str| {
            let items = vec![serde_json::from_str(piece).unwrap_or_default()];
            let message = Message {
                state: Some(State {
                    provider: "p".into(),
                    model: "m".into(),
                    items,
                }),
                ..Message::text(Role::Assistant, "")
            };
            is_refused(message, Kind::Google)
        };
        for piece in [
            r#"{"parts":[{"fileData":{"fileUri":"https://x/y"}}]}"#,
            r#"{"parts":[{"inlineData":{"mimeType":"application/pdf","data":"eA=="}}]}"#,
            r#"{"inline_data":{"data":"eA=="}}"#,
            r#"{"type":"message","content":[{"type":"input_file","file_url":"https://x"}]}"#,
            r#"{"content":[{"type":"input_file","file_id":"file-1"}]}"#,
            r#"{"content":[{"type":"input_image","image_url":"https://x"}]}"#,
            r#"{"content":[{"type":"input_audio","input_audio":{"data":"eA==","format":"wav"}}]}"#,
            r#"{"type":"document","source":{"type":"url","url":"https://x"}}"#,
            r#"{"type":"document","source":{"type":"file","file_id":"f"}}"#,
            r#"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"eA=="}}"#,
        ] {
            assert!(state(piece), "{piece}");
        }
        for piece in [
            r#"{"type":"reasoning","encrypted_content":"abc","summary":[]}"#,
            r#"{"content":[{"annotations":[{"type":"url_citation","url":"https://x"}]}]}"#,
            r#"{"type":"thinking","thinking":"t","signature":"s","image_url":null}"#,
            r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"eA=="}}"#,
            r#"{"inlineData":{"mimeType":"image/png","data":"eA=="}}"#,
            r#"{"functionCall":{"name":"f","args":{"file_id":"x","source":{"type":"url"}}}}"#,
            r#"{"type":"tool_use","name":"f","input":{"image_url":"x"}}"#,
        ] {
            assert!(!state(piece), "{piece}");
        }
    }

    #[test]
    fn long_input_costs_as_much_as_writing_it_to_a_cache() {
        let price = Price {
            input: 1.0,
            output: 2.0,
            cached_input: None,
            cache_write: Some(1.25),
            long_from: Some(2_000),
        };
        let cost = |input| estimated_cost(&price, input, 0);
        assert_eq!([1_023, 1_024, 4_000].map(cost), [0.001_023, 0.001_28, 0.01]);
        // It is what is paid, then.
        assert_eq!(bought(&price, 1_024, 0.001_312), Some(16));
        let cheaper = Price {
            cache_write: Some(0.5),
            ..price
        };
        assert_eq!(estimated_cost(&cheaper, 1_024, 0), 0.001_024);
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
            // 57 letters and an ß.
            .push(media(
                false,
                Source::Data(format!("{}eMOf", "eHh4".repeat(18))),
            ));
        message
            .content
            .push(media(false, Source::Url("y".repeat(80))));
        assert_eq!(tokens(&of(&message)), 2_025);
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
        assert_eq!(tokens(&with_tool), 2_028);
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
