//! Adapts a request to its model: by the rules of the configuration file first, then by what is known of it.
//!
//! Never here: what a refusal teaches (see `anygpt_providers::repair`), or limits (see `token_limit`).

use anygpt_providers::{Change, Changed, ChatRequest, Codec, Encoding};

use super::facts;
use crate::settings::{Dialect, ProviderIndex, Settings, TokenLimitName};

/// Fills in configured defaults, and removes what the model does not accept, with a warning for each argument of the caller.
/// A model that is not known yet has an empty id; then only rules for all of its provider's models count. Of `changes` those
/// are made that decide what else must be adapted.
pub(crate) fn adapt(
    settings: &Settings,
    provider: ProviderIndex,
    chat: &mut ChatRequest,
    changes: &[Change],
) -> Vec<String> {
    let rule = settings.rule(provider, &chat.model);
    let mut warnings = Vec::new();
    for (parameter, place) in &rule.drop {
        if parameter.is_in(chat) {
            let name = parameter.as_str();
            warnings.push(format!("{name} was left out: {place} drops it"));
        }
    }
    let index = provider;
    let provider = &settings.providers[index];
    let defaults = rule.defaults.or(provider.defaults).or(settings.defaults);
    chat.temperature = chat.temperature.or(defaults.temperature);
    chat.top_p = chat.top_p.or(defaults.top_p);
    chat.max_tokens = chat.max_tokens.or(defaults.max_tokens);
    chat.effort = chat.effort.or(defaults.effort);
    // Other defaults must not bring them back.
    for (parameter, _) in &rule.drop {
        parameter.leave_out(chat);
    }
    let Some(codec) = provider.dialect.codec().filter(|_| !chat.model.is_empty()) else {
        return warnings;
    };
    let codec = written_by(codec, changes.contains(&Change::Substitute));
    // What is there already is what the provider's list says.
    let found = facts::found(settings, index, &chat.model);
    chat.rules = Some(facts::rules(
        settings,
        index,
        &chat.model,
        chat.rules,
        found.as_ref(),
    ));
    for change in changes.iter().filter(|change| change.is_before_adapting()) {
        if let Changed::Warn(warning) = change.apply(chat, &mut Encoding::default()) {
            warnings.push(warning);
        }
    }
    // The codec does not see what a rule keeps, so that it does not remove it.
    let mut aside = ChatRequest::default();
    for parameter in &rule.keep {
        parameter.swap(chat, &mut aside);
    }
    let before = warnings.len();
    warnings.extend(codec.adapt(chat));
    for parameter in &rule.keep {
        parameter.swap(chat, &mut aside);
    }
    if let Some(found) = found.filter(|it| it.is_judged)
        && (provider.original().is_some() || warnings.len() > before)
    {
        warnings.push(format!(
            "{} is not in the table of models of {}: it is taken for one like {}",
            chat.model,
            settings.facts.day(),
            found.row.id()
        ));
    }
    warnings
}

/// The codec of a provider, or the one that the server has shown to have instead.
pub(super) fn written_by(codec: &'static dyn Codec, in_substitute: bool) -> &'static dyn Codec {
    codec
        .substitute()
        .filter(|_| in_substitute)
        .unwrap_or(codec)
}

/// How the configuration file wants a request for this model to be written.
pub(crate) fn encoding(settings: &Settings, provider: ProviderIndex, model: &str) -> Encoding {
    let rule = settings.rule(provider, model);
    match (rule.max_tokens_as, settings.providers[provider].dialect) {
        (Some(name), Dialect::Compatible(service)) => Encoding {
            other_name: (name == TokenLimitName::MaxCompletionTokens)
                != service.max_completion_tokens,
            ..Encoding::default()
        },
        _ => Encoding::default(),
    }
}
