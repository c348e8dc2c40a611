//! Stands in for the unwinder in the static program (`runtime/image/compile` asks for it): a panic ends the process,
//! with a message and no backtrace, so nobody walks the stack. Without this, what reads debug information for
//! backtraces, which a stripped program has none of, is linked from std: 200 kB, because the optimizer cannot
//! see that libunwind's `_Unwind_Backtrace` would have nobody to call.
//!
//! All that std refers to is here, so that nothing of libunwind is linked; a new name ends in a duplicate symbol
//! when the program is linked, never in a program that differs. Never here: anything that does something.

// A name without mangling counts as unsafe, since it can replace another.
#![expect(unsafe_code)]

use std::{
    ffi::{c_int, c_void},
    process,
};

/// `_URC_END_OF_STACK`.
const END_OF_STACK: c_int = 5;

// SAFETY (all): the C library has none of these names; libunwind's signatures.

/// Walks no frame. std asks it for a panic before `main` has set its hook, where RUST_BACKTRACE is set.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_trace: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume(_exception: *mut c_void) -> ! {
    process::abort()
}

// What only a personality routine calls, and only an unwinder calls that.

#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetLanguageSpecificData(_context: *mut c_void) -> *const c_void {
    process::abort()
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetIPInfo(_context: *mut c_void, _before: *mut c_int) -> usize {
    process::abort()
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetRegionStart(_context: *mut c_void) -> usize {
    process::abort()
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetTextRelBase(_context: *mut c_void) -> usize {
    process::abort()
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetDataRelBase(_context: *mut c_void) -> usize {
    process::abort()
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_SetGR(_context: *mut c_void, _register: c_int, _value: usize) {
    process::abort()
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_SetIP(_context: *mut c_void, _value: usize) {
    process::abort()
}
