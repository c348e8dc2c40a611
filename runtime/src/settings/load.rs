//! Reading the settings: the environment before the configuration file before defaults.
//!
//! Never here: what a setting is for, or which there are (`table`).

use std::path::{Path, PathBuf};

use anygpt_providers::presets::{GITHUB_ENDED, GITHUB_TOKEN};

use super::{
    Settings,
    disclosure::warn_if_key,
    environment::{Environment, Ignored},
    file::{self, File},
    foreign::Foreign,
    given::Given,
    mistyped, models,
    network::Network,
    offered::{Offer, ToolName},
    problem::Problem,
    provider::{position, unknown},
    providers::{self, allowed},
    rules,
    table::{CONFIG_FILE, Row, TABLE, row},
};

/// Looked for when `CONFIG_FILE` is not set.
const CONFIG_FILES: [&str; 3] = [
    "/config/anygpt.config.yaml",
    "/config/anygpt.config.yml",
    "/config/anygpt.config.json",
];

/// Rows that are read after the others.
const PROVIDER: &str = "defaults.provider";
const MODEL: &str = "defaults.model";

impl Settings {
    /// Reads and checks everything. Opens no connection. `tools` are those that can be offered.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub(crate) fn load(environment: Environment, tools: &[ToolName]) -> Result<Self, Problem> {
        let mut settings = Settings {
            offer: Offer::usual(tools),
            ..Settings::default()
        };
        settings.origins.file = config_file(&environment)?;
        let mut file = match &settings.origins.file {
            Some(path) => File::read(path, &environment)?,
            None => File::default(),
        };
        settings.read_table(&environment, &mut file)?;
        settings.defaults = file.parameters();
        let default_provider = settings.given(PROVIDER, &environment, &mut file)?;
        let default_provider = default_provider.filter(|it| !settings.warn_if_auto(it));
        let default_model = settings.given(MODEL, &environment, &mut file)?;
        // A default model names its provider, too.
        let named = match (&default_provider, &default_model) {
            (Some(id), _) => Some(id.text()),
            (None, Some(model)) => model.text().split_once('/').map(|(provider, _)| provider),
            (None, None) => None,
        };

