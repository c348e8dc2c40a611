//! Tables in documents that name tests and cases: whether what they name exists.
//!
//! Never here: which rows a table must have.

use std::path::Path;

/// The folder of this crate.
pub fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether `FILE::FUNCTION` names a test; the file is one of `tests/tests`, or a path from the root of the repository.
pub fn is_test(name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else {
        return false;
    };
    let folders = [tests().join("tests"), tests().join("..")];
    let mut paths = folders.iter().map(|folder| folder.join(file));
    let Some(path) = paths.find(|path| path.is_file()) else {
        return false;
    };
    let source = std::fs::read_to_string(path).unwrap_or_default();
    source.split("#[test]").skip(1).any(|rest| {
        let head = rest.split('{').next().unwrap_or_default();
        head.contains(&format!("fn {function}("))
    })
}

/// Whether `transcripts/FILE` names a transcript.
pub fn is_transcript(name: &str) -> bool {
    name.starts_with("transcripts/") && tests().join(name).is_file()
}

/// Whether `wire/FORMAT/KIND/NAME.txt` names a case of the corpus.
pub fn is_case(name: &str) -> bool {
    name.starts_with("wire/") && name.ends_with(".txt") && tests().join(name).is_file()
}
