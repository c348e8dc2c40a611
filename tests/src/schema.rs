//! JSON Schema as the judge: of what the server writes, and of what its tools promise.
//!
//! Never here: schemas. The official ones lie in `schema/`, the tools' own come from the server.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

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

/// The official schema of one protocol revision.
#[derive(Debug)]
pub struct Official {
    revision: &'static str,
    /// The whole document.
    document: Value,
    /// Where its types are defined.
    place: &'static str,
    /// Those that were asked for before.
    known: RefCell<HashMap<String, Rc<Validator>>>,
}

impl Official {
    /// The schema of one of [`REVISIONS`].
    pub fn of(revision: &'static str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
        let text = std::fs::read_to_string(format!("{folder}/{revision}.json"))
            .expect("the schema of every revision is there");
        let document: Value = serde_json::from_str(&text).expect("a schema is JSON");
        let is_new = document["$defs"].is_object();
        Self {
            revision,
            document,
            place: if is_new { "$defs" } else { "definitions" },
            known: RefCell::default(),
        }
    }

    /// The name that this revision has for one of several names of a type.
    #[track_caller]
    pub fn name<'n>(&self, names: &[&'n str]) -> &'n str {
        let definitions = &self.document[self.place];
        let known = names.iter().find(|name| definitions.get(**name).is_some());
        known.unwrap_or_else(|| panic!("{} has none of {names:?}", self.revision))
    }

    /// Panics, with all that is wrong, unless `value` is of the type that has one of these names.
    #[track_caller]
    pub fn check(&self, names: &[&str], value: &Value) {
        let name = self.name(names);
        let known = self.known.borrow().get(name).cloned();
        let validator = known.unwrap_or_else(|| {
            let place = self.place;
            let schema = json!({"$schema": self.document["$schema"], "$ref": format!("#/{place}/{name}"),
                place: self.document[place]});
            let validator = Rc::new(Validator::new(&schema).expect("official schemas are valid"));
            self.known.borrow_mut().insert(name.to_owned(), Rc::clone(&validator));
            validator
        });
        assert_valid(&validator, value, &format!("{name} of {}", self.revision));
    }
}

/// Panics, with all that is wrong, unless `value` is valid against `schema`, which `what` names.
#[track_caller]
pub fn check(schema: &Value, value: &Value, what: &str) {
    let validator = Validator::new(schema)
        .unwrap_or_else(|error| panic!("the schema of {what} is not valid: {error}"));
    assert_valid(&validator, value, what);
}

#[track_caller]
fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "not a valid {what}: {errors:#?}\n{value}"
    );
}
