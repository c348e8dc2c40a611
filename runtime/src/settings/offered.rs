//! What clients are offered: `ANYGPT_TOOLS`, or `tools` in the configuration file, and in which form they get
//! results: `ANYGPT_STRUCTURED_OUTPUT`.
//!
//! Never here: what a tool does.

use anygpt_core::Structured;

use super::{disclosure, problem::Problem, words::Word};
use crate::spelling;

/// What clients are offered, and in which form they get results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// All tools that can be offered.
    pub(super) known: Vec<ToolName>,
    /// The names of the tools, in the order in which clients see them; never none.
    pub tools: Vec<&'static str>,
    /// `ANYGPT_STRUCTURED_OUTPUT`.
    pub structured: Structured,
}

impl Offer {
    /// What clients are offered where no setting says otherwise.
    pub(crate) fn usual(known: &[ToolName]) -> Self {
        let usual = known.iter().filter(|tool| tool.is_default);
        Offer {
            known: known.to_vec(),
            tools: usual.map(|tool| tool.name).collect(),
            structured: Structured::Auto,
        }
    }
}

/// What settings know of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ToolName {
    /// The name as clients know it.
    pub name: &'static str,
    /// Whether it is offered where no setting says otherwise.
    pub is_default: bool,
}

impl ToolName {
    fn short(&self) -> &'static str {
        self.name.trim_start_matches(PREFIX)
    }
}

/// What all names begin with, which may be left out in settings.
const PREFIX: &str = "anygpt_";

/// Words for several of them.
const ALL: &str = "all";
const DEFAULT: &str = "default";

impl Word for Structured {
    const ALL: &'static [(&'static str, Self)] = &[
        ("auto", Structured::Auto),
        ("always", Structured::Always),
        ("never", Structured::Never),
    ];
}

/// Which of the known tools a list names, in their own order: names with or without `anygpt_`, `default`, `all`, and
/// any of them with `-` in front to remove it again. A list that only removes begins with the default; an empty one is
/// the default.
pub(super) fn tools<'w>(
    place: &str,
    words: impl Iterator<Item = &'w str>,
    known: &[ToolName],
) -> Result<Vec<&'static str>, Problem> {
    let usual = || known.iter().map(|tool| tool.is_default).collect();
    // Whether each of them is chosen.
    let mut chosen: Option<Vec<bool>> = None;
    for word in words.map(str::trim).filter(|word| !word.is_empty()) {
        let (removes, name) = match word.strip_prefix('-') {
            Some(name) => (true, name.trim_start()),
            None => (false, word),
        };
        let named = named(place, name, known)?;
        let chosen = chosen.get_or_insert_with(|| match removes {
            true => usual(),
            false => vec![false; known.len()],
        });
        for (chosen, _) in chosen.iter_mut().zip(named).filter(|(_, named)| *named) {
            *chosen = !removes;
        }
    }
    let chosen = known.iter().zip(chosen.unwrap_or_else(usual));
    let chosen = chosen.filter_map(|(tool, is_chosen)| is_chosen.then_some(tool.name));
    let tools: Vec<&'static str> = chosen.collect();
    match tools.is_empty() && !known.is_empty() {
        true => Err(Problem::new(
            place,
            "leaves no tool",
            "name at least one, or unset it for the usual ones",
        )),
        false => Ok(tools),
    }
}

/// Whether each of the known tools is meant by one word.
fn named(place: &str, name: &str, known: &[ToolName]) -> Result<Vec<bool>, Problem> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let short = name.strip_prefix(PREFIX).unwrap_or(&name);
    let is_meant = |tool: &ToolName| match short {
        ALL => true,
        DEFAULT => tool.is_default,
        short => tool.short() == short,
    };
    let named: Vec<bool> = known.iter().map(is_meant).collect();
    if named.contains(&true) || matches!(short, ALL | DEFAULT) {
        return Ok(named);
    }
    let words = || {
        let names = known.iter().map(ToolName::short);
        [DEFAULT, ALL].into_iter().chain(names)
    };
    let advice = match spelling::nearest(short, words()) {
        Some(near) => format!("perhaps you mean {near}"),
        None => format!(
            "use some of {}, each with - in front to take it away",
            words().collect::<Vec<_>>().join(", ")
        ),
    };
    let shown = disclosure::shown(short, words());
    Err(Problem::new(
        place,
        format!("names {shown}, which is not a tool"),
        advice,
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const fn tool(name: &'static str, is_default: bool) -> ToolName {
        ToolName { name, is_default }
    }

    const KNOWN: [ToolName; 9] = [
        tool("anygpt_chat_completion", true),
        tool("anygpt_compare", true),
        tool("anygpt_list_models", true),
        tool("anygpt_list_providers", true),
        tool("anygpt_list_tags", true),
        tool("anygpt_count_tokens", false),
        tool("anygpt_embed", false),
        tool("anygpt_generate_image", false),
        tool("anygpt_check_providers", false),
    ];

    fn read(text: &str) -> Result<String, String> {
        let tools = tools("ANYGPT_TOOLS", text.split(','), &KNOWN).map_err(|it| it.to_string())?;
        Ok(tools.join(" ").replace(PREFIX, ""))
    }

    const USUAL: &str = "chat_completion compare list_models list_providers list_tags";

    #[test]
    fn names_add_and_take_away_in_turn_and_the_order_stays() {
        for (text, expected) in [
            ("", USUAL),
            (" , ,", USUAL),
            ("default", USUAL),
            ("embed,chat_completion", "chat_completion embed"),
            ("anygpt_embed, EMBED,embed", "embed"),
            ("generate-image", "generate_image"),
            (
                "default,-list_tags,check_providers",
                "chat_completion compare list_models list_providers check_providers",
            ),
            (
                "-anygpt_list_tags, - list_models",
                "chat_completion compare list_providers",
            ),
            (
                "all,-default",
                "count_tokens embed generate_image check_providers",
            ),
            ("all,-all,embed", "embed"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(read("all").unwrap().split(' ').count(), KNOWN.len());
    }

    #[test]
    fn what_is_no_tool_is_named_with_the_nearest_one() {
        for (text, expected) in [
            (
                "embedd",
                "names \"embedd\", which is not a tool: perhaps you mean embed",
            ),
            ("default,-list_tag", "perhaps you mean list_tags"),
            (
                "paint",
                "use some of default, all, chat_completion, compare",
            ),
            ("-default", "ANYGPT_TOOLS leaves no tool: name at least one"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
