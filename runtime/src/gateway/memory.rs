//! Counting requests and replies against the memory budget, before they exist.
//!
//! Never here: what they hold.

use anygpt_core::{Budget, Reservation, json};
use anygpt_providers::{Failure, LARGEST_STATE, Stage};

use super::Gateway;
use crate::{error::ErrorKind, resources};

/// A smaller body of a request is not worth counting.
const SMALL: usize = 16 << 10;

impl Gateway {
    /// Counts so many bytes of a request, before they exist. Waits for them if others hold them.
    ///
    /// # Errors
    /// They stay held.
    pub(super) async fn reserve_request(&self, bytes: usize) -> Result<Reservation, Failure> {
        let held = self.wait_for(bytes, self.budget.limit()).await;
        held.ok_or_else(not_sent)
    }

    /// The same for what may be built of a reply, or an event, in addition to what is counted.
    ///
    /// # Errors
    /// It stays held.
    pub(super) async fn reserve_tree(&self, json: &[u8]) -> Result<Reservation, Failure> {
        let tree = str::from_utf8(json).map_or(LARGEST_STATE, json::tree_size);
        let bytes = tree.min(LARGEST_STATE);
        let held = self.wait_for(bytes, limit(&self.budget, bytes)).await;
        held.ok_or_else(no_memory)
    }

    async fn wait_for(&self, bytes: usize, limit: usize) -> Option<Reservation> {
        let mut held = self.budget.reservation();
        let is_held = bytes <= SMALL || resources::reserve_within(&mut held, bytes, limit).await;
        is_held.then_some(held)
    }
}

/// Counts so many bytes more, before they exist.
pub(super) fn hold_more(held: &mut Reservation, bytes: usize) -> Result<(), Failure> {
    let wanted = held.bytes().saturating_add(bytes);
    let limit = limit(held.budget(), wanted);
    match held.resize_within(wanted, limit) {
        true => Ok(()),
        false => Err(no_memory()),
    }
}

/// The request does not fit into memory.
fn not_sent() -> Failure {
    let message = "there is not enough memory left to send the request: send less, or wait for other calls to finish";
    Failure::new(ErrorKind::TooLarge, message).at(Stage::Free)
}

pub(super) fn no_memory() -> Failure {
    Failure::new(
        ErrorKind::TooLarge,
        "there is not enough memory for the rest of the reply",
    )
}

/// Counts bytes of a reply that are kept. They are kept up to three times: as text, and encoded twice.
pub(super) fn hold(held: &mut Reservation, bytes: usize) -> Result<(), Failure> {
    let wanted = bytes.saturating_mul(3);
    if wanted <= held.bytes().max(STEP) {
        return Ok(());
    }
    let limit = limit(held.budget(), bytes);
    if held.resize_within(wanted.saturating_add(STEP), limit) {
        return Ok(());
    }
    Err(no_memory())
}

/// How much all reservations together may hold, so that one of so many bytes of a reply is granted.
fn limit(budget: &Budget, bytes: usize) -> usize {
    let all = budget.limit();
    match bytes > LARGE {
        true => all - all / 4,
        false => all,
    }
}

/// More than this leaves a quarter of the budget to others, so that a few endless replies, or trees in them, do not use up
/// the memory of all other calls.
const LARGE: usize = 1 << 20;

/// Reservations grow in steps of this size; less is not worth counting.
const STEP: usize = 64 << 10;
