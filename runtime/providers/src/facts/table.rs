//! The form of a table of facts: lines of columns between tabs, in a section per provider.
//!
//! Never here: what is in it (`facts.tsv`, which the README next to it describes), or which row counts for an id.

use std::fmt;
use std::str::FromStr;

use memchr::{memchr, memmem};

use super::day::Day;
use super::price::{Factor, Rates, TokenPrice};
use super::rules::{Input, Inputs, Rules, Sampling, Thinking};
use crate::ReasoningEffort;

/// The columns, in the order of the table that is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Use,
    Input,
    Cached,
    Write,
    Output,
    Audio,
    Image,
    Search,
    Long,
    Tiers,
    Until,
    Context,
    Most,
    Inputs,
    Efforts,
    Thinks,
    Sampling,
    Takes,
    Flags,
    Retires,
    Next,
}

/// With their names; each is at its own number.
const COLUMNS: [(Column, &str); 22] = [
    (Column::Id, "id"),
    (Column::Use, "use"),
    (Column::Input, "input"),
    (Column::Cached, "cached"),
    (Column::Write, "write"),
    (Column::Output, "output"),
    (Column::Audio, "audio"),
    (Column::Image, "image"),
    (Column::Search, "search"),
    (Column::Long, "long"),
    (Column::Tiers, "tiers"),
    (Column::Until, "until"),
    (Column::Context, "context"),
    (Column::Most, "most"),
    (Column::Inputs, "inputs"),
    (Column::Efforts, "efforts"),
    (Column::Thinks, "thinks"),
    (Column::Sampling, "sampling"),
    (Column::Takes, "takes"),
    (Column::Flags, "flags"),
    (Column::Retires, "retires"),
    (Column::Next, "next"),
];

/// A row. A cell is empty if nothing is known, and `-` if it is known that there is nothing.
#[derive(Clone, Copy, Debug)]
pub struct Row<'t> {
    cells: [&'t str; COLUMNS.len()],
}

/// The words of a column with a fixed set of them.
const PURPOSES: [(&str, Purpose); 3] = [
    ("chat", Purpose::Chat),
    ("embeddings", Purpose::Embeddings),
    ("images", Purpose::Images),
];

const OTHER_PURPOSES: [&str; 8] = [
    "realtime",
    "speech",
    "transcription",
    "video",
    "moderation",
    "ocr",
    "research",
    "other",
];

const THINKING: [(&str, Thinking); 7] = [
    ("-", Thinking::Never),
    ("budget", Thinking::Budget),
    ("level", Thinking::Level),
    ("adaptive", Thinking::OnDemand),
    ("default", Thinking::ByDefault),
    ("between", Thinking::BetweenTools),
    ("always", Thinking::Always),
];

const SAMPLING: [(&str, Sampling); 5] = [
    ("yes", Sampling::Yes),
    ("one", Sampling::OneOfTwo),
    ("unreasoned", Sampling::Unreasoned),
    ("none", Sampling::EffortNone),
    ("no", Sampling::No),
];

const TAKES: [&str; 3] = ["tools", "forced", "schema"];

const FLAGS: [&str; 5] = ["pick", "restricted", "minutes", "responses", "peak"];

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Chat,
    Embeddings,
    Images,
    /// Sound, video, sorting, research of hours: nothing that a tool of ours asks for.
    Other,
}

fn word<T: Copy>(words: &[(&str, T)], cell: &str) -> Option<T> {
    words
        .iter()
        .find(|(word, _)| *word == cell)
        .map(|(_, it)| *it)
}

impl<'t> Row<'t> {
    /// A line of the table that is compiled in.
    fn read(line: &'t str) -> Self {
        let mut cells = [""; COLUMNS.len()];
        for (cell, text) in cells.iter_mut().zip(line.split('\t')) {
            *cell = text;
        }
        Row { cells }
    }

    /// Where this row says nothing, the other one counts.
    fn or(mut self, other: Row<'t>) -> Self {
        for (cell, other) in self.cells.iter_mut().zip(other.cells) {
            if cell.is_empty() {
                *cell = other;
            }
        }
        self
    }

