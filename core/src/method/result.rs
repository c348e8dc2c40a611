//! The members that all modern results have: type, caching, the server's name.
//!
//! Never here: the result of a single method.

use alloc::vec::Vec;

use crate::{
    identity::Identity,
    revision::Revision,
    wire::write::{write_json, write_string},
};

/// By whom a modern result may be cached, and for how long (R-39).
#[derive(Clone, Copy)]
pub(super) struct Cache {
    ttl_ms: u64,
    scope: &'static str,
}

impl Cache {
    /// Results that are the same for all users of this version.
    pub(super) const PUBLIC: Cache = Cache {
        ttl_ms: 3_600_000,
        scope: "public",
    };

    /// Results that depend on the settings. These are read once per process, but a client may start another process.
    pub(super) const PRIVATE: Cache = Cache {
        ttl_ms: 60_000,
        scope: "private",
    };

    pub(super) fn of(is_private: bool) -> Self {
        match is_private {
            true => Cache::PRIVATE,
            false => Cache::PUBLIC,
        }
    }
}

/// Appends a result object: the members that `body` writes, and those that modern revisions add (R-34, R-35, R-39).
pub(super) fn write_frame(
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
