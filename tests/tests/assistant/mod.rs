//! How well first calls of assistants are understood: all calls of `assistant/`, and the table of how they go today.
//!
//! `WRITE_ASSISTANT=1 cargo test -p anygpt-tests --test main assistant` writes the table anew, unless a call that went right
//! goes wrong. `ASSISTANT=sonnet` plays the calls with that word in their title, and shows all of them.
//!
//! Never here: a call (`assistant/`), or how one is played (`src/assistant.rs`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anygpt_tests::assistant::{Call, KINDS, Outcome, Played, Stage, calls};
use anygpt_tests::tables::tests;

/// As many calls go right at least. Raise it with the product.
const RIGHT: usize = 82;

/// As many calls of each kind there are at least, in the order of the kinds.
const LEAST: [usize; 4] = [60, 50, 20, 20];

const WRITE: &str = "WRITE_ASSISTANT";
const ONLY: &str = "ASSISTANT";

/// How a right outcome is written.
const AS_RIGHT: [&str; 2] = ["as meant", "refused with advice"];

#[test]
fn first_calls_go_as_the_table_says_and_no_worse() {
    let mut calls = calls();
    if let Ok(word) = std::env::var(ONLY) {
        calls.retain(|call| call.title.contains(&word));
        for (call, played) in calls.iter().zip(play(&calls)) {
            eprintln!(
                "\n{} | {} | {}\n{played}",
                call.kind,
                call.title,
                played.outcome(call)
            );
        }
        return;
    }
    let outcomes = calls.iter().zip(play(&calls));
    let outcomes: Vec<_> = outcomes
        .map(|(call, played)| played.outcome(call))
        .collect();
    let table = table(&calls, &outcomes);

    let path = tests().join("assistant/results.txt");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let now: BTreeMap<&str, &str> = rows(&table).collect();
    let worse: Vec<_> = rows(&kept)
        .filter(|(_, before)| AS_RIGHT.contains(before))
        .filter_map(|(call, _)| Some((call, *now.get(call)?)))
        .filter(|(_, now)| !AS_RIGHT.contains(now))
        .collect();
    assert!(worse.is_empty(), "these went right before: {worse:#?}");

    let right = outcomes.iter().filter(|it| it.is_right()).count();
    assert!(right >= RIGHT, "{right} go right, which were {RIGHT}");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &table).unwrap();
        return;
    }
    let changed: Vec<_> = table
        .lines()
        .filter(|line| !kept.lines().any(|it| it == *line))
        .collect();
    assert!(
        table == kept,
        "assistant/results.txt is old, {WRITE}=1 writes it. Now:\n{}",
        changed.join("\n")
    );
}

#[test]
fn there_are_enough_calls_of_each_kind() {
    let calls = calls();
    for (kind, least) in KINDS.into_iter().zip(LEAST) {
        let count = calls.iter().filter(|call| call.kind == kind).count();
        assert!(count >= least, "{count} {kind}");
    }
}

/// Each call is the first one of its program, which knows no list of models yet.
fn play(calls: &[Call]) -> Vec<Played> {
    let stage = Stage::start(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let play = |call: &Call| stage.play(&mut stage.program(&call.scenario).spawn(), call);
    calls.iter().map(play).collect()
}

fn table(calls: &[Call], outcomes: &[Outcome]) -> String {
    let mut text = "# How the calls go today. Written by the test, see README.md.\n".to_owned();
    let mut sums = String::new();
    let mut kind = "";
    for (call, outcome) in calls.iter().zip(outcomes) {
        if call.kind != kind {
            kind = call.kind;
            text.push('\n');
        }
        writeln!(text, "{kind} | {} | {outcome}", call.title).unwrap();
    }
    for kind in KINDS.into_iter().map(Some).chain([None]) {
        let of_kind = calls.iter().zip(outcomes);
        let of_kind = of_kind.filter(|(call, _)| kind.is_none_or(|kind| call.kind == kind));
        let of_kind: Vec<_> = of_kind.map(|(_, outcome)| outcome).collect();
        let count = |is_it: fn(&Outcome) -> bool| of_kind.iter().filter(|it| is_it(it)).count();
        let (right, paid) = (count(Outcome::is_right), count(Outcome::is_paid_wrong));
        writeln!(
            sums,
            "# {}: {} calls, {right} right ({} as meant, {} refused with advice), {} wrong, {paid} paid wrong",
            kind.unwrap_or("all"),
            of_kind.len(),
            count(|it| *it == Outcome::AsMeant),
            count(|it| *it == Outcome::Refused),
            of_kind.len() - right - paid,
        )
        .unwrap();
    }
    text + "\n" + &sums
}

/// The rows of a table: which call, and how it went.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter_map(|line| line.rsplit_once(" | "))
}
