//! The models that the configuration file tells something of, their tags, and the aliases that lead to models.
//!
//! Never here: which of several models with a tag is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    Price, Provider,
    file::ModelEntry,
    presets,
    provider::{MOCK, position},
    yaml::{Error, OneOrMore, Ordered, Spanned, nearest, shown},
};
use crate::provider::Effort;

/// A model of the configuration file.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// Position in [`Settings::providers`](super::Settings::providers).
    pub provider: usize,
    /// The provider's id for it.
    pub id: String,
    /// Its tags, each once, whatever the case.
    pub tags: Vec<String>,
    /// Its line in the configuration file.
    pub line: usize,
    /// What it costs.
    pub price: Option<Price>,
}

/// A tag and the models that carry it, or an alias and the models that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// As it is spelled where it first appears.
    pub name: String,
    /// In the order in which they are asked; never empty.
    pub models: Vec<Member>,
    /// It is defined under `aliases`.
    pub is_alias: bool,
    /// The line of the configuration file where it first appears.
    pub line: usize,
}

/// A model of a tag or an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Position in [`Settings::models`](super::Settings::models).
    pub model: usize,
    /// The effort that an alias names with it.
    pub effort: Option<Effort>,
}

impl Tag {
    /// What it is, for people.
    pub fn what(&self) -> &'static str {
        match self.is_alias {
            true => "alias",
            false => "tag",
        }
    }
}

/// Where models and tags stand, so that it takes no longer to find one of many.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// By provider, then by id.
    models: BTreeMap<usize, BTreeMap<String, usize>>,
    /// By name in lower case; aliases, too.
    tags: BTreeMap<String, usize>,
}

impl Names {
    /// A position in [`Settings::models`](super::Settings::models).
    pub(super) fn model(&self, provider: usize, id: &str) -> Option<usize> {
        self.models.get(&provider)?.get(id).copied()
    }

    /// A position in [`Settings::tags`](super::Settings::tags), whatever the case of the name.
    pub(super) fn tag(&self, name: &str) -> Option<usize> {
        self.tags.get(&name.to_lowercase()).copied()
    }

    /// The position of this model; a new one's is `next`.
    fn place(&mut self, provider: usize, id: &str, next: usize) -> usize {
        let models = self.models.entry(provider).or_default();
        *models.entry(id.to_owned()).or_insert(next)
    }
}

/// `provider/model`, as the file has it; the provider may be unknown.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ModelName {
    name: String,
    /// Where the slash is.
    slash: usize,
}

/// Longer names cannot be asked for.
const LONGEST_NAME: usize = 256;

impl ModelName {
    fn provider(&self) -> &str {
        &self.name[..self.slash]
    }

    fn id(&self) -> &str {
        &self.name[self.slash + 1..]
    }
}

impl TryFrom<String> for ModelName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "the model \"{}\" {why}; write provider/model, for example openai/gpt-5",
                shown(&name)
            ))
        };
        let slash = match name.find('/') {
            None => return wrong("names no provider"),
            Some(0) => return wrong("has no provider before the \"/\""),
            Some(slash) if slash + 1 == name.len() => return wrong("has no id after the \"/\""),
            Some(slash) => slash,
        };
        if name.len() > LONGEST_NAME {
            return wrong("is longer than 256 bytes");
        }
        let id = &name[slash + 1..];
        if id.trim() != id || id.chars().any(char::is_control) {
            return wrong("has blanks at an end or a control character");
        }
        Ok(ModelName { name, slash })
    }
}

/// A tag or an alias that can be used where a model is named: it cannot be taken for `provider/model`, and `@` is
/// kept for what may follow a name.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct TagName(String);

/// The longest tag in bytes.
const LONGEST_TAG: usize = 64;

impl TryFrom<String> for TagName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let is_bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@');
        if name.is_empty() {
            Err("a name must not be empty; write a short word, for example fast")
        } else if name.len() > LONGEST_TAG {
            Err("a name must not be longer than 64 bytes; write a short word, for example fast")
        } else if name.contains(is_bad) {
            Err(
                "a name must not hold \"/\", \"@\", blanks or control characters; join words with \
                 \"-\", for example long-context",
            )
        } else {
            Ok(TagName(name))
        }
    }
}

