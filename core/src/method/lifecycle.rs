//! Opening a session: `initialize` (R-20, R-21), and `server/discover` (R-30).
//!
//! Never here: the envelope of single requests.

use alloc::vec::Vec;

use super::{
    request::{Request, short_client_name},
    result::{Cache, write_frame},
};
use crate::{
    catalog::shows_structured_alone,
    identity::{Identity, ServerInfo},
    revision::Revision,
    session::Session,
    wire::{
        jsonrpc::{self, Code, Error},
        write::{write_json, write_result, write_string},
    },
};

/// Negotiates a legacy revision: the requested one, else the newest. A client may repeat it, but not in a batch (R-16).
pub(super) fn initialize(
    session: &mut Session,
    request: &Request<'_>,
) -> Result<(), Error<'static>> {
    if session.batch.is_some() {
        return Err(Error::new(
            Code::INVALID_REQUEST,
            "initialize must not be part of a batch",
        ));
    }
    let requested = match request.params.protocol_version.map(jsonrpc::string) {
        Some(None) => {
            return Err(Error::invalid_params(
                "params.protocolVersion must be a string, such as \"2025-11-25\"",
            ));
        }
        requested => requested.flatten(),
    };
    let revision = requested
        .and_then(|name| Revision::from_name(&name))
        .filter(|revision| !revision.is_modern())
        .unwrap_or(Revision::NEWEST_LEGACY);
    session.negotiated = Some(revision);
    let client = request.params.client_info;
    session.shows_structured_alone = client.is_some_and(shows_structured_alone);
    session.client = client.and_then(short_client_name);

    let (catalog, identity) = (&session.catalog, &session.identity);
    write_result(&mut session.out, request.id, |out| {
        write_frame(out, identity, revision, None, |out| {
            out.extend_from_slice(br#""protocolVersion":"#);
            write_string(out, revision.as_str());
            write_capabilities(out, revision);
            out.extend_from_slice(br#","serverInfo":"#);
            let icon = catalog.server.icon.as_ref();
            write_json(out, &ServerInfo(&catalog.server, revision, icon));
            write_instructions(out, &catalog.instructions);
        });
    });
    Ok(())
}

/// Answers a modern client with versions, capabilities and instructions.
pub(super) fn discover(session: &mut Session, request: &Request<'_>) -> Result<(), Error<'static>> {
    let catalog = &session.catalog;
    let identity = Identity::with_icon(catalog);
    write_result(&mut session.out, request.id, |out| {
        write_frame(
            out,
            &identity,
            request.revision,
            Some(Cache::of(session.catalog.is_private)),
            |out| {
                out.extend_from_slice(br#""supportedVersions":"#);
                write_json(out, &Revision::ALL.map(Revision::as_str));
                write_capabilities(out, request.revision);
                write_instructions(out, &catalog.instructions);
            },
        );
    });
    Ok(())
}

/// Exactly what is served is declared (R-50 to R-52). The lists never change, so `listChanged` is not declared.
fn write_capabilities(out: &mut Vec<u8>, revision: Revision) {
    out.extend_from_slice(br#","capabilities":{"tools":{},"resources":{},"prompts":{}"#);
    if revision.has_completions_capability() {
        out.extend_from_slice(br#","completions":{}"#);
    }
    if revision.has_logging() {
        out.extend_from_slice(br#","logging":{}"#);
    }
    out.push(b'}');
}

fn write_instructions(out: &mut Vec<u8>, instructions: &str) {
    if !instructions.is_empty() {
        out.extend_from_slice(br#","instructions":"#);
        write_string(out, instructions);
    }
}
