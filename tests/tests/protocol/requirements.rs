//! Keeps `docs/requirements.md` honest: every requirement has a row, and every test that a row names exists.
//!
//! Never here: proving a requirement.

use std::collections::BTreeSet;

use anygpt_tests::tables::{is_test, is_transcript, tests};

/// The numbers in use.
const NUMBERS: [std::ops::RangeInclusive<u32>; 6] =
    [1..=7, 10..=17, 20..=25, 30..=48, 50..=67, 70..=75];

#[test]
fn every_requirement_has_a_row_and_every_proof_exists() {
    let text = std::fs::read_to_string(tests().join("docs/requirements.md")).unwrap();
    let problems = problems(&text);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_table_that_lies_is_found_out() {
    let good = "| R-01 | x | judge; `protocol/requirements.rs::a_table_that_lies_is_found_out` |";
    for (row, said) in [
        ("", "R-02 has no row"),
        ("| R-02 | a row too short |", "not three cells"),
        (
            "| R-02 | x | `protocol/requirements.rs::nobody` |",
            "nobody",
        ),
        (
            "| R-02 | x | `protocol/requirements.rs::problems` |",
            "problems",
        ),
        ("| R-02 | x | `nobody.rs::a_test` |", "nobody.rs"),
        ("| R-02 | x | `transcripts/nobody.txt` |", "nobody.txt"),
        ("| R-02 | x | it is so |", "R-02 has no proof"),
        ("| R-02 | x | Does not apply: |", "R-02 has no proof"),
        ("| R-02 | x | `see there` |", "see there"),
        (
            "| R-99 | x | `transcripts/ids.txt` |",
            "R-99 is no requirement",
        ),
    ] {
        let found = problems(&format!("{good}\n{row}\n"));
        assert!(
            found.iter().any(|line| line.contains(said)),
            "{said}: {found:#?}"
        );
        assert!(
            !found.iter().any(|line| line.contains("R-01")),
            "{found:#?}"
        );
    }
}

fn problems(text: &str) -> Vec<String> {
    let wanted: BTreeSet<u32> = NUMBERS.into_iter().flatten().collect();
    let mut missing = wanted.clone();
    let mut problems = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| R-")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, proof] = cells[..] else {
            problems.push(format!("not three cells: {row}"));
            continue;
        };
        let number: Option<u32> = name.strip_prefix("R-").and_then(|n| n.parse().ok());
        match number {
            Some(number) if wanted.contains(&number) => {
                if !missing.remove(&number) {
                    problems.push(format!("{name} has two rows"));
                }
            }
            _ => problems.push(format!("{name} is no requirement")),
        }
        let reason = proof.strip_prefix("Does not apply: ");
        let proofs: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        if proofs.is_empty() && reason.is_none_or(str::is_empty) {
            problems.push(format!("{name} has no proof"));
        }
        problems.extend(
            proofs
                .into_iter()
                .filter(|proof| !is_test(proof) && !is_transcript(proof))
                .map(|proof| format!("{name}: {proof} does not exist")),
        );
    }
    problems.extend(
        missing
            .into_iter()
            .map(|number| format!("R-{number:02} has no row")),
    );
    problems
}
