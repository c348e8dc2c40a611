//! The command line: what was typed becomes one command.
//!
//! Never here: doing it.

use std::ffi::OsString;

use lexopt::Arg;

use crate::VERSION;

/// What the process was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve MCP on stdin and stdout.
    Serve,
    /// Check the settings, without a network.
    ConfigValidate,
    /// Print the tools that a client would see.
    Tools {
        /// As the JSON array of `tools/list`.
        json: bool,
        /// Those that are not offered, too.
        all: bool,
    },
    /// Print the help text.
    Help,
    /// Print name and version.
    Version,
}

/// The help text.
pub fn help() -> String {
    format!(
        "\
anygpt-mcp {VERSION}: an MCP server that asks models of OpenAI, Anthropic, Google and others

  OPENAI_API_KEY=sk-... anygpt-mcp      serve MCP on stdin and stdout
  DEFAULT_PROVIDER=mock anygpt-mcp      the same without a key: an echo answers
  anygpt-mcp config validate            check the settings, without a network
  anygpt-mcp tools [--json] [--all]     print the tools that a client would see, or all
  anygpt-mcp --version | --help

An MCP client (Claude Desktop, Cursor, VS Code, Docker's MCP Toolkit, ...) starts it
and talks JSON-RPC to it, one message per line. To see an answer by hand:

  echo '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}}' | anygpt-mcp

Settings (environment; each key also as NAME_FILE or under /run/secrets):
  OPENAI_API_KEY, ANTHROPIC_API_KEY (or ANTHROPIC_AUTH_TOKEN),
  GOOGLE_API_KEY (or GEMINI_API_KEY), OPENROUTER_API_KEY, GROQ_API_KEY,
  MISTRAL_API_KEY, DEEPSEEK_API_KEY, XAI_API_KEY, TOGETHER_API_KEY,
  FIREWORKS_API_KEY, PERPLEXITY_API_KEY, MOONSHOT_API_KEY, ZAI_API_KEY,
  CEREBRAS_API_KEY, NEBIUS_API_KEY, GITHUB_TOKEN
                         keys; one is enough
  AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY, OPENAI_API_VERSION
                         Azure OpenAI
  OLLAMA_HOST, LMSTUDIO_BASE_URL, VLLM_BASE_URL, LLAMACPP_BASE_URL, LITELLM_BASE_URL
                         where these are; keys, if any: VLLM_API_KEY, LITELLM_API_KEY
  DOCKER_MODEL_RUNNER    auto (default: if nothing else can be used), off, its URL, or
                         the name of Compose's variable that holds it (LLM_URL);
                         its model: ANYGPT_PROVIDER_DOCKER_MODEL
  ANYGPT_PROVIDER_<ID>_BASE_URL, _API_KEY, _TYPE, _MODEL
                         any other endpoint; type openai-compatible (default), openai,
                         anthropic or google
  OPENAI_BASE_URL, ANTHROPIC_BASE_URL, GOOGLE_GEMINI_BASE_URL (or GEMINI_BASE_URL)
                         other addresses; all keys above have their _BASE_URL
  OPENAI_ORG_ID, OPENAI_PROJECT_ID, OPENAI_CUSTOM_HEADERS, ANTHROPIC_CUSTOM_HEADERS
                         as in the official SDKs
  DEFAULT_PROVIDER       for calls that name none: openai, anthropic, google, groq, mock, ...
  DEFAULT_MODEL          the same for models: an id, provider/model, a tag or an alias
  CONFIG_FILE            YAML or JSON; else /config/anygpt.config.{{yaml,yml,json}}
  LOG_LEVEL              debug, info (default), warn, error; logs go to stderr
  LOG_FORMAT             text (default), json
  ANYGPT_TIMEOUT         seconds for a call (55)
  ANYGPT_ALLOW_PROVIDERS, ANYGPT_DENY_PROVIDERS, ANYGPT_ALLOW_MODELS, ANYGPT_DENY_MODELS
                         whom a call may ask, separated by commas; * in models
  ANYGPT_MAX_TOKENS, ANYGPT_MAX_COST_USD, ANYGPT_MAX_TIMEOUT
                         what a call may take at most
  ANYGPT_RETRIES         repetitions of a request that failed for the moment (2)
  ANYGPT_TOOLS           tools to offer (default): names, all, default, -name; e.g. default,embed
  ANYGPT_STRUCTURED_OUTPUT
                         structuredContent beside the text: auto (default: for clients that
                         know it), always, never
  ANYGPT_SHUTDOWN_GRACE  seconds for open calls at the end (30; 8 after a signal)
  ANYGPT_STANDBY         never (default), auto, always: stay up for docker exec
  ANYGPT_ALLOW_INSECURE_HTTP=1
                         send keys over plain http to public addresses, too
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY
                         proxies; lower case counts, too
  SSL_CERT_FILE, SSL_CERT_DIR
                         certificates (PEM) to trust beside the built-in roots

Exit codes: 0 clean end, 1 settings cannot be used, 2 could not start, 3 fatal error
"
    )
}

/// Reads the arguments of the process, without its name.
///
/// # Errors
/// What cannot be understood, and what was perhaps meant.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut words = Vec::new();
    let (mut json, mut all) = (false, false);
    while let Some(argument) = parser.next().map_err(|error| advice(&error.to_string()))? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("json") => json = true,
            Arg::Long("all") => all = true,
            Arg::Value(word) => words.push(word.to_string_lossy().into_owned()),
            other => return Err(advice(&other.unexpected().to_string())),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["tools"] => Ok(Command::Tools { json, all }),
        _ if json || all => Err(advice("--json and --all belong to the command tools")),
        [] => Ok(Command::Serve),
        ["config", "validate"] => Ok(Command::ConfigValidate),
        ["help"] => Ok(Command::Help),
        ["config"] => Err(advice("config needs another word: config validate")),
        _ => Err(advice(&format!("unknown command: {}", words.join(" ")))),
    }
}

fn advice(problem: &str) -> String {
    format!("{problem}. Try anygpt-mcp --help")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_commands() {
        let tools = |json, all| Command::Tools { json, all };
        let parse = |line: &str| parse(line.split_ascii_whitespace().map(OsString::from));
        for (line, command) in [
            ("", Command::Serve),
            ("config validate", Command::ConfigValidate),
            ("tools", tools(false, false)),
            ("tools --json", tools(true, false)),
            ("--all tools", tools(false, true)),
            ("--help", Command::Help),
            ("-V", Command::Version),
            ("config --help", Command::Help),
        ] {
            assert_eq!(parse(line), Ok(command), "{line}");
        }
        for line in [
            "config",
            "config x",
            "serve me",
            "--nope",
            "-x",
            "--json",
            "--all config validate",
            "tools x",
            "tools --json=x",
        ] {
            assert!(
                parse(line).is_err_and(|text| text.contains("--help")),
                "{line}"
            );
        }
    }
}
