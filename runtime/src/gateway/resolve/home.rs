//! The provider of a model id without a provider: by the family of its name, by what is set up, by what each provider has.
//!
//! Never here: tags, or an id with its provider.

use super::{
    NAMED, Rule,
    usable::{check_usable, usable_default},
};
use crate::{
    error::{Advice, Error, ErrorKind},
    settings::{Dialect, ProviderIndex, Settings, position},
};
use anygpt_providers::{
    ReasoningEffort,
    presets::Serves,
    vendors::{self, Form, Known, Weights},
};

/// The provider for an id.
pub(super) fn home(settings: &Settings, model: &str) -> Result<(Rule, ProviderIndex), Error> {
    let id = Id::new(settings, model);
    if let Some(local) = id.local() {
        return Ok((Rule::Local, local));
    }
    if let Some(own) = id.usable_own() {
        return Ok((Rule::Family, own));
    }
    let by_default = match settings.default_provider {
        Some(default) => id.of_chosen_default(default)?,
        None => id.without_chosen_default()?,
    };
    match by_default {
        Some(found) => Ok(found),
        None => id.only_gateway(),
    }
}

/// A model id with what its name tells.
struct Id<'a> {
    settings: &'a Settings,
    model: &'a str,
    known: Known,
    /// The own API of the model's vendor, usable or not.
    own: Option<ProviderIndex>,
}

impl<'a> Id<'a> {
    fn new(settings: &'a Settings, model: &'a str) -> Self {
        let known = vendors::known(model);
        Id {
            settings,
            model,
            own: own(settings, &known),
            known,
        }
    }

    fn weights(&self) -> Option<Weights> {
        self.known.family.map(|(_, weights)| weights)
    }

    fn is_closed(&self) -> bool {
        self.weights() == Some(Weights::Closed)
    }

    fn is_usable(&self, provider: ProviderIndex) -> bool {
        self.settings.providers[provider]
            .unavailable_reason()
            .is_none()
    }

    fn usable(&self) -> impl Iterator<Item = ProviderIndex> {
        let all = self.settings.indexed();
        all.filter(|(_, it)| it.is_usable()).map(|(index, _)| index)
    }

    fn locals(&self) -> impl Iterator<Item = ProviderIndex> {
        self.usable()
            .filter(|&it| self.settings.providers[it].is_local())
    }

    fn is_runtime(&self, provider: ProviderIndex) -> bool {
        self.settings.providers[provider].serves() == Serves::Local
    }

    fn may_have(&self, provider: ProviderIndex, is_chosen: bool) -> bool {
        may_have(self.settings, provider, self.model, &self.known, is_chosen)
    }

    /// The vendor's own API, if it can be used and the id is written as it writes its ids.
    fn usable_own(&self) -> Option<ProviderIndex> {
        let is_its_own = self.known.form == Form::Plain && self.weights() != Some(Weights::Apart);
        self.own.filter(|&own| is_its_own && self.is_usable(own))
    }

    /// A local provider, if the settings say that it has the model or the id is a local model's.
    fn local(&self) -> Option<ProviderIndex> {
        let lists = |&provider: &ProviderIndex| {
            let set = self.settings.providers[provider].model.as_deref();
            set == Some(self.model) || self.settings.model(provider, self.model).is_some()
        };
        match self.locals().find(lists) {
            None if self.known.form == Form::Tagged => self.locals().next(),
            // Perhaps a local proxy that has the vendor's models.
            Some(listing)
                if self.is_closed() && self.usable_own().is_some() && !self.is_runtime(listing) =>
            {
                None
            }
            listing => listing,
        }
    }

    /// The default provider of the settings, if it may have the model.
    fn of_chosen_default(
        &self,
        default: ProviderIndex,
    ) -> Result<Option<(Rule, ProviderIndex)>, Error> {
        let may_help = self.known.family.is_none() || self.is_usable(default);
        match may_help && self.may_have(default, true) {
            true => Ok(Some((Rule::Default, check_usable(self.settings, default)?))),
            false => Ok(None),
        }
    }

    /// A provider for the id where the settings name no default provider.
    fn without_chosen_default(&self) -> Result<Option<(Rule, ProviderIndex)>, Error> {
        let providers = &self.settings.providers;
        // Open models run elsewhere, so that a refusal of the vendor's own API does not matter to them.
        let is_refused = |&own: &ProviderIndex| providers[own].refusal().is_some();
        if let Some(own) = self.own.filter(is_refused).filter(|_| self.is_closed()) {
            check_usable(self.settings, own)?;
        }
        let default = usable_default(self.settings);
        let is_open = match self.weights() {
            Some(_) => !self.is_closed(),
            // To a vendor only if there is no local provider.
            None => default
                .as_ref()
                .is_ok_and(|&it| matches!(providers[it].serves(), Serves::Own(_))),
        };
        if is_open
            && self.known.form == Form::Plain
            && let Some(local) = self.locals().find(|&it| self.is_runtime(it))
        {
            return Ok(Some((Rule::Local, local)));
        }
        if self.known.form == Form::Vendored
            && let Some(all) = self
                .usable()
                .find(|&it| has_vendors(self.settings, it) && self.may_have(it, false))
        {
            return Ok(Some((Rule::Vendors, all)));
        }
        // A vendor's provider at another address may have the models of all vendors, but the settings do not say so.
        let is_led_away = |it: ProviderIndex| {
            let is_vendor_s = vendors::makes_models(&providers[it].id);
            self.is_closed() && is_vendor_s && self.own.is_some_and(|own| own != it)
        };
        Ok(default
            .ok()
            .filter(|&it| self.may_have(it, false) && !is_led_away(it))
            .map(|it| (Rule::Default, it)))
    }

