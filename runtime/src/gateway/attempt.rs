//! One streamed chat: the request goes out, the answer grows as it arrives.
//!
//! Never here: trying again, or the total time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anygpt_core::{Budget, Reservation};
use bytes::Bytes;
use http::{HeaderMap, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{Gateway, Observer, Reply};
use crate::{
    http_client::{SendError, root_cause},
    provider::{Answer, ChatRequest, Class, Codec, Failure, Finish, Request, sse},
    settings::Provider,
};

/// Longest wait for the headers of a response.
const FIRST_BYTE: Duration = Duration::from_secs(60);

/// The same for an endpoint in the private network, which may have to load a model first.
const FIRST_BYTE_LOCAL: Duration = Duration::from_secs(300);

/// Longest silence within a stream.
const IDLE: Duration = Duration::from_secs(60);

/// Longest wait for the end of a body behind the closing event of its stream.
const AFTER_END: Duration = Duration::from_millis(100);

/// Most bytes of a reply.
const REPLY_LIMIT: usize = 64 << 20;

/// Most bytes that are read of an error.
const ERROR_LIMIT: usize = 64 << 10;

/// Most bytes of a single event.
const EVENT_LIMIT: usize = 16 << 20;

impl Gateway {
    /// Asks, and puts what arrives into `reply` as it comes.
    pub(super) async fn stream(
        &self,
        provider: &Provider,
        codec: &dyn Codec,
        request: &ChatRequest,
        reply: &mut Reply,
        start: Instant,
        observer: &mut dyn Observer,
    ) -> Result<(), Failure> {
        let request = codec.chat(request);
        let response = self
            .send(provider, codec, request, || {
                observer.connected(&provider.id);
            })
            .await?;
        reply.request_id = request_id(codec, response.headers());
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/json"));

        let mut body = Body::new(response.into_body(), &self.budget);
        if is_json {
            let json = body.whole(REPLY_LIMIT).await?;
            codec.whole(&json, &mut reply.answer)?;
        } else {
            let mut parser = sse::Parser::new(EVENT_LIMIT);
            while let Some(chunk) = body.chunk_of(&reply.answer).await? {
                let mut rest = &chunk[..];
                while let Some(event) = parser.next_event(&mut rest)? {
                    codec.event(&event, &mut reply.answer)?;
                }
                body.hold(reply.answer.text.len() + reply.answer.reasoning.len())?;
                if !reply.answer.text.is_empty() {
                    reply.first_token.get_or_insert_with(|| start.elapsed());
                    observer.received(&reply.answer.text);
                }
            }
            // An event without its end may be cut anywhere: what it cannot say is missing, not wrong.
            if let Some(event) = parser.finish() {
                let _cut = codec.event(&event, &mut reply.answer);
            }
        }
        check(&reply.answer)
    }

    /// Sends a request to a provider. A response with an error status is a failure.
    pub(super) async fn send(
        &self,
        provider: &Provider,
        codec: &dyn Codec,
        request: Request,
        connected: impl FnOnce(),
    ) -> Result<Response<Incoming>, Failure> {
        let first_byte = if provider.base_url.is_private() {
            FIRST_BYTE_LOCAL
        } else {
            FIRST_BYTE
        };
        let request = http_request(provider, codec, request)?;
        let sent = self.http()?.send(request, first_byte, connected).await;
        let response = sent.map_err(|error| match error {
            SendError::HeadersTimeout(_) => Failure::new(Class::Timeout, error.to_string()),
            _ => Failure::new(Class::Network, error.to_string()),
        })?;
        if response.status().is_success() {
            return Ok(response);
        }

        let status = response.status().as_u16();
        let id = request_id(codec, response.headers());
        let wait = retry_after(response.headers());
        let mut body = Body::new(response.into_body(), &self.budget);
        // What cannot be read of an error must not hide the rest of it.
        let text = body.beginning(ERROR_LIMIT).await;
        let mut failure = codec.failure(status, &text);
        failure.status = Some(status);
        failure.request_id = failure.request_id.or(id);
        failure.retry_after = failure.retry_after.or(wait);
        Err(failure)
    }

    /// Reads the whole body of a response.
    pub(super) async fn body(&self, response: Response<Incoming>) -> Result<Vec<u8>, Failure> {
        Body::new(response.into_body(), &self.budget)
            .whole(REPLY_LIMIT)
            .await
    }
}

/// Whether a stream that has ended brought an answer.
fn check(answer: &Answer) -> Result<(), Failure> {
    if !answer.complete {
        return Err(Failure::new(
            Class::Network,
            "the connection ended before the answer was complete",
        ));
    }
    if !answer.text.is_empty() || answer.finish == Some(Finish::ToolCalls) {
        return Ok(());
    }
    let native = answer.native_finish.as_deref().unwrap_or("unknown");
    Err(match answer.finish {
        Some(Finish::ContentFilter) => Failure::new(
            Class::ContentFilter,
            format!("the model or a filter refused to answer (finish reason {native})"),
        ),
        Some(Finish::Length) => Failure::new(
            Class::EmptyResponse,
            "the token limit was used up before any text came, most likely by reasoning",
        ),
        _ => Failure::new(
            Class::EmptyResponse,
            format!("the answer has no text (finish reason {native})"),
        ),
    })
}

fn http_request(
    provider: &Provider,
    codec: &dyn Codec,
    request: Request,
) -> Result<http::Request<Full<Bytes>>, Failure> {
    let mut http = http::Request::builder()
        .method(request.method)
        .uri(provider.base_url.join(&request.path))
        .header(
            http::header::USER_AGENT,
            concat!("anygpt-mcp/", env!("CARGO_PKG_VERSION")),
        );
    for (name, value) in request.headers {
        http = http.header(name, value);
    }
    if let Some(key) = &provider.key {
        let (name, value) = codec.credentials(key.secret.expose()).ok_or_else(|| {
            Failure::new(
                Class::Config,
                format!("the key from {} cannot be sent in a header", key.origin),
            )
        })?;
        http = http.header(name, value);
    }
    http.body(Full::new(request.body.into()))
        .map_err(|error| Failure::new(Class::Config, format!("the request is not valid: {error}")))
}

fn request_id(codec: &dyn Codec, headers: &HeaderMap) -> Option<String> {
    codec
        .request_id_headers()
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        // A longer one is none, and half of it could be half a secret.
        .filter(|id| id.len() <= 200)
        .map(str::to_owned)
}

/// How long the headers ask to wait, if they say so in milliseconds or seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number =
        |name: &str| -> Option<f64> { headers.get(name)?.to_str().ok()?.trim().parse().ok() };
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The body of a response, with its limits.
struct Body {
    incoming: Incoming,
    read: usize,
    reservation: Reservation,
}

/// The budget is asked in steps of this size; less is not worth counting.
const STEP: usize = 64 << 10;

impl Body {
    fn new(incoming: Incoming, budget: &Arc<Budget>) -> Self {
        Body {
            incoming,
            read: 0,
            reservation: budget.reservation(),
        }
    }

    /// The next piece of a stream, `None` at its end. After the closing event little or nothing comes:
    /// it is read so that the connection can be used again, but hardly waited for.
    async fn chunk_of(&mut self, answer: &Answer) -> Result<Option<Bytes>, Failure> {
        let chunk = self.chunk(REPLY_LIMIT);
        if !answer.complete {
            return chunk.await;
        }
        Ok(timeout(AFTER_END, chunk)
            .await
            .ok()
            .and_then(Result::ok)
            .flatten())
    }

    /// The next piece, `None` at the end.
    async fn chunk(&mut self, limit: usize) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = timeout(IDLE, self.incoming.frame()).await.map_err(|_| {
                Failure::new(
                    Class::Timeout,
                    format!("the stream was silent for {} s", IDLE.as_secs()),
                )
            })?;
            let frame = match frame {
                None => return Ok(None),
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    return Err(Failure::new(
                        Class::Network,
                        format!("the connection broke: {}", root_cause(&error)),
                    ));
                }
            };
            // Trailers say nothing to us.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.read = self.read.saturating_add(data.len());
            if self.read > limit {
                return Err(Failure::new(
                    Class::TooLarge,
                    format!("the reply is longer than {} MiB", limit >> 20),
                ));
            }
            return Ok(Some(data));
        }
    }

    /// Counts bytes that are kept of this body. They are kept up to four times: as text, in the
    /// result, encoded twice.
    fn hold(&mut self, bytes: usize) -> Result<(), Failure> {
        let wanted = bytes.saturating_mul(4);
        if wanted <= self.reservation.bytes().max(STEP) {
            return Ok(());
        }
        if self.reservation.resize(wanted.saturating_add(STEP)) {
            return Ok(());
        }
        Err(Failure::new(
            Class::TooLarge,
            "there is not enough memory for the rest of the reply",
        ))
    }

    async fn whole(&mut self, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk(limit).await? {
            self.hold(whole.len() + chunk.len())?;
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }

    /// As much as there is within the limit, whatever happens behind it.
    async fn beginning(&mut self, limit: usize) -> Vec<u8> {
        let mut beginning = Vec::new();
        while beginning.len() < limit
            && let Ok(Some(chunk)) = self.chunk(limit).await
        {
            beginning.extend_from_slice(&chunk);
        }
        beginning
    }
}
