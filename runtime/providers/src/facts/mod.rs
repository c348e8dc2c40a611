//! What is known of models: one dated table (`facts.tsv`), the operator's own rows in front of it, and what an id that has
//! no row is judged by.
//!
//! The table is text, and is searched when a model is asked about: it costs a start nothing.
//!
//! Never here: the facts (`facts.tsv` and its README), field names of a format, or what a provider says at run time.

mod day;
mod family;
mod listed;
mod pick;
mod price;
mod rules;
mod table;

use std::cmp::Reverse;

pub use day::Day;
pub use pick::Pick;
pub use price::{Factor, Rates, Tier, TokenPrice};
pub use rules::{Efforts, Input, Inputs, Rules, Sampling, Thinking};
pub use table::{Purpose, Row, TableError};

use crate::vendor::Weights;
use crate::vendors;
use family::Name;
use table::Table;

const COMPILED: &str = include_str!("../../facts/facts.tsv");

/// What is known of models.
#[derive(Debug)]
pub struct Facts(Table);

impl Default for Facts {
    /// The table that is compiled in.
    fn default() -> Self {
        Facts(Table::compiled(COMPILED))
    }
}

/// What a model is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Found<'t> {
    pub row: Row<'t>,
    /// It has no row: this one is the newest of its family.
    pub is_judged: bool,
}

impl Facts {
    /// Puts the rows of an operator's table in front. Its form is that of `facts.tsv`; it may have some columns only, and a
    /// cell with something in it counts in place of the one that is compiled in.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn put_in_front(&mut self, text: &str) -> Result<(), TableError> {
        self.0.put_in_front(text)
    }

    /// The day of the table, or of the operator's if that is later.
    pub fn day(&self) -> Day {
        self.0.day()
    }

    /// What it is made of.
    pub fn source(&self) -> String {
        self.0.source()
    }

    /// The row of a provider's model, or of the model whose dated snapshot it is.
    pub fn row(&self, provider: &str, id: &str) -> Option<Row<'_>> {
        let id = id.trim().to_ascii_lowercase();
        let id = id.strip_prefix("models/").unwrap_or(&id);
        if id.contains(char::is_control) {
            return None;
        }
        let find = |id: &str| self.0.row(provider, id);
        find(id).or_else(|| find(without_date(id)?))
    }

    /// What a model of this provider is judged by on this day: its row; the row of the same model under another spelling; else
    /// the newest of its family that is not yet retired, of its own generation if there is one, or the oldest if it is older
    /// than all of them. None for models that are not known to be this vendor's, and where the table knows nothing of the
    /// provider.
    pub fn find(&self, provider: &str, id: &str, day: Day) -> Option<Found<'_>> {
        let own = |row| Found {
            row,
            is_judged: false,
        };
        if let Some(row) = self.row(provider, id) {
            return Some(own(row));
        }
        let id = bare(id);
        if let Some(row) = self.row(provider, &id) {
            return Some(own(row));
        }
        let (vendor, weights) = vendors::known(&id).family?;
        if vendor.id != provider || weights == Weights::Apart {
            return None;
        }
        let name = Name::of(&id);
        let family = self.family(provider, &name, day);
        let same = family.iter().find(|(other, _)| {
            other.is_sibling(&name) && other.version == name.version && name.date == 0
        });
        if let Some((_, row)) = same {
            return Some(own(*row));
        }
        let newest = |(name, row): &&(Name<'_>, Row<'_>)| {
            let (version, date, settled) = name.age();
            let is_ordinary = (!row.is_restricted(), row.is_pick(), settled);
            // Of equals the plain one.
            (
                version.to_vec(),
                is_ordinary,
                Reverse(name.classes.len()),
                date,
            )
        };
        let oldest = |(name, row): &&(Name<'_>, Row<'_>)| {
            (
                name.version.clone(),
                row.takes_minutes(),
                name.classes.len(),
                name.date,
            )
        };
        let generation = |other: &Name<'_>| other.version.first().copied();
        let is_of_generation =
            |(other, _): &&(Name<'_>, Row<'_>)| generation(other) == generation(&name);
        let is_older = |(other, _): &(Name<'_>, Row<'_>)| {
            !name.version.is_empty() && name.version < other.version
        };
        let own_generation = family.iter().filter(is_of_generation).max_by_key(newest);
        let judge = own_generation.or_else(|| match family.iter().all(is_older) {
            true => family.iter().min_by_key(oldest),
            false => family.iter().max_by_key(newest),
        });
        let judge = judge
            .map(|(_, row)| *row)
            .or_else(|| self.pick_of(provider));
        judge.map(|row| Found {
            row,
            is_judged: true,
        })
    }

    /// The rules for a model of this vendor (see [`Facts::find`]).
    pub fn rules(&self, vendor: &str, id: &str, day: Day) -> Rules {
        let found = self.find(vendor, id, day);
        found.map(|found| found.row.rules()).unwrap_or_default()
    }

    /// The price that bounds the cost of a model without a row: the dearest of its family, else of its vendor. Never what it
    /// costs.
    pub fn assumed_price(&self, provider: &str, id: &str, day: Day) -> Option<TokenPrice> {
        let id = bare(id);
        let dearest = |rows: &mut dyn Iterator<Item = Row<'_>>| {
            let prices = rows.filter_map(|row| row.price(day));
            prices.reduce(TokenPrice::dearer)
        };
        let family = self.family(provider, &Name::of(&id), day);
        dearest(&mut family.iter().map(|(_, row)| *row))
            .or_else(|| dearest(&mut self.chats(provider, day).into_iter()))
    }

    /// The rows of a name's line and class; if there is none, or the name has no class, the chats of its line.
    fn family(&self, provider: &str, name: &Name<'_>, day: Day) -> Vec<(Name<'_>, Row<'_>)> {
        let rows = self.living(provider, day).into_iter();
        let rows = rows.map(|row| (Name::of(row.id()), row));
        let mut line: Vec<_> = rows.filter(|(other, _)| other.line == name.line).collect();
        let class = line.iter().filter(|(other, _)| other.is_sibling(name));
        let class: Vec<_> = class.cloned().collect();
        if !name.classes.is_empty() && !class.is_empty() {
            return class;
        }
        line.retain(|(_, row)| row.purpose() == Some(Purpose::Chat));
        line
    }

    /// A provider's models that are not yet retired.
    fn living(&self, provider: &str, day: Day) -> Vec<Row<'_>> {
        let mut rows = self.0.rows(provider);
        rows.retain(|row| row.retires().is_none_or(|last| last >= day));
        rows
    }

    /// Those of them that are for chats.
    fn chats(&self, provider: &str, day: Day) -> Vec<Row<'_>> {
        let mut rows = self.living(provider, day);
        rows.retain(|row| row.purpose() == Some(Purpose::Chat));
        rows
    }

    fn pick_of(&self, provider: &str) -> Option<Row<'_>> {
        self.0.rows(provider).into_iter().find(Row::is_pick)
    }
}

