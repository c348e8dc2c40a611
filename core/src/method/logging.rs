//! `logging/setLevel`, and `notifications/message`.
//!
//! Never here: what is logged, or redaction (R-65).

use alloc::{format, vec::Vec};

use super::request::Request;
use crate::{
    logging::LoggingLevel,
    session::Session,
    wire::{
        jsonrpc::{self, Error},
        write::{write_notification, write_result, write_string},
    },
};

/// From now on the client receives log lines of this level and above. Before, it receives none.
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
    write_result(&mut session.out, request.id, |out| {
        out.extend_from_slice(b"{}");
    });
    Ok(())
}

/// Appends a log line.
pub(crate) fn write_message(out: &mut Vec<u8>, level: LoggingLevel, logger: &str, text: &str) {
    write_notification(out, "notifications/message", |out| {
        out.extend_from_slice(br#""level":"#);
        write_string(out, level.as_str());
        out.extend_from_slice(br#","logger":"#);
        write_string(out, logger);
        out.extend_from_slice(br#","data":"#);
        write_string(out, text);
    });
}