/// All models, with their providers found.
pub(super) fn all(
    providers: &[Provider],
    entries: Ordered<Spanned<ModelName>, ModelEntry>,
) -> Result<Vec<ModelSettings>, Error> {
    let mut models = Vec::with_capacity(entries.0.len());
    let mut lines = BTreeMap::new();
    for (key, entry) in entries.0 {
        let fail = |error: Error| {
            let error = error.at(key.line, key.column);
            Err(error.within(&shown(&key.value.name)).within("models"))
        };
        let Some(provider) = position(providers, key.value.provider()) else {
            return fail(unknown(key.value.provider(), providers));
        };
        let id = key.value.id().to_owned();
        // The parser has found equal keys; these are equal for us: gemini/x and Google/x.
        if let Some(first) = lines.insert((provider, id.clone()), key.line) {
            return fail(Error::new(format!(
                "this model is given twice, first on line {first}; keep one of them"
            )));
        }
        let mut known = BTreeSet::new();
        let tags = entry.tags.into_iter().map(|TagName(tag)| tag);
        let tags = tags
            .filter(|tag| known.insert(tag.to_lowercase()))
            .collect();
        models.push(ModelSettings {
            provider,
            id,
            tags,
            line: key.line,
            price: entry.price.map(Price::from),
        });
    }
    Ok(models)
}

pub(super) fn unknown(id: &str, providers: &[Provider]) -> Error {
    if id.eq_ignore_ascii_case(MOCK) {
        return Error::new(
            "the mock is off; add \"mock: {}\" under providers, or set DEFAULT_PROVIDER=mock",
        );
    }
    if let Some(ended) = presets::ended(id) {
        return Error::new(format!("{ended}: take it out, or name another provider"));
    }
    let problem = format!("there is no provider \"{}\"", shown(id));
    let ids = || providers.iter().map(|known| known.id.as_str());
    if let Some(near) = nearest(id, ids()) {
        return Error::choice(&problem, id, &[near]);
    }
    let listed = providers.iter().filter(|known| known.is_listed);
    let listed: Vec<&str> = listed.map(|known| known.id.as_str()).collect();
    Error::choice(&problem, id, &listed)
}

/// The tags of these models, whose places are put into `names`, those of their models as well.
pub(super) fn tags(models: &[ModelSettings], names: &mut Names) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for (position, settings) in models.iter().enumerate() {
        names.place(settings.provider, &settings.id, position);
        let member = Member {
            model: position,
            effort: None,
        };
        for name in &settings.tags {
            let next = tags.len();
            let place = *names.tags.entry(name.to_lowercase()).or_insert(next);
            match tags.get_mut(place) {
                Some(tag) => tag.models.push(member),
                None => tags.push(Tag {
                    name: name.clone(),
                    models: vec![member],
                    is_alias: false,
                    line: settings.line,
                }),
            }
        }
    }
    tags
}

/// `aliases` of the file: names, each with models that may have an effort behind them.
pub(super) type Aliases = Ordered<Spanned<TagName>, OneOrMore<Spanned<String>>>;

