//! Reading single values from the environment, and secrets from files that it names.
//!
//! Never here: what a variable means.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    base_url::BaseUrl,
    clean::{Cleaned, Form, cleaned},
    disclosure, file_text,
    key::{self, NoKey},
    placeholder::{NotSet, placeholder},
    problem::Problem,
    secret::{LONG, Secret},
    yaml::Attempt,
};
use crate::characters::is_invisible;

/// Where Docker and Compose mount secrets.
const SECRETS: &str = "/run/secrets";

/// The largest file taken for a secret.
const SECRET_LIMIT: u64 = 64 * 1024;

/// What the names of this program's own variables begin with.
pub(super) const OWN: &str = "ANYGPT_";

/// The same for variables that set up one provider.
pub(super) const PREFIX: &str = "ANYGPT_PROVIDER_";

/// The environment of the process, or one made up by a test.
pub(crate) struct Environment {
    /// Some of the values are keys.
    variables: BTreeMap<String, Zeroizing<Vec<u8>>>,
    secrets: PathBuf,
    has_secrets: OnceCell<bool>,
    ignored: RefCell<Vec<Ignored>>,
    /// What stood where a key should, and may be one of somewhere else.
    refused: RefCell<Vec<Secret>>,
    repaired: RefCell<Vec<Repaired>>,
    given: RefCell<Vec<String>>,
    own: RefCell<Vec<String>>,
}

/// A variable that was set to something that means "not set", or is no key where one belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ignored {
    /// Its name, or the path of the file.
    pub name: String,
    /// Why; never the value.
    pub why: NoKey,
}

/// A value that was read without what stood around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repaired {
    /// The variable, or the path of the file.
    pub(super) name: String,
    /// What was taken off.
    pub(super) removed: String,
}

/// A secret and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub secret: Secret,
    /// For people: the variable or file.
    pub origin: String,
}

impl Environment {
    /// An environment of these variables, with secret files in `/run/secrets`. Of equal names the first counts, as it
    /// does for other programs; names that are not UTF-8 mean nothing here.
    pub(crate) fn new<N: Into<OsString>>(variables: impl IntoIterator<Item = (N, N)>) -> Self {
        let mut known = BTreeMap::new();
        for (name, value) in variables {
            let value = Zeroizing::new(value.into().into_encoded_bytes());
            if let Ok(name) = name.into().into_string() {
                known.entry(name).or_insert(value);
            }
        }
        Environment {
            variables: known,
            secrets: SECRETS.into(),
            has_secrets: OnceCell::new(),
            ignored: RefCell::default(),
            refused: RefCell::default(),
            repaired: RefCell::default(),
            given: RefCell::default(),
            own: RefCell::default(),
        }
    }

    /// The same with another folder for `/run/secrets`.
    #[cfg(test)]
    pub(crate) fn with_secrets(mut self, folder: impl Into<PathBuf>) -> Self {
        self.secrets = folder.into();
        self
    }

    /// The names of all variables, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Whether a variable is set, to whatever. Asking this is not using it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Whether a variable holds more than a placeholder. Asking this is not using it.
    pub(super) fn holds(&self, name: &str) -> bool {
        let value = self.variables.get(name);
        let text = value.map(|value| String::from_utf8_lossy(value));
        text.is_some_and(|text| placeholder(text.trim()).is_none())
    }

    /// Whether a variable was read and held something.
    pub(super) fn was_used(&self, name: &str) -> bool {
        self.given.borrow().iter().any(|given| given == name)
    }

    /// The names of this program's own form (`ANYGPT_…`) that were read so far, set or not: those that
    /// mean something.
    pub(super) fn own_names(&self) -> Vec<String> {
        self.own.borrow().clone()
    }

    /// What was set but ignored so far.
    pub(crate) fn take_ignored(&self) -> Vec<Ignored> {
        self.ignored.take()
    }

    /// What was refused as a key so far, and must be shown as little as one.
    pub(super) fn take_refused(&self) -> Vec<Secret> {
        self.refused.take()
    }

    /// What was read without something around it so far.
    pub(super) fn take_repaired(&self) -> Vec<Repaired> {
        self.repaired.take()
    }

