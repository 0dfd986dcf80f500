//! Sessions as files: how they are read, checked and written.

use std::path::{Path, PathBuf};

use super::{Session, resolved};

/// What may go wrong with a session file.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The file could not be read or written.
    #[error("cannot {action} the session: {source} ({path})")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The cause.
        source: std::io::Error,
        /// The session file.
        path: PathBuf,
    },
    /// The file is not a session.
    #[error("not a Flatland session: {message} ({path})")]
    Invalid {
        /// What was expected and found.
        message: String,
        /// The session file.
        path: PathBuf,
    },
}

impl Session {
    /// Reads a session and makes its paths absolute, relative to `path`'s folder. `demo:` paths stay as they are.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, has another version, unknown fields or names used twice.
    pub fn load(path: &Path) -> Result<Self, SessionError> {
        let text = std::fs::read_to_string(path).map_err(|source| SessionError::Io { action: "read", source, path: path.into() })?;
        let invalid = |message: String| SessionError::Invalid { message, path: path.into() };
        let mut session: Session = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        session.check().map_err(invalid)?;
        session.assume_what_is_missing(&text);
        // The folder of a bare file name is the empty path, which cannot be made absolute.
        let file = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let folder = file.parent().unwrap_or(Path::new(""));
        for checkpoint in &mut session.checkpoints {
            checkpoint.path = folder.join(&checkpoint.path);
            if let Some(architecture) = &mut checkpoint.architecture {
                *architecture = resolved(architecture, folder);
            }
        }
        for dataset in &mut session.datasets {
            if !dataset.is_bundled() {
                dataset.path = folder.join(&dataset.path);
            }
        }
        for path in session.landscape.plane.paths_mut().into_iter().chain(&mut session.figure.sweeps).chain(&mut session.view.runs) {
            *path = folder.join(&*path);
        }
        Ok(session)
    }

