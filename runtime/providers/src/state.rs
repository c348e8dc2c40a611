//! Collects the pieces of an answer in the provider's own words (see [`State`](crate::State)) while it is read, and keeps
//! them within bounds.
//!
//! Never here: which pieces a format keeps.

use serde_json::Value;

use crate::{Answer, conversation, json};

/// A longer piece could not be sent back.
const LARGEST_PIECE: usize = 1 << 20;

/// Nor could a larger state, in bytes of memory.
pub const LARGEST_STATE: usize = 8 << 20;

/// Puts pieces into [`Answer::state`], if a state is wanted. One piece that cannot be kept discards the others: without a
/// state the conversation goes on from its text and its calls.
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

    /// Bytes in the pieces, and in those that are still incomplete, about.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Counts bytes that were added to a piece.
    pub(crate) fn grow(&mut self, bytes: usize) {
        self.length += bytes;
    }

    /// All pieces are about to be counted again, as each is kept.
    pub(crate) fn recount(&mut self) {
        self.length = 0;
    }

    /// What is added to the piece later is to be counted with [`StateCollector::grow`].
    pub(crate) fn keep(&mut self, item: Value, answer: &mut Answer) {
        if self.is_wanted {
            self.length += conversation::length(&item);
            answer.state.push(item);
            if self.length > LARGEST_STATE {
                self.discard(answer);
            }
        }
    }

    /// The same for a piece that is still JSON.
    pub(crate) fn keep_json(&mut self, json: &str, answer: &mut Answer) {
        if let Some(item) = self.piece(json, answer) {
            self.keep(item, answer);
        }
    }

    /// A piece, parsed if the state is wanted.
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

    /// Whether a tree of this JSON would still fit into the state.
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
