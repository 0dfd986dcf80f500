//! Atomic writing of files: temporary name in the same folder, sync, rename.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::ResultError;

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part. Creates the folder.
///
/// # Errors
/// When the folder or the file cannot be written; the old file is then unchanged.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), ResultError> {
    write_atomic_with(path, |file| file.write_all(bytes)).map(drop)
}

/// The same for whatever `write` writes into the file, which is returned open.
///
/// # Errors
/// As [`write_atomic`], and when `write` fails.
pub(super) fn write_atomic_with(path: &Path, write: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<File, ResultError> {
    let attempt = || {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        // Temporary files can be read by their owner only. Results get the usual permissions instead.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.prefix(".flatland-").tempfile_in(folder)?;
        write(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    attempt().map_err(|source| ResultError::Io { action: "write", source, path: path.into() })
}

/// `name` as the name of a file or folder: letters, digits, `.`, `_`, `-` are kept, every other character becomes `_`.
pub fn safe_name(name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if safe.trim_matches('.').is_empty() { format!("_{safe}") } else { safe }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_result_may_be_read_by_those_who_may_read_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        write_atomic(&folder.path().join("ours"), b"x").unwrap();
        std::fs::write(folder.path().join("any"), b"x").unwrap();
        assert_eq!(mode("ours"), mode("any"));
    }
}
