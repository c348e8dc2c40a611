//! Reading and writing lines, the JSON in them, and JSON-RPC messages.
//!
//! Never here: anything specific to MCP. A method's name is only text here.

mod chunk;
pub(crate) mod jsonrpc;
pub(crate) mod line;
pub(crate) mod scan;
pub(crate) mod string;
pub(crate) mod write;