        let foreign = Foreign::of(&environment);
        settings.network = Network::load(&environment, &mut settings.warnings)?;
        settings.providers = providers::all(
            &environment,
            std::mem::take(&mut file.providers),
            &foreign,
            named,
            (!settings.allow_insecure_http).then_some(&settings.network),
            settings.network.in_container(),
            &mut settings.warnings,
        )?;
        allowed::apply(
            &settings.limits,
            &mut settings.providers,
            &mut settings.warnings,
        )?;
        settings.read_models(file)?;
        settings.set_default_model(default_model);
        settings.set_default_provider(default_provider)?;
        if let Some(limit) = &settings.limits.max_timeout {
            settings.timeout = settings.timeout.min(limit.most);
        }
        settings.notes = foreign.notes(&environment, &mut settings.warnings);
        let has_token = environment.holds(GITHUB_TOKEN);
        settings.ended = has_token.then(|| format!("{GITHUB_TOKEN} is of no use: {GITHUB_ENDED}"));
        mistyped::check(&environment, &mut settings.warnings)?;
        settings.take_notes_of(environment);
        Ok(settings)
    }

    /// Sets the fields of all rows.
    fn read_table(&mut self, environment: &Environment, file: &mut File) -> Result<(), Problem> {
        for row in &TABLE {
            let Some(set) = row.set else {
                continue;
            };
            let default = || Given::text_at(row.variable, row.default.to_owned());
            let default = (!row.default.is_empty()).then(default);
            if let Some(given) = self.given_for(row, environment, file)?.or(default) {
                set(self, &given)?;
            }
        }
        Ok(())
    }

    /// What is given for a setting, and its place if that is in the file.
    fn given_for(
        &mut self,
        row: &Row,
        environment: &Environment,
        file: &mut File,
    ) -> Result<Option<Given>, Problem> {
        if let Some(text) = environment.value(row.variable)? {
            return Ok(Some(Given::text_at(row.variable, text)));
        }
        let given = file.take(row.path);
        let place = given.as_ref().map(|given| (row.path, given.place.clone()));
        self.origins.places.extend(place);
        Ok(given)
    }

    /// The same for the row of this path.
    fn given(
        &mut self,
        path: &str,
        environment: &Environment,
        file: &mut File,
    ) -> Result<Option<Given>, Problem> {
        row(path).map_or(Ok(None), |row| self.given_for(row, environment, file))
    }

    /// Models, tags, aliases and rules of the file. The providers are known.
    fn read_models(&mut self, file: File) -> Result<(), Problem> {
        let not_valid = |error| file::not_valid(&file.path, &error);
        let (providers, names) = (&self.providers, &mut self.names);
        self.models = models::all(providers, file.models).map_err(not_valid)?;
        self.tags = models::tags(&self.models, names);
        let (models, tags) = (&mut self.models, &mut self.tags);
        models::add_aliases(providers, file.aliases, models, tags, names).map_err(not_valid)?;
        self.rules = rules::all(providers, file.rules).map_err(not_valid)?;
        Ok(())
    }

    /// Tags and aliases are known: one of them may be called `auto`.
    fn set_default_model(&mut self, given: Option<Given>) {
        self.default_model = given.and_then(|given| {
            let name = given.text();
            let is_unset = self.names.tag(name).is_none() && self.warn_if_auto(&given);
            let is_model = !is_unset && !warn_if_key(&given.place, name, &mut self.warnings);
            is_model.then(|| name.to_owned())
        });
    }

    fn set_default_provider(&mut self, given: Option<Given>) -> Result<(), Problem> {
        let Some(given) = given else {
            return Ok(());
        };
        let (place, id) = (&given.place, given.text());
        let position = position(&self.providers, id);
        let position = position.ok_or_else(|| unknown(place, id, &self.providers))?;
        if let Some(why) = self.providers[position].unavailable_reason() {
            self.warnings.push(format!(
                "{place} is {id}, which cannot be used: {why}. Calls that need it will fail"
            ));
        }
        self.default_provider = Some(position);
        Ok(())
    }

    /// Other programs have `auto` for a name that they choose themselves: it is none. Returns whether it is that.
    fn warn_if_auto(&mut self, given: &Given) -> bool {
        let (place, name) = (&given.place, given.text());
        let is_auto = name.eq_ignore_ascii_case("auto");
        if is_auto {
            self.warnings.push(format!(
                "{place} is {name:?}, which counts as not set: the choice is made for each call"
            ));
        }
        is_auto
    }

    /// Keeps what was noticed while the environment was read.
    fn take_notes_of(&mut self, environment: Environment) {
        let repaired = environment.take_repaired();
        let repaired = repaired
            .iter()
            .map(|it| format!("{} (without {})", it.name, it.removed));
        let repaired: Vec<String> = repaired.collect();
        if !repaired.is_empty() {
            self.warnings
                .push(format!("Corrected: {}", repaired.join(", ")));
        }
        let ignored = environment.take_ignored();
        let ignored = ignored.iter().map(|Ignored { name, why }| {
            match TABLE
                .iter()
                .any(|row| row.variable == name && row.section() == "limits")
            {
                true => format!("{name} ({why}, so this limit does not hold)"),
                false => format!("{name} ({why})"),
            }
        });
        let ignored: Vec<String> = ignored.collect();
        if !ignored.is_empty() {
            self.warnings
                .push(format!("Treated as not set: {}", ignored.join(", ")));
        }
        self.refused = environment.take_refused();
        self.origins.variables = environment.into_given();
    }
}

/// The configuration file to read, if there is one.
fn config_file(environment: &Environment) -> Result<Option<PathBuf>, Problem> {
    if let Some(path) = environment.path(CONFIG_FILE)? {
        return Ok(Some(path.into()));
    }
    let found = CONFIG_FILES
        .into_iter()
        .find(|path| Path::new(path).exists());
    Ok(found.map(PathBuf::from))
}
