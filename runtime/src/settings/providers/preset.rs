//! Providers that are known by name.
//!
//! Never here: which there are (`presets`).

use anygpt_providers::{
    Codec, Dialect,
    openai::chat_completions::PLAIN,
    presets::{AZURE, DOCKER, OPENAI_CHAT, Preset},
};

use super::{
    configured::Configured,
    docker::{self, Runner},
    reader::{Known, Reader, Written},
};
use crate::settings::{
    base_url::BaseUrl,
    headers::Headers,
    problem::Problem,
    provider::{KeyHeader, Provider},
};

impl Reader<'_> {
    /// A provider that is known by name.
    pub(super) fn preset(
        &self,
        preset: &'static Preset,
        configured: Configured,
        is_default: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Provider, Problem> {
        let configured_dialect = configured.dialect(preset.id)?;
        let dialect_from = configured_dialect.as_ref().map(|(place, _)| place.clone());
        let dialect = dialect_of(preset, configured_dialect)?;
        let headers = self.headers(preset)?;
        let (url, runner) = self.url(preset)?;
        let is_configured = configured.entry.is_some() || !configured.own.prefix.is_empty();
        let foreign_key = self.foreign.key(preset);
        let foreign_url = self.foreign.url(self.environment, preset)?;
        let foreign_url = foreign_url.map(|(place, text)| Written { place, text });
        let known = Known {
            key_variables: preset.key_variables,
            token_variable: preset.token_variable,
            url,
            headers,
            foreign_key,
            foreign_url: foreign_url.clone(),
        };
        let mut provider = self.provider(preset.id, dialect, configured, known, warnings)?;
        self.warn_of_foreign(&provider, preset, foreign_url, warnings);
        if dialect == Dialect::OpenAi && preset.id == AZURE {
            provider.key_header = KeyHeader::ApiKey;
        }
        provider.preset = Some(preset);
        provider.model = (provider.model).or_else(|| preset.model.map(str::to_owned));
        provider.origins.dialect = dialect_from;
        provider.is_listed = provider.is_broken
            || preset.is_main()
            || is_configured
            || is_default
            || provider.key.is_some()
            || provider.origins.base_url.is_some();
        if !provider.is_broken {
            let is_wanted = is_configured || is_default;
            provider.off = match preset.id == DOCKER && provider.origins.base_url.is_none() {
                true => docker_off(&mut provider, &runner, is_default),
                false => self.off_reason(&mut provider, preset, dialect, is_wanted),
            };
        }
        if let Runner::At {
            model: Some(model), ..
        } = runner
            && provider.origins.model.is_none()
        {
            provider.model = Some(model);
            provider.origins.model = Some(docker::VARIABLE.into());
        }
        Ok(provider)
    }

    fn headers(&self, preset: &Preset) -> Result<Headers, Problem> {
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
        Ok(headers)
    }

    /// The address in its well-known variables.
    fn url(&self, preset: &Preset) -> Result<(Option<Written>, Runner), Problem> {
        if preset.id == DOCKER {
            let runner = Runner::read(self.environment)?;
            let url = match &runner {
                Runner::At { written, .. } => Some(written.clone()),
                Runner::Auto | Runner::Off => None,
            };
            return Ok((url, runner));
        }
        for variable in preset.url_variables {
            if let Some(text) = self.environment.value(variable)? {
                let place = (*variable).to_owned();
                return Ok((Some(Written { place, text }), Runner::Auto));
            }
        }
        Ok((None, Runner::Auto))
    }

    /// Warns of variables of other programs: which were read for a provider, and which were not.
    fn warn_of_foreign(
        &self,
        provider: &Provider,
        preset: &Preset,
        url: Option<Written>,
        warnings: &mut Vec<String>,
    ) {
        // It sends nothing.
        if provider.is_broken {
            return;
        }
        if let (Some(Written { place: name, text }), Some(ours), Some(used)) = (
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

    /// Why a preset is off. `is_wanted`: the user names it or sets something of it.
    fn off_reason(
        &self,
        provider: &mut Provider,
        preset: &Preset,
        dialect: Dialect,
        is_wanted: bool,
    ) -> Option<String> {
        let has_url = provider.origins.base_url.is_some();
        let id = preset.id;
        match dialect.codec().map(Codec::default_base_url) {
            // The address that comes with the dialect is not that of this service.
            Some(_) if dialect.as_str() != preset.dialect.as_str() && !has_url => Some(format!(
                "the base URL is missing (set providers.{id}.base_url)"
            )),
            Some("") if !has_url => match preset.port {
                Some(port) => {
                    provider.base_url = BaseUrl::built_in(format!("http://127.0.0.1:{port}/v1"));
                    provider.is_tried_if_named = true;
                    match is_wanted {
                        true => provider.untried_reason(self.in_container),
                        false => Some(format!(
                            "it is tried only if it is named (set {})",
                            preset.url_variables.join(" or ")
                        )),
                    }
                }
                None => Some(format!(
                    "the base URL is missing (set {})",
                    preset.url_variables.join(" or ")
                )),
            },
            _ => provider.missing_key(&preset.key_variables.join(" or "), preset.is_local),
        }
    }
}

/// The dialect of a preset whose `type` may be set.
fn dialect_of(preset: &Preset, configured: Option<(String, Dialect)>) -> Result<Dialect, Problem> {
    match configured {
        None => Ok(preset.dialect),
        Some((_, dialect)) if dialect == preset.dialect => Ok(dialect),
        Some((_, Dialect::Compatible(_))) if preset.dialect == Dialect::OpenAi => {
            Ok(Dialect::Compatible(&OPENAI_CHAT))
        }
        Some((_, Dialect::Compatible(&PLAIN)))
            if !preset.is_main() && matches!(preset.dialect, Dialect::Compatible(_)) =>
        {
            Ok(preset.dialect)
        }
        Some((_, dialect)) if !preset.is_main() => Ok(dialect),
        Some((place, _)) => Err(Problem::new(
            &place,
            "is not the type of this built-in provider",
            "leave it out, or choose another id",
        )),
    }
}

/// Why Docker Model Runner without an address is off.
fn docker_off(provider: &mut Provider, runner: &Runner, is_default: bool) -> Option<String> {
    match (runner, is_default) {
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
    }
}
