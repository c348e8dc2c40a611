//! Whether a signal is ignored, as `nohup` and shells leave it to the programs that they start.
//!
//! Never here: what follows from that, or changing it (`signal`).

// No crate asks for a signal's action without setting one. `/proc/self/status` has it as well, but reading that took 2 %
// of a start, and a sandbox may have no `/proc`.
#![expect(unsafe_code)]

use std::{mem::MaybeUninit, ptr};

use nix::libc::{SIG_IGN, sigaction};

pub(crate) fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<sigaction>::zeroed();
    // SAFETY: without a new action this only writes the present one, into memory of the right size; and all zeros are a
    // possible action, should it write nothing.
    let action = unsafe {
        sigaction(signal, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == SIG_IGN
}
