//! Differences to the baseline: their baseline, and when they are removed.

use std::sync::Arc;

use super::{Landscape, Store};
use flatland_core::result::LossSurface;

impl Store {
    /// Sets the baseline; differences to another baseline are removed.
    pub fn set_baseline(&mut self, baseline: Option<&str>) {
        if self.baseline.as_deref() != baseline {
            self.baseline = baseline.map(str::to_owned);
            self.forget_differences();
        }
    }

    /// Stores the difference of a surface to the baseline.
    pub fn insert_difference(&mut self, key: (String, String), surface: LossSurface) {
        self.revision += 1;
        self.differences.insert(key, Landscape { surface: Arc::new(surface), revision: self.revision });
    }

    /// Removes the differences of a checkpoint; all differences when it is the baseline.
    pub(super) fn forget_differences_of(&mut self, name: &str) {
        if self.baseline.as_deref() == Some(name) {
            return self.forget_differences();
        }
        self.differences.retain(|(checkpoint, _), _| checkpoint != name);
        self.score_differences.shift_remove(name);
    }

    /// Removes all differences.
    pub(super) fn forget_differences(&mut self) {
        self.differences.clear();
        self.score_differences.clear();
    }
}