/// Puts the aliases behind the tags, and the models that only they name behind the others.
pub(super) fn add_aliases(
    providers: &[Provider],
    entries: Aliases,
    models: &mut Vec<ModelSettings>,
    tags: &mut Vec<Tag>,
    names: &mut Names,
) -> Result<(), Error> {
    let first_alias = tags.len();
    for (position, (key, _)) in entries.0.iter().enumerate() {
        let fail = |message: String| {
            let error = Error::new(message).at(key.line, key.column);
            Err(error.within(&key.value.0).within("aliases"))
        };
        let place = first_alias + position;
        match names.tags.insert(key.value.0.to_lowercase(), place) {
            None => {}
            Some(tag) if tag < first_alias => {
                return fail("there is a tag of this name, too; rename one of them".into());
            }
            Some(alias) => {
                let first = entries.0[alias - first_alias].0.line;
                return fail(format!(
                    "this alias is given twice, first on line {first}; keep one of them"
                ));
            }
        }
    }
    for (key, OneOrMore(targets)) in entries.0 {
        let TagName(name) = key.value;
        let within = |error: Error| error.within(&name).within("aliases");
        if targets.is_empty() {
            let error =
                Error::new("no model is named; write provider/model, or leave the alias out");
            return Err(within(error.at(key.line, key.column)));
        }
        let mut members: Vec<Member> = Vec::with_capacity(targets.len());
        for (index, target) in targets.iter().enumerate() {
            let fail = |error: Error| {
                let error = error.at(target.line, target.column);
                within(match targets.len() {
                    1 => error,
                    _ => error.within(&format!("[{index}]")),
                })
            };
            let (provider, id, effort) = aliased(providers, &target.value, names).map_err(fail)?;
            let next = models.len();
            let model = names.place(provider, &id, next);
            if model == next {
                models.push(ModelSettings {
                    provider,
                    id,
                    tags: Vec::new(),
                    price: None,
                    line: target.line,
                });
            }
            if members.iter().any(|member| member.model == model) {
                return Err(fail(Error::new(
                    "this model stands in the alias twice; keep one of them",
                )));
            }
            members.push(Member { model, effort });
        }
        tags.push(Tag {
            name,
            models: members,
            is_alias: true,
            line: key.line,
        });
    }
    Ok(())
}

