//! [`Preferences`]: what the person likes, whatever is open.

use std::path::Path;

use serde::{Deserialize, Serialize};

use flatland_core::result::write_atomic;

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

impl From<ThemeChoice> for egui::ThemePreference {
    fn from(choice: ThemeChoice) -> Self {
        match choice {
            ThemeChoice::System => Self::System,
            ThemeChoice::Light => Self::Light,
            ThemeChoice::Dark => Self::Dark,
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
    const USED: usize = 12;

    /// Those in the folder; the default where there are none that can be read.
    pub fn load(root: &Path) -> Self {
        let text = std::fs::read_to_string(root.join("preferences.toml")).unwrap_or_default();
        let mut found: Self = toml::from_str(&text).unwrap_or_default();
        found.zoom = if found.zoom.is_finite() { found.zoom.clamp(Self::ZOOMS[0], Self::ZOOMS[Self::ZOOMS.len() - 1]) } else { 1.0 };
        found
    }

    /// Writes into the folder what has changed since they were `before`; what another window has changed meanwhile stays.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self, before: &Self, root: &Path) -> Result<(), String> {
        let mut kept = Self::load(root);
        if self.theme != before.theme {
            kept.theme = self.theme;
        }
        if self.zoom != before.zoom {
            kept.zoom = self.zoom;
        }
        if self.used != before.used {
            let theirs = std::mem::replace(&mut kept.used, self.used.clone());
            kept.used.extend(theirs.into_iter().filter(|key| !self.used.contains(key)));
            kept.used.truncate(Self::USED);
        }
        let text = toml::to_string(&kept).map_err(|error| error.to_string())?;
        write_atomic(&root.join("preferences.toml"), text.as_bytes()).map_err(|error| error.to_string())
    }

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
