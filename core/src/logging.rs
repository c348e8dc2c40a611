//! Levels of log lines, as the protocol names them.
//!
//! Never here: what is worth a line.

use alloc::string::String;

/// How important a log line is (RFC 5424), least important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoggingLevel {
    /// For developers.
    Debug,
    /// Ordinary events.
    Info,
    /// Ordinary, but worth a look.
    Notice,
    /// Something that may have to be fixed.
    Warning,
    /// Something failed.
    Error,
    /// A part of the program does not work.
    Critical,
    /// Immediate action is required.
    Alert,
    /// The program does not work at all.
    Emergency,
}

impl LoggingLevel {
    const ALL: [LoggingLevel; 8] = [
        LoggingLevel::Debug,
        LoggingLevel::Info,
        LoggingLevel::Notice,
        LoggingLevel::Warning,
        LoggingLevel::Error,
        LoggingLevel::Critical,
        LoggingLevel::Alert,
        LoggingLevel::Emergency,
    ];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        LoggingLevel::ALL
            .into_iter()
            .find(|level| level.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            LoggingLevel::Debug => "debug",
            LoggingLevel::Info => "info",
            LoggingLevel::Notice => "notice",
            LoggingLevel::Warning => "warning",
            LoggingLevel::Error => "error",
            LoggingLevel::Critical => "critical",
            LoggingLevel::Alert => "alert",
            LoggingLevel::Emergency => "emergency",
        }
    }

    /// All names, for a text that says what is allowed.
    pub(crate) fn names() -> String {
        LoggingLevel::ALL.map(LoggingLevel::as_str).join(", ")
    }
}
