//! One streamed chat: the request goes out, the answer grows as it arrives.
//!
//! Never here: trying again, or the total time limit.

use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    sync::mpsc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use anygpt_core::{Reservation, json};
use anygpt_providers::{
    Answer, Class, Codec, Failure, Finish, LARGEST_STATE, Request, Stage, api_key, bearer, sse,
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode, Uri,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, USER_AGENT},
};
use http_body_util::Full;
use tokio::time::{self, Sleep, timeout};

use super::{Gateway, Observer, Reply, Turn};
use crate::{
    aside::{LITTLE, aside},
    call::CallContext,
    http_client::{ReplyBody, SendError, root_cause},
    settings::{Bound, KeyHeader, Provider},
};

/// Longest silence within the words about an error, whose status has told the most of it.
const ERROR_IDLE: Duration = Duration::from_secs(10);

/// Longest time for what follows the closing event of a stream.
const AFTER_END: Duration = Duration::from_millis(100);

/// Most bytes of a reply.
const REPLY_LIMIT: usize = 64 << 20;

/// Most bytes that are read of an error.
const ERROR_LIMIT: usize = 64 << 10;

/// Whom providers see.
const OURSELVES: &str = concat!("anygpt-mcp/", env!("CARGO_PKG_VERSION"));

/// Room for the headers of most requests, `Host` included; the connection keeps it.
const HEADERS: usize = 6;

/// Most bytes of a single event.
const EVENT_LIMIT: usize = 16 << 20;

impl Gateway {
    /// Asks, and puts what arrives into `reply` as it comes. `patience` is the longest silence before
    /// the first text, if somebody else can be asked. Otherwise only the operator's limits end a silence.
    #[allow(clippy::too_many_arguments)] // Each is a thing of its own.
    pub(super) async fn stream(
        &self,
        context: &CallContext,
        provider: &Provider,
        codec: &'static dyn Codec,
        turn: &Turn,
        reply: &mut Reply,
        patience: Option<Duration>,
        observer: &mut dyn Observer,
    ) -> Result<(), Failure> {
        let request = &turn.request;
        let wants_state = !request.tools.is_empty();
        // Covers the body until it has been sent.
        let sent = self.reserve(2 * request.length(), not_sent).await?;
        let request = codec.chat(request, turn.encoding);
        let response = self
            .send(context, provider, codec, request, patience, || {
                observer.connected(&provider.id);
            })
            .await?;
        drop(sent);
        reply.request_id = request_id(codec, response.headers());
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/json"));

        let mut reader = codec.reader(wants_state);
        let idle = self.settings.idle.as_ref();
        let mut body = Body::new(response.into_body(), Patience::of(patience, idle));
        let mut has_begun = false;
        let held = reply
            .reservation
            .get_or_insert_with(|| self.budget.reservation());
        if is_json {
            let json = body.whole(held).await?;
            let length = json.len();
            // Covers what is built while it is read, which may be elsewhere.
            let tree = self.reserve(tree_size(&json), no_memory).await?;
            let read = move |answer: &mut Answer| {
                let read = reader.whole(&json, answer);
                (read, reader.state_length())
            };
            let (read, state) = Box::pin(add(length, &mut reply.answer, read)).await;
            drop(tree);
            read.map_err(|failure| declined(failure, &reply.answer, state > 0))?;
            hold(held, length.max(reply.answer.held() + state))?;
        } else {
            let mut parser = sse::Parser::new(EVENT_LIMIT);
            while !reply.answer.complete
                && let Some(chunk) = body.chunk(REPLY_LIMIT).await.map_err(|failure| *failure)?
            {
                let mut rest = &chunk[..];
                while let Some(event) = parser.next_event(&mut rest)? {
                    let length = event.data.len();
                    let (read, is_opening) = if length <= LITTLE {
                        let read = reader.event(&event, &mut reply.answer);
                        (read, !has_begun && reader.is_opening(&event))
                    } else {
                        let (name, data) = (event.name.to_owned(), event.data.to_owned());
                        let read = move |answer: &mut Answer| {
                            let (name, data) = (&*name, &*data);
                            let event = sse::Event { name, data };
                            let read = reader.event(&event, answer);
                            let is_opening = reader.is_opening(&event);
                            (reader, read, is_opening)
                        };
                        let tree = self
                            .reserve(tree_size(event.data.as_bytes()), no_memory)
                            .await?;
                        let (back, read, is_opening) =
                            Box::pin(add(length, &mut reply.answer, read)).await;
                        drop(tree);
                        reader = back;
                        (read, is_opening)
                    };
                    read.map_err(|failure| {
                        let has_begun = has_begun || reader.state_length() > 0;
                        declined(failure, &reply.answer, has_begun)
                    })?;
                    has_begun = has_begun || !is_opening;
                }
                let answer = &reply.answer;
                let state = reader.state_length();
                hold(held, answer.held() + state + parser.held())?;
                if !answer.text.is_empty() || !answer.tool_calls.is_empty() {
                    reply.first_token.get_or_insert_with(|| {
                        body.patience = Patience::of(None, idle);
                        context.received().elapsed()
                    });
                }
                if answer.length() + state > 0 {
                    observer.received(answer);
                }
            }
            if reply.answer.complete {
                body.drain();
            } else {
                if let Some(event) = parser.finish() {
                    // An event without its end may be cut anywhere: what it cannot say is missing, not
                    // wrong. An error that can be read is whole.
                    if let Err(failure) = reader.event(&event, &mut reply.answer)
                        && failure.stage == Stage::Declined
                    {
                        let has_begun = has_begun || reader.state_length() > 0;
                        return Err(declined(failure, &reply.answer, has_begun));
                    }
                }
            }
            let length = reply.answer.length() + reader.state_length();
            let end = move |answer: &mut Answer| {
                reader.end(answer);
                reader.state_length()
            };
            let state = Box::pin(add(length, &mut reply.answer, end)).await;
            hold(held, reply.answer.held() + state)?;
        }
        check(&reply.answer)
    }

