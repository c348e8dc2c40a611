//! The command line: arguments become one command. Parser, help, completions and suggestions come from one table of
//! commands and options.
//!
//! Never here: running a command.

use std::ffi::OsString;

use lexopt::Arg;

use crate::{
    settings::{is_harmless, shown},
    spelling::nearest,
};

mod complete;
mod help;

pub use complete::{complete, script};
pub use help::help;

/// What the process was started to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve MCP on stdin and stdout.
    Serve,
    /// Check the settings, without a network.
    ConfigValidate,
    /// Print the settings as they are resolved, without secrets.
    ConfigShow {
        /// As JSON.
        json: bool,
    },
    /// Print the commented example of a configuration file.
    ConfigInit,
    /// Print the JSON Schema of the configuration file, for editors.
    ConfigSchema,
    /// Report for each provider whether it can be used.
    Doctor {
        /// Ask them, too.
        online: bool,
    },
    /// Print the tools that a client would see.
    Tools {
        /// As the JSON array of `tools/list`.
        json: bool,
        /// Those that are not offered, too.
        all: bool,
    },
    /// List the models that the providers offer.
    Models {
        /// Of this provider only.
        provider: Option<String>,
        /// As the tool's `structuredContent`.
        json: bool,
    },
    /// Explain to which model a name resolves, without a network.
    Resolve {
        /// The name.
        name: String,
        /// As if this provider were named in the call.
        provider: Option<String>,
    },
    /// Ask a model.
    Chat(Chat),
    /// Print a page of the documentation, or the list of pages.
    Docs {
        /// The page's name.
        topic: Option<String>,
    },
    /// Print a script for a shell.
    Completions(Shell),
    /// A shell's request for completions: all words after the program's name, the last one perhaps unfinished.
    Complete(Vec<String>),
    /// Print the help text, of a command if one is named.
    Help(Option<&'static Spec>),
    /// Print name and version.
    Version,
}

/// The arguments of `chat`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chat {
    /// The prompt; empty if it is to be read from stdin.
    pub prompt: String,
    /// Print `structuredContent`.
    pub json: bool,
    /// Arguments of the tool by their names there, as typed.
    pub arguments: Vec<(&'static str, String)>,
}

/// A shell for which there is a completion script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// A command in the table.
#[derive(Debug)]
pub struct Spec {
    /// One word or two.
    name: &'static str,
    /// What follows its options in the help.
    arguments: &'static str,
    /// How many words may follow its name.
    most: usize,
    /// The kind of the last of them.
    values: Values,
    about: &'static str,
    options: &'static [&'static Opt],
    build: fn(Typed) -> Result<Command, String>,
}

// Each command is one entry of a table.
impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Spec {}

/// An option in the table.
#[derive(Debug)]
struct Opt {
    short: Option<char>,
    long: &'static str,
    /// The name of its value in the help; empty for a flag.
    value: &'static str,
    values: Values,
    about: &'static str,
    /// The corresponding argument of the chat tool.
    argument: &'static str,
}

/// The kind of a value, for completions.
#[derive(Clone, Copy, Debug)]
enum Values {
    /// Anything.
    Any,
    Words(&'static [&'static str]),
    Providers,
    Models,
    Topics,
}

const PLAIN: Opt = Opt {
    short: None,
    long: "",
    value: "",
    values: Values::Any,
    about: "",
    argument: "",
};

