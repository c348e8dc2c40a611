//! Reading single values from the environment, and secrets from files that it names.
//!
//! Never here: what a variable means.

use std::{
    cell::{OnceCell, RefCell},
    ffi::OsString,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    Problem, file_text,
    secret::{self, Secret},
};

/// Where Docker and Compose mount secrets.
const SECRETS: &str = "/run/secrets";

/// The largest file taken for a secret.
const SECRET_LIMIT: u64 = 64 * 1024;

/// What the names of this program's own variables begin with.
pub(super) const OWN: &str = "ANYGPT_";

/// The environment of the process, or one made up by a test.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
    names: &'a dyn Fn() -> Vec<OsString>,
    listed: OnceCell<Vec<String>>,
    secrets: PathBuf,
    has_secrets: OnceCell<bool>,
    ignored: RefCell<Vec<Ignored>>,
    given: RefCell<Vec<String>>,
    own: RefCell<Vec<String>>,
}

/// A variable that was set to something that means "not set".
#[derive(Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Its name, or the path of the file.
    pub name: String,
    /// Why; never the value.
    pub why: &'static str,
}

/// A secret and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The secret.
    pub secret: Secret,
    /// For people: the variable or file.
    pub origin: String,
}

impl<'a> Environment<'a> {
    /// An environment read by `lookup`, with secret files in `/run/secrets`. Its variables cannot be
    /// listed: see [`Environment::with_names`].
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Environment {
            lookup,
            names: &Vec::new,
            listed: OnceCell::new(),
            secrets: SECRETS.into(),
            has_secrets: OnceCell::new(),
            ignored: RefCell::default(),
            given: RefCell::default(),
            own: RefCell::default(),
        }
    }

    /// The same with another folder for `/run/secrets`.
    pub fn with_secrets(mut self, folder: impl Into<PathBuf>) -> Self {
        self.secrets = folder.into();
        self
    }

    /// The same with a list of its variables' names, for those that carry a name of the user's own.
    pub fn with_names(mut self, names: &'a dyn Fn() -> Vec<OsString>) -> Self {
        self.names = names;
        self
    }

    /// The names of all variables, in order.
    pub(super) fn names(&self) -> &[String] {
        self.listed.get_or_init(|| {
            let names = (self.names)().into_iter();
            let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
            names.sort_unstable();
            names
        })
    }

    /// Whether a variable holds more than a placeholder. Asking this is not using it.
    pub(super) fn holds(&self, name: &str) -> bool {
        let value = (self.lookup)(name).map(|value| Zeroizing::new(value.into_encoded_bytes()));
        let text = value
            .as_ref()
            .map(|value| String::from_utf8_lossy(value.as_slice()));
        text.is_some_and(|text| placeholder(text.trim()).is_none())
    }

    /// Whether a variable was asked for and held something.
    pub(super) fn was_used(&self, name: &str) -> bool {
        self.given.borrow().iter().any(|given| given == name)
    }

    /// The names of this program's own form (`ANYGPT_…`) that were asked for so far, set or not: those that
    /// mean something.
    pub(super) fn own_names(&self) -> Vec<String> {
        self.own.borrow().clone()
    }

    /// What was set but ignored so far.
    pub fn take_ignored(&self) -> Vec<Ignored> {
        self.ignored.take()
    }

    /// The variables that were asked for and held something.
    pub(super) fn into_given(self) -> Vec<String> {
        self.given.into_inner()
    }

    /// The trimmed value of a variable; `None` if it is unset, blank or a placeholder.
    ///
    /// # Errors
    /// A value that is not UTF-8.
    pub fn value(&self, name: &str) -> Result<Option<String>, Problem> {
        if name.starts_with(OWN) {
            self.own.borrow_mut().push(name.to_owned());
        }
        let Some(value) = (self.lookup)(name) else {
            return Ok(None);
        };
        let value = value.into_string().map_err(|_| {
            Problem::new(
                name,
                "is not valid UTF-8",
                "set it again as plain text, or unset it",
            )
        })?;
        // It may be a secret.
        let value = Zeroizing::new(value);
        let value = self.unless_placeholder(name, &value);
        if value.is_some() {
            self.given.borrow_mut().push(name.to_owned());
        }
        Ok(value.map(str::to_owned))
    }

    /// A secret: `NAME`, else the file that `NAME_FILE` names, else `/run/secrets/NAME` or its
    /// lower-case form.
    ///
    /// # Errors
    /// A file that was named but can't be used; a secret that no header can carry.
    pub fn secret(&self, name: &str) -> Result<Option<Found>, Problem> {
        if let Some(value) = self.value(name)?.map(Zeroizing::new) {
            return found(&value, name.to_owned()).map(Some);
        }
        let file_variable = format!("{name}_FILE");
        if let Some(path) = self.value(&file_variable)? {
            let text = file_text::read(Path::new(&path), SECRET_LIMIT).map_err(|why| {
                Problem::new(
                    &file_variable,
                    format!("names {}, which {why}", secret::shown_path(&path)),
                    "mount a small text file with the key, readable by the user of this process",
                )
            })?;
            let origin = format!("{file_variable} ({path})");
            return self
                .unless_placeholder(&path, &text)
                .map(|value| found(value, origin))
                .transpose();
        }
        // One look for all of the many names.
        if !*self.has_secrets.get_or_init(|| self.secrets.is_dir()) {
            return Ok(None);
        }
        for file in [name.to_owned(), name.to_ascii_lowercase()] {
            let path = self.secrets.join(file);
            if !path.exists() {
                continue;
            }
            let shown = path.display().to_string();
            let text = file_text::read(&path, SECRET_LIMIT).map_err(|why| {
                Problem::new(
                    &shown,
                    why,
                    "make it a small text file that the user of this process may read",
                )
            })?;
            if let Some(value) = self.unless_placeholder(&shown, &text) {
                return found(value, shown).map(Some);
            }
        }
        Ok(None)
    }

    /// A secret that stands in the configuration file itself; `None` for a placeholder.
    ///
    /// # Errors
    /// A secret that no header can carry.
    pub(super) fn secret_in_file(&self, place: &str, text: &str) -> Result<Option<Found>, Problem> {
        self.unless_placeholder(place, text)
            .map(|value| found(value, place.to_owned()))
            .transpose()
    }

    /// A value without blanks at its ends.
    fn unless_placeholder<'v>(&self, name: &str, value: &'v str) -> Option<&'v str> {
        let value = value.trim();
        let Some(why) = placeholder(value) else {
            return Some(value);
        };
        let ignored = Ignored {
            name: name.to_owned(),
            why,
        };
        let mut list = self.ignored.borrow_mut();
        if !list.contains(&ignored) {
            list.push(ignored);
        }
        None
    }
}

