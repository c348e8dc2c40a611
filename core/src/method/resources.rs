//! `resources/read`, entries of `resources/list` and `resources/templates/list`, and resource links.
//!
//! Never here: the text of a resource.

use alloc::{format, string::String};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    request::Request,
    result::{Cache, write_frame},
};
use crate::{
    catalog::{Resource, ResourceTemplate},
    revision::Revision,
    session::Session,
    wire::{
        jsonrpc::{self, Code, Error},
        write::{write_result, write_string},
    },
};

/// Longest URI that is repeated in an error, in bytes.
const LONGEST_URI: usize = 1024;

/// Answers with a resource. Only listed ones exist (R-60), so no text from a client becomes a path.
pub(super) fn read(session: &mut Session, request: &Request<'_>) -> Result<(), Error<'static>> {
    let Some(raw) = request.params.uri else {
        return Err(Error::invalid_params("params.uri is missing"));
    };
    let Some(uri) = jsonrpc::string(raw) else {
        return Err(Error::invalid_params("params.uri must be a string"));
    };
    let revision = request.revision;
    let Some(position) = position(&session.catalog.resources, &uri) else {
        return Err(not_found(raw, revision));
    };
    let text = session.library.resource(position);
    let resource = &session.catalog.resources[position];
    let cache = Cache::of(resource.is_private);
    let identity = &session.identity;
    write_result(&mut session.out, request.id, |out| {
        write_frame(out, identity, revision, Some(cache), |out| {
            out.extend_from_slice(br#""contents":[{"uri":"#);
            write_string(out, &resource.uri);
            out.extend_from_slice(br#","mimeType":"#);
            write_string(out, &resource.mime_type);
            out.extend_from_slice(br#","text":"#);
            write_string(out, &text);
            out.extend_from_slice(b"}]");
        });
    });
    Ok(())
}

/// Position of the resource with this URI.
pub(super) fn position(resources: &[Resource], uri: &str) -> Option<usize> {
    resources.iter().position(|resource| resource.uri == uri)
}

/// R-61.
fn not_found(raw: &str, revision: Revision) -> Error<'static> {
    let code = if revision.has_resource_not_found_code() {
        Code::RESOURCE_NOT_FOUND
    } else {
        Code::INVALID_PARAMS
    };
    let error = Error::new(code, "Resource not found: resources/list has them all");
    if raw.len() > LONGEST_URI {
        return error;
    }
    error.with_data(format!(r#"{{"uri":{raw}}}"#))
}

impl ResourceTemplate {
    /// RFC 6570.
    pub(super) fn uri_template(&self) -> String {
        format!("{}{{{}}}", self.prefix, self.variable)
    }
}

/// A resource with the members of a revision.
pub(super) struct Listed<'a>(pub(super) &'a Resource, pub(super) Revision);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

impl Listed<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Listed(resource, revision) = self;
        map.serialize_entry("uri", &resource.uri)?;
        map.serialize_entry("name", &resource.name)?;
        if revision.has_titles() {
            map.serialize_entry("title", &resource.title)?;
        }
        map.serialize_entry("description", &resource.description)?;
        map.serialize_entry("mimeType", &resource.mime_type)
    }
}

pub(super) struct Link<'a>(pub(super) &'a Resource, pub(super) Revision);

impl Serialize for Link<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "resource_link")?;
        Listed(self.0, self.1).entries(&mut map)?;
        map.end()
    }
}

/// A template with the members of a revision.
pub(super) struct ListedTemplate<'a>(pub(super) &'a ResourceTemplate, pub(super) Revision);

impl Serialize for ListedTemplate<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ListedTemplate(template, revision) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uriTemplate", &template.uri_template())?;
        map.serialize_entry("name", &template.name)?;
        if revision.has_titles() {
            map.serialize_entry("title", &template.title)?;
        }
        map.serialize_entry("description", &template.description)?;
        map.serialize_entry("mimeType", &template.mime_type)?;
        map.end()
    }
}
