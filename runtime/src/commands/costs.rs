//! `costs`: what calls have cost, by a log in JSON.
//!
//! The log may have any length: its lines are read one by one, and what is kept of them is bounded.
//!
//! Never here: which lines a log has (see `gateway/bill.rs`).

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal as _, Read as _},
};

use serde::Serialize;
use serde_json::Value;

use super::{CommandResult, Exit, fail, print, print_json, print_message};
use crate::{
    call::PAID,
    gateway::price::rounded,
    output::{Style, is_unsafe_in_terminal},
    telemetry::DROPPED,
};

/// Most bytes of a line.
const LONGEST_LINE: usize = 1 << 20;

/// Most bytes of a name; those of the log are shorter.
const LONGEST_NAME: usize = 512;

/// Most rows, with names of 200 MB.
const MOST_ROWS: usize = 100_000;

/// Most pieces of work that are recognized if they are logged twice: as many as fit into a set of 38 MB.
const MOST_WORK: usize = (7 << if cfg!(test) { 12 } else { 22 }) / 8;

pub(super) fn run(files: &[String], json: bool) -> CommandResult {
    let mut costs = Costs::default();
    if let Err(problem) = costs.read_all(files) {
        return fail(&problem);
    }
    if json {
        print_json(&costs.json())?;
    } else if !costs.rows.is_empty() {
        print(&costs.table(Style::of_stdout()))?;
    }
    costs
        .messages()
        .iter()
        .for_each(|message| print_message(message));
    Ok(Exit::Success)
}

/// What a log tells so far.
#[derive(Debug, Default)]
struct Costs {
    rows: BTreeMap<Names, Sums>,
    /// The work that is in them.
    seen: HashSet<u64>,
    /// There was more of it.
    has_unseen: bool,
    /// Lines that are no JSON, or too long.
    unreadable: u64,
    /// Lines that the server could not write.
    dropped: u64,
}

/// What a row is about.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Names {
    /// In UTC.
    day: String,
    provider: String,
    model: String,
    /// If the client has told its name.
    client: Option<String>,
}

/// The sums of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Sums {
    calls: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// Of the calls whose cost is known.
    cost_usd: f64,
    /// How many calls have an unknown cost.
    unknown: u64,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    names: &'a Names,
    #[serde(flatten)]
    sums: Sums,
}

impl Sums {
    fn add(&mut self, other: Sums) {
        let sum = |one: &mut u64, other| *one = one.saturating_add(other);
        sum(&mut self.calls, other.calls);
        sum(&mut self.input_tokens, other.input_tokens);
        sum(&mut self.output_tokens, other.output_tokens);
        sum(&mut self.unknown, other.unknown);
        self.cost_usd = rounded(self.cost_usd + other.cost_usd);
    }
}

impl Costs {
    /// Reads these files, or stdin if there are none.
    ///
    /// # Errors
    /// One of them cannot be read, or has too many names.
    fn read_all(&mut self, files: &[String]) -> Result<(), String> {
        let stdin = io::stdin();
        let cannot = |name: &str, error: &io::Error| format!("{name} cannot be read: {error}");
        if files.is_empty() && !stdin.is_terminal() {
            self.read(stdin.lock())
                .map_err(|error| cannot("stdin", &error))?;
        }
        for name in files {
            let read = match name.as_str() {
                "-" => self.read(stdin.lock()),
                name => File::open(name).and_then(|file| self.read(BufReader::new(file))),
            };
            read.map_err(|error| cannot(name, &error))?;
        }
        Ok(())
    }

