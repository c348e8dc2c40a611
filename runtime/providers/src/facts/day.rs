//! A day of the calendar.
//!
//! Never here: which day it is today.

use std::fmt;
use std::time::SystemTime;

/// A day, written `2026-11-29`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// Before all others.
    pub(super) const FIRST: Day = Day {
        year: 0,
        month: 1,
        day: 1,
    };

    /// The day of this form at the beginning of a text, such as that of a time in RFC 3339.
    pub fn read(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to)?;
            let all = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|_| all)
        };
        let is_hyphen = |at| text.as_bytes().get(at) == Some(&b'-');
        let (month, day) = (number(5, 7)?, number(8, 10)?);
        let is_day = is_hyphen(4) && is_hyphen(7);
        (is_day && (1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Day {
            year: number(0, 4)?,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        })
    }

    /// The day of a time, in UTC.
    pub fn of(time: SystemTime) -> Self {
        let text = humantime::format_rfc3339_seconds(time).to_string();
        // The clock says nothing after the year 9999.
        Day::read(&text).unwrap_or(Day {
            year: 9999,
            month: 12,
            day: 31,
        })
    }

    /// Days from the first day of the year 0; 31 in each month, which is enough to tell how far two days are apart.
    fn number(self) -> u32 {
        (u32::from(self.year) * 12 + u32::from(self.month)) * 31 + u32::from(self.day)
    }

    /// Whether it is at most so many days after the other one, or before it.
    pub fn is_within(self, days: u32, other: Day) -> bool {
        self.number() <= other.number() + days
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        for good in ["2026-11-29", "2026-11-29T12:00:00Z"] {
            assert_eq!(Day::read(good).unwrap().to_string(), "2026-11-29");
        }
        for bad in [
            "",
            "2026",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "+026-11-29",
            "2026/11/29",
        ] {
            assert_eq!(Day::read(bad), None, "{bad}");
        }
        let day = |text| Day::read(text).unwrap();
        assert!(day("2026-11-30") > day("2026-11-29") && day("2027-01-01") > day("2026-12-31"));
        assert!(day("2027-01-20").is_within(60, day("2026-11-29")));
        assert!(!day("2027-02-10").is_within(60, day("2026-11-29")));
        assert_eq!(Day::of(SystemTime::UNIX_EPOCH).to_string(), "1970-01-01");
    }
}
