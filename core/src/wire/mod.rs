//! Bytes: lines, the JSON in them, and JSON-RPC messages, read and written.
//!
//! Never here: anything of MCP. A method's name is only text here.

pub(crate) mod jsonrpc;
pub(crate) mod line;
pub(crate) mod scan;
pub(crate) mod write;
