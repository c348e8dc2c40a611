//! Which provider and model a name leads to.
//!
//! In this order: an explicit provider; `provider/model`; a tag of the configuration file; a local provider, if the
//! id is a local model's; the family of the model's name; the default provider, if the model may be one of its; the
//! only provider of many vendors' models. Nobody else: a prompt goes only where somebody sent it. A vendor's own API
//! gets ids that begin as its own do, so new models need no new release, and others only if it is named or the settings
//! say that it has them; it never gets another vendor's, whoever names it.
//!
//! An alias of the configuration file stands wherever a tag can, and is one here, whose models may have an effort
//! of their own.
//!
//! A tag leads to all usable models that carry it: they are asked in the order of the file until one
//! answers. Behind them come the caller's fallbacks.
//!
//! Any of these names may end in `@` and a reasoning effort.
//!
//! A tag that the user has written beats the family (`gpt-fast` may be a tag). Where a provider is named
//! as well, a model of the configuration file with exactly that id beats a tag of the same name.
//!
//! Never here: asking a provider whether the model exists.

use anygpt_providers::{Codec, Effort};

use crate::{
    error::{Advice, Error, ErrorKind},
    settings::{
        Kind, ModelSettings, Provider, Settings, Tag, ended, position, shown,
        vendors::{self, Form, Known, Serves, Weights},
    },
};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Position in [`Settings::providers`]; it can be used.
    pub provider: usize,
    /// The provider's id for the model; none if the provider's newest is wanted.
    pub model: Option<String>,
    /// The effort that was named with the model.
    pub effort: Option<Effort>,
}

impl Target {
    fn new(provider: usize, model: Option<&str>) -> Self {
        Target {
            provider,
            model: model.map(str::to_owned),
            effort: None,
        }
    }

    fn of((model, effort): (&ModelSettings, Option<Effort>)) -> Self {
        Target {
            effort,
            ..Target::new(model.provider, Some(&model.id))
        }
    }

    /// `provider/model`, or the provider alone.
    pub fn name(&self, settings: &Settings) -> String {
        let provider = &settings.providers[self.provider].id;
        match &self.model {
            Some(model) => format!("{provider}/{model}"),
            None => provider.clone(),
        }
    }
}

/// Who is asked: the first one, and if it fails the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// In this order; never empty, and nobody is in it twice.
    pub targets: Vec<Target>,
    /// Names that lead nowhere.
    pub left_out: Vec<LeftOut>,
}

/// A name that leads nowhere, next to others that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The fallback; none for the first choice.
    pub name: Option<String>,
    /// Why.
    pub error: Error,
}

impl LeftOut {
    /// A warning for an MCP client.
    pub fn for_client(&self) -> String {
        self.warning(&self.error.for_client())
    }

