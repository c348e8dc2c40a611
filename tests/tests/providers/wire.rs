//! The corpus of the wire (`wire/`), with the real program. `WIRE=chat/tool` plays only the cases with that in their name.
//!
//! Never here: a case (a file), streams that are cut everywhere (`wire_pieces.rs`).

use anygpt_tests::corpus::cases;
use anygpt_tests::provider::Family;

/// Plays all cases of a format before it fails.
fn play(family: Family) {
    let only = std::env::var("WIRE").unwrap_or_default();
    let mut failures = Vec::new();
    for case in cases(family)
        .iter()
        .filter(|case| case.name.contains(&only))
    {
        if let Err(problem) = case.play() {
            failures.push(format!("{}: {problem}", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn chat_completions() {
    play(Family::Compatible);
}

#[test]
fn responses() {
    play(Family::OpenAi);
}

#[test]
fn anthropic() {
    play(Family::Anthropic);
}

#[test]
fn google() {
    play(Family::Google);
}
