use std::time::Duration;

use super::*;

/// Everything that must not get through, and a bit that must.
fn wicked() -> String {
    let mut text: String = (0..=0x9f).filter_map(char::from_u32).collect();
    text.extend(['\u{61c}', '\u{200e}', '\u{2028}', '\u{2029}']);
    text.extend('\u{202a}'..='\u{202e}');
    text.extend('\u{2066}'..='\u{2069}');
    text.push_str("\u{1b}[31mä€😀");
    text
}

/// A line of all that, as `write` writes it.
fn written(write: impl FnOnce(&Line<'_>, &mut String)) -> String {
    let wicked = wicked();
    let mut text = String::new();
    let line = Line {
        message: &wicked,
        fields: &[
            ("model", Some(Value::Text(&wicked))),
            ("error", None),
            ("status", Some(Value::Word("ok"))),
            ("ms", Some(Value::Number(7))),
        ],
        redactor: &Redactor::default(),
    };
    write(&line, &mut text);
    text
}

#[test]
fn nothing_in_a_text_line_is_obeyed_by_a_terminal() {
    let text = written(|line, text| line.write_message(text));
    assert!(!text.chars().any(is_obeyed), "{text:?}");
    for part in [
        "\\u{1b}[31mä€😀",
        "\\n",
        "\\u{85}",
        "\\u{202e}",
        "\\u{2066}",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(text.ends_with("😀\" status=\"ok\" ms=7"), "{text}");
    assert_eq!(
        plain("a\u{1b}[31mä\r\nb\u{85}\n"),
        "a\\u{1b}[31mä\\r\\nb\\u{85}\\n\n"
    );
}

#[test]
fn a_json_line_is_one_object_that_reads_back_the_same_and_nothing_in_it_is_obeyed() {
    let json = written(|line, json| line.write_json(json, Level::WARN, "then"));
    let body = json.strip_suffix('\n').unwrap();
    assert!(!body.chars().any(is_obeyed), "{body:?}");
    let read: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({
        "time": "then", "level": "warn", "message": wicked(), "model": wicked(), "status": "ok",
        "ms": 7,
    });
    assert_eq!(read, expected);
}

#[test]
fn keys_are_found_before_they_are_escaped() {
    let key = crate::settings::Secret::new("ge\"heim\\-123");
    let redactor = Redactor::new([&key]);
    let line = Line {
        message: "said ge\"heim\\-123",
        // Escaped first, the newline would be a letter before the key.
        fields: &[("error", Some(Value::Text("\nsk-1234567890 ge\"heim\\-123")))],
        redactor: &redactor,
    };
    let mut text = String::new();
    line.write_message(&mut text);
    assert_eq!(text, r#"said [redacted] error="\n[redacted] [redacted]""#);
}

#[test]
fn times_are_those_of_the_calendar() {
    let mut clock = Clock::default();
    for (seconds, expected) in [
        (0, "1970-01-01T00:00:00"),
        (951_782_399, "2000-02-28T23:59:59"),
        (951_782_400, "2000-02-29T00:00:00"),
        (951_868_800, "2000-03-01T00:00:00"),
        (1_709_164_800, "2024-02-29T00:00:00"),
        (1_735_689_599, "2024-12-31T23:59:59"),
        (4_107_542_400, "2100-03-01T00:00:00"),
    ] {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, 4_200);
        assert_eq!(clock.text(time), format!("{expected}.000004Z"));
    }
}
