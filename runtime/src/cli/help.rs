//! The help texts, made from the tables of commands and settings, with examples and the variables of providers.
//!
//! Never here: how arguments are parsed.

use std::fmt::Write as _;

use anygpt_providers::{Dialect, openai::chat_completions::PLAIN, presets::PRESETS};

use super::{COMMANDS, EVERYWHERE, Opt, Spec};
use crate::{
    VERSION,
    output::Style,
    settings::{self, Row},
};

const EXAMPLES: &str = "
  OPENAI_API_KEY=sk-... anygpt-mcp              serve MCP on stdin and stdout
  anygpt-mcp chat -m claude-sonnet-5 \"Why is the sky blue?\"
  git diff | anygpt-mcp chat \"Review this change\"
  anygpt-mcp doctor --online                    which keys work, and if not, why
  anygpt-mcp config init >anygpt.config.yaml    then CONFIG_FILE=anygpt.config.yaml
  DEFAULT_PROVIDER=mock anygpt-mcp chat hello   without a key: an echo answers
";

const SETTINGS: &str = "
An MCP client (Claude Desktop, Cursor, VS Code, Docker's MCP Toolkit, ...) starts it
without a command and talks JSON-RPC to it, one message per line. To see that by hand:

  echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}' | anygpt-mcp
";

const PROVIDERS: &str = "                         keys; one is enough
  AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY, OPENAI_API_VERSION
                         Azure OpenAI; by Responses with ANYGPT_PROVIDER_AZURE_TYPE=openai
  OLLAMA_HOST, LMSTUDIO_BASE_URL, VLLM_BASE_URL, LLAMACPP_BASE_URL, LITELLM_BASE_URL
                         where these are; keys, if any: VLLM_API_KEY, LITELLM_API_KEY
  DOCKER_MODEL_RUNNER    auto (default: if nothing else can be used), off, its URL, or
                         the name of Compose's variable that holds it (LLM_URL);
                         its model: ANYGPT_PROVIDER_DOCKER_MODEL
  ANYGPT_PROVIDER_<ID>_BASE_URL, _API_KEY, _TYPE, _MODEL
";

const ADDRESSES: &str =
    "  OPENAI_BASE_URL, ANTHROPIC_BASE_URL, GOOGLE_GEMINI_BASE_URL (or GEMINI_BASE_URL)
                         other addresses; all keys above have their _BASE_URL
  OPENAI_ORG_ID, OPENAI_PROJECT_ID, OPENAI_CUSTOM_HEADERS, ANTHROPIC_CUSTOM_HEADERS
                         as in the official SDKs
";

const NETWORK: &str = "  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY
                         proxies; lower case counts, too
  SSL_CERT_FILE, SSL_CERT_DIR
                         certificates (PEM) to trust beside the built-in roots
";

/// Start of the second column among variables.
const VARIABLES: usize = 22;

/// Start of the second column.
const COLUMN: usize = 26;

/// Longest line of the list of keys.
const KEYS_WIDTH: usize = 72;

/// Longest line of the types of endpoints.
const WIDTH: usize = 88;

/// The help text of the program, or of one command.
pub(crate) fn help(command: Option<&Spec>, style: Style) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let Some(spec) = command else {
        let _ = writeln!(
            text,
            "{} {VERSION}: an MCP server that asks models of OpenAI, Anthropic, Google and others",
            style.bold("anygpt-mcp")
        );
        text.push_str(EXAMPLES);
        let _ = writeln!(text, "\n{} (none: serve MCP)", style.bold("Commands"));
        for spec in &COMMANDS {
            line(&mut text, &signature(spec), spec.about);
        }
        let _ = writeln!(text, "\n{}", style.bold("Options"));
        options(&mut text, &EVERYWHERE);
        text.push_str(SETTINGS);
        let _ = writeln!(
            text,
            "\n{} (environment; each key also as NAME_FILE or under /run/secrets)",
            style.bold("Settings")
        );
        providers(&mut text);
        for rows in settings::groups() {
            setting(&mut text, rows);
        }
        text.push_str(NETWORK);
        text.push_str(
            "\nExit codes: 0 clean end, 1 settings or arguments cannot be used, 2 could not start,\n\
             3 fatal error, or a command's call failed; 130 interrupted\n",
        );
        return text;
    };
    let usage = format!("anygpt-mcp {}", signature(spec));
    let _ = writeln!(text, "{}\n\n  {}", style.bold(&usage), spec.about);
    if !spec.options.is_empty() {
        let _ = writeln!(text, "\n{}", style.bold("Options"));
        options(&mut text, spec.options);
    }
    text
}

