//! Networks and files from other projects, and hostile files.

mod formats;
mod hostile;
mod real;
mod state_dicts;

use std::path::PathBuf;

/// A part of `shared/`; `None` (and a word) where it is not.
fn shared(part: &str) -> Option<PathBuf> {
    let found = flatland_core::data::shared_dir().map(|folder| folder.join(part)).filter(|path| path.exists());
    if found.is_none() {
        println!("skipped: shared/{part} is not here");
    }
    found
}
