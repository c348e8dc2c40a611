//! The prompts: texts that make the client's model use the tools well. Arguments are free text: an unknown name is
//! mentioned in the prompt, never refused.
//!
//! Never here: what a tool does.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write as _};

use anygpt_core::{Given, Prompt, PromptArgument, PromptText};

use crate::{
    docs,
    gateway::{mock, resolve::Tagged},
    redact::redact_caller_text,
    settings::{Dialect, Settings, Tag, position},
};

/// One prompt. The order is the order clients see.
struct Entry {
    listed: fn() -> Prompt,
    /// Writes the prompt; the arguments are in the order of the list.
    text: fn(&Settings, &Given<'_>) -> String,
    /// Related pages of the documentation.
    pages: &'static [usize],
}

const PROMPTS: [Entry; 4] = [
    Entry {
        listed: || Prompt {
            name: "discover-and-chat".into(),
            title: "Discover and chat".into(),
            description: "Find out which models can be asked, and ask one".into(),
            arguments: vec![
                required("question", "Question", "What to ask the other model"),
                optional("provider", "Provider", "Which provider to ask"),
                optional("model", "Model", "Which model to ask"),
            ],
        },
        text: discover_and_chat,
        pages: &[docs::WORKFLOW],
    },
    Entry {
        listed: || Prompt {
            name: "compare-providers".into(),
            title: "Compare providers".into(),
            description:
                "Ask models of several providers the same question and compare their answers".into(),
            arguments: vec![
                required("question", "Question", "What to ask all of them"),
                optional(
                    "providers",
                    "Providers",
                    "Which providers to ask, separated by commas; default: all that can be used",
                ),
            ],
        },
        text: compare_providers,
        pages: &[docs::WORKFLOW],
    },
    Entry {
        listed: || Prompt {
            name: "list-capabilities".into(),
            title: "List capabilities".into(),
            description: "Show which providers and models can be used here, and for what".into(),
            arguments: vec![
                optional("provider", "Provider", "Only this provider"),
                optional("tag", "Tag", "Only models with this tag"),
            ],
        },
        text: list_capabilities,
        pages: &[docs::PROVIDERS],
    },
    Entry {
        listed: || Prompt {
            name: "second-opinion".into(),
            title: "Second opinion".into(),
            description: "Have another model judge an answer or a plan, and weigh what it says"
                .into(),
            arguments: vec![
                required("question", "Question", "What the answer or plan is about"),
                optional(
                    "answer",
                    "Answer",
                    "The answer or plan to judge; default: the answer given so far",
                ),
                optional("model", "Model", "Which model to ask"),
            ],
        },
        text: second_opinion,
        pages: &[docs::WORKFLOW],
    },
];

fn required(name: &'static str, title: &'static str, description: &'static str) -> PromptArgument {
    PromptArgument {
        name: name.into(),
        title: title.into(),
        description: description.into(),
        required: true,
    }
}

fn optional(name: &'static str, title: &'static str, description: &'static str) -> PromptArgument {
    PromptArgument {
        required: false,
        ..required(name, title, description)
    }
}

pub(crate) fn listed() -> Vec<Prompt> {
    PROMPTS.iter().map(|entry| (entry.listed)()).collect()
}

/// The prompt at this position.
pub(crate) fn text(prompt: usize, settings: &Settings, given: &Given<'_>) -> PromptText {
    let entry = &PROMPTS[prompt];
    PromptText {
        text: (entry.text)(settings, given),
        resources: entry.pages,
    }
}

/// Known values of the argument with this name. Other arguments narrow the choice.
pub(crate) fn candidates<'s>(
    prompt: usize,
    argument: usize,
    settings: &'s Settings,
    given: &Given<'_>,
) -> Vec<Cow<'s, str>> {
    let arguments = (PROMPTS[prompt].listed)().arguments;
    let value = |name| {
        let position = arguments.iter().position(|known| known.name == name)?;
        given.get(position)?.as_deref()
    };
    match &*arguments[argument].name {
        "provider" | "providers" => providers(settings),
        "model" => models(settings, value("provider")),
        "tag" => tags(settings, value("provider")),
        _ => Vec::new(),
    }
}

