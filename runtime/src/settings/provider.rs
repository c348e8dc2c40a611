//! Which providers there are, and whether each can be used.
//!
//! Never here: talking to one.

use std::collections::{BTreeMap, BTreeSet};

use anygpt_providers::{
    Codec,
    anthropic::Messages,
    google::GenerateContent,
    openai::{
        Responses,
        chat_completions::{ChatCompletions, PLAIN},
    },
};
use http::{HeaderName, HeaderValue};

use super::{
    BaseUrl, Network, Parameters, Problem, ProviderIndex, ProxyKind, base_url,
    environment::{Environment, Found, Ignored},
    file::{KeyEntry, ProviderEntry},
    foreign::Foreign,
    headers::Headers,
    key,
    own_variables::{self, OwnVariables},
    presets::{self, AZURE, AZURE_DATED, DOCKER, OPENAI_CHAT, OPENROUTER, PRESETS, Preset},
    secret::{self, Secret},
    vendors::{self, Serves},
};

/// The id of the built-in echo.
pub(super) const MOCK: &str = "mock";

/// A provider as configured.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The name it is asked for by.
    pub id: String,
    /// How it is spoken to.
    pub kind: Kind,
    /// Where it is.
    pub base_url: BaseUrl,
    /// Its key and where that came from.
    pub key: Option<Found>,
    /// The header that its key travels in.
    pub key_header: KeyHeader,
    /// What is asked if no model is named; else the newest of its list.
    pub model: Option<String>,
    /// What its requests hold if the caller says nothing else.
    pub defaults: Parameters,
    /// It is set up, or it is one of the main three. The others need not be shown.
    pub is_listed: bool,
    /// It is tried where nothing else can be used, although nobody has set it up.
    pub is_last_resort: bool,
    /// It is tried where it is named, although nobody has set it up: at its usual port of this machine.
    pub is_tried_if_named: bool,
    pub(super) headers: Headers,
    /// Where its kind, address and model are told; nothing if they are built in.
    pub(super) origins: Origins,
    /// What it is known for by name.
    pub(crate) preset: Option<&'static Preset>,
    /// What stands where its key should.
    no_key: Option<Ignored>,
    /// Why it cannot be used, with what to do about it.
    off: Option<String>,
    /// It is off since one of its settings cannot be used.
    is_broken: bool,
    /// By which setting it must not be used.
    refusal: Option<String>,
}

/// The variable or the place in the configuration file where each is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    pub(super) kind: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) model: Option<String>,
}

/// The header that a key travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHeader {
    /// The one that the format has for keys.
    Usual,
    /// `Authorization: Bearer`
    Bearer,
    /// `api-key`: Azure's, whatever format it speaks.
    ApiKey,
}

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// OpenAI's Responses API.
    OpenAi,
    /// Anthropic's Messages API.
    Anthropic,
    /// Google's generateContent API.
    Google,
    /// OpenAI's Chat Completions API, in some service's way.
    Compatible(&'static ChatCompletions),
    /// Not at all: it echoes the last user text, offline.
    Mock,
}

impl Kind {
    pub(super) const ALL: [Kind; 5] = [
        Kind::OpenAi,
        Kind::Anthropic,
        Kind::Google,
        Kind::Compatible(&PLAIN),
        Kind::Mock,
    ];

    /// The word for it in `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::OpenAi => "openai",
            Kind::Anthropic => "anthropic",
            Kind::Google => "google",
            Kind::Compatible(_) => "openai-compatible",
            Kind::Mock => MOCK,
        }
    }

    /// The kind of that name. The name of a preset means its way of speaking.
    fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        if name == "openai-chat" {
            return Some(Kind::Compatible(&PLAIN));
        }
        let by_word = || Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
        by_word().or_else(|| presets::named(&name).map(|preset| preset.kind))
    }

    /// The wire format; none for the mock.
    pub fn codec(self) -> Option<&'static dyn Codec> {
        match self {
            Kind::OpenAi => Some(&Responses),
            Kind::Anthropic => Some(&Messages),
            Kind::Google => Some(&GenerateContent),
            Kind::Compatible(service) => Some(service),
            Kind::Mock => None,
        }
    }
}

impl Provider {
    /// Why it cannot be used, with what to do about it; `None` if it can.
    pub fn why_off(&self) -> Option<String> {
        self.refusal.as_ref().or(self.off.as_ref()).cloned()
    }

