//! The harness itself: the mock provider and the process driver are tested before they judge anything; the table of where
//! tests stand is true.

mod layout;
mod provider;
mod server;
