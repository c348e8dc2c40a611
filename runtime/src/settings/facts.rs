//! The operator's own table of facts.
//!
//! Never here: its form (`anygpt_providers::facts`), or what follows from it.

use std::{path::Path, sync::Arc};

use anygpt_providers::Facts;

use super::{file_text, given::Given, problem::Problem};

/// A larger table is a mistake, in bytes.
const LARGEST: u64 = 1 << 20;

/// The table that is built in, with the rows of a file in front.
///
/// # Errors
/// The file cannot be read, or one of its lines is wrong.
pub(super) fn read(given: &Given) -> Result<Arc<Facts>, Problem> {
    let path = given.text();
    let fix = "name a table in the form of facts.tsv (see the README), or unset it";
    let fail =
        |what: String| Problem::new(&given.place, format!("names {path:?}, which {what}"), fix);
    let text =
        file_text::read(Path::new(path), LARGEST).map_err(|error| fail(error.to_string()))?;
    let mut facts = Facts::default();
    match facts.put_in_front(text.trim_start_matches('\u{feff}')) {
        Ok(()) => Ok(Arc::new(facts)),
        Err(error) => Err(fail(format!("cannot be used: {error}"))),
    }
}
