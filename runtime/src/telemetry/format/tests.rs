use std::time::Duration;

use super::*;

/// Everything that must not get through, and a bit that must.
fn hostile_text() -> String {
    let mut text: String = (0..=0x9f).filter_map(char::from_u32).collect();
    text.extend(['\u{61c}', '\u{200e}', '\u{2028}', '\u{2029}']);
    text.extend('\u{202a}'..='\u{202e}');
    text.extend('\u{2066}'..='\u{2069}');
    text.push_str("\u{1b}[31mä€😀");
    text
}

/// A line of all that.
fn written(format: LogFormat, time: SystemTime) -> String {
    let redactor = Redactor::default();
    let mut parts = Parts::new(format, &redactor);
    parts.set_message(&hostile_text());
    parts.add_text("model", &hostile_text());
    parts.add_text("status", "ok");
    parts.add_plain("ms", 7);
    let mut line = String::new();
    parts.write(&mut line, format, Level::WARN, time).unwrap();
    line
}

#[test]
fn nothing_in_a_text_line_is_obeyed_by_a_terminal() {
    let line = written(LogFormat::Text, SystemTime::UNIX_EPOCH);
    let text = line.strip_suffix('\n').unwrap();
    assert!(!text.chars().any(is_unsafe_in_terminal), "{text:?}");
    for part in [
        "1970-01-01T00:00:00.000000Z  WARN \\u{0}",
        "\\u{1b}[31mä€😀",
        "\\n",
        "\\u{85}",
        "\\u{202e}",
        "\\u{2066}",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(text.ends_with("😀\" status=\"ok\" ms=7"), "{text}");
    let format = LineFormat::new(LogFormat::Text, leaked(Redactor::default()));
    assert_eq!(
        format.plain_line("a\u{1b}[31mä\r\nb\u{85}\n"),
        "a\\u{1b}[31mä\\r\\nb\\u{85}\\n\n"
    );
}

#[test]
fn a_json_line_is_one_object_that_reads_back_the_same_and_nothing_in_it_is_obeyed() {
    let json = written(LogFormat::Json, SystemTime::UNIX_EPOCH);
    let body = json.strip_suffix('\n').unwrap();
    assert!(!body.chars().any(is_unsafe_in_terminal), "{body:?}");
    let read: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({
        "time": "1970-01-01T00:00:00.000000Z", "level": "warn", "message": hostile_text(),
        "model": hostile_text(), "status": "ok", "ms": 7,
    });
    assert_eq!(read, expected);
}

#[test]
fn keys_are_found_before_they_are_escaped() {
    let key = crate::settings::Secret::new("ge\"heim\\-123");
    let format = LineFormat::new(LogFormat::Text, leaked(Redactor::new([&key])));
    let line = with_events(format, || {
        // Escaped first, the newline would be a letter before the key.
        let error = "\nsk-1234567890 ge\"heim\\-123";
        tracing::info!(
            error,
            model = error,
            tool = None::<&str>,
            "said ge\"heim\\-123"
        );
    });
    let (_, rest) = line.split_once(" INFO ").unwrap();
    assert_eq!(
        rest,
        "said [redacted] error=\"\\n[redacted] [redacted]\" model=\"\\n[redacted] [redacted]\"\n"
    );
}

#[test]
fn what_the_client_must_not_have_is_not_shown() {
    let format = LineFormat::new(LogFormat::Text, leaked(Redactor::default()));
    let line = with_events(format, || {
        tracing::warn!(
            for_client = false,
            partial = true,
            ms = 7_u64,
            rest = -1,
            "call"
        );
    });
    let (_, rest) = line.split_once(" WARN ").unwrap();
    assert_eq!(rest, "call partial=true ms=7 rest=-1\n");
}

/// A subscriber must own what it needs.
fn leaked(redactor: Redactor) -> &'static Redactor {
    Box::leak(Box::new(redactor))
}

/// What these events leave in the log.
fn with_events(format: LineFormat<'static>, events: impl FnOnce()) -> String {
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::{fmt, layer::SubscriberExt as _, registry};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let written = Written::default();
    let writer = written.clone();
    let layer = fmt::layer()
        .event_format(format)
        .with_writer(move || writer.clone());
    tracing::subscriber::with_default(registry().with(layer), events);
    let bytes = written.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn times_are_those_of_the_calendar() {
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
        let line = written(LogFormat::Text, time);
        let expected = format!("{expected}.000004Z  WARN ");
        assert!(line.starts_with(&expected), "{line}");
    }
}
