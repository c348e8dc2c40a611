//! The async thread: calls that need the network.
//!
//! It is a thread next to the one that reads stdin, because switching to another thread costs more than most answers.
//!
//! Never here: what a tool does, or when the process ends.

use std::{
    collections::BTreeMap,
    io,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anygpt_core::CallHandle;
use futures_util::future::{Either, select};
use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::{AbortHandle, unconstrained},
};

use super::{connection::Connection, progress::Reports};
use crate::{
    gateway::{Gateway, NoopObserver},
    outcome::Outcome,
    tools::Job,
};

/// Number of task polls after which the runtime checks timers and sockets. What one poll reads from a provider is bounded,
/// see `http_client`; this bounds what many read at the same time
/// (.github/decisions/015).
const POLLS: u32 = 16;

/// Hands calls to the async thread.
#[derive(Debug)]
pub(crate) struct Runner {
    commands: mpsc::UnboundedSender<Command>,
    ending: watch::Sender<bool>,
    gateway: Arc<Gateway>,
    /// What the thread needs; it takes this when it starts.
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
    connection: Arc<Connection>,
}

impl Runner {
    /// A runner whose thread is not started yet. `gateway` creates the gateway from the watch that turns true when calls
    /// must return what they have.
    pub(crate) fn new(
        connection: Arc<Connection>,
        gateway: impl FnOnce(watch::Receiver<bool>) -> Gateway,
    ) -> Self {
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
                connection,
            }))),
            is_started: AtomicBool::new(false),
        }
    }

    /// Starts the thread, unless it runs already.
    ///
    /// # Errors
    /// The operating system refuses the thread or its descriptors.
    pub(crate) fn start(&self) -> io::Result<()> {
        if self.is_started.load(Ordering::Relaxed) {
            return Ok(());
        }
        let runtime = new_runtime()?;
        let parts = Arc::clone(&self.parts);
        thread::Builder::new().name("async".into()).spawn(move || {
            // A start that failed left them for the next one.
            let parts = parts.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(parts) = parts {
                runtime.block_on(work(parts.commands, parts.gateway, parts.connection));
            }
        })?;
        self.is_started.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether any provider has ever answered.
    pub(crate) fn has_answered(&self) -> bool {
        self.gateway.has_answered()
    }

    /// Runs a call. It is completed eventually, unless it is cancelled.
    ///
    /// # Errors
    /// As for [`Runner::start`].
    pub(crate) fn run(&self, job: Box<Job>) -> io::Result<()> {
        self.start()?;
        self.send(Command::Run(job));
        Ok(())
    }

    /// Drops a call, including its connection.
    pub(crate) fn cancel(&self, call: CallHandle) {
        self.send(Command::Cancel(call));
    }

    /// Makes all calls return what they have.
    pub(crate) fn return_partial_results(&self) {
        // Without a thread there are no calls.
        let _watched = self.ending.send(true);
    }

    fn send(&self, command: Command) {
        // The receiver lives as long as the process.
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
    connection: Arc<Connection>,
) {
    tokio::spawn(Arc::clone(&connection).flush_results());
    let running: Arc<Running> = Arc::default();
    while let Some(command) = commands.recv().await {
        match command {
            Command::Run(job) => {
                let handle = job.handle;
                let (gateway, connection) = (Arc::clone(&gateway), Arc::clone(&connection));
                let finished = Arc::clone(&running);
                let task = tokio::spawn(async move {
                    let outcome = run(job, &gateway, &connection).await;
                    connection.complete(handle, outcome).await;
                    finished.remove(handle);
                });
                // The task runs on this thread, so it has not begun yet.
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

async fn run(job: Box<Job>, gateway: &Gateway, connection: &Arc<Connection>) -> Outcome {
    if !job.wants_progress {
        return job.run(gateway, &mut NoopObserver).await;
    }
    let reports = Reports::new(connection, job.handle);
    let mut observer = &reports;
    let work = pin!(job.run(gateway, &mut observer));
    // The work may use up all of the task's cooperative budget.
    let repeat = pin!(unconstrained(reports.repeat()));
    match select(work, repeat).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right((never, _)) => match never {},
    }
}
