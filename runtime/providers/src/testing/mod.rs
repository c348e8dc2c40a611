//! What the tests of all formats share.
//!
//! Never here: a format. Its streams and lists are in the tests of its folder.

#![allow(clippy::unwrap_used)]

mod made_up;
mod models;
mod random;
mod requests;
mod streams;

pub(crate) use made_up::{assert_comes_back, deltas, mixed, native, pieces, usage};
pub(crate) use models::{known_abilities, named_model, newest};
pub(crate) use random::{Xorshift, cut};
pub(crate) use requests::{
    body, call, call_and_result, called, cats, conversation, counted_chat, file, media, request,
    result, sent, two_texts, weather,
};
pub(crate) use streams::{fuzz, read, state, wire};
