//! The target for the providers' wire formats: from bytes to an answer.
//!
//! Never here: what a format's stream means (the tests in `anygpt-providers`).

use std::sync::atomic::Ordering;

use anygpt_providers::{Answer, Codec, Failure, LARGEST_STATE, presets::PRESETS, sse};

use crate::{choices::Choices, driver::SHOW, target::sizes};

/// Longest event, in bytes.
const LIMITS: [usize; 4] = [1 << 20, 64, 300, 5000];

/// A stream, and the same bytes as a whole reply. The first bytes choose a provider, whether the state is wanted, the
/// longest event and the pieces; the rest is the stream as it is. It must give the same answer in any pieces, of a size in
/// proportion to the stream.
pub fn reader(data: &[u8]) {
    let mut c = Choices::new(data);
    let codecs: Vec<&dyn Codec> = PRESETS
        .iter()
        .filter_map(|preset| preset.dialect.codec())
        .collect();
    let codec = c.one_of(&codecs);
    let wants_state = c.rarely(2);
    let limit = c.one_of(&LIMITS);
    let mut sizes = sizes(&mut c);
    let stream = c.rest();

    let whole = read(codec, wants_state, limit, stream, &mut || usize::MAX);
    if SHOW.load(Ordering::Relaxed) {
        eprintln!("> {}\n< {whole:#?}", stream.escape_ascii());
    }
    let cut = read(codec, wants_state, limit, stream, &mut sizes);
    assert_eq!(cut, whole, "in pieces, and whole");
    let plain = read(codec, false, limit, stream, &mut || usize::MAX);
    if plain.result.is_ok() && whole.result.is_ok() {
        let (with, without) = (&whole.answer.text, &plain.answer.text);
        assert_eq!(with, without, "with and without the state");
    }
    as_replies(codec, wants_state, stream);
}

/// What came of a stream.
#[derive(Debug, PartialEq)]
struct Outcome {
    answer: Answer,
    result: Result<(), Failure>,
    state_length: usize,
}

fn read(
    codec: &dyn Codec,
    wants_state: bool,
    limit: usize,
    stream: &[u8],
    sizes: &mut dyn FnMut() -> usize,
) -> Outcome {
    let mut answer = Answer::default();
    let mut reader = codec.reader(wants_state);
    let mut parser = sse::Parser::new(limit);
    let mut result = Ok(());
    let mut rest = stream;
    'stream: while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(sizes().min(rest.len()));
        rest = after;
        loop {
            let event = match parser.next_event(&mut piece) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(failure) => {
                    result = Err(failure);
                    break 'stream;
                }
            };
            let _ = reader.is_opening(&event);
            result = reader.event(&event, &mut answer);
            if result.is_err() || answer.complete {
                break 'stream;
            }
        }
        assert!(parser.held() <= 64 + 8 * limit, "{}", parser.held());
        check_size(&answer, reader.state_length(), stream.len());
    }
    if result.is_ok()
        && !answer.complete
        && let Some(event) = parser.finish()
    {
        result = reader.event(&event, &mut answer);
    }
    reader.end(&mut answer);
    check_size(&answer, reader.state_length(), stream.len());
    Outcome {
        state_length: reader.state_length(),
        answer,
        result,
    }
}

/// An answer is in proportion to what has arrived. Each byte that is not UTF-8 becomes three; a call gets an id of its own.
fn check_size(answer: &Answer, state: usize, length: usize) {
    let most = 1000 + 40 * answer.tool_calls.len() + 4 * length;
    assert!(answer.held() <= most, "{} of {length}", answer.held());
    // A tree takes more than its text, and one piece may still be on its way.
    assert!(state <= 2 * LARGEST_STATE, "{state}");
}

/// Whatever a reply is meant to be, reading it ends.
fn as_replies(codec: &dyn Codec, wants_state: bool, body: &[u8]) {
    let mut answer = Answer::default();
    let mut reader = codec.reader(wants_state);
    if reader.whole(body, &mut answer).is_ok() {
        check_size(&answer, reader.state_length(), body.len());
    }
    let failure = codec.failure(400, body);
    assert!(failure.message.get(failure.outside.clone()).is_some());
    if let Ok(page) = codec.models_page(body) {
        let _ = codec.newest_chat_model(&page.models);
    }
    let _ = codec.embeddings(body, 1);
    let _ = codec.generated_images(body);
    let _ = anygpt_providers::read_count(body);
}
