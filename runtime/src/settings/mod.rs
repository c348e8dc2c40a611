//! Settings: what is typed (environment, configuration file) becomes one immutable value, which
//! flows down from `main`. This file has that value; `load` makes it, from the rows of `table` and from `file`.
//!
//! Modules below import each other by their own names, never what is re-exported here: so the arrows stay visible, and
//! there is no loop.
//!
//! Never here: acting on a setting.

mod base_url;
mod certificates;
mod clean;
mod disclosure;
#[cfg(test)]
mod documents;
mod environment;
mod facts;
mod file;
mod file_text;
mod foreign;
mod given;
mod headers;
mod index;
mod jsonc;
mod key;
mod limits;
mod load;
mod mistyped;
mod model;
mod models;
mod network;
mod offered;
mod own_variables;
mod parameters;
mod pattern;
mod placeholder;
mod problem;
mod provider;
mod providers;
mod rule;
mod rules;
#[cfg(test)]
mod schema;
mod secret;
mod show;
mod table;
mod words;
mod yaml;

use std::{path::PathBuf, sync::Arc, time::Duration};

pub(crate) use anygpt_providers::Dialect;
pub(crate) use disclosure::{has_shape_of_key, is_showable, named_secrets, shown};
pub(crate) use environment::Environment;
pub(crate) use given::LONGEST_NAME;
pub(crate) use index::ProviderIndex;
pub(crate) use limits::{Bound, Limits};
pub(crate) use model::{Member, ModelSettings, Tag};
pub(crate) use network::Network;
pub(crate) use offered::{Offer, ToolName};
pub(crate) use parameters::Parameters;
pub(crate) use problem::Problem;
pub(crate) use provider::{KeyHeader, Provider, position};
pub(crate) use rule::{Rule, TokenLimitName};
pub(crate) use secret::{LONG, REDACTED, Secret, is_random};
pub(crate) use show::{Origin, Shown};
pub(crate) use table::{Row, groups};
pub(crate) use words::{LogFormat, LogLevel, Standby};

use anygpt_providers::{
    Facts,
    presets::{self, Preset, Serves},
    vendors::{self, Form},
};
use given::LONGEST;
use model::Names;

use crate::http_client::HttpLimits;

/// Longest wait for open calls at the end of input, if `ANYGPT_SHUTDOWN_GRACE` is not set.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// The same after a signal: Docker kills 10 s after it.
pub(crate) const GRACE_AFTER_SIGNAL: Duration = Duration::from_secs(8);

/// The settings of the process, checked.
// The default is what `load` begins with; it is no usable value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// All providers that have a name here, usable or not; built-in ones first.
    pub providers: Vec<Provider>,
    /// The models of the configuration file, in its order: the first one is preferred. After them, those
    /// that only aliases name.
    pub models: Vec<ModelSettings>,
    /// The tags of these models, in order of first appearance, and then the aliases.
    pub tags: Vec<Tag>,
    names: Names,
    /// `DEFAULT_PROVIDER`.
    pub default_provider: Option<ProviderIndex>,
    /// `DEFAULT_MODEL`: a model's name, a tag or an alias.
    pub default_model: Option<String>,
    /// What requests hold if neither the caller nor the provider's own defaults say anything else.
    pub defaults: Parameters,
    /// The rules of the configuration file, in its order; see [`Settings::rule`].
    pub rules: Vec<Rule>,
    /// `LOG_LEVEL`.
    pub log_level: LogLevel,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `ANYGPT_TIMEOUT`: longest time for a tool call that names no other.
    pub timeout: Duration,
    /// `ANYGPT_FIRST_BYTE_TIMEOUT`: longest time until a provider begins to answer.
    pub first_byte: Option<Bound<Duration>>,
    /// `ANYGPT_IDLE_TIMEOUT`: longest silence within an answer.
    pub idle: Option<Bound<Duration>>,
    /// `ANYGPT_RETRIES`: most repetitions of a request that has failed for the moment.
    pub retries: u32,
    /// `ANYGPT_SHUTDOWN_GRACE`: longest time for calls in flight at the end.
    pub shutdown_grace: Option<Duration>,
    /// `ANYGPT_STANDBY`.
    pub standby: Standby,
    /// `ANYGPT_ALLOW_INSECURE_HTTP`.
    allow_insecure_http: bool,
    /// What clients are offered.
    pub offer: Offer,
    /// What the operator allows.
    pub limits: Limits,
    /// What is known of models: the table, with the operator's own rows in front.
    pub facts: Arc<Facts>,
    /// Proxies and roots of trust.
    pub network: Network,
    /// Limits of the transport.
    pub http: HttpLimits,
    /// What the user should know although nothing is wrong enough to stop.
    pub warnings: Vec<String>,
    /// What is set for a service that has ended, in words: it may be why no provider can be used.
    pub ended: Option<String>,
    /// What was meant as a key and is none; it may be the key of something else.
    refused: Vec<Secret>,
    /// What may help to understand why something works: for the log at `debug`, and `doctor`.
    pub notes: Vec<String>,
    /// Where the values come from that are not defaults.
    origins: Origins,
}

/// Where values come from.
#[derive(Clone, Debug, Default)]
struct Origins {
    /// The variables that were used.
    variables: Vec<String>,
    /// The configuration file.
    file: Option<PathBuf>,
    /// Settings of the file, and where they stand in it.
    places: Vec<(&'static str, String)>,
}

impl Settings {
    /// The same for a command: a person can wait, so only what the operator has set limits a call.
    pub(crate) fn without_default_timeout(mut self) -> Self {
        if self.origins.of("timeouts.call", "ANYGPT_TIMEOUT") == Origin::Default {
            let most = self.limits.max_timeout.as_ref().map(|limit| limit.most);
            self.timeout = most.unwrap_or(LONGEST);
        }
        self
    }

