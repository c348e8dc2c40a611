//! Every setting with its value and where that comes from, for `config show`. Of secrets only what may be
//! shown.
//!
//! Never here: how it is printed.

use std::time::Duration;

use anygpt_core::Structured;
use serde::Serialize;

use super::{Bound, DEFAULT, LogFormat, LogLevel, Provider, Settings, Standby};

/// One setting as it is resolved.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its path in the configuration file, or what it would be there.
    pub name: String,
    /// Its value; none if it has none.
    pub value: Option<String>,
    /// A variable, a place in the configuration file, a file with a secret, or `default`.
    pub origin: String,
}

impl Settings {
    /// All settings: those of the process, then those of each provider that is worth showing, then models.
    pub fn shown(&self) -> Vec<Shown> {
        let mut all = Vec::new();
        let mut add = |name: &str, variable: &str, value: Option<String>| {
            all.push(Shown {
                name: name.to_owned(),
                value,
                origin: self.origins.of(name, variable),
            });
        };
        let grace = self.shutdown_grace;
        let file = self.origins.file.as_ref();
        let format = match self.log_format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        add("log.format", "LOG_FORMAT", Some(format.into()));
        let seconds = |time: Duration| format!("{} s", time.as_secs());
        add(
            "config_file",
            "CONFIG_FILE",
            file.map(|path| path.display().to_string()),
        );
        let default = self
            .default_provider
            .map(|it| self.providers[it].id.clone());
        add("defaults.provider", "DEFAULT_PROVIDER", default);
        add(
            "defaults.model",
            "DEFAULT_MODEL",
            self.default_model.clone(),
        );
        add(
            "log.level",
            "LOG_LEVEL",
            Some(self.log_level.as_str().into()),
        );
        add(
            "timeouts.call",
            "ANYGPT_TIMEOUT",
            Some(seconds(self.timeout)),
        );
        let silence = |limit: &Option<Bound<Duration>>| {
            let limit = limit.as_ref();
            Some(limit.map_or("none".to_owned(), |it| seconds(it.most)))
        };
        add(
            "timeouts.first_byte",
            "ANYGPT_FIRST_BYTE_TIMEOUT",
            silence(&self.first_byte),
        );
        add("timeouts.idle", "ANYGPT_IDLE_TIMEOUT", silence(&self.idle));
        add("retries", "ANYGPT_RETRIES", Some(self.retries.to_string()));
        add(
            "timeouts.shutdown",
            "ANYGPT_SHUTDOWN_GRACE",
            Some(grace.map_or("30 s, 8 s after a signal".to_owned(), seconds)),
        );
        add("tools", "ANYGPT_TOOLS", Some(self.offer.tools.join(", ")));
        let structured = match self.offer.structured {
            Structured::Auto => "auto",
            Structured::Always => "always",
            Structured::Never => "never",
        };
        add(
            "structured_output",
            "ANYGPT_STRUCTURED_OUTPUT",
            Some(structured.into()),
        );
        add(
            "allow_insecure_http",
            "ANYGPT_ALLOW_INSECURE_HTTP",
            Some(self.may_send_keys_in_the_open.to_string()),
        );
        let limits = self.limits.told();
        add(
            "standby",
            "ANYGPT_STANDBY",
            Some(self.standby.as_str().into()),
        );
        for (variable, value) in self.network.told() {
            add(
                &variable.to_ascii_lowercase(),
                variable,
                Some(value.clone()),
            );
        }
        let roots = match self.network.certificates().read() {
            Ok(trusted) => Some(trusted.roots.len().to_string()),
            Err(problem) => Some(format!("none: {problem}")),
        };
        let variable = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(|name| self.origins.of("", name));
        let variable = variable.iter().find(|origin| *origin != DEFAULT);
        add(
            "extra_certificates",
            variable.map_or("", String::as_str),
            roots,
        );
        all.extend(limits.into_iter().map(|(name, value, origin)| Shown {
            name: format!("limits.{name}"),
            value: Some(value),
            origin,
        }));
        told(&mut all, "defaults", self.defaults.told(), IN_FILE);
        for (_, provider) in self.listed() {
            provider.shown(&mut all);
            let place = format!("providers.{}.defaults", provider.id);
            told(&mut all, &place, provider.defaults.told(), IN_FILE);
        }
        let line = |line: usize| format!("line {line} {OF_FILE}");
        for model in &self.models {
            let mut values = vec![("tags", model.tags.join(", "))];
            if let Some(price) = &model.price {
                values.push(("price.input", price.input.to_string()));
                let cached = price.cached_input;
                values.extend(cached.map(|it| ("price.cached_input", it.to_string())));
                values.push(("price.output", price.output.to_string()));
            }
            let place = format!("models.{}", self.name_of(model));
            told(&mut all, &place, values, &line(model.line));
        }
        for alias in self.tags.iter().filter(|tag| tag.is_alias) {
            let names = alias.models.iter().map(|member| {
                let name = self.name_of(&self.models[member.model]);
                let effort = member.effort.map(|it| format!("@{}", it.as_str()));
                name + &effort.unwrap_or_default()
            });
            let names: Vec<String> = names.collect();
            let value = vec![(&*alias.name, names.join(", "))];
            told(&mut all, "aliases", value, &line(alias.line));
        }
        for rule in &self.rules {
            told(&mut all, &rule.name, rule.told(), &rule.origin);
        }
        all
    }
}

/// The origin of what the file alone can say.
const IN_FILE: &str = "the configuration file";

const OF_FILE: &str = "of the configuration file";

/// Adds the values below a path.
fn told<K: AsRef<str>>(all: &mut Vec<Shown>, path: &str, values: Vec<(K, String)>, origin: &str) {
    all.extend(values.into_iter().map(|(key, value)| Shown {
        name: format!("{path}.{}", key.as_ref()),
        value: Some(value),
        origin: origin.to_owned(),
    }));
}

impl Provider {
    fn shown(&self, all: &mut Vec<Shown>) {
        let mut add = |field: &str, value: Option<String>, origin: Option<&String>| {
            all.push(Shown {
                name: format!("providers.{}.{field}", self.id),
                value,
                origin: origin.map_or(DEFAULT, |origin| origin).to_owned(),
            });
        };
        let why = self.why_off();
        let state = why.map_or("yes".to_owned(), |why| format!("no: {why}"));
        add("usable", Some(state), Some(&"resolved".to_owned()));
        add(
            "type",
            Some(self.kind.as_str().into()),
            self.origins.kind.as_ref(),
        );
        if self.kind.codec().is_none() {
            return;
        }
        add(
            "base_url",
            Some(self.base_url.to_string()).filter(|it| !it.is_empty()),
            self.origins.base_url.as_ref(),
        );
        let key = self.key.as_ref();
        add(
            "api_key",
            key.map(|key| key.secret.masked()),
            key.map(|key| &key.origin),
        );
        add("model", self.model.clone(), self.origins.model.as_ref());
        if !self.headers.all.is_empty() {
            let names = self.headers.all.iter().map(|(name, _)| name.as_str());
            let names: Vec<&str> = names.collect();
            add(
                "headers",
                Some(names.join(", ")),
                Some(&self.headers.places.join(", ")),
            );
        }
    }
}

impl LogLevel {
    fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
    }
}

impl Standby {
    fn as_str(self) -> &'static str {
        match self {
            Standby::Auto => "auto",
            Standby::Always => "always",
            Standby::Never => "never",
        }
    }
}
