//! `completion/complete`: suggestions for an argument of a prompt or the variable of a resource template.
//!
//! Never here: the possible values of a prompt's argument.

use alloc::{borrow::Cow, format, vec::Vec};

use super::{prompts, request::Request, resources, result::write_frame};
use crate::{
    catalog::Catalog,
    session::Session,
    wire::{
        jsonrpc::{self, Error, members},
        write::{write_json, write_result, write_string},
    },
};

/// Upper bound on values in one answer (R-64).
const MAX_VALUES: usize = 100;

/// Longest text that is completed, in bytes (R-64).
const LONGEST_VALUE: usize = 1024;

enum Subject {
    /// An argument of a prompt, by their positions.
    Prompt(usize, Option<usize>),
    /// The variable of the template at this position.
    Template(usize),
    /// Something without this variable.
    Fixed,
}

/// Suggests values that match what the user has typed.
pub(super) fn complete(session: &mut Session, request: &Request<'_>) -> Result<(), Error<'static>> {
    let Some(reference) = request.params.reference else {
        return Err(Error::invalid_params("params.ref is missing"));
    };
    let (argument, value) = argument(request.params.argument)?;
    let catalog = &session.catalog;
    let candidates = match subject(catalog, reference, &argument)? {
        Subject::Fixed | Subject::Prompt(_, None) => Vec::new(),
        Subject::Template(template) => {
            let prefix = &*catalog.templates[template].prefix;
            let uris = catalog.resources.iter().map(|resource| &*resource.uri);
            uris.filter_map(|uri| uri.strip_prefix(prefix))
                .map(Cow::Borrowed)
                .collect()
        }
        Subject::Prompt(prompt, Some(argument)) => {
            let [arguments] = members(request.params.context.unwrap_or("{}"), ["arguments"])
                .map_err(|_| Error::invalid_params("params.context must be an object"))?;
            let known = &catalog.prompts[prompt];
            let given = prompts::arguments(known, arguments, "params.context.arguments")?;
            session.library.candidates(prompt, argument, &given)
        }
    };
    let fitting: Vec<&str> = candidates
        .iter()
        .map(|candidate| &**candidate)
        .filter(|candidate| fits(candidate, &value))
        .collect();

    let identity = &session.identity;
    write_result(&mut session.out, request.id, |out| {
        write_frame(out, identity, request.revision, None, |out| {
            out.extend_from_slice(br#""completion":{"values":["#);
            for (position, value) in fitting.iter().take(MAX_VALUES).enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_string(out, value);
            }
            out.extend_from_slice(br#"],"total":"#);
            write_json(out, &fitting.len());
            out.extend_from_slice(br#","hasMore":"#);
            write_json(out, &(fitting.len() > MAX_VALUES));
            out.push(b'}');
        });
    });
    Ok(())
}

/// Name and value of the argument that is completed.
fn argument(json: Option<&str>) -> Result<(Cow<'_, str>, Cow<'_, str>), Error<'static>> {
    let wrong = || {
        Error::invalid_params("params.argument must be an object with name and value, two strings")
    };
    let both = members(json.ok_or_else(wrong)?, ["name", "value"]).map_err(|_| wrong())?;
    let [Some(name), Some(value)] = both.map(|value| value.and_then(jsonrpc::string)) else {
        return Err(wrong());
    };
    if value.len() > LONGEST_VALUE {
        return Err(Error::invalid_params(format!(
            "params.argument.value is longer than {LONGEST_VALUE} bytes"
        )));
    }
    Ok((name, value))
}

fn subject(catalog: &Catalog, reference: &str, argument: &str) -> Result<Subject, Error<'static>> {
    let [kind, name, uri] = members(reference, ["type", "name", "uri"])
        .map_err(|_| Error::invalid_params("params.ref must be an object"))?
        .map(|value| value.and_then(jsonrpc::string));
    match (kind.as_deref(), name, uri) {
        (Some("ref/prompt"), Some(name), _) => {
            let prompt = prompts::position(&catalog.prompts, &name)?;
            let arguments = &catalog.prompts[prompt].arguments;
            let argument = arguments.iter().position(|known| known.name == argument);
            Ok(Subject::Prompt(prompt, argument))
        }
        (Some("ref/resource"), _, Some(uri)) => {
            let template = catalog
                .templates
                .iter()
                .position(|template| template.uri_template() == uri);
            match template {
                Some(template) if catalog.templates[template].variable == argument => {
                    Ok(Subject::Template(template))
                }
                None if resources::position(&catalog.resources, &uri).is_none() => Err(
                    Error::invalid_params("params.ref.uri is neither a template nor a resource"),
                ),
                _ => Ok(Subject::Fixed),
            }
        }
        _ => Err(Error::invalid_params(
            "params.ref must be {\"type\":\"ref/prompt\",\"name\":…} or {\"type\":\"ref/resource\",\"uri\":…}",
        )),
    }
}

/// Whether a value, or its part after a slash, begins with what was typed, in any case.
fn fits(candidate: &str, typed: &str) -> bool {
    let begins = |text: &str| {
        let mut chars = text.chars().flat_map(char::to_lowercase);
        typed
            .chars()
            .flat_map(char::to_lowercase)
            .all(|wanted| chars.next() == Some(wanted))
    };
    begins(candidate)
        || candidate
            .split_once('/')
            .is_some_and(|(_, rest)| begins(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_may_begin_the_value_or_its_part_after_the_slash() {
        for typed in ["", "Open", "openai/", "gpt", "GPT-5"] {
            assert!(fits("openai/gpt-5", typed), "{typed}");
        }
        for typed in ["ai", "5", "openai/gpt-5x", " gpt"] {
            assert!(!fits("openai/gpt-5", typed), "{typed}");
        }
    }
}
