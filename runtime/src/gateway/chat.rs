//! A chat: one attempt after the other until one brings an answer or the time is up.
//!
//! Never here: a connection (see `attempt`), or what to do after which failure (see `retry`).

use std::{mem, pin::pin, time::Duration};

use anygpt_providers::{
    Answer, ChatRequest, Codec, Encoding, Failure, Model, Stage, State, repair,
};
use futures_util::future::{Either, select};
use tokio::{
    task::unconstrained,
    time::{sleep, timeout, timeout_at},
};

use super::{
    Bounds, Gateway, Observer, Plan, Reply, adapt, bound,
    chat_state::{AllFailed, ChatState, Failed, tally},
    list, mock,
    plan::model_of,
    price, report,
    resolve::Target,
    retry::{self, Next, Situation},
    send::Exchange,
};
use crate::{
    aside::aside,
    call::{CallContext, CallRecord},
    error::{Error, ErrorKind},
    settings::{KeyHeader, Provider, ProviderIndex},
};

/// Why an attempt brings no answer.
enum AttemptError {
    Failed(Failure),
    /// It was not made: earlier ones have left too little money.
    Unpaid(String),
}

impl From<Failure> for AttemptError {
    fn from(failure: Failure) -> Self {
        AttemptError::Failed(failure)
    }
}

/// Whether the next target is worth an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChainStep {
    NextTarget,
    End,
}

/// The request to one target.
pub(super) struct Turn {
    pub(super) request: ChatRequest,
    pub(super) encoding: Encoding,
    is_adapted: bool,
}

/// Most changes of a request that a provider's refusals may lead to.
const REPAIRS: u32 = 2;

/// Longest id of a request that is reported, in bytes.
const LONGEST_ID: usize = 200;

impl Gateway {
    /// Asks a model, and if it fails asks it again or another one.
    ///
    /// # Errors
    /// What went wrong and what to do next.
    pub(crate) async fn chat(
        &self,
        context: &CallContext,
        plan: &Plan,
        observer: &mut dyn Observer,
    ) -> Result<Box<Reply>, Error> {
        let Some(first) = plan.targets.first() else {
            return Err(Error::new(ErrorKind::Config, "there is nobody to ask"));
        };
        let mut state = ChatState::new(first.provider, self.id_of(first), model_of(first));
        let stopped = self
            .try_targets_in_time(context, plan, &mut state, observer)
            .await;
        match state.end(stopped, &self.redactor) {
            Ok(()) => {
                self.finish(context, plan, &mut state.reply);
                context.record(state.reply.record());
                Ok(Box::new(state.reply))
            }
            Err(all) => {
                self.record_failure(&all.reported, |record| context.record(record));
                Err(self.error(&all))
            }
        }
    }

    /// Asks until there is an answer or nothing more can be done; otherwise returns what has stopped it.
    async fn try_targets_in_time(
        &self,
        context: &CallContext,
        plan: &Plan,
        state: &mut ChatState,
        observer: &mut dyn Observer,
    ) -> Option<Failure> {
        let work = pin!(self.try_targets(context, plan, state, observer));
        let mut ending = self.ending.clone();
        // Work may use up all of the task's budget.
        let ending = pin!(unconstrained(ending.wait_for(|&ending| ending)));
        let due = context.received() + plan.timeout;
        match timeout_at(due.into(), select(work, ending)).await {
            Ok(Either::Left(((), _))) => None,
            Ok(Either::Right(_)) => Some(Failure::new(
                ErrorKind::Cancelled,
                "the server is shutting down",
            )),
            Err(_) => Some(Failure::new(
                ErrorKind::Timeout,
                format!("no complete answer after {} s", plan.timeout.as_secs()),
            )),
        }
    }