static HELP: Opt = Opt {
    short: Some('h'),
    long: "help",
    about: "print this, or the help of a command",
    ..PLAIN
};
static VERSION: Opt = Opt {
    short: Some('V'),
    long: "version",
    about: "print the version",
    ..PLAIN
};
static JSON: Opt = Opt {
    long: "json",
    about: "print JSON",
    ..PLAIN
};
static ALL: Opt = Opt {
    long: "all",
    about: "those that are not offered, too",
    ..PLAIN
};
static ONLINE: Opt = Opt {
    long: "online",
    about: "ask each provider for its models, too",
    ..PLAIN
};
static PROVIDER: Opt = Opt {
    long: "provider",
    value: "ID",
    values: Values::Providers,
    about: "only this provider",
    argument: "provider",
    ..PLAIN
};
static RESOLVE: Opt = Opt {
    long: "resolve",
    value: "NAME",
    values: Values::Models,
    about: "explain where a model's name leads, without a network",
    ..PLAIN
};
static MODEL: Opt = Opt {
    short: Some('m'),
    long: "model",
    value: "MODEL",
    values: Values::Models,
    about: "a model's id, provider/model, an alias or a tag; @high sets the effort",
    argument: "model",
};
static SYSTEM: Opt = Opt {
    short: Some('s'),
    long: "system",
    value: "TEXT",
    about: "instructions for the model",
    argument: "system",
    ..PLAIN
};
static EFFORT: Opt = Opt {
    long: "effort",
    value: "EFFORT",
    values: Values::Words(&["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    about: "how much a reasoning model thinks: none to max",
    argument: "reasoning_effort",
    ..PLAIN
};
static MAX_TOKENS: Opt = Opt {
    long: "max-tokens",
    value: "N",
    about: "longest answer",
    argument: "max_tokens",
    ..PLAIN
};
static TIMEOUT: Opt = Opt {
    long: "timeout",
    value: "SECONDS",
    about: "longest wait (default: no limit); what has come by then is printed",
    argument: "timeout_seconds",
    ..PLAIN
};
static DRY_RUN: Opt = Opt {
    long: "dry-run",
    about: "only tell what would be sent, and where",
    argument: "dry_run",
    ..PLAIN
};

/// The arguments of tools that are options under another name, with the option of each.
pub(crate) fn options_of_arguments() -> impl Iterator<Item = (&'static str, String)> {
    let options = COMMANDS.iter().flat_map(|spec| spec.options);
    // Names of one word also occur as ordinary words.
    let options = options.filter(|option| option.argument.contains('_'));
    options.map(|option| (option.argument, option.name()))
}

/// Options that belong to no command.
static EVERYWHERE: [&Opt; 2] = [&HELP, &VERSION];

const COMMAND: Spec = Spec {
    name: "",
    arguments: "",
    most: 0,
    values: Values::Any,
    about: "",
    options: &[],
    build: |_| Ok(Command::Serve),
};

static COMMANDS: [Spec; 10] = [
    Spec {
        name: "chat",
        arguments: "[PROMPT…]",
        most: usize::MAX,
        about: "ask a model; what is piped in follows the prompt, or is it",
        options: &[
            &MODEL,
            &SYSTEM,
            &PROVIDER,
            &EFFORT,
            &MAX_TOKENS,
            &TIMEOUT,
            &DRY_RUN,
            &JSON,
        ],
        build: |typed| {
            Ok(Command::Chat(Chat {
                json: typed.has(&JSON),
                prompt: typed.words.join(" "),
                arguments: typed
                    .options
                    .into_iter()
                    .filter(|(option, _)| !option.argument.is_empty())
                    .map(|(option, value)| (option.argument, value))
                    .collect(),
            }))
        },
        ..COMMAND
    },
    Spec {
        name: "models",
        about: "list the models that the providers offer now",
        options: &[&PROVIDER, &RESOLVE, &JSON],
        build: |mut typed| {
            let provider = typed.take(&PROVIDER);
            match typed.take(&RESOLVE) {
                Some(_) if typed.has(&JSON) => {
                    Err("--resolve explains in words, without --json".into())
                }
                Some(name) => Ok(Command::Resolve { name, provider }),
                None => Ok(Command::Models {
                    provider,
                    json: typed.has(&JSON),
                }),
            }
        },
        ..COMMAND
    },
    Spec {
        name: "doctor",
        about: "tell of each provider whether it can be used, or why not",
        options: &[&ONLINE],
        build: |typed| {
            Ok(Command::Doctor {
                online: typed.has(&ONLINE),
            })
        },
        ..COMMAND
    },
    Spec {
        name: "config validate",
        about: "check the settings, without a network",
        build: |_| Ok(Command::ConfigValidate),
        ..COMMAND
    },
    Spec {
        name: "config show",
        about: "print the settings as they are resolved, and where each comes from",
        options: &[&JSON],
        build: |typed| {
            Ok(Command::ConfigShow {
                json: typed.has(&JSON),
            })
        },
        ..COMMAND
    },
    Spec {
        name: "config init",
        about: "print a commented example of the configuration file",
        build: |_| Ok(Command::ConfigInit),
        ..COMMAND
    },
    Spec {
        name: "config schema",
        about: "print the JSON Schema of the configuration file, for editors",
        build: |_| Ok(Command::ConfigSchema),
        ..COMMAND
    },
    Spec {
        name: "tools",
        about: "print the tools that a client would see",
        options: &[&JSON, &ALL],
        build: |typed| {
            Ok(Command::Tools {
                json: typed.has(&JSON),
                all: typed.has(&ALL),
            })
        },
        ..COMMAND
    },
    Spec {
        name: "docs",
        arguments: "[TOPIC]",
        most: 1,
        values: Values::Topics,
        about: "print a page of the documentation, or the list of pages",
        build: |mut typed| {
            Ok(Command::Docs {
                topic: typed.words.pop(),
            })
        },
        ..COMMAND
    },
    Spec {
        name: "completions",
        arguments: "bash|zsh|fish",
        most: 1,
        values: Values::Words(&["bash", "zsh", "fish"]),
        about: "print a script that completes commands, for the shell to source",
        build: |typed| match typed.words.first().map(String::as_str) {
            Some("bash") => Ok(Command::Completions(Shell::Bash)),
            Some("zsh") => Ok(Command::Completions(Shell::Zsh)),
            Some("fish") => Ok(Command::Completions(Shell::Fish)),
            Some(other) => Err(format!(
                "there is no script for {}: write bash, zsh or fish",
                shown(other, ["bash", "zsh", "fish"])
            )),
            None => Err("completions needs a shell: bash, zsh or fish".into()),
        },
        ..COMMAND
    },
];

/// The hidden command of completion scripts.
const COMPLETE: &str = "__complete";

/// The arguments of one command.
#[derive(Debug, Default)]
struct Typed {
    words: Vec<String>,
    /// Options with their values; a flag's is `true`.
    options: Vec<(&'static Opt, String)>,
}

impl Typed {
    fn has(&self, option: &Opt) -> bool {
        self.options.iter().any(|(it, _)| it.long == option.long)
    }

    /// The last value of an option.
    fn take(&mut self, option: &Opt) -> Option<String> {
        let place = self
            .options
            .iter()
            .rposition(|(it, _)| it.long == option.long)?;
        Some(self.options.swap_remove(place).1)
    }
}

impl Spec {
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.name.split(' ')
    }

    /// The command that these words begin with.
    fn find(words: &[String]) -> Option<&'static Self> {
        let is_meant = |spec: &&Spec| {
            let mut typed = words.iter();
            spec.words()
                .all(|word| typed.next().is_some_and(|it| it == word))
        };
        COMMANDS.iter().find(is_meant)
    }
}

impl Opt {
    /// As typed: `--long`.
    fn name(&self) -> String {
        format!("--{}", self.long)
    }

    /// All options, global ones first. Some occur more than once.
    fn all() -> impl Iterator<Item = &'static Self> {
        let of_commands = COMMANDS.iter().flat_map(|spec| spec.options);
        EVERYWHERE.iter().chain(of_commands).copied()
    }
}

