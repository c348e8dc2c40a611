//! `prompts/get`, entries of `prompts/list`, and arguments of prompts.
//!
//! Never here: the text of a prompt, or the meaning of an argument's value.

use alloc::{borrow::Cow, format, vec, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    content::write_content,
    request::{Request, given, shown},
    result::write_frame,
};
use crate::{
    call::Content,
    catalog::{Prompt, PromptArgument},
    revision::Revision,
    session::Session,
    wire::{
        jsonrpc::{self, Error, take_members},
        write::{write_result, write_string},
    },
};

/// Longest argument in bytes.
const LONGEST_ARGUMENT: usize = 64 << 10;

/// Answers with a prompt. Presence, type and length of the arguments are checked, but never their values (R-62).
pub(super) fn get(session: &mut Session, request: &Request<'_>) -> Result<(), Error<'static>> {
    let Some(name) = request.params.name.and_then(jsonrpc::string) else {
        return Err(Error::invalid_params("params.name must be a string"));
    };
    let position = position(&session.catalog.prompts, &name)?;
    let prompt = &session.catalog.prompts[position];
    let given = arguments(prompt, request.params.arguments, "params.arguments")?;
    let missing = prompt.arguments.iter().zip(&given).find(|(known, value)| {
        let is_blank = value.as_ref().is_none_or(|text| text.trim().is_empty());
        known.required && is_blank
    });
    if let Some((missing, _)) = missing {
        return Err(Error::invalid_params(format!(
            "params.arguments.{} is required",
            missing.name
        )));
    }

    let rendered = session.library.prompt(position, &given);
    let (catalog, identity, revision) = (&session.catalog, &session.identity, request.revision);
    write_result(&mut session.out, request.id, |out| {
        write_frame(out, identity, revision, None, |out| {
            out.extend_from_slice(br#""description":"#);
            write_string(out, &prompt.description);
            out.extend_from_slice(br#","messages":["#);
            let texts = [Content::Text(&rendered.text)];
            let links = rendered.resources.iter().copied().map(Content::Resource);
            let all = texts.into_iter().chain(links);
            let known = all.filter(|content| content.can_be_written(catalog, revision));
            for (position, content) in known.enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(br#"{"role":"user","content":"#);
                write_content(out, catalog, revision, &content);
                out.push(b'}');
            }
            out.push(b']');
        });
    });
    Ok(())
}

pub(super) fn position(prompts: &[Prompt], name: &str) -> Result<usize, Error<'static>> {
    prompts
        .iter()
        .position(|prompt| prompt.name == name)
        .ok_or_else(|| Error::invalid_params(format!("Unknown prompt: {}", shown(name))))
}

/// Reads the arguments of a prompt from an object of strings. Unknown ones are ignored.
pub(super) fn arguments<'a>(
    prompt: &Prompt,
    json: Option<&'a str>,
    path: &str,
) -> Result<Vec<Option<Cow<'a, str>>>, Error<'static>> {
    let names = prompt.arguments.iter().map(|known| &*known.name);
    let mut values = vec![None; names.len()];
    let read = take_members(json.and_then(given).unwrap_or("{}"), |name, value| {
        let position = names.clone().position(|known| known == name);
        if let Some(position) = position {
            values[position] = given(value);
        }
        position.is_some()
    });
    read.map_err(|_| Error::invalid_params(format!("{path} must be an object")))?;
    let text = |(name, value): (&str, Option<&'a str>)| match value.map(jsonrpc::string) {
        Some(None) => Err(Error::invalid_params(format!(
            "{path}.{name} must be a string"
        ))),
        Some(Some(text)) if text.len() > LONGEST_ARGUMENT => Err(Error::invalid_params(format!(
            "{path}.{name} is longer than {LONGEST_ARGUMENT} bytes"
        ))),
        text => Ok(text.flatten()),
    };
    names.zip(values).map(text).collect()
}

/// A prompt with the members of a revision.
pub(super) struct Listed<'a>(pub(super) &'a Prompt, pub(super) Revision);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Listed(prompt, revision) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &prompt.name)?;
        if revision.has_titles() {
            map.serialize_entry("title", &prompt.title)?;
        }
        map.serialize_entry("description", &prompt.description)?;
        let arguments: Vec<_> = prompt
            .arguments
            .iter()
            .map(|argument| ListedArgument(argument, *revision))
            .collect();
        map.serialize_entry("arguments", &arguments)?;
        map.end()
    }
}

struct ListedArgument<'a>(&'a PromptArgument, Revision);

impl Serialize for ListedArgument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ListedArgument(argument, revision) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &argument.name)?;
        if revision.has_titles() {
            map.serialize_entry("title", &argument.title)?;
        }
        map.serialize_entry("description", &argument.description)?;
        if argument.required {
            map.serialize_entry("required", &true)?;
        }
        map.end()
    }
}
