//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>) in `_meta`: the trace that a request belongs to.
//!
//! Never here: creating spans, or propagating the context.

use alloc::boxed::Box;

/// A trace that a request belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Hexadecimal digits.
    id: [u8; 32],
    /// `tracestate`
    state: Option<Box<str>>,
    is_sampled: bool,
}

/// Bytes of a `traceparent`: `00-`, the trace's id, `-`, the span's id, `-` and flags.
const PARENT: usize = 55;

/// Upper bound on a `tracestate`, in bytes; section 3.3.1.5 requires to propagate at least this many.
const STATE: usize = 512;

/// Upper bound on the members of a `tracestate`.
const STATES: usize = 32;

impl Trace {
    /// Reads `traceparent`, and `tracestate` if there is one. The format is checked strictly, since both are sent in headers and
    /// written to the log; a `tracestate` that is not well-formed, or longer than 512 bytes, is dropped.
    pub fn read(parent: &str, state: Option<&str>) -> Option<Self> {
        let bytes = parent.as_bytes();
        let (head, rest) = bytes.split_at_checked(PARENT)?;
        let version = hex(&head[..2])?;
        let id = hex(&head[3..35])?;
        let span = hex(&head[36..52])?;
        let flags = hex(&head[53..])?;
        let has_dashes = [2, 35, 52].into_iter().all(|place| head[place] == b'-');
        // Later versions may append fields.
        let has_end = match version {
            b"00" => rest.is_empty(),
            b"ff" => false,
            _ => rest.is_empty() || rest[0] == b'-',
        };
        let is_zero = |digits: &[u8]| digits.iter().all(|digit| *digit == b'0');
        if !has_dashes || !has_end || is_zero(id) || is_zero(span) {
            return None;
        }
        Some(Trace {
            id: id.try_into().ok()?,
            state: state.filter(|state| is_state(state)).map(Into::into),
            // The lowest bit: odd digits.
            is_sampled: b"13579bdf".contains(&flags[1]),
        })
    }

    /// The id of the trace: 32 lower-case hexadecimal digits.
    pub fn id(&self) -> &str {
        core::str::from_utf8(&self.id).unwrap_or_default()
    }

    /// Whether the caller records the trace.
    pub fn is_sampled(&self) -> bool {
        self.is_sampled
    }

    /// `tracestate`: printable ASCII, at most 512 bytes.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

/// `digits`, if all are lower-case hexadecimal.
fn hex(digits: &[u8]) -> Option<&[u8]> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digits.iter().all(is_digit).then_some(digits)
}

/// Whether a text is a list of members `key=value`, separated by commas.
fn is_state(state: &str) -> bool {
    let is_key =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let is_member = |member: &str| {
        member.split_once('=').is_some_and(|(key, value)| {
            !key.is_empty()
                && key.bytes().all(is_key)
                && !value.is_empty()
                && value
                    .bytes()
                    .all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
        })
    };
    state.len() <= STATE
        && state.split(',').count() <= STATES
        && state
            .split(',')
            .all(|member| is_member(member.trim_matches(' ')))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn what_is_well_formed_is_read() {
        let read = |head: &str, tail: &str| {
            let parent = alloc::format!("{head}-{ID}-00f067aa0ba902b7-{tail}");
            Trace::read(&parent, None).map(|trace| trace.is_sampled())
        };
        assert_eq!(read("00", "01"), Some(true));
        assert_eq!(read("00", "00"), Some(false));
        // Of the flags only the lowest is known.
        assert_eq!(read("00", "ff"), Some(true));
        assert_eq!(read("00", "02"), Some(false));
        assert_eq!(read("cc", "01"), Some(true));
        assert_eq!(read("cc", "01-what-the-future-brings"), Some(true));
        for (head, tail) in [
            ("00", "01-more"),
            ("00", "01 "),
            ("cc", "01.more"),
            ("ff", "01"),
            ("0", "01"),
            ("00", "1"),
            ("0G", "01"),
            ("00", "0G"),
            ("00", "0A"),
            (" 00", "01"),
        ] {
            assert_eq!(read(head, tail), None, "{head} {tail}");
        }
        let trace = Trace::read(&alloc::format!("00-{ID}-00f067aa0ba902b7-01"), None).unwrap();
        assert_eq!((trace.id(), trace.state()), (ID, None));
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        for parent in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-012",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e47\r\n-00f067aa0ba902b7-01",
            // Cut in the middle of a character.
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0é",
        ] {
            assert_eq!(Trace::read(parent, None), None, "{parent:?}");
        }
    }

    #[test]
    fn a_state_is_kept_if_it_can_be_a_header() {
        let parent = alloc::format!("00-{ID}-00f067aa0ba902b7-01");
        let keeps = |state: &str| {
            let trace = Trace::read(&parent, Some(state)).unwrap();
            assert!(trace.state().is_none_or(|kept| kept == state));
            trace.state().is_some()
        };
        assert!(keeps("congo=t61rcWkgMzE"));
        assert!(keeps("rojo=00f067aa0ba902b7, tenant@vendor=a b/c:d"));
        let longest = alloc::format!("a={}", "x".repeat(STATE - 2));
        assert!(keeps(&longest));
        assert!(!keeps(&(longest + "x")));
        let many = |count: usize| alloc::vec!["a=b"; count].join(",");
        assert!(keeps(&many(STATES)));
        assert!(!keeps(&many(STATES + 1)));
        for state in [
            "",
            "a",
            "=b",
            "a=",
            "A=b",
            "a=b,",
            "a=b\r\nx: y",
            "a=\u{e9}",
            "a=b=c",
            "a b=c",
            "a=b,\tc=d",
        ] {
            assert!(!keeps(state), "{state:?}");
        }
    }
}
