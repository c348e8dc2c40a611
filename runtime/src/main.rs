//! The program: what must stand before or below Rust's runtime.
//!
//! Never here: anything else, which is in the library (`lib.rs`).

use std::env;

use anygpt_mcp::Inherited;

#[cfg(target_env = "musl")]
mod allocator;
mod before_main;
mod ignored;
#[cfg(no_unwinding)]
mod no_unwinding;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator::new();

fn main() {
    let inherited = Inherited {
        stdin_was_closed: before_main::stdin_was_closed(),
        is_ignored: ignored::is_ignored,
    };
    anygpt_mcp::run(env::args_os().skip(1), inherited)
}