    /// The only provider of many vendors' models; without one the vendor's own API, which cannot be used.
    fn only_gateway(&self) -> Result<(Rule, ProviderIndex), Error> {
        let settings = self.settings;
        let is_gateway = |&it: &ProviderIndex| {
            let provider = &settings.providers[it];
            let is_own = matches!(provider.serves(), Serves::Own(_));
            !is_own && provider.dialect != Dialect::Mock && self.may_have(it, false)
        };
        let all: Vec<ProviderIndex> = self.usable().filter(is_gateway).collect();
        let first = match self.known.form {
            Form::Vendored => all.iter().find(|&&it| has_vendors(settings, it)),
            _ => None,
        };
        match (first, &all[..]) {
            (Some(&only), _) | (None, &[only]) => return Ok((Rule::Vendors, only)),
            (None, []) => {}
            // The error of the vendor's own API is the better advice.
            (None, _) if self.is_closed() && self.own.is_some() => {}
            (None, several) => return Err(self.ambiguous(several)),
        }
        match self.own {
            Some(own) if self.known.form != Form::Tagged => {
                Ok((Rule::Family, check_usable(settings, own)?))
            }
            _ => Err(self.unknown()),
        }
    }

    fn ambiguous(&self, providers: &[ProviderIndex]) -> Error {
        let model = self.model;
        let names = providers.iter().take(NAMED);
        let names = names.map(|&it| format!("{}/{model}", self.settings.providers[it].id));
        let advice = format!("Name one: {}.", names.collect::<Vec<_>>().join(" or "));
        let message = format!("more than one provider may have {model:?}");
        Error::new(ErrorKind::Config, message).advise_plain(advice)
    }

    /// No provider is known to have the model.
    fn unknown(&self) -> Error {
        let Id {
            settings,
            model,
            known,
            ..
        } = self;
        if !settings.has_usable_provider() {
            return Error::no_provider(settings.ended.as_deref());
        }
        let what = match known.family {
            Some((vendor, Weights::Closed)) => format!("is a model of {}", vendor.name),
            Some((vendor, _)) if vendor.id == "open-weights" => {
                "is a model with open weights".into()
            }
            Some((vendor, _)) => format!("is a model of {}, with open weights", vendor.name),
            None if known.form == Form::Tagged => "has the name of a local model".into(),
            None if known.form == Form::Vendored => "has a vendor in front of its name".into(),
            None if position(&settings.providers, model).is_some() => {
                "is the name of a provider".into()
            }
            None => "looks like no known vendor's".into(),
        };
        let set = match known.form {
            Form::Tagged => "OLLAMA_HOST or another local provider's address",
            _ => "OPENROUTER_API_KEY, OLLAMA_HOST or what another provider needs that has it",
        };
        let message =
            format!("{model:?} {what}, and no provider that can be used is known to have it");
        let mut error = Error::new(ErrorKind::Config, message);
        if let Some(default) = settings.default_provider {
            let id = &settings.providers[default].id;
            let advice = format!("The default provider, {id}, is not sent such ids.");
            error = error.advise_plain(advice);
        }
        error.advise(Advice::SetUpProviderFor {
            model: (*model).to_owned(),
            set,
        })
    }
}

/// The own API of the vendor of this model, usable or not.
pub(super) fn own(settings: &Settings, known: &Known) -> Option<ProviderIndex> {
    position(&settings.providers, known.family?.0.id)
}

/// Whether a provider may be asked for an id that does not name it. `is_chosen` if the settings name it as the default.
fn may_have(
    settings: &Settings,
    provider: ProviderIndex,
    model: &str,
    known: &Known,
    is_chosen: bool,
) -> bool {
    let is_closed = known.family.is_some_and(|(_, it)| it == Weights::Closed);
    // The echo answers for a model only if the user has chosen it.
    if settings.providers[provider].dialect == Dialect::Mock {
        return is_chosen || known.family.is_none();
    }
    match settings.providers[provider].serves() {
        Serves::All => true,
        // Names of local models are free.
        Serves::Local => is_chosen || !is_closed,
        Serves::Open => !is_closed || own(settings, known) == Some(provider),
        Serves::Own(own) => match known.family {
            Some((vendor, _)) => vendor.id == own && known.form != Form::Tagged,
            // New families of its own are rarer than names of models that run elsewhere.
            None => is_set(settings, provider, model, is_chosen),
        },
    }
}

/// Whether the settings say that this provider has this id.
fn is_set(settings: &Settings, provider: ProviderIndex, model: &str, is_chosen: bool) -> bool {
    let default = settings
        .default_model
        .as_deref()
        .map(ReasoningEffort::split);
    settings.model(provider, model).is_some()
        || settings.providers[provider].model.as_deref() == Some(model)
        || is_chosen && default.is_some_and(|(default, _)| default == model)
}

/// Whether a provider has the models of many vendors.
pub(super) fn has_vendors(settings: &Settings, provider: ProviderIndex) -> bool {
    let preset = settings.providers[provider].preset;
    preset.is_some_and(|preset| preset.has_vendors)
}

/// The error if this model cannot be one of this provider's.
pub(super) fn foreign(settings: &Settings, provider: ProviderIndex, model: &str) -> Option<Error> {
    let why = settings.foreign_reason(provider, model)?;
    let known = vendors::known(model);
    let set = own(settings, &known).and_then(|own| {
        let it = &settings.providers[own];
        it.unavailable_reason()
            .map(|why| format!("; provider {} is not set up: {why}", it.id))
    });
    let message = format!(
        "model {model:?} is not sent to provider {}: {why}{}",
        settings.providers[provider].id,
        set.unwrap_or_default()
    );
    Some(Error::new(ErrorKind::Config, message).advise(Advice::NameMatchingModel))
}
