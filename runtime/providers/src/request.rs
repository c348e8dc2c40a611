//! What the requests of all formats share: their frame, percent-encoding, and a conversation
//! arranged for providers that insist on turns.
//!
//! Never here: a provider's field names.

use std::{borrow::Cow, fmt::Write as _};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{Class, Failure, Media, Message, Request, Role, ToolCall};

/// Said for the user where a conversation begins with the assistant but must not.
pub(super) const OPENING: &str = "(The conversation begins with your message.)";

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
pub fn bearer(token: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((AUTHORIZATION, secret(format!("Bearer {token}"))?))
}

/// The header of Azure that carries a key.
pub fn api_key(key: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::from_static("api-key"), secret(key)?))
}

/// A header value that no log shows, and that is overwritten when the last request with it is gone.
pub fn secret(value: impl Into<String>) -> Option<HeaderValue> {
    let bytes = Bytes::from_owner(Zeroizing::new(value.into().into_bytes()));
    let mut value = HeaderValue::from_maybe_shared(bytes).ok()?;
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
#[derive(Debug, PartialEq)]
pub(super) struct Turn<'a> {
    pub(super) assistant: bool,
    /// None where the assistant must not begin; see [`OPENING`].
    pub(super) messages: Vec<&'a Message>,
}

/// The instructions, and the rest as alternating turns that begin with the user; results of tools are the
/// user's. Blank messages are left out, because providers refuse empty blocks.
pub(super) fn turns(messages: &[Message]) -> (Vec<Cow<'_, str>>, Vec<Turn<'_>>) {
    let spoken = || messages.iter().filter(|message| !message.is_blank());
    let instructions_speak = only_instructions(spoken());
    let mut instructions = Vec::new();
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for message in spoken() {
        if is_instruction(message.role) && !instructions_speak {
            instructions.push(message.all_text());
            continue;
        }
        let assistant = message.role == Role::Assistant;
        match turns.last_mut() {
            Some(turn) if turn.assistant == assistant => turn.messages.push(message),
            _ => {
                if turns.is_empty() && assistant {
                    turns.push(Turn {
                        assistant: false,
                        messages: Vec::new(),
                    });
                }
                turns.push(Turn {
                    assistant,
                    messages: vec![message],
                });
            }
        }
    }
    (instructions, turns)
}

/// The texts of a turn, one for each message.
pub(super) fn texts<'a>(turn: &Turn<'a>) -> Vec<Cow<'a, str>> {
    match turn.messages.is_empty() {
        true => vec![Cow::Borrowed(OPENING)],
        false => turn.messages.iter().map(|m| m.all_text()).collect(),
    }
}

/// The arguments of a call as they are sent: always JSON, if the model has kept to it.
pub(super) fn arguments(call: &ToolCall) -> &str {
    match call.arguments.trim() {
        "" => "{}",
        _ => &call.arguments,
    }
}

/// A file's name, where it must have one.
pub(super) fn file_name(media: &Media) -> &str {
    media.name.as_deref().unwrap_or("file")
}

/// For formats in which the assistant can only have spoken.
///
/// # Errors
/// `InvalidRequest`, if it has shown something.
pub(super) fn only_text_of_assistant(messages: &[Message]) -> Result<(), Failure> {
    let mut own = messages.iter().filter(|m| m.role == Role::Assistant);
    match own.any(|message| message.media().next().is_some()) {
        true => Err(Failure::new(
            Class::InvalidRequest,
            "images and files in the assistant's own messages cannot be sent to this provider: put them into a \
             user's message",
        )),
        false => Ok(()),
    }
}

/// The name of the tool that a result, one of these messages, is from; empty if no message before it has
/// the call. Made-up ids come again, so the last such call counts.
pub(super) fn called<'a>(messages: &'a [Message], result: &Message) -> &'a str {
    let before = messages.iter().take_while(|m| !std::ptr::eq(*m, result));
    let calls = before.flat_map(|message| &message.tool_calls);
    let calls = calls.filter(|call| Some(&call.id) == result.tool_call_id.as_ref());
    calls.last().map_or("", |call| &call.name)
}

/// The arguments of a call for a provider that insists on an object: what is none becomes a member of one.
pub(super) fn input(call: &ToolCall) -> Map<String, Value> {
    call.object().unwrap_or_else(|| {
        let text = Value::from(call.arguments.as_str());
        Map::from_iter([("arguments".to_owned(), text)])
    })
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
        let texts = |messages: &[Message]| {
            let (instructions, turns) = turns(messages);
            let turns = turns
                .iter()
                .map(|turn| (turn.assistant, texts(turn).join("|")));
            (instructions.join("|"), turns.collect::<Vec<_>>())
        };
        let user = |text: &str| (false, text.to_owned());
        let assistant = |text: &str| (true, text.to_owned());

        let messages = conversation(&[
            (System, "s"),
            (User, "a"),
            (User, "b"),
            (Assistant, " "),
            (Developer, "d"),
            (User, "c"),
            (Assistant, "e"),
        ]);
        let expected = vec![user("a|b|c"), assistant("e")];
        assert_eq!(texts(&messages), ("s|d".to_owned(), expected));

        let messages = conversation(&[(Assistant, "a"), (User, "b")]);
        let expected = [user(OPENING), assistant("a"), user("b")];
        assert_eq!(texts(&messages).1, expected);

        let messages = conversation(&[(System, "s"), (Developer, "d"), (User, "")]);
        assert_eq!(texts(&messages), (String::new(), vec![user("s|d")]));
    }
}
