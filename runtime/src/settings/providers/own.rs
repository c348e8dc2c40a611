//! Providers of the user's own.
//!
//! Never here: those that are known by name (`preset`).

use anygpt_providers::{Dialect, openai::chat_completions::PLAIN};

use super::{
    configured::{Configured, dialects},
    reader::{Known, Reader},
};
use crate::settings::{problem::Problem, provider::Provider};

impl Reader<'_> {
    /// A provider of the user's own.
    pub(super) fn own(
        &self,
        id: &str,
        configured: Configured,
        warnings: &mut Vec<String>,
    ) -> Result<Provider, Problem> {
        let place = format!("providers.{id}");
        let (dialect_from, dialect) = configured.dialect(id)?.unzip();
        let dialect = match dialect {
            Some(dialect) => dialect,
            None if id == Dialect::MOCK => Dialect::Mock,
            None if configured.entry.is_none() => Dialect::Compatible(&PLAIN),
            None => {
                return Err(Problem::new(
                    &place,
                    "has no type",
                    format!("add type: {}", dialects()),
                ));
            }
        };
        check_address(&place, dialect, &configured)?;
        let switch = match configured.entry {
            None => configured.own.name("_API_KEY"),
            Some(_) => format!("{place}.api_key"),
        };
        let mut provider = self.provider(id, dialect, configured, Known::default(), warnings)?;
        provider.is_listed = true;
        provider.origins.dialect = dialect_from;
        if dialect != Dialect::Mock && !provider.is_broken {
            provider.off = provider.missing_key(&switch, false);
        }
        Ok(provider)
    }
}

/// It has an address, or its dialect has one and there is a key for that.
fn check_address(place: &str, dialect: Dialect, configured: &Configured) -> Result<(), Problem> {
    let entry = configured.entry.as_ref();
    let has_url =
        configured.own.base_url.is_some() || entry.is_some_and(|it| it.base_url.is_some());
    let has_key = configured.own.has_key || entry.is_some_and(|it| it.api_key.is_some());
    let Some(codec) = dialect.codec().filter(|_| !has_url) else {
        return Ok(());
    };
    let example = "a base URL, for example http://llm:8000/v1";
    if entry.is_none() {
        return Err(Problem::new(
            &configured.own.name("_BASE_URL"),
            "is not set, although other variables of this provider are",
            format!("set it to {example}, or unset the others"),
        ));
    }
    if codec.default_base_url().is_empty() {
        let fix = format!("add {example}");
        return Err(Problem::new(place, "has no base_url", fix));
    }
    match has_key {
        true => Ok(()),
        false => Err(Problem::new(
            place,
            "has neither a base_url nor an api_key",
            "add one of them",
        )),
    }
}
