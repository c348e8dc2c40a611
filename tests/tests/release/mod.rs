//! What is shipped with the program: README, registry entries, releases.

mod readme;
mod registry;
mod workflow;
