//! The commands beside serving.

mod commands;
