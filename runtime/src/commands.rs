//! The commands other than serving: results go to stdout, messages to stderr.
//!
//! Never here: parsing the command line, or exit codes.

use std::io;

use serde_json::{Map, Value};

use crate::{
    cli::{self, Command},
    docs,
    error::no_provider_for_command_line,
    gateway::NoopObserver,
    listing,
    local_calls::{self, LocalCalls},
    output::{self, StdoutError, Style},
    redact,
    settings::{LogFormat, LogLevel, Offer, Problem, Settings, shown},
    spelling::nearest,
    telemetry, tools,
};

mod chat;
mod costs;
mod doctor;
mod resolved;
mod show;

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Success.
    Success,
    /// The settings or the arguments cannot be used.
    Configuration,
    /// A call failed.
    Failed,
}

/// Reads the settings.
type Load<'a> = &'a dyn Fn() -> Result<Settings, Problem>;

type CommandResult = Result<Exit, StdoutError>;

/// The example that `config init` prints; the image has it as a file.
const EXAMPLE: &str = include_str!("../share/anygpt.config.example.yaml");

/// The same for `config schema`.
const SCHEMA: &str = include_str!("../share/anygpt.config.schema.json");

/// Runs a command.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn run(command: Command, load: Load<'_>) -> CommandResult {
    match command {
        Command::Help(spec) => print(&cli::help(spec, Style::of_stdout())),
        Command::Version => print(&format!("anygpt-mcp {}\n", crate::VERSION)),
        Command::ConfigValidate => validate(load),
        Command::ConfigShow { json } => with(load, |settings| show::print(&settings, json)),
        Command::ConfigInit => print(EXAMPLE),
        Command::ConfigSchema => print(SCHEMA),
        Command::Doctor { online } => with(load, |settings| doctor::run(settings, online)),
        Command::Tools { json, all } => tools(json, all, load),
        Command::Models { provider, json } => {
            with(load, |settings| models(settings, provider.as_deref(), json))
        }
        Command::Resolve {
            name,
            provider,
            json,
        } => with(load, |settings| {
            resolved::print(&settings, provider.as_deref(), &name, json)
        }),
        Command::Chat(chat) => with(load, |settings| chat::run(settings, chat)),
        Command::Costs { files, json } => costs::run(&files, json),
        Command::Docs { topic } => match topic {
            None => topics(),
            Some(topic) => page(&topic, load),
        },
        Command::Completions(shell) => print(cli::script(shell)),
        Command::Complete(words) => {
            let found = cli::complete(&words, || load().ok());
            print(
                &found
                    .iter()
                    .map(|word| format!("{word}\n"))
                    .collect::<String>(),
            )
        }
    }
}

fn print(text: &str) -> CommandResult {
    output::write(text)?;
    Ok(Exit::Success)
}

/// Prints a message on stderr.
fn print_message(text: &str) {
    telemetry::message_now(&with_options(text));
}

/// The text with options in place of the arguments of tools that they set.
fn with_options(text: &str) -> String {
    cli::options_of_arguments().fold(text.to_owned(), |text, (argument, option)| {
        with_option(&text, argument, &option)
    })
}

