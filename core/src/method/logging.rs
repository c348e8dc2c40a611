//! `logging/setLevel`, and the log lines that a client asked for with it.
//!
//! Never here: what is worth a line, or keeping secrets out of it (R-65).

use alloc::{format, string::String, vec::Vec};

use super::Request;
use crate::{
    jsonrpc::{self, Error, write_string},
    server::Session,
};

/// How important a log line is (RFC 5424), least important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoggingLevel {
    /// For developers.
    Debug,
    /// Ordinary events.
    Info,
    /// Ordinary, but worth a look.
    Notice,
    /// Something that may have to be mended.
    Warning,
    /// Something failed.
    Error,
    /// A part of the program does not work.
    Critical,
    /// Somebody must act at once.
    Alert,
    /// Nothing works.
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

    pub(super) fn from_name(name: &str) -> Option<Self> {
        LoggingLevel::ALL
            .into_iter()
            .find(|level| level.as_str() == name)
    }

    fn as_str(self) -> &'static str {
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
    pub(super) fn names() -> String {
        LoggingLevel::ALL.map(LoggingLevel::as_str).join(", ")
    }
}

/// From now on the client gets log lines of this level and above. Before, it gets none.
pub(super) fn set_level(
    session: &mut Session,
    request: &Request<'_>,
) -> Result<(), Error<'static>> {
    let level = request.params.level.and_then(jsonrpc::string);
    let Some(level) = level.and_then(|name| LoggingLevel::from_name(&name)) else {
        return Err(Error::invalid_params(format!(
            "params.level must be one of {}",
            LoggingLevel::names()
        )));
    };
    session.logging_level = Some(level);
    jsonrpc::write_result(&mut session.out, request.id, |out| {
        out.extend_from_slice(b"{}");
    });
    Ok(())
}

/// Appends a log line.
pub(crate) fn write_message(out: &mut Vec<u8>, level: LoggingLevel, logger: &str, text: &str) {
    jsonrpc::write_notification(out, "notifications/message", |out| {
        out.extend_from_slice(br#""level":"#);
        write_string(out, level.as_str());
        out.extend_from_slice(br#","logger":"#);
        write_string(out, logger);
        out.extend_from_slice(br#","data":"#);
        write_string(out, text);
    });
}