    /// By which setting it must not be used, whatever else there is; `None` if it may.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// What is wrong with its settings, if that is why it is off.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.off.as_deref().filter(|_| self.is_broken)
    }

    /// It is off, since one of its settings cannot be used.
    fn break_off(&mut self, problem: &Problem) {
        self.off = Some(problem.to_string());
        self.is_broken = true;
        self.is_listed = true;
        self.is_last_resort = false;
        self.is_tried_if_named = false;
    }

    /// It must not be used, for this reason.
    pub(super) fn refuse(&mut self, refusal: String) {
        self.refusal = Some(refusal);
        self.is_last_resort = false;
        self.is_tried_if_named = false;
    }

    /// Whether it is one of the main three at its own address, so that the published prices hold.
    pub fn is_original(&self) -> bool {
        self.origins.base_url.is_none() && self.preset.is_some_and(Preset::is_main)
    }

    /// Whose models it has. Only a vendor's own address is its own API; behind any other there may be a gateway.
    pub(crate) fn serves(&self) -> Serves {
        match self.preset {
            Some(preset) if preset.is_local => Serves::Local,
            _ if self.kind == Kind::Mock => Serves::All,
            _ => vendors::at(self.base_url.host()),
        }
    }

    /// Whether it runs on a machine of the user's own, so that names of local models are meant for it.
    pub(crate) fn is_local(&self) -> bool {
        match self.preset {
            Some(preset) => preset.is_local,
            None => self.kind != Kind::Mock && self.base_url.is_private(),
        }
    }

    /// Headers of the user's own, which win over all others.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers.all
    }

    /// Whether anybody may see its list of models, so that this tells nothing of the key.
    pub fn has_public_list(&self) -> bool {
        self.preset.is_some_and(|preset| preset.id == OPENROUTER)
    }

    /// Its key, and what is as good as one. A word that is sent where no key is needed is none.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let key = self.key.iter().map(|key| &key.secret);
        let all = key.chain(&self.headers.secrets.keys);
        let all = all.chain(&self.base_url.secrets().keys);
        all.filter(|key| !key::is_example(key.expose()))
    }

    /// What is a secret only by its place.
    pub(super) fn placed_values(&self) -> impl Iterator<Item = &Secret> {
        let of_headers = self.headers.secrets.values.iter();
        of_headers.chain(&self.base_url.secrets().values)
    }

    /// Why it is not tried although it is named; `None` if it is.
    pub fn why_not_tried(&self) -> Option<String> {
        self.why_not_tried_in(in_container())
    }

    fn why_not_tried_in(&self, in_container: bool) -> Option<String> {
        let preset = self.preset?;
        let (variable, port) = (preset.url_variables.first()?, preset.port?);
        // What listens at a port of a container is seldom what its user means.
        in_container.then(|| {
            format!(
                "it has no base URL, and in a container its usual port is not tried (set {variable}, for example to \
                 http://host.docker.internal:{port})"
            )
        })
    }

    /// The variables that would set it up.
    pub fn switches(&self) -> String {
        let Some(preset) = self.preset else {
            return String::new();
        };
        let needs_url = self.kind.codec().map(Codec::default_base_url) == Some("");
        let url = preset
            .url_variables
            .first()
            .filter(|_| needs_url || preset.is_local);
        let key = preset.key_variables.first().filter(|_| !preset.is_local);
        let names: Vec<&str> = url.into_iter().chain(key).copied().collect();
        names.join(" and ")
    }
}

/// The provider of that name, in whatever case it is written.
pub(crate) fn position(providers: &[Provider], id: &str) -> Option<ProviderIndex> {
    // As most have it, without a look at all the names of presets.
    if let Some(position) = providers.iter().position(|provider| provider.id == id) {
        return Some(ProviderIndex::new(position));
    }
    let id = presets::named(id).map_or(id, |preset| preset.id);
    providers
        .iter()
        .position(|provider| provider.id.eq_ignore_ascii_case(id))
        .map(ProviderIndex::new)
}

