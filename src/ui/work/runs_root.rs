//! The folder of the runs when the session names none.

use std::path::{Path, PathBuf};

use flatland_core::result::state_root;

/// `runs/` in the current folder, as on the command line. Desktops start the window in `/` or in the home folder: then, and when the
/// current folder cannot be written, a folder in the user's state, which is the same every time.
pub fn default_root() -> PathBuf {
    choose(std::env::current_dir().ok().as_deref(), std::env::home_dir().as_deref(), &state_root())
}

fn choose(here: Option<&Path>, home: Option<&Path>, state: &Path) -> PathBuf {
    let is_fit = |here: &&Path| here.join("runs").is_dir() || (here.parent().is_some() && home != Some(*here) && can_write_in(here));
    here.filter(is_fit).unwrap_or(state).join("runs")
}

/// Tries to write: permissions do not show that a disk is mounted read-only.
fn can_write_in(folder: &Path) -> bool {
    let trial = folder.join(format!(".flatland-{}", std::process::id()));
    let written = std::fs::File::create(&trial).is_ok();
    written && std::fs::remove_file(&trial).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn runs_are_in_the_current_folder_and_otherwise_in_the_users_state() {
        let folder = tempfile::tempdir().unwrap();
        let [work, home, state] = ["work", "home", "state"].map(|name| folder.path().join(name));
        std::fs::create_dir(&work).unwrap();
        std::fs::create_dir(&home).unwrap();
        let of = |here: &Path| choose(Some(here), Some(&home), &state);
        assert_eq!(of(&work), work.join("runs"));
        assert_eq!(std::fs::read_dir(&work).unwrap().count(), 0, "the trial leaves nothing");
        assert_eq!(of(Path::new("/")), state.join("runs"));
        assert_eq!(of(&home), state.join("runs"));
        assert_eq!(of(&folder.path().join("gone")), state.join("runs"));
        assert_eq!(choose(None, None, &state), state.join("runs"));
        // A user who trains in the home folder from the command line has runs there.
        std::fs::create_dir(home.join("runs")).unwrap();
        assert_eq!(of(&home), home.join("runs"));
    }
}