/// Providers; usable ones come first.
pub(crate) fn providers(settings: &Settings) -> Vec<Cow<'_, str>> {
    let (usable, others): (Vec<_>, Vec<_>) = settings
        .listed()
        .map(|(_, provider)| provider)
        .partition(|provider| provider.is_usable());
    usable
        .into_iter()
        .chain(others)
        .map(|provider| Cow::Borrowed(&*provider.id))
        .collect()
}

/// The models and tags in the settings, or those of one provider. Each once: the default may also be a tag or a model of the
/// configuration file.
pub(crate) fn models<'s>(settings: &'s Settings, provider: Option<&str>) -> Vec<Cow<'s, str>> {
    let wanted = provider.and_then(|id| position(&settings.providers, id.trim()));
    let mut names: Vec<Cow<'s, str>> = Vec::new();
    names.extend(settings.default_model.as_deref().map(Cow::Borrowed));
    names.extend(tags(settings, provider));
    for model in &settings.models {
        if wanted.is_none_or(|wanted| wanted == model.provider) {
            names.push(Cow::Owned(settings.name_of(model)));
        }
    }
    for (index, provider) in settings.indexed() {
        if provider.dialect == Dialect::Mock && wanted.is_none_or(|wanted| wanted == index) {
            names.push(Cow::Owned(format!("{}/{}", provider.id, mock::MODEL)));
        }
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.to_lowercase()));
    names
}

/// The tags in the settings, or those of one provider's models.
fn tags<'s>(settings: &'s Settings, provider: Option<&str>) -> Vec<Cow<'s, str>> {
    let wanted = provider.and_then(|id| position(&settings.providers, id.trim()));
    let carries = |tag: &&Tag| Tagged::new(settings, tag, wanted).is_some();
    let tags = settings.tags.iter().filter(carries);
    tags.map(|tag| Cow::Borrowed(&*tag.name)).collect()
}

fn discover_and_chat(settings: &Settings, given: &Given<'_>) -> String {
    let [question, provider, model] = arguments(given);
    let mut text = format!(
        "Answer the following with the help of another AI model, through the anygpt tools.\n\n{question}\n"
    );
    if !provider.is_empty() {
        let _ = writeln!(text, "Provider to ask: {}", redact_caller_text(provider));
        add_unknown_provider(&mut text, settings, provider);
    }
    if !model.is_empty() {
        let _ = writeln!(text, "Model to ask: {}", redact_caller_text(model));
    }
    text.push_str(
        "\nSteps:\n\
         1. anygpt_list_providers tells which providers can be used.\n\
         2. If you do not know a model's id: anygpt_list_models with that provider, or a tag of anygpt_list_tags as \
         model. If any model will do, leave model out.\n\
         3. anygpt_chat_completion with a prompt that says everything: the other model sees nothing of our \
         conversation.\n\
         4. Give me the answer, and say which provider and model gave it. Tell me if it is partial, and what its \
         warnings say.\n",
    );
    text
}

fn compare_providers(settings: &Settings, given: &Given<'_>) -> String {
    let [question, providers] = arguments(given);
    let mut text = format!(
        "Ask models of several providers the same question, through the anygpt tools, and compare their \
         answers.\n\n{question}\n"
    );
    if providers.is_empty() {
        let usable: Vec<&str> = usable(settings).collect();
        let _ = match usable[..] {
            [] => writeln!(
                text,
                "No provider can be used yet: anygpt_list_providers says what is missing."
            ),
            _ => writeln!(text, "Providers that can be used: {}", usable.join(", ")),
        };
    } else {
        let _ = writeln!(text, "Providers to ask: {}", redact_caller_text(providers));
        for provider in providers.split(',').filter(|name| !name.trim().is_empty()) {
            add_unknown_provider(&mut text, settings, provider);
        }
    }
    text.push_str(
        "\nSteps:\n\
         1. Choose a model of each provider (anygpt_list_models with that provider, or a tag of anygpt_list_tags) and \
         ask them all in one call to anygpt_compare, with a prompt that says everything. With mode judge a model \
         compares the answers, too.\n\
         2. If one fails, go on with the others and say what failed.\n\
         3. Compare: where they agree, where they differ, which claims can be checked. Name provider and model of \
         each answer.\n\
         4. End with the answer that you think is best, and why.\n",
    );
    text
}

