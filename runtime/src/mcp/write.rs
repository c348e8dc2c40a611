//! System calls that write to stdout, without blocking where that is possible (decision 008).
//!
//! Never here: what is written, or which thread does it.

use std::io;

use crate::output::write_waiting;

/// Size in bytes to which a pipe is enlarged once it was too small: room for 64 answers to `tools/list`, and half of the
/// kernel's limit for an unprivileged process.
#[cfg(target_os = "linux")]
const PIPE_SIZE: usize = 512 * 1024;

/// How to write to this stdout without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteMode {
    /// `pwritev2` with `RWF_NOWAIT` takes what fits.
    #[cfg(target_os = "linux")]
    NoWait,
    /// Files and terminals: a plain write does not wait for a reader, but a stopped terminal may block it.
    Plain,
    /// Not possible: the writer thread writes everything.
    WriterThread,
}

impl WriteMode {
    pub(super) fn first() -> Self {
        #[cfg(target_os = "linux")]
        return WriteMode::NoWait;
        #[cfg(not(target_os = "linux"))]
        return WriteMode::for_stdout();
    }

    /// For a stdout, or a system, without non-blocking writes.
    fn for_stdout() -> Self {
        use rustix::fs::{FileType, fstat};
        let kind = fstat(rustix::stdio::stdout()).map(|stat| FileType::from_raw_mode(stat.st_mode));
        match kind {
            Ok(FileType::Fifo | FileType::Socket) => WriteMode::WriterThread,
            _ => WriteMode::Plain,
        }
    }

    /// Enlarges stdout, if it is a pipe smaller than [`PIPE_SIZE`]: what fits needs no writer thread. Returns whether it did.
    pub(super) fn widen(self) -> bool {
        #[cfg(target_os = "linux")]
        if self == WriteMode::NoWait {
            use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
            let stdout = rustix::stdio::stdout();
            return fcntl_getpipe_size(stdout).is_ok_and(|size| size < PIPE_SIZE)
                && fcntl_setpipe_size(stdout, PIPE_SIZE).is_ok();
        }
        false
    }

    /// Writes what can be written without blocking; `WouldBlock` if that is nothing. Files and terminals are written only with
    /// `may_wait`: a terminal can be stopped.
    pub(super) fn write(&mut self, bytes: &[u8], may_wait: bool) -> io::Result<usize> {
        #[cfg(target_os = "linux")]
        if *self == WriteMode::NoWait {
            use rustix::io::{Errno, ReadWriteFlags, pwritev2};
            // This offset means the current position: pipes have no other.
            let result = pwritev2(
                rustix::stdio::stdout(),
                &[io::IoSlice::new(bytes)],
                u64::MAX,
                ReadWriteFlags::NOWAIT,
            );
            match result {
                // Files and terminals, old kernels, sandboxes.
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => {
                    *self = WriteMode::for_stdout();
                }
                Err(Errno::INTR) => return Ok(0),
                result => return Ok(result?),
            }
        }
        match self {
            WriteMode::Plain if may_wait => write_waiting(bytes),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}
