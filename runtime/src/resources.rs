//! How much memory and how many files the process may use.
//!
//! Never here: using them.

/// Most memory for what strangers decide the size of.
const BUDGET: usize = 256 << 20;

/// Half of what a container, or `ulimit -d`, lets the process use, and never more than 256 MiB.
pub fn budget() -> usize {
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

/// Each call in flight needs a socket, and the default of 1,024 files is not enough for all. Tells how
/// many files there may be.
pub fn raise_file_limit() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where the hard limit is infinite, some systems still accept only a smaller number.
    for current in [limit.maximum, Some(10_240)] {
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
