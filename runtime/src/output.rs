//! Writing to stdout however long its reader takes, and whether there is a usable stdout.
//!
//! Never here: what is printed, or how a server writes without waiting ([`mcp`](crate::mcp)).

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _},
    os::fd::BorrowedFd,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::characters::is_invisible;

/// Why stdout could not be written.
#[derive(Debug)]
pub(crate) enum StdoutError {
    /// Its reader has closed it.
    Closed,
    /// The disk is full, or another error.
    Failed(io::Error),
}

/// Checks that stdout is open for writing and not full, before a call costs money.
///
/// # Errors
/// It is closed, read-only or full.
pub(crate) fn check() -> io::Result<()> {
    use rustix::fs::{FileType, fstat};
    let stdout = rustix::stdio::stdout();
    let kind = fstat(stdout).map(|stat| FileType::from_raw_mode(stat.st_mode));
    // An empty write fails as any other would. (On some sockets it sends a message.)
    match kind {
        Ok(FileType::Socket) => Ok(()),
        Ok(_) => match rustix::io::write(stdout, &[]) {
            Ok(_) | Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Whether the reader of stdout has closed it.
pub(crate) fn is_abandoned() -> bool {
    let stdout = rustix::stdio::stdout();
    // These flags are always reported.
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let now = Timespec::default();
    let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
    poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(gone)
}

/// Writes the whole text, however long the reader takes.
pub(crate) fn write(text: &str) -> Result<(), StdoutError> {
    let mut bytes = text.as_bytes();
    while !bytes.is_empty() {
        match write_waiting(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) => {
                return Err(match Errno::from_io_error(&error) {
                    // A closed stdout means that the output is not wanted.
                    Some(Errno::PIPE | Errno::BADF) => StdoutError::Closed,
                    _ => StdoutError::Failed(error),
                });
            }
        }
    }
    Ok(())
}

/// Writes at least one byte, and blocks if it must.
pub(crate) fn write_waiting(bytes: &[u8]) -> io::Result<usize> {
    let stdout = rustix::stdio::stdout();
    loop {
        match rustix::io::write(stdout, bytes) {
            Err(Errno::INTR) => {}
            // Another process that shares it has made it non-blocking.
            Err(Errno::AGAIN) => wait_for(&stdout, PollFlags::OUT),
            result => return Ok(result?),
        }
    }
}

pub(crate) fn wait_for(fd: &BorrowedFd<'_>, flags: PollFlags) {
    // The read or write that follows reports any error.
    let _ready = poll(&mut [PollFd::new(fd, flags)], None);
}

/// Whether stdout is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    colours: bool,
}

impl Style {
    #[cfg(test)]
    pub(crate) const PLAIN: Style = Style { colours: false };

    /// Colours on a terminal that has them, unless `NO_COLOR` holds anything.
    pub(crate) fn of_stdout() -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let has_colours = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        Style {
            colours: has_colours && !no_color && is_terminal(),
        }
    }

    /// For headings and names.
    pub(crate) fn bold(self, text: &str) -> String {
        self.painted("1", text)
    }

    /// For good news.
    pub(crate) fn good(self, text: &str) -> String {
        self.painted("32", text)
    }

    /// For bad news.
    pub(crate) fn bad(self, text: &str) -> String {
        self.painted("31", text)
    }

    fn painted(self, code: &str, text: &str) -> String {
        match self.colours {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// Whether a character ends a line, controls a terminal, changes the direction of the text around it, or hides text from
/// the reader. Joiners and non-joiners of letters or emojis do not count: some scripts need them.
pub(crate) fn is_unsafe_in_terminal(c: char) -> bool {
    // Most characters are printable ASCII.
    if c.is_ascii_graphic() || c == ' ' {
        return false;
    }
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || is_invisible(c) && !matches!(c, '\u{200c}' | '\u{200d}')
}

/// The text with each character that [`is_unsafe_in_terminal`] escaped, except for newlines and tabs.
pub(crate) fn escape_control_characters(text: &str) -> String {
    escaped(text, |clean, c| clean.extend(c.escape_default()))
}

/// The same for JSON text, which keeps its meaning: outside strings only JSON's own whitespace is concerned, which stays.
pub(crate) fn escape_json_control_characters(json: &str) -> String {
    escaped(json, write_json_escape)
}

fn escaped(text: &str, escape: fn(&mut String, char)) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match is_unsafe_in_terminal(c) && !matches!(c, '\n' | '\t') {
            true => escape(&mut clean, c),
            false => clean.push(c),
        }
    }
    clean
}

/// Appends a character as JSON escapes it: four digits per UTF-16 unit.
pub(crate) fn write_json_escape(json: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(json, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_terminal_obeys_an_answer() {
        assert_eq!(
            escape_control_characters("a\tb\r\n\x1b]0;title\x07 \u{9b}31m größe"),
            "a\tb\\r\n\\u{1b}]0;title\\u{7} \\u{9b}31m größe"
        );
        assert_eq!(
            escape_control_characters("a\u{202e}b\u{2066}c\u{200f}"),
            "a\\u{202e}b\\u{2066}c\\u{200f}"
        );
        assert_eq!(
            escape_control_characters(
                "a\u{200b}b\u{ad}c\u{2063}d\u{feff}e\u{34f}f\u{180e}g\u{e0041}h"
            ),
            "a\\u{200b}b\\u{ad}c\\u{2063}d\\u{feff}e\\u{34f}f\\u{180e}g\\u{e0041}h"
        );
        assert_eq!(
            escape_json_control_characters("\"\u{e0041}\""),
            "\"\\udb40\\udc41\""
        );
        assert_eq!(
            escape_control_characters("می\u{200c}خواهم"),
            "می\u{200c}خواهم"
        );
        assert_eq!(escape_control_characters("👩\u{200d}🔬"), "👩\u{200d}🔬");
        assert_eq!(
            escape_json_control_characters("{\n\"a\": \"\u{9b}31m\u{202e}ü\"}"),
            "{\n\"a\": \"\\u009b31m\\u202eü\"}"
        );
    }
}
