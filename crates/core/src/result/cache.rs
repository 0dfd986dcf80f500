//! The folders of the cache, named by a hash of what determines the results, and the folder of the window's state.
//!
//! The folders are found here and not by a crate: `etcetera` ignores the XDG variables where there is no home folder, as in a container
//! without a user, and `dirs` gives other folders than earlier versions used on macOS and without `HOME`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Part of every key. To be increased when a definition changes without a change of its jobs, so that old results are not found.
const DEFINITIONS: u32 = 2;

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

/// The folder in which landscapes share their cells, [`CellStore`](super::CellStore).
pub fn cell_cache() -> PathBuf {
    cache_root().join("cells")
}

/// The folder of the result that `identity` names (everything that determines it) given the present state of `files`.
pub fn cache_folder(identity: &str, files: &[impl AsRef<Path>]) -> PathBuf {
    cache_root().join(content_key(identity, files))
}

/// A name (hex) for `identity` given the present state of `files`.
///
/// A file's state is its path, length and time of modification; a folder's that of everything in it, symbolic links followed. A missing file
/// has a state of its own, so a result without it is not found once it exists.
pub fn content_key(identity: &str, files: &[impl AsRef<Path>]) -> String {
    key_of(DEFINITIONS, identity, files)
}

fn key_of(definitions: u32, identity: &str, files: &[impl AsRef<Path>]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes()).update(&[0]).update(&definitions.to_le_bytes()).update(identity.as_bytes());
    let mut folders = BTreeSet::new();
    for file in files {
        stamp(&mut hasher, file.as_ref(), &mut folders);
    }
    hasher.finalize().to_hex().to_string()
}

/// Hashes the state of `path`. Every folder is hashed once: a link may form a cycle.
fn stamp(hasher: &mut blake3::Hasher, path: &Path, folders: &mut BTreeSet<PathBuf>) {
    hasher.update(path.as_os_str().as_encoded_bytes()).update(&[0]);
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if metadata.is_dir() {
        if !folders.insert(path.canonicalize().unwrap_or_else(|_| path.into())) {
            return;
        }
        let mut children: Vec<PathBuf> = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        children.sort();
        for child in children {
            stamp(hasher, &child, folders);
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

    #[test]
    fn results_of_other_definitions_are_not_found() {
        let none: [&Path; 0] = [];
        assert_eq!(content_key("x", &none), key_of(DEFINITIONS, "x", &none));
        assert_ne!(content_key("x", &none), key_of(DEFINITIONS + 1, "x", &none));
    }

    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_followed_and_cycles_end() {
        use std::os::unix::fs::symlink;
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(elsewhere.path().join("a.png"), b"1").unwrap();
        symlink(elsewhere.path(), folder.path().join("cat")).unwrap();
        symlink(folder.path(), folder.path().join("loop")).unwrap();
        symlink(folder.path(), elsewhere.path().join("back")).unwrap();
        let now = || content_key("x", &[folder.path()]);
        let first = now();
        assert_eq!(first, now());
        std::fs::write(elsewhere.path().join("a.png"), b"22").unwrap();
        assert_ne!(first, now());
    }
}
