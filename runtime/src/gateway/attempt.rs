//! One streamed chat: the request goes out, the answer grows as it arrives.
//!
//! Never here: trying again, the total time limit, or HTTP (see `send` and `body`).

use std::{mem, sync::mpsc, time::Duration};

use anygpt_core::Reservation;
use anygpt_providers::{Answer, Failure, Finish, Framing, Stage, StreamReader, sse};
use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::{
    Gateway, Observer, Reply,
    body::{IdleTimeout, ReplyStream},
    chat::TargetRequest,
    memory::hold,
    send::{Exchange, request_id},
};
use crate::{
    error::ErrorKind,
    offload::{LITTLE, offload},
};

type Reader = Box<dyn StreamReader>;

/// How long the events that follow the finish reason are waited for: some relays neither send the closing event nor close
/// the connection.
const AFTER_REASON: Duration = Duration::from_secs(2);

/// Most bytes of a single event.
const EVENT_LIMIT: usize = 16 << 20;

impl Gateway {
    /// Sends a chat, and puts the answer into `reply` as it arrives.
    pub(super) async fn stream(
        &self,
        exchange: Exchange<'_>,
        prepared: &TargetRequest,
        reply: &mut Reply,
        observer: &mut dyn Observer,
    ) -> Result<(), Failure> {
        let Exchange {
            provider, codec, ..
        } = exchange;
        let request = &prepared.request;
        let wants_state = !request.tools.is_empty();
        // Covers the body until it has been sent.
        let sent = self.reserve_request(2 * request.length()).await?;
        let request = codec.chat(request, prepared.encoding);
        let response = self
            .send(exchange, request, || observer.connected(&provider.id))
            .await?;
        drop(sent);
        reply.request_id = request_id(codec, response.headers());
        let reader = codec.reader(wants_state);
        let idle_timeout = IdleTimeout::of(exchange.idle_timeout, self.settings.idle.as_ref());
        let mut body = ReplyStream::new(response.into_body(), idle_timeout);
        match body.framing().await? {
            Framing::Whole => self.read_json(body, reader, reply).await?,
            Framing::Events => {
                self.read_events(exchange, body, reader, reply, observer)
                    .await?;
            }
        }
        check(&reply.answer)
    }

    /// Reads an answer that is not a stream.
    async fn read_json(
        &self,
        mut body: ReplyStream,
        mut reader: Reader,
        reply: &mut Reply,
    ) -> Result<(), Failure> {
        let held = reply
            .reservation
            .get_or_insert_with(|| self.budget.reservation());
        let json = body.whole(held).await?;
        let length = json.len();
        // Covers what is built while it is read, which may be on another thread.
        let tree = self.reserve_tree(&json).await?;
        let read = move |answer: &mut Answer| {
            let read = reader.whole(&json, answer);
            (read, reader.state_length())
        };
        let (read, state) = Box::pin(add(length, &mut reply.answer, read)).await;
        drop(tree);
        read.map_err(|failure| declined(failure, &reply.answer, state > 0))?;
        hold(held, length.max(reply.answer.held() + state))
    }

