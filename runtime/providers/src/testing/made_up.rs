//! Answers made up at random, which each format's tests write as its provider streams them: a codec must read what was
//! written, however it is written and cut.

use std::fmt::Write;

use super::random::{Xorshift, cut};
use super::requests::call;
use super::streams::{read, read_with_state};
use crate::*;

/// Writes the payloads of an answer's events, and corrects it in what the format cannot say.
pub(crate) type Writer = fn(&mut Xorshift, &mut Answer) -> Vec<String>;

const ROUNDS: usize = 100;

#[track_caller]
pub(crate) fn assert_comes_back(codec: &dyn Codec, write: Writer, is_loose: bool) {
    let mut random = Xorshift::new(11);
    for _ in 0..ROUNDS {
        let mut expected = made_up(&mut random, is_loose);
        let events = write(&mut random, &mut expected);
        let stream = stream(&mut random, &events);
        let bytes = stream.as_bytes();
        let in_pieces = cut(&mut random, bytes);
        let whole = read(codec, &[bytes]);
        assert_eq!(whole.1, Ok(()), "{stream:?}");
        assert_eq!(plain(whole.0.clone()), expected, "{stream:?}");
        assert_eq!(read(codec, &in_pieces), whole, "{stream:?}");
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(codec, &single), whole, "{stream:?}");
        let kept = read_with_state(codec, &[bytes]);
        assert_eq!(plain(kept.0.clone()), expected, "{stream:?}");
        assert_eq!(read_with_state(codec, &in_pieces), kept, "{stream:?}");
        // What has come before an end too early is a beginning of it.
        let early = bytes.get(..random.below(bytes.len())).unwrap();
        let early = read(codec, &[early]).0;
        assert!(expected.text.starts_with(&early.text), "{stream:?}");
        assert!(
            expected.reasoning.starts_with(&early.reasoning),
            "{stream:?}"
        );
    }
}

/// An answer. Arguments that are no JSON are among it if `is_loose`.
fn made_up(random: &mut Xorshift, is_loose: bool) -> Answer {
    let mut calls = Vec::new();
    for number in 0..random.below(4) {
        let arguments = match random.below(4) {
            0 if is_loose => format!("x{}", words(random)),
            _ => object(random),
        };
        calls.push(call(&format!("id_{number}"), "look_up", &arguments));
    }
    let finish = match (calls.len(), random.below(3)) {
        (0, 0) => Finish::Stop,
        (0, 1) => Finish::ContentFilter,
        (_, 0 | 1) => Finish::Length,
        (0, _) => Finish::Stop,
        _ => Finish::ToolCalls,
    };
    let mut count = || u64::try_from(random.below(1 << 20)).unwrap();
    let (cached, written, reasoned) = (count(), count(), count());
    let usage = Usage {
        input_tokens: Some(cached + written + count()),
        output_tokens: Some(reasoned + count()),
        reasoning_tokens: Some(reasoned),
        cached_input_tokens: Some(cached),
        cache_write_tokens: Some(written),
        total_tokens: Some(count()),
        ..Usage::default()
    };
    Answer {
        text: words(random),
        reasoning: words(random),
        model: Some("m-1".to_owned()),
        response_id: Some("r-1".to_owned()),
        finish: Some(finish),
        usage,
        complete: true,
        tool_calls: calls,
        ..Answer::default()
    }
}

/// What texts are made of: whatever a line, JSON or a mark could be broken by. Without its end `<think` is text.
const WORDS: [&str; 26] = [
    "a",
    "ß",
    "😀",
    "\u{10ffff}",
    "\u{e000}",
    "e\u{301}",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\u{8}",
    "\u{c}",
    "\"",
    "\\",
    "\\u0041",
    "/",
    "\0",
    "\u{1f}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "{}",
    "[DONE]",
    "data: ",
    "<think",
];

fn words(random: &mut Xorshift) -> String {
    let count = random.below(12);
    let word = |_| *WORDS.get(random.below(WORDS.len())).unwrap();
    (0..count).map(word).collect()
}

