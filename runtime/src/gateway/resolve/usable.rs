//! The providers that can be used, and the errors of those that cannot.
//!
//! Never here: names of models.

use anygpt_providers::{Feature, presets};

use crate::{
    error::{Advice, Error, ErrorKind},
    settings::{Dialect, Provider, ProviderIndex, Settings, is_showable, position, shown},
};

/// The provider of that name, if it can be used.
///
/// # Errors
/// It is unknown, or something is missing for it.
pub(crate) fn usable_provider(settings: &Settings, id: &str) -> Result<ProviderIndex, Error> {
    check_usable(settings, known_provider(settings, id)?)
}

/// The provider of that name, usable or not.
///
/// # Errors
/// It is unknown.
pub(crate) fn known_provider(settings: &Settings, id: &str) -> Result<ProviderIndex, Error> {
    let id = id.trim();
    position(&settings.providers, id).ok_or_else(|| {
        let known: Vec<&str> = settings.listed().map(|(_, p)| p.id.as_str()).collect();
        let problem = match presets::ended(id) {
            Some(ended) => ended.to_owned(),
            // It may be a key.
            None if is_showable(id, known.iter().copied()) => {
                format!("there is no provider {id:?}")
            }
            None => {
                let hidden = shown(id, []);
                format!("there is no provider of that name ({hidden})")
            }
        };
        let advice = format!("Use one of: {}.", known.join(", "));
        Error::new(ErrorKind::Config, problem).advise_plain(advice)
    })
}

/// This provider, or all that can be used; if there are none, the one that may be there without being set up.
///
/// # Errors
/// There is none.
pub(crate) fn all_or_one(
    settings: &Settings,
    provider: Option<ProviderIndex>,
) -> Result<Vec<ProviderIndex>, Error> {
    if let Some(provider) = provider {
        return Ok(vec![provider]);
    }
    let usable = settings.indexed();
    let usable = usable.filter(|(_, provider)| provider.is_usable());
    let mut all: Vec<ProviderIndex> = usable.map(|(index, _)| index).collect();
    if all.is_empty() {
        all.extend(settings.last_resort());
    }
    match all.is_empty() {
        true => Err(Error::no_provider(settings.ended.as_deref())),
        false => Ok(all),
    }
}

/// The ids of providers that support what another one does not; only those that can be used if there are any.
pub(crate) fn providers_supporting(settings: &Settings, feature: Feature) -> String {
    let has_it = |provider: &&Provider| {
        let codec = provider.dialect.codec();
        codec.is_some_and(|codec| codec.supports(feature))
    };
    let listed = settings.listed().map(|(_, provider)| provider);
    let listed = listed.filter(has_it);
    let (usable, off): (Vec<_>, Vec<_>) = listed.partition(|it| it.is_usable());
    let who = if usable.is_empty() { off } else { usable };
    let ids: Vec<&str> = who.iter().map(|provider| provider.id.as_str()).collect();
    match ids.is_empty() {
        true => "another provider".into(),
        false => ids.join(" or "),
    }
}

/// The provider for requests that name none: the configured one, else the first that can be used; the echo only if there is
/// no other.
pub(crate) fn default_provider(settings: &Settings) -> Option<ProviderIndex> {
    let first = |may_echo: bool| {
        let mut all = settings.indexed();
        let first = all.find(|(_, provider)| {
            provider.is_usable() && (may_echo || provider.dialect != Dialect::Mock)
        });
        first.map(|(index, _)| index)
    };
    settings
        .default_provider
        .or_else(|| first(false))
        .or_else(|| first(true))
}

/// The default provider, if it can be used.
pub(super) fn usable_default(settings: &Settings) -> Result<ProviderIndex, Error> {
    match default_provider(settings).or(settings.last_resort()) {
        Some(provider) => check_usable(settings, provider),
        None => {
            let refused = |(_, provider): &(ProviderIndex, &Provider)| provider.refusal().is_some();
            let refused = settings.listed().find(refused);
            refused.map_or_else(
                || Err(Error::no_provider(settings.ended.as_deref())),
                |(position, _)| check_usable(settings, position),
            )
        }
    }
}

/// This provider, if it can be used.
pub(super) fn check_usable(
    settings: &Settings,
    index: ProviderIndex,
) -> Result<ProviderIndex, Error> {
    let provider = &settings.providers[index];
    if let Some(why) = provider.refusal() {
        let message = format!("provider {} is {why}", provider.id);
        return Err(Error::new(ErrorKind::Permission, message).advise(Advice::AskAnotherProvider));
    }
    let untried_reason = || provider.untried_reason(settings.network.in_container());
    match provider.unavailable_reason() {
        None => Ok(index),
        Some(_) if provider.is_last_resort => Ok(index),
        Some(_) if provider.is_tried_if_named && untried_reason().is_none() => Ok(index),
        // The others are less known.
        Some(_) if !settings.has_usable_provider() && settings.is_main(index) => {
            Err(Error::no_provider(settings.ended.as_deref()))
        }
        Some(why) => {
            let why = untried_reason().unwrap_or_else(|| why.to_owned());
            let message = format!("provider {} cannot be used: {why}", provider.id);
            Err(Error::new(ErrorKind::Config, message).advise(Advice::SetUpOrAskAnother))
        }
    }
}
