//! The key of a provider: in which order it is looked for, and whether it may be sent to its address.
//!
//! Never here: what is a key (`settings::key`).

use super::reader::{Known, Reader};
use crate::http_client::ProxyKind;
use crate::settings::{
    base_url::{self, BaseUrl},
    environment::{Found, Ignored},
    file::KeyEntry,
    key::NoKey,
    placeholder::NotSet,
    problem::Problem,
    provider::Provider,
};

/// A key, or else what stands where it should.
#[derive(Default)]
pub(super) struct Key {
    pub(super) found: Option<Found>,
    /// It is a token that travels as `Authorization: Bearer`.
    pub(super) is_token: bool,
    pub(super) no_key: Option<Ignored>,
}

impl Key {
    /// Keeps what the next place has, if no earlier one has a key. What only means "not set" is worth less.
    fn or(&mut self, read: Result<Option<Found>, Ignored>) {
        match read {
            Ok(Some(found)) if self.found.is_none() => self.found = Some(found),
            Ok(_) => {}
            Err(ignored) => match &self.no_key {
                Some(known) if known.why.is_broken() || !ignored.why.is_broken() => {}
                _ => self.no_key = Some(ignored),
            },
        }
    }
}

impl Reader<'_> {
    /// The key for this address: of its own variables, of the well-known ones, of the file, in this order.
    pub(super) fn key(
        &self,
        id: &str,
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
        self.well_known(&mut key, known, address, warnings);
        if let Some(text) = in_file.filter(|_| key.found.is_none()) {
            let place = text.place(&format!("providers.{id}.api_key"));
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

    /// Looks into the well-known variables; what `key` has is of a variable of its own.
    fn well_known(
        &self,
        key: &mut Key,
        known: &Known,
        address: &BaseUrl,
        warnings: &mut Vec<String>,
    ) {
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
    }

    /// Why no key may go to this address, if strangers on the way could read it.
    pub(super) fn plain_http_problem(&self, place: &str, address: &BaseUrl) -> Option<Problem> {
        const INSECURE: &str = "set ANYGPT_ALLOW_INSECURE_HTTP=1 to allow it";
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
}

impl Provider {
    /// An endpoint in the private network may work without a key; a public one never does. Where one was meant and is
    /// none, nothing is sent without it.
    pub(super) fn missing_key(&self, switch: &str, is_local: bool) -> Option<String> {
        let needs_none = is_local || self.origins.base_url.is_some() && self.base_url.is_private();
        let empty = NoKey::NotSet(NotSet::Empty);
        match &self.no_key {
            _ if self.key.is_some() => None,
            Some(it) if it.why.is_broken() || !needs_none && it.why != empty => {
                Some(format!("no usable API key in {}: {}", it.name, it.why))
            }
            _ => (!needs_none).then(|| format!("the API key is missing (set {switch})")),
        }
    }
}
