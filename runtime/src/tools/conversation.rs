//! The conversation in a tool's arguments: messages with their content, tool calls and tool results.
//!
//! Callers write these as they know them from some provider, so the usual spellings of all of them are understood.
//! Nothing is ever fetched, and no file is opened.
//!
//! Never here: how a provider writes any of it.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use anygpt_core::json;
use anygpt_providers::{Message, Role, State};
use serde_json::{Map, Value};

use super::{
    arguments::{
        Arguments, elements, is_nothing, wrong, wrong_or_missing, wrong_or_missing_raw, wrong_raw,
    },
    kind::{Json, Text},
    parameter::Parameter,
};
use crate::error::{Error, ErrorKind};

mod content;
pub(super) mod functions;

pub(super) const PROMPT: Parameter<Text> = Parameter::new("prompt", Text);

pub(super) const SYSTEM: Parameter<Text> = Parameter::new("system", Text);

/// Read by [`messages`].
pub(super) const MESSAGES: Parameter<Json> = Parameter::new(
    "messages",
    Json {
        schema: concat!(
            r#""type":"array","description":"The conversation, oldest first","items":{"type":"object","#,
            r#""properties":{"role":{"type":"string","enum":["system","developer","user","assistant","tool"]},"#,
            r#""content":{"description":"Text, or parts {type:text|image|file, text|url|data, mime_type}"},"#,
            r#""tool_calls":{"type":"array","items":{"type":"object"}},"tool_call_id":{"type":"string"},"#,
            r#""provider_state":{"type":"object"}},"required":["role"]}"#,
        ),
    },
);

/// The same without the details, for other tools.
pub(super) const MESSAGES_AS_IN_CHAT: Parameter<Json> =
    Parameter::new(MESSAGES.name, OBJECTS).described("As in anygpt_chat_completion");

const OBJECTS: Json = Json {
    schema: r#""type":"array","items":{"type":"object"}"#,
};

/// Longer than any model's context.
const MOST_MESSAGES: usize = 10_000;

/// Longest id of a call, type of a file, or name of one, in bytes.
const LONGEST_WORD: usize = 256;

/// The conversation, from `prompt`, `system` and `messages`.
pub(super) fn messages(arguments: &mut Arguments<'_>) -> Result<Arc<[Message]>, Error> {
    let prompt = arguments.take(&PROMPT)?;
    let system = arguments.take(&SYSTEM)?;
    let given = arguments.raw(MESSAGES.name);
    let list = match given {
        Some(raw) if raw.starts_with('{') => {
            arguments.warn("messages is one object, and was taken as an array of it".to_owned());
            arguments.charge(raw.len() + 2)?;
            Some(Cow::Owned(format!("[{raw}]")))
        }
        given => given.map(|raw| arguments.list(raw)).transpose()?.flatten(),
    };
    if let (Some(raw), None) = (given, &list) {
        return Err(wrong_raw("messages", raw, "an array"));
    }
    let mut given = elements(list.as_deref().unwrap_or("[]")).peekable();
    if prompt.is_some() && given.peek().is_some() {
        let message = "both prompt and messages are given";
        return Err(
            Error::new(ErrorKind::InvalidRequest, message).advise_plain("Give one of them.")
        );
    }
    if prompt.is_none() && given.peek().is_none() {
        let advice = "Give prompt (a string) or messages (an array of {role, content}).";
        return Err(
            Error::new(ErrorKind::InvalidRequest, "there is nothing to ask").advise_plain(advice),
        );
    }
    let system = system.map(|text| Message::text(Role::System, text));
    if let Some(prompt) = prompt {
        let prompt = Message::text(Role::User, prompt);
        return Ok(match system {
            Some(system) => Arc::new([system, prompt]),
            None => Arc::new([prompt]),
        });
    }
    let mut calls = 0;
    let mut messages = Vec::new();
    messages.extend(system);
    for (position, raw) in given.enumerate() {
        if position >= MOST_MESSAGES {
            return Err(too_many(format!(
                "there are more than {MOST_MESSAGES} messages"
            )));
        }
        // While the vector grows, and for the final copy.
        arguments.charge(3 * size_of::<Message>())?;
        let message = message(arguments, &format!("messages[{position}]"), raw)?;
        calls += message.tool_calls.len();
        if calls > MOST_MESSAGES {
            return Err(too_many(format!(
                "there are more than {MOST_MESSAGES} tool_calls in messages"
            )));
        }
        messages.push(message);
    }
    are_answers_to_calls(&messages)?;
    Ok(messages.into())
}

fn too_many(message: String) -> Error {
    Error::new(ErrorKind::TooLarge, message).advise_plain("Send fewer.")
}

