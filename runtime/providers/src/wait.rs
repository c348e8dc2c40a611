//! How long to wait, as messages say it in words.
//!
//! Never here: headers, clocks.

use std::time::Duration;

/// What comes before the time, in lower case.
const BEFORE: &[&str] = &[
    "again in ",
    "again after ",
    "retry in ",
    "retry after ",
    "please wait ",
    "wait for ",
    "resets in ",
    "reset after ",
];

/// The wait that a message in lower case asks for: `try again in 6m12.5s` (Groq), `retry after 200 seconds` (Azure),
/// `try again in 20ms` (OpenAI).
pub(super) fn wait_in_words(message: &str) -> Option<Duration> {
    BEFORE.iter().find_map(|before| {
        let start = message.find(before)? + before.len();
        duration(message.get(start..)?)
    })
}

/// A duration at the start of a text; numbers without a unit are seconds.
fn duration(mut text: &str) -> Option<Duration> {
    let mut seconds = None;
    loop {
        text = text.trim_start_matches([' ', ',']);
        text = text.strip_prefix("and ").unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, rest) = text.split_at(end.unwrap_or(text.len()));
        // A full stop may end the sentence.
        let Ok(number) = number.trim_end_matches('.').parse::<f64>() else {
            break;
        };
        let rest = rest.trim_start_matches(' ');
        let end = rest.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let scale = match unit {
            "ms" | "milliseconds" => 0.001,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
            "d" | "day" | "days" => 86_400.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "" if seconds.is_none() => 1.0,
            _ => break,
        };
        seconds = Some(seconds.unwrap_or(0.0) + number * scale);
        text = rest;
    }
    Duration::try_from_secs_f64(seconds?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_in_words_and_units() {
        for (message, ms) in [
            (
                "please try again in 6m12.5s. need more tokens?",
                Some(372_500),
            ),
            ("please try again in 20ms.", Some(20)),
            ("please retry after 200 seconds. contact us", Some(200_000)),
            ("please try again in 200s.", Some(200_000)),
            ("please retry in 45.03s.", Some(45_030)),
            ("please wait 41 seconds before retrying.", Some(41_000)),
            (
                "try again in 1 hour, 2 minutes and 3 seconds",
                Some(3_723_000),
            ),
            ("try again in 7", Some(7_000)),
            ("try again in a moment; please wait 2s", Some(2_000)),
            ("retry after 3 attempts", None),
            ("try again later", None),
            ("try again in", None),
            ("retry in ..", None),
        ] {
            let wait = wait_in_words(message).map(|wait| wait.as_millis());
            assert_eq!(wait, ms, "{message}");
        }
    }
}
