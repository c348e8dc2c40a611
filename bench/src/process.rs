//! A server as a process: how it is started, written to and read from, and what the kernel reports about it.
//!
//! Never here: the requests, or what the times mean.

use std::{
    ffi::OsString,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::{OFlags, fcntl_setfl},
    thread::{CpuSet, sched_setaffinity},
};

/// Writes as many certificates as systems usually trust, and returns the path of the file.
pub(crate) fn bundle(folder: &Path) -> io::Result<PathBuf> {
    const CERTIFICATE: &str = include_str!("../../tests/tls/authority.pem");
    const COUNT: usize = 150;
    let path = folder.join("bundle.pem");
    fs::write(&path, CERTIFICATE.repeat(COUNT))?;
    Ok(path)
}

/// Where programs are found.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How a server is started.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    /// Whether it knows MCP sessions; the floor answers every line as a request.
    has_sessions: bool,
}

impl Subject {
    /// Our own server: the environment only makes the mock provider the default.
    pub(crate) fn ours(program: &Path) -> Self {
        Subject {
            name: "ours".into(),
            program: program.into(),
            arguments: Vec::new(),
            environment: vec![("DEFAULT_PROVIDER".into(), "mock".into())],
            has_sessions: true,
        }
    }

    /// Our own server with other settings, all in a file.
    pub(crate) fn configured(program: &Path, file: &Path) -> Self {
        Subject {
            environment: vec![
                ("CONFIG_FILE".into(), file.into()),
                ("LOG_LEVEL".into(), "error".into()),
            ],
            ..Subject::ours(program)
        }
    }

    /// Our own server as in a company: with a certificate bundle of the usual size.
    ///
    /// # Errors
    /// The bundle cannot be written into the folder.
    pub(crate) fn with_certificates(program: &Path, folder: &Path) -> io::Result<Self> {
        let mut subject = Subject::ours(program);
        let bundle = bundle(folder)?;
        subject.name = "with certificates".into();
        subject
            .environment
            .push(("SSL_CERT_FILE".into(), bundle.into()));
        Ok(subject)
    }

    /// The same under another program, which gets these arguments before our own.
    pub(crate) fn under(self, program: &str, arguments: Vec<OsString>) -> Self {
        let mut environment = self.environment;
        environment.push(("PATH".into(), PATH.into()));
        let ours = [self.program.into_os_string()];
        Subject {
            program: program.into(),
            arguments: arguments
                .into_iter()
                .chain(ours)
                .chain(self.arguments)
                .collect(),
            environment,
            ..self
        }
    }

    /// The floor, whose answers end as the file says.
    pub(crate) fn floor(program: &Path, file: &Path) -> Self {
        Subject {
            name: "floor".into(),
            program: program.into(),
            arguments: vec![file.into()],
            environment: Vec::new(),
            has_sessions: false,
        }
    }

    /// Another server, as a command whose words are separated by spaces.
    ///
    /// # Errors
    /// The command has no words.
    pub(crate) fn peer(name: &str, command: &str) -> io::Result<Self> {
        let mut words = command.split_whitespace();
        let program = words
            .next()
            .ok_or_else(|| io::Error::other("a peer needs a command"))?;
        Ok(Subject {
            name: name.into(),
            program: program.into(),
            arguments: words.map(OsString::from).collect(),
            environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())],
            has_sessions: true,
        })
    }

    pub(crate) fn start(&self) -> io::Result<Server> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| io::Error::other(format!("{}: {error}", self.program.display())))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Server {
                child,
                stdin,
                stdout,
                has_sessions: self.has_sessions,
            }),
            _ => Err(io::Error::other("no pipes")),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    has_sessions: bool,
}

/// An answer that takes longer counts as lost, in seconds.
const PATIENCE: i64 = 60;

impl Server {
    /// Sends a line and waits for one.
    pub(crate) fn ask(&mut self, line: &str) -> io::Result<String> {
        self.stdin.write_all(line.as_bytes())?;
        let mut answer = String::new();
        // One answer is expected, so bytes that are read past it are not needed.
        BufReader::new(&mut self.stdout).read_line(&mut answer)?;
        if answer.ends_with('\n') {
            Ok(answer)
        } else {
            Err(io::Error::other("the server ends instead of answering"))
        }
    }

