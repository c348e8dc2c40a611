//! The command line: its arguments become one command.
//!
//! Never here: running the command.

use std::{ffi::OsString, fmt};

use lexopt::Arg;

use crate::{
    settings::{is_showable, shown},
    spelling::nearest,
};

mod complete;
mod help;
mod table;

pub(crate) use complete::{complete, script};
pub(crate) use help::help;
pub(crate) use table::Spec;
pub(crate) use table::options_of_arguments;

use table::{COMMANDS, EVERYWHERE, HELP, Opt, VERSION, Values};

/// A command other than serving MCP on stdin and stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Check the settings, without a network.
    ConfigValidate,
    /// Print the settings as they are resolved, without secrets.
    ConfigShow { json: bool },
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
        name: String,
        /// As if this provider were named in the call.
        provider: Option<String>,
        /// As an object, with what is known of the model.
        json: bool,
    },
    /// Ask a model.
    Chat(Chat),
    /// Print what calls have cost.
    Costs {
        /// Logs to read; none for stdin.
        files: Vec<String>,
        json: bool,
    },
    /// Print a page of the documentation, or the list of pages.
    Docs {
        /// The page's name.
        topic: Option<String>,
    },
    /// Print a script for a shell.
    Completions(Shell),
    /// Complete a command line for a shell: all words after the program's name, the last one perhaps
    /// unfinished.
    Complete(Vec<String>),
    /// Print the help text, of a command if one is named.
    Help(Option<&'static Spec>),
    /// Print name and version.
    Version,
}

/// The arguments of `chat`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chat {
    /// The prompt; empty if it is to be read from stdin.
    pub prompt: String,
    /// Print `structuredContent`.
    pub json: bool,
    /// Arguments of the tool by their names there, as typed.
    pub arguments: Vec<(&'static str, String)>,
}

/// A shell with a completion script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The first word of a request for completions by a shell.
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

/// Why the arguments are not a command, and what was perhaps meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsageError(String);

impl UsageError {
    fn new(problem: impl Into<String>) -> Self {
        UsageError(problem.into())
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. Try anygpt-mcp --help", self.0)
    }
}

/// Reads the arguments of the process, without its name; without a command it serves.
///
/// # Errors
/// The arguments are not a command.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Option<Command>, UsageError> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some((first, words)) = arguments.split_first()
        && first == COMPLETE
    {
        let words = words.iter().map(|word| word.to_string_lossy().into_owned());
        return Ok(Some(Command::Complete(words.collect())));
    }
    read(arguments)
}

fn read(arguments: Vec<OsString>) -> Result<Option<Command>, UsageError> {
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
                option.ok_or_else(|| {
                    UsageError::new(format!("there is no option -{}", letter.escape_debug()))
                })?
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
        return Ok(Some(Command::Help(spec)));
    }
    if typed.has(&VERSION) {
        return Ok(Some(Command::Version));
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
        Some(word) => {
            let word = shown(word, []);
            Err(UsageError::new(format!(
                "{} takes no word {word}",
                spec.name
            )))
        }
        None => (spec.build)(typed).map(Some),
    }
}

fn text(word: OsString) -> Result<String, UsageError> {
    word.into_string().map_err(|word| {
        let word = shown(&word.to_string_lossy(), []);
        UsageError::new(format!("{word} is not valid UTF-8"))
    })
}

/// An error of the parser. Its own message would repeat a value, which may be a key.
fn refused(error: lexopt::Error) -> UsageError {
    UsageError::new(match error {
        lexopt::Error::UnexpectedValue { option, value } => {
            let value = shown(&value.to_string_lossy(), []);
            format!("{option} takes no value, but has {value}")
        }
        error => error.to_string(),
    })
}

/// Only options were typed, or an unknown command.
fn without_command(typed: &Typed) -> Result<Option<Command>, UsageError> {
    let words: Vec<&str> = typed.words.iter().map(String::as_str).collect();
    match (words[..].split_first(), typed.options.first()) {
        (None, None) => Ok(None),
        (None, Some((option, _))) => Err(foreign(option)),
        (Some((&"help", words)), _) => {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            match Spec::find(&words) {
                None if !words.is_empty() => Err(unknown(&words.join(" "))),
                spec => Ok(Some(Command::Help(spec))),
            }
        }
        _ => Err(unknown(&words.join(" "))),
    }
}

fn foreign(option: &Opt) -> UsageError {
    let owners = COMMANDS.iter();
    let owners = owners.filter(|spec| spec.options.iter().any(|it| it.long == option.long));
    let owners: Vec<&str> = owners.map(|spec| spec.name).collect();
    UsageError::new(format!(
        "{} belongs to: {}",
        option.name(),
        owners.join(", ")
    ))
}

fn no_option(name: &str, words: &[String]) -> UsageError {
    // An option of this command is more likely meant.
    let of_command = Spec::find(words).map_or(&[][..], |spec| spec.options);
    let all = of_command.iter().copied().chain(Opt::all());
    let perhaps = match nearest(name, all.map(|option| option.long)) {
        Some(near) => format!("; perhaps you mean --{near}"),
        None => String::new(),
    };
    // It may be a key.
    let known = Opt::all().map(|option| option.long);
    UsageError::new(match is_showable(name, known) {
        true => format!("there is no option --{}{perhaps}", name.escape_debug()),
        false => format!("there is no option of {} characters", name.chars().count()),
    })
}

fn unknown(words: &str) -> UsageError {
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
        let longer = longer.join(", ");
        return UsageError::new(format!("{words} needs another word: {longer}"));
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
    let shown = match words.split(' ').all(|word| is_showable(word, known())) {
        true => words
            .chars()
            .take(80)
            .flat_map(char::escape_debug)
            .collect(),
        // It may be a key.
        false => format!("a word of {} characters", words.chars().count()),
    };
    UsageError::new(format!("unknown command: {shown}{perhaps}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
