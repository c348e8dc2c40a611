//! The async thread: calls that need the network.
//!
//! It never writes to stdout or stderr. It is a thread of its own beside the one that reads stdin,
//! because a hop to another thread costs more than most answers.
//!
//! Never here: what a tool does, or when the process ends.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anygpt_core::CallHandle;
use anygpt_providers::Answer;
use futures_util::future::{Either, select};
use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::{AbortHandle, unconstrained},
    time::sleep,
};

use crate::{
    gateway::{Gateway, Observer, Silence},
    stdio::Stdio,
    tools::{Job, Outcome},
};

/// After so many polls of tasks the runtime looks at timers and sockets. What one poll takes of a provider is bounded, see
/// `http_client`; this bounds what many take at the same time.
const POLLS: u32 = 16;

/// Between two progress notifications of a call.
const PROGRESS_PAUSE: Duration = Duration::from_secs(2);

/// Hands calls to the async thread.
#[derive(Debug)]
pub struct Runner {
    commands: mpsc::UnboundedSender<Command>,
    ending: watch::Sender<bool>,
    gateway: Arc<Gateway>,
    /// What the thread needs; taken by it when it is there.
    parts: Arc<Mutex<Option<Parts>>>,
    is_started: AtomicBool,
}

#[derive(Debug)]
enum Command {
    Run(Box<Job>),
    Cancel(CallHandle),
}

#[derive(Debug)]
struct Parts {
    commands: mpsc::UnboundedReceiver<Command>,
    gateway: Arc<Gateway>,
    stdio: Arc<Stdio>,
}

impl Runner {
    /// A runner whose thread is not started yet. `gateway` makes the gateway from the watch that turns
    /// true when calls must hand out what they have.
    pub fn new(stdio: Arc<Stdio>, gateway: impl FnOnce(watch::Receiver<bool>) -> Gateway) -> Self {
        let (sender, commands) = mpsc::unbounded_channel();
        let (ending, watched) = watch::channel(false);
        let gateway = Arc::new(gateway(watched));
        Runner {
            commands: sender,
            ending,
            gateway: Arc::clone(&gateway),
            parts: Arc::new(Mutex::new(Some(Parts {
                commands,
                gateway,
                stdio,
            }))),
            is_started: AtomicBool::new(false),
        }
    }

    /// Starts the thread, if it is not there.
    ///
    /// # Errors
    /// The operating system has no place for it.
    pub fn start(&self) -> io::Result<()> {
        if self.is_started.load(Ordering::Relaxed) {
            return Ok(());
        }
        let runtime = new_runtime()?;
        let parts = Arc::clone(&self.parts);
        thread::Builder::new().name("async".into()).spawn(move || {
            // A start that has failed leaves them for the next one.
            let parts = parts.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(parts) = parts {
                runtime.block_on(work(parts.commands, parts.gateway, parts.stdio));
            }
        })?;
        self.is_started.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether any provider has ever answered.
    pub fn has_answered(&self) -> bool {
        self.gateway.has_answered()
    }

    /// Runs a call. It is completed sooner or later, unless it is cancelled.
    ///
    /// # Errors
    /// The operating system has no place for the thread.
    pub fn run(&self, job: Box<Job>) -> io::Result<()> {
        self.start()?;
        self.send(Command::Run(job));
        Ok(())
    }

    /// Drops a call's work, its connection included.
    pub fn cancel(&self, call: CallHandle) {
        self.send(Command::Cancel(call));
    }

    /// Makes all calls hand out what they have.
    pub fn hand_out(&self) {
        // Without a thread there are no calls.
        let _watched = self.ending.send(true);
    }

    fn send(&self, command: Command) {
        // The receiver goes only with the process.
        let _sent = self.commands.send(command);
    }
}

/// A runtime for calls.
pub(crate) fn new_runtime() -> io::Result<runtime::Runtime> {
    runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .event_interval(POLLS)
        .build()
}

async fn work(
    mut commands: mpsc::UnboundedReceiver<Command>,
    gateway: Arc<Gateway>,
    stdio: Arc<Stdio>,
) {
    tokio::spawn(Arc::clone(&stdio).hand_out_results());
    let running: Arc<Running> = Arc::default();
    while let Some(command) = commands.recv().await {
        match command {
            Command::Run(job) => {
                let handle = job.handle;
                let (gateway, stdio) = (Arc::clone(&gateway), Arc::clone(&stdio));
                let finished = Arc::clone(&running);
                let task = tokio::spawn(async move {
                    let outcome = run(job, &gateway, &stdio).await;
                    stdio.complete(handle, outcome).await;
                    finished.remove(handle);
                });
                // This thread runs the task, so it has not begun yet.
                running.insert(handle, task.abort_handle());
            }
            Command::Cancel(handle) => {
                if let Some(task) = running.remove(handle) {
                    task.abort();
                }
            }
        }
    }
}

/// The tasks of calls, so that they can be aborted.
#[derive(Debug, Default)]
struct Running(Mutex<BTreeMap<CallHandle, AbortHandle>>);

impl Running {
    fn insert(&self, call: CallHandle, task: AbortHandle) {
        self.lock().insert(call, task);
    }

