//! Reading streams that arrive in pieces, are cut short, or are noise, and those of the corpus (`tests/wire`).
//!
//! Never here: a stream. What is said about one of the corpus is said there, and read again in pieces by the tests there.

use std::path::Path;

use super::random::Xorshift;
use crate::sse::Parser;
use crate::*;

/// Reads a stream that arrives in these pieces.
pub(crate) fn read(codec: &dyn Codec, pieces: &[&[u8]]) -> (Answer, Result<(), Failure>) {
    let (answer, result, _) = read_into(false, codec, pieces);
    (answer, result)
}

/// The same, the state being wanted.
pub(crate) fn read_with_state(
    codec: &dyn Codec,
    pieces: &[&[u8]],
) -> (Answer, Result<(), Failure>) {
    let (answer, result, _) = read_into(true, codec, pieces);
    (answer, result)
}

/// What a file of the corpus sends first, in `FORMAT/KIND/NAME`.
pub(crate) fn wire(name: &str) -> String {
    replies(&corpus().join(name).with_extension("txt")).remove(0)
}

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/wire"))
}

/// The replies of a file, with its escapes.
fn replies(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let sections = text.split("\n== ").skip(1);
    let replies = sections.filter_map(|section| section.strip_prefix("reply")?.split_once('\n'));
    replies.map(|(_, body)| body.to_owned()).collect()
}

/// The state of a stream, and its length as the reader counts it.
pub(crate) fn state(codec: &dyn Codec, stream: &str) -> (Vec<serde_json::Value>, usize) {
    let (answer, result, length) = read_into(true, codec, &[stream.as_bytes()]);
    result.unwrap();
    (answer.state, length)
}

fn read_into(
    wants_state: bool,
    codec: &dyn Codec,
    pieces: &[&[u8]],
) -> (Answer, Result<(), Failure>, usize) {
    let mut answer = Answer::default();
    let mut reader = codec.reader(wants_state);
    let mut parser = Parser::new(1 << 20);
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let result = match parser.next_event(&mut rest) {
                Ok(Some(event)) => reader.event(&event, &mut answer),
                Ok(None) => break,
                Err(failure) => Err(failure),
            };
            if result.is_err() {
                return (answer, result, reader.state_length());
            }
        }
    }
    let result = parser
        .finish()
        .map_or(Ok(()), |event| reader.event(&event, &mut answer));
    // One that is cut stays so, for a closer look.
    if result.is_ok() && (answer.complete || answer.native_finish.is_some()) {
        reader.end(&mut answer);
    }
    (answer, result, reader.state_length())
}

const NOISE: &[u8] = b"{}[]\",:0-e\\u\n\r\xff\xf0 tn9<.";

/// Mangled streams and bodies of a format's folder in the corpus, a mangled list, and very deep ones, never panic.
pub(crate) fn fuzz(codec: &dyn Codec, format: &str, list: &str) {
    let mut fixtures = Vec::new();
    for kind in std::fs::read_dir(corpus().join(format)).unwrap() {
        for file in std::fs::read_dir(kind.unwrap().path()).unwrap() {
            fixtures.extend(replies(&file.unwrap().path()));
        }
    }
    fixtures.sort();
    for opening in [
        "[",
        "{\"x\":",
        "{\"error\":",
        "{\"type\":\"message_delta\",\"delta\":{\"x\":[",
    ] {
        let deep = opening.repeat(100_000);
        let _ = read(codec, &[b"data: ", deep.as_bytes(), b"\n\n"]);
        let _ = codec
            .reader(false)
            .whole(deep.as_bytes(), &mut Answer::default());
        let _ = codec.failure(400, deep.as_bytes());
        let _ = codec.models_page(deep.as_bytes());
    }
    let mut random = Xorshift::new(7);
    for round in 0..4_000 {
        let reply = fixtures.get(round % fixtures.len()).unwrap();
        let mut bytes = match round % 4 {
            0 => list.as_bytes().to_vec(),
            _ => reply.as_bytes().to_vec(),
        };
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len().max(1));
            let end = (at + random.below(20)).min(bytes.len());
            let noise = *NOISE.get(random.below(NOISE.len())).unwrap();
            match random.below(4) {
                0 => drop(bytes.splice(at..end, [])),
                1 => bytes.insert(at, noise),
                2 => bytes.extend_from_within(at..end),
                _ => bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte = noise),
            }
        }
        let (head, tail) = bytes.split_at(random.below(bytes.len() + 1));
        let whole = read_with_state(codec, &[&bytes]);
        assert_eq!(read_with_state(codec, &[head, tail]), whole);
        let _ = codec.reader(true).whole(&bytes, &mut Answer::default());
        let _ = codec.failure(400, &bytes);
        let _ = codec
            .models_page(&bytes)
            .map(|page| codec.newest_chat_model(&page.models).is_some());
        let json = bytes
            .iter()
            .position(|byte| *byte == b'{')
            .unwrap_or_default();
        let json = bytes.get(json..).unwrap();
        let _ = codec.reader(true).whole(json, &mut Answer::default());
    }
}
