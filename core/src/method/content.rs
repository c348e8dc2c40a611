//! Content blocks of tool results and prompt messages.
//!
//! Never here: the result around them.

use alloc::vec::Vec;

use super::resources;
use crate::{
    call::Content,
    catalog::Catalog,
    revision::Revision,
    wire::write::{write_json, write_string},
};

impl Content<'_> {
    /// Whether the revision has this kind of block. If not, the text in the same result replaces it.
    pub(super) fn can_be_written(&self, catalog: &Catalog, revision: Revision) -> bool {
        match *self {
            Content::Text(_) | Content::SharedText(_) | Content::Image { .. } => true,
            Content::Resource(position) => {
                revision.has_resource_links() && position < catalog.resources.len()
            }
        }
    }
}

/// The JSON before the text of a block.
pub(super) const BEFORE_TEXT: &[u8] = br#"{"type":"text","text":"#;

/// Appends one content block that [`can_be_written`](Content::can_be_written).
pub(super) fn write_content(
    out: &mut Vec<u8>,
    catalog: &Catalog,
    revision: Revision,
    content: &Content<'_>,
) {
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
