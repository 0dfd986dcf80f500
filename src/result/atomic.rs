//! Files that are whole or absent: temporary name in the same folder, sync, rename.

use std::io::Write;
use std::path::Path;

use super::ResultError;

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part. Makes the folder.
///
/// # Errors
/// When the folder or the file cannot be written; what was there before stays.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), ResultError> {
    let attempt = || -> std::io::Result<()> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".flatland-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    attempt().map_err(|source| ResultError::Io { action: "write", source, path: path.into() })
}

/// `name` as the name of a file or folder: letters, digits, `.`, `_`, `-` stay, everything else becomes `_`.
pub fn safe_name(name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if safe.trim_matches('.').is_empty() { format!("_{safe}") } else { safe }
}
