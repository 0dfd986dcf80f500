//! The file of the [`Preferences`].

use std::path::Path;

use crate::ui::state::memory::Preferences;
use flatland_core::result::write_atomic;

impl Preferences {
    /// Reads the preferences from the folder; the default when there are none that can be read.
    pub fn load(root: &Path) -> Self {
        let text = std::fs::read_to_string(root.join("preferences.toml")).unwrap_or_default();
        let mut found: Self = toml::from_str(&text).unwrap_or_default();
        found.zoom = if found.zoom.is_finite() { found.zoom.clamp(Self::ZOOMS[0], Self::ZOOMS[Self::ZOOMS.len() - 1]) } else { 1.0 };
        found
    }

    /// Writes the preferences that differ from `before` into the folder; changes by other windows in the meantime stay.
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
}
