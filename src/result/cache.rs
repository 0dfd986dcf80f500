//! Where the window keeps results: a folder of the user's cache, named by what the results are of. And where it remembers what was
//! open: a folder of the user's state.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// `$XDG_CACHE_HOME/flatland`, else `~/.cache/flatland`, else a folder of the system's temporary files.
pub fn cache_root() -> PathBuf {
    of_user("XDG_CACHE_HOME", ".cache")
}

/// `$FLATLAND_STATE`, else `$XDG_STATE_HOME/flatland`, else `~/.local/state/flatland`, else a folder of the system's temporary files.
pub fn state_root() -> PathBuf {
    absolute("FLATLAND_STATE").unwrap_or_else(|| of_user("XDG_STATE_HOME", ".local/state"))
}

fn absolute(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn of_user(variable: &str, below_home: &str) -> PathBuf {
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home))).unwrap_or_else(std::env::temp_dir).join("flatland")
}

/// Where landscapes share their cells, [`CellStore`](super::CellStore).
pub fn cell_cache() -> PathBuf {
    cache_root().join("cells")
}

/// The folder of the result that `identity` names (everything that determines it) given the present state of `files`.
pub fn cache_folder(identity: &str, files: &[&Path]) -> PathBuf {
    cache_root().join(content_key(identity, files))
}

/// A name (hex) for `identity` given the present state of `files`.
///
/// A file's state is its path, length and time of modification; a folder's that of everything in it. A file that is not
/// there counts as such, so its result is not found again once it appears.
pub fn content_key(identity: &str, files: &[&Path]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes()).update(&[0]).update(identity.as_bytes());
    for file in files {
        stamp(&mut hasher, file);
    }
    hasher.finalize().to_hex().to_string()
}

fn stamp(hasher: &mut blake3::Hasher, path: &Path) {
    hasher.update(path.as_os_str().as_encoded_bytes()).update(&[0]);
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if metadata.is_dir() {
        let mut children: Vec<PathBuf> = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        children.sort();
        for child in children {
            // A link to a folder is not followed: it may lead back here.
            if !(child.is_symlink() && child.is_dir()) {
                stamp(hasher, &child);
            }
        }
    } else {
        hasher.update(&metadata.len().to_le_bytes());
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |t| t.as_nanos());
        hasher.update(&modified.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_folder_depends_on_identity_and_on_every_file_below() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/a"), b"1").unwrap();
        let now = |identity| cache_folder(identity, &[folder.path()]);
        let first = now("x");
        assert_eq!(first, now("x"));
        assert_ne!(first, now("y"));
        std::fs::write(folder.path().join("deep/a"), b"22").unwrap();
        assert_ne!(first, now("x"));
        assert!(first.starts_with(cache_root()));
    }
}
