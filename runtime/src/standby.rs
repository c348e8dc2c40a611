//! The main process of a container: whether it stays up for `docker exec` without input, and the sessions that end with
//! it (decision 009).
//!
//! `docker run -d` gives the main process `/dev/null` as stdin. A server that took this for the end of input would exit,
//! and `docker exec` would find no container. When the main process ends, the kernel kills all other processes of the
//! container, and Docker's signals do not reach those: so it forwards the signal and lets them end first.
//!
//! Never here: waiting, or how a session ends.

use std::{fs, process};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::settings::Standby;

/// The names under which a session runs, in addition to this process's own.
const NAMES: [&str; 2] = ["anygpt-mcp", "anygpt"];

/// Whether to stay up idle instead of serving stdin. A process whose stdin may have input is a session, whatever the
/// setting.
pub(crate) fn should_stand_by(setting: Standby, stdin: Stdin) -> bool {
    stdin != Stdin::Open
        && match setting {
            Standby::Always => !is_beside_main_process(),
            Standby::Never => false,
            Standby::Auto => is_main_process(),
        }
}

/// What this process has as stdin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// Something that may have input.
    Open,
    /// `/dev/null`.
    Null,
    /// No descriptor.
    Closed,
}

impl Stdin {
    /// Looks at stdin; `is_closed` if it was closed at the start.
    pub(crate) fn new(is_closed: bool) -> Self {
        match is_closed {
            true => Stdin::Closed,
            false if is_null() => Stdin::Null,
            false => Stdin::Open,
        }
    }

    /// If there is nothing to serve: why, and what to do about it.
    pub(crate) fn advice(self) -> Option<String> {
        let what = match self {
            Stdin::Open => return None,
            Stdin::Null => "/dev/null",
            Stdin::Closed => "closed",
        };
        Some(format!(
            "stdin is {what}, so there is nothing to serve. A session needs a pipe, as in docker run -i or docker exec -i; \
             ANYGPT_STANDBY=always keeps a container up without one, for docker exec -i"
        ))
    }
}

/// PID 1, or its child under a small init. `docker exec` starts processes with parent 0.
fn is_main_process() -> bool {
    process::id() == 1 || std::os::unix::process::parent_id() == 1
}

/// A `docker exec` in a container whose main process is this program already: one is enough to keep it up. The main process
/// started earlier, and is PID 1 only where there is no small init; processes of other containers are in other control
/// groups.
fn is_beside_main_process() -> bool {
    if is_host() || !sees_own_processes() {
        return false;
    }
    let (own, own_name, group) = (process::id(), own_name(), control_group("self"));
    let mut earlier = processes().filter(|pid| *pid < own.cast_signed());
    earlier.any(|pid| {
        Process::of(pid).is_some_and(|other| other.is_session(&own_name))
            && control_group(&pid.to_string()) == group
    })
}

/// Character device 1:3 is `/dev/null` on Linux.
#[cfg(target_os = "linux")]
fn is_null() -> bool {
    use rustix::fs::{FileType, fstat, major, minor};
    fstat(rustix::stdio::stdin()).is_ok_and(|stat| {
        FileType::from_raw_mode(stat.st_mode).is_char_device()
            && (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3)
    })
}

/// Containers run on Linux.
#[cfg(not(target_os = "linux"))]
fn is_null() -> bool {
    false
}

/// The other processes that end with a container's main process.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// Processes that have been signalled: a second signal would make a session exit at once.
    signalled: Vec<i32>,
    all: All,
    own_name: String,
}

/// The processes to which the signal is forwarded.
#[derive(Debug)]
enum All {
    /// Every session in `/proc`; if a control group is named, only those in it.
    Shown(Option<String>),
    /// Every process: `/proc` belongs to another namespace.
    Namespace,
}

impl Sessions {
    /// The sessions that end with this process because it is PID 1; `None` if it is not.
    pub(crate) fn of_namespace() -> Option<Self> {
        if process::id() != 1 {
            return None;
        }
        Some(Sessions::new(match sees_own_processes() {
            true => All::Shown(None),
            false => All::Namespace,
        }))
    }