/// Reads the arguments of the process, without its name.
///
/// # Errors
/// What was not understood, with a suggestion.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some((first, words)) = arguments.split_first()
        && first == COMPLETE
    {
        let words = words.iter().map(|word| word.to_string_lossy().into_owned());
        return Ok(Command::Complete(words.collect()));
    }
    read(arguments).map_err(|problem| format!("{problem}. Try anygpt-mcp --help"))
}

fn read(arguments: Vec<OsString>) -> Result<Command, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut typed = Typed::default();
    while let Some(argument) = parser.next().map_err(refused)? {
        let option = match argument {
            Arg::Value(word) => {
                typed.words.push(text(word)?);
                continue;
            }
            Arg::Short(letter) => {
                let option = Opt::all().find(|option| option.short == Some(letter));
                option.ok_or_else(|| format!("there is no option -{}", letter.escape_debug()))?
            }
            Arg::Long(name) => {
                let option = Opt::all().find(|option| option.long == name);
                option.ok_or_else(|| no_option(name, &typed.words))?
            }
        };
        let value = match option.value {
            "" => "true".to_owned(),
            _ => text(parser.value().map_err(refused)?)?,
        };
        typed.options.push((option, value));
    }
    let spec = Spec::find(&typed.words);
    if typed.has(&HELP) {
        return Ok(Command::Help(spec));
    }
    if typed.has(&VERSION) {
        return Ok(Command::Version);
    }
    let Some(spec) = spec else {
        return without_command(&typed);
    };
    typed.words.drain(..spec.words().count());
    let strange = |(option, _): &&(&Opt, _)| spec.options.iter().all(|it| it.long != option.long);
    if let Some((option, _)) = typed.options.iter().find(strange) {
        return Err(foreign(option));
    }
    match typed.words.get(spec.most) {
        Some(word) => Err(format!("{} takes no word {}", spec.name, shown(word, []))),
        None => (spec.build)(typed),
    }
}

