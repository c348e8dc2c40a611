//! What the requests of all formats share: their frame, percent-encoding, and a conversation
//! arranged for providers that insist on turns.
//!
//! Never here: a provider's field names.

use std::fmt::Write as _;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;

use super::{Message, Request, Role};

/// Said for the user where a conversation begins with the assistant but must not.
const OPENING: &str = "(The conversation begins with your message.)";

/// A GET without a body.
pub(super) fn get(path: String) -> Request {
    Request {
        method: Method::GET,
        path,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// A POST of JSON.
pub(super) fn post(path: String, body: &impl Serialize) -> Request {
    Request {
        method: Method::POST,
        path,
        headers: vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        // Structs of strings and numbers always serialise.
        body: serde_json::to_vec(body).unwrap_or_default(),
    }
}

/// The header that carries a token.
pub(crate) fn bearer(token: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((AUTHORIZATION, secret(&format!("Bearer {token}"))?))
}

/// A header value that no log shows.
pub(super) fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Everything but unreserved characters percent-encoded: safe as part of one path segment or as a
/// query value. A segment that is only dots needs something else beside it to stay harmless.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Text from a caller as one whole segment of a path: percent-encoded, and never a step (`.`, `..`).
pub(super) fn segment(text: &str) -> String {
    match text.bytes().all(|byte| byte == b'.') {
        true => "_".repeat(text.len().max(1)),
        false => percent_encoded(text),
    }
}

/// Whether nobody has spoken yet: there are only instructions, which no provider answers by
/// themselves, so they are sent as the user's words.
pub(super) fn only_instructions<'a>(messages: impl IntoIterator<Item = &'a Message>) -> bool {
    messages
        .into_iter()
        .all(|message| is_instruction(message.role))
}

/// Neighbouring messages of one side.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn<'a> {
    pub(super) assistant: bool,
    pub(super) texts: Vec<&'a str>,
}

/// The instructions, and the rest as alternating turns that begin with the user. Blank messages are
/// left out, because providers refuse empty blocks.
pub(super) fn turns(messages: &[Message]) -> (Vec<&str>, Vec<Turn<'_>>) {
    let spoken = || {
        messages
            .iter()
            .filter(|message| !message.text.trim().is_empty())
    };
    let instructions_speak = only_instructions(spoken());
    let mut instructions = Vec::new();
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for message in spoken() {
        let text = message.text.as_str();
        if is_instruction(message.role) && !instructions_speak {
            instructions.push(text);
            continue;
        }
        let assistant = message.role == Role::Assistant;
        match turns.last_mut() {
            Some(turn) if turn.assistant == assistant => turn.texts.push(text),
            _ => {
                if turns.is_empty() && assistant {
                    turns.push(Turn {
                        assistant: false,
                        texts: vec![OPENING],
                    });
                }
                turns.push(Turn {
                    assistant,
                    texts: vec![text],
                });
            }
        }
    }
    (instructions, turns)
}

fn is_instruction(role: Role) -> bool {
    matches!(role, Role::System | Role::Developer)
}

#[cfg(test)]
mod tests {
    use super::super::test_streams::conversation;
    use super::*;

    #[test]
    fn percent_encoding() {
        assert_eq!(percent_encoded("aZ9-._~"), "aZ9-._~");
        assert_eq!(
            percent_encoded("../a b?c#d%e&f=ü"),
            "..%2Fa%20b%3Fc%23d%25e%26f%3D%C3%BC"
        );
        let segments = ["a/b", "..", ".", "", "..."].map(segment);
        assert_eq!(segments, ["a%2Fb", "__", "_", "_", "___"]);
    }

    #[test]
    fn turns_alternate_and_begin_with_the_user() {
        use Role::{Assistant, Developer, System, User};
        let user = |texts| Turn {
            assistant: false,
            texts,
        };
        let assistant = |texts| Turn {
            assistant: true,
            texts,
        };

        let messages = conversation(&[
            (System, "s"),
            (User, "a"),
            (User, "b"),
            (Assistant, " "),
            (Developer, "d"),
            (User, "c"),
            (Assistant, "e"),
        ]);
        assert_eq!(
            turns(&messages),
            (
                vec!["s", "d"],
                vec![user(vec!["a", "b", "c"]), assistant(vec!["e"])]
            )
        );

        let messages = conversation(&[(Assistant, "a"), (User, "b")]);
        assert_eq!(
            turns(&messages).1,
            [user(vec![OPENING]), assistant(vec!["a"]), user(vec!["b"])]
        );

        let messages = conversation(&[(System, "s"), (Developer, "d"), (User, "")]);
        assert_eq!(turns(&messages), (vec![], vec![user(vec!["s", "d"])]));
    }
}
