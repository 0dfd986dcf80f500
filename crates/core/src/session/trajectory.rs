//! [`Trajectory`]: the checkpoints that a plane follows, `[landscape.plane] kind = "trajectory"`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The checkpoints of a trajectory, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub enum Trajectory {
    /// The weights that a run of Flatland has kept (`run = ".."`): its directory.
    Run(PathBuf),
    /// The checkpoints of a folder, ordered by the numbers in their names (`checkpoints = "folder"`).
    Folder {
        /// The folder; folders below it are not searched.
        folder: PathBuf,
        /// Glob on the names of the files that are used (`only = "epoch_*"`); `None` = all checkpoints whose names give an order.
        only: Option<String>,
    },
    /// Checkpoints in the order of the list (`checkpoints = ["a.pt", "b.pt", "c.pt"]`).
    Files(Vec<PathBuf>),
}

/// As written in a session.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoints: Option<Checkpoints>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    only: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected `checkpoints` as the path of a folder or a list of files")]
enum Checkpoints {
    Folder(PathBuf),
    Files(Vec<PathBuf>),
}

impl TryFrom<Fields> for Trajectory {
    type Error = String;

    fn try_from(Fields { run, checkpoints, only }: Fields) -> Result<Self, String> {
        match (run, checkpoints, only) {
            (Some(run), None, None) => Ok(Trajectory::Run(run)),
            (None, Some(Checkpoints::Folder(folder)), only) => Ok(Trajectory::Folder { folder, only }),
            (None, Some(Checkpoints::Files(files)), None) => Ok(Trajectory::Files(files)),
            (_, _, Some(only)) => Err(format!("expected `only` beside the folder of `checkpoints`, found only = \"{only}\" without one")),
            (Some(_), Some(_), None) => Err("expected `run` or `checkpoints` for a trajectory, found both".into()),
            (None, None, None) => Err("expected `run` or `checkpoints` for a trajectory, found neither".into()),
        }
    }
}

impl From<Trajectory> for Fields {
    fn from(trajectory: Trajectory) -> Self {
        let (run, checkpoints, only) = match trajectory {
            Trajectory::Run(run) => (Some(run), None, None),
            Trajectory::Folder { folder, only } => (None, Some(Checkpoints::Folder(folder)), only),
            Trajectory::Files(files) => (None, Some(Checkpoints::Files(files)), None),
        };
        Self { run, checkpoints, only }
    }
}

impl Trajectory {
    /// Files and folders that it is read from: what each is, its path.
    pub fn inputs(&self) -> Vec<(&'static str, &Path)> {
        match self {
            Trajectory::Run(run) => vec![("run of the trajectory", run)],
            Trajectory::Folder { folder, .. } => vec![("folder of the trajectory", folder)],
            Trajectory::Files(files) => files.iter().map(|file| ("checkpoint of the trajectory", file.as_path())).collect(),
        }
    }

    /// The same paths, mutable.
    pub fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Trajectory::Run(path) | Trajectory::Folder { folder: path, .. } => vec![path],
            Trajectory::Files(files) => files.iter_mut().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Axes;
    use super::*;

    #[test]
    fn a_trajectory_is_a_run_a_folder_or_a_list() {
        let folder = |only: Option<&str>| Trajectory::Folder { folder: "snapshots".into(), only: only.map(str::to_owned) };
        for (text, expected) in [
            ("run = \"runs/mine\"", Trajectory::Run("runs/mine".into())),
            ("checkpoints = \"snapshots\"", folder(None)),
            ("checkpoints = \"snapshots\"\nonly = \"epoch_*\"", folder(Some("epoch_*"))),
            ("checkpoints = [\"b.pt\", \"a.pt\"]", Trajectory::Files(vec!["b.pt".into(), "a.pt".into()])),
        ] {
            let axes: Axes = toml::from_str(&format!("kind = \"trajectory\"\n{text}")).unwrap();
            assert_eq!(axes, Axes::Trajectory(expected));
            let json = serde_json::to_string(&axes).unwrap();
            assert_eq!(serde_json::from_str::<Axes>(&json).unwrap(), axes, "{json}");
        }
    }

    /// Results in caches are found by what a job says.
    #[test]
    fn the_trajectory_of_a_run_is_written_as_it_was_before_there_were_others() {
        let axes = Axes::Trajectory(Trajectory::Run("/runs/mine".into()));
        assert_eq!(serde_json::to_string(&axes).unwrap(), r#"{"kind":"trajectory","run":"/runs/mine"}"#);
    }

    #[test]
    fn what_makes_no_sense_together_is_told() {
        for (text, expected) in [
            ("", "found neither"),
            ("run = \"a\"\ncheckpoints = \"b\"", "found both"),
            ("run = \"a\"\nonly = \"*.pt\"", "only = \"*.pt\""),
            ("checkpoints = [\"a.pt\"]\nonly = \"*.pt\"", "beside the folder"),
            ("checkpoints = 3", "the path of a folder or a list of files"),
            ("checkpoint = \"a\"", "checkpoint"),
        ] {
            let message = toml::from_str::<Axes>(&format!("kind = \"trajectory\"\n{text}")).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