    /// The variables that were read and held something.
    pub(super) fn into_given(self) -> Vec<String> {
        self.given.into_inner()
    }

    /// The value of a variable, without what stands around it; `None` if it is unset, blank or a placeholder.
    ///
    /// # Errors
    /// A value that is not UTF-8.
    pub(crate) fn value(&self, name: &str) -> Result<Option<String>, Problem> {
        self.read(name, |_| Form::Words)
    }

    /// The same for a value that may hold anything, such as lines of headers.
    ///
    /// # Errors
    /// A value that is not UTF-8.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Problem> {
        self.read(name, |_| Form::Text)
    }

    /// The same for the path of a file. There may be one whose name looks like a value with a comment.
    ///
    /// # Errors
    /// A value that is not UTF-8.
    pub(super) fn path(&self, name: &str) -> Result<Option<String>, Problem> {
        self.read(name, |value| match Path::new(value).exists() {
            true => Form::Text,
            false => Form::Words,
        })
    }

    /// `form` decides by the value as it was set.
    fn read(&self, name: &str, form: impl Fn(&str) -> Form) -> Result<Option<String>, Problem> {
        if name.starts_with(OWN) {
            self.own.borrow_mut().push(name.to_owned());
        }
        let Some(value) = self.variables.get(name) else {
            return Ok(None);
        };
        let value = str::from_utf8(value).map_err(|_| {
            Problem::new(
                name,
                "is not valid UTF-8",
                "set it again as plain text, or unset it",
            )
        })?;
        let Cleaned { value, removed } = cleaned(value, form(value));
        if let Some(why) = placeholder(value) {
            self.ignore(name, why.into());
            return Ok(None);
        }
        self.repair(name, &removed);
        self.given.borrow_mut().push(name.to_owned());
        Ok(Some(value.to_owned()))
    }

    /// A key for use at this address: `NAME`, else from the file that `NAME_FILE` names, else from
    /// `/run/secrets/NAME` or its lower-case form.
    ///
    /// # Errors
    /// There is none, but something that is no key: the first of it.
    pub(super) fn secret(&self, name: &str, address: &BaseUrl) -> Result<Option<Found>, Ignored> {
        if name.starts_with(OWN) {
            self.own.borrow_mut().push(name.to_owned());
        }
        let mut first = None;
        let mut found = |found: Result<Option<Found>, Ignored>| {
            found.unwrap_or_else(|ignored| {
                first.get_or_insert(ignored);
                None
            })
        };
        if let Some(found) = found(self.in_variable(name, address)) {
            return Ok(Some(found));
        }
        let file_variable = [name, "_FILE"].concat();
        let path = self.path(&file_variable).map_err(|_| {
            let why = NoKey::broken("it is not valid UTF-8; write the path of a file");
            self.ignore(&file_variable, why)
        })?;
        if let Some(path) = path
            && let Some(found) = found(self.in_named_file(&file_variable, &path, name, address))
        {
            return Ok(Some(found));
        }
        // One look for all of the many names.
        if *self.has_secrets.get_or_init(|| self.secrets.is_dir()) {
            for file in [name.to_owned(), name.to_ascii_lowercase()] {
                if let Some(found) = found(self.mounted(&file, name, address)) {
                    return Ok(Some(found));
                }
            }
        }
        first.map_or(Ok(None), Err)
    }

    /// The key in a variable itself.
    fn in_variable(&self, name: &str, address: &BaseUrl) -> Result<Option<Found>, Ignored> {
        let Some(value) = self.variables.get(name) else {
            return Ok(None);
        };
        let value = str::from_utf8(value).map_err(|_| {
            let why = NoKey::broken("it is not valid UTF-8; set it again as plain text");
            self.ignore(name, why)
        })?;
        let found = self.key(name.to_owned(), value, &[name], address)?;
        self.given.borrow_mut().push(name.to_owned());
        Ok(Some(found))
    }

    /// The key in the file that a variable names.
    fn in_named_file(
        &self,
        file_variable: &str,
        path: &str,
        name: &str,
        address: &BaseUrl,
    ) -> Result<Option<Found>, Ignored> {
        let text = file_text::read(Path::new(path), SECRET_LIMIT).map_err(|why| {
            // What is no path may be the key itself.
            let shown = match disclosure::is_path(path) {
                true => format!("{path:?}"),
                false => "a file".into(),
            };
            let why = format!(
                "it names {shown}, which {why}; mount a small text file with the key, readable by the \
                 user of this process"
            );
            self.ignore(file_variable, NoKey::broken(why))
        })?;
        let origin = format!("{file_variable} ({path})");
        self.key(origin, &text, &[name], address).map(Some)
    }

    /// The key in a mounted file.
    fn mounted(&self, file: &str, name: &str, address: &BaseUrl) -> Result<Option<Found>, Ignored> {
        let path = self.secrets.join(file);
        if !path.exists() {
            return Ok(None);
        }
        let shown = path.display().to_string();
        let text = file_text::read(&path, SECRET_LIMIT).map_err(|why| {
            let why = format!(
                "it {why}; make it a small text file that the user of this process may read"
            );
            self.ignore(&shown, NoKey::broken(why))
        })?;
        self.key(shown, &text, &[name], address).map(Some)
    }

    /// The key in a text that was found at `origin` and was set for the variables of these names.
    ///
    /// # Errors
    /// It is no key.
    pub(super) fn key(
        &self,
        origin: String,
        text: &str,
        names: &[&str],
        address: &BaseUrl,
    ) -> Result<Found, Ignored> {
        // A key is one word of ASCII, so that within it they can only come with a copy.
        let inside = cleaned(text, Form::Text).value;
        let seen = inside.contains(is_invisible).then(|| {
            let visible = inside.chars().filter(|&c| !is_invisible(c));
            // Less than it was, so that it never grows and leaves a copy.
            let mut seen = Zeroizing::new(String::with_capacity(inside.len()));
            seen.extend(visible);
            seen
        });
        let read = match &seen {
            Some(seen) => key::read(seen, names, address),
            None => key::read(text, names, address),
        };
        match read {
            Ok(Cleaned { value, mut removed }) => {
                removed.extend(seen.is_some().then_some("invisible characters"));
                self.repair(&origin, &removed);
                let secret = Secret::new(value);
                Ok(Found { secret, origin })
            }
            Err(why) => {
                // Another vendor's key is none here, and a secret all the same.
                if matches!(why, NoKey::Broken(_)) {
                    let lines = text.lines().map(str::trim);
                    let lines = lines.filter(|it| it.len() >= LONG && !key::is_example(it));
                    self.refused.borrow_mut().extend(lines.map(Secret::new));
                }
                Err(self.ignore(&origin, why))
            }
        }
    }

    /// The same for a key that stands in the configuration file itself, where a variable that is not set stands as it
    /// was written. It may be no text at all: `{env: NAME}` without quotes is a mapping.
    ///
    /// # Errors
    /// It is no key.
    pub(super) fn key_in_file(
        &self,
        place: String,
        written: &Attempt<Secret>,
        names: &[&str],
        address: &BaseUrl,
    ) -> Result<Found, Ignored> {
        let text = match &written.0 {
            Ok(text) => text.expose(),
            Err(why) => {
                let why =
                    format!("it is not a text ({why}); write \"${{NAME}}\" or the key, in quotes");
                return Err(self.ignore(&place, NoKey::broken(why)));
            }
        };
        let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let variable = text.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
        match variable.filter(is_name) {
            Some(name) => {
                let why = NotSet::Variable(name.to_owned());
                Err(self.ignore(&place, why.into()))
            }
            None => self.key(place, text, names, address),
        }
    }

    fn ignore(&self, name: &str, why: NoKey) -> Ignored {
        let ignored = Ignored {
            name: name.to_owned(),
            why,
        };
        let mut list = self.ignored.borrow_mut();
        if list.iter().all(|known| known.name != name) {
            list.push(ignored.clone());
        }
        ignored
    }

    fn repair(&self, name: &str, removed: &[&'static str]) {
        let mut list = self.repaired.borrow_mut();
        if !removed.is_empty() && list.iter().all(|known| known.name != name) {
            list.push(Repaired {
                name: name.to_owned(),
                removed: removed.join(", "),
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
