//! Each tool as a client sees it: arguments, answers, limits.

mod chat;
mod compare;
mod conversations;
mod definitions;
mod limits;
mod list_models;
mod lists;
mod opt_in;
mod schema_check;