    /// Checks version and names; the message says what was expected and found.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(&self) -> Result<(), String> {
        if self.version != 1 {
            return Err(format!("expected version = 1, found version = {}", self.version));
        }
        let mut names = std::collections::BTreeSet::new();
        for checkpoint in &self.checkpoints {
            if !names.insert(&checkpoint.name) {
                return Err(format!("expected unique checkpoint names, found `{}` twice", checkpoint.name));
            }
        }
        self.landscape.check()?;
        self.scores.check()?;
        self.figure.check()?;
        self.view.landscape.check()?;
        self.figure.check_names(self.checkpoints.iter().map(|checkpoint| checkpoint.name.as_str()))?;
        names.clear();
        for dataset in &self.datasets {
            if !names.insert(&dataset.name) {
                return Err(format!("expected unique dataset names, found `{}` twice", dataset.name));
            }
            if dataset.limit.is_some() && dataset.first.is_some() {
                return Err(format!("expected `limit` or `first` for the dataset `{}`, found both", dataset.name));
            }
        }
        Ok(())
    }

    /// The session as TOML for a file in `folder`: paths below it become relative to it.
    ///
    /// # Errors
    /// When a path is not Unicode.
    pub fn to_toml(&self, folder: &Path) -> Result<String, toml::ser::Error> {
        let mut session = self.clone();
        let checkpoints = session.checkpoints.iter_mut().map(|entry| &mut entry.path);
        let axes = session.landscape.plane.paths_mut().into_iter();
        let sweeps = session.figure.sweeps.iter_mut().chain(&mut session.view.runs);
        for path in checkpoints.chain(session.datasets.iter_mut().map(|entry| &mut entry.path)).chain(axes).chain(sweeps) {
            if let Ok(relative) = path.strip_prefix(folder) {
                *path = relative.to_owned();
            }
        }
        for architecture in session.checkpoints.iter_mut().filter_map(|entry| entry.architecture.as_mut()) {
            if let Ok(relative) = Path::new(architecture.as_str()).strip_prefix(folder) {
                *architecture = relative.display().to_string();
            }
        }
        toml::to_string(&session)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TEXT: &str = r#"
        version = 1
        seed = 3
        [[checkpoint]]
        name = "OE"
        path = "nets/oe.safetensors"
        normalization = { mean = [0.5, 0.5, 0.5], std = [0.2, 0.2, 0.2] }
        [[dataset]]
        name = "test"
        role = "id"
        path = "demo:test"
        limit = 100
        [[dataset]]
        name = "fog"
        role = "cs"
        path = "/elsewhere/test"
        corruption = { kind = "fog", severity = 3 }
    "#;

    #[test]
    fn a_saved_session_reads_back_the_same_wherever_its_folder_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        std::fs::write(&path, TEXT).unwrap();
        let session = Session::load(&path).unwrap();
        assert_eq!(session.checkpoints[0].path, folder.path().join("nets/oe.safetensors"));
        assert_eq!(session.datasets[0].path, Path::new("demo:test"));
        assert_eq!(session.datasets[1].path, Path::new("/elsewhere/test"));
        let text = session.to_toml(folder.path()).unwrap();
        assert!(text.contains("path = \"nets/oe.safetensors\""), "{text}");
        std::fs::write(&path, text).unwrap();
        assert_eq!(Session::load(&path).unwrap(), session);
    }

    #[test]
    fn paths_of_a_plane_are_relative_to_the_session_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        let plane = "kind = \"files\"\ndelta = \"r/epsilon_0.05.npz\"\neta = { file = \"v.npz\", key = \"1\", length = 2.0 }";
        let text = format!("version = 1\n[landscape]\nextent = [-2.0, 2.0]\n[landscape.plane]\n{plane}\n[view]\nruns = \"my/runs\"\n");
        std::fs::write(&path, text).unwrap();
        let session = Session::load(&path).unwrap();
        let paths: Vec<_> = session.landscape.plane.inputs().into_iter().map(|(_, path)| path.to_owned()).collect();
        assert_eq!(paths, [folder.path().join("r/epsilon_0.05.npz"), folder.path().join("v.npz")]);
        let text = session.to_toml(folder.path()).unwrap();
        assert!(text.contains("\"r/epsilon_0.05.npz\"") && text.contains("runs = \"my/runs\""), "{text}");
        std::fs::write(&path, text).unwrap();
        assert_eq!(Session::load(&path).unwrap(), session);
    }

    #[test]
    fn checkpoints_of_a_trajectory_lie_beside_the_session() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        for (said, expected) in [
            ("checkpoints = \"snapshots\"\nonly = \"epoch_*\"", vec!["snapshots"]),
            ("checkpoints = [\"b/last.pt\", \"a.pt\"]", vec!["b/last.pt", "a.pt"]),
            ("run = \"runs/mine\"", vec!["runs/mine"]),
        ] {
            std::fs::write(&path, format!("version = 1\n[landscape.plane]\nkind = \"trajectory\"\n{said}\n")).unwrap();
            let session = Session::load(&path).unwrap();
            let paths: Vec<_> = session.landscape.plane.inputs().into_iter().map(|(_, path)| path.to_owned()).collect();
            assert_eq!(paths, expected.into_iter().map(|path| folder.path().join(path)).collect::<Vec<_>>());
            let text = session.to_toml(folder.path()).unwrap();
            assert!(!text.contains(folder.path().to_str().unwrap()), "{text}");
            std::fs::write(&path, text).unwrap();
            assert_eq!(Session::load(&path).unwrap(), session);
        }
    }

    #[test]
    fn errors_name_the_file_and_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        for (text, expected) in [
            ("version = 2", "expected version = 1, found version = 2"),
            ("version = 1\n[landscape]\ngrit = [1, 1]", "grit"),
            ("version = 1\n[landscape]\ngrid = [10000000000, 1]", "found a grid of 10000000000 × 1"),
            ("version = 1\n[landscape]\ngrid = [18446744073709551, 18446744073709551]", "expected at most 1048576 cells"),
            ("version = 1\n[scores]\nbins = 10000000000", "expected at most 10000 `bins` in [scores], found 10000000000"),
            ("version = 1\n[landscape]\nplanes = 100000", "found planes = 100000"),
            ("version = 1\n[landscape.directions]\northogonol = true", "orthogonol"),
            ("version = 1\n[landscape.plane]\nkind = \"random\"\nrun = \"x\"", "run"),
            ("version = 1\n[[checkpoint]]\nname = \"a\"\npath = \"x\"\n[[checkpoint]]\nname = \"a\"\npath = \"y\"", "found `a` twice"),
            ("version = 1\n[figure]\ndpi = 1", "`dpi` of [figure] between 30 and 2400"),
            ("version = 1\n[figure]\ncompared = [\"OE\"]", "found `OE`"),
            ("version = 1\n[[dataset]]\nname = \"a\"\nrole = \"id\"\npath = \"x\"\nlimit = 1\nfirst = 1", "found both"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Session::load(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("s.toml"), "{error}");
        }
        assert!(Session::load(&folder.path().join("none.toml")).unwrap_err().to_string().contains("none.toml"));
    }
}