/// An id without what gateways and clouds put around it: `us.anthropic.claude-opus-4-8-v1:0`, `anthropic/claude-opus-4.8`,
/// `claude-opus-4-8@20260101`, `ft:gpt-4o:me::1`.
fn bare(id: &str) -> String {
    let id = id.trim().to_ascii_lowercase();
    let id = id.rsplit('/').next().unwrap_or_default();
    let id = id.strip_prefix("ft:").unwrap_or(id);
    let id = vendors::dotted(id).map_or(id, |(_, rest)| rest);
    let id = id.split([':', '@']).next().unwrap_or_default();
    let id = ["-v1", "-v2"]
        .iter()
        .find_map(|end| id.strip_suffix(end))
        .unwrap_or(id);
    id.to_owned()
}

/// The id in front of `-20250929` or `-2025-04-14`.
fn without_date(id: &str) -> Option<&str> {
    ["-20......", "-20..-..-.."].iter().find_map(|form| {
        let (rest, date) = id.split_at_checked(id.len().checked_sub(form.len())?)?;
        let mut pairs = date.bytes().zip(form.bytes());
        let is_date = pairs.all(|(byte, wanted)| match wanted {
            b'.' => byte.is_ascii_digit(),
            wanted => byte == wanted,
        });
        is_date.then_some(rest)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod obeyed;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
