//! The allocator of the static program: dlmalloc for small blocks, the C library for large ones (decision 005).
//!
//! musl's own allocator is hardened against attacks, and slow: a quarter of a call's instructions, and a pair of `mmap` and
//! `munmap` for every third call. dlmalloc alone keeps the memory of a long line; the C library maps each large block
//! separately and unmaps it when it is freed.
//!
//! Never here: a limit on memory (`Budget`).

// An allocator is unsafe by nature; this one only chooses between two, by the size in each method's layout.
#![expect(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{Mutex, MutexGuard, PoisonError},
};

use dlmalloc::Dlmalloc;

/// A larger block in pages of its own costs little compared with the work on its bytes. Zeroed ones, such as the read buffer,
/// have pages only where they are used.
const LARGE: usize = 64 * 1024;

pub(crate) struct Allocator {
    /// dlmalloc's own lock is the C library's, which takes 90 instructions instead of 35. This one needs no memory on Linux.
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

// SAFETY: A block is freed where it was allocated, since both are chosen by the size in its layout. Everything else is the
// caller's contract, and is passed on unchanged.
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
                // The block moves to the other allocator.
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