    fn cell(&self, column: Column) -> &'t str {
        self.cells[column as usize]
    }

    /// A cell with something in it.
    fn given(&self, column: Column) -> Option<&'t str> {
        Some(self.cell(column)).filter(|cell| !matches!(*cell, "" | "-"))
    }

    fn read_cell<T: FromStr>(&self, column: Column) -> Option<T> {
        self.given(column)?.parse().ok()
    }

    pub fn id(&self) -> &'t str {
        self.cell(Column::Id)
    }

    pub fn purpose(&self) -> Option<Purpose> {
        let cell = self.given(Column::Use)?;
        Some(word(&PURPOSES, cell).unwrap_or(Purpose::Other))
    }

    /// The window of input, in tokens.
    pub fn context(&self) -> Option<u64> {
        self.read_cell(Column::Context)
    }

    /// Most tokens of an answer.
    pub fn max_output(&self) -> Option<u64> {
        self.read_cell(Column::Most)
    }

    /// The day it is shut down.
    pub fn retires(&self) -> Option<Day> {
        Day::read(self.given(Column::Retires)?)
    }

    /// What its vendor advises in its place.
    pub fn next(&self) -> Option<&'t str> {
        self.given(Column::Next)
    }

    /// The vendor's model for requests that name none.
    pub(super) fn is_pick(&self) -> bool {
        self.has_flag("pick")
    }

    /// Only some accounts have it, or it is for one purpose.
    pub(super) fn is_restricted(&self) -> bool {
        self.has_flag("restricted")
    }

    /// Its answers take minutes.
    pub fn takes_minutes(&self) -> bool {
        self.has_flag("minutes")
    }

    /// It costs less at some hours, so that its price is the most.
    pub fn is_peak_price(&self) -> bool {
        self.has_flag("peak")
    }

    fn has_flag(&self, flag: &str) -> bool {
        self.cell(Column::Flags).split(' ').any(|it| it == flag)
    }

    /// What it costs on this day.
    pub fn price(&self, day: Day) -> Option<TokenPrice> {
        let column = |column| self.read_cell::<f64>(column);
        let now = Rates {
            input: column(Column::Input)?,
            cached_input: column(Column::Cached),
            cache_write: column(Column::Write),
            // What is embedded has no output.
            output: column(Column::Output).unwrap_or_default(),
        };
        let until = self
            .given(Column::Until)
            .and_then(|cell| cell.split_once(':'));
        let later = until.filter(|(last, _)| Day::read(last).is_some_and(|last| day > last));
        let rates = later
            .and_then(|(_, rates)| rates_of(rates, now))
            .unwrap_or(now);
        let mut price = TokenPrice {
            long: self.given(Column::Long).and_then(|cell| {
                let (thousands, long) = cell.split_once(':')?;
                Some((
                    thousands.parse::<u64>().ok()? * 1_000,
                    rates_of(long, rates)?,
                ))
            }),
            audio_input: column(Column::Audio),
            search: column(Column::Search),
            ..TokenPrice::new(rates)
        };
        for cell in self
            .given(Column::Tiers)
            .into_iter()
            .flat_map(|it| it.split(' '))
        {
            match cell.split_once('=') {
                Some(("flex", factor)) => price.flex = factor_of(factor),
                Some(("priority", factor)) => price.priority = factor_of(factor),
                _ => {}
            }
        }
        if let Some(cell) = self.given(Column::Image) {
            match (cell.strip_prefix("each="), cell.split_once(',')) {
                (Some(each), _) => price.per_image = each.parse().ok(),
                (None, Some((input, output))) => {
                    price.image_input = input.parse().ok();
                    price.image_output = output.parse().ok();
                }
                (None, None) => {}
            }
        }
        Some(price)
    }

    /// What requests to it may have.
    pub fn rules(&self) -> Rules {
        let list = |column| Some(self.cell(column)).filter(|cell| !cell.is_empty());
        let efforts = list(Column::Efforts);
        let inputs = list(Column::Inputs);
        let takes = |word: &str| {
            let mut words = self.cell(Column::Takes).split(' ');
            words.find_map(|it| match it.strip_prefix("no-") {
                Some(not) => (not == word).then_some(false),
                None => (it == word).then_some(true),
            })
        };
        Rules {
            efforts: efforts.map(|cell| {
                cell.split(',')
                    .filter_map(ReasoningEffort::from_name)
                    .collect()
            }),
            thinking: word(&THINKING, self.cell(Column::Thinks)),
            sampling: word(&SAMPLING, self.cell(Column::Sampling)),
            inputs: inputs.map(|cell| cell.split(',').filter_map(input_of).collect::<Inputs>()),
            tools: takes("tools"),
            forced_tools: takes("forced"),
            schemas: takes("schema"),
            max_output: self.read_cell(Column::Most),
        }
    }

    /// What cannot be read, of a row that is not compiled in.
    fn problem(&self) -> Option<(Column, &'static str)> {
        use Column::{
            Audio, Cached, Context, Efforts, Flags, Image, Input, Inputs, Long, Most, Output,
            Retires, Sampling, Search, Takes, Thinks, Tiers, Until, Use, Write,
        };
        let is_usd = |cell: &str| cell.parse().is_ok_and(is_price);
        let are_rates = |cell: &str| {
            let mut parts = cell.split(',');
            parts.clone().count() == 4 && parts.all(|part| part.is_empty() || is_usd(part))
        };
        let is_long = |cell: &str| {
            let parts = cell.split_once(':');
            parts.is_some_and(|(from, rates)| from.parse::<u32>().is_ok() && are_rates(rates))
        };
        let is_until = |cell: &str| {
            let parts = cell.split_once(':');
            parts.is_some_and(|(day, rates)| {
                day.len() == 10 && Day::read(day).is_some() && are_rates(rates)
            })
        };
        let is_tier = |cell: &str| {
            let parts = cell.split_once('=');
            parts.is_some_and(|(_, factor)| factor_of(factor).is_some())
        };
        let is_image = |cell: &str| match cell.strip_prefix("each=") {
            Some(each) => is_usd(each),
            None => {
                let mut parts = cell.split(',');
                parts.clone().count() == 2 && parts.all(|part| part.is_empty() || is_usd(part))
            }
        };
        let is_count = |cell: &str| cell.parse::<u32>().is_ok();
        let all = |cell: &str, sign: char, is: &dyn Fn(&str) -> bool| cell.split(sign).all(is);
        type Check<'c> = &'c dyn Fn(&str) -> bool;
        let checks: [(&[Column], Check<'_>, &'static str); 12] = [
            (
                &[Use],
                &|cell| word(&PURPOSES, cell).is_some() || OTHER_PURPOSES.contains(&cell),
                "chat, embeddings, images or another use",
            ),
            (
                &[Input, Cached, Write, Output, Audio, Search],
                &is_usd,
                "US dollars, for example 2.5",
            ),
            (&[Image], &is_image, "IN,OUT in US dollars, or each=DOLLARS"),
            (&[Long], &is_long, "THOUSANDS:IN,CACHED,WRITE,OUT"),
            (&[Until], &is_until, "DAY:IN,CACHED,WRITE,OUT"),
            (
                &[Tiers],
                &|cell| all(cell, ' ', &is_tier),
                "flex=0.5 priority=2",
            ),
            (&[Context, Most], &is_count, "a number of tokens"),
            (
                &[Inputs],
                &|cell| all(cell, ',', &|it| input_of(it).is_some()),
                "image,pdf,audio,video",
            ),
            (
                &[Efforts],
                &|cell| all(cell, ',', &|it| ReasoningEffort::from_name(it).is_some()),
                "none,minimal,low,medium,high,xhigh,max",
            ),
            (
                &[Thinks],
                &|cell| word(&THINKING, cell).is_some(),
                "budget, level, adaptive, default, between or always",
            ),
            (
                &[Sampling],
                &|cell| word(&SAMPLING, cell).is_some(),
                "yes, one, unreasoned, none or no",
            ),
            (
                &[Retires],
                &|cell| cell.len() == 10 && Day::read(cell).is_some(),
                "a day, for example 2027-01-31",
            ),
        ];
        let is_bad =
            |column: Column, is: Check<'_>| self.given(column).is_some_and(|cell| !is(cell));
        let of_words = [
            (Takes, &TAKES[..], "tools forced schema, or no-tools"),
            (Flags, &FLAGS[..], "pick restricted minutes responses peak"),
        ];
        let other = of_words.into_iter().find_map(|(column, words, wanted)| {
            let is = |cell: &str| {
                all(cell, ' ', &|it| {
                    let it = if column == Takes {
                        it.strip_prefix("no-").unwrap_or(it)
                    } else {
                        it
                    };
                    words.contains(&it)
                })
            };
            is_bad(column, &is).then_some((column, wanted))
        });
        let found = checks.into_iter().find_map(|(columns, is, wanted)| {
            let bad = columns.iter().copied().find(|column| is_bad(*column, is));
            bad.map(|column| (column, wanted))
        });
        found.or(other)
    }
}