    /// Reads a stream of events.
    async fn read_events(
        &self,
        exchange: Exchange<'_>,
        mut body: ReplyStream,
        mut reader: Reader,
        reply: &mut Reply,
        observer: &mut dyn Observer,
    ) -> Result<(), Failure> {
        let held = reply
            .reservation
            .get_or_insert_with(|| self.budget.reservation());
        let mut has_begun = false;
        let mut due = None;
        let mut parser = sse::Parser::new(EVENT_LIMIT);
        while !reply.answer.complete
            && let Some(chunk) = next_chunk(&mut body, due, &mut reply.warnings).await?
        {
            let mut rest = &chunk[..];
            while let Some(event) = parser.next_event(&mut rest)? {
                let (read, is_opening) = if event.data.len() <= LITTLE {
                    let read = reader.event(&event, &mut reply.answer);
                    let is_looked_at = !has_begun || reply.answer.native_finish.is_some();
                    (read, is_looked_at && reader.is_opening(&event))
                } else {
                    let (returned, read, is_opening) =
                        self.read_long(reader, &event, &mut reply.answer).await?;
                    reader = returned;
                    (read, is_opening)
                };
                read.map_err(|failure| {
                    let has_begun = has_begun || reader.state_length() > 0;
                    declined(failure, &reply.answer, has_begun)
                })?;
                has_begun = has_begun || !is_opening;
                // What only keeps the connection open is not waited for.
                if reply.answer.native_finish.is_some() && !is_opening {
                    due = Some(Instant::now() + AFTER_REASON);
                }
            }
            let answer = &reply.answer;
            let state = reader.state_length();
            hold(held, answer.held() + state + parser.held())?;
            if !answer.text.is_empty() || !answer.tool_calls.is_empty() {
                reply.first_token.get_or_insert_with(|| {
                    body.set_idle_timeout(IdleTimeout::of(None, self.settings.idle.as_ref()));
                    exchange.context.received().elapsed()
                });
            }
            if answer.length() + state > 0 {
                observer.received(answer);
            }
        }
        if reply.answer.complete {
            body.drain();
        } else if let Some(event) = parser.finish() {
            // An event without its end may be cut anywhere, so that only what it has can be wrong. An error that can be
            // read is whole.
            if let Err(failure) = reader.event(&event, &mut reply.answer)
                && failure.stage == Stage::Declined
            {
                let has_begun = has_begun || reader.state_length() > 0;
                return Err(declined(failure, &reply.answer, has_begun));
            }
        }
        end(reader, &mut reply.answer, held).await
    }

    /// Reads a long event on another thread. Returns the reader, the result, and whether the event only opens the stream.
    async fn read_long(
        &self,
        mut reader: Reader,
        event: &sse::Event<'_>,
        answer: &mut Answer,
    ) -> Result<(Reader, Result<(), Failure>, bool), Failure> {
        let (name, data) = (event.name.to_owned(), event.data.to_owned());
        let length = data.len();
        let tree = self.reserve_tree(data.as_bytes()).await?;
        let read = move |answer: &mut Answer| {
            let (name, data) = (&*name, &*data);
            let event = sse::Event { name, data };
            let read = reader.event(&event, answer);
            let is_opening = reader.is_opening(&event);
            (reader, read, is_opening)
        };
        let read = Box::pin(add(length, answer, read)).await;
        drop(tree);
        Ok(read)
    }
}

/// The next piece of a stream; none at its end. With `due` the finish reason has arrived, so that the answer also ends with
/// silence until then, or with the connection.
async fn next_chunk(
    body: &mut ReplyStream,
    due: Option<Instant>,
    warnings: &mut Vec<String>,
) -> Result<Option<Bytes>, Failure> {
    let Some(due) = due else {
        return body.chunk().await;
    };
    match timeout_at(due, body.chunk()).await {
        Err(_silence) => Ok(None),
        Ok(Err(failure)) if failure.class == ErrorKind::Timeout => Ok(None),
        Ok(Err(failure)) if failure.class == ErrorKind::Network => {
            let warning =
                "The connection broke after the finish reason: if the answer looks cut, ask again";
            warnings.push(warning.to_owned());
            Ok(None)
        }
        Ok(chunk) => chunk,
    }
}

/// Completes an answer whose stream has ended.
async fn end(
    mut reader: Reader,
    answer: &mut Answer,
    held: &mut Reservation,
) -> Result<(), Failure> {
    let length = answer.length() + reader.state_length();
    let end = move |answer: &mut Answer| {
        reader.end(answer);
        reader.state_length()
    };
    let state = Box::pin(add(length, answer, end)).await;
    hold(held, answer.held() + state)
}