/// The text with an option in place of an argument's name. In quotes it is a quoted word, and after a dot a setting's
/// name.
fn with_option(text: &str, argument: &str, option: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(argument) {
        let is_part =
            |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | '`');
        let is_word =
            !before.ends_with(is_part) && !after.starts_with(|c: char| is_part(c) && c != '.');
        shown.push_str(before);
        shown.push_str(if is_word { option } else { argument });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Prints the problem; exit status 1.
fn fail(problem: &str) -> CommandResult {
    print_message(&redact::redact_caller_text(problem));
    Ok(Exit::Configuration)
}

fn with(load: Load<'_>, command: impl FnOnce(Settings) -> CommandResult) -> CommandResult {
    match load() {
        Err(problem) => fail(&problem.to_string()),
        Ok(settings) => {
            warn(&settings);
            command(settings)
        }
    }
}

fn warn(settings: &Settings) {
    for warning in &settings.warnings {
        print_message(&format!("warning: {warning}"));
    }
}

/// Calls for one command. Its log is for debugging: messages for the user are printed as such.
fn local_calls(settings: Settings) -> LocalCalls {
    let level = match settings.log_level {
        LogLevel::Debug => LogLevel::Debug,
        _ => LogLevel::Error,
    };
    let calls = LocalCalls::new(settings);
    // The setting is for the log of the server.
    telemetry::start(level, LogFormat::Text, calls.redactor.clone());
    calls
}

/// Runs work that makes calls; an inner error means that it cannot run.
fn block_on<T>(
    work: impl Future<Output = Result<T, StdoutError>>,
) -> Result<Result<T, Exit>, StdoutError> {
    let failed = |error: io::Error| {
        print_message(&format!("calls are not possible: {error}"));
        Exit::Failed
    };
    match local_calls::block_on(work) {
        Ok(done) => done.map(Ok),
        Err(error) => Ok(Err(failed(error))),
    }
}

/// Reads the certificates, which the server reads at the first connection.
fn certificates(settings: &Settings) -> Result<(), Problem> {
    let trusted = settings.network.certificates().read()?;
    if let Some(warning) = trusted.warning() {
        print_message(&format!("warning: {warning}"));
    }
    Ok(())
}

fn validate(load: Load<'_>) -> CommandResult {
    with(load, |settings| {
        if let Err(problem) = certificates(&settings) {
            return fail(&problem.to_string());
        }
        // There was a warning.
        if settings.has_broken_provider() {
            return Ok(Exit::Configuration);
        }
        if !settings.has_usable_provider() {
            return fail(&no_provider_for_command_line(settings.ended.as_deref()));
        }
        print("The settings are valid.\n")
    })
}

fn tools(json: bool, all: bool, load: Load<'_>) -> CommandResult {
    let offer = match load() {
        Ok(settings) => settings.offer,
        Err(problem) => {
            print_message(&format!("warning: {problem}"));
            Offer::usual(&tools::names())
        }
    };
    let listed = match json {
        true => listing::json(&offer, all).map(|json| json + "\n"),
        false => listing::text(&offer, all, Style::of_stdout()),
    };
    match listed {
        Ok(text) => print(&text),
        Err(error) => {
            print_message(&format!("the tools cannot be listed: {error}"));
            Ok(Exit::Failed)
        }
    }
}

/// All pages of the list as one.
fn models(settings: Settings, provider: Option<&str>, json: bool) -> CommandResult {
    let calls = local_calls(settings);
    let listed = block_on(async {
        let mut pages: Vec<Value> = Vec::new();
        let mut errors = Vec::new();
        let mut arguments = Map::new();
        arguments.insert("limit".into(), tools::LARGEST_PAGE.into());
        arguments.extend(provider.map(|id| ("provider".to_owned(), id.into())));
        loop {
            let outcome = calls
                .call(&tools::LIST_MODELS, arguments.clone(), &mut NoopObserver)
                .await;
            let outcome = match outcome {
                Ok(outcome) if !outcome.is_error => outcome,
                Ok(outcome) => return Ok(Err((calls.texts(&outcome.errors), Exit::Failed))),
                Err(error) => {
                    let text = calls.texts(&[error]);
                    let text = redact::redact_caller_text(&text).into_owned();
                    return Ok(Err((text, Exit::Configuration)));
                }
            };
            if pages.is_empty() {
                errors = outcome.errors;
            }
            let page = outcome.structured.unwrap_or_default();
            let page: Value = serde_json::from_str(&page).unwrap_or_default();
            let next = page["next_cursor"].clone();
            pages.push(page);
            if next.is_null() {
                return Ok(Ok((pages, errors)));
            }
            arguments.insert("cursor".into(), next);
        }
    })?;
    match listed {
        Err(ended) => Ok(ended),
        Ok(Err((problem, ended))) => {
            print_message(&problem);
            Ok(ended)
        }
        Ok(Ok((pages, errors))) => {
            let errors: Vec<String> = errors.iter().map(|error| calls.text(error)).collect();
            print_models(pages, &errors, json)
        }
    }
}

fn print_models(pages: Vec<Value>, errors: &[String], json: bool) -> CommandResult {
    let mut all = Value::Null;
    for mut page in pages {
        match all["models"].as_array_mut() {
            None => all = page,
            Some(models) => {
                if let Some(more) = page["models"].as_array_mut() {
                    models.append(more);
                }
            }
        }
    }
    if let Some(all) = all.as_object_mut() {
        all.remove("next_cursor");
        all.remove("total");
    }
    if json {
        return print_json(&all.to_string());
    }
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    };
    let mut text = String::new();
    for model in all["models"].as_array().into_iter().flatten() {
        let word = |name: &str| model[name].as_str().unwrap_or_default();
        let tags = texts(&model["tags"]);
        text.push_str(&format!("{}/{}", word("provider"), word("id")));
        if !tags.is_empty() {
            text.push_str(&format!(" (tags: {})", tags.join(", ")));
        }
        text.push('\n');
    }
    let warnings = texts(&all["warnings"]);
    errors
        .iter()
        .chain(&warnings)
        .for_each(|text| print_message(text));
    print(&for_stdout(&text))?;
    Ok(match text.is_empty() && !errors.is_empty() {
        true => Exit::Failed,
        false => Exit::Success,
    })
}

/// Names and answers come from outside; a terminal must not interpret them.
fn for_stdout(text: &str) -> String {
    match output::is_terminal() {
        true => output::escape_control_characters(text),
        false => text.to_owned(),
    }
}

/// JSON with text from outside.
fn print_json(json: &str) -> CommandResult {
    match output::is_terminal() {
        true => print(&format!(
            "{}\n",
            output::escape_json_control_characters(json)
        )),
        false => print(&format!("{json}\n")),
    }
}

fn topics() -> CommandResult {
    let lines = docs::topics().map(|topic| format!("{:16} {}\n", topic.name, topic.description));
    print(&lines.collect::<String>())
}

fn page(name: &str, load: Load<'_>) -> CommandResult {
    let Some(topic) = docs::topics().find(|topic| topic.name == name) else {
        let names: Vec<_> = docs::topics().map(|topic| topic.name).collect();
        let perhaps = nearest(name, names.iter().map(|name| &**name));
        let perhaps = perhaps.map(|near| format!("; perhaps you mean {near}"));
        return fail(&format!(
            "there is no page {}{}. The pages are {}",
            shown(name, names.iter().map(|name| &**name)),
            perhaps.unwrap_or_default(),
            names.join(", ")
        ));
    };
    if !docs::needs_settings(topic.position) {
        return print(docs::plain_text(topic.position));
    }
    match load() {
        Ok(settings) => print(&docs::text(topic.position, &settings)),
        // The documentation helps to correct the settings.
        Err(problem) => {
            print_message(&problem.to_string());
            print(docs::plain_text(topic.position))
        }
    }
}
