//! The streams of the corpus (`wire/`), in other pieces: the answer does not depend on where the bytes are cut, nor on
//! where the provider divides its texts.
//!
//! Never here: what the answer is (`wire.rs`).

use anygpt_providers::{Codec, anthropic, google, openai};
use anygpt_tests::corpus::{Case, cases};
use anygpt_tests::provider::Family;
use anygpt_tests::reading::{Outcome, Reading};
use serde_json::Value;

fn codec(family: Family) -> &'static dyn Codec {
    match family {
        Family::OpenAi => &openai::Responses,
        Family::Anthropic => &anthropic::Messages,
        Family::Google => &google::GenerateContent,
        Family::Compatible => &openai::chat_completions::PLAIN,
    }
}

/// Where an event has a piece of text, or of anything else that comes in pieces.
fn places(family: Family) -> &'static [&'static str] {
    match family {
        Family::OpenAi => &["/delta"],
        Family::Anthropic => &["/delta/text", "/delta/thinking", "/delta/partial_json"],
        Family::Google => &["/candidates/0/content/parts/0/text"],
        Family::Compatible => &[
            "/choices/0/delta/content",
            "/choices/0/delta/reasoning_content",
        ],
    }
}

/// Every stream of a format, with and without its state.
fn each(family: Family, check: fn(&Case, Reading<'_>, &[u8])) {
    let only = std::env::var("WIRE").unwrap_or_default();
    for case in cases(family)
        .iter()
        .filter(|case| case.name.contains(&only))
    {
        for sent in case.replies.iter().filter(|sent| sent.is_stream()) {
            for wants_state in [false, true] {
                let reading = Reading {
                    codec: codec(family),
                    wants_state,
                    limit: 1 << 20,
                };
                check(case, reading, &sent.bytes());
            }
        }
    }
}

/// Cut at every place, byte by byte, and in pieces of many sizes.
fn cut(case: &Case, reading: Reading<'_>, stream: &[u8]) {
    let whole = reading.whole(stream);
    let check = |what: &str, sizes: &mut dyn FnMut() -> usize| {
        let outcome = reading.read(stream, sizes, &mut |_, _, _| {});
        assert_eq!(outcome, whole, "{} in {what}", case.name);
    };
    for first in 1..stream.len() {
        let mut sizes = [first, usize::MAX].into_iter();
        check(&format!("two pieces, cut at {first}"), &mut || {
            sizes.next().unwrap()
        });
    }
    check("bytes", &mut || 1);
    let mut random = fastrand::Rng::with_seed(7);
    for most in [2, 5, 20, 100] {
        for _ in 0..10 {
            check(&format!("pieces of up to {most}"), &mut || {
                random.usize(1..=most)
            });
        }
    }
}

/// Every text divided between any two UTF-16 units, half a character of two units included.
fn divide(case: &Case, reading: Reading<'_>, stream: &[u8]) {
    let whole = reading.whole(stream);
    let Ok(text) = str::from_utf8(stream) else {
        return;
    };
    let events: Vec<&str> = text.split_inclusive("\n\n").collect();
    for (number, event) in events.iter().enumerate() {
        for place in places(case.family) {
            for [first, second] in divisions(event, place) {
                let mut divided = events.clone();
                divided.splice(number..=number, [&*first, &*second]);
                let outcome = reading.whole(divided.concat().as_bytes());
                assert_same(case, &outcome, &whole, &format!("{first}{second}"));
            }
        }
    }
}

/// The state keeps the pieces of some formats as they came.
#[track_caller]
fn assert_same(case: &Case, outcome: &Outcome, whole: &Outcome, events: &str) {
    let plain = |outcome: &Outcome| {
        let mut outcome = outcome.clone();
        outcome.answer.state.clear();
        outcome.state_length = 0;
        outcome
    };
    assert_eq!(
        plain(outcome),
        plain(whole),
        "{}, divided:\n{events}",
        case.name
    );
}

/// The events that an event becomes if its text at this place is divided, for each place in the text.
fn divisions(event: &str, place: &str) -> Vec<[String; 2]> {
    let data = event.lines().filter_map(|line| line.strip_prefix("data:"));
    let data: Vec<&str> = data.collect();
    let [data] = data[..] else {
        return Vec::new();
    };
    let Ok(mut payload) = serde_json::from_str::<Value>(data) else {
        return Vec::new();
    };
    let Some(Value::String(text)) = payload.pointer_mut(place).map(Value::take) else {
        return Vec::new();
    };
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut with = |units: &[u16]| {
        // JSON of its own, since half a character is no text.
        let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        *payload.pointer_mut(place).unwrap() = "HERE".into();
        let piece = payload.to_string().replace("HERE", &escaped);
        event.replace(data, &format!(" {piece}"))
    };
    (1..units.len())
        .map(|at| [with(&units[..at]), with(&units[at..])])
        .collect()
}

#[test]
fn chat_completions() {
    each(Family::Compatible, cut);
}

#[test]
fn chat_completions_divided() {
    each(Family::Compatible, divide);
}

#[test]
fn responses() {
    each(Family::OpenAi, cut);
}

#[test]
fn responses_divided() {
    each(Family::OpenAi, divide);
}

#[test]
fn anthropic() {
    each(Family::Anthropic, cut);
}

#[test]
fn anthropic_divided() {
    each(Family::Anthropic, divide);
}

#[test]
fn google() {
    each(Family::Google, cut);
}

#[test]
fn google_divided() {
    each(Family::Google, divide);
}