/// Providers reject a conversation with a tool result that belongs to no earlier call.
fn are_answers_to_calls(messages: &[Message]) -> Result<(), Error> {
    let mut calls = BTreeSet::new();
    // A provider's state may hold calls, and its format is the provider's.
    let mut may_be_any = false;
    for (position, message) in messages.iter().enumerate() {
        if let Some(id) = &message.tool_call_id
            && !may_be_any
            && !calls.contains(id.as_str())
        {
            let path = format!("messages[{position}].tool_call_id");
            let allowed = "the id of one of the tool_calls of an earlier assistant message";
            return Err(wrong(&path, &Value::from(id.as_str()), allowed));
        }
        may_be_any |= message.state.is_some();
        calls.extend(message.tool_calls.iter().map(|call| call.id.as_str()));
    }
    Ok(())
}

fn message(arguments: &mut Arguments<'_>, path: &str, raw: &str) -> Result<Message, Error> {
    let names = [
        "role",
        "content",
        "tool_calls",
        "provider_state",
        "tool_call_id",
        "name",
    ];
    let Some(members) = arguments.members(path, raw, &names)? else {
        return Err(wrong_raw(path, raw, "an object with role and content"));
    };
    let [role, content, calls, state, id, name] =
        members.map(|raw| raw.filter(|raw| *raw != "null"));
    let role = self::role(arguments, path, role)?;
    let mut message = Message {
        content: Vec::new(),
        ..Message::text(role, "")
    };
    // Members that the role does not have are ignored.
    let is_assistant = role == Role::Assistant;
    for (name, value, is_taken) in [
        ("tool_calls", calls, is_assistant),
        ("provider_state", state, is_assistant),
        ("tool_call_id", id, role == Role::Tool),
        // Some callers repeat the tool's name here; the call has it.
        ("name", name, role == Role::Tool),
    ] {
        if value.is_some_and(|raw| !is_nothing(raw)) && !is_taken {
            arguments.ignore(path, name);
        }
    }
    if is_assistant {
        if let Some(raw) = calls.filter(|raw| !is_nothing(raw)) {
            message.tool_calls = functions::calls(arguments, &format!("{path}.tool_calls"), raw)?;
        }
        if let Some(raw) = state.filter(|raw| !is_nothing(raw)) {
            message.state = Some(self::state(
                arguments,
                &format!("{path}.provider_state"),
                raw,
            )?);
        }
    }
    if role == Role::Tool {
        let id = id.map(|raw| arguments.tree(raw)).transpose()?;
        message.tool_call_id = Some(word(&format!("{path}.tool_call_id"), id)?);
    }
    let has_calls = !message.tool_calls.is_empty() || message.state.is_some();
    message.content = match content {
        None if has_calls => Vec::new(),
        content => content::read(arguments, &format!("{path}.content"), content, role)?,
    };
    if role == Role::Tool {
        // Some codecs parse it to an object.
        let text = message.all_text();
        arguments.charge(json::tree_size(&text))?;
    }
    Ok(message)
}

fn role(arguments: &mut Arguments<'_>, path: &str, raw: Option<&str>) -> Result<Role, Error> {
    let word = match raw {
        Some(raw) => arguments.text(raw)?,
        None => None,
    };
    match word.as_deref() {
        Some("system") => Ok(Role::System),
        Some("developer") => Ok(Role::Developer),
        Some("user") => Ok(Role::User),
        Some("assistant") => Ok(Role::Assistant),
        Some("tool") => Ok(Role::Tool),
        _ => {
            let allowed = "system, developer, user, assistant or tool";
            let path = format!("{path}.role");
            Err(wrong_or_missing_raw(&path, raw, allowed))
        }
    }
}

/// A short string that must be there.
fn word(path: &str, value: Option<Value>) -> Result<String, Error> {
    match value {
        Some(Value::String(text)) if (1..=LONGEST_WORD).contains(&text.len()) => Ok(text),
        other => {
            let allowed = format!("a string of 1 to {LONGEST_WORD} bytes");
            Err(wrong_or_missing(path, other.as_ref(), &allowed))
        }
    }
}

/// Moves the members of a nested object up, as in OpenAI's `function`.
fn unnest(object: &mut Map<String, Value>, name: &str) {
    match object.remove(name) {
        Some(Value::Object(nested)) => {
            for (name, value) in nested {
                object.entry(name).or_insert(value);
            }
        }
        Some(other) => drop(object.insert(name.to_owned(), other)),
        None => {}
    }
}

/// The `provider_state` of an earlier result.
fn state(arguments: &mut Arguments<'_>, path: &str, raw: &str) -> Result<State, Error> {
    let object = match arguments.tree(raw)? {
        Value::String(text) => {
            arguments.charge(json::tree_size(&text))?;
            serde_json::from_str(&text)
                .ok()
                .unwrap_or(Value::String(text))
        }
        value => value,
    };
    match object {
        Value::Object(mut object) => match (
            object.remove("provider"),
            object.remove("model").unwrap_or_else(|| "".into()),
            object.remove("items"),
        ) {
            (Some(Value::String(provider)), Value::String(model), Some(Value::Array(items)))
                if items.iter().all(Value::is_object) =>
            {
                Ok(State {
                    provider,
                    model,
                    items,
                })
            }
            _ => Err(wrong(path, &Value::Object(object), STATE)),
        },
        other => Err(wrong(path, &other, STATE)),
    }
}

const STATE: &str = "what an earlier result had there, unchanged";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