/// All providers: the presets that are set up, then those of the user's own, then the other presets. One with a setting
/// that cannot be used is off.
/// With `guarded` no key may travel in the open to a public address, neither directly nor by way of a
/// proxy.
pub(super) fn all(
    environment: &Environment<'_>,
    entries: BTreeMap<String, ProviderEntry>,
    foreign: &Foreign,
    default: Option<&str>,
    guarded: Option<&Network>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Provider>, Problem> {
    let mut entries = by_id(entries)?;
    entries.retain(|id, entry| {
        let ended = presets::ended(id).filter(|_| entry.base_url.is_none() && entry.kind.is_none());
        if let Some(ended) = ended {
            warnings.push(format!("providers.{id} does nothing: {ended}"));
        }
        ended.is_none()
    });
    let known = entries.keys().map(String::as_str);
    let own = own_variables::all(environment, known, warnings)?;
    let mut own: BTreeMap<String, OwnVariables> = own.into_iter().collect();
    let reader = Reader {
        environment,
        foreign,
        guarded,
    };
    let mut providers = Vec::with_capacity(PRESETS.len());
    let mut others = Vec::with_capacity(PRESETS.len());
    for preset in &PRESETS {
        let told = Told::take(preset.id, &mut entries, &mut own);
        let key = told.key();
        let is_default = default.is_some_and(|id| preset.is_named(id));
        let provider = reader.preset(preset, told, is_default, warnings);
        let provider =
            provider.unwrap_or_else(|problem| reader.off(preset.id, Some(preset), key, &problem));
        if !provider.is_listed {
            others.push(provider);
        } else {
            providers.push(provider);
        }
    }
    if default.is_some_and(|id| id.eq_ignore_ascii_case(MOCK)) {
        entries.entry(MOCK.into()).or_default();
    }
    let ids: BTreeSet<String> = entries.keys().chain(own.keys()).cloned().collect();
    for id in ids {
        let told = Told::take(&id, &mut entries, &mut own);
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || !id.chars().all(allowed) || position(&providers, &id).is_some() {
            return Err(Problem::new(
                &format!("providers.{id}"),
                "is not a possible id",
                "use letters, digits, - _ and ., and each id once, whatever its case",
            ));
        }
        let key = told.key();
        let provider = reader.own(&id, told, warnings);
        providers.push(provider.unwrap_or_else(|problem| reader.off(&id, None, key, &problem)));
    }
    providers.extend(others);
    for provider in &providers {
        let broken = provider.broken();
        warnings.extend(broken.map(|why| format!("Provider {} is off: {why}", provider.id)));
    }
    Ok(providers)
}

/// The entries under the ids of the presets, where they have other names of them.
fn by_id(
    entries: BTreeMap<String, ProviderEntry>,
) -> Result<BTreeMap<String, ProviderEntry>, Problem> {
    let mut all: BTreeMap<String, ProviderEntry> = BTreeMap::new();
    let (ids, aliases): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|(id, _)| presets::named(id).is_none_or(|preset| preset.id == id));
    all.extend(ids);
    for (alias, entry) in aliases {
        let id = presets::named(&alias).map_or(&*alias, |preset| preset.id);
        if all.insert(id.into(), entry).is_some() {
            return Err(Problem::new(
                &format!("providers.{alias}"),
                format!("is another name of providers.{id}, and both are there"),
                "keep one of them",
            ));
        }
    }
    Ok(all)
}

/// Whether `localhost` is a container.
pub(crate) fn in_container() -> bool {
    std::process::id() == 1
        || ["/.dockerenv", "/run/.containerenv"]
            .iter()
            .any(|path| std::path::Path::new(path).exists())
}

fn kinds() -> String {
    Kind::ALL.map(Kind::as_str).join(", ")
}

fn kind_named(place: &str, name: &str) -> Result<Kind, Problem> {
    Kind::from_name(name).ok_or_else(|| {
        Problem::new(
            place,
            format!("is {}", secret::shown(name, Kind::ALL.map(Kind::as_str))),
            format!("use one of {}", kinds()),
        )
    })
}

/// What the user says of one provider, beside the well-known variables.
struct Told {
    entry: Option<ProviderEntry>,
    own: OwnVariables,
}

/// Where the key of a provider may stand, beside the well-known variables.
type OwnKey = (Option<String>, Option<KeyEntry>);

impl Told {
    /// What there is of this one.
    fn take(
        id: &str,
        entries: &mut BTreeMap<String, ProviderEntry>,
        own: &mut BTreeMap<String, OwnVariables>,
    ) -> Self {
        Told {
            entry: entries.remove(id),
            own: own.remove(id).unwrap_or_default(),
        }
    }

    fn key(&self) -> OwnKey {
        let variable = self.own.has_key.then(|| self.own.name("_API_KEY"));
        let entry = self.entry.as_ref();
        (variable, entry.and_then(|entry| entry.api_key.clone()))
    }

    /// The kind, and where it is said.
    fn kind(&self, id: &str) -> Result<Option<(String, Kind)>, Problem> {
        if let Some(name) = &self.own.kind {
            let place = self.own.name("_TYPE");
            let kind = kind_named(&place, name)?;
            return Ok(Some((place, kind)));
        }
        let name = self.entry.as_ref().and_then(|entry| entry.kind.as_ref());
        let Some(name) = name else {
            return Ok(None);
        };
        let place = name.place(&format!("providers.{id}.type"));
        let kind = kind_named(&place, &name.value)?;
        Ok(Some((place, kind)))
    }
}

/// An address as it was written, and where.
type Written = (String, String);

/// What the well-known variables say of a provider.
#[derive(Default)]
struct Known {
    key_variables: &'static [&'static str],
    token_variable: Option<&'static str>,
    url: Option<Written>,
    headers: Headers,
    /// The same by other programs' variables, which count where nothing else says anything.
    foreign_key: Option<String>,
    foreign_url: Option<Written>,
}

