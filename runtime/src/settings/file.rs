//! The configuration file: its shape, as typed by its author.
//!
//! Never here: what the environment says, or what a value means.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    BaseUrl, Environment, Problem,
    defaults::{Defaults, ProviderDefaults},
    file_text,
    limits::LimitsEntry,
    model::{Aliases, ModelName, TagName},
    price::PriceEntry,
    rules::Rules,
    secret::{Secret, is_path, shown},
    yaml::{self, Attempt, Ordered, Spanned},
};

/// The largest file that is read.
const LIMIT: u64 = 1 << 20;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    /// Providers by id.
    pub(super) providers: BTreeMap<String, ProviderEntry>,
    /// Models by name, in the order in which they are preferred.
    pub(super) models: Ordered<Spanned<ModelName>, ModelEntry>,
    /// Names of the user's own, each with the models that are asked for it, in order.
    pub(super) aliases: Aliases,
    /// What requests to models of a kind hold and what they do not, by patterns of `provider/model`.
    pub(super) rules: Rules,
    /// What is used where a call names nothing.
    pub(super) defaults: Defaults,
    /// The tools that clients are offered, as in `ANYGPT_TOOLS`.
    pub(super) tools: Option<Spanned<Vec<String>>>,
    /// What a call may take at most.
    pub(super) limits: LimitsEntry,
    /// How long things may take.
    pub(super) timeouts: Timeouts,
    /// Most repetitions of a request that has failed for the moment, as in `ANYGPT_RETRIES`.
    pub(super) retries: Option<Spanned<u32>>,
    /// What is logged.
    pub(super) log: Log,
    /// Where it was read.
    #[serde(skip)]
    pub(super) path: PathBuf,
}

/// One provider.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProviderEntry {
    /// How it is spoken to; needed unless the id is that of a built-in provider.
    #[serde(rename = "type")]
    pub(super) kind: Option<Spanned<String>>,
    /// Its key; better ${NAME} than the key itself.
    pub(super) api_key: Option<KeyEntry>,
    /// The address that its paths begin with.
    pub(super) base_url: Option<Spanned<String>>,
    /// What is asked if no model is named.
    pub(super) model: Option<Spanned<String>>,
    /// Parameters that are sent if the caller gives none.
    pub(super) defaults: ProviderDefaults,
}

/// A key as it is written. What is no text switches off its provider alone.
pub(super) type KeyEntry = Spanned<Attempt<Secret>>;

/// One model.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ModelEntry {
    /// Other names that it shares with models of its sort.
    pub(super) tags: Vec<TagName>,
    /// What it costs, in US dollars per million tokens.
    pub(super) price: Option<PriceEntry>,
}

/// How long things may take, in seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Timeouts {
    /// A call that names no other, as in `ANYGPT_TIMEOUT`.
    pub(super) call: Option<Spanned<u32>>,
    /// Until a provider begins to answer, as in `ANYGPT_FIRST_BYTE_TIMEOUT`.
    pub(super) first_byte: Option<Spanned<u32>>,
    /// Silence within an answer, as in `ANYGPT_IDLE_TIMEOUT`.
    pub(super) idle: Option<Spanned<u32>>,
    /// Calls in flight at the end, as in `ANYGPT_SHUTDOWN_GRACE`.
    pub(super) shutdown: Option<Spanned<u32>>,
}

/// What is logged, and how.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Log {
    /// As in `LOG_LEVEL`.
    pub(super) level: Option<Spanned<String>>,
    /// As in `LOG_FORMAT`.
    pub(super) format: Option<Spanned<String>>,
}

impl File {
    /// Reads a file. Its variables are those of the environment; what is not among them may be a secret's file.
    pub(super) fn read(path: &Path, environment: &Environment<'_>) -> Result<Self, Problem> {
        let mend =
            "mount a text file that the user of this process may read, or correct CONFIG_FILE";
        let text = file_text::read(path, LIMIT)
            .map_err(|problem| Problem::new(&place(path), problem, mend))?;
        let variables = yaml::Variables {
            value: &|name| variable(environment, name).map_err(|problem| problem.to_string()),
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
}

/// The value of a variable, or of a secret of that name.
fn variable(environment: &Environment<'_>, name: &str) -> Result<Option<String>, Problem> {
    if let Some(value) = environment.value(name)? {
        return Ok(Some(value));
    }
    // What is no key is told where it is used; at which address is not known here.
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

impl<T> Spanned<T> {
    /// The path of this value, for errors.
    pub(super) fn place(&self, path: &str) -> String {
        format!("{path} (line {} of the configuration file)", self.line)
    }
}
