//! Reading a conversation out of a tool's arguments: messages, their parts, calls of tools and their results,
//! and the tools that the model may want to be called.
//!
//! Callers write these as they know them from some provider, so that the usual spellings of all of them are
//! understood. Nothing is ever fetched, and no file is opened.
//!
//! Never here: how a provider writes any of it.

use std::{collections::BTreeSet, sync::Arc};

use anygpt_core::json;
use anygpt_providers::{Media, Message, Part, Role, Source, State, Tool, ToolCall, ToolChoice};
use serde_json::{Map, Value};

use super::{
    arguments::{Arguments, elements, wrong, wrong_or_missing, wrong_or_missing_raw, wrong_raw},
    kind::{Json, Text},
    parameter::Parameter,
};

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

/// The same for tools that leave the details to that one.
pub(super) const MESSAGES_AS_IN_CHAT: Parameter<Json> =
    Parameter::new(MESSAGES.name, OBJECTS).described("As in anygpt_chat_completion");

/// Read by [`tools`].
pub(super) const TOOLS: Parameter<Json> = Parameter::new("tools", OBJECTS)
    .described("{name,description,parameters}; the model's calls are returned");

/// Read by [`tools`]; it may also be an object.
pub(super) const TOOL_CHOICE: Parameter<Json> = Parameter::new(
    "tool_choice",
    Json {
        schema: r#""type":"string""#,
    },
)
.described("auto, none, required or a tool's name");

const OBJECTS: Json = Json {
    schema: r#""type":"array","items":{"type":"object"}"#,
};
use crate::error::{Advice, Error, ErrorKind};

/// More tools, or more calls in one message, are more than any provider takes.
const MOST_TOOLS: usize = 128;

/// More messages than any conversation has that a model can read.
const MOST_MESSAGES: usize = 10_000;

/// More parts of one message than any provider takes.
const MOST_PARTS: usize = 1_000;

/// What a tool or a schema may be called at every provider.
pub(super) const FUNCTION_NAME: &str = "1 to 64 letters, digits, _ or -";

/// Longest id of a call, type of a file, or name of one, in bytes.
const LONGEST_WORD: usize = 256;

/// Longest address of an image or a file in bytes.
const LONGEST_URL: usize = 8 << 10;

const PARTS: &str = "a string, or an array of {\"type\":\"text\",\"text\":\"…\"}, \
    {\"type\":\"image\",\"url\":\"https://…\"} or, with \"data\" in Base64 and \"mime_type\" instead of \"url\", \
    of image and file";

/// Whether every provider takes this as the name of a tool or of a schema.
pub(super) fn is_function_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

