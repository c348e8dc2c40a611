//! Standard descriptors that are closed when the program starts.
//!
//! Rust's runtime opens `/dev/null` in their place before `main`, so that `main` could not tell a closed stdout from one
//! that was redirected there; and where there is no `/dev/null` it aborts without a word. So they are looked at, and
//! filled, before that: with the reading end of a pipe that has no writer. It reads as ended, and takes nothing.
//!
//! Never here: what a closed descriptor means, or anything that can be done in `main`.

// A section of the linker's choice counts as unsafe, since code may run there for which nothing is ready yet. This runs
// after the C library is, and does nothing but three or more plain system calls: no memory, no thread, nothing of std's.
#![expect(unsafe_code)]

use std::{
    os::fd::{AsRawFd as _, IntoRawFd as _},
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::{
    io::{Errno, fcntl_getfd},
    pipe::pipe,
    stdio,
};

static STDIN_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether there was no stdin at all; now it is one that has ended.
pub(crate) fn stdin_was_closed() -> bool {
    STDIN_WAS_CLOSED.load(Ordering::Relaxed)
}

// SAFETY: the C library calls what stands in this section, with arguments that this function has no use for.
#[used]
#[cfg_attr(
    target_vendor = "apple",
    unsafe(link_section = "__DATA,__mod_init_func")
)]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static BEFORE_MAIN: extern "C" fn() = fill;

extern "C" fn fill() {
    for descriptor in [stdio::stdin(), stdio::stdout(), stdio::stderr()] {
        if fcntl_getfd(descriptor) != Err(Errno::BADF) {
            continue;
        }
        if descriptor.as_raw_fd() == stdio::stdin().as_raw_fd() {
            STDIN_WAS_CLOSED.store(true, Ordering::Relaxed);
        }
        // A new descriptor is the lowest that is free, which is this one.
        if let Ok((reader, _writer)) = pipe() {
            let _kept = reader.into_raw_fd();
        }
    }
}