fn input_of(word: &str) -> Option<Input> {
    Input::ALL.into_iter().find(|input| input.as_str() == word)
}

fn is_price(price: f64) -> bool {
    price.is_finite() && price >= 0.0
}

/// `IN,CACHED,WRITE,OUT`; what is left out changes as much as the input does.
fn rates_of(cell: &str, usual: Rates) -> Option<Rates> {
    let mut parts = cell.split(',').map(|part| part.parse::<f64>().ok());
    let scaled = usual.scaled_to(parts.next()??);
    Some(Rates {
        cached_input: parts.next()?.or(scaled.cached_input),
        cache_write: parts.next()?.or(scaled.cache_write),
        output: parts.next()?.unwrap_or(scaled.output),
        ..scaled
    })
}

/// `2`, or `1.8/2` of input and output.
fn factor_of(cell: &str) -> Option<Factor> {
    let (input, output) = cell.split_once('/').unwrap_or((cell, cell));
    let read = |cell: &str| cell.parse::<f64>().ok().filter(|factor| is_price(*factor));
    Some(Factor {
        input: read(input)?,
        output: read(output)?,
    })
}

/// The rows of a provider in a table of this form, with the line's end in front of the first one.
fn section<'t>(text: &'t str, provider: &str) -> &'t str {
    let begin = format!("\n[{provider}]");
    let Some(at) = memmem::find(text.as_bytes(), begin.as_bytes()) else {
        return "";
    };
    let rows = text.get(at + begin.len()..).unwrap_or_default();
    let end = memchr(b'[', rows.as_bytes()).unwrap_or(rows.len());
    rows.get(..end).unwrap_or_default()
}