    /// The handshake that begins a session.
    pub(crate) fn shake_hands(&mut self) -> io::Result<()> {
        if self.has_sessions {
            self.ask(HELLO)?;
            self.stdin.write_all(INITIALIZED.as_bytes())?;
        }
        Ok(())
    }

    /// Makes reads and writes on this side return at once. The server's side stays as it is.
    pub(crate) fn never_wait(&self) -> io::Result<()> {
        fcntl_setfl(self.stdin.as_fd(), OFlags::NONBLOCK)?;
        fcntl_setfl(self.stdout.as_fd(), OFlags::NONBLOCK)?;
        Ok(())
    }

    /// The opposite of [`never_wait`](Self::never_wait).
    pub(crate) fn wait_again(&self) -> io::Result<()> {
        fcntl_setfl(self.stdin.as_fd(), OFlags::empty())?;
        fcntl_setfl(self.stdout.as_fd(), OFlags::empty())?;
        Ok(())
    }

    /// Waits until it can be read from, or also written to.
    pub(crate) fn wait_for(&self, also_to_write: bool) -> io::Result<()> {
        let mut fds = [
            PollFd::new(&self.stdout, PollFlags::IN),
            PollFd::new(&self.stdin, PollFlags::OUT),
        ];
        let count = if also_to_write { 2 } else { 1 };
        let time = rustix::event::Timespec {
            tv_sec: PATIENCE,
            tv_nsec: 0,
        };
        match poll(&mut fds[..count], Some(&time))? {
            0 => Err(io::Error::other("the server does not answer")),
            _ => Ok(()),
        }
    }

    /// Ends its input and waits for its exit; returns how long that took.
    pub(crate) fn end(self) -> io::Result<Duration> {
        let Server {
            mut child,
            stdin,
            mut stdout,
            ..
        } = self;
        fcntl_setfl(stdout.as_fd(), OFlags::empty())?;
        let start = Instant::now();
        drop(stdin);
        child.wait()?;
        let time = start.elapsed();
        match stdout.read(&mut [0; 1])? {
            0 => Ok(time),
            _ => Err(io::Error::other(
                "the server has said more than was asked for",
            )),
        }
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> f64 {
        self.field("status", "VmRSS:")
    }

    /// The most that was ever resident, in KiB.
    pub(crate) fn peak(&self) -> f64 {
        self.field("status", "VmHWM:")
    }

    /// Resident memory in KiB, shared pages counted by their share.
    pub(crate) fn proportional(&self) -> f64 {
        self.field("smaps_rollup", "Pss:")
    }

    /// Seconds on a processor so far, of all running threads.
    pub(crate) fn busy(&self) -> f64 {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.child.id())) else {
            return 0.0;
        };
        threads
            .flatten()
            .map(|thread| seconds(&thread.path().join("schedstat")))
            .sum()
    }

    fn field(&self, file: &str, name: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.child.id()));
        text.unwrap_or_default()
            .lines()
            .find_map(|line| {
                let value = line.strip_prefix(name)?.trim().strip_suffix(" kB")?;
                value.parse().ok()
            })
            .unwrap_or(f64::NAN)
    }
}

pub(crate) const HELLO: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","#,
    r#""capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#,
    "\n"
);

const INITIALIZED: &str = concat!(
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n"
);

/// Seconds that this thread has been on a processor.
pub(crate) fn own_time() -> f64 {
    seconds(Path::new("/proc/thread-self/schedstat"))
}

fn seconds(schedstat: &Path) -> f64 {
    let text = fs::read_to_string(schedstat).unwrap_or_default();
    let nanoseconds: f64 = text
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(f64::NAN);
    nanoseconds / 1e9
}

/// Binds this thread, and all processes that it starts from now on, to one processor.
pub(crate) fn pin(processor: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(processor);
    Ok(sched_setaffinity(None, &set)?)
}

/// The last processor: the first ones take most interrupts.
pub(crate) fn last_processor() -> usize {
    std::thread::available_parallelism().map_or(0, |count| count.get() - 1)
}
