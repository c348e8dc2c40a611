//! The protocol, in every revision: what is served, what is refused, and that each requirement has a test.

mod bad_input;
mod features;
mod requirements;
mod revisions;
