//! The async thread: calls that need the network, and signals.
//!
//! It never writes to stdout or stderr. It is a thread of its own beside the one that reads stdin,
//! because a hop to another thread costs more than most answers.
//!
//! Never here: what a tool does, or when the process ends.

use std::{
    collections::HashMap,
    io,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anygpt_core::CallHandle;
use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::AbortHandle,
};

use crate::{
    gateway::{Gateway, Observer},
    stdio::Stdio,
    tools::{Job, Outcome},
};

/// Threads for look-ups of names, which the operating system only does blocking.
const LOOKUPS: usize = 4;

/// Between two progress notifications of a call.
const PROGRESS_PAUSE: Duration = Duration::from_secs(2);

/// Hands calls to the async thread.
#[derive(Debug)]
pub struct Runner {
    commands: mpsc::UnboundedSender<Command>,
    ending: watch::Sender<bool>,
    /// What the thread needs; taken when it is started.
    parts: Mutex<Option<Parts>>,
}

#[derive(Debug)]
enum Command {
    Run(Job),
    Cancel(CallHandle),
}

/// What happens outside, told to `main`.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// A signal has arrived. Must return soon.
    pub on_signal: fn(),
    /// The async thread cannot work.
    pub on_failure: fn(io::Error),
}

#[derive(Debug)]
struct Parts {
    commands: mpsc::UnboundedReceiver<Command>,
    gateway: Arc<Gateway>,
    signals: UnixStream,
    hooks: Hooks,
    stdio: Arc<Stdio>,
}

impl Runner {
    /// A runner whose thread is not started yet. `gateway` makes the gateway from the watch that turns
    /// true when calls must hand out what they have.
    pub fn new(
        stdio: Arc<Stdio>,
        signals: UnixStream,
        hooks: Hooks,
        gateway: impl FnOnce(watch::Receiver<bool>) -> Gateway,
    ) -> Self {
        let (sender, commands) = mpsc::unbounded_channel();
        let (ending, watched) = watch::channel(false);
        Runner {
            commands: sender,
            ending,
            parts: Mutex::new(Some(Parts {
                commands,
                gateway: Arc::new(gateway(watched)),
                signals,
                hooks,
                stdio,
            })),
        }
    }

    /// Starts the thread, if it is not there.
    pub fn start(&self) {
        let parts = self
            .parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(parts) = parts else {
            return;
        };
        let on_failure = parts.hooks.on_failure;
        let spawned = thread::Builder::new().name("async".into()).spawn(move || {
            if let Err(error) = parts.run() {
                on_failure(error);
            }
        });
        if let Err(error) = spawned {
            on_failure(error);
        }
    }

    /// Runs a call. It is completed sooner or later, unless it is cancelled.
    pub fn run(&self, job: Job) {
        self.send(Command::Run(job));
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
        self.start();
        // The receiver goes only with the process.
        let _sent = self.commands.send(command);
    }
}

impl Parts {
    fn run(self) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(LOOKUPS)
            .thread_name("lookup")
            .build()?;
        runtime.block_on(async {
            self.signals.set_nonblocking(true)?;
            let signals = tokio::net::UnixStream::from_std(self.signals)?;
            tokio::spawn(listen(signals, self.hooks.on_signal));
            work(self.commands, self.gateway, self.stdio).await;
            Ok(())
        })
    }
}

async fn listen(signals: tokio::net::UnixStream, on_signal: fn()) {
    let mut bytes = [0; 16];
    while signals.readable().await.is_ok() {
        match signals.try_read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => (0..count).for_each(|_| on_signal()),
            Err(_) => {}
        }
    }
}

async fn work(
    mut commands: mpsc::UnboundedReceiver<Command>,
    gateway: Arc<Gateway>,
    stdio: Arc<Stdio>,
) {
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
struct Running(Mutex<HashMap<CallHandle, AbortHandle>>);

impl Running {
    fn insert(&self, call: CallHandle, task: AbortHandle) {
        self.lock().insert(call, task);
    }

    fn remove(&self, call: CallHandle) -> Option<AbortHandle> {
        self.lock().remove(&call)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallHandle, AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(job: Job, gateway: &Gateway, stdio: &Arc<Stdio>) -> Outcome {
    let mut observer = Reporter {
        stdio,
        handle: job.handle,
        wanted: job.wants_progress,
        steps: 0,
        last: None,
    };
    job.run(gateway, &mut observer).await
}

/// Turns what is observed into progress notifications.
struct Reporter<'a> {
    stdio: &'a Arc<Stdio>,
    handle: CallHandle,
    wanted: bool,
    /// Notifications so far: the progress value, since nobody knows the end.
    steps: u64,
    /// When the last one about text was sent.
    last: Option<Instant>,
}

impl Reporter<'_> {
    fn report(&mut self, message: &str) {
        self.steps += 1;
        self.stdio.progress(self.handle, self.steps, message);
    }
}

impl Observer for Reporter<'_> {
    fn connected(&mut self, provider: &str) {
        if self.wanted {
            self.report(&format!("connected to {provider}, waiting for the answer"));
        }
    }

    fn received(&mut self, text: &str) {
        if self.wanted
            && self
                .last
                .is_none_or(|last| last.elapsed() >= PROGRESS_PAUSE)
        {
            self.last = Some(Instant::now());
            let characters = text.chars().count();
            self.report(&format!(
                "receiving the answer: {characters} characters so far"
            ));
        }
    }
}
