#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::{Xorshift, cut};

/// Each event as `name|data`.
fn events(pieces: &[&[u8]]) -> Vec<String> {
    let mut parser = Parser::new(1 << 16);
    let mut seen = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while let Some(event) = parser.next_event(&mut rest).unwrap() {
            seen.push(format!("{}|{}", event.name, event.data));
        }
        assert!(rest.is_empty());
    }
    if let Some(event) = parser.finish() {
        seen.push(format!("{}|{}", event.name, event.data));
    }
    assert!(parser.finish().is_none());
    seen
}

fn assert_events(stream: &str, expected: &[&str]) {
    let bytes = stream.as_bytes();
    assert_eq!(events(&[bytes]), expected, "{stream:?} whole");
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(events(&[head, tail]), expected, "{stream:?} cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(events(&single), expected, "{stream:?} byte by byte");
}

#[test]
fn line_ends_comments_and_fields() {
    for end in ["\n", "\r\n", "\r"] {
        let stream =
            ": hi\n\nevent: a\ndata: 1\ndata:2\ndata:  3\n\ndata\n\nid: 7\nretry: 1\nother\n\n\
                          event: lost\n\n: x\ndata: größe 😀\n: y\n\ndata: [DONE]\n\n"
                .replace('\n', end);
        assert_events(&stream, &["a|1\n2\n 3", "|", "|größe 😀", "|[DONE]"]);
    }
    assert_events("data: a\r\n\r\n\r\n\rdata: b\r\r\n", &["|a", "|b"]);
}

#[test]
fn start_and_end_of_body() {
    assert_events("", &[]);
    assert_events("\n\n", &[]);
    assert_events("\u{feff}data: 1\n\n\u{feff}data: 2\n\n", &["|1"]);
    assert_events("\u{feff}\ndata: 1", &["|1"]);
    assert_events("data: 1\n\nevent: e\ndata: 2", &["|1", "e|2"]);
    assert_events("data: 1\ndata: 2\n", &["|1\n2"]);
    assert_events("event: e\n", &[]);
}

#[test]
fn invalid_utf8_is_replaced() {
    assert_eq!(events(&[b"data: a\xff\xfeb\n\n"]), ["|a\u{fffd}\u{fffd}b"]);
}

#[test]
fn done_and_blank_have_no_payload() {
    let payload = |data| Event { name: "", data }.payload();
    assert_eq!(payload("[DONE]"), None);
    assert_eq!(payload(" "), None);
    assert_eq!(payload("{}"), Some("{}"));
}

#[test]
fn the_limit_holds_however_the_stream_is_cut() {
    let refused = |limit: usize, stream: &[u8], size: usize| {
        let mut parser = Parser::new(limit);
        stream.chunks(size).any(|mut chunk| {
            loop {
                match parser.next_event(&mut chunk) {
                    Ok(Some(_)) => {}
                    Ok(None) => break false,
                    Err(failure) => break failure.class == ErrorKind::TooLarge,
                }
            }
        })
    };
    let many = b"data: 12\n".repeat(5);
    let fits = b": comment\ndata: 12\n\n".repeat(50);
    for size in [1, 2, 7, 1000] {
        assert!(refused(10, b"data: 12345678901\n\n", size));
        assert!(refused(10, &b"x".repeat(11), size));
        assert!(refused(30, &many, size));
        assert!(!refused(40, &many, size));
        assert!(!refused(10, &fits, size));
    }
}

#[test]
fn a_long_line_in_single_bytes_is_linear() {
    let mut parser = Parser::new(1 << 21);
    for byte in b"data: ".iter().chain(std::iter::repeat_n(&b'x', 1 << 20)) {
        assert!(
            parser
                .next_event(&mut std::slice::from_ref(byte))
                .unwrap()
                .is_none()
        );
    }
    assert_eq!(parser.finish().unwrap().data.len(), 1 << 20);
}

/// The same by the book: decoded first, then split into lines, all at once. Other than in the book an end without
/// a blank line closes the last event.
fn by_the_book(stream: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(stream);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut seen, mut name, mut data) = (Vec::new(), "", Vec::new());
    for line in text.split('\n').chain([""]) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => data.push(value),
            "event" => name = value,
            _ if line.is_empty() => {
                if !data.is_empty() {
                    seen.push(format!("{name}|{}", data.join("\n")));
                }
                (name, data) = ("", Vec::new());
            }
            _ => {}
        }
    }
    seen
}

#[test]
fn arbitrary_bytes_in_arbitrary_cuts_are_read_by_the_book() {
    let alphabet: [&[u8]; 18] = [
        b"data",
        b"event",
        b"data: ",
        b"event:",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"x",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xef\xbb",
        b"\xf0\x9f\x98\x80",
        b"\xf0\x9f",
        b"\xff",
        b"[DONE]",
    ];
    let mut random = Xorshift::new(1);
    let mut count = 0;
    for _ in 0..3000 {
        let stream: Vec<u8> = (0..random.below(40))
            .flat_map(|_| *alphabet.get(random.below(alphabet.len())).unwrap())
            .copied()
            .collect();
        let expected = by_the_book(&stream);
        assert_eq!(events(&[&stream]), expected, "{stream:?}");
        let pieces = cut(&mut random, &stream);
        assert_eq!(events(&pieces), expected, "{pieces:?}");
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(events(&single), expected, "{stream:?}");
        count += expected.len();
    }
    assert!(count > 500, "{count} events: the alphabet is too poor");
}