    /// Sends a request to a provider. A response with an error status is a failure.
    pub(super) async fn send(
        &self,
        context: &CallContext,
        provider: &Provider,
        codec: &dyn Codec,
        request: Request,
        patience: Option<Duration>,
        connected: impl FnOnce(),
    ) -> Result<Response<ReplyBody>, Failure> {
        let patience = Patience::of(patience, self.settings.first_byte.as_ref());
        let request = http_request(provider, codec, request);
        let mut request = request.map_err(|failure| failure.at(Stage::Free))?;
        context.inject_trace_headers(request.headers_mut());
        let http = self.http();
        let forwarder = http.forwarder(request.uri());
        let sent = http.send(request, patience.limit, connected).await;
        let response = sent.map_err(|error| {
            let (class, stage) = match error {
                SendError::HeadersTimeout(_) => (Class::Timeout, Stage::Unanswered),
                SendError::Lost(_) => (Class::Network, Stage::Unanswered),
                SendError::Settings(_) => (Class::Config, Stage::Free),
                SendError::Memory => (Class::TooLarge, Stage::Free),
                SendError::ConnectTimeout { .. } | SendError::Broken(_) | SendError::Lasting(_) => {
                    (Class::Network, Stage::Free)
                }
            };
            let mut failure = Failure::new(class, error.to_string()).at(stage);
            if class == Class::Timeout {
                failure.message.push_str(&patience.whose());
            }
            // Nobody has said that a last resort is there, so it will not come.
            if matches!(error, SendError::Lasting(_))
                || provider.is_last_resort
                || provider.is_tried_if_named
            {
                failure.should_retry = Some(false);
            }
            failure
        })?;
        let coding = response.headers().get(CONTENT_ENCODING);
        let packed = coding.filter(|coding| *coding != "identity").map(|coding| {
            Failure::quoting(
                Class::Unavailable,
                "the reply is compressed (",
                &format!("{coding:?}"),
                "), although that was not asked for",
            )
        });
        if response.status().is_success() {
            return match packed {
                None => Ok(response),
                Some(failure) => Err(failure),
            };
        }
        if let Some(failure) = redirect(&response) {
            return Err(failure.at(Stage::Free));
        }
        if let Some(proxy) = &forwarder
            && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        {
            return Err(Failure::new(Class::Config, proxy.unauthorized()).at(Stage::Free));
        }

        let status = response.status().as_u16();
        let id = request_id(codec, response.headers());
        let wait = retry_after(response.headers(), SystemTime::now());
        let should_retry = should_retry(response.headers());
        let mut failure = match packed {
            // What cannot be read of an error must not hide the rest of it.
            Some(packed) => Failure {
                message: packed.message,
                outside: packed.outside,
                ..codec.failure(status, b"")
            },
            None => {
                let patience = Patience::of(Some(ERROR_IDLE), self.settings.idle.as_ref());
                let mut body = Body::new(response.into_body(), patience);
                codec.failure(status, &body.beginning(ERROR_LIMIT).await)
            }
        };
        failure.stage = Stage::Free;
        if let Some(proxy) = forwarder {
            // Nobody can tell which of the two has answered.
            let message = failure.message.trim_end_matches('.');
            failure.message = format!("{message} (by way of the proxy {proxy})");
        }
        failure.status = Some(status);
        failure.request_id = failure.request_id.or(id);
        failure.retry_after = wait.or(failure.retry_after);
        failure.should_retry = should_retry;
        Err(failure)
    }

