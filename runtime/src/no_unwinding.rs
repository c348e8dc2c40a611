//! Replaces the unwinder in the static program (enabled by `runtime/image/compile`): a panic ends the process with a
//! message and no backtrace, so the stack is never walked. Without this, std's reader of debug information, which a stripped
//! program does not have, would be linked: 235 kB (decision 006), because the optimizer cannot see that libunwind's
//! `_Unwind_Backtrace` is never called.
//!
//! Every symbol that std refers to is here, so that nothing of libunwind is linked; a new one causes a link error (a
//! duplicate symbol), never a program that behaves differently. Never here: anything with an effect.

// An unmangled name counts as unsafe, since it can replace another symbol.
#![expect(unsafe_code)]

use std::{
    ffi::{c_int, c_void},
    process,
};

/// `_URC_END_OF_STACK`.
const END_OF_STACK: c_int = 5;

// SAFETY (all): the C library has none of these names; libunwind's signatures.

/// Walks no frame. std calls it for a panic before `run` has set its hook, if RUST_BACKTRACE is set.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_trace: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume(_exception: *mut c_void) -> ! {
    process::abort()
}

// Called only by a personality routine, which only an unwinder calls.

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