    /// Adds time and cost to a reply, shortens it as the plan wants it, and removes parts of keys from its names.
    fn finish(&self, context: &CallContext, plan: &Plan, reply: &mut Reply) {
        reply.latency = Some(context.received().elapsed());
        price::charge(&self.settings, reply);
        if let Some(most) = plan.max_output_chars {
            reply.shorten(most);
        }
        if reply.truncated {
            self.redactor.end_of_cut(&mut reply.answer.text);
        }
        // Gemini has the id of an answer in the body (`responseId` of GenerateContentResponse).
        if reply.request_id.is_none() {
            let id = reply.answer.response_id.as_deref();
            reply.request_id = id.filter(|id| id.len() <= LONGEST_ID).map(str::to_owned);
        }
        let answer = &mut reply.answer;
        let ids = [
            &mut answer.model,
            &mut answer.native_finish,
            &mut reply.request_id,
        ];
        let models = reply.attempts.iter_mut().map(|attempt| &mut attempt.model);
        let names = ids.into_iter().flatten().chain(models);
        for name in names.chain([&mut reply.model]) {
            self.redactor.parts(name);
        }
    }

    fn error(&self, all: &AllFailed) -> Error {
        let Failed {
            provider,
            model,
            failure,
        } = &all.reported;
        let provider = &self.settings.providers[*provider];
        let mut error = report::failure(provider, model, failure, &self.redactor);
        if all.attempts.len() > 1 {
            let tally = tally(&all.attempts);
            error = error.advise_plain(format!("Attempts: {tally}."));
        }
        if let Some(unpaid) = &all.unpaid {
            error = error.advise_plain(format!("{unpaid}."));
        }
        error
    }

    /// Asks one target after the other until one answers, or nothing more can be done. What happens is put into `state`
    /// as it happens.
    async fn try_targets(
        &self,
        context: &CallContext,
        plan: &Plan,
        state: &mut ChatState,
        observer: &mut dyn Observer,
    ) {
        for (position, target) in plan.targets.iter().enumerate() {
            // It begins with the first one.
            if position > 0 {
                state.turn_to(target.provider, self.id_of(target), model_of(target));
            }
            let then = self.try_target(context, plan, position, state, observer);
            if then.await == ChainStep::End {
                return;
            }
        }
    }

    /// Asks one target, again as long as that may help.
    async fn try_target(
        &self,
        context: &CallContext,
        plan: &Plan,
        position: usize,
        state: &mut ChatState,
        observer: &mut dyn Observer,
    ) -> ChainStep {
        let (target, next) = (&plan.targets[position], plan.targets.get(position + 1));
        let mut turn = self.turn(plan, target);
        let (mut repeated, mut repaired) = (0, 0);
        loop {
            let patience =
                next.map(|_| retry::share(plan.left(context), plan.targets.len() - position));
            let attempt = self.attempt(context, plan, &mut turn, state, patience, observer);
            match attempt.await {
                Ok(()) => {
                    state.succeed();
                    return ChainStep::End;
                }
                Err(AttemptError::Failed(failure)) => state.fail(failure),
                Err(AttemptError::Unpaid(why)) => {
                    state.leave_out(target.name(&self.settings), repeated + repaired > 0, why);
                    return ChainStep::NextTarget;
                }
            }
            if repaired < REPAIRS && self.repair(context, target, &mut turn, state, observer) {
                repaired += 1;
                continue;
            }
            let Some((Failed { failure, .. }, took)) = state.last() else {
                return ChainStep::End;
            };
            let situation = Situation {
                repeated,
                allowed: self.settings.retries,
                has_next: next.is_some(),
                took,
                left: plan.left(context),
                jitter: fastrand::f64(),
            };
            let status = self.status(target, failure.class);
            match (situation.after(failure), next) {
                (Next::Again(pause), _) => {
                    self.log_attempt(context, state);
                    let seconds = pause.as_secs_f64();
                    observer.on_status(&format!("{status}; trying again in {seconds:.1} s"));
                    sleep(pause).await;
                    repeated += 1;
                }
                (Next::Another, Some(next)) => {
                    self.log_attempt(context, state);
                    let next = next.name(&self.settings);
                    observer.on_status(&format!("{status}; asking {next} instead"));
                    return ChainStep::NextTarget;
                }
                (Next::Another | Next::GiveUp, _) => return ChainStep::End,
            }
        }
    }

    fn turn(&self, plan: &Plan, target: &Target) -> Turn {
        let messages = &plan.request.messages;
        Turn {
            request: ChatRequest {
                messages: State::only_of(self.id_of(target), model_of(target), messages),
                ..plan.request_to(target)
            },
            encoding: Encoding::default(),
            is_adapted: false,
        }
    }

