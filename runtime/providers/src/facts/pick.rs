//! Which model of a provider's list is asked if a request names none.
//!
//! Never here: lists of providers that the table does not know.

use super::family::Name;
use super::{Day, Facts, Found, Purpose};
use crate::Model;

/// A model that is shut down so soon is not picked, in days.
const SOON: u32 = 60;

/// What is asked if a request names no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick<'m> {
    /// The model that the table marks.
    Marked(&'m Model),
    /// The list lacks that: the nearest one.
    Nearest(&'m Model),
    /// The list has the vendor's models, and none of them should be asked unnamed.
    None,
    /// The list has no models that the table knows anything of.
    Unknown,
}

/// A model of the list that may be asked.
struct Candidate<'m> {
    model: &'m Model,
    /// It has a row of its own.
    is_known: bool,
    is_relative: bool,
    /// How many times its price is that of the row that is marked, or the reverse.
    distance: f64,
    name: Name<'m>,
}

impl Facts {
    /// The model for requests that name none: the one that the table marks, and if the list lacks it, the nearest one of its
    /// class. Never the dearest, one that only some accounts have, that takes minutes, or that is shut down soon.
    pub fn pick<'m>(&self, provider: &str, models: &'m [Model], day: Day) -> Pick<'m> {
        let Some(marked) = self.pick_of(provider) else {
            return Pick::Unknown;
        };
        let found = models.iter();
        let found = found.filter_map(|model| Some((model, self.find(provider, &model.id, day)?)));
        let mut found: Vec<_> = found.collect();
        if found.is_empty() {
            return Pick::Unknown;
        }
        found.retain(|(model, found)| self.suits(provider, model, found, day));
        let is_marked =
            |(_, found): &&(&Model, Found<'_>)| !found.is_judged && found.row.id() == marked.id();
        // Of the row's snapshots the one without a date.
        if let Some((model, _)) = found
            .iter()
            .filter(is_marked)
            .min_by_key(|(model, _)| model.id.len())
        {
            return Pick::Marked(model);
        }
        let output = |found: &Found<'_>| found.row.price(day).map(|price| price.rates.output);
        let wanted = marked.price(day).map_or(1.0, |price| price.rates.output);
        let name = Name::of(marked.id());
        let candidates = found.iter().map(|(model, found)| {
            let own = Name::of(&model.id);
            Candidate {
                model,
                is_known: !found.is_judged,
                is_relative: own.is_sibling(&name),
                distance: output(found)
                    .map_or(f64::MAX, |price| (price / wanted).max(wanted / price)),
                name: own,
            }
        });
        candidates
            .max_by(|one, other| {
                let rank = |it: &Candidate<'_>| {
                    (it.is_relative && it.is_known, it.is_relative, it.is_known)
                };
                rank(one)
                    .cmp(&rank(other))
                    .then(other.distance.total_cmp(&one.distance))
                    .then_with(|| one.name.age().cmp(&other.name.age()))
                    .then_with(|| other.model.id.cmp(&one.model.id))
            })
            .map_or(Pick::None, |best| Pick::Nearest(best.model))
    }

    /// Whether a model may be asked although nobody has named it.
    fn suits(&self, provider: &str, model: &Model, found: &Found<'_>, day: Day) -> bool {
        let row = &found.row;
        let live = model.retires.as_deref().and_then(Day::read);
        let retires = live.or(row.retires().filter(|_| !found.is_judged));
        // Of one without a row its name says whether it is for something else.
        let may_chat = !found.is_judged || model.may_chat();
        let is_chat = may_chat && model.chat != Some(false) && row.purpose() == Some(Purpose::Chat);
        // A model that was tuned for one purpose.
        let is_tuned = model.id.contains(':');
        is_chat
            && !is_tuned
            && !row.is_restricted()
            && !row.takes_minutes()
            && !retires.is_some_and(|last| last.is_within(SOON, day))
            && !model.is_withdrawn
            && !self.is_dearest(provider, found, day)
    }

    fn is_dearest(&self, provider: &str, found: &Found<'_>, day: Day) -> bool {
        let output = |row: &super::Row<'_>| row.price(day).map(|price| price.rates.output);
        let rows = self.chats(provider, day);
        let ordinary = rows
            .iter()
            .filter(|row| !row.takes_minutes() && !row.is_restricted());
        let prices: Vec<f64> = ordinary.filter_map(output).collect();
        let is_cheaper = |price: f64| prices.iter().any(|other| *other < price);
        let is_most = |price: f64| prices.iter().all(|other| *other <= price);
        output(&found.row).is_some_and(|price| is_most(price) && is_cheaper(price))
    }
}
