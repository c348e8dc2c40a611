//! What the operator allows the caller: which providers and models, how many tokens, how much money and
//! time a call may take. The caller can only go below that.
//!
//! Never here: holding a call to it, or switching off providers (`providers::allowed`).

use std::time::Duration;

use super::{
    given::Given,
    pattern::{self, Plain, fits, pattern},
    problem::Problem,
};

/// What every call is held to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(super) allow_providers: Option<List>,
    pub(super) deny_providers: Option<List>,
    pub(super) allow_models: Option<Patterns>,
    pub(super) deny_models: Option<Patterns>,
    /// Most output tokens of a request.
    pub max_tokens: Option<Bound<u32>>,
    /// Most US dollars that a call may cost, as far as that can be estimated before.
    pub max_cost_usd: Option<Bound<f64>>,
    /// Longest time of a call.
    pub max_timeout: Option<Bound<Duration>>,
}

/// A limit and the setting that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Bound<T> {
    pub most: T,
    /// For people: the variable, or the place in the file.
    pub place: String,
}

/// Names, as they are written, and where they come from.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) items: Vec<String>,
    pub(super) place: String,
}

/// Patterns of models.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    pub(super) list: List,
    /// In lower case.
    patterns: Vec<String>,
    /// In the form in which all spellings of a model are one; only of what is denied. An allowed model is the one that
    /// was named, a denied one is denied by whatever name.
    plain: Vec<Plain>,
}

impl<T> Bound<T> {
    /// This limit, which was given here.
    pub(super) fn of(given: &Given, most: T) -> Self {
        Bound {
            most,
            place: given.place.clone(),
        }
    }
}

impl Limits {
    /// Why this model of the provider with this id is not allowed; `None` if it is.
    pub(crate) fn refusal(&self, provider: &str, model: &str) -> Option<String> {
        if self.deny_models.is_none() && self.allow_models.is_none() {
            return None;
        }
        let (full, id) = pattern::name(provider, model);
        let names = |list: &Patterns| {
            let mut items = list.patterns.iter();
            items.any(|item| fits(item, &full[id..]) || fits(item, &full))
        };
        if let Some(denied) = &self.deny_models {
            let texts = Plain::new(&full).texts();
            if names(denied) || denied.plain.iter().any(|item| item.fits(&texts)) {
                return Some(format!("denied by {}", denied.list.place));
            }
            let is_named = self.allow_models.as_ref().is_some_and(names);
            if pattern::is_open(&full) && !is_named {
                return Some(format!(
                    "denied by {}, since what it leads to may be a model that is denied there",
                    denied.list.place
                ));
            }
        }
        let list = self.allow_models.as_ref().filter(|list| !names(list))?;
        Some(format!("not allowed by {}", list.list.place))
    }
}

impl List {
    pub(super) fn read(given: &Given) -> Result<Self, Problem> {
        let place = given.place.clone();
        let items = given.items().into_iter().map(str::trim);
        let items = items.filter(|item| !item.is_empty());
        let items: Vec<String> = items.map(str::to_owned).collect();
        if let Some(item) = items.iter().find(|item| !is_name(item)) {
            return Err(Problem::new(
                &place,
                format!("holds {item:?}, which is not a name"),
                "write names without quotes and other marks, separated by commas, with * for anything and ? for one \
                 character, also for a blank",
            ));
        }
        match items.is_empty() {
            true => Err(Problem::new(
                &place,
                "is an empty list",
                "name something in it, or leave the setting out",
            )),
            false => Ok(List { items, place }),
        }
    }

    /// For `config show`.
    pub(super) fn shown(&self) -> String {
        self.items.join(", ")
    }
}

impl Patterns {
    pub(super) fn allowed(list: List) -> Self {
        Patterns {
            patterns: list.items.iter().map(|item| pattern(item)).collect(),
            plain: Vec::new(),
            list,
        }
    }

    pub(super) fn denied(list: List) -> Self {
        let allowed = Patterns::allowed(list);
        let plain = allowed.patterns.iter();
        Patterns {
            plain: plain.map(|item| Plain::new(item)).collect(),
            ..allowed
        }
    }

    /// For `config show`.
    pub(super) fn shown(&self) -> String {
        self.patterns.join(", ")
    }
}

/// Whether an item can be a name or a pattern. What only looks like one, by a mark around it or of another notation,
/// would limit nothing.
fn is_name(item: &str) -> bool {
    const MARKS: &str =
        "\"'`[]{}()<>;|\\^$#=&!%\u{201c}\u{201d}\u{2018}\u{2019}\u{ff0c}\u{ff1b}\u{200b}\u{feff}";
    let is_mark = |c: char| c.is_control() || c.is_whitespace() || MARKS.contains(c);
    !item.starts_with('-') && !item.contains(is_mark)
}

/// Output tokens of a request.
pub(super) fn tokens(given: &Given) -> Result<u32, Problem> {
    let number = given.text().parse().ok().filter(|it| *it > 0);
    number.ok_or_else(|| {
        Problem::new(
            &given.place,
            "is not a possible limit",
            format!("use a whole number from 1 to {}", u32::MAX),
        )
    })
}

/// US dollars for a call.
pub(super) fn dollars(given: &Given) -> Result<f64, Problem> {
    let number = given.text().parse::<f64>().ok();
    let number = number.filter(|it| *it > 0.0 && it.is_finite());
    number.ok_or_else(|| {
        Problem::new(
            &given.place,
            "is not a possible limit",
            "use a number above 0: US dollars for one call, for example 0.05",
        )
    })
}

#[cfg(test)]
mod tests;
