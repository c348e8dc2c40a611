//! Text that is put together in many small steps, for those who are not compiled for speed.
//!
//! Never here: what is said, or a format that has a module of its own.

use alloc::string::String;

use wide::u8x16;

use crate::scan::{CHUNK, not_plain_from};

/// Appends these, one after the other.
#[inline(never)]
pub fn append(text: &mut String, parts: &[&str]) {
    text.reserve(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        text.push_str(part);
    }
}

/// Whether it is ASCII that can be printed, without quotes and backslashes: it stands for itself in most formats.
#[must_use]
#[inline(never)]
pub fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    not_plain_from(bytes, 0) == bytes.len() && !bytes.iter().any(|&byte| byte >= 0x7f)
}

/// How many words a text has: they are what stands between spaces and control characters.
#[must_use]
#[inline(never)]
pub fn words(text: &str) -> u64 {
    /// At each of the places in a chunk a byte counts what begins there.
    const BLOCK: usize = CHUNK * u8::MAX as usize;
    let bytes = text.as_bytes();
    let Some((first, behind)) = bytes.split_first() else {
        return 0;
    };
    let mut words = u64::from(is_in_word(*first));
    // A word begins where the byte before is in none.
    for (before, bytes) in bytes.chunks(BLOCK).zip(behind.chunks(BLOCK)) {
        let (chunks, rest) = bytes.as_chunks();
        let mut counts = u8x16::splat(0);
        for (before, chunk) in before.as_chunks().0.iter().zip(chunks) {
            // -1 where that is so.
            counts -= not_in_word(before) & !not_in_word(chunk);
        }
        words += counts.to_array().map(u64::from).iter().sum::<u64>();
        let before = &before[bytes.len() - rest.len()..];
        let begins = |&(before, byte): &(&u8, &u8)| !is_in_word(*before) && is_in_word(*byte);
        words += before.iter().zip(rest).filter(begins).count() as u64;
    }
    words
}

#[inline(always)]
fn is_in_word(byte: u8) -> bool {
    byte > b' '
}

/// The opposite of [`is_in_word`], of several bytes.
#[inline(always)]
fn not_in_word(chunk: &[u8; CHUNK]) -> u8x16 {
    let bytes = u8x16::new(*chunk);
    bytes.min(u8x16::splat(b' ')).simd_eq(bytes)
}

/// The decimal digits of a number, written into `room`.
#[must_use]
#[inline(never)]
pub fn digits(number: u64, room: &mut [u8; 20]) -> &str {
    core::str::from_utf8(digit_bytes(number, room)).unwrap_or_default()
}

/// The same as bytes.
pub(crate) fn digit_bytes(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut first = room.len();
    loop {
        first -= 1;
        room[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    &room[first..]
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn parts_stand_one_behind_the_other() {
        let mut text = String::from("a");
        append(&mut text, &["", "é", "bc"]);
        append(&mut text, &[]);
        assert_eq!(text, "aébc");
    }

    #[test]
    fn plain_is_what_needs_no_escape_and_no_second_byte() {
        for byte in 0..=0x7f_u8 {
            let expected = matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
            for place in 0..10 {
                let mut text = [b'a'; 10];
                text[place] = byte;
                let text = core::str::from_utf8(&text).unwrap_or_default();
                assert_eq!(is_plain(text), expected, "{text:?}");
            }
        }
        assert!(is_plain("") && !is_plain("aaaaaaaaé"));
    }

    #[test]
    fn words_are_what_stands_between_spaces() {
        for text in [
            "",
            " ",
            "a",
            " a  b\tc\n",
            "é ü",
            "one two\u{a0}three",
            "\r\n.\u{c}",
            "a\u{7f}b",
        ] {
            for times in [1, 2, 3, 17, 5000] {
                let text = text.repeat(times);
                let expected = text.split_ascii_whitespace().count() as u64;
                assert_eq!(words(&text), expected, "{times} times {text:?}");
            }
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 7, 10, 99, 100, 12_345, u64::MAX] {
            let expected = alloc::format!("{number}");
            assert_eq!(digits(number, &mut [0; 20]), expected);
        }
    }
}
