//! What the README, the example of a configuration file and the page `providers` say of the settings and the providers:
//! written from the rows of `table`, the presets and the formats by `make settings`, and checked here.
//!
//! Never here: what stands around it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a part of the tests

use std::ops::Range;

use anygpt_providers::{
    ChatRequest, Dialect, Encoding, Request,
    presets::{PRESETS, Preset},
};

use super::{
    base_url,
    table::{self, TABLE},
};

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

/// The keys of the README's table, beside those of the main providers.
fn readme_keys() -> String {
    let others = PRESETS
        .iter()
        .filter(|it| it.needs_only_key() && !it.is_main());
    let keys = others.map(|preset| format!("`{}`", preset.key_variables[0]));
    format!(
        "| {} | each switches its provider on | |\n",
        keys.collect::<Vec<_>>().join(", ")
    )
}

/// The page's row of a provider.
fn provider(preset: &Preset) -> String {
    let quoted = |names: &[&str], between: &str| {
        let names = names.iter().map(|name| format!("`{name}`"));
        names.collect::<Vec<_>>().join(between)
    };
    let aliases = match preset.aliases {
        [] => String::new(),
        aliases => format!(" ({})", quoted(aliases, ", ")),
    };
    let mut keys = preset.key_variables.to_vec();
    keys.extend(preset.token_variable);
    let key = match &keys[..] {
        [] => "none".to_owned(),
        keys if preset.is_local => format!("{}, if it wants one", quoted(keys, ", else ")),
        keys => quoted(keys, ", else "),
    };
    let usual = preset
        .dialect
        .codec()
        .map_or("", |it| it.default_base_url());
    let usual = match usual {
        _ if preset.is_local => "see \"Local endpoints\"".to_owned(),
        "" => "none: needed".to_owned(),
        usual => format!("`{usual}`"),
    };
    let address = quoted(preset.url_variables, ", else ");
    format!(
        "| `{}`{aliases} | {key} | {address} | {usual} |\n",
        preset.id
    )
}

/// The page's row of a type, if it has an API.
fn format_of(dialect: Dialect) -> Option<String> {
    let codec = dialect.codec()?;
    let chat = ChatRequest {
        model: "MODEL".to_owned(),
        ..ChatRequest::default()
    };
    let path = |request: Request| {
        let path = request.path.split('?').next().unwrap_or_default();
        path.to_owned()
    };
    let chat = path(codec.chat(&chat, Encoding::default()));
    let list = path(codec.models(None));
    let usual = codec.default_base_url();
    let first = chat.split('/').nth(1).unwrap_or_default();
    let therefore = match base_url::path(usual) {
        _ if usual.is_empty() => {
            "ends in `/v1` or the like; `/v1` is added if there is no path".to_owned()
        }
        "" => format!("without `/{first}`"),
        path => format!("ends in `{path}`, which is added if there is no path"),
    };
    let name = dialect.as_str();
    Some(format!("| `{name}` | `{chat}`, `{list}` | {therefore} |\n"))
}

/// The line of an example that has a type.
const TYPES: &str = "    type: anthropic              # ";

/// The same with all types.
fn types() -> String {
    let types = Dialect::ALL.map(Dialect::as_str).join(", ");
    let (types, last) = types.rsplit_once(", ").unwrap();
    format!("{TYPES}{types} or {last}")
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
fn the_readme_lists_the_settings_of_the_table_and_the_providers() {
    let keys = readme_keys();
    let azure = "| `AZURE_OPENAI_ENDPOINT`";
    check("../README.md", "| `OPENROUTER_API_KEY`", azure, &keys);
    check("../README.md", TYPES, "\n", &types());
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
fn the_page_on_providers_lists_them_their_types_and_the_keys_of_the_table() {
    let file = "src/docs/providers.md";
    let providers: String = PRESETS.iter().map(provider).collect();
    let own = "| your own, by name";
    check(file, "| `openai` | `OPENAI_API_KEY`", own, &providers);
    let start = "| type | appended | base URL therefore |\n| --- | --- | --- |\n";
    let formats: String = Dialect::ALL.into_iter().filter_map(format_of).collect();
    check(file, start, "\n\n", &[start, formats.trim_end()].concat());
    check(file, TYPES, "\n", &types());
    for (name, of_limits) in [("key", false), ("limit", true)] {
        let start = format!("| {name} | variable | meaning |\n| --- | --- | --- |\n");
        let lines = [&*start, page(of_limits).trim_end()].concat();
        check(file, &start, "\n\n", &lines);
    }
}
