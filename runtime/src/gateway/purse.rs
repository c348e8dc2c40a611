//! The money of one call: all its attempts, further models, compared models and the judge are paid from it.
//!
//! Never here: what anything costs.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counted in these, so that shares and sums are exact.
const PER_DOLLAR: f64 = 1e12;

/// Money for a call, and the setting or argument that bounds it. Clones are the same purse.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    /// What was in it at first, in US dollars.
    usd: f64,
    /// The argument or setting.
    place: Arc<str>,
    left: Arc<AtomicU64>,
}

/// Money that is held for one attempt. Without [`Held::settle`] all of it is spent: a call may end during the attempt.
#[derive(Debug)]
pub(crate) struct Held {
    purse: Purse,
    units: u64,
}

impl Purse {
    /// A purse with so many US dollars.
    pub(crate) fn new(usd: f64, place: &str) -> Self {
        Purse {
            usd,
            place: Arc::from(place),
            left: Arc::new(AtomicU64::new(units(usd))),
        }
    }

    fn of(left: u64, place: &str) -> Self {
        Purse {
            left: Arc::new(AtomicU64::new(left)),
            ..Purse::new(dollars(left), place)
        }
    }

    /// US dollars that are left.
    pub(crate) fn left(&self) -> f64 {
        dollars(self.left.load(Ordering::Relaxed))
    }

    /// The argument or setting that bounds it.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The money in it, in words.
    pub(crate) fn has(&self) -> String {
        match self.is_whole() {
            true => format!("{} is ${}", self.place, self.usd),
            false => format!(
                "only ${} of {} (${}) is left",
                self.left(),
                self.place,
                self.usd
            ),
        }
    }

    /// Whether nothing was taken out.
    fn is_whole(&self) -> bool {
        self.left.load(Ordering::Relaxed) == units(self.usd)
    }

    /// Takes out what an attempt costs at most.
    pub(crate) fn hold(&self, usd: f64) -> Held {
        Held {
            purse: self.clone(),
            units: self.take(units(usd)),
        }
    }

    /// Takes out an equal share for each of `members`, which spend at the same time; as many shares as are
    /// missing to `shares` stay in it.
    pub(crate) fn share(&self, members: usize, shares: usize) -> Vec<Purse> {
        let count = u64::try_from(shares).unwrap_or(u64::MAX).max(1);
        let one = self.left.load(Ordering::Relaxed) / count;
        let place = format!("one of {shares} equal shares of {}", self.place);
        let share = |_| Purse::of(self.take(one), &place);
        (0..members).map(share).collect()
    }

    /// Puts back what a share has not spent.
    pub(crate) fn take_back(&self, share: &Purse) {
        self.add(share.left.swap(0, Ordering::Relaxed));
    }

    /// Takes out as much as there is, and at most so much.
    fn take(&self, units: u64) -> u64 {
        let rest = |left: u64| Some(left.saturating_sub(units));
        let before = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
        before.unwrap_or_default().min(units)
    }

    fn add(&self, units: u64) {
        let sum = |left: u64| Some(left.saturating_add(units));
        let _always = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
    }
}

impl Held {
    /// The attempt is over and has cost so much; the rest goes back. What it has cost beyond its estimate is
    /// taken out as far as there is something left.
    pub(crate) fn settle(self, usd: f64) {
        self.purse.add(self.units);
        self.purse.take(units(usd));
    }
}

/// As it stands in warnings: the setting with its sum, and what is left of that.
impl fmt::Display for Purse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, usd) = (self.left(), self.usd);
        match self.is_whole() {
            true => write!(f, "{} of ${usd}", self.place),
            false => write!(f, "the ${left} left of {} (${usd})", self.place),
        }
    }
}

#[allow(clippy::cast_precision_loss)] // Less than a millionth of a dollar is lost.
fn dollars(units: u64) -> f64 {
    units as f64 / PER_DOLLAR
}

/// What is no sum of money counts as none.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // The cast ends at both ends.
fn units(usd: f64) -> u64 {
    (usd * PER_DOLLAR).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_paid_by_its_estimate_unless_it_says_what_it_has_cost() {
        let purse = Purse::new(1.0, "P");
        let other = purse.clone();
        drop(purse.hold(0.25));
        assert_eq!(other.left().to_string(), "0.75");
        let held = purse.hold(0.5);
        assert_eq!(other.left().to_string(), "0.25");
        held.settle(0.1);
        assert_eq!(other.left().to_string(), "0.65");
        purse.hold(0.6).settle(0.0);
        assert_eq!(purse.to_string(), "the $0.65 left of P ($1)");
        assert_eq!(purse.has(), "only $0.65 of P ($1) is left");
        // More than was thought, and more than there is; nonsense costs nothing.
        purse.hold(0.1).settle(0.2);
        assert_eq!(purse.left().to_string(), "0.45");
        for nonsense in [-1.0, f64::NAN] {
            purse.hold(nonsense).settle(nonsense);
        }
        assert_eq!(purse.left().to_string(), "0.45");
        purse.hold(9.0).settle(9.0);
        assert_eq!((purse.left(), purse.hold(1.0).units), (0.0, 0));
        // The most dollars that can be written.
        assert_eq!(Purse::new(f64::MAX, "P").hold(1.0).units, units(1.0));
    }

    #[test]
    fn shares_are_equal_and_what_is_left_of_them_goes_back() {
        let purse = Purse::new(0.001_608, "P");
        assert_eq!(purse.to_string(), "P of $0.001608");
        assert_eq!(purse.has(), "P is $0.001608");
        let shares = purse.share(3, 4);
        let left: Vec<f64> = shares.iter().map(Purse::left).collect();
        assert_eq!(left, [0.000_402; 3]);
        assert_eq!(purse.left().to_string(), "0.000402");
        assert_eq!(
            shares[0].to_string(),
            "one of 4 equal shares of P of $0.000402"
        );
        shares[0].hold(0.000_4).settle(0.000_4);
        drop(shares[1].hold(0.000_402));
        for share in &shares {
            purse.take_back(share);
            assert_eq!(share.left().to_string(), "0");
        }
        assert_eq!(purse.left().to_string(), "0.000806");
        // Never more than there is, however it is divided.
        assert_eq!(
            Purse::new(1e-12, "P").share(2, 2)[0].left().to_string(),
            "0"
        );
    }
}