fn list_capabilities(settings: &Settings, given: &Given<'_>) -> String {
    let [provider, tag] = arguments(given);
    let mut text = String::from("Show me which AI models I can ask through the anygpt tools.\n");
    if !provider.is_empty() {
        let _ = writeln!(text, "Only this provider: {}", redact_caller_text(provider));
        add_unknown_provider(&mut text, settings, provider);
    }
    if !tag.is_empty() {
        let _ = writeln!(
            text,
            "Only models with this tag: {}",
            redact_caller_text(tag)
        );
        if settings.tag(tag).is_none() {
            let _ = writeln!(
                text,
                "Note: no model has the tag {}: anygpt_list_tags has them all.",
                redact_caller_text(&format!("{tag:?}"))
            );
        }
    }
    text.push_str(
        "\nSteps:\n\
         1. anygpt_list_providers: which providers can be used, which is the default, what is missing for the \
         others.\n\
         2. anygpt_list_models for each provider that can be used, and anygpt_list_tags.\n\
         3. Give me a short overview: a table of providers with their state, the newest chat models of each, the \
         tags, and what has to be set for those that are off. Do not list every model.\n",
    );
    text
}

fn second_opinion(_: &Settings, given: &Given<'_>) -> String {
    let [question, answer, model] = arguments(given);
    let mut text = format!(
        "Get a second opinion from another AI model, through the anygpt tools.\n\nThe question:\n{question}\n\n"
    );
    if answer.is_empty() {
        text.push_str("The answer to judge: the one you have given so far, or would give.\n");
    } else {
        let _ = writeln!(text, "The answer to judge:\n{answer}\n");
    }
    if !model.is_empty() {
        let _ = writeln!(text, "Model to ask: {}", redact_caller_text(model));
    }
    text.push_str(
        "\nSteps:\n\
         1. Call anygpt_chat_completion with the question, the answer to judge, and the criteria, all in one prompt: \
         the other model sees nothing of our conversation. Ask for mistakes and missing points, not for praise. \
         Choose a model of another provider than your own if you can. anygpt_compare asks several at once.\n\
         2. Weigh what it says: check its claims, do not just adopt them.\n\
         3. Tell me what it found, where you agree and where not, and the answer as you would give it now. Name \
         provider and model.\n",
    );
    text
}

/// The values of all arguments of a prompt; empty if not given.
fn arguments<'g, const N: usize>(given: &'g Given<'_>) -> [&'g str; N] {
    std::array::from_fn(|position| {
        given
            .get(position)
            .and_then(|value| value.as_deref())
            .unwrap_or_default()
            .trim()
    })
}

/// What is wrong with a provider's name, if anything.
fn add_unknown_provider(text: &mut String, settings: &Settings, name: &str) {
    let name = name.trim();
    let _ = match position(&settings.providers, name) {
        None => {
            let known: Vec<&str> = settings.listed().map(|(_, p)| &*p.id).collect();
            writeln!(
                text,
                "Note: no provider named {} is configured. There are: {}.",
                redact_caller_text(&format!("{name:?}")),
                known.join(", ")
            )
        }
        Some(position) => match settings.providers[position].unavailable_reason() {
            Some(why) => writeln!(text, "Note: {name} cannot be used: {why}."),
            None => Ok(()),
        },
    };
}

fn usable(settings: &Settings) -> impl Iterator<Item = &str> {
    settings
        .providers
        .iter()
        .filter(|provider| provider.is_usable())
        .map(|provider| &*provider.id)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
