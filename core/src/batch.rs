//! Batches of messages, which only 2025-03-26 has: the answers of one are collected and go out as
//! one array on one line.
//!
//! Never here: what a message of a batch means.

use alloc::{collections::BTreeMap, vec::Vec};

/// Most messages of a batch. A line could hold millions, each with an answer of kilobytes.
pub(crate) const MOST: usize = 1000;

/// Names one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchHandle(u64);

/// The batches with calls in flight.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    open: BTreeMap<BatchHandle, Batch>,
    last: u64,
    /// Of all answers that are collected.
    bytes: usize,
}

#[derive(Debug, Default)]
struct Batch {
    /// Messages that are still to be answered.
    owed: usize,
    /// Answers, with commas between them.
    answers: Vec<u8>,
}

impl Batches {
    /// Bytes that are held for batches.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A new batch. It owes one answer until [`close`](Batches::close) is called for it, so that it
    /// cannot be done before all of its messages were read.
    pub(crate) fn open(&mut self) -> BatchHandle {
        self.last += 1;
        let handle = BatchHandle(self.last);
        let batch = Batch {
            owed: 1,
            answers: Vec::new(),
        };
        self.open.insert(handle, batch);
        handle
    }

    /// One answer more is owed.
    pub(crate) fn owe(&mut self, handle: BatchHandle) {
        if let Some(batch) = self.open.get_mut(&handle) {
            batch.owed += 1;
        }
    }

    /// Adds an answer: a line, or nothing if there was none.
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

    /// One answer less is owed. Gives the answers if it was the last, nothing if there are none.
    pub(crate) fn close(&mut self, handle: BatchHandle) -> Option<Vec<u8>> {
        let batch = self.open.get_mut(&handle)?;
        batch.owed -= 1;
        if batch.owed > 0 {
            return None;
        }
        let batch = self.open.remove(&handle)?;
        if batch.answers.is_empty() {
            return None;
        }
        // A comma was counted for the first answer, too.
        self.bytes -= batch.answers.len() + 1;
        Some(batch.answers)
    }
}
