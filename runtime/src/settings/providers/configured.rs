//! What the user says of one provider in the configuration file and in variables of its own.
//!
//! Never here: the well-known variables (`reader`).

use std::collections::BTreeMap;

use anygpt_providers::{Dialect, presets};

use crate::settings::{
    disclosure::shown,
    file::{KeyEntry, ProviderEntry},
    own_variables::OwnVariables,
    problem::Problem,
};

/// What the user says of one provider, next to the well-known variables.
pub(super) struct Configured {
    pub(super) entry: Option<ProviderEntry>,
    pub(super) own: OwnVariables,
}

/// Where the key of a provider may stand, next to the well-known variables.
pub(super) type OwnKey = (Option<String>, Option<KeyEntry>);

impl Configured {
    /// What there is of this one.
    pub(super) fn take(
        id: &str,
        entries: &mut BTreeMap<String, ProviderEntry>,
        own: &mut BTreeMap<String, OwnVariables>,
    ) -> Self {
        Configured {
            entry: entries.remove(id),
            own: own.remove(id).unwrap_or_default(),
        }
    }

    pub(super) fn key(&self) -> OwnKey {
        let variable = self.own.has_key.then(|| self.own.name("_API_KEY"));
        let entry = self.entry.as_ref();
        (variable, entry.and_then(|entry| entry.api_key.clone()))
    }

    /// The dialect that `type` names, and where.
    pub(super) fn dialect(&self, id: &str) -> Result<Option<(String, Dialect)>, Problem> {
        if let Some(name) = &self.own.dialect {
            let place = self.own.name("_TYPE");
            let dialect = dialect_named(&place, name)?;
            return Ok(Some((place, dialect)));
        }
        let name = self.entry.as_ref().and_then(|entry| entry.dialect.as_ref());
        let Some(name) = name else {
            return Ok(None);
        };
        let place = name.place(&format!("providers.{id}.type"));
        let dialect = dialect_named(&place, &name.value)?;
        Ok(Some((place, dialect)))
    }
}

/// All words for `type`.
pub(super) fn dialects() -> String {
    Dialect::ALL.map(Dialect::as_str).join(", ")
}

fn dialect_named(place: &str, name: &str) -> Result<Dialect, Problem> {
    presets::dialect(name).ok_or_else(|| {
        Problem::new(
            place,
            format!("is {}", shown(name, Dialect::ALL.map(Dialect::as_str))),
            format!("use one of {}", dialects()),
        )
    })
}
