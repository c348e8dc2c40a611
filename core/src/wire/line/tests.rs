use alloc::{string::String, vec};

use super::*;

/// Feeds the pieces one after another and tells what came out, `!` before over-long lines.
fn cut(limit: usize, budget: usize, pieces: &[&[u8]]) -> Vec<String> {
    let mut lines = Lines::new(limit, &Budget::new(budget));
    let mut seen = Vec::new();
    let mut show = |line: Line<'_>| {
        let (mark, bytes) = match line {
            Line::Whole(bytes, _) => ("", bytes),
            Line::TooLong(bytes) => ("!", bytes),
        };
        seen.push(String::from(mark) + &String::from_utf8_lossy(bytes));
    };
    for piece in pieces {
        let mut input = Input::new(piece);
        while let Some(line) = lines.next(&mut input) {
            show(line);
        }
        assert!(input.bytes.is_empty());
    }
    if let Some(line) = lines.finish() {
        show(line);
    }
    seen
}

#[test]
fn every_way_to_cut_the_input_gives_the_same_lines() {
    let input: &[u8] = b"one\n\ntwo and more\r\nthree";
    let whole = vec!["one", "", "two and more\r", "three"];
    for first in 0..=input.len() {
        for second in first..=input.len() {
            let pieces = [&input[..first], &input[first..second], &input[second..]];
            assert_eq!(cut(100, 1000, &pieces), whole);
        }
    }
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(cut(100, 1000, &bytes), whole);
}

#[test]
fn a_line_is_text_if_it_is_valid_whatever_stands_around_it() {
    let mut input = Vec::new();
    for length in [
        0,
        1,
        15,
        16,
        47,
        64,
        65,
        500,
        CHECKED - 1,
        CHECKED,
        3 * CHECKED,
    ] {
        for end in ["", "é", "\u{20ac}", "\u{1f600}"] {
            input.extend(core::iter::repeat_n(b'x', length));
            input.extend_from_slice(end.as_bytes());
            // The last character is whole, cut, or there is none.
            input.truncate(input.len() - usize::from(length % 2 == 1 && !end.is_empty()));
            input.push(b'\n');
        }
    }
    for size in [1, 7, CHECKED, input.len()] {
        let mut lines = Lines::new(1 << 20, &Budget::new(1 << 20));
        let mut expected = input.split(|&byte| byte == b'\n');
        for piece in input.chunks(size) {
            let mut piece = Input::new(piece);
            while let Some(line) = lines.next(&mut piece) {
                let bytes = expected.next().unwrap_or_default();
                let text = core::str::from_utf8(bytes).ok();
                assert_eq!(line, Line::Whole(bytes, text), "pieces of {size}");
            }
        }
        assert_eq!(expected.next(), Some(&b""[..]));
        assert_eq!(expected.next(), None);
    }
}

#[test]
fn a_line_over_the_limit_is_told_once_and_the_next_one_works() {
    let input: &[u8] = b"0123456789abcdef\nok\n01234567\n012345678\nend\n";
    for size in 1..=input.len() {
        let pieces: Vec<&[u8]> = input.chunks(size).collect();
        let seen = cut(8, 1000, &pieces);
        assert_eq!(
            seen,
            ["!01234567", "ok", "01234567", "!01234567", "end"],
            "pieces of {size}"
        );
    }
}

#[test]
fn a_line_over_the_budget_is_told_and_the_memory_given_back() {
    let long = vec![b'x'; 3 * SMALL];
    let budget = Budget::new(SMALL);
    let mut lines = Lines::new(100 * SMALL, &budget);
    let mut reported = 0;
    for _ in 0..20 {
        let mut input = Input::new(&long);
        while let Some(line) = lines.next(&mut input) {
            assert!(matches!(line, Line::TooLong(_)));
            reported += 1;
        }
    }
    assert_eq!(reported, 1);
    let mut input = Input::new(b"\nok\n");
    assert_eq!(lines.next(&mut input), Some(Line::Whole(b"ok", Some("ok"))));
    assert_eq!(lines.next(&mut input), None);
    assert_eq!(budget.used(), 0);
}

#[test]
fn memory_is_given_back_after_a_long_line() {
    // Behind a very long one at once; else by the next one that is short, whole or in two pieces.
    for (length, next) in [
        (KEPT + 1, &[][..]),
        (300_000, &[&b"x\n"[..]]),
        (300_000, &[b"x", b"x\n", b"x\n"]),
    ] {
        let budget = Budget::new(1 << 30);
        let mut lines = Lines::new(1 << 30, &budget);
        let long = vec![b'x'; length];
        for _ in 0..2 {
            assert_eq!(lines.next(&mut Input::new(&long)), None);
            assert!(budget.used() >= length);
            let mut input = Input::new(b"\n");
            let line = lines.next(&mut input);
            assert!(matches!(line, Some(Line::Whole(line, _)) if line.len() == length));
            assert_eq!(lines.next(&mut input), None);
            assert_eq!(budget.used(), lines.reservation.bytes());
            assert_eq!(budget.used() > 0, length <= KEPT);
        }
        for mut input in next.iter().map(|piece| Input::new(piece)) {
            while lines.next(&mut input).is_some() {}
        }
        assert_eq!(budget.used(), 0, "{next:?}");
        assert!(lines.partial.capacity() <= SMALL);
    }
}
