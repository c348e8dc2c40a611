//! `anygpt_list_models`: what the providers offer at this moment, and what is configured.
//!
//! The order never depends on other models: by provider, newest first, then by id. A cursor is the position of the last
//! model shown, so no model is repeated or skipped when others are added or removed between two calls.
//!
//! Never here: asking a provider, or reading its list.

use std::{cmp::Reverse, collections::BTreeSet, mem};

use anygpt_core::Annotations;
use anygpt_providers::{Capability, Model};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::{
    arguments::{Arguments, wrong},
    common::PROVIDER,
    input_schema::Detail,
    kind::{Choice, Flag, Integer, Name, Text},
    parameter::Parameter,
    tool::{NetworkCall, Step, Tool},
};
use crate::{
    call::CallContext,
    error::{Advice, Error, ErrorKind},
    gateway::{
        CallLimits, Gateway, Observer, mock,
        resolve::{self, Tagged},
    },
    offload::offload,
    outcome::Outcome,
    settings::{Dialect, LONGEST_NAME, ProviderIndex, Settings, position},
};

pub(crate) static TOOL: Tool = Tool {
    name: "anygpt_list_models",
    is_default: true,
    title: "List models",
    description: "List the models that the providers offer now, newest first, as provider/model.",
    instruction: "lists the providers' models.",
    annotations: Annotations {
        read_only: true,
        idempotent: true,
        open_world: true,
    },
    parameters: &[
        &PROVIDER,
        &QUERY,
        &TAG,
        &CAPABILITY,
        &LIVE,
        &DETAILS,
        &LIMIT,
        &CURSOR,
    ],
    output_schema: concat!(
        r#"{"type":"object","properties":{"models":{"type":"array","items":{"type":"object"}},"#,
        r#""total":{"type":"integer"},"next_cursor":{"type":"string"},"#,
        r#""errors":{"type":"array","items":{"type":"string"}}},"required":["models"]}"#,
    ),
    begin,
};

const QUERY: Parameter<Name> = Parameter::new("query", Name).described("Words of id or name");

const TAG: Parameter<Name> = Parameter::new("tag", Name);

const CAPABILITY: Parameter<Choice<Capability>> = Parameter::new(
    "capability",
    Choice {
        all: &Capability::ALL,
        name: Capability::as_str,
        parse: Capability::from_name,
    },
)
.with(Detail::Limits);

const LIVE: Parameter<Flag> =
    Parameter::new("live", Flag { if_absent: true }).described("false: only what is configured");

const DETAILS: Parameter<Flag> = Parameter::new("details", Flag { if_absent: false });

/// Most models on a page.
pub(crate) const LARGEST_PAGE: u32 = 500;

/// Models on a page.
const LIMIT: Parameter<Integer> = Parameter::new(
    "limit",
    Integer {
        min: 1,
        max: LARGEST_PAGE,
    },
)
.with(Detail::Limits);

const CURSOR: Parameter<Text> = Parameter::new("cursor", Text);

/// Models on a page where the caller sets no limit.
const USUAL_LIMIT: u32 = 50;

/// Which models are wanted.
#[derive(Debug)]
pub(super) struct Query {
    providers: Vec<ProviderIndex>,
    /// Only these, with their providers.
    tagged: Option<BTreeSet<(ProviderIndex, String)>>,
    /// Each must occur in the name or id; in lower case.
    words: Vec<String>,
    capability: Option<Capability>,
    details: bool,
    limit: usize,
    /// The last model of the page before.
    after: Option<SortKey>,
    limits: CallLimits,
    /// Models of the tag that cannot be used.
    unusable: Vec<String>,
    warnings: Vec<String>,
}

/// The sort key of a model: provider, age, id.
type SortKey = (ProviderIndex, Reverse<Option<i64>>, String);

/// What is known of the models of one provider.
enum Known {
    Live(Vec<Model>),
    Failed(Error),
    /// Only what the settings name.
    Configured,
}

