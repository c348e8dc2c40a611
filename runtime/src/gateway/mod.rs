//! From a resolved request to one reply: model choice, attempts, time limits, partial answers.
//!
//! Never here: a provider's wire format, MCP, a tool's arguments.

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anygpt_core::{Budget, Reservation};
use futures_util::future::{Either, join_all, select};
use tokio::{
    sync::{Semaphore, watch},
    time::{timeout, timeout_at},
};

use crate::{
    http_client::HttpClient,
    provider::{Answer, ChatRequest, Class, Codec, Failure, Finish, Model},
    redact::Redactor,
    settings::{Provider, Settings},
};

mod attempt;
mod list;
pub mod mock;
mod report;
pub mod resolve;

/// A chat to be done.
#[derive(Debug)]
pub struct Plan {
    /// Position in [`Settings::providers`].
    pub provider: usize,
    /// The request; an empty model stands for "none was named".
    pub request: ChatRequest,
    /// When the call came in.
    pub received: Instant,
    /// So long after that, the answer is due, or what there is of it.
    pub timeout: Duration,
}

/// An answer and how it came about.
#[derive(Debug, Default)]
pub struct Reply {
    /// What the model said.
    pub answer: Answer,
    /// The provider's id.
    pub provider: String,
    /// The model that was asked.
    pub model: String,
    /// The answer is not all there is.
    pub partial: bool,
    /// From the call to the last byte; none without a network.
    pub latency: Option<Duration>,
    /// From the call to the first text.
    pub first_token: Option<Duration>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// What the caller should know.
    pub warnings: Vec<String>,
    /// Covers the answer; to be kept as long as it is.
    pub reservation: Option<Reservation>,
}

/// Hears how a call is getting on.
pub trait Observer: Send {
    /// There is a connection to this provider.
    fn connected(&mut self, provider: &str);
    /// The answer as far as it has come; called for each piece.
    fn received(&mut self, text: &str);
}

/// Does calls. One for the process; lives on the async thread.
#[derive(Debug)]
pub struct Gateway {
    settings: Arc<Settings>,
    redactor: Redactor,
    budget: Arc<Budget>,
    http: OnceLock<HttpClient>,
    /// Calls beyond these wait for their turn, in order.
    turns: Semaphore,
    /// Turns true when the process must hand out what it has.
    ending: watch::Receiver<bool>,
}

/// Calls that use the network at once, if there are file descriptors for them.
const AT_ONCE: usize = 1024;

/// File descriptors that are left for everything else.
const SPARE_FILES: usize = 32;

impl Gateway {
    /// A gateway that opens at most `files` files and sockets, and nothing before the first call.
    pub fn new(
        settings: Arc<Settings>,
        redactor: Redactor,
        budget: Arc<Budget>,
        files: usize,
        ending: watch::Receiver<bool>,
    ) -> Self {
        Gateway {
            settings,
            redactor,
            budget,
            http: OnceLock::new(),
            turns: Semaphore::new(AT_ONCE.min(files.saturating_sub(SPARE_FILES)).max(1)),
            ending,
        }
    }

    /// The settings it follows.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asks a model.
    ///
    /// # Errors
    /// A text that says what went wrong and what to do next.
    pub async fn chat(&self, plan: Plan, observer: &mut dyn Observer) -> Result<Reply, String> {
        let start = plan.received;
        let provider = &self.settings.providers[plan.provider];
        let mut reply = Reply {
            provider: provider.id.clone(),
            model: plan.request.model.clone(),
            ..Reply::default()
        };
        let stopped = {
            let work = pin!(self.attempt(provider, plan.request, &mut reply, start, observer));
            let mut ending = self.ending.clone();
            let ending = pin!(ending.wait_for(|&ending| ending));
            let due = start + plan.timeout;
            match timeout_at(due.into(), select(work, ending)).await {
                Ok(Either::Left((result, _))) => result,
                Ok(Either::Right(_)) => Err(Failure::new(
                    Class::Cancelled,
                    "the server is shutting down",
                )),
                Err(_) => Err(Failure::new(
                    Class::Timeout,
                    format!("no complete answer after {} s", plan.timeout.as_secs()),
                )),
            }
        };
        reply.latency = Some(start.elapsed());
        // Gemini names its answers in the body (provider digest 1.4).
        if reply.request_id.is_none() {
            let id = reply.answer.response_id.as_deref();
            reply.request_id = id.filter(|id| id.len() <= 200).map(str::to_owned);
        }
        let result = match stopped {
            Ok(()) => Ok(reply),
            // Nothing that has arrived is lost.
            Err(failure) if !reply.answer.text.is_empty() => {
                reply.partial = true;
                self.redactor.end_of_cut(&mut reply.answer.text);
                self.redactor.end_of_cut(&mut reply.answer.reasoning);
                reply.answer.finish = Some(match failure.class {
                    Class::Timeout | Class::Cancelled => Finish::Timeout,
                    _ => Finish::Error,
                });
                let message = self.redactor.provider_message(&failure.message);
                reply.warnings.push(format!(
                    "The answer is not complete: {} ({message})",
                    failure.class.as_str(),
                ));
                Ok(reply)
            }
            Err(failure) => Err((failure, reply)),
        };
        self.log(&result, start.elapsed());
        result.map_err(|(failure, reply)| {
            report::failure(provider, &reply.model, &failure, &self.redactor)
        })
    }