/// A key, or else what stands where it should.
#[derive(Default)]
struct Key {
    found: Option<Found>,
    /// It is a token that travels as `Authorization: Bearer`.
    is_token: bool,
    no_key: Option<Ignored>,
}

impl Key {
    /// Keeps what the next place has, if no earlier one has a key. What only means "not set" is worth less.
    fn or(&mut self, read: Result<Option<Found>, Ignored>) {
        match read {
            Ok(Some(found)) if self.found.is_none() => self.found = Some(found),
            Ok(_) => {}
            Err(ignored) => match &self.no_key {
                Some(known) if known.is_broken || !ignored.is_broken => {}
                _ => self.no_key = Some(ignored),
            },
        }
    }
}

/// Brings together what an entry of the file says and what the environment says, which wins.
struct Reader<'e> {
    environment: &'e Environment<'e>,
    foreign: &'e Foreign,
    guarded: Option<&'e Network>,
}

impl Reader<'_> {
    /// A provider with a setting that cannot be used. Its key goes nowhere, and is a secret all the same.
    fn off(
        &self,
        id: &str,
        preset: Option<&'static Preset>,
        (own_variable, in_file): OwnKey,
        problem: &Problem,
    ) -> Provider {
        let known = preset.map_or_else(Known::default, |preset| Known {
            key_variables: preset.key_variables,
            token_variable: preset.token_variable,
            foreign_key: self.foreign.key(preset),
            ..Known::default()
        });
        let (nowhere, place) = (BaseUrl::default(), format!("providers.{id}"));
        // They have been said.
        let mut warnings = Vec::new();
        let key = self.key(
            &place,
            own_variable,
            &known,
            in_file,
            &nowhere,
            &mut warnings,
        );
        let mut provider = Provider {
            id: id.to_owned(),
            kind: preset.map_or(Kind::Compatible(&PLAIN), |preset| preset.kind),
            base_url: nowhere,
            key: key.found,
            key_header: KeyHeader::Usual,
            model: None,
            defaults: Parameters::default(),
            is_listed: true,
            is_last_resort: false,
            is_tried_if_named: false,
            headers: Headers::default(),
            origins: Origins::default(),
            preset,
            no_key: key.no_key,
            off: None,
            is_broken: false,
            refusal: None,
        };
        provider.break_off(problem);
        provider
    }

    /// A provider that is known by name.
    fn preset(
        &self,
        preset: &'static Preset,
        told: Told,
        is_default: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Provider, Problem> {
        let id = preset.id;
        let kind_told = told.kind(id)?;
        let kind_from = kind_told.as_ref().map(|(place, _)| place.clone());
        let kind = match kind_told {
            None => preset.kind,
            Some((_, kind)) if kind == preset.kind => kind,
            Some((_, Kind::Compatible(_))) if preset.kind == Kind::OpenAi => {
                Kind::Compatible(&OPENAI_CHAT)
            }
            Some((_, Kind::Compatible(&PLAIN))) if !preset.is_main() => preset.kind,
            Some((_, kind)) if !preset.is_main() => kind,
            Some((place, _)) => {
                return Err(Problem::new(
                    &place,
                    "is not the type of this built-in provider",
                    "leave it out, or choose another id",
                ));
            }
        };
        let mut headers = Headers::default();
        for (variable, name) in preset.header_variables {
            if let Some((place, value)) = self.foreign.value(self.environment, variable)? {
                headers.add(&place, name, &value)?;
            }
        }
        if let Some(variable) = preset.headers_variable
            && let Some(lines) = self.environment.text(variable)?
        {
            headers.add_lines(variable, &lines)?;
        }
        let mut url = None;
        let mut runner = Runner::Auto;
        if id == DOCKER {
            runner = Runner::read(self.environment)?;
            if let Runner::At { written, .. } = &runner {
                url = Some(written.clone());
            }
        } else {
            for variable in preset.url_variables {
                if let Some(text) = self.environment.value(variable)? {
                    url = Some((variable.to_string(), text));
                    break;
                }
            }
        }
        let is_told = told.entry.is_some() || !told.own.prefix.is_empty();
        let (foreign_key, foreign_url) = (
            self.foreign.key(preset),
            self.foreign.url(self.environment, preset)?,
        );
        let known = Known {
            key_variables: preset.key_variables,
            token_variable: preset.token_variable,
            url,
            headers,
            foreign_key,
            foreign_url: foreign_url.clone(),
        };
        let mut provider = self.provider(id, kind, told.entry, &told.own, known, warnings)?;
        self.tell_foreign(&provider, preset, foreign_url, warnings);
        if kind == Kind::OpenAi && id == AZURE {
            provider.key_header = KeyHeader::ApiKey;
        }
        provider.preset = Some(preset);
        provider.model = (provider.model).or_else(|| preset.model.map(str::to_owned));
        provider.origins.kind = kind_from;
        let has_url = provider.origins.base_url.is_some();
        provider.is_listed = provider.is_broken
            || preset.is_main()
            || is_told
            || is_default
            || provider.key.is_some()
            || has_url;
        provider.off = match kind.codec().map(Codec::default_base_url) {
            _ if provider.is_broken => provider.off,
            _ if id == DOCKER && !has_url => match (&runner, is_default) {
                (Runner::Off, _) => Some("DOCKER_MODEL_RUNNER is off (set it to its URL)".into()),
                (_, true) => None,
                _ => {
                    provider.is_last_resort = true;
                    Some(
                        "it is tried only if it is named, or if nothing else can be used (set \
                         DOCKER_MODEL_RUNNER to its URL)"
                            .into(),
                    )
                }
            },
            // The address that comes with the kind is not that of this service.
            Some(_) if kind.as_str() != preset.kind.as_str() && !has_url => {
                Some(format!("it has no base URL (set providers.{id}.base_url)"))
            }
            Some("") if !has_url => match preset.port {
                Some(port) => {
                    provider.base_url = BaseUrl::built_in(format!("http://127.0.0.1:{port}/v1"));
                    provider.is_tried_if_named = true;
                    match is_told || is_default {
                        true => provider.why_not_tried(),
                        false => Some(format!(
                            "it is tried only if it is named (set {})",
                            preset.url_variables.join(" or ")
                        )),
                    }
                }
                None => Some(format!(
                    "it has no base URL (set {})",
                    preset.url_variables.join(" or ")
                )),
            },
            _ => provider.missing_key(&preset.key_variables.join(" or "), preset.is_local),
        };
        if let Runner::At {
            model: Some(model), ..
        } = runner
            && provider.origins.model.is_none()
        {
            provider.model = Some(model);
            provider.origins.model = Some("DOCKER_MODEL_RUNNER".into());
        }
        Ok(provider)
    }

    /// Says which variables of other programs were read for a provider, and which were not.
    fn tell_foreign(
        &self,
        provider: &Provider,
        preset: &Preset,
        url: Option<Written>,
        warnings: &mut Vec<String>,
    ) {
        // Nothing goes there.
        if provider.is_broken {
            return;
        }
        if let (Some((name, text)), Some(ours), Some(used)) = (
            url,
            preset.url_variables.first(),
            &provider.origins.base_url,
        ) {
            let at = &provider.base_url;
            if *used != name {
                if at.to_string() != text.trim_end_matches('/') {
                    warnings.push(format!("{used} is used, and not {name}"));
                }
            } else if preset.is_local {
                self.foreign.read(&name, ours);
            } else {
                // Prompts go where only another program was meant to send them.
                let id = preset.id;
                warnings.push(format!(
                    "{name} is read as {ours}: requests to {id} go to {at}"
                ));
            }
        }
    }

    /// A provider of the user's own.
    fn own(&self, id: &str, told: Told, warnings: &mut Vec<String>) -> Result<Provider, Problem> {
        let place = format!("providers.{id}");
        let kind_told = told.kind(id)?;
        let kind_from = kind_told.as_ref().map(|(place, _)| place.clone());
        let kind = match kind_told {
            Some((_, kind)) => kind,
            None if id == MOCK => Kind::Mock,
            None if told.entry.is_none() => Kind::Compatible(&PLAIN),
            None => {
                return Err(Problem::new(
                    &place,
                    "has no type",
                    format!("add type: {}", kinds()),
                ));
            }
        };
        let entry = told.entry.as_ref();
        let has_url = told.own.base_url.is_some() || entry.is_some_and(|it| it.base_url.is_some());
        let has_key = told.own.has_key || entry.is_some_and(|it| it.api_key.is_some());
        if let Some(codec) = kind.codec().filter(|_| !has_url) {
            let mend = "a base URL, for example http://llm:8000/v1";
            if entry.is_none() {
                return Err(Problem::new(
                    &told.own.name("_BASE_URL"),
                    "is not set, although other variables of this provider are",
                    format!("set it to {mend}, or unset the others"),
                ));
            }
            if codec.default_base_url().is_empty() {
                let mend = format!("add {mend}");
                return Err(Problem::new(&place, "has no base_url", mend));
            }
            if !has_key {
                return Err(Problem::new(
                    &place,
                    "has neither a base_url nor an api_key",
                    "add one of them",
                ));
            }
        }
        let switch = match entry {
            None => told.own.name("_API_KEY"),
            Some(_) => format!("{place}.api_key"),
        };
        let known = Known::default();
        let mut provider = self.provider(id, kind, told.entry, &told.own, known, warnings)?;
        provider.is_listed = true;
        provider.origins.kind = kind_from;
        if kind != Kind::Mock && !provider.is_broken {
            provider.off = provider.missing_key(&switch, false);
        }
        Ok(provider)
    }

    fn provider(
        &self,
        id: &str,
        kind: Kind,
        entry: Option<ProviderEntry>,
        own: &OwnVariables,
        known: Known,
        warnings: &mut Vec<String>,
    ) -> Result<Provider, Problem> {
        let place = format!("providers.{id}");
        let mut entry = entry.unwrap_or_default();
        let url = match (&own.base_url, &known.url, &entry.base_url) {
            (Some(text), ..) => Some((own.name("_BASE_URL"), text.clone())),
            (None, Some(url), _) => Some(url.clone()),
            (None, None, Some(text)) => {
                let place = text.place(&format!("{place}.base_url"));
                Some((place, text.value.clone()))
            }
            (None, None, None) => known.foreign_url.clone(),
        };
        let mut kind = kind;
        let mut deployment: Option<(String, String)> = None;
        let base_url = match &url {
            None => None,
            Some((place, text)) => {
                let whole = base_url::with_scheme(text);
                let is_azure = match kind {
                    Kind::Compatible(service) => service.api_key_header,
                    _ => kind == Kind::OpenAi && id == AZURE,
                };
                let preset = presets::named(id);
                Some(match preset.filter(|preset| preset.is_local) {
                    Some(preset) => local(place, text, preset.port, kind)?,
                    None if is_azure => {
                        let (url, model) = self.azure(place, &whole, &mut kind)?;
                        deployment = model.map(|model| (model, place.clone()));
                        url
                    }
                    None => versioned(BaseUrl::parse(place, &whole)?, kind),
                })
            }
        };
        let key_variable = own.has_key.then(|| own.name("_API_KEY"));
        let (model, model_from) = match (&own.model, entry.model) {
            (Some(model), _) => (Some(model.clone()), Some(own.name("_MODEL"))),
            (None, Some(model)) => {
                let place = model.place(&format!("{place}.model"));
                (Some(model.value), Some(place))
            }
            (None, None) => deployment.unzip(),
        };
        let is_model = |model: &String| {
            let place = || model_from.clone().unwrap_or_default();
            secret::is_no_key(&place, model, warnings)
        };
        let model = model.filter(is_model);
        let model_from = model_from.filter(|_| model.is_some());
        let base_url = base_url
            .unwrap_or_else(|| BaseUrl::built_in(kind.codec().map_or("", Codec::default_base_url)));
        let in_file = entry.api_key.take();
        let key = self.key(&place, key_variable, &known, in_file, &base_url, warnings);
        let headers = known.headers;
        let has_secrets = key.found.is_some()
            || !headers.secrets.keys.is_empty()
            || !base_url.secrets().keys.is_empty();
        let in_the_open = match has_secrets {
            true => {
                let place = url.as_ref().map_or(&place, |(place, _)| place);
                self.in_the_open(place, &base_url)
            }
            false => None,
        };
        let mut provider = Provider {
            id: id.to_owned(),
            kind,
            base_url,
            key: key.found,
            key_header: match key.is_token {
                true => KeyHeader::Bearer,
                false => KeyHeader::Usual,
            },
            headers,
            model,
            defaults: entry.defaults.parameters(),
            is_listed: false,
            is_last_resort: false,
            is_tried_if_named: false,
            preset: None,
            origins: Origins {
                kind: None,
                base_url: url.map(|(place, _)| place),
                model: model_from,
            },
            no_key: key.no_key,
            off: None,
            is_broken: false,
            refusal: None,
        };
        if let Some(problem) = in_the_open {
            provider.break_off(&problem);
        }
        Ok(provider)
    }

    /// Why no key may go to this address, if strangers on the way could read it.
    fn in_the_open(&self, place: &str, address: &BaseUrl) -> Option<Problem> {
        const INSECURE: &str = "set ANYGPT_ALLOW_INSECURE_HTTP=1 if you know what you do";
        let network = self.guarded.filter(|_| address.is_http())?;
        if !address.may_carry_keys() {
            return Some(Problem::new(
                place,
                "would send a key over plain http to a public address",
                format!("use https, or {INSECURE}"),
            ));
        }
        // For https it is a tunnel that cannot be looked into.
        let proxy = address.uri().and_then(|url| network.proxy(&url))?;
        if proxy.kind() == ProxyKind::Https || base_url::is_private(proxy.host()) {
            return None;
        }
        Some(Problem::new(
            place,
            format!("would send a key over plain http to the proxy {proxy} at a public address"),
            format!("add its host to NO_PROXY, use https, or {INSECURE}"),
        ))
    }

    /// The key for this address: of its own variables, of the well-known ones, of the file, in this order.
    fn key(
        &self,
        place: &str,
        own_variable: Option<String>,
        known: &Known,
        in_file: Option<KeyEntry>,
        address: &BaseUrl,
        warnings: &mut Vec<String>,
    ) -> Key {
        let mut key = Key::default();
        if let Some(variable) = own_variable {
            key.or(self.environment.secret(&variable, address));
        }
        let of_its_own = key.found.is_some();
        for variable in known.key_variables {
            let read = self.environment.secret(variable, address);
            if let (false, Some(used), Ok(Some(found))) = (of_its_own, &key.found, &read)
                && used.secret != found.secret
            {
                let used = &used.origin;
                warnings.push(format!(
                    "{used} and {variable} hold different keys; {used} is used"
                ));
            }
            key.or(read);
        }
        if let Some(variable) = known.token_variable {
            let read = self.environment.secret(variable, address);
            match (&key.found, &read) {
                // Both together are refused.
                (Some(used), Ok(Some(_))) => {
                    warnings.push(format!("{} is used, and not {variable}", used.origin));
                }
                (None, Ok(Some(_))) => key.is_token = true,
                _ => {}
            }
            key.or(read);
        }
        if let Some(text) = in_file.filter(|_| key.found.is_none()) {
            let place = text.place(&format!("{place}.api_key"));
            let names = known.key_variables;
            let read = self
                .environment
                .key_in_file(place, &text.value, names, address);
            key.or(read.map(Some));
        }
        if let Some(variable) = &known.foreign_key {
            let read = self.environment.secret(variable, address);
            match (&key.found, &read) {
                (None, Ok(Some(_))) => {
                    let ours = known.key_variables.first().copied().unwrap_or_default();
                    self.foreign.read(variable, ours);
                }
                (Some(used), Ok(Some(found))) if used.secret != found.secret => {
                    warnings.push(format!("{} is used, and not {variable}", used.origin));
                }
                _ => {}
            }
            key.or(read);
        }
        key
    }

    /// The address of an Azure resource: where its v1 API is, or where the API of a dated version is. The address of a
    /// whole endpoint tells version and deployment, too; the latter is the name of a model.
    fn azure(
        &self,
        place: &str,
        text: &str,
        kind: &mut Kind,
    ) -> Result<(BaseUrl, Option<String>), Problem> {
        const VERSION: &str = "OPENAI_API_VERSION";
        let mut url = BaseUrl::parse(place, text)?;
        let in_url = url.take_parameter("api-version");
        let (version_place, version) = match self.foreign.value(self.environment, VERSION)? {
            Some((place, version)) => (place, Some(version)),
            None => (place.to_owned(), in_url),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if let Some(version) = version.as_ref().filter(|it| !it.chars().all(allowed)) {
            return Err(Problem::new(
                &version_place,
                format!("has the API version {}", secret::shown(version, [])),
                "use a version such as 2024-10-21, or none for the v1 API",
            ));
        }
        let mut url = url.without(&ENDPOINTS).without(&["/models"]);
        let mut model = None;
        if let Some((before, deployment)) = url.path().rsplit_once("/deployments/") {
            let end = url.path().len() - before.len();
            model = deployment.split('/').next().map(str::to_owned);
            url = url.without_last(end);
        } else {
            url = url.without(&["/deployments"]);
        }
        let path = url.path();
        let is_v1 = path.ends_with("/v1");
        let dated = !is_v1 && version.as_ref().is_some_and(|it| it.starts_with('2'));
        let below = match (path.ends_with("/openai"), dated) {
            _ if is_v1 => "",
            (true, true) => "",
            (true, false) => "/v1",
            (false, true) => "/openai",
            (false, false) => "/openai/v1",
        };
        // Responses name the model in the body, whatever the version.
        if dated && *kind != Kind::OpenAi {
            *kind = Kind::Compatible(&AZURE_DATED);
        }
        // The v1 API knows these words for what is not released yet.
        let version = version.filter(|it| dated || ["preview", "latest"].contains(&it.as_str()));
        url = url.below(below);
        if let Some(version) = version {
            url.add_parameter("api-version", &version);
        }
        Ok((url, model.filter(|it| !it.is_empty())))
    }
}

impl Provider {
    /// An endpoint in the private network may work without a key; a public one never does. Where one was meant and is
    /// none, nothing is sent without it.
    fn missing_key(&self, switch: &str, is_local: bool) -> Option<String> {
        let needs_none = is_local || self.origins.base_url.is_some() && self.base_url.is_private();
        match &self.no_key {
            _ if self.key.is_some() => None,
            Some(it) if it.is_broken || !needs_none && it.why != key::EMPTY => Some(format!(
                "it has no key: {} cannot be used: {}",
                it.name, it.why
            )),
            _ => (!needs_none).then(|| format!("it has no key (set {switch})")),
        }
    }
}

/// What `DOCKER_MODEL_RUNNER` says.
enum Runner {
    /// Nothing, or `auto`.
    Auto,
    Off,
    At {
        written: Written,
        model: Option<String>,
    },
}

impl Runner {
    fn read(environment: &Environment<'_>) -> Result<Self, Problem> {
        const NAME: &str = "DOCKER_MODEL_RUNNER";
        let Some(value) = environment.value(NAME)? else {
            return Ok(Runner::Auto);
        };
        match value.to_ascii_lowercase().as_str() {
            "auto" => return Ok(Runner::Auto),
            "off" => return Ok(Runner::Off),
            url if url.contains([':', '/']) => {
                let (written, model) = ((NAME.to_owned(), value), None);
                return Ok(Runner::At { written, model });
            }
            _ => {}
        }
        // Compose tells a model by a pair of variables: LLM_URL and LLM_MODEL.
        let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let pair = value.strip_suffix("_URL").filter(|it| !it.is_empty());
        let Some(pair) = pair.filter(|it| it.chars().all(allowed)) else {
            return Err(Problem::new(
                NAME,
                format!("is {}", secret::shown(&value, [])),
                "use auto, off, a URL, or the name of a variable that holds one, such as LLM_URL",
            ));
        };
        let Some(url) = environment.value(&value)? else {
            return Err(Problem::new(
                NAME,
                format!("names the variable {value}, which is not set"),
                "let Compose set it (models: under the service), or write the URL itself",
            ));
        };
        Ok(Runner::At {
            model: environment.value(&format!("{pair}_MODEL"))?,
            written: (value, url),
        })
    }
}

/// Ends of paths that documentation shows and people paste, whichever format they then use.
const ENDPOINTS: [&str; 9] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/embeddings",
    "/images/generations",
    "/messages",
    "/messages/count_tokens",
    "/messages/batches",
    "/complete",
];
const OLLAMA_ENDPOINTS: [&str; 5] = [
    "/api",
    "/api/chat",
    "/api/generate",
    "/api/tags",
    "/api/embed",
];

