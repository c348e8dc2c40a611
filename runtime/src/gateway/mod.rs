//! From a resolved request to one reply: model choice, attempts one after the other, the total time
//! limit, partial answers.
//!
//! Never here: a provider's wire format, MCP, a tool's arguments.

use std::{
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anygpt_core::{Budget, Reservation};
use anygpt_providers::{
    Answer, ChatRequest, Class, Codec, Encoding, Failure, Model, Stage, State, repair,
};
use futures_util::future::{Either, select};
use tokio::{
    sync::{Semaphore, watch},
    task::unconstrained,
    time::{sleep, timeout, timeout_at},
};

use crate::{
    aside::aside,
    call::{self, Asked},
    error::{Error, ErrorKind},
    http_client::HttpClient,
    redact::Redactor,
    resources,
    settings::{KeyHeader, Provider, Settings},
};

mod attempt;
pub mod bound;
mod course;
mod fit;
mod learned;
mod list;
pub mod mock;
pub mod price;
pub mod purse;
pub(crate) mod report;
mod request;
pub mod resolve;
mod retry;

pub use course::Attempt;
use course::{Course, Failed};
pub use fit::{encoding, fit};
use learned::Learned;
pub use list::{Listed, Unlisted};
use price::Cost;
use purse::Purse;
pub use request::{Bounds, Told};
use resolve::Target;
use retry::{Next, Situation};

/// A chat to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who is asked, in this order, until one answers; never empty.
    pub targets: Vec<Target>,
    /// The request; each target brings its own model.
    pub request: ChatRequest,
    /// When the call came in.
    pub received: Instant,
    /// So long after that, the answer is due, or what there is of it.
    pub timeout: Duration,
    /// Longer answers are cut.
    pub max_output_chars: Option<usize>,
    /// The money for all attempts, if it is bounded.
    pub purse: Option<Purse>,
}

impl Plan {
    /// One in which nobody is asked and nothing, for the call at work. It is filled where it stays: it is large.
    pub fn new(settings: &Settings) -> Self {
        Plan {
            targets: Vec::new(),
            request: ChatRequest::default(),
            received: call::received(),
            timeout: settings.timeout,
            max_output_chars: None,
            purse: None,
        }
    }

    /// The request with the model and the effort of this target; see [`fit()`].
    pub fn request_to(&self, target: &Target) -> ChatRequest {
        ChatRequest {
            model: model_of(target).to_owned(),
            effort: target.effort.or(self.request.effort),
            ..self.request.clone()
        }
    }
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
    /// All requests that were made for it, this one included; none without a network.
    pub attempts: Vec<Attempt>,
    /// What the answer costs, if that is known.
    pub cost: Option<Cost>,
    /// The answer is not all there is.
    pub partial: bool,
    /// The answer was longer than the caller wanted it.
    pub truncated: bool,
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

impl Reply {
    /// One that this provider's model will give.
    fn of(provider: &str, model: &str) -> Self {
        Reply {
            provider: provider.to_owned(),
            model: model.to_owned(),
            ..Reply::default()
        }
    }

    /// As the log has it.
    fn asked(&self) -> Asked<'_> {
        Asked {
            provider: &self.provider,
            model: &self.model,
            request_id: self.request_id.as_deref(),
            input_tokens: self.answer.usage.input_tokens,
            output_tokens: self.answer.usage.output_tokens,
            is_partial: self.partial,
            ..Asked::default()
        }
    }

    /// Cuts the answer to so many characters, and says so.
    pub fn shorten(&mut self, most: usize) {
        let text = &mut self.answer.text;
        if let Some((end, _)) = text.char_indices().nth(most) {
            text.truncate(end);
            self.truncated = true;
            self.warnings
                .push(format!("The answer was cut after {most} characters"));
        }
    }
}

/// Hears how a call is getting on.
pub trait Observer: Send {
    /// There is a connection to this provider.
    fn connected(&mut self, provider: &str);
    /// The answer as far as it has come; called for each piece.
    fn received(&mut self, answer: &Answer);
    /// This is done now: something has failed, or one of several answers is there.
    fn goes_on(&mut self, what: &str);
}

/// For whoever wants to hear nothing.
#[derive(Debug)]
pub struct Silence;

impl Observer for Silence {
    fn connected(&mut self, _provider: &str) {}
    fn received(&mut self, _answer: &Answer) {}
    fn goes_on(&mut self, _what: &str) {}
}

/// Does calls. One for the process; lives on the async thread.
#[derive(Debug)]
pub struct Gateway {
    settings: Arc<Settings>,
    redactor: Arc<Redactor>,
    budget: Arc<Budget>,
    http: OnceLock<HttpClient>,
    /// Calls beyond these wait for their turn, in order.
    turns: Semaphore,
    /// What models have refused.
    learned: Learned,
    /// Turns true when the process must hand out what it has.
    ending: watch::Receiver<bool>,
    has_answered: AtomicBool,
}

