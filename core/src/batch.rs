//! Batches of messages, which only 2025-03-26 has: the answers to a batch are collected and sent as one array on one line
//!
//!
//! Never here: the meaning of a message.

use alloc::{collections::BTreeMap, vec::Vec};

/// Upper bound on messages in a batch. A line could have millions, each with an answer of kilobytes.
pub(crate) const MAX_MESSAGES: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchHandle(u64);

/// The batches with calls in flight.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    open: BTreeMap<BatchHandle, Batch>,
    last: u64,
    /// Size of all collected answers.
    bytes: usize,
}

#[derive(Debug, Default)]
struct Batch {
    /// Number of messages without an answer yet.
    unanswered: usize,
    /// The answers, separated by commas.
    answers: Vec<u8>,
}

impl Batches {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Opens a batch. It counts one missing answer until [`close`](Batches::close) is called for it, so that it cannot be
    /// complete before all of its messages have been read.
    pub(crate) fn open(&mut self) -> BatchHandle {
        self.last += 1;
        let handle = BatchHandle(self.last);
        let batch = Batch {
            unanswered: 1,
            answers: Vec::new(),
        };
        self.open.insert(handle, batch);
        handle
    }

    /// Counts one more missing answer.
    pub(crate) fn add_unanswered(&mut self, handle: BatchHandle) {
        if let Some(batch) = self.open.get_mut(&handle) {
            batch.unanswered += 1;
        }
    }

    /// Adds an answer; `line` is empty if a message needs none.
    pub(crate) fn add(&mut self, handle: BatchHandle, line: &[u8]) {
        let answer = line.trim_ascii_end();
        if let Some(batch) = self.open.get_mut(&handle)
            && !answer.is_empty()
        {
            if !batch.answers.is_empty() {
                batch.answers.push(b',');
            }
            batch.answers.extend_from_slice(answer);
            self.bytes += answer.len() + 1;
        }
    }

    /// Counts one missing answer less. Returns all answers after the last one; none if there are none.
    pub(crate) fn close(&mut self, handle: BatchHandle) -> Option<Vec<u8>> {
        let batch = self.open.get_mut(&handle)?;
        batch.unanswered -= 1;
        if batch.unanswered > 0 {
            return None;
        }
        let batch = self.open.remove(&handle)?;
        if batch.answers.is_empty() {
            return None;
        }
        // A comma was counted for the first answer as well.
        self.bytes -= batch.answers.len() + 1;
        Some(batch.answers)
    }
}
