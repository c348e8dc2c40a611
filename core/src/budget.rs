//! One count of bytes for everything whose size is decided from outside.
//!
//! Never here: allocation itself. A reservation only permits it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Upper bound on the memory in use for long lines, provider replies and the like.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Budget {
            limit,
            used: AtomicUsize::new(0),
        })
    }

    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that are reserved now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// An empty reservation, which can be resized as bytes arrive.
    pub fn reservation(self: &Arc<Self>) -> Reservation {
        Reservation {
            budget: Arc::clone(self),
            bytes: 0,
        }
    }

    fn grow(&self, bytes: usize, limit: usize) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|&sum| sum <= limit)
            })
            .is_ok()
    }

    fn shrink(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A share of a [`Budget`], released when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Reservation {
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The sum of two reservations, which must be of the same budget.
    #[must_use]
    pub fn and(mut self, mut other: Reservation) -> Reservation {
        debug_assert!(Arc::ptr_eq(&self.budget, &other.budget));
        self.bytes += core::mem::take(&mut other.bytes);
        self
    }

    /// Resizes the reservation to `bytes`. `false`, with nothing changed, if the budget does not have that many left; shrinking
    /// always succeeds.
    #[must_use]
    pub fn resize(&mut self, bytes: usize) -> bool {
        self.resize_within(bytes, self.budget.limit)
    }

    /// The same, but it also fails if all reservations together would exceed `limit`: the rest of the budget is kept for other
    /// uses.
    #[must_use]
    pub fn resize_within(&mut self, bytes: usize, limit: usize) -> bool {
        if bytes > self.bytes {
            let limit = limit.min(self.budget.limit);
            if !self.budget.grow(bytes - self.bytes, limit) {
                return false;
            }
        } else {
            self.budget.shrink(self.bytes - bytes);
        }
        self.bytes = bytes;
        true
    }

    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    pub fn release(&mut self) {
        self.budget.shrink(self.bytes);
        self.bytes = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_add_up_and_come_back() {
        let budget = Budget::new(100);
        let mut first = budget.reservation();
        let mut second = budget.reservation();
        assert!(first.resize(60));
        assert!(!second.resize(41));
        assert_eq!((second.bytes(), budget.used()), (0, 60));
        assert!(second.resize(40));
        assert!(first.resize(10));
        assert_eq!(budget.used(), 50);
        let mut both = first.and(second);
        assert_eq!((both.bytes(), budget.used()), (50, 50));
        assert!(both.resize(45));
        drop(both);
        assert_eq!(budget.used(), 0);
        let mut second = budget.reservation();
        assert_eq!(budget.used(), 0);
        assert!(!second.resize(usize::MAX));
    }

    #[test]
    fn some_of_it_can_be_left_to_others() {
        let budget = Budget::new(100);
        let mut large = budget.reservation();
        assert!(large.resize_within(75, 75));
        assert!(!large.resize_within(76, 75));
        let mut small = budget.reservation();
        assert!(!small.resize_within(1, 75));
        assert!(small.resize(25));
        assert!(!small.resize_within(26, usize::MAX));
        assert!(large.resize_within(70, 75));
        assert_eq!(budget.used(), 95);
    }
}
