//! [`ViewSettings`]: what the person looks at and how, `[view]` of a session.

use serde::{Deserialize, Serialize};

use super::LandscapeView;

/// What is looked at, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewSettings {
    /// What the panels share.
    pub links: Links,
    /// How landscapes are shown, in the window and in figures.
    pub landscape: LandscapeView,
}

impl ViewSettings {
    /// Whether nothing was chosen: then a session file does not mention it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
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
