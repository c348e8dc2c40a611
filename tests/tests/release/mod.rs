//! What is shipped beside the program: README, registry entries, releases.

mod readme;
mod registry;
mod workflow;
