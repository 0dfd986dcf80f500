//! Differences to the baseline: what they are taken to, and when they are forgotten.

use std::sync::Arc;

use super::{Landscape, Store};
use flatland_core::result::LossSurface;

impl Store {
    /// Says what differences are taken to now; those to another baseline are forgotten.
    pub fn differ_from(&mut self, baseline: Option<&str>) {
        if self.baseline.as_deref() != baseline {
            self.baseline = baseline.map(str::to_owned);
            self.forget_differences();
        }
    }

    /// Puts the difference of a surface in its place.
    pub fn insert_difference(&mut self, key: (String, String), surface: LossSurface) {
        self.revision += 1;
        self.differences.insert(key, Landscape { surface: Arc::new(surface), revision: self.revision });
    }

    /// Forgets those of a checkpoint; all of them where they are taken to it.
    pub(super) fn forget_differences_of(&mut self, name: &str) {
        if self.baseline.as_deref() == Some(name) {
            return self.forget_differences();
        }
        self.differences.retain(|(checkpoint, _), _| checkpoint != name);
        self.score_differences.shift_remove(name);
    }

    /// Forgets all of them.
    pub(super) fn forget_differences(&mut self) {
        self.differences.clear();
        self.score_differences.clear();
    }
}
