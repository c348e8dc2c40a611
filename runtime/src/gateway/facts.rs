//! What is known of a provider's model: what the configuration file says of it, before the table of facts.
//!
//! Never here: the facts (`anygpt_providers::facts`), or the cost of an answer (`price`).

use std::{fmt, time::SystemTime};

use anygpt_providers::{
    ChatRequest, Codec, Day, Failure, Model, ReasoningEffort, Rules, TokenPrice,
    facts::{Found, Input, Inputs, Sampling},
};
use serde::{Serialize, Serializer};

use crate::{
    error::ErrorKind,
    settings::{ModelSettings, Provider, ProviderIndex, Settings},
};

/// Where a price is from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// The provider says it with its answer.
    Provider,
    /// The configuration file.
    Configured,
    /// The provider's list of models.
    Listed,
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
            Source::Listed => f.write_str("list of the provider"),
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

/// What requests to a provider's model may have, if that is what it is judged by, and its list says `listed`.
pub(crate) fn rules(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
    listed: Option<Rules>,
    found: Option<&Found<'_>>,
) -> Rules {
    let configured = settings.model(provider, model).map(|it| it.rules);
    let table = found.map(|found| found.row.rules());
    let configured = configured.unwrap_or_default();
    configured
        .or(listed.unwrap_or_default())
        .or(table.unwrap_or_default())
}

/// The price in a provider's list, if that is the list of the service itself.
pub(super) fn listed_price(provider: &Provider, model: &Model) -> Option<TokenPrice> {
    provider.original()?;
    model.price.as_ref()?.read()
}

/// The price of a provider's model, and where it is from: the configuration file, else what its own list says (`listed`), else
/// what the vendor publishes for its own address. A model without a row has none.
pub(crate) fn price(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
    listed: Option<TokenPrice>,
) -> Option<(TokenPrice, Source)> {
    let configured = settings.model(provider, model);
    if let Some(price) = configured.and_then(|model| model.price) {
        return Some((price, Source::Configured));
    }
    let it = &settings.providers[provider];
    if it.is_local_runtime() {
        return Some((TokenPrice::default(), Source::Local));
    }
    if let Some(price) = listed {
        return Some((price, Source::Listed));
    }
    let row = settings.facts.row(it.original()?, model)?;
    let day = settings.facts.day();
    let source = match row.is_peak_price() {
        true => Source::TableAtMost(day),
        false => Source::Table(day),
    };
    Some((row.price(today())?, source))
}

/// The price that bounds what a model may cost: its own, and of those of the provider's list and of the table the dearer; of a
/// vendor's model that has none, the dearest of its family, with a sentence that says so.
pub(crate) fn price_at_most(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
    listed: Option<TokenPrice>,
) -> Option<(TokenPrice, Option<String>)> {
    let known = price(settings, provider, model, None);
    let is_last_word = |(_, source): &(TokenPrice, Source)| *source == Source::Configured;
    let listed = listed.filter(|_| !known.as_ref().is_some_and(is_last_word));
    let known = known.map(|(price, _)| price);
    if let Some(price) = known.into_iter().chain(listed).reduce(TokenPrice::dearer) {
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
    let configured = settings.model(provider, &chat.model).map(|it| it.rules);
    let table = found(settings, provider, &chat.model).filter(|found| !found.is_judged);
    let mut rules = rules(settings, provider, &chat.model, None, table.as_ref());
    // Of other services the table has what is known, which need not be all.
    let is_complete = settings.providers[provider]
        .dialect
        .codec()
        .is_some_and(|it| it.vendor().is_some());
    let is_configured = configured.is_some_and(|it| it.inputs.is_some());
    rules.inputs = rules
        .inputs
        .filter(|all| is_complete || is_configured || *all == Inputs::default());
    let refuse = |what: &str, advice: &str| {
        let message = format!(
            "{} takes no {what}: {advice}, or ask another model",
            chat.model
        );
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

/// What is known of a model, for people and programs. What is not known is absent.
#[derive(Debug, Serialize)]
pub(crate) struct Described<'s> {
    /// What it is from.
    source: String,
    /// The day of the table.
    date: String,
    /// It has no row, and is taken for one like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    like: Option<&'s str>,
    /// US dollars per million tokens, or per thousand searches; `long_from` in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Parts>,
    /// What is taken for its price where an operator limits the cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    price_for_limit: Option<Parts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    efforts: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling: Option<Takes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forced_tools: Option<bool>,
    /// Its answers take minutes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    takes_minutes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retires: Option<String>,
    /// What its vendor advises in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'s str>,
}

/// The parts of a price by their names.
#[derive(Debug)]
struct Parts(TokenPrice);

impl Serialize for Parts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.parts())
    }
}