/// The conversation, from `prompt`, `system` and `messages`.
pub(super) fn messages(arguments: &mut Arguments<'_>) -> Result<Arc<[Message]>, Error> {
    let prompt = arguments.take(&PROMPT)?;
    let system = arguments.take(&SYSTEM)?;
    let given = arguments.raw(MESSAGES.name);
    let list = given.map(|raw| arguments.list(raw)).transpose()?.flatten();
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
        // The vector grows, and is moved once more.
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

/// A result must be that of an earlier call, or no provider takes the conversation.
fn are_answers_to_calls(messages: &[Message]) -> Result<(), Error> {
    let mut calls = BTreeSet::new();
    // What a provider's state holds is not ours to read.
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
    let word = match role {
        Some(raw) => arguments.text(raw)?,
        None => None,
    };
    let role = match word.as_deref() {
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::Tool,
        _ => {
            let allowed = "system, developer, user, assistant or tool";
            let path = format!("{path}.role");
            return Err(wrong_or_missing_raw(&path, role, allowed));
        }
    };
    let mut message = Message {
        content: Vec::new(),
        ..Message::text(role, "")
    };
    // What a role does not have is ignored.
    let is_assistant = role == Role::Assistant;
    for (name, value, is_taken) in [
        ("tool_calls", calls, is_assistant),
        ("provider_state", state, is_assistant),
        ("tool_call_id", id, role == Role::Tool),
        // Some callers repeat the tool's name here; the call has it.
        ("name", name, role == Role::Tool),
    ] {
        if value.is_some() && !is_taken {
            arguments.ignore(path, name);
        }
    }
    if is_assistant {
        if let Some(raw) = calls {
            message.tool_calls = tool_calls(arguments, &format!("{path}.tool_calls"), raw)?;
        }
        if let Some(raw) = state {
            message.state = Some(self::state(
                arguments,
                &format!("{path}.provider_state"),
                raw,
            )?);
        }
    }
    if role == Role::Tool {
        let id = id.map(|raw| arguments.tree(raw)).transpose()?;
        message.tool_call_id = Some(self::word(&format!("{path}.tool_call_id"), id)?);
    }
    let has_calls = !message.tool_calls.is_empty() || message.state.is_some();
    let place = format!("{path}.content");
    message.content = match content {
        Some(raw) if raw.starts_with('[') => self::content(arguments, &place, raw)?,
        None if has_calls => Vec::new(),
        None => return Err(wrong_or_missing(&place, None, PARTS)),
        Some(raw) => match arguments.text(raw)? {
            Some(text) => vec![Part::Text(text)],
            // The result of a tool may be any JSON.
            None if role == Role::Tool => {
                arguments.charge(raw.len())?;
                vec![Part::Text(raw.to_owned())]
            }
            None => return Err(wrong_raw(&place, raw, PARTS)),
        },
    };
    if role == Role::Tool {
        // Some providers want an object of it.
        let text = message.all_text();
        arguments.charge(json::tree_size(&text))?;
    }
    Ok(message)
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

/// The elements of an array, or of JSON text of one.
fn items(
    arguments: &mut Arguments<'_>,
    path: &str,
    raw: &str,
    allowed: &str,
) -> Result<Vec<Value>, Error> {
    let Some(list) = arguments.list(raw)? else {
        return Err(wrong_raw(path, raw, allowed));
    };
    if elements(&list).nth(MOST_TOOLS).is_some() {
        let allowed = format!("{allowed}, at most {MOST_TOOLS}");
        return Err(wrong_raw(path, &list, &allowed));
    }
    elements(&list).map(|raw| arguments.tree(raw)).collect()
}

/// Takes in the members of an object that a member holds, as OpenAI's `function` does.
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

fn tool_calls(
    arguments: &mut Arguments<'_>,
    path: &str,
    raw: &str,
) -> Result<Vec<ToolCall>, Error> {
    let allowed = "an array of {id, name, arguments}";
    let items = items(arguments, path, raw, allowed)?;
    let calls = items.into_iter().enumerate().map(|(position, item)| {
        let path = format!("{path}[{position}]");
        let Value::Object(mut call) = item else {
            return Err(wrong(&path, &item, "{id, name, arguments}"));
        };
        unnest(&mut call, "function");
        call.remove("type");
        let id = word(&format!("{path}.id"), call.remove("id"))?;
        let name = function_name(&format!("{path}.name"), call.remove("name"))?;
        let given = match call.remove("arguments") {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(Value::String(text)) => text,
            Some(object @ Value::Object(_)) => object.to_string(),
            Some(other) => {
                return Err(wrong(
                    &format!("{path}.arguments"),
                    &other,
                    "an object, or JSON text of one",
                ));
            }
        };
        // Some providers want an object again.
        arguments.charge(json::tree_size(&given))?;
        arguments.ignore_rest(&path, &call);
        Ok(ToolCall {
            id,
            name,
            arguments: given,
        })
    });
    calls.collect()
}

fn function_name(path: &str, value: Option<Value>) -> Result<String, Error> {
    match value {
        Some(Value::String(name)) if is_function_name(&name) => Ok(name),
        other => Err(wrong_or_missing(path, other.as_ref(), FUNCTION_NAME)),
    }
}

/// What an earlier result had as its `provider_state`.
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

fn content(arguments: &mut Arguments<'_>, path: &str, raw: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    for (position, raw) in elements(raw).enumerate() {
        if position >= MOST_PARTS {
            return Err(too_many(format!("{path} has more than {MOST_PARTS} parts")));
        }
        let before = arguments.charged();
        let value = arguments.tree(raw)?;
        let part = part(arguments, &format!("{path}[{position}]"), value)?;
        // The vector grows.
        arguments.settle(before, 2 * size_of::<Part>() + part.length())?;
        parts.push(part);
    }
    Ok(parts)
}

fn part(arguments: &mut Arguments<'_>, path: &str, value: Value) -> Result<Part, Error> {
    let mut object = match value {
        Value::String(text) => return Ok(Part::Text(text)),
        Value::Object(object) => object,
        other => return Err(wrong(path, &other, "a string, or an object with a type")),
    };
    let kind = object.remove("type");
    let is_image = match kind.as_ref().and_then(Value::as_str) {
        Some("text" | "input_text" | "output_text") => {
            let text = match object.remove("text") {
                Some(Value::String(text)) => text,
                other => {
                    return Err(wrong_or_missing(
                        &format!("{path}.text"),
                        other.as_ref(),
                        "a string",
                    ));
                }
            };
            arguments.ignore_rest(path, &object);
            return Ok(Part::Text(text));
        }
        Some("image" | "image_url" | "input_image") => true,
        Some("file" | "input_file" | "document") => false,
        _ => {
            let path = format!("{path}.type");
            return Err(wrong_or_missing(
                &path,
                kind.as_ref(),
                "\"text\", \"image\" or \"file\"",
            ));
        }
    };
    media(arguments, path, object, is_image).map(Part::Media)
}

/// An image or a file, in the spellings of OpenAI's two formats, of Anthropic and of MCP, too.
fn media(
    arguments: &mut Arguments<'_>,
    path: &str,
    mut object: Map<String, Value>,
    is_image: bool,
) -> Result<Media, Error> {
    for name in ["image_url", "file", "source"] {
        unnest(&mut object, name);
    }
    // What kind of source it is shows by itself; how much detail a model looks at is its own choice.
    object.remove("type");
    let mut first = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| object.remove(*name));
        found.find(|value| !value.is_null())
    };
    let url = first(&["url", "image_url", "file_url"]);
    let data = first(&["data", "file_data"]);
    let told = first(&["mime_type", "mimeType", "media_type"]);
    let name = first(&["filename", "name", "title"]);
    arguments.ignore_rest(path, &object);
    let name = match name {
        Some(name) => Some(word(&format!("{path}.filename"), Some(name))?),
        None => None,
    };
    let told = match told {
        Some(told) => {
            let path = format!("{path}.mime_type");
            Some(mime_type(&path, word(&path, Some(told))?)?)
        }
        None => None,
    };
    let (place, given) = match (url, data) {
        (Some(url), None) => ("url", url),
        (None, Some(data)) => ("data", data),
        _ => {
            let message = format!("{path} must have either url or data");
            return Err(
                Error::new(ErrorKind::InvalidRequest, message).advise(Advice::CorrectArgument)
            );
        }
    };
    let source_path = format!("{path}.{place}");
    let Value::String(given) = given else {
        return Err(wrong(&source_path, &given, "a string"));
    };
    arguments.charge(given.len())?;
    let (source, mime) = source(&source_path, place, given)?;
    let mime = match (mime, told, &source) {
        (Some(mime), ..) => mime_type(&source_path, mime)?,
        (None, Some(told), _) => told,
        (None, None, Source::Data(data)) => by_beginning(data)
            .ok_or_else(|| {
                let path = format!("{path}.mime_type");
                wrong_or_missing(
                    &path,
                    None,
                    "the type of the data, for example application/pdf",
                )
            })?
            .to_owned(),
        (None, None, Source::Url(url)) => by_ending(url).unwrap_or_default().to_owned(),
    };
    if is_image && !mime.is_empty() && !mime.starts_with("image/") {
        let allowed = "an image: give its mime_type, or type \"file\"";
        return Err(wrong(&source_path, &Value::from(mime), allowed));
    }
    Ok(Media {
        source,
        is_image: is_image || mime.starts_with("image/"),
        mime_type: mime,
        name,
    })
}

