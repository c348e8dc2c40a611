//! Standard descriptors that are closed when the program starts.
//!
//! Rust's runtime opens `/dev/null` in their place before `main`, so that `main` could not distinguish a closed stdout from
//! one that was redirected there; and without a `/dev/null` it aborts silently. So they are checked, and filled, before
//! that: with the read end of a pipe that has no writer. Reading it reports the end of input, and writing fails.
//!
//! Never here: what a closed descriptor means, or anything that can be done in `main`.

// Placing code in a linker section counts as unsafe, since it may run before what it depends on is initialised. This runs
// after the C library is, and only makes a few plain system calls: no memory, no thread, nothing of std.
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

/// Whether stdin was closed; it has been replaced by one at its end.
pub(crate) fn stdin_was_closed() -> bool {
    STDIN_WAS_CLOSED.load(Ordering::Relaxed)
}

// SAFETY: the C library calls the functions in this section, with arguments that this one ignores.
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
