//! One entry of a provider's model list, and a page of the list.
//!
//! Never here: choosing a model, or how a list is asked for and read (the codecs).

use crate::Effort;

/// One entry of a provider's model list. What the list does not say stays absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The id to ask for (Gemini's without its `models/` prefix).
    pub id: String,
    /// A name for people.
    pub display_name: Option<String>,
    /// When it was made, in seconds since 1970.
    pub created: Option<i64>,
    /// Most input tokens.
    pub input_token_limit: Option<u64>,
    /// Most output tokens.
    pub output_token_limit: Option<u64>,
    /// Whether it answers chats, as far as the list or the id tells.
    pub chat: bool,
    /// What else it can do.
    pub can: Abilities,
    /// What it reads, in the provider's words.
    pub input_modalities: Vec<String>,
    /// What it writes, likewise.
    pub output_modalities: Vec<String>,
    /// The efforts that may be asked for.
    pub efforts: Vec<Effort>,
    /// US dollars for one token of input and of output, as the provider writes them.
    pub price: Option<Price>,
    /// The day on which it is taken away.
    pub retires: Option<String>,
}

impl Model {
    /// All that a provider has written itself.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let price = self.price.iter_mut();
        let modalities = self.input_modalities.iter_mut();
        let modalities = modalities.chain(&mut self.output_modalities);
        let texts = [&mut self.id].into_iter().chain(&mut self.display_name);
        let texts = texts.chain(&mut self.retires).chain(modalities);
        texts.chain(price.flat_map(|price| [&mut price.input, &mut price.output]))
    }
}

impl Model {
    /// Whether it has a capability; `None` if unknown.
    pub fn has(&self, capability: Capability) -> Option<bool> {
        match capability {
            Capability::Chat => Some(self.chat),
            other => self.can.0[other as usize],
        }
    }
}

/// US dollars per token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// For a token that is read.
    pub input: String,
    /// For a token that is written.
    pub output: String,
}

/// What a model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names say it.
pub enum Capability {
    /// Answer in a conversation.
    Chat,
    /// Look at pictures.
    Vision,
    /// Call tools.
    Tools,
    /// Think before it answers.
    Reasoning,
    /// Turn texts into vectors.
    Embeddings,
    /// Draw pictures.
    Images,
    /// Answer in JSON, by a schema or without one.
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

    /// The word for it in arguments and results.
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

    /// By that word, in whatever case it is written.
    pub fn from_name(name: &str) -> Option<Self> {
        Capability::ALL
            .into_iter()
            .find(|it| it.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

/// What is known of a model's capabilities beside chats; the rest may or may not be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities([Option<bool>; Capability::ALL.len()]);

impl Abilities {
    /// Notes what is known of one of them, unless that is nothing.
    #[must_use]
    pub(super) fn with(mut self, capability: Capability, known: Option<bool>) -> Self {
        if known.is_some() {
            self.0[capability as usize] = known;
        }
        self
    }

    /// Notes several that are there.
    #[must_use]
    pub(super) fn with_all(self, there: &[Capability]) -> Self {
        there
            .iter()
            .fold(self, |all, &capability| all.with(capability, Some(true)))
    }
}

/// One page of a model list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelPage {
    /// The entries of this page.
    pub models: Vec<Model>,
    /// What to hand to [`Codec::models`] for the next page, if there is one.
    pub next: Option<String>,
}

/// More models than any provider has; the rest of a longer list is not read.
pub const MOST_MODELS: usize = 10_000;

/// The entries of a model list, as they stand in it: without those that are too long to be one, and at most
/// [`MOST_MODELS`].
pub(super) fn entries<'a>(all: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    all.filter(|entry| entry.len() <= LARGEST_ENTRY)
        .take(MOST_MODELS)
}

/// A longer entry, in bytes, is skipped.
const LARGEST_ENTRY: usize = 64 << 10;

/// Whether it can be a word, a price or a day.
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
