//! What `anygpt-mcp tools` prints: the list as a client sees it, taken from a session in memory.
//!
//! Never here: a second description of the tools.

use anygpt_core::{Budget, Limits, NoLibrary, Server};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{library, output::Style};

/// Asks as a client of the newest revision does, which is told most.
const REQUEST: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}
"#;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    result: List<'a>,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    tools: &'a RawValue,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    description: String,
}

/// The `tools` of `tools/list`, byte for byte.
///
/// # Errors
/// The server answered something else, which would be a bug.
pub fn json() -> serde_json::Result<String> {
    let budget = Budget::new(Limits::default().queued_output);
    let mut server = Server::new(
        library::catalog(),
        Box::new(NoLibrary),
        Limits::default(),
        &budget,
    );
    let used = server.handle_input(REQUEST);
    debug_assert_eq!(used, REQUEST.len());
    let mut line = Vec::new();
    server.take_output(&mut line);
    let answer: Answer<'_> = serde_json::from_slice(&line)?;
    Ok(answer.result.tools.get().to_owned())
}

/// The same for people: names and descriptions.
///
/// # Errors
/// As for [`json`].
pub fn text(style: Style) -> serde_json::Result<String> {
    let tools: Vec<Tool> = serde_json::from_str(&json()?)?;
    Ok(tools
        .iter()
        .map(|tool| format!("{}\n    {}\n", style.bold(&tool.name), tool.description))
        .collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_every_tool_in_order() {
        let tools: Vec<serde_json::Value> = serde_json::from_str(&json().unwrap()).unwrap();
        let text = text(Style::PLAIN).unwrap();
        let mut lines = text.lines();
        assert_eq!(tools.len(), library::catalog().tools.len());
        for tool in tools {
            assert_eq!(lines.next().unwrap(), tool["name"]);
            assert!(tool["outputSchema"].is_object() && tool["inputSchema"].is_object());
            assert_eq!(lines.next().unwrap().trim_start(), tool["description"]);
        }
    }
}
