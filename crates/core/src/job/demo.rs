//! The bundled demo session.

use std::path::{Path, PathBuf};

use crate::result::ResultError;

/// The path of the demo session, `assets/demo/session.toml` of the checkout that this program was built in or lies in.
///
/// # Errors
/// When it is not there.
pub fn demo_session() -> Result<PathBuf, ResultError> {
    let relative = Path::new("assets/demo/session.toml");
    let executable = std::env::current_exe().unwrap_or_default();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let built = crates.and_then(Path::parent).unwrap_or(Path::new(""));
    let found = executable.ancestors().chain([built]).map(|folder| folder.join(relative)).find(|path| path.is_file());
    found.ok_or_else(|| ResultError::Invalid { message: "expected the demo session, found none".into(), path: built.join(relative) })
}
