//! What is known of a provider's model: what the configuration file says of it, before the table of facts.
//!
//! Never here: the facts (`anygpt_providers::facts`), or the cost of an answer (`price`).

use std::{fmt, time::SystemTime};

use anygpt_providers::{
    ChatRequest, Codec, Day, Failure, Model, Rules, TokenPrice,
    facts::{Found, Input},
};

use crate::{
    error::ErrorKind,
    settings::{Provider, ProviderIndex, Settings},
};

/// Where a price is from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// The provider says it with its answer.
    Provider,
    /// The configuration file.
    Configured,
    /// The table of facts of this day.
    Table(Day),
    /// The same; it costs less at some hours.
    TableAtMost(Day),
    /// It runs on a machine of the user's own.
    Local,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Provider => f.write_str("provider"),
            Source::Configured => f.write_str("configured"),
            Source::Table(day) => write!(f, "list price of {day}"),
            Source::TableAtMost(day) => {
                write!(f, "at most: list price of {day}, less at some hours")
            }
            Source::Local => f.write_str("local"),
        }
    }
}

/// The day that facts are asked for.
pub(crate) fn today() -> Day {
    Day::of(SystemTime::now())
}

/// The section of the table that says what requests to a provider's model may have: that of the vendor whose format it
/// speaks, or its own.
pub(super) fn section(provider: &Provider) -> Option<&'static str> {
    let vendor = provider.dialect.codec().and_then(Codec::vendor);
    vendor.or_else(|| provider.original())
}

/// Adds what the table knows of the models of a provider's list.
pub(super) fn complete(settings: &Settings, provider: ProviderIndex, models: &mut [Model]) {
    let it = &settings.providers[provider];
    if let Some(section) = section(it) {
        let is_priced = it.original() == Some(section);
        (settings.facts).complete(section, models, today(), is_priced);
    }
}

/// What the table judges a provider's model by.
pub(crate) fn found<'s>(
    settings: &'s Settings,
    provider: ProviderIndex,
    model: &str,
) -> Option<Found<'s>> {
    let section = section(&settings.providers[provider])?;
    settings.facts.find(section, model, today())
}

/// What requests to a provider's model may have, if that is what it is judged by.
pub(crate) fn rules(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
    found: Option<&Found<'_>>,
) -> Rules {
    let configured = settings.model(provider, model).map(|it| it.rules);
    let table = found.map(|found| found.row.rules());
    configured.unwrap_or_default().or(table.unwrap_or_default())
}

/// The price of a provider's model, and where it is from: the configuration file, else what the vendor publishes for its own
/// address. A model without a row has none.
pub(crate) fn price(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
) -> Option<(TokenPrice, Source)> {
    let configured = settings.model(provider, model);
    if let Some(price) = configured.and_then(|model| model.price) {
        return Some((price, Source::Configured));
    }
    let it = &settings.providers[provider];
    if it.is_local_runtime() {
        return Some((TokenPrice::default(), Source::Local));
    }
    let row = settings.facts.row(it.original()?, model)?;
    let day = settings.facts.day();
    let source = match row.is_peak_price() {
        true => Source::TableAtMost(day),
        false => Source::Table(day),
    };
    Some((row.price(today())?, source))
}

/// The price that bounds what a model may cost: its own; of a vendor's model that has none, the dearest of its family, with
/// a sentence that says so.
pub(crate) fn price_at_most(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
) -> Option<(TokenPrice, Option<String>)> {
    if let Some((price, _)) = price(settings, provider, model) {
        return Some((price, None));
    }
    let section = settings.providers[provider].original()?;
    let price = settings.facts.assumed_price(section, model, today())?;
    let why = format!(
        "The price of {model} is not known (facts: table of {}): the dearest of its family, ${} for a million tokens of \
         input and ${} of output, is taken for the limit",
        settings.facts.day(),
        price.rates.input,
        price.rates.output
    );
    Some((price, Some(why)))
}

/// Refuses what a model is known not to take. A model without a row is never refused for being new.
///
/// # Errors
/// What it does not take, and what to do.
pub(crate) fn check(
    settings: &Settings,
    provider: ProviderIndex,
    chat: &ChatRequest,
) -> Result<(), Failure> {
    let mut kinds = chat
        .messages
        .iter()
        .flat_map(|message| message.media())
        .filter_map(|media| match media.is_image {
            true => Some(Input::Image),
            false => Input::of_type(&media.mime_type),
        })
        .peekable();
    if chat.tools.is_empty() && kinds.peek().is_none() {
        return Ok(());
    }
    let table = found(settings, provider, &chat.model).filter(|found| !found.is_judged);
    let rules = rules(settings, provider, &chat.model, table.as_ref());
    let refuse = |what: &str, advice: &str| {
        let message = format!("{} takes no {what}: {advice}, or ask another model", chat.model);
        Err(Failure::new(ErrorKind::InvalidRequest, message))
    };
    if rules.tools == Some(false) && !chat.tools.is_empty() {
        return refuse("tools", "leave them out");
    }
    let Some(inputs) = rules.inputs else {
        return Ok(());
    };
    match kinds.find(|kind| !inputs.has(*kind)) {
        None => Ok(()),
        Some(Input::Image) => refuse("images", "describe them in words"),
        Some(Input::Pdf) => refuse("PDF", "send its text"),
        Some(Input::Audio) => refuse("sound", "send its words"),
        Some(Input::Video) => refuse("video", "describe it in words"),
    }
}
