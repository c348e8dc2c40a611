//! The four lists. Each has one page, and is serialized once per revision (tools also without their output schemas).
//!
//! Never here: the members of an entry.

use alloc::{boxed::Box, vec::Vec};

use serde::Serialize;

use super::{
    prompts,
    request::Request,
    resources,
    result::{Cache, write_frame},
    tools,
};
use crate::{
    catalog::Catalog,
    identity::Identity,
    revision::Revision,
    session::Session,
    wire::{
        jsonrpc::Error,
        write::{write_json, write_result, write_string},
    },
};

#[derive(Clone, Copy, Debug)]
pub(super) enum List {
    Tools,
    /// Without `outputSchema`, which obliges a tool to structured results.
    ToolsOfText,
    Resources,
    ResourceTemplates,
    Prompts,
}

/// There is only one page, in the order of the catalogue.
pub(super) fn list(
    session: &mut Session,
    request: &Request<'_>,
    list: List,
) -> Result<(), Error<'static>> {
    if request.params.cursor.is_some() {
        return Err(Error::invalid_params(
            "Unknown cursor: the list has one page",
        ));
    }
    let list = match list {
        List::Tools if !tools::is_structured(session, request) => List::ToolsOfText,
        list => list,
    };
    let (catalog, identity) = (&session.catalog, &session.identity);
    let known = &mut session.lists[list as usize][request.revision.index()];
    let result = known.get_or_insert_with(|| write(catalog, identity, list, request.revision));
    write_result(&mut session.out, request.id, |out| {
        out.extend_from_slice(result);
    });
    Ok(())
}

fn write(catalog: &Catalog, identity: &Identity, list: List, revision: Revision) -> Box<[u8]> {
    let cache = match list {
        List::Tools | List::ToolsOfText => Cache::of(catalog.is_private),
        _ => Cache::PUBLIC,
    };
    let mut result = Vec::new();
    write_frame(
        &mut result,
        identity,
        revision,
        Some(cache),
        |out| match list {
            List::Tools | List::ToolsOfText => entries(out, "tools", &catalog.tools, |tool| {
                tools::Listed(tool, revision, matches!(list, List::Tools))
            }),
            List::Resources => entries(out, "resources", &catalog.resources, |resource| {
                resources::Listed(resource, revision)
            }),
            List::ResourceTemplates => {
                entries(out, "resourceTemplates", &catalog.templates, |template| {
                    resources::ListedTemplate(template, revision)
                });
            }
            List::Prompts => entries(out, "prompts", &catalog.prompts, |prompt| {
                prompts::Listed(prompt, revision)
            }),
        },
    );
    result.into()
}

fn entries<'a, T, L: Serialize>(
    out: &mut Vec<u8>,
    member: &str,
    entries: &'a [T],
    listed: impl Fn(&'a T) -> L,
) {
    write_string(out, member);
    out.extend_from_slice(b":[");
    for (position, entry) in entries.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_json(out, &listed(entry));
    }
    out.push(b']');
}
