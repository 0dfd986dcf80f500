//! [`Recent`]: session files that were opened, the latest first.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ui::state::memory::Recent;
use flatland_core::result::write_atomic;

/// Maximum number of files.
pub const CAP: usize = 12;

#[derive(Default, Serialize, Deserialize)]
struct Listed {
    #[serde(default)]
    files: Vec<PathBuf>,
}

/// Puts `opened` first and returns the list. A lock is held, so that files opened by two windows at once are both kept.
pub fn note(root: &Path, opened: Option<&Path>) -> Result<Vec<Recent>, String> {
    let file = root.join("recent.toml");
    let _lock = match opened {
        Some(_) => {
            Some(super::slot::lock_file(&root.join("recent.lock")).and_then(|lock| lock.lock().map(|()| lock)).map_err(|e| e.to_string())?)
        }
        None => None,
    };
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let mut listed: Listed = toml::from_str(&text).unwrap_or_default();
    if let Some(opened) = opened {
        listed.files.retain(|path| path != opened);
        listed.files.insert(0, opened.to_owned());
        listed.files.truncate(CAP);
        let text = toml::to_string(&listed).map_err(|error| error.to_string())?;
        write_atomic(&file, text.as_bytes()).map_err(|error| error.to_string())?;
    }
    Ok(listed.files.into_iter().map(|path| Recent { missing: !path.is_file(), path }).collect())
}
