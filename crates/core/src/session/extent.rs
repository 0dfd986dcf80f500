//! [`Extent`]: the visible part of a plot. [`Extents`]: that of all panels of a tab, or of each panel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The visible part of a plot, in units of its axes; absent = all of it.
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

/// The visible parts of the panels of a tab: one for all while their axes are linked, else one for each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Extents {
    shared: Extent,
    /// By panel; panels that are not listed show the common part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    own: BTreeMap<String, Extent>,
}

impl Extents {
    /// The visible part of a panel.
    pub fn of(&self, linked: bool, panel: &str) -> Extent {
        if linked { self.shared } else { self.own.get(panel).copied().unwrap_or(self.shared) }
    }

    /// Sets the visible part of a panel, or of all panels while axes are linked.
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

    /// Links the axes again: all panels show the common part of before.
    pub fn join(&mut self) {
        self.own.clear();
    }

    /// Renames a panel; without a new name, removes it.
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
