//! What the window remembers from one start to the next, as data. [`crate::ui::work::memory`] reads and writes the files.

use std::path::PathBuf;

use flatland_core::session::{NetworkChoice, Session};
use serde::{Deserialize, Serialize};

/// What is known about the memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryState {
    /// Session files that were opened, the latest first.
    pub recents: Vec<Recent>,
    /// Sessions of other windows that have ended, the latest first.
    pub leftovers: Vec<Leftover>,
    /// The exported programs that were chosen for checkpoints, the latest first.
    pub programs: Vec<RememberedProgram>,
    /// The preferences of the user.
    pub preferences: Preferences,
}

/// An exported program that the user chose for tensors of certain names and shapes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RememberedProgram {
    /// [`TensorSet::key`](flatland_core::result::TensorSet::key) of the tensors.
    pub tensors: String,
    /// The choice of the program.
    pub network: NetworkChoice,
}

impl RememberedProgram {
    /// Maximum number of programs that are remembered.
    pub const CAP: usize = 100;

    /// Puts the program first in `list`, instead of an earlier one for the same tensors.
    pub fn put_first(self, list: &mut Vec<Self>) {
        list.retain(|other| other.tensors != self.tensors);
        list.insert(0, self);
        list.truncate(Self::CAP);
    }
}

/// A session file that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// Its path.
    pub path: PathBuf,
    /// Whether the file does not exist now. Its disk may be mounted again, so it stays in the list.
    pub missing: bool,
}

/// The session of a window, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptSession {
    /// The file in which it was saved last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Name shown in the window.
    pub name: String,
    /// Whether it has changes that its file does not have.
    pub unsaved: bool,
    /// Whether the window was closed; otherwise it is still open, or its process was killed.
    pub closed: bool,
    /// Whether its analyses were stopped and wait until the user starts them again.
    #[serde(default)]
    pub stopped: bool,
    /// Time at which it was kept, in seconds since 1970.
    pub time: f64,
    /// The session; all its paths are absolute.
    pub session: Session,
}

/// What is known about the slot of a window that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Leftover {
    /// Id of the slot.
    pub id: String,
    /// The file in which the session was saved last.
    pub file: Option<PathBuf>,
    /// Name shown in the window.
    pub name: String,
    /// Whether the session has changes that its file does not have.
    pub unsaved: bool,
    /// Time at which it was kept, in seconds since 1970.
    pub time: f64,
    /// Number of its checkpoints.
    pub checkpoints: usize,
    /// Why the slot cannot be read; then the other fields are empty, and the slot is not changed.
    pub error: Option<String>,
}

/// A session that is restored.
#[derive(Clone, Debug)]
pub struct RestoredSession {
    /// The session as it was kept.
    pub kept: KeptSession,
    /// The session as its file has it now; `None` when there is no file that can be read.
    pub saved: Option<Session>,
}

/// Choice of the theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// The theme of the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl ThemeChoice {
    /// All choices, in the order of the menu.
    pub const ALL: [ThemeChoice; 3] = [ThemeChoice::Light, ThemeChoice::Dark, ThemeChoice::System];

    /// Name shown in the window.
    pub fn label(self) -> &'static str {
        match self {
            ThemeChoice::System => "System",
            ThemeChoice::Light => "Light",
            ThemeChoice::Dark => "Dark",
        }
    }
}

/// Preferences of the user: theme, zoom and the commands used last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Theme.
    pub theme: ThemeChoice,
    /// Zoom factor, 1 = as designed; [`Preferences::ZOOMS`] are the choices.
    pub zoom: f32,
    /// Commands chosen in the palette, the latest first.
    pub used: Vec<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { theme: ThemeChoice::System, zoom: 1.0, used: Vec::new() }
    }
}

impl Preferences {
    /// The zoom factors to choose from.
    pub const ZOOMS: [f32; 9] = [0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 2.0];
    /// Number of commands that are remembered.
    pub const USED: usize = 12;

    /// The next larger or the next smaller zoom factor.
    pub fn zoomed(&self, larger: bool) -> f32 {
        let next = |zoom: &&f32| if larger { **zoom > self.zoom + 0.01 } else { **zoom < self.zoom - 0.01 };
        let mut sizes = Self::ZOOMS.iter();
        (if larger { sizes.find(next) } else { sizes.rfind(next) }).copied().unwrap_or(self.zoom)
    }

    /// Records that a command was chosen in the palette.
    pub fn use_command(&mut self, key: String) {
        self.used.retain(|used| *used != key);
        self.used.insert(0, key);
        self.used.truncate(Self::USED);
    }
}
