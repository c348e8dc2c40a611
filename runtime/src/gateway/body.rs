//! The body of a provider's response, with limits on its length and on silence.
//!
//! Never here: what it means.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use anygpt_core::Reservation;
use anygpt_providers::{Beginning, Failure, Framing};
use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::time::{self, Sleep, timeout};

use super::memory::hold;
use crate::{
    error::ErrorKind,
    http_client::{ReplyBody, root_cause},
    settings::Bound,
};

/// Longest time for what follows the closing event of a stream.
const AFTER_END: Duration = Duration::from_millis(100);

/// Most bytes of a reply.
const REPLY_LIMIT: usize = 64 << 20;

/// How long a provider may be silent.
#[derive(Clone, Debug)]
pub(super) struct IdleTimeout {
    /// None if nothing limits it.
    pub(super) limit: Option<Duration>,
    /// The operator's setting, if it is the limit.
    place: Option<String>,
}

impl IdleTimeout {
    /// The shorter of what the call can wait and the operator's bound.
    pub(super) fn of(idle_timeout: Option<Duration>, bound: Option<&Bound<Duration>>) -> Self {
        match bound {
            Some(bound) if idle_timeout.is_none_or(|idle_timeout| bound.most < idle_timeout) => {
                IdleTimeout {
                    limit: Some(bound.most),
                    place: Some(bound.place.clone()),
                }
            }
            _ => IdleTimeout {
                limit: idle_timeout,
                place: None,
            },
        }
    }

    /// For the message of a failure: the setting that limits the silence.
    pub(super) fn limit_note(&self) -> String {
        let place = self.place.as_ref();
        let note = place.map(|place| format!(", and {place} allows no more"));
        note.unwrap_or_default()
    }
}

fn too_long() -> Failure {
    let message = format!("the reply is longer than {} MiB", REPLY_LIMIT >> 20);
    Failure::new(ErrorKind::TooLarge, message)
}

fn broken(error: &hyper::Error) -> Failure {
    let message = format!("the connection broke: {}", root_cause(error));
    Failure::new(ErrorKind::Network, message)
}

/// The body of a response, with its limits.
pub(super) struct ReplyStream {
    incoming: ReplyBody,
    /// A piece that was looked at; it comes next.
    unread: Option<Bytes>,
    read: usize,
    idle_timeout: IdleTimeout,
    /// When the wait for the next piece began; none while there are pieces.
    waiting_since: Option<time::Instant>,
    /// Fires when the silence may have been too long. It is reset when it fires, not with each piece. None if nothing
    /// limits the silence.
    timer: Option<Pin<Box<Sleep>>>,
}

impl ReplyStream {
    pub(super) fn new(incoming: ReplyBody, idle_timeout: IdleTimeout) -> Self {
        ReplyStream {
            incoming,
            unread: None,
            read: 0,
            timer: idle_timeout.limit.map(|limit| Box::pin(time::sleep(limit))),
            idle_timeout,
            waiting_since: None,
        }
    }

    /// How to read it: by its first bytes, which are still read after that.
    pub(super) async fn framing(&mut self) -> Result<Framing, Failure> {
        let mut beginning = Beginning::default();
        while let Some(chunk) = self.chunk().await? {
            if let Some((framing, start)) = beginning.look(&chunk) {
                self.unread = Some(chunk.slice(start..));
                return Ok(framing);
            }
        }
        // It has no answer in either form.
        Ok(Framing::Events)
    }

    /// Sets how long it may be silent from now on; no timer is started for a first limit.
    pub(super) fn set_idle_timeout(&mut self, idle_timeout: IdleTimeout) {
        self.idle_timeout = idle_timeout;
    }

    /// Reads what follows the closing event of a stream: little or nothing, but only a connection whose
    /// body was read to its end can be used again. Mostly it is there already.
    pub(super) fn drain(mut self) {
        let mut rest = Box::pin(async move { while let Ok(Some(_)) = self.chunk().await {} });
        if (&mut rest).now_or_never().is_none() {
            tokio::spawn(timeout(AFTER_END, rest));
        }
    }

    /// The next piece, `None` at the end; a failure if there is none for too long, or there are too many.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        if let Some(unread) = self.unread.take() {
            return Poll::Ready(Ok(Some(unread)));
        }
        if let Poll::Ready(received) = self.incoming.poll_data(cx) {
            self.waiting_since = None;
            return Poll::Ready(match received {
                None => Ok(None),
                Some(Ok(data)) => {
                    self.read = self.read.saturating_add(data.len());
                    match self.read > REPLY_LIMIT {
                        true => Err(too_long()),
                        false => Ok(Some(data)),
                    }
                }
                Some(Err(error)) => Err(broken(&error)),
            });
        }
        let (Some(limit), Some(timer)) = (self.idle_timeout.limit, &mut self.timer) else {
            return Poll::Pending;
        };
        let since = *self.waiting_since.get_or_insert_with(time::Instant::now);
        loop {
            ready!(timer.as_mut().poll(cx));
            let due = since + limit;
            if due <= time::Instant::now() {
                let seconds = limit.as_secs_f64();
                let limit_note = self.idle_timeout.limit_note();
                let message = format!("the stream was silent for {seconds} s{limit_note}");
                return Poll::Ready(Err(Failure::new(ErrorKind::Timeout, message)));
            }
            timer.as_mut().reset(due);
        }
    }

    /// The next piece, `None` at the end.
    pub(super) fn chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, Failure>> {
        poll_fn(|cx| self.poll_chunk(cx))
    }

    /// Reads all of it, counted in `held`.
    pub(super) async fn whole(&mut self, held: &mut Reservation) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            hold(held, whole.len() + chunk.len())?;
            whole.extend_from_slice(&chunk);
        }
        if str::from_utf8(&whole).is_err() {
            // Each byte that is no text becomes three.
            hold(held, 3 * whole.len())?;
        }
        Ok(whole)
    }

    /// As much as there is within the limit, without an error for the rest.
    pub(super) async fn beginning(&mut self, limit: usize) -> Vec<u8> {
        let mut beginning = Vec::new();
        while beginning.len() < limit
            && let Ok(Some(chunk)) = self.chunk().await
        {
            let room = limit - beginning.len();
            beginning.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        beginning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_model_or_the_operator_ends_a_silence() {
        let seconds = Duration::from_secs;
        let bound = |most| Bound {
            most: seconds(most),
            place: "PLACE".into(),
        };
        for (idle_timeout, operator, limit, limit_note) in [
            (None, None, None, ""),
            (Some(5), None, Some(5), ""),
            (None, Some(7), Some(7), ", and PLACE allows no more"),
            (Some(5), Some(7), Some(5), ""),
            (Some(7), Some(5), Some(5), ", and PLACE allows no more"),
        ] {
            let bound = operator.map(bound);
            let idle_timeout = IdleTimeout::of(idle_timeout.map(seconds), bound.as_ref());
            assert_eq!(idle_timeout.limit, limit.map(seconds));
            assert_eq!(idle_timeout.limit_note(), limit_note);
        }
    }
}