    /// All configured keys, headers that are as good as keys, and the credentials of proxies.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let keys = self.providers.iter().flat_map(Provider::secrets);
        keys.chain(self.network.secrets()).chain(&self.refused)
    }

    /// What is a secret only by its place, as values of a base URL's query: it may be any word, so it is hidden only
    /// where errors and logs repeat what came from outside.
    pub(crate) fn placed_values(&self) -> impl Iterator<Item = &Secret> {
        self.providers.iter().flat_map(Provider::placed_values)
    }

    /// The tag or alias of that name, in whatever case it is written.
    pub(crate) fn tag(&self, name: &str) -> Option<&Tag> {
        Some(&self.tags[self.names.tag(name)?])
    }

    /// What the configuration file says of a model.
    pub(crate) fn model(&self, provider: ProviderIndex, id: &str) -> Option<&ModelSettings> {
        Some(&self.models[self.names.model(provider, id)?])
    }

    /// What the rules of the configuration file come to for a model; its id may be empty where it is not known yet.
    pub(crate) fn rule(&self, provider: ProviderIndex, id: &str) -> Rule {
        rule::of(&self.rules, &self.providers[provider].id, id)
    }

    /// A model of the configuration file as calls name it: `provider/model`.
    pub(crate) fn name_of(&self, model: &ModelSettings) -> String {
        format!("{}/{}", self.providers[model.provider].id, model.id)
    }

    /// Why a model cannot be used: its provider is off, or the operator does not allow it.
    pub(crate) fn unavailable_reason(
        &self,
        provider: ProviderIndex,
        model: &str,
    ) -> Option<String> {
        let it = &self.providers[provider];
        let unavailable_reason = match it.is_tried_if_named {
            true => it.untried_reason(self.network.in_container()),
            false => it.unavailable_reason().map(str::to_owned),
        };
        unavailable_reason
            .or_else(|| self.limits.refusal(&it.id, model))
            .or_else(|| self.foreign_reason(provider, model))
    }

    /// Why a model cannot be one of this provider's: that is a vendor's own API, and the model is of another one.
    /// `None` if it may be.
    pub(crate) fn foreign_reason(&self, provider: ProviderIndex, model: &str) -> Option<String> {
        let it = &self.providers[provider];
        let Serves::Own(own) = it.serves() else {
            return None;
        };
        if presets::at(it.base_url.host()).is_some_and(|preset| preset.passes_on) {
            return None;
        }
        let known = vendors::known(model);
        let of = match known.family {
            Some((vendor, _)) if vendor.id == own => return None,
            Some((vendor, _)) => format!("is a model of {}", vendor.name),
            None if known.form == Form::Plain || self.model(provider, model).is_some() => {
                return None;
            }
            None if known.form == Form::Tagged => "has the name of a local model".to_owned(),
            None => "has another vendor in front of its name".to_owned(),
        };
        let own = vendors::named(own).map_or(own, |vendor| vendor.name);
        Some(format!("it {of}, and this is {own}'s own API"))
    }

    /// The providers that are worth showing, with their positions; the others are presets that are not
    /// set up.
    pub(crate) fn listed(&self) -> impl Iterator<Item = (ProviderIndex, &Provider)> {
        self.indexed().filter(|(_, provider)| provider.is_listed)
    }

    /// All providers with their positions.
    pub(crate) fn indexed(&self) -> impl Iterator<Item = (ProviderIndex, &Provider)> {
        let positions = (0..).map(ProviderIndex::new);
        positions.zip(&self.providers)
    }

    /// The presets that are not set up, each with the variables that would.
    pub(crate) fn not_set_up(&self) -> String {
        let others = self.providers.iter();
        let others = others.filter(|it| !it.is_listed && it.refusal().is_none());
        let others = others.map(|it| format!("{} ({})", it.id, it.switches()));
        others.collect::<Vec<_>>().join(", ")
    }

    /// Whether it is one of the three that most people have.
    pub(crate) fn is_main(&self, provider: ProviderIndex) -> bool {
        let preset = self.providers[provider].preset;
        preset.is_some_and(Preset::is_main)
    }

    /// The provider that is tried where none can be used.
    pub(crate) fn last_resort(&self) -> Option<ProviderIndex> {
        let position = self.providers.iter().position(|it| it.is_last_resort);
        position.map(ProviderIndex::new)
    }

    /// Whether a provider is off because of a setting that cannot be used, which a warning names.
    pub(crate) fn has_broken_provider(&self) -> bool {
        let mut providers = self.providers.iter();
        providers.any(|provider| provider.broken().is_some())
    }

    /// Whether any provider could answer a call.
    pub(crate) fn has_usable_provider(&self) -> bool {
        self.providers.iter().any(Provider::is_usable)
    }
}

impl Origins {
    /// The variable or the place in the file that a value comes from.
    fn of(&self, setting: &str, variable: &str) -> Origin {
        let place = || self.places.iter().find(|(known, _)| *known == setting);
        if self.variables.iter().any(|given| given == variable) {
            Origin::Given(variable.to_owned())
        } else if let Some((_, place)) = place() {
            Origin::Given(place.clone())
        } else {
            Origin::Default
        }
    }
}
