//! Where the axes of a landscape come from: `[landscape.plane]`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{InputPlane, Trajectory};

/// Running statistics of BatchNorm on a plane through checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// They are interpolated with the weights, so that the plane at a checkpoint is exactly that checkpoint.
    #[default]
    Interpolated,
    /// Those of the first checkpoint in every cell.
    Frozen,
}

impl Statistics {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            Statistics::Interpolated => "interpolated",
            Statistics::Frozen => "frozen",
        }
    }
}

/// An axis from a file: every parameter by its name in the state dict, as `flatland sharpness --save-perturbations` writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected the path of an .npz, or { file = \"..\" } with `key` (text) and `length` (a number) beside it where they are wanted"
)]
pub enum AxisFile {
    /// The file. The names of its tensors may begin with the axis' name (`delta/..`, `eta/..`), as in `directions.npz`.
    Path(PathBuf),
    /// A part of a file, scaled to a given length.
    Part(AxisPart),
}

/// See [`AxisFile::Part`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxisPart {
    /// The `.npz`.
    pub file: PathBuf,
    /// Tensors are named `<key>/<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// l2 norm that the axis is scaled to, > 0; absent = as in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<f64>,
}

impl AxisFile {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            AxisFile::Path(path) => path,
            AxisFile::Part(part) => &part.file,
        }
    }

    fn path_mut(&mut self) -> &mut PathBuf {
        match self {
            AxisFile::Path(path) => path,
            AxisFile::Part(part) => &mut part.file,
        }
    }
}

/// The plane: through θ, or around an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Axes {
    /// Two random directions, see [`DirectionSettings`](super::DirectionSettings).
    Random {},
    /// From checkpoint A (α = 0) to B (α = 1), about a quarter beyond both; η is random.
    Line {
        /// Names of A and B.
        through: [String; 2],
        /// BatchNorm along the line.
        #[serde(default)]
        statistics: Statistics,
    },
    /// Through A (0, 0), B (1, 0) and C (0, 1).
    Checkpoints {
        /// Names of A, B and C.
        through: [String; 3],
        /// The part of η along δ is removed (as dnn-mode-connectivity does); C then lies at its projection.
        #[serde(default)]
        orthogonal: bool,
        /// BatchNorm on the plane.
        #[serde(default)]
        statistics: Statistics,
    },
    /// The first two principal components of the checkpoints of a trajectory.
    Trajectory(Trajectory),
    /// Axes from files; one that is absent is random.
    Files {
        /// δ.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delta: Option<AxisFile>,
        /// η.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        eta: Option<AxisFile>,
    },
    /// A plane in the space of images, around one image, with fixed weights.
    Input(InputPlane),
}

impl Default for Axes {
    fn default() -> Self {
        Axes::Random {}
    }
}

impl Axes {
    /// Names of the checkpoints that the plane goes through, the one at its origin first.
    pub fn through(&self) -> &[String] {
        match self {
            Axes::Line { through, .. } => through,
            Axes::Checkpoints { through, .. } => through,
            Axes::Random {} | Axes::Trajectory(_) | Axes::Files { .. } | Axes::Input(_) => &[],
        }
    }

    /// The same names, mutable.
    pub fn through_mut(&mut self) -> &mut [String] {
        match self {
            Axes::Line { through, .. } => through,
            Axes::Checkpoints { through, .. } => through,
            Axes::Random {} | Axes::Trajectory(_) | Axes::Files { .. } | Axes::Input(_) => &mut [],
        }
    }

    /// Files and folders that the axes are read from: what each is, its path.
    pub fn inputs(&self) -> Vec<(&'static str, &Path)> {
        match self {
            Axes::Trajectory(trajectory) => trajectory.inputs(),
            Axes::Files { delta, eta } => {
                let named = [("file of δ", delta), ("file of η", eta)];
                named.into_iter().filter_map(|(what, file)| Some((what, file.as_ref()?.path()))).collect()
            }
            Axes::Random {} | Axes::Line { .. } | Axes::Checkpoints { .. } | Axes::Input(_) => Vec::new(),
        }
    }

    /// The same paths, mutable.
    pub fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Axes::Trajectory(trajectory) => trajectory.paths_mut(),
            Axes::Files { delta, eta } => [delta, eta].into_iter().flatten().map(AxisFile::path_mut).collect(),
            Axes::Random {} | Axes::Line { .. } | Axes::Checkpoints { .. } | Axes::Input(_) => Vec::new(),
        }
    }

    /// The plane in input space, where it is one.
    pub fn input(&self) -> Option<&InputPlane> {
        match self {
            Axes::Input(plane) => Some(plane),
            Axes::Random {} | Axes::Line { .. } | Axes::Checkpoints { .. } | Axes::Trajectory(_) | Axes::Files { .. } => None,
        }
    }

    /// Whether it has only one axis: β is 0 unless it is given.
    pub fn is_line(&self) -> bool {
        match self {
            Axes::Line { .. } => true,
            Axes::Input(plane) => plane.is_line(),
            Axes::Random {} | Axes::Checkpoints { .. } | Axes::Trajectory(_) | Axes::Files { .. } => false,
        }
    }

    /// First and last value of both axes unless they are given: [−1, 1] around θ, a quarter beyond checkpoints and trajectories, in input
    /// space see [`InputPlane::extent`].
    pub fn extent(&self) -> [f64; 2] {
        match self {
            Axes::Random {} | Axes::Files { .. } => [-1.0, 1.0],
            Axes::Line { .. } | Axes::Checkpoints { .. } => [-0.25, 1.25],
            Axes::Trajectory(_) => [-1.25, 1.25],
            Axes::Input(plane) => plane.extent(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_no_file_of_an_axis_says_what_was_expected() {
        let read = |delta: &str| toml::from_str::<Axes>(&format!("kind = \"files\"\ndelta = {delta}\n"));
        assert!(read("\"eps.npz\"").is_ok() && read("{ file = \"eps.npz\", key = \"delta\", length = 1.5 }").is_ok());
        for wrong in ["3", "{ path = \"eps.npz\" }", "{ file = \"eps.npz\", length = \"long\" }", "[]"] {
            let error = read(wrong).unwrap_err().message().to_owned();
            assert!(error.contains("expected the path of an .npz, or { file = \"..\" }"), "{wrong}: {error}");
        }
    }
}