/// The variables of providers: their keys, the types of endpoints, and what is special.
fn providers(text: &mut String) {
    let keys = PRESETS.iter().filter(|preset| preset.needs_only_key());
    let keys = keys.map(|preset| {
        let mut names = preset.key_variables.iter().chain(&preset.token_variable);
        let first = names.next().copied().unwrap_or_default();
        names.fold(first.to_owned(), |all, other| format!("{all} (or {other})"))
    });
    wrapped(text, 2, KEYS_WIDTH, &keys.collect::<Vec<_>>().join(", "));
    text.push_str(PROVIDERS);
    let plain = Dialect::Compatible(&PLAIN).as_str();
    let types = Dialect::ALL.map(Dialect::as_str);
    let types = types
        .into_iter()
        .filter(|name| ![plain, Dialect::MOCK].contains(name));
    let types: Vec<&str> = types.collect();
    let (last, types) = types.split_last().unwrap_or((&"", &[]));
    let types = types.join(", ");
    let about = format!("any other endpoint; type {plain} (default), {types} or {last}");
    wrapped(text, VARIABLES + 3, WIDTH, &about);
    text.push_str(ADDRESSES);
}

/// Adds lines of at most this width, if each word fits.
fn wrapped(text: &mut String, indent: usize, width: usize, words: &str) {
    let mut column = 0;
    for word in words.split(' ') {
        if column > 0 && column + 1 + word.len() <= width {
            text.push(' ');
            column += 1;
        } else {
            let line_end = if column > 0 { "\n" } else { "" };
            let _ = write!(text, "{line_end}{:indent$}", "");
            column = indent;
        }
        text.push_str(word);
        column += word.len();
    }
    text.push('\n');
}

fn signature(spec: &Spec) -> String {
    match spec.arguments {
        "" => spec.name.to_owned(),
        arguments => format!("{} {arguments}", spec.name),
    }
}

fn options(text: &mut String, options: &[&Opt]) {
    for option in options {
        let short = option
            .short
            .map_or("    ".to_owned(), |c| format!("-{c}, "));
        let left = format!("{short}{} {}", option.name(), option.value);
        line(text, left.trim_end(), option.about);
    }
}

/// Variables that are described together.
fn setting(text: &mut String, rows: &[Row]) {
    let variables = rows
        .iter()
        .map(|row| format!("{}{}", row.variable, row.sample));
    let variables = variables.collect::<Vec<_>>().join(", ");
    let about = rows.iter().map(|row| row.help).collect::<String>();
    let indent = format!("\n   {:VARIABLES$}", "");
    let _ = match variables.len() < VARIABLES {
        true => write!(text, "  {variables:VARIABLES$} "),
        false => write!(text, "  {variables}{indent}"),
    };
    let _ = writeln!(text, "{}", about.replace('\n', &indent));
}

fn line(text: &mut String, left: &str, about: &str) {
    let _ = writeln!(text, "  {left:COLUMN$} {about}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_option_is_told_with_examples_first() {
        let all = help(None, Style::PLAIN);
        let example = all.find("anygpt-mcp chat").unwrap_or(usize::MAX);
        let commands = all.find("Commands").unwrap_or_default();
        assert!(example < commands, "{all}");
        for spec in &COMMANDS {
            assert!(
                all[commands..].contains(&format!("\n  {}", spec.name)),
                "{}",
                spec.name
            );
            let own = help(Some(spec), Style::PLAIN);
            for option in spec.options {
                assert!(
                    own.contains(&option.name()) && own.contains(option.about),
                    "{own}"
                );
            }
        }
        for line in all.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
