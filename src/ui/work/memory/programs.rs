//! The file of the [`RememberedProgram`]s, the latest first.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ui::state::memory::RememberedProgram;
use flatland_core::result::write_atomic;
use flatland_core::session::program_file;

#[derive(Default, Serialize, Deserialize)]
struct Listed {
    #[serde(default)]
    program: Vec<RememberedProgram>,
}

/// Puts `chosen` first and returns the programs whose files exist. A lock is held, so that those of two windows at once are both kept.
pub fn note(root: &Path, chosen: Option<RememberedProgram>) -> Result<Vec<RememberedProgram>, String> {
    let file = root.join("programs.toml");
    let _lock = match chosen {
        Some(_) => Some(
            super::slot::lock_file(&root.join("programs.lock")).and_then(|lock| lock.lock().map(|()| lock)).map_err(|e| e.to_string())?,
        ),
        None => None,
    };
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let mut listed: Listed = toml::from_str(&text).unwrap_or_default();
    if let Some(chosen) = chosen {
        chosen.put_first(&mut listed.program);
        let text = toml::to_string(&listed).map_err(|error| error.to_string())?;
        write_atomic(&file, text.as_bytes()).map_err(|error| error.to_string())?;
    }
    // A disk may be mounted again, so those without a file stay in the list.
    let exists = |program: &RememberedProgram| program.network.architecture.as_deref().and_then(program_file).is_some_and(Path::is_file);
    Ok(listed.program.into_iter().filter(exists).collect())
}
