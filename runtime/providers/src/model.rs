//! One entry of a provider's model list: what the list itself says of the model, and what its kind tells.
//!
//! Never here: choosing a model, or how a list is asked for (the codecs).

use serde_json::Value;

use super::Effort;

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

impl Model {
    /// Whether it has a capability; `None` if nobody says.
    pub fn has(&self, capability: Capability) -> Option<bool> {
        match capability {
            Capability::Chat => Some(self.chat),
            other => self.can.0[other as usize],
        }
    }
}

/// What Anthropic's `capabilities` say: of each, whether it is `supported`.
pub(super) fn claude(model: &mut Model, told: &Value) {
    let known = |name: &str| told[name]["supported"].as_bool();
    model.can = Abilities::default()
        .with(Capability::Vision, known("image_input"))
        .with(Capability::Reasoning, known("thinking"))
        .with(Capability::Json, known("structured_outputs"))
        // The service has nothing else, and all its models take tools.
        .with(Capability::Embeddings, Some(false))
        .with(Capability::Images, Some(false))
        .with(
            Capability::Tools,
            model.id.starts_with("claude-").then_some(true),
        );
    let has = |effort: &Effort| told["effort"][effort.as_str()]["supported"] == true;
    model.efforts = Effort::ALL.into_iter().filter(has).collect();
}

/// What Google's methods say, and `thinking`.
pub(super) fn gemini(model: &mut Model, embeds: bool, thinks: Option<bool>, is_ordinary: bool) {
    let draws = model.chat && model.id.split('-').any(|word| word == "image");
    model.can = Abilities::default()
        .with(Capability::Embeddings, Some(embeds))
        .with(Capability::Images, Some(draws))
        .with(Capability::Reasoning, thinks);
    if is_ordinary && model.id.starts_with("gemini-") {
        let all = [Capability::Vision, Capability::Tools, Capability::Json];
        model.can = model.can.with_all(&all);
    }
}

/// What the name of one of OpenAI's models tells: its list says nothing. `efforts` are those of a family
/// that is known.
pub(super) fn gpt(model: &mut Model, efforts: Option<&[Effort]>) {
    let id = model.id.strip_prefix("ft:").unwrap_or(&model.id);
    let draws = ["gpt-image", "chatgpt-image", "dall-e"];
    model.can = Abilities::default()
        .with(
            Capability::Embeddings,
            Some(id.starts_with("text-embedding")),
        )
        .with(
            Capability::Images,
            Some(draws.iter().any(|kind| id.starts_with(kind))),
        );
    if let Some(efforts) = efforts.filter(|_| model.chat) {
        model.can = model
            .can
            .with(Capability::Reasoning, Some(!efforts.is_empty()));
        model.efforts = efforts.to_vec();
    }
    let sees_and_calls = ["gpt-4.1", "gpt-4o", "gpt-5", "gpt-6", "o3", "o4"];
    let blind = ["o3-mini", "gpt-4o-search"];
    if model.chat
        && sees_and_calls.iter().any(|kind| id.starts_with(kind))
        && !blind.iter().any(|kind| id.starts_with(kind))
    {
        let all = [Capability::Vision, Capability::Tools, Capability::Json];
        model.can = model.can.with_all(&all);
    }
}

/// What the lists of services with Chat Completions say, each in its own way: OpenRouter's `architecture`,
/// `supported_parameters`, `reasoning` and `pricing`, Mistral's `capabilities`, Fireworks' `supports_…`, a
/// `type`; the name where it is a plain one.
pub(super) fn compatible(model: &mut Model, entry: &Value) {
    let words = |value: &Value| -> Vec<String> {
        let words = value.as_array().into_iter().flatten();
        let words = words.filter_map(Value::as_str).filter(is_short);
        words.take(MOST_WORDS).map(str::to_owned).collect()
    };
    let architecture = &entry["architecture"];
    model.input_modalities = words(&architecture["input_modalities"]);
    model.output_modalities = words(&architecture["output_modalities"]);
    let among = |list: &[String], wanted: &[&str]| {
        let has = list.iter().any(|word| wanted.contains(&word.as_str()));
        (!list.is_empty()).then_some(has)
    };
    let parameters = words(&entry["supported_parameters"]);
    let mistral = |name: &str| entry["capabilities"][name].as_bool();
    let kind = entry["type"].as_str();
    let is_kind = |wanted: &[&str]| kind.map(|kind| wanted.contains(&kind));
    let id = model.id.to_ascii_lowercase();
    let embeds = id.contains("embed").then_some(true);
    model.can = Abilities::default()
        .with(
            Capability::Vision,
            among(&model.input_modalities, &["image"])
                .or(mistral("vision"))
                .or(entry["supports_image_input"].as_bool()),
        )
        .with(
            Capability::Images,
            among(&model.output_modalities, &["image"]).or(is_kind(&["image"])),
        )
        .with(
            Capability::Embeddings,
            among(&model.output_modalities, &["embeddings"])
                .or(is_kind(&["embedding", "embeddings"]))
                .or(embeds),
        )
        .with(
            Capability::Tools,
            among(&parameters, &["tools"])
                .or(mistral("function_calling"))
                .or(entry["supports_tools"].as_bool()),
        )
        .with(
            Capability::Reasoning,
            (entry["reasoning"].is_object().then_some(true))
                .or(among(&parameters, &["reasoning", "include_reasoning"]))
                .or(mistral("reasoning")),
        )
        .with(
            Capability::Json,
            among(&parameters, &["response_format", "structured_outputs"]),
        );
    let efforts = words(&entry["reasoning"]["supported_efforts"]);
    model.efforts = Effort::ALL
        .into_iter()
        .filter(|effort| efforts.iter().any(|word| word == effort.as_str()))
        .collect();
    // Numbers are in other units, which the lists do not name.
    let price = |name: &str| {
        let price = entry["pricing"][name].as_str().filter(is_short);
        price.map(str::to_owned)
    };
    model.price = price("prompt")
        .zip(price("completion"))
        .map(|(input, output)| Price { input, output });
    model.retires = retires(entry);
}

/// The day on which a model is taken away, as OpenRouter, OpenAI and Mistral say it.
pub(super) fn retires(entry: &Value) -> Option<String> {
    let day = ["expiration_date", "shutdown_date", "deprecation"]
        .into_iter()
        .find_map(|name| entry[name].as_str());
    day.filter(|day| !day.is_empty() && is_short(day))
        .map(str::to_owned)
}

/// Whether it can be a word, a price or a day.
fn is_short(text: &&str) -> bool {
    text.len() <= 64
}

/// No model has more kinds of input, parameters or efforts.
const MOST_WORDS: usize = 64;

#[cfg(test)]
mod tests;
