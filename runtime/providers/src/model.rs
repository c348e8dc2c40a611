//! One entry of a provider's model list, and a page of the list.
//!
//! Never here: choosing a model, or reading a list (the codecs).

use std::borrow::Cow;
use std::cmp::Reverse;

use serde_json::value::RawValue;

use crate::facts::{Efforts, Input, Inputs, Rates, Rules, Thinking, TokenPrice};
use crate::{Failure, ReasoningEffort, json};

/// One entry of a provider's model list. What the list does not have is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The id for requests (Gemini's without its `models/` prefix).
    pub id: String,
    /// A name for people.
    pub display_name: Option<String>,
    /// Creation time in seconds since 1970.
    pub created: Option<i64>,
    pub input_token_limit: Option<u64>,
    pub output_token_limit: Option<u64>,
    /// Whether it chats, if that is known.
    pub chat: Option<bool>,
    /// Its other capabilities.
    pub can: Abilities,
    /// Input modalities, in the provider's words.
    pub input_modalities: Vec<String>,
    pub output_modalities: Vec<String>,
    pub efforts: Vec<ReasoningEffort>,
    /// US dollars per token, as the provider writes them.
    pub price: Option<Price>,
    /// The day it is shut down.
    pub retires: Option<String>,
    /// The list says that it is shut down, or closed to new users.
    pub is_withdrawn: bool,
    /// When it thinks, where the list tells it.
    pub thinking: Option<Thinking>,
}

impl Model {
    /// What the list says that requests may have.
    pub fn rules(&self) -> Rules {
        let efforts = self.efforts.iter().copied().collect::<Efforts>();
        let inputs = |word: &String| Input::ALL.into_iter().find(|it| it.as_str() == word);
        let inputs: Inputs = self.input_modalities.iter().filter_map(inputs).collect();
        Rules {
            efforts: (!efforts.is_empty()).then_some(efforts),
            thinking: self.thinking,
            // Lists call a PDF a file, or do not name it.
            inputs: (inputs.has(Input::Image)).then_some(inputs.with(Input::Pdf)),
            tools: self.has(Capability::Tools),
            max_output: self
                .output_token_limit
                .and_then(|it| u32::try_from(it).ok()),
            ..Rules::default()
        }
    }

    /// All texts that come from the provider.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let price = self.price.iter_mut();
        let modalities = self.input_modalities.iter_mut();
        let modalities = modalities.chain(&mut self.output_modalities);
        let texts = [&mut self.id].into_iter().chain(&mut self.display_name);
        let texts = texts.chain(&mut self.retires).chain(modalities);
        let price = price.flat_map(|price| {
            let named = [&mut price.cached_input, &mut price.cache_write];
            let named = named.into_iter().flatten();
            [&mut price.input, &mut price.output]
                .into_iter()
                .chain(named)
        });
        texts.chain(price)
    }
}

impl Model {
    /// Whether it chats; where that is not known, whether its id may be that of such a model.
    pub fn may_chat(&self) -> bool {
        self.chat.unwrap_or_else(|| may_chat(&self.id))
    }

    /// Whether it has a capability; `None` if unknown.
    pub fn has(&self, capability: Capability) -> Option<bool> {
        match capability {
            Capability::Chat => Some(self.may_chat()),
            other => self.can.0[other as usize],
        }
    }
}

/// Whether an id has one of these words, in lower case, between its hyphens and the like.
pub(crate) fn has_word(id: &str, words: &[&str]) -> bool {
    let id = id.to_ascii_lowercase();
    id.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| words.contains(&word))
}

/// Whether a model of which only the id is known may be one for chats.
pub(crate) fn may_chat(id: &str) -> bool {
    !has_word(id, NOT_CHAT)
}

/// The newest of some models; of those without dates the first.
pub(crate) fn newest<'m>(models: impl Iterator<Item = &'m Model>) -> Option<&'m Model> {
    let models = models.enumerate();
    let newest = models.max_by_key(|(place, model)| (model.created, Reverse(*place)));
    newest.map(|(_, model)| model)
}

/// Words in the ids of models that do not chat.
const NOT_CHAT: &[&str] = &[
    "asr",
    "audio",
    "babbage",
    "banana",
    "bge",
    "computer",
    "dall",
    "davinci",
    "diffusion",
    "e5",
    "embed",
    "embedding",
    "embeddings",
    "flux",
    "guard",
    "image",
    "imagen",
    "imagine",
    "live",
    "lyria",
    "moderation",
    "ocr",
    "orpheus",
    "rank",
    "realtime",
    "rerank",
    "reranker",
    "research",
    "robotics",
    "safeguard",
    "sora",
    "speech",
    "stt",
    "transcribe",
    "transcription",
    "tts",
    "veo",
    "video",
    "voice",
    "whisper",
];

