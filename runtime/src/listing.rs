//! What `anygpt-mcp tools` prints: the list as a client sees it, taken from a session in memory.
//!
//! Never here: a second description of the tools.

use anygpt_core::{Budget, Limits, NoLibrary, Server};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{library, output::Style, settings::Offer, tools};

/// A request as of the newest revision, whose answer has most members.
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

/// The `tools` of `tools/list`, byte for byte; those that are offered, or all.
///
/// # Errors
/// The server answered something else, which would be a bug.
pub(crate) fn json(offer: &Offer, all: bool) -> serde_json::Result<String> {
    let mut offer = offer.clone();
    if all {
        offer.tools = tools::names().iter().map(|tool| tool.name).collect();
    }
    let budget = Budget::new(Limits::default().queued_output);
    let mut server = Server::new(
        library::catalog(&offer),
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
pub(crate) fn text(offer: &Offer, all: bool, style: Style) -> serde_json::Result<String> {
    let tools: Vec<Tool> = serde_json::from_str(&json(offer, all)?)?;
    let mut text = String::new();
    for Tool { name, description } in tools {
        let is_offered = offer.tools.contains(&name.as_str());
        let mark = if is_offered {
            ""
        } else {
            " (not offered: see ANYGPT_TOOLS)"
        };
        text += &format!("{}{mark}\n    {description}\n", style.bold(&name));
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_every_tool_in_order() {
        let offer = Offer::usual(&tools::names());
        for all in [false, true] {
            let json = json(&offer, all).unwrap();
            let tools: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
            let text = text(&offer, all, Style::PLAIN).unwrap();
            let mut lines = text.lines();
            let count = if all {
                tools::names().len()
            } else {
                offer.tools.len()
            };
            assert_eq!(tools.len(), count);
            for (position, tool) in tools.iter().enumerate() {
                let line = lines.next().unwrap();
                assert_eq!(line.split(' ').next().unwrap(), tool["name"]);
                assert_eq!(line.ends_with(')'), position >= offer.tools.len(), "{line}");
                assert!(tool["outputSchema"].is_object() && tool["inputSchema"].is_object());
                assert_eq!(lines.next().unwrap().trim_start(), tool["description"]);
            }
        }
    }

    #[test]
    fn the_lists_stay_small() {
        let usual = json(&Offer::usual(&tools::names()), false).unwrap().len();
        let all = json(&Offer::usual(&tools::names()), true).unwrap().len();
        assert!(usual < 6_000 && all < 8_500, "{usual} {all}");
    }
}
