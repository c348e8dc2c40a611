//! The state of one session: catalogue, negotiated revision, requests in flight, queued output.
//!
//! Never here: what a method does with it (`method`), or the framing of lines (`wire`).

use alloc::{boxed::Box, collections::VecDeque, string::String, sync::Arc, vec::Vec};

use crate::{
    batch::{BatchHandle, Batches},
    budget::{Budget, Reservation},
    call::Action,
    catalog::{Catalog, Library},
    identity::Identity,
    logging::LoggingLevel,
    pending::Pending,
    revision::Revision,
    subscriptions::Subscriptions,
    wire::jsonrpc::{Code, Error, Id},
};

/// Upper bounds on what one client can use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest accepted line in bytes, without its newline. A longer one is answered with an error.
    pub line: usize,
    /// Tool calls in flight. One more is answered with an error result.
    pub calls: usize,
    /// While this many bytes of output are queued, no input is read and progress notifications are dropped. Answers are still
    /// added.
    pub queued_output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line: 16 << 20,
            calls: 4096,
            queued_output: 4 << 20,
        }
    }
}

/// The budget has too little left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutOfMemory;

/// With this many queued actions, no more input is taken.
const QUEUED_ACTIONS: usize = 64;

/// From this size on, the part of the input that a call keeps counts against the budget.
const COUNTED: usize = 4096;

/// Everything but the framing of lines, whose buffer is borrowed while a line is handled.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) library: Box<dyn Library>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) limits: Limits,
    budget: Arc<Budget>,
    /// The legacy revision that `initialize` negotiated.
    pub(crate) negotiated: Option<Revision>,
    /// The first line was handled.
    pub(crate) has_begun: bool,
    /// Of the client that sent `initialize` (see [`shows_structured_alone`](crate::catalog::shows_structured_alone)).
    pub(crate) shows_structured_alone: bool,
    /// The name of that client.
    pub(crate) client: Option<Arc<str>>,
    /// Set by `logging/setLevel`.
    pub(crate) logging_level: Option<LoggingLevel>,
    pub(crate) refusal: Option<String>,
    pub(crate) pending: Pending,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) batches: Batches,
    /// The batch whose messages are being read.
    pub(crate) batch: Option<BatchHandle>,
    /// Answers of batches that were completed while another one is being read.
    pub(crate) done: Vec<u8>,
    pub(crate) actions: VecDeque<Action>,
    /// Output that is returned without a copy, before `out`.
    pub(crate) ready: VecDeque<Vec<u8>>,
    pub(crate) out: Vec<u8>,
    pub(crate) lists: Lists,
}

/// The results of the lists in all revisions, as far as they were requested.
pub(crate) type Lists = [[Option<Box<[u8]>>; Revision::ALL.len()]; 5];

impl Session {
    pub(crate) fn new(
        catalog: Catalog,
        library: Box<dyn Library>,
        limits: Limits,
        budget: &Arc<Budget>,
    ) -> Self {
        Session {
            identity: Arc::new(Identity::new(&catalog)),
            catalog: Arc::new(catalog),
            library,
            limits,
            budget: Arc::clone(budget),
            negotiated: None,
            has_begun: false,
            shows_structured_alone: false,
            client: None,
            logging_level: None,
            refusal: None,
            pending: Pending::default(),
            subscriptions: Subscriptions::default(),
            batches: Batches::default(),
            batch: None,
            done: Vec::new(),
            actions: VecDeque::new(),
            ready: VecDeque::new(),
            out: Vec::new(),
            lists: Lists::default(),
        }
    }

    /// Whether more input may be read.
    pub(crate) fn has_room(&self) -> bool {
        self.queued_output() < self.limits.queued_output && self.actions.len() < QUEUED_ACTIONS
    }

    /// Bytes of queued output.
    pub(crate) fn queued_output(&self) -> usize {
        self.ready.iter().map(Vec::len).sum::<usize>() + self.out.len()
    }

    /// Counts a message of a batch as handled; writes the batch's answers after the last one.
    pub(crate) fn close_in_batch(&mut self, batch: Option<BatchHandle>) {
        if let Some(batch) = batch
            && let Some(answers) = self.batches.close(batch)
        {
            let out = if self.batch.is_some() {
                &mut self.done
            } else {
                &mut self.out
            };
            out.push(b'[');
            out.extend_from_slice(&answers);
            out.extend_from_slice(b"]\n");
        }
    }

    /// The revision of requests without an envelope.
    pub(crate) fn legacy_revision(&self) -> Revision {
        self.negotiated.unwrap_or(Revision::NEWEST_LEGACY)
    }

    /// Refuses the id of another request in flight.
    pub(crate) fn check_unused(&self, id: Id<'_>) -> Result<(), Error<'static>> {
        if self.pending.contains(id) || self.subscriptions.contains(id) {
            return Err(Error::new(
                Code::INVALID_REQUEST,
                "This id belongs to a request that is still in flight",
            ));
        }
        Ok(())
    }

    /// Reserves memory for the part of the input that is kept, unless it is small.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Option<Reservation>, OutOfMemory> {
        if bytes < COUNTED {
            return Ok(None);
        }
        let mut reservation = self.budget.reservation();
        if reservation.resize(bytes) {
            Ok(Some(reservation))
        } else {
            Err(OutOfMemory)
        }
    }
}
