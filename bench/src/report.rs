//! The results, as a table for people and as JSON for programs.
//!
//! Never here: measuring.

use std::{fs, io, path::Path};

use serde_json::{Map, Value, json};

use crate::numbers::short;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// Of the rate of the base.
    RatioAtLeast(f64),
    /// More than the base, in the row's unit.
    AddedAtMost(f64),
    /// More than the base, as a multiple of it.
    AddedTimesBase(f64),
    /// In the row's unit.
    AtMost(f64),
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    name: String,
    unit: &'static str,
    ours: f64,
    /// The floor, or the calls without our server.
    base: Option<f64>,
    ratio: Option<f64>,
    added: Option<f64>,
    goal: Option<Goal>,
    peers: Vec<(String, f64)>,
    details: Map<String, Value>,
}

impl Row {
    pub(crate) fn new(name: &str, unit: &'static str, ours: f64) -> Self {
        Row {
            name: name.into(),
            unit,
            ours,
            base: None,
            ratio: None,
            added: None,
            goal: None,
            peers: Vec::new(),
            details: Map::new(),
        }
    }

    pub(crate) fn base(self, base: f64) -> Self {
        Row {
            base: Some(base),
            ..self
        }
    }

    /// Our rate as a part of the base's.
    pub(crate) fn ratio(self, ratio: f64) -> Self {
        Row {
            ratio: Some(ratio),
            ..self
        }
    }

    pub(crate) fn added(self, added: f64) -> Self {
        Row {
            added: Some(added),
            ..self
        }
    }

    pub(crate) fn goal(self, goal: impl Into<Option<Goal>>) -> Self {
        Row {
            goal: goal.into(),
            ..self
        }
    }

    pub(crate) fn peer(&mut self, name: &str, value: f64) {
        self.peers.push((name.into(), value));
    }

    /// A number that is only in the JSON.
    pub(crate) fn detail(&mut self, name: &str, value: f64) {
        self.details.insert(name.into(), json!(value));
    }

    /// The values by name: the base, ours, the peers.
    pub(crate) fn values(&self) -> Vec<(&str, f64)> {
        let base = self.base.map(|base| ("base", base));
        let known = base.into_iter().chain([("ours", self.ours)]);
        let peers = self.peers.iter().map(|(name, value)| (&**name, *value));
        known.chain(peers).collect()
    }

    /// Whether the goal holds, if there is one.
    fn holds(&self) -> Option<bool> {
        Some(match self.goal? {
            Goal::RatioAtLeast(least) => self.ratio? >= least,
            Goal::AddedAtMost(most) => self.added? <= most,
            Goal::AddedTimesBase(most) => self.added? <= most * self.base?,
            Goal::AtMost(most) => self.ours <= most,
        })
    }

    fn cells(&self) -> [String; 6] {
        let number = |value: Option<f64>| value.map(short).unwrap_or_default();
        let goal = match self.goal {
            Some(Goal::RatioAtLeast(least)) => format!("ratio ≥ {least:.2}"),
            Some(Goal::AddedAtMost(most)) => format!("added ≤ {most} {}", self.unit),
            Some(Goal::AddedTimesBase(most)) => format!("added ≤ {most} × base"),
            Some(Goal::AtMost(most)) => format!("≤ {most} {}", self.unit),
            None => String::new(),
        };
        let compared = match (self.ratio, self.added) {
            (Some(ratio), _) => short(ratio),
            (None, Some(added)) => format!("{added:+.3}"),
            _ => String::new(),
        };
        let holds = match self.holds() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        [
            self.name.clone(),
            format!("{} {}", short(self.ours), self.unit),
            number(self.base),
            compared,
            goal,
            holds.into(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "unit": self.unit, "ours": self.ours, "base": self.base,
            "ratio": self.ratio, "added": self.added, "holds": self.holds(),
            "peers": self.peers.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>(),
            "details": self.details,
        })
    }
}

/// All rows, in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    /// Named series of (x, y), for the charts.
    series: Vec<(String, Vec<(f64, f64)>)>,
}

impl Report {
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The rows with this unit that have something to compare with, for a chart: the name of the row, and the value of
    /// each server.
    pub(crate) fn compared(&self, unit: &str) -> Vec<(&str, Vec<(&str, f64)>)> {
        let rows = self.rows.iter().filter(|row| row.unit == unit);
        rows.map(|row| (&*row.name, row.values()))
            .filter(|(_, values)| values.len() > 1)
            .collect()
    }

    /// The series of one chart: their names begin with its title and a colon.
    pub(crate) fn series_of(&self, title: &str) -> Vec<(&str, &[(f64, f64)])> {
        let named = self.series.iter().filter_map(|(name, points)| {
            let (before, name) = name.rsplit_once(": ")?;
            (before == title).then_some((name, &points[..]))
        });
        named.collect()
    }

    pub(crate) fn add_series(&mut self, name: &str, points: Vec<(f64, f64)>) {
        self.series.push((name.into(), points));
    }

    /// The table in Markdown, its columns lined up.
    pub(crate) fn table(&self) -> String {
        let heads = ["what", "ours", "base", "ratio or added", "goal", "holds"];
        let mut rows = vec![heads.map(String::from)];
        rows.extend(self.rows.iter().map(Row::cells));
        let mut table = lined_up(&rows);
        let peers = self.peers();
        if peers.len() > 1 {
            table.push('\n');
            table.push_str(&lined_up(&peers));
        }
        table
    }

    /// Ours next to the peers, in the rows in which they took part.
    fn peers(&self) -> Vec<Vec<String>> {
        let with_peers = || self.rows.iter().filter(|row| !row.peers.is_empty());
        let Some(first) = with_peers().next() else {
            return Vec::new();
        };
        let mut head = vec!["what".to_owned(), "ours".into(), "base".into()];
        head.extend(first.peers.iter().map(|(name, _)| name.clone()));
        let mut rows = vec![head];
        rows.extend(with_peers().map(|row| {
            let mut cells = vec![
                format!("{}, {}", row.name, row.unit),
                short(row.ours),
                row.base.map(short).unwrap_or_default(),
            ];
            cells.extend(row.peers.iter().map(|(_, value)| short(*value)));
            cells
        }));
        rows
    }

    pub(crate) fn write_json(&self, file: &Path, about: &Value) -> io::Result<()> {
        let series: Map<String, Value> = self
            .series
            .iter()
            .map(|(name, points)| (name.clone(), json!(points)))
            .collect();
        let json = json!({
            "about": about,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "growth": series,
        });
        fs::write(file, format!("{json:#}\n"))
    }
}

/// A table in Markdown: the first column to the left, the others to the right.
fn lined_up<R: AsRef<[String]>>(rows: &[R]) -> String {
    let columns = rows.first().map_or(0, |row| row.as_ref().len());
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.as_ref().get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (position, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.as_ref().iter().zip(&widths).enumerate() {
            text.push_str(&match column {
                0 => format!("| {cell:width$} "),
                _ => format!("| {cell:>width$} "),
            });
        }
        text.push_str("|\n");
        if position == 0 {
            for (column, width) in widths.iter().enumerate() {
                let line = "-".repeat(*width);
                text.push_str(&match column {
                    0 => format!("| {line} "),
                    _ => format!("| {}: ", &line[1..]),
                });
            }
            text.push_str("|\n");
        }
    }
    text
}
