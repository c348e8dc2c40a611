//! Keeps `tests/README.md` honest: it names every folder of tests, and everything that it names exists.
//!
//! Never here: what stands in those files.

use anygpt_tests::tables::tests;

#[test]
fn the_readme_names_every_folder_of_tests_and_nothing_that_is_not_there() {
    let text = std::fs::read_to_string(tests().join("README.md")).unwrap();
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).collect();

    let absent = named.iter().filter(|name| is_path(name) && !exists(name));
    let absent: Vec<_> = absent.collect();
    assert!(absent.is_empty(), "named, but not there: {absent:#?}");

    for entry in std::fs::read_dir(tests().join("tests")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_folder = entry.file_type().unwrap().is_dir();
        let name = format!("tests/{name}{}", if is_folder { "/" } else { "" });
        assert!(named.contains(&&*name), "{name} is in no row");
    }
}

/// A path is named with its folder. `make memory`, `fuzz/artifacts/TARGET/` and addresses are no paths.
fn is_path(name: &str) -> bool {
    let is_word = |word: &str| !word.chars().any(|c| c.is_ascii_uppercase());
    let plain = !name.contains([' ', ':', '<', '*', '…']);
    name.contains('/')
        && plain
        && name
            .split('/')
            .all(|part| is_word(part) || part == "README.md")
}

/// Below `tests`, or from the root of the repository.
fn exists(name: &str) -> bool {
    tests().join(name).exists() || tests().join("..").join(name).exists()
}