    fn read(&mut self, mut log: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut part = log.by_ref().take(LONGEST_LINE as u64);
            let length = part.read_until(b'\n', &mut line)?;
            if length == 0 {
                return Ok(());
            }
            if length == LONGEST_LINE && !line.ends_with(b"\n") {
                log.skip_until(b'\n')?;
                self.unreadable += 1;
            } else if !line.trim_ascii().is_empty() {
                self.add_line(&line)?;
            }
        }
    }

    /// Adds an event. What collects logs may write something before it: the container's name, a time.
    fn add_line(&mut self, line: &[u8]) -> io::Result<()> {
        let start = memchr::memchr(b'{', line).unwrap_or(line.len());
        let Ok(event) = serde_json::from_slice::<Value>(&line[start..]) else {
            self.unreadable += 1;
            return Ok(());
        };
        match event["message"].as_str() {
            Some(PAID) => match names(&event) {
                Some(names) => self.add(names, &event)?,
                None => self.unreadable += 1,
            },
            Some(DROPPED) => self.dropped += event["lines"].as_u64().unwrap_or_default(),
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, names: Names, event: &Value) -> io::Result<()> {
        let work = event["work"].as_str();
        let work = work.and_then(|work| u64::from_str_radix(work, 16).ok());
        if work.is_some_and(|work| self.has_seen(work)) {
            return Ok(());
        }
        if self.rows.len() >= MOST_ROWS && !self.rows.contains_key(&names) {
            return Err(io::Error::other(format!(
                "it has more than {MOST_ROWS} different days, providers, models and clients: give a part of it"
            )));
        }
        let number = |name: &str| event[name].as_u64().unwrap_or_default();
        let usd = event["cost_usd"].as_f64().filter(|usd| *usd >= 0.0);
        self.rows.entry(names).or_default().add(Sums {
            calls: 1,
            input_tokens: number("input_tokens"),
            output_tokens: number("output_tokens"),
            cost_usd: usd.unwrap_or_default(),
            unknown: usd.is_none().into(),
        });
        Ok(())
    }

    /// Whether this work is in the sums already: two processes have logged it, or two files have the same lines.
    fn has_seen(&mut self, work: u64) -> bool {
        if self.seen.len() < MOST_WORK {
            return !self.seen.insert(work);
        }
        let has_seen = self.seen.contains(&work);
        self.has_unseen |= !has_seen;
        has_seen
    }

    fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.rows.values().for_each(|sums| total.add(*sums));
        total
    }

    fn json(&self) -> String {
        let rows = self.rows.iter();
        let rows: Vec<_> = rows
            .map(|(names, sums)| Row { names, sums: *sums })
            .collect();
        serde_json::to_string(&rows).unwrap_or_default()
    }

    /// The rows for people, with a total.
    fn table(&self, style: Style) -> String {
        let rows = self.rows.iter().map(|(names, sums)| {
            let client = names.client.as_deref().unwrap_or("-");
            let words = [&names.day, &names.provider, &names.model, client];
            cells(words.map(harmless), *sums)
        });
        let total = ["total", "", "", ""].map(str::to_owned);
        let mut rows: Vec<_> = rows.chain([cells(total, self.total())]).collect();
        // The points of the sums of money are below each other.
        let decimals = |row: &Cells| row[MONEY].len() - row[MONEY].find('.').unwrap_or_default();
        let most = rows.iter().map(decimals).max().unwrap_or_default();
        for row in &mut rows {
            let rest = most - decimals(row);
            row[MONEY].push_str(&" ".repeat(rest));
        }
        let heading = HEADING.map(str::to_owned);
        let width = |column: usize| {
            let all = rows.iter().chain([&heading]);
            let widths = all.map(|row| row[column].chars().count());
            widths.max().unwrap_or_default()
        };
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        let line = |row: &Cells| {
            let padded = row.iter().zip(widths).enumerate();
            let padded = padded.map(|(column, (cell, width))| match column < WORDS {
                true => format!("{cell:width$}"),
                false => format!("{cell:>width$}"),
            });
            let line = padded.collect::<Vec<_>>().join("  ");
            line.trim_end().to_owned()
        };
        let mut text = style.bold(&line(&heading)) + "\n";
        for row in &rows {
            text.push_str(&line(row));
            text.push('\n');
        }
        text
    }

    /// What the sums do not show.
    fn messages(&self) -> Vec<String> {
        let Sums { calls, unknown, .. } = self.total();
        let mut messages = Vec::new();
        if self.rows.is_empty() {
            messages.push(
                "the log has no paid call. Run the server with LOG_FORMAT=json and LOG_LEVEL=info, keep its stderr, and \
                 give it to this command: anygpt-mcp costs FILE, or docker logs NAME 2>&1 | anygpt-mcp costs"
                    .to_owned(),
            );
        }
        if unknown > 0 {
            messages.push(format!(
                "the cost of {unknown} of {} is not known and is in no sum: a price that is missing can be given in the \
                 configuration file",
                Count(calls, "call")
            ));
        }
        if self.dropped > 0 {
            messages.push(format!(
                "the server could not write {}, since its stderr was not read in time: the sums may be too low",
                Count(self.dropped, "line")
            ));
        }
        if self.has_unseen {
            messages.push(format!(
                "after {MOST_WORK} calls, one that is logged twice is counted twice: give a part of the log"
            ));
        }
        if self.unreadable > 0 {
            messages.push(format!(
                "{} could not be read",
                Count(self.unreadable, "line")
            ));
        }
        messages
    }
}

/// The names of an event, if it has those that it must have.
fn names(event: &Value) -> Option<Names> {
    let text = |name: &str| event[name].as_str().filter(|it| it.len() <= LONGEST_NAME);
    // The log has it in UTC.
    let time = text("time").filter(|time| humantime::parse_rfc3339(time).is_ok())?;
    Some(Names {
        day: time.get(..10)?.to_owned(),
        provider: text("provider")?.to_owned(),
        model: text("model")?.to_owned(),
        client: text("client").map(str::to_owned),
    })
}

const COLUMNS: usize = 9;

/// Columns that have words.
const WORDS: usize = 4;

/// The column of the cost.
const MONEY: usize = 7;

const HEADING: [&str; COLUMNS] = [
    "day",
    "provider",
    "model",
    "client",
    "calls",
    "input tokens",
    "output tokens",
    "cost in USD",
    "unknown cost",
];

type Cells = [String; COLUMNS];

fn cells([day, provider, model, client]: [String; WORDS], sums: Sums) -> Cells {
    [
        day,
        provider,
        model,
        client,
        sums.calls.to_string(),
        sums.input_tokens.to_string(),
        sums.output_tokens.to_string(),
        money(sums.cost_usd),
        sums.unknown.to_string(),
    ]
}

/// Dollars with cents, and with four digits that are not leading zeros.
fn money(usd: f64) -> String {
    let mut decimals = 2;
    let mut scaled = usd * 100.0;
    while scaled > 0.0 && scaled < 1_000.0 && decimals < 12 {
        scaled *= 10.0;
        decimals += 1;
    }
    format!("{usd:.decimals$}")
}

/// A name from outside, on one line, that no terminal obeys.
fn harmless(name: &str) -> String {
    let mut shown = String::new();
    for c in name.chars() {
        match is_unsafe_in_terminal(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// So many of something.
struct Count(u64, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count(count, what) = self;
        let plural = if *count == 1 { "" } else { "s" };
        write!(f, "{count} {what}{plural}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
