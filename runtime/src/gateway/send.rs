//! A request to a provider over HTTP: its headers, and the response or the failure that its status and headers report.
//!
//! Never here: the body of a successful response (see `body`), or trying again.

use std::{
    mem,
    time::{Duration, SystemTime},
};

use anygpt_core::Reservation;
use anygpt_providers::{Codec, Failure, Request, Stage, api_key, bearer};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode, Uri,
    header::{self, ACCEPT_ENCODING, CONTENT_ENCODING, LOCATION},
};
use http_body_util::Full;

use super::{
    Gateway,
    body::{IdleTimeout, ReplyStream},
};
use crate::{
    call::CallContext,
    error::ErrorKind,
    http_client::{ReplyBody, SendError},
    settings::{KeyHeader, Provider},
};

/// A request to a provider for a call.
#[derive(Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) context: &'a CallContext,
    pub(super) provider: &'a Provider,
    pub(super) codec: &'static dyn Codec,
    /// The longest silence before the first text, if there is another target. Otherwise only the operator's limits end a
    /// silence.
    pub(super) idle_timeout: Option<Duration>,
}

/// Longest silence within the body of an error; its status says the most already.
const ERROR_IDLE: Duration = Duration::from_secs(10);

/// Most bytes that are read of an error.
const ERROR_LIMIT: usize = 64 << 10;

/// Longest id of a request that is reported, in bytes: what is longer is not an id, and a part of it could be a part of a
/// secret.
pub(super) const LONGEST_REQUEST_ID: usize = 200;

/// Longest target of a redirect that is reported, in bytes; a part of it could be a part of a secret, too.
const LONGEST_LOCATION: usize = 200;

const USER_AGENT: &str = concat!("anygpt-mcp/", env!("CARGO_PKG_VERSION"));

/// Room for the headers of most requests, `Host` included; the connection keeps it.
const HEADERS: usize = 6;

impl Gateway {
    /// Sends a request to a provider. A response with an error status is a failure.
    pub(super) async fn send(
        &self,
        exchange: Exchange<'_>,
        request: Request,
        connected: impl FnOnce(),
    ) -> Result<Response<ReplyBody>, Failure> {
        let Exchange {
            provider, codec, ..
        } = exchange;
        let idle_timeout =
            IdleTimeout::of(exchange.idle_timeout, self.settings.first_byte.as_ref());
        let mut request = http_request(provider, codec, request)?;
        exchange.context.inject_trace_headers(request.headers_mut());
        let http = self.http();
        let url = request.uri().clone();
        let sent = http.send(request, idle_timeout.limit, connected).await;
        let response = sent.map_err(|error| not_answered(provider, &idle_timeout, &error))?;
        let packed = compressed(&response);
        if response.status().is_success() {
            return match packed {
                None => Ok(response),
                Some(failure) => Err(failure),
            };
        }
        if let Some(failure) = redirect(&response) {
            return Err(failure.at(Stage::Free));
        }
        let forwarder = http.forwarder(&url);
        if let Some(proxy) = &forwarder
            && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        {
            return Err(Failure::new(ErrorKind::Config, proxy.unauthorized()).at(Stage::Free));
        }
        let mut failure = self.refusal(codec, response, packed).await;
        if let Some(proxy) = forwarder {
            // Either of the two may have answered.
            let message = failure.message.trim_end_matches('.');
            failure.message = format!("{message} (by way of the proxy {proxy})");
        }
        Err(failure)
    }

    /// The failure that a response with an error status reports. The body is not read if it is compressed.
    async fn refusal(
        &self,
        codec: &dyn Codec,
        response: Response<ReplyBody>,
        packed: Option<Failure>,
    ) -> Failure {
        let status = response.status().as_u16();
        let id = request_id(codec, response.headers());
        let wait = retry_after(response.headers(), SystemTime::now());
        let should_retry = should_retry(response.headers());
        let mut failure = match packed {
            // An unreadable body must not hide the rest of the error.
            Some(mut packed) => {
                let mut failure = codec.failure(status, b"");
                failure.message = mem::take(&mut packed.message);
                failure.outside = packed.outside.clone();
                failure
            }
            None => {
                let idle_timeout = IdleTimeout::of(Some(ERROR_IDLE), self.settings.idle.as_ref());
                let mut body = ReplyStream::new(response.into_body(), idle_timeout);
                codec.failure(status, &body.beginning(ERROR_LIMIT).await)
            }
        };
        failure.stage = Stage::Free;
        failure.status = Some(status);
        failure.request_id = failure.request_id.take().or(id);
        failure.retry_after = wait.or(failure.retry_after);
        failure.should_retry = should_retry;
        failure
    }

    /// Reads the whole body of a response, which is counted in `held`.
    pub(super) async fn body(
        &self,
        response: Response<ReplyBody>,
        held: &mut Reservation,
    ) -> Result<Vec<u8>, Failure> {
        let idle_timeout = IdleTimeout::of(None, self.settings.idle.as_ref());
        ReplyStream::new(response.into_body(), idle_timeout)
            .whole(held)
            .await
    }
}

