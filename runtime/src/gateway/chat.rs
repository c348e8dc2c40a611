//! A chat: one attempt after the other until one brings an answer or the time is up.
//!
//! Never here: a connection (see `attempt`), or what to do after which failure (see `retry`).

use std::{mem, pin::pin, time::Duration};

use anygpt_providers::{
    Change, Changed, ChatRequest, Codec, Encoding, Failure, Model, Repair, Stage, State,
    facts::Pick, repair,
};
use tokio::time::{sleep, timeout};

use super::{
    CallLimits, Gateway, Observer, Plan, Reply, adapt,
    bill::Bill,
    chat_state::{AllFailed, ChatState, Failed, tally},
    facts, list, mock,
    plan::model_of,
    price, report,
    resolve::Target,
    retry::{self, Next, Situation},
    send::{Exchange, LONGEST_REQUEST_ID},
    token_limit,
};
use crate::{
    call::{CallContext, CallRecord},
    error::{Error, ErrorKind},
    offload::offload,
    settings::ProviderIndex,
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

/// The model for requests that name none.
pub(super) struct Chosen {
    pub(super) model: Model,
    /// What it is, in words.
    why: String,
}

/// The request to one target.
pub(super) struct TargetRequest {
    pub(super) request: ChatRequest,
    pub(super) encoding: Encoding,
    is_adapted: bool,
    /// What refusals have led to, in this call and in earlier ones.
    changes: Vec<Change>,
    /// Warnings of the reply that are not about how the request was adapted.
    other_warnings: Option<usize>,
}

/// Most changes of a request that a provider's refusals may lead to,
const REPAIRS: u32 = 2;

/// and most that the caller need not know of.
const SILENT_REPAIRS: u32 = 4;

/// How often a target was asked again, by the reason.
#[derive(Default, PartialEq)]
struct Again {
    repeated: u32,
    repaired: u32,
    silently: u32,
}

impl Again {
    fn may_repair(&self) -> bool {
        self.repaired < REPAIRS && self.silently < SILENT_REPAIRS
    }

    /// Counts a change, if it is one.
    fn repair(&mut self, changed: &Changed) -> bool {
        match changed {
            Changed::No => return false,
            Changed::Silently => self.silently += 1,
            Changed::Warn(_) => self.repaired += 1,
        }
        true
    }
}

impl Gateway {
    /// Asks a model, and if it fails asks it again or another one.
    ///
    /// # Errors
    /// What went wrong and what to do next; of a single target with advice about its provider.
    pub(crate) async fn chat(
        &self,
        context: &CallContext,
        plan: &Plan,
        observer: &mut dyn Observer,
    ) -> Result<Box<Reply>, Error> {
        let Some(first) = plan.targets.first() else {
            return Err(Error::no_model());
        };
        let mut state = ChatState::new(first.provider, self.id_of(first), model_of(first));
        let stopped = {
            // Pinned here, since a future that is passed on is stored twice.
            let work = pin!(self.try_targets(context, plan, &mut state, observer));
            let done = self.until_due(context, plan.timeout, "complete answer", work);
            done.await.err()
        };
        match state.end(stopped, &self.redactor) {
            Ok(()) => {
                self.record_answer();
                state.reply.cost = state.spent.total();
                state.reply.warnings.extend(state.spent.warning());
                self.finish(context, plan, &mut state.reply);
                context.record(state.reply.record());
                Ok(Box::new(state.reply))
            }
            Err(all) => {
                self.record_failure(&all.reported, |record| context.record(record));
                let error = self.error(&all);
                Err(match &plan.targets[..] {
                    [alone] => report::with_advice(&self.settings, alone.provider, error),
                    _ => error,
                })
            }
        }
    }

    /// Adds the time to a reply, shortens it as the plan wants it, and removes parts of keys from its names.
    fn finish(&self, context: &CallContext, plan: &Plan, reply: &mut Reply) {
        reply.latency = Some(context.received().elapsed());
        if let Some(most) = plan.max_output_chars {
            reply.shorten(most);
        }
        if reply.truncated {
            self.redactor.end_of_cut(&mut reply.answer.text);
        }
        // Gemini has the id of an answer in the body (`responseId` of GenerateContentResponse).
        if reply.request_id.is_none() {
            let id = reply.answer.response_id.as_deref();
            reply.request_id = id
                .filter(|id| id.len() <= LONGEST_REQUEST_ID)
                .map(str::to_owned);
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
        let explained = reply.explained();
        let explained = explained.map(|it| self.redactor.provider_message(&it).into_owned());
        reply.warnings.extend(explained);
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
        let mut prepared = self.prepare(plan, target);
        let mut again = Again::default();
        loop {
            let idle_timeout =
                next.map(|_| retry::share(plan.left(context), plan.targets.len() - position));
            let attempt = self.attempt(context, plan, &mut prepared, state, idle_timeout, observer);
            match attempt.await {
                Ok(()) => {
                    self.remember_substitute(target, &prepared);
                    state.succeed();
                    return ChainStep::End;
                }
                Err(AttemptError::Failed(failure)) => state.fail(failure),
                Err(AttemptError::Unpaid(why)) => {
                    state.leave_out(target.name(&self.settings), again != Again::default(), why);
                    return ChainStep::NextTarget;
                }
            }
            if again.may_repair()
                && again.repair(&self.repair(context, plan, target, &mut prepared, state, observer))
            {
                continue;
            }
            let Some((Failed { failure, .. }, took)) = state.last() else {
                return ChainStep::End;
            };
            let situation = Situation {
                repeated: again.repeated,
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
                    again.repeated += 1;
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

    /// A server without a path is known to answer at the other one only once it has.
    fn remember_substitute(&self, target: &Target, prepared: &TargetRequest) {
        if prepared.encoding.in_substitute {
            let model = &prepared.request.model;
            self.learned
                .remember(target.provider, model, Change::Substitute);
        }
    }

    fn prepare(&self, plan: &Plan, target: &Target) -> TargetRequest {
        let messages = &plan.request.messages;
        TargetRequest {
            request: ChatRequest {
                messages: State::only_of(self.id_of(target), model_of(target), messages),
                ..plan.request_to(target)
            },
            encoding: Encoding::default(),
            is_adapted: false,
            changes: Vec::new(),
            other_warnings: None,
        }
    }

    /// One attempt; what arrives is put into `state` as it arrives.
    async fn attempt(
        &self,
        context: &CallContext,
        plan: &Plan,
        prepared: &mut TargetRequest,
        state: &mut ChatState,
        idle_timeout: Option<Duration>,
        observer: &mut dyn Observer,
    ) -> Result<(), AttemptError> {
        state.begin();
        let provider = &self.settings.providers[state.provider()];
        let Some(codec) = provider.dialect.codec() else {
            state.reply.answer = mock::answer(&mut prepared.request);
            price::charge(&self.settings, &mut state.reply);
            context.spend(state.reply.cost.map(|cost| cost.usd));
            state.spent.add(state.reply.cost);
            return Ok(());
        };
        let exchange = Exchange {
            context,
            provider,
            codec,
            idle_timeout,
        };
        if prepared.request.model.is_empty() {
            // Before the turn of the attempt: a list needs turns of its own.
            self.choose_model(exchange, prepared, &mut state.reply)
                .await?;
        }
        state.is_queued = true;
        let _turn = self.turns.acquire().await;
        state.is_queued = false;
        let position = state.provider();
        let is_first = state.last().is_none();
        let reply = &mut state.reply;
        if !prepared.is_adapted {
            self.adapt_request(codec, position, prepared, reply)?;
        }
        let exchange = Exchange {
            codec: adapt::written_by(codec, prepared.encoding.in_substitute),
            ..exchange
        };
        // Again before each attempt: a repair may have set a token limit, and earlier ones are paid.
        let purse = plan.purse.as_ref();
        let request = &mut prepared.request;
        let listed = reply.listed_price;
        let limited = token_limit::enforce_limits(&self.settings, position, request, purse, listed);
        let limited = match limited {
            Ok(limited) => limited,
            Err(failure) if is_first => return Err(failure.into()),
            Err(mut failure) => {
                let why = mem::take(&mut failure.message);
                return Err(AttemptError::Unpaid(why));
            }
        };
        reply.warnings.extend(limited.warnings);
        let most = limited.most.unwrap_or_default();
        let held = purse.map(|purse| purse.hold(most));
        let model = &prepared.request.model;
        let bill = Bill::new(context, &provider.id, model);
        let mut bill = bill.of_chat(&mut state.spent, observer);
        let result = self.stream(exchange, prepared, reply, &mut bill).await;
        if let Some(held) = held {
            held.settle(match &result {
                Err(failure) if failure.stage == Stage::Free => 0.0,
                _ => self.spent(position, model, reply, limited.input, most),
            });
        }
        self.settle(bill, &result, reply);
        Ok(result?)
    }

    /// Sets the model of a request that names none: the newest of the provider's list.
    async fn choose_model(
        &self,
        exchange: Exchange<'_>,
        prepared: &mut TargetRequest,
        reply: &mut Reply,
    ) -> Result<(), Failure> {
        let limits = CallLimits {
            // The whole attempt is repeated, not this part of it.
            retries: 0,
            ..CallLimits::of(&self.settings, None)
        };
        // The time is for the whole list, not for each of its pages.
        let listing = Exchange {
            idle_timeout: None,
            ..exchange
        };
        let newest = Box::pin(self.newest_model(listing, limits));
        let newest = match exchange.idle_timeout {
            None => newest.await,
            Some(idle_timeout) => timeout(idle_timeout, newest).await.unwrap_or_else(|_| {
                let seconds = idle_timeout.as_secs_f64();
                let message = format!("no model list after {seconds} s");
                Err(Failure::new(ErrorKind::Timeout, message))
            }),
        };
        // Nothing is generated for a list.
        let chosen = newest.map_err(|failure| failure.at(Stage::Free))?;
        let Chosen { model, why } = chosen;
        reply.listed_price = facts::listed_price(exchange.provider, &model);
        prepared.request.rules = Some(model.rules());
        let model = model.id;
        reply.warnings.push(format!(
            "No model was named, and DEFAULT_MODEL sets none of this provider: {}/{model}, {why}, was asked",
            exchange.provider.id
        ));
        reply.model.clone_from(&model);
        prepared.request.model = model;
        Ok(())
    }

    /// Adapts a request to its model, and to what was refused.
    fn adapt_request(
        &self,
        codec: &'static dyn Codec,
        provider: ProviderIndex,
        prepared: &mut TargetRequest,
        reply: &mut Reply,
    ) -> Result<(), Failure> {
        prepared.is_adapted = true;
        let request = &mut prepared.request;
        match prepared.other_warnings {
            // What was said of the refused request does not hold for this one.
            Some(others) => reply.warnings.truncate(others),
            None => {
                prepared.other_warnings = Some(reply.warnings.len());
                prepared.changes = self.learned.changes(provider, &request.model);
            }
        }
        let warnings = adapt(&self.settings, provider, request, &prepared.changes);
        reply.warnings.extend(warnings);
        prepared.encoding = adapt::encoding(&self.settings, provider, &request.model);
        for change in &prepared.changes {
            if let Changed::Warn(warning) = change.apply(request, &mut prepared.encoding) {
                reply.warnings.push(warning);
            }
        }
        facts::check(&self.settings, provider, request)?;
        adapt::written_by(codec, prepared.encoding.in_substitute).check_supported(request)
    }

    /// The cost of an attempt that its provider has accepted: from the usage that it reports if that is plausible; of an
    /// answer that has broken off, from what has arrived; else the estimate.
    fn spent(
        &self,
        provider: ProviderIndex,
        model: &str,
        reply: &Reply,
        input: u64,
        most: f64,
    ) -> f64 {
        let (settings, answer, listed) = (&self.settings, &reply.answer, reply.listed_price);
        // The estimate takes four bytes for a token.
        let least = input / (price::LONGEST_TOKEN as u64 / token_limit::CHARACTERS_PER_TOKEN);
        let cost = price::of_answer(settings, Some(provider), model, answer, least, listed);
        let cost = cost.map(|cost| cost.usd);
        if answer.complete || answer.length() == 0 {
            // Of an answer without any text, as much as that may have been generated.
            return cost.filter(|_| answer.complete).unwrap_or(most);
        }
        // What is reported before the end is not all of it.
        let output = token_limit::output_tokens(answer);
        let received = price::of_received(settings, provider, model, answer, input, output, listed);
        received.map_or(most, |usd| usd.max(cost.unwrap_or_default()))
    }

    /// Changes the request so that the provider may accept it after its refusal, if there is a way to.
    fn repair(
        &self,
        context: &CallContext,
        plan: &Plan,
        target: &Target,
        prepared: &mut TargetRequest,
        state: &mut ChatState,
        observer: &mut dyn Observer,
    ) -> Changed {
        let Some((Failed { failure, .. }, _)) = state.last() else {
            return Changed::No;
        };
        let changed = self.repaired(target, prepared, failure);
        let rest = match &changed {
            Changed::No => return Changed::No,
            Changed::Silently => String::new(),
            Changed::Warn(warning) => format!(": {warning}"),
        };
        let status = self.status(target, failure.class);
        self.log_attempt(context, state);
        observer.on_status(&format!("{status}; trying again{rest}"));
        // The original request is adapted again, since what is left out may have changed the rest.
        let refused = mem::take(&mut prepared.request);
        prepared.request = ChatRequest {
            model: refused.model,
            rules: refused.rules,
            ..self.prepare(plan, target).request
        };
        prepared.is_adapted = false;
        changed
    }

    /// Changes what a refusal names, if that can be changed, and describes the change.
    fn repaired(
        &self,
        target: &Target,
        prepared: &mut TargetRequest,
        failure: &Failure,
    ) -> Changed {
        let request = &mut prepared.request;
        let Some(codec) = self.settings.providers[target.provider].dialect.codec() else {
            return Changed::No;
        };
        let written_by = adapt::written_by(codec, prepared.encoding.in_substitute);
        let has_other_token_name =
            written_by.has_two_token_names() && !prepared.changes.contains(&Change::OtherTokenName);
        let Some(Repair { change, is_lasting }) = repair(request, failure, has_other_token_name)
        else {
            return Changed::No;
        };
        let is_substitute = change == Change::Substitute;
        if is_substitute && codec.substitute().is_none() {
            return Changed::No;
        }
        let changed = change.apply(request, &mut prepared.encoding);
        if changed != Changed::No {
            prepared.changes.push(change);
            // A substitute is remembered once it has answered.
            if is_lasting && !is_substitute {
                self.learned
                    .remember(target.provider, &request.model, change);
            }
        }
        changed
    }

    /// The model for requests that name none.
    pub(super) async fn newest_model(
        &self,
        exchange: Exchange<'_>,
        limits: CallLimits,
    ) -> Result<Chosen, Failure> {
        let list::Offer {
            mut models,
            held: _held,
        } = self.model_list(exchange, limits).await?;
        let Exchange {
            provider, codec, ..
        } = exchange;
        let (settings, id) = (self.shared_settings(), provider.id.clone());
        let section = facts::section(provider);
        // A deny list looks at every spelling of each name.
        let newest = offload(models.len() * size_of::<Model>(), move || {
            models.retain(|model| settings.limits.refusal(&id, &model.id).is_none());
            let pick = section.map(|section| settings.facts.pick(section, &models, facts::today()));
            let day = settings.facts.day();
            let (model, why) = match pick.unwrap_or(Pick::Unknown) {
                Pick::Marked(model) => (
                    model,
                    format!("the default of the table of models of {day}"),
                ),
                Pick::Nearest(model) => (
                    model,
                    format!(
                        "the nearest in its live list to the default of the table of models of {day}"
                    ),
                ),
                Pick::None => return None,
                Pick::Unknown => (
                    codec.newest_chat_model(&models)?,
                    "the newest suitable one of its live list".to_owned(),
                ),
            };
            Some(Chosen {
                model: model.clone(),
                why,
            })
        });
        let preset = provider.preset;
        let lists_names = preset.is_none_or(|preset| preset.lists_request_names);
        newest.await.filter(|_| lists_names).ok_or_else(|| {
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