/// Why a trimmed value means "not set", if it does. All of these have been seen in the wild: written
/// by a gateway for a secret it does not have, by a template that nobody filled in, or copied from
/// an example.
pub fn placeholder(value: &str) -> Option<&'static str> {
    // No copy in lower case: it may be a secret.
    let is = |part: Option<&str>, word: &str| part.is_some_and(|it| it.eq_ignore_ascii_case(word));
    let begins = |word: &str| is(value.get(..word.len()), word);
    let ends = |word: &str| {
        let start = value.len().checked_sub(word.len());
        is(start.and_then(|start| value.get(start..)), word)
    };
    if value.is_empty() {
        Some("it is empty")
    } else if value.starts_with('<') && value.ends_with('>') {
        Some("it is a placeholder in angle brackets")
    } else if begins("se://") {
        Some("it is a secret reference that nobody resolved")
    } else if value.starts_with("%!") {
        Some("it is a formatting error of the program that set it")
    } else if (value.starts_with("{{") && value.ends_with("}}"))
        || (value.starts_with("${") && value.ends_with('}'))
    {
        Some("it is a template that was not filled in")
    } else if ["null", "undefined", "changeme"]
        .iter()
        .any(|it| value.eq_ignore_ascii_case(it))
    {
        Some("it is a word for nothing")
    } else if begins("your_") || ends("_here") {
        Some("it is text copied from an example")
    } else {
        None
    }
}

fn found(value: &str, origin: String) -> Result<Found, Problem> {
    if value.chars().any(char::is_control) {
        return Err(Problem::new(
            &origin,
            "holds a line break or another control character in its middle",
            "store the key alone, on one line",
        ));
    }
    if !value.is_ascii() {
        return Err(Problem::new(
            &origin,
            "holds characters that no key has",
            "copy the key again from the provider's page",
        ));
    }
    Ok(Found {
        secret: Secret::new(value),
        origin,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_the_wild_count_as_unset() {
        for value in [
            "",
            "<UNKNOWN>",
            "<OPENAI_API_KEY>",
            "se://docker/mcp/openai.api_key",
            "%!s(<nil>)",
            "{{anygpt.key}}",
            "${OPENAI_API_KEY}",
            "null",
            "Undefined",
            "changeme",
            "your_api_key",
            "YOUR_KEY",
            "sk_goes_here",
        ] {
            assert!(placeholder(value).is_some(), "{value}");
        }
        for value in [
            "test",
            "sk-...",
            "sk-proj-abc",
            "AIza123",
            "nullable",
            "a<b>",
        ] {
            assert_eq!(placeholder(value), None, "{value}");
        }
    }

    #[test]
    fn secrets_come_from_the_variable_then_its_file_then_the_secrets_folder() {
        let folder = std::env::temp_dir().join(format!("anygpt-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("named");
        std::fs::write(&file, "from-file\r\n").unwrap();
        std::fs::write(folder.join("a_key"), "from-folder\n").unwrap();
        let path = file.to_str().unwrap().to_owned();
        let find = |variables: &[(&str, &str)]| {
            let lookup = |name: &str| {
                let value = variables.iter().find(|(known, _)| *known == name);
                value.map(|(_, value)| OsString::from(value))
            };
            let environment = Environment::new(&lookup).with_secrets(&folder);
            let found = environment.secret("A_KEY");
            found.map(|found| found.map(|found| found.secret.expose().to_owned()))
        };
        let both = [("A_KEY", " direct "), ("A_KEY_FILE", &path)];
        assert_eq!(find(&both).unwrap().as_deref(), Some("direct"));
        let placeholder = [("A_KEY", "<UNKNOWN>"), ("A_KEY_FILE", &path)];
        assert_eq!(find(&placeholder).unwrap().as_deref(), Some("from-file"));
        assert_eq!(find(&[]).unwrap().as_deref(), Some("from-folder"));
        assert!(find(&[("A_KEY_FILE", "/nowhere/at/all")]).is_err());
        assert!(find(&[("A_KEY_FILE", folder.to_str().unwrap())]).is_err());
        let broken = find(&[("A_KEY", "two\nlines-of-secret")]).unwrap_err();
        assert!(!broken.to_string().contains("secret"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
