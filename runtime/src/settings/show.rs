//! Every setting with its value and where that comes from, for `config show`. Of secrets only what may be
//! shown.
//!
//! Never here: how it is printed.

use std::fmt;

use anygpt_providers::TokenPrice;
use serde::{Serialize, Serializer};

use super::{
    Settings, certificates,
    provider::Provider,
    table::{Row, TABLE},
};

/// One setting as it is resolved.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Shown {
    /// Its path in the configuration file, or what it would be there.
    pub name: String,
    /// Its value; none if it has none.
    pub value: Option<String>,
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    /// From all that is set.
    Resolved,
    /// From this variable, place in the configuration file, or file with a secret.
    Given(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Default => "default",
            Origin::Resolved => "resolved",
            Origin::Given(place) => place,
        })
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Settings {
    /// All settings: those of the process, then those of each provider that is worth showing, then models.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let mut all = Vec::new();
        let (limits, rows): (Vec<&Row>, Vec<&Row>) =
            TABLE.iter().partition(|row| row.section() == "limits");
        all.extend(rows.into_iter().map(|row| self.shown_row(row)));
        self.show_network(&mut all);
        let limits = limits.into_iter().map(|row| self.shown_row(row));
        all.extend(limits.filter(|limit| limit.value.is_some()));
        add(&mut all, "defaults", self.defaults.shown(), IN_FILE);
        for (_, provider) in self.listed() {
            provider.show(&mut all);
            let place = format!("providers.{}.defaults", provider.id);
            add(&mut all, &place, provider.defaults.shown(), IN_FILE);
        }
        self.show_models(&mut all);
        for rule in &self.rules {
            add(&mut all, &rule.name, rule.shown(), &rule.origin);
        }
        all
    }

    fn shown_row(&self, row: &Row) -> Shown {
        Shown {
            name: row.path.to_owned(),
            value: (row.show)(self),
            origin: self.origins.of(row.path, row.variable),
        }
    }

    /// Proxies and certificates.
    fn show_network(&self, all: &mut Vec<Shown>) {
        for (variable, value) in self.network.shown() {
            all.push(Shown {
                name: variable.to_ascii_lowercase(),
                value: Some(value.clone()),
                origin: self.origins.of("", variable),
            });
        }
        let roots = match self.network.certificates().read() {
            Ok(trusted) => trusted.roots.len().to_string(),
            Err(problem) => format!("none: {problem}"),
        };
        let variables =
            [certificates::FILE, certificates::FOLDER].map(|name| self.origins.of("", name));
        let variable = variables
            .into_iter()
            .find(|origin| *origin != Origin::Default);
        all.push(Shown {
            name: "extra_certificates".into(),
            value: Some(roots),
            origin: variable.unwrap_or(Origin::Default),
        });
    }

    /// Models and aliases.
    fn show_models(&self, all: &mut Vec<Shown>) {
        let line = |line: usize| format!("line {line} of the configuration file");
        for model in &self.models {
            let mut values = vec![("tags".to_owned(), model.tags.join(", "))];
            let prices = model.price.iter().flat_map(TokenPrice::parts);
            let prices = prices.map(|(name, usd)| (format!("price.{name}"), usd.to_string()));
            values.extend(prices);
            values.extend(model.shown_facts());
            let place = format!("models.{}", self.name_of(model));
            add(all, &place, values, &line(model.line));
        }
        for alias in self.tags.iter().filter(|tag| tag.is_alias) {
            let names = alias.models.iter().map(|member| {
                let name = self.name_of(&self.models[member.model]);
                let effort = member.effort.map(|it| format!("@{}", it.as_str()));
                name + &effort.unwrap_or_default()
            });
            let names: Vec<String> = names.collect();
            let value = vec![(&*alias.name, names.join(", "))];
            add(all, "aliases", value, &line(alias.line));
        }
    }
}

/// The origin of what the file alone can say.
const IN_FILE: &str = "the configuration file";

/// Adds the values below a path.
fn add<K: AsRef<str>>(all: &mut Vec<Shown>, path: &str, values: Vec<(K, String)>, origin: &str) {
    all.extend(values.into_iter().map(|(key, value)| Shown {
        name: format!("{path}.{}", key.as_ref()),
        value: Some(value),
        origin: Origin::Given(origin.to_owned()),
    }));
}

impl Provider {
    fn show(&self, all: &mut Vec<Shown>) {
        let mut add = |field: &str, value: Option<String>, origin: Origin| {
            all.push(Shown {
                name: format!("providers.{}.{field}", self.id),
                value,
                origin,
            });
        };
        let given = |place: Option<&String>| {
            place.map_or(Origin::Default, |place| Origin::Given(place.clone()))
        };
        let why = self.unavailable_reason();
        let state = why.map_or("yes".to_owned(), |why| format!("no: {why}"));
        add("usable", Some(state), Origin::Resolved);
        add(
            "type",
            Some(self.dialect.as_str().into()),
            given(self.origins.dialect.as_ref()),
        );
        if self.dialect.codec().is_none() {
            return;
        }
        add(
            "base_url",
            Some(self.base_url.to_string()).filter(|it| !it.is_empty()),
            given(self.origins.base_url.as_ref()),
        );
        let key = self.key.as_ref();
        add(
            "api_key",
            key.map(|key| key.secret.masked()),
            given(key.map(|key| &key.origin)),
        );
        add(
            "model",
            self.model.clone(),
            given(self.origins.model.as_ref()),
        );
        if !self.headers.all.is_empty() {
            let names = self.headers.all.iter().map(|(name, _)| name.as_str());
            let names: Vec<&str> = names.collect();
            add(
                "headers",
                Some(names.join(", ")),
                Origin::Given(self.headers.places.join(", ")),
            );
        }
    }
}
