//! Collects the parts of an answer in the provider's own format (see [`State`](crate::State)) while it is read, within
//! bounds.
//!
//! Never here: which pieces a format keeps.

use serde_json::Value;

use crate::{Answer, conversation, json};

/// A longer piece, in bytes of JSON, could not be sent back.
const LARGEST_PIECE: usize = 1 << 20;

/// Upper bound on a state, in bytes of memory.
pub const LARGEST_STATE: usize = 8 << 20;

/// Adds pieces to [`Answer::state`], if the state is wanted. If one piece cannot be kept, all are discarded: without a state
/// the conversation continues from its text and its calls.
#[derive(Debug)]
pub(crate) struct StateCollector {
    is_wanted: bool,
    length: usize,
}

impl StateCollector {
    pub(crate) fn new(is_wanted: bool) -> Self {
        StateCollector {
            is_wanted,
            length: 0,
        }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Approximate bytes of all pieces, incomplete ones included.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Counts bytes that were added to a piece.
    pub(crate) fn grow(&mut self, bytes: usize) {
        self.length += bytes;
    }

    /// Starts the count again: each piece is about to be kept once more.
    pub(crate) fn recount(&mut self) {
        self.length = 0;
    }

    /// Keeps a piece. What is added to it later must be counted by [`StateCollector::grow`].
    pub(crate) fn keep(&mut self, item: Value, answer: &mut Answer) {
        if self.is_wanted {
            self.length += conversation::length(&item);
            answer.state.push(item);
            if self.length > LARGEST_STATE {
                self.discard(answer);
            }
        }
    }

    /// Parses and keeps a piece.
    pub(crate) fn keep_json(&mut self, json: &str, answer: &mut Answer) {
        if let Some(item) = self.piece(json, answer) {
            self.keep(item, answer);
        }
    }

    /// Parses a piece, if the state is wanted.
    pub(crate) fn piece(&mut self, json: &str, answer: &mut Answer) -> Option<Value> {
        if !self.is_wanted {
            return None;
        }
        let is_small = json.len() <= LARGEST_PIECE && self.has_room_for(json);
        let piece = Some(json).filter(|_| is_small).and_then(json::tree);
        if piece.is_none() {
            self.discard(answer);
        }
        piece
    }

    /// Whether this JSON would still fit, parsed.
    pub(crate) fn has_room_for(&self, json: &str) -> bool {
        let size = anygpt_core::json::tree_size(json);
        self.length.saturating_add(size) <= LARGEST_STATE
    }

    pub(crate) fn discard(&mut self, answer: &mut Answer) {
        self.is_wanted = false;
        answer.state.clear();
        self.length = 0;
    }
}