/// The failure of a request that got no response.
fn not_answered(provider: &Provider, idle_timeout: &IdleTimeout, error: &SendError) -> Failure {
    let (kind, stage) = match error {
        SendError::HeadersTimeout(_) => (ErrorKind::Timeout, Stage::Unanswered),
        SendError::Lost(_) => (ErrorKind::Network, Stage::Unanswered),
        SendError::Settings(_) => (ErrorKind::Config, Stage::Free),
        SendError::Memory => (ErrorKind::TooLarge, Stage::Free),
        SendError::ConnectTimeout { .. } | SendError::Broken(_) | SendError::Lasting(_) => {
            (ErrorKind::Network, Stage::Free)
        }
    };
    let mut failure = Failure::new(kind, error.to_string()).at(stage);
    if kind == ErrorKind::Timeout {
        failure.message.push_str(&idle_timeout.limit_note());
    }
    // A provider that is tried without being set up does not appear later.
    if matches!(error, SendError::Lasting(_))
        || provider.is_last_resort
        || provider.is_tried_if_named
    {
        failure.should_retry = Some(false);
    }
    failure
}

/// The failure of a compressed response: the request accepts none.
fn compressed(response: &Response<ReplyBody>) -> Option<Failure> {
    let coding = response.headers().get(CONTENT_ENCODING)?;
    (*coding != "identity").then(|| {
        Failure::quoting(
            ErrorKind::Unavailable,
            "the reply is compressed (",
            &format!("{coding:?}"),
            "), although the request accepts none",
        )
    })
}

/// The failure of a redirect. It is not followed, since the key would be sent to its target.
fn redirect(response: &Response<ReplyBody>) -> Option<Failure> {
    if !response.status().is_redirection() {
        return None;
    }
    let place = response.headers().get(LOCATION)?.to_str().ok()?;
    let place = match place.split(['?', '#']).next().unwrap_or_default() {
        long if long.len() > LONGEST_LOCATION => "another place",
        place => place,
    };
    let mut failure = Failure::quoting(
        ErrorKind::Config,
        "the endpoint redirects to ",
        place,
        ", which is not followed, since the key would be sent there: if the address is right, make it the base URL",
    );
    failure.status = Some(response.status().as_u16());
    Some(failure)
}

fn http_request(
    provider: &Provider,
    codec: &dyn Codec,
    request: Request,
) -> Result<http::Request<Full<Bytes>>, Failure> {
    // Not with the builder, which is moved with each header.
    let mut http = http::Request::new(Full::new(Bytes::from(request.body)));
    let url = Uri::try_from(provider.base_url.join(&request.path));
    *http.uri_mut() = url.map_err(|error| {
        Failure::new(
            ErrorKind::Config,
            format!("the request is not valid: {error}"),
        )
        .at(Stage::Free)
    })?;
    *http.method_mut() = request.method;
    let headers = http.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    // Compression would delay the pieces of a stream; see the note in Cargo.toml.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in request.headers {
        headers.append(name, value);
    }
    if let Some(key) = &provider.key {
        let secret = key.secret.expose();
        let header = match provider.key_header {
            KeyHeader::Usual => codec.credentials(secret),
            KeyHeader::Bearer => bearer(secret),
            KeyHeader::ApiKey => api_key(secret),
        };
        let (name, value) = header.ok_or_else(|| {
            Failure::new(
                ErrorKind::Config,
                format!("the key from {} cannot be sent in a header", key.origin),
            )
            .at(Stage::Free)
        })?;
        headers.append(name, value);
    }
    for (name, value) in provider.headers() {
        headers.insert(name, value.clone());
    }
    Ok(http)
}

/// The provider's id of a request.
pub(super) fn request_id(codec: &dyn Codec, headers: &HeaderMap) -> Option<String> {
    codec
        .request_id_headers()
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .filter(|id| id.len() <= LONGEST_REQUEST_ID)
        .map(str::to_owned)
}

/// A wait of more seconds is a time: 30 years after 1970.
const EPOCH: f64 = 1e9;

/// How long the headers ask to wait: in milliseconds, in seconds, or until a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| value(name)?.parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number("retry-after"));
    if let Some(mut seconds) = seconds {
        // Some send the time at which the wait ends, in seconds or milliseconds since 1970.
        if seconds >= EPOCH {
            let since = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let scale = if seconds >= 1000.0 * EPOCH {
                0.001
            } else {
                1.0
            };
            seconds = seconds * scale - since.as_secs_f64();
        }
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(value("retry-after")?).ok()?;
    date.duration_since(now).ok()
}

/// Whether the provider says that the same request is worth repeating.
fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_in_every_form() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let wait = |headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            retry_after(&map, now).map(|wait| wait.as_millis())
        };
        for (headers, ms) in [
            (
                &[("retry-after-ms", "20"), ("retry-after", "9")][..],
                Some(20),
            ),
            (
                &[("retry-after-ms", "x"), ("retry-after", "9")],
                Some(9_000),
            ),
            (&[("retry-after", " 1.5 ")], Some(1_500)),
            (&[("retry-after", "0")], Some(0)),
            (
                &[("retry-after", "Sun, 06 Nov 1994 08:49:57 GMT")],
                Some(20_000),
            ),
            (
                &[("retry-after", "Sunday, 06-Nov-94 08:49:57 GMT")],
                Some(20_000),
            ),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT")], None),
            (&[("retry-after", "1000000000")], Some(215_888_223_000)),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "-5")], None),
            (&[("retry-after", "nan")], None),
            (&[("retry-after", "1e300")], None),
            (&[], None),
        ] {
            assert_eq!(wait(headers), ms, "{headers:?}");
        }
    }
}