/// A row of the operator's. They are few.
#[derive(Debug)]
struct OwnRow {
    provider: String,
    cells: [Box<str>; COLUMNS.len()],
}

impl OwnRow {
    fn is(&self, provider: &str, id: &str) -> bool {
        *self.cells[0] == *id && self.provider == provider
    }
}

/// A table and the operator's rows in front of it.
#[derive(Debug)]
pub(super) struct Table {
    text: &'static str,
    own: Vec<OwnRow>,
    /// Of the operator's: its day, and what it says it is from.
    own_source: Option<(Day, String)>,
}

/// What is wrong with a table of the operator's.
#[derive(Debug, PartialEq, Eq)]
pub struct TableError {
    /// From 1.
    pub line: usize,
    pub problem: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl Table {
    /// A table that is compiled in. It is only searched when a model is looked up.
    pub(super) fn compiled(text: &'static str) -> Self {
        Table {
            text,
            own: Vec::new(),
            own_source: None,
        }
    }

    /// Puts the rows of the operator's table in front.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub(super) fn put_in_front(&mut self, text: &str) -> Result<(), TableError> {
        let mut columns: Option<Vec<Column>> = None;
        let mut provider: Option<&str> = None;
        let mut is_first = true;
        for (number, line) in text.lines().enumerate() {
            let fail = |problem: String| TableError {
                line: number + 1,
                problem,
            };
            let line = line.trim_end_matches('\r');
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if is_first {
                is_first = false;
                let (day, source) = first_line(line).ok_or_else(|| {
                    fail("the first line is not \"facts DAY SOURCE\", for example facts 2026-12-31 own".into())
                })?;
                self.own_source = Some((day, source.to_owned()));
            } else if let Some(name) = line.strip_prefix('[') {
                provider = Some(name.trim_end().trim_end_matches(']'));
            } else if let Some(columns) = &columns {
                let Some(provider) = provider else {
                    return Err(fail("there is no [provider] above this row".into()));
                };
                let cells = own_row(line, columns).map_err(fail)?;
                let provider = provider.to_ascii_lowercase();
                if self.own.iter().any(|row| row.is(&provider, &cells[0])) {
                    return Err(fail("this id has a row above; keep one of them".into()));
                }
                self.own.push(OwnRow { provider, cells });
            } else {
                columns = Some(header(line).map_err(fail)?);
            }
        }
        match is_first {
            true => Err(TableError {
                line: 1,
                problem: "it is empty".into(),
            }),
            false => Ok(()),
        }
    }

