//! What clients are offered: `ANYGPT_TOOLS`, or `tools` in the configuration file, and in which form they get
//! results: `ANYGPT_STRUCTURED_OUTPUT`.
//!
//! Never here: what a tool does.

use anygpt_core::Structured;

use super::{disclosure, problem::Problem};
use crate::spelling;

/// What clients are offered, and in which form they get results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The tools, in the order in which clients see them; never none.
    pub tools: Vec<Tool>,
    /// `ANYGPT_STRUCTURED_OUTPUT`.
    pub structured: Structured,
}

impl Default for Offer {
    fn default() -> Self {
        Offer {
            tools: Tool::usual(),
            structured: Structured::Auto,
        }
    }
}

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // The names say it.
pub enum Tool {
    ChatCompletion,
    Compare,
    ListModels,
    ListProviders,
    ListTags,
    CountTokens,
    Embed,
    GenerateImage,
    CheckProviders,
}

/// What all their names begin with, which may be left out in settings.
const PREFIX: &str = "anygpt_";

/// Words for several of them.
const ALL: &str = "all";
const DEFAULT: &str = "default";

impl Tool {
    /// All of them, in the order in which clients see them.
    pub const ALL: [Tool; 9] = [
        Tool::ChatCompletion,
        Tool::Compare,
        Tool::ListModels,
        Tool::ListProviders,
        Tool::ListTags,
        Tool::CountTokens,
        Tool::Embed,
        Tool::GenerateImage,
        Tool::CheckProviders,
    ];

    /// Those that are offered if nobody says anything. Each costs every client context.
    fn usual() -> Vec<Tool> {
        let all = Tool::ALL.into_iter();
        all.filter(|tool| *tool < Tool::CountTokens).collect()
    }

    /// Its name as clients know it.
    pub fn name(self) -> &'static str {
        match self {
            Tool::ChatCompletion => "anygpt_chat_completion",
            Tool::Compare => "anygpt_compare",
            Tool::ListModels => "anygpt_list_models",
            Tool::ListProviders => "anygpt_list_providers",
            Tool::ListTags => "anygpt_list_tags",
            Tool::CountTokens => "anygpt_count_tokens",
            Tool::Embed => "anygpt_embed",
            Tool::GenerateImage => "anygpt_generate_image",
            Tool::CheckProviders => "anygpt_check_providers",
        }
    }

    fn short_name(self) -> &'static str {
        self.name().trim_start_matches(PREFIX)
    }
}

/// A value of `ANYGPT_STRUCTURED_OUTPUT`.
pub(super) fn structured(name: &str) -> Result<Structured, &'static str> {
    match name {
        "auto" => Ok(Structured::Auto),
        "always" => Ok(Structured::Always),
        "never" => Ok(Structured::Never),
        _ => Err("auto, always or never"),
    }
}

/// The tools that a list names, in their own order: names with or without `anygpt_`, `default`, `all`, and
/// any of them with `-` in front to take it away again. One that only takes away begins with the default;
/// one that says nothing is the default.
pub(super) fn tools<'w>(
    place: &str,
    words: impl Iterator<Item = &'w str>,
) -> Result<Vec<Tool>, Problem> {
    let mut chosen: Option<Vec<Tool>> = None;
    for word in words.map(str::trim).filter(|word| !word.is_empty()) {
        let (takes, name) = match word.strip_prefix('-') {
            Some(name) => (true, name.trim_start()),
            None => (false, word),
        };
        let named = named(place, name)?;
        let tools = chosen.get_or_insert_with(|| match takes {
            true => Tool::usual(),
            false => Vec::new(),
        });
        tools.retain(|tool| !named.contains(tool));
        if !takes {
            tools.extend(named);
        }
    }
    let mut tools = chosen.unwrap_or_else(Tool::usual);
    tools.sort_unstable();
    match tools.is_empty() {
        true => Err(Problem::new(
            place,
            "leaves no tool",
            "name at least one, or unset it for the usual ones",
        )),
        false => Ok(tools),
    }
}

/// The tools of one word.
fn named(place: &str, name: &str) -> Result<Vec<Tool>, Problem> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let short = name.strip_prefix(PREFIX).unwrap_or(&name);
    match short {
        ALL => return Ok(Tool::ALL.to_vec()),
        DEFAULT => return Ok(Tool::usual()),
        _ => {}
    }
    if let Some(tool) = Tool::ALL.into_iter().find(|it| it.short_name() == short) {
        return Ok(vec![tool]);
    }
    let words = || [DEFAULT, ALL].into_iter();
    let known = || words().chain(Tool::ALL.map(Tool::short_name));
    let mend = match spelling::nearest(short, known()) {
        Some(near) => format!("perhaps you mean {near}"),
        None => format!(
            "use some of {}, each with - in front to take it away",
            known().collect::<Vec<_>>().join(", ")
        ),
    };
    let shown = disclosure::shown(short, known());
    Err(Problem::new(
        place,
        format!("names {shown}, which is no tool"),
        mend,
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let tools = tools("ANYGPT_TOOLS", text.split(',')).map_err(|it| it.to_string())?;
        let names: Vec<&str> = tools.into_iter().map(Tool::short_name).collect();
        Ok(names.join(" "))
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
        assert_eq!(read("all").unwrap().split(' ').count(), Tool::ALL.len());
    }

    #[test]
    fn what_is_no_tool_is_named_with_the_nearest_one() {
        for (text, expected) in [
            (
                "embedd",
                "names \"embedd\", which is no tool: perhaps you mean embed",
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
