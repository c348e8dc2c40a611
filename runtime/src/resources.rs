//! How much memory and how many files the process may use, waiting for memory that other calls hold, and whether it runs in
//! a container.
//!
//! Never here: using them.

use std::{path::Path, time::Duration};

use anygpt_core::Reservation;
use tokio::time::{Instant, sleep};

/// Upper bound of the budget for data whose size clients and providers decide.
const BUDGET: usize = 256 << 20;

/// Longest wait for memory that other calls hold.
const WAIT: Duration = Duration::from_secs(10);

/// Interval between two attempts.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Reserves this many bytes. Waits a while for other calls to release memory; returns false if they do not.
pub(crate) async fn reserve(held: &mut Reservation, bytes: usize) -> bool {
    let all = held.budget().limit();
    reserve_within(held, bytes, all).await
}

/// The same, for all reservations together at most `limit`.
pub(crate) async fn reserve_within(held: &mut Reservation, bytes: usize, limit: usize) -> bool {
    let begun = Instant::now();
    while !held.resize_within(bytes, limit) {
        // More than the limit can never be reserved.
        if bytes > limit || begun.elapsed() > WAIT {
            return false;
        }
        sleep(CHECK_INTERVAL).await;
    }
    true
}

/// Half of the limit of the container or of `ulimit -d`, at most 256 MiB.
pub(crate) fn budget() -> usize {
    let of_process = rustix::process::getrlimit(rustix::process::Resource::Data).current;
    [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .into_iter()
    .filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok())
    .chain(of_process)
    .fold(BUDGET, |least, limit: u64| {
        least.min(usize::try_from(limit / 2).unwrap_or(BUDGET))
    })
}

/// Whether `localhost` is a container.
pub(crate) fn in_container() -> bool {
    std::process::id() == 1
        || ["/.dockerenv", "/run/.containerenv"]
            .iter()
            .any(|path| Path::new(path).exists())
}

/// A core dump would hold the keys, so there is none.
///
/// A limit of 0 binds only where the kernel itself writes the file. Where `core_pattern` names a program, as on most
/// hosts, that gets the dump whatever the limit, but for 1: this is too little for a file and means "none" for a program
/// (`fs/coredump.c` of Linux; core(5)). A process that is not dumpable leaves no dump either, but its `/proc` belongs to
/// root then, so that nothing else of its user can look after it; that is for where the limit is fixed at 0.
pub(crate) fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let one = Rlimit {
        current: Some(1),
        maximum: Some(1),
    };
    if setrlimit(Resource::Core, one).is_err() {
        #[cfg(target_os = "linux")]
        let _not_dumpable =
            rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
}

/// What macOS accepts at most, even if the hard limit is infinite (`OPEN_MAX`; setrlimit(2) of macOS).
const MACOS_OPEN_MAX: u64 = 10_240;

/// Each open call needs a socket, and the default of 1,024 files is not enough for all. Returns how many files may be open.
pub(crate) fn raise_file_limit() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    for current in [limit.maximum, Some(MACOS_OPEN_MAX)] {
        let wanted = rustix::process::Rlimit { current, ..limit };
        if setrlimit(Resource::Nofile, wanted).is_ok() {
            break;
        }
    }
    let files = getrlimit(Resource::Nofile).current;
    files.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}