/// Why an attempt brings no answer.
enum Missed {
    /// It has failed.
    Failed(Failure),
    /// It was not made: earlier ones have left too little money.
    Unpaid(String),
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Self {
        Missed::Failed(failure)
    }
}

/// What is asked of one target.
struct Turn {
    request: ChatRequest,
    encoding: Encoding,
    /// It has been made to suit its model.
    is_fitted: bool,
}

/// Calls that use the network at once, if there are file descriptors for them.
const AT_ONCE: usize = 1024;

/// Most changes of a request that a provider's refusals may lead to.
const REPAIRS: usize = 2;

/// The body of most requests is not worth counting.
const SMALL: usize = 16 << 10;

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
            redactor: Arc::new(redactor),
            budget,
            http: OnceLock::new(),
            turns: Semaphore::new(AT_ONCE.min(files.saturating_sub(SPARE_FILES)).max(1)),
            learned: Learned::default(),
            ending,
            has_answered: AtomicBool::new(false),
        }
    }

    /// Counts so many bytes, before they exist. Waits for them if others hold them.
    ///
    /// # Errors
    /// They stay held; `refused` says what that means.
    async fn reserve(
        &self,
        bytes: usize,
        refused: fn() -> Failure,
    ) -> Result<Reservation, Failure> {
        let mut held = self.budget.reservation();
        match bytes <= SMALL || resources::reserve(&mut held, bytes).await {
            true => Ok(held),
            false => Err(refused()),
        }
    }

    /// Whether any provider has ever answered.
    pub fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// A provider has answered.
    pub(crate) fn note_answer(&self) {
        self.has_answered.store(true, Ordering::Relaxed);
    }

    /// The settings it follows.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same, to be kept.
    pub(crate) fn shared_settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings)
    }

    /// Asks a model, and if it fails again, or another one.
    ///
    /// # Errors
    /// What went wrong and what to do next.
    pub async fn chat(&self, plan: &Plan, observer: &mut dyn Observer) -> Result<Reply, Error> {
        let start = plan.received;
        let Some(first) = plan.targets.first() else {
            return Err(Error::new(ErrorKind::Config, "there is nobody to ask"));
        };
        let mut course = Course::new(first.provider, self.id_of(first), model_of(first));
        let stopped = {
            let work = pin!(self.ask(plan, &mut course, observer));
            let mut ending = self.ending.clone();
            // Work may use up all of the task's budget.
            let ending = pin!(unconstrained(ending.wait_for(|&ending| ending)));
            let due = start + plan.timeout;
            match timeout_at(due.into(), select(work, ending)).await {
                Ok(Either::Left(((), _))) => None,
                Ok(Either::Right(_)) => Some(Failure::new(
                    Class::Cancelled,
                    "the server is shutting down",
                )),
                Err(_) => Some(Failure::new(
                    Class::Timeout,
                    format!("no complete answer after {} s", plan.timeout.as_secs()),
                )),
            }
        };
        // The reply stays where it is until it is handed out: it is large.
        let ended = course.end(stopped, &self.redactor);
        let reply = &mut course.reply;
        if ended.is_ok() {
            reply.latency = Some(start.elapsed());
            price::charge(&self.settings, reply);
            if let Some(most) = plan.max_output_chars {
                reply.shorten(most);
            }
            if reply.truncated {
                self.redactor.end_of_cut(&mut reply.answer.text);
            }
            // Gemini names its answers in the body (provider digest 1.4).
            if reply.request_id.is_none() {
                let id = reply.answer.response_id.as_deref();
                reply.request_id = id.filter(|id| id.len() <= 200).map(str::to_owned);
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
        // For the line of the call in the log; never what was asked or answered.
        let Err(all) = ended else {
            call::note(reply.asked());
            return Ok(course.reply);
        };
        let told = &all.told;
        self.asked(told, call::note);
        let provider = &self.settings.providers[told.provider];
        let mut error = report::failure(provider, &told.model, &told.failure, &self.redactor);
        if all.attempts.len() > 1 {
            let tally = course::tally(&all.attempts);
            error = error.advise_plain(format!("Attempts: {tally}."));
        }
        if let Some(unpaid) = &all.unpaid {
            error = error.advise_plain(format!("{unpaid}."));
        }
        Err(error)
    }

    /// Asks one target after the other until one answers, or nothing more can be done. What happens is
    /// put into `course` as it happens.
    async fn ask(&self, plan: &Plan, course: &mut Course, observer: &mut dyn Observer) {
        for (position, target) in plan.targets.iter().enumerate() {
            let behind = plan.targets.len() - position - 1;
            let provider = &self.settings.providers[target.provider];
            // It begins with the first one.
            if position > 0 {
                course.turn_to(target.provider, &provider.id, model_of(target));
            }
            let mut turn = Turn {
                request: ChatRequest {
                    messages: State::only_of(
                        &provider.id,
                        model_of(target),
                        &plan.request.messages,
                    ),
                    ..plan.request_to(target)
                },
                encoding: Encoding::default(),
                is_fitted: false,
            };
            let (mut repeated, mut repaired) = (0, 0);
            loop {
                let left = plan.timeout.saturating_sub(plan.received.elapsed());
                let patience = (behind > 0).then(|| retry::share(left, behind + 1));
                course.begin();
                let result = self
                    .attempt(provider, &mut turn, course, plan, patience, observer)
                    .await;
                match result {
                    Ok(()) => return course.succeed(),
                    Err(Missed::Failed(failure)) => course.fail(failure),
                    Err(Missed::Unpaid(why)) => {
                        let name = target.name(&self.settings);
                        let again = if repeated > 0 || repaired > 0 {
                            " again"
                        } else {
                            ""
                        };
                        course.leave_out(format!("{name}{again}"), why);
                        break;
                    }
                }
                let Some((Failed { failure, .. }, took)) = course.last() else {
                    return;
                };
                if repaired < REPAIRS
                    && let Some(said) = self.repaired(target.provider, &mut turn, failure)
                {
                    self.log_attempt(course);
                    repaired += 1;
                    let what = target.name(&self.settings);
                    observer.goes_on(&format!("{what}: invalid_request; trying again: {said}"));
                    if !said.is_empty() {
                        course.reply.warnings.push(said);
                    }
                    continue;
                }
                let situation = Situation {
                    repeated,
                    allowed: self.settings.retries,
                    has_next: behind > 0,
                    took,
                    left: plan.timeout.saturating_sub(plan.received.elapsed()),
                    jitter: fastrand::f64(),
                };
                let what = format!(
                    "{}: {}",
                    target.name(&self.settings),
                    failure.class.as_str()
                );
                match situation.after(failure) {
                    Next::Again(pause) => {
                        self.log_attempt(course);
                        let pause_s = pause.as_secs_f64();
                        observer.goes_on(&format!("{what}; trying again in {pause_s:.1} s"));
                        sleep(pause).await;
                        repeated += 1;
                    }
                    Next::Another => {
                        self.log_attempt(course);
                        let next = &plan.targets[position + 1];
                        let next = next.name(&self.settings);
                        observer.goes_on(&format!("{what}; asking {next} instead"));
                        break;
                    }
                    Next::GiveUp => return,
                }
            }
        }
    }

    /// One attempt; what arrives is put into the course as it comes.
    async fn attempt(
        &self,
        provider: &Provider,
        turn: &mut Turn,
        course: &mut Course,
        plan: &Plan,
        patience: Option<Duration>,
        observer: &mut dyn Observer,
    ) -> Result<(), Missed> {
        let request = &mut turn.request;
        let Some(codec) = provider.kind.codec() else {
            course.reply.answer = Answer::default();
            mock::answer(request, &mut course.reply.answer);
            return Ok(());
        };
        if request.model.is_empty() {
            // Before its own turn: it takes turns itself.
            let bounds = Bounds {
                received: plan.received,
                // The whole attempt is repeated, not this part of it.
                retries: 0,
                ..Bounds::of(&self.settings, None)
            };
            let newest = Box::pin(self.newest_model(provider, codec, bounds));
            let newest = match patience {
                None => newest.await,
                Some(patience) => timeout(patience, newest).await.unwrap_or_else(|_| {
                    let seconds = patience.as_secs_f64();
                    let message = format!("no model list after {seconds} s");
                    Err(Failure::new(Class::Timeout, message))
                }),
            };
            // Nothing is generated for a list.
            request.model = newest.map_err(|failure| failure.at(Stage::Free))?;
            let reply = &mut course.reply;
            reply.model.clone_from(&request.model);
            reply.warnings.push(format!(
                "No model was named, and DEFAULT_MODEL sets none of this provider: {}/{}, the newest \
                 suitable one of its live list, was asked",
                provider.id, request.model
            ));
        }
        course.is_queued = true;
        let _turn = self.turns.acquire().await;
        course.is_queued = false;
        let position = course.provider();
        let is_first = course.last().is_none();
        let reply = &mut course.reply;
        if !turn.is_fitted {
            turn.is_fitted = true;
            reply
                .warnings
                .extend(fit(&self.settings, position, request));
            turn.encoding = encoding(&self.settings, position, &request.model);
            let learned = self.learned.apply(position, request, &mut turn.encoding);
            reply.warnings.extend(learned);
            codec.carries(request)?;
        }
        // Again before each attempt: a repair may have set a token limit, and earlier ones are paid.
        let purse = plan.purse.as_ref();
        let kept = match bound::keep(&self.settings, position, request, purse) {
            Ok(kept) => kept,
            Err(failure) if is_first => return Err(failure.into()),
            Err(failure) => return Err(Missed::Unpaid(failure.message)),
        };
        reply.warnings.extend(kept.said);
        let (most, input) = (kept.most.unwrap_or_default(), kept.input);
        let held = purse.map(|purse| purse.hold(most));
        let start = plan.received;
        let result = self
            .stream(provider, codec, turn, reply, start, patience, observer)
            .await;
        if let Some(held) = held {
            held.settle(match &result {
                Err(failure) if failure.stage == Stage::Free => 0.0,
                _ => self.spent(position, &turn.request.model, &reply.answer, input, most),
            });
        }
        Ok(result?)
    }

    /// What an attempt has cost that its provider has taken: by what it has told if that can be true, else as much as was
    /// thought.
    fn spent(&self, provider: usize, model: &str, answer: &Answer, input: u64, most: f64) -> f64 {
        // The estimate takes four bytes for a token.
        let input = input / (price::LONGEST_TOKEN as u64 / bound::ASCII_PER_TOKEN);
        let cost = price::of_answer(&self.settings, Some(provider), model, answer, input);
        match cost.map(|cost| cost.usd) {
            Some(usd) if answer.complete => usd,
            // What is told before the end is not all of it.
            Some(usd) => usd.max(most),
            None => most,
        }
    }

    /// Changes the one parameter that a refusal names, if there is one, and tells what it has done.
    fn repaired(&self, provider: usize, turn: &mut Turn, failure: &Failure) -> Option<String> {
        let request = &mut turn.request;
        let codec = self.settings.providers[provider].kind.codec()?;
        let repair = repair(request, failure, codec.has_two_token_names())?;
        let said = repair.change.apply(request, &mut turn.encoding)?;
        if repair.is_lasting {
            self.learned
                .remember(provider, &request.model, repair.change);
        }
        Some(said)
    }

    async fn newest_model(
        &self,
        provider: &Provider,
        codec: &'static dyn Codec,
        bounds: Bounds,
    ) -> Result<String, Failure> {
        let list::Offer {
            mut models,
            held: _held,
        } = self.model_list(provider, codec, bounds).await?;
        let (settings, id) = (self.shared_settings(), provider.id.clone());
        // A deny list looks at every spelling of each name.
        let newest = aside(models.len() * size_of::<Model>(), move || {
            models.retain(|model| settings.limits.refusal(&id, &model.id).is_none());
            let newest = codec.newest_chat_model(&models);
            newest.map(|model| model.id.clone())
        });
        // Azure lists the models that deployments are made of, but asks for a deployment's name.
        let is_told = provider.key_header != KeyHeader::ApiKey;
        newest.await.filter(|_| is_told).ok_or_else(|| {
            Failure::new(
                Class::ModelNotFound,
                "no model was named, and none in the provider's list suits a chat and is allowed",
            )
        })
    }

    /// The client, made when it is first needed.
    fn http(&self) -> &HttpClient {
        self.http
            .get_or_init(|| HttpClient::new(&self.settings.network, Arc::clone(&self.budget)))
    }

    fn id_of(&self, target: &Target) -> &str {
        &self.settings.providers[target.provider].id
    }

    /// One line per attempt that is made up for by another one.
    fn log_attempt(&self, course: &Course) {
        if let Some((failed, time)) = course.last() {
            let class = failed.failure.class.as_str();
            self.asked(failed, |asked| call::log_attempt(class, time, asked));
        }
    }

    /// A failure as the log has it.
    fn asked(&self, failed: &Failed, hear: impl FnOnce(Asked<'_>)) {
        let failure = &failed.failure;
        let id = failure.request_id.as_deref();
        let id = id.map(|id| self.redactor.provider_message(id));
        let words = (!may_quote(failure.class)).then(|| report::said(failure, &self.redactor));
        hear(Asked {
            provider: &self.settings.providers[failed.provider].id,
            model: &failed.model,
            request_id: id.as_deref(),
            http_status: failure.status,
            error: words.as_deref(),
            ..Asked::default()
        });
    }
}

/// Whether words about such a failure may repeat what was asked or answered, as some servers do when they
/// refuse a request, and as a reply does that cannot be read. They are for the caller alone, who has asked.
fn may_quote(class: Class) -> bool {
    matches!(
        class,
        Class::InvalidRequest
            | Class::ContextLength
            | Class::TooLarge
            | Class::ContentFilter
            | Class::Unavailable
    )
}

/// The model of a target; empty for the provider's newest.
fn model_of(target: &Target) -> &str {
    target.model.as_deref().unwrap_or_default()
}