    /// Reads the whole body of a response, which is counted in `held`.
    pub(super) async fn body(
        &self,
        response: Response<ReplyBody>,
        held: &mut Reservation,
    ) -> Result<Vec<u8>, Failure> {
        let patience = Patience::of(None, self.settings.idle.as_ref());
        Body::new(response.into_body(), patience).whole(held).await
    }
}

/// How long a provider may say nothing, and why.
#[derive(Clone, Debug)]
struct Patience {
    /// For ever if there is none.
    limit: Option<Duration>,
    /// The operator's setting, if it is the limit.
    place: Option<String>,
}

impl Patience {
    /// As long as the call can wait, and no longer than the operator's bound.
    fn of(patience: Option<Duration>, bound: Option<&Bound<Duration>>) -> Self {
        match bound {
            Some(bound) if patience.is_none_or(|patience| bound.most < patience) => Patience {
                limit: Some(bound.most),
                place: Some(bound.place.clone()),
            },
            _ => Patience {
                limit: patience,
                place: None,
            },
        }
    }

    /// What to say of the limit behind a failure.
    fn whose(&self) -> String {
        let place = self.place.as_ref();
        let said = place.map(|place| format!(", and {place} allows no more"));
        said.unwrap_or_default()
    }
}

/// A failure of a reply that has begun so far, or not yet: only what the provider reports before all else has
/// cost nothing.
fn declined(failure: Failure, answer: &Answer, has_begun: bool) -> Failure {
    match has_begun || answer.has_begun() {
        true => failure.at(Stage::Taken),
        false => failure,
    }
}

/// Adds to an answer what so many bytes of a reply say.
async fn add<T: Send + 'static>(
    bytes: usize,
    answer: &mut Answer,
    read: impl FnOnce(&mut Answer) -> T + Send + 'static,
) -> T {
    if bytes <= LITTLE {
        return read(answer);
    }
    let (owner, back) = mpsc::channel();
    let mut borrowed = Borrowed {
        answer: mem::take(answer),
        owner,
    };
    let _lent = Lent { answer, back };
    aside(bytes, move || read(&mut borrowed.answer)).await
}

/// An answer on another thread. It goes back as soon as nobody works on it, whether or not somebody has.
struct Borrowed {
    answer: Answer,
    owner: mpsc::Sender<Answer>,
}

/// Where it comes from.
struct Lent<'a> {
    answer: &'a mut Answer,
    back: mpsc::Receiver<Answer>,
}

/// So long it is waited for where the call ends meanwhile, since what there is of it is handed out. No copy is kept for that:
/// answers are large, and mostly it is there.
const GIVEN_BACK: Duration = Duration::from_millis(100);

impl Drop for Borrowed {
    fn drop(&mut self) {
        // Nobody may want it any more.
        let _given = self.owner.send(mem::take(&mut self.answer));
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Ok(answer) = self.back.recv_timeout(GIVEN_BACK) {
            *self.answer = answer;
        }
    }
}

/// A redirect is not followed: the key would go to wherever it leads.
fn redirect(response: &Response<ReplyBody>) -> Option<Failure> {
    if !response.status().is_redirection() {
        return None;
    }
    let place = response.headers().get(LOCATION)?.to_str().ok()?;
    let place = match place.split(['?', '#']).next().unwrap_or_default() {
        // Half of it could be half a secret.
        long if long.len() > 200 => "another place",
        place => place,
    };
    let mut failure = Failure::quoting(
        Class::Config,
        "the endpoint redirects to ",
        place,
        ", which is not followed, since the key would go along: if that is the right place, make it the base URL",
    );
    failure.status = Some(response.status().as_u16());
    Some(failure)
}

