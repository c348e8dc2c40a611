//! The targets for the providers' wire formats, one per format: from bytes to an answer.
//!
//! Never here: what a format's stream means (the tests in `anygpt-providers`).

use std::sync::atomic::Ordering;

use anygpt_providers::{
    Answer, Codec, Dialect, LARGEST_STATE, anthropic, google, openai, presets::PRESETS,
};
use anygpt_tests::reading::Reading;

use crate::{choices::Choices, driver::SHOW, target::sizes};

/// Longest event, in bytes.
const LIMITS: [usize; 4] = [1 << 20, 64, 300, 5000];

/// Chat Completions, in any service's variant.
pub fn chat(data: &[u8]) {
    let codecs: Vec<&dyn Codec> = PRESETS
        .iter()
        .filter(|preset| matches!(preset.dialect, Dialect::Compatible(_)))
        .filter_map(|preset| preset.dialect.codec())
        .collect();
    reader(&codecs, data);
}

/// OpenAI's Responses.
pub fn responses(data: &[u8]) {
    reader(&[&openai::Responses], data);
}

/// Anthropic's Messages.
pub fn anthropic(data: &[u8]) {
    reader(&[&anthropic::Messages], data);
}

/// Google's generateContent.
pub fn google(data: &[u8]) {
    reader(&[&google::GenerateContent], data);
}

/// The input that has a reply of the corpus as its stream, with the simplest choices.
pub fn seed(reply: &[u8]) -> Vec<u8> {
    [&[0; 8], reply].concat()
}

/// A stream, and the same bytes as a whole reply. The first bytes choose a codec, whether the state is wanted, the
/// longest event and the pieces; the rest is the stream as it is. It must give the same answer in any pieces, of a size in
/// proportion to the stream.
fn reader(codecs: &[&dyn Codec], data: &[u8]) {
    let mut c = Choices::new(data);
    let codec = c.one_of(codecs);
    let wants_state = c.rarely(2);
    let reading = Reading {
        codec,
        wants_state,
        limit: c.one_of(&LIMITS),
    };
    let mut sizes = sizes(&mut c);
    let stream = c.rest();
    let read = |reading: Reading<'_>, sizes: &mut dyn FnMut() -> usize| {
        reading.read(stream, sizes, &mut |answer, state, held| {
            assert!(held <= 64 + 8 * reading.limit, "{held}");
            check_size(answer, state, stream.len());
        })
    };

    let whole = read(reading, &mut || usize::MAX);
    if SHOW.load(Ordering::Relaxed) {
        eprintln!("> {}\n< {whole:#?}", stream.escape_ascii());
    }
    let cut = read(reading, &mut sizes);
    assert_eq!(cut, whole, "in pieces, and whole");
    let without = Reading {
        wants_state: false,
        ..reading
    };
    let plain = read(without, &mut || usize::MAX);
    if plain.result.is_ok() && whole.result.is_ok() {
        let (with, without) = (&whole.answer.text, &plain.answer.text);
        assert_eq!(with, without, "with and without the state");
    }
    as_replies(codec, wants_state, stream);
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
