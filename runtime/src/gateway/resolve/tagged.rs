//! The models that a tag or an alias of the configuration file leads to.
//!
//! Never here: other names.

use anygpt_providers::ReasoningEffort;

use super::{NAMED, Target};
use crate::{
    error::{Advice, Error, ErrorKind},
    settings::{Member, ModelSettings, ProviderIndex, Settings, Tag},
};

/// What a tag leads to: some of the models that carry it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tagged<'s> {
    settings: &'s Settings,
    pub tag: &'s Tag,
    /// Only models of this provider count.
    provider: Option<ProviderIndex>,
    first: Member,
}

impl<'s> Tagged<'s> {
    /// What `name` leads to, if it is a tag and any model carries it (of this provider, if one is given).
    pub(crate) fn find(
        settings: &'s Settings,
        name: &str,
        provider: Option<ProviderIndex>,
    ) -> Option<Self> {
        Tagged::new(settings, settings.tag(name)?, provider)
    }

    /// The same for a tag of these settings.
    pub(crate) fn new(
        settings: &'s Settings,
        tag: &'s Tag,
        provider: Option<ProviderIndex>,
    ) -> Option<Self> {
        let is_in = |it: &&Member| {
            let model = &settings.models[it.model];
            provider.is_none_or(|provider| model.provider == provider)
        };
        Some(Tagged {
            settings,
            tag,
            provider,
            first: *tag.models.iter().find(is_in)?,
        })
    }

    /// The models, in the order of the configuration file.
    pub(crate) fn models(self) -> impl Iterator<Item = &'s ModelSettings> {
        self.members().map(|(model, _)| model)
    }

    /// The same with the effort that an alias names.
    fn members(self) -> impl Iterator<Item = (&'s ModelSettings, Option<ReasoningEffort>)> {
        let members = self.tag.models.iter();
        let members = members.map(|it| (&self.settings.models[it.model], it.effort));
        members.filter(move |(model, _)| {
            self.provider
                .is_none_or(|provider| model.provider == provider)
        })
    }

    /// The models as a caller can name them: `provider/model`, with `@` and the effort of an alias.
    pub(crate) fn names(self) -> impl Iterator<Item = String> {
        self.members().map(move |(model, effort)| {
            let name = self.settings.name_of(model);
            match effort {
                Some(effort) => format!("{name}@{}", effort.as_str()),
                None => name,
            }
        })
    }

    /// Those whose provider can be used.
    fn usable(self) -> impl Iterator<Item = (&'s ModelSettings, Option<ReasoningEffort>)> {
        let unavailable_reason = move |model: &ModelSettings| {
            self.settings.unavailable_reason(model.provider, &model.id)
        };
        self.members()
            .filter(move |(model, _)| unavailable_reason(model).is_none())
    }

    /// The models that can be used, in the order in which they are asked. An error names the problem of each.
    ///
    /// # Errors
    /// None can be used.
    pub(crate) fn targets(self) -> Result<Vec<Target>, Error> {
        let usable: Vec<Target> = self.usable().map(Target::of).collect();
        if !usable.is_empty() {
            return Ok(usable);
        }
        let problems = self.models().map(|model| {
            let why = self.settings.unavailable_reason(model.provider, &model.id);
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
    pub(crate) fn chosen(self) -> Target {
        let first = || (&self.settings.models[self.first.model], self.first.effort);
        Target::of(self.usable().next().unwrap_or_else(first))
    }

    /// The error that no model of this provider has the tag; it is hardly meant as the id of a model.
    pub(super) fn not_of(self, provider: ProviderIndex) -> Error {
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