fn begin(
    _: &CallContext,
    settings: &Settings,
    mut arguments: Arguments<'_>,
) -> Result<Step, Error> {
    let provider = arguments.take(&PROVIDER)?;
    let tag = arguments.take(&TAG)?;
    let words = arguments.take(&QUERY)?.unwrap_or_default().to_lowercase();
    let capability = arguments.take(&CAPABILITY)?;
    let is_live = arguments.take(&LIVE)?;
    let details = arguments.take(&DETAILS)?;
    let limit = arguments.take(&LIMIT)?;
    let after = match arguments.take(&CURSOR)? {
        Some(cursor) => Some(sort_key_of(settings, &cursor)?),
        None => None,
    };
    let mut query = Query {
        providers: Vec::new(),
        tagged: None,
        words: words.split_whitespace().map(str::to_owned).collect(),
        capability,
        details,
        limit: usize::try_from(limit.unwrap_or(USUAL_LIMIT)).unwrap_or(usize::MAX),
        after,
        limits: CallLimits::of(settings, None),
        unusable: Vec::new(),
        warnings: arguments.unknown().into_iter().collect(),
    };
    let provider = provider.map(|id| resolve::usable_provider(settings, &id));
    let provider = provider.transpose()?;
    match tag {
        Some(tag) => query.only_tagged(settings, tag.trim(), provider)?,
        None => query.providers = resolve::all_or_one(settings, provider)?,
    }
    // The settings name the models of a tag; capabilities and details are only in the provider's list.
    let needs_no_list = query.tagged.is_some() && capability.is_none() && !details;
    let is_offline =
        |&position: &ProviderIndex| settings.providers[position].dialect == Dialect::Mock;
    if !is_live || needs_no_list || query.providers.iter().all(is_offline) {
        let known = query.providers.iter().map(|_| Known::Configured).collect();
        return Ok(Step::Done(query.outcome(settings, known)));
    }
    Ok(Step::Network(Box::new(query)))
}

/// The cursor of a place: `created:provider/id`.
fn cursor_of(settings: &Settings, (provider, Reverse(created), id): &SortKey) -> String {
    let created = created.map(|created| created.to_string());
    let provider = &settings.providers[*provider].id;
    format!("{}:{provider}/{id}", created.unwrap_or_default())
}

fn sort_key_of(settings: &Settings, cursor: &str) -> Result<SortKey, Error> {
    let read = || {
        let (created, name) = cursor.split_once(':')?;
        let (provider, id) = name.split_once('/')?;
        let created = match created {
            "" => None,
            number => Some(number.parse().ok()?),
        };
        let provider = position(&settings.providers, provider)?;
        Some((provider, Reverse(created), id.to_owned()))
    };
    read().ok_or_else(|| {
        let allowed = "the next_cursor of an earlier result, unchanged";
        wrong(CURSOR.name, &Value::String(cursor.into()), allowed)
    })
}

impl NetworkCall for Query {
    fn run<'a>(
        self: Box<Self>,
        context: &'a CallContext,
        gateway: &'a Gateway,
        _: &'a mut dyn Observer,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.list(context, gateway))
    }
}

impl Query {
    /// Selects the models of a tag. Those that cannot be used go to `unusable`.
    fn only_tagged(
        &mut self,
        settings: &Settings,
        tag: &str,
        provider: Option<ProviderIndex>,
    ) -> Result<(), Error> {
        let tagged = Tagged::find(settings, tag, provider).ok_or_else(|| {
            let of_provider = provider.map(|provider| &settings.providers[provider].id);
            let of_provider = of_provider.map(|id| format!(" of provider {id}"));
            let message = format!(
                "no model{} has the tag {tag:?} in the configuration file",
                of_provider.unwrap_or_default()
            );
            Error::new(ErrorKind::InvalidRequest, message).advise(Advice::ListTags)
        })?;
        // Fails if none of them can be used.
        tagged.targets()?;
        let mut usable = BTreeSet::new();
        for model in tagged.models() {
            let provider = &settings.providers[model.provider].id;
            if settings.limits.refusal(provider, &model.id).is_some() {
                continue;
            }
            match settings.providers[model.provider].unavailable_reason() {
                Some(why) => {
                    let name = settings.name_of(model);
                    self.unusable.push(format!("{name} cannot be used: {why}"));
                }
                None => _ = usable.insert((model.provider, model.id.clone())),
            }
        }
        let providers: BTreeSet<ProviderIndex> =
            usable.iter().map(|(provider, _)| *provider).collect();
        self.providers = providers.into_iter().collect();
        self.tagged = Some(usable);
        Ok(())
    }

    async fn list(self: Box<Self>, context: &CallContext, gateway: &Gateway) -> Outcome {
        let lists = gateway.models(context, &self.providers, self.limits).await;
        let mut held = Vec::new();
        let known = lists.into_iter().map(|list| match list.offer {
            Ok(offer) => {
                held.push(offer.held);
                Known::Live(offer.models)
            }
            Err(unlisted) => Known::Failed(unlisted.error),
        });
        let known: Vec<_> = known.collect();
        let models = known.iter().map(|known| match known {
            Known::Live(models) => models.len(),
            _ => 0,
        });
        let length = models.sum::<usize>() * size_of::<Model>();
        let settings = gateway.shared_settings();
        let outcome = offload(length, move || self.outcome(&settings, known)).await;
        // The lists were large; a page is small.
        drop(held);
        outcome
    }

