//! What the window remembers from one start to the next, as data. [`crate::ui::work::memory`] has the files.

use std::path::PathBuf;

use flatland_core::session::Session;
use serde::{Deserialize, Serialize};

/// What is known of the memory.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// Session files that were open, the latest first.
    pub recents: Vec<Recent>,
    /// What other windows left, the latest first.
    pub left: Vec<Left>,
    /// What the person likes.
    pub preferences: Preferences,
}

/// A session file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// Where it was.
    pub path: PathBuf,
    /// Whether nothing is there now: its disk may come back, so it stays in the list.
    pub missing: bool,
}

/// What a window has open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Where it was saved last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// As shown to people.
    pub name: String,
    /// Whether it has changes that its file has not.
    pub unsaved: bool,
    /// Whether the window was closed; otherwise it lives, or its process was ended.
    pub closed: bool,
    /// Whether its analyses were stopped, and wait to be asked for again.
    #[serde(default)]
    pub stopped: bool,
    /// When it was kept, in seconds since 1970.
    pub time: f64,
    /// All paths absolute.
    pub session: Session,
}

/// What is known of a slot whose window is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// Its slot.
    pub id: String,
    /// Where it was saved last.
    pub file: Option<PathBuf>,
    /// As shown to people.
    pub name: String,
    /// Whether it has changes that its file has not.
    pub unsaved: bool,
    /// When it was kept, in seconds since 1970.
    pub time: f64,
    /// How many checkpoints it has open.
    pub checkpoints: usize,
    /// Why it cannot be read; it stays as it is, and nothing else is known of it.
    pub error: Option<String>,
}

/// What was open and is to be open again.
#[derive(Clone, Debug)]
pub struct Restored {
    /// As it was kept.
    pub kept: Kept,
    /// The session as its file has it now; `None` when it has no file, or none that can be read.
    pub saved: Option<Session>,
}

/// Light, dark or as the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl ThemeChoice {
    /// All, in the order of the menu.
    pub const ALL: [ThemeChoice; 3] = [ThemeChoice::Light, ThemeChoice::Dark, ThemeChoice::System];

    /// As shown to people.
    pub fn label(self) -> &'static str {
        match self {
            ThemeChoice::System => "System",
            ThemeChoice::Light => "Light",
            ThemeChoice::Dark => "Dark",
        }
    }
}

/// Theme, zoom and habits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Theme.
    pub theme: ThemeChoice,
    /// Size of everything, 1 = as designed; [`Preferences::ZOOMS`] to choose from.
    pub zoom: f32,
    /// Commands given through the palette, the latest first.
    pub used: Vec<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { theme: ThemeChoice::System, zoom: 1.0, used: Vec::new() }
    }
}

impl Preferences {
    /// The sizes to choose from.
    pub const ZOOMS: [f32; 9] = [0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 2.0];
    /// So many commands are remembered.
    pub const USED: usize = 12;

    /// The next larger size, or the next smaller.
    pub fn zoomed(&self, larger: bool) -> f32 {
        let next = |zoom: &&f32| if larger { **zoom > self.zoom + 0.01 } else { **zoom < self.zoom - 0.01 };
        let mut sizes = Self::ZOOMS.iter();
        (if larger { sizes.find(next) } else { sizes.rfind(next) }).copied().unwrap_or(self.zoom)
    }

    /// A command was given through the palette.
    pub fn use_command(&mut self, key: String) {
        self.used.retain(|used| *used != key);
        self.used.insert(0, key);
        self.used.truncate(Self::USED);
    }
}
