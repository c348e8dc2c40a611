//! The table of commands and options, from which the parser, the help, the completions and the suggestions are made.
//!
//! Never here: parsing.

use super::{Chat, Command, Shell, Typed, UsageError};
use crate::settings::shown;

/// A command.
#[derive(Debug)]
pub(crate) struct Spec {
    /// One word or two.
    pub(super) name: &'static str,
    /// The words after its options, for the help.
    pub(super) arguments: &'static str,
    /// How many words may follow its name.
    pub(super) most: usize,
    /// The possible values of the last of them.
    pub(super) values: Values,
    pub(super) about: &'static str,
    pub(super) options: &'static [&'static Opt],
    pub(super) build: fn(Typed) -> Result<Command, UsageError>,
}

// Each command is one entry of a table.
impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Spec {}

/// An option.
#[derive(Debug)]
pub(super) struct Opt {
    pub(super) short: Option<char>,
    pub(super) long: &'static str,
    /// The name of its value in the help; empty for a flag.
    pub(super) value: &'static str,
    pub(super) values: Values,
    pub(super) about: &'static str,
    /// The argument of the chat tool that it sets.
    pub(super) argument: &'static str,
}

/// The possible values, for completions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    /// Anything.
    Any,
    Words(&'static [&'static str]),
    Efforts,
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

pub(super) static HELP: Opt = Opt {
    short: Some('h'),
    long: "help",
    about: "print this, or the help of a command",
    ..PLAIN
};
pub(super) static VERSION: Opt = Opt {
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
    about: "explain where a model's name leads and what is known of it, without a network",
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
    values: Values::Efforts,
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
    about: "print the request and its destination instead of sending it",
    argument: "dry_run",
    ..PLAIN
};

/// The arguments of tools that are options under another name, with their options.
pub(crate) fn options_of_arguments() -> impl Iterator<Item = (&'static str, String)> {
    let options = COMMANDS.iter().flat_map(|spec| spec.options);
    // Names of one word also occur as ordinary words.
    let options = options.filter(|option| option.argument.contains('_'));
    options.map(|option| (option.argument, option.name()))
}

/// The options of every command.
pub(super) static EVERYWHERE: [&Opt; 2] = [&HELP, &VERSION];

const COMMAND: Spec = Spec {
    name: "",
    arguments: "",
    most: 0,
    values: Values::Any,
    about: "",
    options: &[],
    build: |_| Ok(Command::Version),
};

pub(super) static COMMANDS: [Spec; 11] = [
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
            let name = typed.take(&RESOLVE);
            let json = typed.has(&JSON);
            Ok(match name {
                Some(name) => Command::Resolve {
                    name,
                    provider,
                    json,
                },
                None => Command::Models { provider, json },
            })
        },
        ..COMMAND
    },
    Spec {
        name: "doctor",
        about: "report for each provider whether it can be used, or why not",
        options: &[&ONLINE],
        build: |typed| {
            Ok(Command::Doctor {
                online: typed.has(&ONLINE),
            })
        },
        ..COMMAND
    },
    Spec {
        name: "costs",
        arguments: "[FILE…]",
        most: usize::MAX,
        about: "sum what calls have cost, by logs in JSON (files, or stdin)",
        options: &[&JSON],
        build: |typed| {
            Ok(Command::Costs {
                json: typed.has(&JSON),
                files: typed.words,
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
            Some(other) => Err(UsageError::new(format!(
                "there is no script for {}: write bash, zsh or fish",
                shown(other, ["bash", "zsh", "fish"])
            ))),
            None => Err(UsageError::new(
                "completions needs a shell: bash, zsh or fish",
            )),
        },
        ..COMMAND
    },
];

impl Spec {
    pub(super) fn words(&self) -> impl Iterator<Item = &'static str> {
        self.name.split(' ')
    }

    /// The command that these words begin with.
    pub(super) fn find(words: &[String]) -> Option<&'static Self> {
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
    pub(super) fn name(&self) -> String {
        format!("--{}", self.long)
    }

    /// All options, those of every command first. Some appear more than once.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        let of_commands = COMMANDS.iter().flat_map(|spec| spec.options);
        EVERYWHERE.iter().chain(of_commands).copied()
    }
}