/// Where the bytes are, and their type if that is told along with them.
fn source(path: &str, place: &str, given: String) -> Result<(Source, Option<String>), Error> {
    if let Some(rest) = given.strip_prefix("data:") {
        let Some((mime, data)) = rest.split_once(";base64,") else {
            let allowed = "a data: URL in Base64";
            return Err(wrong(path, &Value::String(given), allowed));
        };
        let mime = mime.split(';').next().unwrap_or_default();
        let mime = (!mime.is_empty()).then(|| mime.to_owned());
        return Ok((Source::Data(base64(path, data)?), mime));
    }
    if place == "data" {
        return Ok((Source::Data(base64(path, &given)?), None));
    }
    let scheme = given
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    let is_web = matches!(scheme.as_deref(), Some("http" | "https"));
    let is_plain = !given.chars().any(|c| c.is_whitespace() || c.is_control());
    match is_web && is_plain && given.len() <= LONGEST_URL {
        true => Ok((Source::Url(given), None)),
        false => {
            let allowed = "an https address that the provider can fetch; files are not read from here: give their \
                 content as data, in Base64";
            Err(wrong(path, &Value::String(given), allowed))
        }
    }
}

/// Base64 as every provider takes it.
fn base64(path: &str, given: &str) -> Result<String, Error> {
    let mut data = String::with_capacity(given.len() + 2);
    for c in given.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => data.push(c),
            // The alphabet for URLs.
            '-' => data.push('+'),
            '_' => data.push('/'),
            '\r' | '\n' | ' ' | '\t' | '=' => {}
            _ => return Err(wrong(path, &Value::from(given), "Base64")),
        }
    }
    if data.is_empty() || data.len() % 4 == 1 {
        return Err(wrong(path, &Value::from(given), "Base64, complete"));
    }
    while !data.len().is_multiple_of(4) {
        data.push('=');
    }
    Ok(data)
}

