//! Whether this process is a container's main process that nobody talks to.
//!
//! `docker run -d` gives its main process `/dev/null` as stdin. A server that took this for the end of
//! input would leave, and `docker exec` would find no container.
//!
//! Never here: waiting.

use crate::settings::Standby;

/// Whether to stay up idle instead of serving stdin.
pub fn wanted(setting: Standby) -> bool {
    match setting {
        Standby::Always => true,
        Standby::Never => false,
        Standby::Auto => is_main_process() && stdin_is_null(),
    }
}

/// PID 1, or its child under a small init. `docker exec` starts processes with parent 0.
fn is_main_process() -> bool {
    std::process::id() == 1 || std::os::unix::process::parent_id() == 1
}

/// Character device 1:3 is `/dev/null` on Linux.
#[cfg(target_os = "linux")]
fn stdin_is_null() -> bool {
    use rustix::fs::{FileType, fstat, major, minor};
    fstat(rustix::stdio::stdin()).is_ok_and(|stat| {
        FileType::from_raw_mode(stat.st_mode).is_char_device()
            && (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3)
    })
}

/// Containers run on Linux.
#[cfg(not(target_os = "linux"))]
fn stdin_is_null() -> bool {
    false
}
