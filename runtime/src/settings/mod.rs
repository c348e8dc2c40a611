//! Settings: what is typed (environment, configuration file) becomes one immutable value, which
//! flows down from `main`.
//!
//! Never here: acting on a setting.

mod base_url;
mod certificates;
mod clean;
mod defaults;
mod environment;
mod file;
mod file_text;
mod foreign;
mod headers;
mod index;
mod key;
mod limits;
mod mistyped;
mod model;
mod network;
mod offered;
mod own_variables;
mod pattern;
mod presets;
mod price;
mod provider;
mod rules;
#[cfg(test)]
mod schema;
mod secret;
mod show;
pub(crate) mod vendors;
mod yaml;

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

pub use base_url::BaseUrl;
pub use certificates::Certificates;
pub use defaults::Parameters;
pub use environment::{Environment, Found, Ignored};
pub use index::{ModelIndex, ProviderIndex};
pub use limits::{Bound, Limits};
use model::Names;
pub use model::{Member, ModelSettings, Tag};
pub use network::{Network, Proxy, ProxyKind, is_loopback};
pub use offered::{Offer, ToolName};
pub(crate) use presets::ended;
pub use price::Price;
pub use provider::{KeyHeader, Kind, Provider};
pub(crate) use provider::{in_container, position};
pub use rules::Rule;
pub use secret::{Secret, named_secrets};
pub(crate) use secret::{has_shape_of_key, is_harmless, is_random, shown};
pub use show::Shown;

pub(crate) use key::prefixes as key_prefixes;

use crate::spelling::nearest;
use file::File;
use foreign::Foreign;
use vendors::{Form, Serves};
use yaml::Spanned;

/// Everything the process was told, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// All providers that have a name here, usable or not; built-in ones first.
    pub providers: Vec<Provider>,
    /// The models of the configuration file, in its order: the first one is preferred. Behind them, those
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
    may_send_keys_in_the_open: bool,
    /// What clients are offered.
    pub offer: Offer,
    /// What the operator allows.
    pub limits: Limits,
    /// Proxies and roots of trust.
    pub network: Network,
    /// What the user should know although nothing is wrong enough to stop.
    pub warnings: Vec<String>,
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

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// One line per call, and what is above it.
    #[default]
    Info,
    /// What a user may want to mend.
    Warn,
    /// What stops something from working.
    Error,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object.
    Json,
}

/// Whether the process stays up without input, for `docker exec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standby {
    /// If it is a container's main process with nothing on stdin.
    Auto,
    /// In any case.
    Always,
    /// End of input is the end.
    #[default]
    Never,
}

/// A setting that cannot be used: where it is, what is wrong, how to mend it. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(String);

