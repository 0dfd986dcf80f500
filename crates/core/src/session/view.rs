//! [`ViewSettings`]: what the window shows and how, `[view]` of a session. It changes no result: jobs and their cache keys do not depend
//! on it. Figures use some of its tables.
//!
//! Theme and zoom are not part of it: they are preferences of the user, and a session from a colleague does not change them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{CompareView, Extents, LandscapeView, ScatterView, SharpnessView, Tab};

/// What is shown, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewSettings {
    /// The tab.
    pub tab: Tab,
    /// The dataset of landscapes and sharpness; absent = the first that has jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Key of the quantity that landscapes show; absent = the loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// Whether landscapes are drawn as differences from the baseline's.
    pub difference: bool,
    /// Key of the score whose histograms are drawn.
    pub score: String,
    /// What the panels share.
    pub links: Links,
    /// The visible part of the plots of each tab; tabs that are not listed show all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extents: BTreeMap<Tab, Extents>,
    /// How landscapes are shown, in the window and in figures.
    pub landscape: LandscapeView,
    /// How embeddings are shown, and which images are selected.
    pub scatter: ScatterView,
    /// What the sharpness tab shows.
    pub sharpness: SharpnessView,
    /// How the table of the compared checkpoints is shown.
    pub compare: CompareView,
    /// The folder of the runs; absent = `runs/` of the folder in which the window is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<PathBuf>,
}

impl Default for ViewSettings {
    fn default() -> Self {
        Self {
            tab: Tab::default(),
            dataset: None,
            quantity: None,
            difference: false,
            score: "energy".into(),
            links: Links::default(),
            extents: BTreeMap::new(),
            landscape: LandscapeView::default(),
            scatter: ScatterView::default(),
            sharpness: SharpnessView::default(),
            compare: CompareView::default(),
            runs: None,
        }
    }
}

impl ViewSettings {
    /// Whether it is the default: then a session file does not contain it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `other` differs in nothing that an undo should bring back: going to another tab changes nothing.
    pub fn same_but_tab(&self, other: &Self) -> bool {
        self == &Self { tab: self.tab.clone(), ..other.clone() }
    }

    /// Links or unlinks panels. Linked again, they share what they shared before.
    pub fn set_link(&mut self, link: Link, on: bool) {
        self.links.set(link, on);
        if link == Link::Axes && on {
            self.extents.values_mut().for_each(Extents::join);
        }
    }

    /// The visible part of the plots of a tab.
    pub fn set_extents(&mut self, tab: Tab, extents: Extents) {
        if extents == Extents::default() {
            self.extents.remove(&tab);
        } else {
            self.extents.insert(tab, extents);
        }
    }

    /// Resets the visible part of a tab's plots to everything, after a change of the axes' quantity or on request.
    pub fn see_all(&mut self, tab: Tab) {
        self.extents.remove(&tab);
    }

    /// Renames the checkpoint `from` to `to`; without `to`, removes its settings.
    pub(super) fn rename_checkpoint(&mut self, from: &str, to: Option<&str>) {
        if self.scatter.selected_in.as_deref() == Some(from) {
            self.scatter.selected_in = to.map(str::to_owned);
        }
        self.extents.values_mut().for_each(|extents| extents.rename(from, to));
        self.landscape.rename_checkpoint(from, to);
    }
}

/// Something that panels can share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// The visible part of the axes, and the camera.
    Axes,
    /// The range of the colours.
    Colors,
    /// The cursor.
    Cursor,
    /// The selection.
    Selection,
}

impl Link {
    /// All of them.
    pub const ALL: [Link; 4] = [Link::Axes, Link::Colors, Link::Cursor, Link::Selection];

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Link::Axes => "axes",
            Link::Colors => "colour range",
            Link::Cursor => "cursor",
            Link::Selection => "selection",
        }
    }
}

/// What the panels share; everything, unless it is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// Axes and camera.
    pub axes: bool,
    /// Range of the colours.
    pub colors: bool,
    /// Cursor.
    pub cursor: bool,
    /// Selection.
    pub selection: bool,
}

impl Default for Links {
    fn default() -> Self {
        Self { axes: true, colors: true, cursor: true, selection: true }
    }
}

impl Links {
    /// Whether it is shared.
    pub fn has(self, link: Link) -> bool {
        match link {
            Link::Axes => self.axes,
            Link::Colors => self.colors,
            Link::Cursor => self.cursor,
            Link::Selection => self.selection,
        }
    }

    /// Sets whether it is shared.
    pub fn set(&mut self, link: Link, on: bool) {
        match link {
            Link::Axes => self.axes = on,
            Link::Colors => self.colors = on,
            Link::Cursor => self.cursor = on,
            Link::Selection => self.selection = on,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Session;
    use super::*;

    #[test]
    fn a_session_mentions_the_view_only_when_something_was_chosen() {
        let mut session = Session::default();
        assert!(!session.to_toml("/".as_ref()).unwrap().contains("[view"));
        session.view.difference = true;
        session.view.tab = Tab::ENERGY;
        session.view.links.set(Link::Cursor, false);
        let text = session.to_toml("/".as_ref()).unwrap();
        assert!(text.contains("[view]") && text.contains("tab = \"energy\""), "{text}");
        assert_eq!(toml::from_str::<Session>(&text).unwrap(), session);
    }

    #[test]
    fn what_is_not_said_is_the_default_and_what_is_unknown_is_refused() {
        let view: ViewSettings = toml::from_str("difference = true\n[links]\ncursor = false").unwrap();
        assert_eq!((view.difference, view.score.as_str(), view.links.has(Link::Axes)), (true, "energy", true));
        assert!(!view.links.has(Link::Cursor));
        assert!(toml::from_str::<ViewSettings>("colour = 3").unwrap_err().to_string().contains("colour"));
    }

    #[test]
    fn another_tab_is_the_same_view() {
        let view = ViewSettings::default();
        assert!(view.same_but_tab(&ViewSettings { tab: Tab::RUNS, ..view.clone() }));
        assert!(!view.same_but_tab(&ViewSettings { difference: true, ..view.clone() }));
    }
}
