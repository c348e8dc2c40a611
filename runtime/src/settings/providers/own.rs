//! Providers of the user's own.
//!
//! Never here: those that are known by name (`preset`).

use anygpt_providers::{Dialect, openai::chat_completions::PLAIN};

use super::{
    reader::{Known, Reader},
    told::{Told, kinds},
};
use crate::settings::{problem::Problem, provider::Provider};

impl Reader<'_> {
    /// A provider of the user's own.
    pub(super) fn own(
        &self,
        id: &str,
        told: Told,
        warnings: &mut Vec<String>,
    ) -> Result<Provider, Problem> {
        let place = format!("providers.{id}");
        let (kind_from, kind) = told.kind(id)?.unzip();
        let kind = match kind {
            Some(kind) => kind,
            None if id == Dialect::MOCK => Dialect::Mock,
            None if told.entry.is_none() => Dialect::Compatible(&PLAIN),
            None => {
                return Err(Problem::new(
                    &place,
                    "has no type",
                    format!("add type: {}", kinds()),
                ));
            }
        };
        check_address(&place, kind, &told)?;
        let switch = match told.entry {
            None => told.own.name("_API_KEY"),
            Some(_) => format!("{place}.api_key"),
        };
        let mut provider = self.provider(id, kind, told, Known::default(), warnings)?;
        provider.is_listed = true;
        provider.origins.kind = kind_from;
        if kind != Dialect::Mock && !provider.is_broken {
            provider.off = provider.missing_key(&switch, false);
        }
        Ok(provider)
    }
}

/// It has an address, or its dialect has one and there is a key for that.
fn check_address(place: &str, kind: Dialect, told: &Told) -> Result<(), Problem> {
    let entry = told.entry.as_ref();
    let has_url = told.own.base_url.is_some() || entry.is_some_and(|it| it.base_url.is_some());
    let has_key = told.own.has_key || entry.is_some_and(|it| it.api_key.is_some());
    let Some(codec) = kind.codec().filter(|_| !has_url) else {
        return Ok(());
    };
    let example = "a base URL, for example http://llm:8000/v1";
    if entry.is_none() {
        return Err(Problem::new(
            &told.own.name("_BASE_URL"),
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