impl Problem {
    fn new(place: &str, problem: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Problem(format!("{place} {problem}: {mend}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

/// Looked for when `CONFIG_FILE` is not set.
const CONFIG_FILES: [&str; 3] = [
    "/config/anygpt.config.yaml",
    "/config/anygpt.config.yml",
    "/config/anygpt.config.json",
];

/// The default of `ANYGPT_TIMEOUT`: common clients give up at 60 s, and get the partial answer.
const TIMEOUT: Duration = Duration::from_secs(55);

/// The longest that can be set.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

/// The default of `ANYGPT_RETRIES`, as in the providers' own libraries.
const RETRIES: u32 = 2;

impl Settings {
    /// Reads and checks everything. Opens no connection. `known` are the tools that can be offered.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn load(environment: Environment<'_>, known: &[ToolName]) -> Result<Self, Problem> {
        let standby = one_of(
            variable(&environment, "ANYGPT_STANDBY")?,
            Standby::from_name,
        )?;
        let insecure = one_of(
            variable(&environment, "ANYGPT_ALLOW_INSECURE_HTTP")?,
            |value| match value {
                "1" | "true" => Ok(true),
                "0" | "false" => Ok(false),
                _ => Err("1 or 0"),
            },
        )?;

        let mut origins = Origins {
            file: config_file(&environment)?,
            ..Origins::default()
        };
        let file = match &origins.file {
            Some(path) => File::read(path, &environment)?,
            None => File::default(),
        };
        let log_level = written(&environment, "LOG_LEVEL", "log.level", file.log.level)?;
        origins.keep("log.level", log_level.as_ref());
        let log_level = one_of(log_level, LogLevel::from_name)?;
        let log_format = written(&environment, "LOG_FORMAT", "log.format", file.log.format)?;
        origins.keep("log.format", log_format.as_ref());
        let log_format = one_of(log_format, LogFormat::from_name)?;
        let of_file = file.timeouts.call;
        let timeout = written(&environment, "ANYGPT_TIMEOUT", "timeouts.call", of_file)?;
        origins.keep("timeouts.call", timeout.as_ref());
        let timeout = timeout.map(|it| seconds(&it)).transpose()?;
        let mut silence = |name, path, of_file| {
            let written = written(&environment, name, path, of_file)?;
            origins.keep(path, written.as_ref());
            let bound = written.map(bounded);
            bound.transpose()
        };
        let first_byte = silence(
            "ANYGPT_FIRST_BYTE_TIMEOUT",
            "timeouts.first_byte",
            file.timeouts.first_byte,
        )?;
        let idle = silence("ANYGPT_IDLE_TIMEOUT", "timeouts.idle", file.timeouts.idle)?;
        let shutdown_grace = written(
            &environment,
            "ANYGPT_SHUTDOWN_GRACE",
            "timeouts.shutdown",
            file.timeouts.shutdown,
        )?;
        origins.keep("timeouts.shutdown", shutdown_grace.as_ref());
        let shutdown_grace = shutdown_grace.map(|it| seconds(&it)).transpose()?;
        let retries = written(&environment, "ANYGPT_RETRIES", "retries", file.retries)?;
        origins.keep("retries", retries.as_ref());
        let retries = retries.map(|it| self::retries(&it)).transpose()?;
        let defaults = file.defaults.parameters();
        let default_provider = match environment.value("DEFAULT_PROVIDER")? {
            Some(id) => Some(("DEFAULT_PROVIDER".to_owned(), id)),
            None => file.defaults.provider.map(|id| {
                let place = origins.note("defaults.provider", &id);
                (place, id.value)
            }),
        };
        let default_model = match environment.value("DEFAULT_MODEL")? {
            Some(model) => Some(model),
            None => file.defaults.model.map(|model| {
                origins.note("defaults.model", &model);
                model.value
            }),
        };

        let tools = match environment.value("ANYGPT_TOOLS")? {
            Some(list) => offered::tools("ANYGPT_TOOLS", list.split(','), known)?,
            None => match &file.tools {
                Some(list) => {
                    let words = list.value.iter().map(String::as_str);
                    offered::tools(&origins.note("tools", list), words, known)?
                }
                None => Offer::usual(known).tools,
            },
        };
        let structured = variable(&environment, "ANYGPT_STRUCTURED_OUTPUT")?;
        let structured = one_of(structured, offered::structured)?;

        let mut warnings = Vec::new();
        let default_provider = default_provider.filter(|(place, id)| {
            let is_auto = is_auto(id);
            if is_auto {
                warnings.push(not_set(place, id));
            }
            !is_auto
        });
        // A default model names its provider, too.
        let named = match (&default_provider, &default_model) {
            (Some((_, id)), _) => Some(id.as_str()),
            (None, Some(model)) => model.split_once('/').map(|(provider, _)| provider),
            (None, None) => None,
        };
        let foreign = Foreign::of(&environment);
        let network = Network::load(&environment, &mut warnings)?;
        let mut providers = provider::all(
            &environment,
            file.providers,
            &foreign,
            named,
            (!insecure.unwrap_or(false)).then_some(&network),
            &mut warnings,
        )?;
        let limits = Limits::load(&environment, file.limits, &mut providers, &mut warnings)?;
        let not_valid = |error| file::not_valid(&file.path, &error);
        let mut models = model::all(&providers, file.models).map_err(not_valid)?;
        let mut names = Names::default();
        let mut tags = model::tags(&models, &mut names);
        let aliases = file.aliases;
        model::add_aliases(&providers, aliases, &mut models, &mut tags, &mut names)
            .map_err(not_valid)?;
        // Another server's word for none, unless a tag or an alias has the name.
        let default_model = default_model.filter(|name| {
            let place = || origins.of("defaults.model", "DEFAULT_MODEL");
            let is_none = is_auto(name) && names.tag(name).is_none();
            if is_none {
                warnings.push(not_set(&place(), name));
            }
            !is_none && secret::is_no_key(&place, name, &mut warnings)
        });
        let rules = rules::all(&providers, file.rules).map_err(not_valid)?;
        let default_provider = match default_provider {
            None => None,
            Some((place, id)) => {
                let position = position(&providers, &id);
                let position = position.ok_or_else(|| unknown(&place, &id, &providers))?;
                if let Some(why) = providers[position].why_off() {
                    warnings.push(format!(
                        "{place} is {id}, which cannot be used: {why}. Calls that need it will fail"
                    ));
                }
                Some(position)
            }
        };

        let notes = foreign.told(&environment, &mut warnings);
        mistyped::check(&environment, &mut warnings)?;
        let repaired = environment.take_repaired();
        if !repaired.is_empty() {
            let list: Vec<String> = repaired
                .iter()
                .map(|it| format!("{} (without {})", it.name, it.removed))
                .collect();
            warnings.push(format!("Put right: {}", list.join(", ")));
        }
        let ignored = environment.take_ignored();
        let refused = environment.take_refused();
        if !ignored.is_empty() {
            let list: Vec<String> = ignored
                .iter()
                .map(
                    |Ignored { name, why, .. }| match limits::is_variable(name) {
                        true => format!("{name} ({why}, so this limit does not hold)"),
                        false => format!("{name} ({why})"),
                    },
                )
                .collect();
            warnings.push(format!("Treated as not set: {}", list.join(", ")));
        }
        origins.variables = environment.into_given();
        Ok(Settings {
            providers,
            tags,
            models,
            names,
            default_provider,
            default_model,
            defaults,
            rules,
            log_level: log_level.unwrap_or_default(),
            log_format: log_format.unwrap_or_default(),
            timeout: match &limits.max_timeout {
                Some(limit) => limit.most.min(timeout.unwrap_or(TIMEOUT)),
                None => timeout.unwrap_or(TIMEOUT),
            },
            first_byte,
            idle,
            retries: retries.unwrap_or(RETRIES),
            shutdown_grace,
            standby: standby.unwrap_or_default(),
            may_send_keys_in_the_open: insecure.unwrap_or_default(),
            offer: Offer {
                tools,
                structured: structured.unwrap_or_default(),
            },
            limits,
            network,
            warnings,
            refused,
            notes,
            origins,
        })
    }

    /// The same for a command: who asks by hand can wait, so that only what the operator has set bounds a call.
    pub fn without_default_timeout(mut self) -> Self {
        if self.origins.of("timeouts.call", "ANYGPT_TIMEOUT") == DEFAULT {
            let most = self.limits.max_timeout.as_ref().map(|limit| limit.most);
            self.timeout = most.unwrap_or(LONGEST_TIMEOUT);
        }
        self
    }

    /// All configured keys, headers that are as good as keys, and the credentials of proxies.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let keys = self.providers.iter().flat_map(Provider::secrets);
        keys.chain(self.network.secrets()).chain(&self.refused)
    }

    /// What is a secret only by its place, as values of a base URL's query: it may be any word, so it is hidden only
    /// where errors and logs repeat what came from outside.
    pub fn placed_values(&self) -> impl Iterator<Item = &Secret> {
        self.providers.iter().flat_map(Provider::placed_values)
    }

    /// The tag or alias of that name, in whatever case it is written.
    pub fn tag(&self, name: &str) -> Option<&Tag> {
        Some(&self.tags[self.names.tag(name)?])
    }

    /// What the configuration file says of a model.
    pub fn model(&self, provider: ProviderIndex, id: &str) -> Option<&ModelSettings> {
        Some(&self.models[self.names.model(provider, id)?])
    }

    /// What the rules of the configuration file come to for a model; its id may be empty where it is not known yet.
    pub fn rule(&self, provider: ProviderIndex, id: &str) -> Rule {
        rules::of(&self.rules, &self.providers[provider].id, id)
    }

    /// A model of the configuration file as it is asked for: `provider/model`.
    pub fn name_of(&self, model: &ModelSettings) -> String {
        format!("{}/{}", self.providers[model.provider].id, model.id)
    }

    /// Why a model cannot be asked: its provider is off, or the operator does not allow it.
    pub fn why_not(&self, provider: ProviderIndex, model: &str) -> Option<String> {
        let it = &self.providers[provider];
        let why_off = match it.is_tried_if_named {
            true => it.why_not_tried(),
            false => it.why_off(),
        };
        why_off
            .or_else(|| self.limits.refusal(&it.id, model))
            .or_else(|| self.why_foreign(provider, model))
    }

    /// Why a model cannot be one of this provider's: that is a vendor's own API, and the model is of another one.
    /// `None` if it may be.
    pub(crate) fn why_foreign(&self, provider: ProviderIndex, model: &str) -> Option<String> {
        let Serves::Own(own) = self.providers[provider].serves() else {
            return None;
        };
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

    /// The providers that are worth showing, with their positions; the others are presets that nobody has
    /// set up.
    pub fn listed(&self) -> impl Iterator<Item = (ProviderIndex, &Provider)> {
        self.indexed().filter(|(_, provider)| provider.is_listed)
    }

    /// All providers with their positions.
    pub fn indexed(&self) -> impl Iterator<Item = (ProviderIndex, &Provider)> {
        let positions = (0..).map(ProviderIndex::new);
        positions.zip(&self.providers)
    }

    /// The presets that nobody has set up, each with the variables that would.
    pub fn not_set_up(&self) -> String {
        let others = self.providers.iter();
        let others = others.filter(|it| !it.is_listed && it.refusal().is_none());
        let others = others.map(|it| format!("{} ({})", it.id, it.switches()));
        others.collect::<Vec<_>>().join(", ")
    }

    /// Whether it is one of the three that most people have.
    pub(crate) fn is_main(&self, provider: ProviderIndex) -> bool {
        let preset = self.providers[provider].preset;
        preset.is_some_and(presets::Preset::is_main)
    }

    /// The provider that is tried where none can be used.
    pub fn last_resort(&self) -> Option<ProviderIndex> {
        let position = self.providers.iter().position(|it| it.is_last_resort);
        position.map(ProviderIndex::new)
    }

    /// Whether a provider is off because of a setting that cannot be used, of which a warning tells.
    pub fn has_broken_provider(&self) -> bool {
        let mut providers = self.providers.iter();
        providers.any(|provider| provider.broken().is_some())
    }

    /// Whether any provider could answer a call.
    pub fn has_usable_provider(&self) -> bool {
        self.providers
            .iter()
            .any(|provider| provider.why_off().is_none())
    }
}

impl Origins {
    /// Keeps where a value of the file stands, and tells it.
    fn note<T>(&mut self, setting: &'static str, value: &Spanned<T>) -> String {
        let place = value.place(setting);
        self.places.push((setting, place.clone()));
        place
    }

    /// The same for what may also be a variable's.
    fn keep(&mut self, setting: &'static str, written: Option<&Written>) {
        let place = written.map(|written| (setting, written.place.clone()));
        self.places.extend(place);
    }

    /// The variable or the place in the file that a value comes from.
    fn of(&self, setting: &str, variable: &str) -> String {
        let place = || self.places.iter().find(|(known, _)| *known == setting);
        if self.variables.iter().any(|given| given == variable) {
            variable.to_owned()
        } else if let Some((_, place)) = place() {
            place.clone()
        } else {
            DEFAULT.to_owned()
        }
    }
}

/// The origin of what nobody has set.
const DEFAULT: &str = "default";

/// Whether a name leaves the choice to the program.
fn is_auto(name: &str) -> bool {
    name.eq_ignore_ascii_case("auto")
}

fn not_set(place: &str, name: &str) -> String {
    format!("{place} is {name:?}, which counts as not set: the choice is made for each call")
}

fn unknown(place: &str, id: &str, providers: &[Provider]) -> Problem {
    let mut known: Vec<&str> = providers
        .iter()
        .map(|provider| provider.id.as_str())
        .collect();
    if !known.contains(&provider::MOCK) {
        known.push(provider::MOCK);
    }
    if let Some(ended) = ended(id) {
        let mend = format!("{ended}; use one of {}", known.join(", "));
        return Problem::new(place, format!("is {id:?}"), mend);
    }
    let mend = match nearest(id, known.iter().copied()) {
        Some(near) => format!("perhaps you mean {near}"),
        None => format!(
            "use one of {}, or define it under providers in the configuration file",
            known.join(", ")
        ),
    };
    let id = shown(id, known);
    Problem::new(place, format!("names an unknown provider, {id}"), mend)
}

/// The configuration file to read, if there is one.
fn config_file(environment: &Environment<'_>) -> Result<Option<PathBuf>, Problem> {
    if let Some(path) = environment.path("CONFIG_FILE")? {
        return Ok(Some(path.into()));
    }
    let found = CONFIG_FILES
        .into_iter()
        .find(|path| Path::new(path).exists());
    Ok(found.map(PathBuf::from))
}

/// A setting as it is written.
struct Written {
    /// For people: the variable, or the place in the file.
    place: String,
    text: String,
}

impl Written {
    /// It must be something else.
    fn wrong(&self, mend: impl fmt::Display) -> Problem {
        self.not_one_of([], mend)
    }

    /// It must be one of these.
    fn not_one_of<'a>(
        &self,
        known: impl IntoIterator<Item = &'a str>,
        mend: impl fmt::Display,
    ) -> Problem {
        let text = shown(&self.text, known);
        Problem::new(&self.place, format!("is {text}"), mend)
    }
}

fn variable(environment: &Environment<'_>, name: &str) -> Result<Option<Written>, Problem> {
    let text = environment.value(name)?;
    Ok(text.map(|text| Written {
        place: name.to_owned(),
        text,
    }))
}

/// What a variable says, else what the file says at this path.
fn written<T: ToString>(
    environment: &Environment<'_>,
    name: &str,
    path: &str,
    of_file: Option<Spanned<T>>,
) -> Result<Option<Written>, Problem> {
    let of_file = of_file.map(|value| Written {
        place: value.place(path),
        text: value.value.to_string(),
    });
    Ok(variable(environment, name)?.or(of_file))
}

fn one_of<T>(
    written: Option<Written>,
    from_name: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Option<T>, Problem> {
    let Some(written) = written else {
        return Ok(None);
    };
    from_name(&written.text.to_ascii_lowercase())
        .map(Some)
        .map_err(|allowed| {
            let known = allowed.split([',', ' ']);
            written.not_one_of(known, format!("use {allowed}"))
        })
}

fn seconds(written: &Written) -> Result<Duration, Problem> {
    match written.text.parse::<u32>() {
        Ok(number) if (1..=86_400).contains(&number) => Ok(Duration::from_secs(number.into())),
        _ => Err(written.wrong("use a whole number of seconds from 1 to 86400")),
    }
}

/// The same as a limit that is told with its place.
fn bounded(written: Written) -> Result<Bound<Duration>, Problem> {
    Ok(Bound {
        most: seconds(&written)?,
        place: written.place,
    })
}

fn retries(written: &Written) -> Result<u32, Problem> {
    match written.text.parse() {
        Ok(number) if number <= 10 => Ok(number),
        _ => Err(written.wrong("use a whole number from 0 to 10")),
    }
}

impl LogLevel {
    fn from_name(name: &str) -> Result<Self, &'static str> {
        match name {
            "debug" => Ok(LogLevel::Debug),
            "info" => Ok(LogLevel::Info),
            "warn" => Ok(LogLevel::Warn),
            "error" => Ok(LogLevel::Error),
            _ => Err("debug, info, warn or error"),
        }
    }
}

impl LogFormat {
    fn from_name(name: &str) -> Result<Self, &'static str> {
        match name {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("text or json"),
        }
    }
}

impl Standby {
    fn from_name(name: &str) -> Result<Self, &'static str> {
        match name {
            "auto" => Ok(Standby::Auto),
            "always" => Ok(Standby::Always),
            "never" => Ok(Standby::Never),
            _ => Err("auto, always or never"),
        }
    }
}