    /// The models of each of these providers, or why there are none. All at once.
    pub async fn models(&self, providers: &[usize]) -> Vec<Result<Vec<Model>, String>> {
        let lists = providers.iter().map(|&position| async move {
            let provider = &self.settings.providers[position];
            let Some(codec) = provider.kind.codec() else {
                return Ok(mock::models());
            };
            let limit = self.settings.timeout;
            let _turn = self.turns.acquire().await;
            let list = match timeout(limit, self.model_list(provider, codec)).await {
                Ok(list) => list,
                Err(_) => Err(Failure::new(
                    Class::Timeout,
                    format!("no model list after {} s", limit.as_secs()),
                )),
            };
            list.map_err(|failure| report::failure(provider, "", &failure, &self.redactor))
        });
        join_all(lists).await
    }

    /// One attempt; what arrives is put into `reply` as it comes.
    async fn attempt(
        &self,
        provider: &Provider,
        mut request: ChatRequest,
        reply: &mut Reply,
        start: Instant,
        observer: &mut dyn Observer,
    ) -> Result<(), Failure> {
        let Some(codec) = provider.kind.codec() else {
            reply.answer = mock::answer(&request);
            return Ok(());
        };
        let _turn = self.turns.acquire().await;
        if request.model.is_empty() {
            request.model = self.newest_model(provider, codec).await?;
            reply.model.clone_from(&request.model);
            reply.warnings.push(format!(
                "No model was named, and DEFAULT_MODEL names none of this provider: {}/{}, the newest \
                 suitable one of its live list, was asked",
                provider.id, request.model
            ));
        }
        self.stream(provider, codec, &request, reply, start, observer)
            .await
    }

    async fn newest_model(
        &self,
        provider: &Provider,
        codec: &dyn Codec,
    ) -> Result<String, Failure> {
        let models = self.model_list(provider, codec).await?;
        match codec.newest_chat_model(&models) {
            Some(model) => Ok(model.id.clone()),
            None => Err(Failure::new(
                Class::ModelNotFound,
                "no model was named, and none in the provider's list suits a chat",
            )),
        }
    }

    /// The client, made when it is first needed: TLS costs milliseconds that the start must not pay.
    fn http(&self) -> Result<&HttpClient, Failure> {
        if self.http.get().is_none() {
            let client = HttpClient::new(&self.settings.network).map_err(|error| {
                Failure::new(Class::Config, format!("TLS cannot be set up: {error}"))
            })?;
            return Ok(self.http.get_or_init(|| client));
        }
        self.http
            .get()
            .ok_or_else(|| Failure::new(Class::Config, "TLS cannot be set up"))
    }

    /// One line per call; never what was asked or answered.
    fn log(&self, result: &Result<Reply, (Failure, Reply)>, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match result {
            Ok(reply) => tracing::info!(
                provider = reply.provider,
                model = reply.model,
                finish = reply.answer.finish.map(Finish::as_str),
                partial = reply.partial,
                input_tokens = reply.answer.usage.input_tokens,
                output_tokens = reply.answer.usage.output_tokens,
                ms,
                request_id = reply.request_id,
                "chat",
            ),
            Err((failure, reply)) => tracing::warn!(
                provider = reply.provider,
                model = reply.model,
                class = failure.class.as_str(),
                status = failure.status,
                ms,
                request_id = failure
                    .request_id
                    .as_deref()
                    .map(|id| self.redactor.provider_message(id))
                    .as_deref(),
                error = &*self.redactor.provider_message(&failure.message),
                "chat failed",
            ),
        }
    }
}
