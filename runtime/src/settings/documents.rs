//! What the README, the example of a configuration file and the page `providers` say of the settings: written from the
//! rows of `table` by `make settings`, and checked here.
//!
//! Never here: what stands around it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a part of the tests

use std::ops::Range;

use super::table::{self, TABLE};

/// The lines of the README's table, from the first row on.
fn readme() -> String {
    let groups = table::groups().map(|rows| {
        let variables: Vec<String> = rows
            .iter()
            .map(|row| format!("`{}`", row.variable))
            .collect();
        let [about, default] = rows[rows.len() - 1].about;
        format!("| {} | {about} | {default} |\n", variables.join(", ")).replace("|  |", "| |")
    });
    groups.collect()
}

/// The lines of a mapping in the example.
fn example(section: &str) -> String {
    let rows = TABLE
        .iter()
        .filter(|row| row.section() == section && !row.example.is_empty());
    rows.map(|row| format!("{}\n", row.example)).collect()
}

/// The lines of a table of keys for the page: those of `limits`, or all others.
fn page(of_limits: bool) -> String {
    let rows = TABLE.iter().filter(|row| !row.key.is_empty());
    let rows = rows.filter(|row| (row.section() == "limits") == of_limits);
    let lines = rows.map(|row| format!("| `{}` | `{}` | {} |\n", row.path, row.variable, row.key));
    lines.collect()
}

/// The part of a document from `start` to before `end`, or to its last line's.
fn part(text: &str, start: &str, end: &str) -> Range<usize> {
    let from = text.find(start);
    let from = from.unwrap_or_else(|| panic!("{start:?} is not there"));
    let length = text[from..].find(end);
    from..length.map_or(text.trim_end().len(), |length| from + length)
}

/// Checks that the lines stand in this part of a file, or puts them there.
fn check(file: &str, start: &str, end: &str, lines: &str) {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let old = std::fs::read_to_string(&path).expect("the document can be read");
    let mut new = old.clone();
    new.replace_range(part(&old, start, end), lines);
    if std::env::var_os("WRITE_SETTINGS").is_some() {
        std::fs::write(&path, &new).expect("the document can be written");
    } else {
        assert!(old == new, "{path} is old: run make settings");
    }
}

#[test]
fn the_readme_lists_the_settings_of_the_table() {
    check(
        "../README.md",
        "| `DEFAULT_PROVIDER`",
        "| `HTTPS_PROXY`",
        &readme(),
    );
}

#[test]
fn the_example_has_the_keys_of_the_table() {
    for (section, start) in [
        ("limits", "# limits:\n"),
        ("timeouts", "timeouts:\n"),
        ("log", "log:\n"),
    ] {
        let lines = [start, &example(section)].concat();
        check(
            "share/anygpt.config.example.yaml",
            &format!("\n{start}"),
            "\n\n",
            &format!("\n{}", lines.trim_end()),
        );
    }
}

#[test]
fn the_page_on_providers_lists_the_keys_of_the_table() {
    for (name, of_limits) in [("key", false), ("limit", true)] {
        let start = format!("| {name} | variable | meaning |\n| --- | --- | --- |\n");
        let lines = [&*start, page(of_limits).trim_end()].concat();
        check("src/docs/providers.md", &start, "\n\n", &lines);
    }
}
