//! An MCP server without std: `anygpt-core` between `read` and `write`, with the C library's
//! allocator. It offers one tool, which echoes its arguments.
//!
//! Never here: anything that the real server needs. This program only has to link and run.

#![no_std]
#![no_main]
// The only calls into C without a safe wrapper: there is none without std.
#![allow(unsafe_code)]

extern crate alloc;

use alloc::{boxed::Box, vec, vec::Vec};
use core::{
    alloc::{GlobalAlloc, Layout},
    ffi::{c_char, c_int, c_void},
    panic::PanicInfo,
};

use anygpt_core::{
    Action, Annotations, Budget, Catalog, Content, Implementation, Limits, NoLibrary, Server,
    Structured, Tool, ToolResult,
};

struct Malloc;

// SAFETY: posix_memalign and free are a matching pair, and the alignment is a power of two and at least the size of a
// pointer.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let mut memory: *mut c_void = core::ptr::null_mut();
        let align = layout.align().max(size_of::<*mut c_void>());
        // SAFETY: `memory` is a valid place for the result.
        match unsafe { libc::posix_memalign(&mut memory, align, layout.size()) } {
            0 => memory.cast(),
            _ => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the memory came from `alloc`.
        unsafe { libc::free(memory.cast()) }
    }
}

#[global_allocator]
static MALLOC: Malloc = Malloc;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: abort has no preconditions.
    unsafe { libc::abort() }
}

/// The prebuilt `alloc` was compiled for unwinding, so it names this function and the unwinder's. A
/// program that aborts calls neither.
#[unsafe(no_mangle)]
pub extern "C" fn rust_eh_personality() {}

#[cfg(target_os = "linux")]
#[link(name = "gcc_s")]
unsafe extern "C" {}

fn catalog() -> Catalog {
    Catalog {
        server: Implementation {
            name: "anygpt-no-std".into(),
            title: "no_std".into(),
            version: "1".into(),
            description: "anygpt-core without std".into(),
            icon: None,
        },
        instructions: "".into(),
        tools: vec![Tool {
            name: "echo".into(),
            title: "Echo".into(),
            description: "Echoes its arguments".into(),
            annotations: Annotations {
                read_only: true,
                idempotent: true,
                open_world: false,
            },
            input_schema: r#"{"type":"object"}"#.into(),
            output_schema: None,
        }],
        resources: Vec::new(),
        templates: Vec::new(),
        prompts: Vec::new(),
        is_private: false,
        structured: Structured::Auto,
    }
}

/// Serves stdin until it ends.
#[unsafe(no_mangle)]
pub extern "C" fn main(_: c_int, _: *const *const c_char) -> c_int {
    let budget = Budget::new(1 << 20);
    let mut server = Server::new(catalog(), Box::new(NoLibrary), Limits::default(), &budget);
    let mut input = vec![0_u8; 4096];
    let mut output = Vec::new();
    loop {
        // SAFETY: the pointer and the length are those of the buffer.
        let read = unsafe { libc::read(0, input.as_mut_ptr().cast(), input.len()) };
        let Ok(read) = usize::try_from(read) else {
            return 1;
        };
        let mut rest = &input[..read];
        if rest.is_empty() {
            server.handle_eof();
        }
        loop {
            let used = server.handle_input(rest);
            rest = &rest[used..];
            while let Some(action) = server.poll_action() {
                if let Action::CallTool(call) = action {
                    let result = ToolResult {
                        content: &[Content::Text(&call.arguments)],
                        structured: None,
                        is_error: false,
                    };
                    server.complete(call.handle, &result);
                }
            }
            server.take_output(&mut output);
            if !write_all(&output) {
                return 1;
            }
            if rest.is_empty() && server.is_idle() {
                break;
            }
        }
        if read == 0 {
            return 0;
        }
    }
}

fn write_all(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of the slice.
        let written = unsafe { libc::write(1, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(written) => bytes = &bytes[written..],
            Err(_) => return false,
        }
    }
    true
}
