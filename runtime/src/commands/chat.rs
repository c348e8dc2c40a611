//! `chat`: one question, one answer. The options are the arguments of the tool, which checks them.
//!
//! A terminal shows the answer as it arrives. Other output gets it whole, since an attempt that fails halfway is repeated.
//!
//! Never here: valid values of arguments.

use std::{
    fmt,
    io::{self, IsTerminal as _, Read as _},
    mem,
};

use anygpt_core::Limits;
use anygpt_providers::Answer;
use futures_util::future::{Either, select};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, fstat},
};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::{CommandResult, Exit, block_on, fail, local_calls, print_message};
use crate::{
    cli::Chat,
    error::ErrorKind,
    gateway::Observer,
    outcome::Outcome,
    output::{self, StdoutError},
    redact::Redactor,
    settings::Settings,
    tools,
};

/// How long to wait for stdin before printing a hint.
const STDIN_HINT_DELAY: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

pub(super) fn run(settings: Settings, chat: Chat) -> CommandResult {
    output::check().map_err(StdoutError::Failed)?;
    let prompt = match prompt(&chat.prompt) {
        Ok(prompt) => prompt,
        Err(problem) => return fail(&problem.to_string()),
    };
    let mut arguments = Map::new();
    let typed = chat.arguments.into_iter();
    // Numbers and flags may be strings.
    arguments.extend(typed.map(|(name, value)| (name.to_owned(), Value::from(value))));
    arguments.insert("prompt".into(), prompt.into());

    let calls = local_calls(settings.without_default_timeout());
    let (stdout_error, stdout_failed) = oneshot::channel();
    let is_live = !chat.json && output::is_terminal();
    let mut screen = AnswerPrinter::new(&calls.redactor, is_live, stdout_error);
    let called = block_on(async {
        let call = Box::pin(calls.call(&tools::CHAT_COMPLETION, arguments, &mut screen));
        match select(call, stdout_failed).await {
            Either::Left((called, _)) => Ok(called),
            Either::Right((Ok(error), _)) => Err(error),
            // The screen holds the other end.
            Either::Right((Err(_), call)) => Ok(call.await),
        }
    })?;
    let outcome = match called {
        Err(ended) => return Ok(ended),
        Ok(Err(error)) => return fail(&calls.text(&error)),
        Ok(Ok(outcome)) => outcome,
    };
    if outcome.is_error {
        screen.end_line()?;
        print_message(&calls.texts(&outcome.errors));
        let kind = outcome.errors.first().map(|error| error.kind);
        return Ok(match kind {
            Some(ErrorKind::Config) => Exit::Configuration,
            _ => Exit::Failed,
        });
    }
    finish(&mut screen, &outcome, chat.json)
}

/// Prints the answer, or what is left of it.
fn finish(screen: &mut AnswerPrinter<'_>, outcome: &Outcome, json: bool) -> CommandResult {
    if json {
        super::print_json(&outcome.json())?;
    } else if screen.is_live {
        screen.finish(&outcome.text)?;
    } else {
        let end = if outcome.text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        output::write(&format!("{}{end}", outcome.text))?;
    }
    if let Some(note) = outcome.note.as_deref().filter(|_| !json) {
        print_message(note);
    }
    let structured = outcome.structured.as_deref().unwrap_or_default();
    let structured: Value = serde_json::from_str(structured).unwrap_or_default();
    match structured["partial"] == true {
        // The part that has arrived is printed, but the command has failed.
        true => {
            let why = structured["finish_reason"]
                .as_str()
                .unwrap_or("it broke off");
            print_message(&format!("the answer is not complete: {why}"));
            Ok(Exit::Failed)
        }
        false => Ok(Exit::Success),
    }
}

/// The prompt: the words, the input of a pipe, or both.
fn prompt(words: &str) -> Result<String, NoPrompt> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        if !words.trim().is_empty() {
            return Ok(words.to_owned());
        }
        print_message("type the prompt, then Ctrl-D on a line of its own");
    } else if !words.trim().is_empty() && !has_more() {
        return Ok(words.to_owned());
    } else {
        explain_wait();
    }
    let piped = read()?;
    match (words.trim(), piped.trim()) {
        ("", "") => Err(NoPrompt::Empty),
        ("", _) => Ok(piped),
        (_, "") => Ok(words.to_owned()),
        _ => Ok(format!("{words}\n\n{piped}")),
    }
}

/// Whether stdin may hold something that belongs to the prompt.
fn has_more() -> bool {
    let Ok(stat) = fstat(rustix::stdio::stdin()) else {
        return false;
    };
    let kind = FileType::from_raw_mode(stat.st_mode);
    kind.is_file() || kind.is_fifo() || kind.is_socket()
}