    /// The day of the table that is compiled in, or of the operator's if that is later.
    pub(super) fn day(&self) -> Day {
        let own = self.own_source.as_ref().map(|(day, _)| *day);
        let compiled = self.first_line().map(|(day, _)| day);
        own.max(compiled).unwrap_or(Day::FIRST)
    }

    /// What the first lines say it is from.
    pub(super) fn source(&self) -> String {
        let compiled = self.first_line().map_or("", |(_, source)| source);
        match &self.own_source {
            Some((_, own)) => format!("{own} over {compiled}"),
            None => compiled.to_owned(),
        }
    }

    fn first_line(&self) -> Option<(Day, &'static str)> {
        first_line(self.text.lines().next()?)
    }

    /// The row of an id, which is in lower case.
    pub(super) fn row(&self, provider: &str, id: &str) -> Option<Row<'_>> {
        let rows = section(self.text, provider);
        let start = format!("\n{id}\t");
        let at = memmem::find(rows.as_bytes(), start.as_bytes());
        let compiled = at.and_then(|at| rows.get(at + 1..)?.lines().next());
        let compiled = compiled.map(Row::read);
        let own = self.own.iter().find(|row| row.is(provider, id));
        let own = own.map(|row| Row {
            cells: row.cells.each_ref().map(|cell| &**cell),
        });
        match (own, compiled) {
            (Some(own), Some(compiled)) => Some(own.or(compiled)),
            (own, compiled) => own.or(compiled),
        }
    }

    /// All rows of a provider.
    pub(super) fn rows(&self, provider: &str) -> Vec<Row<'_>> {
        let lines = section(self.text, provider).lines();
        let compiled = lines
            .filter(|line| !line.is_empty())
            .map(|line| Row::read(line).id());
        let mut ids: Vec<&str> = compiled.collect();
        for row in self.own.iter().filter(|row| row.provider == provider) {
            if !ids.contains(&&*row.cells[0]) {
                ids.push(&row.cells[0]);
            }
        }
        ids.into_iter()
            .filter_map(|id| self.row(provider, id))
            .collect()
    }
}

/// `facts 2026-11-29 litellm-1.110.2+overrides`
fn first_line(line: &str) -> Option<(Day, &str)> {
    let (day, source) = line.strip_prefix("facts ")?.split_once(' ')?;
    Some((Day::read(day)?, source.trim()))
}

/// The columns of an operator's table: any, in any order, `id` among them.
fn header(line: &str) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for name in line.split('\t').map(str::trim) {
        let Some((column, _)) = COLUMNS.iter().find(|(_, known)| *known == name) else {
            let known = COLUMNS.map(|(_, name)| name).join(", ");
            return Err(format!(
                "there is no column {name:?}; the columns, between tabs, are {known}"
            ));
        };
        if columns.contains(column) {
            return Err(format!("the column {name} is there twice"));
        }
        columns.push(*column);
    }
    match columns.first() {
        Some(Column::Id) => Ok(columns),
        _ => Err("the first column is not id".into()),
    }
}

fn own_row(line: &str, columns: &[Column]) -> Result<[Box<str>; COLUMNS.len()], String> {
    let mut cells: [&str; COLUMNS.len()] = [""; COLUMNS.len()];
    for (position, cell) in line.split('\t').enumerate() {
        let Some(column) = columns.get(position) else {
            return Err("this row has more cells than there are columns".into());
        };
        cells[*column as usize] = cell.trim();
    }
    let id = cells[0].to_ascii_lowercase();
    if id.is_empty() {
        return Err("this row has no id".into());
    }
    if let Some((column, wanted)) = (Row { cells }).problem() {
        let (_, name) = COLUMNS[column as usize];
        let cell = cells[column as usize];
        return Err(format!("{name} is {cell:?}; write {wanted}"));
    }
    let mut own = cells.map(Box::from);
    own[0] = id.into_boxed_str();
    Ok(own)
}
