//! Which provider and model a name leads to.
//!
//! In this order: an explicit provider; `provider/model`; a tag of the configuration file; a local provider, if the
//! id is a local model's; the family of the model's name; the default provider, if it may have the model; the only
//! provider of many vendors' models. No other provider gets the prompt. A vendor's own API gets ids that begin as its own
//! do, so that new models need no new release, and others only if the caller names it or the settings say that it has them;
//! it never gets another vendor's ids.
//!
//! An alias of the configuration file stands wherever a tag can, and is one here, whose models may have an effort
//! of their own.
//!
//! A tag leads to all usable models that carry it: they are asked in the order of the file until one
//! answers. The caller's fallbacks follow.
//!
//! Any of these names may end in `@` and a reasoning effort.
//!
//! A tag that the user has written beats the family (`gpt-fast` may be a tag). Where a provider is named
//! as well, a model of the configuration file with exactly that id beats a tag of the same name.
//!
//! Never here: asking a provider whether the model exists.

use anygpt_providers::{ReasoningEffort, presets::ended, vendors};

use crate::{
    error::{Advice, Error, ErrorKind},
    settings::{Dialect, ModelSettings, ProviderIndex, Settings, position},
};

mod home;
mod tagged;
mod usable;

pub(crate) use tagged::Tagged;
pub(crate) use usable::{
    all_or_one, default_provider, known_provider, providers_supporting, usable_provider,
};

use home::{foreign, has_vendors, home, own};
use usable::{check_usable, usable_default};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Position in [`Settings::providers`]; it can be used.
    pub provider: ProviderIndex,
    /// The provider's id for the model; none if the provider's newest is wanted.
    pub model: Option<String>,
    /// The effort that was named with the model.
    pub effort: Option<ReasoningEffort>,
}

impl Target {
    fn new(provider: ProviderIndex, model: Option<&str>) -> Self {
        Target {
            provider,
            model: model.map(str::to_owned),
            effort: None,
        }
    }

    fn of((model, effort): (&ModelSettings, Option<ReasoningEffort>)) -> Self {
        Target {
            effort,
            ..Target::new(model.provider, Some(&model.id))
        }
    }

    /// `provider/model`, or the provider alone.
    pub(crate) fn name(&self, settings: &Settings) -> String {
        let provider = &settings.providers[self.provider].id;
        match &self.model {
            Some(model) => format!("{provider}/{model}"),
            None => provider.clone(),
        }
    }
}

/// The targets of a call: the first one, and if it fails the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// In this order; never empty, and without repetitions.
    pub targets: Vec<Target>,
    /// Names that lead nowhere.
    pub left_out: Vec<LeftOut>,
}

/// A name that leads nowhere, next to others that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// The fallback; none for the first choice.
    pub name: Option<String>,
    /// Why.
    pub error: Error,
}

impl LeftOut {
    /// A warning for an MCP client.
    pub(crate) fn for_client(&self) -> String {
        self.warning(&self.error.for_client())
    }

    /// A warning for a terminal.
    pub(crate) fn for_command_line(&self) -> String {
        self.warning(&self.error.for_command_line())
    }

    fn warning(&self, why: &str) -> String {
        match &self.name {
            None => format!("The first choice was left out: {why}"),
            Some(name) => format!("Fallback {name:?} was left out: {why}"),
        }
    }
}

/// Why a name leads where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The provider is named.
    Provider,
    Tag,
    /// By the beginning of the model's name.
    Family,
    Local,
    /// Its own provider cannot be used, but one that has the models of many vendors.
    Vendors,
    /// No other rule knows the name.
    Default,
    /// No model is named.
    NoModel,
}

type Found = (Rule, Vec<Target>);

/// Where a name leads, and why.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// The targets.
    pub chain: Chain,
    /// The rule that led to them.
    pub rule: Rule,
    /// What else may have been meant: each a name that leads there, and why it might.
    pub others: Vec<(String, &'static str)>,
}

/// More models than these are not named in a message.
const NAMED: usize = 10;

/// More of them would not get their turn within any time limit.
const LONGEST_CHAIN: usize = 16;