/// A failure of a reply that has begun or not: only an error that the provider reports before anything else is free of
/// charge.
fn declined(failure: Failure, answer: &Answer, has_begun: bool) -> Failure {
    match has_begun || answer.has_begun() {
        true => failure.at(Stage::Taken),
        false => failure,
    }
}

/// Adds so many bytes of a reply to an answer; many of them on another thread.
async fn add<T: Send + 'static>(
    bytes: usize,
    answer: &mut Answer,
    read: impl FnOnce(&mut Answer) -> T + Send + 'static,
) -> T {
    if bytes <= LITTLE {
        return read(answer);
    }
    let (owner, returned) = mpsc::channel();
    let mut borrowed = Borrowed {
        answer: mem::take(answer),
        owner,
    };
    let _lent = Lender { answer, returned };
    offload(bytes, move || read(&mut borrowed.answer)).await
}

/// An answer on another thread. It is returned as soon as the work on it ends, done or not.
struct Borrowed {
    answer: Answer,
    owner: mpsc::Sender<Answer>,
}

/// The place that it is returned to.
struct Lender<'a> {
    answer: &'a mut Answer,
    returned: mpsc::Receiver<Answer>,
}

/// How long a call that ends meanwhile waits for its answer, to return the part that has arrived. No copy is kept for that:
/// answers are large, and mostly the wait is short.
const RETURN_TIMEOUT: Duration = Duration::from_millis(100);

impl Drop for Borrowed {
    fn drop(&mut self) {
        // The call may have ended.
        let _given = self.owner.send(mem::take(&mut self.answer));
    }
}

impl Drop for Lender<'_> {
    fn drop(&mut self) {
        if let Ok(answer) = self.returned.recv_timeout(RETURN_TIMEOUT) {
            *self.answer = answer;
        }
    }
}

/// Whether a stream that has ended brought an answer.
fn check(answer: &Answer) -> Result<(), Failure> {
    if !answer.complete {
        return Err(Failure::new(
            ErrorKind::Network,
            "the connection ended before the answer was complete",
        ));
    }
    if !answer.text.is_empty() || !answer.tool_calls.is_empty() {
        return Ok(());
    }
    let mut native = answer.native_finish.clone();
    if let (Some(native), Some(message)) = (&mut native, &answer.finish_message) {
        native.push_str(": ");
        native.push_str(message);
    }
    let native = native.as_deref().unwrap_or("unknown");
    let reasoned = match answer.usage.reasoning_tokens {
        Some(0) => None,
        Some(tokens) => Some(format!("{tokens} tokens of reasoning")),
        None => (!answer.reasoning.is_empty()).then(|| "reasoning".to_owned()),
    };
    Err(match (answer.finish, reasoned) {
        (Some(Finish::ContentFilter), _) => Failure::quoting(
            ErrorKind::ContentFilter,
            "the model or a filter refused to answer (finish reason ",
            native,
            ")",
        ),
        (Some(Finish::Length), Some(reasoned)) => Failure::new(
            ErrorKind::EmptyResponse,
            format!(
                "the token limit was spent on {reasoned}, so the answer has no text: raise max_tokens or lower \
                 reasoning_effort"
            ),
        ),
        (Some(Finish::Length), None) => Failure::new(
            ErrorKind::EmptyResponse,
            "the token limit was reached before any text: raise max_tokens",
        ),
        (_, Some(reasoned)) => Failure::quoting(
            ErrorKind::EmptyResponse,
            &format!("the answer has {reasoned}, but no text (finish reason "),
            native,
            ")",
        ),
        (Some(Finish::Pause), None) => Failure::quoting(
            ErrorKind::EmptyResponse,
            "the model paused before any text (finish reason ",
            native,
            ")",
        ),
        _ => Failure::quoting(
            ErrorKind::EmptyResponse,
            "the answer has no text (finish reason ",
            native,
            ")",
        ),
    })
}

#[cfg(test)]
mod tests;
