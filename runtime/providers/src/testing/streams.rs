//! Reading streams that arrive in pieces, are cut short, or are noise.

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

/// The length of the state, as the reader of this stream counts it at the end.
pub(crate) fn state_length(codec: &dyn Codec, stream: &str) -> usize {
    read_into(true, codec, &[stream.as_bytes()]).2
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

/// What a stream says, having made sure that it says the same however it is cut and written.
pub(crate) fn outcome(codec: &dyn Codec, stream: &str) -> (Answer, Result<(), Failure>) {
    let expected = read(codec, &[stream.as_bytes()]);
    let commented = stream.replace("\n\n", "\n\n: keep-alive\n\n");
    // A line break between tokens of the JSON, as two data lines.
    let in_two_lines = stream.replace("data: {\"", "data: {\ndata: \"");
    let variants = [
        stream.to_owned(),
        stream.replace('\n', "\r\n"),
        stream.replace('\n', "\r"),
        stream.trim_end().to_owned(),
        format!("\u{feff}{commented}data: [DONE]\n\n"),
        in_two_lines,
    ];
    for variant in &variants {
        let bytes = variant.as_bytes();
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(
                read(codec, &[head, tail]),
                expected,
                "{variant:?} cut at {cut}"
            );
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(codec, &single), expected, "{variant:?} byte by byte");
    }
    expected
}

/// The answer of a stream that goes well.
pub(crate) fn answer(codec: &dyn Codec, stream: &str) -> Answer {
    let (answer, result) = outcome(codec, stream);
    result.unwrap();
    answer
}

/// The same with the state, which does not depend on the cuts either.
pub(crate) fn answer_with_state(codec: &dyn Codec, stream: &str) -> Answer {
    let expected = read_with_state(codec, &[stream.as_bytes()]);
    for cut in 0..=stream.len() {
        let (head, tail) = stream.as_bytes().split_at(cut);
        let read = read_with_state(codec, &[head, tail]);
        assert_eq!(read, expected, "cut at {cut}");
    }
    expected.1.unwrap();
    let answer = expected.0;
    // It changes nothing else.
    let without = Answer {
        state: Vec::new(),
        ..answer.clone()
    };
    assert_eq!(without, read(codec, &[stream.as_bytes()]).0);
    answer
}

/// Every beginning of a good stream, up to where its finish reason or its closing event is whole, is truncated; none makes
/// up text.
pub(crate) fn assert_truncations(codec: &dyn Codec, stream: &str) {
    let whole = answer(codec, stream);
    for cut in 0..stream.trim_end().len() {
        let (answer, _) = read_with_state(codec, &[stream.as_bytes().get(..cut).unwrap()]);
        let is_ended = answer.native_finish.is_some();
        assert!(!answer.complete || is_ended, "cut at {cut}");
        assert!(whole.text.starts_with(&answer.text), "cut at {cut}");
        for (call, whole) in answer.tool_calls.iter().zip(&whole.tool_calls) {
            assert!(whole.arguments.starts_with(&call.arguments), "cut at {cut}");
        }
    }
}

const NOISE: &[u8] = b"{}[]\",:0-e\\u\n\r\xff\xf0 tn9<.";

/// Mangled streams and bodies, and very deep ones, never panic.
pub(crate) fn fuzz(codec: &dyn Codec, fixtures: &[&str]) {
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
    for round in 0..2_000 {
        let mut bytes = fixtures
            .get(round % fixtures.len())
            .unwrap()
            .as_bytes()
            .to_vec();
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

/// The calls of an answer: id, name, arguments.
pub(crate) fn calls(answer: &Answer) -> Vec<(&str, &str, &str)> {
    let calls = answer.tool_calls.iter();
    calls.map(|c| (&*c.id, &*c.name, &*c.arguments)).collect()
}
