//! The mappings of the configuration file whose keys are rows of the table: `limits`, `timeouts` and `log`.
//!
//! Never here: what a value means.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use crate::settings::{
    given::{Given, Value},
    table::{Form, Row, TABLE},
    yaml::Spanned,
};

/// What the keys of one mapping are set to, by their paths.
#[derive(Debug, Default)]
pub(super) struct Section(Vec<(&'static str, Given)>);

impl Section {
    /// What is given at this path.
    pub(super) fn take(&mut self, path: &str) -> Option<Given> {
        let position = self.0.iter().position(|(known, _)| *known == path)?;
        Some(self.0.swap_remove(position).1)
    }
}

pub(super) fn limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Section, D::Error> {
    read("limits", deserializer)
}

pub(super) fn timeouts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Section, D::Error> {
    read("timeouts", deserializer)
}

pub(super) fn log<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Section, D::Error> {
    read("log", deserializer)
}

fn read<'de, D: Deserializer<'de>>(
    section: &'static str,
    deserializer: D,
) -> Result<Section, D::Error> {
    let rows = TABLE.iter().filter(|row| row.section() == section);
    let keys: Vec<&'static str> = rows.map(Row::key_in_section).collect();
    // serde wants names that live as long as the process; the file is read once.
    let keys = keys.leak();
    deserializer.deserialize_struct(section, keys, Keys { section, keys })
}

/// Reads the keys of one section.
#[derive(Clone, Copy)]
struct Keys {
    section: &'static str,
    keys: &'static [&'static str],
}

impl<'de> Visitor<'de> for Keys {
    type Value = Section;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Section, A::Error> {
        let mut all = Section::default();
        while let Some(row) = entries.next_key_seed(Key(self))? {
            let given = match row.form {
                Form::Whole => value::<u32, A>(row, &mut entries),
                Form::Decimal => value::<f64, A>(row, &mut entries),
                Form::Text | Form::Words(_) => value::<String, A>(row, &mut entries),
                Form::List => value::<Vec<String>, A>(row, &mut entries),
            };
            all.0.extend(given?.map(|given| (row.path, given)));
        }
        Ok(all)
    }
}

fn value<'de, T: Deserialize<'de> + Into<Value>, A: MapAccess<'de>>(
    row: &Row,
    entries: &mut A,
) -> Result<Option<Given>, A::Error> {
    let value = entries.next_value::<Option<Spanned<T>>>()?;
    Ok(value.map(|value| Given::in_file(row.path, value)))
}

/// Reads a key of a section as its row. An error here has the position of the key.
struct Key(Keys);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = &'static Row;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static Row, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = &'static Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a setting")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<&'static Row, E> {
        let Keys { section, keys } = self.0;
        let mut rows = TABLE.iter().filter(|row| row.section() == section);
        rows.find(|row| row.key_in_section() == key)
            .ok_or_else(|| E::unknown_field(key, keys))
    }
}