fn text(word: OsString) -> Result<String, String> {
    word.into_string()
        .map_err(|word| format!("{} is not valid UTF-8", shown(&word.to_string_lossy(), [])))
}

/// The parser's error in words of our own, because its text would repeat a value, which may be a key.
fn refused(error: lexopt::Error) -> String {
    match error {
        lexopt::Error::UnexpectedValue { option, value } => {
            let value = shown(&value.to_string_lossy(), []);
            format!("{option} takes no value, but has {value}")
        }
        error => error.to_string(),
    }
}

/// For options without a command, or an unknown command.
fn without_command(typed: &Typed) -> Result<Command, String> {
    let words: Vec<&str> = typed.words.iter().map(String::as_str).collect();
    match (words[..].split_first(), typed.options.first()) {
        (None, None) => Ok(Command::Serve),
        (None, Some((option, _))) => Err(foreign(option)),
        (Some((&"help", words)), _) => {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            match Spec::find(&words) {
                None if !words.is_empty() => Err(unknown(&words.join(" "))),
                spec => Ok(Command::Help(spec)),
            }
        }
        _ => Err(unknown(&words.join(" "))),
    }
}

fn foreign(option: &Opt) -> String {
    let owners = COMMANDS.iter();
    let owners = owners.filter(|spec| spec.options.iter().any(|it| it.long == option.long));
    let owners: Vec<&str> = owners.map(|spec| spec.name).collect();
    format!("{} belongs to: {}", option.name(), owners.join(", "))
}

fn no_option(name: &str, words: &[String]) -> String {
    // An option of this command is more likely meant.
    let of_command = Spec::find(words).map_or(&[][..], |spec| spec.options);
    let all = of_command.iter().copied().chain(Opt::all());
    let perhaps = match nearest(name, all.map(|option| option.long)) {
        Some(near) => format!("; perhaps you mean --{near}"),
        None => String::new(),
    };
    // It may be a key.
    let known = Opt::all().map(|option| option.long);
    match is_harmless(name, known) {
        true => format!("there is no option --{}{perhaps}", name.escape_debug()),
        false => format!("there is no option of {} characters", name.chars().count()),
    }
}

fn unknown(words: &str) -> String {
    // The second word alone is a common abbreviation.
    let names = COMMANDS.iter().map(|spec| (spec.name, spec));
    let last = COMMANDS
        .iter()
        .filter_map(|spec| Some((spec.words().nth(1)?, spec)));
    let all: Vec<(&str, &Spec)> = names.chain(last).collect();
    let near = nearest(words, all.iter().map(|(name, _)| *name))
        .or_else(|| nearest(words.split(' ').next()?, all.iter().map(|(name, _)| *name)));
    let near = near.and_then(|near| all.iter().find(|(name, _)| *name == near));
    let beginning = format!("{words} ");
    let longer = COMMANDS
        .iter()
        .filter(|spec| spec.name.starts_with(&beginning));
    let longer: Vec<&str> = longer.map(|spec| spec.name).collect();
    if !longer.is_empty() {
        return format!("{words} needs another word: {}", longer.join(", "));
    }
    let perhaps = match near {
        Some((_, spec)) => format!("; perhaps you mean {}", spec.name),
        None => String::new(),
    };
    let known = || {
        COMMANDS
            .iter()
            .flat_map(|spec| spec.words().chain([spec.name]))
    };
    let shown = match words.split(' ').all(|word| is_harmless(word, known())) {
        true => words
            .chars()
            .take(80)
            .flat_map(char::escape_debug)
            .collect(),
        // It may be a key.
        false => format!("a word of {} characters", words.chars().count()),
    };
    format!("unknown command: {shown}{perhaps}")
}

#[cfg(test)]
mod tests;