/// A string of JSON, each letter in one of the ways to write it.
fn quoted(random: &mut Xorshift, text: &str) -> String {
    let mut json = String::from("\"");
    for letter in text.chars() {
        let short = match letter {
            '"' | '\\' | '/' => Some(letter),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            _ => None,
        };
        let is_plain = letter >= ' ' && letter != '"' && letter != '\\';
        match (short, random.below(3)) {
            (Some(short), 0) => json.extend(['\\', short]),
            (_, 0 | 1) if is_plain => json.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(json, "\\u{unit:04x}").unwrap();
                }
            }
        }
    }
    json.push('"');
    json
}

/// An object, as text.
fn object(random: &mut Xorshift) -> String {
    let mut members = Vec::new();
    for number in 0..random.below(4) {
        let text = words(random);
        let value = match random.below(4) {
            0 => "-1.50e+3".to_owned(),
            1 => format!("[ null,{{\"x\": {}}}]", quoted(random, &text)),
            _ => quoted(random, &text),
        };
        members.push(format!("\"{number}\" :{value}"));
    }
    format!("{{{}}}", members.join(", "))
}

/// A text in pieces, each written as JSON. Some are empty.
pub(crate) fn pieces(random: &mut Xorshift, text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for letter in text.chars() {
        if random.below(5) == 0 {
            pieces.push(String::new());
        }
        pieces.last_mut().unwrap().push(letter);
    }
    pieces.iter().map(|piece| quoted(random, piece)).collect()
}

/// All of them, each list in its own order.
pub(crate) fn mixed(random: &mut Xorshift, lists: Vec<Vec<String>>) -> Vec<String> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut mixed = Vec::new();
    while !lists.is_empty() {
        let at = random.below(lists.len());
        match lists.get_mut(at).unwrap().next() {
            Some(item) => mixed.push(item),
            None => drop(lists.swap_remove(at)),
        }
    }
    mixed
}

/// The pieces of text, of reasoning and of each call's arguments, mixed; `event` makes one out of its kind and the
/// piece: 0 is reasoning, 1 is text, and the calls follow.
pub(crate) fn deltas(
    random: &mut Xorshift,
    expected: &Answer,
    event: impl Fn(usize, &str) -> String,
) -> Vec<String> {
    let calls = expected.tool_calls.iter().map(|call| &call.arguments);
    let texts = [&expected.reasoning, &expected.text]
        .into_iter()
        .chain(calls);
    let mut lists = Vec::new();
    for (kind, text) in texts.enumerate() {
        let pieces = pieces(random, text);
        lists.push(pieces.iter().map(|piece| event(kind, piece)).collect());
    }
    mixed(random, lists)
}

pub(crate) fn native(expected: &mut Answer, words: [&'static str; 4]) -> &'static str {
    let [stop, length, calls, filter] = words;
    let native = match expected.finish.unwrap() {
        Finish::Length => length,
        Finish::ToolCalls => calls,
        Finish::ContentFilter => filter,
        _ => stop,
    };
    expected.native_finish = Some(native.to_owned());
    native
}

pub(crate) fn usage(expected: &Answer) -> [u64; 6] {
    let usage = &expected.usage;
    [
        usage.input_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.total_tokens,
    ]
    .map(Option::unwrap)
}

/// The stream of these payloads, in one of the ways to write it.
fn stream(random: &mut Xorshift, events: &[String]) -> String {
    let end = *["\n", "\r\n", "\r"].get(random.below(3)).unwrap();
    let mut stream = String::new();
    for event in events {
        stream.push_str(match random.below(4) {
            0 => ": keep-alive\n\n",
            1 => "id: 7\nevent: some\n",
            _ => "",
        });
        let space = if random.below(2) == 0 { "" } else { " " };
        write!(stream, "data:{space}{event}\n\n").unwrap();
    }
    let stream = stream.replace('\n', end);
    match random.below(4) {
        0 => stream.trim_end().to_owned(),
        _ => stream,
    }
}

/// What people see of an answer.
fn plain(answer: Answer) -> Answer {
    Answer {
        text: answer.text,
        reasoning: answer.reasoning,
        model: answer.model,
        response_id: answer.response_id,
        finish: answer.finish,
        native_finish: answer.native_finish,
        usage: answer.usage,
        citations: answer.citations,
        complete: answer.complete,
        tool_calls: answer.tool_calls,
        ..Answer::default()
    }
}
