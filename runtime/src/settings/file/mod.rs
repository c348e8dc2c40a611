//! The configuration file: its shape, as typed by its author.
//!
//! Never here: what the environment says, or what a value means.

mod defaults;
mod models;
mod rules;
mod sections;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use self::{defaults::Defaults, sections::Section};
pub(super) use self::{
    defaults::ProviderDefaults,
    models::{Aliases, ModelName, Models, TagName},
    rules::{ParameterName, Pattern, RuleEntry, Rules, TokenName},
};
use super::{
    base_url::BaseUrl,
    disclosure::{is_path, shown},
    environment::Environment,
    file_text,
    given::Given,
    jsonc,
    parameters::Parameters,
    problem::Problem,
    secret::Secret,
    yaml::{self, Attempt, Spanned},
};

/// The whole file. What [`File::take`] gives has a row in the table, and its description there.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    /// Providers by id.
    pub(super) providers: BTreeMap<String, ProviderEntry>,
    /// Models by name, in the order in which they are preferred.
    pub(super) models: Models,
    /// Names of the user's own, each with the models that are asked for it, in order.
    pub(super) aliases: Aliases,
    /// What requests to models of a kind hold and what they do not, by patterns of `provider/model`.
    pub(super) rules: Rules,
    /// What is used where a call names nothing.
    defaults: Defaults,
    tools: Option<Spanned<Vec<String>>>,
    facts: Option<Spanned<String>>,
    /// What a call may take at most.
    #[serde(deserialize_with = "sections::limits")]
    limits: Section,
    /// How long things may take.
    #[serde(deserialize_with = "sections::timeouts")]
    timeouts: Section,
    retries: Option<Spanned<u32>>,
    /// What is logged.
    #[serde(deserialize_with = "sections::log")]
    log: Section,
    /// Where it was read.
    #[serde(skip)]
    pub(super) path: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::settings) struct ProviderEntry {
    /// How it is spoken to; needed unless the id is that of a built-in provider.
    #[serde(rename = "type")]
    pub(in crate::settings) dialect: Option<Spanned<String>>,
    /// Its key; better ${NAME} than the key itself.
    pub(in crate::settings) api_key: Option<KeyEntry>,
    /// The address that its paths begin with.
    pub(in crate::settings) base_url: Option<Spanned<String>>,
    /// What is asked if no model is named.
    pub(in crate::settings) model: Option<Spanned<String>>,
    /// Parameters that are sent if the caller gives none.
    pub(in crate::settings) defaults: ProviderDefaults,
}

/// A key as it is written. What is no text switches off its provider alone.
pub(in crate::settings) type KeyEntry = Spanned<Attempt<Secret>>;

impl File {
    /// Reads a file. Its variables are those of the environment; what is not among them may be a secret's file.
    pub(super) fn read(path: &Path, environment: &Environment) -> Result<Self, Problem> {
        let advice =
            "mount a text file that the user of this process may read, or correct CONFIG_FILE";
        let text = file_text::read(path, yaml::LIMIT as u64)
            .map_err(|problem| Problem::new(&place(path), problem, advice))?;
        let text = jsonc::without_comments(&text).unwrap_or(text);
        let variables = yaml::Variables {
            value: &|name| variable(environment, name),
            // Its provider is off then.
            may_lack: "api_key",
        };
        let file =
            yaml::with_variables(&text, variables).map_err(|error| not_valid(path, &error))?;
        Ok(File {
            path: path.to_owned(),
            ..file
        })
    }
    /// What the file gives for the row of this path.
    pub(super) fn take(&mut self, path: &'static str) -> Option<Given> {
        fn given<T: Into<super::given::Value>>(
            path: &str,
            value: &mut Option<Spanned<T>>,
        ) -> Option<Given> {
            value.take().map(|value| Given::in_file(path, value))
        }
        match path {
            "tools" => given(path, &mut self.tools),
            "facts" => given(path, &mut self.facts),
            "retries" => given(path, &mut self.retries),
            "defaults.provider" => given(path, &mut self.defaults.provider),
            "defaults.model" => given(path, &mut self.defaults.model),
            _ => {
                let mut sections = [&mut self.limits, &mut self.timeouts, &mut self.log];
                sections.iter_mut().find_map(|section| section.take(path))
            }
        }
    }

    /// What requests hold if nothing nearer says anything else.
    pub(super) fn parameters(&self) -> Parameters {
        self.defaults.parameters()
    }
}

/// The value of a variable, or of a secret of that name.
fn variable(environment: &Environment, name: &str) -> Result<Option<String>, Problem> {
    if let Some(value) = environment.value(name)? {
        return Ok(Some(value));
    }
    // What is no key is reported where it is used; the address is not known here.
    let found = environment.secret(name, &BaseUrl::default()).ok().flatten();
    Ok(found.map(|found| found.secret.expose().to_owned()))
}

/// What is wrong in the file at `path`.
pub(super) fn not_valid(path: &Path, error: &yaml::Error) -> Problem {
    Problem::new(&place(path), "is not valid", error)
}

fn place(path: &Path) -> String {
    let text = path.to_string_lossy();
    match is_path(&text) {
        true => format!("Configuration file {text}"),
        // A key that was put into the wrong variable.
        false => format!("CONFIG_FILE names {}, which", shown(&text, [])),
    }
}
