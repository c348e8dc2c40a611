//! The program: what must stand before or below Rust's runtime. Everything else is in the library.

use std::env;

#[cfg(target_env = "musl")]
mod allocator;
mod before_main;
#[cfg(no_unwinding)]
mod no_unwinding;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator::new();

fn main() {
    anygpt_mcp::run(env::args_os().skip(1), before_main::stdin_was_closed())
}