/// Whether a stream that has ended brought an answer.
fn check(answer: &Answer) -> Result<(), Failure> {
    if !answer.complete {
        return Err(Failure::new(
            Class::Network,
            "the connection ended before the answer was complete",
        ));
    }
    if !answer.text.is_empty() || !answer.tool_calls.is_empty() {
        return Ok(());
    }
    let native = answer.native_finish.as_deref().unwrap_or("unknown");
    let reasoned = match answer.usage.reasoning_tokens {
        Some(0) => None,
        Some(tokens) => Some(format!("{tokens} tokens of reasoning")),
        None => (!answer.reasoning.is_empty()).then(|| "reasoning".to_owned()),
    };
    Err(match (answer.finish, reasoned) {
        (Some(Finish::ContentFilter), _) => Failure::quoting(
            Class::ContentFilter,
            "the model or a filter refused to answer (finish reason ",
            native,
            ")",
        ),
        (Some(Finish::Length), Some(reasoned)) => Failure::new(
            Class::EmptyResponse,
            format!(
                "the token limit went to {reasoned}, and no text came: raise max_tokens or lower reasoning_effort"
            ),
        ),
        (Some(Finish::Length), None) => Failure::new(
            Class::EmptyResponse,
            "the token limit was used up before any text came: raise max_tokens",
        ),
        (_, Some(reasoned)) => Failure::quoting(
            Class::EmptyResponse,
            &format!("after {reasoned} no text came (finish reason "),
            native,
            ")",
        ),
        (Some(Finish::Pause), None) => Failure::quoting(
            Class::EmptyResponse,
            "the model paused before any text came (finish reason ",
            native,
            ")",
        ),
        _ => Failure::quoting(
            Class::EmptyResponse,
            "the answer has no text (finish reason ",
            native,
            ")",
        ),
    })
}

fn http_request(
    provider: &Provider,
    codec: &dyn Codec,
    request: Request,
) -> Result<http::Request<Full<Bytes>>, Failure> {
    // Not with the builder, which moves all that it has with each header.
    let mut http = http::Request::new(Full::new(Bytes::from(request.body)));
    let url = Uri::try_from(provider.base_url.join(&request.path));
    *http.uri_mut() = url.map_err(|error| {
        Failure::new(Class::Config, format!("the request is not valid: {error}"))
    })?;
    *http.method_mut() = request.method;
    let headers = http.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(USER_AGENT, HeaderValue::from_static(OURSELVES));
    // Packers hold back what a stream should hand out at once; see the note in Cargo.toml.
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
                Class::Config,
                format!("the key from {} cannot be sent in a header", key.origin),
            )
        })?;
        headers.append(name, value);
    }
    for (name, value) in provider.headers() {
        headers.insert(name, value.clone());
    }
    Ok(http)
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

