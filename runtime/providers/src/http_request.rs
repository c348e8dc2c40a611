//! The HTTP request that a codec makes, credentials, and percent-encoding.
//!
//! Never here: sending it, or a provider's field names.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::Serialize;
use zeroize::Zeroizing;

/// An HTTP request without its host and credentials.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// Path and query, appended to the base URL; begins with `/`. Text from a caller is percent-encoded into a single segment
    /// or query value.
    pub path: String,
    /// Headers other than the credentials.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty for GET.
    pub body: Vec<u8>,
}

/// A GET without a body.
pub(super) fn get(path: String) -> Request {
    Request {
        method: Method::GET,
        path,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// A POST of JSON.
pub(super) fn post(path: String, body: &impl Serialize) -> Request {
    Request {
        method: Method::POST,
        path,
        headers: vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        // Structs of strings and numbers always serialise.
        body: serde_json::to_vec(body).unwrap_or_default(),
    }
}

/// `Authorization: Bearer`
pub fn bearer(token: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((AUTHORIZATION, secret(format!("Bearer {token}"))?))
}

/// Azure's header for keys.
pub fn api_key(key: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::from_static("api-key"), secret(key)?))
}

/// A header value that is marked sensitive, and overwritten in memory when the last request with it is dropped.
pub fn secret(value: impl Into<String>) -> Option<HeaderValue> {
    let bytes = Bytes::from_owner(Zeroizing::new(value.into().into_bytes()));
    let mut value = HeaderValue::from_maybe_shared(bytes).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes all but unreserved characters: safe in a path segment or a query value. A segment of only dots is still a
/// dot segment, see `segment`.
pub fn percent_encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// Text from a caller as a whole path segment: percent-encoded, and never a dot segment (`.`, `..`).
pub(super) fn segment(text: &str) -> String {
    match text.bytes().all(|byte| byte == b'.') {
        true => "_".repeat(text.len().max(1)),
        false => percent_encoded(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding() {
        assert_eq!(percent_encoded("aZ9-._~").to_string(), "aZ9-._~");
        assert_eq!(
            percent_encoded("../a b?c#d%e&f=ü").to_string(),
            "..%2Fa%20b%3Fc%23d%25e%26f%3D%C3%BC"
        );
        let segments = ["a/b", "..", ".", "", "..."].map(segment);
        assert_eq!(segments, ["a%2Fb", "__", "_", "_", "___"]);
    }
}
