//! A conversation in the shape that several formats need: alternating turns, instructions apart, results matched with their
//! calls.
//!
//! Never here: a provider's field names.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use anygpt_core::json;
use serde_json::{Map, Value};

use crate::{ErrorKind, Failure, Media, Message, Part, Role, ToolCall};

/// The user's text where a conversation begins with the assistant and the format does not allow that.
pub(super) const OPENING: &str = "(The conversation begins with your message.)";

/// Whether there are only instructions. No provider answers those alone, so they are sent as the user's text.
pub(super) fn only_instructions<'a>(messages: impl IntoIterator<Item = &'a Message>) -> bool {
    messages
        .into_iter()
        .all(|message| is_instruction(message.role))
}

/// Consecutive messages of one side.
#[derive(Debug, PartialEq)]
pub(super) struct Turn<'a> {
    pub(super) assistant: bool,
    /// Empty where the assistant must not begin; see [`OPENING`].
    pub(super) messages: Vec<&'a Message>,
}

/// The instructions, and the rest as alternating turns that begin with the user's; results of tools count as the user's.
/// Blank messages are skipped, because providers refuse empty blocks.
pub(super) fn turns(messages: &[Message]) -> (Vec<Cow<'_, str>>, Vec<Turn<'_>>) {
    let non_blank = || messages.iter().filter(|message| !message.is_blank());
    let instructions_speak = only_instructions(non_blank());
    let mut instructions = Vec::new();
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for message in non_blank() {
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

/// The parts of a message without blank ones; if all are text, joined.
pub(super) fn parts<'a, T>(
    message: &'a Message,
    text: fn(Cow<'a, str>) -> T,
    media: fn(&'a Media) -> Option<T>,
) -> Vec<T> {
    let text = |words: Cow<'a, str>| (!words.trim().is_empty()).then(|| text(words));
    if message.media().next().is_none() {
        return text(message.all_text()).into_iter().collect();
    }
    let parts = message.content.iter().filter_map(|part| match part {
        Part::Text(words) => text(Cow::Borrowed(words)),
        Part::Media(item) => media(item),
    });
    parts.collect()
}

/// The arguments of a call as text for a format that has text there. Some servers parse it, and refuse a conversation with
/// anything but an object for ever.
pub(super) fn arguments(call: &ToolCall) -> Cow<'_, str> {
    match call.arguments.trim() {
        "" | "null" => Cow::Borrowed("{}"),
        text if json::take_members(text, &mut |_, _| false).is_some() => {
            Cow::Borrowed(&call.arguments)
        }
        _ => Cow::Owned(Value::from(input(call)).to_string()),
    }
}

/// The id of a call with at most `longest` characters, all of them taken. One that is changed ends in a hash, so that two
/// that differ stay two; equal ids give equal results.
pub(super) fn call_id(id: &str, longest: usize, is_taken: fn(char) -> bool) -> Cow<'_, str> {
    if id.len() <= longest && id.chars().all(is_taken) {
        return Cow::Borrowed(id);
    }
    let kept = id.chars().take(longest - 9);
    let kept = kept.map(|c| if is_taken(c) && c.is_ascii() { c } else { '_' });
    Cow::Owned(format!("{}_{}", kept.collect::<String>(), &hash(id)[..8]))
}

/// A hash of an id, in 16 hexadecimal digits.
pub(super) fn hash(id: &str) -> String {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// A file's name, for formats that require one.
pub(super) fn file_name(media: &Media) -> &str {
    media.name.as_deref().unwrap_or("file")
}

/// For formats in which the assistant's messages are only text.
///
/// # Errors
/// `InvalidRequest` if one has an image or a file.
pub(super) fn only_text_of_assistant(messages: &[Message]) -> Result<(), Failure> {
    let mut own = messages.iter().filter(|m| m.role == Role::Assistant);
    match own.any(|message| message.media().next().is_some()) {
        true => Err(Failure::new(
            ErrorKind::InvalidRequest,
            "images and files in the assistant's own messages cannot be sent to this provider: put them into a \
             user's message",
        )),
        false => Ok(()),
    }
}

/// The name of the tool whose result this message is; empty if no earlier message has the call. Generated ids repeat, so the
/// last such call counts.
pub(super) fn called<'a>(messages: &'a [Message], result: &Message) -> &'a str {
    let before = messages.iter().take_while(|m| !std::ptr::eq(*m, result));
    let calls = before.flat_map(|message| &message.tool_calls);
    let calls = calls.filter(|call| Some(&call.id) == result.tool_call_id.as_ref());
    calls.last().map_or("", |call| &call.name)
}

/// The arguments of a call for a format that requires an object: anything else becomes a member of one.
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
    use super::*;
    use crate::testing::conversation;

    #[test]
    fn turns_alternate_and_begin_with_the_user() {
        use Role::{Assistant, Developer, System, User};
        let texts = |messages: &[Message]| {
            let (instructions, turns) = turns(messages);
            let turns = turns.iter().map(|turn| {
                let texts: Vec<_> = turn.messages.iter().map(|it| it.all_text()).collect();
                (turn.assistant, texts.join("|"))
            });
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
        let expected = [user(""), assistant("a"), user("b")];
        assert_eq!(texts(&messages).1, expected);

        let messages = conversation(&[(System, "s"), (Developer, "d"), (User, "")]);
        assert_eq!(texts(&messages), (String::new(), vec![user("s|d")]));
    }
}