/// How long the headers ask to wait: in milliseconds, in seconds, or until a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| value(name)?.parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number("retry-after"));
    if let Some(seconds) = seconds {
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

/// Bytes that may be built of a reply, or an event, beside what is counted.
fn tree_size(json: &[u8]) -> usize {
    str::from_utf8(json)
        .map_or(LARGEST_STATE, json::tree_size)
        .min(LARGEST_STATE)
}

/// Counts so many bytes more, before they exist.
pub(super) fn hold_more(held: &mut Reservation, bytes: usize) -> Result<(), Failure> {
    let wanted = held.bytes().saturating_add(bytes);
    match held.resize(wanted) {
        true => Ok(()),
        false => Err(no_memory()),
    }
}

/// The request does not fit into memory.
pub(super) fn not_sent() -> Failure {
    let message = "there is not enough memory left to send the request: send less, or wait for other calls to finish";
    Failure::new(Class::TooLarge, message).at(Stage::Free)
}

pub(super) fn no_memory() -> Failure {
    Failure::new(
        Class::TooLarge,
        "there is not enough memory for the rest of the reply",
    )
}

/// Counts bytes of a reply that are kept. They are kept up to three times: as text, and encoded twice.
fn hold(held: &mut Reservation, bytes: usize) -> Result<(), Failure> {
    let wanted = bytes.saturating_mul(3);
    if wanted <= held.bytes().max(STEP) {
        return Ok(());
    }
    let all = held.budget().limit();
    let limit = if bytes > USUAL { all - all / 4 } else { all };
    if held.resize_within(wanted.saturating_add(STEP), limit) {
        return Ok(());
    }
    Err(no_memory())
}

/// Longer replies than this leave a quarter of the budget to others, so that a few endless ones do not
/// cost all calls beside them their answers.
const USUAL: usize = 1 << 20;

/// The budget is asked in steps of this size; less is not worth counting.
const STEP: usize = 64 << 10;

fn too_long(limit: usize) -> Box<Failure> {
    let message = format!("the reply is longer than {} MiB", limit >> 20);
    Box::new(Failure::new(Class::TooLarge, message))
}

fn broken(error: &hyper::Error) -> Box<Failure> {
    let message = format!("the connection broke: {}", root_cause(error));
    Box::new(Failure::new(Class::Network, message))
}

/// The body of a response, with its limits.
struct Body {
    incoming: ReplyBody,
    read: usize,
    /// With a silence.
    patience: Patience,
    /// Since then.
    heard: time::Instant,
    /// Rings when there may have been silence for too long. It is moved when it rings, not with each piece. None
    /// as long as nothing limits the silence.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Body {
    fn new(incoming: ReplyBody, patience: Patience) -> Self {
        Body {
            incoming,
            read: 0,
            timer: patience.limit.map(|limit| Box::pin(time::sleep(limit))),
            patience,
            heard: time::Instant::now(),
        }
    }

    /// Reads what follows the closing event of a stream: little or nothing, but only a connection whose
    /// body was read to its end can be used again. Mostly it is there already.
    fn drain(mut self) {
        let mut rest =
            Box::pin(async move { while let Ok(Some(_)) = self.chunk(REPLY_LIMIT).await {} });
        if (&mut rest).now_or_never().is_none() {
            tokio::spawn(timeout(AFTER_END, rest));
        }
    }

    /// The next piece, `None` at the end; a failure if there is none for too long, or there are too many.
    // A failure in a box, because what is returned is written, and read, for each piece.
    fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
        limit: usize,
    ) -> Poll<Result<Option<Bytes>, Box<Failure>>> {
        if let Poll::Ready(received) = self.incoming.poll_data(cx) {
            self.heard = time::Instant::now();
            return Poll::Ready(match received {
                None => Ok(None),
                Some(Ok(data)) => {
                    self.read = self.read.saturating_add(data.len());
                    match self.read > limit {
                        true => Err(too_long(limit)),
                        false => Ok(Some(data)),
                    }
                }
                Some(Err(error)) => Err(broken(&error)),
            });
        }
        let (Some(limit), Some(timer)) = (self.patience.limit, &mut self.timer) else {
            return Poll::Pending;
        };
        loop {
            ready!(timer.as_mut().poll(cx));
            let due = self.heard + limit;
            if due <= time::Instant::now() {
                let seconds = limit.as_secs_f64();
                let whose = self.patience.whose();
                let message = format!("the stream was silent for {seconds} s{whose}");
                return Poll::Ready(Err(Box::new(Failure::new(Class::Timeout, message))));
            }
            timer.as_mut().reset(due);
        }
    }

    /// The next piece, `None` at the end.
    fn chunk(&mut self, limit: usize) -> impl Future<Output = Result<Option<Bytes>, Box<Failure>>> {
        poll_fn(move |cx| self.poll_chunk(cx, limit))
    }

    async fn whole(&mut self, held: &mut Reservation) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk(REPLY_LIMIT).await.map_err(|failure| *failure)? {
            hold(held, whole.len() + chunk.len())?;
            whole.extend_from_slice(&chunk);
        }
        if str::from_utf8(&whole).is_err() {
            // Each byte that is no text becomes three.
            hold(held, 3 * whole.len())?;
        }
        Ok(whole)
    }

    /// As much as there is within the limit, whatever happens behind it.
    async fn beginning(&mut self, limit: usize) -> Vec<u8> {
        let mut beginning = Vec::new();
        while beginning.len() < limit
            && let Ok(Some(chunk)) = self.chunk(REPLY_LIMIT).await
        {
            let room = limit - beginning.len();
            beginning.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        beginning
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
