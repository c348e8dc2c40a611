use super::{
    lookalike::{SHORTEST, TAIL, prefixes},
    *,
};

fn redactor(keys: &[&str]) -> Redactor {
    let keys: Vec<Secret> = keys.iter().map(|key| Secret::new(*key)).collect();
    Redactor::new(&keys)
}

#[test]
fn configured_keys_vanish_in_every_form() {
    let redactor = redactor(&["se cret/\"key\"/1"]);
    assert_eq!(redactor.text("a se cret/\"key\"/1 b"), "a [redacted] b");
    assert_eq!(
        redactor.text("?k=se%20cret%2F%22key%22%2F1&"),
        "?k=[redacted]&"
    );
    assert_eq!(
        redactor.json(r#"{"t":"se cret/\"key\"/1"}"#),
        r#"{"t":"[redacted]"}"#
    );
    // base64 of "u:…", "us:…" and "use:…"
    for basic in [
        "dTpzZSBjcmV0LyJrZXkiLzE=",
        "dXM6c2UgY3JldC8ia2V5Ii8x",
        "dXNlOnNlIGNyZXQvImtleSIvMQ==",
    ] {
        assert!(redactor.text(basic).contains(REDACTED), "{basic}");
    }
}

#[test]
fn a_key_that_begins_another_one_leaves_nothing_of_it() {
    let redactor = redactor(&["sk-12345", "sk-12345-tail"]);
    assert_eq!(
        redactor.text("sk-12345-tail sk-12345"),
        "[redacted] [redacted]"
    );
}

#[test]
fn a_text_that_was_cut_within_a_key_ends_before_it() {
    let redactor = redactor(&["sk-abcdefgh"]);
    for (text, rest) in [
        ("x sk-abcdefg", "x "),
        ("x sk-a", "x "),
        ("x sk-", "x sk-"),
        ("é", "é"),
    ] {
        let mut text = text.to_owned();
        redactor.end_of_cut(&mut text);
        assert_eq!(text, rest);
    }
}

#[test]
fn of_a_text_that_goes_on_no_part_of_a_key_is_shown() {
    let redactor = redactor(&["sk-12345sk-1", "other-key"]);
    for (text, shown) in [
        ("ask", "a"),
        ("a sk-12", "a "),
        ("a plain text", "a plain text"),
        ("to a brother", "to a br"),
        // A whole key whose end looks like a beginning is not cut in two.
        ("a sk-12345sk-1", "a "),
        ("a sk-12345sk-1.", "a sk-12345sk-1."),
    ] {
        assert_eq!(&text[..redactor.shown_length(text)], shown, "{text}");
    }
    assert_eq!(Redactor::default().shown_length("sk-"), 3);
}

#[test]
fn what_a_caller_wrote_is_repeated_without_what_has_the_shape_of_a_key() {
    for key in [
        "Zk3TestKeyNoPrefix012345",
        "0123456789abcdef0123456789abcdef",
    ] {
        assert_eq!(
            redact_caller_text(&format!("{key:?}, {key}/x: no {key}")),
            "\"[redacted]\", [redacted]/x: no [redacted]"
        );
    }
    for text in [
        "",
        "größe: \"anthropic/claude-opus-4-1-20250805\" is no us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "ft:gpt-4o-mini-2024-07-18:my-org:custom:AbCdEf12 and 00000000000000000000000000000000",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    ] {
        assert_eq!(redact_caller_text(text), text);
    }
}

#[test]
fn lookalikes_vanish_in_diagnostics_only() {
    let redactor = redactor(&[]);
    let text =
        "Incorrect API key provided: sk-proj-abc***xyz. See Bearer abcdefgh12, desk-like-things.";
    assert_eq!(redactor.text(text), text);
    assert_eq!(
        redactor.diagnostic(text),
        "Incorrect API key provided: [redacted] See [redacted], desk-like-things."
    );
    for key in prefixes() {
        assert_eq!(
            redactor.diagnostic(&format!("key {key}abcdefgh_1.")),
            "key [redacted]"
        );
    }
    assert!(prefixes().all(|prefix| prefix.len() + TAIL >= SHORTEST));
    for plain in ["sk- is short", "ask-ask-ask-ask-ask-ask", "sk- sk- sk-"] {
        assert_eq!(redactor.diagnostic(plain), plain);
    }
}

#[test]
fn a_message_that_repeats_a_short_key_is_withheld() {
    let redactor = redactor(&["test"]);
    assert!(!redactor.provider_message("bad key: test").contains("test"));
    assert_eq!(redactor.provider_message("bad key"), "bad key");
    assert_eq!(redactor.text("a test"), "a test");
}
