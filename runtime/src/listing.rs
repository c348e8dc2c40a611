//! What `anygpt-mcp tools` prints: the list as a client sees it, taken from a session in memory.
//!
//! Never here: a second description of the tools.

use anygpt_core::{Budget, Limits, NoLibrary, Revision, Server};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{library, output::Style, settings::Offer, tools};

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
    let request = request();
    let used = server.handle_input(request.as_bytes());
    debug_assert_eq!(used, request.len());
    let mut line = Vec::new();
    server.take_output(&mut line);
    let answer: Answer<'_> = serde_json::from_slice(&line)?;
    Ok(answer.result.tools.get().to_owned())
}

/// A request as of the newest revision, whose answer has most members.
fn request() -> String {
    let newest = Revision::ALL[0].as_str();
    let meta = format!(
        r#"{{"io.modelcontextprotocol/protocolVersion":"{newest}","io.modelcontextprotocol/clientCapabilities":{{}}}}"#
    );
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#)
        + "\n"
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
                // What has a picture declares none: clients would show it instead.
                let has_picture = tool["name"] == "anygpt_generate_image";
                assert_eq!(tool["outputSchema"].is_object(), !has_picture, "{line}");
                assert!(tool["inputSchema"].is_object());
                assert_eq!(lines.next().unwrap().trim_start(), tool["description"]);
            }
        }
    }

    #[test]
    fn the_usual_list_and_each_tool_beside_it_stay_small() {
        let usual = Offer::usual(&tools::names());
        let length = json(&usual, false).unwrap().len();
        assert!(length < 6_000, "{length}");
        let text = json(&usual, true).unwrap();
        let all: Vec<&RawValue> = serde_json::from_str(&text).unwrap();
        for tool in &all[usual.tools.len()..] {
            let tool = tool.get();
            assert!(tool.len() < 1_000, "{}: {tool}", tool.len());
        }
    }
}
