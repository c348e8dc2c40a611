//! Which method goes where, and what holds for all of them: params, the envelope of modern requests,
//! the frame of results.
//!
//! Never here: what a single method answers.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    catalog::{Catalog, Icon, Implementation},
    jsonrpc::{self, Code, Error, Id, take_members, write_json, write_string},
    revision::Revision,
    server::{Content, Session},
    trace::Trace,
};

mod cancelled;
mod completion;
mod lifecycle;
mod list;
pub(crate) mod logging;
mod prompts;
mod resources;
pub(crate) mod subscriptions;
pub(crate) mod tools;

use list::List;
pub(crate) use list::Lists;
use logging::LoggingLevel;

/// A request whose envelope, if any, has been checked.
struct Request<'a> {
    id: Id<'a>,
    revision: Revision,
    params: Params<'a>,
    meta: Meta<'a>,
}

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
    // Read where it stays: most of it is absent in most requests.
    let mut request = Request {
        id,
        revision: session.legacy_revision(),
        params: Params::default(),
        meta: Meta::default(),
    };
    if let Some(params) = params {
        request.params.read(params)?;
    }
    if let Some(meta) = request.params.meta {
        request.meta.read(meta)?;
    }
    if request.meta.is_modern() {
        request.meta.check_envelope()?;
        request.revision = Revision::V2026_07_28;
    }
    let revision = request.revision;
    let modern = revision.is_modern();
    match method {
        "initialize" if !modern => lifecycle::initialize(session, &request),
        "ping" if !modern => {
            jsonrpc::write_result(&mut session.out, id, |out| out.extend_from_slice(b"{}"));
            Ok(())
        }
        "server/discover" if modern => lifecycle::discover(session, &request),
        // Never served without an envelope: a client that probes for eras would be misled.
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

/// Acts on a notification. Unknown ones, and ones that cannot be read, are ignored (R-12, R-73).
pub(crate) fn notification(session: &mut Session, method: &str, params: Option<&str>) {
    if method == "notifications/cancelled" {
        cancelled::cancelled(session, params);
    }
}

/// A caller's text as part of one of our messages: not all of it.
fn shown(text: &str) -> &str {
    let mut end = text.len().min(128);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The members of `params` that some method reads, as JSON texts.
#[derive(Default)]
struct Params<'a> {
    meta: Option<&'a str>,
    protocol_version: Option<&'a str>,
    name: Option<&'a str>,
    arguments: Option<&'a str>,
    cursor: Option<&'a str>,
    uri: Option<&'a str>,
    /// `ref`
    reference: Option<&'a str>,
    argument: Option<&'a str>,
    context: Option<&'a str>,
    level: Option<&'a str>,
    notifications: Option<&'a str>,
}

impl<'a> Params<'a> {
    #[inline(never)]
    fn read(&mut self, json: &'a str) -> Result<(), Error<'static>> {
        let read = take_members(json, |name, value| {
            let slot = match name {
                "_meta" => &mut self.meta,
                "protocolVersion" => &mut self.protocol_version,
                "name" => &mut self.name,
                "arguments" => &mut self.arguments,
                "cursor" => &mut self.cursor,
                "uri" => &mut self.uri,
                "ref" => &mut self.reference,
                "argument" => &mut self.argument,
                "context" => &mut self.context,
                "level" => &mut self.level,
                "notifications" => &mut self.notifications,
                _ => return false,
            };
            *slot = Some(value);
            true
        });
        read.map_err(|_| Error::invalid_params("params must be an object"))
    }
}

const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// The members of `params._meta` that somebody reads, as JSON texts.
#[derive(Default)]
struct Meta<'a> {
    protocol_version: Option<&'a str>,
    client_capabilities: Option<&'a str>,
    client_info: Option<&'a str>,
    log_level: Option<&'a str>,
    progress_token: Option<Id<'a>>,
    trace_parent: Option<&'a str>,
    trace_state: Option<&'a str>,
}

impl<'a> Meta<'a> {
    #[inline(never)]
    fn read(&mut self, json: &'a str) -> Result<(), Error<'static>> {
        let mut token = None;
        let read = take_members(json, |name, value| {
            let slot = match name {
                PROTOCOL_VERSION => &mut self.protocol_version,
                CLIENT_CAPABILITIES => &mut self.client_capabilities,
                CLIENT_INFO => &mut self.client_info,
                LOG_LEVEL => &mut self.log_level,
                "progressToken" => &mut token,
                "traceparent" => &mut self.trace_parent,
                "tracestate" => &mut self.trace_state,
                _ => return false,
            };
            *slot = Some(value);
            true
        });
        read.map_err(|_| Error::invalid_params("params._meta must be an object"))?;
        self.progress_token = token.and_then(Id::from_json);
        if token.is_some() && self.progress_token.is_none() {
            return Err(Error::invalid_params(
                "params._meta.progressToken must be a string or an integer",
            ));
        }
        Ok(())
    }

    /// The trace that the request belongs to. What is not well-formed is as good as absent: it must not
    /// keep a request from being served.
    fn trace(&self) -> Option<Box<Trace>> {
        let parent = jsonrpc::string(self.trace_parent?)?;
        let state = self.trace_state.and_then(jsonrpc::string);
        Trace::read(&parent, state.as_deref()).map(Box::new)
    }

    /// Whether the request belongs to 2026-07-28 or later (MCP digest 2.15 rule 1).
    fn is_modern(&self) -> bool {
        self.protocol_version.is_some()
            || self.client_capabilities.is_some()
            || self.client_info.is_some()
    }

    /// Checks a modern envelope in the order of MCP digest 2.5 (R-31, R-33, R-42).
    fn check_envelope(&self) -> Result<(), Error<'static>> {
        let requested = self
            .protocol_version
            .and_then(|json| jsonrpc::string(json).map(|name| (json, name)));
        let Some((json, name)) = requested else {
            return Err(Error::invalid_params(format!(
                "params._meta needs {PROTOCOL_VERSION}, a string"
            )));
        };
        match Revision::from_name(&name) {
            Some(revision) if revision.is_modern() => {}
            Some(_) => return Err(unsupported("This version needs initialize", json)),
            None => return Err(unsupported("Unsupported protocol version", json)),
        }
        if !self
            .client_capabilities
            .is_some_and(|json| json.starts_with('{'))
        {
            return Err(Error::invalid_params(format!(
                "params._meta needs {CLIENT_CAPABILITIES}, an object"
            )));
        }
        let level_is_known = self.log_level.is_none_or(|json| {
            jsonrpc::string(json).is_some_and(|level| LoggingLevel::from_name(&level).is_some())
        });
        if !level_is_known {
            return Err(Error::invalid_params(format!(
                "params._meta: {LOG_LEVEL} must be one of {}",
                LoggingLevel::names()
            )));
        }
        Ok(())
    }
}

fn unsupported(message: &'static str, requested: &str) -> Error<'static> {
    let mut data = br#"{"supported":"#.to_vec();
    write_json(&mut data, &Revision::ALL.map(Revision::as_str));
    data.extend_from_slice(br#","requested":"#);
    data.extend_from_slice(requested.as_bytes());
    data.push(b'}');
    let data = String::from_utf8(data).unwrap_or_default();
    Error::new(Code::UNSUPPORTED_PROTOCOL_VERSION, message).with_data(data)
}

/// Who may keep a modern result, and for how long (R-39).
#[derive(Clone, Copy)]
struct Cache {
    ttl_ms: u64,
    scope: &'static str,
}

impl Cache {
    /// What is the same for every user of this version.
    const PUBLIC: Cache = Cache {
        ttl_ms: 3_600_000,
        scope: "public",
    };

    /// What depends on the settings, which are read once per process: a client may start another one.
    const PRIVATE: Cache = Cache {
        ttl_ms: 60_000,
        scope: "private",
    };

    fn of(is_private: bool) -> Self {
        match is_private {
            true => Cache::PRIVATE,
            false => Cache::PUBLIC,
        }
    }
}

/// Appends a result object: its own members, written by `body`, and what modern revisions want
/// around them (R-34, R-35, R-39).
fn write_frame(
    out: &mut Vec<u8>,
    identity: &Identity,
    revision: Revision,
    cache: Option<Cache>,
    body: impl FnOnce(&mut Vec<u8>),
) {
    out.push(b'{');
    if revision.is_modern() {
        out.extend_from_slice(br#""resultType":"complete","#);
    }
    body(out);
    if revision.is_modern() {
        if let Some(cache) = cache {
            out.extend_from_slice(br#","ttlMs":"#);
            write_json(out, &cache.ttl_ms);
            out.extend_from_slice(br#","cacheScope":"#);
            write_string(out, cache.scope);
        }
        out.extend_from_slice(br#","_meta":{"#);
        identity.write(out);
        out.push(b'}');
    }
    out.push(b'}');
}

/// The member of `_meta` in modern results that says who answers. Written once, used in each.
#[derive(Debug)]
pub(crate) struct Identity(Box<[u8]>);

impl Identity {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        // A picture in every result would be a waste.
        Identity::of(&ServerInfo(&catalog.server, Revision::V2026_07_28, None))
    }

    fn with_icon(catalog: &Catalog) -> Self {
        let icon = catalog.server.icon.as_ref();
        Identity::of(&ServerInfo(&catalog.server, Revision::V2026_07_28, icon))
    }

    fn of(server: &ServerInfo<'_>) -> Self {
        let mut json = Vec::new();
        write_string(&mut json, SERVER_INFO);
        json.push(b':');
        write_json(&mut json, server);
        Identity(json.into())
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl Content<'_> {
    /// Where it cannot be written, there is the text beside it.
    fn can_be_written(&self, catalog: &Catalog, revision: Revision) -> bool {
        match *self {
            Content::Text(_) | Content::SharedText(_) | Content::Image { .. } => true,
            Content::Resource(position) => {
                revision.has_resource_links() && position < catalog.resources.len()
            }
        }
    }
}

/// Appends one content block, which it must be possible to write.
const BEFORE_TEXT: &[u8] = br#"{"type":"text","text":"#;

fn write_content(out: &mut Vec<u8>, catalog: &Catalog, revision: Revision, content: &Content<'_>) {
    match *content {
        Content::Text(text) | Content::SharedText(text) => {
            out.extend_from_slice(BEFORE_TEXT);
            write_string(out, text);
            out.push(b'}');
        }
        Content::Image { data, mime_type } => {
            out.extend_from_slice(br#"{"type":"image","data":"#);
            write_string(out, data);
            out.extend_from_slice(br#","mimeType":"#);
            write_string(out, mime_type);
            out.push(b'}');
        }
        Content::Resource(position) => {
            let resource = &catalog.resources[position];
            write_json(out, &resources::Link(resource, revision));
        }
    }
}

/// `Implementation` with the members that a revision knows, and a picture.
struct ServerInfo<'a>(&'a Implementation, Revision, Option<&'a Icon>);

impl Serialize for ServerInfo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ServerInfo(server, revision, icon) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &server.name)?;
        if revision.has_titles() {
            map.serialize_entry("title", &server.title)?;
        }
        map.serialize_entry("version", &server.version)?;
        if revision.has_implementation_details() {
            map.serialize_entry("description", &server.description)?;
            if let Some(icon) = icon {
                map.serialize_entry("icons", &[ListedIcon(icon)])?;
            }
        }
        map.end()
    }
}

struct ListedIcon<'a>(&'a Icon);

impl Serialize for ListedIcon<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ListedIcon(icon) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("src", &icon.src)?;
        map.serialize_entry("mimeType", &icon.mime_type)?;
        map.serialize_entry("sizes", &["any"])?;
        map.end()
    }
}