fn mime_type(path: &str, given: String) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".+-_".contains(&byte);
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(allowed);
    let parts = given.split_once('/');
    match parts.is_some_and(|(kind, subtype)| is_word(kind) && is_word(subtype)) {
        true => Ok(given.to_ascii_lowercase()),
        false => Err(wrong(
            path,
            &Value::String(given),
            "a type such as image/png",
        )),
    }
}

/// The type of some bytes in Base64, by how they begin.
fn by_beginning(data: &str) -> Option<&'static str> {
    let kinds = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
        ("JVBERi0", "application/pdf"),
    ];
    let kind = kinds
        .into_iter()
        .find(|(beginning, _)| data.starts_with(beginning));
    kind.map(|(_, kind)| kind)
}

/// The type of what is at an address, by how its path ends.
fn by_ending(url: &str) -> Option<&'static str> {
    let kinds = [
        (".png", "image/png"),
        (".jpg", "image/jpeg"),
        (".jpeg", "image/jpeg"),
        (".gif", "image/gif"),
        (".webp", "image/webp"),
        (".pdf", "application/pdf"),
        (".txt", "text/plain"),
    ];
    let path = url.split(['?', '#']).next()?.to_ascii_lowercase();
    let kind = kinds.into_iter().find(|(ending, _)| path.ends_with(ending));
    kind.map(|(_, kind)| kind)
}

/// `tools` and `tool_choice`.
pub(super) fn tools(
    arguments: &mut Arguments<'_>,
) -> Result<(Arc<[Tool]>, Option<ToolChoice>), Error> {
    let mut tools: Vec<Tool> = Vec::new();
    if let Some(raw) = arguments.raw(TOOLS.name) {
        let allowed = "an array of {name, description, parameters}";
        let items = items(arguments, "tools", raw, allowed)?;
        for (position, item) in items.into_iter().enumerate() {
            let path = format!("tools[{position}]");
            let tool = tool(arguments, &path, item)?;
            if tools.iter().any(|known| known.name == tool.name) {
                let name = Value::String(tool.name);
                return Err(wrong(&format!("{path}.name"), &name, "a name of its own"));
            }
            tools.push(tool);
        }
    }
    let tools: Arc<[Tool]> = match tools.is_empty() {
        // Without an allocation.
        true => Arc::default(),
        false => tools.into(),
    };
    let Some(choice) = arguments.take(&TOOL_CHOICE)? else {
        return Ok((tools, None));
    };
    if tools.is_empty() {
        let message = "tool_choice is given without tools";
        return Err(Error::new(ErrorKind::InvalidRequest, message).advise_plain("Give tools, too."));
    }
    let name = match &choice {
        Value::String(word) => match word.as_str() {
            "auto" => return Ok((tools, Some(ToolChoice::Auto))),
            "none" => return Ok((tools, Some(ToolChoice::None))),
            "required" | "any" => return Ok((tools, Some(ToolChoice::Required))),
            name => Some(name),
        },
        Value::Object(object) => {
            let nested = object.get("function").and_then(Value::as_object);
            nested.unwrap_or(object).get("name").and_then(Value::as_str)
        }
        _ => None,
    };
    match tools.iter().find(|tool| Some(tool.name.as_str()) == name) {
        Some(tool) => {
            let name = tool.name.clone();
            Ok((tools, Some(ToolChoice::Tool(name))))
        }
        None => {
            let allowed = "auto, none, required or the name of one of the tools";
            Err(wrong("tool_choice", &choice, allowed))
        }
    }
}

fn tool(arguments: &mut Arguments<'_>, path: &str, item: Value) -> Result<Tool, Error> {
    let Value::Object(mut object) = item else {
        return Err(wrong(path, &item, "{name, description, parameters}"));
    };
    unnest(&mut object, "function");
    object.remove("type");
    let name = function_name(&format!("{path}.name"), object.remove("name"))?;
    let description = match object.remove("description") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(other) => return Err(wrong(&format!("{path}.description"), &other, "a string")),
    };
    // As OpenAI, Anthropic and MCP call it.
    let schema = ["parameters", "input_schema", "inputSchema"];
    let schema = schema.into_iter().find_map(|name| object.remove(name));
    let parameters = match schema {
        None | Some(Value::Null) => {
            let members = [
                ("type", Value::from("object")),
                ("properties", Map::new().into()),
            ];
            members
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect()
        }
        Some(Value::Object(schema)) => schema,
        Some(other) => {
            let path = format!("{path}.parameters");
            return Err(wrong(&path, &other, "a JSON Schema, an object"));
        }
    };
    let strict = object.remove("strict").and_then(|strict| strict.as_bool());
    arguments.ignore_rest(path, &object);
    Ok(Tool {
        name,
        description,
        parameters,
        strict,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