    /// The page of the models of all providers. The failure of one provider does not hide the others' lists.
    fn outcome(mut self, settings: &Settings, known: Vec<Known>) -> Outcome {
        let mut entries = Vec::new();
        let mut failed = Vec::new();
        for (&provider, known) in self.providers.iter().zip(known) {
            match known {
                Known::Live(models) => add(&mut entries, provider, models, settings),
                Known::Failed(error) => {
                    failed.push(error);
                    add(&mut entries, provider, Vec::new(), settings);
                }
                Known::Configured => add(&mut entries, provider, Vec::new(), settings),
            }
        }
        entries.retain(|entry| {
            let provider = &settings.providers[entry.provider].id;
            settings.limits.refusal(provider, &entry.model.id).is_none()
        });
        let errors = failed.iter().map(Error::for_client);
        let unusable = mem::take(&mut self.unusable);
        let errors: Vec<String> = unusable.iter().cloned().chain(errors).collect();
        if entries.is_empty() && !errors.is_empty() {
            let unusable = unusable.into_iter();
            let unusable = unusable.map(|text| Error::new(ErrorKind::Config, text));
            return Outcome {
                text: errors.join("\n"),
                ..Outcome::failed(unusable.chain(failed).collect())
            };
        }
        entries.retain(|entry| self.is_wanted(entry, settings));
        self.retain_capable(&mut entries);
        entries.sort_by_cached_key(Entry::sort_key);
        let total = entries.len();
        let shown = match &self.after {
            Some(after) => entries.partition_point(|entry| entry.sort_key() <= *after),
            None => 0,
        };
        let page = entries.iter().skip(shown).take(self.limit);
        let models: Vec<Listed<'_>> = page
            .map(|entry| entry.listed(settings, self.details))
            .collect();
        let end = shown + models.len();
        let last = entries[..end].last().filter(|_| end < total);
        let structured = Structured {
            models,
            total,
            next_cursor: last.map(|entry| cursor_of(settings, &entry.sort_key())),
            errors: &errors,
            warnings: &self.warnings,
            facts: format!("table of {}", settings.facts.day()),
        };
        Outcome {
            errors: failed,
            ..Outcome::structured(structured.text(total - end), &structured)
        }
    }

    fn is_wanted(&self, entry: &Entry, settings: &Settings) -> bool {
        let model = &entry.model;
        if let Some(tagged) = &self.tagged
            && !tagged.contains(&(entry.provider, model.id.clone()))
        {
            return false;
        }
        let name = model.display_name.as_deref().unwrap_or_default();
        let provider = &settings.providers[entry.provider].id;
        let words = format!("{provider}/{} {name}", model.id).to_lowercase();
        self.words.iter().all(|word| words.contains(word))
    }

    /// Keeps the models that have the capability; adds a warning with the number of those for which it is unknown.
    fn retain_capable(&mut self, entries: &mut Vec<Entry>) {
        let Some(capability) = self.capability else {
            return;
        };
        let mut unknown = 0_usize;
        entries.retain(|entry| {
            let has = entry.has(capability);
            unknown += usize::from(has.is_none());
            has == Some(true)
        });
        if unknown > 0 {
            self.warnings.push(format!(
                "Whether they have {} is not known of {unknown} other models, which were left out",
                capability.as_str()
            ));
        }
    }
}

/// A model of a provider.
struct Entry {
    provider: ProviderIndex,
    model: Model,
    /// It comes from the settings, not from the provider's list.
    is_configured: bool,
}

/// Adds a provider's models: those of its list, then those that only the settings name.
fn add(entries: &mut Vec<Entry>, provider: ProviderIndex, list: Vec<Model>, settings: &Settings) {
    let mut seen = BTreeSet::new();
    let list = match settings.providers[provider].dialect {
        Dialect::Mock => mock::models(),
        _ => list,
    };
    for mut model in list {
        if model.id.len() > LONGEST_NAME || !seen.insert(model.id.clone()) {
            continue;
        }
        model.display_name = model.display_name.filter(|name| name.len() <= LONGEST_NAME);
        entries.push(Entry {
            provider,
            model,
            is_configured: false,
        });
    }
    for id in configured(settings, provider) {
        if seen.insert(id.clone()) {
            entries.push(Entry {
                provider,
                model: Model {
                    id,
                    ..Model::default()
                },
                is_configured: true,
            });
        }
    }
}

