//! What every request has: params, and in modern revisions an envelope.
//!
//! Never here: what a single method does with them.

use alloc::{boxed::Box, format, string::String, sync::Arc};

use crate::{
    catalog::client_name,
    logging::LoggingLevel,
    revision::Revision,
    trace::Trace,
    wire::{
        jsonrpc::{self, Code, Error, Id, take_members},
        write::write_json,
    },
};

/// A request whose envelope, if any, has been checked.
pub(super) struct Request<'a> {
    pub(super) id: Id<'a>,
    pub(super) revision: Revision,
    pub(super) params: Params<'a>,
    pub(super) meta: Meta<'a>,
}

impl<'a> Request<'a> {
    /// Reads params and envelope; without an envelope the request belongs to `legacy`.
    ///
    /// # Errors
    /// What to answer instead.
    pub(super) fn read(
        id: Id<'a>,
        params: Option<&'a str>,
        legacy: Revision,
    ) -> Result<Self, Error<'static>> {
        let mut request = Request {
            id,
            revision: legacy,
            params: Params::default(),
            meta: Meta::default(),
        };
        if let Some(params) = params.and_then(given) {
            request.params.read(params)?;
        }
        if let Some(meta) = request.params.meta {
            request.meta.read(meta)?;
        }
        if request.meta.is_modern() {
            request.revision = request.meta.check_envelope()?;
        }
        Ok(request)
    }
}

/// A value, unless it is null: several SDKs write null for what is left out.
pub(super) fn given(raw: &str) -> Option<&str> {
    (raw != "null").then_some(raw)
}

/// A caller's text for one of our messages, cut to a moderate length.
pub(super) fn shown(text: &str) -> &str {
    let mut end = text.len().min(128);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The name in `clientInfo`, cut to a moderate length.
pub(super) fn short_client_name(client_info: &str) -> Option<Arc<str>> {
    client_name(client_info).map(|name| shown(&name).into())
}

/// The members of `params` that any method reads, as JSON texts.
#[derive(Default)]
pub(super) struct Params<'a> {
    pub(super) meta: Option<&'a str>,
    pub(super) protocol_version: Option<&'a str>,
    pub(super) client_info: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) arguments: Option<&'a str>,
    pub(super) cursor: Option<&'a str>,
    pub(super) uri: Option<&'a str>,
    /// `ref`
    pub(super) reference: Option<&'a str>,
    pub(super) argument: Option<&'a str>,
    pub(super) context: Option<&'a str>,
    pub(super) level: Option<&'a str>,
    pub(super) notifications: Option<&'a str>,
}

impl<'a> Params<'a> {
    #[inline(never)]
    fn read(&mut self, json: &'a str) -> Result<(), Error<'static>> {
        let read = take_members(json, |name, value| {
            let slot = match name {
                "_meta" => &mut self.meta,
                "protocolVersion" => &mut self.protocol_version,
                "clientInfo" => &mut self.client_info,
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
            *slot = given(value);
            true
        });
        read.map_err(|_| Error::invalid_params("params must be an object"))
    }
}

pub(super) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The members of `params._meta` that are read, as JSON texts.
#[derive(Default)]
pub(super) struct Meta<'a> {
    pub(super) protocol_version: Option<&'a str>,
    pub(super) client_capabilities: Option<&'a str>,
    pub(super) client_info: Option<&'a str>,
    pub(super) log_level: Option<&'a str>,
    pub(super) progress_token: Option<Id<'a>>,
    pub(super) trace_parent: Option<&'a str>,
    pub(super) trace_state: Option<&'a str>,
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
        let token = token.and_then(given);
        self.progress_token = token.and_then(Id::from_json);
        if token.is_some() && self.progress_token.is_none() {
            return Err(Error::invalid_params(
                "params._meta.progressToken must be a string or an integer",
            ));
        }
        Ok(())
    }

    /// The trace that the request belongs to. A malformed one is ignored: it must not prevent the request from being served.
    pub(super) fn trace(&self) -> Option<Box<Trace>> {
        let parent = jsonrpc::string(self.trace_parent?)?;
        let state = self.trace_state.and_then(jsonrpc::string);
        Trace::read(&parent, state.as_deref()).map(Box::new)
    }

    /// Whether the request belongs to 2026-07-28 or later.
    fn is_modern(&self) -> bool {
        self.protocol_version.is_some()
            || self.client_capabilities.is_some()
            || self.client_info.is_some()
    }

    /// The revision that a modern request names. The version is checked first, so that a client of another revision learns
    /// which ones are supported (R-31, R-33, R-42).
    fn check_envelope(&self) -> Result<Revision, Error<'static>> {
        let requested = self
            .protocol_version
            .and_then(|json| jsonrpc::string(json).map(|name| (json, name)));
        let Some((json, name)) = requested else {
            return Err(Error::invalid_params(format!(
                "params._meta needs {PROTOCOL_VERSION}, a string"
            )));
        };
        let revision = match Revision::from_name(&name) {
            Some(revision) if revision.is_modern() => revision,
            Some(_) => return Err(unsupported("This version needs initialize", json)),
            None => return Err(unsupported("Unsupported protocol version", json)),
        };
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
        Ok(revision)
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