/// Prints a hint if a pipe is waited for that is not closed.
fn explain_wait() {
    let stdin = rustix::stdio::stdin();
    let ready = poll(
        &mut [PollFd::new(&stdin, PollFlags::IN)],
        Some(&STDIN_HINT_DELAY),
    );
    if ready == Ok(0) {
        print_message(
            "waiting for the end of stdin, which belongs to the prompt; </dev/null ends it at once",
        );
    }
}

fn read() -> Result<String, NoPrompt> {
    let most = Limits::default().line;
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(most as u64 + 1)
        .read_to_end(&mut bytes);
    read.map_err(NoPrompt::Unreadable)?;
    if bytes.len() > most {
        return Err(NoPrompt::TooLong { most });
    }
    String::from_utf8(bytes).map_err(|_| NoPrompt::NotUtf8)
}

/// Why there is no prompt.
#[derive(Debug)]
enum NoPrompt {
    Empty,
    Unreadable(io::Error),
    TooLong {
        /// In bytes.
        most: usize,
    },
    NotUtf8,
}

impl fmt::Display for NoPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoPrompt::Empty => {
                f.write_str("there is nothing to ask: write a prompt after chat, or pipe one in")
            }
            NoPrompt::Unreadable(error) => write!(f, "stdin cannot be read: {error}"),
            NoPrompt::TooLong { most } => {
                write!(f, "stdin holds more than {} MiB: send less", most >> 20)
            }
            NoPrompt::NotUtf8 => f.write_str("stdin is not valid UTF-8: send text"),
        }
    }
}

/// Writes the answer as it arrives.
struct AnswerPrinter<'r> {
    redactor: &'r Redactor,
    /// Stdout is a terminal.
    is_live: bool,
    /// The answer so far.
    taken: String,
    /// The end of it that may be the beginning of a key.
    held: String,
    /// The cursor is not at the beginning of a line.
    is_within_line: bool,
    /// Notified when stdout cannot be written any more.
    stdout_error: Option<oneshot::Sender<StdoutError>>,
}

impl<'r> AnswerPrinter<'r> {
    fn new(
        redactor: &'r Redactor,
        is_live: bool,
        stdout_error: oneshot::Sender<StdoutError>,
    ) -> Self {
        AnswerPrinter {
            redactor,
            is_live,
            taken: String::new(),
            held: String::new(),
            is_within_line: false,
            stdout_error: Some(stdout_error),
        }
    }

    /// Writes what is new in the answer.
    fn take(&mut self, answer: &str) -> Result<(), StdoutError> {
        if !answer.is_char_boundary(self.taken.len()) {
            self.begin_again()?;
        }
        let new = answer.get(self.taken.len()..).unwrap_or_default();
        self.taken.push_str(new);
        self.held.push_str(new);
        let shown = self.redactor.shown_length(&self.held);
        let rest = self.held.split_off(shown);
        let ready = mem::replace(&mut self.held, rest);
        self.write(&ready)
    }

    /// Another attempt starts with an empty answer.
    fn begin_again(&mut self) -> Result<(), StdoutError> {
        self.held.clear();
        if !mem::take(&mut self.taken).is_empty() {
            self.end_line()?;
            print_message("what follows replaces the text above");
        }
        Ok(())
    }

    /// The whole answer is known, without keys.
    fn finish(&mut self, answer: &str) -> Result<(), StdoutError> {
        let held = mem::take(&mut self.held);
        self.write(&held)?;
        if *self.redactor.text(&self.taken) != *answer {
            self.begin_again()?;
            self.write(answer)?;
        }
        self.end_line()
    }

    fn write(&mut self, text: &str) -> Result<(), StdoutError> {
        if text.is_empty() {
            return Ok(());
        }
        self.is_within_line = !text.ends_with('\n');
        output::write(&output::escape_control_characters(
            &self.redactor.text(text),
        ))
    }

    fn end_line(&mut self) -> Result<(), StdoutError> {
        match mem::take(&mut self.is_within_line) {
            true => output::write("\n"),
            false => Ok(()),
        }
    }

    fn report(&mut self, written: Result<(), StdoutError>) {
        if let Err(error) = written
            && let Some(stdout_error) = self.stdout_error.take()
        {
            let _sent = stdout_error.send(error);
        }
    }
}

impl Observer for AnswerPrinter<'_> {
    fn connected(&mut self, _provider: &str) {}

    fn received(&mut self, answer: &Answer) {
        if self.is_live && self.stdout_error.is_some() {
            let written = self.take(&answer.text);
            self.report(written);
        }
    }

    fn on_status(&mut self, status: &str) {
        let mut written = self.end_line();
        print_message(status);
        if written.is_ok() {
            written = self.begin_again();
        }
        self.report(written);
    }
}
