//! Networks and files that nobody of this project made, and files made to harm.

mod formats;
mod hostile;
mod real;

use std::path::PathBuf;

/// `shared/` beside the repository, or env `FLATLAND_SHARED`; `None` (and a word) where it is not.
fn shared(part: &str) -> Option<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let beside = manifest.ancestors().skip(1).take(3).map(|folder| folder.join("../shared"));
    let found = std::env::var_os("FLATLAND_SHARED")
        .map(PathBuf::from)
        .into_iter()
        .chain(beside)
        .map(|folder| folder.join(part))
        .find(|path| path.exists());
    if found.is_none() {
        println!("skipped: shared/{part} is not here");
    }
    found
}
