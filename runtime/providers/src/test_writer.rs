//! Answers made up at random and written as each provider streams them: a codec must read what was written, however it
//! is written and cut.
//!
//! Never here: what providers do beside that (the codecs' own tests).

#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use super::anthropic::Messages;
use super::google::GenerateContent;
use super::openai::Responses;
use super::openai::chat_completions::PLAIN;
use super::test_streams::{Xorshift, call, read, read_with_state};
use super::{Answer, Codec, Finish, Usage};

/// Writes the payloads of an answer's events, and corrects it in what the format cannot say.
type Writer = fn(&mut Xorshift, &mut Answer) -> Vec<String>;

const ROUNDS: usize = 100;

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
        cost_usd: None,
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

/// A text in pieces, each written as JSON. Some are empty.
fn pieces(random: &mut Xorshift, text: &str) -> Vec<String> {
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
fn mixed(random: &mut Xorshift, lists: Vec<Vec<String>>) -> Vec<String> {
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
fn deltas(
    random: &mut Xorshift,
    said: &Answer,
    event: impl Fn(usize, &str) -> String,
) -> Vec<String> {
    let calls = said.tool_calls.iter().map(|call| &call.arguments);
    let texts = [&said.reasoning, &said.text].into_iter().chain(calls);
    let mut lists = Vec::new();
    for (kind, text) in texts.enumerate() {
        let pieces = pieces(random, text);
        lists.push(pieces.iter().map(|piece| event(kind, piece)).collect());
    }
    mixed(random, lists)
}

fn native(said: &mut Answer, words: [&'static str; 4]) -> &'static str {
    let [stop, length, calls, filter] = words;
    let native = match said.finish.unwrap() {
        Finish::Length => length,
        Finish::ToolCalls => calls,
        Finish::ContentFilter => filter,
        _ => stop,
    };
    said.native_finish = Some(native.to_owned());
    native
}

fn usage(said: &Answer) -> [u64; 6] {
    let usage = &said.usage;
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

fn responses(random: &mut Xorshift, said: &mut Answer) -> Vec<String> {
    let calls = said.tool_calls.iter().enumerate();
    let begun = calls.map(|(at, call)| {
        format!(
            r#"{{"type":"response.output_item.added","output_index":{},"item":{{"type":"function_call","call_id":"{}","name":"{}","arguments":""}}}}"#,
            at + 2,
            call.id,
            call.name
        )
    });
    let mut events: Vec<String> = begun.collect();
    events.extend(deltas(random, said, |kind, piece| {
        let word = match kind {
            0 => "reasoning_summary_text",
            1 => "output_text",
            _ => "function_call_arguments",
        };
        format!(r#"{{"type":"response.{word}.delta","output_index":{kind},"delta":{piece}}}"#)
    }));
    let [input, output, reasoned, cached, written, total] = usage(said);
    let word = native(
        said,
        [
            "completed",
            "max_output_tokens",
            "completed",
            "content_filter",
        ],
    );
    let status = match word {
        "completed" => word,
        _ => "incomplete",
    };
    events.push(format!(
        r#"{{"type":"response.{status}","response":{{"id":"r-1","model":"m-1","status":"{status}","incomplete_details":{{"reason":"{word}"}},"usage":{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":{cached},"cache_write_tokens":{written}}},"output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":{reasoned}}},"total_tokens":{total}}}}}}}"#
    ));
    events
}

fn chat_completions(random: &mut Xorshift, said: &mut Answer) -> Vec<String> {
    let chunk = |delta: &str| {
        format!(r#"{{"id":"r-1","model":"m-1","choices":[{{"index":0,"delta":{{{delta}}}}}]}}"#)
    };
    let calls = said.tool_calls.iter().enumerate();
    let begun = calls.map(|(at, call)| {
        chunk(&format!(
            r#""tool_calls":[{{"index":{at},"id":"{}","function":{{"name":"{}","arguments":""}}}}]"#,
            call.id, call.name
        ))
    });
    let mut events: Vec<String> = begun.collect();
    events.extend(deltas(random, said, |kind, piece| {
        match kind.checked_sub(2) {
            None if kind == 0 => chunk(&format!(r#""reasoning_content":{piece}"#)),
            None => chunk(&format!(r#""content":{piece}"#)),
            Some(at) => chunk(&format!(
                r#""tool_calls":[{{"index":{at},"function":{{"arguments":{piece}}}}}]"#
            )),
        }
    }));
    said.usage.cost_usd = Some(0.125);
    let [input, output, reasoned, cached, written, total] = usage(said);
    let word = native(said, ["stop", "length", "tool_calls", "content_filter"]);
    events.push(format!(
        r#"{{"choices":[{{"delta":{{}},"finish_reason":"{word}"}}]}}"#
    ));
    events.push(format!(
        r#"{{"choices":[],"usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{total},"cost":0.125,"prompt_tokens_details":{{"cached_tokens":{cached},"cache_write_tokens":{written}}},"completion_tokens_details":{{"reasoning_tokens":{reasoned}}}}}}}"#
    ));
    events.push("[DONE]".to_owned());
    events
}

fn messages(random: &mut Xorshift, said: &mut Answer) -> Vec<String> {
    let [input, output, reasoned, cached, written, _] = usage(said);
    said.usage.total_tokens = Some(input + output);
    let fresh = input - cached - written;
    let mut events = vec![
        format!(
            r#"{{"type":"message_start","message":{{"id":"r-1","model":"m-1","usage":{{"input_tokens":{fresh},"cache_read_input_tokens":{cached},"cache_creation_input_tokens":{written},"output_tokens":1}}}}}}"#
        ),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#.to_owned(),
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#.to_owned(),
    ];
    for (at, call) in said.tool_calls.iter().enumerate() {
        events.push(format!(
            r#"{{"type":"content_block_start","index":{},"content_block":{{"type":"tool_use","id":"{}","name":"{}","input":{{}}}}}}"#,
            at + 2,
            call.id,
            call.name
        ));
    }
    events.extend(deltas(random, said, |kind, piece| {
        let (word, member) = match kind {
            0 => ("thinking_delta", "thinking"),
            1 => ("text_delta", "text"),
            _ => ("input_json_delta", "partial_json"),
        };
        format!(
            r#"{{"type":"content_block_delta","index":{kind},"delta":{{"type":"{word}","{member}":{piece}}}}}"#
        )
    }));
    let word = native(said, ["end_turn", "max_tokens", "tool_use", "refusal"]);
    events.push(format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":"{word}"}},"usage":{{"output_tokens":{output},"output_tokens_details":{{"thinking_tokens":{reasoned}}}}}}}"#
    ));
    events.push(r#"{"type":"message_stop"}"#.to_owned());
    events
}

fn generate_content(random: &mut Xorshift, said: &mut Answer) -> Vec<String> {
    said.usage.cache_write_tokens = Some(0);
    let [input, output, reasoned, cached, _, total] = usage(said);
    said.usage.cache_write_tokens = None;
    let thoughts = pieces(random, &said.reasoning);
    let thoughts = thoughts
        .iter()
        .map(|piece| format!(r#"{{"text":{piece},"thought":true}}"#));
    let texts = pieces(random, &said.text);
    let texts = texts.iter().map(|piece| format!(r#"{{"text":{piece}}}"#));
    let calls = said.tool_calls.iter().map(|call| {
        let (id, name, arguments) = (&call.id, &call.name, &call.arguments);
        format!(r#"{{"functionCall":{{"id":"{id}","name":"{name}","args":{arguments}}}}}"#)
    });
    let lists = vec![thoughts.collect(), texts.collect(), calls.collect()];
    let parts = mixed(random, lists);
    let chunks = parts.chunks(1 + random.below(3)).map(|parts| {
        let parts = parts.join(",");
        format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}}}}],"responseId":"r-1"}}"#)
    });
    let mut events: Vec<String> = chunks.collect();
    let visible = output - reasoned;
    let word = native(said, ["STOP", "MAX_TOKENS", "STOP", "SAFETY"]);
    events.push(format!(
        r#"{{"candidates":[{{"content":{{"parts":[]}},"finishReason":"{word}"}}],"modelVersion":"m-1","usageMetadata":{{"promptTokenCount":{input},"candidatesTokenCount":{visible},"thoughtsTokenCount":{reasoned},"cachedContentTokenCount":{cached},"totalTokenCount":{total}}}}}"#
    ));
    events
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

/// The bytes in up to nine pieces.
pub(super) fn cut<'b>(random: &mut Xorshift, bytes: &'b [u8]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for _ in 0..random.below(9) {
        let (head, tail) = rest.split_at(random.below(rest.len() + 1));
        pieces.push(head);
        rest = tail;
    }
    pieces.push(rest);
    pieces
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

#[track_caller]
fn assert_comes_back(codec: &dyn Codec, write: Writer, is_loose: bool) {
    let mut random = Xorshift::new(11);
    for _ in 0..ROUNDS {
        let mut said = made_up(&mut random, is_loose);
        let events = write(&mut random, &mut said);
        let stream = stream(&mut random, &events);
        let bytes = stream.as_bytes();
        let in_pieces = cut(&mut random, bytes);
        let whole = read(codec, &[bytes]);
        assert_eq!(whole.1, Ok(()), "{stream:?}");
        assert_eq!(plain(whole.0.clone()), said, "{stream:?}");
        assert_eq!(read(codec, &in_pieces), whole, "{stream:?}");
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(codec, &single), whole, "{stream:?}");
        let kept = read_with_state(codec, &[bytes]);
        assert_eq!(plain(kept.0.clone()), said, "{stream:?}");
        assert_eq!(read_with_state(codec, &in_pieces), kept, "{stream:?}");
        // What has come before an end too early is a beginning of it.
        let early = bytes.get(..random.below(bytes.len())).unwrap();
        let early = read(codec, &[early]).0;
        assert!(said.text.starts_with(&early.text), "{stream:?}");
        assert!(said.reasoning.starts_with(&early.reasoning), "{stream:?}");
    }
}

#[test]
fn responses_come_back() {
    assert_comes_back(&Responses, responses, true);
}

#[test]
fn chat_completions_come_back() {
    assert_comes_back(&PLAIN, chat_completions, true);
}

#[test]
fn messages_come_back() {
    assert_comes_back(&Messages, messages, true);
}

/// Its arguments are JSON in JSON, so there are none that are not.
#[test]
fn generated_content_comes_back() {
    assert_comes_back(&GenerateContent, generate_content, false);
}
