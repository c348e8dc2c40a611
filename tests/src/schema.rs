//! JSON Schemas for the judge: of what the server writes, and of the results of its tools.
//!
//! Never here: schemas. The official ones are in `schema/`, the tools' own come from the server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The protocol revisions, oldest first.
pub const REVISIONS: [&str; 5] = [
    "2024-11-05",
    "2025-03-26",
    "2025-06-18",
    "2025-11-25",
    "2026-07-28",
];

/// How many of them, the oldest, are opened by a handshake.
pub const LEGACY: usize = 4;

/// The oldest revision without a handshake, for tests that need any of these.
pub const MODERN: &str = REVISIONS[LEGACY];

/// The newest that `initialize` can agree on, which also applies before anything was agreed on.
pub const NEWEST_LEGACY: &str = REVISIONS[LEGACY - 1];

/// The only revision with batches.
pub const BATCHES: &str = REVISIONS[1];

/// The first with `structuredContent`.
pub const STRUCTURED: &str = REVISIONS[2];

/// The revisions without a handshake, oldest first.
pub fn modern() -> &'static [&'static str] {
    const ALL: &[&str] = &REVISIONS;
    &ALL[LEGACY..]
}

/// Whether requests of a revision have an envelope. No test compares with [`MODERN`] itself.
pub fn is_modern(revision: &str) -> bool {
    revision >= MODERN
}

/// The official schema of one protocol revision.
#[derive(Debug)]
pub struct Official {
    revision: &'static str,
    /// The whole document.
    document: Value,
    /// Where its types are defined.
    place: &'static str,
    /// Validators built so far: building one takes a thousand times as long as using it.
    known: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Official {
    /// The schema of one of [`REVISIONS`], read once per process.
    #[track_caller]
    pub fn of(revision: &str) -> &'static Self {
        static ALL: [OnceLock<Official>; REVISIONS.len()] =
            [const { OnceLock::new() }; REVISIONS.len()];
        let found = REVISIONS
            .iter()
            .zip(&ALL)
            .find(|(name, _)| **name == revision);
        let (name, slot) = found.unwrap_or_else(|| panic!("{revision} is no revision"));
        slot.get_or_init(|| Self::read(name))
    }

    fn read(revision: &'static str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
        let text = std::fs::read_to_string(format!("{folder}/{revision}.json"))
            .expect("the schema of every revision is there");
        let document: Value = serde_json::from_str(&text).expect("a schema is JSON");
        let is_new = document["$defs"].is_object();
        Self {
            revision,
            document,
            place: if is_new { "$defs" } else { "definitions" },
            known: Mutex::default(),
        }
    }

    /// Whether this revision has a type of that name.
    pub fn has(&self, name: &str) -> bool {
        self.document[self.place].get(name).is_some()
    }

    /// The name that this revision has for one of several names of a type.
    #[track_caller]
    pub fn name<'n>(&self, names: &[&'n str]) -> &'n str {
        let known = names.iter().find(|name| self.has(name));
        known.unwrap_or_else(|| panic!("{} has none of {names:?}", self.revision))
    }

    /// All that keeps `value` from being of the type that has one of these names.
    #[track_caller]
    pub fn problems(&self, names: &[&str], value: &Value) -> Vec<String> {
        let name = self.name(names);
        let what = format!("{name} of {}", self.revision);
        problems(&self.validator(name), value, &what)
    }

    /// Panics, with all that is wrong, unless `value` is of the type that has one of these names.
    #[track_caller]
    pub fn check(&self, names: &[&str], value: &Value) {
        let problems = self.problems(names, value);
        assert!(problems.is_empty(), "{problems:#?}\n{value}");
    }

    fn validator(&self, name: &str) -> Arc<Validator> {
        // Held while one is built, so that no other thread builds the same.
        let mut known = self.known.lock().unwrap();
        if let Some(validator) = known.get(name) {
            return Arc::clone(validator);
        }
        let place = self.place;
        let schema = json!({"$schema": self.document["$schema"], "$ref": format!("#/{place}/{name}"),
            place: self.document[place]});
        let validator = Arc::new(Validator::new(&schema).expect("official schemas are valid"));
        known.insert(name.to_owned(), Arc::clone(&validator));
        validator
    }
}

/// A validator of this schema; `what` names it in the error if it is broken.
#[track_caller]
pub fn compile(schema: &Value, what: &str) -> Validator {
    Validator::new(schema)
        .unwrap_or_else(|error| panic!("the schema of {what} is not valid: {error}"))
}

/// All that keeps `value` from being valid; each problem names `what`.
pub fn problems(validator: &Validator, value: &Value, what: &str) -> Vec<String> {
    let errors = validator.iter_errors(value);
    errors
        .map(|error| {
            format!(
                "not a valid {what}: {error} at {:?}",
                error.instance_path().to_string()
            )
        })
        .collect()
}

/// Panics, with all that is wrong, unless `value` is valid against `schema`, which `what` names.
#[track_caller]
pub fn check(schema: &Value, value: &Value, what: &str) {
    let problems = problems(&compile(schema, what), value, what);
    assert!(problems.is_empty(), "{problems:#?}\n{value}");
}
