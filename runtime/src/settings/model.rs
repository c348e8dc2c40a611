//! The models that the configuration file tells something of, and their tags.
//!
//! Never here: which of several models with a tag is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    Price, Provider,
    file::ModelEntry,
    provider::{MOCK, position},
    yaml::{Error, Ordered, Spanned, nearest, shown},
};

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

/// A tag and the models that carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// As it is spelled where it first appears.
    pub name: String,
    /// Positions in [`Settings::models`](super::Settings::models), in order; never empty.
    pub models: Vec<usize>,
    lower_case: String,
}

impl Tag {
    pub(super) fn is_named(&self, lower_case: &str) -> bool {
        self.lower_case == lower_case
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

/// A tag that can be used where a model is named: it cannot be taken for `provider/model`, and `@` is
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
            Err("a tag must not be empty; write a short word, for example fast")
        } else if name.len() > LONGEST_TAG {
            Err("a tag must not be longer than 64 bytes; write a short word, for example fast")
        } else if name.contains(is_bad) {
            Err(
                "a tag must not hold \"/\", \"@\", blanks or control characters; join words with \
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

fn unknown(id: &str, providers: &[Provider]) -> Error {
    if id.eq_ignore_ascii_case(MOCK) {
        return Error::new(
            "the mock is off; add \"mock: {}\" under providers, or set DEFAULT_PROVIDER=mock",
        );
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

/// The tags of these models.
pub(super) fn tags(models: &[ModelSettings]) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut positions = BTreeMap::new();
    for (model, settings) in models.iter().enumerate() {
        for name in &settings.tags {
            let lower_case = name.to_lowercase();
            let next = tags.len();
            let position = *positions.entry(lower_case.clone()).or_insert(next);
            match tags.get_mut(position) {
                Some(tag) => tag.models.push(model),
                None => tags.push(Tag {
                    name: name.clone(),
                    models: vec![model],
                    lower_case,
                }),
            }
        }
    }
    tags
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::settings::{Environment, file::File, provider, yaml};

    fn read(text: &str) -> Result<Vec<ModelSettings>, Error> {
        let file: File = yaml::from_str(text)?;
        let environment = Environment::new(&|_| None).with_secrets("/nowhere");
        let providers =
            provider::all(&environment, file.providers, None, None, &mut Vec::new()).unwrap();
        all(&providers, file.models)
    }

    #[test]
    fn models_keep_their_order_and_tags_that_of_their_first_appearance() {
        let models = read(
            "providers: {team: {type: openai, api_key: k}}\n\
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
        let tags: Vec<_> = tags(&models)
            .into_iter()
            .map(|tag| (tag.name, tag.models))
            .collect();
        let expected = [
            ("smart", vec![0]),
            ("Fast", vec![0, 2]),
            ("größe", vec![2, 3]),
            ("GRÖSSE", vec![3]),
            ("2024", vec![3]),
        ];
        assert_eq!(tags, expected.map(|(name, models)| (name.into(), models)));
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
                "line 1, column 31: models.openai/a.tags[1]: a tag must not be empty; write a short word, \
                 for example fast",
            ),
            (
                &long_tag,
                "line 1, column 28: models.openai/a.tags[0]: a tag must not be longer than 64 bytes; \
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
