//! `tools/call`, entries of `tools/list`, progress, and the result of a tool.
//!
//! Never here: a tool.

use alloc::{format, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::{
    content::{BEFORE_TEXT, write_content},
    request::{Request, short_client_name, shown},
    result::write_frame,
};
use crate::{
    call::{Action, Content, Progress, ToolCall, ToolResult},
    catalog::{Catalog, Tool, shows_structured_alone},
    identity::Identity,
    pending::Call,
    revision::Revision,
    session::{OutOfMemory, Session},
    wire::{
        jsonrpc::{self, Error, Id},
        write::{write_json, write_notification, write_result, write_string},
    },
};

/// Opens a call. Only the rules of the protocol are checked here; a tool checks its own arguments (R-57, R-58).
pub(super) fn call(session: &mut Session, request: &Request<'_>) -> Result<(), Error<'static>> {
    let Some(name) = request.params.name.and_then(jsonrpc::string) else {
        return Err(Error::invalid_params("params.name must be a string"));
    };
    let arguments = request.params.arguments.unwrap_or("{}");
    if !arguments.starts_with('{') {
        return Err(Error::invalid_params("params.arguments must be an object"));
    }
    let Some(tool) = session.catalog.tools.iter().position(|t| t.name == name) else {
        return Err(Error::invalid_params(format!(
            "Unknown tool: {}",
            shown(&name)
        )));
    };
    session.check_unused(request.id)?;
    if let Err(text) = open(session, request, tool, arguments) {
        let result = ToolResult {
            content: &[Content::Text(text)],
            structured: None,
            is_error: true,
        };
        let (catalog, identity) = (&session.catalog, &session.identity);
        let out = &mut session.out;
        write_call_result(
            out,
            catalog,
            identity,
            request.id,
            request.revision,
            false,
            &result,
        );
    }
    Ok(())
}

/// Opens a call and queues the action for it.
///
/// # Errors
/// The text of an error result: there is no room for the call.
fn open(
    session: &mut Session,
    request: &Request<'_>,
    tool: usize,
    arguments: &str,
) -> Result<(), &'static str> {
    if session.pending.len() >= session.limits.calls {
        return Err(TOO_MANY);
    }
    let Request { id, revision, .. } = *request;
    let structured = is_structured(session, request);
    let token = request.meta.progress_token.map(Id::as_json);
    let no_memory = |OutOfMemory| NO_MEMORY;
    let bytes = id.as_json().len() + token.map_or(0, str::len);
    let for_call = session.reserve(bytes).map_err(no_memory)?;
    let for_arguments = session.reserve(arguments.len()).map_err(no_memory)?;
    if let Some(batch) = session.batch {
        session.batches.add_unanswered(batch);
    }
    let call = Call::new(id, revision, structured, session.batch, token, for_call);
    let handle = session.pending.insert(id, call);
    session.actions.push_back(Action::CallTool(ToolCall {
        handle,
        tool,
        arguments: arguments.into(),
        wants_progress: token.is_some(),
        wants_log: revision.has_logging(),
        client: match revision.is_modern() {
            true => request.meta.client_info.and_then(short_client_name),
            false => session.client.clone(),
        },
        trace: request.meta.trace(),
        reservation: for_arguments,
    }));
    Ok(())
}

const TOO_MANY: &str =
    "unavailable: too many calls are in flight. Wait for one to finish, then try again.";

const NO_MEMORY: &str = "too_large: there is not enough memory left for this call. Send less, or wait for other calls to finish.";

/// Whether the client of a request receives structured results.
pub(super) fn is_structured(session: &Session, request: &Request<'_>) -> bool {
    let structured = session.catalog.structured;
    structured.is_for(request.revision, || match request.revision.is_modern() {
        true => request.meta.client_info.is_some_and(shows_structured_alone),
        false => session.shows_structured_alone,
    })
}

/// Appends the answer to a call.
pub(crate) fn write_call_result(
    out: &mut Vec<u8>,
    catalog: &Catalog,
    identity: &Identity,
    id: Id<'_>,
    revision: Revision,
    structured: bool,
    result: &ToolResult<'_>,
) {
    write_result(out, id, |out| {
        write_frame(out, identity, revision, None, |out| {
            out.extend_from_slice(br#""content":["#);
            let known = result
                .content
                .iter()
                .filter(|c| c.can_be_written(catalog, revision));
            let mut shared = None;
            for (position, content) in known.enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                let start = out.len() + BEFORE_TEXT.len();
                write_content(out, catalog, revision, content);
                if matches!(content, Content::SharedText(_)) {
                    // All but the closing brace.
                    shared = Some(start..out.len() - 1);
                }
            }
            out.push(b']');
            if let Some(structured) = result.structured.filter(|_| structured) {
                debug_assert!(!structured.contains('\n'), "a line must stay one line");
                out.extend_from_slice(br#","structuredContent":"#);
                let members = match (shared, structured.strip_prefix('{')) {
                    (Some(text), Some(members)) => {
                        out.reserve(text.len() + structured.len());
                        out.extend_from_slice(br#"{"text":"#);
                        out.extend_from_within(text);
                        if members != "}" {
                            out.push(b',');
                        }
                        members
                    }
                    _ => structured,
                };
                out.extend_from_slice(members.as_bytes());
            }
            if result.is_error {
                out.extend_from_slice(br#","isError":true"#);
            }
        });
    });
}

/// Appends a progress notification (R-70).
pub(crate) fn write_progress(
    out: &mut Vec<u8>,
    revision: Revision,
    token: &str,
    progress: &Progress<'_>,
) {
    write_notification(out, "notifications/progress", |out| {
        out.extend_from_slice(br#""progressToken":"#);
        out.extend_from_slice(token.as_bytes());
        out.extend_from_slice(br#","progress":"#);
        write_json(out, &progress.progress);
        if let Some(total) = progress.total {
            out.extend_from_slice(br#","total":"#);
            write_json(out, &total);
        }
        if let Some(message) = progress.message
            && revision.has_progress_message()
        {
            out.extend_from_slice(br#","message":"#);
            write_string(out, message);
        }
    });
}

/// A tool with the members of a revision.
pub(super) struct Listed<'a>(
    pub(super) &'a Tool,
    pub(super) Revision,
    /// With the schema of its structured result.
    pub(super) bool,
);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Listed(tool, revision, structured) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &tool.name)?;
        if revision.has_titles() {
            map.serialize_entry("title", &tool.title)?;
        }
        map.serialize_entry("description", &tool.description)?;
        map.serialize_entry("inputSchema", &raw::<S::Error>(&tool.input_schema)?)?;
        if *structured && let Some(schema) = &tool.output_schema {
            map.serialize_entry("outputSchema", &raw::<S::Error>(schema)?)?;
        }
        if revision.has_annotations() {
            map.serialize_entry("annotations", &Hints(tool, *revision))?;
        }
        map.end()
    }
}

fn raw<E: serde::ser::Error>(json: &str) -> Result<&RawValue, E> {
    serde_json::from_str(json).map_err(E::custom)
}

/// Hints that differ from the defaults of the specification, and the title in revisions without another member for it.
struct Hints<'a>(&'a Tool, Revision);

impl Serialize for Hints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Hints(tool, revision) = self;
        let hints = &tool.annotations;
        let mut map = serializer.serialize_map(None)?;
        if !revision.has_titles() {
            map.serialize_entry("title", &tool.title)?;
        }
        if hints.read_only {
            map.serialize_entry("readOnlyHint", &true)?;
        }
        if hints.idempotent {
            map.serialize_entry("idempotentHint", &true)?;
        }
        if !hints.open_world {
            map.serialize_entry("openWorldHint", &false)?;
        }
        map.end()
    }
}
