//! The entries of a folder, and the first bytes of a file.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::DataError;

/// Number of first bytes by which formats are recognised.
const HEAD: usize = 512;

/// The regular files of a folder that are not hidden, by name.
pub(super) fn files(what: &'static str, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(entries(what, folder)?.into_iter().filter(|path| path.is_file()).collect())
}

/// The files and folders of a folder that are not hidden, by name.
pub(super) fn entries(what: &'static str, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DataError::io(what, folder))? {
        let entry = entry.map_err(DataError::io(what, folder))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// The first bytes of a file.
pub(super) fn head(what: &'static str, path: &Path) -> Result<Vec<u8>, DataError> {
    let file = std::fs::File::open(path).map_err(DataError::io(what, path))?;
    let mut head = Vec::new();
    file.take(HEAD as u64).read_to_end(&mut head).map_err(DataError::io(what, path))?;
    Ok(head)
}