    /// One attempt; what arrives is put into `state` as it arrives.
    async fn attempt(
        &self,
        context: &CallContext,
        plan: &Plan,
        turn: &mut Turn,
        state: &mut ChatState,
        patience: Option<Duration>,
        observer: &mut dyn Observer,
    ) -> Result<(), AttemptError> {
        state.begin();
        let provider = &self.settings.providers[state.provider()];
        let Some(codec) = provider.dialect.codec() else {
            state.reply.answer = Answer::default();
            mock::answer(&mut turn.request, &mut state.reply.answer);
            return Ok(());
        };
        let exchange = Exchange {
            context,
            provider,
            codec,
            patience,
        };
        if turn.request.model.is_empty() {
            // Before the turn of the attempt: a list needs turns of its own.
            self.choose_model(exchange, turn, &mut state.reply).await?;
        }
        state.is_queued = true;
        let _turn = self.turns.acquire().await;
        state.is_queued = false;
        let position = state.provider();
        let is_first = state.last().is_none();
        let reply = &mut state.reply;
        if !turn.is_adapted {
            self.adapt_turn(codec, position, turn, reply)?;
        }
        // Again before each attempt: a repair may have set a token limit, and earlier ones are paid.
        let purse = plan.purse.as_ref();
        let kept = match bound::enforce_limits(&self.settings, position, &mut turn.request, purse) {
            Ok(kept) => kept,
            Err(failure) if is_first => return Err(failure.into()),
            Err(mut failure) => {
                let why = mem::take(&mut failure.message);
                return Err(AttemptError::Unpaid(why));
            }
        };
        reply.warnings.extend(kept.warnings);
        let (most, input) = (kept.most.unwrap_or_default(), kept.input);
        let held = purse.map(|purse| purse.hold(most));
        let result = self.stream(exchange, turn, reply, observer).await;
        if let Some(held) = held {
            held.settle(match &result {
                Err(failure) if failure.stage == Stage::Free => 0.0,
                _ => self.spent(position, &turn.request.model, &reply.answer, input, most),
            });
        }
        Ok(result?)
    }

    /// Sets the model of a request that names none: the newest of the provider's list.
    async fn choose_model(
        &self,
        exchange: Exchange<'_>,
        turn: &mut Turn,
        reply: &mut Reply,
    ) -> Result<(), Failure> {
        let bounds = Bounds {
            // The whole attempt is repeated, not this part of it.
            retries: 0,
            ..Bounds::of(&self.settings, None)
        };
        // The patience is for the whole list, not for each of its pages.
        let listing = Exchange {
            patience: None,
            ..exchange
        };
        let newest = Box::pin(self.newest_model(listing, bounds));
        let newest = match exchange.patience {
            None => newest.await,
            Some(patience) => timeout(patience, newest).await.unwrap_or_else(|_| {
                let seconds = patience.as_secs_f64();
                let message = format!("no model list after {seconds} s");
                Err(Failure::new(ErrorKind::Timeout, message))
            }),
        };
        // Nothing is generated for a list.
        turn.request.model = newest.map_err(|failure| failure.at(Stage::Free))?;
        reply.model.clone_from(&turn.request.model);
        reply.warnings.push(format!(
            "No model was named, and DEFAULT_MODEL sets none of this provider: {}/{}, the newest \
             suitable one of its live list, was asked",
            exchange.provider.id, turn.request.model
        ));
        Ok(())
    }

    /// Adapts a request to its model.
    fn adapt_turn(
        &self,
        codec: &dyn Codec,
        provider: ProviderIndex,
        turn: &mut Turn,
        reply: &mut Reply,
    ) -> Result<(), Failure> {
        turn.is_adapted = true;
        let request = &mut turn.request;
        let warnings = adapt(&self.settings, provider, request);
        reply.warnings.extend(warnings);
        turn.encoding = adapt::encoding(&self.settings, provider, &request.model);
        let learned = self.learned.apply(provider, request, &mut turn.encoding);
        reply.warnings.extend(learned);
        codec.check_supported(request)
    }

    /// The cost of an attempt that its provider has accepted: from the usage that it reports if that is plausible, else
    /// the estimate.
    fn spent(
        &self,
        provider: ProviderIndex,
        model: &str,
        answer: &Answer,
        input: u64,
        most: f64,
    ) -> f64 {
        // The estimate takes four bytes for a token.
        let input = input / (price::LONGEST_TOKEN as u64 / bound::ASCII_PER_TOKEN);
        let cost = price::of_answer(&self.settings, Some(provider), model, answer, input);
        match cost.map(|cost| cost.usd) {
            Some(usd) if answer.complete => usd,
            // What is reported before the end is not all of it.
            Some(usd) => usd.max(most),
            None => most,
        }
    }