/// The targets for the names that a caller gives, if any: a tag stands for all usable models that carry it, and the
/// fallbacks follow. A name that leads nowhere is left out with a warning, as long as another one leads somewhere.
///
/// # Errors
/// What is wrong with the first name.
pub(crate) fn chain(
    settings: &Settings,
    provider: Option<&str>,
    model: Option<&str>,
    fallbacks: &[String],
) -> Result<Chain, Error> {
    let mut chain = Chain {
        targets: Vec::new(),
        left_out: Vec::new(),
    };
    let mut problem = None;
    let others = fallbacks.iter().map(Some);
    for name in std::iter::once(None).chain(others) {
        let found = match name {
            None => targets(settings, provider, model),
            Some(name) => targets(settings, None, Some(name)),
        };
        match found.and_then(|(_, found)| allowed(settings, found)) {
            Ok(found) => {
                for target in found {
                    if !chain.targets.contains(&target) {
                        chain.targets.push(target);
                    }
                }
            }
            Err(error) => {
                problem.get_or_insert_with(|| error.clone());
                let name = name.cloned();
                chain.left_out.push(LeftOut { name, error });
            }
        }
    }
    chain.targets.truncate(LONGEST_CHAIN);
    match problem {
        Some(problem) if chain.targets.is_empty() => Err(problem),
        _ => Ok(chain),
    }
}

/// Where a name leads, by which rule, and what else it may have meant.
///
/// # Errors
/// It leads nowhere.
pub(crate) fn explain(
    settings: &Settings,
    provider: Option<&str>,
    name: &str,
) -> Result<Explanation, Error> {
    let (rule, _) = targets(settings, provider, Some(name))?;
    let chain = chain(settings, provider, Some(name), &[])?;
    let (model, _) = ReasoningEffort::split(name);
    let is_asked = |provider| {
        chain
            .targets
            .iter()
            .any(|target| target.provider == provider)
    };
    let under = |provider: ProviderIndex| format!("{}/{model}", settings.providers[provider].id);
    let mut others = Vec::new();
    if provider.is_none() {
        let is_usable = |it: ProviderIndex| settings.providers[it].is_usable();
        let own = own(settings, &vendors::known(model));
        if let Some(family) = own.filter(|&it| is_usable(it) && !is_asked(it)) {
            others.push((under(family), "its name is that of this provider's models"));
        }
        let all = settings.models.iter();
        let same = all.filter(|it| it.id.eq_ignore_ascii_case(model) && !is_asked(it.provider));
        others.extend(same.map(|it| (settings.name_of(it), "the configuration file has it")));
        let has_all = |it: ProviderIndex| is_usable(it) && has_vendors(settings, it);
        if rule == Rule::Provider {
            let all = settings.indexed().map(|(index, _)| index);
            let all = all.filter(|&it| has_all(it) && !is_asked(it));
            others.extend(all.map(|it| (under(it), "it has the models of all vendors")));
        }
        others.dedup_by(|one, other| one.0 == other.0);
    }
    Ok(Explanation {
        chain,
        rule,
        others,
    })
}

impl Rule {
    /// In words, after "because".
    pub(crate) fn why(self) -> &'static str {
        match self {
            Rule::Provider => "the provider is named",
            Rule::Tag => "it is a tag or an alias of the configuration file",
            Rule::Family => "models with such names are this provider's",
            Rule::Local => "this is the name of a local model, and this provider is local",
            Rule::Vendors => {
                "its vendor is not set up, and this provider has the models of many vendors"
            }
            Rule::Default => "no rule knows the name, so the default provider is asked",
            Rule::NoModel => "no model is named",
        }
    }
}

/// Those of the targets that the operator allows and that may be models of their providers, with the model that is
/// set for a provider where none is named. Every target passes through here.
fn allowed(settings: &Settings, mut targets: Vec<Target>) -> Result<Vec<Target>, Error> {
    let mut problem = None;
    targets.retain_mut(|target| {
        let provider = &settings.providers[target.provider];
        if target.model.is_none() {
            target.model.clone_from(&provider.model);
        }
        let Some(model) = &target.model else {
            return true;
        };
        let refusal = settings.limits.refusal(&provider.id, model).map(|why| {
            let message = format!("model {} is {why}", target.name(settings));
            Error::new(ErrorKind::Permission, message).advise(Advice::NameAllowedModel)
        });
        let refusal = refusal.or_else(|| foreign(settings, target.provider, model));
        let is_allowed = refusal.is_none();
        if let Some(why) = refusal {
            problem.get_or_insert(why);
        }
        is_allowed
    });
    match problem {
        Some(problem) if targets.is_empty() => Err(problem),
        _ => Ok(targets),
    }
}