    fn remove(&self, call: CallHandle) -> Option<AbortHandle> {
        self.lock().remove(&call)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallHandle, AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(job: Box<Job>, gateway: &Gateway, stdio: &Arc<Stdio>) -> Outcome {
    if !job.wants_progress {
        return job.run(gateway, &mut Silence).await;
    }
    let reports = Reports {
        stdio,
        handle: job.handle,
        state: Mutex::default(),
    };
    let mut observer = &reports;
    let work = pin!(job.run(gateway, &mut observer));
    // Work may use up all of the task's budget.
    let repeat = pin!(unconstrained(reports.repeat()));
    match select(work, repeat).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right((never, _)) => match never {},
    }
}

/// Turns what is observed into progress notifications: each new phase at once, and where it stands
/// every two seconds.
struct Reports<'a> {
    stdio: &'a Arc<Stdio>,
    handle: CallHandle,
    state: Mutex<Progress>,
}

impl Reports<'_> {
    /// Says again and again where the call stands.
    async fn repeat(&self) -> Infallible {
        loop {
            sleep(PROGRESS_PAUSE).await;
            self.report(&mut self.lock());
        }
    }

    fn report(&self, state: &mut Progress) {
        // The progress value, since nobody knows the end.
        state.steps += 1;
        self.stdio
            .progress(self.handle, state.steps, &state.message());
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for &Reports<'_> {
    fn connected(&mut self, provider: &str) {
        let mut state = self.lock();
        state.phase = Phase::Waiting(format!("connected to {provider}, waiting for the answer"));
        self.report(&mut state);
    }

    fn received(&mut self, answer: &Answer) {
        let mut state = self.lock();
        if state.receive(answer) {
            self.report(&mut state);
        }
    }

    fn goes_on(&mut self, what: &str) {
        let mut state = self.lock();
        state.phase = Phase::Waiting(what.to_owned());
        self.report(&mut state);
    }
}

/// Where a call stands.
#[derive(Debug, Default)]
struct Progress {
    /// Notifications so far.
    steps: u64,
    phase: Phase,
    text: Counted,
    reasoning: Counted,
    /// What the provider has counted so far.
    tokens: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    /// There is no connection yet.
    #[default]
    Connecting,
    /// Nothing has arrived, for this reason.
    Waiting(String),
    /// The model thinks aloud.
    Reasoning,
    /// The answer arrives.
    Answering,
}

impl Progress {
    /// Takes note of what has arrived. True if that is a new phase.
    fn receive(&mut self, answer: &Answer) -> bool {
        self.text.count(&answer.text);
        self.reasoning.count(&answer.reasoning);
        self.tokens = answer.usage.output_tokens.unwrap_or_default();
        let phase = match answer.text.is_empty() {
            true => Phase::Reasoning,
            false => Phase::Answering,
        };
        let is_new = self.phase != phase;
        self.phase = phase;
        is_new
    }

    fn message(&self) -> String {
        let characters = self.text.characters;
        let estimated = (characters + self.reasoning.characters).div_ceil(CHARACTERS_PER_TOKEN);
        let tokens = estimated.max(self.tokens);
        match &self.phase {
            Phase::Connecting => "connecting".to_owned(),
            Phase::Waiting(why) => why.clone(),
            Phase::Reasoning => format!("reasoning: about {tokens} tokens so far"),
            Phase::Answering => {
                format!("answering: about {tokens} tokens so far ({characters} characters)")
            }
        }
    }
}

/// Providers tell the number of tokens at the end; until then this is what most texts have.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// Characters of a text that grows, each looked at once.
#[derive(Debug, Default)]
struct Counted {
    bytes: usize,
    characters: u64,
}

impl Counted {
    fn count(&mut self, text: &str) {
        // A shorter one is that of another attempt.
        if text.len() < self.bytes || !text.is_char_boundary(self.bytes) {
            *self = Counted::default();
        }
        let new = text.get(self.bytes..).unwrap_or_default();
        self.characters += new.chars().count() as u64;
        self.bytes = text.len();
    }
}

#[cfg(test)]
mod tests;