    /// A warning for a terminal.
    pub fn for_command_line(&self) -> String {
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
pub enum Rule {
    /// The provider is named.
    Provider,
    /// It is a tag.
    Tag,
    /// By the beginning of the model's name.
    Family,
    /// It is a local model's.
    Local,
    /// Its own provider cannot be asked, but one of many vendors' models.
    Vendors,
    /// No other rule knows the name.
    Default,
    /// No model is named.
    NoModel,
}

type Found = (Rule, Vec<Target>);

/// Where a name leads, and why.
#[derive(Debug)]
pub struct Explanation {
    /// Who is asked.
    pub chain: Chain,
    /// Why.
    pub rule: Rule,
    /// What else may have been meant: each a name that leads there, and why it might.
    pub others: Vec<(String, &'static str)>,
}

/// What a tag leads to: some of the models that carry it.
#[derive(Clone, Copy, Debug)]
pub struct Tagged<'s> {
    settings: &'s Settings,
    /// The tag.
    pub tag: &'s Tag,
    /// Only models of this provider count.
    provider: Option<usize>,
}

/// More models than these are not named in a message.
const NAMED: usize = 10;

/// More of them would not get their turn within any time limit.
const LONGEST_CHAIN: usize = 16;

/// Who is asked for what a caller named, if anything: a tag stands for all usable models that carry it,
/// and behind these come the fallbacks. A name that leads nowhere is left out with a warning, as long as
/// another one leads somewhere.
///
/// # Errors
/// What is wrong with the first name.
pub fn chain(
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
            // Mostly the first and only one.
            Ok(found) if chain.targets.is_empty() && found.len() == 1 => chain.targets = found,
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
pub fn explain(
    settings: &Settings,
    provider: Option<&str>,
    name: &str,
) -> Result<Explanation, Error> {
    let (rule, _) = targets(settings, provider, Some(name))?;
    let chain = chain(settings, provider, Some(name), &[])?;
    let (model, _) = Effort::split(name);
    let is_asked = |provider| {
        chain
            .targets
            .iter()
            .any(|target| target.provider == provider)
    };
    let under = |provider: usize| format!("{}/{model}", settings.providers[provider].id);
    let mut others = Vec::new();
    if provider.is_none() {
        let is_usable = |it: usize| settings.providers[it].why_off().is_none();
        let own = own(settings, &vendors::known(model));
        if let Some(family) = own.filter(|&it| is_usable(it) && !is_asked(it)) {
            others.push((under(family), "its name is that of this provider's models"));
        }
        let all = settings.models.iter();
        let same = all.filter(|it| it.id.eq_ignore_ascii_case(model) && !is_asked(it.provider));
        others.extend(same.map(|it| (settings.name_of(it), "the configuration file has it")));
        let has_all = |it: usize| is_usable(it) && has_vendors(settings, it);
        if rule == Rule::Provider {
            let all = (0..settings.providers.len()).filter(|&it| has_all(it) && !is_asked(it));
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
    /// In words, behind "because".
    pub fn why(self) -> &'static str {
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
/// set for a provider where none is named. All that is ever asked has come through here.
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

/// The provider and models for what a caller named, if anything; never none.
fn targets(
    settings: &Settings,
    provider: Option<&str>,
    model: Option<&str>,
) -> Result<Found, Error> {
    let asked = model.map(Effort::split);
    let default = settings.default_model.as_deref().map(Effort::split);
    let name = |named: Option<(_, _)>| named.map(|(name, _)| name);
    let (rule, mut targets) = without_effort(settings, provider, name(asked), name(default))?;
    if let Some((_, effort)) = asked.or(default) {
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
    asked: Option<&str>,
    default: Option<&str>,
) -> Result<Found, Error> {
    let Some(id) = provider.map(str::trim) else {
        return by_model(settings, asked.or(default));
    };
    let provider = usable_provider(settings, id)?;
    match (asked, default) {
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

/// The models for a name that is asked of this provider, which can be used.
///
/// # Errors
/// It is a tag, and none of its models may be asked.
fn of_provider(settings: &Settings, provider: usize, name: &str) -> Result<Found, Error> {
    if settings.model(provider, name).is_none()
        && let Some(tagged) = Tagged::find(settings, name, Some(provider))
    {
        return Ok((Rule::Tag, tagged.targets()?));
    }
    Ok((Rule::Provider, vec![Target::new(provider, Some(name))]))
}

/// The provider of that name, if it can be used.
///
/// # Errors
/// It is unknown, or something is missing for it.
pub fn usable_provider(settings: &Settings, id: &str) -> Result<usize, Error> {
    check_usable(settings, known_provider(settings, id)?)
}

/// The provider of that name, usable or not.
///
/// # Errors
/// It is unknown.
pub fn known_provider(settings: &Settings, id: &str) -> Result<usize, Error> {
    let id = id.trim();
    position(&settings.providers, id).ok_or_else(|| {
        let known: Vec<&str> = settings.listed().map(|(_, p)| p.id.as_str()).collect();
        let problem = match ended(id) {
            Some(ended) => ended.to_owned(),
            // It may be a key.
            None => match shown(id, known.iter().copied()) {
                id if id.starts_with('"') => format!("there is no provider {id}"),
                hidden => format!("there is no provider of that name ({hidden})"),
            },
        };
        let advice = format!("Use one of: {}.", known.join(", "));
        Error::new(ErrorKind::Config, problem).advise_plain(advice)
    })
}

/// This provider, or all that can be used; with nothing else to ask, what may be there without being set
/// up.
///
/// # Errors
/// There is none.
pub fn all_or_one(settings: &Settings, provider: Option<usize>) -> Result<Vec<usize>, Error> {
    if let Some(provider) = provider {
        return Ok(vec![provider]);
    }
    let usable = |&position: &usize| settings.providers[position].why_off().is_none();
    let mut all: Vec<usize> = (0..settings.providers.len()).filter(usable).collect();
    if all.is_empty() {
        all.extend(settings.last_resort());
    }
    match all.is_empty() {
        true => Err(Error::no_provider()),
        false => Ok(all),
    }
}

/// The providers that could do what another one cannot, those that can be used first.
pub fn who_can(settings: &Settings, can: impl Fn(&dyn Codec) -> bool) -> String {
    let can = |provider: &&Provider| provider.kind.codec().is_some_and(&can);
    let listed = settings.listed().map(|(_, provider)| provider).filter(can);
    let (usable, off): (Vec<_>, Vec<_>) = listed.partition(|it| it.why_off().is_none());
    let who = if usable.is_empty() { off } else { usable };
    let ids: Vec<&str> = who.iter().map(|provider| provider.id.as_str()).collect();
    match ids.is_empty() {
        true => "another provider".into(),
        false => ids.join(" or "),
    }
}

impl<'s> Tagged<'s> {
    /// What `name` leads to, if it is a tag and any model carries it (of this provider, if one is given).
    pub fn find(settings: &'s Settings, name: &str, provider: Option<usize>) -> Option<Self> {
        Tagged::new(settings, settings.tag(name)?, provider)
    }

    /// The same for a tag of these settings.
    pub fn new(settings: &'s Settings, tag: &'s Tag, provider: Option<usize>) -> Option<Self> {
        let tagged = Tagged {
            settings,
            tag,
            provider,
        };
        tagged.models().next().is_some().then_some(tagged)
    }

    /// The models, in the order of the configuration file.
    pub fn models(self) -> impl Iterator<Item = &'s ModelSettings> {
        self.members().map(|(model, _)| model)
    }

    /// The same with the effort that an alias names.
    fn members(self) -> impl Iterator<Item = (&'s ModelSettings, Option<Effort>)> {
        let members = self.tag.models.iter();
        let members = members.map(|it| (&self.settings.models[it.model], it.effort));
        members.filter(move |(model, _)| {
            self.provider
                .is_none_or(|provider| model.provider == provider)
        })
    }

    /// The models as they could be asked for: `provider/model`, with `@` and the effort of an alias.
    pub fn names(self) -> impl Iterator<Item = String> {
        self.members().map(move |(model, effort)| {
            let name = self.settings.name_of(model);
            match effort {
                Some(effort) => format!("{name}@{}", effort.as_str()),
                None => name,
            }
        })
    }

    /// Those whose provider can be used.
    fn usable(self) -> impl Iterator<Item = (&'s ModelSettings, Option<Effort>)> {
        let why_not = move |model: &ModelSettings| self.settings.why_not(model.provider, &model.id);
        self.members()
            .filter(move |(model, _)| why_not(model).is_none())
    }

    /// The models that are asked, one after the other: those that can be used. An error names each one's
    /// problem.
    ///
    /// # Errors
    /// None can be used.
    pub fn targets(self) -> Result<Vec<Target>, Error> {
        let usable: Vec<Target> = self.usable().map(Target::of).collect();
        if !usable.is_empty() {
            return Ok(usable);
        }
        let problems = self.models().map(|model| {
            let why = self.settings.why_not(model.provider, &model.id);
            format!(
                "{}: {}",
                self.settings.name_of(model),
                why.unwrap_or_default()
            )
        });
        let message = format!(
            "no model with the {} {} can be used: {}",
            self.tag.what(),
            self.tag.name,
            first_of(problems, "; ")
        );
        Err(Error::new(ErrorKind::Config, message).advise(Advice::SetUpTagged))
    }

    /// The model that is asked first: the first that can be used, else the first.
    pub fn chosen(self) -> Target {
        let model = self.usable().next().or_else(|| self.members().next());
        // `find` has seen one.
        model.map_or(Target::new(0, None), Target::of)
    }

    /// No model of this provider has the tag. To send it as an id could hardly be meant.
    fn not_of(self, provider: usize) -> Error {
        let (tag, id) = (&self.tag.name, &self.settings.providers[provider].id);
        let what = self.tag.what();
        let message = format!(
            "no model of provider {id} has the {what} {tag}, which stands for {}",
            first_of(self.names(), ", ")
        );
        Error::new(ErrorKind::Config, message).advise_plain(format!(
            "Leave provider out, or name a model; {id}/{tag} asks for a model whose id is {tag}."
        ))
    }
}

/// The first of these, and how many more there are.
fn first_of(mut texts: impl Iterator<Item = String>, between: &str) -> String {
    let first: Vec<String> = texts.by_ref().take(NAMED).collect();
    match texts.count() {
        0 => first.join(between),
        more => format!("{}{between}and {more} more", first.join(between)),
    }
}

/// The provider for requests that name none: the configured one, else the first that can be used. An
/// echo is no answer as long as there is anybody else.
pub fn default_provider(settings: &Settings) -> Option<usize> {
    let first = |may_echo: bool| {
        settings.providers.iter().position(|provider| {
            provider.why_off().is_none() && (may_echo || provider.kind != Kind::Mock)
        })
    };
    settings
        .default_provider
        .or_else(|| first(false))
        .or_else(|| first(true))
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
        // That one must not be asked is not to be got round, and who runs other people's models is meant itself; so is
        // one whose settings say another address than can be used.
        let may_stand_in = it.why_off().is_some()
            && it.refusal().is_none()
            && it.broken().is_none()
            && vendors::makes_models(&it.id);
        if may_stand_in
            && let Ok((rule, stands_in)) = home(settings, model)
            && settings.providers[stands_in].why_off().is_none()
            && settings.providers[stands_in].kind != Kind::Mock
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

/// Who is asked for an id with which nobody is named.
fn home(settings: &Settings, model: &str) -> Result<(Rule, usize), Error> {
    let known = vendors::known(model);
    let is_usable = |&it: &usize| settings.providers[it].why_off().is_none();
    let usable = || (0..settings.providers.len()).filter(is_usable);
    let mut locals = usable().filter(|&it| settings.providers[it].is_local());
    let lists = |provider: &usize| {
        let set = settings.providers[*provider].model.as_deref();
        set == Some(model) || settings.model(*provider, model).is_some()
    };
    let is_runtime = |&it: &usize| settings.providers[it].serves() == Serves::Local;
    let own = own(settings, &known);
    let weights = known.family.map(|(_, weights)| weights);
    let is_closed = weights == Some(Weights::Closed);
    let is_its_own = known.form == Form::Plain && weights != Some(Weights::Apart);
    let at_home = own.filter(is_usable).filter(|_| is_its_own);
    let local = match locals.clone().find(lists) {
        None if known.form == Form::Tagged => locals.next(),
        // Perhaps a proxy nearby, which has that vendor's models.
        Some(listing) if is_closed && at_home.is_some() && !is_runtime(&listing) => None,
        listing => listing,
    };
    if let Some(local) = local {
        return Ok((Rule::Local, local));
    }
    if let Some(own) = at_home {
        return Ok((Rule::Family, own));
    }
    let may = |provider, is_chosen| may_have(settings, provider, model, &known, is_chosen);
    let chosen = settings.default_provider;
    if let Some(default) = chosen {
        let may_help = known.family.is_none() || is_usable(&default);
        if may_help && may(default, true) {
            return Ok((Rule::Default, check_usable(settings, default)?));
        }
    } else {
        // Others run the open ones, and have nothing to do with it.
        let is_refused = |&own: &usize| settings.providers[own].refusal().is_some();
        if let Some(own) = own.filter(is_refused).filter(|_| is_closed) {
            check_usable(settings, own)?;
        }
        let default = usable_default(settings);
        let is_open = match weights {
            Some(_) => !is_closed,
            // To a vendor only if there is nobody nearer.
            None => default
                .as_ref()
                .is_ok_and(|&it| matches!(settings.providers[it].serves(), Serves::Own(_))),
        };
        if is_open
            && known.form == Form::Plain
            && let Some(local) = locals.find(is_runtime)
        {
            return Ok((Rule::Local, local));
        }
        if known.form == Form::Vendored
            && let Some(all) = usable().find(|&it| has_vendors(settings, it) && may(it, false))
        {
            return Ok((Rule::Vendors, all));
        }
        // Where a vendor's provider was given another address, that one may have all, but nobody has said so.
        let is_led_away = |it: usize| {
            let is_vendor_s = vendors::makes_models(&settings.providers[it].id);
            is_closed && is_vendor_s && own.is_some_and(|own| own != it)
        };
        if let Ok(default) = default
            && may(default, false)
            && !is_led_away(default)
        {
            return Ok((Rule::Default, default));
        }
    }
    let is_gateway = |&it: &usize| {
        let provider = &settings.providers[it];
        let is_own = matches!(provider.serves(), Serves::Own(_));
        !is_own && provider.kind != Kind::Mock && may(it, false)
    };
    let all: Vec<usize> = usable().filter(is_gateway).collect();
    let first = match known.form {
        Form::Vendored => all.iter().find(|&&it| has_vendors(settings, it)),
        _ => None,
    };
    match (first, &all[..]) {
        (Some(&only), _) | (None, &[only]) => return Ok((Rule::Vendors, only)),
        (None, []) => {}
        // What it lacks is the better advice.
        (None, _) if is_closed && own.is_some() => {}
        (None, several) => {
            let names = several.iter().take(NAMED);
            let names = names.map(|&it| format!("{}/{model}", settings.providers[it].id));
            let message = format!("more than one provider may have {model:?}");
            let advice = format!("Name one: {}.", names.collect::<Vec<_>>().join(" or "));
            return Err(Error::new(ErrorKind::Config, message).advise_plain(advice));
        }
    }
    match own {
        Some(own) if known.form != Form::Tagged => Ok((Rule::Family, check_usable(settings, own)?)),
        _ => Err(nobody(settings, model, &known, chosen)),
    }
}

/// The provider that is the own API of the vendor of this model, usable or not.
fn own(settings: &Settings, known: &Known) -> Option<usize> {
    position(&settings.providers, known.family?.0.id)
}

/// Whether a provider may be asked for an id with which it was not named. It is chosen if it is the default of the
/// user's own.
fn may_have(
    settings: &Settings,
    provider: usize,
    model: &str,
    known: &Known,
    is_chosen: bool,
) -> bool {
    let is_closed = known.family.is_some_and(|(_, it)| it == Weights::Closed);
    // An echo is no model's answer, unless it is what the user wants.
    if settings.providers[provider].kind == Kind::Mock {
        return is_chosen || known.family.is_none();
    }
    match settings.providers[provider].serves() {
        Serves::All => true,
        // There people give models what names they like.
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
fn is_set(settings: &Settings, provider: usize, model: &str, is_chosen: bool) -> bool {
    let default = settings.default_model.as_deref().map(Effort::split);
    settings.model(provider, model).is_some()
        || settings.providers[provider].model.as_deref() == Some(model)
        || is_chosen && default.is_some_and(|(default, _)| default == model)
}

fn has_vendors(settings: &Settings, provider: usize) -> bool {
    let preset = settings.providers[provider].preset;
    preset.is_some_and(|preset| preset.has_vendors)
}

/// There is nobody to ask for this id.
fn nobody(settings: &Settings, model: &str, known: &Known, chosen: Option<usize>) -> Error {
    if !settings.has_usable_provider() {
        return Error::no_provider();
    }
    let what = match known.family {
        Some((vendor, Weights::Closed)) => format!("is a model of {}", vendor.name),
        Some((vendor, _)) if vendor.id == "open-weights" => "is a model with open weights".into(),
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
    let message = format!("{model:?} {what}, and no provider that can be used is known to have it");
    let mut error = Error::new(ErrorKind::Config, message);
    if let Some(default) = chosen {
        let id = &settings.providers[default].id;
        let advice = format!("The default provider, {id}, is not sent such ids.");
        error = error.advise_plain(advice);
    }
    error.advise(Advice::SetUpProviderFor {
        model: model.to_owned(),
        set,
    })
}

/// What is wrong if this model cannot be one of this provider's.
fn foreign(settings: &Settings, provider: usize, model: &str) -> Option<Error> {
    let why = settings.why_foreign(provider, model)?;
    let known = vendors::known(model);
    let set = own(settings, &known).and_then(|own| {
        let it = &settings.providers[own];
        it.why_off()
            .map(|why| format!("; provider {} is not set up: {why}", it.id))
    });
    let message = format!(
        "model {model:?} is not sent to provider {}: {why}{}",
        settings.providers[provider].id,
        set.unwrap_or_default()
    );
    Some(Error::new(ErrorKind::Config, message).advise(Advice::NameMatchingModel))
}

/// `provider/model`, if the part before the first slash is a provider.
fn split<'m>(settings: &Settings, model: &'m str) -> Option<(usize, &'m str)> {
    let (prefix, rest) = model.split_once('/')?;
    let provider = position(&settings.providers, prefix)?;
    (!rest.is_empty()).then_some((provider, rest))
}

fn usable_default(settings: &Settings) -> Result<usize, Error> {
    match default_provider(settings).or(settings.last_resort()) {
        Some(provider) => check_usable(settings, provider),
        None => {
            let refused = |(_, provider): &(usize, &Provider)| provider.refusal().is_some();
            let refused = settings.listed().find(refused);
            refused.map_or_else(
                || Err(Error::no_provider()),
                |(position, _)| check_usable(settings, position),
            )
        }
    }
}

fn check_usable(settings: &Settings, position: usize) -> Result<usize, Error> {
    let provider = &settings.providers[position];
    if let Some(why) = provider.refusal() {
        let message = format!("provider {} is {why}", provider.id);
        return Err(Error::new(ErrorKind::Permission, message).advise(Advice::AskAnotherProvider));
    }
    match provider.why_off() {
        None => Ok(position),
        Some(_) if provider.is_last_resort => Ok(position),
        Some(_) if provider.is_tried_if_named && provider.why_not_tried().is_none() => Ok(position),
        // Of the others nobody may have heard.
        Some(_) if !settings.has_usable_provider() && settings.is_main(position) => {
            Err(Error::no_provider())
        }
        Some(why) => {
            let why = provider.why_not_tried().unwrap_or(why);
            let message = format!("provider {} cannot be used: {why}", provider.id);
            Err(Error::new(ErrorKind::Config, message).advise(Advice::SetUpOrAskAnother))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
