//! Positions in the lists of the settings. Each list has a type of its own, so that one position cannot be used for another.
//!
//! Never here: ids, or looking for them.

use std::ops::{Index, IndexMut};

use super::{ModelSettings, Provider};

/// A provider: its position in [`Settings::providers`](super::Settings::providers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProviderIndex(usize);

/// A model of the configuration file: its position in [`Settings::models`](super::Settings::models).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ModelIndex(usize);

impl ProviderIndex {
    pub(crate) fn new(position: usize) -> Self {
        ProviderIndex(position)
    }

    #[cfg(test)]
    pub(super) fn position(self) -> usize {
        self.0
    }
}

impl ModelIndex {
    pub(super) fn new(position: usize) -> Self {
        ModelIndex(position)
    }

    #[cfg(test)]
    pub(super) fn position(self) -> usize {
        self.0
    }
}

impl Index<ProviderIndex> for Vec<Provider> {
    type Output = Provider;

    fn index(&self, index: ProviderIndex) -> &Provider {
        &self[index.0]
    }
}

impl IndexMut<ProviderIndex> for Vec<Provider> {
    fn index_mut(&mut self, index: ProviderIndex) -> &mut Provider {
        &mut self[index.0]
    }
}

impl Index<ModelIndex> for Vec<ModelSettings> {
    type Output = ModelSettings;

    fn index(&self, index: ModelIndex) -> &ModelSettings {
        &self[index.0]
    }
}
