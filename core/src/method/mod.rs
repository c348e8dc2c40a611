//! Dispatch of methods.
//!
//! Never here: the answer of a single method.

use alloc::format;

use crate::{
    session::Session,
    wire::{
        jsonrpc::{Code, Error, Id},
        write::write_result,
    },
};

mod cancelled;
mod completion;
mod content;
mod lifecycle;
mod list;
pub(crate) mod logging;
mod prompts;
mod request;
mod resources;
mod result;
mod subscriptions;
pub(crate) mod tools;

use list::List;
use request::{CLIENT_CAPABILITIES, PROTOCOL_VERSION, Request, shown};

/// Serves one request: writes its result or queues an action for it.
///
/// # Errors
/// What to answer instead.
pub(crate) fn request<'a>(
    session: &mut Session,
    id: Id<'a>,
    method: &str,
    params: Option<&'a str>,
) -> Result<(), Error<'static>> {
    let request = Request::read(id, params, session.legacy_revision())?;
    let revision = request.revision;
    let modern = revision.is_modern();
    match method {
        "initialize" if !modern => lifecycle::initialize(session, &request),
        "ping" if !modern => {
            write_result(&mut session.out, id, |out| out.extend_from_slice(b"{}"));
            Ok(())
        }
        "server/discover" if modern => lifecycle::discover(session, &request),
        // Never served without an envelope: it would mislead a client that probes for modern revisions.
        "server/discover" => Err(Error::invalid_params(format!(
            "server/discover needs params._meta with {PROTOCOL_VERSION} and {CLIENT_CAPABILITIES}"
        ))),
        "tools/list" => list::list(session, &request, List::Tools),
        "tools/call" => tools::call(session, &request),
        "resources/list" => list::list(session, &request, List::Resources),
        "resources/templates/list" => list::list(session, &request, List::ResourceTemplates),
        "resources/read" => resources::read(session, &request),
        "prompts/list" => list::list(session, &request, List::Prompts),
        "prompts/get" => prompts::get(session, &request),
        "completion/complete" => completion::complete(session, &request),
        "logging/setLevel" if revision.has_logging() => logging::set_level(session, &request),
        "subscriptions/listen" if modern => subscriptions::listen(session, &request),
        _ => Err(Error::new(
            Code::METHOD_NOT_FOUND,
            format!("Method not found: {}", shown(method)),
        )),
    }
}

/// Handles a notification. Unknown and malformed ones are ignored.
pub(crate) fn notification(session: &mut Session, method: &str, params: Option<&str>) {
    if method == "notifications/cancelled" {
        cancelled::cancelled(session, params);
    }
}