/// Provider, id and effort of what an alias leads to.
fn aliased(
    providers: &[Provider],
    target: &str,
    names: &Names,
) -> Result<(usize, String, Option<Effort>), Error> {
    let (name, effort) = Effort::split(target);
    if names.tag(name).is_some() {
        return Err(Error::new(format!(
            "\"{}\" is a tag or an alias itself; write the models that it stands for, as provider/model",
            shown(name)
        )));
    }
    let name = ModelName::try_from(name.to_owned()).map_err(Error::new)?;
    let provider =
        position(providers, name.provider()).ok_or_else(|| unknown(name.provider(), providers))?;
    Ok((provider, name.id().to_owned(), effort))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::settings::{file::File, provider::tests::providers, yaml};

    fn read(text: &str) -> Result<Vec<ModelSettings>, Error> {
        let file: File = yaml::from_str(text)?;
        let providers = providers(file.providers);
        all(&providers, file.models)
    }

    #[test]
    fn models_keep_their_order_and_tags_that_of_their_first_appearance() {
        let models = read(
            "providers: {team: {type: openai, api_key: k-1}}\n\
             models:\n  \
               team/org/large: {tags: [smart, Fast, FAST]}\n  \
               openai/b:\n  \
               Gemini/c: {tags: [fast, größe]}\n  \
               anthropic/a: {tags: [GRÖSSE, GRÖßE, 2024]}\n",
        )
        .unwrap();
        let shown: Vec<_> = models
            .iter()
            .map(|model| format!("{} {} {:?}", model.provider, model.id, model.tags))
            .collect();
        assert_eq!(
            shown,
            [
                r#"3 org/large ["smart", "Fast"]"#,
                "0 b []",
                r#"2 c ["fast", "größe"]"#,
                r#"1 a ["GRÖSSE", "GRÖßE", "2024"]"#,
            ]
        );
        let mut names = Names::default();
        let tags: Vec<_> = tags(&models, &mut names)
            .into_iter()
            .map(|tag| {
                let models = tag.models.iter().map(|member| member.model);
                (tag.name, models.collect())
            })
            .collect();
        let expected = [
            ("smart", vec![0]),
            ("Fast", vec![0, 2]),
            ("größe", vec![2, 3]),
            ("GRÖSSE", vec![3]),
            ("2024", vec![3]),
        ];
        assert_eq!(tags, expected.map(|(name, models)| (name.into(), models)));
        assert_eq!(names.tag("nobody"), None);
        assert_eq!((names.tag("GRÖßE"), names.tag("2024")), (Some(2), Some(4)));
        assert_eq!((names.model(0, "b"), names.model(1, "b")), (Some(1), None));
    }

    fn with_aliases(text: &str) -> Result<(Vec<ModelSettings>, Vec<Tag>), Error> {
        let file: File = yaml::from_str(text)?;
        let providers = providers(file.providers);
        let mut models = all(&providers, file.models)?;
        let mut names = Names::default();
        let mut tags = tags(&models, &mut names);
        add_aliases(&providers, file.aliases, &mut models, &mut tags, &mut names)?;
        Ok((models, tags))
    }

    #[test]
    fn aliases_come_behind_the_tags_and_bring_their_models() {
        let (models, tags) = with_aliases(
            "models: {openai/a: {tags: [cheap]}}\n\
             aliases:\n  \
               Fast: [openai/a@LOW, gemini/b, openrouter/x/c@2]\n  \
               smart: anthropic/d@max\n",
        )
        .unwrap();
        let names: Vec<_> = models.iter().map(|model| &*model.id).collect();
        assert_eq!(names, ["a", "b", "x/c@2", "d"]);
        let shown: Vec<_> = tags
            .iter()
            .map(|tag| {
                let members = tag.models.iter();
                let members: Vec<_> = members.map(|it| (it.model, it.effort)).collect();
                (&*tag.name, tag.is_alias, members)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("cheap", false, vec![(0, None)]),
                (
                    "Fast",
                    true,
                    vec![(0, Some(Effort::Low)), (1, None), (2, None)]
                ),
                ("smart", true, vec![(3, Some(Effort::Max))]),
            ]
        );
    }

    #[test]
    fn what_is_wrong_with_an_alias_is_told_with_its_place_and_the_mend() {
        for (text, expected) in [
            (
                "aliases:\n  fast:\n    - openai/a\n    - opnai/b@low",
                "line 4, column 7: aliases.fast[1]: there is no provider \"opnai\"; did you mean \"openai\"?",
            ),
            (
                "aliases: {fast: nobody/b}",
                "line 1, column 17: aliases.fast: there is no provider \"nobody\"; expected one of \
                 \"openai\", \"anthropic\", \"google\"",
            ),
            (
                "aliases: {fast: gpt-5}",
                "line 1, column 17: aliases.fast: the model \"gpt-5\" names no provider; write \
                 provider/model, for example openai/gpt-5",
            ),
            (
                "aliases:\n  a: openai/a\n  b: [openai/b, A@low]",
                "line 3, column 17: aliases.b[1]: \"A\" is a tag or an alias itself; write the models that \
                 it stands for, as provider/model",
            ),
            (
                "models: {openai/a: {tags: [Fast]}}\naliases: {fast: openai/b}",
                "line 2, column 11: aliases.fast: there is a tag of this name, too; rename one of them",
            ),
            (
                "aliases:\n  fast: openai/b\n  FAST: openai/b",
                "line 3, column 3: aliases.FAST: this alias is given twice, first on line 2; keep one of them",
            ),
            (
                "aliases: {openai/a: openai/b}",
                "line 1, column 11: aliases: a name must not hold \"/\", \"@\", blanks or control \
                 characters; join words with \"-\", for example long-context",
            ),
            (
                "aliases: {fast: []}",
                "line 1, column 11: aliases.fast: no model is named; write provider/model, or leave the alias out",
            ),
            (
                "aliases: {fast: }",
                "line 1, column 15: aliases.fast: the value is missing; expected a string",
            ),
            (
                "aliases: {fast: [openai/a@low, openai/a@high]}",
                "line 1, column 32: aliases.fast[1]: this model stands in the alias twice; keep one of them",
            ),
            (
                "aliases: {fast: {openai/a: {}}}",
                "line 1, column 17: aliases.fast: expected a string, found a mapping",
            ),
        ] {
            assert_eq!(
                with_aliases(text).unwrap_err().to_string(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_the_mend() {
        let long_tag = format!("models: {{openai/a: {{tags: [{}]}}}}", "x".repeat(65));
        let long_name = format!("models: {{openai/{}: {{}}}}", "x".repeat(250));
        for (text, expected) in [
            (
                "models:\n  openai/a:\n    tag: [x]",
                "line 3, column 5: models.openai/a: unknown key \"tag\"; did you mean \"tags\"?",
            ),
            (
                "model: {}",
                "line 1, column 1: unknown key \"model\"; did you mean \"models\"?",
            ),
            (
                "models: [openai/a]",
                "line 1, column 9: models: expected a mapping of keys to values, found a list",
            ),
            (
                "models: {openai/a: fast}",
                "line 1, column 20: models.openai/a: expected a mapping of keys to values, found a string",
            ),
            (
                "models: {openai/a: {tags: fast}}",
                "line 1, column 27: models.openai/a.tags: expected a list, found a string",
            ),
            (
                "models: {openai/a: {tags: [[x]]}}",
                "line 1, column 28: models.openai/a.tags[0]: expected a string, found a list",
            ),
            (
                "models: {openai/a: {tags: [x, '']}}",
                "line 1, column 31: models.openai/a.tags[1]: a name must not be empty; write a short word, \
                 for example fast",
            ),
            (
                &long_tag,
                "line 1, column 28: models.openai/a.tags[0]: a name must not be longer than 64 bytes; \
                 write a short word, for example fast",
            ),
            (
                "models: {openai/a: {price: {input: 1}}}",
                "line 1, column 28: models.openai/a.price: the key \"output\" is missing",
            ),
            (
                "models: {openai/a: {price: {input: 1, output: -2}}}",
                "line 1, column 47: models.openai/a.price.output: a price must be 0 or more; write US \
                 dollars for a million tokens, for example 2.5",
            ),
            (
                "models: {openai/a: {price: {input: 1, output: 2, cached_input: .inf}}}",
                "line 1, column 64: models.openai/a.price.cached_input: a price must be 0 or more; write \
                 US dollars for a million tokens, for example 2.5",
            ),
            (
                "models: {openai/a: {price: {input: cheap, output: 2}}}",
                "line 1, column 36: models.openai/a.price.input: expected a number, found a string",
            ),
            (
                "models:\n  opnai/a: {}",
                "line 2, column 3: models.opnai/a: there is no provider \"opnai\"; did you mean \"openai\"?",
            ),
            (
                "models:\n  nobody/a: {}",
                "line 2, column 3: models.nobody/a: there is no provider \"nobody\"; expected one of \
                 \"openai\", \"anthropic\", \"google\"",
            ),
            (
                "models: {mock/a: {}}",
                "line 1, column 10: models.mock/a: the mock is off; add \"mock: {}\" under providers, or \
                 set DEFAULT_PROVIDER=mock",
            ),
            (
                "models:\n  google/a: {}\n  gemini/a: {}",
                "line 3, column 3: models.gemini/a: this model is given twice, first on line 2; keep one \
                 of them",
            ),
            (
                "models:\n  openai/a: {}\n  openai/a: {}",
                "line 3, column 3: models: the key \"openai/a\" is given twice, first on line 2",
            ),
            (
                "models:\n  gpt-5: {tags: [x]}",
                "line 2, column 3: models: the model \"gpt-5\" names no provider; write provider/model, \
                 for example openai/gpt-5",
            ),
            (
                "models: {/a: {}}",
                "line 1, column 10: models: the model \"/a\" has no provider before the \"/\"; write \
                 provider/model, for example openai/gpt-5",
            ),
            (
                "models: {openai/: {}}",
                "line 1, column 10: models: the model \"openai/\" has no id after the \"/\"; write \
                 provider/model, for example openai/gpt-5",
            ),
            (
                "models: {'openai/a ': {}}",
                "line 1, column 10: models: the model \"openai/a \" has blanks at an end or a control \
                 character; write provider/model, for example openai/gpt-5",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
        }
        let error = read(&long_name).unwrap_err().to_string();
        assert!(error.contains("longer than 256 bytes"), "{error}");
        for tag in [
            "a/b",
            "a@b",
            "a b",
            "'a '",
            "\"a\\tb\"",
            "\"a\\u0000\"",
            "a\u{a0}b",
        ] {
            let error = read(&format!("models: {{openai/a: {{tags: [{tag}]}}}}"));
            let error = error.unwrap_err().to_string();
            assert!(error.contains("join words with"), "{tag}: {error}");
        }
    }
}
