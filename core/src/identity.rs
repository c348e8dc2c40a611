//! Name and version of the server in results: `serverInfo`, and `_meta` of modern results.
//!
//! Never here: what the server offers.

use alloc::{boxed::Box, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    catalog::{Catalog, Icon, Implementation},
    revision::Revision,
    wire::write::{write_json, write_string},
};

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// The member of `_meta` in modern results with the server's name and version. Serialized once.
#[derive(Debug)]
pub(crate) struct Identity(Box<[u8]>);

impl Identity {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        // Without the icon, which would be in every result.
        Identity::of(&ServerInfo(&catalog.server, Revision::OLDEST_MODERN, None))
    }

    pub(crate) fn with_icon(catalog: &Catalog) -> Self {
        let icon = catalog.server.icon.as_ref();
        Identity::of(&ServerInfo(&catalog.server, Revision::OLDEST_MODERN, icon))
    }

    fn of(server: &ServerInfo<'_>) -> Self {
        let mut json = Vec::new();
        write_string(&mut json, SERVER_INFO);
        json.push(b':');
        write_json(&mut json, server);
        Identity(json.into())
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// `Implementation` with the members that a revision knows, and an icon.
pub(crate) struct ServerInfo<'a>(
    pub(crate) &'a Implementation,
    pub(crate) Revision,
    pub(crate) Option<&'a Icon>,
);

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