    /// Changes the request so that the provider may accept it after its refusal, if there is a way to.
    fn repair(
        &self,
        context: &CallContext,
        target: &Target,
        turn: &mut Turn,
        state: &mut ChatState,
        observer: &mut dyn Observer,
    ) -> bool {
        let change = state
            .last()
            .and_then(|(failed, _)| self.repaired(target, turn, &failed.failure));
        let Some(change) = change else {
            return false;
        };
        self.log_attempt(context, state);
        let status = self.status(target, ErrorKind::InvalidRequest);
        observer.on_status(&format!("{status}; trying again: {change}"));
        state.warn(change);
        true
    }

    /// Changes the one parameter that a refusal names, if there is one, and describes the change.
    fn repaired(&self, target: &Target, turn: &mut Turn, failure: &Failure) -> Option<String> {
        let request = &mut turn.request;
        let codec = self.settings.providers[target.provider].dialect.codec()?;
        let repair = repair(request, failure, codec.has_two_token_names())?;
        let change = repair.change.apply(request, &mut turn.encoding)?;
        if repair.is_lasting {
            self.learned
                .remember(target.provider, &request.model, repair.change);
        }
        Some(change)
    }

    pub(super) async fn newest_model(
        &self,
        exchange: Exchange<'_>,
        bounds: Bounds,
    ) -> Result<String, Failure> {
        let list::Offer {
            mut models,
            held: _held,
        } = self.model_list(exchange, bounds).await?;
        let Exchange {
            provider, codec, ..
        } = exchange;
        let (settings, id) = (self.shared_settings(), provider.id.clone());
        // A deny list looks at every spelling of each name.
        let newest = aside(models.len() * size_of::<Model>(), move || {
            models.retain(|model| settings.limits.refusal(&id, &model.id).is_none());
            let newest = codec.newest_chat_model(&models);
            newest.map(|model| model.id.clone())
        });
        newest.await.filter(|_| lists_names(provider)).ok_or_else(|| {
            Failure::new(
                ErrorKind::ModelNotFound,
                "no model was named, and none in the provider's list suits a chat and is allowed",
            )
        })
    }

    /// `provider/model: kind`, for an observer.
    fn status(&self, target: &Target, kind: ErrorKind) -> String {
        format!("{}: {}", target.name(&self.settings), kind.as_str())
    }

    fn id_of(&self, target: &Target) -> &str {
        &self.settings.providers[target.provider].id
    }

    /// Logs an attempt that another one follows.
    fn log_attempt(&self, context: &CallContext, state: &ChatState) {
        if let Some((failed, time)) = state.last() {
            let status = failed.failure.class.as_str();
            self.record_failure(failed, |record| context.log_attempt(status, time, record));
        }
    }

    /// Makes a record of a failure for the log.
    pub(super) fn record_failure(&self, failed: &Failed, record: impl FnOnce(CallRecord<'_>)) {
        let failure = &failed.failure;
        let id = failure.request_id.as_deref();
        let id = id.map(|id| self.redactor.provider_message(id));
        let message =
            (!may_quote(failure.class)).then(|| report::redacted(failure, &self.redactor));
        record(CallRecord {
            provider: &self.settings.providers[failed.provider].id,
            model: &failed.model,
            request_id: id.as_deref(),
            http_status: failure.status,
            error: message.as_deref(),
            ..CallRecord::default()
        });
    }
}

/// Whether the provider's list has the names that requests use. Azure lists the models that deployments are made of, but a
/// request names a deployment.
fn lists_names(provider: &Provider) -> bool {
    provider.key_header != KeyHeader::ApiKey
}

/// Whether the message of such a failure may quote the prompt or the answer, as some servers do when they refuse a request,
/// and as a reply does that cannot be read. Such a message is for the caller alone.
fn may_quote(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidRequest
            | ErrorKind::ContextLength
            | ErrorKind::TooLarge
            | ErrorKind::ContentFilter
            | ErrorKind::Unavailable
    )
}
