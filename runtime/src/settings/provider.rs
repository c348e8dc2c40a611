//! A provider as configured, and whether it can be used.
//!
//! Never here: reading one (`providers`), or talking to one.

use anygpt_providers::{
    Codec, Dialect,
    presets::{self, Preset, Serves},
};
use http::{HeaderName, HeaderValue};

use super::{
    base_url::BaseUrl,
    disclosure::shown,
    environment::{Found, Ignored},
    headers::Headers,
    index::ProviderIndex,
    key, own_variables,
    parameters::Parameters,
    problem::Problem,
    secret::Secret,
};
use crate::spelling::nearest;

/// A provider as configured.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    /// The name that calls use.
    pub id: String,
    /// How it is spoken to.
    pub dialect: Dialect,
    /// Where it is.
    pub base_url: BaseUrl,
    /// Its key and where that is from.
    pub key: Option<Found>,
    /// The header that its key travels in.
    pub key_header: KeyHeader,
    /// The model if none is named; else the newest of its list.
    pub model: Option<String>,
    /// What its requests hold if the caller says nothing else.
    pub defaults: Parameters,
    /// It is set up, or it is one of the main three. The others need not be shown.
    pub is_listed: bool,
    /// It is tried where nothing else can be used, although it is not set up.
    pub is_last_resort: bool,
    /// It is tried where it is named, although it is not set up: at its usual port of this machine.
    pub is_tried_if_named: bool,
    pub(super) headers: Headers,
    /// Where its dialect, address and model are set; nothing if they are built in.
    pub(super) origins: Origins,
    /// What it is known for by name.
    pub(crate) preset: Option<&'static Preset>,
    /// What stands where its key should.
    pub(super) no_key: Option<Ignored>,
    /// Why it cannot be used, with what to do about it.
    pub(super) off: Option<String>,
    /// It is off since one of its settings cannot be used.
    pub(super) is_broken: bool,
    /// By which setting it must not be used.
    pub(super) refusal: Option<String>,
}

/// The variable or the place in the configuration file where each is set.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    pub(super) dialect: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) model: Option<String>,
}

/// The header that a key travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyHeader {
    /// The one that the format has for keys.
    Usual,
    /// `Authorization: Bearer`
    Bearer,
    /// `api-key`: Azure's, whatever format it speaks.
    ApiKey,
}

impl Provider {
    /// A provider of which nothing else is known.
    pub(super) fn new(id: &str, dialect: Dialect, base_url: BaseUrl) -> Self {
        Provider {
            id: id.to_owned(),
            dialect,
            base_url,
            key: None,
            key_header: KeyHeader::Usual,
            model: None,
            defaults: Parameters::default(),
            is_listed: false,
            is_last_resort: false,
            is_tried_if_named: false,
            headers: Headers::default(),
            origins: Origins::default(),
            preset: None,
            no_key: None,
            off: None,
            is_broken: false,
            refusal: None,
        }
    }

    /// Why it cannot be used, with what to do about it; `None` if it can.
    pub(crate) fn unavailable_reason(&self) -> Option<&str> {
        self.refusal.as_deref().or(self.off.as_deref())
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.unavailable_reason().is_none()
    }

    /// By which setting it must not be used, whatever else there is; `None` if it may.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// What is wrong with its settings, if that is why it is off.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.off.as_deref().filter(|_| self.is_broken)
    }

    /// It is off, since one of its settings cannot be used.
    pub(super) fn disable(&mut self, problem: &Problem) {
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

    /// The id of the service, if this is its own address, so that what it publishes holds: prices, and which models there are.
    pub(crate) fn original(&self) -> Option<&'static str> {
        let preset = self.preset.filter(|preset| !preset.is_local)?;
        let own = preset.default_host()?;
        let is_own = self.base_url.host().eq_ignore_ascii_case(own);
        is_own.then_some(preset.id)
    }

    /// Whether it is a known program that runs models on a machine of the user's own.
    pub(crate) fn is_local_runtime(&self) -> bool {
        self.preset.is_some_and(|preset| preset.is_local)
    }

    /// Whose models it has. Only a vendor's own address is its own API; any other may be a gateway.
    pub(crate) fn serves(&self) -> Serves {
        match self.preset {
            Some(preset) if preset.is_local => Serves::Local,
            _ if self.dialect == Dialect::Mock => Serves::All,
            _ => presets::served_at(self.base_url.host()),
        }
    }

    /// Whether it runs on a machine of the user's own, so that names of local models are meant for it.
    pub(crate) fn is_local(&self) -> bool {
        match self.preset {
            Some(preset) => preset.is_local,
            None => self.dialect != Dialect::Mock && self.base_url.is_private(),
        }
    }

    /// Headers of the user's own, which win over all others.
    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers.all
    }

    /// Whether its list of models is public, so that reading it proves nothing about the key.
    pub(crate) fn has_public_list(&self) -> bool {
        self.preset.is_some_and(|preset| preset.has_public_list)
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
    pub(crate) fn untried_reason(&self, in_container: bool) -> Option<String> {
        let preset = self.preset?;
        let (variable, port) = (preset.url_variables.first()?, preset.port?);
        // What listens at a port of a container is seldom what its user means.
        in_container.then(|| {
            format!(
                "the base URL is missing, and in a container the usual port is not tried (set {variable}, for \
                 example to http://host.docker.internal:{port})"
            )
        })
    }

    /// The variable that would give it a key.
    pub(crate) fn key_variable(&self) -> String {
        let usual = self.preset.and_then(|preset| preset.key_variables.first());
        let own = || own_variables::key_of(&self.id);
        usual.map_or_else(own, |variable| (*variable).to_owned())
    }

    /// The variables that would set it up.
    pub(crate) fn switches(&self) -> String {
        let Some(preset) = self.preset else {
            return String::new();
        };
        let needs_url = self.dialect.codec().map(Codec::default_base_url) == Some("");
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

/// There is no provider of this name.
pub(super) fn unknown(place: &str, id: &str, providers: &[Provider]) -> Problem {
    let mut known: Vec<&str> = providers
        .iter()
        .map(|provider| provider.id.as_str())
        .collect();
    if !known.contains(&Dialect::MOCK) {
        known.push(Dialect::MOCK);
    }
    if let Some(ended) = presets::ended(id) {
        let fix = format!("{ended}; use one of {}", known.join(", "));
        return Problem::new(place, format!("is {id:?}"), fix);
    }
    let fix = match nearest(id, known.iter().copied()) {
        Some(near) => format!("perhaps you mean {near}"),
        None => format!(
            "use one of {}, or define it under providers in the configuration file",
            known.join(", ")
        ),
    };
    let id = shown(id, known);
    Problem::new(place, format!("names an unknown provider, {id}"), fix)
}
