//! The allocator of the static program: dlmalloc for what is small, the C library for what is large.
//!
//! musl's own allocator looks after itself against attacks, and takes its time for it: a quarter of a call's instructions,
//! and a pair of `mmap` and `munmap` for each third call. dlmalloc alone keeps what a long line once took;
//! the C library maps large blocks one by one and gives each back when it is freed.
//!
//! Never here: a limit on memory (`Budget`).

// An allocator is unsafe by its nature; this one does nothing but choose between two, by the size that each method is told.
#![expect(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{Mutex, MutexGuard, PoisonError},
};

use dlmalloc::Dlmalloc;

/// Above this, one block in pages of its own costs little beside what is done with its bytes. Zeroed ones, such as the buffer
/// for reads, have pages only where they are used.
const LARGE: usize = 64 * 1024;

pub(crate) struct Allocator {
    /// Its own lock is the C library's, which takes 90 instructions instead of 35. This one needs no memory itself on Linux.
    small: Mutex<Dlmalloc>,
}

impl Allocator {
    pub(crate) const fn new() -> Self {
        Allocator {
            small: Mutex::new(Dlmalloc::new()),
        }
    }

    fn small(&self) -> MutexGuard<'_, Dlmalloc> {
        self.small.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_large(size: usize) -> bool {
    size >= LARGE
}

// SAFETY: A block goes back to where it came from, since both are chosen by its size, which the layout tells. All else is
// what callers promise, and is passed on as it is.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe {
            match is_large(layout.size()) {
                true => System.alloc(layout),
                false => self.small().malloc(layout.size(), layout.align()),
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe {
            match is_large(layout.size()) {
                true => System.dealloc(block, layout),
                false => self.small().free(block, layout.size(), layout.align()),
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe {
            match is_large(layout.size()) {
                true => System.alloc_zeroed(layout),
                false => self.small().calloc(layout.size(), layout.align()),
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe {
            match (is_large(layout.size()), is_large(size)) {
                (true, true) => System.realloc(block, layout, size),
                (false, false) => self
                    .small()
                    .realloc(block, layout.size(), layout.align(), size),
                // From one to the other.
                _ => {
                    let new = Layout::from_size_align_unchecked(size, layout.align());
                    let moved = self.alloc(new);
                    if !moved.is_null() {
                        moved.copy_from_nonoverlapping(block, layout.size().min(size));
                        self.dealloc(block, layout);
                    }
                    moved
                }
            }
        }
    }
}