/// Whether something is taken, or when.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Takes {
    Always(bool),
    If(&'static str),
}

impl Takes {
    fn of(sampling: Sampling) -> Self {
        match sampling {
            Sampling::Yes => Takes::Always(true),
            Sampling::No => Takes::Always(false),
            Sampling::OneOfTwo => Takes::If("temperature or top_p, not both"),
            Sampling::Unreasoned => Takes::If("without reasoning"),
            Sampling::EffortNone => Takes::If("with effort none"),
        }
    }
}

/// What is known of a provider's model; none if that is nothing.
pub(crate) fn described<'s>(
    settings: &'s Settings,
    provider: ProviderIndex,
    model: &str,
) -> Option<Described<'s>> {
    let found = found(settings, provider, model);
    let configured = settings.model(provider, model);
    let rules = rules(settings, provider, model, None, found.as_ref());
    let price = price(settings, provider, model, None);
    let says = |it: &&ModelSettings| it.price.is_some() || it.rules != Rules::default();
    let mut sources = Vec::new();
    sources.extend(
        configured
            .filter(says)
            .map(|_| "configuration file".to_owned()),
    );
    sources.extend(found.as_ref().map(|_| settings.facts.source()));
    let is_local = matches!(price, Some((_, Source::Local)));
    sources.extend(is_local.then(|| "local".to_owned()));
    if sources.is_empty() {
        return None;
    }
    let own = found
        .as_ref()
        .filter(|found| !found.is_judged)
        .map(|found| found.row);
    let row = found.as_ref().map(|found| found.row);
    let at_most = match price {
        None => price_at_most(settings, provider, model, None),
        Some(_) => None,
    };
    Some(Described {
        source: sources.join(", "),
        date: settings.facts.day().to_string(),
        like: found
            .as_ref()
            .filter(|found| found.is_judged)
            .map(|found| found.row.id()),
        price: price.map(|(price, _)| Parts(price)),
        price_for_limit: at_most.map(|(price, _)| Parts(price)),
        context: configured
            .and_then(|it| it.context)
            .or(row.and_then(|row| row.context())),
        max_output: rules.max_output.map(u64::from),
        inputs: rules
            .inputs
            .map(|all| all.iter().map(Input::as_str).collect()),
        efforts: rules
            .efforts
            .map(|all| all.iter().map(ReasoningEffort::as_str).collect()),
        sampling: rules.sampling.map(Takes::of),
        tools: rules.tools,
        forced_tools: rules.forced_tools,
        takes_minutes: row.is_some_and(|row| row.takes_minutes()),
        retires: own.and_then(|row| row.retires()).map(|day| day.to_string()),
        next: own.and_then(|row| row.next()),
    })
}

impl Described<'_> {
    /// A line for people.
    pub(crate) fn line(&self) -> String {
        let mut parts = vec![format!("facts: table of {}", self.date)];
        parts.extend(
            self.like
                .map(|id| format!("not in it, taken for one like {id}")),
        );
        for (name, price) in [("", &self.price), ("for a limit, ", &self.price_for_limit)] {
            if let Some(Parts(TokenPrice { rates, .. })) = price {
                parts.push(format!(
                    "{name}${} in and ${} out for a million tokens",
                    rates.input, rates.output
                ));
            }
        }
        parts.extend(
            self.context
                .map(|tokens| format!("at most {tokens} tokens in")),
        );
        parts.extend(
            self.max_output
                .map(|tokens| format!("at most {tokens} tokens out")),
        );
        if let Some(efforts) = self.efforts.as_ref().filter(|all| !all.is_empty()) {
            parts.push(format!("efforts {}", efforts.join(", ")));
        }
        parts.extend(self.takes_minutes.then(|| "takes minutes".to_owned()));
        parts.extend(self.retires.as_ref().map(|day| format!("retires {day}")));
        parts.join("; ")
    }
}