/// The provider and models for the names that a caller gives, if any; never none.
fn targets(
    settings: &Settings,
    provider: Option<&str>,
    model: Option<&str>,
) -> Result<Found, Error> {
    let requested = model.map(ReasoningEffort::split);
    let default = settings
        .default_model
        .as_deref()
        .map(ReasoningEffort::split);
    let name = |named: Option<(_, _)>| named.map(|(name, _)| name);
    let (rule, mut targets) = without_effort(settings, provider, name(requested), name(default))?;
    if let Some((_, effort)) = requested.or(default) {
        // A provider's newest model is not the one that the effort was meant for.
        for target in targets.iter_mut().filter(|target| target.model.is_some()) {
            target.effort = target.effort.or(effort);
        }
    }
    Ok((rule, targets))
}

fn without_effort(
    settings: &Settings,
    provider: Option<&str>,
    requested: Option<&str>,
    default: Option<&str>,
) -> Result<Found, Error> {
    let Some(id) = provider.map(str::trim) else {
        return by_model(settings, requested.or(default));
    };
    let provider = usable_provider(settings, id)?;
    match (requested, default) {
        (Some(model), _) => {
            // The prefix may also be part of the id, as gateways of gateways have it.
            if let Some((prefix, rest)) = split(settings, model)
                && prefix == provider
            {
                return of_provider(settings, provider, rest);
            }
            if settings.model(provider, model).is_none()
                && Tagged::find(settings, model, Some(provider)).is_none()
                && let Some(elsewhere) = Tagged::find(settings, model, None)
            {
                return Err(elsewhere.not_of(provider));
            }
            of_provider(settings, provider, model)
        }
        (None, Some(default)) => {
            if let Some(tagged) = Tagged::find(settings, default, Some(provider)) {
                return Ok((Rule::Tag, tagged.targets()?));
            }
            // The default model belongs to one provider; another one gets its own newest.
            if let Ok((rule, mut found)) = by_model(settings, Some(default)) {
                found.retain(|target| target.provider == provider);
                if !found.is_empty() {
                    return Ok((rule, found));
                }
            }
            Ok((Rule::NoModel, vec![Target::new(provider, None)]))
        }
        (None, None) => Ok((Rule::NoModel, vec![Target::new(provider, None)])),
    }
}

/// The models for a name at this provider, which can be used.
///
/// # Errors
/// It is a tag, and none of its models can be used.
fn of_provider(settings: &Settings, provider: ProviderIndex, name: &str) -> Result<Found, Error> {
    if settings.model(provider, name).is_none()
        && let Some(tagged) = Tagged::find(settings, name, Some(provider))
    {
        return Ok((Rule::Tag, tagged.targets()?));
    }
    Ok((Rule::Provider, vec![Target::new(provider, Some(name))]))
}

fn by_model(settings: &Settings, model: Option<&str>) -> Result<Found, Error> {
    let target = |rule, provider, model: &str| (rule, vec![Target::new(provider, Some(model))]);
    let Some(model) = model else {
        return Ok((
            Rule::NoModel,
            vec![Target::new(usable_default(settings)?, None)],
        ));
    };
    if let Some((prefix, _)) = model.split_once('/')
        && ended(prefix).is_some()
    {
        // Unless a provider of the user's own has the name.
        known_provider(settings, prefix)?;
    }
    if let Some((provider, rest)) = split(settings, model) {
        let it = &settings.providers[provider];
        // No other provider stands in for one that is not allowed, that runs models of other vendors, or whose settings
        // are broken.
        let may_stand_in = !it.is_usable()
            && it.refusal().is_none()
            && it.broken().is_none()
            && vendors::makes_models(&it.id);
        if may_stand_in
            && let Ok((rule, stands_in)) = home(settings, model)
            && settings.providers[stands_in].is_usable()
            && settings.providers[stands_in].dialect != Dialect::Mock
        {
            return Ok(target(rule, stands_in, model));
        }
        return of_provider(settings, check_usable(settings, provider)?, rest);
    }
    if let Some(tagged) = Tagged::find(settings, model, None) {
        return Ok((Rule::Tag, tagged.targets()?));
    }
    let (rule, provider) = home(settings, model)?;
    Ok(target(rule, provider, model))
}

/// `provider/model`, if the part before the first slash is a provider.
fn split<'m>(settings: &Settings, model: &'m str) -> Option<(ProviderIndex, &'m str)> {
    let (prefix, rest) = model.split_once('/')?;
    let provider = position(&settings.providers, prefix)?;
    (!rest.is_empty()).then_some((provider, rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