/// US dollars per token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    pub input: String,
    pub output: String,
    /// Input from a cache, and input written to one, if they are named.
    pub cached_input: Option<String>,
    pub cache_write: Option<String>,
}

impl Price {
    /// As the table has it; none if that is no price, as with models that stand for others.
    pub fn read(&self) -> Option<TokenPrice> {
        let usd = |text: &str| {
            let usd = text.parse::<f64>().ok()? * 1e6;
            (usd.is_finite() && usd >= 0.0).then_some(usd)
        };
        let part = |text: &Option<String>| text.as_deref().and_then(usd);
        Some(TokenPrice::new(Rates {
            input: usd(&self.input)?,
            cached_input: part(&self.cached_input),
            cache_write: part(&self.cache_write),
            output: usd(&self.output)?,
        }))
    }
}

/// What a model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    Chat,
    /// Takes images as input.
    Vision,
    Tools,
    Reasoning,
    Embeddings,
    /// Generates images.
    Images,
    /// Answers in JSON, with or without a schema.
    Json,
}

impl Capability {
    /// All of them.
    pub const ALL: [Capability; 7] = [
        Capability::Chat,
        Capability::Vision,
        Capability::Tools,
        Capability::Reasoning,
        Capability::Embeddings,
        Capability::Images,
        Capability::Json,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Capability::Chat => "chat",
            Capability::Vision => "vision",
            Capability::Tools => "tools",
            Capability::Reasoning => "reasoning",
            Capability::Embeddings => "embeddings",
            Capability::Images => "images",
            Capability::Json => "json",
        }
    }

    /// Case-insensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        Capability::ALL
            .into_iter()
            .find(|it| it.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

/// What is known about a model's capabilities other than chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities([Option<bool>; Capability::ALL.len()]);

impl Abilities {
    #[must_use]
    pub(super) fn with(mut self, capability: Capability, known: Option<bool>) -> Self {
        if known.is_some() {
            self.0[capability as usize] = known;
        }
        self
    }

    /// These, and where the others know more, that.
    #[must_use]
    pub(super) fn with_known(self, others: Abilities) -> Self {
        let all = Capability::ALL.into_iter();
        all.fold(self, |these, it| these.with(it, others.0[it as usize]))
    }
}

/// One page of a model list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelPage {
    pub models: Vec<Model>,
    /// The argument of [`Codec::models`](crate::Codec::models) for the next page, if there is one.
    pub next: Option<String>,
}

/// Upper bound on the models of a list; the rest of a longer one is not read.
pub const MOST_MODELS: usize = 10_000;

/// The entries of a model list as raw JSON: without implausibly long ones, and at most [`MOST_MODELS`].
pub(super) fn entries<'a>(all: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    all.filter(|entry| entry.len() <= LARGEST_ENTRY)
        .take(MOST_MODELS)
}

/// The array of a list of models in the form of Chat Completions: `data` of an object, and from some servers `models`, or the
/// body itself. None if a server without a model sends null.
///
/// # Errors
/// `Unavailable` if it has another shape.
pub(super) fn list(body: &str) -> Result<Option<&str>, Failure> {
    if body.trim_start().starts_with('[') {
        return Ok(Some(json::read::<&RawValue>(body)?.get()));
    }
    let [data, models] = json::members(body, &["data", "models"])?;
    Ok(data.or(models))
}

/// An entry of such a list as an object: some servers list only ids.
pub(super) fn object(entry: &str) -> Cow<'_, str> {
    match entry.starts_with('"') {
        true => Cow::Owned(format!("{{\"id\":{entry}}}")),
        false => Cow::Borrowed(entry),
    }
}

/// A longer entry, in bytes, is skipped.
const LARGEST_ENTRY: usize = 64 << 10;

/// Whether a text is short enough for a word, a price or a date.
pub(super) fn is_short(text: &&str) -> bool {
    text.len() <= 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_go_by_their_words() {
        for capability in Capability::ALL {
            let word = format!(" {} ", capability.as_str().to_uppercase());
            assert_eq!(Capability::from_name(&word), Some(capability));
        }
        assert_eq!(Capability::from_name("video"), None);
    }
}
