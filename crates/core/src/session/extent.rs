//! [`Extent`]: which part of a plot is seen. [`Extents`]: of all panels of a tab, or of each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which part of a plot is seen, in units of its axes; absent = all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Extent {
    /// Horizontal, from the left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<[f64; 2]>,
    /// Vertical, from the bottom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<[f64; 2]>,
}

/// What the panels of a tab show: all the same part while their axes are linked, each its own while they are not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Extents {
    shared: Extent,
    /// By panel; those that are not here still show what all did.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    own: BTreeMap<String, Extent>,
}

impl Extents {
    /// What a panel shows.
    pub fn of(&self, linked: bool, panel: &str) -> Extent {
        if linked { self.shared } else { self.own.get(panel).copied().unwrap_or(self.shared) }
    }

    /// A panel shows this now; while axes are linked, all do.
    pub fn set(&mut self, linked: bool, panel: &str, extent: Extent) {
        if extent == self.of(linked, panel) {
            return;
        }
        if linked {
            self.shared = extent;
        } else {
            self.own.insert(panel.to_owned(), extent);
        }
    }

    /// Axes are linked again: all show what they showed before they parted.
    pub fn join(&mut self) {
        self.own.clear();
    }

    /// A panel has another name now; with none, it is gone.
    pub(super) fn rename(&mut self, from: &str, to: Option<&str>) {
        if let (Some(own), Some(to)) = (self.own.remove(from), to) {
            self.own.insert(to.to_owned(), own);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn panels_part_from_what_they_shared_and_come_back_to_it() {
        let part = |low: f64| Extent { x: Some([low, 1.0]), y: None };
        let mut extents = Extents::default();
        extents.set(true, "a", part(0.1));
        assert_eq!([extents.of(true, "b"), extents.of(false, "b")], [part(0.1); 2]);
        extents.set(false, "b", part(0.7));
        assert_eq!((extents.of(false, "a"), extents.of(false, "b")), (part(0.1), part(0.7)));
        extents.join();
        assert_eq!([extents.of(true, "b"), extents.of(false, "b")], [part(0.1); 2]);
    }

    #[test]
    fn looking_changes_nothing_and_what_was_changed_is_kept_under_the_panels_name() {
        let mut extents = Extents::default();
        extents.set(false, "a", Extent::default());
        assert_eq!(extents, Extents::default());
        extents.set(false, "a", Extent { x: None, y: Some([0.5, 2.0]) });
        extents.rename("a", Some("b"));
        let text = toml::to_string(&extents).unwrap();
        assert_eq!(text, "[shared]\n\n[own.b]\ny = [0.5, 2.0]\n");
        assert_eq!(toml::from_str::<Extents>(&text).unwrap(), extents);
        extents.rename("b", None);
        assert_eq!(extents, Extents::default());
    }
}