/// The ids in the settings: models of the file, and the default models.
fn configured(settings: &Settings, provider: ProviderIndex) -> impl Iterator<Item = String> {
    let of_file = settings.models.iter();
    let of_file = of_file.filter(move |model| model.provider == provider);
    let default = resolve::chain(settings, None, None, &[]);
    let default = default.map(|chain| chain.targets).unwrap_or_default();
    let default = default
        .into_iter()
        .filter(move |it| it.provider == provider);
    of_file
        .map(|model| model.id.clone())
        .chain(settings.providers[provider].model.clone())
        .chain(default.filter_map(|target| target.model))
}

impl Entry {
    fn sort_key(&self) -> SortKey {
        let model = &self.model;
        (self.provider, Reverse(model.created), model.id.clone())
    }

    fn has(&self, capability: Capability) -> Option<bool> {
        match self.is_configured {
            true => None,
            false => self.model.has(capability),
        }
    }

    fn listed<'a>(&'a self, settings: &'a Settings, details: bool) -> Listed<'a> {
        let (provider, model) = (&settings.providers[self.provider].id, &self.model);
        let configured = settings.model(self.provider, &model.id);
        let has = |&capability: &Capability| self.has(capability) == Some(true);
        let capabilities = Capability::ALL.into_iter().filter(has);
        Listed {
            id: &model.id,
            provider,
            name: model.display_name.as_deref(),
            tags: configured.map_or(&[], |model| &model.tags),
            source: self.is_configured.then_some("configured"),
            details: details.then(|| Details {
                capabilities: capabilities.map(Capability::as_str).collect(),
                created: model.created,
                input_token_limit: model.input_token_limit,
                output_token_limit: model.output_token_limit,
                input_modalities: &model.input_modalities,
                output_modalities: &model.output_modalities,
                reasoning_efforts: model.efforts.iter().map(|effort| effort.as_str()).collect(),
                usd_per_token: model.price.as_ref().map(|price| UsdPerToken {
                    input: &price.input,
                    output: &price.output,
                }),
                retires: model.retires.as_deref(),
            }),
        }
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

/// Unknown members are left out.
#[derive(Serialize)]
struct Details<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    capabilities: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_token_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_token_limit: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    input_modalities: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    output_modalities: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasoning_efforts: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usd_per_token: Option<UsdPerToken<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retires: Option<&'a str>,
}

#[derive(Serialize)]
struct UsdPerToken<'a> {
    input: &'a str,
    output: &'a str,
}

#[derive(Serialize)]
struct Structured<'a> {
    models: Vec<Listed<'a>>,
    /// On all pages.
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    /// What is known beside the live lists.
    facts: String,
}

impl Structured<'_> {
    /// A line per model, which begins with its name as other tools accept it.
    fn text(&self, more: usize) -> String {
        let mut lines: Vec<String> = self.models.iter().map(Listed::line).collect();
        if lines.is_empty() {
            lines.push(match self.total {
                0 => "The list is empty.".into(),
                total => format!("There are no more of the {total} models."),
            });
        }
        lines.extend(self.errors.iter().chain(self.warnings).cloned());
        if self.models.iter().any(|model| model.details.is_some()) {
            lines.push(format!("facts: {}", self.facts));
        }
        if let Some(cursor) = &self.next_cursor {
            lines.push(format!("{more} more: pass cursor {cursor:?}"));
        }
        lines.join("\n")
    }
}

impl Listed<'_> {
    fn line(&self) -> String {
        let mut line = format!("{}/{}", self.provider, self.id);
        if !self.tags.is_empty() {
            line += &format!(" (tags: {})", self.tags.join(", "));
        }
        let Some(details) = &self.details else {
            return line;
        };
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.name.map(str::to_owned));
        if !details.capabilities.is_empty() {
            parts.push(details.capabilities.join(", "));
        }
        for (limit, way) in [
            (details.input_token_limit, "in"),
            (details.output_token_limit, "out"),
        ] {
            parts.extend(limit.map(|tokens| format!("at most {tokens} tokens {way}")));
        }
        if !details.reasoning_efforts.is_empty() {
            parts.push(format!("efforts {}", details.reasoning_efforts.join(", ")));
        }
        if let Some(UsdPerToken { input, output }) = &details.usd_per_token {
            parts.push(format!("USD per token {input} in, {output} out"));
        }
        parts.extend(details.retires.map(|day| format!("retires {day}")));
        match parts.is_empty() {
            true => line,
            false => format!("{line}: {}", parts.join("; ")),
        }
    }
}
