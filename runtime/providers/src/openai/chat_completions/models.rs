//! The lists of models of services with Chat Completions.
//!
//! Never here: chats.

use serde_json::Value;

use super::stream::side_field;
use super::{ChatCompletions, Newest};
use crate::json;
use crate::model::{self, has_word, is_short};
use crate::openai::Responses;
use crate::{Abilities, Capability, Codec, Failure, Model, ModelPage, Price, ReasoningEffort};

impl ChatCompletions {
    pub(super) fn read_models(&self, body: &[u8]) -> Result<ModelPage, Failure> {
        if self.newest == Newest::OpenAi {
            return Responses.models_page(body);
        }
        let body = String::from_utf8_lossy(body);
        let entries = model::list(&body)?.map(json::elements).transpose()?;
        let entries = model::entries(entries.into_iter().flatten());
        Ok(ModelPage {
            models: entries.filter_map(read_model).collect(),
            next: None,
        })
    }

    pub(super) fn newest<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        let usual = match self.newest {
            Newest::OpenAi => "",
            Newest::Unknown => return None,
            Newest::ByDate(usual) => usual,
        };
        if let Some(model) = models.iter().find(|model| model.id == usual) {
            return Some(model);
        }
        let chats = || models.iter().filter(|model| model.may_chat());
        let ordinary = chats().filter(|model| is_ordinary(&model.id));
        model::newest(ordinary).or_else(|| model::newest(chats()))
    }
}

fn read_model(entry: &str) -> Option<Model> {
    let entry = side_field(Some(&model::object(entry)));
    let text = |name: &str| entry[name].as_str().filter(|text| !text.is_empty());
    let number = |name: &str| entry[name].as_u64();
    // Ollama's own list has no `id`.
    let id = text("id").or(text("model"))?;
    let modalities = entry["architecture"]["output_modalities"].as_array();
    let speaks = modalities.is_none_or(|list| list.iter().any(|word| word == "text"));
    let capability = entry["capabilities"]["completion_chat"].as_bool();
    let is_other = text("type").is_some_and(|kind| OTHER_TYPES.contains(&kind));
    let name = text("display_name").or(text("name"));
    let mut model = Model {
        chat: capability.or((!speaks || is_other).then_some(false)),
        display_name: name.filter(|name| *name != id).map(str::to_owned),
        id: id.to_owned(),
        created: entry["created"].as_i64(),
        // The names of OpenRouter, vLLM, Groq and Mistral.
        input_token_limit: number("context_length")
            .or(number("max_model_len"))
            .or(number("context_window"))
            .or(number("max_context_length")),
        output_token_limit: number("max_completion_tokens")
            .or(entry["top_provider"]["max_completion_tokens"].as_u64()),
        ..Model::default()
    };
    set_abilities(&mut model, &entry);
    Some(model)
}

/// Whether a model is a plausible default: not a special size, price class or variant.
fn is_ordinary(id: &str) -> bool {
    let variant = [":free", ":nitro", ":floor", ":online", ":extended"];
    !variant.iter().any(|end| id.ends_with(end)) && !has_word(id, SPECIAL)
}

/// Values of `type` for models that do not chat.
const OTHER_TYPES: &[&str] = &[
    "embedding",
    "embeddings",
    "image",
    "audio",
    "rerank",
    "moderation",
    "transcribe",
    "video",
];

/// Words in the ids of models that are no plausible default.
const SPECIAL: &[&str] = &["pro", "preview", "beta", "codex", "vision", "vl", "base"];

/// Reads capabilities from the members that services have for them: OpenRouter's `architecture`, `supported_parameters`,
/// `reasoning` and `pricing`, Mistral's `capabilities`, Fireworks' `supports_…`, `type`; else from words in the id.
fn set_abilities(model: &mut Model, entry: &Value) {
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
    model.efforts = ReasoningEffort::ALL
        .into_iter()
        .filter(|effort| efforts.iter().any(|word| word == effort.as_str()))
        .collect();
    model.price = price(entry);
    model.retires = retires(entry);
}

fn words(list: &Value) -> Vec<String> {
    let words = list.as_array().into_iter().flatten();
    let words = words.filter_map(Value::as_str).filter(is_short);
    words.take(MOST_WORDS).map(str::to_owned).collect()
}

/// Only prices that are strings: numbers are in other units, which the lists do not name.
fn price(entry: &Value) -> Option<Price> {
    let price = |name: &str| {
        let price = entry["pricing"][name].as_str().filter(is_short);
        price.map(str::to_owned)
    };
    let (input, output) = price("prompt").zip(price("completion"))?;
    Some(Price {
        input,
        output,
        cached_input: price("input_cache_read"),
        cache_write: price("input_cache_write"),
    })
}

/// The day a model is shut down, as OpenRouter, OpenAI and Mistral report it.
fn retires(entry: &Value) -> Option<String> {
    let day = ["expiration_date", "shutdown_date", "deprecation"]
        .into_iter()
        .find_map(|name| entry[name].as_str());
    day.filter(|day| !day.is_empty() && is_short(day))
        .map(str::to_owned)
}

/// Upper bound on modalities, parameters or efforts of a model.
const MOST_WORDS: usize = 64;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