/// An address as requests of this kind need it: without the path of an endpoint, with the usual path if there is none.
fn versioned(url: BaseUrl, kind: Kind) -> BaseUrl {
    let usual = match kind {
        Kind::Mock => return url,
        Kind::Anthropic => return url.without(&ENDPOINTS).without(&["/models", "/v1"]),
        Kind::Google => {
            let mut url = url
                .without(&ENDPOINTS)
                .without_version(&["models", "openai"]);
            // The requests say themselves how they want their answer.
            url.take_parameter("alt");
            return url;
        }
        Kind::OpenAi => "https://api.openai.com/v1",
        Kind::Compatible(service) => service.base_url,
    };
    let url = url.without(&ENDPOINTS).without_list();
    if !url.path().is_empty() {
        return url;
    }
    let path = |url: &'static str| {
        let behind_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
        behind_scheme
            .find('/')
            .map_or("", |slash| &behind_scheme[slash..])
    };
    // A service has its own usual path, whichever provider asks it.
    let own = presets::at(url.host()).and_then(|preset| preset.kind.codec());
    let own = own.map(|codec| path(codec.default_base_url()));
    match own.filter(|own| !own.is_empty()) {
        Some(own) => url.below(own),
        None if usual.is_empty() || !path(usual).is_empty() => url.below("/v1"),
        None => url,
    }
}

/// The address of a local one, as Ollama reads it: scheme and port may be missing.
fn local(place: &str, text: &str, usual_port: Option<u16>, kind: Kind) -> Result<BaseUrl, Problem> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("http", text),
    };
    let slash = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    // An address of IPv6 may lack its brackets.
    let bare = authority.parse::<std::net::Ipv6Addr>();
    let authority = match bare {
        Ok(address) => format!("[{address}]"),
        Err(_) => authority.to_owned(),
    };
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => authority.split_at(colon),
        _ => (&*authority, ""),
    };
    let port = match usual_port {
        // With a scheme its own port is meant.
        Some(usual) if port.is_empty() && !text.contains("://") => format!(":{usual}"),
        _ => port.to_owned(),
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    // Without a scheme any word is a host.
    if !text.contains("://") && secret::is_key(host) {
        return Err(Problem::new(
            place,
            "looks like a key",
            "write an address like http://localhost:11434; a key belongs into its own variable",
        ));
    }
    let url = BaseUrl::parse(place, &format!("{scheme}://{host}{port}{path}"))?;
    Ok(versioned(url.without(&OLLAMA_ENDPOINTS), kind))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests;
