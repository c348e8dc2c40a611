use alloc::{borrow::Cow, format, string::String, vec};

use serde_json::value::RawValue;

use super::*;
use crate::wire::string::string;

const TEXTS: &[&str] = &[
    r#"{"a":1,"b":[{"a":2,"c":[]}],"\u0061": "x" ,"é\ud83d\ude00":{"n":null}}"#,
    r#" [ true , false,null ,-0.5e+10,0,10.25E-3,{ } , [ ] ,"\"\\\/\b\f\n\r\t\u00e9"] "#,
    r#"{"a plain text that is longer than one chunk":"a quote \" behind sixteen bytes, and more"}"#,
    r#"{"\ud800":"\udc00\ud800","a":{"\ud800x":1}}"#,
    r#""\ud83d\ude00 \ud83d\u0020 \udc00""#,
    "\"a\u{7f}b\tc\"",
    "-12.5e3",
    "-123456789012345678901234567890.1234567890123456e-12345678901234567",
    "[1234567890123456,123456789012345]",
];

/// Every text, every beginning of it, and what it becomes when a byte is left out or is another.
fn each_variant(mut check: impl FnMut(&str)) {
    for text in TEXTS {
        for at in 0..=text.len() {
            if let Some(beginning) = text.get(..at) {
                check(beginning);
            }
            let Some((before, after)) = text.split_at_checked(at) else {
                continue;
            };
            let without: &str = after.get(1..).unwrap_or_default();
            check(&format!("{before}{without}"));
            for byte in " \"\\{}[],:.-+0a9euE\n\u{1}xé".chars() {
                check(&format!("{before}{byte}{without}"));
                check(&format!("{before}{byte}{after}"));
            }
        }
    }
}

#[test]
fn what_is_json_is_what_serde_json_says() {
    each_variant(|text| {
        let ours = first_byte(text).ok();
        let value: Result<&RawValue, _> = serde_json::from_str(text);
        let theirs = value.ok().map(|value| value.get().as_bytes()[0]);
        assert_eq!(ours, theirs, "{text}");

        let mut ours = Vec::new();
        let read = elements(text, |element| {
            ours.push(element);
            true
        });
        let theirs: Option<Vec<&RawValue>> = serde_json::from_str(text).ok();
        let theirs = theirs.map(|all| all.into_iter().map(RawValue::get).collect());
        assert_eq!(read.ok().map(|()| ours), theirs, "{text}");
    });
}

#[test]
fn members_are_what_serde_json_says() {
    type Map<'a> = alloc::collections::BTreeMap<String, &'a RawValue>;
    let names = ["a", "é\u{1f600}", "c"];
    each_variant(|text| {
        let read = members(text, Trust::Untrusted, names).ok();
        let theirs: Option<Map<'_>> = serde_json::from_str(text).ok();
        let theirs = theirs.map(|all| names.map(|name| all.get(name).map(|value| value.get())));
        assert_eq!(read, theirs, "{text}");
        if read.is_some() {
            assert_eq!(members(text, Trust::Validated, names).ok(), read, "{text}");
        }
    });
}

#[test]
fn texts_of_strings_are_what_serde_json_says() {
    each_variant(|text| {
        if first_byte(text).is_ok() {
            let theirs: Option<String> = serde_json::from_str(text).ok();
            assert_eq!(string(text.trim()).map(Cow::into_owned), theirs, "{text}");
        }
    });
    for inner in ["\\", "\\x", "\\u12", "\\u+123", "\\ud800\\", "\\u00é0"] {
        assert_eq!(unescaped(inner), None, "{inner}");
    }
}

#[test]
fn every_byte_is_plain_or_not_wherever_it_stands() {
    for byte in 0..=0xff {
        let is_plain = byte >= 0x20 && byte != b'"' && byte != b'\\';
        for length in 1..40 {
            for at in 0..length {
                let mut bytes = vec![b'a'; length];
                bytes[at] = byte;
                bytes[length - 1] = if at == length - 1 { byte } else { b'"' };
                let expected = match (is_plain, at == length - 1) {
                    (true, true) => length,
                    (true, false) => length - 1,
                    (false, _) => at,
                };
                assert_eq!(
                    not_plain_from(&bytes, 0),
                    expected,
                    "{byte} at {at} of {length}"
                );
            }
        }
    }
}

#[test]
fn digits_are_told_from_all_other_bytes_wherever_they_stand() {
    assert!(!is_digits(b""));
    for length in 1..20 {
        for at in 0..length {
            for byte in 0..=0xff_u8 {
                let mut bytes = vec![b'9'; length];
                bytes[at] = byte;
                let is_digit = byte.is_ascii_digit();
                assert_eq!(is_digits(&bytes), is_digit, "{byte} at {at} of {length}");
                let end = if is_digit { length } else { at };
                let expected = (end > 0).then_some(end);
                assert_eq!(
                    digits(&bytes, 0).ok(),
                    expected,
                    "{byte} at {at} of {length}"
                );
            }
        }
    }
}

#[test]
fn depth_is_bounded_by_the_text_alone() {
    for depth in [1, 63, 64, 65, 127, 128, 129, 1000] {
        for (open, close, middle) in [
            ("[", "]", ""),
            ("{\"a\":", "}", "1"),
            ("[{\"a\":", "}]", "[]"),
        ] {
            let begin = open.repeat(depth) + middle;
            let whole = begin.clone() + &close.repeat(depth);
            assert!(first_byte(&whole).is_ok(), "{depth} {open}");
            assert!(first_byte(&(whole + close)).is_err(), "{depth} {open}");
            let short = begin + &close.repeat(depth - 1);
            assert!(first_byte(&short).is_err(), "{depth} {open}");
        }
    }
    let mixed = "[{\"a\":".repeat(70) + "1" + &"]}".repeat(70);
    assert!(first_byte(&mixed).is_err());
}
