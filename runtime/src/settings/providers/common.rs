//! What reading has in common for presets and providers of the user's own.
//!
//! Never here: which of them are listed, or off without a key.

use anygpt_providers::{
    Codec, Dialect,
    openai::chat_completions::PLAIN,
    presets::{self, AZURE, Preset},
};

use super::{
    address::versioned,
    configured::{Configured, OwnKey},
    local::local,
    reader::{Known, Reader, Written},
};
use crate::settings::{
    base_url::{self, BaseUrl},
    disclosure::warn_if_key,
    problem::Problem,
    provider::{KeyHeader, Provider},
};

/// What an address comes to.
pub(super) struct Address {
    pub(super) base_url: BaseUrl,
    /// Some addresses decide it.
    pub(super) dialect: Dialect,
    /// The model that the address names.
    pub(super) deployment: Option<String>,
}

impl Reader<'_> {
    /// A provider with a setting that cannot be used. Its key is sent nowhere, and is a secret all the same.
    pub(super) fn off(
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
        let nowhere = BaseUrl::default();
        // Reported when the provider was first read.
        let mut warnings = Vec::new();
        let key = self.key(id, own_variable, &known, in_file, &nowhere, &mut warnings);
        let dialect = preset.map_or(Dialect::Compatible(&PLAIN), |preset| preset.dialect);
        let mut provider = Provider::new(id, dialect, nowhere);
        provider.key = key.found;
        provider.no_key = key.no_key;
        provider.preset = preset;
        provider.disable(problem);
        provider
    }

    /// A provider in this dialect, which its address may change.
    pub(super) fn provider(
        &self,
        id: &str,
        dialect: Dialect,
        configured: Configured,
        known: Known,
        warnings: &mut Vec<String>,
    ) -> Result<Provider, Problem> {
        let url = written_url(id, &configured, &known);
        let address = url.as_ref().map(|url| self.address(id, url, dialect));
        let Address {
            base_url,
            dialect,
            deployment,
        } = address.transpose()?.unwrap_or_else(|| Address {
            base_url: BaseUrl::built_in(dialect.codec().map_or("", Codec::default_base_url)),
            dialect,
            deployment: None,
        });
        let url_place = url.map(|url| url.place);
        let model = model(id, &configured, deployment.zip(url_place.clone()), warnings);
        let entry = configured.entry.unwrap_or_default();
        let key_variable = configured
            .own
            .has_key
            .then(|| configured.own.name("_API_KEY"));
        let in_file = entry.api_key;
        let key = self.key(id, key_variable, &known, in_file, &base_url, warnings);

        let mut provider = Provider::new(id, dialect, base_url);
        provider.key = key.found;
        provider.no_key = key.no_key;
        if key.is_token {
            provider.key_header = KeyHeader::Bearer;
        }
        provider.headers = known.headers;
        provider.defaults = entry.defaults.parameters();
        (provider.model, provider.origins.model) = model.unzip();
        let has_secrets = provider.key.is_some()
            || !provider.headers.secrets.keys.is_empty()
            || !provider.base_url.secrets().keys.is_empty();
        if has_secrets {
            let built_in = format!("providers.{id}");
            let place = url_place.as_ref().unwrap_or(&built_in);
            if let Some(problem) = self.plain_http_problem(place, &provider.base_url) {
                provider.disable(&problem);
            }
        }
        provider.origins.base_url = url_place;
        Ok(provider)
    }

    fn address(&self, id: &str, url: &Written, dialect: Dialect) -> Result<Address, Problem> {
        let whole = base_url::with_scheme(&url.text);
        let is_azure = match dialect {
            Dialect::Compatible(service) => service.api_key_header,
            _ => dialect == Dialect::OpenAi && id == AZURE,
        };
        let base_url = match presets::named(id).filter(|preset| preset.is_local) {
            Some(preset) => local(&url.place, &url.text, preset.port, dialect)?,
            None if is_azure => return self.azure(url, &whole, dialect),
            None => versioned(BaseUrl::parse(&url.place, &whole)?, dialect),
        };
        Ok(Address {
            base_url,
            dialect,
            deployment: None,
        })
    }
}

/// The address as it is written: in a variable of its own, a well-known one, the file, or another program's variable.
fn written_url(id: &str, configured: &Configured, known: &Known) -> Option<Written> {
    if let Some(text) = &configured.own.base_url {
        let (place, text) = (configured.own.name("_BASE_URL"), text.clone());
        return Some(Written { place, text });
    }
    let in_file = || {
        let text = configured.entry.as_ref()?.base_url.as_ref()?;
        Some(Written {
            place: text.place(&format!("providers.{id}.base_url")),
            text: text.value.clone(),
        })
    };
    let known_url = known.url.clone().or_else(in_file);
    known_url.or_else(|| known.foreign_url.clone())
}

/// The model that is set, or else that of the address, and where that is written.
fn model(
    id: &str,
    configured: &Configured,
    deployment: Option<(String, String)>,
    warnings: &mut Vec<String>,
) -> Option<(String, String)> {
    let in_file = configured.entry.as_ref().and_then(|it| it.model.as_ref());
    let model = match (&configured.own.model, in_file) {
        (Some(model), _) => Some((model.clone(), configured.own.name("_MODEL"))),
        (None, Some(model)) => {
            let place = model.place(&format!("providers.{id}.model"));
            Some((model.value.clone(), place))
        }
        (None, None) => deployment,
    };
    model.filter(|(model, place)| !warn_if_key(place, model, warnings))
}
