//! What models have refused in the life of this process, so that it is not requested twice.
//!
//! Never here: reading refusals (see `anygpt_providers::repair`).

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use anygpt_providers::Change;

use crate::settings::ProviderIndex;

/// Models remembered; a new one replaces the oldest.
const MODELS: usize = 256;

/// Changes remembered of each.
const CHANGES: usize = 8;

/// Changes by provider and model.
#[derive(Debug, Default)]
pub(super) struct Learned(Mutex<VecDeque<Entry>>);

#[derive(Debug)]
struct Entry {
    provider: ProviderIndex,
    model: String,
    changes: Vec<Change>,
}

impl Learned {
    pub(super) fn remember(&self, provider: ProviderIndex, model: &str, change: Change) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries
            .iter_mut()
            .find(|entry| entry.provider == provider && entry.model == model);
        match known {
            Some(entry) => {
                if !entry.changes.contains(&change) && entry.changes.len() < CHANGES {
                    entry.changes.push(change);
                }
            }
            None => {
                if entries.len() >= MODELS {
                    entries.pop_front();
                }
                entries.push_back(Entry {
                    provider,
                    model: model.to_owned(),
                    changes: vec![change],
                });
            }
        }
    }

    /// The changes that are known for a model.
    pub(super) fn changes(&self, provider: ProviderIndex, model: &str) -> Vec<Change> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries
            .iter()
            .find(|entry| entry.provider == provider && entry.model == model);
        known.map_or(Vec::new(), |entry| entry.changes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anygpt_providers::Parameter;

    #[test]
    fn a_change_holds_for_its_model_only_and_the_oldest_is_forgotten() {
        let learned = Learned::default();
        let change = Change::Drop(Parameter::Temperature);
        learned.remember(ProviderIndex::new(0), "a", change);
        learned.remember(ProviderIndex::new(0), "a", change);
        for (provider, model, changes) in [(0, "a", 1), (1, "a", 0), (0, "b", 0)] {
            let known = learned.changes(ProviderIndex::new(provider), model);
            assert_eq!(known.len(), changes);
        }
        for number in 0..MODELS {
            learned.remember(ProviderIndex::new(1), &number.to_string(), change);
        }
        assert_eq!(learned.changes(ProviderIndex::new(0), "a"), []);
        assert_eq!(learned.changes(ProviderIndex::new(1), "0"), [change]);
        for limit in 100..200 {
            learned.remember(ProviderIndex::new(1), "0", Change::AtMost(limit));
        }
        let entries = learned.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(entries.len() <= MODELS && entries[0].changes.len() <= CHANGES);
    }
}
