//! Whether a process stays at its size once it has warmed up.
//!
//! Never here: the load on it.

use std::fs;
use std::time::Duration;

/// A process at one moment, nothing in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Since the session began.
    pub at: Duration,
    /// Resident bytes (`VmRSS`).
    pub memory: u64,
    /// Open file descriptors, kept connections included.
    pub descriptors: usize,
    /// Threads, except for the writer, which starts when a client first leaves an answer unread, and those that read
    /// long replies, which come and go.
    pub threads: usize,
}

/// Growth of memory that is always accepted, in bytes: an allocator keeps more than the program holds.
const SLACK: u64 = 4 << 20;

impl Sample {
    pub(super) fn of(pid: u32, at: Duration) -> Result<Self, String> {
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd"))
            .map_err(|error| format!("/proc/{pid}/fd: {error}"))?
            .count();
        Ok(Self {
            at,
            memory: status(pid, "VmRSS")? << 10,
            descriptors,
            threads: threads(pid)?,
        })
    }
}

fn threads(pid: u32) -> Result<usize, String> {
    let path = format!("/proc/{pid}/task");
    let tasks = fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
    let names = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    let others = names.filter(|name| !["writer", "offload"].contains(&name.trim_end()));
    Ok(others.count())
}

/// A number from the status of a process.
pub(super) fn status(pid: u32, name: &str) -> Result<u64, String> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| format!("{path} has no number {name}"))
}

/// Growth from the first sample after the warm-up to the last one: memory by more than 4 MiB and 20 %, or any threads.
/// Descriptors are not checked here, since connections are kept while they are useful.
pub(super) fn growth(samples: &[Sample], warm: Duration) -> Option<String> {
    let warmed = samples.iter().position(|sample| sample.at >= warm);
    let (Some(first), Some(last)) = (warmed.map(|place| &samples[place]), samples.last()) else {
        return Some("the session was too short to tell whether it grows".to_owned());
    };
    let most = first.memory + SLACK.max(first.memory / 5);
    if last.memory > most {
        let (from, to) = (first.memory >> 10, last.memory >> 10);
        return Some(format!("memory has grown from {from} KiB to {to} KiB"));
    }
    let (from, to) = (first.threads, last.threads);
    (to > from).then(|| format!("there were {from} threads and are {to}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARM: Duration = Duration::from_secs(20);

    fn sample(at: u64, memory: u64, threads: usize) -> Sample {
        Sample {
            at: Duration::from_secs(at),
            memory: memory << 20,
            descriptors: 9,
            threads,
        }
    }

    #[test]
    fn what_grows_after_the_warm_up_is_told() {
        let grown = |last| growth(&[sample(1, 5, 1), sample(21, 10, 2), last], WARM);
        assert_eq!(grown(sample(90, 10, 2)), None);
        // A fifth of a small number is small: four mebibytes are accepted.
        assert_eq!(grown(sample(90, 14, 2)), None);
        let memory = "memory has grown from 10240 KiB to 15360 KiB";
        assert_eq!(grown(sample(90, 15, 2)).as_deref(), Some(memory));
        let threads = "there were 2 threads and are 3";
        assert_eq!(grown(sample(90, 10, 3)).as_deref(), Some(threads));
    }

    #[test]
    fn a_large_process_may_differ_by_a_fifth() {
        let grown = |memory| growth(&[sample(21, 100, 1), sample(90, memory, 1)], WARM);
        assert_eq!(grown(120), None);
        assert!(grown(121).is_some());
    }

    #[test]
    fn a_session_without_a_sample_after_the_warm_up_proves_nothing() {
        assert!(growth(&[sample(1, 5, 1)], WARM).is_some());
        assert!(growth(&[], WARM).is_some());
    }

    #[test]
    fn a_process_is_looked_at() {
        let own = Sample::of(std::process::id(), WARM).unwrap();
        assert!(
            own.memory > 1 << 20 && own.descriptors >= 3 && own.threads >= 1,
            "{own:?}"
        );
    }
}