    /// The sessions of the container that this process keeps up, also under a small init; `None` if it does not. Must be
    /// called at the start, because any process can become a child of PID 1 later.
    pub(crate) fn of_container() -> Option<Self> {
        if process::id() == 1 || !is_main_process() || is_host() || !sees_own_processes() {
            return Sessions::of_namespace();
        }
        // PID 1 may be the init of a whole machine, with sessions of other users. A container's are in its control group.
        Some(Sessions::new(All::Shown(Some(control_group("self")?))))
    }

    fn new(all: All) -> Self {
        Sessions {
            signalled: Vec::new(),
            all,
            own_name: own_name(),
        }
    }

    /// Signals all that have not been signalled yet. Returns whether any is left.
    pub(crate) fn end(&mut self) -> bool {
        match &self.all {
            All::Namespace => {
                let all = Pid::from_raw(-1);
                // Zombies count until they are reaped, which PID 1 has to do.
                reap();
                if self.signalled.is_empty() {
                    self.signalled.push(-1);
                    kill(all, Signal::SIGTERM).is_ok()
                } else {
                    kill(all, None).is_ok()
                }
            }
            All::Shown(group) => {
                let own = process::id().cast_signed();
                let mut is_left = false;
                for pid in processes().filter(|pid| *pid != own) {
                    let is_ours = Process::of(pid)
                        .is_some_and(|other| other.is_session(&self.own_name))
                        && (group.is_none() || control_group(&pid.to_string()) == *group);
                    if !is_ours {
                        continue;
                    }
                    let signal = match self.signalled.contains(&pid) {
                        true => None,
                        false => {
                            self.signalled.push(pid);
                            Some(Signal::SIGTERM)
                        }
                    };
                    // A process that may not be signalled is not a session; one that is gone needs no signal.
                    is_left |= !matches!(
                        kill(Pid::from_raw(pid), signal),
                        Err(Errno::EPERM | Errno::ESRCH)
                    );
                }
                is_left
            }
        }
    }
}

/// Reaps orphans that have ended: PID 1 is their parent.
fn reap() {
    use rustix::process::{WaitOptions, wait};
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

/// A process in `/proc`.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    name: String,
    state: char,
}

impl Process {
    fn of(pid: i32) -> Option<Self> {
        Process::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// `PID (NAME) STATE …`, where the name may contain anything.
    fn parse(stat: &str) -> Option<Self> {
        let (before, after) = stat.rsplit_once(") ")?;
        Some(Process {
            name: before.split_once('(')?.1.into(),
            state: after.chars().next()?,
        })
    }

    /// Whether it runs this program.
    fn is_session(&self, own_name: &str) -> bool {
        let is_named = NAMES.contains(&self.name.as_str()) || self.name == own_name;
        is_named && !matches!(self.state, 'Z' | 'X')
    }
}

fn own_name() -> String {
    let own = Process::of(process::id().cast_signed());
    own.map(|own| own.name).unwrap_or_default()
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Whether `/proc` shows the processes of this namespace.
fn sees_own_processes() -> bool {
    let own = process::id().to_string();
    fs::read_link("/proc/self").is_ok_and(|link| link.as_os_str() == own.as_str())
}

/// Whether this is the namespace of the whole machine.
fn is_host() -> bool {
    /// The kernel's number for it (`PROC_PID_INIT_INO`).
    const INITIAL: &str = "pid:[4026531836]";
    fs::read_link("/proc/self/ns/pid").is_ok_and(|link| link.as_os_str() == INITIAL)
}

fn control_group(process: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/cgroup")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_by_its_name() {
        for (stat, is_session) in [
            ("7 (anygpt-mcp) S 0 7 7", true),
            ("7 (anygpt) R 0 7 7", true),
            ("7 (anygpt-mcp) Z 0 7 7", false),
            ("7 (renamed) S 0 7 7", true),
            ("7 (sh) S 0 7 7", false),
            ("7 (a) (anygpt) S) S 0 7 7", false),
            ("7 (anygpt-mcp-ish) S 0", false),
        ] {
            let process = Process::parse(stat).map(|process| process.is_session("renamed"));
            assert_eq!(process, Some(is_session), "{stat}");
        }
        assert_eq!(Process::parse("7"), None);
        assert_eq!(Process::parse(""), None);
    }
}
