//! What the tests of all codecs share: streams cut in every way, and a small random generator.

#![allow(clippy::unwrap_used)]

use super::sse::Parser;
use super::{
    Answer, Capability, ChatRequest, Codec, Encoding, Failure, Media, Message, Model, Role, Source,
    Tool, ToolCall,
};

/// Reads a stream that arrives in these pieces.
pub(super) fn read(codec: &dyn Codec, pieces: &[&[u8]]) -> (Answer, Result<(), Failure>) {
    let (answer, result, _) = read_into(false, codec, pieces);
    (answer, result)
}

/// The same, the state being wanted.
pub(super) fn read_with_state(
    codec: &dyn Codec,
    pieces: &[&[u8]],
) -> (Answer, Result<(), Failure>) {
    let (answer, result, _) = read_into(true, codec, pieces);
    (answer, result)
}

/// The length of the state, as the reader of this stream counts it at the end.
pub(super) fn state_length(codec: &dyn Codec, stream: &str) -> usize {
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
    if answer.complete {
        reader.end(&mut answer);
    }
    (answer, result, reader.state_length())
}

/// What a stream says, having made sure that it says the same however it is cut and written.
pub(super) fn outcome(codec: &dyn Codec, stream: &str) -> (Answer, Result<(), Failure>) {
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
pub(super) fn answer(codec: &dyn Codec, stream: &str) -> Answer {
    let (answer, result) = outcome(codec, stream);
    result.unwrap();
    answer
}

/// The same with the state, which does not depend on the cuts either.
pub(super) fn answer_with_state(codec: &dyn Codec, stream: &str) -> Answer {
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

/// Every beginning of a good stream, up to where its closing event is whole, is truncated; none
/// makes up text.
pub(super) fn assert_truncations(codec: &dyn Codec, stream: &str) {
    let whole = answer(codec, stream);
    for cut in 0..stream.trim_end().len() {
        let (answer, _) = read_with_state(codec, &[stream.as_bytes().get(..cut).unwrap()]);
        assert!(!answer.complete, "cut at {cut}");
        assert!(whole.text.starts_with(&answer.text), "cut at {cut}");
        for (call, whole) in answer.tool_calls.iter().zip(&whole.tool_calls) {
            assert!(whole.arguments.starts_with(&call.arguments), "cut at {cut}");
        }
    }
}

const NOISE: &[u8] = b"{}[]\",:0-e\\u\n\r\xff\xf0 tn9<.";

/// Mangled streams and bodies, and very deep ones, never panic.
pub(super) fn fuzz(codec: &dyn Codec, fixtures: &[&str]) {
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

pub(super) fn conversation(messages: &[(Role, &str)]) -> Vec<Message> {
    messages
        .iter()
        .map(|(role, text)| Message::text(*role, *text))
        .collect()
}

/// A call of a tool.
pub(super) fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    }
}

/// The assistant wants tools to be called.
pub(super) fn called(text: &str, calls: &[ToolCall]) -> Message {
    Message {
        tool_calls: calls.to_vec(),
        ..Message::text(Role::Assistant, text)
    }
}

/// What a tool has returned.
pub(super) fn result(id: &str, text: &str) -> Message {
    Message {
        tool_call_id: Some(id.to_owned()),
        ..Message::text(Role::Tool, text)
    }
}

/// An image or a file.
pub(super) fn file(mime_type: &str, source: Source, name: Option<&str>) -> Media {
    Media {
        source,
        mime_type: mime_type.to_owned(),
        is_image: mime_type.starts_with("image/"),
        name: name.map(str::to_owned),
    }
}

pub(super) fn request(model: &str, messages: &[(Role, &str)]) -> ChatRequest {
    ChatRequest {
        model: model.to_owned(),
        messages: conversation(messages).into(),
        ..ChatRequest::default()
    }
}

/// A picture, a file at hand and one at an address.
pub(super) fn media() -> [Media; 3] {
    let data = |mime_type, data: &str| file(mime_type, Source::Data(data.to_owned()), None);
    [
        data("image/png", "iVBORw0="),
        Media {
            name: Some("a.pdf".to_owned()),
            ..data("application/pdf", "JVBERi0=")
        },
        Media {
            source: Source::Url("https://example.com/a.pdf".to_owned()),
            ..data("application/pdf", "")
        },
    ]
}

/// The assistant's call of a tool, and what came back.
pub(super) fn call_and_result(arguments: &str, result: &str) -> [Message; 2] {
    let call = call("call_1", "weather", arguments);
    [called("", &[call]), self::result("call_1", result)]
}

/// A tool as callers describe it.
pub(super) fn weather() -> Tool {
    let parameters =
        serde_json::json!({"type": "object", "properties": {"city": {"type": "string"}}});
    Tool {
        name: "weather".to_owned(),
        description: Some("Look up weather".to_owned()),
        parameters: parameters.as_object().unwrap().clone(),
        strict: None,
    }
}

/// The calls of an answer: id, name, arguments.
pub(super) fn calls(answer: &Answer) -> Vec<(&str, &str, &str)> {
    let calls = answer.tool_calls.iter();
    calls.map(|c| (&*c.id, &*c.name, &*c.arguments)).collect()
}

/// The body that a codec sends for a chat.
pub(super) fn body(codec: &dyn Codec, request: &ChatRequest) -> serde_json::Value {
    serde_json::from_slice(&codec.chat(request, Encoding::default()).body).unwrap()
}

/// The id that a codec picks out of a list body.
pub(super) fn newest(codec: &dyn Codec, list: &str) -> Option<String> {
    let page = codec.models_page(list.as_bytes()).unwrap();
    codec
        .newest_chat_model(&page.models)
        .map(|model| model.id.clone())
}

/// A deterministic random generator, good enough to vary tests.
pub(super) struct Xorshift(u64);

impl Xorshift {
    pub(super) fn new(seed: u64) -> Self {
        Xorshift(seed)
    }

    /// A number below `bound`; 0 if that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33)
            .unwrap()
            .checked_rem(bound)
            .unwrap_or_default()
    }
}

/// An entry of a model list, of which only the name is known.
pub(super) fn named_model(id: &str, chat: bool) -> Model {
    Model {
        id: id.into(),
        chat,
        ..Model::default()
    }
}

/// Those that are known to be there, and those that are known not to be.
pub(super) fn known_abilities(model: &Model) -> (Vec<Capability>, Vec<Capability>) {
    let of = |wanted| {
        let all = Capability::ALL.into_iter();
        all.filter(|&it| model.has(it) == Some(wanted)).collect()
    };
    (of(true), of(false))
}
